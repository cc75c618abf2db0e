"""Traffic by month, through everything that can die between the wire and the database."""
import time

from ippo_testing import eventually


def sent_within(uuid, seconds):
    """What the guest of the host in memory has sent in so long."""
    return int(seconds * 1000) * (uuid[1] % 100 + 1) // 250 * 900


def test_a_month_counts_once_whatever_dies(fake):
    api = fake.api()
    before = time.time()
    server = api.create_server("counted", start=True)
    api.wait_status(server, "running")
    started = time.time()
    uuid = bytes.fromhex(fake.database("SELECT hex(uuid) FROM server WHERE id = ?", server["id"])[0][0])

    def out():
        answer = api.request("GET", f"/servers/{server['id']}")
        return answer.json()["server"]["outgoing_traffic"] if answer.ok else 0

    seen = 0
    for victim in ("core", "host", "core"):
        # Each new core counts soon; so does one whose host is new, within its minute.
        fake.kill(victim)
        if victim == "host":
            fake.kill("core")
        asked = time.time()
        eventually(lambda: out() > max(seen, sent_within(uuid, asked - started)), 120)
        seen = out()
        assert seen <= sent_within(uuid, time.time() - before)
    month, = api.get(f"/servers/{server['id']}/traffic")["traffic"]
    assert month["outgoing_traffic"] >= seen and month["ingoing_traffic"] > 0
    assert month["month"] in (time.strftime("%Y-%m", time.gmtime(before)), time.strftime("%Y-%m", time.gmtime()))
    assert fake.cli("server", "traffic", "counted").stdout.split()[3] == month["month"]
    assert "this month" in fake.cli("server", "show", "counted").stdout


def test_a_plan_says_what_it_includes(fake):
    api = fake.api("operator", "--operator")
    fake.cli("plan", "create", "with-traffic", "--memory", "512", "--traffic", "3000000000000")
    plan = api.get("/server_types?name=with-traffic")["server_types"][0]
    assert plan["prices"][0]["included_traffic"] == 3 * 10**12
    server = api.create_server("with-traffic", server_type="with-traffic")
    shown = api.get(f"/servers/{server['id']}")["server"]
    assert (shown["included_traffic"], shown["outgoing_traffic"], shown["ingoing_traffic"]) == (3 * 10**12, 0, 0)
    assert "3000 GB a month" in fake.cli("server", "show", "with-traffic").stdout

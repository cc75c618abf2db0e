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


def test_a_plan_bounds_the_bandwidth(fake):
    api = fake.api("operator", "--operator")
    fake.cli("plan", "create", "slow", "--memory", "512", "--bandwidth-in", "100", "--bandwidth-out", "20")
    fake.cli("plan", "create", "fast", "--memory", "1024")
    slow = api.get("/server_types?name=slow")["server_types"][0]
    fast = api.get("/server_types?name=fast")["server_types"][0]
    assert (slow["bandwidth_in"], slow["bandwidth_out"]) == (100, 20)
    assert (fast["bandwidth_in"], fast["bandwidth_out"]) == (0, 0)
    server = api.create_server("bounded", server_type="slow", start=False)
    place = f"/servers/{server['id']}"

    def in_force():
        """What the host has, as it counts it, when that is all that is wanted."""
        told = api.get(f"{place}/filter")["filter"]
        wanted = (told["bandwidth_in"], told["bandwidth_out"])
        found = {each["kind"]: each["packets"] for each in told["counters"]}
        got = (found.get("rate_in", 0), found.get("rate_out", 0))
        return got if told["measured"] and told["status"] == "applied" and got == wanted else None

    eventually(lambda: in_force() == (100, 20), 60)
    assert "100 Mbit/s at most" in fake.cli("server", "show", "bounded").stdout
    # The plan is another; so is its bandwidth, of a server that has it.
    assert "30 Mbit/s at most" in fake.cli("plan", "change", "slow", "--bandwidth-out", "30").stdout
    eventually(lambda: in_force() == (100, 30), 60)
    # What a host forgets when it ends, it is told as it comes back.
    fake.kill("host")
    eventually(lambda: in_force() == (100, 30), 120)
    # A server of another plan.
    api.act(server, "change_type", {"server_type": "fast", "upgrade_disk": False})
    eventually(lambda: in_force() == (0, 0), 60)
    for wrong in (-1, 100001, "fast", 1.5):
        assert api.error("PUT", f"/server_types/{slow['id']}", {"bandwidth_in": wrong}) == (422, "invalid_input"), wrong
    assert api.get(f"/server_types/{slow['id']}")["server_type"]["bandwidth_in"] == 100


def test_a_plan_says_what_it_includes(fake):
    api = fake.api("operator", "--operator")
    fake.cli("plan", "create", "with-traffic", "--memory", "512", "--traffic", "3000000000000")
    plan = api.get("/server_types?name=with-traffic")["server_types"][0]
    assert plan["prices"][0]["included_traffic"] == 3 * 10**12
    server = api.create_server("with-traffic", server_type="with-traffic")
    shown = api.get(f"/servers/{server['id']}")["server"]
    assert (shown["included_traffic"], shown["outgoing_traffic"], shown["ingoing_traffic"]) == (3 * 10**12, 0, 0)
    assert "3000 GB a month" in fake.cli("server", "show", "with-traffic").stdout

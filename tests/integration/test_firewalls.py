"""The API's firewalls, through web and core to a host in memory: their shape, their limits, and changes on trial."""
import os
import re
import signal
import sqlite3
import time

import pytest

from ippo_testing import eventually, run

EVERYBODY = ["0.0.0.0/0", "::/0"]


def rule(port, sources=None, **more):
    return {"direction": "in", "protocol": "tcp", "port": port, "source_ips": sources or EVERYBODY, **more}


@pytest.fixture
def api(fake):
    return fake.api()


@pytest.fixture
def server(api, request):
    return api.create_server("fw-" + re.sub("[^a-z0-9]+", "-", request.node.name)[:50].strip("-"), start=False)["id"]


def at(server):
    return {"type": "server", "server": {"id": server}}


def labelled(selector):
    return {"type": "label_selector", "label_selector": {"selector": selector}}


def make(api, name, rules, *targets):
    answer = api.post("/firewalls", {"name": name, "rules": rules, "apply_to": list(targets)})
    for action in answer["actions"]:
        api.wait(action)
    return answer["firewall"]["id"]


def act(api, firewall, action, body):
    answer = api.post(f"/firewalls/{firewall}/actions/{action}", body)
    for done in answer["actions"]:
        api.wait(done)
    return answer


def passes(api, server, address, port, protocol="tcp", direction="in"):
    return api.get(f"/servers/{server}/filter/test?direction={direction}&protocol={protocol}&address={address}&port={port}")["test"]


def firewalls_of(api, server):
    return api.get(f"/servers/{server}")["server"]["public_net"]["firewalls"]


def refused(api, method, path, body=None):
    answer = api.request(method, path, body)
    return answer.status_code, answer.json()["error"]["code"]


def test_from_making_to_deleting(api, server):
    assert passes(api, server, "203.0.113.5", 22)["reason"] == "default"
    firewall = make(api, "whole", [rule("443", description="web")], at(server))
    shown = api.get(f"/firewalls/{firewall}")["firewall"]
    assert shown["rules"] == [{"direction": "in", "protocol": "tcp", "port": "443", "source_ips": EVERYBODY, "destination_ips": [],
                               "description": "web"}]
    assert shown["applied_to"] == [at(server)] and shown["ippo"] == {"trial": None}
    assert firewalls_of(api, server) == [{"id": firewall, "status": "applied"}]
    assert passes(api, server, "203.0.113.5", 443) == {"passes": True, "reason": "rule", "firewall": firewall, "rule": 0}
    assert passes(api, server, "2001:db8::5", 22) == {"passes": False, "reason": "no_rule", "firewall": None, "rule": None}
    assert refused(api, "DELETE", f"/firewalls/{firewall}") == (422, "resource_in_use")
    body = {"apply_to": [at(server)]}
    assert refused(api, "POST", f"/firewalls/{firewall}/actions/apply_to_resources", body) == (422, "firewall_already_applied")
    act(api, firewall, "remove_from_resources", {"remove_from": [at(server)]})
    assert firewalls_of(api, server) == []
    body = {"remove_from": [at(server)]}
    assert refused(api, "POST", f"/firewalls/{firewall}/actions/remove_from_resources", body) == (422, "firewall_already_removed")
    api.delete(f"/firewalls/{firewall}")
    assert refused(api, "GET", f"/firewalls/{firewall}") == (404, "not_found")


def test_labels_find_servers_now_and_later(api, server):
    firewall = make(api, "labels", [rule("80")], labelled("role=web-test"))
    assert firewalls_of(api, server) == []
    api.put(f"/servers/{server}", {"labels": {"role": "web-test"}})
    eventually(lambda: firewalls_of(api, server) == [{"id": firewall, "status": "applied"}])
    found = api.get(f"/firewalls/{firewall}")["firewall"]["applied_to"]
    assert found == [{**labelled("role=web-test"), "applied_to_resources": [at(server)]}]
    api.put(f"/servers/{server}", {"labels": {}})
    eventually(lambda: firewalls_of(api, server) == [])


def test_a_new_server_has_it_from_the_start(api):
    firewall = make(api, "new", [rule("8443")])
    answer = api.post("/servers", {"name": "fw-from-the-start", "server_type": "1g", "image": "tiny", "start_after_create": False,
                                   "firewalls": [{"firewall": firewall}]})
    api.wait(answer["action"])
    assert firewalls_of(api, answer["server"]["id"]) == [{"id": firewall, "status": "applied"}]
    body = {"name": "fw-none", "server_type": "1g", "image": "tiny", "firewalls": [{"firewall": 999999}]}
    assert refused(api, "POST", "/servers", body) == (422, "invalid_input")


@pytest.mark.parametrize("wrong, field", [
    ({"port": "0"}, "rules.0.port"), ({"port": "70000"}, "rules.0.port"), ({"port": "90-80"}, "rules.0.port"), ({"port": None}, "rules.0.port"),
    ({"port": 443}, "rules.0.port"), ({"source_ips": []}, "rules.0.source_ips"), ({"source_ips": ["10.0.0.1/8"]}, "rules.0.source_ips"),
    ({"source_ips": ["10.0.0.1"]}, "rules.0.source_ips"), ({"source_ips": ["::/0"] * 2}, "rules.0.source_ips"),
    ({"destination_ips": ["10.0.0.0/8"]}, "rules.0.destination_ips"), ({"direction": "both"}, "rules.0.direction"),
    ({"protocol": "sctp"}, "rules.0.protocol"), ({"protocol": "icmp"}, "rules.0.port"), ({"description": "x" * 256}, "rules.0.description"),
    ({"description": "a\nb"}, "rules.0.description"), ({"protocol": "icmpv6", "port": None}, "rules.0.source_ips")])
def test_what_is_no_rule_changes_nothing(api, wrong, field):
    answer = api.request("POST", "/firewalls", {"name": "never", "rules": [{**rule("443"), **wrong}]})
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]["details"]["fields"][0]["name"] == field
    assert api.get("/firewalls?name=never")["firewalls"] == []


def test_limits(api, server):
    many = [rule(str(port)) for port in range(1, 51)]
    firewall = make(api, "limits", many)
    assert refused(api, "POST", f"/firewalls/{firewall}/actions/set_rules", {"rules": [*many, rule("51")]}) == (422, "invalid_input")
    others = [make(api, f"limits{number}", [], at(server)) for number in range(5)]
    body = {"apply_to": [at(server)]}
    assert refused(api, "POST", f"/firewalls/{firewall}/actions/apply_to_resources", body) == (403, "resource_limit_exceeded")
    assert {item["id"] for item in firewalls_of(api, server)} == set(others)


def on_trial(api, firewall, rules, address="203.0.113.5"):
    return act(api, firewall, "set_rules", {"rules": rules, "trial": True, "trial_address": address})["ippo"]["trial"]


def confirm(api, firewall):
    eventually(lambda: api.get(f"/firewalls/{firewall}")["firewall"]["ippo"]["trial"]["in_force"], 30)
    api.session.close()  # what it opens from now on is new
    return api.post(f"/firewalls/{firewall}/actions/confirm", {})["firewall"]


def test_a_connection_from_before_confirms_nothing(fake, api, server):
    firewall = make(api, "before", [rule("22")], at(server))
    api.get("/firewalls")  # on a connection that stays open
    assert on_trial(api, firewall, [])
    eventually(lambda: api.get(f"/firewalls/{firewall}")["firewall"]["ippo"]["trial"]["in_force"], 30)
    answer = api.request("POST", f"/firewalls/{firewall}/actions/confirm", {}, headers={"connection-age": "0"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "connection_too_old")
    assert answer.headers["connection"] == "close"
    assert api.get(f"/firewalls/{firewall}")["firewall"]["ippo"]["trial"]
    # That answer ended the connection, so the same again comes on a new one.
    kept = api.post(f"/firewalls/{firewall}/actions/confirm", {})["firewall"]
    assert kept["rules"] == [] and kept["ippo"]["trial"] is None
    # While a host has not got it, nobody can say that it works.
    act(api, firewall, "set_rules", {"rules": [rule("22")]})
    (fake.state / "host/faults").write_text("filter_set hypervisor_error 1000\n")
    api.post(f"/firewalls/{firewall}/actions/set_rules", {"rules": [], "trial": True, "trial_address": "203.0.113.5"})
    api.session.close()
    assert refused(api, "POST", f"/firewalls/{firewall}/actions/confirm", {}) == (409, "connection_too_old")
    (fake.state / "host/faults").write_text("")
    assert confirm(api, firewall)["ippo"]["trial"] is None


def test_who_comes_in_confirms_by_that(fake, api, server):
    firewall = make(api, "came", [rule("22")], at(server))
    office, came = "198.51.100.7", fake.state / "host/came"
    body = {"rules": [rule("22", ["198.51.100.0/24"])], "trial": True, "trial_address": "203.0.113.5"}
    # Who is to come in must be able to.
    shut_out = api.request("POST", f"/firewalls/{firewall}/actions/set_rules", {**body, "confirm_from": "192.0.2.1"})
    assert shut_out.status_code == 422 and shut_out.json()["error"]["details"]["fields"][0]["name"] == "confirm_from"
    assert [item["port"] for item in api.get(f"/firewalls/{firewall}")["firewall"]["rules"]] == ["22"]
    assert api.get(f"/firewalls/{firewall}")["firewall"]["ippo"]["trial"] is None
    came.write_text("192.0.2.1\n198.51.100.70\nfd00::1\n")
    assert act(api, firewall, "set_rules", {**body, "confirm_from": office})["ippo"]["trial"]["confirm_from"] == office
    eventually(lambda: api.get(f"/firewalls/{firewall}")["firewall"]["ippo"]["trial"]["in_force"], 30)
    trial, = api.get(f"/servers/{server}/filter")["filter"]["trials"]
    assert trial["firewall"] == {"id": firewall, "name": "came"} and trial["confirm_from"] == office
    # Strangers say nothing of whoever asked for it.
    asked = time.time()
    eventually(lambda: time.time() > asked + 2.5, 30)
    assert api.get(f"/firewalls/{firewall}")["firewall"]["ippo"]["trial"]
    came.write_text(f"192.0.2.1\n{office}\n")
    eventually(lambda: api.get(f"/firewalls/{firewall}")["firewall"]["ippo"]["trial"] is None, 30)
    kept = api.get(f"/firewalls/{firewall}")["firewall"]
    assert kept["rules"][0]["source_ips"] == ["198.51.100.0/24"]
    line = next(item for item in api.get("/history")["history"] if item["what"] == "firewall.confirm")
    assert line["actor"]["kind"] == "system" and line["details"] == {"from": office}
    # The mark is gone with the trial.
    eventually(lambda: firewalls_of(api, server) == [{"id": firewall, "status": "applied"}], 30)
    came.unlink()


def test_only_what_could_cut_off_is_on_trial(api, server):
    firewall = make(api, "cuts", [rule("22"), rule("443")], at(server))
    assert on_trial(api, firewall, [rule("22")]) is None
    assert on_trial(api, firewall, [rule("20-30", ["203.0.113.0/24"])]) is None
    assert on_trial(api, firewall, [rule("443")], "198.51.100.7") is None  # it had no way in before either
    act(api, firewall, "set_rules", {"rules": [rule("22")]})
    trial = on_trial(api, firewall, [rule("22", ["198.51.100.0/24"])])
    assert trial["address"] == "203.0.113.5"
    assert not passes(api, server, "203.0.113.5", 22)["passes"]
    assert refused(api, "POST", f"/firewalls/{firewall}/actions/set_rules", {"rules": []}) == (423, "locked")
    api.post(f"/firewalls/{firewall}/actions/revert", {})
    assert passes(api, server, "203.0.113.5", 22)["passes"]
    assert on_trial(api, firewall, []) is not None
    kept = confirm(api, firewall)
    assert kept["rules"] == [] and kept["ippo"]["trial"] is None
    assert refused(api, "POST", f"/firewalls/{firewall}/actions/confirm", {}) == (404, "gone")
    for wrong in ("nobody", 7):
        assert refused(api, "POST", f"/firewalls/{firewall}/actions/set_rules", {"rules": [], "trial": True, "confirm_from": wrong}) == (422, "invalid_input")
    # Without the extension a change is just a change.
    act(api, firewall, "set_rules", {"rules": [rule("22")]})
    assert act(api, firewall, "set_rules", {"rules": []})["ippo"]["trial"] is None


def test_applying_can_cut_off_too(api, server):
    firewall = make(api, "applied", [rule("443")])
    trial = act(api, firewall, "apply_to_resources", {"apply_to": [at(server)], "trial": True, "trial_address": "2001:db8::5"})["ippo"]["trial"]
    assert trial and not passes(api, server, "2001:db8::5", 22)["passes"]
    assert [each["firewall"]["id"] for each in api.get(f"/servers/{server}/filter")["filter"]["trials"]] == [firewall]
    assert api.post(f"/firewalls/{firewall}/actions/revert", {})["firewall"]["applied_to"] == []
    assert passes(api, server, "2001:db8::5", 22)["passes"]


def test_unconfirmed_goes_back_though_core_is_killed(fake, api, server):
    """The deadline is moved in the database rather than waited for."""
    firewall = make(api, "killed", [rule("22")], at(server))
    assert on_trial(api, firewall, [rule("443")])
    os.kill(fake.pid("core"), signal.SIGKILL)
    with sqlite3.connect(fake.state / "core/ippo.db", timeout=30) as database:
        database.execute("UPDATE firewall_trial SET deadline_ms = ?", (int(time.time() * 1000) + 500,))
    eventually(lambda: api.request("GET", f"/firewalls/{firewall}").ok, 30)
    eventually(lambda: api.get(f"/firewalls/{firewall}")["firewall"]["ippo"]["trial"] is None, 30)
    assert [item["port"] for item in api.get(f"/firewalls/{firewall}")["firewall"]["rules"]] == ["22"]
    eventually(lambda: firewalls_of(api, server) == [{"id": firewall, "status": "applied"}], 30)
    assert passes(api, server, "203.0.113.5", 22)["passes"]


@pytest.mark.parametrize("victim", ["core", "host", "ippod"])
@pytest.mark.parametrize("moment", ["hold", "hold_after"])
def test_struck_at_an_update(fake, api, server, moment, victim):
    """With the host about to change the filter, and with it changed and the answer on its way: what was answered for comes into force."""
    firewall = make(api, f"struck-{moment}-{victim}", [rule("22")], at(server))
    eventually(lambda: api.get(f"/servers/{server}/filter")["filter"]["status"] == "applied", 60)
    faults, marker = fake.state / "host/faults", fake.state / "host/held"
    faults.write_text(f"filter_set {moment} 1\n")
    try:
        answer = api.post(f"/firewalls/{firewall}/actions/set_rules", {"rules": [rule("22"), rule("443")]})
        eventually(marker.exists, 60, 0.01)
        fake.kill(victim)
        if victim == "ippod":
            fake.start(wait=False)
    finally:
        faults.write_text("")
        marker.unlink(missing_ok=True)
    fake.wait_healthy()
    again = fake.api()
    def ended():
        found = again.request("GET", f"/actions/{answer['actions'][0]['id']}")
        return found.ok and found.json()["action"]["status"] != "running" and found.json()["action"]
    assert eventually(ended, 120)["status"] == "success"
    told = again.get(f"/servers/{server}/filter")["filter"]
    assert told["status"] == "applied" and [item["port"] for item in told["firewalls"][0]["rules"]] == ["22", "443"]
    wanted, applied = fake.database("SELECT wanted, applied FROM server_filter WHERE server_id = ?", server)[0]
    assert wanted == applied
    # The host's own record says the same: its network has the filter of that version.
    held = [line.split() for line in (fake.state / "host/world").read_text().splitlines()]
    assert [int(words[5]) for words in held if words[0] == "+" and words[1] == "4" and int(words[3]) == server][-1] == wanted


def test_mail_is_the_operators_to_open(fake, api, server):
    test = passes(api, server, "198.51.100.25", 25, direction="out")
    assert test == {"passes": False, "reason": "smtp", "firewall": None, "rule": None}
    operator = fake.api("postmaster", "--operator")
    operator.put("/customers/1", {"smtp_open": True})
    assert passes(api, server, "198.51.100.25", 25, direction="out")["reason"] == "open"
    assert api.get(f"/servers/{server}/filter")["filter"]["smtp_open"] is True
    operator.put("/customers/1", {"smtp_open": False})


def test_the_filter_of_a_server(api, server):
    firewall = make(api, "shown", [rule("443")], at(server))
    shown = api.get(f"/servers/{server}/filter")["filter"]
    assert shown["measured"] and shown["status"] == "applied" and [item["id"] for item in shown["firewalls"]] == [firewall]
    assert shown["refused"] == [] and shown["ssh_port"] == 22


# --- the clients ---


def test_the_command(fake, server, api):
    """`ippo firewall`, from making one to deleting it."""
    name = api.get(f"/servers/{server}")["server"]["name"]
    fake.cli("firewall", "create", "by-hand")
    fake.cli("firewall", "add-rule", "by-hand", "in", "tcp", "--port", "22", "--description", "SSH")
    fake.cli("firewall", "add-rule", "by-hand", "in", "tcp", "--port", "8000-8080", "--networks", "192.0.2.0/24,2001:db8::/32")
    wrong = fake.cli("firewall", "add-rule", "by-hand", "in", "tcp", "--port", "0", check=False)
    assert wrong.returncode != 0 and "port" in wrong.stderr
    shown = fake.cli("firewall", "show", "by-hand").stdout
    assert "8000-8080" in shown and "192.0.2.0/24" in shown and "SSH" in shown
    fake.cli("firewall", "apply", "by-hand", "--server", name)
    assert passes(api, server, "192.0.2.9", 8001)["passes"] and not passes(api, server, "198.51.100.9", 8001)["passes"]
    assert fake.cli("firewall", "delete", "by-hand", "--yes", check=False).returncode != 0, "it is applied"
    fake.cli("firewall", "remove-rule", "by-hand", "2")
    assert not passes(api, server, "192.0.2.9", 8001)["passes"] and passes(api, server, "198.51.100.9", 22)["passes"]
    fake.cli("firewall", "remove", "by-hand", "--server", name)
    assert firewalls_of(api, server) == []
    fake.cli("firewall", "delete", "by-hand", "--yes")
    assert "by-hand" not in fake.cli("firewall", "list").stdout


def test_hcloud(fake, server, api, tmp_path):
    """Debian's own hcloud, unmodified."""
    environment = {**os.environ, "HOME": str(tmp_path), "HCLOUD_ENDPOINT": f"{fake.url}/v1", "HCLOUD_TOKEN": fake.token("hcloud-fw"),
                   "SSL_CERT_FILE": str(fake.ca)}

    def hcloud(*words, check=True):
        return run("hcloud", "firewall", *words, check=check, env=environment)

    name = api.get(f"/servers/{server}")["server"]["name"]
    hcloud("create", "--name", "by-hcloud")
    hcloud("add-rule", "by-hcloud", "--direction", "in", "--protocol", "tcp", "--port", "443", "--source-ips", "0.0.0.0/0",
           "--source-ips", "::/0", "--description", "web")
    hcloud("apply-to-resource", "by-hcloud", "--type", "server", "--server", name)
    assert passes(api, server, "203.0.113.9", 443)["passes"] and not passes(api, server, "203.0.113.9", 22)["passes"]
    assert "443" in hcloud("describe", "by-hcloud").stdout and "by-hcloud" in hcloud("list").stdout
    assert hcloud("delete", "by-hcloud", check=False).returncode != 0
    hcloud("delete-rule", "by-hcloud", "--direction", "in", "--protocol", "tcp", "--port", "443", "--source-ips", "0.0.0.0/0",
           "--source-ips", "::/0", "--description", "web")
    assert not passes(api, server, "203.0.113.9", 443)["passes"]
    hcloud("remove-from-resource", "by-hcloud", "--type", "server", "--server", name)
    hcloud("delete", "by-hcloud")
    assert "by-hcloud" not in hcloud("list").stdout

"""Private networks, through web and core to a host in memory: made, joined, left, bounded; and by hcloud."""
import concurrent.futures
import itertools
import json
import os
import pty
import re

import pytest

from ippo_testing import eventually, run
from people import invite

NUMBERS = itertools.count(1)


class Hcloud:
    """Debian's own, as a person runs it."""

    def __init__(self, ippo, home):
        self.environment = {**os.environ, "HOME": str(home), "HCLOUD_ENDPOINT": f"{ippo.url}/v1", "HCLOUD_TOKEN": ippo.token("hcloud"),
                            "SSL_CERT_FILE": str(ippo.ca)}

    def __call__(self, *words, check=True):
        return run("hcloud", *words, check=check, env=self.environment, timeout=120)

    def json(self, *words):
        return json.loads(self(*words, "-o", "json").stdout)

    def refused(self, *words):
        done = self(*words, check=False)
        assert done.returncode != 0, done.stdout
        return re.search(r"\((\w+)\)\s*$", done.stderr).group(1)


@pytest.fixture
def api(fake):
    return fake.api()


@pytest.fixture
def hcloud(fake, tmp_path):
    return Hcloud(fake, tmp_path)


@pytest.fixture
def name(request):
    return re.sub(r"[^a-z]+", "-", request.node.name)[5:35].strip("-") + f"-{next(NUMBERS)}"


@pytest.fixture
def servers(api, name):
    made = [api.create_server(f"{name}-{n}", start=n == 1)["id"] for n in (1, 2)]
    yield made
    for server in made:
        if api.request("GET", f"/servers/{server}").status_code == 200:
            api.delete_server({"id": server})


def zone(api):
    return api.get("/locations")["locations"][0]["network_zone"]


def make(api, name, ip_range="10.0.0.0/16", subnets=("10.0.1.0/24",)):
    return api.post("/networks", {"name": name, "ip_range": ip_range, "subnets": [
        {"type": "cloud", "network_zone": zone(api), "ip_range": subnet} for subnet in subnets]})["network"]


def act(api, server, action, body):
    return api.wait(api.post(f"/servers/{server}/actions/{action}", body)["action"])


def refused(api, method, path, body=None):
    answer = api.request(method, path, body)
    return answer.status_code, answer.json()["error"]["code"]


def net(api, server):
    return api.get(f"/servers/{server}")["server"]["private_net"]


def told(fake, api, server):
    """What the host was told last of a server's private networks."""
    uuid = api.get(f"/servers/{server}")["server"]["ippo"]["uuid"]
    words = fake.state / "host/ports"
    lines = [line for line in words.read_text().splitlines() if line.startswith(uuid)] if words.exists() else []
    return lines[-1].split()[1:] if lines else ["-"]


def at_a_terminal(fake, *words, typed):
    ours, theirs = pty.openpty()
    try:
        os.write(ours, typed.encode() + b"\n")
        said = fake.cli(*words, check=False, stdin=theirs)
    finally:
        os.close(ours)
        os.close(theirs)
    return said.stdout + said.stderr


def test_from_making_to_deleting(api, fake, servers, name):
    one, two = servers
    network = make(api, name)
    assert network["ip_range"] == "10.0.0.0/16" and network["servers"] == [] and network["routes"] == []
    assert network["subnets"] == [{"type": "cloud", "ip_range": "10.0.1.0/24", "network_zone": zone(api), "gateway": "10.0.0.1",
                                   "vswitch_id": None}]
    assert [found["id"] for found in api.get(f"/networks?name={name}")["networks"]] == [network["id"]]
    # One of them runs: its card is plugged in meanwhile.
    for server, address in ((one, "10.0.1.1"), (two, "10.0.1.2")):
        action = act(api, server, "attach_to_network", {"network": network["id"]})
        assert action["command"] == "attach_to_network"
        assert {(r["type"], r["id"]) for r in action["resources"]} == {("server", server), ("network", network["id"])}
        [port] = net(api, server)
        assert (port["network"], port["ip"], port["alias_ips"]) == (network["id"], address, [])
        assert told(fake, api, server) == [str(network["id"]), port["mac_address"], address]
    assert len({port["mac_address"] for server in servers for port in net(api, server)}) == 2
    assert api.get(f"/networks/{network['id']}")["network"]["servers"] == servers
    act(api, two, "change_alias_ips", {"network": network["id"], "alias_ips": ["10.0.1.77", "10.0.1.78"]})
    assert net(api, two)[0]["alias_ips"] == ["10.0.1.77", "10.0.1.78"] and told(fake, api, two)[3:] == ["+10.0.1.77", "+10.0.1.78"]
    act(api, two, "change_alias_ips", {"network": network["id"], "alias_ips": ["10.0.1.78"]})
    assert net(api, two)[0]["alias_ips"] == ["10.0.1.78"]
    act(api, one, "detach_from_network", {"network": network["id"]})
    assert net(api, one) == [] and told(fake, api, one) == ["-"]
    # A server that is deleted leaves its networks.
    api.delete_server({"id": two})
    assert api.get(f"/networks/{network['id']}")["network"]["servers"] == []
    api.delete(f"/networks/{network['id']}")
    assert refused(api, "GET", f"/networks/{network['id']}") == (404, "not_found")


def test_deleting_takes_the_servers_out_first(api, fake, servers, name):
    one, two = servers
    network = make(api, name)
    path = f"/networks/{network['id']}"
    for server in servers:
        act(api, server, "attach_to_network", {"network": network["id"]})
    # As clients expect it: no body, and then it is gone and its name is free.
    assert api.request("DELETE", path).status_code == 204
    assert refused(api, "GET", path) == (404, "not_found") == refused(api, "DELETE", path)
    assert [net(api, server) for server in servers] == [[], []] and told(fake, api, one) == ["-"] == told(fake, api, two)
    again = make(api, name)
    for server in servers:
        act(api, server, "attach_to_network", {"network": again["id"]})
    # While one of them is at something else, all stay where they are.
    path = f"/networks/{again['id']}"
    (fake.state / "host/held").unlink(missing_ok=True)
    (fake.state / "host/faults").write_text("network_set hold 1\n")
    busy = api.post(f"/servers/{two}/actions/change_alias_ips", {"network": again["id"], "alias_ips": ["10.0.1.9"]})["action"]
    eventually((fake.state / "host/held").exists)
    assert refused(api, "DELETE", path) == (423, "locked")
    assert api.get(path)["network"]["servers"] == servers and not api.server({"id": one})["locked"]
    (fake.state / "host/faults").write_text("")
    api.wait(busy)
    api.delete(path)
    last = [action["command"] for server in servers for action in api.get(f"/servers/{server}/actions?sort=id:desc")["actions"][:1]]
    assert last == ["detach_from_network"] * 2


def test_while_it_is_deleted_nobody_joins_and_who_asks_again_waits(api, fake, servers, name):
    one, two = servers
    network = make(api, name)
    path = f"/networks/{network['id']}"
    act(api, one, "attach_to_network", {"network": network["id"]})
    (fake.state / "host/held").unlink(missing_ok=True)
    (fake.state / "host/faults").write_text("domain_define hold 1\n")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        first = pool.submit(fake.api().request, "DELETE", path)
        eventually((fake.state / "host/held").exists)
        assert refused(api, "POST", f"/servers/{two}/actions/attach_to_network", {"network": network["id"]}) == (423, "locked")
        second = pool.submit(fake.api().request, "DELETE", path)
        with pytest.raises(concurrent.futures.TimeoutError):
            second.result(timeout=1)
        assert not first.done()
        (fake.state / "host/faults").write_text("")
        assert [first.result(timeout=20).status_code, second.result(timeout=20).status_code] == [204, 204]
    assert refused(api, "GET", path) == (404, "not_found") and net(api, one) == []
    lines = [(line["what"], line["resource"]["name"], line["result"], line["details"]) for line in api.get("/history?per_page=5")["history"]
             if line["result"] != "refused"]
    assert lines == [("network.delete", name, "success", {}), ("server.detach_from_network", f"{name}-1", "success", {}),
                     ("network.delete", name, "accepted", {"servers": [one]}),
                     ("server.detach_from_network", f"{name}-1", "accepted", {"network": network["id"], "ip": "10.0.1.1"})]


def test_one_that_cannot_be_taken_out_keeps_the_network(api, fake, servers, name):
    one, two = servers
    network = make(api, name)
    path = f"/networks/{network['id']}"
    for server in servers:
        act(api, server, "attach_to_network", {"network": network["id"]})
    (fake.state / "host/faults").write_text("domain_define hypervisor_error 6\n")
    answer = api.request("DELETE", path)
    (fake.state / "host/faults").write_text("")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "resource_in_use")
    assert "could not be taken out" in answer.json()["error"]["message"]
    eventually(lambda: not any(api.server({"id": server})["locked"] for server in servers))
    left = api.get(path)["network"]["servers"]
    assert left and all(net(api, server)[0]["network"] == network["id"] for server in left)
    api.delete(path)
    assert [net(api, server) for server in servers] == [[], []]


@pytest.mark.parametrize("role", ["core", "host"])
@pytest.mark.parametrize("verb", ["network_set", "domain_define"])
def test_a_deletion_survives_a_crash(api, fake, servers, name, role, verb):
    """Killed while the first server is taken out: it ends as it was asked for, though nobody waits for the answer any more."""
    network = make(api, name)
    for server in servers:
        act(api, server, "attach_to_network", {"network": network["id"]})
    fake.restart()
    (fake.state / "host/held").unlink(missing_ok=True)
    (fake.state / "host/faults").write_text(f"{verb} hold 1\n")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        asked = pool.submit(fake.api().request, "DELETE", f"/networks/{network['id']}")
        eventually((fake.state / "host/held").exists)
        fake.kill(role)
        (fake.state / "host/faults").write_text("")
        fake.wait_healthy()
        asked.result(timeout=60)
    eventually(lambda: api.request("GET", f"/networks/{network['id']}").status_code == 404, 30)
    assert [net(api, server) for server in servers] == [[], []] and all(told(fake, api, server) == ["-"] for server in servers)


def test_a_new_server_has_the_address_that_was_chosen(api, fake, name):
    network = make(api, name)
    wish = {"name": name, "server_type": "1g", "image": api.get("/images")["images"][0]["name"], "start_after_create": False}
    for wrong, code in (({"ip": "10.0.5.5"}, "invalid_input"), ({"ip": 5}, "invalid_input"), ({"ip": "10.0.1.0"}, "invalid_input"),
                        ({"ip": "10.0.1.7", "alias_ips": ["10.0.1.7"]}, "ip_not_available"), ({"network": "x"}, "invalid_input")):
        assert refused(api, "POST", "/servers", {**wish, "networks": [{"network": network["id"], **wrong}]}) == (422, code), wrong
    assert api.get(f"/servers?name={name}")["servers"] == []
    made = api.post("/servers", {**wish, "networks": [{"network": network["id"], "ip": "10.0.1.7", "alias_ips": ["10.0.1.8"]}]})
    api.wait(made["action"])
    [port] = net(api, made["server"]["id"])
    assert (port["ip"], port["alias_ips"]) == ("10.0.1.7", ["10.0.1.8"])
    assert told(fake, api, made["server"]["id"])[2:] == ["10.0.1.7", "+10.0.1.8"]
    assert refused(api, "POST", "/servers", {**wish, "name": name + "-2", "networks": [{"network": network["id"], "ip": "10.0.1.7"}]}) == \
        (422, "ip_not_available")
    api.delete_server(made["server"])
    api.delete(f"/networks/{network['id']}")


def test_what_a_network_may_be(api, name):
    for wrong in ("11.0.0.0/8", "172.32.0.0/16", "10.0.0.0/25", "10.0.0.1/16", "0.0.0.0/0", "fd00::/64", "10.0.0.0", "192.0.2.0/24", 7):
        assert refused(api, "POST", "/networks", {"name": name, "ip_range": wrong}) == (422, "invalid_input"), wrong
    assert refused(api, "POST", "/networks", {"name": name}) == (422, "invalid_input")
    assert refused(api, "POST", "/networks", {"ip_range": "10.0.0.0/8"}) == (422, "invalid_input")
    assert refused(api, "POST", "/networks", {"name": name, "ip_range": "10.0.0.0/8", "routes": [
        {"destination": "0.0.0.0/0", "gateway": "10.0.0.2"}]}) == (422, "unsupported_error")
    assert refused(api, "POST", "/networks", {"name": name, "ip_range": "10.0.0.0/8", "expose_routes_to_vswitch": True}) == \
        (422, "unsupported_error")
    network = make(api, name, "172.16.0.0/12", ())
    path = f"/networks/{network['id']}"
    assert refused(api, "POST", "/networks", {"name": name, "ip_range": "10.0.0.0/8"}) == (409, "uniqueness_error")
    here = {"type": "cloud", "network_zone": zone(api)}
    for wrong, code in (({**here, "ip_range": "10.0.0.0/24"}, "invalid_input"), ({**here, "ip_range": "172.16.0.0/31"}, "invalid_input"),
                        ({**here, "type": "vswitch"}, "unsupported_error"), ({**here, "type": "moon"}, "invalid_input"),
                        ({**here, "network_zone": "nowhere"}, "invalid_input"), ({"type": "cloud"}, "invalid_input")):
        assert refused(api, "POST", f"{path}/actions/add_subnet", wrong) == (422, code), wrong
    for wanted, got in (("172.16.1.0/24", "172.16.1.0/24"), (None, "172.16.0.0/24"), (None, "172.16.2.0/24")):
        action = api.post(f"{path}/actions/add_subnet", here if wanted is None else {**here, "ip_range": wanted})["action"]
        assert action["status"] == "success" and action["resources"] == [{"id": network["id"], "type": "network"}]
        assert api.get(path)["network"]["subnets"][-1]["ip_range"] == got
    for wrong in ("172.16.1.0/24", "172.16.0.0/16", "172.16.2.128/25"):
        assert refused(api, "POST", f"{path}/actions/add_subnet", {**here, "ip_range": wrong}) == (422, "networks_overlap"), wrong
    assert refused(api, "POST", f"{path}/actions/delete_subnet", {"ip_range": "172.16.9.0/24"}) == (422, "invalid_input")
    api.post(f"{path}/actions/delete_subnet", {"ip_range": "172.16.0.0/24"})
    assert [subnet["ip_range"] for subnet in api.get(path)["network"]["subnets"]] == ["172.16.1.0/24", "172.16.2.0/24"]
    for route in ("add_route", "delete_route"):
        assert refused(api, "POST", f"{path}/actions/{route}", {"destination": "0.0.0.0/0", "gateway": "172.16.1.2"}) == \
            (422, "unsupported_error")
    api.put(path, {"name": name + "-two", "labels": {"env": "prod"}})
    assert [found["name"] for found in api.get("/networks?label_selector=env%3Dprod")["networks"]] == [name + "-two"]
    api.post(f"{path}/actions/change_protection", {"delete": True})
    assert refused(api, "DELETE", path) == (423, "protected")
    api.post(f"{path}/actions/change_protection", {"delete": False})
    assert [action["command"] for action in api.get(f"{path}/actions")["actions"]][:2] == ["add_subnet", "add_subnet"]
    api.delete(path)


def test_a_range_grows_and_never_shrinks(api, name):
    path = f"/networks/{make(api, name, '10.4.0.0/16', ())['id']}"
    for wrong in ("10.4.0.0/17", "10.5.0.0/16", "10.0.0.0/8"):
        assert refused(api, "POST", f"{path}/actions/change_ip_range", {"ip_range": wrong}) == (422, "invalid_input"), wrong
    api.post(f"{path}/actions/change_ip_range", {"ip_range": "10.4.0.0/14"})
    assert api.get(path)["network"]["ip_range"] == "10.4.0.0/14"
    api.delete(path)


def test_addresses_are_chosen_and_refused(api, servers, name):
    one, two = servers
    network = make(api, name, "10.0.0.0/16", ("10.0.0.0/29", "10.0.9.0/30"))
    other = make(api, name + "-other", "10.0.128.0/17", ("10.0.128.0/24",))
    bare = make(api, name + "-bare", "192.168.0.0/24", ())
    attach = {server: f"/servers/{server}/actions/attach_to_network" for server in servers}
    for wrong, code in (({"ip": "10.0.5.5"}, "invalid_input"), ({"ip": "10.0.0.1"}, "invalid_input"), ({"ip": "10.0.0.0"}, "invalid_input"),
                        ({"ip": "10.0.0.7"}, "invalid_input"), ({"ip": "fd00::1"}, "invalid_input"), ({"ip": "here"}, "invalid_input"),
                        ({"alias_ips": ["10.0.5.5"]}, "invalid_input"), ({"alias_ips": "10.0.0.3"}, "invalid_input"),
                        ({"alias_ips": ["10.0.0.3", "10.0.0.3"]}, "ip_not_available"),
                        ({"ip": "10.0.0.3", "alias_ips": ["10.0.0.3"]}, "ip_not_available"), ({"network": 987654}, "invalid_input"),
                        ({"network": bare["id"]}, "no_subnet_available")):
        assert refused(api, "POST", attach[one], {"network": network["id"], **wrong}) == (422, code), wrong
    assert refused(api, "POST", attach[one], {"network": network["id"], "alias_ips": [f"10.0.0.{n}" for n in range(1, 7)]}) == \
        (403, "resource_limit_exceeded")
    assert net(api, one) == []
    act(api, one, "attach_to_network", {"network": network["id"], "ip": "10.0.0.2", "alias_ips": ["10.0.0.3"]})
    assert refused(api, "POST", attach[one], {"network": network["id"]}) == (422, "server_already_attached")
    assert refused(api, "POST", attach[one], {"network": other["id"]}) == (422, "networks_overlap")
    for taken in ("10.0.0.2", "10.0.0.3"):
        assert refused(api, "POST", attach[two], {"network": network["id"], "ip": taken}) == (422, "ip_not_available")
    act(api, two, "attach_to_network", {"network": network["id"]})
    assert net(api, two)[0]["ip"] == "10.0.0.4"
    change = f"/servers/{two}/actions/change_alias_ips"
    assert refused(api, "POST", change, {"network": network["id"], "alias_ips": ["10.0.0.2"]}) == (422, "ip_not_available")
    assert refused(api, "POST", change, {"network": other["id"], "alias_ips": []}) == (422, "invalid_input")
    subnet = f"/networks/{network['id']}/actions/delete_subnet"
    assert refused(api, "POST", subnet, {"ip_range": "10.0.0.0/29"}) == (422, "resource_in_use")
    api.post(subnet, {"ip_range": "10.0.9.0/30"})
    third = api.create_server(f"{name}-3", networks=[network["id"]], start=False)
    assert third["private_net"][0]["ip"] == "10.0.0.5"
    # A server that is made in a network which has no address left is not made at all.
    api.wait(api.post(f"/servers/{third['id']}/actions/change_alias_ips", {"network": network["id"], "alias_ips": ["10.0.0.6"]})["action"])
    before = api.get("/servers")["meta"]["pagination"]["total_entries"]
    image = api.get("/images")["images"][0]["name"]
    wish = {"name": f"{name}-4", "server_type": "1g", "image": image, "start_after_create": False}
    assert refused(api, "POST", "/servers", {**wish, "networks": [network["id"]]}) == (422, "no_subnet_available")
    assert refused(api, "POST", "/servers", {**wish, "networks": [987654]}) == (422, "invalid_input")
    assert api.get("/servers")["meta"]["pagination"]["total_entries"] == before
    api.delete_server(third)
    for server in servers:
        act(api, server, "detach_from_network", {"network": network["id"]})
    assert refused(api, "POST", f"/servers/{one}/actions/detach_from_network", {"network": network["id"]}) == (422, "invalid_input")
    for made in (network, other, bare):
        api.delete(f"/networks/{made['id']}")


def test_limits_hold(api, servers, name):
    networks = [make(api, f"{name}-{n}", f"10.{n}.0.0/16", (f"10.{n}.0.0/24",)) for n in range(4)]
    for network in networks[:3]:
        act(api, servers[0], "attach_to_network", {"network": network["id"]})
    assert refused(api, "POST", f"/servers/{servers[0]}/actions/attach_to_network", {"network": networks[3]["id"]}) == \
        (403, "resource_limit_exceeded")
    more = []
    while (answer := api.request("POST", "/networks", {"name": f"{name}-more-{len(more)}", "ip_range": "10.99.0.0/16"})).status_code == 201:
        more.append(answer.json()["network"]["id"])
        assert len(more) <= 50
    assert answer.json()["error"]["code"] == "resource_limit_exceeded" and api.get("/networks")["meta"]["pagination"]["total_entries"] == 50
    for network in networks[:3]:
        act(api, servers[0], "detach_from_network", {"network": network["id"]})
    for number in [*more, *(network["id"] for network in networks)]:
        api.delete(f"/networks/{number}")


def test_what_fails_on_the_host_leaves_nothing(api, fake, servers, name):
    one = servers[0]
    network = make(api, name)
    (fake.state / "host/faults").write_text("domain_define hypervisor_error 3\n")
    action = api.wait(api.post(f"/servers/{one}/actions/attach_to_network", {"network": network["id"]})["action"], success=False)
    assert action["error"]["code"] == "hypervisor_error"
    (fake.state / "host/faults").write_text("")
    assert net(api, one) == [] and told(fake, api, one) == ["-"] and not api.server({"id": one})["locked"]
    act(api, one, "attach_to_network", {"network": network["id"]})
    # One that cannot be taken out stays in.
    (fake.state / "host/faults").write_text("domain_define hypervisor_error 3\n")
    api.wait(api.post(f"/servers/{one}/actions/detach_from_network", {"network": network["id"]})["action"], success=False)
    (fake.state / "host/faults").write_text("")
    assert [port["network"] for port in net(api, one)] == [network["id"]]
    act(api, one, "detach_from_network", {"network": network["id"]})
    api.delete(f"/networks/{network['id']}")


@pytest.mark.parametrize("role", ["core", "host"])
@pytest.mark.parametrize("verb", ["network_set", "domain_define"])
def test_a_crash_on_the_way_is_made_good(api, fake, servers, name, role, verb):
    """Killed before each verb of joining and of leaving: both end as they were asked for."""
    one = servers[0]
    network = make(api, name)
    for way in ("attach_to_network", "detach_from_network"):
        fake.restart()  # so that ippod's pauses before repeated restarts do not add up
        (fake.state / "host/held").unlink(missing_ok=True)  # of one that was killed
        (fake.state / "host/faults").write_text(f"{verb} hold 1\n")
        action = api.post(f"/servers/{one}/actions/{way}", {"network": network["id"]})["action"]
        eventually((fake.state / "host/held").exists)
        fake.kill(role)
        (fake.state / "host/faults").write_text("")
        fake.wait_healthy()
        api.wait(action)
        assert len(net(api, one)) == (way == "attach_to_network")
        assert (told(fake, api, one) == ["-"]) == (way == "detach_from_network")
    api.delete(f"/networks/{network['id']}")


def test_another_account_sees_and_joins_nothing(api, fake, servers, name):
    network = make(api, name)
    fake.cli("customer", "create", f"{name}-guest")
    stranger = invite(fake, f"{name}-guest", role="owner", customer=f"{name}-guest")
    path = f"/networks/{network['id']}"
    assert stranger.get("/networks")["networks"] == []
    for method, at, body in (("GET", path, None), ("PUT", path, {"name": "mine"}), ("DELETE", path, None),
                             ("POST", f"{path}/actions/add_subnet", {"type": "cloud", "network_zone": zone(api)}),
                             ("POST", f"{path}/actions/change_ip_range", {"ip_range": "10.0.0.0/8"}), ("GET", f"{path}/actions", None)):
        assert refused(stranger, method, at, body) == (404, "not_found"), (method, at)
    image = api.get("/images")["images"][0]["name"]
    assert refused(stranger, "POST", "/servers", {"name": "thief", "server_type": "1g", "image": image, "networks": [network["id"]]})[1] == \
        "invalid_input"
    # And one that is in a network goes to nobody else.
    act(api, servers[0], "attach_to_network", {"network": network["id"]})
    given = fake.cli("server", "transfer", f"{name}-1", f"{name}-guest", "--yes", check=False)
    assert given.returncode != 0 and "private networks" in given.stderr
    act(api, servers[0], "detach_from_network", {"network": network["id"]})
    api.delete(path)


def test_hcloud_makes_joins_and_leaves(hcloud, api, servers, name):
    where = zone(api)
    hcloud("network", "create", "--name", name, "--ip-range", "10.0.0.0/16", "--label", "env=prod")
    hcloud("network", "add-subnet", name, "--type", "cloud", "--network-zone", where, "--ip-range", "10.0.1.0/24")
    assert name in hcloud("network", "list").stdout
    assert [found["name"] for found in hcloud.json("network", "list", "-l", "env=prod")] == [name]
    assert "10.0.1.0/24" in hcloud("network", "describe", name).stdout
    one, two = f"{name}-1", f"{name}-2"
    hcloud("server", "attach-to-network", one, "--network", name)
    hcloud("server", "attach-to-network", two, "--network", name, "--ip", "10.0.1.20", "--alias-ips", "10.0.1.21,10.0.1.22")
    assert "10.0.1.20" in hcloud("server", "describe", two).stdout
    found = hcloud.json("server", "describe", two)["private_net"][0]
    assert (found["ip"], found["alias_ips"]) == ("10.0.1.20", ["10.0.1.21", "10.0.1.22"])
    hcloud("server", "change-alias-ips", two, "--network", name, "--clear")
    assert hcloud.json("server", "describe", two)["private_net"][0]["alias_ips"] == []
    assert hcloud.refused("server", "attach-to-network", one, "--network", name) == "server_already_attached"
    assert hcloud.refused("network", "add-route", name, "--destination", "10.100.1.0/24", "--gateway", "10.0.1.20") == "unsupported_error"
    hcloud("network", "change-ip-range", name, "--ip-range", "10.0.0.0/12")
    hcloud("network", "enable-protection", name, "delete")
    assert hcloud.refused("network", "delete", name) == "protected"
    hcloud("network", "disable-protection", name, "delete")
    for server in (one, two):
        hcloud("server", "detach-from-network", server, "--network", name)
        assert hcloud.json("server", "describe", server)["private_net"] == []
    image = api.get("/images")["images"][0]["name"]
    hcloud("server", "create", "--name", f"{name}-3", "--type", "1g", "--image", image, "--network", name, "--start-after-create=false")
    assert hcloud.json("server", "describe", f"{name}-3")["private_net"][0]["ip"] == "10.0.1.1"
    hcloud("server", "delete", f"{name}-3")
    hcloud("network", "create", "--name", name + "-gone", "--ip-range", "192.168.0.0/16")
    hcloud("network", "add-subnet", name + "-gone", "--type", "cloud", "--network-zone", where, "--ip-range", "192.168.1.0/24")
    hcloud("server", "attach-to-network", one, "--network", name + "-gone")
    hcloud("network", "delete", name + "-gone")
    assert hcloud.json("server", "describe", one)["private_net"] == []
    hcloud("network", "remove-subnet", name, "--ip-range", "10.0.1.0/24")
    hcloud("network", "update", name, "--name", name + "-again")
    hcloud("network", "delete", name + "-again")


def test_the_command_line_does_the_same(fake, api, servers, name):
    one, two = f"{name}-1", f"{name}-2"
    number = fake.cli("network", "create", name, "--range", "192.168.0.0/16", "--label", "env=prod").stdout.strip()
    assert api.get(f"/networks/{number}")["network"]["labels"] == {"env": "prod"}
    assert re.search(rf"{name}\s+192\.168\.0\.0/16\s+0\b", fake.cli("network", "list").stdout)
    fake.cli("network", "add-subnet", name, "192.168.9.0/24")
    fake.cli("network", "add-subnet", name)
    assert [subnet["ip_range"] for subnet in fake.cli_json("network", "show", name)["subnets"]] == \
        ["192.168.0.0/24", "192.168.9.0/24", "192.168.1.0/24"]
    fake.cli("network", "delete-subnet", name, "192.168.1.0/24")
    joined = fake.cli("server", "attach-network", one, name, "--ip", "192.168.9.2", "--alias", "192.168.9.3", "--alias", "192.168.9.4")
    [port] = net(api, servers[0])
    assert joined.stdout.strip() == "192.168.9.2" == port["ip"] and port["alias_ips"] == ["192.168.9.3", "192.168.9.4"]
    assert f"sudo ip addr add 192.168.9.2/16 dev $card" in joined.stderr and port["mac_address"] in joined.stderr
    fake.cli("server", "attach-network", two, name)
    fake.cli("server", "change-alias-ips", one, name, "--alias", "192.168.9.5")
    assert net(api, servers[0])[0]["alias_ips"] == ["192.168.9.5"]
    assert "192.168.9.2 in network" in fake.cli("server", "show", one).stdout
    assert str(servers[1]) in fake.cli("network", "show", name).stdout
    fake.cli("network", "change-range", name, "192.168.0.0/16")
    fake.cli("network", "protect", name)
    assert "protected" in fake.cli("network", "delete", name, "--yes", check=False).stderr
    fake.cli("network", "unprotect", name)
    for server in (one, two):
        fake.cli("server", "detach-network", server, name)
    fake.cli("server", "create", f"{name}-3", "--plan", "1g", "--image", api.get("/images")["images"][0]["name"], "--network", name, "--wait")
    assert fake.cli_json("server", "show", f"{name}-3")["private_net"][0]["ip"] == "192.168.0.2"
    fake.cli("server", "delete", f"{name}-3", "--yes")
    fake.cli("network", "rename", name, name + "=again")
    image = api.get("/images")["images"][0]["name"]
    fake.cli("server", "create", f"{name}-3", "--plan", "1g", "--image", image, "--network", f"{name}=again=192.168.9.7", "--wait")
    assert fake.cli_json("server", "show", f"{name}-3")["private_net"][0]["ip"] == "192.168.9.7"
    fake.cli("server", "create", f"{name}-4", "--plan", "1g", "--image", image, "--network", f"{name}=again", "--wait")
    assert fake.cli_json("server", "show", f"{name}-4")["private_net"][0]["ip"] == "192.168.0.2"
    fake.cli("server", "delete", f"{name}-4", "--yes")
    fake.cli("network", "rename", name + "=again", name + "-again")
    # A person is told who is taken out, and types the network's name.
    asked = at_a_terminal(fake, "network", "delete", name + "-again", typed="wrong")
    assert re.search(rf"taken out of it first.*{name}-3\b.*Type its name \({name}-again\)", asked, re.DOTALL) and f"{name}-1" not in asked
    assert "nothing was done" in asked and len(api.get(f"/networks?name={name}-again")["networks"]) == 1
    at_a_terminal(fake, "network", "delete", name + "-again", typed=name + "-again")
    assert fake.cli_json("server", "show", f"{name}-3")["private_net"] == []
    fake.cli("server", "delete", f"{name}-3", "--yes")
    assert api.get(f"/networks?name={name}-again")["networks"] == []

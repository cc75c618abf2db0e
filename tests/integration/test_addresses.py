"""Floating and primary IPs, through web and core to a host in memory: given, moved, kept, counted."""
import json
import os
import re
import signal

import pytest

from ippo_testing import eventually, run
from people import invite


@pytest.fixture
def api(fake):
    return fake.api()


@pytest.fixture
def servers(api, request):
    name = request.node.name.replace("_", "-")[5:45].strip("-")
    return [api.create_server(f"{name}-{n}", start=False)["id"] for n in (1, 2)]


def reserve(api, kind="floating_ip", family="ipv4", **more):
    home = {"home_location": "local"} if kind == "floating_ip" else {"location": "local"}
    answer = api.post(f"/{kind}s", {"type": family, **({} if "server" in more or "assignee_id" in more else home), **more})
    if answer["action"]:
        api.wait(answer["action"])
    return answer[kind]


def act(api, ip, action, body=None, kind="floating_ip"):
    return api.wait(api.post(f"/{kind}s/{ip}/actions/{action}", body or {})["action"])


def refused(api, method, path, body=None):
    answer = api.request(method, path, body)
    return answer.status_code, answer.json()["error"]["code"]


def net(api, server):
    return api.get(f"/servers/{server}")["server"]["public_net"]


def test_from_reserving_to_giving_back(api, servers):
    one, two = servers
    ip = reserve(api, name="web-entrance", description="of the shop", labels={"env": "prod"})
    assert ip["server"] is None and ip["type"] == "ipv4" and ip["home_location"]["name"] == "local"
    assert ip["description"] == "of the shop" and ip["protection"] == {"delete": False}
    assert [found["id"] for found in api.get("/floating_ips?name=web-entrance")["floating_ips"]] == [ip["id"]]
    assert [found["id"] for found in api.get("/floating_ips?label_selector=env%3Dprod")["floating_ips"]] == [ip["id"]]
    assert api.get("/floating_ips?label_selector=env%3Dtest")["floating_ips"] == []
    act(api, ip["id"], "assign", {"server": one})
    assert net(api, one)["floating_ips"] == [ip["id"]] and net(api, two)["floating_ips"] == []
    assert refused(api, "POST", f"/floating_ips/{ip['id']}/actions/assign", {"server": one}) == (422, "invalid_input")
    action = act(api, ip["id"], "assign", {"server": two})
    assert action["command"] == "assign_floating_ip"
    assert {(r["type"], r["id"]) for r in action["resources"]} == {("floating_ip", ip["id"]), ("server", two)}
    assert net(api, one)["floating_ips"] == [] and net(api, two)["floating_ips"] == [ip["id"]]
    assert api.get(f"/floating_ips/{ip['id']}")["floating_ip"]["server"] == two
    act(api, ip["id"], "change_dns_ptr", {"ip": ip["ip"], "dns_ptr": "www.example.org"})
    assert api.get(f"/floating_ips/{ip['id']}")["floating_ip"]["dns_ptr"] == [{"ip": ip["ip"], "dns_ptr": "www.example.org"}]
    assert refused(api, "POST", f"/floating_ips/{ip['id']}/actions/change_dns_ptr", {"ip": "192.0.2.1", "dns_ptr": "a.example"})[1] == "invalid_input"
    act(api, ip["id"], "unassign")
    assert net(api, two)["floating_ips"] == []
    assert refused(api, "POST", f"/floating_ips/{ip['id']}/actions/unassign", {}) == (422, "invalid_input")
    act(api, ip["id"], "change_protection", {"delete": True})
    assert refused(api, "DELETE", f"/floating_ips/{ip['id']}") == (423, "protected")
    act(api, ip["id"], "change_protection", {"delete": False})
    api.delete(f"/floating_ips/{ip['id']}")
    assert refused(api, "GET", f"/floating_ips/{ip['id']}") == (404, "not_found")


@pytest.mark.parametrize("body", [{}, {"type": "ipv5", "home_location": "local"}, {"type": "ipv4"}, {"type": "ipv4", "home_location": "moon"},
                                  {"type": "ipv4", "server": 999999}, {"type": "ipv4", "home_location": "local", "name": ""},
                                  {"type": "ipv4", "home_location": "local", "labels": {"-": "a"}}])
def test_what_is_wrong_reserves_nothing(api, body):
    before = api.get("/floating_ips")["meta"]["pagination"]["total_entries"]
    assert refused(api, "POST", "/floating_ips", body) == (422, "invalid_input")
    assert api.get("/floating_ips")["meta"]["pagination"]["total_entries"] == before


def test_names_are_unique(api):
    reserve(api, name="only-one")
    assert refused(api, "POST", "/floating_ips", {"type": "ipv4", "home_location": "local", "name": "only-one"}) == (409, "uniqueness_error")
    reserve(api, "primary_ip", name="only-one")


def test_an_address_outlives_its_server(api, servers):
    ip = reserve(api, family="ipv6", server=servers[0])
    assert ip["server"] == servers[0] and ip["ip"].endswith("/64")
    api.wait(api.request("DELETE", f"/servers/{servers[0]}").json()["action"])
    assert api.get(f"/floating_ips/{ip['id']}")["floating_ip"]["server"] is None
    act(api, ip["id"], "assign", {"server": servers[1]})
    api.delete(f"/floating_ips/{ip['id']}")
    eventually(lambda: net(api, servers[1])["floating_ips"] == [])


def test_primary_ips_are_kept_and_given(api, servers):
    one, two = servers
    own = net(api, one)["ipv4"]
    assert refused(api, "DELETE", f"/primary_ips/{own['id']}") == (422, "resource_in_use")
    assert refused(api, "POST", f"/primary_ips/{own['id']}/actions/assign", {"assignee_id": two, "assignee_type": "server"})[1] == "resource_in_use"
    api.put(f"/primary_ips/{own['id']}", {"auto_delete": False, "name": "kept"})
    act(api, own["id"], "unassign", kind="primary_ip")
    assert net(api, one)["ipv4"] is None
    assert api.get("/primary_ips?name=kept")["primary_ips"][0]["assignee_id"] is None
    other = net(api, two)["ipv4"]["id"]
    assert refused(api, "POST", f"/primary_ips/{own['id']}/actions/assign", {"assignee_id": two})[1] == "uniqueness_error"
    act(api, other, "unassign", kind="primary_ip")
    act(api, own["id"], "assign", {"assignee_id": two, "assignee_type": "server"}, kind="primary_ip")
    assert net(api, two)["ipv4"]["ip"] == own["ip"]
    api.wait(api.request("DELETE", f"/servers/{two}").json()["action"])
    assert api.get(f"/primary_ips/{own['id']}")["primary_ip"]["assignee_id"] is None
    made = api.post("/servers", {"name": "with-a-kept-one", "server_type": "1g", "image": "tiny", "start_after_create": False,
                                 "public_net": {"enable_ipv4": True, "enable_ipv6": True, "ipv4": own["id"]}})
    api.wait(made["action"])
    assert net(api, made["server"]["id"])["ipv4"]["ip"] == own["ip"]
    again = {"name": "with-it-too", "server_type": "1g", "image": "tiny", "public_net": {"ipv4": own["id"]}}
    assert refused(api, "POST", "/servers", again) == (422, "resource_in_use")


def test_a_running_server_keeps_its_primary_ip(api):
    server = api.create_server("keeps-its-primary", start=True)
    own = net(api, server["id"])["ipv4"]["id"]
    assert refused(api, "POST", f"/primary_ips/{own}/actions/unassign", {}) == (422, "server_not_stopped")
    ip = reserve(api)
    act(api, ip["id"], "assign", {"server": server["id"]})
    assert net(api, server["id"])["floating_ips"] == [ip["id"]]


def test_the_quota_counts_them(fake):
    operator = fake.api("address-operator", "--operator")
    customer = operator.post("/customers", {"name": "few-addresses"})["customer"]["id"]
    operator.put(f"/customers/{customer}", {"quotas": {"addresses": 2}})
    api = invite(fake, "few-owner", "few-addresses")
    reserve(api)
    reserve(api, "primary_ip")
    assert refused(api, "POST", "/floating_ips", {"type": "ipv4", "home_location": "local"}) == (403, "resource_limit_exceeded")
    assert operator.get(f"/customers/{customer}")["customer"]["quotas"]["addresses"]["used"] == 2


def test_a_move_survives_the_death_of_core(fake, api, servers):
    ip = reserve(api, server=servers[0])
    answer = api.post(f"/floating_ips/{ip['id']}/actions/assign", {"server": servers[1]})
    os.kill(fake.pid("core"), signal.SIGKILL)
    eventually(lambda: api.request("GET", f"/actions/{answer['action']['id']}").ok)
    api.wait(answer["action"])
    assert net(api, servers[1])["floating_ips"] == [ip["id"]]
    eventually(lambda: fake.database("SELECT count(*) FROM server_filter WHERE applied < wanted") == [(0,)])
    assert fake.database("SELECT count(*) FROM address WHERE left_server_id <> 0") == [(0,)]


def test_hcloud_unmodified(fake, api, servers, tmp_path):
    """Debian's own command: the verbs of both, by names."""
    environment = {**os.environ, "HOME": str(tmp_path), "HCLOUD_ENDPOINT": f"{fake.url}/v1", "HCLOUD_TOKEN": fake.token("hcloud-addresses"),
                   "SSL_CERT_FILE": str(fake.ca)}

    def hcloud(*words):
        return run("hcloud", *map(str, words), env=environment, timeout=120).stdout

    hcloud("floating-ip", "create", "--type", "ipv4", "--home-location", "local", "--name", "by-hcloud", "--description", "d", "--label", "a=b")
    hcloud("floating-ip", "assign", "by-hcloud", servers[0])
    assert str(servers[0]) in json.dumps(json.loads(hcloud("floating-ip", "describe", "by-hcloud", "-o", "json")))
    hcloud("floating-ip", "assign", "by-hcloud", servers[1])
    ip = api.get("/floating_ips?name=by-hcloud")["floating_ips"][0]
    assert ip["server"] == servers[1] and ip["labels"] == {"a": "b"}
    hcloud("floating-ip", "set-rdns", "by-hcloud", "--hostname", "h.example.org")
    hcloud("floating-ip", "enable-protection", "by-hcloud", "delete")
    hcloud("floating-ip", "disable-protection", "by-hcloud", "delete")
    hcloud("floating-ip", "unassign", "by-hcloud")
    hcloud("floating-ip", "update", "by-hcloud", "--name", "by-hcloud-2")
    hcloud("floating-ip", "add-label", "by-hcloud-2", "c=d")
    assert "by-hcloud-2" in hcloud("floating-ip", "list")
    hcloud("floating-ip", "delete", "by-hcloud-2")
    own = net(api, servers[0])["ipv4"]["id"]
    hcloud("primary-ip", "update", own, "--name", "kept-by-hcloud", "--auto-delete=false")
    hcloud("primary-ip", "unassign", "kept-by-hcloud")
    hcloud("primary-ip", "assign", "kept-by-hcloud", "--server", servers[0])
    hcloud("primary-ip", "set-rdns", "kept-by-hcloud", "--hostname", "p.example.org", "--ip", net(api, servers[0])["ipv4"]["ip"])
    assert "kept-by-hcloud" in hcloud("primary-ip", "list")
    hcloud("primary-ip", "create", "--type", "ipv6", "--name", "made-by-hcloud", "--datacenter", "local-dc1")
    hcloud("primary-ip", "delete", "made-by-hcloud")


def test_by_our_own_command(fake, api, servers):
    """As people type it; the addresses stand where scripts read them."""
    names = [api.get(f"/servers/{server}")["server"]["name"] for server in servers]
    made = fake.cli("floating-ip", "create", "by-ippo", "ipv4", "--server", names[0], "--label", "a=b")
    ip = api.get("/floating_ips?name=by-ippo")["floating_ips"][0]
    assert made.stdout.strip() == ip["ip"] and f"sudo ip addr add {ip['ip']}/32 dev eth0" in made.stderr
    fake.cli("floating-ip", "assign", "by-ippo", names[1])
    assert net(api, servers[1])["floating_ips"] == [ip["id"]]
    assert re.search(rf"{ip['id']} +by-ippo +{re.escape(ip['ip'])} +{servers[1]}", fake.cli("floating-ip", "list").stdout)
    fake.cli("floating-ip", "reverse-name", "by-ippo", ip["ip"], "r.example.org")
    assert "r.example.org" in fake.cli("floating-ip", "show", "by-ippo").stdout
    fake.cli("floating-ip", "unassign", "by-ippo")
    fake.cli("floating-ip", "protect", "by-ippo")
    assert fake.cli("floating-ip", "delete", "by-ippo", "--yes", check=False).returncode != 0
    fake.cli("floating-ip", "unprotect", "by-ippo")
    fake.cli("floating-ip", "rename", "by-ippo", "by-ippo-2")
    fake.cli("floating-ip", "delete", "by-ippo-2", "--yes")
    own = f"primary_ip-{net(api, servers[0])['ipv4']['id']}"
    fake.cli("primary-ip", "keep", own)
    fake.cli("primary-ip", "unassign", own)
    fake.cli("primary-ip", "assign", own, names[0])
    assert api.get(f"/primary_ips?name={own}")["primary_ips"][0]["auto_delete"] is False

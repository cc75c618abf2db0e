"""Reverse names through the API, and what a real Knot answers to dig -x."""
import ipaddress
import os
import shutil
import signal

import pytest

from ippo_testing import eventually, run
from name_server import ELSEWHERE, NameServer, OtherKnot
from people import invite


@pytest.fixture(scope="module")
def dns():
    instance = NameServer({"core": {"pool_ipv4": "10.77.0.0/24"}})
    zone = "@ 60 SOA a. b. 1 1 1 1 1\n@ NS a.\nv4 60 A 192.0.2.1\n" + "".join(f"v4 60 A 10.77.0.{n}\n" for n in range(2, 50)) + "other 60 A 192.0.2.1\n"
    elsewhere = OtherKnot(instance.dir / "elsewhere", ELSEWHERE, elsewhere=zone)
    instance.config.write_text(instance.config.read_text().replace(f"resolver = 127.0.0.1:{instance.dns_port}", f"resolver = 127.0.0.1:{elsewhere.port}"))
    try:
        elsewhere.start()
        yield instance.with_servers()
    finally:
        instance.close()
        elsewhere.close()


@pytest.fixture(scope="module")
def operator(dns):
    return dns.api("op", "--operator")


@pytest.fixture(scope="module")
def owner(dns, operator):
    operator.post("/customers", {"name": "named"})
    owner = invite(dns, "name-owner", "named")
    return owner


def dig_x(dns, ip):
    """The names that dig -x says; its status when there is none."""
    said = run("dig", "@127.0.0.1", "-p", dns.dns_port, "+norecurse", "+noall", "+answer", "+comments", "-x", ip, check=False).stdout
    names = [words[4] for words in map(str.split, said.splitlines()) if words[3:4] == ["PTR"]]
    return names or (said.split("status: ")[1].split(",")[0] if "status: " in said else said)


def named(dns, ip, *names):
    eventually(lambda: dig_x(dns, ip) == (list(names) or "NXDOMAIN"), 20)


def addresses(server):
    return server["public_net"]["ipv4"]["ip"], str(ipaddress.ip_network(server["public_net"]["ipv6"]["ip"])[1])


def call(owner, server, ip, name, **more):
    return owner.post(f"/servers/{server['id']}/actions/change_dns_ptr", {"ip": ip, "dns_ptr": name, **more})


def test_names_go_with_the_address_whoever_has_it(dns, owner):
    """Of a floating IP: none has it, one does, it is given back."""
    ip = owner.post("/floating_ips", {"type": "ipv4", "home_location": "local"})["floating_ip"]
    owner.post(f"/floating_ips/{ip['id']}/actions/change_dns_ptr", {"ip": ip["ip"], "dns_ptr": "float.elsewhere.example"})
    named(dns, ip["ip"], "float.elsewhere.example.")
    server = owner.create_server("floats", server_type="named")
    owner.wait(owner.post(f"/floating_ips/{ip['id']}/actions/assign", {"server": server["id"]})["action"])
    owner.delete_server(server)
    named(dns, ip["ip"], "float.elsewhere.example.")
    owner.delete(f"/floating_ips/{ip['id']}")
    named(dns, ip["ip"])


def test_both_families_are_answered(dns, owner, operator):
    server = owner.create_server("both", server_type="named")
    v4, v6 = addresses(server)
    assert dig_x(dns, v4) in ("NXDOMAIN", "REFUSED")
    answer = call(owner, server, v4, "www.elsewhere.example")
    assert answer["action"]["status"] == "success"
    assert answer["reverse_name"]["forward"] == "missing" and answer["reverse_name"]["warning"]
    call(owner, server, v6, "six.elsewhere.example")
    named(dns, v4, "www.elsewhere.example.")
    named(dns, v6, "six.elsewhere.example.")
    call(owner, server, v4, "other.elsewhere.example")
    named(dns, v4, "other.elsewhere.example.")
    assert {each["dns_ptr"] for each in owner.get(f"/servers/{server['id']}/reverse_names")["reverse_names"]} == {"other.elsewhere.example", "six.elsewhere.example"}
    assert call(owner, server, v4, None)["reverse_name"] is None
    named(dns, v4)
    pools = {zone for pool in operator.get("/address_pools")["address_pools"] for zone in pool["reverse_zones"]}
    assert "0.77.10.in-addr.arpa" in pools and any(zone.endswith(".ip6.arpa") for zone in pools)
    assert dns.dig("0.77.10.in-addr.arpa", "NS") == [("NS", "ns1.example.net."), ("NS", "ns2.example.net.")]
    other = owner.error("POST", f"/servers/{server['id']}/actions/change_dns_ptr", {"ip": "10.77.0.250", "dns_ptr": "a.example"})
    assert other == (422, "invalid_input")
    owner.delete_server(server)


def test_deleted_servers_lose_their_names(dns, owner):
    server = owner.create_server("goes", server_type="named")
    v4, v6 = addresses(server)
    call(owner, server, v4, "goes.elsewhere.example")
    call(owner, server, v6, "goes.elsewhere.example")
    named(dns, v4, "goes.elsewhere.example.")
    owner.delete_server(server)
    named(dns, v4)
    named(dns, v6)


def test_whether_the_name_leads_back(dns, owner):
    server = owner.create_server("back", server_type="named")
    v4, v6 = addresses(server)
    owner.post("/zones", {"name": "back.example", "rrsets": [
        {"name": "@", "type": "AAAA", "records": [{"value": ipaddress.ip_address(v6).exploded}]},
        {"name": "good", "type": "A", "records": [{"value": "192.0.2.1"}, {"value": v4}]},
        {"name": "bad", "type": "A", "records": [{"value": "192.0.2.1"}]},
        {"name": "alias", "type": "CNAME", "records": [{"value": "good"}]},
        {"name": "round", "type": "CNAME", "records": [{"value": "round.back.example."}]},
        {"name": "away", "type": "CNAME", "records": [{"value": "a.elsewhere.example."}]},
        {"name": "*.wild", "type": "A", "records": [{"value": v4}]},
        {"name": "here.wild", "type": "TXT", "records": [{"value": '"x"'}]},
        {"name": "sub", "type": "NS", "records": [{"value": "ns.elsewhere.example."}]}]})

    def said(name, ip=v4):
        found = call(owner, server, ip, name)["reverse_name"]
        assert (found["warning"] is None) == (found["forward"] == "confirmed"), found
        return found["forward"]
    assert [said(f"{name}.back.example") for name in ("good", "GOOD", "alias", "a.wild", "b.a.wild")] == ["confirmed"] * 5
    assert said("back.example", v6) == "confirmed"
    assert said("back.example") == "missing"
    assert said("bad.back.example") == "different"
    assert [said(f"{name}.back.example") for name in ("nothing", "round", "here.wild", "x.here.wild")] == ["missing"] * 4
    # What is not here is asked for; the resolver of this test knows one zone more.
    assert said("v4.elsewhere.example") == "confirmed"
    assert said("other.elsewhere.example") == "different"
    assert said("www.elsewhere.example") == said("v4.elsewhere.example", v6) == "missing"
    assert [said(name) for name in ("away.back.example", "x.sub.back.example", "www.nowhere.example")] == ["unknown"] * 3
    # What is shown follows the zone.
    said("bad.back.example")
    owner.post("/zones/back.example/rrsets/bad/A/actions/set_records", {"records": [{"value": v4}]})
    call(owner, server, v6, "www.elsewhere.example")
    shown = {each["ip"]: each for each in owner.get(f"/servers/{server['id']}/reverse_names")["reverse_names"]}
    assert shown[v4]["forward"] == "confirmed" and shown[v4]["warning"] is None
    assert shown[v6]["forward"] == "missing"
    owner.delete("/zones/back.example")
    owner.delete_server(server)


def test_the_server_is_renamed_with_it(dns, owner):
    server, other = owner.create_server("renamed", server_type="named"), owner.create_server("taken.example.org", server_type="named")
    v4, _ = addresses(server)
    path = f"/servers/{server['id']}/actions/change_dns_ptr"
    call(owner, server, v4, "new.example.org", rename_server=True)
    assert owner.get(f"/servers/{server['id']}")["server"]["name"] == "new.example.org"
    named(dns, v4, "new.example.org.")
    # One of both does not happen alone.
    assert owner.error("POST", path, {"ip": v4, "dns_ptr": "taken.example.org", "rename_server": True}) == (409, "uniqueness_error")
    assert owner.error("POST", path, {"ip": "10.9.9.9", "dns_ptr": "third.example.org", "rename_server": True}) == (422, "invalid_input")
    assert owner.error("POST", path, {"ip": v4, "dns_ptr": None, "rename_server": True}) == (422, "invalid_input")
    assert owner.error("POST", path, {"ip": v4, "dns_ptr": "x" * 60 + ".example.org", "rename_server": True}) == (422, "invalid_input")
    found = owner.get(f"/servers/{server['id']}")["server"]
    assert (found["name"], found["public_net"]["ipv4"]["dns_ptr"]) == ("new.example.org", "new.example.org")
    said = dns.cli("server", "reverse-name", "new.example.org", v4, "cli.example.org", "--rename", "--customer", "named")
    assert "cli.example.org: nobody could say where the name leads" in said.stderr
    assert owner.get(f"/servers/{server['id']}")["server"]["name"] == "cli.example.org"
    owner.delete_server(server)
    owner.delete_server(other)


def test_it_waits_and_is_rebuilt(dns, owner):
    server = owner.create_server("waits", server_type="named")
    v4, v6 = addresses(server)
    call(owner, server, v4, "first.elsewhere.example")
    named(dns, v4, "first.elsewhere.example.")
    pid = dns.knotd()
    os.kill(pid, signal.SIGSTOP)
    try:
        call(owner, server, v4, "second.elsewhere.example")
        call(owner, server, v6, "second.elsewhere.example")
    finally:
        os.kill(pid, signal.SIGKILL)
    named(dns, v4, "second.elsewhere.example.")
    dns.stop()
    shutil.rmtree(dns.state / "dns")
    dns.start()
    named(dns, v4, "second.elsewhere.example.")
    named(dns, v6, "second.elsewhere.example.")
    owner.delete_server(server)


def test_pools_come_and_go_with_their_zones(dns, operator, owner):
    """A pool of a part of a /24 has a zone that CNAME records point into (RFC 2317)."""
    pool = operator.post("/address_pools", {"prefix": "192.0.2.64/26", "name": "part"})["address_pool"]
    assert pool["reverse_zones"] == ["64/26.2.0.192.in-addr.arpa"]
    wide = operator.post("/address_pools", {"prefix": "198.18.0.0/22", "name": "wide"})["address_pool"]
    assert wide["reverse_zones"] == [f"{n}.18.198.in-addr.arpa" for n in range(4)]
    eventually(lambda: dns.dig("64/26.2.0.192.in-addr.arpa", "NS") == [("NS", "ns1.example.net."), ("NS", "ns2.example.net.")], 20)
    for name in ("64/26.2.0.192.in-addr.arpa", "18.198.in-addr.arpa", "7.0.18.198.in-addr.arpa"):
        assert operator.error("POST", "/zones", {"name": name})[0] in (403, 422), name
    for each in (pool, wide):
        operator.delete(f"/address_pools/{each['id']}")
    eventually(lambda: dns.dig("64/26.2.0.192.in-addr.arpa", "NS") == dns.dig("3.18.198.in-addr.arpa", "NS") == "REFUSED", 20)

"""Further name servers that are no Knot: a real BIND and a real NSD with the configuration that is printed; and zones that follow when there are others."""

import pytest

from ippo_testing import eventually, run
from name_server import OtherServer, dns, operator, owner  # noqa: F401


def put(server, text, *changes):
    for was, now in changes:
        assert was in text, (was, text)
        text = text.replace(was, now)
    (server.dir / "conf").write_text(text)


def printed(dns, tmp, name, port, kind):
    """As it is printed, and as the judge of that name server reads it."""
    said = dns.cli("name-server", "add", name, "127.0.0.1", "--port", str(port), "--format", kind).stdout
    (tmp / "printed").write_text(said)
    run({"bind": "named-checkconf", "nsd": "nsd-checkconf"}[kind], tmp / "printed")
    return said


@pytest.fixture(scope="module")
def bind(dns, owner):
    server = OtherServer(dns.dir / "bind", ["/usr/sbin/named", "-g", "-n", "1", "-c"])
    folder = server.dir
    text = printed(dns, folder, "ns3.example.net", server.port, "bind")
    put(server, text + "controls { };\n", ("/var/cache/bind", str(folder)),
        ("    recursion no;\n", f'    recursion no;\n    pid-file "{folder}/pid";\n    session-keyfile "{folder}/session";\n'))
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture(scope="module")
def nsd(dns, owner):
    owner.post("/zones", {"name": "printed.example", "rrsets": [{"name": "www", "type": "A", "records": [{"value": "192.0.2.1"}]}]})
    dns.answers("www.printed.example", "A", "192.0.2.1")
    dns.live(owner, "printed.example")
    server = OtherServer(dns.dir / "nsd", ["/usr/sbin/nsd", "-d", "-c"])
    folder = server.dir
    text = printed(dns, folder, "ns4.example.net", server.port, "nsd")
    put(server, text, ("/var/lib/nsd", str(folder)), ("/run/nsd/nsd.ctl", f"{folder}/nsd.ctl"),
        ("server:\n", f'server:\n    username: ""\n    pidfile: "{folder}/pid"\n    xfrdfile: "{folder}/xfrd"\n    xfrdir: "{folder}"\n    zonelistfile: "{folder}/list"\n'))
    try:
        yield server.start()
    finally:
        server.close()


def state(operator, name):
    server, = (one for one in operator.get("/name_servers")["name_servers"] if one["name"] == name)
    return operator.get(f"/name_servers/{server['id']}/state")["state"]


def test_bind_learns_zones_by_itself(dns, operator, owner, bind):
    owner.post("/zones", {"name": "bound.example", "rrsets": [{"name": "www", "type": "A", "records": [{"value": "192.0.2.1"}]}]})
    eventually(lambda: bind.short("www.bound.example", "A") == ["192.0.2.1"], 90)
    owner.post("/zones/bound.example/rrsets/www/A/actions/set_records", {"records": [{"value": "192.0.2.2"}]})
    eventually(lambda: bind.short("www.bound.example", "A") == ["192.0.2.2"], 90)
    eventually(lambda: state(operator, "ns3.example.net")["status"] == "current", 30)
    said = dns.cli("name-server", "show", "ns3.example.net").stdout
    assert "current" in said and "bound.example" in said
    # It hands nothing on.
    for zone in ("bound.example", f"catalog.{dns.name}.invalid"):
        assert "SOA" not in run("kdig", "@127.0.0.1", "-p", bind.port, "+retry=0", zone, "AXFR", check=False).stdout
    owner.delete("/zones/bound.example")
    eventually(lambda: "REFUSED" in bind.ask("www.bound.example", "A").stdout, 90)


def test_nsd_has_those_that_are_printed(dns, operator, owner, nsd):
    eventually(lambda: nsd.short("www.printed.example", "A") == ["192.0.2.1"], 90)
    owner.post("/zones/printed.example/rrsets/www/A/actions/set_records", {"records": [{"value": "192.0.2.2"}]})
    eventually(lambda: nsd.short("www.printed.example", "A") == ["192.0.2.2"], 90)
    assert "SOA" not in run("kdig", "@127.0.0.1", "-p", nsd.port, "+retry=0", "printed.example", "AXFR", check=False).stdout
    # A later one is behind until it is told of it, as the text says.
    owner.post("/zones", {"name": "later.example"})
    dns.live(owner, "later.example")
    eventually(lambda: state(operator, "ns4.example.net")["status"] == "behind", 20)
    text = (nsd.dir / "printed").read_text()
    assert "nsd-control addzone NAME first" in text
    run("nsd-control", "-c", nsd.dir / "conf", "addzone", "later.example", "first")
    eventually(lambda: nsd.short("later.example", "NS"), 90)
    eventually(lambda: state(operator, "ns4.example.net")["status"] == "current", 20)


def test_what_is_no_format_and_who_does_not_answer(dns, operator):
    body = {"name": "ns8.example.net", "address": "127.0.0.1", "port": 1}
    answer = operator.request("POST", "/name_servers", {**body, "format": "djbdns"})
    assert answer.status_code == 422 and answer.json()["error"]["details"]["fields"][0]["name"] == "format"
    server = operator.post("/name_servers", {**body, "format": "bind"})["name_server"]
    assert operator.error("GET", f"/name_servers/{server['id']}/config?format=x") == (422, "invalid_input")
    found = operator.get(f"/name_servers/{server['id']}/state")["state"]
    assert found == {**found, "status": "silent", "serial": None, "reason": "the name server does not answer"}
    assert operator.error("GET", "/name_servers/999/state") == (404, "not_found")
    # One over IPv6 has brackets where they belong, and is read by its judge.
    operator.delete(f"/name_servers/{server['id']}")
    six = operator.post("/name_servers", {"name": "ns8.example.net", "address": "2001:db8::54", "primary": "[2001:db8::53]:53", "format": "bind"})
    for text, judge in ((six["config"], "named-checkconf"),
                        (operator.get(f"/name_servers/{six['name_server']['id']}/config?primary=[2001:db8::53]:53&format=nsd")["config"], "nsd-checkconf")):
        (dns.dir / "six").write_text(text)
        if "(shown when" not in text:
            run(judge, dns.dir / "six")
    operator.delete(f"/name_servers/{six['name_server']['id']}")


def servers_of(owner, zone):
    return sorted(record["value"] for record in owner.get(f"/zones/{zone}/rrsets/@/NS")["rrset"]["records"])


def test_zones_follow_when_there_are_others(dns, operator, owner):
    """Those that name this service's servers alone; all of them in one step, each as one version."""
    for server in operator.get("/name_servers")["name_servers"]:
        operator.delete(f"/name_servers/{server['id']}")
    dns.cli("name-server", "update-zones", "--yes")
    assert dns.cli("name-server", "update-zones", "--yes").stdout.startswith("0 zones")
    for name, values in (("follows", None), ("stays", ["ns1.example.net.", "ns.elsewhere.example."]), ("protects", None), ("less", ["ns1.example.net."])):
        rrsets = [{"name": "@", "type": "NS", "ttl": 600, "records": [{"value": value} for value in values]}] if values else []
        owner.post("/zones", {"name": f"{name}.example", "rrsets": rrsets})
    owner.post("/zones/protects.example/rrsets/@/NS/actions/change_protection", {"change": True})
    before = {name: owner.get(f"/zones/{name}.example")["zone"]["version"] for name in ("follows", "stays", "protects", "less")}
    counts = operator.get("/name_servers/zones")["zones"]
    assert (counts["outdated"], counts["elsewhere"], counts["protected"]) == (1, 1, 0)
    operator.post("/name_servers", {"name": "ns5.example.net", "address": "192.0.2.55", "primary": "192.0.2.53"})
    counts = operator.get("/name_servers/zones")["zones"]
    assert (counts["elsewhere"], counts["protected"]) == (1, 1) and counts["outdated"] == counts["total"] - 2
    assert f"Outdated:    {counts['outdated']}" in dns.cli("name-server", "zones").stdout or str(counts["outdated"]) in dns.cli("name-server", "zones").stdout
    assert operator.post("/name_servers/actions/update_zones")["updated"] == counts["outdated"]
    three = ["ns1.example.net.", "ns2.example.net.", "ns5.example.net."]
    dns.answers("follows.example", "NS", *three)
    dns.answers("less.example", "NS", *three)
    assert owner.get("/zones/less.example/rrsets/@/NS")["rrset"]["ttl"] == 600
    assert servers_of(owner, "stays.example") == ["ns.elsewhere.example.", "ns1.example.net."] and len(servers_of(owner, "protects.example")) == 2
    after = {name: owner.get(f"/zones/{name}.example")["zone"]["version"] for name in before}
    assert {name: after[name] - before[name] for name in before} == {"follows": 1, "stays": 0, "protects": 0, "less": 1}
    assert operator.post("/name_servers/actions/update_zones")["updated"] == 0
    lines = owner.get("/history?what=zone.update_name_servers")["history"]
    assert {"follows.example", "less.example"} <= {line["resource"]["name"] for line in lines}
    # It can be gone back from, as from any version.
    owner.post("/zones/follows.example/actions/rollback", {"version": before["follows"]})
    assert len(servers_of(owner, "follows.example")) == 2
    # One that has gone is still known to have been ours.
    server, = operator.get("/name_servers")["name_servers"]
    operator.delete(f"/name_servers/{server['id']}")
    assert operator.post("/name_servers/actions/update_zones")["updated"] >= 1
    dns.answers("less.example", "NS", "ns1.example.net.", "ns2.example.net.")


def test_names_of_the_settings_change(dns, operator, owner):
    """The SOA has the first of them, in zones of addresses too."""
    dns.live(owner, "less.example")
    dns.stop()
    text = dns.config.read_text()
    dns.config.write_text(text.replace("ns1.example.net ns2.example.net", "ns7.example.net ns2.example.net"))
    dns.start()
    try:
        eventually(lambda: dns.dig("less.example", "SOA")[0][1].startswith("ns7.example.net."), 60)
        assert servers_of(owner, "less.example") == ["ns1.example.net.", "ns2.example.net."]
        assert operator.post("/name_servers/actions/update_zones")["updated"] >= 2
        dns.answers("less.example", "NS", "ns2.example.net.", "ns7.example.net.")
    finally:
        dns.stop()
        dns.config.write_text(text)
        dns.start()


def test_only_operators(dns, owner):
    assert owner.error("GET", "/name_servers/zones")[0] == 403 and owner.error("POST", "/name_servers/actions/update_zones")[0] == 403

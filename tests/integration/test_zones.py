"""Zones through the API, and what a real Knot answers: judged by kdig, ldns and delv."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import threading
import time

import pytest

from ippo_testing import Failed, eventually, run
from name_server import dns, operator, owner  # noqa: F401
from people import invite


def make(owner, name, **fields):
    return owner.post("/zones", {"name": name, **fields})["zone"]


def test_a_change_is_live_at_once(dns, owner):
    zone = make(owner, "live.example")
    assert (zone["status"], zone["mode"], zone["record_count"]) == ("updating", "primary", 2)
    took = []
    for number in range(20):
        owner.post("/zones/live.example/rrsets", {"name": f"h{number}", "type": "A", "records": [{"value": f"192.0.2.{number}"}]})
        start = time.monotonic()
        eventually(lambda: dns.dig(f"h{number}.live.example") == [("A", f"192.0.2.{number}")], 10, 0.005)
        took.append(time.monotonic() - start)
    print(f"live after p95 {sorted(took)[18] * 1000:.0f} ms")
    assert sorted(took)[18] < 2
    # Over TCP and IPv6 as well, and with EDNS.
    assert dns.dig("h3.live.example", "A", "+tcp") == dns.dig("h3.live.example", "A", "+edns") == [("A", "192.0.2.3")]
    assert run("kdig", "@::1", "-p", dns.dns_port, "+short", "h3.live.example").stdout.strip() == "192.0.2.3"
    found = dns.live(owner, zone["id"])
    assert found["serial"] > 0 and found["version"] == 21


TYPES = [("A", "192.0.2.7"), ("AAAA", "2001:db8::7"), ("MX", "10 mail.types.example."), ("TXT", '"v=spf1 -all"'), ("SRV", "1 2 5060 sip.types.example."),
         ("CAA", '0 issue "ca.example"'), ("TLSA", "3 1 1 " + "0A" * 32), ("SSHFP", "4 2 " + "0B" * 32), ("HTTPS", "1 . alpn=h2"),
         ("SVCB", "1 svc.types.example. port=853"), ("PTR", "host.types.example."), ("CNAME", "other.types.example."), ("NS", "ns.elsewhere.example."),
         ("DS", "12345 13 2 " + "0C" * 32), ("HINFO", '"PC" "Linux"'), ("RP", "me.types.example. text.types.example.")]


def test_each_type_is_served(dns, owner):
    rrsets = [{"name": kind.lower() if kind != "DS" else "ns", "type": kind, "records": [{"value": value}]} for kind, value in TYPES]
    zone = make(owner, "types.example", rrsets=rrsets)
    dns.live(owner, zone["id"])
    for kind, value in TYPES:
        if kind in ("NS", "DS"):
            continue
        assert dns.dig(f"{kind.lower()}.types.example", kind) == [(kind, value)]
    assert dns.dig("ns.types.example", "DS") == [("DS", "12345 13 2 " + "0C" * 32)]
    said = run("kdig", "@127.0.0.1", "-p", dns.dns_port, "+norecurse", "below.ns.types.example").stdout
    assert "ns.elsewhere.example." in said


WRONG = [
    ("@", "CNAME", ["other.example."], "CNAME cannot stand"),
    ("www", "A", ["192.0.2.256"], "an IPv4 address"),
    ("www", "A", ["192.0.2.1", "192.0.2.1"], "twice"),
    ("www", "AAAA", ["192.0.2.1"], "an IPv6 address"),
    ("www", "CNAME", ["a.example.", "b.example."], "one CNAME"),
    ("www", "A", [], "at least one"),
    ("www", "A", ["192.0.2.1\nevil 60 IN A 192.0.2.2"], "control characters"),
    ("www", "A", ["192.0.2.1 ) ( evil"], ""),
    ("www", "TXT", ["v=DKIM1; k=rsa"], "quotes"),
    ("www", "TXT", [" ".join(['"' + "b" * 250 + '"'] * 280)], ""),
    ("@", "DS", ["12345 13 2 " + "0C" * 32], "registrar"),
    ("@", "SOA", ["a. b. 1 2 3 4 5"], "SOA"),
    ("a" * 64, "A", ["192.0.2.1"], "63"),
    (".".join(["a" * 60] * 4), "A", ["192.0.2.1"], "253"),
    ("a b", "A", ["192.0.2.1"], "spaces"),
    ("www.", "A", ["192.0.2.1"], "period"),
    ("a..b", "A", ["192.0.2.1"], ""),
    ("www", "LOC", ["51 30 N 0 7 W 1m"], "type must be"),
]


def test_what_is_wrong_is_said_and_changes_nothing(dns, owner):
    make(owner, "wrong.example")
    before = owner.get("/zones/wrong.example")["zone"]["version"]
    for name, kind, values, word in WRONG:
        answer = owner.request("POST", "/zones/wrong.example/rrsets", {"name": name, "type": kind, "records": [{"value": value} for value in values]})
        assert answer.status_code == 422, (name, kind, answer.text)
        error = answer.json()["error"]
        assert error["code"] == "invalid_input" and error["details"]["fields"], (name, kind, error)
        assert word in json.dumps(error), (name, kind, error)
    owner.post("/zones/wrong.example/rrsets", {"name": "www", "type": "A", "records": [{"value": "192.0.2.1"}]})
    said = owner.request("POST", "/zones/wrong.example/rrsets", {"name": "www", "type": "CNAME", "records": [{"value": "other"}]}).json()["error"]
    assert "CNAME cannot stand beside other records" in said["message"]
    assert owner.get("/zones/wrong.example")["zone"]["version"] == before + 1
    for name in ("example", "co.jp", "com", "a..b", "-a.example", "a b.example", "", "x" * 64 + ".example", "日本..example", "a_b\\.example"):
        assert owner.error("POST", "/zones", {"name": name}) == (422, "invalid_input"), name
    assert owner.error("POST", "/zones", {"name": "wrong.example"}) == (409, "uniqueness_error")


def test_records_are_added_changed_and_removed(dns, owner):
    make(owner, "sets.example")
    path = "/zones/sets.example/rrsets/www/A"
    owner.post(path + "/actions/add_records", {"records": [{"value": "192.0.2.1", "comment": "first"}], "ttl": 120})
    owner.post(path + "/actions/add_records", {"records": [{"value": "192.0.2.2"}]})
    dns.answers("www.sets.example", "A", "192.0.2.1", "192.0.2.2")
    owner.post(path + "/actions/update_records", {"records": [{"value": "192.0.2.2", "comment": "second"}]})
    rrset = owner.get(path)["rrset"]
    assert rrset["id"] == "www/A" and rrset["ttl"] == 120
    assert rrset["records"] == [{"value": "192.0.2.1", "comment": "first"}, {"value": "192.0.2.2", "comment": "second"}]
    owner.post(path + "/actions/remove_records", {"records": [{"value": "192.0.2.1"}]})
    dns.answers("www.sets.example", "A", "192.0.2.2")
    owner.post(path + "/actions/set_records", {"records": [{"value": "192.0.2.9"}]})
    owner.post(path + "/actions/change_ttl", {"ttl": 600})
    dns.answers("www.sets.example", "A", "192.0.2.9")
    owner.put(path, {"labels": {"a": "b"}})
    assert [found["id"] for found in owner.get("/zones/sets.example/rrsets?label_selector=a=b")["rrsets"]] == ["www/A"]
    owner.post(path + "/actions/change_protection", {"change": True})
    assert owner.error("DELETE", path) == (423, "protected")
    assert owner.error("POST", path + "/actions/set_records", {"records": [{"value": "192.0.2.3"}]}) == (423, "protected")
    owner.post(path + "/actions/change_protection", {"change": False})
    owner.post(path + "/actions/remove_records", {"records": [{"value": "192.0.2.9"}]})
    assert owner.error("GET", path) == (404, "not_found")
    # What was one thing becomes another in one step each.
    owner.post("/zones/sets.example/rrsets", {"name": "www", "type": "CNAME", "records": [{"value": "other"}]})
    dns.answers("www.sets.example", "CNAME", "other.sets.example.")
    assert owner.error("DELETE", "/zones/sets.example/rrsets/@/NS") == (422, "resource_in_use")
    said = owner.request("POST", "/zones/sets.example/rrsets/www/LOC/actions/add_records", {"records": [{"value": "x"}]}).json()["error"]
    assert said["code"] == "invalid_input" and said["details"]["fields"][0]["name"] == "type" and "type must be" in said["message"]


FILE = r"""
$ORIGIN file.example.
$TTL 1h
@       IN SOA ns1.file.example. hostmaster 1 2h 30M 1W 300
        IN NS  ns1
        NS     ns2.elsewhere.example.
        MX     10 mail ; the first
        MX     (
                 20   ; in brackets
                 mail2
               )
ns1     3600 IN A 192.0.2.53
mail    A 192.0.2.25
        AAAA 2001:db8::25
mail2   600 A 192.0.2.26
*.wild  TXT "any" "thing; here" "\"quoted\" \\ \065"
a\.b    TXT "escaped"
$ORIGIN sub.file.example.
www     CNAME mail.file.example.
_sip._tcp SRV 0 5 5060 www
big     TYPE16 \# 4 03616263
"""


def test_lists_are_sorted_as_asked(dns, owner):
    zone = owner.post("/zones", {"name": "sorted.example", "rrsets": [{"name": name, "type": kind, "records": [{"value": value}]} for name, kind, value in (
        ("b", "TXT", '"x"'), ("b", "A", "192.0.2.1"), ("c", "AAAA", "2001:db8::1"), ("a", "MX", "10 mail.example."))]})["zone"]
    path = f"/zones/{zone['id']}/rrsets"

    def ids(query):
        return [each["id"] for each in owner.get(path + query)["rrsets"]]
    every = ["@/NS", "a/MX", "b/A", "b/TXT", "c/AAAA"]
    assert ids("") == ids("?sort=id") == ids("?sort=id:asc") == ids("?sort=name") == every
    assert ids("?sort=id:desc") == every[::-1]
    assert ids("?sort=name:desc") == ["c/AAAA", "b/A", "b/TXT", "a/MX", "@/NS"]
    assert ids("?sort=name&sort=id:desc") == ["@/NS", "a/MX", "b/TXT", "b/A", "c/AAAA"]
    assert ids("?sort=name:desc&per_page=2&page=2") == ["b/TXT", "a/MX"]
    other = owner.post("/zones", {"name": "another.example"})["zone"]
    both = [zone["id"], other["id"]]

    def zones(query):
        return [each["id"] for each in owner.get("/zones?per_page=50&" + query)["zones"] if each["id"] in both]
    assert zones("sort=id") == zones("sort=created") == zones("sort=name:desc") == both
    assert zones("sort=id:desc") == zones("sort=created:desc") == zones("sort=name") == both[::-1]
    for query, said in ((path + "?sort=ttl", "id, name"), (path + "?sort=created", "id, name"), (path + "?sort=name:up", "asc"), ("/zones?sort=serial", "id, name, created")):
        answer = owner.request("GET", query)
        assert answer.status_code == 422 and answer.json()["error"]["code"] == "invalid_input" and said in answer.text, answer.text
        assert answer.json()["error"]["details"]["fields"][0]["name"] == "sort"


def test_zone_files_come_and_go_unchanged(dns, owner, tmp_path):
    zone = make(owner, "file.example", zonefile=FILE)
    dns.live(owner, zone["id"])
    assert dns.dig("x.wild.file.example", "TXT") == [("TXT", '"any" "thing; here" "\\"quoted\\" \\\\ A"')]
    assert dns.dig("big.sub.file.example", "TXT") == [("TXT", '"abc"')]
    exported = owner.get("/zones/file.example/zonefile")["zonefile"]
    owner.post("/zones/file.example/actions/import_zonefile", {"zonefile": exported})
    again = owner.get("/zones/file.example/zonefile")["zonefile"]
    strip = lambda text: re.sub(r"SOA.*", "SOA", text)
    assert strip(again) == strip(exported)
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    theirs.write_text(FILE)
    ours.write_text(exported)
    lines = [sorted(line for line in run("ldns-read-zone", "-c", path).stdout.splitlines() if "SOA" not in line) for path in (theirs, ours)]
    assert [re.sub(r"\s+", " ", line) for line in lines[0]] == [re.sub(r"\s+", " ", line) for line in lines[1]]


@pytest.mark.parametrize("text, word", [
    ("www A 192.0.2.1\nwww A 1.2.3\n", "line 2"),
    ("$INCLUDE /etc/passwd\n", "$INCLUDE"),
    ("www.elsewhere.example. A 192.0.2.1\n", "line 1: the name is not below"),
    ("www CNAME a\nwww A 192.0.2.1\n", "CNAME cannot stand beside"),
    ("www LOC 51 30 12.748 N 0 7 39.612 W 0.00m\n", "LOC"),
    ("www TXT \"open\n", "line"),
    ("www 5 A 192.0.2.1\n", "TTL"),
    ("\0", "text"),
    ("".join(f"h{n} A 192.0.2.1\n" for n in range(8000)), None),
])
def test_broken_files_are_refused_whole(dns, owner, text, word):
    if owner.request("GET", "/zones/broken.example").status_code == 404:
        make(owner, "broken.example", rrsets=[{"name": "kept", "type": "A", "records": [{"value": "192.0.2.1"}]}])
    before = owner.get("/zones/broken.example/zonefile")["zonefile"]
    answer = owner.request("POST", "/zones/broken.example/actions/import_zonefile", {"zonefile": text})
    if word is None:
        assert answer.status_code == 201
        return
    assert answer.status_code in (400, 422), answer.text
    assert word in answer.text or "\\u0000" in answer.text, answer.text
    assert re.sub("SOA.*", "", owner.get("/zones/broken.example/zonefile")["zonefile"]) == re.sub("SOA.*", "", before)


def test_names_in_other_scripts(dns, owner):
    zone = make(owner, "日本語.example")
    assert (zone["name"], zone["unicode_name"]) == ("xn--wgv71a119e.example", "日本語.example")
    owner.post("/zones/日本語.example/rrsets", {"name": "東京", "type": "A", "records": [{"value": "192.0.2.81"}]})
    dns.answers("xn--1lqs71d.xn--wgv71a119e.example", "A", "192.0.2.81")
    assert owner.get("/zones?name=日本語.example")["zones"][0]["id"] == zone["id"]
    assert owner.get("/zones/xn--wgv71a119e.example")["zone"]["id"] == zone["id"]
    owner.get("/zones/日本語.example/rrsets/東京/A")
    assert owner.error("POST", "/zones", {"name": "xn--wgv71a119e.example"}) == (409, "uniqueness_error")


def test_versions_can_be_gone_back_to(dns, owner):
    make(owner, "past.example")
    path = "/zones/past.example"
    owner.post(path + "/rrsets", {"name": "www", "type": "A", "records": [{"value": "192.0.2.1"}]})
    good = owner.get(path)["zone"]["version"]
    owner.post(path + "/rrsets/www/A/actions/set_records", {"records": [{"value": "192.0.2.2"}]})
    owner.delete(path + "/rrsets/www/A")
    owner.post(path + "/rrsets", {"name": "www", "type": "CNAME", "records": [{"value": "other"}]})
    owner.post(path + "/actions/change_ttl", {"ttl": 120})
    changes = owner.get(path + f"/versions/{good + 1}")["changes"]
    assert changes[0]["before"]["records"][0]["value"] == "192.0.2.1" and changes[0]["after"]["records"][0]["value"] == "192.0.2.2"
    owner.post(path + "/actions/rollback", {"version": good})
    dns.answers("www.past.example", "A", "192.0.2.1")
    assert owner.get(path)["zone"]["ttl"] == 3600
    for number in range(25):
        owner.post(path + "/actions/change_ttl", {"ttl": 300 + number})
    assert len(owner.get(path + "/versions")["versions"]) == 20
    assert owner.error("POST", path + "/actions/rollback", {"version": good}) == (404, "not_found")


def test_a_name_is_one_customers(dns, operator, owner):
    operator.post("/customers", {"name": "others"})
    other = invite(dns, "other-owner", "others")
    assert other.error("POST", "/zones", {"name": "mine.example"}) == (403, "resource_limit_exceeded")
    other.create_server("other-named", server_type="named")
    make(owner, "mine.example")
    assert other.error("POST", "/zones", {"name": "mine.example"}) == (409, "uniqueness_error")
    assert other.error("POST", "/zones", {"name": "sub.mine.example"}) == (403, "forbidden")
    make(other, "deep.other.example")
    assert owner.error("POST", "/zones", {"name": "other.example"}) == (403, "forbidden")
    assert other.error("GET", "/zones/mine.example") == (404, "not_found")
    assert other.error("DELETE", "/zones/mine.example") == (404, "not_found")
    customer = operator.get("/customers?name=others")["customers"][0]["id"]
    operator.post(f"/customers/{customer}/actions/permit_zone", {"name": "sub.mine.example"})
    make(other, "sub.mine.example")
    assert owner.get("/zones")["quota"]["limit"] == 200


def test_plans_have_five_or_ten_zones(dns, operator):
    """Those that the service comes with; the quota is shown, and one zone more is refused with it."""
    plans = {plan["name"]: plan["dns_zones"] for plan in operator.get("/server_types")["server_types"] if plan["name"] != "named"}
    assert set(plans.values()) == {5, 10}, plans
    operator.post("/customers", {"name": "few"})
    few = invite(dns, "few-owner", "few")
    few.create_server("few-zones", server_type=min(plans, key=plans.get))
    assert few.get("/zones")["quota"] == {"used": 0, "limit": 5}
    for number in range(5):
        make(few, f"few-{number}.example")
    assert few.get("/zones")["quota"] == {"used": 5, "limit": 5}
    refused = few.request("POST", "/zones", {"name": "few-5.example"})
    assert refused.status_code == 403 and refused.json()["error"]["code"] == "resource_limit_exceeded" and "5 zones, and there are 5" in refused.text
    assert "5" in dns.cli("zone", "list", "--customer", "few").stdout


def test_what_is_deleted_is_gone(dns, owner):
    zone = make(owner, "gone.example")
    dns.live(owner, zone["id"])
    owner.post("/zones/gone.example/actions/change_protection", {"delete": True})
    assert owner.error("DELETE", "/zones/gone.example") == (423, "protected")
    owner.post("/zones/gone.example/actions/change_protection", {"delete": False})
    owner.delete("/zones/gone.example")
    eventually(lambda: dns.dig("gone.example", "SOA") == "REFUSED", 10)
    # Another one of that name begins anew.
    make(owner, "gone.example", rrsets=[{"name": "new", "type": "A", "records": [{"value": "192.0.2.1"}]}])
    dns.answers("new.gone.example", "A", "192.0.2.1")


def test_nobody_gets_a_transfer_or_changes_anything(dns, owner):
    make(owner, "closed.example")
    dns.answers("closed.example", "NS", "ns1.example.net.", "ns2.example.net.")
    said = run("kdig", "@127.0.0.1", "-p", dns.dns_port, "closed.example", "AXFR", check=False)
    assert "ns1.example.net" not in said.stdout and "NOTAUTH" in said.stdout + said.stderr
    update = f"server 127.0.0.1 {dns.dns_port}\nzone closed.example.\nupdate add evil.closed.example. 60 A 192.0.2.66\nsend\n"
    run("knsupdate", input=update, check=False)
    assert dns.dig("evil.closed.example") == "NXDOMAIN"


def test_signing_by_one_switch(dns, owner, tmp_path):
    """The chain holds from an anchor that this test makes of the DS that is shown."""
    zone = make(owner, "signed.example", rrsets=[{"name": "www", "type": "A", "records": [{"value": "192.0.2.1"}]}])
    dns.live(owner, zone["id"])
    owner.post("/zones/signed.example/actions/change_dnssec", {"enabled": True})
    found = eventually(lambda: (lambda z: z if z["dnssec"]["ds"] and z["status"] == "ok" else None)(owner.get("/zones/signed.example")["zone"]), 20)
    tag, algorithm, digest, value = found["dnssec"]["ds"][0].split(None, 3)
    anchor = tmp_path / "anchor"
    anchor.write_text(f'trust-anchors {{ signed.example. static-ds {tag} {algorithm} {digest} "{value.replace(" ", "")}"; }};\n')

    def validates(name):
        # delv asks a resolver; without recursion an authoritative server's answer will do, for names below the anchor.
        said = subprocess.run(["delv", "-a", anchor, "+root=signed.example", "@127.0.0.1", "-p", str(dns.dns_port), name, "A"], capture_output=True, text=True, timeout=20)
        return said.stdout + said.stderr
    assert "; fully validated" in validates("www.signed.example")
    owner.post("/zones/signed.example/rrsets", {"name": "new", "type": "A", "records": [{"value": "192.0.2.2"}]})
    dns.answers("new.signed.example", "A", "192.0.2.2")
    assert "; fully validated" in validates("new.signed.example")
    assert "fully validated" in validates("missing.signed.example")
    owner.post("/zones/signed.example/actions/change_dnssec", {"enabled": False})
    eventually(lambda: dns.dig("signed.example", "DNSKEY") == "NOERROR", 20)


def test_whether_the_parent_has_the_ds(dns, owner):
    """The name server is its own resolver here: it has the zone above as well."""
    make(owner, "above.example", rrsets=[{"name": "below", "type": "NS", "records": [{"value": "ns1.example.net."}]}])

    def above():
        return owner.get("/zones/below.above.example/parent_ds")["parent_ds"]

    def put(*values):
        owner.post("/zones/above.example/rrsets/below/DS/actions/add_records", {"records": [{"value": values[-1]}]})
        eventually(lambda: dns.dig("below.above.example", "DS") == sorted(("DS", value) for value in values), 20)
    zone = make(owner, "below.above.example")
    assert zone["dnssec"]["parent_ds"] == "unknown" and zone["dnssec"]["parent_ds_checked"] is None
    owner.post("/zones/below.above.example/actions/change_dnssec", {"enabled": True})
    zone = eventually(lambda: (lambda z: z if z["dnssec"]["ds"] and z["status"] == "ok" else None)(owner.get("/zones/below.above.example")["zone"]), 20)
    assert above()["status"] == "missing"
    stranger = "12345 13 2 " + "0C" * 32
    put(stranger)
    assert above()["status"] == "different" and above()["found"] == [stranger]
    put(stranger, zone["dnssec"]["ds"][0])
    found = above()
    assert found["status"] == "present" and found["reason"] is None and len(found["found"]) == 2
    shown = owner.get("/zones/below.above.example")["zone"]["dnssec"]
    assert shown["parent_ds"] == "present" and shown["parent_ds_checked"] == found["checked"]
    # Nobody to ask: what was known last stays, with the reason.
    os.kill(dns.knotd(), signal.SIGSTOP)
    try:
        lost = above()
        assert lost["status"] == "present" and lost["reason"] == "the resolver does not answer"
    finally:
        os.kill(dns.knotd(), signal.SIGCONT)
    assert dns.cli("zone", "show", "below.above.example", "--customer", "zoned").stdout.count("present") == 1
    assert owner.error("GET", "/zones/nothing.example/parent_ds") == (404, "not_found")


def test_name_server_down_and_back(dns, owner):
    """Changes wait, and what is answered afterwards is the last of them."""
    zone = make(owner, "down.example")
    dns.live(owner, zone["id"])
    pid = dns.knotd()
    os.kill(pid, signal.SIGSTOP)
    try:
        for number in range(5):
            owner.post("/zones/down.example/rrsets/www/A/actions/set_records" if number else "/zones/down.example/rrsets",
                       {"records": [{"value": f"192.0.2.{number}"}], **({} if number else {"name": "www", "type": "A"})})
        assert owner.get("/zones/down.example")["zone"]["status"] == "updating"
    finally:
        os.kill(pid, signal.SIGKILL)
    dns.answers("www.down.example", "A", "192.0.2.4")
    assert dns.knotd() != pid
    assert dns.dig("h3.live.example") == [("A", "192.0.2.3")]


def test_everything_is_rebuilt_from_the_database(dns, owner):
    before = owner.get("/zones/live.example")["zone"]["serial"]
    dns.stop()
    shutil.rmtree(dns.state / "dns")
    dns.start()
    dns.answers("h3.live.example", "A", "192.0.2.3")
    dns.answers("xn--1lqs71d.xn--wgv71a119e.example", "A", "192.0.2.81")
    found = dns.live(owner, "live.example")
    # Secondaries would not take a zone that goes back.
    assert found["serial"] > before
    # The contents alone may be lost as well.
    pid = dns.knotd()
    shutil.rmtree(dns.state / "dns/journal")
    os.kill(pid, signal.SIGKILL)
    dns.answers("h3.live.example", "A", "192.0.2.3")


def test_answers_are_never_half_a_change(dns, owner):
    """Two whole contents take turns, while the name server and what speaks with it are killed: what it holds is always one of both."""
    count = 200
    files = ["".join(f"h{number} A 192.0.2.{which}\n" for number in range(count)) for which in (1, 2)]
    make(owner, "halves.example", zonefile=files[0])
    dns.live(owner, "halves.example")
    seen, stop = set(), threading.Event()

    def look():
        """Reads all of it at one moment, as Knot holds it."""
        while not stop.is_set():
            said = run("knotc", "-s", dns.run_dir / "dns/knot.sock", "zone-read", "halves.example", check=False).stdout
            values = set(re.findall(r"h\d+\.halves\.example\. \d+ A (\S+)", said))
            if values:
                seen.add((frozenset(values), said.count(" A ")))
    looking = threading.Thread(target=look)
    looking.start()
    try:
        for number in range(1, 13):
            owner.post("/zones/halves.example/actions/import_zonefile", {"zonefile": files[number % 2]})
            if number % 4 == 0:
                os.kill(dns.knotd(), signal.SIGKILL)
                eventually(dns.knotd, 20)
            elif number % 4 == 2:
                for pid in (pid for pid in dns._children(dns.process.pid) if dns._comm(pid) == "ippo-dns"):
                    os.kill(pid, signal.SIGKILL)
            else:
                dns.answers("h0.halves.example", "A", f"192.0.2.{number % 2 + 1}")
                assert dns.dig(f"h{count - 1}.halves.example") == [("A", f"192.0.2.{number % 2 + 1}")]
        dns.answers("h0.halves.example", "A", "192.0.2.1")
        dns.live(owner, "halves.example")
    finally:
        stop.set()
        looking.join()
    assert seen == {(frozenset({"192.0.2.1"}), count), (frozenset({"192.0.2.2"}), count)}


def test_a_change_that_was_left_open_is_given_up(dns, owner):
    """Of somebody who ended within it; what was put into it is answered by nobody."""
    make(owner, "open.example", rrsets=[{"name": "kept", "type": "A", "records": [{"value": "192.0.2.1"}]}])
    dns.live(owner, "open.example")
    for words in (("zone-begin", "open.example"), ("zone-set", "open.example", "stray", "60", "A", "192.0.2.66")):
        run("knotc", "-s", dns.run_dir / "dns/knot.sock", *words)
    owner.post("/zones/open.example/rrsets", {"name": "new", "type": "A", "records": [{"value": "192.0.2.2"}]})
    dns.answers("new.open.example", "A", "192.0.2.2")
    assert dns.live(owner, "open.example")["status"] == "ok"
    assert dns.dig("stray.open.example") == "NXDOMAIN" and dns.dig("kept.open.example") == [("A", "192.0.2.1")]


def test_it_listens_where_it_is_told_and_nowhere_else(dns):
    """On loopback, at its own port, with its own folder; this machine's resolver is what it was."""
    pid = dns.knotd()
    said = [line.split() for line in run("ss", "-Hlntup").stdout.splitlines() if f"pid={pid}," in line]
    assert {words[4] for words in said} == {f"127.0.0.1:{dns.dns_port}", f"[::1]:{dns.dns_port}"}
    files = [os.readlink(f"/proc/{pid}/fd/{number}") for number in os.listdir(f"/proc/{pid}/fd")]
    kept = [path for path in files if path.startswith("/") and not path.startswith(("/dev/", "/proc/"))]
    assert any(path.endswith("journal/data.mdb") for path in kept), kept
    assert all(path.startswith((str(dns.state), str(dns.run_dir), str(dns.dir))) for path in kept), kept
    assert f"{dns.dns_port}" not in pathlib.Path("/etc/resolv.conf").read_text()


def test_core_killed_between(dns, owner):
    make(owner, "killed.example")
    for number in range(6):
        owner.post("/zones/killed.example/rrsets", {"name": f"k{number}", "type": "A", "records": [{"value": "192.0.2.1"}]})
        if number % 2:
            dns.kill("core")
            dns.wait_healthy()
    for number in range(6):
        dns.answers(f"k{number}.killed.example", "A", "192.0.2.1")


def test_it_has_no_power(dns, owner):
    """ippo-dns runs as the user of the name server, without capabilities, and sees nothing of core's."""
    make(owner, "power.example")
    def started():
        """One that has given its powers up."""
        pid = next((pid for pid in dns._children(dns.process.pid) if dns._comm(pid) == "ippo-dns"), None)
        status = open(f"/proc/{pid}/status").read() if pid else ""
        return status if "Seccomp:\t2" in status else None
    status = eventually(started, 10, 0.005)
    user = run("id", "-u", "ippo-dns").stdout.strip()
    assert re.search(rf"^Uid:\s{user}\s{user}\s{user}\s{user}$", status, re.M)
    assert re.search(r"^CapEff:\s0+$", status, re.M) and re.search(r"^NoNewPrivs:\s1$", status, re.M) and re.search(r"^Seccomp:\s2$", status, re.M)
    knot = open(f"/proc/{dns.knotd()}/status").read()
    assert re.search(rf"^Uid:\s{user}\s{user}\s{user}\s{user}$", knot, re.M)

"""Secondary zones: fetched from a real Knot elsewhere, with and without a key, and answered by both name servers of this service."""
import base64
import re

import pytest

from ippo_testing import eventually, run
from name_server import NameServer, OtherKnot, operator, owner  # noqa: F401
from test_name_servers import place

SECRET = base64.b64encode(bytes(range(32))).decode()
OTHER = base64.b64encode(bytes(32)).decode()
PRIMARY = """server:
    rundir: "{dir}"
    pidfile: "pid"
    listen: 127.0.0.1@{port}
log:
  - target: stderr
    any: info
database:
    storage: "{dir}"
key:
  - id: _transfer.signed.example.
    algorithm: hmac-sha256
    secret: SECRET
remote:
  - id: ippo
    address: 127.0.0.1@IPPO
  - id: ippo-signed
    address: 127.0.0.1@IPPO
    key: _transfer.signed.example.
acl:
  - id: open
    action: transfer
    address: 127.0.0.1
  - id: signed
    action: transfer
    key: _transfer.signed.example.
template:
  - id: default
    storage: "{dir}"
    zonefile-sync: -1
    zonefile-load: difference
    journal-content: all
zone:
  - domain: open.example
    file: open.zone
    acl: open
    notify: ippo
  - domain: signed.example
    file: signed.zone
    acl: signed
    notify: ippo-signed
  - domain: short.example
    file: short.zone
    acl: open
  - domain: xn--wgv71a.example
    file: open.zone
    acl: open
"""


def zone_file(serial, address, expire=1209600):
    return (f"$TTL 300\n@ SOA ns.elsewhere.example. me.elsewhere.example. {serial} 3600 900 {expire} 60\n@ NS ns1.example.net.\n@ NS ns2.example.net.\n"
            f"www A {address}\n" + "".join(f"h{number} A 192.0.2.{number}\n" for number in range(20)))


class Primary(OtherKnot):
    def control(self, *words):
        return run("/usr/sbin/knotc", "-s", self.dir / "knot.sock", *words).stdout

    def write(self, zone, serial, address, **more):
        """Another version of a zone: it tells who follows."""
        (self.dir / f"{zone}.zone").write_text(zone_file(serial, address, **more))
        if self.process:
            self.control("zone-reload", f"{zone}.example")

    def said(self):
        return (self.dir / "log").read_text()


@pytest.fixture(scope="module")
def dns():
    instance = NameServer(primary_allow="127.0.0.0/8 ::1")
    try:
        yield instance.with_servers()
    finally:
        instance.close()


@pytest.fixture(scope="module")
def primary(dns):
    knot = Primary(dns.dir / "primary", PRIMARY.replace("SECRET", SECRET).replace("IPPO", str(dns.dns_port)),
                   open=zone_file(1, "192.0.2.100"), signed=zone_file(1, "192.0.2.100"), short=zone_file(1, "192.0.2.100", 5))
    try:
        yield knot.start()
    finally:
        knot.close()


@pytest.fixture(scope="module")
def second(dns, operator):
    knot = OtherKnot(dns.dir / "second", "")
    knot.configure(place(dns.cli("name-server", "add", "ns3.example.net", "127.0.0.1", "--port", str(knot.port)).stdout, knot.dir))
    try:
        yield knot.start()
    finally:
        knot.close()


def secondary(api, name, port, *, key=None, **more):
    one = {"address": "127.0.0.1", "port": port, **({"tsig_algorithm": "hmac-sha256", "tsig_key": key} if key else {}), **more}
    return api.post("/zones", {"name": name, "mode": "secondary", "primary_nameservers": [one]})["zone"]


def states(api, zone):
    return [(one["status"], one["reason"]) for one in api.get(f"/zones/{zone}/primary_nameservers")["primary_nameservers"]]


def test_it_is_fetched_and_followed_on_both(dns, owner, primary, second):
    zone = secondary(owner, "open.example", primary.port)
    assert (zone["mode"], zone["status"]) == ("secondary", "updating")
    assert zone["primary_nameservers"] == [{"address": "127.0.0.1", "port": primary.port, "tsig_algorithm": None, "tsig_key": None, "tsig_name": None}]
    dns.answers("www.open.example", "A", "192.0.2.100")
    found = dns.live(owner, "open.example")
    assert found["serial"] == 1 and found["transferred"] and found["expires"] > found["transferred"] and found["status_reason"] is None
    eventually(lambda: second.short("www.open.example", "A") == ["192.0.2.100"], 60)
    assert "AXFR, outgoing" in primary.said()
    # It tells, and what differs is fetched; long before the hour of its SOA.
    primary.write("open", 2, "192.0.2.101")
    dns.answers("www.open.example", "A", "192.0.2.101")
    eventually(lambda: second.short("www.open.example", "A") == ["192.0.2.101"], 60)
    assert re.search(r"open\.example\.\] IXFR, outgoing", primary.said())
    eventually(lambda: owner.get("/zones/open.example")["zone"]["serial"] == 2, 30)
    assert states(owner, "open.example") == [("ok", None)]
    # What is held is exported, and a name server reads it.
    text = owner.get("/zones/open.example/zonefile")["zonefile"]
    (dns.dir / "held.zone").write_text(text)
    assert "192.0.2.101" in run("ldns-read-zone", dns.dir / "held.zone").stdout and text.count("\n") == 24
    # Its list can be asked for by the mode.
    assert [each["name"] for each in owner.get("/zones?mode=secondary")["zones"]] == ["open.example"]


def test_a_key_is_needed_and_a_wrong_one_is_seen(dns, owner, primary):
    secondary(owner, "signed.example", primary.port, key=OTHER)
    eventually(lambda: states(owner, "signed.example") == [("refused", "it does not accept the key")], 30)
    found = owner.get("/zones/signed.example")["zone"]
    assert found["status"] == "updating" and "nothing was fetched" in found["status_reason"]
    eventually(lambda: dns.dig("www.signed.example") == "SERVFAIL", 30)
    # Without any it is refused too; the key is shown to nobody.
    owner.post("/zones/signed.example/actions/change_primary_nameservers", {"primary_nameservers": [{"address": "127.0.0.1", "port": primary.port}]})
    assert states(owner, "signed.example")[0][0] == "refused"
    owner.post("/zones/signed.example/actions/change_primary_nameservers",
               {"primary_nameservers": [{"address": "127.0.0.1", "port": primary.port, "tsig_algorithm": "hmac-sha256", "tsig_key": SECRET}]})
    dns.answers("www.signed.example", "A", "192.0.2.100")
    dns.live(owner, "signed.example")
    one = owner.get("/zones/signed.example")["zone"]["primary_nameservers"][0]
    assert (one["tsig_algorithm"], one["tsig_key"], one["tsig_name"]) == ("hmac-sha256", None, "_transfer.signed.example.")
    assert SECRET not in str(owner.get("/zones")) and SECRET not in dns.cli("history", "list").stdout
    primary.write("signed", 2, "192.0.2.102")
    dns.answers("www.signed.example", "A", "192.0.2.102")


def test_a_stranger_tells_nothing(dns, owner, primary):
    """NOTIFY from an address that is no primary's, and without the key that was agreed."""
    def notify(source, zone, *key):
        return run("kdig", "@127.0.0.1", "-p", dns.dns_port, "-b", source, "+retry=0", "+timeout=5", *key, zone, "-t", "NOTIFY", check=False).stdout
    assert "status: NOTAUTH" in notify("127.0.0.2", "open.example")
    assert "status: NOTAUTH" in notify("127.0.0.1", "signed.example")
    assert "status: NOERROR" in notify("127.0.0.1", "open.example")
    assert "status: NOERROR" in notify("127.0.0.1", "signed.example", "-y", f"hmac-sha256:_transfer.signed.example:{SECRET}")


def test_its_records_are_changed_elsewhere(dns, owner, primary):
    record = {"name": "www", "type": "A", "records": [{"value": "192.0.2.1"}]}
    zone = "/zones/open.example"
    for method, path, body in (("POST", "/rrsets", record), ("POST", "/actions/import_zonefile", {"zonefile": "www A 192.0.2.1"}), ("POST", "/actions/change_ttl", {"ttl": 600}),
                               ("POST", "/actions/change_dnssec", {"enabled": True}), ("POST", "/actions/rollback", {"version": 1}),
                               ("POST", "/rrsets/www/A/actions/set_records", {"records": [{"value": "192.0.2.1"}]}), ("DELETE", "/rrsets/www/A", None)):
        answer = owner.request(method, zone + path, body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "unsupported_error"), (path, answer.text)
        assert "its records are changed at its primary name servers" in answer.json()["error"]["message"]
    assert dns.dig("www.open.example") == [("A", "192.0.2.101")]
    owner.put(zone, {"labels": {"of": "me"}})
    owner.post(zone + "/actions/change_protection", {"delete": True})
    assert owner.error("DELETE", zone) == (423, "protected")
    owner.post(zone + "/actions/change_protection", {"delete": False})
    owner.post("/zones", {"name": "own.example"})
    assert owner.error("POST", "/zones/own.example/actions/change_primary_nameservers", {"primary_nameservers": [{"address": "127.0.0.1"}]}) == (422, "unsupported_error")
    assert owner.error("GET", "/zones/own.example/primary_nameservers") == (422, "unsupported_error")


def test_what_was_fetched_is_listed(dns, owner, primary):
    """As the name server has it, a page at a time, by name and type, in an order; nobody changes it here."""
    path = "/zones/open.example/rrsets"
    number = owner.get("/zones/open.example")["zone"]["id"]
    whole = owner.get(path + "?per_page=50")
    sets = {each["id"]: each for each in whole["rrsets"]}
    assert whole["meta"]["pagination"]["total_entries"] == len(sets) == 23
    assert sets["www/A"] == {"id": "www/A", "name": "www", "type": "A", "ttl": 300, "labels": {}, "protection": {"change": True},
                             "records": [{"value": "192.0.2.101", "comment": ""}], "zone": number}
    assert [each["value"] for each in sets["@/NS"]["records"]] == ["ns1.example.net.", "ns2.example.net."]
    assert sets["@/SOA"]["records"][0]["value"].split()[2] == "2"
    # The same as is answered.
    for each in sets.values():
        name = "open.example" if each["name"] == "@" else each["name"] + ".open.example"
        assert dns.dig(name, each["type"]) == sorted((each["type"], record["value"]) for record in each["records"])
    names = [each["id"] for each in whole["rrsets"]]
    assert names == sorted(names)
    pages = [owner.get(f"{path}?per_page=10&page={page}") for page in (1, 2, 3, 4)]
    assert [each["id"] for page in pages for each in page["rrsets"]] == names and pages[3]["rrsets"] == []
    assert pages[0]["meta"]["pagination"]["last_page"] == 3
    assert [each["id"] for each in owner.get(path + "?sort=id:desc&per_page=50")["rrsets"]] == names[::-1]
    assert [each["id"] for each in owner.get(path + "?name=@")["rrsets"]] == ["@/NS", "@/SOA"]
    assert [each["id"] for each in owner.get(path + "?name=@&sort=name&sort=id:desc")["rrsets"]] == ["@/SOA", "@/NS"]
    assert [each["id"] for each in owner.get(path + "?name=@&type=SOA")["rrsets"]] == ["@/SOA"]
    assert [each["id"] for each in owner.get(path + "?type=NS&type=SOA")["rrsets"]] == ["@/NS", "@/SOA"]
    for none in ("name=absent", "type=DNSKEY", "label_selector=a", "name=a..b"):
        found = owner.get(f"{path}?{none}")
        assert found["rrsets"] == [] and found["meta"]["pagination"]["total_entries"] == 0, none
    for wrong in ("type=NONE", "sort=created", "sort=ttl", "page=0"):
        assert owner.error("GET", f"{path}?{wrong}") == (422, "invalid_input"), wrong
    assert owner.get(path + "/www/A")["rrset"] == sets["www/A"]
    assert owner.error("GET", path + "/absent/A") == (404, "not_found")
    assert re.search(r"^www +300 +A +192.0.2.101", dns.cli("zone", "records", "open.example", "--customer", "zoned").stdout, re.M)


def test_one_that_nothing_was_fetched_of_has_no_records(dns, owner):
    secondary(owner, "nothing.example", 9)
    eventually(lambda: owner.get("/zones/nothing.example/rrsets")["rrsets"] == [], 30)
    assert owner.error("GET", "/zones/nothing.example/rrsets/@/SOA") == (404, "not_found")
    owner.delete("/zones/nothing.example")


WRONG = [None, [], [{}], [{"address": "ns.example"}], [{"address": "10.0.0.1"}], [{"address": "192.168.1.1"}], [{"address": "fd00::1"}], [{"address": "fe80::1"}], [{"address": "::ffff:10.0.0.1"}],
         [{"address": "0.0.0.0"}], [{"address": "9.9.9.9", "port": 0}], [{"address": "9.9.9.9", "port": 65536}], [{"address": "9.9.9.9", "tsig_key": SECRET}],
         [{"address": "9.9.9.9", "tsig_algorithm": "hmac-sha256"}], [{"address": "9.9.9.9", "tsig_algorithm": "none", "tsig_key": SECRET}],
         [{"address": "9.9.9.9", "tsig_algorithm": "hmac-sha256", "tsig_key": "x\n"}], [{"address": "9.9.9.9", "tsig_algorithm": "hmac-sha256", "tsig_key": "AAAA"}],
         [{"address": "9.9.9.9"}] * 5, [{"address": "9.9.9.9"}, {"address": "9.9.9.10", "tsig_algorithm": "hmac-sha256", "tsig_key": SECRET}]]


def test_what_is_wrong(dns, owner):
    for given in WRONG:
        body = {"name": "wrong.example", "mode": "secondary", **({"primary_nameservers": given} if given is not None else {})}
        answer = owner.request("POST", "/zones", body)
        assert answer.status_code == 422 and answer.json()["error"]["details"]["fields"][0]["name"] == "primary_nameservers", (given, answer.text)
    good = [{"address": "127.0.0.1", "port": 1}]
    for field, value in (("zonefile", "www A 192.0.2.1"), ("rrsets", [{"name": "www", "type": "A", "records": [{"value": "192.0.2.1"}]}])):
        answer = owner.request("POST", "/zones", {"name": "wrong.example", "mode": "secondary", "primary_nameservers": good, field: value})
        assert answer.json()["error"]["details"]["fields"][0]["name"] == field, answer.text
    answer = owner.request("POST", "/zones", {"name": "wrong.example", "primary_nameservers": good})
    assert answer.json()["error"]["details"]["fields"][0]["name"] == "primary_nameservers", answer.text
    assert owner.error("GET", "/zones/wrong.example")[0] == 404


def test_by_commands(dns, operator, primary):
    """With the key in a file, not in the arguments."""
    key = dns.dir / "key"
    key.write_text(f"hmac-sha256:{OTHER}\n")
    at = f"127.0.0.1:{primary.port}"
    said = dns.cli("zone", "create", "xn--wgv71a.example", "--secondary", "--primary", at, "--wait")
    assert said.stdout.strip().isdigit() and "ns1.example.net." in said.stderr
    shown = dns.cli("zone", "show", "日本.example").stdout
    assert re.search(r"Mode +secondary", shown) and re.search(rf"Primary +{at}\n", shown) and re.search(r"Fetched +20", shown) and "TTL" not in shown
    assert "www.xn--wgv71a.example. 300 IN A" in dns.cli("zone", "export", "日本.example").stdout
    assert re.search(rf"127\.0\.0\.1 +{primary.port} +ok +\d+ +-", dns.cli("zone", "primaries", "日本.example").stdout)
    dns.cli("zone", "primaries", "日本.example", "--primary", at, "--primary", "[::1]:5353", "--tsig", key)
    shown = dns.cli("zone", "show", "日本.example").stdout
    assert re.search(r"Primary +\[::1\]:5353\n", shown) and "_transfer.xn--wgv71a.example. hmac-sha256" in shown and OTHER not in shown
    assert re.search(r"refused +- +it does not accept the key", dns.cli("zone", "primaries", "日本.example").stdout)
    for words in (("create", "x.example", "--secondary"), ("create", "x.example", "--primary", at), ("create", "x.example", "--secondary", "--primary", "127.0.0.1:x"),
                  ("create", "x.example", "--secondary", "--primary", "[::1"), ("create", "x.example", "--secondary", "--primary", at, "--tsig", "/nowhere")):
        assert dns.cli("zone", *words, check=False).returncode != 0, words
    assert "its records are changed at its primary name servers" in dns.cli("zone", "add-record", "日本.example", "a", "A", "192.0.2.1", check=False).stderr
    dns.cli("zone", "delete", "日本.example", "--yes")


def test_one_that_is_not_reached_expires(dns, owner, primary):
    secondary(owner, "short.example", primary.port)
    dns.answers("www.short.example", "A", "192.0.2.100")
    dns.live(owner, "short.example")
    primary.close()
    primary.process = None
    try:
        found = eventually(lambda: (lambda z: z if z["status"] == "error" else None)(owner.get("/zones/short.example")["zone"]), 60)
        assert "has expired" in found["status_reason"] and dns.dig("www.short.example") == "SERVFAIL"
        assert states(owner, "short.example") == [("silent", "it does not answer")]
        assert owner.get("/zones/short.example/zonefile")["zonefile"] == ""
        # Another one, of longer breath, is still answered.
        assert dns.dig("www.open.example") == [("A", "192.0.2.101")]
    finally:
        primary.start()
    # Told again, it is fetched at once.
    owner.post("/zones/short.example/actions/change_primary_nameservers", {"primary_nameservers": [{"address": "127.0.0.1", "port": primary.port}]})
    dns.answers("www.short.example", "A", "192.0.2.100")
    owner.delete("/zones/short.example")
    eventually(lambda: dns.dig("www.short.example") == "REFUSED", 30)


def test_everything_lost_is_fetched_again(dns, owner, primary, second):
    dns.stop()
    run("rm", "-rf", dns.state / "dns")
    dns.start()
    dns.answers("www.open.example", "A", "192.0.2.101")
    dns.answers("www.signed.example", "A", "192.0.2.102")
    dns.live(owner, "open.example")
    primary.write("open", 3, "192.0.2.103")
    dns.answers("www.open.example", "A", "192.0.2.103")
    eventually(lambda: second.short("www.open.example", "A") == ["192.0.2.103"], 90)


def test_a_name_can_become_a_zone_of_its_own(dns, owner, primary):
    owner.delete("/zones/open.example")
    owner.post("/zones", {"name": "open.example", "rrsets": [{"name": "www", "type": "A", "records": [{"value": "192.0.2.9"}]}]})
    dns.answers("www.open.example", "A", "192.0.2.9")
    owner.post("/zones/open.example/actions/change_dnssec", {"enabled": True})
    eventually(lambda: owner.get("/zones/open.example")["zone"]["dnssec"]["ds"], 30)


def test_who_tells_the_name_server_checks_again(dns, owner, primary):
    """What was allowed once, and is in the database, is fetched no more when the settings have changed."""
    secondary(owner, "short.example", primary.port)
    dns.answers("www.short.example", "A", "192.0.2.100")
    dns.stop()
    run("rm", "-rf", dns.state / "dns")
    text = dns.config.read_text()
    assert "primary_allow" in text
    dns.config.write_text(re.sub(r"(?m)^primary_allow.*$", "", text))
    dns.start()
    found = eventually(lambda: (lambda z: z if z["status"] == "error" else None)(owner.get("/zones/short.example")["zone"]), 60)
    assert found["status_reason"] == "it may not be fetched from 127.0.0.1"
    assert dns.dig("www.short.example") == "SERVFAIL"

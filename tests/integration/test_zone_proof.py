"""That a name is its owner's: proven by TXT or by delegation, as a second real Knot on loopback has them for the outside world."""
import contextlib
import sqlite3

import pytest

from ippo_testing import Failed, eventually
from name_server import KNOT_SETTINGS, NameServer, OtherKnot
from people import invite

# Beside what the tests ask for, what must prove nothing.
OUTSIDE = """$ORIGIN outside.test.
$TTL 60
@ SOA ns.outside.test. hostmaster.outside.test. 1 3600 900 1209600 300
@ NS ns.outside.test.
"""


# As a resolver has it that was led to whom a name is delegated.
def apex(name, *servers):
    return f"$ORIGIN {name}.\n@ 60 SOA ns. hostmaster. 1 3600 900 1209600 300\n" + "".join(f"@ 60 NS {server}\n" for server in servers)


class Outside(OtherKnot):
    """The public DNS: one zone, which tests add lines to."""

    def __init__(self, folder):
        super().__init__(folder, KNOT_SETTINGS + "  - domain: outside.test\n    file: \"{dir}/outside.zone\"\n    zonefile-sync: -1\n    zonefile-load: whole\n"
                         + "".join(f"  - domain: {word}.test\n    file: \"{{dir}}/{word}.zone\"\n" for word in ("delegated", "elsewhere")), outside=OUTSIDE,
                         delegated=apex("delegated.test", "ns9.other.test.", "NS2.Example.net."), elsewhere=apex("elsewhere.test", "ns1.example.net.other.test."))
        self.serial, self.lines = 1, []

    def has(self, *lines):
        self.lines += lines
        self.serial += 1
        (self.dir / "outside.zone").write_text(OUTSIDE.replace(" 1 3600", f" {self.serial} 3600") + "".join(line + "\n" for line in self.lines))
        self.process.terminate()
        self.process.wait(30)
        self.log.close()
        self.start()


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    knot = Outside(tmp_path_factory.mktemp("outside") / "knot")
    try:
        yield knot.start()
    finally:
        knot.close()


@pytest.fixture(scope="module", params=["txt", "txt-or-delegation"])
def dns(request, outside):
    instance = NameServer(proof=request.param, resolver=f"127.0.0.1:{outside.port}")
    instance.by = request.param
    try:
        yield instance.with_servers()
    finally:
        instance.close()


@pytest.fixture(scope="module")
def operator(dns):
    return dns.api("op", "--operator")


def person(dns, operator, name):
    operator.post("/customers", {"name": name})
    owner = invite(dns, f"{name}-owner", name)
    owner.create_server(name, server_type="named")
    return owner


@pytest.fixture(scope="module")
def owner(dns, operator):
    return person(dns, operator, "prover")


@pytest.fixture(scope="module")
def other(dns, operator):
    return person(dns, operator, "rival")


def make(api, name):
    return api.post("/zones", {"name": name, "rrsets": [{"name": "www", "type": "A", "records": [{"value": "192.0.2.1"}]}]})["zone"]


def check(api, name):
    return api.post(f"/zones/{name}/actions/check_proof", {})["zone"]


def name_of(dns, word):
    """Each of the two services has names of its own outside."""
    return f"{word}-{'d' if 'delegation' in dns.by else 't'}.outside.test"


def let_expire(dns, zone):
    dns.stop()
    with contextlib.closing(sqlite3.connect(dns.state / "core/ippo.db")) as database, database:
        database.execute("UPDATE zone SET proof_until_ms = 1 WHERE id = ?", (zone["id"],))
    dns.start()


def test_by_a_txt_record(dns, operator, owner, outside):
    name = name_of(dns, "mine")
    zone = make(owner, name)
    assert zone["proof"]["status"] == "waiting" and zone["status"] == "updating" and zone["proof"]["checked"] is None
    assert zone["proof"]["record_name"] == f"_ippo-challenge.{name}." and zone["proof"]["delegation"] == ("delegation" in dns.by)
    # Nothing of the owner's is answered meanwhile; of what may be delegated here SOA and NS are.
    if "delegation" in dns.by:
        dns.answers(name, "NS", "ns1.example.net.", "ns2.example.net.")
        assert dns.dig(f"www.{name}") == "NXDOMAIN"
    else:
        owner.post("/zones", {"name": name_of(dns, "second")})
        assert dns.dig(f"www.{name}") == "REFUSED" and dns.dig(name, "SOA") == "REFUSED"
    found = check(owner, name)
    assert found["proof"]["status"] == "waiting" and found["proof"]["checked"] and "TXT record" in found["proof"]["reason"]
    value = zone["proof"]["record_value"]
    # Not quite it: another account's, a part, and one that an alias leads to.
    outside.has(f'_ippo-challenge.{name}. TXT "{value}x"', f'_ippo-challenge.{name}. TXT "{value[:-1]}"', f'proof-of-{name}. TXT "{value}"',
                f'{name_of(dns, "aliased")}. CNAME proof-of-{name}.')
    assert check(owner, name)["proof"]["status"] == "waiting"
    aliased = make(owner, name_of(dns, "aliased"))
    assert aliased["proof"]["record_value"] == value
    assert check(owner, aliased["name"])["proof"]["status"] == "waiting"
    outside.has(f'_ippo-challenge.{name}. TXT "{value}"')
    found = check(owner, name)
    assert found["proof"] == {**found["proof"], "status": "proven", "record_name": None, "record_value": None, "reason": None}
    dns.answers(f"www.{name}", "A", "192.0.2.1")
    dns.live(owner, name)
    lines = owner.get("/history?what=zone.prove")["history"]
    assert [(line["resource"]["name"], line["details"]) for line in lines] == [(name, {"by": "txt"})]


def test_at_the_zone_itself_and_without_being_asked(dns, owner, outside):
    zone = make(owner, name_of(dns, "apex"))
    outside.has(f'{zone["name"]}. TXT "v=spf1 -all"', f'{zone["name"]}. TXT "{zone["proof"]["record_value"]}"')
    eventually(lambda: owner.get(f"/zones/{zone['id']}")["zone"]["proof"]["status"] == "proven", 60)
    dns.answers(f"www.{zone['name']}", "A", "192.0.2.1")


def test_by_delegation(dns, owner, outside):
    elsewhere = make(owner, "elsewhere.test")
    found = check(owner, elsewhere["name"])["proof"]
    assert found["status"] == "waiting" and ("delegation" in found["reason"]) == ("delegation" in dns.by)
    owner.delete("/zones/elsewhere.test")
    zone = make(owner, "delegated.test")
    assert check(owner, zone["name"])["proof"]["status"] == ("proven" if "delegation" in dns.by else "waiting")
    if "delegation" in dns.by:
        dns.answers("www.delegated.test", "A", "192.0.2.1")
        assert owner.get("/history?what=zone.prove")["history"][0]["details"] == {"by": "delegation"}


def test_a_name_that_nobody_proved_is_nobodys(dns, operator, owner, other, outside):
    """One that waits keeps others from that name, not from names around it; and not for ever."""
    zone = make(owner, name_of(dns, "squat"))
    assert other.error("POST", "/zones", {"name": zone["name"]}) == (409, "uniqueness_error")
    below = make(other, f"sub.{zone['name']}")
    outside.has(f'_ippo-challenge.{below["name"]}. TXT "{below["proof"]["record_value"]}"')
    assert check(other, below["name"])["proof"]["status"] == "proven"
    outside.has(f'_ippo-challenge.{zone["name"]}. TXT "{zone["proof"]["record_value"]}"')
    # Who was first has it: the other needs the operator's yes as ever.
    found = check(owner, zone["name"])["proof"]
    assert found["status"] == "waiting" and "belongs to another account" in found["reason"]
    late = make(owner, name_of(dns, "late"))
    let_expire(dns, late)
    expired = check(owner, late["name"])
    assert (expired["status"], expired["proof"]["status"]) == ("error", "expired")
    eventually(lambda: dns.dig(late["name"], "SOA") == "REFUSED", 20)
    # Its owner can begin anew,
    assert check(owner, late["name"])["proof"]["status"] == "waiting"
    let_expire(dns, late)
    check(owner, late["name"])
    # or somebody else, with a proof of their own.
    taken = make(other, late["name"])
    assert taken["proof"]["record_value"] != late["proof"]["record_value"] and owner.error("GET", f"/zones/{late['name']}") == (404, "not_found")
    said = [line["what"] for line in owner.get("/history")["history"] if line["resource"] and line["resource"]["name"] == late["name"]]
    assert said[0] == "zone.delete" and said.count("zone.expire_proof") == 2


def test_what_the_operator_permits(dns, operator, owner):
    customer = operator.get("/customers?name=prover")["customers"][0]["id"]
    zone = make(owner, name_of(dns, "permitted"))
    operator.post(f"/customers/{customer}/actions/permit_zone", {"name": zone["name"]})
    assert owner.get(f"/zones/{zone['id']}")["zone"]["proof"]["status"] == "proven"
    dns.answers(f"www.{zone['name']}", "A", "192.0.2.1")
    operator.post(f"/customers/{customer}/actions/permit_zone", {"name": name_of(dns, "early")})
    assert make(owner, name_of(dns, "early"))["proof"]["status"] == "not_required"
    # The service's own need none.
    assert make(operator, name_of(dns, "service"))["proof"]["status"] == "not_required"


def test_from_a_terminal(dns, owner, outside):
    name = name_of(dns, "typed")
    said = dns.cli("zone", "create", name, "--customer", "prover", "--wait")
    value = owner.get(f"/zones/{name}")["zone"]["proof"]["record_value"]
    assert f'_ippo-challenge.{name}. TXT "{value}"' in said.stderr
    said = dns.cli("zone", "prove", name, "--customer", "prover", check=False)
    assert said.returncode != 0 and value in said.stdout and "not proven yet" in said.stderr
    assert value in dns.cli("zone", "show", name, "--customer", "prover").stdout
    outside.has(f'{name}. TXT "{value}"')
    assert "proven" in dns.cli("zone", "prove", name, "--customer", "prover").stdout


def test_nobody_can_be_asked(dns, owner, outside):
    zone = make(owner, name_of(dns, "silent"))
    outside.process.terminate()
    outside.process.wait(30)
    try:
        found = check(owner, zone["name"])["proof"]
        assert found["status"] == "waiting" and found["reason"] == "the resolver does not answer"
    finally:
        outside.start()


def test_its_own_name_server_proves_nothing(outside):
    """Whoever asks this service's own name server gets what somebody has just made."""
    instance = NameServer(proof="txt-or-delegation")
    try:
        instance.with_servers()
        operator = instance.api("op", "--operator")
        owner = person(instance, operator, "prover")
        zone = make(owner, "self.example")
        instance.answers("self.example", "NS", "ns1.example.net.", "ns2.example.net.")
        found = check(owner, zone["name"])["proof"]
        assert found["status"] == "waiting" and "own name server" in found["reason"]
    finally:
        instance.close()


def test_a_word_that_is_none():
    instance = NameServer(proof="perhaps")
    try:
        with pytest.raises(Failed, match="proof in .dns. must be no, txt or txt-or-delegation"):
            instance.start()
    finally:
        instance.close()

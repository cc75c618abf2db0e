"""Further name servers: a second real Knot with the configuration that is printed, fed by the catalog and signed transfers."""
import base64
import os
import pathlib
import re
import signal
import subprocess
import time

import pytest

from ippo_testing import eventually, run
from name_server import OtherKnot, dns, operator, owner  # noqa: F401

NAME = "ns3.example.net"


def place(text, folder):
    """The printed configuration, for a folder of the test's own and no user of its own."""
    for was, now in (('"/run/knot"', f'"{folder}"'), ('"/var/lib/knot"', f'"{folder}"'), ('    user: "knot:knot"\n', ""), ("target: syslog", "target: stderr")):
        assert was in text
        text = text.replace(was, now)
    return text


@pytest.fixture(scope="module")
def second(dns, operator, owner):
    owner.post("/zones", {"name": "early.example"})
    knot = OtherKnot(dns.dir / "second", "")
    said = dns.cli("name-server", "add", NAME, "127.0.0.1", "--port", str(knot.port)).stdout
    assert said.count("    secret: ") == 1
    knot.configure(place(said, knot.dir))
    try:
        yield knot.start()
    finally:
        knot.close()


def test_the_chain_holds_from_a_root(dns, owner, second, tmp_path):
    """Root, example and the zone itself: one real Knot more has the first two, signed by keys of its own, beside what it has fetched."""
    zone = owner.post("/zones", {"name": "chain.example", "rrsets": [{"name": "www", "type": "A", "records": [{"value": "192.0.2.1"}]}]})["zone"]
    owner.post("/zones/chain.example/actions/change_dnssec", {"enabled": True})
    found = eventually(lambda: (lambda z: z if z["dnssec"]["ds"] and z["status"] == "ok" else None)(owner.get(f"/zones/{zone['id']}")["zone"]), 30)
    eventually(lambda: second.short("chain.example", "DNSKEY"), 60)
    printed = (second.dir / "knot.conf").read_text()
    soa = "@ 60 SOA ns. root. 1 3600 900 1209600 300\n@ 60 NS ns.\n"
    (second.dir / "example.zone").write_text(f"$ORIGIN example.\n{soa}chain 60 NS ns.\nchain 60 DS {found['dnssec']['ds'][0]}\n")
    (second.dir / "root.zone").write_text(f"$ORIGIN .\n{soa}ns. 60 A 127.0.0.1\nexample. 60 NS ns.\n")

    def restart(zones):
        second.close()
        (second.dir / "knot.conf").write_text(printed + "".join(
            f'  - domain: "{name}"\n    file: "{second.dir}/{word}.zone"\n    zonefile-load: difference\n    dnssec-signing: on\n' for name, word in zones))
        second.start()
    restart([("example.", "example")])
    cds = eventually(lambda: second.short("example", "CDS"), 60)
    with open(second.dir / "root.zone", "a") as root:
        root.write(f"example. 60 DS {cds[0]}\n")
    restart([("example.", "example"), (".", "root")])
    tag, algorithm, digest, value = eventually(lambda: second.short(".", "CDS"), 60)[0].split(None, 3)
    anchor = tmp_path / "anchor"
    anchor.write_text(f'trust-anchors {{ "." static-ds {tag} {algorithm} {digest} "{value.replace(" ", "")}"; }};\n')

    def judged(*question):
        said = subprocess.run(["delv", "-a", anchor, "+root=.", "@127.0.0.1", "-p", str(second.port), *question], capture_output=True, text=True, timeout=30)
        return said.stdout + said.stderr
    try:
        eventually(lambda: "; fully validated" in judged("www.chain.example", "A"), 60)
        assert "fully validated" in judged("missing.chain.example", "A")
        # Both servers, each way of asking.
        for port in (dns.dns_port, second.port):
            for options in ((), ("+tcp",), ("+edns", "+dnssec"), ("+bufsize=512",), ("+tcp", "+edns", "+dnssec")):
                said = run("kdig", "@127.0.0.1", "-p", port, "+norecurse", *options, "www.chain.example", "A").stdout
                assert "192.0.2.1" in said and ("RRSIG" in said) == ("+dnssec" in options), (port, options, said)
            assert "192.0.2.1" in run("dig", "@127.0.0.1", "-p", port, "+norecurse", "www.chain.example", "A").stdout
        # The zone as it is transferred, judged as a whole.
        whole = transfer(dns, "chain.example", "-y", f"hmac-sha256:{NAME}:{secret_of(second)}").stdout
        (tmp_path / "zone").write_text("\n".join(line for line in whole.splitlines() if line and not line.startswith(";") and "TSIG" not in line) + "\n")
        lines = (tmp_path / "zone").read_text().splitlines()
        (tmp_path / "zone").write_text("\n".join(lines[:-1]) + "\n")
        run("ldns-verify-zone", tmp_path / "zone")
        # A signature that is broken is seen: the judges judge.
        (tmp_path / "broken").write_text((tmp_path / "zone").read_text().replace("192.0.2.1", "192.0.2.2"))
        assert run("ldns-verify-zone", tmp_path / "broken", check=False).returncode != 0
    finally:
        second.close()
        (second.dir / "knot.conf").write_text(printed)
        second.start()


def secret_of(knot):
    return re.search(r'secret: "([^"]+)"', (knot.dir / "knot.conf").read_text()).group(1)


def transfer(dns, zone, *key):
    return run("kdig", "@127.0.0.1", "-p", dns.dns_port, "+retry=0", "+timeout=5", *key, zone, "AXFR", check=False)


def test_zones_appear_change_and_vanish(dns, owner, second):
    eventually(lambda: second.short("early.example", "NS"), 60)
    owner.post("/zones", {"name": "there.example", "rrsets": [{"name": "www", "type": "A", "records": [{"value": "192.0.2.1"}]}]})
    eventually(lambda: second.short("www.there.example", "A") == ["192.0.2.1"], 60)
    # It is one of those that answer for what is made from now on.
    assert second.short("there.example", "NS") == ["ns1.example.net.", "ns2.example.net.", NAME + "."]
    assert NAME + "." in owner.get("/zones/there.example")["zone"]["authoritative_nameservers"]["assigned"]
    owner.post("/zones/there.example/rrsets/www/A/actions/set_records", {"records": [{"value": "192.0.2.2"}]})
    eventually(lambda: second.short("www.there.example", "A") == ["192.0.2.2"], 60)
    owner.post("/zones/there.example/actions/change_dnssec", {"enabled": True})
    eventually(lambda: second.short("there.example", "DNSKEY"), 60)
    owner.delete("/zones/there.example")
    eventually(lambda: "REFUSED" in second.ask("www.there.example", "A").stdout, 60)
    # Names of addresses go there as well.
    server = owner.create_server("reverse", server_type="named")
    ip = server["public_net"]["ipv4"]["ip"]
    owner.post(f"/servers/{server['id']}/actions/change_dns_ptr", {"ip": ip, "dns_ptr": "www.early.example"})
    eventually(lambda: second.short(".".join(reversed(ip.split("."))) + ".in-addr.arpa", "PTR") == ["www.early.example."], 60)


def test_a_transfer_needs_the_key(dns, owner, second):
    zone = "early.example"
    good = "-y", f"hmac-sha256:{NAME}:{secret_of(second)}"
    assert "SOA" in transfer(dns, zone, *good).stdout
    other = base64.b64encode(bytes(32)).decode()
    for key in ((), ("-y", f"hmac-sha256:{NAME}:{other}"), ("-y", f"hmac-sha256:ns4.example.net:{secret_of(second)}"),
                ("-y", f"hmac-sha512:{NAME}:{secret_of(second)}")):
        for name in (zone, f"catalog.{dns.name}.invalid"):
            said = transfer(dns, name, *key)
            assert "SOA" not in said.stdout and re.search("NOTAUTH|BADSIG|BADKEY", said.stdout + said.stderr), key
    # It hands out what it has fetched to nobody.
    said = run("kdig", "@127.0.0.1", "-p", second.port, zone, "AXFR", check=False)
    assert "SOA" not in said.stdout


def test_everything_lost_is_told_again(dns, owner, second):
    dns.stop()
    run("rm", "-rf", dns.state / "dns")
    dns.start()
    owner.post("/zones", {"name": "after.example"})
    eventually(lambda: second.short("after.example", "NS"), 90)
    eventually(lambda: second.short("early.example", "NS"), 90)


def lose_everything(dns, meanwhile):
    """The name server loses all it had; what is changed meanwhile waits, and is told together with all the rest."""
    pid = dns.knotd()
    os.kill(pid, signal.SIGSTOP)
    try:
        meanwhile()
    finally:
        dns.stop()
        if pathlib.Path(f"/proc/{pid}").exists():
            os.kill(pid, signal.SIGKILL)
    run("rm", "-rf", dns.state / "dns")
    dns.start()


def test_what_is_told_in_one_go_is_followed(dns, owner, second):
    """No zone is made after the others are known again: nothing but word of the list itself tells of this one."""
    lose_everything(dns, lambda: owner.post("/zones", {"name": "meanwhile.example"}))
    eventually(lambda: second.short("meanwhile.example", "NS"), 60)
    eventually(lambda: second.short("early.example", "NS"), 60)


def catalog_serial(dns, knot):
    said = transfer(dns, f"catalog.{dns.name}.invalid", "-y", f"hmac-sha256:{NAME}:{secret_of(knot)}").stdout
    found = re.search(r"SOA\s+invalid\. invalid\. (\d+)", said)
    return int(found.group(1)) if found else None


def test_a_list_made_anew_is_newer_than_what_others_have(dns, owner, second):
    """Many changes within a second bring its serial before the clock; made anew from the clock alone, it would be old to all who have it."""
    ahead = int(time.time()) + 20000
    name = f"catalog.{dns.name}.invalid"

    def knotc(*words):
        return run("knotc", "-s", dns.run_dir / "dns/knot.sock", *words)
    knotc("zone-begin", name)
    knotc("zone-set", name, "@", "0", "SOA", "invalid.", "invalid.", str(ahead), "3600", "600", "2147483646", "0")
    knotc("zone-commit", name)
    owner.post("/zones", {"name": "ahead.example"})
    eventually(lambda: second.short("ahead.example", "NS"), 60)
    assert catalog_serial(dns, second) > ahead
    lose_everything(dns, lambda: owner.post("/zones", {"name": "behind.example"}))
    eventually(lambda: second.short("behind.example", "NS"), 60)
    assert catalog_serial(dns, second) > ahead


def test_one_that_was_away_follows_within_minutes(dns, owner, second):
    second.close()
    owner.post("/zones", {"name": "missed.example"})
    owner.post("/zones/early.example/rrsets", {"name": "missed", "type": "A", "records": [{"value": "192.0.2.9"}]})
    dns.answers("missed.early.example", "A", "192.0.2.9")
    time.sleep(3)  # it was told, and did not hear it
    second.start()
    eventually(lambda: second.short("missed.example", "NS"), 180)
    eventually(lambda: second.short("missed.early.example", "A") == ["192.0.2.9"], 180)


def test_the_list_is_handed_out_whole(dns, operator, owner, second):
    """While more zones are told anew than go at once, others keep what they have: a list with half of them would end the rest there."""
    count = 150
    for number in range(count):
        owner.post("/zones", {"name": f"many-{number}.example"})
    eventually(lambda: second.short(f"many-{count - 1}.example", "NS"), 90)
    lose_everything(dns, lambda: None)
    key = "-y", f"hmac-sha256:{NAME}:{secret_of(second)}"
    first = eventually(lambda: (lambda said: said if "SOA" in said else None)(transfer(dns, f"catalog.{dns.name}.invalid", *key).stdout), 90, 0)
    assert len(re.findall(r"PTR\s+many-\d+\.example\.", first)) == count
    for number in range(count):
        eventually(lambda: second.short(f"many-{number}.example", "NS"), 60)
        owner.delete(f"/zones/many-{number}.example")


def test_the_key_is_shown_once_and_renewed(dns, operator, owner, second):
    server = operator.get("/name_servers")["name_servers"][0]
    assert server["name"] == NAME and "secret" not in server
    secret = secret_of(second)
    path = f"/name_servers/{server['id']}"
    assert secret not in str(operator.get(path)) and secret not in operator.get(path + "/config")["config"]
    assert secret not in dns.cli("name-server", "config", NAME).stdout
    assert 'address: "192.0.2.53@5353"' in operator.get(path + "/config?primary=192.0.2.53:5353")["config"]
    said = dns.cli("name-server", "renew-key", NAME).stdout
    old, new = ("-y", f"hmac-sha256:{NAME}:{secret}"), ("-y", f"hmac-sha256:{NAME}:" + re.search(r'secret: "([^"]+)"', said).group(1))
    eventually(lambda: "SOA" in transfer(dns, "early.example", *new).stdout, 20)
    assert "SOA" not in transfer(dns, "early.example", *old).stdout


WRONG = [({"name": "ns9", "address": "192.0.2.1"}, "name"), ({"name": "a b.example", "address": "192.0.2.1"}, "name"),
         ({"name": "ns9.example.net", "address": "ns9.example.net"}, "address"), ({"name": "ns9.example.net", "address": "192.0.2.1@53"}, "address"),
         ({"name": "ns9.example.net", "address": "192.0.2.1", "port": 0}, "port"), ({"name": "ns9.example.net", "address": "192.0.2.1", "primary": "0.0.0.0"}, "primary"),
         ({"name": "ns9.example.net", "address": "192.0.2.1", "primary": "x\"\n"}, "primary")]


def test_what_is_wrong_and_who_may(dns, operator, owner):
    for body, field in WRONG:
        answer = operator.request("POST", "/name_servers", body)
        assert answer.status_code == 422 and answer.json()["error"]["details"]["fields"][0]["name"] == field, (body, answer.text)
    assert owner.error("GET", "/name_servers")[0] == 403
    assert owner.error("POST", "/name_servers", {"name": "ns9.example.net", "address": "192.0.2.1"})[0] == 403
    # The list of zones is nobody's zone.
    assert operator.error("POST", "/zones", {"name": f"catalog.{dns.name}.invalid"}) == (422, "invalid_input")


def test_one_that_is_removed_gets_nothing(dns, operator, second):
    _, created = operator.error("POST", "/name_servers", {"name": NAME.upper(), "address": "192.0.2.9"})
    assert created == "uniqueness_error"
    said = dns.cli("name-server", "renew-key", NAME).stdout
    key = "-y", f"hmac-sha256:{NAME}:" + re.search(r'secret: "([^"]+)"', said).group(1)
    eventually(lambda: "SOA" in transfer(dns, "early.example", *key).stdout, 20)
    dns.cli("name-server", "delete", NAME, "--yes")
    eventually(lambda: "SOA" not in transfer(dns, "early.example", *key).stdout, 20)
    assert operator.get("/name_servers")["name_servers"] == []

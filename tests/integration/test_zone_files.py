"""Zone files from elsewhere: the examples of RFCs and generated hard cases come back as BIND reads them; limits at their edge."""
import json
import random
import re

import pytest

from ippo_testing import run
from name_server import dns, operator, owner  # noqa: F401

# RFC 1035 section 5.3, without the addresses of hosts outside.
RFC1035 = r"""
@   IN  SOA     VENERA      Action\.domains (
                                 20     ; SERIAL
                                 7200   ; REFRESH
                                 600    ; RETRY
                                 3600000; EXPIRE
                                 60)    ; MINIMUM

        NS      A.ISI.EDU.
        NS      VENERA
        NS      VAXA
        MX      10      VENERA
        MX      20      VAXA

A       A       26.3.0.103

VENERA  A       10.1.0.52
        A       128.9.0.32

VAXA    A       10.2.0.27
        A       128.9.0.33
"""
# RFC 2782, the example at its end.
RFC2782 = """
$TTL 3600
@ SOA server root 1995032001 3600 3600 604800 86400
 NS server
 NS ns1.ip-provider.net.
_foobar._tcp SRV 0 1 9 old-slow-box
 SRV 0 3 9 new-fast-box
 SRV 1 0 9 sysadmins-box
 SRV 1 0 9 server
server A 172.30.79.10
old-slow-box A 172.30.79.11
sysadmins-box A 172.30.79.12
new-fast-box A 172.30.79.13
*._tcp SRV 0 0 0 .
*._udp SRV 0 0 0 .
"""
# RFC 8659 section 4, RFC 4255 section 3.2, RFC 6698 section 2.3, RFC 7505 section 3, RFC 9460 appendix D.
OTHERS = r"""
$TTL 1h
@ NS ns1
certs CAA 0 issue "ca1.example.net"
certs CAA 0 iodef "mailto:security@example.com"
certs CAA 128 tbs "Unknown"
nocerts CAA 0 issue ";"
policy CAA 0 issue "ca1.example.net; account=230123"
host SSHFP 2 1 123456789abcdef67890123456789abcdef67890
_443._tcp.www TLSA ( 0 0 1 d2abde240d7cd3ee6b4b28c54df034b9
      7983a1d16e8a410e4561cb106618e971 )
nomail MX 0 .
alias HTTPS 0 foo.example.com.
plain SVCB 1 .
port SVCB 16 foo.example.com. port=53
key667 SVCB 1 foo.example.com. key667=hello
escaped SVCB 1 foo.example.com. key667="hello\210qoo"
hints SVCB 1 foo.example.com. (ipv6hint="2001:db8::1,2001:db8::53:1")
mandatory SVCB 16 foo.example.org. ( alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1 )
comma SVCB 16 foo.example.org. alpn="f\\\\oo\\,bar,h2"
ns1 A 192.0.2.53
"""


def generated(seed):
    """Names with every byte that may be in one, texts with every byte there is, classes, TTLs and owners left out or said."""
    dice = random.Random(seed)

    def label(length):
        return "".join(dice.choice(["a", "Z", "9", "-", "_", r"\.", r"\032", r"\"", r"\200", r"\000", r"\;", r"\(", r"\@", r"\\"]) for _ in range(length))

    def text():
        return '"' + "".join(dice.choice([r"\"", r"\\", r"\255", r"\000", r"\010", ";", "(", ")", "@", " ", "x", "$"]) for _ in range(dice.randrange(0, 60))) + '"'
    lines = ["$TTL 1d", "@ SOA ns. root. 1 2 3 4 5", "@ NS ns.elsewhere.test."]
    for number in range(120):
        name = f"{label(dice.randrange(1, 12))}{number}"
        ttl = dice.choice(["", "1h30M ", "60 ", "IN ", "2W IN ", "IN 120 "])
        kind = dice.randrange(7)
        if kind == 0:
            lines.append(f"{name} {ttl}TXT ( {text()} ; a comment ( \n {text()} )")
        elif kind == 1:
            lines.append(f"{name} {ttl}MX {dice.randrange(65536)} {label(3)}1")
            lines.append(f"\t{ttl}MX {dice.randrange(65536)} @")
        elif kind == 2:
            lines.append(f"{name}.{'b' * 63}.{'c' * 63} {ttl}AAAA 2001:DB8:0:0::{number}")
        elif kind == 3:
            lines.append(f"{name} {ttl}CNAME {label(4)}2.{label(2)}3.test.")
        elif kind == 4:
            lines.append(f"*.{name} {ttl}A 192.0.2.{number}")
        elif kind == 5:
            lines.append(f"$ORIGIN o{number}.gen{seed}.example.\n@ {ttl}SRV 1 2 {number} @\n$ORIGIN gen{seed}.example.")
        else:
            lines.append(f"{name} {ttl}TYPE{dice.choice([16])} \\# {len(bytes([3])) + 3} 03{dice.randrange(0x1000000):06x}")
    return "\n".join(lines) + "\n"


def canonical(name, path):
    """Sorted, as BIND writes it. Upper and lower case are the same in names (RFC 4343), not in texts."""
    quiet = [word for option in "kmMnrSWT" for word in (f"-{option}", "ignore")]
    lines = run("named-compilezone", "-q", "-i", "none", *quiet, "-s", "full", "-o", "-", name, path).stdout.splitlines()
    lines = [re.sub(r"\s+", " ", line).split(" ", 4) for line in lines]
    return sorted(" ".join([owner.lower(), ttl, kind, data if kind in ("TXT", "CAA") else data.lower()]) for owner, ttl, _, kind, data in lines if kind != "SOA")


@pytest.mark.parametrize("name, text", [("isi.example", RFC1035), ("srv.example", RFC2782), ("others.example", OTHERS)]
                         + [(f"gen{seed}.example", generated(seed)) for seed in range(4)], ids=lambda value: value if "\n" not in value else "")
def test_a_file_comes_back_as_it_was(dns, owner, tmp_path, name, text):
    text = text if "$TTL" in text else "$TTL 1h\n" + text
    owner.post("/zones", {"name": name, "zonefile": text})
    exported = owner.get(f"/zones/{name}/zonefile")["zonefile"]
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    theirs.write_text(f"$ORIGIN {name}.\n{text}" if "SOA" in text else f"$ORIGIN {name}.\n$TTL 1h\n@ SOA a. b. 1 2 3 4 5\n{text}")
    ours.write_text(exported)
    assert canonical(name, ours) == canonical(name, theirs)
    # What was exported is imported unchanged, and answered.
    owner.post(f"/zones/{name}/actions/import_zonefile", {"zonefile": exported})
    again = owner.get(f"/zones/{name}/zonefile")["zonefile"]
    assert re.sub(r"SOA.*", "", again) == re.sub(r"SOA.*", "", exported)
    dns.live(owner, name)


def txt(size):
    """A value whose data is @size bytes: strings of 255 bytes, each with a length before it."""
    whole, rest = divmod(size, 256)
    return " ".join(['"' + "b" * 255 + '"'] * whole + (['"' + "b" * (rest - 1) + '"'] if rest else []))


def test_limits_at_their_edge(dns, owner):
    owner.post("/zones", {"name": "edge.example"})

    def put(name, values, kind="TXT"):
        return owner.request("POST", "/zones/edge.example/rrsets", {"name": name, "type": kind, "records": [{"value": value} for value in values]})
    # The largest text that has a place in an answer over TCP is answered whole; one of 64 KiB is refused with words.
    assert put("large", [txt(59000)]).status_code == 201
    said = put("larger", [txt(65536)])
    assert said.status_code == 422 and said.json()["error"]["details"]["fields"][0]["name"] == "records"
    dns.live(owner, "edge.example")
    answer = run("kdig", "@127.0.0.1", "-p", dns.dns_port, "+tcp", "+short", "large.edge.example", "TXT").stdout
    assert answer.count("b") == 59000 - (59000 + 255) // 256
    # Over UDP it says that there is more.
    assert re.search(r"Flags:.* tc", run("kdig", "@127.0.0.1", "-p", dns.dns_port, "+ignore", "large.edge.example", "TXT").stdout)
    # A name of 253 characters is the longest there is (RFC 1035: 255 bytes).
    room = 253 - len(".edge.example")
    longest = ".".join(["a" * 63] * 3 + ["a" * (room - 3 * 64)])
    assert len(longest) == room and put(longest, ["192.0.2.1"], "A").status_code == 201
    assert put("a" + longest, ["192.0.2.1"], "A").status_code == 422
    dns.answers(f"{longest}.edge.example", "A", "192.0.2.1")


HOSTILE = ["x TYPE15 \\# 4 000AC00C", "x TYPE5 \\# 2 C00C", "x TYPE2 \\# 3 01C00C", "x TYPE5 \\# 65 " + "40" + "61" * 64, "x TYPE5 \\# 4 02616200" + "00",
           "x TYPE1 \\# 5 C000020101", "x TYPE33 \\# 8 00010002000301C0", "x TYPE16 \\# 2 0561", "x TYPE16 \\# 0", "x TYPE65 \\# 3 000041", "x TYPE257 \\# 2 00FF",
           "x TYPE5 \\# 256 " + ("3f" + "61" * 63) * 4, "\\000.x A 1.2.3", "x" * 64 + " A 192.0.2.1", ".x A 192.0.2.1", "x..y A 192.0.2.1", "x\\ A"]


@pytest.mark.parametrize("line", HOSTILE, ids=lambda line: re.sub(r"\W+", "-", line)[:40])
def test_hostile_names_and_data_are_refused(dns, owner, line):
    """Pointers of compression where a name is whole, lengths that lie, labels and escapes that are none."""
    if owner.request("GET", "/zones/hostile.example").status_code == 404:
        owner.post("/zones", {"name": "hostile.example", "zonefile": "kept A 192.0.2.1\n"})
    before = owner.get("/zones/hostile.example")["zone"]["version"]
    said = owner.request("POST", "/zones/hostile.example/actions/import_zonefile", {"zonefile": f"good A 192.0.2.2\n{line}\n"})
    error = said.json()["error"]
    assert said.status_code == 422 and error["code"] == "invalid_input" and "line 2" in json.dumps(error), said.text
    assert owner.get("/zones/hostile.example")["zone"]["version"] == before


def test_names_with_every_byte_are_answered(dns, owner):
    """What a name may have, however odd, comes back as it was and is found."""
    odd = {f"\\{byte:03}a": f"192.0.2.{byte % 250 + 1}" for byte in list(range(33)) + [34, 36, 40, 41, 59, 64, 92, 127, 200, 255]}
    owner.post("/zones", {"name": "odd.example", "zonefile": "".join(f"{name} A {value}\n" for name, value in odd.items())})
    dns.live(owner, "odd.example")
    for name, value in odd.items():
        assert dns.dig(f"{name}.odd.example") == [("A", value)], name
    exported = owner.get("/zones/odd.example/zonefile")["zonefile"]
    owner.post("/zones/odd.example/actions/import_zonefile", {"zonefile": exported})
    assert re.sub("SOA.*", "", owner.get("/zones/odd.example/zonefile")["zonefile"]) == re.sub("SOA.*", "", exported)


def test_ten_thousand_records_and_one(dns, owner):
    """In a file, because one request has room for it; the next one is refused and changes nothing."""
    owner.post("/zones", {"name": "many.example"})
    there = owner.get("/zones/many.example")["zone"]["record_count"]
    text = "".join(f"h{number} A 192.0.2.1\n" for number in range(10000 - there))
    owner.post("/zones/many.example/actions/import_zonefile", {"zonefile": text})
    zone = owner.get("/zones/many.example")["zone"]
    assert zone["record_count"] == 10000
    said = owner.request("POST", "/zones/many.example/rrsets", {"name": "one-more", "type": "A", "records": [{"value": "192.0.2.1"}]})
    assert said.status_code in (403, 422) and "at most 10000 records" in said.text
    assert owner.get("/zones/many.example")["zone"]["version"] == zone["version"]
    dns.answers("h9000.many.example", "A", "192.0.2.1")

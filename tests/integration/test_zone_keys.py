"""Keys of signed zones: they change without a gap, and a name server that has lost them gets the same ones again."""
import dataclasses
import os
import shutil
import signal
import sqlite3
import subprocess
import time

import pytest

from ippo_testing import eventually, run
from name_server import NameServer, copy_of_keys, operator, owner, private_keys, signed  # noqa: F401

TTL = 60


@pytest.fixture(scope="module")
def dns():
    """Keys that change within seconds."""
    instance = NameServer(zsk_life_seconds="20", key_ttl_seconds="3", spread_seconds="2", parent_wait_seconds="6")
    try:
        yield instance.with_servers()
    finally:
        instance.close()


@pytest.fixture(scope="module")
def parent(dns, owner):
    """The zone above those that have one here: this name server is its own resolver."""
    rrsets = [{"name": name, "type": "NS", "records": [{"value": "ns1.example.net."}]} for name in ("ksk", "one")]
    owner.post("/zones", {"name": "up.example", "ttl": TTL, "rrsets": rrsets})
    return "up.example"


def keys(dns, name, kind=None):
    """The DNSKEY records, of one kind: 256 signs the zone, 257 the keys."""
    found = dns.dig(name, "DNSKEY")
    return {value for _, value in found if kind is None or value.startswith(f"{kind} ")} if isinstance(found, list) else set()


def validates(dns, folder, name, *ds):
    """Whether a resolver that has these DS records believes what is answered."""
    def line(each):
        tag, algorithm, digest, value = each.split(None, 3)
        return f'{name}. static-ds {tag} {algorithm} {digest} "{value.replace(" ", "")}";'
    anchor = folder / "anchor"
    anchor.write_text(f"trust-anchors {{ {' '.join(map(line, ds))} }};\n")
    said = subprocess.run(["delv", "-a", anchor, f"+root={name}", "@127.0.0.1", "-p", str(dns.dns_port), f"www.{name}", "A"], capture_output=True, text=True, timeout=20)
    return "; fully validated" in said.stdout + said.stderr


def test_everything_lost_is_signed_by_the_same_keys(dns, owner, tmp_path):
    zone = signed(dns, owner, "lost.example")
    ds, ksk = zone["dnssec"]["ds"], keys(dns, "lost.example", 257)
    assert len(ksk) == 1 and len(private_keys(copy_of_keys(dns, "lost.example"))) >= 2
    dns.stop()
    shutil.rmtree(dns.state / "dns")
    dns.start()
    dns.answers("www.lost.example", "A", "192.0.2.1")
    assert keys(dns, "lost.example", 257) == ksk
    assert dns.live(owner, "lost.example")["dnssec"]["ds"] == ds
    assert validates(dns, tmp_path, "lost.example", *ds)


@dataclasses.dataclass
class Rolled:
    name: str
    ds: list
    ksk: set
    older: set  # what signed it at first
    copy: bytes  # of the keys of then
    seen: set  # which zone-signing keys were there together


@pytest.fixture(scope="module")
def rolled(dns, owner, tmp_path_factory):
    """A zone whose zone-signing key has changed; it was believed all the time."""
    name, folder = "rolls.example", tmp_path_factory.mktemp("rolled")
    ds = signed(dns, owner, name)["dnssec"]["ds"]
    found = Rolled(name, ds, keys(dns, name, 257), keys(dns, name, 256), copy_of_keys(dns, name), set())

    def changed():
        assert validates(dns, folder, name, *ds)
        now = keys(dns, name, 256)
        found.seen.add(frozenset(now))
        return not found.older & now
    eventually(changed, 200)
    return found


def test_zone_signing_keys_change_by_themselves(dns, owner, rolled):
    assert len(rolled.older) == len(rolled.ksk) == 1
    # The next one was there beside the first for a while.
    assert any(rolled.older < together for together in rolled.seen)
    assert keys(dns, rolled.name, 257) == rolled.ksk and owner.get(f"/zones/{rolled.name}")["zone"]["dnssec"]["ds"] == rolled.ds


def above(dns, owner, name, *ds):
    """The zone above has exactly these DS records."""
    child, parent = name.split(".", 1)
    owner.post(f"/zones/{parent}/rrsets/{child}/DS/actions/set_records", {"records": [{"value": each} for each in ds]})
    dns.answers(name, "DS", *ds)


def state(owner, name):
    found = owner.get(f"/zones/{name}")["zone"]["dnssec"]
    return (found["ksk_roll"] or {}).get("status"), found


def test_a_key_signing_key_waits_for_the_zone_above(dns, owner, parent, tmp_path):
    """Whatever a resolver remembers, one DS or the other, it believes the zone all the time."""
    name = f"ksk.{parent}"
    owner.put("/me/mail", {"address": "zones@owner.example", "language": "en"})
    link, = [line for line in dns.mails("zones@owner.example")[0].splitlines() if "/#/confirm-mail/" in line]
    owner.post("/mail_confirmations/redeem", {"key": link.rsplit("/", 1)[1]})
    old = signed(dns, owner, name)["dnssec"]["ds"]
    owner.post(f"/zones/{parent}/rrsets", {"name": "ksk", "type": "DS", "records": [{"value": old[0]}]})
    dns.answers(name, "DS", *old)
    assert owner.get(f"/zones/{name}/parent_ds")["parent_ds"]["status"] == "present"
    first = keys(dns, name, 257)
    assert owner.post(f"/zones/{name}/actions/roll_ksk")["action"]["command"] == "roll_ksk"
    assert owner.error("POST", f"/zones/{name}/actions/roll_ksk") == (423, "locked")
    status, found = state(owner, name)
    assert status == "preparing" and found["ds"] == old
    eventually(lambda: state(owner, name)[0] == "waiting", 120)
    _, found = state(owner, name)
    new = found["ds"]
    assert new != old and found["ksk_roll"]["ds_before"] == old and found["parent_ds"] == "before"
    assert len(keys(dns, name, 257)) == 2 and first < keys(dns, name, 257)
    assert validates(dns, tmp_path, name, *old) and validates(dns, tmp_path, name, *new)
    # Whoever asked may be elsewhere by now.
    letter = dns.mails("zones@owner.example", 2)[1]
    assert name in letter and all(each in letter for each in new) and "/#/zones/" in letter
    # Nothing happens until the owner has been at the registrar, whatever the name server loses meanwhile.
    dns.stop()
    shutil.rmtree(dns.state / "dns")
    dns.start()
    dns.answers(f"www.{name}", "A", "192.0.2.1")
    dns.answers(name, "DS", *old)
    time.sleep(12)
    assert state(owner, name)[0] == "waiting" and state(owner, name)[1]["ds"] == new
    assert validates(dns, tmp_path, name, *old) and validates(dns, tmp_path, name, *new)
    assert owner.get(f"/zones/{name}/parent_ds")["parent_ds"]["status"] == "before"
    above(dns, owner, name, *new)
    eventually(lambda: state(owner, name)[0] == "settling", 60)
    assert validates(dns, tmp_path, name, *old) and validates(dns, tmp_path, name, *new)
    eventually(lambda: state(owner, name)[0] is None, 120)
    assert not keys(dns, name, 257) & first and len(keys(dns, name, 257)) == 1
    assert validates(dns, tmp_path, name, *new) and not validates(dns, tmp_path, name, *old)
    assert owner.get(f"/zones/{name}/parent_ds")["parent_ds"]["status"] == "present"
    told = [line["what"] for line in owner.get("/history?what=zone&per_page=50")["history"] if line["resource"]["name"] == name]
    assert told[:3] == ["zone.end_ksk_roll", "zone.need_ds", "zone.roll_ksk"]
    assert len(dns.mails("zones@owner.example", 2)) == 2


def test_what_cannot_be_rolled(dns, owner):
    owner.post("/zones", {"name": "plain.example"})
    assert owner.error("POST", "/zones/plain.example/actions/roll_ksk") == (422, "unsupported_error")
    assert owner.error("POST", "/zones/missing.example/actions/roll_ksk") == (404, "not_found")


def test_one_key_for_everything_becomes_two(dns, owner, parent, tmp_path):
    """Zones of before are signed by one key: the name server parts it in two as when its owner replaces it, and nobody is shut out."""
    def knotc(*words):
        run("knotc", "-s", dns.run_dir / "dns/knot.sock", *words)

    def single(how):
        for words in (("conf-begin",), ("conf-set", "policy[signed].single-type-signing", how), ("conf-commit",)):
            knotc(*words)
    name = f"one.{parent}"
    single("on")
    try:
        old = signed(dns, owner, name)["dnssec"]["ds"]
        assert len(keys(dns, name)) == 1
    finally:
        single("off")
    knotc("zone-sign", name)
    owner.post(f"/zones/{parent}/rrsets", {"name": "one", "type": "DS", "records": [{"value": old[0]}]})
    eventually(lambda: state(owner, name)[0] == "waiting", 120)
    _, found = state(owner, name)
    assert found["ds"] != old and found["ksk_roll"]["ds_before"] == old and len(keys(dns, name, 257)) == 2 and keys(dns, name, 256)
    assert validates(dns, tmp_path, name, *old) and validates(dns, tmp_path, name, *found["ds"])
    above(dns, owner, name, *found["ds"])
    eventually(lambda: state(owner, name)[0] is None, 180)
    assert validates(dns, tmp_path, name, *found["ds"]) and len(keys(dns, name, 257)) == 1


def test_keys_that_the_name_server_has_stay(dns, rolled):
    """It has lost its settings and contents alone, and the copy is older than its keys: what it has is not taken back."""
    newer = keys(dns, rolled.name, 256)
    dns.stop()
    with sqlite3.connect(dns.state / "core/ippo.db", timeout=10) as database:
        database.execute("UPDATE zone_key SET keys = ? WHERE zone_id = (SELECT id FROM zone WHERE name = ?)", (rolled.copy, rolled.name))
    database.close()
    for path in ("dns/journal", "dns/confdb"):
        shutil.rmtree(dns.state / path)
    dns.start()
    dns.answers(f"www.{rolled.name}", "A", "192.0.2.1")
    found = keys(dns, rolled.name)
    assert rolled.ksk < found and newer & found and not rolled.older & found


def test_killed_while_keys_are_given_back(dns, owner, tmp_path):
    """Both are killed again and again while everything is told anew: no zone is ever signed by another key."""
    names = [f"killed{number}.example" for number in range(4)]
    old = {name: (signed(dns, owner, name)["dnssec"]["ds"], keys(dns, name, 257)) for name in names}
    dns.stop()
    shutil.rmtree(dns.state / "dns")
    dns.start()
    for number in range(8):
        pid = eventually(dns.knotd, 20)
        time.sleep(0.04 * number)
        for each in (pid for pid in dns._children(dns.process.pid) if number % 2 and dns._comm(pid) == "ippo-dns"):
            os.kill(each, signal.SIGKILL)
        if number % 2 == 0:
            os.kill(pid, signal.SIGKILL)
    for name, (ds, ksk) in old.items():
        dns.answers(f"www.{name}", "A", "192.0.2.1")
        assert dns.live(owner, name)["dnssec"]["ds"] == ds
        assert keys(dns, name, 257) == ksk and validates(dns, tmp_path, name, *ds)


def test_a_backup_has_the_keys(dns, owner, tmp_path):
    """Brought back where the name server has nothing."""
    found = signed(dns, owner, "backed.example")["dnssec"]["ds"]
    ksk = keys(dns, "backed.example", 257)
    dns.cli("backup", tmp_path / "ippo.tar.gz")
    assert (tmp_path / "ippo.tar.gz").stat().st_mode & 0o777 == 0o600
    dns.stop()
    dns.cli("restore", tmp_path / "ippo.tar.gz", "--yes")
    shutil.rmtree(dns.state / "dns")
    dns.start()
    dns.answers("www.backed.example", "A", "192.0.2.1")
    assert dns.live(owner, "backed.example")["dnssec"]["ds"] == found and keys(dns, "backed.example", 257) == ksk
    assert validates(dns, tmp_path, "backed.example", *found)

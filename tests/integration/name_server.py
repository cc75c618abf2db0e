"""What zones' tests share: an Ippo with a name server of its own on loopback, and kdig, which asks it."""
import pathlib
import re
import subprocess

import pytest

from ippo_testing import IppoInstance, eventually, free_port, run
from people import invite


class OtherKnot:
    """A Knot of the test's own on loopback: a secondary, or what knows names elsewhere."""

    def __init__(self, folder, settings, **zones):
        """@settings: what comes after server, control and database; {port} and {dir} in it. @zones: texts of zone files, by a word."""
        self.dir, self.port = pathlib.Path(folder), free_port()
        self.dir.mkdir(parents=True, exist_ok=True)
        for word, text in zones.items():
            (self.dir / f"{word}.zone").write_text(text)
        self.configure(settings)
        self.process = None

    def configure(self, settings):
        (self.dir / "knot.conf").write_text(settings.replace("{port}", str(self.port)).replace("{dir}", str(self.dir)))

    def start(self):
        self.log = open(self.dir / "log", "a")
        self.process = subprocess.Popen(["/usr/sbin/knotd", "-c", self.dir / "knot.conf"], stdout=self.log, stderr=self.log)
        eventually(lambda: "status:" in self.ask("nothing.invalid", "SOA").stdout, 30)
        return self

    def ask(self, name, kind, *options):
        return run("kdig", "@127.0.0.1", "-p", self.port, "+retry=0", "+timeout=5", "+norecurse", name, kind, *options, check=False)

    def short(self, name, kind):
        return sorted(self.ask(name, kind, "+short").stdout.splitlines())

    def close(self):
        if self.process:
            self.process.terminate()
            self.process.wait(30)
            self.log.close()


class OtherServer(OtherKnot):
    """BIND or NSD with a configuration of this service's, put where the test may write."""

    def __init__(self, folder, command):
        self.dir, self.port, self.command, self.process = pathlib.Path(folder), free_port(), command, None
        self.dir.mkdir(parents=True, exist_ok=True)

    def start(self):
        self.log = open(self.dir / "log", "a")
        self.process = subprocess.Popen([*self.command, self.dir / "conf"], stdout=self.log, stderr=self.log)
        eventually(lambda: "status:" in self.ask("nothing.invalid", "SOA").stdout, 30)
        return self


KNOT_SETTINGS = """server:
    rundir: "{dir}"
    pidfile: "pid"
    listen: 127.0.0.1@{port}
log:
  - target: stderr
    any: warning
database:
    storage: "{dir}"
zone:
"""
ELSEWHERE = KNOT_SETTINGS + """  - domain: elsewhere.example
    file: "{dir}/elsewhere.zone"
"""


class NameServer(IppoInstance):
    def __init__(self, settings=None, zones=200, **more):
        """@more: of [dns]."""
        self.dns_port = free_port()
        self.zones = zones
        super().__init__("fake", {"dns": {"listen": f"127.0.0.1:{self.dns_port} [::1]:{self.dns_port}",
                                          "names": "ns1.example.net ns2.example.net",
                                          # It knows the zones of a test: parents and children alike.
                                          "resolver": f"127.0.0.1:{self.dns_port}", **more}, **(settings or {})})

    def with_servers(self):
        """Started, with a customer whose server's plan has zones."""
        self.with_image()
        self.cli("plan", "create", "named", "--cores", "1", "--memory", "64", "--disk", "1", "--monthly", "1", "--zones", str(self.zones))
        return self

    def knotd(self):
        """The name server's pid, or None."""
        for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if path.read_bytes().startswith(b"/usr/sbin/knotd\0--confdb\0" + str(self.state).encode()):
                    return int(path.parent.name)
            except OSError:
                continue
        return None

    def dig(self, name, kind="A", *options):
        """The answer's records as (type, data), or its status when it has none."""
        said = run("kdig", "@127.0.0.1", "-p", self.dns_port, "+retry=0", "+timeout=5", "+norecurse", name, kind, *options, check=False).stdout
        status = re.search(r"status: (\w+)", said)
        answer = re.search(r";; ANSWER SECTION:\n(.*?)(\n\n|\Z)", said, re.S)
        if not answer:
            return status.group(1) if status else said
        return sorted((line.split(None, 4)[3], line.split(None, 4)[4].strip()) for line in answer.group(1).splitlines())

    def answers(self, name, kind, *data):
        """Waits until exactly this is answered."""
        wanted = sorted((kind, value) for value in data)

        def answered():
            return self.dig(name, kind) == wanted
        answered.__doc__ = f"{name} {kind} is {wanted}, but {self.dig(name, kind)}"
        eventually(answered, 20)

    def live(self, api, zone):
        """Waits until the name server has what the database has."""
        def there():
            found = api.get(f"/zones/{zone}")["zone"]
            return found if found["status"] == "ok" else None
        return eventually(there, 30)


def signed(dns, owner, name, ttl=60):
    """A zone that is signed, as the API shows it then."""
    owner.post("/zones", {"name": name, "ttl": ttl, "rrsets": [{"name": "www", "type": "A", "records": [{"value": "192.0.2.1"}]}]})
    owner.post(f"/zones/{name}/actions/change_dnssec", {"enabled": True})
    return eventually(lambda: (lambda z: z if z["dnssec"]["ds"] and z["status"] == "ok" else None)(owner.get(f"/zones/{name}")["zone"]), 30)


def copy_of_keys(dns, name):
    """What the database has of a zone's keys; nothing: b""."""
    rows = dns.database("SELECT k.keys FROM zone_key k JOIN zone z ON z.id = k.zone_id WHERE z.name = ?", name)
    return rows[0][0] if rows else b""


def private_keys(copy):
    return set(re.findall(rb"PRIVATE KEY-----\n(.*?)\n-----END", copy, re.S))


@pytest.fixture(scope="module")
def dns():
    instance = NameServer()
    try:
        yield instance.with_servers()
    finally:
        instance.close()


@pytest.fixture(scope="module")
def operator(dns):
    return dns.api("op", "--operator")


@pytest.fixture(scope="module")
def owner(dns, operator):
    operator.post("/customers", {"name": "zoned"})
    owner = invite(dns, "zone-owner", "zoned")
    owner.create_server("named", server_type="named")
    return owner

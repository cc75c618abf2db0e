"""What zones' tests share: an Ippo with a name server of its own on loopback, and kdig, which asks it."""
import pathlib
import re

from ippo_testing import IppoInstance, eventually, free_port, run


class NameServer(IppoInstance):
    def __init__(self, settings=None, zones=200):
        self.dns_port = free_port()
        self.zones = zones
        super().__init__("fake", {"dns": {"listen": f"127.0.0.1:{self.dns_port} [::1]:{self.dns_port}",
                                          "names": "ns1.example.net ns2.example.net"}, **(settings or {})})

    def with_image(self):
        """Started, with an image."""
        self.start()
        disk = self.dir / "disk.raw"
        disk.write_bytes(bytes(1 << 20))
        self.import_image("tiny", disk)
        return self

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

"""A network that is not this machine's: from there the service and its guests are reached as by somebody at home.

What this machine sends by itself passes no packet filter, and Chromium gives up its requests whenever a guest's interface comes
or goes; from elsewhere neither is so.
"""
import subprocess

from ippo_testing import eventually, run


class Elsewhere:
    def __init__(self, ippo):
        number = ippo.pool.split(".")[2]  # nobody else's, for as long as the pool is held
        self.port = ippo.port
        self.link, self.table = f"away{number}", f"away_{number}"
        self.gateway, self.address = f"198.18.{number}.1", f"198.18.{number}.2"
        self.process = None

    def open(self):
        self.process = subprocess.Popen(["unshare", "--net", "sleep", "infinity"], stdin=subprocess.DEVNULL)
        try:
            self._connect()
        except BaseException:
            self.close()
            raise
        return self

    def _connect(self):
        eventually(lambda: run("cat", f"/proc/{self.process.pid}/comm").stdout == "sleep\n", 20)
        run("ip", "link", "add", self.link, "type", "veth", "peer", "name", "eth0", "netns", str(self.process.pid))
        run("ip", "addr", "add", f"{self.gateway}/30", "dev", self.link)
        run("ip", "link", "set", self.link, "up")
        # The service listens at 127.0.0.1 alone and is called localhost: so it is there, too.
        run("sh", "-c", f"echo 1 >/proc/sys/net/ipv4/conf/{self.link}/route_localnet")
        run("nft", f"table ip {self.table} {{ chain prerouting {{ type nat hook prerouting priority dstnat; "
            f"iifname {self.link} ip daddr {self.gateway} tcp dport {self.port} dnat to 127.0.0.1; }}; }}")
        self.run("ip", "link", "set", "lo", "up")
        self.run("ip", "addr", "add", f"{self.address}/30", "dev", "eth0")
        self.run("ip", "link", "set", "eth0", "up")
        self.run("ip", "route", "add", "default", "via", self.gateway)
        self.run("sh", "-c", "echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet")
        self.run("nft", f"table ip away {{ chain output {{ type nat hook output priority -100; ip daddr 127.0.0.1 tcp dport {self.port} "
                 f"dnat to {self.gateway}; }}; chain postrouting {{ type nat hook postrouting priority srcnat; oifname eth0 masquerade; }}; }}")

    def run(self, *command, **options):
        return run("nsenter", "--net", f"--target={self.process.pid}", *command, **options)

    def close(self):
        run("nft", "delete", "table", "ip", self.table, check=False)
        run("ip", "link", "del", self.link, check=False)
        if self.process:
            self.process.kill()
            self.process.wait()

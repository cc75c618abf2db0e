"""A guest whose root wants no good, on a real wire: nothing of it reaches a neighbour, the host or the world under a
foreign name, and no table of the host fills up. And the door that stays when all else is shut: the consoles.

Two small guests are shared by the tests, in the order in which they stand here.
"""
import contextlib
import ipaddress
import json
import pathlib
import random
import socket
import struct
import subprocess
import threading
import time

import pytest

import frames
from console_client import Viewer, ask, open_console
from frames import ARP, IPV4, IPV6, arp, ether, icmpv6, ip, mac, syn, udp
from ippo_testing import BUILD, address6_of, address_of, eventually, run

RAW = BUILD / "tests/integration/raw-frames"
MARK = b"ippo-hostile-"
EVERY_PROTOCOL = 0x0003
HOST4, HOST6 = "172.31.1.1", "fe80::1"
ALL_NODES = mac("33:33:00:00:00:01")
BROADCAST = b"\xff" * 6
FLOOD = 4000
PER_SECOND, BURST = 300, 600  # of new connections: FIREWALL_CONNECTIONS_PER_S and _BURST


class Watch:
    """Hears every frame on every wire of this machine, and keeps the marks in them by device."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(EVERY_PROTOCOL))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32 << 20)
        self.socket.settimeout(0.2)
        self.seen = {}  # mark: devices
        self.answers = []  # what is not ours: (device, frame)
        self.stops = False
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def listen(self):
        while not self.stops:
            with contextlib.suppress(TimeoutError):
                frame, place = self.socket.recvfrom(4096)
                at = frame.find(MARK)
                if at >= 0:
                    self.seen.setdefault(frame[at + len(MARK):at + len(MARK) + 4].decode(), set()).add(place[0])
                elif place[2] == socket.PACKET_OUTGOING:
                    self.answers.append((place[0], frame))

    def close(self):
        self.stops = True
        self.thread.join()
        self.socket.close()


class Wire:
    """The hostile guest's: what it sends, and where that is seen."""

    def __init__(self, ippo, key, hostile, neighbour):
        self.ippo, self.key, self.hostile, self.neighbour = ippo, key, hostile, neighbour
        self.tap, self.other_tap = (f"{ippo.name}-{server['id']:x}" for server in (hostile, neighbour))
        self.own4, self.own6 = address_of(hostile), address6_of(hostile)
        self.other4, self.other6 = address_of(neighbour), address6_of(neighbour)
        self.mac = mac(key.ssh(self.own4, "cat /sys/class/net/eth0/address").stdout.strip())
        self.host_mac = mac(pathlib.Path(f"/sys/class/net/{self.tap}/address").read_text().strip())
        self.last = 0
        subprocess.run(key.command(self.own4, "cat >/tmp/raw-frames && chmod +x /tmp/raw-frames"), input=RAW.read_bytes(), check=True,
                       timeout=120)

    def mark(self):
        self.last += 1
        return f"{self.last:04d}"

    def payload(self, mark):
        return MARK + mark.encode()

    def put(self, lines):
        """@lines: (times, frame). Returns once the guest has sent them all."""
        text = "".join(f"{times} {frame.hex()}\n" for times, frame in lines)
        sent = subprocess.run(self.key.command(self.own4, "/tmp/raw-frames eth0"), input=text, capture_output=True, text=True,
                              check=True, timeout=300).stdout
        assert int(sent.split()[1]) == sum(times for times, _ in lines)

    def frame(self, packet, source=None, target=None, kind=None):
        if kind is None:
            kind = IPV6 if packet[0] >> 4 == 6 else IPV4
        return ether(source or self.mac, target or self.host_mac, kind, packet)

    def where(self, cases):
        """Sends a frame for each name, with a mark; on which devices but its own each was seen. @cases: name → payload → frame."""
        marks = {name: self.mark() for name in cases}
        watch = Watch()
        try:
            self.put([(3, make(self.payload(marks[name]))) for name, make in cases.items()])
            eventually(lambda: all(self.tap in watch.seen.get(mark, ()) for mark in marks.values()), 30)
        finally:
            watch.close()
        return {name: watch.seen[marks[name]] - {self.tap} for name in cases}


@pytest.fixture(scope="module")
def wire(real, key):
    api = real.api()
    api.post("/ssh_keys", {"name": "test", "public_key": key.public})
    made = []
    for name in ("hostile", "neighbour"):
        server = api.create_server(name, start=True, server_type="tiny", ssh_keys=["test"])
        key.wait_ssh(address_of(server))
        made.append(server)
    for server in made:
        eventually(lambda: api.get(f"/servers/{server['id']}/first_step")["first_step"]["inbound"]["state"] == "open", 300)  # noqa: B023
    yield Wire(real, key, *made)
    for server in made:
        api.delete_server(server)


def test_a_neighbour_is_reached_through_its_public_filter_alone(wire):
    """And so the watch is known to see what there is to see."""
    seen = wire.where({
        "ssh": lambda data: wire.frame(syn(wire.own4, wire.other4, (40001, 22), data)),
        "ssh of IPv6": lambda data: wire.frame(syn(wire.own6, wire.other6, (40001, 22), data)),
        "web": lambda data: wire.frame(syn(wire.own4, wire.other4, (40001, 80), data)),
        "web of IPv6": lambda data: wire.frame(syn(wire.own6, wire.other6, (40001, 80), data)),
        "a datagram": lambda data: wire.frame(udp(wire.own4, wire.other4, (40001, 22), data)),
    })
    assert seen == {"ssh": {wire.other_tap}, "ssh of IPv6": {wire.other_tap}, "web": set(), "web of IPv6": set(), "a datagram": set()}


def test_nothing_leaves_under_a_foreign_name(wire):
    pool = ipaddress.ip_network(wire.ippo.pool)
    names4 = {"its neighbour's": wire.other4, "one of the pool that nobody has": str(pool[99]), "the world's": "203.0.113.5",
              "its gateway's": HOST4, "loopback": "127.0.0.1", "none": "0.0.0.0", "everybody's": "255.255.255.255",
              "a group's": "224.0.0.1"}
    names6 = {"its neighbour's": wire.other6, "the world's": "2001:db8:7::9", "its gateway's": HOST6, "loopback": "::1", "none": "::",
              "mapped": "::ffff:" + wire.other4}
    cases = {}
    for name, address in names4.items():
        cases[name] = lambda data, address=address: wire.frame(syn(address, wire.other4, (40002, 22), data))
        cases[name + ", to the world"] = lambda data, address=address: wire.frame(udp(address, "203.0.113.7", (40002, 53), data))
        cases[name + ", in pieces"] = lambda data, address=address: wire.frame(ip(address, wire.other4, frames.UDP, bytes(8) + data, 0x2000))
    for name, address in names6.items():
        cases[name + " of IPv6"] = lambda data, address=address: wire.frame(syn(address, wire.other6, (40002, 22), data))
        cases[name + " of IPv6, to the world"] = lambda data, address=address: wire.frame(udp(address, "2001:db8:7::7", (40002, 53), data))
    # From another's card, or to it past the host.
    other_mac = mac(pathlib.Path(f"/sys/class/net/{wire.other_tap}/address").read_text().strip())
    cases["another card"] = lambda data: wire.frame(syn(wire.own4, wire.other4, (40003, 22), data), source=mac("02:00:00:00:00:99"))
    cases["past the host"] = lambda data: wire.frame(syn(wire.own4, wire.other4, (40004, 80), data), target=other_mac)
    got_out = {name: places for name, places in wire.where(cases).items() if places}
    assert not got_out


def test_only_internet_packets_are_heard(wire):
    inner = udp(wire.own4, wire.other4, (40005, 22), b"")
    tag = struct.pack(">HH", 5, IPV4)
    cases = {f"{kind:#06x}": lambda data, kind=kind: wire.frame(inner + data, kind=kind)
             for kind in (0x8863, 0x88cc, 0x8847, 0x0842, 0x9000, 0x0064, 0x88e5, 0x890d)}
    cases |= {"a tag": lambda data: wire.frame(tag + syn(wire.own4, wire.other4, (40005, 22), data), kind=0x8100),
              "two tags": lambda data: wire.frame(struct.pack(">HH", 5, 0x8100) + tag + syn(wire.own4, wire.other4, (40005, 22), data),
                                                  kind=0x88a8),
              "spanning tree": lambda data: wire.frame(b"\x42\x42\x03" + bytes(35) + data, target=mac("01:80:c2:00:00:00"), kind=52),
              "a foreign ARP": lambda data: wire.frame(arp(wire.mac, wire.other4, HOST4, True) + data, target=BROADCAST, kind=ARP),
              "an offer of DHCP": lambda data: wire.frame(udp(wire.own4, "255.255.255.255", (67, 68), data), target=BROADCAST),
              "a router": lambda data: wire.frame(icmpv6("fe80::99", "ff02::1", 134, bytes(12) + data), target=ALL_NODES),
              "a redirect": lambda data: wire.frame(icmpv6("fe80::99", "ff02::1", 137, bytes(36) + data), target=ALL_NODES)}
    got_out = {name: places for name, places in wire.where(cases).items() if places}
    assert not got_out


def test_no_service_of_the_host_answers(wire):
    """Whatever the address by which it is called."""
    own = [address["local"] for link in json.loads(run("ip", "-j", "address").stdout) for address in link["addr_info"]
           if address["scope"] == "global" and address["local"] not in (HOST4,)][:6]
    ports = (22, 53, 67, 443, 16509, 5900, wire.ippo.port)
    watch = Watch()
    try:
        wire.put([(2, wire.frame(syn(wire.own6 if ":" in address else wire.own4, address, (40006, port))))
                  for address in [HOST4, "127.0.0.1", *own] for port in ports])
        wire.put([(1, wire.frame(icmpv6(wire.own6, HOST6, 128, b"\0\1\0\1"))), (1, wire.frame(arp(wire.mac, wire.own4, HOST4), kind=ARP))])
        # The last word is answered, so all before it has been heard.
        eventually(lambda: any(device == wire.tap and frame[12:14] == struct.pack(">H", ARP) for device, frame in watch.answers), 30)
    finally:
        watch.close()
    answers = [frame for device, frame in watch.answers if device == wire.tap and frame[12:14] == struct.pack(">H", IPV4)
               and frame[23] == frames.TCP and frame[36:38] == struct.pack(">H", 40006)]
    assert not answers


def neighbours(device):
    return len(run("ip", "neigh", "show", "dev", device, "nud", "all").stdout.splitlines())


def connections():
    return int(pathlib.Path("/proc/sys/net/netfilter/nf_conntrack_count").read_text())


def told(wire):
    """What the owner's page says: packets that were refused, by why."""
    found = wire.ippo.api().get(f"/servers/{wire.hostile['id']}/filter")["filter"]
    return {counter["kind"]: counter["packets"] for counter in found["counters"]}, {refused["kind"] for refused in found["refused"]}


def test_floods_fill_no_table_of_the_host(wire):
    before = neighbours(wire.tap), connections()
    routes = run("ip", "-6", "route", "show", "dev", wire.tap).stdout
    lines = [(1, wire.frame(arp(wire.mac, f"10.7.{number >> 8}.{number & 255}", HOST4), target=BROADCAST, kind=ARP)) for number in range(FLOOD)]
    lines += [(1, wire.frame(icmpv6(f"fe80::{number:x}", HOST6, 135 + number % 2, bytes(4) + socket.inet_pton(socket.AF_INET6, HOST6))))
              for number in range(1, FLOOD)]
    lines += [(1, wire.frame(icmpv6("fe80::99", "ff02::1", 134, struct.pack(">BBHII", 64, 0, 1800, 0, 0)), target=ALL_NODES))] * 50
    wire.put(lines)
    assert neighbours(wire.tap) < before[0] + 200
    assert run("ip", "-6", "route", "show", "dev", wire.tap).stdout == routes, "no route of a guest's"
    # Connections to the world, as fast as it can, which depends on this machine: what is beyond the limit is dropped and counted.
    began = time.monotonic()

    def is_bounded():
        port = random.randrange(1024, 30000)
        wire.put([(1, wire.frame(syn(wire.own4, f"203.0.113.{number & 255}", (port + number, 443)))) for number in range(FLOOD)])
        return told(wire)[0].get("too_many", 0) > 0
    eventually(is_bounded, 200)
    assert connections() - before[1] < BURST + PER_SECOND * (time.monotonic() - began + 2)
    eventually(lambda: {"spoofed", "too_many"} <= told(wire)[1], 60)
    # And a neighbour has not felt it.
    assert wire.key.ssh(wire.other4, "hostname").stdout.strip() == "neighbour"


class Screen:
    """A viewer of the screen: RFB 3.8 in WebSocket messages."""

    def __init__(self, ippo, api, server):
        self.viewer = Viewer(ippo, ask(api, server, kind="vnc"), timeout=60)
        self.bytes = b""
        assert self.take(12) == b"RFB 003.008\n"
        self.say(b"RFB 003.008\n")
        assert self.take(2) == b"\x01\x01"
        self.say(b"\x01")
        assert self.take(4) == bytes(4)
        self.say(b"\x01")
        self.width, self.height = struct.unpack(">HH", self.take(4))
        self.take(16)
        self.take(struct.unpack(">I", self.take(4))[0])

    def say(self, data):
        self.viewer.socket.send_binary(data)

    def take(self, count):
        while len(self.bytes) < count:
            self.bytes += self.viewer.receive()
        taken, self.bytes = self.bytes[:count], self.bytes[count:]
        return taken

    def picture(self):
        """The whole of it, uncompressed."""
        self.say(struct.pack(">BxHi", 2, 1, 0))
        self.say(struct.pack(">BBHHHH", 3, 0, 0, 0, self.width, self.height))
        kind, count = struct.unpack(">BxH", self.take(4))
        assert kind == 0
        pixels = b""
        for _ in range(count):
            _, _, width, height, encoding = struct.unpack(">HHHHi", self.take(12))
            assert encoding == 0
            pixels += self.take(4 * width * height)
        return pixels


def test_both_consoles_work_with_everything_dropped(wire):
    """At the edge by a filter without a rule, inside by a network that is taken down."""
    api, server = wire.ippo.api(), wire.neighbour
    resources = [{"type": "server", "server": {"id": server["id"]}}]

    def answers():
        # Asked from the other guest: what this machine itself sends passes no filter.
        return "SSH-2.0" in wire.key.ssh(wire.own4, f"nc -w 3 {wire.other4} 22 </dev/null | head -n 1", check=False).stdout
    eventually(answers, 60, 1)
    shut = api.post("/firewalls", {"name": "nothing", "rules": [], "apply_to": resources})["firewall"]
    eventually(lambda: not answers(), 60, 1)
    serial = open_console(wire.ippo, api, server, timeout=60).until_live()
    serial.say(b"\r")
    serial.say(b"ip link set eth0 down; echo shut $((40+2))\r")
    serial.until_text(b"shut 42")
    screen = Screen(wire.ippo, api, server)
    before = screen.picture()
    assert screen.width >= 640 and len(before) == 4 * screen.width * screen.height
    serial.say(b"for i in 1 2 3 4 5 6 7 8; do echo seen on the screen >/dev/tty0; done; echo told $((40+3))\r")
    serial.until_text(b"told 43")
    eventually(lambda: screen.picture() != before, 30, 0.5)
    screen.viewer.close()
    serial.say(b"ip link set eth0 up; ip route add 172.31.1.1/32 dev eth0; ip route add default via 172.31.1.1 dev eth0; echo open $((40+4))\r")
    serial.until_text(b"open 44")
    serial.close()
    api.call("POST", f"/firewalls/{shut['id']}/actions/remove_from_resources", {"remove_from": resources})
    eventually(answers, 60, 1)

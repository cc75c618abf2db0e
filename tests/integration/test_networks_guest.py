"""A private network between two real guests: one is made in it, the other gets its card while it runs. Then one lies."""
import pathlib
import struct
import subprocess

import pytest

from frames import ARP, IPV4, arp, ether, mac, udp
from ippo_testing import BUILD, address_of, eventually, run
from test_hostile_guest import MARK, Watch

RAW = BUILD / "tests/integration/raw-frames"
BROADCAST = b"\xff" * 6


class Guest:
    """A server and its card in the network, as its root sees them."""

    def __init__(self, api, key, server):
        self.key, self.id, self.address = key, server["id"], address_of(server)
        key.wait_ssh(self.address)
        self.api = api

    @property
    def port(self):
        return self.api.get(f"/servers/{self.id}")["server"]["private_net"][0]

    def ssh(self, command, **options):
        return self.key.ssh(self.address, command, **options)

    @property
    def card(self):
        """The interface with that MAC address; fails while there is none."""
        return self.ssh(f"grep -l {self.port['mac_address']} /sys/class/net/*/address").stdout.split("/")[4]

    def has_card(self):
        return self.ssh(f"grep -l {self.port['mac_address']} /sys/class/net/*/address", check=False).returncode == 0

    def configure(self):
        """What the manual says; the small guest knows one card alone, and has put its address there."""
        self.ssh(f"ip addr del {self.port['ip']}/16 dev eth0 2>/dev/null; ip link set {self.card} up && ip addr add {self.port['ip']}/16 dev {self.card}")

    def reaches(self, ip):
        return self.ssh(f"ping -c 1 -W 2 {ip}", check=False).returncode == 0


@pytest.fixture(scope="module")
def network(real, key):
    api = real.api()
    api.post("/ssh_keys", {"name": "test", "public_key": key.public})
    zone = api.get("/locations")["locations"][0]["network_zone"]
    made = api.post("/networks", {"name": "inside", "ip_range": "10.0.0.0/16", "subnets": [{"type": "cloud", "network_zone": zone}]})["network"]
    servers = [api.create_server("one", start=True, server_type="tiny", ssh_keys=["test"], networks=[made["id"]]),
               api.create_server("two", start=True, server_type="tiny", ssh_keys=["test"])]
    yield api, made, [Guest(api, key, server) for server in servers]
    for server in servers:
        if api.request("GET", f"/servers/{server['id']}").ok:
            api.delete_server(server)


def test_guests_reach_each_other_and_lies_reach_nobody(real, key, network):
    api, made, (one, two) = network
    bridge = f"{real.name}_{made['id']:x}"
    assert one.has_card() and pathlib.Path(f"/sys/class/net/{bridge}/brif").exists()
    one.configure()
    # The other one runs already: its card is plugged in.
    api.wait(api.post(f"/servers/{two.id}/actions/attach_to_network", {"network": made["id"]})["action"])
    eventually(two.has_card, 60)
    two.configure()
    assert {one.port["ip"], two.port["ip"]} == {"10.0.0.2", "10.0.0.3"}
    eventually(lambda: one.reaches(two.port["ip"]) and two.reaches(one.port["ip"]), 60)
    assert not one.reaches("10.0.0.1") and run("ip", "-j", "address", "show", "dev", bridge).stdout.count('"local"') == 0
    # Root of the one sends what it likes; the other one's card hears what is true, and nothing else.
    own, other = mac(one.port["mac_address"]), mac(two.port["mac_address"])
    here, there = one.port["ip"], two.port["ip"]
    def datagram(source, mark, ports=(40001, 7), target=there):
        return udp(source, target, ports, MARK + mark.encode())

    cases = {"0001": ether(own, other, IPV4, datagram("10.0.0.77", "0001")),
             "0002": ether(mac("02:00:00:00:00:99"), other, IPV4, datagram(here, "0002")),
             "0003": ether(own, BROADCAST, ARP, arp(own, there, here, True) + MARK + b"0003"),
             "0004": ether(own, BROADCAST, IPV4, datagram(here, "0004", (67, 68), "255.255.255.255")),
             "0005": ether(own, other, 0x8100, struct.pack(">HH", 5, IPV4) + datagram(here, "0005")),
             "true": ether(own, other, IPV4, datagram(here, "true"))}
    subprocess.run(key.command(one.address, "cat >/tmp/raw-frames && chmod +x /tmp/raw-frames"), input=RAW.read_bytes(), check=True, timeout=120)
    card = one.card
    tap, = (place.name for place in pathlib.Path(f"/sys/class/net/{bridge}/brif").iterdir()
            if two.port["mac_address"] in run("bridge", "fdb", "show", "brport", place.name).stdout)
    watch = Watch()
    try:
        lines = "".join(f"3 {frame.hex()}\n" for frame in cases.values())
        subprocess.run(key.command(one.address, f"/tmp/raw-frames {card}"), input=lines, text=True, check=True, timeout=120)
        eventually(lambda: tap in watch.seen.get("true", ()), 60)
    finally:
        watch.close()
    assert {mark for mark, devices in watch.seen.items() if tap in devices} == {"true"}
    assert set(watch.seen) == set(cases)  # all of them were sent
    # Still the neighbour is where it was; and once it has left, nothing answers.
    assert two.reaches(here)
    api.wait(api.post(f"/servers/{two.id}/actions/detach_from_network", {"network": made["id"]})["action"])
    assert not one.reaches(there)
    assert two.ssh("true").returncode == 0
    assert not pathlib.Path(f"/sys/class/net/{tap}").exists()


def test_it_is_there_again_after_a_stop(real, network):
    """The card and its wire are in place before the guest runs, and go with the server."""
    api, made, (one, _) = network
    api.act({"id": one.id}, "poweroff")
    api.act({"id": one.id}, "poweron")
    one.key.wait_ssh(one.address)
    assert one.has_card()
    api.delete_server({"id": one.id})
    assert not real.segments()
    api.delete(f"/networks/{made['id']}")

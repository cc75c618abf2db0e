"""A real guest, from creation to deletion: power and its truth, the wire, the seed disc, rebuild, resize.

One small guest is shared by the tests, in the order in which they stand here.
"""
import ipaddress
import pathlib
import socket
import subprocess

import pytest

from ippo_testing import address6_of, address_of, eventually, run

USER_DATA = "#cloud-config\nruncmd: [[touch, /tmp/of-the-customer]]\n"


class Guest:
    def __init__(self, ippo, key):
        self.ippo, self.key, self.api = ippo, key, ippo.api()
        self.api.post("/ssh_keys", {"name": "test", "public_key": key.public})
        self.made = self.api.create_server("guest", start=True, server_type="tiny", ssh_keys=["test"], user_data=USER_DATA,
                                           labels={"role": "test"})

    @property
    def now(self):
        return self.api.server(self.made)

    @property
    def address(self):
        return address_of(self.made)

    @property
    def address6(self):
        return address6_of(self.made)

    def ssh(self, *words, **options):
        return self.key.ssh(self.address, *words, **options).stdout

    def wait_ssh(self):
        self.key.wait_ssh(self.address)

    def act(self, verb, body=None, **options):
        return self.api.act(self.made, verb, body, **options)

    def boot_id(self):
        return self.ssh("cat /proc/sys/kernel/random/boot_id").strip()

    def told_host_key(self):
        """What it said at its first boot, once that is over."""
        eventually(lambda: self.now["ippo"]["first_boot_done"], 120)
        (told,) = self.now["ippo"]["host_keys"]
        return told

    def host_key(self):
        scanned = run("ssh-keyscan", "-t", "ed25519", self.address).stdout.split()
        return scanned[2]


@pytest.fixture(scope="module")
def guest(real, key):
    return Guest(real, key)


def test_created_and_logged_in_over_both_families(guest):
    guest.wait_ssh()
    assert guest.ssh("hostname").strip() == "guest"
    assert guest.key.ssh(guest.address6, "hostname").stdout.strip() == "guest"
    assert guest.now["status"] == "running"


def test_closed_at_the_edge_until_it_was_looked_at(guest):
    """Its image cannot report: what the probe sees decides. Until then the packet filter drops what is new."""
    tap = f'"{guest.ippo.name}-{guest.made["id"]:x}"'

    def closed():
        return run("nft", "list", "set", "inet", f"ippo_{guest.ippo.name}", "closed").stdout
    first = guest.api.get(f"/servers/{guest.made['id']}/first_step")["first_step"]
    if first["inbound"]["state"] == "closed":
        assert tap in closed()
    found = eventually(lambda: (now := guest.api.get(f"/servers/{guest.made['id']}/first_step")["first_step"])["inbound"]["state"]
                       == "open" and now, 240)
    assert found["inbound"]["reason"] == "probed" and found["guest"]["reports"] is False, found
    eventually(lambda: tap not in closed(), 20)
    seen = {item["id"]: item["outside"] for item in found["items"]}
    assert seen["packet-filter"]["result"] == seen["key-only"]["result"] == seen["ssh-port"]["result"] == "pass"
    assert len(seen["packet-filter"]["evidence"]) == 2, "over IPv4 and IPv6"
    assert "oifname @closed counter" in guest.ippo.rules()


def test_the_guest_is_the_one_that_was_asked_for(guest):
    assert guest.ssh("cat /sys/class/dmi/id/product_uuid").strip().lower() == guest.now["ippo"]["uuid"]
    assert int(guest.ssh("cat /proc/meminfo").split()[1]) // 1024 in range(180, 257)
    assert guest.ssh("nproc").strip() == "1"


def test_static_addresses_with_a_gateway_on_the_link(guest):
    addresses = guest.ssh("ip addr show dev eth0")
    assert f"{guest.address}/32" in addresses and f"{guest.address6}/64" in addresses
    assert "default via 172.31.1.1 dev eth0" in guest.ssh("ip route")
    assert "default via fe80::1 dev eth0" in guest.ssh("ip -6 route")
    mac = guest.ippo.database("SELECT mac FROM server WHERE id = ?", guest.made["id"])[0][0]
    mac = mac if isinstance(mac, str) else ":".join(f"{byte:02x}" for byte in mac)
    assert mac in guest.ssh("cat /sys/class/net/eth0/address").strip()


def test_the_seed_is_destroyed_after_the_first_boot(guest):
    eventually(lambda: guest.ippo.files("seeds") == [], 60)
    domain = f"{guest.ippo.name}-{guest.made['id']}"
    for options in ((), ("--inactive",)):
        assert "/seeds/" not in run("virsh", "-c", "qemu:///system", "dumpxml", *options, domain).stdout
    assert guest.ippo.database("SELECT count(*) FROM server_seed") == [(0,)]


def test_the_host_key_it_told_is_the_one_it_answers_with(guest):
    told = guest.told_host_key()
    assert told["public_key"] == f"ssh-ed25519 {guest.host_key()}"
    listed = subprocess.run(["ssh-keygen", "-lf", "-"], input=told["public_key"], capture_output=True, text=True, check=True)
    assert listed.stdout.split()[1] == told["fingerprint"]


def test_the_shared_image_belongs_to_no_guest(guest):
    image = guest.ippo.state / "host/images/1.qcow2"
    assert image.stat().st_uid == 0 and image.stat().st_mode & 0o022 == 0
    volume = next((guest.ippo.state / "host/volumes").iterdir())
    assert volume.stat().st_uid != 0 and volume.stat().st_mode & 0o077 == 0


def test_the_guest_cannot_lie_about_its_address(guest):
    """Its echo requests are answered; from another's address, in either family, not even seen."""
    other, other6 = ipaddress.ip_network(guest.ippo.pool)[77], "fd99::77"
    lie = "ip addr add {0}/{1} dev eth0; ping -c 3 -W 1 -I {0} {2}; ip addr del {0}/{1} dev eth0"
    assert "0% packet loss" in guest.ssh("ping -c 3 -W 3 172.31.1.1")
    assert "100% packet loss" in guest.ssh(lie.format(other, 32, "172.31.1.1"), check=False)
    assert "100% packet loss" in guest.ssh(lie.format(other6, 128, "fe80::1%eth0"), check=False)


def test_what_the_filter_lets_in(guest):
    """SSH from outside is let in; any other port is not, although something listens there."""
    guest.ssh("nohup nc -l -p 8080 >/dev/null 2>&1 & sleep 0.5")
    connected = run("nc", "-z", "-w", "3", guest.address, "22", check=False).returncode
    refused = run("nc", "-z", "-w", "3", guest.address, "8080", check=False).returncode
    assert connected == 0 and refused != 0
    assert "8080" not in guest.ippo.rules()


def test_the_guest_reaches_nothing_on_its_host(guest):
    """No port of the host is open to it, whatever listens there."""
    with socket.create_server(("0.0.0.0", 0)) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port), 5):
            listener.accept()[0].close()
        guest.ssh(f"nc -w 3 172.31.1.1 {port} </dev/null", check=False)
        listener.settimeout(0.5)
        with pytest.raises(TimeoutError):
            listener.accept()


def test_off_from_inside_shows_within_two_seconds(guest):
    domain = f"{guest.ippo.name}-{guest.made['id']}"
    guest.ssh("sync; (sleep 0.3; poweroff) >/dev/null 2>&1 &")
    eventually(lambda: run("virsh", "-q", "-c", "qemu:///system", "domstate", domain).stdout.strip() == "shut off", 60)
    guest.api.wait_status(guest.made, "off", 2)


def test_its_edge_stands_while_it_is_off(guest):
    """There is no wire, and what will be allowed on it is in force: no first packet comes before that."""
    wire = f"{guest.ippo.name}-{guest.made['id']}"
    assert guest.now["status"] == "off" and guest.ippo.taps() == []
    rules = guest.ippo.rules()
    assert f'"{wire}"' in rules and guest.address in rules and guest.address6.removesuffix("1") in rules


def test_power_on_again_without_a_seed(guest):
    guest.act("poweron")
    guest.wait_ssh()
    assert guest.ssh("hostname").strip() == "guest"
    assert guest.ssh("ls /dev/vdb", check=False) == ""


def test_reset_and_reboot_start_the_system_anew(guest):
    first = guest.boot_id()
    guest.act("reset")
    eventually(lambda: guest.key.ssh(guest.address, "cat /proc/sys/kernel/random/boot_id", check=False,
                                     options=("-o", "ConnectTimeout=10")).stdout.strip() not in ("", first), 120, 0.5)
    second = guest.boot_id()
    guest.act("reboot")
    eventually(lambda: guest.key.ssh(guest.address, "cat /proc/sys/kernel/random/boot_id", check=False,
                                     options=("-o", "ConnectTimeout=10")).stdout.strip() not in ("", second), 120, 0.5)
    assert guest.now["status"] == "running"


def test_shutdown_by_the_power_button(guest):
    guest.act("shutdown")
    guest.api.wait_status(guest.made, "off", 60)


def test_change_type_gives_memory_cores_and_disk(guest):
    guest.ippo.cli("plan", "create", "small", "--cores", "2", "--memory", "384", "--disk", "2", "--monthly", "2")
    assert guest.api.error("POST", f"/servers/{guest.made['id']}/actions/change_type", {"server_type": "nothing", "upgrade_disk": True})[1] in (
        "invalid_input", "not_found")
    guest.act("change_type", {"server_type": "small", "upgrade_disk": True})
    guest.act("poweron")
    guest.wait_ssh()
    assert guest.ssh("nproc").strip() == "2"
    assert int(guest.ssh("cat /proc/meminfo").split()[1]) // 1024 in range(290, 385)
    assert int(guest.ssh("cat /sys/block/vda/size")) * 512 == 2 << 30
    assert guest.api.error("POST", f"/servers/{guest.made['id']}/actions/change_type",
                           {"server_type": "small", "upgrade_disk": False})[1] == "server_not_stopped"


def test_rebuild_keeps_the_address_and_name_and_nothing_else(guest):
    guest.ssh("echo mine >/state/mine; tar -c -f - -C /state . | dd of=/dev/vda2 bs=64k conv=notrunc,fsync 2>/dev/null")
    before, old_key = guest.now, guest.host_key()
    volumes = guest.ippo.files("volumes")
    guest.act("rebuild", {"image": "tiny"})
    eventually(lambda: guest.key.ssh(guest.address, "true", check=False).returncode == 0, 300, 0.5)
    after = guest.now
    assert after["public_net"] == before["public_net"] and after["name"] == before["name"]
    assert guest.ssh("cat /state/mine", check=False).strip() != "mine"
    assert guest.host_key() != old_key
    assert guest.told_host_key()["public_key"] == f"ssh-ed25519 {guest.host_key()}"
    assert len(guest.ippo.files("volumes")) == 1 and guest.ippo.files("volumes") != volumes
    assert after["status"] == "running"


def test_the_wire_is_back_after_the_host_lost_it(guest):
    """As after a restart of the machine: rules and routes gone, everything put back before guests go on."""
    tap = guest.ippo.taps()[0]
    guest.ippo.stop()
    run("nft", "delete", "table", "inet", f"ippo_{guest.ippo.name}")
    for family in ("-4", "-6"):
        run("ip", family, "route", "flush", "dev", tap)
    guest.ippo.start()
    eventually(lambda: f"dev {tap}" in run("ip", "route", "get", guest.address).stdout, 20)
    assert f"dev {tap}" in run("ip", "route", "get", guest.address6).stdout
    assert guest.address in guest.ippo.rules() and guest.address6.removesuffix("1") in guest.ippo.rules()
    for address in (guest.address, guest.address6):
        assert guest.key.ssh(address, "hostname").stdout.strip() == "guest"


def test_a_guest_survives_restarts_of_every_process(guest):
    boot = guest.boot_id()
    for role in ("web", "core", "host"):
        guest.ippo.kill(role)
        guest.ippo.wait_healthy()
    guest.ippo.kill("ippod")
    guest.ippo.start()
    assert guest.boot_id() == boot
    eventually(lambda: guest.now["status"] == "running", 10)


def test_power_changes_while_core_was_away_are_seen(guest):
    domain = f"{guest.ippo.name}-{guest.made['id']}"
    guest.ippo.stop()
    run("virsh", "-q", "-c", "qemu:///system", "destroy", domain)
    guest.ippo.start()
    guest.api.wait_status(guest.made, "off", 10)


def test_deleted_without_a_trace(guest):
    guest.api.delete_server(guest.made)
    assert not any(guest.ippo.leftovers().values()), guest.ippo.leftovers()
    assert guest.api.error("GET", f"/servers/{guest.made['id']}") == (404, "not_found")
    assert run("ip", "route", "get", guest.address, check=False).stdout.find(f"dev {guest.ippo.name}-") < 0
    assert list(pathlib.Path("/var/log/libvirt/qemu").glob(f"{guest.ippo.name}-*.console.log*")) == []

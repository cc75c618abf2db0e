"""firststep in a real Debian 12, with its systemd: the package, a change confirmed, one that nobody confirms, a power cut.

QEMU with a network of its own, and no Ippo: firststep serves on any VPS.
"""
import shutil
import socket
import subprocess
import time

import pytest

from ippo_testing import BUILD, ROOT, debian_image, run

# Asked of the host part: a KVM that is there may still not work.
ACCEL = "kvm" if subprocess.run([BUILD / "ippo-host", "--probe-kvm"], capture_output=True).returncode == 0 else "tcg"
PATIENCE = 900  # seconds for a boot in emulation on a busy machine
USER_DATA = """#cloud-config
users:
  - name: aya
    shell: /bin/bash
    sudo: ["ALL=(ALL) NOPASSWD:ALL"]
    groups: [sudo]
    ssh_authorized_keys: ["{key}"]
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Guest:
    def __init__(self, folder, key):
        self.folder, self.key = folder, key
        self.disk = folder / "disk.qcow2"
        run("qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", debian_image(), self.disk)
        (folder / "seed").mkdir()
        (folder / "seed/user-data").write_text(USER_DATA.format(key=key.with_suffix(".pub").read_text().strip()))
        (folder / "seed/meta-data").write_text("instance-id: firststep\nlocal-hostname: firststep\n")
        run("xorriso", "-as", "mkisofs", "-quiet", "-V", "CIDATA", "-J", "-R", "-o", folder / "seed.iso", folder / "seed")
        self.ports = {22: free_port(), 2222: free_port()}
        self.boot()

    def boot(self):
        forwards = "".join(f",hostfwd=tcp:127.0.0.1:{here}-:{there}" for there, here in self.ports.items())
        self.qemu = subprocess.Popen(
            ["qemu-system-x86_64", "-nodefaults", "-display", "none", "-m", "768", "-smp", "1", "-machine", f"q35,accel={ACCEL}",
             "-cpu", "max", "-drive", f"file={self.disk},if=virtio,format=qcow2,cache=writethrough",
             "-drive", f"file={self.folder}/seed.iso,if=virtio,format=raw,readonly=on",
             "-netdev", f"user,id=net{forwards}", "-device", "virtio-net-pci,netdev=net", "-device", "virtio-rng-pci",
             "-serial", f"file:{self.folder}/serial"])
        deadline = time.monotonic() + PATIENCE
        while self.ssh("true").returncode != 0:
            assert self.qemu.poll() is None and time.monotonic() < deadline, (self.folder / "serial").read_text()[-2000:]
            time.sleep(2)

    def power_cut(self):
        self.qemu.kill()
        self.qemu.wait()

    def ssh(self, command, user="aya", port=22, check=False, timeout=120):
        done = subprocess.run(
            ["ssh", "-F", "none", "-i", self.key, "-p", str(self.ports[port]), "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no",
             "-o", "UserKnownHostsFile=/dev/null", "-o", "ConnectTimeout=20", "-o", "LogLevel=ERROR", f"{user}@127.0.0.1", command],
            capture_output=True, text=True, timeout=timeout)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def firststep(self, words, **options):
        return self.ssh(f"sudo firststep {words}", **options)


@pytest.fixture(scope="module")
def guest(tmp_path_factory):
    assert shutil.which("xorriso") and shutil.which("qemu-system-x86_64")
    folder = tmp_path_factory.mktemp("firststep")
    key = folder / "key"
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
    guest = Guest(folder, key)
    try:
        package = run(ROOT / "packaging/firststep/make-deb", BUILD / "firststep", folder).stdout.strip()
        with open(package, "rb") as held:
            subprocess.run(["ssh", "-F", "none", "-i", key, "-p", str(guest.ports[22]), "-o", "BatchMode=yes", "-o",
                            "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "aya@127.0.0.1",
                            "cat >firststep.deb && sudo dpkg -i firststep.deb"], stdin=held, check=True, timeout=180,
                           capture_output=True)
        yield guest
    finally:
        guest.power_cut()


def test_confirmed_from_a_new_login(guest):
    begun = guest.firststep("check")
    assert "packet-filter" in begun.stdout
    done = guest.firststep("apply --yes root-ssh key-only ssh-crypto packet-filter logs", check=True)
    assert "sudo firststep confirm" in done.stdout
    assert "firststep-deadline.timer" in guest.ssh("systemctl list-timers --all --no-pager", check=True).stdout
    guest.firststep("confirm", check=True)
    found = guest.firststep("check root-ssh key-only ssh-crypto packet-filter logs sudo-user ssh-port database-closed")
    assert found.returncode == 0, found.stdout
    cost = guest.ssh("bash -c 'time sudo firststep check >/dev/null' 2>&1 | tr '\\n' ' '")
    print("firststep check in the guest:", cost.stdout)


def test_power_cut_before_it_was_confirmed(guest):
    guest.firststep("allow --yes 8080/tcp", check=True)
    assert "8080" in guest.ssh("sudo nft list table inet firststep", check=True).stdout
    guest.power_cut()
    guest.boot()
    assert guest.ssh("sudo test -e /var/lib/firststep/pending").returncode == 1
    assert "8080" not in guest.ssh("sudo nft list table inet firststep", check=True).stdout
    assert guest.ssh("test -e /etc/firststep.conf").returncode == 1


def test_clock_jump_and_connection_lost(guest):
    """A wrong port, the clock a day ahead and then two back: at the deadline, and not before, the old state is back."""
    guest.firststep("ssh-port --yes --minutes 1 2222", check=True)
    begun = time.monotonic()
    assert guest.ssh("true", port=2222).returncode == 0
    guest.ssh("sudo date -s '+1 day'; sudo date -s '-2 days'", check=True)
    assert guest.firststep("confirm").returncode == 2  # by the old port
    assert guest.ssh("sudo test -e /var/lib/firststep/pending").returncode == 0 or time.monotonic() - begun > 50
    while guest.ssh("sudo test -e /var/lib/firststep/pending").returncode != 1:
        assert time.monotonic() - begun < 150
        time.sleep(3)
    assert guest.ssh("true").returncode == 0
    assert "2222" not in guest.ssh("sudo nft list table inet firststep; sudo sshd -T | grep ^port", check=True).stdout


def test_port_moved_for_good(guest):
    guest.firststep("ssh-port --yes 2222", check=True)
    guest.firststep("confirm", port=2222, check=True)
    time.sleep(1)
    assert guest.ssh("true", port=2222).returncode == 0 and guest.ssh("true").returncode == 255
    assert guest.firststep("check ssh-port packet-filter", port=2222).returncode == 0

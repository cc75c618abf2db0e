"""Debian's own hcloud, unmodified, and ssh: a Debian server from its key to its deletion.

One server is shared by the tests, in the order in which they stand here; a full boot takes a while in emulation.
"""
import concurrent.futures
import crypt
import json
import os
import re
import threading

import pytest

from console_client import Viewer, ask, open_console
from ippo_testing import BOOT_SECONDS, address_of, eventually, run

USER_DATA = """#cloud-config
write_files:
  - path: /etc/customer
    content: "written by the customer's user-data\\n"
runcmd:
  - [sh, -c, "echo ran >/var/lib/customer"]
bootcmd:
  - [sh, -c, "echo boot >>/var/lib/boots"]
"""


class Hcloud:
    """The command as a person runs it: endpoint, token and CA in the environment, no context."""

    def __init__(self, ippo, home):
        self.environment = {**os.environ, "HOME": str(home), "HCLOUD_ENDPOINT": f"{ippo.url}/v1", "HCLOUD_TOKEN": ippo.token("hcloud"),
                            "SSL_CERT_FILE": str(ippo.ca)}

    def __call__(self, *words, check=True):
        return run("hcloud", *words, check=check, env=self.environment, timeout=BOOT_SECONDS)

    def json(self, *words):
        return json.loads(self(*words, "-o", "json").stdout)

    def refused(self, *words):
        """The code of an error, as the command prints it."""
        done = self(*words, check=False)
        assert done.returncode != 0, done.stdout
        return re.search(r"\((\w+)\)\s*$", done.stderr).group(1)


@pytest.fixture(scope="module")
def hcloud(ippo, tmp_path_factory):
    return Hcloud(ippo, tmp_path_factory.mktemp("home"))


class Server:
    def __init__(self, ippo, hcloud, key, folder):
        self.ippo, self.hcloud, self.key, self.name = ippo, hcloud, key, "debian"
        user_data = folder / "user-data"
        user_data.write_text(USER_DATA)
        public = folder / "key.pub"
        public.write_text(key.public)
        hcloud("ssh-key", "create", "--name", "mine", "--public-key-from-file", public)
        hcloud("server", "create", "--name", self.name, "--type", "1g", "--image", "debian-12", "--ssh-key", "mine",
               "--user-data-from-file", user_data, "--label", "purpose=test", "--start-after-create=false")

    @property
    def now(self):
        return self.hcloud.json("server", "describe", self.name)

    @property
    def address(self):
        return address_of(self.now)

    @property
    def address6(self):
        return self.hcloud("server", "ip", "-6", self.name).stdout.strip()

    def ssh(self, *words, **options):
        return self.key.ssh(self.address, *words, **options).stdout

    def wait_ssh(self):
        self.key.wait_ssh(self.address)

    def boot_id(self):
        return self.key.ssh(self.address, "cat /proc/sys/kernel/random/boot_id", check=False).stdout.strip()

    def wait_rebooted(self, before):
        eventually(lambda: self.boot_id() not in ("", before), BOOT_SECONDS, 1)


@pytest.fixture(scope="module")
def server(ippo, hcloud, key, tmp_path_factory):
    return Server(ippo, hcloud, key, tmp_path_factory.mktemp("debian"))


def test_every_list_answers(hcloud):
    for kind in ("server", "server-type", "location", "datacenter", "image", "ssh-key", "volume", "network", "floating-ip", "primary-ip",
                 "placement-group", "iso", "load-balancer", "load-balancer-type", "certificate", "firewall"):
        assert isinstance(hcloud.json(kind, "list"), (list, type(None))), kind
    assert [kind["name"] for kind in hcloud.json("server-type", "list")][:4] == ["1g", "2g", "4g", "8g"]
    assert hcloud("server-type", "describe", "1g").stdout.startswith("ID:")
    assert hcloud("location", "describe", "local").stdout
    assert hcloud("image", "describe", "debian-12").stdout


def test_created_stopped(server):
    """A stopped server is a safe server."""
    assert server.now["status"] == "off"
    assert "debian" in server.hcloud("server", "list", "-l", "purpose=test").stdout
    assert server.hcloud("server", "list", "-l", "purpose!=test", "-o", "noheader").stdout == ""


def test_what_is_refused_says_why(server, hcloud):
    assert hcloud.refused("server", "create", "--name", "debian", "--type", "1g", "--image", "debian-12") == "uniqueness_error"
    assert hcloud.refused("server", "create", "--name", "x", "--type", "9g", "--image", "debian-12") == "invalid_input"
    assert "not found" in hcloud("server", "describe", "nobody", check=False).stderr
    public = server.ippo.dir / "again.pub"
    public.write_text(server.key.public)
    assert hcloud.refused("ssh-key", "create", "--name", "again", "--public-key-from-file", public) == "uniqueness_error"
    assert hcloud.refused("server", "add-label", "debian", "bad key=x") == "invalid_input"


def test_started_and_logged_in(server, hcloud):
    hcloud("server", "poweron", "debian")
    server.wait_ssh()
    assert server.ssh("id -un; sudo -n id -un; hostname").split() == ["debian", "root", "debian"]
    assert server.key.ssh(server.address6, "hostname").stdout.strip() == "debian"


def test_root_and_passwords_are_refused_over_ssh(server):
    assert server.key.ssh(server.address, "true", user="root", check=False).returncode == 255
    offered = server.key.ssh(server.address, "true", user="nobody", check=False, options=("-v", "-o", "LogLevel=VERBOSE")).stderr
    methods = re.search(r"Authentications that can continue: (\S+)", offered)
    assert methods is None or "password" not in methods.group(1)
    settings = server.ssh("sudo sshd -T")
    for line in ("permitrootlogin no", "passwordauthentication no", "kbdinteractiveauthentication no"):
        assert line in settings


def test_the_customers_user_data_ran(server):
    server.ssh("cloud-init status --wait", check=False)
    assert "by the customer" in server.ssh("cat /etc/customer")
    assert server.ssh("cat /var/lib/customer").strip() == "ran"
    assert server.ssh("systemctl --failed --no-legend").strip() == ""
    # Nobody who was already in is thrown out again.
    assert server.ssh("sudo journalctl -q -u ssh").count("Server listening on 0.0.0.0") == 1


def test_the_seed_is_gone_and_with_it_what_it_held(server):
    eventually(lambda: server.ippo.files("seeds") == [], 120)
    assert server.ssh("ls /dev/vdb", check=False) == ""
    assert server.ippo.database("SELECT count(*) FROM server_seed") == [(0,)]


def test_its_host_keys_are_known_without_the_network(server):
    told = server.ippo.api().get(f"/servers/{server.now['id']}")["server"]["ippo"]["host_keys"]
    seen = run("ssh-keyscan", "-t", "ed25519,ecdsa", server.address).stdout.splitlines()
    assert sorted(key["public_key"] for key in told) == sorted(line.split(" ", 1)[1] for line in seen if not line.startswith("#"))
    assert len(told) == 1


def test_reset_password_must_be_changed_at_the_first_login(server, hcloud):
    said = hcloud("server", "reset-password", "debian").stdout
    password = re.search(r": (\S+)\s*$", said).group(1)
    shadow = server.ssh("sudo getent shadow root").split(":")
    assert crypt.crypt(password, shadow[1]) == shadow[1]
    assert shadow[2] == "0" or "password must be changed" in server.ssh("sudo chage -l root")
    assert password not in server.ippo.log.read_text()
    for path in (server.ippo.state / "core").iterdir():
        assert password.encode() not in path.read_bytes(), path


def test_a_restart_with_its_own_boot_loader_keeps_the_network(server, hcloud):
    """As after a kernel update: the menu is written anew by the guest, and there is no seed any more."""
    before = server.boot_id()
    keys = server.ssh("cat /etc/ssh/ssh_host_ed25519_key.pub")
    server.ssh("sudo update-grub && sync")
    hcloud("server", "reboot", "debian")
    server.wait_rebooted(before)
    assert server.ssh("cat /etc/ssh/ssh_host_ed25519_key.pub") == keys
    assert server.key.ssh(server.address6, "hostname").stdout.strip() == "debian"
    server.ssh("cloud-init status --wait", check=False)
    assert server.ssh("cat /var/lib/boots").split() == ["boot", "boot"]
    assert server.ssh("cat /var/lib/customer").strip() == "ran"


def test_off_and_a_larger_plan(server, hcloud):
    hcloud("server", "shutdown", "debian")
    eventually(lambda: server.now["status"] == "off", 180, 0.5)
    hcloud("server", "change-type", "debian", "larger")
    hcloud("server", "poweron", "debian")
    server.wait_ssh()
    server.ssh("cloud-init status --wait", check=False)
    assert int(server.ssh("nproc")) == 2 and int(server.ssh("awk '/MemTotal/ { print $2 }' /proc/meminfo")) > 1572864
    assert int(server.ssh("df --output=size -BG / | tail -n 1").strip().rstrip("G")) >= 38


BREAK = """
nft add table inet closed
nft add chain inet closed in "{ type filter hook input priority 0; policy drop; }"
nft add chain inet closed out "{ type filter hook output priority 0; policy drop; }"
systemctl stop ssh.socket ssh
ip link set eth0 down
"""


def test_recovered_through_the_consoles(server, hcloud, ippo):
    """Its network is down, its packet filter drops everything, its sshd is off: both consoles go on, and lead out of it."""
    server.key.ssh(server.address, f"cat >/tmp/break <<'END'{BREAK}END\nsudo systemd-run --on-active=1 sh /tmp/break")
    eventually(lambda: server.key.ssh(server.address, "true", check=False).returncode == 255, 60, 1)
    api = ippo.api("hcloud")
    assert f"wss://localhost:{ippo.port}/v1/consoles/" in hcloud("server", "request-console", "debian").stdout
    screen = Viewer(ippo, ask(api, server.now, kind="vnc"), timeout=120)
    assert screen.receive() == b"RFB 003.008\n"
    screen.close()
    picture = api.request("GET", f"/servers/{server.now['id']}/console/screen")
    assert picture.ok and picture.content.startswith(b"\x89PNG"), picture.text

    # The way to a new password does not lead over the network either.
    password = re.search(r": (\S+)\s*$", hcloud("server", "reset-password", "debian").stdout).group(1)
    console = open_console(ippo, api, server.now, timeout=120).until_live()
    fresh = f"Ippo-{os.urandom(6).hex()}"
    for seen, typed in ((None, ""), (b"login: ", "root"), (b"Password: ", password), (b"Current password: ", password),
                        (b"New password: ", fresh), (b"Retype new password: ", fresh),
                        (b"# ", "nft delete table inet closed; ip link set eth0 up; networkctl reconfigure eth0; systemctl start ssh; "
                                "echo mended-$((40 + 2))")):
        if seen:
            console.until_text_after(seen, at)
        at = len(console.output)
        console.say(typed.encode() + b"\r")
    console.until_text_after(b"mended-42", at)
    console.say(b"exit\r")
    console.close()
    server.wait_ssh()
    assert b"panic" not in console.output


def said_until(console, typed, seen):
    """Says it again each second until it is answered."""
    at, answered = len(console.output), threading.Event()

    def say():
        console.say(typed)
        while not answered.wait(1):
            console.say(typed)

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        saying = pool.submit(say)
        try:
            console.until_text_after(seen, at)
        finally:
            answered.set()
        saying.result()


def test_recovered_in_recovery_mode(server, hcloud, ippo):
    """Nothing is left to come in by: no network, no sshd, no agent, no password. The boot menu is."""
    server.key.ssh(server.address, "sudo sh -c 'mv /etc/netplan /etc/netplan.lost; systemctl mask ssh qemu-guest-agent; "
                                   "usermod -p ! root; sync'")
    console = open_console(ippo, ippo.api("hcloud"), server.now, timeout=BOOT_SECONDS).until_live()
    hcloud("server", "reset", "debian")
    console.until_text_after(b"automatically in", len(console.output))
    said_until(console, b"\x1b[B", b"recovery mode")
    console.say(b"\r")
    console.until_text_after(b"Press Enter for", len(console.output))
    # What comes before sulogin has set up the terminal is thrown away by it.
    said_until(console, b"\r", b"# ")
    at = len(console.output)
    console.say(b"ls /etc/netplan; mv /etc/netplan.lost /etc/netplan; systemctl unmask ssh qemu-guest-agent; sync; "
                b"echo mended-$((40 + 2))\r")
    console.until_text_after(b"mended-42", at)
    assert b"'/etc/netplan': No such file" in console.output[at:]
    hcloud("server", "reset", "debian")
    server.wait_ssh()
    console.close()


def test_labels_names_protection_and_reverse_name(server, hcloud):
    hcloud("server", "add-label", "debian", "env=prod")
    assert server.now["labels"] == {"purpose": "test", "env": "prod"}
    hcloud("server", "remove-label", "debian", "env")
    hcloud("server", "update", "debian", "--name", "renamed")
    server.name = "renamed"
    hcloud("server", "set-rdns", "renamed", "--hostname", "www.example.net")
    assert server.now["public_net"]["ipv4"]["dns_ptr"] == "www.example.net"
    hcloud("server", "enable-protection", "renamed", "delete", "rebuild")
    assert hcloud.refused("server", "delete", "renamed") == "protected"
    hcloud("server", "disable-protection", "renamed", "delete", "rebuild")


def test_a_rescue_boot_is_asked_for_and_called_off(server, hcloud, rescue_system):
    said = hcloud("server", "enable-rescue", "renamed", "--ssh-key", "mine").stdout
    assert "Rescue enabled" in said and said.rstrip().endswith("root password:"), "there is no password"
    assert server.now["rescue_enabled"] is True
    hcloud("server", "disable-rescue", "renamed")
    assert server.now["rescue_enabled"] is False


def test_rebuilt_with_the_same_address(server, hcloud):
    before, keys = server.now, server.ssh("cat /etc/ssh/ssh_host_ed25519_key.pub")
    hcloud("server", "rebuild", "renamed", "--image", "debian-12")
    server.wait_ssh()
    assert server.now["public_net"] == before["public_net"]
    assert server.ssh("cat /etc/ssh/ssh_host_ed25519_key.pub") != keys
    assert server.ssh("hostname").strip() == "renamed"
    assert server.ssh("cat /etc/customer", check=False) == ""


def test_deleted(server, hcloud):
    hcloud("server", "delete", "renamed")
    eventually(lambda: "not found" in hcloud("server", "describe", "renamed", check=False).stderr, 60)
    hcloud("ssh-key", "delete", "mine")
    assert not any(server.ippo.leftovers().values()), server.ippo.leftovers()

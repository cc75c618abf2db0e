"""A Debian server of Ippo, as it comes: what the judges say of it, and what becomes of changes that would keep its owner out.

One real guest for all of it, in the order in which the tests stand here; the host in front of it filters nothing that the host itself
sends, so what is seen is the guest's own doing.
"""
import concurrent.futures
import json
import os
import re
import subprocess
import time

import pytest

import tap
from ippo_testing import BOOT_SECONDS, ROOT, address6_of, address_of, eventually, run
from test_panel import BROWSER

# A user-data that takes every way by which ours could be lost.
USER_DATA = """#cloud-config
vendor_data: {enabled: false}
bootcmd: []
runcmd: [[touch, /var/lib/customer]]
write_files: []
cloud_final_modules: [scripts-user, final-message]
merge_how: [{name: list, settings: [replace]}, {name: dict, settings: [replace]}]
"""
PENDING = "sudo test -e /var/lib/firststep/pending"


class Guest:
    def __init__(self, ippo, key):
        self.ippo, self.key, self.api = ippo, key, ippo.api()
        self.kept_key = self.api.post("/ssh_keys", {"name": "first-step", "public_key": key.public})["ssh_key"]
        self.made = self.api.create_server("first-step", start=True, server_type="1g", image="debian-12", ssh_keys=["first-step"],
                                           user_data=USER_DATA)
        self.address, self.address6 = address_of(self.made), address6_of(self.made)

    @property
    def now(self):
        return self.api.server(self.made)

    def ssh(self, script, check=True, **options):
        return self.key.ssh(self.address, script, check=check, **options)

    def logs_in(self, user="debian", *options):
        """Quickly, for those who expect a refusal."""
        return self.key.ssh(self.address, "true", check=False, user=user, options=("-o", "ConnectTimeout=10", *options))

    def boot_id(self):
        """"" while nobody can log in; a connection that the power cut leaves behind ends by itself."""
        return self.ssh("cat /proc/sys/kernel/random/boot_id", check=False, options=(
            "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=2", "-o", "ServerAliveCountMax=2")).stdout.strip()

    def check(self):
        return {item["id"]: item for item in json.loads(self.ssh("sudo firststep check --json", check=False).stdout)["items"]}

    def filter(self):
        return self.ssh("sudo nft list table inet firststep").stdout

    def wait_old_state(self, begun, least, most):
        """At the deadline, and not before."""
        while self.ssh(PENDING, check=False).returncode != 1:  # 0: it waits; 255: nobody could look
            assert time.monotonic() - begun < most
            time.sleep(1)
        assert time.monotonic() - begun > least


@pytest.fixture(scope="module")
def guest(ippo, key):
    guest = Guest(ippo, key)
    guest.key.wait_ssh(guest.address)
    eventually(lambda: guest.now["ippo"]["first_boot_done"], BOOT_SECONDS, 1)
    yield guest
    guest.api.delete_server(guest.made)
    guest.api.delete(f"/ssh_keys/{guest.kept_key['id']}")  # the tests beside it enter the same key


def test_its_own_list_says_that_it_is_safe(guest):
    assert guest.ssh("ls /var/lib/customer").stdout  # theirs has run too
    found = guest.check()
    # There is no time server in this test's world.
    assert {name: (item["verdict"], item["reason"]) for name, item in found.items() if item["verdict"] != "pass"}.keys() <= {"time"}, found
    assert guest.ssh("systemctl is-active firststep-report").stdout == "active\n"
    assert "first-boot" not in guest.ssh("sudo ls /var/lib/firststep").stdout
    assert guest.ssh("sudo systemctl --failed --plain --no-legend").stdout == ""


def test_its_page_has_what_it_says_and_what_was_seen(guest, playwright):
    about = {"id": guest.made["id"], "name": guest.made["name"], "address": guest.address}
    (customer,), = guest.ippo.database("SELECT name FROM customer WHERE id = 1")
    told = {"url": guest.ippo.url, "invitation": guest.ippo.cli("invitation", "create", "--for", customer).stdout.strip(), "tiny": about}
    done = run("node", "--test", "--test-reporter=tap", BROWSER / "guests/evidence.mjs", check=False, cwd=BROWSER, timeout=600,
               env={**os.environ, "IPPO_VISIT": json.dumps(told)})
    tap.judge(done)


def test_the_kernel_is_told_what_the_image_says(guest):
    """What no file of firststep's, but the image's own, asks for."""
    wanted = [line.split(" = ") for line in (ROOT / "images/debian-12/files/sysctl.conf").read_text().splitlines() if " = " in line]
    found = guest.ssh("sudo sysctl -n " + " ".join(name for name, _ in wanted)).stdout.split()
    assert dict(zip((name for name, _ in wanted), found)) == dict(wanted)
    for module in ("dccp", "sctp", "usb-storage"):
        assert guest.ssh(f"sudo modprobe {module}", check=False).returncode != 0
    guest.ssh("test -x /usr/lib/systemd/system-shutdown/links-down")
    said = guest.ssh("sudo sshd -T").stdout
    assert {"x11forwarding no", "loglevel VERBOSE", "compression no", "tcpkeepalive no", "allowagentforwarding no"} <= set(said.splitlines())


def test_ssh_audit_finds_no_failure(guest):
    judge = run("dpkg-query", "-W", "-f", "${Version}", "ssh-audit").stdout
    report = run("ssh-audit", "--json", guest.address, check=False).stdout
    seen = run("ssh-audit", "--no-colors", guest.address, check=False).stdout
    failures = [line for line in seen.splitlines() if "[fail]" in line]
    warnings = {line.split()[1] for line in seen.splitlines() if "[warn]" in line and "unknown algorithm" not in line}
    print(f"ssh-audit {judge}: {len(failures)} failures, warnings beside what it does not know: {sorted(warnings)}")
    assert json.loads(report)["banner"] and not failures, seen


def scan(address, *options):
    """Every port of TCP that answers with anything but silence."""
    said = run("nmap", "-n", "-Pn", "-sS", "-p-", "--min-rate", "10000", "--max-retries", "1", "-T4", *options, "-oG", "-", address, timeout=400).stdout
    return {found.split("/")[0]: found.split("/")[1] for found in re.findall(r"\d+/\w+(?=/tcp)", said)}


def test_a_full_scan_sees_the_wanted_ports_alone(guest):
    print(run("nmap", "--version").stdout.splitlines()[0])
    # Something listens, so that it is the filter that is seen.
    guest.ssh("nohup python3 -m http.server --bind :: 8080 >/dev/null 2>&1 & sleep 1")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda words: scan(*words), ((guest.address,), (guest.address6, "-6"))))
    guest.ssh("pkill -f http.server", check=False)
    assert both == [{"22": "open"}, {"22": "open"}]


def test_root_and_passwords_are_refused(guest):
    guest.ssh("sudo sh -c 'umask 077; mkdir -p /root/.ssh; cat >/root/.ssh/authorized_keys' </dev/null; "
              f"echo '{guest.key.public}' | sudo tee /root/.ssh/authorized_keys >/dev/null")
    offered = guest.key.ssh(guest.address, "true", check=False, user="root", options=("-v",))
    assert offered.returncode == 255 and "Server accepts key" in offered.stderr and "Permission denied (publickey)" in offered.stderr
    for user in ("root", "debian"):
        refused = guest.logs_in(user, "-o", "PubkeyAuthentication=no", "-o", "PreferredAuthentications=password,keyboard-interactive")
        assert refused.returncode == 255 and "Permission denied (publickey)" in refused.stderr


def test_the_agent_runs_nothing(guest):
    domain = f"{guest.ippo.name}-{guest.made['id']}"
    virsh = ("virsh", "-c", "qemu:///system", "qemu-agent-command", domain)
    assert '"return":{}' in run(*virsh, '{"execute":"guest-ping"}').stdout
    for verb in ("guest-exec", "guest-file-open", "guest-ssh-add-authorized-keys"):
        refused = run(*virsh, json.dumps({"execute": verb, "arguments": {"path": "/etc/shadow"}}), check=False)
        assert refused.returncode != 0 and "disabled" in refused.stderr, refused


def test_a_new_password_has_to_be_changed(guest):
    """Although the agent runs nothing: firststep makes it expire when the host asks."""
    answer = guest.api.post(f"/servers/{guest.made['id']}/actions/reset_password")
    assert guest.api.wait(answer["action"]) and answer["root_password"]
    shadow = guest.ssh("sudo getent shadow root").stdout.split(":")
    assert shadow[1].startswith("$") and shadow[2] == "0"
    guest.ssh("sudo passwd -l root")


def test_wrong_port_lost_connection_and_a_clock_that_jumps(guest):
    """SSH is moved, and the connection breaks; the clock goes two days on, then three back. At the deadline all is as before."""
    before = guest.filter()
    moving = subprocess.Popen(guest.key.command(guest.address, "sudo firststep ssh-port --yes --minutes 2 2222; sleep 600"),
                              stdout=subprocess.PIPE, text=True)
    for line in moving.stdout:
        if "sudo firststep confirm" in line:
            break
    begun = time.monotonic()
    moving.kill()
    moving.wait()
    assert "2222" in guest.filter()
    guest.ssh("true", options=("-p", "2222"))
    # The old port proves nothing.
    assert "ssh -p 2222" in guest.ssh("sudo firststep confirm", check=False).stderr
    guest.ssh("sudo date -s '+2 days' >/dev/null; sudo date -s '-3 days' >/dev/null")
    guest.wait_old_state(begun, 90, 240)
    assert guest.logs_in("debian", "-p", "2222").returncode == 255
    assert guest.filter() == before and guest.ssh("sudo sshd -T | grep ^port").stdout == "port 22\n"
    guest.ssh("sudo date -s '+1 days' >/dev/null")


def test_wrong_filter(guest):
    """A filter that shuts the owner out: nobody can log in to confirm, and at the deadline they can again."""
    guest.ssh("echo 'ssh_port = 2222' | sudo tee /etc/firststep.conf")
    done = guest.ssh("sudo firststep apply --yes --minutes 1 packet-filter")
    begun = time.monotonic()
    assert "sudo firststep confirm" in done.stdout
    assert guest.logs_in().returncode == 255
    eventually(lambda: guest.logs_in().returncode == 0, 120, 1)
    assert time.monotonic() - begun > 40
    assert guest.ssh(PENDING, check=False).returncode == 1 and " 22 " in guest.filter().replace("{", " ").replace("}", " ")
    guest.ssh("sudo rm /etc/firststep.conf")


def test_broken_sshd_config(guest):
    """What sshd does not understand is never in force, and nothing else of the change either."""
    guest.ssh("echo 'Prot 22' | sudo tee /etc/ssh/sshd_config.d/50-mistake.conf")
    before = guest.filter()
    done = guest.ssh("sudo firststep ssh-port --yes 2222", check=False)
    assert done.returncode == 2 and "50-mistake.conf" in done.stderr
    assert guest.ssh(PENDING, check=False).returncode == 1 and guest.filter() == before
    assert guest.ssh("test -e /etc/firststep.conf", check=False).returncode == 1
    guest.ssh("sudo rm /etc/ssh/sshd_config.d/50-mistake.conf")
    guest.ssh("true")


def test_power_cut_in_the_middle(guest):
    """The moment a change begins the power goes. Whatever of it was on disk, after the boot it is gone."""
    before, boot = guest.filter(), guest.boot_id()
    guest.ssh("cat >/tmp/cut <<'END'\n"
              "sync; firststep allow --yes 8080/tcp >/dev/null & until [ -e /var/lib/firststep/pending/manifest ]; do :; done; sleep 0.3\n"
              "echo b >/proc/sysrq-trigger\nEND\nsudo systemd-run --quiet --collect bash /tmp/cut")
    eventually(lambda: guest.boot_id() not in ("", boot), BOOT_SECONDS, 1)
    assert guest.ssh(PENDING, check=False).returncode == 1
    assert guest.filter() == before
    assert guest.ssh("test -e /etc/firststep.conf", check=False).returncode == 1
    assert "The old state is back" in guest.ssh("sudo journalctl -b -u firststep-rollback --no-pager").stdout


def test_mended_from_the_rescue_system(guest, rescue_system):
    """A setting with which sshd does not start is taken away from outside, on the disk of a Debian that does not run."""
    mistake, boot = "/etc/ssh/sshd_config.d/50-mistake.conf", guest.boot_id()
    guest.ssh(f"echo 'Prot 22' | sudo tee {mistake} >/dev/null; sync")
    assert guest.ssh("sudo sshd -t", check=False).returncode != 0
    own = guest.now["ippo"]["host_keys"]
    guest.api.act(guest.made, "enable_rescue")
    guest.api.act(guest.made, "reset")
    guest.key.wait_ssh(guest.address, user="root")
    assert guest.now["ippo"]["rescue"]["running"] is True

    def rescue(script, **options):
        return guest.key.ssh(guest.address, script, user="root", **options).stdout

    assert "vda" not in rescue("mount")
    assert rescue(f"mount /dev/vda1 /mnt && cat /mnt/etc/debian_version && cat /mnt{mistake} && rm /mnt{mistake} && umount /mnt").split("\n")[1] == "Prot 22"
    rescue("reboot", check=False)
    eventually(lambda: guest.boot_id() not in ("", boot), BOOT_SECONDS, 1)
    assert guest.ssh("sudo sshd -t; hostname").stdout == "first-step\n"
    assert guest.now["ippo"]["rescue"]["running"] is False and guest.now["ippo"]["host_keys"] == own
    # Root of the rescue system is no root of the server's own.
    assert guest.logs_in("root").returncode == 255


def test_moved_for_good(guest):
    """Proved over the new port, the change stays, and the old port closes."""
    guest.ssh("sudo firststep ssh-port --yes 2222")
    guest.key.ssh(guest.address, "sudo firststep confirm", options=("-p", "2222"))
    eventually(lambda: guest.logs_in().returncode == 255, 20, 1)
    guest.ssh("true", options=("-p", "2222"))
    done = guest.key.ssh(guest.address, "sudo firststep check ssh-port packet-filter root-ssh key-only", check=False, options=("-p", "2222"))
    assert done.returncode == 0, done.stdout

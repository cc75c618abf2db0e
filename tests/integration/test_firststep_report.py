"""firststep report --to-host: what goes out over the port to the host, and what the host may ask over the other one.

In the same namespaces as firststep apply; two FIFOs stand for the virtio ports.
"""
import base64
import json
import os
import re
import select
import time

import pytest

from test_firststep_apply import PENDING, Guest

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH7e0WEGFMTSdyfUwi2rdAWtMwkSWk5dEcfzwHcCvSLW"


class Port:
    """The host's end."""

    def __init__(self, path):
        os.mkfifo(path)
        self.path = path
        self.fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self.text = b""

    def lines(self, until, seconds=20):
        """Everything said so far, up to a line that matches."""
        end = time.monotonic() + seconds
        while not any(re.match(until, line) for line in self.text.decode().splitlines(keepends=True)):
            assert time.monotonic() < end, self.text
            if select.select([self.fd], [], [], 0.2)[0]:
                self.text += os.read(self.fd, 65536)
        said, self.text = self.text.decode().splitlines(), b""
        return said

    def say(self, line):
        os.write(self.fd, line.encode() + b"\n")


def report_of(lines):
    """As core puts it together."""
    parts = [line.split() for line in lines if line.startswith("first-step ")]
    assert [part[1] for part in parts] == [f"{number + 1}/{len(parts)}" for number in range(len(parts))], parts
    return json.loads(b"".join(base64.b64decode(part[2], validate=True) for part in parts))


@pytest.fixture
def guest(tmp_path):
    guest = Guest(tmp_path)
    try:
        yield guest
    finally:
        guest.close()


@pytest.fixture
def ports(guest, tmp_path):
    return Port(tmp_path / "report"), Port(tmp_path / "ask")


@pytest.fixture
def staying(guest, ports):
    report, ask = ports
    guest.run(f"nohup {guest.work}/firststep report --to-host --stay --port {report.path} --ask-port {ask.path} "
              f">{guest.work}/log 2>&1 & echo $! >{guest.work}/pid")
    yield report.lines("first-boot done\n")
    guest.run(f"kill $(cat {guest.work}/pid)")


LAST = r"first-step (\d+)/\1 "


def test_once(guest, ports):
    report, _ = ports
    done = guest.firststep(f"report --to-host --port {report.path}")
    assert done.returncode == 1, done.stderr  # root may log in there
    lines = report.lines(LAST)
    assert all(len(line) <= 512 and line.isascii() and line.isprintable() for line in lines)
    told = report_of(lines)
    whole = json.loads(guest.firststep("report").stdout)
    assert told["host_keys"] == whole["host_keys"] and len(told["host_keys"]) == 2
    assert told["boot_id"] == guest.read("/proc/sys/kernel/random/boot_id").strip()
    assert [(item["id"], item["verdict"], item["reason"]) for item in told["items"]] == [
        (item["id"], item["verdict"], item["reason"]) for item in whole["items"]]
    assert (told["ssh_port"], told["user"], told["asked"]) == (22, "aya", 0)
    assert {"root-ssh": "fail"}.items() <= {item["id"]: item["verdict"] for item in told["items"]}.items()
    assert "summary" not in told["items"][0] and told["items"][2]["evidence"]


def test_nobody_at_the_other_end(guest):
    done = guest.firststep("report --to-host")
    assert done.returncode == 2 and "/dev/virtio-ports/org.ippo.report.0" in done.stderr
    done = guest.firststep("report --to-host --root /")
    assert done.returncode == 2


def test_it_stays(guest, ports, staying):
    """At its start, after each change, and when it is asked, with the question's number."""
    report, ask = ports
    assert report_of(staying)["items"][2]["verdict"] == "fail"
    assert f"host-key {guest.read('/etc/ssh/ssh_host_ed25519_key.pub').rsplit(' ', 1)[0]}" in staying
    assert staying[-1] == "first-boot done"
    guest.firststep("apply --yes root-ssh key-only", check=True)
    assert report_of(report.lines(LAST))["items"][2]["verdict"] == "pass"
    assert guest.has(PENDING)
    guest.firststep("rollback", check=True)
    assert report_of(report.lines(LAST))["items"][2]["verdict"] == "fail"
    ask.say("report 4242")
    assert report_of(report.lines(LAST))["asked"] == 4242


def test_a_valid_key_for_root_is_tried(guest, ports, staying):
    report, ask = ports
    before = guest.read("/root/.ssh/authorized_keys")
    ask.say(f"probe-key 7 {KEY}")
    assert report.lines("probe-key ") == ["probe-key 7 ready"]
    added = guest.read("/root/.ssh/authorized_keys").removeprefix(before)
    assert re.fullmatch(rf'restrict,command="/bin/false",expiry-time="\d{{12}}" {re.escape(KEY)} firststep-probe\n', added)
    # Another takes its place; nothing but such a key is taken.
    ask.say(f"probe-key 8 {KEY[:-1]}A")
    assert report.lines("probe-key ") == ["probe-key 8 ready"]
    assert guest.read("/root/.ssh/authorized_keys").count("firststep-probe") == 1
    for bad in ("ssh-rsa AAAA", KEY + "A", KEY[:-1], f'command="id" {KEY}', f"{KEY} x", ""):
        ask.say(f"probe-key 9 {bad}")
        assert report.lines("probe-key ") == ["probe-key 9 refused"], bad
    ask.say("probe-end 10")
    assert report.lines("probe-key ") == ["probe-key 10 gone"]
    assert guest.read("/root/.ssh/authorized_keys") == before


def test_sshd_accepts_the_probe_key_and_nothing_comes_of_it(guest, ports, staying):
    """Where root may log in it ends at once; where root may not, sshd still says that the key itself is good."""
    report, ask = ports
    guest.run(f"ssh-keygen -q -t ed25519 -N '' -f {guest.work}/probe", check=True)
    ask.say("probe-key 1 " + " ".join(guest.read(f"{guest.work}/probe.pub").split()[:2]))
    report.lines("probe-key 1 ready")
    words = guest.ssh_words(user="root", options="-v").replace(f"{guest.work}/key", f"{guest.work}/probe")
    done = guest.run(f"{words.replace('LogLevel=ERROR', 'LogLevel=DEBUG1')} 'echo in'")
    assert done.returncode == 1 and "in" not in done.stdout.split(), done.stderr
    guest.firststep("apply --yes --without-rollback root-ssh key-only", check=True)
    done = guest.run(f"{words.replace('LogLevel=ERROR', 'LogLevel=DEBUG1')} 'echo in'")
    assert done.returncode == 255 and "Server accepts key" in done.stderr and "Permission denied" in done.stderr, done.stderr


def test_a_password_expires(guest, ports, staying):
    report, ask = ports
    guest.run("echo 'aya:$6$salt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/' | chpasswd -e", check=True)
    ask.say("expire 3 aya")
    assert report.lines("(not-)?expired") == ["expired 3"]
    assert guest.run("getent shadow aya").stdout.split(":")[2] == "0"
    for nobody in ("nobody-such", "-R /", "aya;id", ""):
        ask.say(f"expire 4 {nobody}")
        assert report.lines("(not-)?expired") == ["not-expired 4"], nobody


def test_noise_is_passed_over(guest, ports, staying):
    report, ask = ports
    for noise in ("x" * 5000, "report", "report -1", "report 99999999999999999999", "probe-key", "\x01\x02", "expire", "unknown 1 2"):
        ask.say(noise)
    ask.say("probe-end 5")
    assert report.lines("probe-key 5") == ["probe-key 5 gone"]

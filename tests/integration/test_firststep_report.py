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

from ippo_testing import eventually
from test_firststep_apply import PENDING, Guest

KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIH7e0WEGFMTSdyfUwi2rdAWtMwkSWk5dEcfzwHcCvSLW"


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
    """As core puts it together; with the number of the question."""
    first = next(index for index, line in enumerate(lines) if line.startswith("first-step begin "))
    last = lines.index("first-step end")
    pieces = [line.removeprefix("first-step + ") for line in lines[first + 1:last]]
    report = json.loads(b"".join(base64.b64decode(piece, validate=True) for piece in pieces))
    return report, int(lines[first].split()[2])


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


END = "first-step end\n"


def verdicts(lines):
    return {item["id"]: item["verdict"] for item in report_of(lines)[0]["items"]}


def test_once(guest, ports):
    report, _ = ports
    done = guest.firststep(f"report --to-host --port {report.path}")
    assert done.returncode == 1, done.stderr  # root may log in there
    lines = report.lines(END)
    assert all(len(line) <= 512 and line.isascii() and line.isprintable() for line in lines)
    told, ask = report_of(lines)
    whole = json.loads(guest.firststep("report").stdout)
    assert told["host_keys"] == whole["host_keys"] and len(told["host_keys"]) == 2
    assert told["boot_id"] == guest.read("/proc/sys/kernel/random/boot_id").strip()
    assert [(item["id"], item["verdict"], item["reason"]) for item in told["items"]] == [
        (item["id"], item["verdict"], item["reason"]) for item in whole["items"]]
    assert told["settings"] == {"ssh_port": 22, "user": "aya", "open": ""} and ask == 0
    assert verdicts(lines)["root-ssh"] == "fail"
    assert "summary" not in told["items"][0] and told["items"][2]["evidence"]


def test_nobody_at_the_other_end(guest):
    done = guest.firststep("report --to-host")
    assert done.returncode == 2 and "/dev/virtio-ports/org.ippo.report.0" in done.stderr
    done = guest.firststep("report --to-host --root /home")
    assert done.returncode == 2


def test_it_stays(guest, ports, staying):
    """A report at its start and after each change."""
    report, _ = ports
    assert verdicts(staying)["root-ssh"] == "fail"
    assert f"host-key {guest.read('/etc/ssh/ssh_host_ed25519_key.pub').rsplit(' ', 1)[0]}" in staying
    assert staying[-1] == "first-boot done"
    guest.firststep("apply --yes root-ssh key-only", check=True)
    assert verdicts(report.lines(END))["root-ssh"] == "pass"
    assert guest.has(PENDING)
    guest.firststep("rollback", check=True)
    assert verdicts(report.lines(END))["root-ssh"] == "fail"


def test_a_key_is_authorised_for_the_probe(guest, ports, staying):
    report, ask = ports
    files = "/root/.ssh/authorized_keys", "/home/aya/.ssh/authorized_keys"
    before = [guest.read(path) for path in files]
    ask.say(f"probe 7 {KEY} aya 3")
    lines = report.lines(END)
    assert lines[0] == "first-step key 7 ready" and report_of(lines)[1] == 7
    for path, old in zip(files, before):
        added = guest.read(path).removeprefix(old)
        assert re.fullmatch(rf'restrict,command="/bin/false",expiry-time="\d{{12}}" ssh-ed25519 {re.escape(KEY)} firststep-probe\n', added)
        assert guest.run(f"stat -c '%a %U' {path}").stdout in ("600 root\n", "600 aya\n")
    # Another takes its place, for a shorter time.
    ask.say(f"probe 8 {KEY[:-1]}A aya 2")
    assert report.lines(END)[0] == "first-step key 8 ready"
    assert guest.read(files[0]).count("firststep-probe") == 1
    eventually(lambda: [guest.read(path) for path in files] == before, 10)


@pytest.mark.parametrize("bad", [f"{KEY}A aya 60", f"{KEY[:-1]} aya 60", f"ssh-ed25519 {KEY} aya 60", f'command="id" {KEY} 60', f"{KEY} aya 601",
                                 f"{KEY} aya 0", f"{KEY} aya", KEY, "", f"B{KEY[1:]} aya 60"])
def test_no_other_key_is(guest, ports, staying, bad):
    report, ask = ports
    before = guest.read("/root/.ssh/authorized_keys")
    ask.say(f"probe 9 {bad}")
    lines = report.lines(END)
    assert not [line for line in lines if line.startswith("first-step key")] and report_of(lines)[1] == 9
    assert guest.read("/root/.ssh/authorized_keys") == before


def test_it_writes_nothing_where_a_link_leads(guest, ports, staying):
    """What a user makes of their own folder cannot make root write elsewhere; and who has no sudo is left alone."""
    report, ask = ports
    guest.run("echo precious >/root/precious; chmod 700 /root; rm /home/aya/.ssh/authorized_keys; "
              "ln -s /root/precious /home/aya/.ssh/authorized_keys; chown -h aya /home/aya/.ssh/authorized_keys", check=True)
    ask.say(f"probe 1 {KEY} aya 60")
    report.lines(END)
    guest.run("rm -r /home/aya/.ssh; mkdir -m 700 /root/elsewhere; ln -s /root/elsewhere /home/aya/.ssh", check=True)
    ask.say(f"probe 2 {KEY} aya 60")
    report.lines(END)
    ask.say(f"probe 3 {KEY} daemon 60")
    report.lines(END)
    assert guest.read("/root/precious") == "precious\n" and guest.run("ls /root/elsewhere").stdout == ""
    assert not guest.has("/usr/sbin/.ssh") and guest.run("stat -c %U /root/precious").stdout == "root\n"


def test_sshd_accepts_the_key_and_nothing_comes_of_it(guest, ports, staying):
    """Where root may log in it ends at once; where root may not, sshd still says that the key itself is good."""
    report, ask = ports
    guest.run(f"ssh-keygen -q -t ed25519 -N '' -f {guest.work}/probe", check=True)
    ask.say(f"probe 1 {guest.read(f'{guest.work}/probe.pub').split()[1]} aya 120")
    assert report.lines(END)[0] == "first-step key 1 ready"

    def log_in(user):
        words = guest.ssh_words(user=user).replace(f"{guest.work}/key", f"{guest.work}/probe")
        return guest.run(f"{words.replace('LogLevel=ERROR', 'LogLevel=DEBUG1')} 'echo in'")
    for user in ("root", "aya"):
        done = log_in(user)
        assert done.returncode == 1 and "in" not in done.stdout.split(), done.stderr
    guest.firststep("apply --yes --without-rollback root-ssh key-only", check=True)
    done = log_in("root")
    assert done.returncode == 255 and "Server accepts key" in done.stderr and "Permission denied" in done.stderr, done.stderr
    assert log_in("aya").returncode == 1


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
    for noise in ("x" * 5000, "report", "probe -1", "probe 99999999999999999999", "probe", "\x01\x02", "expire", "unknown 1 2"):
        ask.say(noise)
    ask.say("expire 5 nobody-such")
    assert report.lines("not-expired") == ["not-expired 5"]

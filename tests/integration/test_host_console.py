"""Serial console and screen of a real guest, asked of ippo-host alone: this file plays ippod and core."""
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import tempfile
import time
import uuid

import pytest

from ippo_testing import BOOT_SECONDS, BUILD, start_libvirt, tiny_image

CONNECT, READY = 0x200, 0x211
HOST_REPLY = 0x380
IMAGE_IMPORT, VOLUME_CREATE, VOLUME_DELETE, IMAGE_DELETE = 0x302, 0x310, 0x312, 0x303
NETWORK_SET, NETWORK_CLEAR = 0x320, 0x321
DEFINE, UNDEFINE, START, STOP, RESET = 0x330, 0x331, 0x332, 0x334, 0x336
CONSOLE_OPEN, CONSOLE_CLOSE, CONSOLE_TEXT, CONSOLE_SCREEN = 0x340, 0x341, 0x342, 0x343
SERIAL, VNC = 1, 2
INPUT, OUTPUT, GAP, MARK, LIVE = 0x01, 0x11, 0x12, 0x13, 0x16
MARKS = {1: "start", 2: "stop", 3: "reset"}
PROMPT = b"/ # "


def text(value):
    return struct.pack("<I", len(value)) + value.encode()


class HostProcess:
    """ippo-host as a child; one request at a time."""

    def __init__(self, config):
        self.config = config
        self.request = 0
        self.start()

    def start(self):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.log = open(self.config.with_suffix(".log"), "ab")
        descriptor = theirs.fileno()
        # Its control channel is descriptor 3, whatever it is here.
        self.process = subprocess.Popen(
            ["bash", "-c", f'exec "$0" --config "$1" 3<&{descriptor}', str(BUILD / "ippo-host"), str(self.config)],
            pass_fds=[descriptor], stderr=self.log, stdout=self.log)
        theirs.close()
        self.control = ours
        self.control.settimeout(120)
        while struct.unpack("<BBHIQ", self.control.recv(1 << 18)[:16])[2] != READY:
            pass
        self.core, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.core.settimeout(120)
        self.send(self.control, CONNECT, text("core"), [theirs.fileno()])
        theirs.close()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.control.close()
        self.core.close()

    @staticmethod
    def send(channel, kind, body, descriptors=(), request=0):
        frame = struct.pack("<BBHIQ", 1, 0, kind, len(body), request) + body
        socket.send_fds(channel, [frame], list(descriptors))

    def ask(self, kind, body, descriptors=(), expected=0):
        """The answer's parts, joined, and its descriptor if it has one."""
        self.request += 1
        self.send(self.core, kind, body, descriptors, self.request)
        answer, received = b"", None
        while True:
            frame, fds, _, _ = socket.recv_fds(self.core, 1 << 19, 1)
            assert frame, "ippo-host has gone"
            _, flags, answered, _, request = struct.unpack("<BBHIQ", frame[:16])
            if answered != HOST_REPLY or request != self.request:
                continue
            code, length = struct.unpack("<iI", frame[16:24])
            assert code == expected, frame[24:24 + length].decode()
            answer += frame[24 + length:]
            received = fds[0] if fds else received
            if not flags & 1:
                return answer, received

    def eventually(self, kind, body, seconds=60):
        """Until libvirt answers: it is connected to in the background."""
        end = time.monotonic() + seconds
        while True:
            try:
                return self.ask(kind, body)
            except AssertionError as error:
                if "libvirt" not in str(error) or time.monotonic() > end:
                    raise
                time.sleep(0.2)


class Console:
    """One viewer; keeps all that it was told."""

    def __init__(self, host, server, number, kind=SERIAL, start=0):
        self.number = number
        body = server.bytes + struct.pack("<QBBQ", number, kind, 2, start) + text("test")
        _, descriptor = host.ask(CONSOLE_OPEN, body)
        self.socket = socket.socket(fileno=descriptor)
        self.socket.settimeout(1)
        self.first = None
        self.bytes = b""
        self.events = []

    def hear(self):
        message = self.socket.recv(1 << 17)
        if not message:
            return False
        if message[0] == OUTPUT:
            offset, = struct.unpack("<Q", message[1:9])
            if self.first is None:
                self.first = offset
            assert offset == self.first + len(self.bytes), "output is not in one piece"
            self.bytes += message[9:]
        elif message[0] == GAP:
            self.events.append(("gap", *struct.unpack("<QQB", message[1:])))
        elif message[0] == MARK:
            offset, mark, _ = struct.unpack("<QBQ", message[1:])
            self.events.append((MARKS[mark], offset))
        return True

    def until(self, pattern, seconds=BOOT_SECONDS, after=0):
        """Waits for the pattern behind the byte @after. Where it ends."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = re.search(pattern, self.bytes[after:])
            if found:
                return after + found.end()
            try:
                if not self.hear():
                    break
            except TimeoutError:
                pass
        raise AssertionError(f"no {pattern} in {self.bytes[-2000:]} {self.events}")

    def until_event(self, name, seconds=30):
        end = time.monotonic() + seconds
        while name not in [event[0] for event in self.events] and time.monotonic() < end:
            try:
                self.hear()
            except TimeoutError:
                pass
        assert name in [event[0] for event in self.events], self.events

    def type(self, words):
        self.socket.send(bytes([INPUT]) + words)


@pytest.fixture(scope="module")
def world():
    start_libvirt()
    instance = f"c{os.getpid() % 100000}"
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ippo-host-"))
    folder.chmod(0o755)
    config = folder / "ippo.conf"
    config.write_text(f"[ippo]\ninstance = {instance}\nstate_dir = {folder}/state\nrun_dir = {folder}/run\n"
                      f"[host]\ndriver = libvirt\n")
    host = HostProcess(config)
    server = uuid.uuid4()
    try:
        with open(tiny_image(), "rb") as image:
            host.ask(IMAGE_IMPORT, struct.pack("<QB", 1, 1) + text("") + bytes(33), [image.fileno()])
        volume = server.bytes + struct.pack("<IQQB", 1, 1, 1 << 30, 0)
        host.ask(VOLUME_CREATE, volume)
        mac = bytes([2, 0, 0, 0, 0, 1])
        # Without addresses, not closed, in no private network, with a filter of no rules, and without a rescue system.
        host.ask(NETWORK_SET, server.bytes + struct.pack("<Q", 1) + mac + bytes(36) + bytes(1) + bytes(1) + bytes(60))
        host.eventually(DEFINE, server.bytes + struct.pack("<Q", 1) + text("guest") +
                        struct.pack("<IQIQBB", 1, 256, 1, 1, 0, 0) + mac + struct.pack("<QH", 0, 0) + bytes(36) + text("") + bytes(1))
        host.ask(START, server.bytes)
        yield host, server, f"{instance}-1"
    finally:
        host.eventually(UNDEFINE, server.bytes)
        host.ask(VOLUME_DELETE, volume)
        host.ask(NETWORK_CLEAR, server.bytes)
        host.ask(IMAGE_DELETE, struct.pack("<Q", 1))
        host.kill()
        for family, table in (("inet", "ippo"), ("netdev", "ippo"), ("bridge", "ippo"), ("inet", "traffic")):
            subprocess.run(["nft", "delete", "table", family, f"{table}_{instance}"], check=False, capture_output=True)
        shutil.rmtree(folder)


def shell(console):
    """Gets from "press Enter" to a prompt."""
    at = console.until(rb"press Enter")
    console.type(b"\r")
    return console.until(PROMPT, after=at)


def test_from_the_first_byte(world):
    host, server, name = world
    console = Console(host, server, 1)
    at = shell(console)
    assert console.first == 0
    assert console.events[0] == ("start", 0)
    assert [event[0] for event in console.events] == ["start"]
    console.type(b"echo $((6*7))\r")
    console.until(rb"\r\n42\r\n", after=at)
    # All that virtlogd kept is what we heard: not a byte is missing at the beginning.
    log = open(f"/var/log/libvirt/qemu/{name}.console.log", "rb").read()
    assert log.startswith(console.bytes[:200]) and len(console.bytes) >= 200
    # Nobody else takes bytes away.
    taken = subprocess.run(["script", "-qec", f"virsh -c qemu:///system console {name}", "/dev/null"], stdin=subprocess.DEVNULL,
                           capture_output=True, text=True, timeout=30)
    assert "locked" in taken.stdout, taken
    host.ask(CONSOLE_CLOSE, struct.pack("<Q", 1))
    console.socket.settimeout(10)
    while console.socket.recv(1 << 17):
        pass


def test_text(world):
    host, server, _ = world
    answer, _ = host.ask(CONSOLE_TEXT, server.bytes + struct.pack("<QI", 0, 1 << 20))
    first, end, length = struct.unpack("<QQI", answer[:20])
    assert (first, end) == (0, length) and b"press Enter" in answer[20:]


def test_input_while_the_guest_floods(world):
    """Nobody reads, the guest writes without end: Ctrl-C is there within 100 ms, and stops it."""
    host, server, _ = world
    console = Console(host, server, 2, start=2**64 - 1)
    console.type(b"\r")
    console.until(PROMPT)
    console.type(b"yes flooding\r")
    console.until(rb"(flooding\r\n){50}")
    time.sleep(3)  # reads nothing
    sent = time.monotonic()
    console.type(b"\x03")
    at = console.until(rb"\^C", 30)
    console.until(PROMPT, 30, after=at)
    print(f"Ctrl-C to the prompt: {(time.monotonic() - sent) * 1000:.0f} ms, with what had to be read before")
    console.type(b"exit\r")
    console.socket.close()


def test_guest_that_does_not_read(world):
    """Pasting into one does no harm to anyone: libvirt goes on to answer."""
    host, server, _ = world
    console = Console(host, server, 3, start=2**64 - 1)
    console.type(b"\r")
    console.until(rb"press Enter|/ # ")
    console.type(b"\r")
    console.until(PROMPT)
    console.type(b"stty -echo; sleep 1000\r")
    time.sleep(2)
    console.socket.setblocking(False)
    sent = 0
    for _ in range(3000):
        try:
            sent += console.socket.send(b"\x01" + b"p" * 4096)
        except BlockingIOError:
            break
    assert sent > 64 * 1024
    began = time.monotonic()
    host.ask(CONSOLE_SCREEN, server.bytes)
    host.ask(0x337, server.bytes)
    assert time.monotonic() - began < 5
    console.socket.close()


def test_screen(world):
    host, server, _ = world
    answer, _ = host.ask(CONSOLE_SCREEN, server.bytes)
    length, = struct.unpack("<I", answer[:4])
    png = answer[4:4 + length]
    assert png.startswith(b"\x89PNG\r\n\x1a\n") and (len(answer) > 4 + length or png.endswith(b"IEND\xaeB`\x82"))
    width, height = struct.unpack(">II", png[16:24])
    assert width >= 640 and height >= 350


def test_vnc(world):
    host, server, _ = world
    screen = Console(host, server, 10, VNC)
    screen.socket.settimeout(10)
    assert screen.socket.recv(12) == b"RFB 003.008\n"
    screen.socket.send(b"RFB 003.008\n")
    assert screen.socket.recv(2) == b"\x01\x01"
    host.ask(CONSOLE_CLOSE, struct.pack("<Q", 10))
    assert screen.socket.recv(1) == b""
    with pytest.raises(BrokenPipeError):
        screen.socket.send(b"\x01")


def test_reset_stop_and_start(world):
    host, server, _ = world
    console = Console(host, server, 20)
    host.ask(RESET, server.bytes)
    console.until_event("reset")
    before = len(console.bytes)
    console.until(rb"press Enter", after=before)
    host.ask(STOP, server.bytes)
    console.until_event("stop")
    offset = console.first + len(console.bytes)
    host.ask(CONSOLE_OPEN, server.bytes + struct.pack("<QBBQ", 21, VNC, 2, 0) + text("test"), expected=-1033)
    host.ask(START, server.bytes)
    at = console.until(rb"press Enter", after=len(console.bytes))
    assert console.events[-1] == ("start", offset), console.events
    assert console.events.count(("start", offset)) == 1 and "gap" not in [event[0] for event in console.events]
    assert at > offset - console.first
    console.socket.close()


def numbers(said):
    return [int(number) for number in re.findall(rb"line (\d+)\r\n", said)]


def test_host_is_killed_and_misses_nothing(world):
    """A guest counts on while ippo-host is dead: what it said is in the scrollback afterwards, each line once."""
    host, server, _ = world
    console = Console(host, server, 30, start=2**64 - 1)
    console.type(b"\r")
    console.until(PROMPT)
    console.type(b"i=0; while [ $i -lt 60 ]; do i=$((i+1)); echo line $i; usleep 200000; done; echo counted\r")
    console.until(rb"line 5\r\n")
    end = console.first + len(console.bytes)
    host.kill()
    time.sleep(3)
    host.start()
    host.eventually(0x337, server.bytes)
    again = Console(host, server, 31, start=end)
    again.until(rb"\ncounted")
    heard = numbers(console.bytes + again.bytes)
    gaps = [event for event in again.events if event[0] == "gap"]
    assert gaps == [], gaps
    assert heard == list(range(1, 61)), heard
    again.socket.close()


def test_ended_while_away(world):
    host, server, name = world
    console = Console(host, server, 40, start=2**64 - 1)
    console.type(b"\r")
    console.until(PROMPT)
    end = console.first + len(console.bytes)
    console.type(b"sleep 2; echo last words; usleep 300000; poweroff -f\r")
    time.sleep(0.3)
    host.kill()
    deadline = time.monotonic() + 60
    while "shut off" not in subprocess.run(["virsh", "-c", "qemu:///system", "domstate", name], capture_output=True,
                                           text=True).stdout:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    host.start()
    host.eventually(0x337, server.bytes)
    again = Console(host, server, 41, start=end)
    again.until(rb"last words\r\n", 10)
    again.until_event("stop")
    assert "gap" not in [event[0] for event in again.events], again.events
    again.socket.close()

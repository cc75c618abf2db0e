"""What is typed for a keyboard layout arrives as it was, on a guest that has that layout's keymap loaded."""
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PANEL = pathlib.Path(os.environ.get("IPPO_BUILD", ROOT / "build")) / "panel"
TYPE = ROOT / "tests/e2e/keyboard/type.mjs"
BOOT_S = 90
QUIET_S = 3  # after the last byte, nothing more is expected

ASCII = "".join(map(chr, range(0x20, 0x7F)))
# Each layout with the keymap of a Debian server that has it, then with that of console-data.
LAYOUTS = ["us", "jp106", "uk", "de", "de-nodeadkeys", "fr"]
CONSOLE_DATA = ["us", "jp106", "uk", "de-nodeadkeys", "fr"]


def layout_characters(layout):
    return "".join(json.loads(subprocess.check_output(["node", TYPE, "-", PANEL, layout])))


class Guest:
    """QEMU with a screen, a keyboard and a serial port, both of them sockets."""

    def __init__(self, folder):
        image = pathlib.Path(subprocess.check_output([ROOT / "images/keyboard/build"], text=True).strip())
        self.screen = folder / "screen"
        serial = folder / "serial"
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-machine", "pc,accel=tcg", "-cpu", "Nehalem", "-m", "256",
             "-kernel", image / "vmlinuz", "-initrd", image / "initrd", "-append", "console=ttyS0 quiet mitigations=off panic=1",
             "-vga", "std", "-display", f"vnc=unix:{self.screen}", "-serial", f"unix:{serial},server=on,wait=off"],
            stdin=subprocess.DEVNULL)
        self.port = socket.socket(socket.AF_UNIX)
        for _ in range(100):
            try:
                self.port.connect(str(serial))
                break
            except OSError:
                time.sleep(0.1)
        self.read_until(b"ready\n", BOOT_S)

    def read_until(self, end, patience_s):
        """Reads until the bytes end so; returns all of them."""
        data, deadline = b"", time.monotonic() + patience_s
        while not data.endswith(end):
            self.port.settimeout(max(0.1, deadline - time.monotonic()))
            try:
                part = self.port.recv(4096)
            except TimeoutError as error:
                raise AssertionError(f"no {end!r} in {patience_s} s, but {data[-200:]!r}") from error
            assert part, "the guest ended"
            data += part
        return data

    def read_quiet(self):
        """Everything until nothing has come for a while."""
        data = b""
        self.port.settimeout(QUIET_S)
        while True:
            try:
                part = self.port.recv(4096)
            except TimeoutError:
                return data
            assert part, "the guest ended"
            data += part

    def load(self, keymap):
        self.port.sendall(f"{keymap}\n".encode())
        self.read_until(f"loaded {keymap}\n".encode(), 20)

    def type(self, layout, text):
        """Types it; returns what a program in the guest has read."""
        subprocess.run(["node", TYPE, self.screen, PANEL, layout], input=text.encode(), check=True, timeout=60)
        return self.read_quiet()

    def close(self):
        self.port.close()
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture(scope="module")
def guest():
    with tempfile.TemporaryDirectory() as folder:
        guest = Guest(pathlib.Path(folder))
        try:
            yield guest
        finally:
            guest.close()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_character_arrives(guest, layout):
    """All that the layout can type, on the keymap that a Debian server has for it."""
    text = layout_characters(layout)
    assert set(ASCII) <= set(text)
    guest.load(f"debian-{layout}")
    # A terminal gives Return for a line's end; the JIS key ¥ is a backslash on Linux.
    expected = text.replace("\n", "\r").replace("¥", "\\") if layout == "jp106" else text.replace("\n", "\r")
    assert guest.type(layout, text).decode() == expected


@pytest.mark.parametrize("layout", CONSOLE_DATA)
def test_ascii_arrives_with_the_maps_of_console_data(guest, layout):
    guest.load(f"console-{layout}")
    assert guest.type(layout, ASCII).decode() == ASCII


def test_a_wrong_layout_is_seen(guest):
    """The proof proves something: another keymap gives other characters."""
    guest.load("debian-fr")
    assert guest.type("us", ASCII).decode() != ASCII

"""What is pasted into a VNC console arrives as it was, on a guest that has the layout's keymap loaded.

The whole way is the service's own: the panel's dialog in Chromium, a ticket, the WebSocket with ippo-web's filter
of RFB, ippo-host, QEMU's screen; and back over the serial console, on which the guest says what a program read.
"""
import json
import os
import pathlib
import subprocess

import pytest
import websocket

from ippo_testing import BUILD, run
from keyboard_guest import BOOT_S, KeyboardGuest

HERE = pathlib.Path(__file__).resolve().parent
TYPE = HERE / "keyboard/type.mjs"
QUIET_S = 2  # after the last byte, nothing more is expected

ASCII = "".join(map(chr, range(0x20, 0x7F)))
# Each layout with the keymap of a Debian server that has it, then with that of console-data.
LAYOUTS = ["us", "jp106", "uk", "de", "de-nodeadkeys", "fr"]
CONSOLE_DATA = ["us", "jp106", "uk", "de-nodeadkeys", "fr"]


def layout_characters(layout):
    return "".join(json.loads(run("node", TYPE, layout, env={**os.environ, "IPPO_PANEL": str(BUILD / "panel")}).stdout))


class Guest(KeyboardGuest):
    """With somebody who types at the panel."""

    def __init__(self, ippo):
        super().__init__(ippo, ippo.api("operator", "--operator"))
        link = ippo.cli("invitation", "create", "--operator").stdout.strip()
        self.typist = subprocess.Popen(
            ["node", TYPE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "IPPO_URL": ippo.url, "IPPO_INVITATION": link, "IPPO_SERVER": str(self.server["id"])})
        assert self.typist.stdout.readline() == "open\n"

    def type(self, layout, text):
        """Pastes it; returns what a program in the guest has read."""
        at = len(self.serial.output)
        self.typist.stdin.write(json.dumps({"layout": layout, "text": text}) + "\n")
        self.typist.stdin.flush()
        assert self.typist.stdout.readline() == "typed\n"
        self.serial.socket.settimeout(QUIET_S)
        try:
            while True:
                self.serial.step()
        except websocket.WebSocketTimeoutException:
            assert not self.serial.lost
            return self.serial.output[at:]
        finally:
            self.serial.socket.settimeout(BOOT_S)

    def close(self):
        self.typist.stdin.close()
        self.typist.wait(30)
        super().close()


@pytest.fixture(scope="module")
def guest(ippo, playwright):
    guest = Guest(ippo)
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

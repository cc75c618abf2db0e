"""A server with a screen and a keyboard, which says on its serial port what it read. It knows of no power button."""
import pathlib

from console_client import ME, open_console
from ippo_testing import ROOT, run

BOOT_S = 300


class KeyboardGuest:
    def __init__(self, ippo, api, name="keyboard"):
        ippo.import_image(name, pathlib.Path(run(ROOT / "images/keyboard/build").stdout.strip()))
        self.api = api
        self.server = api.create_server(name, server_type="tiny", image=name, start=True)
        self.serial = open_console(ippo, api, self.server, timeout=BOOT_S)
        self.serial.until_live().until(lambda: self.serial.writer == ME)
        self.serial.until_text(b"ready\n")

    def load(self, keymap):
        at = len(self.serial.output)
        self.serial.say(f"{keymap}\n".encode())
        self.serial.until_text_after(f"loaded {keymap}\n".encode(), at)

    def close(self):
        self.serial.close()
        self.api.delete_server(self.server)

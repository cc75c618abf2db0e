"""The panel in Chromium with real guests behind it: what of the panel depends on what a guest does. browser/guests/ has the chapters.

One small guest and one that knows of no power button are shared by all of them, in the order in which they stand here; the visitor
is at another machine.
"""
import json
import os
import signal

import pytest

import tap
from elsewhere import Elsewhere
from ippo_testing import BOOT_SECONDS, BUILD, Key, address_of, eventually, run, tiny_image
from keyboard_guest import KeyboardGuest
from test_panel import BROWSER

CHAPTERS = ["first-visit", "filter", "consoles", "typing", "power", "events", "measured", "farewell"]


class Guests:
    def __init__(self, ippo, key):
        self.ippo, self.api = ippo, ippo.api()
        self.kept_key = self.api.post("/ssh_keys", {"name": "guests", "public_key": key.public})["ssh_key"]
        self.key = key
        ippo.import_image("debian-small", tiny_image())  # by the name of its image the panel knows its user's
        self.tiny = self.api.create_server("small-one", server_type="tiny", image="debian-small", ssh_keys=["guests"], start=True)
        self.stubborn = KeyboardGuest(ippo, self.api, "stubborn")
        self.stubborn.load("debian-jp106")
        self.stubborn.serial.close()

        def looked_at():
            told = self.api.server(self.tiny)["ippo"]
            return told["first_boot_done"] and told["first_step"]["inbound"] == "open"
        eventually(looked_at, BOOT_SECONDS, 0.5)
        self.away = Elsewhere(ippo).open()

    def told(self):
        def about(server):
            return {"id": server["id"], "name": server["name"], "address": address_of(server), "image": server["image"]["id"],
                    "disk": server["ippo"]["uuid"]}
        (customer,), = self.ippo.database("SELECT name FROM customer WHERE id = 1")
        return {"url": self.ippo.url, "invitation": self.ippo.cli("invitation", "create", "--for", customer).stdout.strip(),
                "key": str(self.key.path), "tiny": about(self.tiny), "stubborn": about(self.stubborn.server), "pid": self.ippo.pid("ippod"),
                "cli": [str(BUILD / "ippo"), "--config", str(self.ippo.config)], "domain": f"{self.ippo.name}-",
                "volumes": str(self.ippo.state / "host/volumes"), "address": self.away.address}

    def close(self):
        self.away.close()
        self.stubborn.api.delete_server(self.stubborn.server)
        if self.api.request("GET", f"/servers/{self.tiny['id']}").ok:  # a chapter that was cut off may have left it locked
            self.api.act(self.tiny, "change_protection", {"delete": False, "rebuild": False})
            self.api.delete_server(self.tiny)
        self.api.delete(f"/ssh_keys/{self.kept_key['id']}")


@pytest.fixture(scope="module")
def guests(ippo, tmp_path_factory, playwright):
    guests = Guests(ippo, Key(tmp_path_factory.mktemp("key")))  # no other test has entered this one
    try:
        yield guests
    finally:
        guests.close()


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_with_real_guests(guests, chapter):
    try:
        done = guests.away.run("node", "--test", "--test-reporter=tap", BROWSER / f"guests/{chapter}.mjs", check=False, cwd=BROWSER, timeout=600,
                               env={**os.environ, "IPPO_VISIT": json.dumps(guests.told())})
    finally:
        os.kill(guests.ippo.pid("ippod"), signal.SIGCONT)  # a chapter that was cut off may have left it stopped
    tap.judge(done)


def test_what_was_done_is_whole(guests):
    """After all of it: the deleted guest has left nothing, and no line of the history is missing."""
    assert f"{guests.ippo.name}-{guests.tiny['id']}" not in guests.ippo.domains()
    assert run(BUILD / "ippo", "--config", guests.ippo.config, "history", "verify").returncode == 0

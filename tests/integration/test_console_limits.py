"""The time limits of a console, and its sign of life, on the clock: a minute is the shortest that the settings know."""
import concurrent.futures
import time

import pytest
import websocket

from console_client import IDLE, INPUT, LIFE, Viewer, ask, open_console
from ippo_testing import IppoInstance

MINUTE_S = 60
PING_S = 30
LATE_S = 3  # ippo-web looks once a second; the machine may be busy
TYPING_S = 7


class Watched:
    """A console that somebody has open: how long, what it was asked meanwhile, how it ended."""

    def __init__(self, viewer, types):
        self.viewer, self.types = viewer, types
        self.pings, self.code, self.took, self.left = [], None, None, False

    def watch(self, stay_s):
        start = typed = time.monotonic()
        socket = self.viewer.socket
        socket.settimeout(0.5)
        while time.monotonic() - start < stay_s:
            if self.types and time.monotonic() - typed > TYPING_S:
                typed = time.monotonic()
                socket.send_binary(bytes([INPUT]) + b"still here\r")
            try:
                opcode, data = socket.recv_data(control_frame=True)
            except websocket.WebSocketTimeoutException:
                continue
            if opcode == websocket.ABNF.OPCODE_PING:
                self.pings.append(time.monotonic() - start)
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                self.code, self.took = int.from_bytes(data[:2], "big"), time.monotonic() - start
                return self
        self.left = True
        self.viewer.close()
        return self


def limited(tmp_path_factory, **limits):
    instance = IppoInstance("fake", {"core": limits}).start()
    disk = tmp_path_factory.mktemp("image") / "disk.raw"
    disk.write_bytes(bytes(1 << 20))
    instance.import_image("tiny", disk)
    return instance


@pytest.fixture(scope="module")
def minute(tmp_path_factory):
    """All that there is to see of a minute, seen in the same one."""
    idle = limited(tmp_path_factory, console_idle_minutes=1, console_life_minutes=0)
    life = limited(tmp_path_factory, console_idle_minutes=0, console_life_minutes=1)
    try:
        at_idle, at_life = (instance.api().create_server("guest", start=True) for instance in (idle, life))
        watched = {
            "typist": Watched(open_console(idle, idle.api(), at_idle), True),
            "silent": Watched(open_console(idle, idle.api(), at_idle), False),
            "looking": Watched(open_console(idle, idle.api(), at_idle, mode="view"), False),
            "screen": Watched(Viewer(idle, ask(idle.api(), at_idle, kind="vnc")), False),
            "busy for life": Watched(open_console(life, life.api(), at_life), True),
            "silent for life": Watched(open_console(life, life.api(), at_life), False),
        }
        with concurrent.futures.ThreadPoolExecutor(len(watched)) as pool:
            list(pool.map(lambda each: each.watch(MINUTE_S + 2 * LATE_S), watched.values()))
        yield watched, idle, life
    finally:
        idle.close()
        life.close()


@pytest.mark.parametrize("who", ["silent", "looking", "screen"])
def test_a_console_nobody_types_into_ends(minute, who):
    """Though the guest's output and the client's pongs come all the while."""
    watched, _, _ = minute
    assert watched[who].viewer.greeting["idle_ms"] == MINUTE_S * 1000
    assert watched[who].code == IDLE
    assert MINUTE_S - 1 < watched[who].took < MINUTE_S + LATE_S


def test_who_types_stays(minute):
    watched, _, _ = minute
    assert watched["typist"].left


@pytest.mark.parametrize("who", ["busy for life", "silent for life"])
def test_no_console_lasts_for_ever(minute, who):
    watched, _, _ = minute
    assert watched[who].viewer.greeting["life_ms"] == MINUTE_S * 1000
    assert watched[who].code == LIFE
    assert MINUTE_S - 1 < watched[who].took < MINUTE_S + LATE_S


def test_a_quiet_console_is_asked_for_a_sign_of_life(minute):
    watched, _, _ = minute
    for each in watched.values():
        assert each.pings and PING_S - 1 < each.pings[0] < PING_S + LATE_S, each.pings


def test_the_history_says_which_limit_it_was(minute):
    _, idle, life = minute
    ended = [line["ended"] for line in idle.api().get("/consoles")["consoles"]]
    assert ended.count("idle") == 3 and len(ended) == 4
    assert [line["ended"] for line in life.api().get("/consoles")["consoles"]] == ["life", "life"]

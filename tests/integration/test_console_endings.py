"""A console ends within a second of the right to it, through the running processes, and what is typed later goes nowhere.

Where the API has no verb (a person who is deleted), the row is changed. Core cannot
see a write that is not its own, so it is found when every right is asked again, once a second.
"""
import concurrent.futures
import contextlib
import re
import sqlite3
import time

import pytest
import websocket

from console_client import CUT, DELETED, Closed, Viewer, ask
from ippo_testing import eventually
from people import PASSWORD, Person, invite, key_of

PROMISE_S = 1
ASKED_AGAIN_S = 1.25  # CONSOLE_ASK_MS, found by a look each CONSOLE_LOOK_MS


class Typist:
    """Types numbered lines without pause, also when it was told to close; knows when each was typed.

    It reads and writes in turn: Python's TLS does not do both at once.
    """

    def __init__(self, viewer):
        self.viewer, self.typed, self.closed = viewer, [], None
        viewer.socket.settimeout(0.005)
        viewer.socket.send_close = lambda *_, **__: None  # it does not confirm, or the service would have nothing to cut

    def step(self):
        """False when there is no connection any more."""
        self.typed.append(time.monotonic())
        try:
            self.viewer.say(b"<%d>\r" % (len(self.typed) - 1))
            while self.closed is None:
                self.viewer.step()
            time.sleep(0.005)
        except websocket.WebSocketTimeoutException:
            pass
        except Closed as closed:
            self.closed, self.closed_at = closed, time.monotonic()
        except (OSError, websocket.WebSocketException):
            return False
        return True


def heard(fake, server):
    """The numbers of the lines that the guest has answered."""
    text, at = "", 0
    while True:
        part = fake.api().get(f"/servers/{server['id']}/console/text?from={at}")
        text += part["text"]
        if part["next"] >= part["end"]:
            return {int(number) for number in re.findall(r"<(\d+)>", text)}
        at = part["next"]


def change_row(fake, *statements):
    with contextlib.closing(sqlite3.connect(fake.state / "core/ippo.db", timeout=10)) as database, database:
        database.execute("PRAGMA foreign_keys = ON")
        for statement in statements:
            assert database.execute(statement).rowcount > 0, statement


def number_of(fake, person):
    return fake.api("operator", "--operator").get(f"/users?name={person.name}")["users"][0]["id"]


def sign_out(fake, server, person, console):
    person.delete("/sessions/current")


def suspend(fake, server, person, console):
    fake.api("operator", "--operator").put("/customers/1", {"suspended": True})


def delete_token(fake, server, person, console):
    fake.cli("token", "delete", "an-end", "--yes")


def cut(fake, server, person, console):
    fake.api("operator", "--operator").delete(f"/consoles/{console}")


def delete_server(fake, server, person, console):
    fake.api().delete(f"/servers/{server['id']}")


def rebuild(fake, server, person, console):
    fake.api().post(f"/servers/{server['id']}/actions/rebuild", {"image": "tiny"})


def change_password(fake, server, person, console):
    person.put("/me/password", {"current_password": PASSWORD, "password": PASSWORD[::-1]})


def reset_password(fake, server, person, console):
    link = fake.cli("user", "reset-password", person.name).stdout
    Person(fake, person.name).post("/password_resets/redeem", {"key": key_of(link), "password": PASSWORD[::-1]})


def end_session(fake, server, person, console):
    elsewhere = Person(fake, person.name).sign_in()
    elsewhere.delete("/sessions")


def change_role(fake, server, person, console):
    fake.api("operator", "--operator").put(f"/members/{number_of(fake, person)}", {"role": "reader"})


def end_membership(fake, server, person, console):
    fake.api("operator", "--operator").delete(f"/members/{number_of(fake, person)}")


def disable_user(fake, server, person, console):
    fake.cli("user", "disable", person.name)


def delete_user(fake, server, person, console):
    change_row(fake, f"DELETE FROM user WHERE name = '{person.name}'")


ENDINGS = [(sign_out, CUT, PROMISE_S), (suspend, CUT, PROMISE_S), (delete_token, CUT, PROMISE_S), (cut, CUT, PROMISE_S),
           (delete_server, DELETED, PROMISE_S), (rebuild, DELETED, PROMISE_S), (change_password, CUT, PROMISE_S),
           (reset_password, CUT, PROMISE_S), (end_session, CUT, PROMISE_S), (change_role, CUT, PROMISE_S),
           (end_membership, CUT, PROMISE_S), (disable_user, CUT, PROMISE_S), (delete_user, CUT, ASKED_AGAIN_S)]
BY_TOKEN = (delete_token, delete_server, rebuild)


@pytest.mark.parametrize("ending,code,limit_s", ENDINGS, ids=[ending.__name__ for ending, _, _ in ENDINGS])
def test_nothing_typed_later_reaches_the_guest(fake, ending, code, limit_s):
    name = ending.__name__.replace("_", "-")
    server = fake.api().create_server(name, start=True)
    if ending in BY_TOKEN:
        person = fake.api("an-end" if ending is delete_token else "test")
        viewer = Viewer(fake, ask(person, server))
    else:
        person = invite(fake, name, role="operator")
        viewer = Viewer(fake, ask(person, server), origin=fake.url, headers=[f"Cookie: __Host-ippo={person.cookie}"])
    viewer.until_live()
    typist = Typist(viewer)
    while b"<20>" not in viewer.output:
        assert typist.step()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        start = time.monotonic()
        ended = pool.submit(lambda: (ending(fake, server, person, viewer.greeting["console"]), time.monotonic())[1])
        try:
            while typist.closed is None and time.monotonic() - start < 10:
                assert typist.step(), "the connection ends with a close"
            stop = time.monotonic() + 0.5
            while time.monotonic() < stop and typist.step():
                pass
            said = ended.result()
        finally:
            if ending is suspend:
                fake.api("operator", "--operator").put("/customers/1", {"suspended": False})
    assert typist.closed is not None and typist.closed.code == code, typist.closed
    assert typist.closed_at - said < limit_s
    assert len(typist.typed) > 20 and typist.typed[-1] > start
    if ending is delete_server:
        return  # nobody is left to hear anything
    if ending is rebuild:
        eventually(lambda: not fake.api().get(f"/servers/{server['id']}")["server"]["locked"])
    at_guest = heard(fake, server)
    if ending is not rebuild:
        assert 20 in at_guest
    late = [typist.typed[number] - said for number in at_guest if typist.typed[number] > said + limit_s]
    assert not late
    if ending is cut:
        # Its answer says that the host has been told: not a byte after that.
        assert not [number for number in at_guest if typist.typed[number] > said + 0.05]
    # A suspension that is over starts what it stopped.
    eventually(lambda: not fake.api().get(f"/servers/{server['id']}")["server"]["locked"])
    fake.api().delete_server(server)

"""Guesses at passwords cost the machine their argon2id and nothing more; nobody who is signed in waits for them."""
import concurrent.futures
import contextlib
import itertools
import pathlib
import time

import pytest

from inject import stopped
from ippo_testing import Api, eventually
from people import MARK, PASSWORD, Person, invite

IN_HAND = 16  # MAX_WAITING of src/core/auth/password.c
WORKERS = 2
BUSY = (503, "unavailable")


@pytest.fixture(scope="module")
def person(fake):
    return invite(fake, "resident")


def guess(fake, name):
    """A wrong sign-in on a connection of its own: (status, code)."""
    api = Api(fake.url, fake.ca)
    api.session.headers.update({"Origin": fake.url, **MARK})
    with api.session:
        return api.error("POST", "/sessions", {"name": name, "password": "wrong " + PASSWORD})


@contextlib.contextmanager
def full_queue(fake):
    """Holds core's threads but the loop's still amid argon2id, where they have no lock that the loop may need, and lets as many
    guesses come as may wait. Yields those; they are answered afterwards."""
    core = fake.pid("core")
    threads = [int(task.name) for task in pathlib.Path(f"/proc/{core}/task").iterdir() if int(task.name) != core]
    assert len(threads) == WORKERS  # an invitation was redeemed, so they are there
    sodium = [range(*(int(end, 16) for end in line.split()[0].split("-")))
              for line in pathlib.Path(f"/proc/{core}/maps").read_text().splitlines() if "libsodium" in line]
    numbers, guesses = itertools.count(1), []
    with concurrent.futures.ThreadPoolExecutor(2 * IN_HAND) as pool:
        def begin(count):
            guesses.extend(pool.submit(guess, fake, f"guess-{next(numbers)}") for _ in range(count))

        def waiting():
            """as many as may wait do"""
            return [each for each in guesses if not each.done()]
        while True:
            if not waiting():
                begin(WORKERS + 2)
            with stopped(threads) as addresses:
                if not all(any(address in part for part in sodium) for address in addresses):
                    continue
                begin(IN_HAND + 1)
                eventually(lambda: len(waiting()) == IN_HAND)
                left = waiting()
                yield left
                assert waiting() == left
            break
        assert {each.result() for each in left} == {(401, "unauthorized")}
        assert {each.result() for each in guesses} == {(401, "unauthorized"), BUSY}


def test_who_is_signed_in_does_not_wait_for_guesses(fake, person):
    """As many guesses as may wait do, one more is sent away at once, and all else goes on."""
    with full_queue(fake):
        # Reading and writing: nothing stands in the queue behind them.
        assert person.get("/servers")["servers"] == []
        person.post("/firewalls", {"name": "meanwhile"})
        assert fake.anonymous().get("/health")["health"]["status"] == "ok"
        assert guess(fake, "one-more") == BUSY
    assert Person(fake, "resident").sign_in().is_signed_in()


def test_a_guess_that_is_sent_away_is_no_wrong_try(fake, person):
    """Who fills the queue with a name does not make its owner wait longer, nor learns whether the name exists."""
    with full_queue(fake):
        assert {guess(fake, name) for name in ["resident", "nobody"] * 10} == {BUSY}
    assert Person(fake, "resident").sign_in().is_signed_in()


def test_nobody_learns_whether_there_is_such_a_name(fake, person):
    """An unknown name and a wrong password differ neither in a byte of the answer nor in the time it takes."""
    def refused(name):
        with (api := Api(fake.url, fake.ca)).session as session:
            session.headers.update({"Origin": fake.url, **MARK})
            api.get("/health")  # the connection is there
            begin = time.monotonic()
            answer = api.request("POST", "/sessions", json={"name": name, "password": "wrong " + PASSWORD})
            took = time.monotonic() - begin
        clocks = ("date", "ratelimit-reset")
        return took, (answer.status_code, answer.content, {key: value for key, value in answer.headers.items() if key.lower() not in clocks})

    known, unknown = [], []
    for number in range(6):
        known.append(refused("resident"))
        assert Person(fake, "resident").sign_in().is_signed_in()  # so that nobody has to wait
        unknown.append(refused(f"stranger-{number}"))
    assert known[0][1][0] == 401 and all(said == known[0][1] for _, said in known + unknown)
    assert 0.5 < min(known)[0] / min(unknown)[0] < 2, (min(known)[0], min(unknown)[0])


def test_each_sign_in_has_a_cookie_of_its_own_that_no_script_reads(fake, person):
    """Whatever cookie comes along, signing in makes another; it is for this host, over TLS, for pages of the service alone."""
    door = Person(fake, "resident").sign_in()
    first = door.cookie
    answer = door.request("POST", "/sessions", json={"name": "resident", "password": PASSWORD})
    name, *attributes = answer.headers["Set-Cookie"].split("; ")
    assert name.startswith("__Host-ippo=") and name != f"__Host-ippo={first}"
    assert {"HttpOnly", "Secure", "SameSite=Strict", "Path=/"} <= set(attributes)
    assert not any(attribute.lower().startswith("domain") for attribute in attributes)

    chosen = Person(fake, "resident")
    chosen.session.cookies.set("__Host-ippo", "a" * len(first), domain="localhost.local", path="/", secure=True)
    assert chosen.request("POST", "/sessions", json={"name": "resident", "password": PASSWORD}).headers["Set-Cookie"].split(";")[0] != \
        f"__Host-ippo={'a' * len(first)}"

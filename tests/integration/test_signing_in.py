"""Guesses at passwords cost the machine their argon2id and nothing more; nobody who is signed in waits for them."""
import concurrent.futures
import contextlib
import itertools
import pathlib

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

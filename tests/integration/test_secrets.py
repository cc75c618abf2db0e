"""Secrets are in no log, no process list, and no database in plain text."""
import base64
import pathlib
import re
import threading
import time

import pytest

from ippo_testing import Key, eventually

PASSWORD = "canary horse battery staple 7391"


class Watcher(threading.Thread):
    """Collects every command line and environment that appears on the machine."""

    def __init__(self):
        super().__init__(daemon=True)
        self.seen = set()
        self.stopping = False

    def run(self):
        while not self.stopping:
            for path in pathlib.Path("/proc").glob("[0-9]*"):
                for name in ("cmdline", "environ"):
                    try:
                        self.seen.add((path / name).read_bytes())
                    except OSError:
                        pass
            time.sleep(0.002)


@pytest.fixture(scope="module")
def story(fake, tmp_path_factory):
    """A life with every kind of secret in it. Gives {kind: secret} and what was seen of processes."""
    watcher = Watcher()
    watcher.start()
    found = {"token": fake.token("canary")}
    link = fake.cli("invitation", "create", "--operator").stdout.strip()
    found["invitation key"] = link.rsplit("/", 1)[1]
    found["open invitation key"] = fake.cli("invitation", "create", "--operator").stdout.strip().rsplit("/", 1)[1]
    # The watcher has to have seen a program that lives as shortly as these.
    eventually(lambda: fake.cli("invitation", "create", "--operator") and any(b"invitation\0create" in line for line in list(watcher.seen)), 60)
    browser = fake.anonymous()
    answer = browser.request("POST", "/invitations/redeem",
                             {"key": found["invitation key"], "name": "canary-user", "password": PASSWORD})
    assert answer.status_code == 201, answer.text
    found["password"] = PASSWORD
    cookie = re.match(r"__Host-ippo=([^;]+);", answer.headers["set-cookie"])
    found["session cookie"] = cookie.group(1)
    api = fake.api()
    answer = api.post("/servers", {"name": "canary", "server_type": "1g", "image": "tiny", "start_after_create": False})
    for action in [answer["action"], *answer["next_actions"]]:
        api.wait(action)
    found["root password at creation"] = answer["root_password"]
    reset = api.post(f"/servers/{answer['server']['id']}/actions/rebuild", {"image": "tiny"})
    api.wait(reset["action"])
    found["root password at rebuild"] = reset["root_password"]
    key = Key(tmp_path_factory.mktemp("canary"))
    api.post("/ssh_keys", {"name": "canary", "public_key": key.public})
    # Wrong ones are secrets too: people mistype their own.
    fake.anonymous().error("POST", "/sessions", {"name": "canary-user", "password": PASSWORD + " mistyped"})
    found["mistyped password"] = PASSWORD + " mistyped"
    time.sleep(0.2)
    watcher.stopping = True
    watcher.join()
    yield {kind: secret for kind, secret in found.items() if secret}, watcher.seen
    api.delete_server(answer["server"])


def forms(secret):
    plain = secret.encode()
    return {plain, base64.b64encode(plain), plain.hex().encode()}


def test_every_kind_is_there(story):
    secrets, _ = story
    assert {"token", "invitation key", "password", "session cookie", "root password at creation"} <= set(secrets)
    assert all(len(secret) >= 8 for secret in secrets.values())


def test_no_log_holds_a_secret(fake, story):
    secrets, _ = story
    logs = [fake.log, *(path for path in (fake.state / "log").rglob("*") if path.is_file())]
    assert fake.log.stat().st_size > 0
    for path in logs:
        text = path.read_bytes()
        for kind, secret in secrets.items():
            assert not any(form in text for form in forms(secret)), f"{kind} in {path}"


def test_no_process_list_shows_a_secret(story):
    secrets, seen = story
    for kind, secret in secrets.items():
        assert not any(form in line for line in seen for form in forms(secret)), kind


def test_no_file_of_the_state_holds_a_secret(fake, story):
    secrets, _ = story
    files = [path for path in fake.state.rglob("*") if path.is_file()]
    assert any(path.name == "ippo.db" for path in files)
    for path in files:
        data = path.read_bytes()
        for kind, secret in secrets.items():
            assert not any(form in data for form in forms(secret)), f"{kind} in {path}"


@pytest.mark.parametrize("role", ["web", "core"])
def test_no_core_file_can_be_made(fake, role):
    """What the kernel would not dump belongs to root in /proc, whoever runs it (prctl(2), PR_SET_DUMPABLE)."""
    process = pathlib.Path(f"/proc/{fake.pid(role)}")
    assert int(re.search(r"Uid:\s+(\d+)", (process / "status").read_text()).group(1)) != 0
    assert (process / "environ").stat().st_uid == 0
    assert fake.anonymous().request("GET", "/").headers["Referrer-Policy"] == "no-referrer"


def test_hashes_are_of_the_right_kind(fake, story):
    """A password by argon2id; tokens as hashes that say nothing of the token."""
    (hashed,), = fake.database("SELECT password_hash FROM user WHERE name = 'canary-user'")
    assert hashed.startswith("$argon2id$")
    for (token,) in fake.database("SELECT hash FROM token"):
        assert len(token) == 32

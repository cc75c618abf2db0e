"""Secrets are in no log, no process list, and no database in plain text."""
import base64
import pathlib
import re
import threading
import time

import pytest

from ippo_testing import Key, eventually
from name_server import copy_of_keys, dns, operator, owner, private_keys, signed  # noqa: F401

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


def test_private_keys_of_zones(dns, owner):
    """Not in what the API says, no log, no process list, and of files in the database and in the name server's own alone."""
    watcher = Watcher()
    watcher.start()
    zone = signed(dns, owner, "secret.example")
    owner.post(f"/zones/{zone['id']}/actions/roll_ksk")
    eventually(lambda: owner.get(f"/zones/{zone['id']}")["zone"]["dnssec"]["ksk_roll"]["status"] == "preparing" and
               len(private_keys(copy_of_keys(dns, "secret.example"))) == 3, 30)
    watcher.stopping = True
    watcher.join()
    secrets = private_keys(copy_of_keys(dns, "secret.example"))
    assert all(len(secret) > 80 for secret in secrets)
    said = "".join(owner.request("GET", path).text for path in ("/zones", f"/zones/{zone['id']}", f"/zones/{zone['id']}/zonefile", f"/zones/{zone['id']}/versions",
                                                                f"/zones/{zone['id']}/rrsets", "/history", f"/zones/{zone['id']}/actions"))
    assert "PRIVATE" not in said
    there = set()
    for folder in (dns.state, dns.run_dir, dns.dir):
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink() and any(secret in path.read_bytes() for secret in secrets):
                there.add(path)
                assert path.stat().st_mode & 0o077 & ~0o040 == 0, path
    mine = [path for path in there if path.parent == dns.state / "core"]
    assert mine and all(path.name.startswith("ippo.db") and path.stat().st_mode & 0o077 == 0 for path in mine)
    assert all(dns.state / "dns" in path.parents for path in there - set(mine)), there
    assert (dns.state / "dns").stat().st_mode & 0o077 == 0
    assert not any(secret in dns.log.read_bytes() for secret in secrets) and b"PRIVATE KEY" not in dns.log.read_bytes()
    assert watcher.seen and not any(secret in line for secret in secrets for line in watcher.seen)
    # Where copies come and go there is none left.
    assert not list((dns.run_dir / "dns/keys").rglob("*"))

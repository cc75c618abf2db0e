"""Mail and webhooks: a real mail server and a real HTTP server on this machine, which are down, refuse, redirect and lie."""
import hashlib
import hmac
import json
import os
import pathlib
import re
import signal
import socket
import sqlite3
import ssl
import threading
import time

import pytest

from ippo_testing import IppoInstance, eventually, run
from people import PASSWORD, Person, invite
from post_office import Hook, Postbox, certificate, link_of, text_of

SECRET = "0123456789abcdef0123"


@pytest.fixture(scope="module")
def box():
    postbox = Postbox().start()
    yield postbox
    postbox.stop()


@pytest.fixture(scope="module")
def ippo(box):
    instance = IppoInstance("fake", {"post": {"smtp_url": f"smtp://127.0.0.1:{box.port}", "sender": "ippo@service.example",
                                              "operator": "desk@service.example", "per_minute": 600,
                                              "webhook_allow": "127.0.0.0/29"}})
    try:
        yield instance.start()
    finally:
        instance.close()


@pytest.fixture(scope="module")
def closed():
    """No mail, and no exception for webhooks."""
    instance = IppoInstance("fake", {"post": {}})
    try:
        yield instance.start()
    finally:
        instance.close()


def add(instance, kind, recipient, subject="test", body="{}", secret=""):
    """A row as store_post_add() makes one: what asks for webhooks is another part. The id."""
    with sqlite3.connect(instance.state / "core/ippo.db", timeout=30) as database:
        now = int(time.time() * 1000)
        row = database.execute(
            "INSERT INTO outbox(kind, recipient, subject, body, secret, created_ms, next_ms, state, changed_ms) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?)", ({"mail": 1, "webhook": 2}[kind], recipient, subject, body, secret, now, now, now))
        number = row.lastrowid
    database.close()
    poke(instance)
    return number


def poke(instance):
    """Core looks when it has written something itself."""
    instance.cli("token", "create", f"poke-{time.monotonic_ns()}")


def operator(instance):
    return instance.api("operator", "--operator")


def message(instance, number):
    return operator(instance).get(f"/outbox/{number}")["message"]


def ended(instance, number, seconds=30):
    def over():
        found = message(instance, number)
        return found if found["status"] != "waiting" or found["error"] else None
    return eventually(over, seconds, 0.1)


def hurry(instance, number):
    """The next attempt is due now."""
    with sqlite3.connect(instance.state / "core/ippo.db", timeout=30) as database:
        database.execute("UPDATE outbox SET next_ms = 1, error = '' WHERE id = ?", (number,))
    database.close()
    poke(instance)


# --- mail ---

def test_a_mail_is_what_rfc_5322_says(ippo, box):
    sent = operator(ippo).post("/outbox/test", {"address": "hanako@example.com"})["message"]
    assert sent["status"] == "waiting" and sent["attempts"] == 0
    mail = box.wait("hanako@example.com")
    assert mail.envelope == ("ippo@service.example", ["hanako@example.com"])
    assert mail["From"].addresses[0].addr_spec == "ippo@service.example" and str(mail["Subject"]) == "テスト / Test"
    assert mail["Auto-Submitted"] == "auto-generated" and mail["MIME-Version"] == "1.0"
    assert mail["Content-Type"].params["charset"] == "utf-8"
    assert abs(mail["Date"].datetime.timestamp() - time.time()) < 60
    assert re.fullmatch(r"<[a-z0-9.]+@service\.example>", mail["Message-ID"])
    assert "If you read this, mail works.\n" in text_of(mail)
    raw = box.raw[-1]
    assert max(map(len, raw.split(b"\r\n"))) <= 78 and raw.isascii()
    done = ended(ippo, sent["id"])
    assert done["status"] == "sent" and done["attempts"] == 1 and done["error"] is None
    (body,), = ippo.database(f"SELECT body FROM outbox WHERE id = {sent['id']}")
    assert body is None


def test_nothing_can_be_put_into_a_header(ippo, box):
    """Neither by the API, nor by a row that no check has seen: each time the address is no address."""
    api = operator(ippo)
    for address in ("a@example.com\r\nBcc: b@example.com", "a@example.com\nX: y", "a@example.com, b@example.com",
                    "<a@example.com> <b@example.com>", "a@example.com>\r\nRCPT TO:<b@example.com", "a b@example.com"):
        assert api.error("POST", "/outbox/test", {"address": address}) == (422, "invalid_input"), address
        number = add(ippo, "mail", address)
        found = ended(ippo, number)
        assert found["status"] == "failed" and "mail address" in found["error"]
    number = add(ippo, "mail", "inject@example.com", subject="a\r\nBcc: b@example.com\r\n\r\nx", body="a\r\n.\r\nMAIL FROM:<x@y>\n.\n")
    mail = box.wait("inject@example.com")
    assert mail["Bcc"] is None and mail.envelope[1] == ["inject@example.com"]
    assert ended(ippo, number)["status"] == "sent"
    assert not [mail for mail in box.mails if "b@example.com" in mail.envelope[1]]
    long = "とても長い題名" * 20
    add(ippo, "mail", "long@example.com", subject=long)
    assert str(box.wait("long@example.com")["Subject"]) == long
    assert max(map(len, box.raw[-1].split(b"\r\n"))) <= 76


def test_a_server_that_is_down_and_comes_up_again(ippo, box):
    box.stop()
    number = operator(ippo).post("/outbox/test", {"address": "later@example.com"})["message"]["id"]
    found = ended(ippo, number)
    assert found["status"] == "waiting" and found["attempts"] == 1 and "onnect" in found["error"], found
    assert found["next_attempt"] > found["changed"]
    box.start()
    hurry(ippo, number)
    box.wait("later@example.com")
    assert eventually(lambda: message(ippo, number)["status"] == "sent")
    assert message(ippo, number)["attempts"] == 2


def test_a_refusal_for_now_and_one_for_good(ippo, box):
    box.answers = ["451 4.3.0 come \x1b[2J back"]
    number = operator(ippo).post("/outbox/test", {"address": "grey@example.com"})["message"]["id"]
    found = ended(ippo, number)
    assert found["status"] == "waiting" and found["error"] == "the mail server said: 451 4.3.0 come ?[2J back"
    box.answers = ["550 5.1.1 no such mailbox"]
    number = operator(ippo).post("/outbox/test", {"address": "none@example.com"})["message"]["id"]
    found = ended(ippo, number)
    assert found["status"] == "failed" and found["error"] == "the mail server said: 550 5.1.1 no such mailbox"
    listed = ippo.cli("post", "list", "--status", "failed").stdout
    assert "none@example.com" in listed and "no such mailbox" in listed
    ippo.cli("post", "retry", number)
    assert eventually(lambda: message(ippo, number)["status"] == "sent")
    assert operator(ippo).error("POST", f"/outbox/{number}/retry") == (422, "unsupported_error")
    assert operator(ippo).error("POST", "/outbox/99999/retry") == (404, "not_found")


def test_what_is_discarded_is_not_sent(ippo, box):
    """One that waits, and one that failed; nothing brings it back."""
    box.stop()
    api = operator(ippo)
    numbers = [api.post("/outbox/test", {"address": f"wrong-{i}@example.com"})["message"]["id"] for i in range(2)]
    for number in numbers:
        ended(ippo, number)
    assert message(ippo, numbers[0])["status"] == "waiting"
    api.delete(f"/outbox/{numbers[0]}")
    ippo.cli("post", "discard", str(numbers[1]), "--yes")
    for number in numbers:
        found = message(ippo, number)
        assert (found["status"], found["error"], found["next_attempt"]) == ("failed", "it was discarded by an operator", None)
        assert api.error("POST", f"/outbox/{number}/retry") == api.error("DELETE", f"/outbox/{number}") == (404, "gone")
    assert [row[0] for row in ippo.database("SELECT body FROM outbox WHERE id IN (?, ?)", *numbers)] == [None, None]
    box.start()
    sent = api.post("/outbox/test", {"address": "right@example.com"})["message"]["id"]
    box.wait("right@example.com")
    assert eventually(lambda: message(ippo, sent)["status"] == "sent")
    assert api.error("DELETE", f"/outbox/{sent}") == (422, "unsupported_error")
    assert api.error("DELETE", "/outbox/99999") == (404, "not_found")
    assert ippo.cli("post", "discard", "99999", "--yes", check=False).returncode == 3
    assert not [mail for mail in box.mails if "wrong-" in mail.envelope[1][0]]


def test_attempts_end(ippo, box):
    """After the last attempt it has failed, whoever failed: its receiver, or what sends it."""
    box.answers = ["451 never mind"]
    number = add(ippo, "mail", "bounded@example.com")
    ended(ippo, number)
    with sqlite3.connect(ippo.state / "core/ippo.db", timeout=30) as database:
        database.execute("UPDATE outbox SET attempts = 12 WHERE id = ?", (number,))
    database.close()
    box.answers = ["451 never mind"]
    hurry(ippo, number)
    assert eventually(lambda: message(ippo, number)["status"] == "failed")
    assert message(ippo, number)["attempts"] == 13 and not box.to("bounded@example.com")
    with sqlite3.connect(ippo.state / "core/ippo.db", timeout=30) as database:
        database.execute("UPDATE outbox SET attempts = 13, state = 1 WHERE id = ?", (number,))
    database.close()
    hurry(ippo, number)
    found = eventually(lambda: (lambda m: m if m["status"] == "failed" else None)(message(ippo, number)))
    assert found["error"] == "it was interrupted each time" and not box.to("bounded@example.com")


def test_nothing_is_lost_when_processes_die(ippo, box):
    """core and ippo-post are killed again and again: each mail comes, at least once."""
    api = operator(ippo)
    addresses = [f"n{number}@crash.example" for number in range(12)]
    for number, address in enumerate(addresses):
        api.post("/outbox/test", {"address": address})
        if number % 4 == 3:
            ippo.kill("core")
            ippo.wait_healthy()
        elif pid := ippo.pid("post"):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def all_there():
        missing = [address for address in addresses if not box.to(address)]
        for (number,) in ippo.database("SELECT id FROM outbox WHERE state = 1 AND next_ms > 1"):
            hurry(ippo, number)
        return not missing
    eventually(all_there, 60, 0.5)
    for address in addresses:
        assert len({mail["Message-ID"] for mail in box.to(address)}) == 1


def test_starttls_and_a_password(tmp_path):
    """Over TLS whatever the server says; with a name and password that root alone can read."""
    # A name of this machine that does not say that it is loopback, where TLS would not be asked for.
    name = socket.gethostname()
    address = socket.gethostbyname(name)
    ca, key = certificate(tmp_path, name)
    ca.chmod(0o644)
    tmp_path.chmod(0o755)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca, key)
    tried = []

    def check(server, session, envelope, mechanism, data):
        from aiosmtpd.smtp import AuthResult
        tried.append((bytes(data.login), bytes(data.password)))
        return AuthResult(success=tried[-1] == (b"ippo", b"sesame open"))

    secured, plain = Postbox(tls=context, auth=check, address=address).start(), Postbox(address=address).start()
    instance = IppoInstance("fake", {"post": {"sender": "ippo@service.example", "smtp_user": "ippo"}})
    own = pathlib.Path(instance.dir / "ca.pem")
    own.write_bytes(ca.read_bytes())
    password = instance.dir / "password"
    password.write_text("sesame open\n")
    password.chmod(0o600)
    written = instance.config.read_text() + f"smtp_password_file = {password}\nsmtp_ca_file = {own}\n"
    instance.config.write_text(written.replace("[post]\n", f"[post]\nsmtp_url = smtp://{name}:{secured.port}\n"))
    try:
        instance.start()
        number = operator(instance).post("/outbox/test", {"address": "tls@example.com"})["message"]["id"]
        found = ended(instance, number)
        assert found["status"] == "sent", found["error"]
        assert secured.mails[-1].encrypted and tried[-1] == (b"ippo", b"sesame open")
        # A server that offers none gets nothing, not even the password.
        instance.stop()
        instance.config.write_text(instance.config.read_text().replace(str(secured.port), str(plain.port)))
        instance.start()
        number = operator(instance).post("/outbox/test", {"address": "plain@example.com"})["message"]["id"]
        found = ended(instance, number)
        assert found["status"] == "waiting" and not plain.mails, found
    finally:
        instance.close()
        secured.stop()
        plain.stop()


def test_a_folder_instead_of_a_server(tmp_path):
    drop = pathlib.Path("/var/tmp") / f"ippo-drop-{os.getpid()}"
    instance = IppoInstance("fake", {"post": {"mail_drop": drop, "sender": "ippo@localhost"}})
    try:
        instance.start()
        assert drop.stat().st_mode & 0o777 == 0o750
        instance.cli("post", "test", "a@example.com")
        (name,) = eventually(lambda: list(drop.glob("*.eml")))
        assert b"To: <a@example.com>\r\n" in name.read_bytes()
    finally:
        instance.close()
        run("rm", "-r", drop, check=False)


def test_without_mail_everybody_is_told(closed):
    api = operator(closed)
    assert api.error("POST", "/outbox/test", {"address": "a@example.com"}) == (412, "mail_not_set_up")
    person = invite(closed, "nomail")
    assert person.get("/me/mail")["mail"] == {"address": None, "unconfirmed": None, "language": None, "available": False}
    assert person.error("PUT", "/me/mail", {"address": "a@example.com"}) == (412, "mail_not_set_up")
    assert Person(closed, "x").error("POST", "/password_resets/request", {"name": "nomail"}) == (412, "mail_not_set_up")
    assert api.get("/outbox")["mail_available"] is False and not api.get("/outbox")["messages"]
    done = closed.cli("post", "test", "a@example.com", check=False)
    assert done.returncode != 0 and "mail is not set up" in done.stderr


def test_it_has_no_power(ippo, box):
    """It is looked at while it is there, which it is for a second after a message."""
    operator(ippo).post("/outbox/test", {"address": "power@example.com"})
    pid = eventually(lambda: ippo.pid("post"), 10, 0.005)
    os.kill(pid, signal.SIGSTOP)
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        files = {os.readlink(path) for path in pathlib.Path(f"/proc/{pid}/fd").iterdir()}
    finally:
        os.kill(pid, signal.SIGCONT)
    box.wait("power@example.com")
    pid = ippo.pid("post") or pid
    status = pathlib.Path(f"/proc/{pid}/status").read_text() if pathlib.Path(f"/proc/{pid}").exists() else status
    user = run("id", "-u", "ippo-post").stdout.strip()
    assert re.search(rf"^Uid:\t{user}\t{user}\t{user}\t{user}$", status, re.M)
    assert re.search(r"^CapEff:\t0+$", status, re.M) and re.search(r"^CapBnd:\t0+$", status, re.M)
    assert re.search(r"^NoNewPrivs:\t1$", status, re.M) and re.search(r"^Seccomp:\t2$", status, re.M)
    assert not [name for name in files if "/core/" in name or name.endswith((".db", ".key"))]
    eventually(lambda: ippo.pid("post") is None, 10)


# --- webhooks ---

def test_a_webhook_is_signed_and_told_apart(ippo):
    hook = Hook()
    body = json.dumps({"event": "test", "name": "日本"})
    number = add(ippo, "webhook", f"http://127.0.0.1:{hook.port}/in?x=1", "test.event", body, SECRET)
    assert ended(ippo, number)["status"] == "sent"
    ((path, headers, got),) = hook.calls
    assert path == "/in?x=1" and got.decode() == body and headers["Content-Type"] == "application/json"
    t, mac = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", headers["Ippo-Signature"]).groups()
    assert abs(int(t) - time.time()) < 30
    assert hmac.new(SECRET.encode(), f"{t}.{body}".encode(), hashlib.sha256).hexdigest() == mac
    assert headers["Ippo-Delivery"].startswith(f"{number}-") and "Expect" not in headers
    # Again after a failure: the same name.
    hook.answers = [(503, {}, b"")]
    number = add(ippo, "webhook", f"http://127.0.0.1:{hook.port}/", body=body)
    found = ended(ippo, number)
    assert found["status"] == "waiting" and found["error"] == "answered 503"
    hurry(ippo, number)
    eventually(lambda: message(ippo, number)["status"] == "sent")
    assert hook.calls[-1][1]["Ippo-Delivery"] == hook.calls[-2][1]["Ippo-Delivery"]
    assert "Ippo-Signature" not in hook.calls[-1][1]
    hook.stop()


def test_what_is_not_public_is_not_reached(closed):
    """Whatever the URL looks like: it is the address that is looked at."""
    hook = Hook()
    own = run("hostname", "-I").stdout.split()
    port = hook.port
    urls = [f"http://{host}:{port}/" for host in (
        "127.0.0.1", "localhost", "127.1.2.3", "127.1", "2130706433", "0x7f000001", "017700000001", "0x7f.1", "0.0.0.0", "0",
        "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fe80::1]", "[fd00::1]",
        "[ff02::1]", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255",
        "198.18.0.1", *(f"[{address}]" if ":" in address else address for address in own))]
    urls.append(f"http://{run('hostname').stdout.strip()}:{port}/")
    for url in urls:
        number = add(closed, "webhook", url)
        found = ended(closed, number)
        assert found["status"] == "failed" and found["error"] == "the URL leads to an address that is not public" or \
            found["status"] == "waiting" and "resolve" in found["error"], (url, found)
    for url in ("ftp://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1:1/x", "http://a:b@127.0.0.1/", "http://127.0.0.1:22/",
                f"http://127.0.0.1:{port}/\r\nX: y", "smtp://127.0.0.1/"):
        assert ended(closed, add(closed, "webhook", url))["status"] == "failed", url
    assert not hook.calls
    hook.stop()


def test_exceptions_are_those_and_no_others(ippo):
    inside, outside = Hook("127.0.0.2"), Hook("127.0.0.9")
    assert ended(ippo, add(ippo, "webhook", f"http://127.0.0.2:{inside.port}/"))["status"] == "sent"
    assert ended(ippo, add(ippo, "webhook", f"http://[::ffff:127.0.0.2]:{inside.port}/"))["status"] == "sent"
    assert ended(ippo, add(ippo, "webhook", f"http://127.0.0.9:{outside.port}/"))["status"] == "failed"
    # A redirect out of the exception, and one to another place inside of it.
    for target in (f"http://127.0.0.9:{outside.port}/", f"http://127.0.0.2:{inside.port}/other", "file:///etc/passwd"):
        inside.answers = [(302, {"Location": target}, b"")]
        found = ended(ippo, add(ippo, "webhook", f"http://127.0.0.2:{inside.port}/"))
        assert found["status"] == "failed" and "redirects are not followed" in found["error"]
    assert not outside.calls and not [call for call in inside.calls if call[0] == "/other"]
    inside.stop()
    outside.stop()


def test_receivers_that_never_end(ippo):
    """One that answers without end, one that does not answer, one that drips headers."""
    hook = Hook("127.0.0.3")

    def forever():
        while True:
            yield bytes(65536)
    hook.answers = [(200, {}, forever())]
    began = time.monotonic()
    assert ended(ippo, add(ippo, "webhook", f"http://127.0.0.3:{hook.port}/"))["status"] == "sent"
    assert time.monotonic() - began < 8
    held = threading.Event()

    def wait():
        held.wait(20)
        yield b""
    hook.answers = [(200, {"Content-Length": "10"}, wait())]
    found = ended(ippo, add(ippo, "webhook", f"http://127.0.0.3:{hook.port}/"))
    assert found["status"] == "waiting" and 8 < time.monotonic() - began < 25
    held.set()
    hook.answers = [(200, {f"X-{number}": "y" * 4000 for number in range(90)}, b"")]
    assert ended(ippo, add(ippo, "webhook", f"http://127.0.0.3:{hook.port}/"))["status"] == "waiting"
    hook.stop()


# --- people ---

def confirmed(ippo, box, person, address, **more):
    person.put("/me/mail", {"address": address, **more})
    Person(ippo, "x").post("/mail_confirmations/redeem", {"key": link_of(box.wait(address), "confirm-mail")})
    return person


def test_an_address_counts_when_it_is_confirmed(ippo, box):
    person = invite(ippo, "hanako.mail")
    assert person.get("/me/mail")["mail"] == {"address": None, "unconfirmed": None, "language": None, "available": True}
    assert person.put("/me/mail", {"address": "hanako@one.example", "language": "en"})["mail"]["unconfirmed"] == "hanako@one.example"
    mail = box.wait("hanako@one.example")
    assert str(mail["Subject"]) == "Please confirm your mail address"
    key = link_of(mail, "confirm-mail")
    anybody = Person(ippo, "x")
    assert anybody.post("/mail_confirmations/redeem", {"key": key})["mail"]["address"] == "hanako@one.example"
    assert anybody.error("POST", "/mail_confirmations/redeem", {"key": key}) == (404, "not_found")
    assert anybody.error("POST", "/mail_confirmations/redeem", {"key": "x" * 64}) == (404, "not_found")
    # A new one counts when it is confirmed, and not before; the old one is told.
    assert person.put("/me/mail", {"address": "hanako@two.example", "language": "ja"})["mail"]["address"] == "hanako@one.example"
    mail = box.wait("hanako@two.example")
    assert str(mail["Subject"]) == "メールアドレスの確認"
    anybody.post("/mail_confirmations/redeem", {"key": link_of(mail, "confirm-mail")})
    assert person.get("/me/mail")["mail"] == {"address": "hanako@two.example", "unconfirmed": None, "language": "ja", "available": True}
    assert str(box.wait("hanako@one.example", 2)["Subject"]) == "メールアドレスが変更されました"
    # An operator gives one; it has to be confirmed as well.
    ippo.cli("user", "mail", "hanako.mail", "hanako@three.example")
    assert person.get("/me/mail")["mail"]["address"] == "hanako@two.example"
    anybody.post("/mail_confirmations/redeem", {"key": link_of(box.wait("hanako@three.example"), "confirm-mail")})
    assert person.get("/me/mail")["mail"]["address"] == "hanako@three.example"
    person.delete("/me/mail")
    assert person.get("/me/mail")["mail"]["address"] is None
    lines = [line["what"] for line in operator(ippo).every("/history", "history") if line["what"].startswith("user.")]
    assert lines.count("user.set_mail") == 2 and lines.count("user.give_mail") == 1 and lines.count("user.confirm_mail") == 3 and lines.count("user.remove_mail") == 1


def test_a_forgotten_password_is_set_anew(ippo, box):
    person = confirmed(ippo, box, invite(ippo, "wasure"), "wasure@example.jp")
    anybody = Person(ippo, "wasure")
    assert anybody.request("POST", "/password_resets/request", {"name": "wasure"}).status_code == 202
    mail = box.wait("wasure@example.jp", 2)
    assert str(mail["Subject"]) == "パスワードの再設定" and PASSWORD not in text_of(mail)
    key = link_of(mail, "new-password")
    anybody.post("/password_resets/redeem", {"key": key, "password": "a new and longer one"})
    assert not person.is_signed_in() and anybody.is_signed_in()
    assert anybody.error("POST", "/password_resets/redeem", {"key": key, "password": "another one again"})[0] == 404
    # By the address, in whatever case, also when somebody else is called so.
    invite(ippo, "wasure@example.jp")
    anybody.request("POST", "/password_resets/request", {"name": "Wasure@Example.jp"})
    box.wait("wasure@example.jp", 3)
    anybody.request("POST", "/password_resets/request", {"name": "wasure@example.jp"})
    box.wait("wasure@example.jp", 4)
    lines = operator(ippo).get("/history?what=user.forgot_password")["history"]
    assert len(lines) == 3 and lines[0]["resource"]["name"] == "wasure"
    # In the database there is the hash of the key alone, when its mail is sent.
    eventually(lambda: not ippo.database("SELECT 1 FROM outbox WHERE state = 1 AND recipient LIKE 'wasure@%'"))
    assert key.encode() not in (ippo.state / "core/ippo.db").read_bytes()


def test_what_was_forgotten_tells_nobody_who_there_is(ippo, box):
    """The same answer, as fast, whoever there is or is not; and mails are few."""
    ippo.restart()  # throttles are in memory
    known = confirmed(ippo, box, invite(ippo, "shirareta"), "shirareta@example.jp")
    invite(ippo, "unconfirmed").put("/me/mail", {"address": "unconfirmed@example.jp"})
    disabled = confirmed(ippo, box, invite(ippo, "tomerareta"), "tomerareta@example.jp")
    operator(ippo).put(f"/users/{disabled.id}", {"disabled": True})
    before = len(box.mails)
    answers = set()
    for name in ("shirareta", "nobody.there", "unconfirmed", "tomerareta", "nobody@example.jp", "'; --", "\n", "日本"):
        answer = ippo_peer(ippo, name)
        answers.add((answer.status_code, answer.text, tuple(sorted(set(answer.headers) - {"Date"}))))
    assert len(answers) == 1 and answers.pop()[0] == 202
    box.wait("shirareta@example.jp", 2)
    time.sleep(3)
    assert len(box.to("unconfirmed@example.jp")) == 1 and len(box.to("tomerareta@example.jp")) == 1
    assert len(box.mails) - before <= 2
    # One person gets three within an hour, however often it is asked for.
    throttled = 0
    for _ in range(8):
        answer = ippo_peer(ippo, "shirareta")
        throttled += answer.status_code == 429
        assert answer.status_code in (202, 429)
    assert throttled
    time.sleep(3)
    assert len(box.to("shirareta@example.jp")) <= 4
    # It takes no right away that there was.
    assert known.is_signed_in() and Person(ippo, "shirareta").sign_in().is_signed_in()


def ippo_peer(ippo, name):
    return Person(ippo, name).request("POST", "/password_resets/request", {"name": name})


def test_links_from_operators_stay(ippo, box):
    """A stranger who says that they forgot cannot take away what an operator gave."""
    person = confirmed(ippo, box, invite(ippo, "nokoru"), "nokoru@example.jp")
    link = operator(ippo).post(f"/users/{person.id}/password_reset")["link"].rsplit("/", 1)[1]
    ippo.restart()  # throttles are in memory
    assert ippo_peer(ippo, "nokoru").status_code == 202
    box.wait("nokoru@example.jp", 2)
    assert Person(ippo, "nokoru").post("/password_resets/check", {"key": link})


def test_words_to_operators_and_back(ippo, box):
    person = confirmed(ippo, box, invite(ippo, "kiku"), "kiku@example.jp", language="en")
    thread = person.post("/contact_threads", {"subject": "質問\u3000です", "text": "どうすれば"})["contact_thread"]
    mail = box.wait("desk@service.example")
    assert "どうすれば" in text_of(mail) and "kiku" in text_of(mail) and "質問" not in str(mail["Subject"])
    operator(ippo).post(f"/contact_threads/{thread['id']}/messages", {"text": "Like this.\nAnd so on."})
    mail = box.wait("kiku@example.jp", 2)
    assert str(mail["Subject"]) == "An answer to what you wrote" and "Like this.\nAnd so on." in text_of(mail)
    # To nobody without a confirmed address.
    silent = invite(ippo, "damaru")
    thread = silent.post("/contact_threads", {"subject": "x", "text": "y"})["contact_thread"]
    operator(ippo).post(f"/contact_threads/{thread['id']}/messages", {"text": "z"})
    box.wait("desk@service.example", 2)
    assert not [mail for mail in box.mails if "damaru" in str(mail["To"])]


def test_mails_to_strangers_are_few(ippo):
    person = invite(ippo, "spammer")
    codes = [person.request("PUT", "/me/mail", {"address": f"victim{number}@example.net"}).status_code for number in range(14)]
    assert codes.count(200) == 10 and codes.count(429) == 4
    other = invite(ippo, "spammer2")
    codes = [other.request("PUT", "/me/mail", {"address": "one.victim@example.net"}).status_code for _ in range(5)]
    assert codes.count(200) == 3 and codes.count(429) == 2


def test_bounded_a_minute(tmp_path):
    drop = pathlib.Path("/var/tmp") / f"ippo-bounded-{os.getpid()}"
    instance = IppoInstance("fake", {"post": {"mail_drop": drop, "sender": "ippo@localhost", "per_minute": 3}})
    try:
        instance.start()
        for number in range(6):
            operator(instance).post("/outbox/test", {"address": f"n{number}@example.com"})
        eventually(lambda: len(list(drop.glob("*.eml"))) == 3)
        time.sleep(4)
        assert len(list(drop.glob("*.eml"))) == 3
    finally:
        instance.close()
        run("rm", "-r", drop, check=False)

"""Files of contact threads: few kinds by what they hold, bounded, nobody else's, and never shown by a browser."""
import base64
import json
import os

import pytest

from ippo_testing import Api, Failed
from people import PIECE, attach, invite

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256))
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def people(fake):
    """A reader and an owner of one account, somebody of another, and an operator of the service."""
    operator = fake.api("operator", "--operator")
    for name in ("kaki", "nashi"):
        operator.post("/customers", {"name": name})
    return (invite(fake, "kaki-reader", "kaki", role="reader"), invite(fake, "kaki-owner", "kaki", role="owner"),
            invite(fake, "nashi-owner", "nashi", role="owner"), invite(fake, "answers", operator=True))


@pytest.fixture(autouse=True, scope="module")
def tidy(fake, people):
    """What these accounts wrote counts for others' lists."""
    yield
    operator = fake.api("tidies", "--operator")
    for customer in operator.every("/customers", "customers"):
        if customer["name"] in ("kaki", "nashi"):
            operator.delete(f"/customers/{customer['id']}")


def send(person, *files, subject="画面"):
    thread = person.post("/contact_threads", {"subject": subject, "text": "見てください", "attachments": [file["id"] for file in files]})["contact_thread"]
    return thread, person.get(f"/contact_threads/{thread['id']}/messages")["messages"][0]["attachments"]


def path_of(file, tail=""):
    return f"/contact_attachments/{file['id']}{tail}"


def test_a_picture_arrives_as_it_was(people):
    reader, owner, stranger, service = people
    data = PNG + os.urandom(2 * MIB - len(PNG))
    file = attach(reader, "画面 1.png", data)
    assert (file["type"], file["bytes"], file["received"], file["sent"]) == ("image/png", 2 * MIB, 2 * MIB, False)
    # Until it is sent it is its author's alone.
    assert [person.request("GET", path_of(file)).status_code for person in people] == [200, 404, 404, 404]
    _, files = send(reader, file)
    assert [(one["name"], one["sent"]) for one in files] == [("画面 1.png", True)]
    for person in (reader, owner, service):
        assert person.request("GET", path_of(file, "/data")).content == data
    for method, tail in (("GET", ""), ("GET", "/data"), ("PUT", "/data"), ("DELETE", "")):
        answers = [stranger.request(method, f"/contact_attachments/{number}{tail}", {} if method == "PUT" else None) for number in (file["id"], 98765432)]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].text.replace(str(file["id"]), "N") == answers[1].text.replace("98765432", "N")


def test_it_is_saved_and_never_shown(people):
    """Text that is a page stays text, for whoever opens it in whatever way."""
    file = attach(people[0], "page.html", "<script>alert(document.domain)</script>\n日本語".encode())
    send(people[0], file)
    answer = people[3].request("GET", path_of(file, "/data"))
    headers = answer.headers
    assert headers["Content-Type"] == "text/plain; charset=utf-8"
    assert headers["Content-Disposition"] == f"attachment; filename=\"attachment-{file['id']}\"; filename*=UTF-8''page.html.txt"
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["Cache-Control"] == "no-store"
    policies = headers["Content-Security-Policy"]
    assert "sandbox; default-src 'none'" in policies and "frame-ancestors 'none'" in policies
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_nobody_puts_a_field_into_the_head(people):
    file = attach(people[0], "a\"\r\nSet-Cookie: x=y; ../\u202egnp.txt", b"x")
    send(people[0], file)
    answer = people[0].request("GET", path_of(file, "/data"))
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Content-Disposition"].endswith("UTF-8''a___Set-Cookie_%20x%3Dy%3B%20.._" + "_gnp.txt")


@pytest.mark.parametrize("name,data", [
    ("a.png", b"GIF89a\x01\x00"), ("a.pdf", b"\x7fELF\x02"), ("a.txt", "日本語".encode("shift_jis")), ("a.txt", b"\x1b[2J"), ("a.jpg", b"PK\x03\x04"),
    ("a.png", b"<svg>\0</svg>"),
])
def test_other_kinds_are_refused_and_gone(people, name, data):
    with pytest.raises(Failed, match="unsupported_error"):
        attach(people[0], name, data)
    file = people[0].post("/contact_attachments", {"name": "next.txt", "bytes": 1})["contact_attachment"]
    assert people[0].error("GET", f"/contact_attachments/{file['id'] - 1}") == (404, "not_found")


@pytest.mark.parametrize("body,field", [
    ({"bytes": 1}, "name"), ({"name": "a.png"}, "bytes"), ({"name": "", "bytes": 1}, "name"), ({"name": "a" * 101, "bytes": 1}, "name"),
    ({"name": "a.png", "bytes": 0}, "bytes"), ({"name": "a.png", "bytes": 2 * MIB + 1}, "bytes"), ({"name": "..", "bytes": 1}, "name"),
    ({"name": 5, "bytes": 1}, "name"), ({"name": "a.png", "bytes": "1"}, "bytes"),
])
def test_what_is_announced_wrongly(people, body, field):
    answer = people[0].request("POST", "/contact_attachments", body)
    assert (answer.status_code, [one["name"] for one in answer.json()["error"]["details"]["fields"]]) == (422, [field])


def test_pieces(people):
    """In order and of their size; one that comes twice does nothing; nothing comes after the end."""
    reader = people[0]
    data = b"x" * (PIECE + 3)
    file = reader.post("/contact_attachments", {"name": "a.txt", "bytes": len(data)})["contact_attachment"]

    def put(at, piece):
        return reader.request("PUT", path_of(file, "/data"), {"at": at, "data": base64.b64encode(piece).decode()})

    for at, piece in ((PIECE, data[:3]), (0, data[:3]), (0, data), (-1, data[:PIECE]), (0, b""), (1, data[:PIECE])):
        assert put(at, piece).status_code in (422, 413), at
    assert reader.error("PUT", path_of(file, "/data"), {"at": 0, "data": "!"}) == (422, "invalid_input")
    assert reader.error("PUT", path_of(file, "/data"), {"at": 0}) == (422, "invalid_input")
    assert reader.error("GET", path_of(file, "/data")) == (404, "not_found")
    assert reader.error("POST", "/contact_threads", {"subject": "x", "text": "x", "attachments": [file["id"]]}) == (422, "invalid_input")
    for _ in range(2):
        assert put(0, data[:PIECE]).json()["contact_attachment"]["received"] == PIECE
    for _ in range(2):
        assert put(PIECE, data[PIECE:]).json()["contact_attachment"]["type"] == "text/plain; charset=utf-8"
    assert reader.request("GET", path_of(file, "/data")).content == data
    send(reader, file)
    assert reader.error("PUT", path_of(file, "/data"), {"at": 0, "data": ""}) == (423, "locked")


def test_what_goes_with_a_message(people):
    reader, owner, stranger, service = people
    files = [attach(reader, f"{i}.txt", b"x") for i in range(6)]
    ids = [file["id"] for file in files]
    for wrong in (ids, "1", [str(ids[0])], [0], [ids[0], ids[0]], [98765432], {}):
        before = reader.get("/contact_threads")["meta"]["pagination"]["total_entries"]
        assert reader.error("POST", "/contact_threads", {"subject": "x", "text": "x", "attachments": wrong}) == (422, "invalid_input"), wrong
        assert reader.get("/contact_threads")["meta"]["pagination"]["total_entries"] == before
    for other in (owner, stranger, service):
        assert other.error("POST", "/contact_threads", {"subject": "x", "text": "x", "attachments": ids[:1]}) == (422, "invalid_input")
    thread, sent = send(reader, *files[:5])
    assert [file["id"] for file in sent] == ids[:5]
    answer = attach(service, "answer.txt", b"do this")
    service.post(f"/contact_threads/{thread['id']}/messages", {"text": "See", "attachments": [answer["id"]]})
    assert owner.request("GET", path_of(answer, "/data")).content == b"do this"
    assert owner.error("DELETE", path_of(answer)) == (403, "forbidden")
    # Its author takes one back, an owner another, an operator a third; a reader not an owner's.
    for who, file in ((reader, files[0]), (owner, files[1]), (service, files[2])):
        who.delete(path_of(file))
        assert reader.error("GET", path_of(file)) == (404, "not_found")
    of_owner = attach(owner, "owner.txt", b"x")
    send(owner, of_owner)
    assert reader.error("DELETE", path_of(of_owner)) == (403, "forbidden")
    assert "owner.txt" not in stranger.request("GET", "/history").text


def test_an_account_has_so_much_room(people, fake):
    """What is announced counts as well; an operator's counts for nobody, and what was removed no more."""
    stranger, service = people[2:]
    files = []
    while (answer := stranger.request("POST", "/contact_attachments", {"name": "a.txt", "bytes": 2 * MIB})).ok:
        files.append(answer.json()["contact_attachment"])
    assert (answer.status_code, answer.json()["error"]["code"], len(files)) == (403, "resource_limit_exceeded", 50)
    attach(service, "still.txt", b"x")
    stranger.delete(path_of(files[0]))
    stranger.post("/contact_attachments", {"name": "a.txt", "bytes": 2 * MIB})


def test_a_token_that_only_reads(people, fake):
    token = Api(fake.url, fake.ca, people[1].post("/tokens", {"name": "reads files", "scope": "read"})["secret"])
    file = attach(people[1], "a.txt", b"x")
    send(people[1], file)
    assert token.request("GET", path_of(file, "/data")).content == b"x"
    assert token.error("DELETE", path_of(file)) == (403, "token_readonly")
    assert token.error("POST", "/contact_attachments", {"name": "a.txt", "bytes": 1}) == (403, "token_readonly")


def test_the_cli(people, fake, tmp_path):
    data = PNG + os.urandom(PIECE)
    (tmp_path / "画面.png").write_bytes(data)
    (tmp_path / "boot.log").write_text("ok\n")
    (tmp_path / "bad.png").write_bytes(b"\0")
    (tmp_path / "large.txt").write_bytes(b"x" * (2 * MIB + 1))
    thread, _ = send(people[0])
    number = str(thread["id"])
    fake.cli("contact", "reply", number, "--text", "See", "--attach", tmp_path / "画面.png", "--attach", tmp_path / "boot.log")
    message = json.loads(fake.cli("contact", "show", number, "--json").stdout)["messages"][-1]
    shown = fake.cli("contact", "show", number).stdout
    first, second = message["attachments"]
    assert f"[attachment {first['id']}: 画面.png, image/png, {len(data)} bytes]" in shown and "boot.log, text/plain" in shown
    fake.cli("contact", "attachment", str(first["id"]), "--file", tmp_path / "back.png")
    assert (tmp_path / "back.png").read_bytes() == data
    assert fake.cli("contact", "attachment", str(second["id"])).stdout == "ok\n"
    assert fake.cli("contact", "attachment", "98765432", check=False).returncode == 3
    for file, why in (("bad.png", "PNG or JPEG"), ("large.txt", "2 MiB"), ("missing", "No such file")):
        refused = fake.cli("contact", "reply", number, "--text", "See", "--attach", tmp_path / file, check=False)
        assert refused.returncode == 1 and why in refused.stderr and file in refused.stderr
    fake.cli("contact", "remove-attachment", str(second["id"]), "--yes")
    assert people[0].error("GET", path_of(second)) == (404, "not_found")

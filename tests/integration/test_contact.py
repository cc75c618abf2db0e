"""Contact: an account writes to the operators and they answer; nobody else's thread is anybody's business."""
import json

import pytest

from ippo_testing import Api
from people import invite

NASTY = "<img src=x onerror=alert(1)> &amp; \"quoted\" {{7*7}} '; DROP TABLE contact_thread; --"


@pytest.fixture(scope="module")
def operator(fake):
    return fake.api("operator", "--operator")


@pytest.fixture(scope="module")
def people(fake, operator):
    """A reader and an owner of one account, somebody of another, and an operator of the service."""
    for name in ("aoi", "midori"):
        operator.post("/customers", {"name": name})
    return (invite(fake, "aoi-reader", "aoi", role="reader"), invite(fake, "aoi-owner", "aoi", role="owner"),
            invite(fake, "midori-owner", "midori", role="owner"), invite(fake, "of-the-service", operator=True))


def ask(person, subject="接続できません", text="SSHで入れません。\n\n助けてください。"):
    return person.post("/contact_threads", {"subject": subject, "text": text})["contact_thread"]


def path_of(thread):
    return f"/contact_threads/{thread['id']}"


def said(person, thread):
    return [(one["author"]["name"], one["author"]["operator"], one["text"]) for one in person.every(path_of(thread) + "/messages", "messages")]


def test_a_question_and_its_answer(people):
    reader, owner, _, service = people
    thread = ask(reader)
    assert (thread["state"], thread["messages"], thread["customer"]["name"]) == ("open", 1, "aoi")
    assert thread["id"] in [one["id"] for one in service.get("/contact_threads?state=open")["contact_threads"]]
    answer = service.post(path_of(thread) + "/messages", {"text": "ポートは10022です。"})["message"]
    assert answer["author"] == {"name": "of-the-service", "operator": True}
    assert owner.get(path_of(thread))["contact_thread"]["state"] == "answered"
    assert said(owner, thread) == [("aoi-reader", False, "SSHで入れません。\n\n助けてください。"), ("", True, "ポートは10022です。")]
    owner.post(path_of(thread) + "/messages", {"text": "入れました。"})
    assert owner.get(path_of(thread))["contact_thread"]["state"] == "open"
    assert owner.put(path_of(thread), {"state": "closed"})["contact_thread"]["state"] == "closed"
    reader.post(path_of(thread) + "/messages", {"text": "もう一つ。"})
    found = reader.get(path_of(thread))["contact_thread"]
    assert (found["state"], found["messages"]) == ("open", 4)


def test_another_accounts_thread_is_one_that_never_was(people):
    reader, _, stranger, service = people
    thread = ask(reader)
    missing = "/contact_threads/98765432"
    for method, tail, body in (("GET", "", None), ("PUT", "", {"state": "closed"}), ("GET", "/messages", None), ("POST", "/messages", {"text": "x"}),
                               ("POST", "/messages", {})):
        answers = [stranger.request(method, path + tail, body) for path in (path_of(thread), missing)]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].text.replace(str(thread["id"]), "N") == answers[1].text.replace("98765432", "N")
    assert thread["id"] not in [one["id"] for one in stranger.every("/contact_threads", "contact_threads")]
    assert len(said(service, thread)) == 1
    assert service.get(path_of(thread), headers={"X-Ippo-Customer": "aoi"})["contact_thread"]["id"] == thread["id"]
    assert service.error("GET", path_of(thread), headers={"X-Ippo-Customer": "midori"}) == (404, "not_found")


def test_text_stays_text(people):
    thread = ask(people[0], NASTY, NASTY + "\n\t" + NASTY)
    assert people[3].get(path_of(thread))["contact_thread"]["subject"] == NASTY
    assert said(people[3], thread)[0][2] == NASTY + "\n\t" + NASTY


@pytest.mark.parametrize("body,field", [
    ({"subject": "", "text": "x"}, "subject"), ({"text": "x"}, "subject"), ({"subject": "x"}, "text"), ({"subject": "x", "text": " \n "}, "text"),
    ({"subject": "a" * 121, "text": "x"}, "subject"), ({"subject": "two\nlines", "text": "x"}, "subject"), ({"subject": "x", "text": "x" * 8001}, "text"),
    ({"subject": "x", "text": "\x1b[2J"}, "text"), ({"subject": 5, "text": "x"}, "subject"), ({"subject": "x", "text": []}, "text"),
])
def test_what_is_refused_names_its_field(people, body, field):
    answer = people[0].request("POST", "/contact_threads", body)
    assert answer.status_code == 422
    assert [one["name"] for one in answer.json()["error"]["details"]["fields"]] == [field]


def test_states(people):
    thread = ask(people[0], "あ" * 120, "漢" * 8000)
    assert people[0].error("PUT", path_of(thread), {"state": "answered"}) == (422, "invalid_input")
    assert people[0].error("PUT", path_of(thread), {}) == (422, "invalid_input")
    assert people[0].error("GET", "/contact_threads?state=new") == (422, "invalid_input")
    people[3].put(path_of(thread), {"state": "closed"})
    assert thread["id"] in [one["id"] for one in people[0].every("/contact_threads?state=closed", "contact_threads")]
    assert people[0].put(path_of(thread), {"state": "open"})["contact_thread"]["state"] == "open"


def test_tokens(fake, people):
    """One that only reads cannot write; one that may write can."""
    owner = people[1]
    thread = ask(owner)
    for scope, expected in (("read", (403, "token_readonly")), ("read_write", None)):
        token = Api(fake.url, fake.ca, owner.post("/tokens", {"name": f"contact {scope}", "scope": scope})["secret"])
        assert len(said(token, thread)) >= 1
        if expected:
            assert token.error("POST", path_of(thread) + "/messages", {"text": "x"}) == expected
        else:
            assert token.post(path_of(thread) + "/messages", {"text": "x"})["message"]["author"]["operator"] is False


def test_who_is_suspended_can_still_ask(operator, people):
    customer = people[0].get("/me")["me"]["customer"]["id"]
    operator.put(f"/customers/{customer}", {"suspended": True})
    try:
        ask(people[0], "なぜ止まりましたか")
    finally:
        operator.put(f"/customers/{customer}", {"suspended": False})


def test_nobody_fills_the_disk(operator, people, fake):
    """An account writes so many messages within a day; operators answer all the same, and the next day goes on."""
    stranger, service = people[2], people[3]
    thread = ask(stranger)
    while (answer := stranger.request("POST", path_of(thread) + "/messages", {"text": "x"})).ok:
        pass
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "rate_limit_exceeded")
    assert len(said(service, thread)) == 200
    assert stranger.error("POST", "/contact_threads", {"subject": "x", "text": "x"}) == (429, "rate_limit_exceeded")
    service.post(path_of(thread) + "/messages", {"text": "Please telephone."})
    ask(people[0])


def test_those_who_look_are_told(people):
    """The account and the operators; nobody else."""
    reader, _, stranger, service = people
    with (reader.request("GET", "/events", stream=True) as mine, service.request("GET", "/events", stream=True) as operators,
          stranger.request("GET", "/events", stream=True) as theirs):
        streams = [answer.iter_lines(chunk_size=1, decode_unicode=True) for answer in (mine, operators, theirs)]
        thread = ask(reader)
        end = service.post("/notices", {"title_ja": "終", "title_en": "End", "body_ja": "終", "body_en": "End"})["notice"]["id"]
        told = []
        for lines in streams:
            seen = []
            for line in lines:
                if line.startswith("event: "):
                    seen.append((line.removeprefix("event: "), json.loads(next(lines).removeprefix("data: "))))
                    if seen[-1][0] == "notice":
                        break
            told.append([value for kind, value in seen if kind == "contact_thread"])
        assert told == [[{"contact_thread": {"id": thread["id"]}}]] * 2 + [[]]
        service.delete(f"/notices/{end}")


def test_the_cli(fake, people, tmp_path):
    thread = ask(people[0], NASTY, NASTY)
    number = str(thread["id"])
    assert NASTY in fake.cli("contact", "list", "--state", "open").stdout
    (tmp_path / "answer").write_text("一行目\n二行目\n")
    fake.cli("contact", "reply", number, "--file", tmp_path / "answer")
    shown = fake.cli("contact", "show", number).stdout
    assert NASTY in shown and "一行目\n二行目" in shown and "operator of the service" in shown
    assert people[0].get(path_of(thread))["contact_thread"]["state"] == "answered"
    fake.cli("contact", "close", number)
    assert people[0].get(path_of(thread))["contact_thread"]["state"] == "closed"
    made = fake.cli("contact", "create", "From us", "--text", "A word", "--customer", "aoi").stdout.strip()
    assert said(people[0], {"id": made})[0][1:] == (True, "A word")
    assert json.loads(fake.cli("contact", "show", made, "--json").stdout)["messages"][0]["text"] == "A word"
    assert fake.cli("contact", "show", "98765432", check=False).returncode == 3
    assert fake.cli("contact", "reply", "98765432", "--text", "x", check=False).returncode == 3
    silent = fake.cli("contact", "reply", number, check=False)
    assert silent.returncode == 1 and "--text" in silent.stderr

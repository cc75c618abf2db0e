"""Notices: operators write them, everybody reads them, each person knows what they have not read."""
import datetime
import json

import pytest

from ippo_testing import Api, eventually
from people import invite

TEXTS = {"title_ja": "回線の保守", "title_en": "Network maintenance", "body_ja": "短い切断があります。\n\nご了承ください。", "body_en": "Short cuts.\n\nSorry."}
# What a browser, a terminal or a template might take for something else than text.
NASTY = "<img src=x onerror=alert(1)> &amp; \"quoted\" {{7*7}} ${x} '; DROP TABLE notice; --"
DAY = datetime.timedelta(days=1)


@pytest.fixture(scope="module")
def operator(fake):
    return fake.api("operator", "--operator")


@pytest.fixture(scope="module")
def people(fake, operator):
    """A reader of one account, an owner of another, and an operator of the service, at browsers."""
    for name in ("aoi", "midori"):
        operator.post("/customers", {"name": name})
    return (invite(fake, "aoi-reader", "aoi", role="reader"), invite(fake, "midori-owner", "midori", role="owner"),
            invite(fake, "of-the-service", operator=True))


@pytest.fixture(autouse=True)
def none_left(operator):
    yield
    for notice in operator.every("/notices", "notices") + operator.every("/notices?status=scheduled", "notices"):
        operator.delete(f"/notices/{notice['id']}")


def moment(from_now):
    return (datetime.datetime.now(datetime.timezone.utc) + from_now).isoformat(timespec="seconds")


def publish(operator, **changes):
    return operator.post("/notices", {**TEXTS, **changes})["notice"]


def shown(person, query=""):
    return [notice["id"] for notice in person.get(f"/notices{query}")["notices"]]


def unread(person):
    return person.get("/notices")["unread"]


def test_everybody_sees_what_an_operator_publishes(operator, people):
    notice = publish(operator)
    assert notice["published"] and notice["edited"] is None and notice["withdrawn"] is None and not notice["pinned"]
    for person in people:
        seen = person.get(f"/notices/{notice['id']}")["notice"]
        assert {key: seen[key] for key in TEXTS} == TEXTS
        assert seen["read"] is False and seen["kind"] == "ordinary"
        assert shown(person) == [notice["id"]]


def test_one_that_is_to_appear_later(operator, people):
    """Operators see it and can change it; for everybody else it is not there, until it is, by itself and unread."""
    reader, _, service = people
    notice = publish(operator, publish_at=moment(DAY))
    path = f"/notices/{notice['id']}"
    assert notice["scheduled"] and shown(reader) == shown(service) == [] and shown(service, "?status=scheduled") == [notice["id"]]
    assert reader.error("GET", "/notices?status=scheduled") == (403, "forbidden")
    missing = [reader.request(method, one + tail) for method, tail in (("GET", ""), ("PUT", "/read")) for one in (path, "/notices/98765432")]
    assert {answer.status_code for answer in missing} == {404}
    reader.put("/notices/read")
    changed = operator.put(path, {"title_en": "Another", "tell": True})["notice"]
    assert changed["edited"] is None and changed["scheduled"] and changed["published"] == notice["published"]
    with reader.request("GET", "/events", stream=True) as mine, service.request("GET", "/events", stream=True) as theirs:
        soon = operator.put(path, {"publish_at": moment(datetime.timedelta(seconds=2))})["notice"]
        seen = []
        for answer in (theirs, mine):
            lines = answer.iter_lines(chunk_size=1, decode_unicode=True)
            changes = []
            while "published" not in changes:
                if next(lines) == "event: notice":
                    changes.append(json.loads(next(lines).removeprefix("data: "))["notice"]["change"])
            seen.append(changes)
        assert seen == [["edited", "published"], ["published"]]
    assert datetime.datetime.fromisoformat(soon["published"]) <= datetime.datetime.now(datetime.timezone.utc)
    assert shown(reader) == [notice["id"]] and unread(reader) == 1
    assert not reader.get(path)["notice"]["scheduled"]
    # What everybody has seen cannot be put off.
    assert operator.error("PUT", path, {"publish_at": moment(DAY)}) == (422, "invalid_input")
    assert operator.error("PUT", path, {"publish_now": True}) == (422, "invalid_input")


def test_one_that_is_to_appear_later_after_all_does_not_or_does_now(operator, people):
    first, second = publish(operator, publish_at=moment(DAY)), publish(operator, publish_at=moment(DAY))
    operator.delete(f"/notices/{first['id']}")
    now = operator.put(f"/notices/{second['id']}", {"publish_now": True})["notice"]
    assert not now["scheduled"] and shown(people[0]) == [second["id"]]
    assert operator.get("/notices?status=scheduled")["notices"] == []


@pytest.mark.parametrize("changes", [{"publish_at": "2020-01-01T00:00:00Z"}, {"publish_at": "tomorrow"}, {"publish_at": "2999-01-01T00:00:00Z"}, {"publish_at": 5},
                                     {"publish_now": "yes"}])
def test_when_it_cannot_appear(operator, changes):
    answer = operator.request("POST", "/notices", {**TEXTS, **changes})
    assert (answer.status_code, [one["name"] for one in answer.json()["error"]["details"]["fields"]]) == (422, list(changes))
    assert operator.get("/notices?status=scheduled")["notices"] == []


def test_text_stays_text(operator, people):
    """Byte by byte what was written, through the database and JSON."""
    notice = publish(operator, title_en=NASTY, body_en=NASTY + "\n\t" + NASTY, title_ja="‮右から左")
    seen = people[0].get(f"/notices/{notice['id']}")["notice"]
    assert seen["title_en"] == NASTY and seen["body_en"] == NASTY + "\n\t" + NASTY


def test_each_person_has_read_what_they_have(operator, people):
    reader, owner, _ = people
    first, second = publish(operator), publish(operator)
    assert unread(reader) == unread(owner) == 2
    reader.put(f"/notices/{first['id']}/read")
    reader.put(f"/notices/{first['id']}/read")
    assert (unread(reader), unread(owner)) == (1, 2)
    assert {notice["id"]: notice["read"] for notice in reader.get("/notices")["notices"]} == {first["id"]: True, second["id"]: False}
    third = publish(operator)
    reader.put("/notices/read", {"last": second["id"]})
    assert unread(reader) == 1, "what came after the last one seen is not read"
    reader.put("/notices/read")
    assert (unread(reader), unread(owner)) == (0, 3)
    operator.delete(f"/notices/{third['id']}")
    assert unread(owner) == 2
    assert reader.error("PUT", f"/notices/{third['id']}/read") == (404, "not_found")


def test_what_was_told_before_one_came_is_no_news(fake, operator):
    notice = publish(operator)
    late = invite(fake, "late", "aoi", role="reader")
    assert unread(late) == 0 and late.get(f"/notices/{notice['id']}")["notice"]["read"] is True
    operator.put(f"/notices/{notice['id']}", {"tell": True})
    assert unread(late) == 1


def test_an_edit_tells_again_only_when_it_should(operator, people):
    reader = people[0]
    notice = publish(operator)
    reader.put("/notices/read")
    edited = operator.put(f"/notices/{notice['id']}", {"title_en": "Netwerk"})["notice"]
    assert edited["title_en"] == "Netwerk" and edited["title_ja"] == TEXTS["title_ja"] and edited["edited"]
    assert edited["published"] == notice["published"] and unread(reader) == 0
    operator.put(f"/notices/{notice['id']}", {"title_en": "Network", "tell": True})
    assert unread(reader) == 1


def test_tokens_are_nobody(fake, operator, people):
    """They read, and there is nothing that they have read."""
    notice = publish(operator)
    script = Api(fake.url, fake.ca, people[1].post("/tokens", {"name": "script", "scope": "read"})["secret"])
    answer = script.get("/notices")
    assert answer["unread"] is None and [(one["id"], one["read"]) for one in answer["notices"]] == [(notice["id"], None)]
    assert script.error("PUT", f"/notices/{notice['id']}/read") == (403, "forbidden")
    assert script.error("PUT", "/notices/read") == (403, "forbidden")


def test_only_operators_write(operator, people):
    notice = publish(operator)
    for person in people[:2]:
        assert person.error("POST", "/notices", TEXTS) == (403, "forbidden")
        assert person.error("PUT", f"/notices/{notice['id']}", {"pinned": True}) == (403, "forbidden")
        assert person.error("DELETE", f"/notices/{notice['id']}") == (403, "forbidden")
    assert people[2].put(f"/notices/{notice['id']}", {"pinned": True})["notice"]["pinned"]


def test_what_was_withdrawn_is_for_operators(operator, people):
    reader = people[0]
    notice = publish(operator)
    path = f"/notices/{notice['id']}"
    operator.delete(path)
    assert reader.error("GET", path) == (404, "not_found") and shown(reader) == []
    assert reader.error("GET", "/notices?status=withdrawn") == (403, "forbidden")
    assert notice["id"] in shown(operator, "?status=withdrawn") and operator.get(path)["notice"]["withdrawn"]
    assert operator.error("DELETE", path) == (404, "gone")
    assert operator.error("PUT", path, {"pinned": True}) == (404, "gone")


def test_the_pinned_are_on_top_until_they_are_over(operator, people):
    window = {"kind": "maintenance", "pinned": True}
    over = publish(operator, **window, starts=moment(-2 * DAY), ends=moment(-DAY))
    coming = publish(operator, **window, starts=moment(DAY), ends=moment(2 * DAY))
    pinned = publish(operator, pinned=True)
    plain = publish(operator)
    order = [pinned["id"], coming["id"], plain["id"], over["id"]]
    assert shown(people[0]) == order
    assert shown(people[0], "?per_page=2&page=2") == order[2:]
    assert shown(people[0], "?kind=maintenance") == [coming["id"], over["id"]]
    operator.put(f"/notices/{pinned['id']}", {"pinned": False})
    assert shown(people[0])[0] == coming["id"]


def test_windows(operator):
    early, late = moment(DAY), moment(2 * DAY)
    notice = publish(operator, kind="maintenance", starts=early, ends=late)
    assert (notice["starts"], notice["ends"]) == (early, late)
    path = f"/notices/{notice['id']}"
    assert operator.put(path, {"ends": "2035-01-01T09:00:00+09:00"})["notice"]["ends"] == "2035-01-01T00:00:00+00:00"
    ordinary = operator.put(path, {"kind": "ordinary"})["notice"]
    assert (ordinary["kind"], ordinary["starts"], ordinary["ends"]) == ("ordinary", None, None)


@pytest.mark.parametrize("changes,field", [
    ({"title_ja": ""}, "title_ja"), ({"title_en": None}, "title_en"), ({"title_en": "a" * 121}, "title_en"), ({"title_en": "two\nlines"}, "title_en"),
    ({"title_ja": 5}, "title_ja"), ({"body_ja": " \n"}, "body_ja"), ({"body_en": "x" * 4001}, "body_en"), ({"body_en": "\x1b[2J"}, "body_en"),
    ({"kind": "urgent"}, "kind"), ({"pinned": "yes"}, "pinned"),
    ({"kind": "maintenance"}, "starts"), ({"kind": "maintenance", "starts": "2030-01-01T00:00:00Z"}, "ends"),
    ({"kind": "maintenance", "starts": "2030-01-02T00:00:00Z", "ends": "2030-01-01T00:00:00Z"}, "ends"),
    ({"kind": "maintenance", "starts": "tomorrow", "ends": "2030-01-01T00:00:00Z"}, "starts"),
    ({"starts": "2030-01-01T00:00:00Z", "ends": "2030-01-02T00:00:00Z"}, "starts"),
])
def test_what_is_refused_names_its_field(operator, changes, field):
    answer = operator.request("POST", "/notices", {**TEXTS, **changes})
    assert answer.status_code == 422, answer.text
    assert [one["name"] for one in answer.json()["error"]["details"]["fields"]] == [field]
    assert shown(operator) == []


def test_limits_are_in_characters(operator):
    notice = publish(operator, title_ja="あ" * 120, body_ja="漢" * 4000)
    assert operator.get(f"/notices/{notice['id']}")["notice"]["body_ja"] == "漢" * 4000


def test_open_panels_are_told(operator, people):
    """In every account, and only that there is something to read."""
    with people[0].request("GET", "/events", stream=True) as one, people[1].request("GET", "/events", stream=True) as other:
        streams = [answer.iter_lines(chunk_size=1, decode_unicode=True) for answer in (one, other)]
        notice = publish(operator)
        operator.put(f"/notices/{notice['id']}", {"pinned": True})
        operator.delete(f"/notices/{notice['id']}")
        for lines in streams:
            told = []
            while len(told) < 3:
                if next(lines) == "event: notice":
                    told.append(json.loads(next(lines).removeprefix("data: "))["notice"])
            assert told == [{"id": notice["id"], "change": change} for change in ("published", "edited", "withdrawn")]


def test_a_suspended_account_reads_too(operator, people):
    customer = people[0].get("/me")["me"]["customer"]["id"]
    notice = publish(operator)
    operator.put(f"/customers/{customer}", {"suspended": True})
    try:
        assert shown(people[0]) == [notice["id"]]
        people[0].put(f"/notices/{notice['id']}/read")
    finally:
        operator.put(f"/customers/{customer}", {"suspended": False})


def test_marks_go_with_their_person_and_stay_over_a_restart(fake, operator):
    person = invite(fake, "remembers", "aoi", role="reader")
    notice = publish(operator)
    person.put(f"/notices/{notice['id']}/read")
    fake.restart()
    eventually(person.is_signed_in)
    assert unread(person) == 0


def test_the_cli(fake, operator, tmp_path):
    for name, text in (("ja", TEXTS["body_ja"]), ("en", NASTY)):
        (tmp_path / name).write_text(text + "\n")
    words = ["--title-ja", TEXTS["title_ja"], "--title-en", NASTY, "--body-ja", tmp_path / "ja", "--body-en", tmp_path / "en"]
    number = fake.cli("notice", "publish", *words, "--starts", "2030-01-01T00:00:00Z", "--ends", "2030-01-01T02:00:00Z", "--pin").stdout.strip()
    notice = operator.get(f"/notices/{number}")["notice"]
    assert (notice["kind"], notice["pinned"], notice["body_ja"], notice["body_en"]) == ("maintenance", True, TEXTS["body_ja"], NASTY)
    assert NASTY in fake.cli("notice", "list").stdout
    text = fake.cli("notice", "show", number).stdout
    assert TEXTS["body_ja"] in text and "2030-01-01T00:00:00+00:00" in text
    fake.cli("notice", "edit", number, "--ordinary", "--unpin", "--title-en", "Plain", "--tell")
    notice = operator.get(f"/notices/{number}")["notice"]
    assert (notice["kind"], notice["pinned"], notice["title_en"]) == ("ordinary", False, "Plain")
    assert fake.cli("notice", "withdraw", number, check=False).returncode == 2
    fake.cli("notice", "withdraw", number, "--yes")
    assert "no notices" in fake.cli("notice", "list").stdout and "Plain" in fake.cli("notice", "list", "--withdrawn").stdout
    assert fake.cli("notice", "show", "999", check=False).returncode == 3
    assert fake.cli("notice", "edit", "999", "--pin", check=False).returncode == 3
    refused = fake.cli("notice", "publish", "--title-en", "Alone", check=False)
    assert refused.returncode == 1 and "title_ja" in refused.stderr
    missing = fake.cli("notice", "publish", "--body-ja", tmp_path / "none", check=False)
    assert missing.returncode == 1 and "none" in missing.stderr

"""Passkeys: made, used to sign in and to prove oneself, and all that a device, a page or a stranger can say wrong."""
import concurrent.futures
import contextlib
import itertools
import sqlite3

import pytest

from authenticator import Passkey, decode, encode
from ippo_testing import IppoInstance, eventually
from people import PASSWORD, Person, invite, key_of, totp

SIGN_IN, ADD, PROVE = "/sessions/passkey", "/me/passkeys", "/sessions/current/proof/passkey"
JOIN, RESET = "/invitations/redeem/passkey", "/password_resets/redeem/passkey"
UNAUTHORIZED = (401, "unauthorized")
CHALLENGE = (422, "passkey_challenge")
DATA = (422, "passkey_data")
ORIGIN = (422, "passkey_origin")
UNVERIFIED = (422, "passkey_unverified")
WRONG = (422, "wrong_passkey")
COUNTER = (422, "passkey_counter")
LAST = (422, "last_passkey")
GONE = (404, "not_found")
names = itertools.count(1)


@pytest.fixture(scope="module")
def patient():
    """An instance of its own: wrong tries from here slow down others' as well."""
    instance = IppoInstance("fake")
    try:
        yield instance.start()
    finally:
        instance.close()


def change(ippo, statement, *values):
    with contextlib.closing(sqlite3.connect(f"{ippo.state}/core/ippo.db", timeout=10)) as database, database:
        assert database.execute(statement, values).rowcount > 0


def ask(person, path):
    return person.post(f"{path}/challenge")["passkey_challenge"]


def device(ippo, algorithm=-7):
    return Passkey("localhost", ippo.url, algorithm)


def add(person, algorithm=-7, name="laptop"):
    passkey = device(person.ippo, algorithm)
    passkey.number = person.post(ADD, {"name": name, **passkey.make(ask(person, ADD)["challenge"])})["passkey"]["id"]
    return passkey


@pytest.fixture
def person(patient):
    return invite(patient, f"holder-{next(names)}")


def stranger(ippo):
    return Person(ippo, "")


def forgive(ippo):
    """A good sign-in from here, so that wrong ones are counted from none."""
    someone = invite(ippo, f"forgiving-{next(names)}")
    passkey = add(someone)
    door = stranger(ippo)
    door.post(SIGN_IN, passkey.show(ask(door, SIGN_IN)["challenge"]))


# --- making ---


@pytest.mark.parametrize("algorithm", [-7, -8, -257])
def test_made_used_and_removed(person, algorithm):
    assert person.get(ADD)["passkeys"] == []
    passkey = add(person, algorithm, "my phone")
    listed, = person.get(ADD)["passkeys"]
    assert (listed["id"], listed["name"], listed["last_used"]) == (passkey.number, "my phone", None) and listed["created"]
    again = ask(person, ADD)
    assert again["site"] == "localhost" and again["origin"] == person.ippo.url
    assert again["credentials"] == [encode(passkey.credential)] and again["user"]["name"] == person.name
    assert len(decode(again["challenge"])) == 32 and len(decode(again["user"]["handle"])) == 32
    door = stranger(person.ippo)
    assert door.post(SIGN_IN, passkey.show(ask(door, SIGN_IN)["challenge"]))["session"]["user"]["name"] == person.name
    assert door.get("/me")["me"]["user"]["name"] == person.name and door.cookie != person.cookie
    assert person.get(ADD)["passkeys"][0]["last_used"]
    person.delete(f"{ADD}/{passkey.number}")
    assert person.error("DELETE", f"{ADD}/{passkey.number}") == (404, "not_found")
    assert stranger(person.ippo).error("POST", SIGN_IN, passkey.show(ask(door, SIGN_IN)["challenge"])) == UNAUTHORIZED
    forgive(person.ippo)


def test_what_a_new_one_may_not_be(person, patient):
    passkey = device(patient)

    def made(error, **said):
        assert person.error("POST", ADD, {"name": "wrong", **passkey.make(ask(person, ADD)["challenge"], **said)}) == error

    made(DATA, kind="webauthn.get")
    made(ORIGIN, origin="https://localhost.evil.example")
    made(ORIGIN, origin=patient.url + "/")
    made(ORIGIN, crossOrigin=True)
    made(DATA, crossOrigin="no")
    made(DATA, site="evil.example")
    made(UNVERIFIED, flags=0x01)
    made(UNVERIFIED, flags=0x04)
    made(DATA, cose={**passkey.cose, 3: -35})
    made(DATA, cose={**passkey.cose, -2: bytes(32)})  # not on the curve
    made(DATA, cose=[1, 2, 3])
    made(DATA, cose={1: 2, 3: -7, -1: 1, -2: list(range(100))})
    assert person.error("POST", ADD, {"name": "x", **passkey.make(encode(bytes(32)))}) == CHALLENGE
    assert person.error("POST", ADD, {"name": "x", **passkey.make("short")}) == DATA
    good = passkey.make(ask(person, ADD)["challenge"])
    for wrong in ({"client_data": None}, {"client_data": "=="}, {"client_data": ""}, {"authenticator_data": "A" * 9000}, {"name": ""}, {"name": "x" * 200}):
        assert person.error("POST", ADD, {"name": "wrong", **good, **wrong}) == (422, "invalid_input")
    for text in (b"", b"[]", b"{", b'{"type":"webauthn.create","type":"webauthn.create"}', b"\xff"):
        code = person.error("POST", ADD, {"name": "wrong", **good, "client_data": encode(text)})
        assert code == (DATA if text else (422, "invalid_input"))
    assert person.error("POST", ADD, {"name": "wrong", **good, "authenticator_data": good["authenticator_data"][:200]}) == DATA
    assert person.error("POST", ADD, {"name": "wrong", **good}) == CHALLENGE, "used up by the one before"
    assert person.get(ADD)["passkeys"] == []


def test_a_challenge_is_for_one_thing_and_one_session(person, patient):
    passkey = add(person)
    other = Person(patient, person.name).sign_in()
    fresh = device(patient)
    assert other.error("POST", ADD, {"name": "x", **fresh.make(ask(person, ADD)["challenge"])}) == CHALLENGE
    assert person.error("POST", ADD, {"name": "x", **fresh.make(ask(person, PROVE)["challenge"])}) == CHALLENGE
    assert person.error("POST", PROVE, passkey.show(ask(person, SIGN_IN)["challenge"])) == CHALLENGE
    assert stranger(patient).error("POST", SIGN_IN, passkey.show(ask(person, PROVE)["challenge"])) == CHALLENGE
    forgive(patient)


def test_ten_at_most_and_none_twice(person, patient):
    first = add(person)
    other = invite(patient, f"holder-{next(names)}")
    assert other.error("POST", ADD, {"name": "x", **first.make(ask(other, ADD)["challenge"])}) == (409, "uniqueness_error")
    for _ in range(8):
        add(person)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        challenges = [ask(person, ADD)["challenge"] for _ in range(4)]
        answers = list(pool.map(lambda challenge: person.request("POST", ADD, {"name": "more", **device(patient).make(challenge)}), challenges))
    assert sorted(answer.status_code for answer in answers) == [201, 403, 403, 403]
    assert len(person.get(ADD)["passkeys"]) == 10 and person.get(f"{ADD}?per_page=4&page=3")["passkeys"][1]["name"] == "more"
    assert person.error("POST", f"{ADD}/challenge") == (403, "resource_limit_exceeded")


def test_adding_and_removing_need_a_proof_which_a_passkey_gives(person, patient):
    person.post("/me/two_step")
    passkey = add(person)
    change(patient, "UPDATE session SET proved_ms = 0 WHERE user_id = ?", person.id)
    for method, path in (("POST", f"{ADD}/challenge"), ("POST", ADD), ("DELETE", f"{ADD}/{passkey.number}")):
        assert person.error(method, path, {} if method == "POST" else None) == (403, "proof_required")
    asked = ask(person, PROVE)
    assert asked["credentials"] == [encode(passkey.credential)]
    assert person.request("POST", PROVE, passkey.show(asked["challenge"])).status_code == 204
    person.delete(f"{ADD}/{passkey.number}")
    assert person.error("POST", f"{PROVE}/challenge") == (404, "not_found")


def test_anothers_passkey_proves_nothing(person, patient):
    add(person)
    other = add(invite(patient, f"holder-{next(names)}"))
    assert person.error("POST", PROVE, other.show(ask(person, PROVE)["challenge"])) == WRONG
    assert patient.database("SELECT counter FROM passkey WHERE id = ?", other.number) == [(0,)], "nor does its counter go on"
    assert person.error("POST", PROVE, device(patient).show(ask(person, PROVE)["challenge"])) == WRONG
    forgive(patient)


# --- signing in ---


def test_it_is_both_steps(person):
    passkey = add(person)
    secret = person.post("/me/two_step")["two_step"]["secret"]
    person.post("/me/two_step/confirm", {"code": totp(secret)})
    door = stranger(person.ippo)
    door.post(SIGN_IN, passkey.show(ask(door, SIGN_IN)["challenge"]))
    door.post("/tokens", {"name": "proved just now"})


def test_what_lets_nobody_in(person, patient):
    passkey = add(person)
    door = stranger(patient)

    def shown(error, passkey=passkey, **said):
        assert door.error("POST", SIGN_IN, passkey.show(ask(door, SIGN_IN)["challenge"], **said)) == error
        forgive(patient)

    shown(DATA, kind="webauthn.create")
    shown(ORIGIN, origin="https://localhost:1")
    shown(ORIGIN, crossOrigin=True)
    shown(DATA, site="evil.example")
    shown(UNVERIFIED, flags=0x01)
    shown(UNVERIFIED, flags=0x00)
    unknown = device(patient)
    shown(UNAUTHORIZED, unknown)
    unknown.credential = passkey.credential  # a known name, another's key
    shown(UNAUTHORIZED, unknown)
    shown(UNAUTHORIZED, flags=0x85)  # extensions that nobody asked for
    assert not door.is_signed_in()
    assert door.error("POST", SIGN_IN, {**passkey.show(ask(door, SIGN_IN)["challenge"]), "signature": "AAAA"}) == UNAUTHORIZED
    assert door.error("POST", SIGN_IN, passkey.show(encode(bytes(32)))) == CHALLENGE
    forgive(patient)
    door.session.headers["Origin"] = "https://evil.example"
    assert door.error("POST", SIGN_IN, {}) == (403, "forbidden")
    assert door.error("POST", f"{SIGN_IN}/challenge") == (403, "forbidden")


def test_unknown_and_known_ones_are_refused_alike(person, patient):
    passkey = add(person)
    liar = device(patient)
    liar.credential = passkey.credential
    change(patient, "UPDATE user SET disabled = 1 WHERE id = (SELECT user_id FROM passkey WHERE id = ?)", passkey.number)
    said = set()
    for each in (device(patient), liar, passkey):
        door = stranger(patient)
        answer = door.request("POST", SIGN_IN, each.show(ask(door, SIGN_IN)["challenge"]))
        said.add((answer.status_code, answer.text))
        forgive(patient)
    assert len(said) == 1 and said.pop()[0] == 401


def test_the_base_point_is_nobodys_key(patient):
    """What stands in for an unknown key has a private key that everybody knows: 1."""
    from cryptography.hazmat.primitives.asymmetric import ec
    passkey = device(patient)
    passkey.key = ec.derive_private_key(1, ec.SECP256R1())
    door = stranger(patient)
    assert door.error("POST", SIGN_IN, passkey.show(ask(door, SIGN_IN)["challenge"])) == UNAUTHORIZED
    forgive(patient)


def test_one_challenge_lets_one_in(person, patient):
    passkey = add(person)
    answer = passkey.show(ask(stranger(patient), SIGN_IN)["challenge"])
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        codes = list(pool.map(lambda _: stranger(patient).request("POST", SIGN_IN, answer).status_code, range(64)))
    assert codes.count(201) == 1 and set(codes) <= {201, 422, 429}, codes
    # However many answers with challenges of their own: its counter goes on for one.
    eventually(lambda: stranger(patient).request("POST", SIGN_IN, {**answer, "signature": ""}).status_code == 422, 90)


def test_a_counter_that_goes_back_is_refused_and_noted(person, patient):
    passkey = add(person)
    door = stranger(patient)
    door.post(SIGN_IN, passkey.show(ask(door, SIGN_IN)["challenge"], counter=7))
    for counter in (7, 3, 0):
        copy = stranger(patient)
        assert copy.error("POST", SIGN_IN, passkey.show(ask(copy, SIGN_IN)["challenge"], counter=counter)) == COUNTER
        assert not copy.is_signed_in()
        forgive(patient)
    eventually(lambda: patient.database("SELECT count(*) FROM history WHERE what = 'session.fail' AND error_code = 'passkey_counter' "
                                        "AND resource_name = ?", person.name) == [(3,)], 30)
    door.post(SIGN_IN, passkey.show(ask(door, SIGN_IN)["challenge"], counter=8))


def test_a_device_that_does_not_count_goes_on(person, patient):
    passkey = add(person)
    for _ in range(2):
        door = stranger(patient)
        door.post(SIGN_IN, passkey.show(ask(door, SIGN_IN)["challenge"], counter=0))


def test_wrong_tries_slow_down(person, patient):
    passkey = add(person)
    door = stranger(patient)
    for _ in range(3):
        assert door.error("POST", SIGN_IN, passkey.show(encode(bytes(32)))) == CHALLENGE
    assert door.error("POST", SIGN_IN, passkey.show(ask(door, SIGN_IN)["challenge"])) == (429, "rate_limit_exceeded")
    assert Person(patient, person.name).sign_in().is_signed_in(), "a password still does"
    eventually(lambda: door.request("POST", SIGN_IN, passkey.show(ask(door, SIGN_IN)["challenge"])).status_code == 201, 30)


def test_a_challenge_ends(person, patient):
    """More than one address may hold: its own oldest go, no other's."""
    passkey = add(person)
    door = stranger(patient)
    oldest = ask(door, SIGN_IN)["challenge"]
    second = ask(door, SIGN_IN)["challenge"]
    for _ in range(63):
        ask(door, SIGN_IN)
    assert door.error("POST", SIGN_IN, passkey.show(oldest)) == CHALLENGE
    door.post(SIGN_IN, passkey.show(second))


# --- instead of a password ---


def invitation(ippo):
    (customer,), = ippo.database("SELECT name FROM customer WHERE id = 1")
    return key_of(ippo.cli("invitation", "create", "--for", customer).stdout)


def reset(ippo, name):
    return key_of(ippo.cli("user", "reset-password", name).stdout)


def come(door, path, passkey, said, made=None, **wrong):
    """The answer to a link that is used with a new passkey."""
    made = made or passkey.make(door.post(f"{path}/challenge", said)["passkey_challenge"]["challenge"], **wrong)
    return door.request("POST", path, {**said, **made, "passkey_name": "phone"})


def code_of(answer):
    return answer.status_code, answer.json()["error"]["code"]


@pytest.fixture
def bare(patient):
    """Somebody who was invited, made a passkey, and has no password."""
    passkey, door = device(patient), stranger(patient)
    door.name = f"bare-{next(names)}"
    assert come(door, JOIN, passkey, {"key": invitation(patient), "name": door.name}).status_code == 201
    door.passkey = passkey
    passkey.number = door.get(ADD)["passkeys"][0]["id"]
    return door


def has_password(ippo, name):
    (kept,), = ippo.database("SELECT password_hash <> '' FROM user WHERE name = ?", name)
    return bool(kept)


def test_an_invitation_is_taken_with_a_passkey_alone(bare, patient):
    me = bare.get("/me")["me"]["user"]
    assert (me["name"], me["has_password"], has_password(patient, bare.name)) == (bare.name, False, False)
    assert [one["name"] for one in bare.get(ADD)["passkeys"]] == ["phone"]
    lines = patient.database("SELECT what, details FROM history WHERE actor_name = ? ORDER BY id", bare.name)
    assert [what for what, _ in lines] == ["invitation.redeem_by_passkey", "session.create_by_passkey"] and '"passkey":"phone"' in lines[0][1]
    door = stranger(patient)
    door.post(SIGN_IN, bare.passkey.show(ask(door, SIGN_IN)["challenge"]))
    assert door.get("/me")["me"]["user"]["name"] == bare.name
    door.post("/tokens", {"name": "proved by coming in"})


@pytest.mark.parametrize("password", ["", PASSWORD, "x" * 256])
def test_no_password_is_nobodys_password(bare, patient, password):
    door = Person(patient, bare.name)
    assert door.error("POST", "/sessions", {"name": bare.name, "password": password}) == UNAUTHORIZED
    assert bare.error("POST", "/sessions/current/proof", {"password": password}) in ((422, "wrong_password"), (429, "rate_limit_exceeded"))
    assert has_password(patient, bare.name) is False


def test_what_is_refused_leaves_the_invitation(patient):
    key, passkey, door = invitation(patient), device(patient), stranger(patient)
    said = {"key": key, "name": f"bare-{next(names)}"}
    assert code_of(come(door, JOIN, passkey, said, origin="https://localhost.evil.example")) == ORIGIN
    assert code_of(come(door, JOIN, passkey, said, flags=0x01)) == UNVERIFIED
    assert code_of(come(door, JOIN, passkey, said, kind="webauthn.get")) == DATA
    assert code_of(come(door, JOIN, passkey, said, made=passkey.make(encode(bytes(32))))) == CHALLENGE
    taken = invite(patient, f"holder-{next(names)}")
    assert door.error("POST", f"{JOIN}/challenge", {**said, "name": taken.name}) == (409, "uniqueness_error")
    assert door.error("POST", f"{JOIN}/challenge", {**said, "name": "No Name"}) == (422, "invalid_input")
    assert door.error("POST", f"{JOIN}/challenge", {**said, "key": "A" * 43}) == GONE
    # A challenge is for one link, and for this way of using it.
    other = {"key": invitation(patient), "name": said["name"]}
    made = passkey.make(door.post(f"{JOIN}/challenge", other)["passkey_challenge"]["challenge"])
    assert code_of(come(door, JOIN, passkey, said, made)) == CHALLENGE
    theirs = add(taken)
    assert code_of(come(door, JOIN, theirs, said)) == (409, "uniqueness_error")
    assert patient.database("SELECT count(*) FROM user WHERE name = ?", said["name"]) == [(0,)]
    door.session.headers["Origin"] = "https://evil.example"
    assert door.error("POST", f"{JOIN}/challenge", said) == (403, "forbidden")
    door.session.headers["Origin"] = patient.url
    assert come(door, JOIN, passkey, said).status_code == 201
    assert stranger(patient).error("POST", f"{JOIN}/challenge", {**said, "name": "again"}) == GONE


def test_one_invitation_makes_one_person(patient):
    key = invitation(patient)
    doors = [stranger(patient) for _ in range(8)]

    def enter(numbered):
        number, door = numbered
        return come(door, JOIN, device(patient), {"key": key, "name": f"racer-{number}"}).status_code
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        codes = sorted(pool.map(lambda numbered: _try(enter, numbered), enumerate(doors)))
    assert codes.count(201) == 1 and set(codes) <= {201, 404}, codes
    assert patient.database("SELECT count(*) FROM user WHERE name LIKE 'racer-%'") == [(1,)]


def _try(work, argument):
    """The challenge is refused as well once the link is used up."""
    try:
        return work(argument)
    except AssertionError as refused:
        assert "not_found" in str(refused)
        return 404


def test_the_last_way_in_stays(bare, patient):
    assert bare.error("DELETE", f"{ADD}/{bare.passkey.number}") == LAST
    refused = patient.cli("user", "remove-passkey", bare.name, str(bare.passkey.number), check=False)
    assert refused.returncode != 0 and "last_passkey" in refused.stderr
    second = add(bare)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda number: bare.request("DELETE", f"{ADD}/{number}"), (bare.passkey.number, second.number)))
    assert sorted(answer.status_code for answer in answers) == [204, 422]
    kept, = bare.get(ADD)["passkeys"]
    # Whoever had the device in hand must not keep it: with a link there is a way in.
    key = reset(patient, bare.name)
    patient.cli("user", "remove-passkey", bare.name, str(kept["id"]))
    assert come(stranger(patient), RESET, device(patient), {"key": key}).status_code == 200


def test_a_password_is_set_after_a_proof(bare, patient):
    change(patient, "UPDATE session SET proved_ms = 0 WHERE user_id = ?", bare.id)
    assert bare.error("PUT", "/me/password", {"password": PASSWORD}) == (403, "proof_required")
    assert bare.request("POST", PROVE, bare.passkey.show(ask(bare, PROVE)["challenge"])).status_code == 204
    assert bare.error("PUT", "/me/password", {"password": "short"}) == (422, "invalid_input")
    bare.put("/me/password", {"password": PASSWORD})
    assert bare.get("/me")["me"]["user"]["has_password"] is True
    Person(patient, bare.name).sign_in()
    assert bare.error("PUT", "/me/password", {"password": PASSWORD[::-1]}) == (422, "invalid_input"), "the present one is needed now"
    bare.delete(f"{ADD}/{bare.passkey.number}")


def test_a_reset_link_takes_a_passkey(person, patient):
    other = add(person, name="old phone")
    key, door, passkey = reset(patient, person.name), stranger(patient), device(patient)
    asked = door.post(f"{RESET}/challenge", {"key": key})["passkey_challenge"]
    assert asked["user"]["name"] == person.name and asked["credentials"] == [encode(other.credential)]
    assert code_of(come(door, RESET, passkey, {"key": key}, kind="webauthn.get")) == DATA
    assert has_password(patient, person.name), "nothing has changed so far"
    assert come(door, RESET, passkey, {"key": key}).status_code == 200
    assert door.get("/me")["me"]["user"]["has_password"] is False and not person.is_signed_in()
    assert Person(patient, person.name).error("POST", "/sessions", {"name": person.name, "password": PASSWORD}) == UNAUTHORIZED
    assert {one["name"] for one in door.get(ADD)["passkeys"]} == {"old phone", "phone"}
    assert door.error("POST", f"{RESET}/challenge", {"key": key}) == GONE
    entered = stranger(patient)
    entered.post(SIGN_IN, passkey.show(ask(entered, SIGN_IN)["challenge"]))
    assert patient.database("SELECT details FROM history WHERE what = 'user.set_passkey' AND actor_name = ?", person.name) == [('{"passkey":"phone"}',)]


def test_a_reset_link_does_not_pass_the_second_step(person, patient):
    secret = person.post("/me/two_step")["two_step"]["secret"]
    person.post("/me/two_step/confirm", {"code": totp(secret)})
    key, door, passkey = reset(patient, person.name), stranger(patient), device(patient)
    made = passkey.make(door.post(f"{RESET}/challenge", {"key": key})["passkey_challenge"]["challenge"])
    assert code_of(come(door, RESET, passkey, {"key": key}, made)) == (403, "code_required")
    assert code_of(come(door, RESET, passkey, {"key": key, "code": "000000"}, made)) == (422, "wrong_code")
    assert has_password(patient, person.name) and door.error("GET", "/me") == UNAUTHORIZED
    change(patient, "UPDATE second_step SET wrong = 0, used_step = 0")
    # What the device made is still good: it is asked once.
    assert come(door, RESET, passkey, {"key": key, "code": totp(secret)}, made).status_code == 200
    assert door.get("/me/two_step")["two_step"]["enabled"]


def test_a_reset_link_of_one_is_no_others(person, patient):
    other = invite(patient, f"holder-{next(names)}")
    mine, theirs = ({"key": reset(patient, each.name)} for each in (person, other))
    door, passkey = stranger(patient), device(patient)
    made = passkey.make(door.post(f"{RESET}/challenge", mine)["passkey_challenge"]["challenge"])
    assert code_of(come(door, RESET, passkey, theirs, made)) == CHALLENGE
    change(patient, "UPDATE user SET disabled = 1 WHERE name = ?", other.name)
    assert code_of(come(door, RESET, passkey, theirs)) == (403, "forbidden")
    assert has_password(patient, person.name) and has_password(patient, other.name)


# --- the history, and operators ---


def test_the_history_tells_of_it(person, patient):
    passkey = add(person, name="key ring")
    door = stranger(patient)
    door.post(SIGN_IN, passkey.show(ask(door, SIGN_IN)["challenge"]))
    lines = patient.database("SELECT what, details FROM history WHERE actor_name = ? ORDER BY id DESC LIMIT 2", person.name)
    assert lines == [("session.create_by_passkey", '{"passkey":"key ring"}'), ("user.add_passkey", '{"passkey":"key ring"}')]


def test_an_operator_sees_and_takes_away(person, patient):
    passkey = add(person, name="lost phone")
    assert "lost phone" in patient.cli("user", "passkeys", person.name).stdout
    patient.cli("user", "remove-passkey", person.name, str(passkey.number))
    assert person.get(ADD)["passkeys"] == []
    assert patient.cli("user", "remove-passkey", person.name, str(passkey.number), check=False).returncode != 0


def test_a_reset_link_and_a_new_password_leave_them(person):
    passkey = add(person)
    person.put("/me/password", {"current_password": PASSWORD, "password": PASSWORD[::-1]})
    door = stranger(person.ippo)
    door.post(SIGN_IN, passkey.show(ask(door, SIGN_IN)["challenge"]))


def test_an_address_without_a_name_has_none():
    instance = IppoInstance("fake", {"web": {"url": "https://127.0.0.1:8443"}})
    try:
        instance.start()
        door = stranger(instance)
        for path in (SIGN_IN, ADD):
            person = door if path == SIGN_IN else invite(instance, "holder")
            assert person.error("POST", f"{path}/challenge") == (412, "passkeys_unavailable")
        assert door.error("POST", f"{JOIN}/challenge", {"key": invitation(instance), "name": "bare"}) == (412, "passkeys_unavailable")
        assert door.error("POST", f"{RESET}/challenge", {"key": reset(instance, "holder")}) == (412, "passkeys_unavailable")
    finally:
        instance.close()

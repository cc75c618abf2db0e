"""Two-step verification with codes of an authenticator, recovery codes, and proving oneself again at a session."""
import base64
import concurrent.futures
import contextlib
import itertools
import re
import sqlite3
import time

import pytest

from ippo_testing import Api, IppoInstance, eventually
from people import PASSWORD, Person, invite, key_of, totp

FRESH = "staple battery horse 7"
WRONG = (401, "unauthorized")
CODE_REQUIRED = (403, "code_required")
WRONG_CODE = (422, "wrong_code")
PROOF_REQUIRED = (403, "proof_required")


@pytest.fixture(scope="module")
def operator(fake):
    return fake.api("operator", "--operator")


@pytest.fixture
def account(fake, operator, numbers=itertools.count(1)):
    """A customer of its own with an owner."""
    name = f"steps-{next(numbers)}"
    number = operator.post("/customers", {"name": name})["customer"]["id"]
    owner = invite(fake, f"owner-{name}", name)
    owner.customer = number
    return owner


def change(fake, statement, *values):
    """Time passes: what the database remembers of it is set back."""
    with contextlib.closing(sqlite3.connect(f"{fake.state}/core/ippo.db", timeout=10)) as database, database:
        assert database.execute(statement, values).rowcount > 0


def next_period(person):
    """The code that was used is a minute old, and so are wrong ones."""
    change(person.ippo, "UPDATE second_step SET used_step = used_step - 2, wrong = 0 WHERE user_id = ?", person.number)


def grow_stale(person, minutes=16):
    change(person.ippo, "UPDATE session SET proved_ms = proved_ms - ? WHERE user_id = (SELECT id FROM user WHERE name = ?)",
           minutes * 60000, person.name)


def enrol(person):
    person.number = person.id
    person.secret = person.post("/me/two_step")["two_step"]["secret"]
    person.recovery = person.post("/me/two_step/confirm", {"code": totp(person.secret)})["recovery_codes"]
    next_period(person)
    return person


def door(person):
    return Person(person.ippo, person.name)


def sign_in(person, **more):
    return door(person).error("POST", "/sessions", {"name": person.name, "password": PASSWORD, **more})


# --- enrolment ---


def test_begun_confirmed_and_off(account):
    assert account.get("/me/two_step")["two_step"] == {"enabled": False, "since": None, "recovery_codes_left": 0}
    assert account.error("POST", "/me/two_step/confirm", {"code": "123456"}) == (404, "not_found")
    abandoned = account.post("/me/two_step")["two_step"]["secret"]
    begun = account.post("/me/two_step")["two_step"]
    assert len(base64.b32decode(begun["secret"])) == 20 and begun["secret"] != abandoned
    assert begun["uri"] == (f"otpauth://totp/Ippo%20localhost:{account.name}?secret={begun['secret']}&issuer=Ippo%20localhost"
                            "&algorithm=SHA1&digits=6&period=30")
    # Begun only: nobody is asked for anything.
    assert door(account).sign_in().is_signed_in()
    for wrong in (totp(abandoned), "000000", "1", "", "x" * 500):
        assert account.error("POST", "/me/two_step/confirm", {"code": wrong}) == WRONG_CODE
    spaced = totp(begun["secret"])
    codes = account.post("/me/two_step/confirm", {"code": f" {spaced[:3]} {spaced[3:]} "})["recovery_codes"]
    assert len(set(codes)) == 10 and all(re.fullmatch("[a-z2-9]{4}(-[a-z2-9]{4}){3}", code) for code in codes)
    state = account.get("/me/two_step")["two_step"]
    assert state["enabled"] and state["since"] and state["recovery_codes_left"] == 10
    assert account.error("POST", "/me/two_step") == (409, "uniqueness_error")
    assert account.error("POST", "/me/two_step/confirm", {"code": spaced}) == (409, "uniqueness_error")
    assert sign_in(account) == CODE_REQUIRED
    account.delete("/me/two_step")
    assert account.error("DELETE", "/me/two_step") == (404, "not_found")
    assert account.error("POST", "/me/two_step/recovery_codes") == (404, "not_found")
    assert door(account).sign_in().is_signed_in()


def test_only_hashes_of_recovery_codes_are_kept(account, fake):
    enrol(account)
    kept = fake.database("SELECT hash FROM recovery_code WHERE user_id = ?", account.id)
    assert len(kept) == 10
    bytes_of_the_file = b"".join(path.read_bytes() for path in (fake.state / "core").glob("ippo.db*"))
    for code in account.recovery:
        assert code.encode() not in bytes_of_the_file and code.replace("-", "").encode() not in bytes_of_the_file
    for secret in (account.secret, *account.recovery):
        assert secret not in fake.log.read_text()


# --- signing in ---


def test_the_code_is_asked_for_only_after_the_right_password(account):
    enrol(account)
    assert sign_in(account) == CODE_REQUIRED
    assert sign_in(account, code="") == CODE_REQUIRED
    texts = []
    for name, password in ((account.name, "not the right one"), ("nobody-at-all", PASSWORD)):
        for more in ({}, {"code": totp(account.secret)}):
            answer = Person(account.ippo, name).request("POST", "/sessions", {"name": name, "password": password, **more})
            texts.append((answer.status_code, answer.text))
    assert len(set(texts)) == 1 and texts[0][0] == 401
    # Nothing was used up by a wrong password.
    assert door(account).sign_in(code=totp(account.secret)).is_signed_in()


def test_a_code_works_once(account):
    enrol(account)
    code = totp(account.secret)
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: door(account).request("POST", "/sessions",
                                                                {"name": account.name, "password": PASSWORD, "code": code}), range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 422, 422]
    change(account.ippo, "UPDATE second_step SET wrong = 0 WHERE user_id = ?", account.number)
    assert sign_in(account, code=totp(account.secret, -1)) == WRONG_CODE, "older than one that was used"


def test_a_code_of_a_confirmation_is_used_up(account):
    account.number = account.id
    secret = account.post("/me/two_step")["two_step"]["secret"]
    code = totp(secret)
    account.post("/me/two_step/confirm", {"code": code})
    assert sign_in(account, code=code) == WRONG_CODE


@pytest.mark.parametrize("steps,taken", [(-3, False), (-1, True), (1, True), (3, False)])
def test_clocks_may_differ_a_little(account, steps, taken):
    enrol(account)
    if time.time() % 30 > 27:
        time.sleep(3)
    code = totp(account.secret, steps)
    assert taken == door(account).request("POST", "/sessions", {"name": account.name, "password": PASSWORD, "code": code}).ok


def test_a_recovery_code_works_once(account):
    enrol(account)
    first, second = account.recovery[:2]
    assert door(account).sign_in(code=first).is_signed_in()
    assert sign_in(account, code=first) == WRONG_CODE
    assert door(account).sign_in(code=f" {second.upper().replace('-', ' ')}").is_signed_in()
    assert account.get("/me/two_step")["two_step"]["recovery_codes_left"] == 8
    fresh = account.post("/me/two_step/recovery_codes")["recovery_codes"]
    assert not set(fresh) & set(account.recovery)
    assert sign_in(account, code=account.recovery[2]) == WRONG_CODE
    assert door(account).sign_in(code=fresh[0]).is_signed_in()


def test_anothers_codes_are_wrong(account, fake):
    enrol(account)
    other = enrol(invite(fake, f"other-{account.customer}"))
    assert sign_in(account, code=other.recovery[0]) == WRONG_CODE
    assert sign_in(account, code=totp(other.secret)) == WRONG_CODE
    assert other.get("/me/two_step")["two_step"]["recovery_codes_left"] == 10


def test_wrong_codes_slow_down_as_wrong_passwords_do(account, operator):
    """The right password between them makes up for nothing."""
    enrol(account)
    answers = []
    for guess in range(8):
        answers.append(sign_in(account, code=f"{guess:06}"))
        sign_in(account)
    assert answers[0] == WRONG_CODE and answers[-1] == (429, "rate_limit_exceeded")
    assert sign_in(account, code=totp(account.secret)) == (429, "rate_limit_exceeded")


def test_wrong_codes_are_counted_from_wherever_they_come(account, fake):
    """In the database: a restart, and addresses of which there are many, start no new count."""
    enrol(account)
    change(fake, "UPDATE second_step SET wrong = 50, wrong_ms = ? WHERE user_id = ?", int(time.time() * 1000), account.number)
    assert sign_in(account, code=totp(account.secret)) == (429, "rate_limit_exceeded")
    assert account.error("POST", "/sessions/current/proof", {"password": PASSWORD, "code": totp(account.secret)}) == (429, "rate_limit_exceeded")
    change(fake, "UPDATE second_step SET wrong_ms = wrong_ms - 30000 WHERE user_id = ?", account.number)
    assert door(account).sign_in(code=totp(account.secret)).is_signed_in()
    assert fake.database("SELECT wrong FROM second_step WHERE user_id = ?", account.number) == [(0,)]


# --- a link for a new password, and who lost everything ---


def test_a_link_for_a_password_leaves_the_second_step(account, operator):
    enrol(account)
    key = key_of(operator.post(f"/users/{account.number}/password_reset")["link"])
    new = {"key": key, "password": FRESH}
    assert door(account).error("POST", "/password_resets/redeem", new) == CODE_REQUIRED
    assert door(account).error("POST", "/password_resets/redeem", {**new, "code": "000000"}) == WRONG_CODE
    assert account.is_signed_in(), "nothing has changed"
    newcomer = door(account)
    newcomer.post("/password_resets/redeem", {**new, "code": totp(account.secret)})
    assert newcomer.get("/me/two_step")["two_step"]["enabled"] and not account.is_signed_in()
    assert door(account).error("POST", "/sessions", {"name": account.name, "password": FRESH}) == CODE_REQUIRED


def test_an_operator_takes_it_away(account, operator, fake):
    enrol(account)
    assert account.error("DELETE", f"/users/{account.number}/two_step") == (403, "forbidden")
    assert operator.get(f"/users/{account.number}")["user"]["two_step"]
    operator.delete(f"/users/{account.number}/two_step")
    assert door(account).sign_in().is_signed_in()
    line = operator.get("/history?what=user.remove_two_step&per_page=1")["history"][0]
    assert line["resource"]["name"] == account.name and line["actor"]["name"] == "operator"
    assert operator.error("DELETE", f"/users/{account.number}/two_step") == (404, "not_found")
    assert operator.error("DELETE", "/users/999999/two_step") == (404, "not_found")
    enrol(account)
    assert re.search(rf"{account.name}\s+no\s+no\s+yes", fake.cli("user", "list").stdout)
    fake.cli("user", "two-step-off", account.name)
    assert door(account).sign_in().is_signed_in()
    assert fake.cli("user", "two-step-off", account.name, check=False).returncode != 0


# --- proving oneself again ---


def test_proofs(account):
    grow_stale(account)
    assert account.error("POST", "/tokens", {"name": "late"}) == PROOF_REQUIRED
    assert account.error("POST", "/sessions/current/proof", {"password": "not the right one"}) == (422, "wrong_password")
    assert account.error("POST", "/sessions/current/proof", {"password": "x" * 300}) == (422, "wrong_password")
    assert account.error("POST", "/sessions/current/proof", {}) == (422, "invalid_input")
    assert account.error("POST", "/tokens", {"name": "late"}) == PROOF_REQUIRED
    account.post("/sessions/current/proof", {"password": PASSWORD})
    assert account.post("/tokens", {"name": "late"})["secret"]


def test_a_proof_lasts_a_quarter_of_an_hour(account):
    grow_stale(account, 14)
    account.post("/tokens", {"name": "in time"})
    grow_stale(account, 1)
    assert account.error("POST", "/tokens", {"name": "late"}) == PROOF_REQUIRED


def test_a_proof_is_no_way_to_guess_the_password(account):
    codes = [account.error("POST", "/sessions/current/proof", {"password": f"guess number {n}"}) for n in range(6)]
    assert codes[0] == (422, "wrong_password") and codes[-1] == (429, "rate_limit_exceeded")


def test_a_proof_takes_a_code_where_signing_in_does(account):
    enrol(account)
    grow_stale(account)
    assert account.error("POST", "/sessions/current/proof", {"password": PASSWORD}) == CODE_REQUIRED
    assert account.error("POST", "/sessions/current/proof", {"password": PASSWORD, "code": "000000"}) == WRONG_CODE
    assert account.error("POST", "/tokens", {"name": "late"}) == PROOF_REQUIRED
    code = totp(account.secret)
    account.post("/sessions/current/proof", {"password": PASSWORD, "code": code})
    account.post("/tokens", {"name": "late"})
    assert account.error("POST", "/sessions/current/proof", {"password": PASSWORD, "code": code}) == WRONG_CODE, "the same code"


def test_a_proof_is_of_one_session(account):
    elsewhere = door(account).sign_in()
    grow_stale(account)
    account.post("/sessions/current/proof", {"password": PASSWORD})
    assert elsewhere.error("POST", "/tokens", {"name": "late"}) == PROOF_REQUIRED
    assert {session["current"]: session["proved"] for session in account.get("/sessions")["sessions"]}[True]
    # Switching it on asks the others anew: they have shown a password alone.
    elsewhere.post("/sessions/current/proof", {"password": PASSWORD})
    enrol(account)
    assert elsewhere.error("POST", "/tokens", {"name": "late"}) == PROOF_REQUIRED
    assert account.post("/tokens", {"name": "in time"})


def test_a_new_password_is_no_way_around_the_code(account):
    enrol(account)
    grow_stale(account)
    body = {"current_password": PASSWORD, "password": FRESH}
    assert account.error("PUT", "/me/password", body) == PROOF_REQUIRED
    account.post("/sessions/current/proof", {"password": PASSWORD, "code": totp(account.secret)})
    grow_stale(account, 10)
    account.put("/me/password", body)
    grow_stale(account, 6)
    assert account.error("POST", "/tokens", {"name": "late"}) == PROOF_REQUIRED, "the new session is as old as its proof"


def test_a_new_password_alone_asks_for_the_present_one_only(account):
    grow_stale(account)
    account.put("/me/password", {"current_password": PASSWORD, "password": FRESH})
    account.post("/tokens", {"name": "proved by it"})


# What needs a proof, and a body that would do it: {server}, {member} and {user} are the account's own.
SENSITIVE = [
    ("DELETE", "/servers/{server}", None),
    ("POST", "/servers/{server}/actions/rebuild", {"image": "tiny"}),
    ("POST", "/servers/{server}/actions/restore_kept_disk", None),
    ("POST", "/servers/{server}/actions/delete_kept_disk", None),
    ("POST", "/servers/{server}/actions/disable_backup", None),
    ("DELETE", "/images/1", None),
    ("POST", "/tokens", {"name": "too late"}),
    ("POST", "/invitations", {"role": "reader"}),
    ("PUT", "/members/{member}", {"role": "operator"}),
    ("DELETE", "/members/{member}", None),
    ("POST", "/me/two_step", None),
    ("POST", "/me/two_step/confirm", {"code": "123456"}),
    ("POST", "/me/two_step/recovery_codes", None),
    ("DELETE", "/me/two_step", None),
]
OF_THE_SERVICE = [
    ("POST", "/users/{member}/password_reset", None),
    ("DELETE", "/users/{member}/two_step", None),
]
TABLES = ("server", "action", "token", "invitation", "membership", "second_step", "recovery_code", "password_reset", "history")


def everything(fake):
    return {table: fake.database(f"SELECT * FROM {table}") for table in TABLES}


@pytest.fixture(scope="module")
def stale(fake):
    """An owner and an operator of the service whose proofs are old, with all that the routes above are about."""
    api = fake.api("operator", "--operator")
    api.post("/customers", {"name": "stale"})
    owner = enrol(invite(fake, "stale-owner", "stale"))
    member = enrol(Person(fake, "stale-member").join(owner.post("/invitations", {"role": "reader"})["link"]))
    server = owner.create_server("stale-server")
    script = Api(fake.url, fake.ca, owner.post("/tokens", {"name": "script"})["secret"])
    chief = invite(fake, "stale-chief", operator=True)
    grow_stale(owner)
    grow_stale(chief)
    return owner, chief, script, {"server": server["id"], "member": member.id}


@pytest.mark.parametrize("method,path,body", SENSITIVE + OF_THE_SERVICE, ids=lambda value: value if isinstance(value, str) else "")
def test_an_old_proof_changes_nothing(fake, stale, method, path, body):
    owner, chief, _, names = stale
    asker = chief if (method, path, body) in OF_THE_SERVICE else owner
    before = everything(fake)
    assert asker.error(method, path.format(**names), body) == PROOF_REQUIRED
    assert everything(fake) == before


def test_what_needs_no_proof(stale):
    """Looking, starting and stopping, and what takes rights away."""
    owner, _, _, names = stale
    owner.get("/servers")
    owner.act({"id": names["server"]}, "poweron")
    owner.act({"id": names["server"]}, "poweroff")
    owner.put(f"/servers/{names['server']}", {"labels": {"a": "b"}})
    owner.delete("/sessions")


def test_tokens_and_the_machine_are_asked_nothing(fake, stale):
    _, _, script, names = stale
    script.act({"id": names["server"]}, "rebuild", {"image": "tiny"})
    script.delete_server({"id": names["server"]})
    fake.cli("invitation", "create", "--operator")


def test_operators_may_say_how_long(tmp_path):
    """0: a session is never asked again."""
    instance = IppoInstance("fake", {"core": {"proof_minutes": 0}})
    try:
        instance.start()
        person = invite(instance, "patient")
        grow_stale(person, 100000)
        assert person.post("/tokens", {"name": "late"})["secret"]
    finally:
        instance.close()


# --- crashes ---


def test_a_crash_forgets_nothing(account, fake):
    """What was used stays used, and what was begun is begun."""
    enrol(account)
    code = totp(account.secret)
    door(account).sign_in(code=code)
    door(account).sign_in(code=account.recovery[0])
    fake.kill("core")
    eventually(lambda: fake.anonymous().request("GET", "/health").ok, 20)
    assert sign_in(account, code=code) == WRONG_CODE
    assert sign_in(account, code=account.recovery[0]) == WRONG_CODE
    assert door(account).sign_in(code=account.recovery[1]).is_signed_in()

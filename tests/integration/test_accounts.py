"""People and what they may do: passwords, sessions, members, invitations, links for a new password, tokens."""
import concurrent.futures
import contextlib
import itertools
import time

import pytest

from ippo_testing import Api, Failed, eventually
from people import PASSWORD, Person, invite, key_of

FRESH = "staple battery horse 7"
SIGNED_OUT = (401, "unauthorized")


@pytest.fixture(scope="module")
def operator(fake):
    return fake.api("operator", "--operator")


@pytest.fixture
def account(fake, operator, numbers=itertools.count(1)):
    """A customer of its own with an owner."""
    name = f"account-{next(numbers)}"
    number = operator.post("/customers", {"name": name})["customer"]["id"]
    owner = invite(fake, f"owner-{number}", name)
    owner.customer, owner.customer_name = number, name
    return owner


def another(account, name, role):
    """One more person of the account, whom its owner invited."""
    link = account.post("/invitations", {"role": role})["link"]
    return Person(account.ippo, f"{name}-{account.customer}").join(link)


@contextlib.contextmanager
def stream(person):
    """The person's event stream; .ended() tells whether the service has closed it."""
    answer = person.session.get(f"{person.url}/v1/events", stream=True, timeout=30)
    with contextlib.closing(answer), concurrent.futures.ThreadPoolExecutor(1) as pool:
        lines = answer.iter_lines()
        assert next(lines).startswith(b"id:")
        rest = pool.submit(lambda: list(lines))
        answer.ended = rest.done
        yield answer
        # Whoever is still there is let go by the end of their session.


def last(operator, account, what):
    """The newest line of that kind in the account's history."""
    return operator.get(f"/history?customer={account.customer}&what={what}&per_page=1")["history"][0]


# --- one's own password ---


def test_a_new_password_ends_every_session(account, operator):
    elsewhere = Person(account.ippo, account.name).sign_in()
    old = account.cookie
    with stream(elsewhere) as there, stream(account) as here:
        account.put("/me/password", {"current_password": PASSWORD, "password": FRESH})
        eventually(lambda: there.ended() and here.ended(), 5)
    assert not elsewhere.is_signed_in()
    assert account.is_signed_in() and account.cookie != old
    assert [session["current"] for session in account.get("/sessions")["sessions"]] == [True]
    thief = Person(account.ippo, account.name)
    thief.session.cookies.set("__Host-ippo", old, domain="localhost.local", path="/", secure=True)
    assert thief.error("GET", "/me") == SIGNED_OUT
    assert Person(account.ippo, account.name).error("POST", "/sessions", {"name": account.name, "password": PASSWORD}) == SIGNED_OUT
    assert Person(account.ippo, account.name).sign_in(FRESH).is_signed_in()
    line = last(operator, account, "user.change_password")
    assert (line["actor"]["name"], line["result"]) == (account.name, "success")


@pytest.mark.parametrize("body,refusal", [
    ({"current_password": "not the right one", "password": FRESH}, (422, "wrong_password")),
    ({"current_password": "x" * 300, "password": FRESH}, (422, "wrong_password")),
    ({"current_password": PASSWORD, "password": "short"}, (422, "invalid_input")),
    ({"current_password": PASSWORD, "password": "富士山に登りたい朝です"}, (422, "invalid_input")),
    ({"current_password": PASSWORD, "password": "password1234"}, (422, "invalid_input")),
    ({"current_password": PASSWORD, "password": "International.2026!"}, (422, "invalid_input")),  # a word, dressed up
    ({"current_password": PASSWORD}, (422, "invalid_input")),
    ({"password": FRESH}, (422, "invalid_input")),
], ids=["wrong", "long", "short", "short in characters", "common", "dressed up", "none", "no current"])
def test_a_password_that_is_refused_changes_nothing(account, body, refusal):
    assert account.error("PUT", "/me/password", body) == refusal
    assert account.is_signed_in() and Person(account.ippo, account.name).sign_in().is_signed_in()


def test_a_session_is_no_way_to_guess_the_password(account):
    """Somebody at an open browser is slowed as somebody at the door is."""
    codes = [account.error("PUT", "/me/password", {"current_password": f"guess number {n}", "password": FRESH}) for n in range(12)]
    assert codes[0] == (422, "wrong_password") and codes[-1] == (429, "rate_limit_exceeded")


def test_no_token_is_a_person(account):
    secret = account.post("/tokens", {"name": "script"})["secret"]
    script = Api(account.url, account.session.verify, secret)
    for method, path, body in (("PUT", "/me/password", {"current_password": PASSWORD, "password": FRESH}), ("GET", "/sessions", None),
                               ("DELETE", "/sessions", None), ("DELETE", "/sessions/1", None), ("PUT", "/sessions/current", {"customer": 1}),
                               ("DELETE", "/sessions/current", None), ("DELETE", "/members/current", None)):
        assert script.error(method, path, body) == (403, "forbidden"), path
    assert script.get("/me")["me"]["customers"] == []


# --- sessions ---


def test_where_one_is_signed_in(account):
    phone = Person(account.ippo, account.name, agent="Phone \x80 of mine <b>").sign_in()
    time.sleep(0.01)
    sessions = {session["client"]: session for session in account.get("/sessions")["sessions"]}
    assert set(sessions) == {"Test/1.0", "Phone ? of mine <b>"} or set(sessions) == {"Test/1.0", "Phone ?? of mine <b>"}
    theirs = next(session for client, session in sessions.items() if client.startswith("Phone"))
    assert theirs["address"] in ("127.0.0.1", "::1") and not theirs["current"] and sessions["Test/1.0"]["current"]
    assert theirs["customer"]["name"] == account.customer_name
    account.delete(f"/sessions/{theirs['id']}")
    assert phone.error("GET", "/me") == SIGNED_OUT and account.is_signed_in()
    tablet = Person(account.ippo, account.name).sign_in()
    account.delete("/sessions")
    assert not tablet.is_signed_in() and account.is_signed_in()


def test_anothers_session_is_unknown(account, fake):
    other = invite(fake, "somebody-else")
    number, = [session["id"] for session in other.get("/sessions")["sessions"]]
    answers = [account.request("DELETE", f"/sessions/{n}") for n in (number, 999999)]
    assert answers[0].text.replace(str(number), "N") == answers[1].text.replace("999999", "N") and answers[0].status_code == 404
    assert other.is_signed_in()


# --- a link for a new password ---


def test_a_link_sets_a_new_password_once(account, operator):
    link = operator.post(f"/users/{account.id}/password_reset")["link"]
    assert f"{account.url}/#/new-password/" in link
    door = Person(account.ippo, account.name)
    assert door.post("/password_resets/check", {"key": key_of(link)})["password_reset"]["user"]["name"] == account.name
    assert door.error("POST", "/password_resets/redeem", {"key": key_of(link), "password": "short"}) == (422, "invalid_input")
    racers = [Person(account.ippo, account.name) for _ in range(8)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda racer: racer.request("POST", "/password_resets/redeem", {"key": key_of(link), "password": FRESH}), racers))
    assert sorted(answer.status_code for answer in answers) == [200] + [404] * 7
    assert sum(racer.is_signed_in() for racer in racers) == 1 and not account.is_signed_in()
    assert Person(account.ippo, account.name).sign_in(FRESH).is_signed_in()
    assert last(operator, account, "user.set_password")["actor"]["name"] == account.name


def test_only_the_newest_link_works(account, operator, fake):
    first, second = (fake.cli("user", "reset-password", account.name).stdout for _ in range(2))
    assert account.error("POST", "/password_resets/check", {"key": key_of(first)}) == (404, "not_found")
    assert Person(account.ippo, account.name).post("/password_resets/redeem", {"key": key_of(second), "password": FRESH})
    third = operator.post(f"/users/{Person(account.ippo, account.name).sign_in(FRESH).id}/password_reset")["link"]
    Person(account.ippo, account.name).sign_in(FRESH).put("/me/password", {"current_password": FRESH, "password": PASSWORD})
    assert account.error("POST", "/password_resets/check", {"key": key_of(third)}) == (404, "not_found"), "changed by its owner meanwhile"


def test_links_are_for_operators_to_give(account):
    assert account.error("POST", f"/users/{account.id}/password_reset") == (403, "forbidden")
    assert account.error("GET", "/users") == (403, "forbidden")


# --- who may sign in at all ---


def test_disabled_is_out_everywhere(account, operator, fake):
    script = Api(account.url, account.session.verify, account.post("/tokens", {"name": "script"})["secret"])
    link = operator.post(f"/users/{account.id}/password_reset")["link"]
    number = account.id
    with stream(account) as events:
        fake.cli("user", "disable", account.name)
        eventually(events.ended, 5)
    assert not account.is_signed_in() and script.error("GET", "/servers") == SIGNED_OUT
    assert Person(account.ippo, account.name).error("POST", "/sessions", {"name": account.name, "password": PASSWORD}) == SIGNED_OUT
    assert account.error("POST", "/password_resets/redeem", {"key": key_of(link), "password": FRESH}) == (403, "forbidden")
    assert operator.get(f"/users?name={account.name}")["users"][0]["disabled"]
    operator.put(f"/users/{number}", {"disabled": False})
    assert Person(account.ippo, account.name).sign_in().is_signed_in() and script.get("/servers")


# --- members ---


def test_roles_and_what_they_allow(account, operator):
    helper = another(account, "helper", "reader")
    assert {(member["name"], member["role"]) for member in helper.get("/members")["members"]} == {
        (account.name, "owner"), (helper.name, "reader")}
    server = account.create_server("of-the-account")
    assert helper.get("/servers")["servers"][0]["name"] == "of-the-account"
    assert helper.error("POST", f"/servers/{server['id']}/actions/poweron") == (403, "forbidden")
    assert helper.error("PUT", f"/members/{helper.id}", {"role": "owner"}) == (403, "forbidden")
    assert helper.error("POST", "/invitations", {"role": "owner"}) == (403, "forbidden")
    account.put(f"/members/{helper.id}", {"role": "operator"})
    helper.act(server, "poweron")
    assert helper.error("POST", "/tokens", {"name": "mine"}) == (403, "forbidden")
    assert account.error("PUT", f"/members/{helper.id}", {"role": "king"}) == (422, "invalid_input")
    line = last(operator, account, "member.update")
    assert line["resource"]["name"] == helper.name and line["details"] == {"before": "reader", "role": "operator"}
    account.delete_server(server)


def test_who_is_removed_has_nothing_left(account):
    helper = another(account, "helper", "owner")
    script = Api(account.url, account.session.verify, helper.post("/tokens", {"name": "script"})["secret"])
    assert script.get("/servers") is not None
    with stream(helper) as events:
        account.delete(f"/members/{helper.id}")
        eventually(events.ended, 5)
    assert helper.error("GET", "/servers") == SIGNED_OUT and script.error("GET", "/servers") == SIGNED_OUT
    assert account.get("/tokens")["tokens"] == []
    assert Person(account.ippo, helper.name).error("POST", "/sessions", {"name": helper.name, "password": PASSWORD}) == (403, "forbidden")


def test_an_account_keeps_an_owner(account):
    helper = another(account, "helper", "operator")
    assert account.error("PUT", f"/members/{account.id}", {"role": "reader"}) == (422, "last_owner")
    assert account.error("DELETE", f"/members/{account.id}") == (422, "last_owner")
    assert account.error("DELETE", "/members/current") == (422, "last_owner")
    account.put(f"/members/{helper.id}", {"role": "owner"})
    account.delete("/members/current")
    assert not account.is_signed_in()
    assert [member["name"] for member in helper.get("/members")["members"]] == [helper.name]


def test_two_owners_do_not_remove_each_other(account):
    """At the same moment: one goes, one stays."""
    for _ in range(5):
        helper = another(account, f"helper{time.time_ns()}"[:24], "owner")
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            pool.map(lambda one: one.request("DELETE", "/members/current"), (account, helper))
        left = [person for person in (account, helper) if person.is_signed_in()]
        assert len(left) == 1
        left[0].customer = account.customer
        account = left[0]


def test_foreign_members_are_unknown(account, fake):
    stranger = invite(fake, f"stranger-{account.customer}")
    for method, body in (("GET", None), ("PUT", {"role": "reader"}), ("DELETE", None)):
        answers = [account.request(method, f"/members/{n}", body) for n in (stranger.id, 999999)]
        assert answers[0].status_code == 404
        assert answers[0].text.replace(str(stranger.id), "N") == answers[1].text.replace("999999", "N")


def test_tokens_never_do_more_than_their_maker(account):
    helper = another(account, "helper", "owner")
    script = Api(account.url, account.session.verify, helper.post("/tokens", {"name": "script"})["secret"])
    server = script.create_server("made-by-a-script")
    account.put(f"/members/{helper.id}", {"role": "reader"})
    assert script.error("POST", f"/servers/{server['id']}/actions/poweron") == (403, "forbidden")
    assert script.get("/servers")["servers"]
    account.delete_server(server)


def test_tokens_expire(account):
    assert account.error("POST", "/tokens", {"name": "past", "expires": "2020-01-01T00:00:00Z"}) == (422, "invalid_input")
    assert account.error("POST", "/tokens", {"name": "odd", "expires": "tomorrow"}) == (422, "invalid_input")
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3))
    made = account.post("/tokens", {"name": "short", "expires": soon})
    script = Api(account.url, account.session.verify, made["secret"])
    assert made["token"]["expires"].startswith(soon[:19]) and script.get("/servers") is not None
    eventually(lambda: not script.request("GET", "/servers").ok, 10, 0.2)
    assert script.error("GET", "/servers") == SIGNED_OUT


# --- invitations ---


def test_invitations_of_owners(account, fake):
    assert account.error("POST", "/invitations", {"role": "reader", "operator": True}) == (403, "forbidden")
    assert account.error("POST", "/invitations", {"role": "reader", "customer": 1}) == (422, "invalid_input")
    assert account.error("POST", "/invitations", {}) == (422, "invalid_input"), "the right must be said"
    made = account.post("/invitations", {"role": "operator", "name": "yuki"})
    assert made["invitation"]["role"] == "operator" and made["invitation"]["name"] == "yuki"
    # The account's first owner came by one of the operator's.
    assert made["invitation"]["id"] in [one["id"] for one in account.get("/invitations")["invitations"]]
    other = invite(fake, f"not-{account.customer}", None)
    assert made["invitation"]["id"] not in [one["id"] for one in other.get("/invitations")["invitations"]] or other.get("/me")["me"]["operator"]
    account.delete(f"/invitations/{made['invitation']['id']}")
    assert account.error("POST", "/invitations/check", {"key": key_of(made["link"])}) == (404, "not_found")
    assert account.error("DELETE", f"/invitations/{made['invitation']['id']}") == (404, "not_found")


def test_somebody_signed_in_accepts_and_switches(account, operator, fake):
    guest = invite(fake, f"guest-{account.customer}")
    home = guest.get("/me")["me"]["customer"]["id"]
    link = account.post("/invitations", {"role": "reader"})["link"]
    guest.post("/invitations/accept", {"key": key_of(link)})
    now = guest.get("/me")["me"]
    assert now["customer"]["id"] == account.customer and now["role"] == "reader"
    assert {(customer["id"], customer["role"]) for customer in now["customers"]} == {(home, "owner"), (account.customer, "reader")}
    assert guest.error("POST", "/invitations/accept", {"key": key_of(link)}) == (404, "not_found")
    again = account.post("/invitations", {"role": "owner"})["link"]
    assert guest.error("POST", "/invitations/accept", {"key": key_of(again)}) == (409, "uniqueness_error"), "no way to a higher role"
    guest.put("/sessions/current", {"customer": home})
    assert guest.get("/me")["me"]["customer"]["id"] == home
    assert guest.error("PUT", "/sessions/current", {"customer": 999999}) == (422, "invalid_input")
    service = fake.cli("invitation", "create", "--operator").stdout
    assert guest.error("POST", "/invitations/accept", {"key": key_of(service)}) == (403, "forbidden")


# --- a suspended account ---


def test_suspended_servers_are_shut_down_and_stay_off(account, operator):
    server = account.create_server("to-be-suspended", start=True)
    operator.put(f"/customers/{account.customer}", {"suspended": True})
    account.wait_status(server, "off", 15)
    asked = [action["command"] for action in account.get(f"/servers/{server['id']}/actions")["actions"]]
    assert asked.count("shutdown_server") == 1 and "stop_server" not in asked
    assert account.error("POST", f"/servers/{server['id']}/actions/poweron") == (403, "account_suspended")
    assert account.error("DELETE", f"/servers/{server['id']}") == (403, "account_suspended")
    assert account.error("POST", "/servers", {"name": "another", "server_type": "1g", "image": "tiny"}) == (403, "account_suspended")
    assert account.get("/me")["me"]["customer"]["suspended"] and account.get(f"/servers/{server['id']}")
    line = operator.get(f"/history?customer={account.customer}&what=server.shutdown")["history"][-1]
    assert line["actor"]["kind"] == "system" and line["details"] == {"reason": "the account is suspended"}
    operator.put(f"/customers/{account.customer}", {"suspended": False})
    account.wait_status(server, "running", 15)
    line = operator.get(f"/history?customer={account.customer}&what=server.poweron&result=accepted")["history"][0]
    assert line["actor"]["kind"] == "system" and line["details"] == {"reason": "the account is suspended no more"}
    account.delete_server(server)


def test_a_guest_that_does_not_listen_is_switched_off(account, operator, fake):
    """The host refuses each shutdown for as long as it lasts; then the power is taken away."""
    server = account.create_server("deaf", start=True)
    (fake.state / "host/faults").write_text("domain_shutdown hypervisor_error 1000\n")
    try:
        operator.put(f"/customers/{account.customer}", {"suspended": True})
        account.wait_status(server, "off", 60)
    finally:
        (fake.state / "host/faults").write_text("")
    asked = [action["command"] for action in account.get(f"/servers/{server['id']}/actions")["actions"]]
    assert asked.count("stop_server") == 1
    operator.put(f"/customers/{account.customer}", {"suspended": False})
    account.wait_status(server, "running", 15)
    account.delete_server(server)


# --- the command ---


def test_cli(account, fake):
    customer = account.customer_name
    helper = another(account, "helper", "reader")
    assert helper.name in fake.cli("member", "list", "--customer", customer).stdout
    fake.cli("member", "set-role", helper.name, "operator", "--customer", customer)
    assert helper.get("/me")["me"]["role"] == "operator"
    fake.cli("member", "remove", helper.name, "--yes", "--customer", customer)
    assert not helper.is_signed_in()
    assert fake.cli("member", "remove", helper.name, "--yes", "--customer", customer, check=False).returncode == 3
    assert "last_owner" in fake.cli("member", "remove", account.name, "--yes", "--customer", customer, check=False).stderr
    link = fake.cli("invitation", "create", "--for", customer, "--role", "reader").stdout
    number = max(one["id"] for one in fake.cli_json("invitation", "list", "--customer", customer))
    fake.cli("invitation", "delete", str(number), "--yes")
    with pytest.raises(Failed, match="not_found"):
        Person(fake, "late").join(link)
    assert account.name in fake.cli("user", "list").stdout

"""What operators do for and with customers: limits, suspension, handing a server over, ending a person, acting on behalf."""
import concurrent.futures
import itertools

import pytest

from console_client import CUT, DELETED, Viewer, ask
from ippo_testing import Api, Key, eventually
from people import PASSWORD, Person, invite

SIGNED_OUT = (401, "unauthorized")
FULL = (403, "resource_limit_exceeded")
SUSPENDED = (403, "account_suspended")


@pytest.fixture(scope="module")
def operator(fake):
    return fake.api("operator", "--operator")


def customer_of(fake, operator, name):
    """A new customer's owner."""
    number = operator.post("/customers", {"name": name})["customer"]["id"]
    owner = invite(fake, f"owner-of-{name}", name)
    owner.customer, owner.customer_name = number, name
    return owner


@pytest.fixture
def account(fake, operator, numbers=itertools.count(1)):
    return customer_of(fake, operator, f"kokyaku-{next(numbers)}")


@pytest.fixture
def taker(fake, operator, numbers=itertools.count(1)):
    """Another one."""
    return customer_of(fake, operator, f"taker-{next(numbers)}")


def limit(operator, account, **quotas):
    return operator.put(f"/customers/{account.customer}", {"quotas": quotas})["customer"]


def used(account):
    return {name: quota["used"] for name, quota in account.get("/account")["account"]["quotas"].items()}


def lines(asker, what, customer=None):
    query = f"&customer={customer}" if customer else ""
    return asker.get(f"/history?what={what}{query}&per_page=10")["history"]


def booted(person, fake, name):
    """A server that has ended its first boot, so that it can change hands."""
    server = person.create_server(name, start=True)
    eventually(lambda: fake.database("SELECT seed FROM server WHERE id = ?", server["id"]) == [(0,)], 15)
    eventually(lambda: not person.get(f"/servers/{server['id']}")["server"]["locked"], 15)
    return server


def live_console(fake, person, server):
    viewer = Viewer(fake, ask(person, server), origin=fake.url, headers=[f"Cookie: __Host-ippo={person.cookie}"])
    viewer.until_live()
    return viewer


# --- quotas ---


def test_a_new_account_has_limits_and_the_first_has_none(account, operator):
    quotas = account.get("/account")["account"]["quotas"]
    assert quotas["servers"] == {"used": 0, "limit": 10} and quotas["members"] == {"used": 1, "limit": 50}
    assert all(quota["limit"] for quota in quotas.values())
    assert all(quota["limit"] is None for quota in operator.get("/customers/1")["customer"]["quotas"].values())


def test_each_limit_is_kept(account, operator, tmp_path):
    plan = operator.get("/server_types?name=1g")["server_types"][0]
    server = account.create_server("one")
    assert used(account) | {"ssh_keys": 0} == {"servers": 1, "cores": plan["cores"], "memory_mib": plan["memory"] * 1024,
                                               "disk_gb": plan["disk"], "addresses": 2, "ssh_keys": 0, "tokens": 0, "members": 1,
                                               "snapshots": 0}
    before = operator.get("/primary_ips")["meta"]["pagination"]["total_entries"]
    wish = {"name": "two", "server_type": "1g", "image": "tiny"}
    for name, most in (("servers", 1), ("cores", 2 * plan["cores"] - 1), ("memory_mib", 2047), ("disk_gb", 2 * plan["disk"] - 1), ("addresses", 3)):
        limit(operator, account, **{name: most})
        answer = account.request("POST", "/servers", wish)
        assert (answer.status_code, answer.json()["error"]["code"]) == FULL, name
        assert f"may have {most} " in answer.json()["error"]["message"]
        limit(operator, account, **{name: None})
    assert used(account)["servers"] == 1 and operator.get("/primary_ips")["meta"]["pagination"]["total_entries"] == before
    limit(operator, account, ssh_keys=1, tokens=1, members=1)
    assert account.error("POST", "/invitations", {"role": "reader"}) == FULL
    account.post("/tokens", {"name": "first"})
    assert account.error("POST", "/tokens", {"name": "second"}) == FULL
    for number in range(2):
        (tmp_path / str(number)).mkdir()
        body = {"name": f"key-{number}", "public_key": Key(tmp_path / str(number)).public}
        assert account.request("POST", "/ssh_keys", body).status_code == (403 if number else 201)
    account.delete_server(server)


def test_an_invitation_of_before_does_not_pass_the_limit(account, operator, fake):
    links = [account.post("/invitations", {"role": "reader"})["link"] for _ in range(3)]
    limit(operator, account, members=2)
    guests = [Person(fake, f"guest-{account.customer}-{n}") for n in range(3)]

    def come(guest, link):
        return guest.request("POST", "/invitations/redeem", {"key": link.strip().rsplit("/", 1)[1], "name": guest.name, "password": PASSWORD})
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        codes = sorted(answer.status_code for answer in pool.map(come, guests, links))
    assert codes == [201, 403, 403] or codes == [200, 403, 403]
    assert used(account)["members"] == 2


def test_many_at_once_get_no_more_than_the_limit(account, operator):
    limit(operator, account, servers=3)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: account.request("POST", "/servers", {
            "name": f"race-{n}", "server_type": "1g", "image": "tiny", "start_after_create": False}), range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [403] * 5


def test_a_larger_plan_is_judged_too(account, operator):
    plans = {plan["name"]: plan for plan in operator.get("/server_types")["server_types"]}
    large = next(plan for plan in plans.values() if plan["cores"] > plans["1g"]["cores"])
    servers = [account.create_server(f"grows-{n}") for n in range(2)]
    limit(operator, account, cores=plans["1g"]["cores"] + large["cores"])
    answers = [account.request("POST", f"/servers/{server['id']}/actions/change_type", {"server_type": large["name"], "upgrade_disk": False})
               for server in servers]
    assert [answer.status_code for answer in answers] == [201, 403]
    assert answers[1].json()["error"]["code"] == "resource_limit_exceeded"
    account.wait(answers[0].json()["action"])
    for server in servers:
        account.delete_server(server)


@pytest.mark.parametrize("quotas", [{"servers": 0}, {"servers": -1}, {"servers": 1.5}, {"servers": "5"}, {"servers": 1000000001},
                                    {"cars": 3}, [], "many", {"servers": 7, "cores": True}], ids=str)
def test_a_quota_that_is_none_changes_nothing(account, operator, quotas):
    before = operator.get(f"/customers/{account.customer}")
    assert operator.error("PUT", f"/customers/{account.customer}", {"quotas": quotas}) == (422, "invalid_input")
    assert operator.get(f"/customers/{account.customer}") == before


def test_what_a_new_account_may_have_is_the_operators_to_say(fake, account, operator):
    before = operator.get("/customer_defaults")["customer_defaults"]["quotas"]
    assert before == {"servers": 10, "cores": 64, "memory_mib": 131072, "disk_gb": 4000, "addresses": 20, "ssh_keys": 100, "tokens": 50, "members": 50,
                      "snapshots": 20}
    operator.put("/customer_defaults", {"quotas": {"servers": 3, "cores": None}})
    try:
        assert operator.get("/customer_defaults")["customer_defaults"]["quotas"] == before | {"servers": 3, "cores": None}
        line = lines(operator, "customer_defaults.update")[0]
        assert line["details"] == {"quotas": {"servers": 3, "cores": None}} and not lines(account, "customer_defaults.update")
        fresh = customer_of(fake, operator, "after-the-change")
        quotas = fresh.get("/account")["account"]["quotas"]
        assert (quotas["servers"]["limit"], quotas["cores"]["limit"], quotas["tokens"]["limit"]) == (3, None, 50)
        assert account.get("/account")["account"]["quotas"]["servers"]["limit"] == 10, "who is there keeps what they may have"
        for wrong in ({}, {"quotas": None}, {"quotas": {"servers": 0}}, {"quotas": {"cars": 1}}, {"quotas": [1]}, {"quotas": {"servers": 7, "cores": -1}}):
            assert operator.error("PUT", "/customer_defaults", wrong) == (422, "invalid_input")
        assert account.error("GET", "/customer_defaults") == (403, "forbidden")
        fake.restart()
        assert operator.get("/customer_defaults")["customer_defaults"]["quotas"]["servers"] == 3
        assert "no limit" in fake.cli("customer", "defaults").stdout
        assert fake.cli("customer", "defaults", "--servers", "0", check=False).returncode == 2
    finally:
        fake.cli("customer", "defaults", "--servers", "10", "--cores", "64")
    assert operator.get("/customer_defaults")["customer_defaults"]["quotas"] == before


def test_a_customer_sees_its_limits_changed_and_no_note(account, operator):
    operator.put(f"/customers/{account.customer}", {"note": "calls a lot", "quotas": {"servers": 4}})
    line = lines(account, "customer.update")[0]
    assert line["details"] == {"quotas": {"servers": 4}} and line["operator"]
    assert "calls a lot" not in account.request("GET", "/history").text + account.request("GET", "/account").text
    assert operator.get(f"/customers/{account.customer}")["customer"]["note"] == "calls a lot"
    assert operator.error("PUT", f"/customers/{account.customer}", {"note": "x" * 4001}) == (422, "invalid_input")
    assert account.error("PUT", f"/customers/{account.customer}", {"quotas": {"servers": 99}}) == (403, "forbidden")


def test_customers_are_found(account, operator):
    names = [one["name"] for one in operator.every(f"/customers?search={account.customer_name[2:].upper()}&sort=id", "customers")]
    assert account.customer_name in names
    assert operator.get(f"/customers?search={account.customer_name}&status=suspended")["customers"] == []
    assert operator.error("GET", "/customers?status=asleep") == (422, "invalid_input")


# --- suspension ---


def test_a_suspension_with_its_reason(account, operator, fake):
    server = booted(account, fake, "kept")
    script = Api(fake.url, fake.ca, account.post("/tokens", {"name": "script"})["secret"])
    viewer = live_console(fake, account, server)
    path = f"/customers/{account.customer}/suspension"
    for body in ({}, {"reason": ""}, {"reason": "x" * 401}, {"reason": "a\nb"}, {"reason": 5}):
        assert operator.error("PUT", path, body) == (422, "invalid_input")
    shown = operator.put(path, {"reason": "十月分のお支払いがありません"})["customer"]
    assert viewer.until_closed().code == CUT
    assert shown["suspension"]["reason"] == "十月分のお支払いがありません" and shown["suspension"]["since"]
    for asker in (account, script):
        answer = asker.request("POST", f"/servers/{server['id']}/actions/reset")
        assert (answer.status_code, answer.json()["error"]["code"]) == SUSPENDED
        assert "十月分のお支払いがありません" in answer.json()["error"]["message"]
    for method, where, body in (("POST", "/tokens", {"name": "more"}), ("POST", "/invitations", {"role": "reader"}), ("POST", "/ssh_keys", {}),
                                ("PUT", f"/members/{account.id}", {"role": "owner"}), ("PUT", f"/servers/{server['id']}", {"name": "x"})):
        assert account.error(method, where, body) == SUSPENDED, where
    account.wait_status(server, "off", 20)
    again = Person(fake, account.name).sign_in()
    assert again.get("/me")["me"]["customer"]["suspension_reason"] == "十月分のお支払いがありません"
    assert again.get("/account")["account"]["suspension"]["reason"] and again.get(f"/servers/{server['id']}")
    assert again.post("/contact_threads", {"subject": "Why", "text": "?"})
    token, = account.get("/tokens")["tokens"]
    account.delete(f"/tokens/{token['id']}")  # what may have been the reason goes
    line = lines(account, "customer.suspend")[0]
    assert line["operator"] and line["details"] == {"reason": "十月分のお支払いがありません"}
    operator.delete(path)
    account.wait_status(server, "running", 20)
    assert account.get("/account")["account"]["suspension"] is None and lines(account, "customer.resume")[0]["operator"]
    account.delete_server(server)


def test_who_was_off_stays_off(account, operator, fake):
    server = account.create_server("off-before")
    operator.put(f"/customers/{account.customer}/suspension", {"reason": "x"})
    operator.delete(f"/customers/{account.customer}/suspension")
    assert fake.database("SELECT count(*) FROM suspended_server") == [(0,)]
    assert account.get(f"/servers/{server['id']}")["server"]["status"] == "off"
    account.delete_server(server)


def test_the_services_own_account_is_not_suspended(operator):
    assert operator.error("PUT", "/customers/1/suspension", {"reason": "x"}) == (422, "resource_in_use")
    assert operator.error("PUT", "/customers/999999/suspension", {"reason": "x"}) == (404, "not_found")


# --- a server goes to another customer ---


def test_a_server_is_handed_over(account, taker, operator, fake):
    server = booted(account, fake, "goes")
    path = f"/servers/{server['id']}"
    account.put(path, {"labels": {"project": "secret"}})
    address = server["public_net"]["ipv4"]["ip"]
    account.post(f"{path}/actions/change_dns_ptr", {"ip": address, "dns_ptr": "www.old.example"})
    account.post("/alert_rules", {"kind": "stopped_itself", "server": server["id"]})
    ssh, web = ([{"direction": "in", "protocol": "tcp", "port": port, "source_ips": ["0.0.0.0/0"]}] for port in ("22", "443"))
    wall = account.post("/firewalls", {"name": "theirs", "rules": ssh, "apply_to": [{"type": "server", "server": {"id": server["id"]}}]})
    wall = f"/firewalls/{wall['firewall']['id']}/actions"
    assert account.get(path)["server"]["public_net"]["firewalls"]
    account.post(f"{wall}/set_rules", {"rules": web, "trial": True, "trial_address": "203.0.113.5"})
    viewer = live_console(fake, account, server)
    assert account.error("PUT", f"{path}/owner", {"customer": taker.customer}) == (403, "forbidden")
    operator.put(f"{path}/owner", {"customer": taker.customer_name})
    assert viewer.until_closed().code == DELETED
    assert account.error("GET", path) == (404, "not_found") and used(account)["servers"] == 0
    theirs = taker.get(path)["server"]
    # What goes back does not take the server along.
    assert account.post(f"{wall}/revert")["firewall"]["applied_to"] == []
    assert theirs["public_net"]["firewalls"] == [] and theirs["labels"] == {} and theirs["public_net"]["ipv4"]["ip"] == address
    assert "old.example" not in str(theirs) and used(taker)["servers"] == 1
    assert [one["name"] for one in taker.get("/servers")["servers"]] == ["goes"]
    assert account.get("/alert_rules")["alert_rules"] == [] and taker.get("/alert_rules")["alert_rules"] == []
    for person, direction in ((account, "out"), (taker, "in")):
        line, = [line for line in lines(person, "server.hand_over") if line["result"] == "success"]
        assert line["details"] == {"direction": direction} and line["operator"] and line["resource"]["name"] == "goes"
    assert taker.get(f"{path}/actions")["actions"] == [], "who asked for what before is not told"
    assert account.customer_name not in taker.request("GET", "/history").text
    assert fake.database("SELECT count(*) FROM server_key WHERE server_id = ?", server["id"]) == [(0,)]
    taker.delete_server(server)


def test_who_cannot_take_it_does_not_get_it(account, taker, operator, fake):
    server = booted(account, fake, "stays")
    path = f"/servers/{server['id']}/owner"
    to = {"customer": taker.customer}
    same = taker.create_server("stays")
    assert operator.error("PUT", path, to) == (409, "uniqueness_error")
    taker.delete_server(same)
    limit(operator, taker, servers=1)
    small = taker.create_server("small")
    assert operator.error("PUT", path, to) == FULL
    taker.delete_server(small)
    operator.put(f"/customers/{taker.customer}/suspension", {"reason": "x"})
    assert operator.error("PUT", path, to) == SUSPENDED
    operator.delete(f"/customers/{taker.customer}/suspension")
    for body in ({}, {"customer": 999999}, {"customer": "nobody"}, {"customer": account.customer}, {"customer": []}):
        assert operator.error("PUT", path, body) == (422, "invalid_input"), body
    assert operator.error("PUT", "/servers/999999/owner", to) == (404, "not_found")
    fresh = account.create_server("not-booted")
    assert operator.error("PUT", f"/servers/{fresh['id']}/owner", to) == (422, "resource_in_use")
    assert used(account)["servers"] == 2 and used(taker)["servers"] == 0
    for one in (server, fresh):
        account.delete_server(one)


# --- a person goes ---


def test_who_is_deleted_is_gone_but_for_the_history(account, operator, fake):
    server = account.create_server("of-an-owner")
    link = account.post("/invitations", {"role": "owner"})["link"]
    helper = Person(fake, f"leaver-{account.customer}").join(link)
    number, name = helper.id, helper.name
    script = Api(fake.url, fake.ca, helper.post("/tokens", {"name": "of-the-leaver"})["secret"])
    assert account.error("DELETE", f"/users/{number}") == (403, "forbidden")
    operator.delete(f"/users/{number}")
    assert helper.error("GET", "/me") == SIGNED_OUT and script.error("GET", "/servers") == SIGNED_OUT
    assert Person(fake, name).error("POST", "/sessions", {"name": name, "password": PASSWORD}) == SIGNED_OUT
    assert account.get("/tokens")["tokens"] == [] and [one["name"] for one in account.get("/members")["members"]] == [account.name]
    for table in ("session", "passkey", "membership", "token"):
        assert fake.database(f"SELECT count(*) FROM {table} WHERE user_id = ?", number) == [(0,)]
    assert name in [line["actor"]["name"] for line in lines(account, "token.create")]
    assert lines(operator, "user.delete", 0)[0]["resource"]["name"] == name
    assert operator.error("DELETE", f"/users/{account.id}") == (422, "last_owner")
    assert account.is_signed_in()
    account.delete_server(server)
    operator.delete(f"/users/{account.id}")
    assert not account.is_signed_in()
    assert operator.error("DELETE", f"/users/{number}") == (404, "not_found")


# --- acting on behalf ---


def test_an_operator_at_work_for_a_customer(account, fake):
    clerk = invite(fake, f"clerk-{account.customer}", operator=True)
    assert not clerk.get("/me")["me"]["acts_for"]
    clerk.put("/sessions/current", {"customer": account.customer})
    me = clerk.get("/me")["me"]
    assert me["acts_for"] and me["customer"]["name"] == account.customer_name
    server = clerk.create_server("made-for-them")
    assert account.get("/servers")["servers"][0]["name"] == "made-for-them"
    for what in ("session.switch", "server.create"):
        line = lines(account, what)[0]
        assert line["operator"] and line["actor"]["name"] == clerk.name, what
    account.delete_server(server)
    clerk.put("/me/password", {"current_password": PASSWORD, "password": PASSWORD[::-1]})
    assert lines(account, "user.change_password") == [], "of their own"
    clerk.put("/sessions/current", {"customer": 1})
    assert lines(clerk, "user.change_password")[0]["actor"]["name"] == clerk.name
    assert not clerk.get("/me")["me"]["acts_for"]
    assert clerk.error("PUT", "/sessions/current", {"customer": 999999}) == (422, "invalid_input")
    assert account.error("PUT", "/sessions/current", {"customer": 1}) == (422, "invalid_input")


# --- the command ---


def test_cli(account, fake):
    name = account.customer_name
    assert "0 of 10" in fake.cli("customer", "list").stdout
    fake.cli("customer", "quota", name, "--servers", "3", "--memory", "none")
    shown = fake.cli("customer", "quota", name).stdout
    assert "0 of 3" in shown and "0, no limit" in shown
    assert fake.cli("customer", "quota", name, "--servers", "0", check=False).returncode == 2
    assert "port 25 outwards is closed" in fake.cli("customer", "show", name).stdout
    fake.cli("customer", "open-mail", name)
    assert "may send it" in fake.cli("customer", "show", name).stdout and fake.cli_json("customer", "show", name)["smtp_open"] is True
    fake.cli("customer", "close-mail", name)
    assert fake.cli_json("customer", "show", name)["smtp_open"] is False
    fake.cli("customer", "note", name, "--text", "calls a lot")
    assert "calls a lot" in fake.cli("customer", "show", name).stdout
    assert fake.cli("customer", "suspend", name, "--yes", check=False).returncode == 2, "without a reason"
    assert fake.cli("customer", "suspend", name, "--reason", "unpaid", check=False).returncode == 2, "nobody was asked"
    fake.cli("customer", "suspend", name, "--reason", "unpaid", "--yes")
    assert name in fake.cli("customer", "list", "--suspended").stdout
    assert "unpaid" in fake.cli("account", "show", "--customer", name).stdout
    fake.cli("customer", "resume", name)
    assert name not in fake.cli("customer", "list", "--suspended").stdout
    server = booted(account, fake, "by-command")
    fake.cli("server", "transfer", "by-command", "1", "--customer", name, "--yes")
    assert account.get("/servers")["servers"] == []
    fake.cli("server", "transfer", str(server["id"]), name, "--yes")
    assert account.get("/servers")["servers"][0]["name"] == "by-command"
    account.delete_server(server)
    link = account.post("/invitations", {"role": "reader"})["link"]
    guest = Person(fake, f"by-command-{account.customer}").join(link)
    fake.cli("user", "delete", guest.name, "--yes")
    assert not guest.is_signed_in()

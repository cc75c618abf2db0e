"""What servers cost and when: the next charge, what more would cost, a month's statement, and that nothing is charged that never was."""
import csv
import datetime
import io
import sqlite3

import pytest

from ippo_testing import IppoInstance, eventually
from people import invite

UTC = datetime.timezone.utc
JST = datetime.timezone(datetime.timedelta(hours=9))


def yen(amount):
    return {"currency": "JPY", "amount": str(amount), "amount_minor": amount}


def when(text):
    return datetime.datetime.fromisoformat(text)


def clock():
    return datetime.datetime.now(UTC)


def month_later(day):
    """The same day of the next month, or its last."""
    first = day.replace(day=1)
    following = (first + datetime.timedelta(days=32)).replace(day=1)
    length = ((following + datetime.timedelta(days=32)).replace(day=1) - following).days
    return following.replace(day=min(day.day, length))


def midnight(moment, zone=UTC):
    return moment.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.fixture(scope="module")
def operator(fake):
    return fake.api("contract-operator", "--operator")


@pytest.fixture(scope="module")
def plans(operator):
    """Three plans: 900, 1500 and nothing."""
    def plan(name, price, initial=0, currency="JPY"):
        return operator.post("/server_types", {"name": name, "cores": 1, "memory_mib": 512, "disk": 10, "price_monthly_minor": price,
                                               "price_initial_minor": initial, "currency": currency})["server_type"]
    return {"small": plan("c-small", 900, 300), "large": plan("c-large", 1500, 500), "free": plan("c-free", 0), "euro": plan("c-euro", 1234, 0, "EUR")}


@pytest.fixture
def account(fake, operator, request):
    name = f"c-{abs(hash(request.node.name)) % 10**9}"
    number = operator.post("/customers", {"name": name})["customer"]["id"]
    owner = invite(fake, f"owner-{name}", name)
    owner.customer = number
    return owner


def make(account, name, plan="c-small"):
    return account.create_server(name, server_type=plan, image="tiny")


def charges(asker, month=None, base="/contract"):
    return asker.get(f"{base}/charges" + (f"?month={month}" if month else ""))


def test_a_server_says_when_it_is_charged_for_next(account, plans):
    server = make(account, "one")
    free = make(account, "none", "c-free")
    next_charge = server["ippo"]["next_charge"]
    assert next_charge["price"] == yen(900)
    assert when(next_charge["at"]) == month_later(midnight(when(server["created"])))
    assert free["ippo"]["next_charge"] is None
    contract = account.get("/contract")["contract"]
    assert contract["terms"] == {"period": "anniversary", "utc_offset": "+00:00"}
    assert contract["monthly"] == [yen(900)] and contract["servers"] == 2
    assert contract["next_charge"] == {"at": next_charge["at"], "prices": [yen(900)]}
    items = account.get("/contract/items")["contract_items"]
    assert [(item["name"], item["server_type"], item["price_monthly"]) for item in items] == [("none", "c-free", yen(0)), ("one", "c-small", yen(900))]
    assert items[1]["next_charge"] == next_charge and items[0]["next_charge"] is None
    assert items[1]["until"] == next_charge["at"] and when(items[1]["from"]) == midnight(when(server["created"]))
    assert account.get("/contract/items?per_page=1&page=2")["contract_items"] == items[1:]


def test_what_costs_something_is_said_before(account, plans):
    quote = account.get("/contract/quote?server_type=c-small")["quote"]
    assert quote["now"] == yen(1200) and quote["price_monthly"] == yen(900)
    assert [(charge["kind"], charge["price"]["amount_minor"]) for charge in quote["charges"]] == [("initial", 300), ("month", 900)]
    assert quote["next_charge"]["price"] == yen(900)
    server = make(account, "told")
    assert quote["next_charge"]["at"] == server["ippo"]["next_charge"]["at"]
    statement = charges(account)
    assert [(charge["kind"], charge["price"]) for charge in statement["charges"]] == [("initial", yen(300)), ("month", yen(900))]
    assert statement["totals"] == [quote["now"]]
    free = account.get(f"/contract/quote?server_type={plans['free']['id']}")["quote"]
    assert free["now"] == yen(0) and free["charges"] == [] and free["next_charge"] is None
    assert account.get("/contract/quote?server_type=c-euro")["quote"]["now"] == {"currency": "EUR", "amount": "12.34", "amount_minor": 1234}


def test_a_larger_plan_costs_what_was_said(account, plans):
    server = make(account, "grows")
    quote = account.get(f"/contract/quote?server_type=c-large&server={server['id']}")["quote"]
    assert account.get("/contract/quote?server_type=c-large&server=grows")["quote"] == quote
    # On the day of its creation: the difference of the whole month, and no initial price.
    assert quote["now"] == yen(600) and [charge["kind"] for charge in quote["charges"]] == ["upgrade"]
    assert quote["next_charge"] == {"at": server["ippo"]["next_charge"]["at"], "price": yen(1500)}
    account.act(server, "change_type", {"server_type": "c-large", "upgrade_disk": False})
    changed = account.get(f"/servers/{server['id']}")["server"]
    assert changed["ippo"]["next_charge"] == quote["next_charge"]
    assert [(charge["kind"], charge["server_type"], charge["price"]) for charge in charges(account)["charges"]] == [
        ("initial", "c-small", yen(300)), ("month", "c-small", yen(900)), ("upgrade", "c-large", yen(600))]
    # Back again: nothing is paid back, and the next month costs less.
    assert account.get(f"/contract/quote?server_type=c-small&server={server['id']}")["quote"]["now"] == yen(0)
    account.act(server, "change_type", {"server_type": "c-small", "upgrade_disk": False})
    assert len(charges(account)["charges"]) == 3
    assert account.get("/contract")["contract"]["monthly"] == [yen(900)]


def test_a_new_price_holds_from_the_next_month_on(account, operator, plans):
    plan = operator.post("/server_types", {"name": "c-changing", "cores": 1, "memory_mib": 512, "disk": 10, "price_monthly_minor": 700})["server_type"]
    server = make(account, "priced", "c-changing")
    before = charges(account)["charges"]
    operator.put(f"/server_types/{plan['id']}", {"price_monthly_minor": 800})
    assert account.get(f"/servers/{server['id']}")["server"]["ippo"]["next_charge"]["price"] == yen(800)
    assert charges(account)["charges"] == before
    assert account.get("/contract")["contract"]["monthly"] == [yen(800)]


def test_what_was_deleted_stays_in_the_statement(account, plans):
    server = make(account, "gone")
    account.put(f"/servers/{server['id']}", {"name": "long-gone"})
    account.delete_server(server)
    assert account.get("/contract")["contract"] == {"terms": {"period": "anniversary", "utc_offset": "+00:00"}, "month": clock().strftime("%Y-%m"),
                                                    "servers": 0, "monthly": [], "next_charge": None}
    assert account.get("/contract/items")["contract_items"] == []
    assert [charge["server"] for charge in charges(account)["charges"]] == [{"id": server["id"], "name": "long-gone"}] * 2


def test_a_server_that_never_came_to_be_costs_nothing(fake, account, plans):
    (fake.state / "host/faults").write_text("volume_create disk_full 100\n")
    try:
        answer = account.post("/servers", {"name": "never", "server_type": "c-small", "image": "tiny"})
        account.wait(answer["action"], success=False)
    finally:
        (fake.state / "host/faults").write_text("")
    assert charges(account)["charges"] == [] and account.get("/contract")["contract"]["monthly"] == []


def test_months_of_the_past_are_told_from_what_there_was(fake, account, plans):
    server = make(account, "old")
    made = datetime.datetime(2025, 1, 31, 15, 40, tzinfo=UTC)
    larger = datetime.datetime(2025, 3, 10, 8, 0, tzinfo=UTC)
    ended = datetime.datetime(2025, 4, 30, 0, 0, 1, tzinfo=UTC)
    row = (account.customer, server["id"] + 100000, "old-one", "JPY")
    with sqlite3.connect(fake.state / "core/ippo.db", timeout=30) as database:
        database.executemany("INSERT INTO contract(customer_id, server_id, server_name, plan, currency, monthly_minor, initial_minor, before_minor,"
                             " reason, anchor_ms, from_ms, until_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                             [(*row[:3], "c-small", row[3], 900, 300, 0, 1, *(int(t.timestamp() * 1000) for t in (made, made, larger))),
                              (*row[:3], "c-large", row[3], 1500, 500, 900, 2, *(int(t.timestamp() * 1000) for t in (made, larger, ended)))])
    found = {month: [(charge["kind"], charge["at"][:10], charge["days"], charge["of_days"], charge["price"]["amount_minor"])
                     for charge in charges(account, month)["charges"]] for month in ("2024-12", "2025-01", "2025-02", "2025-03", "2025-04", "2025-05")}
    assert found == {"2024-12": [], "2025-01": [("initial", "2025-01-31", 0, 0, 300), ("month", "2025-01-31", 28, 28, 900)],
                     "2025-02": [("month", "2025-02-28", 31, 31, 900)],
                     "2025-03": [("upgrade", "2025-03-10", 21, 31, 406), ("month", "2025-03-31", 30, 30, 1500)],
                     "2025-04": [("month", "2025-04-30", 31, 31, 1500)], "2025-05": []}
    march = charges(account, "2025-03")
    assert march["complete"] is True and march["totals"] == [yen(1906)] and march["meta"]["pagination"]["total_entries"] == 2
    second = account.get("/contract/charges?month=2025-03&per_page=1&page=2")
    assert second["charges"] == march["charges"][1:] and second["totals"] == march["totals"]
    assert charges(account)["complete"] is False
    assert charges(account, "2099-01") == {**charges(account, "2024-12"), "month": "2099-01", "complete": False}


def test_csv_has_every_line(account, plans):
    make(account, "in-csv")
    answer = account.request("GET", "/contract/charges?format=csv")
    assert answer.headers["content-type"].startswith("text/csv")
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(line["kind"], line["name"], line["plan"], line["amount"], line["currency"]) for line in lines] == [
        ("initial", "in-csv", "c-small", "300", "JPY"), ("month", "in-csv", "c-small", "900", "JPY")]
    assert lines[0]["from"] == "" and when(lines[1]["from"]) == midnight(clock()) and lines[1]["days"] == lines[1]["of_days"]


def test_others_contracts_are_seen_by_operators_alone(fake, account, operator, plans):
    make(account, "seen")
    base = f"/customers/{account.customer}/contract"
    assert operator.get(base)["contract"]["monthly"] == [yen(900)]
    assert [item["name"] for item in operator.get(f"{base}/items")["contract_items"]] == ["seen"]
    assert len(charges(operator, base=base)["charges"]) == 2
    assert "seen" in operator.request("GET", f"{base}/charges?format=csv").text
    for path in (base, f"{base}/items", f"{base}/charges"):
        assert account.error("GET", path) == (403, "forbidden")
    assert operator.error("GET", "/customers/999999/contract") == (404, "not_found")
    stranger = fake.api("stranger")
    assert stranger.error("GET", f"/contract/quote?server_type=c-small&server={account.get('/servers')['servers'][0]['id']}") == (422, "invalid_input")


@pytest.mark.parametrize("query", ["quote", "quote?server_type=nothing", "quote?server_type=0", "quote?server_type=c-small&server=nobody",
                                   "charges?month=2026", "charges?month=2026-13", "charges?month=2026-11-01", "charges?month=", "charges?format=xml",
                                   "charges?page=0", "items?per_page=no", "items?sort=name"])
def test_nonsense_is_refused(account, plans, query):
    assert account.error("GET", f"/contract/{query}") == (422, "invalid_input")


def test_who_takes_a_server_over_pays_from_the_next_month_on(account, fake, operator, plans):
    server = account.create_server("handed", start=True, server_type="c-small", image="tiny")
    taker = operator.post("/customers", {"name": f"taker-{account.customer}"})["customer"]["id"]
    eventually(lambda: fake.database("SELECT seed FROM server WHERE id = ?", server["id"]) == [(0,)], 15)
    eventually(lambda: not account.get(f"/servers/{server['id']}")["server"]["locked"], 15)
    operator.put(f"/servers/{server['id']}/owner", {"customer": taker})
    assert operator.get(f"/customers/{taker}/contract/charges")["charges"] == []
    assert operator.get(f"/customers/{taker}/contract")["contract"]["next_charge"]["prices"] == [yen(900)]
    assert [charge["price"] for charge in charges(account)["charges"]] == [yen(300), yen(900)]
    assert account.get("/contract")["contract"]["next_charge"] is None


def test_months_of_the_calendar_by_the_operators_clock():
    instance = IppoInstance("fake", {"core": {"contract_period": "calendar_month", "contract_offset": "+09:00"}})
    try:
        api = instance.with_image().api("calendar")
        server = api.create_server("one", image="tiny", server_type="1g")
        made = midnight(when(server["created"]), JST)
        first = (made.replace(day=1) + datetime.timedelta(days=32)).replace(day=1)
        length = (first - made.replace(day=1)).days
        days = (first - made).days
        price = server["ippo"]["next_charge"]["price"]["amount_minor"]
        assert when(server["ippo"]["next_charge"]["at"]) == first
        contract = api.get("/contract")["contract"]
        assert contract["terms"] == {"period": "calendar_month", "utc_offset": "+09:00"}
        charge = [each for each in charges(api, made.strftime("%Y-%m"))["charges"] if each["kind"] == "month"][0]
        assert (charge["days"], charge["of_days"], charge["price"]["amount_minor"]) == (days, length, price * days // length)
        told = instance.cli("contract", "show").stdout
        assert "on the first of each month (UTC+09:00)" in told
    finally:
        instance.close()


def test_the_command_line_says_the_same(fake, account, operator, plans):
    make(account, "typed")
    number = account.customer
    (name,), = fake.database("SELECT name FROM customer WHERE id = ?", number)
    told = fake.cli("contract", "show", "--customer", name).stdout
    assert "900 JPY" in told and "Next charge" in told and "on the day of creation" in told
    assert "typed" in fake.cli("contract", "list", "--customer", name).stdout
    listed = fake.cli("contract", "charges", "--customer", name).stdout
    assert "initial" in listed and "month" in listed and "1200 JPY" in listed and "Sum so far" in listed
    assert "Nothing was charged" in fake.cli("contract", "charges", "--customer", name, "--month", "2020-01").stdout
    saved = fake.dir / "statement.csv"
    fake.cli("contract", "export", "--customer", name, "--file", saved)
    assert saved.read_text().count("\n") == 3
    quote = fake.cli("contract", "quote", "c-small").stdout
    assert "1200 JPY" in quote and "900 JPY on " in quote
    assert fake.cli_json("contract", "quote", "c-small")["now"] == yen(1200)
    refused = fake.cli("contract", "charges", "--month", "soon", check=False)
    assert refused.returncode == 1 and "2026-11" in refused.stderr
    assert fake.cli("contract", "show", "--customer", "nobody", check=False).returncode == 3

"""Alert rules: what is asked for is told once, survives core, and ends; nobody sees another's. Samples are a minute apart."""
import time

import pytest

from ippo_testing import Api, eventually
from measurements import MINUTES
from people import invite, key_of

ALWAYS = {"kind": "metric", "metric": "memory_used", "comparison": "above", "threshold": 1, "minutes": 1}
NEVER = {**ALWAYS, "comparison": "below"}


@pytest.fixture(autouse=True)
def none_left(fake):
    yield
    for rule in fake.api().every("/alert_rules", "alert_rules"):
        fake.api().delete(f"/alert_rules/{rule['id']}")


@pytest.fixture(scope="module")
def running(fake):
    return fake.api().create_server("watched", start=True, labels={"env": "prod"})


def refused(api, method, path, body=None):
    answer = api.request(method, path, body)
    assert answer.status_code >= 400, answer.text
    return answer.json()["error"]


def make(api, **fields):
    return api.post("/alert_rules", fields)["alert_rule"]


def alerts(api, status="open", more=""):
    return api.get(f"/alerts?status={status}{more}")["alerts"]


def lines(api, what):
    return api.get(f"/history?per_page=50&what={what}")["history"]


def end_guest(fake, server, how, owner=None):
    """At the next verb of any: asking for a screen is one."""
    uuid = fake.database("SELECT lower(hex(uuid)) FROM server WHERE id = ?", server["id"])[0][0]
    uuid = f"{uuid[:8]}-{uuid[8:12]}-{uuid[12:16]}-{uuid[16:20]}-{uuid[20:]}"
    faults = fake.state / "host/faults"
    faults.write_text(f"guest {how} {uuid}\n")
    other = fake.api().create_server(f"other-{time.time_ns() % 10**9}")
    faults.unlink()
    fake.api().delete_server(other)
    (owner or fake.api()).wait_status(server, "off")


def test_rules_are_whole(fake, running):
    api = fake.api()
    rule = make(api, **ALWAYS, server=running["id"])
    assert rule["server"] == running["id"] and rule["label_selector"] is None and rule["all_servers"] is False
    assert {key: rule[key] for key in ALWAYS} == ALWAYS
    assert api.get(f"/alert_rules/{rule['id']}")["alert_rule"] == rule
    changed = api.put(f"/alert_rules/{rule['id']}", {"threshold": 7, "label_selector": "env=prod"})["alert_rule"]
    assert changed == {**rule, "threshold": 7, "server": None, "label_selector": "env=prod"}
    stops = api.put(f"/alert_rules/{rule['id']}", {"kind": "stopped_itself", "all_servers": True})["alert_rule"]
    assert (stops["metric"], stops["comparison"], stops["threshold"], stops["minutes"]) == (None, None, None, None)
    assert stops["all_servers"] and stops["label_selector"] is None
    for field, fields in (("server", {}), ("server", {"server": running["id"], "all_servers": True}), ("server", {"server": 10**9}),
                          ("server", {"server": "1"}), ("label_selector", {"label_selector": ""}), ("label_selector", {"label_selector": "a=("}),
                          ("label_selector", {"label_selector": "a=" + "b" * 600}), ("kind", {"kind": "cpu"}), ("metric", {"metric": "ram"}),
                          ("comparison", {"comparison": "equal"}), ("threshold", {"threshold": -1}), ("threshold", {"threshold": 1.5}),
                          ("threshold", {"threshold": 10**15 + 1}), ("threshold", {"threshold": 0, "comparison": "below"}),
                          ("minutes", {"minutes": 0}), ("minutes", {"minutes": 1441}), ("minutes", {"kind": "stopped_itself", "minutes": 5}),
                          ("webhook_url", {"webhook_url": "ftp://example.com/"}), ("webhook_url", {"webhook_url": "https://a@example.com/"})):
        about = {} if {"server", "label_selector", "all_servers"} & set(fields) or not fields else {"all_servers": True}
        body = {**ALWAYS, **about, **fields}
        if fields.get("kind") == "stopped_itself":
            body = {**about, **fields}
        error = refused(api, "POST", "/alert_rules", body)
        assert error["code"] == "invalid_input" and error["details"]["fields"][0]["name"] == field, (fields, error)
    assert len(api.get("/alert_rules")["alert_rules"]) == 1


def test_so_many_rules(fake, running):
    api = fake.api()
    other = api.create_server("has-none")
    for _ in range(19):
        make(api, kind="stopped_itself", server=running["id"])
    make(api, kind="stopped_itself", label_selector="env=prod")
    for about in ({"server": running["id"]}, {"label_selector": "env"}, {"all_servers": True}):
        assert refused(api, "POST", "/alert_rules", {"kind": "stopped_itself", **about})["code"] == "resource_limit_exceeded"
    make(api, kind="stopped_itself", server=other["id"])
    api.delete_server(other)
    while len(api.every("/alert_rules", "alert_rules")) < 200:
        make(api, kind="stopped_itself", label_selector="env=nowhere")
    assert "200" in refused(api, "POST", "/alert_rules", {"kind": "stopped_itself", "label_selector": "env=nowhere"})["message"]


def test_others_things_are_unknown(fake, running):
    rule = make(fake.api(), **ALWAYS, server=running["id"])
    fake.cli("customer", "create", "other")
    other = Api(fake.url, fake.ca, fake.cli("--customer", "other", "token", "create", "theirs").stdout.strip())
    for method, body in (("GET", None), ("PUT", {"threshold": 5}), ("DELETE", None)):
        foreign, missing = (other.request(method, f"/alert_rules/{number}", body) for number in (rule["id"], 10**6))
        assert foreign.status_code == missing.status_code == 404
        assert foreign.text.replace(str(rule["id"]), "N") == missing.text.replace(str(10**6), "N")
    said = [refused(other, "POST", "/alert_rules", {**ALWAYS, "server": number})["message"].replace(str(number), "N")
            for number in (running["id"], 10**6)]
    assert said[0] == said[1]
    make(other, **ALWAYS, all_servers=True)
    assert other.get("/alert_rules")["meta"]["pagination"]["total_entries"] == 1
    assert other.get("/alerts")["alerts"] == []
    reader = invite(fake, "looks-on", role="reader")
    assert [item["id"] for item in reader.get("/alert_rules")["alert_rules"]] == [rule["id"]]
    assert refused(reader, "DELETE", f"/alert_rules/{rule['id']}")["code"] == "forbidden"


def test_it_opens_survives_core_and_ends(fake, running):
    api = fake.api()
    make(api, **NEVER, server=running["id"])
    rules = [make(api, **ALWAYS, server=running["id"]), make(api, **ALWAYS, label_selector="env=prod"), make(api, **ALWAYS, all_servers=True)]
    eventually(lambda: len(alerts(api)) == 3, MINUTES)
    found = alerts(api)
    assert {alert["rule"] for alert in found} == {rule["id"] for rule in rules}
    one = next(alert for alert in found if alert["rule"] == rules[0]["id"])
    assert one["server"] == {"id": running["id"], "name": "watched"} and one["ended"] is None and one["reason"] is None
    assert one["value"] >= 128 << 20 and one["status"] == "open" and {key: one[key] for key in ALWAYS} == ALWAYS
    line = lines(api, "alert.open")[0]
    assert line["resource"] == {"type": "server", "id": running["id"], "name": "watched"} and line["actor"]["kind"] == "system", line
    # Killed while it is open: it stays, and is not told again.
    fake.kill("core")
    fake.wait_healthy()
    sweeps = fake.api("reads", "--operator").get("/health") and time.time()
    time.sleep(130)
    assert {alert["id"] for alert in alerts(api)} == {alert["id"] for alert in found} and alerts(api, "ended") == [], sweeps
    assert len(lines(api, "alert.open")) == 3
    # Another threshold is another question.
    api.put(f"/alert_rules/{rules[0]['id']}", {"threshold": 10**14})
    api.delete(f"/alert_rules/{rules[1]['id']}")
    assert {alert["reason"] for alert in alerts(api, "ended")} == {"rule_changed"} and len(alerts(api)) == 1
    # No data is not below, and does not hold it open either.
    api.act(running, "poweroff")
    eventually(lambda: not alerts(api), MINUTES)
    assert alerts(api, "ended")[0]["reason"] == "not_measured" or alerts(api, "ended")[0]["rule"] != rules[2]["id"]
    assert len(alerts(api, "ended")) == 3 and len(lines(api, "alert.end")) == 3
    # An action of somebody is no surprise.
    assert not [alert for alert in alerts(api, "ended") if alert["kind"] != "metric"]
    api.act(running, "poweron")


def test_stops(fake, running):
    api = fake.api()
    hook = "https://192.0.2.1/hook"  # answers nobody
    rules = {kind: make(api, kind=kind, server=running["id"], webhook_url=hook, mail=True)["id"] for kind in ("stopped_itself", "stopped_unexpectedly")}
    told = lambda: [row[0] for row in fake.database("SELECT subject FROM outbox WHERE kind = 2 AND recipient = ? ORDER BY id", hook)]
    before = len(api.get("/alerts")["alerts"])
    for verb in ("poweroff", "poweron", "shutdown", "poweron"):
        api.act(running, verb)
    assert len(api.get("/alerts")["alerts"]) == before
    end_guest(fake, running, "ends")
    assert [(alert["rule"], alert["kind"], alert["value"]) for alert in alerts(api)] == [(rules["stopped_itself"], "stopped_itself", None)]
    assert told() == ["alert.opened"]
    api.act(running, "poweron")
    end_guest(fake, running, "crashes")
    assert {alert["kind"] for alert in alerts(api)} == set(rules)
    # It ends when it is on again.
    api.act(running, "poweron")
    eventually(lambda: not alerts(api), MINUTES)
    assert [alert["reason"] for alert in alerts(api, "ended")[:2]] == ["cleared", "cleared"]
    assert sorted(told()) == ["alert.ended"] * (len(told()) // 2) + ["alert.opened"] * (len(told()) // 2)
    # With another address comes another secret, and it is told once.
    answer = api.put(f"/alert_rules/{rules['stopped_itself']}", {"webhook_url": hook + "2"})
    assert len(answer["webhook_secret"]) == 48
    assert "webhook_secret" not in api.put(f"/alert_rules/{rules['stopped_itself']}", {"webhook_url": hook + "2", "mail": False})
    assert api.put(f"/alert_rules/{rules['stopped_itself']}", {"webhook_url": ""})["alert_rule"]["webhook_url"] is None


def with_mail(fake, person, language):
    address = f"{person.name}@example.com"
    person.put("/me/mail", {"address": address, "language": language})
    link, = [line for line in fake.mails(address)[0].splitlines() if "/#/confirm-mail/" in line]
    person.post("/mail_confirmations/redeem", {"key": key_of(link)})
    return address


def test_mails_are_in_each_readers_language_and_nobody_elses(fake):
    """To every member with a confirmed address, of this account alone; their words are in tests/unit/core/test_alerts.c."""
    operator = fake.api("mails", "--operator")
    for name in ("told", "untold"):
        operator.post("/customers", {"name": name})
    owner, reader = invite(fake, "told-owner", "told"), invite(fake, "told-reader", "told", role="reader")
    invite(fake, "told-silent", "told", role="reader")
    stranger = invite(fake, "untold-owner", "untold")
    addresses = [with_mail(fake, person, language) for person, language in ((owner, "ja"), (reader, "en"), (stranger, "ja"))]
    invite(fake, "told-waits", "told", role="reader").put("/me/mail", {"address": "told-waits@example.com", "language": "en"})
    server = owner.create_server("mailed", start=True)
    rules = [make(owner, kind="stopped_itself", server=server["id"])["id"] for _ in range(2)]
    owner.put(f"/alert_rules/{rules[0]}", {"mail": True})  # the other one tells nobody
    end_guest(fake, server, "ends", owner)
    alert, = [alert for alert in alerts(owner) if alert["rule"] == rules[0]]
    japanese, english = ([mail.split() for mail in fake.mails(address, 2)[1:]] for address in addresses[:2])
    assert japanese == [f"サーバー: mailed 条件: サーバー内からの停止 発生: {alert['opened']} {fake.url}/#/alerts -- Ippo".split()]
    assert english == [f"Server: mailed Condition: stopped from the inside Opened: {alert['opened']} {fake.url}/#/alerts -- Ippo".split()]
    subjects = [[tuple(row) for row in fake.database("SELECT subject FROM outbox WHERE kind = 1 AND recipient = ? ORDER BY id", address)[1:]]
                for address in addresses]
    assert subjects == [[("[アラート] mailed: サーバー内からの停止",)], [("[alert] mailed: stopped from the inside",)], []]
    for address in (addresses[2], "told-waits@example.com"):
        assert len(fake.mails(address)) == 1, "nothing but the confirmation"
    owner.delete_server(server)


def test_a_server_takes_its_alerts_along(fake):
    api = fake.api()
    server = api.create_server("goes", start=True)
    rule = make(api, kind="stopped_unexpectedly", all_servers=True)
    end_guest(fake, server, "crashes")
    assert [alert["server"]["name"] for alert in alerts(api)] == ["goes"]
    own = make(api, kind="stopped_itself", server=server["id"])
    api.delete_server(server)
    assert not alerts(api) and alerts(api, "ended")[0]["reason"] == "server_gone"
    assert refused(api, "GET", f"/alert_rules/{own['id']}")["code"] == "not_found"
    assert api.get(f"/alert_rules/{rule['id']}")
    assert refused(api, "GET", "/alerts?status=closed")["details"]["fields"][0]["name"] == "status"


def test_in_a_terminal(fake, running):
    number = fake.cli("alert-rule", "add", "cpu", "--server", "watched", "--above", "90", "--minutes", "5").stdout.strip()
    assert fake.api().get(f"/alert_rules/{number}")["alert_rule"]["server"] == running["id"]
    secret = fake.cli("alert-rule", "add", "stopped_unexpectedly", "--all", "--webhook", "https://example.com/hook")
    assert secret.stdout.strip().isdigit() and "only now" in secret.stderr
    shown = fake.cli("alert-rule", "list").stdout
    assert "cpu above 90 for 5 min" in shown and "all servers" in shown and "https://example.com/hook" in shown
    fake.cli("alert-rule", "edit", number, "memory_used", "--all", "--below", "5", "--mail", "--webhook", "https://example.com/other")
    changed = fake.api().get(f"/alert_rules/{number}")["alert_rule"]
    assert (changed["metric"], changed["comparison"], changed["threshold"], changed["minutes"], changed["mail"], changed["all_servers"]) == \
        ("memory_used", "below", 5, 5, True, True)
    fake.cli("alert-rule", "edit", number, "--minutes", "6", "--no-mail", "--no-webhook")
    changed = fake.api().get(f"/alert_rules/{number}")["alert_rule"]
    assert (changed["metric"], changed["minutes"], changed["mail"], changed["webhook_url"]) == ("memory_used", 6, False, None)
    assert fake.cli("alert-rule", "edit", "98765432", "--minutes", "6", check=False).returncode == 3
    assert fake.cli("alert-rule", "add", "cpu", "--all", "--above", "many", check=False).returncode != 0
    fake.cli("alert-rule", "remove", number, "--yes")
    assert refused(fake.api(), "GET", f"/alert_rules/{number}")["code"] == "not_found"
    fake.cli("alert", "list", "--open")

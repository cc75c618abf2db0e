"""The operation history: every change and every sign-in has its line, nobody sees another's, and no line is changed unseen."""
import base64
import collections
import concurrent.futures
import csv
import hashlib
import io
import json
import os
import pathlib
import random
import re
import sqlite3
import struct
import subprocess
import time

import pytest

from authenticator import Passkey
from console_client import CUT, open_console
from ippo_testing import BUILD, Api, IppoInstance, Key, eventually, run
from name_server import NameServer
from people import Person, attach, totp

PASSWORD = "canary horse battery staple 5124"
PANEL = {"X-Ippo-CSRF": "1"}
COLUMNS = ("id, time_ms, customer_id, actor, actor_id, actor_name, operator, peer, what, result, error_code, resource_type, "
           "resource_id, resource_name, action_id, details, hash")


def events():
    """[(METHOD, /path, what)] of every route."""
    printed = subprocess.run([BUILD / "ippo-core", "--events"], capture_output=True, text=True, check=True).stdout
    return [tuple(line.split()) for line in printed.splitlines()]


def history(api, query=""):
    return api.get(f"/history?per_page=50{query}")["history"]


def recompute(ippo, path=None):
    """The chain as another program computes it from the documentation: whole, or the first line that does not fit."""
    with sqlite3.connect(f"file:{path or ippo.state / 'core/ippo.db'}?mode=ro", uri=True, timeout=10) as database:
        (at, previous, head, head_hash), = database.execute("SELECT anchor_id, anchor_hash, head_id, head_hash FROM history_chain")
        for row in database.execute(f"SELECT {COLUMNS} FROM history ORDER BY id"):
            text = b"ippo history 1\n\0" + previous
            for value in row[:-1]:
                text += struct.pack("<q", value) if isinstance(value, int) else struct.pack("<I", len(value.encode())) + value.encode()
            at += 1
            if row[0] != at or hashlib.sha256(text).digest() != row[-1]:
                return row[0]
            previous = row[-1]
    return None if (at, previous) == (head, head_hash) else head


def rows(ippo, where="1", *values):
    found = ippo.database(f"SELECT {COLUMNS} FROM history WHERE {where} ORDER BY id", *values)
    return [dict(zip(COLUMNS.split(", "), row)) for row in found]


def operator_token(ippo, name="hanako"):
    """Somebody who is invited, and the token they make in the panel. Gives the browser too."""
    key = ippo.cli("invitation", "create", "--operator").stdout.strip().rsplit("/", 1)[1]
    browser = ippo.anonymous()
    browser.post("/invitations/redeem", {"key": key, "name": name, "password": PASSWORD})
    browser.session.headers.update({"Origin": ippo.url, **PANEL})
    return browser, browser.post("/tokens", {"name": f"of {name}", "operator": True})["secret"]


@pytest.fixture(scope="module")
def fake():
    """With a name server, so that zones can be made."""
    instance = NameServer()
    try:
        yield instance.with_image()
    finally:
        instance.close()


@pytest.fixture(scope="module")
def people(fake):
    """An operator in the panel, the operator's token, and a customer's."""
    browser, secret = operator_token(fake)
    operator = Api(fake.url, fake.ca, secret)
    customer = operator.post("/customers", {"name": "aoi"})["customer"]
    theirs = operator.post("/tokens", {"name": "theirs"}, headers={"X-Ippo-Customer": "aoi"})["secret"]
    return browser, operator, customer, Api(fake.url, fake.ca, theirs)


def test_every_route_that_changes_something_says_what():
    for method, path, what in events():
        assert (method == "GET") == (what == "?") or what == "-", f"{method} {path} has no line in the history, and does not say why"
        assert what in "?-" or re.fullmatch(r"[a-z_]+\.[a-z_]+", what), what
    silent = {path for _, path, what in events() if what == "-"}
    assert "/v1/invitations/check" in silent and "/v1/servers/{id}/actions/attach_iso" in silent
    names = collections.Counter(what for _, _, what in events() if what not in "?-")
    # The one change that can be asked for in two shapes: as a resource, and as an action like a server's.
    assert len(names) > 30 and [what for what, count in names.items() if count > 1] == ["image.change_protection"]


class Walk:
    """Does things one by one, and holds each to its line."""

    def __init__(self, ippo):
        self.ippo = ippo
        self.seen = set()

    def did(self, what, call, about=None, kind="token", actor="of hanako", peer="127.0.0.1", count=1, **expected):
        before = self.ippo.database("SELECT head_id FROM history_chain")[0][0]
        answer = call()
        lines = rows(self.ippo, "id > ? AND what = ? AND result IN (1, 2)", before, what)
        first = [line for line in lines if line["result"] == 1 or not line["action_id"] or len(lines) == 1]
        assert len(first) == count, (what, lines)
        line = first[0]
        kinds = {1: "session", 2: "token", 3: "local", 4: "system", 5: "nobody"}
        assert kinds[line["actor"]] == kind and line["actor_name"] == actor, line
        assert re.fullmatch(peer, line["peer"].removeprefix("::ffff:")), line
        if about is not None:
            assert line["resource_name"] == about, line
        for key, value in expected.items():
            assert line[key] == value, (key, line)
        self.seen.add(what)
        return answer


def test_a_walk_through_every_change(fake, people, tmp_path):
    browser, operator, _, _ = people
    walk = Walk(fake)
    api, did = operator, walk.did
    # The service's own.
    plan = did("server_type.create", lambda: api.post("/server_types", {"name": "walk", "cores": 1, "memory_mib": 512, "disk": 10}),
               "walk", customer_id=0, resource_type="server_type")["server_type"]
    did("server_type.update", lambda: api.put(f"/server_types/{plan['id']}", {"cores": 2}), "walk", details='{"set":["cores"]}')
    large = api.post("/server_types", {"name": "large", "cores": 2, "memory_mib": 1024, "disk": 20})["server_type"]
    place = did("location.create", lambda: api.post("/locations", {"name": "tokyo"}), "tokyo", customer_id=0)["location"]
    did("location.update", lambda: api.put(f"/locations/{place['id']}", {"city": "Tokyo"}), "tokyo")
    did("location.delete", lambda: api.delete(f"/locations/{place['id']}"), "tokyo")
    name = api.get("/hosts/1")["host"]["name"]
    did("host.update", lambda: api.put("/hosts/1", {"maintenance": {"reason": "disks"}}), name, resource_id=1, details='{"maintenance":true,"reason":"disks"}')
    did("host.update", lambda: api.put("/hosts/1", {"maintenance": None}), name, resource_id=1, details='{"maintenance":false}')
    pool = did("address_pool.create", lambda: api.post("/address_pools", {"prefix": "203.0.113.0/24", "name": "office"}), "office")
    did("address_pool.delete", lambda: api.delete(f"/address_pools/{pool['address_pool']['id']}"), "office")
    ns = did("name_server.create", lambda: api.post("/name_servers", {"name": "ns9.example.net", "address": "192.0.2.54", "primary": "192.0.2.53"}),
             "ns9.example.net", customer_id=0, details='{"address":"192.0.2.54"}')["name_server"]
    renewed = did("name_server.renew_key", lambda: api.post(f"/name_servers/{ns['id']}/actions/renew_key", {"primary": "192.0.2.53"}), "ns9.example.net", customer_id=0)
    # What is secret is in no line.
    secret = re.search(r'secret: "([^"]+)"', renewed["config"]).group(1)
    assert not any(secret in str(row) for row in fake.database("SELECT * FROM history"))
    did("name_server.update_zones", lambda: api.post("/name_servers/actions/update_zones"), customer_id=0, details='{"zones":0}')
    did("name_server.delete", lambda: api.delete(f"/name_servers/{ns['id']}"), "ns9.example.net", customer_id=0)
    texts = {"title_ja": "題", "title_en": "Title", "body_ja": "文", "body_en": "Text"}
    notice = did("notice.publish", lambda: api.post("/notices", texts), "Title", customer_id=0, details='{"kind":"ordinary"}')["notice"]["id"]
    did("notice.update", lambda: api.put(f"/notices/{notice}", {"title_en": "News", "tell": True}), "News", customer_id=0,
        details='{"set":["title_en","tell"]}')
    did("notice.withdraw", lambda: api.delete(f"/notices/{notice}"), "News", customer_id=0, resource_id=notice)
    rule = did("alert_rule.create", lambda: api.post("/alert_rules", {"kind": "stopped_itself", "all_servers": True}), customer_id=1,
               resource_type="alert_rule", details='{"kind":"stopped_itself"}')["alert_rule"]["id"]
    did("alert_rule.update", lambda: api.put(f"/alert_rules/{rule}", {"label_selector": "a=b"}), resource_id=rule,
        details='{"kind":"stopped_itself","label_selector":"a=b"}')
    did("alert_rule.delete", lambda: api.delete(f"/alert_rules/{rule}"), resource_id=rule)
    zone = did("zone.create", lambda: api.post("/zones", {"name": "history.example"}), "history.example", customer_id=1, resource_type="zone")["zone"]["id"]
    zone = f"/zones/{zone}"
    record, path = {"records": [{"value": "192.0.2.1", "comment": "c"}]}, f"{zone}/rrsets/www/A"
    did("zone.update", lambda: api.put(zone, {"labels": {"a": "b"}}), "history.example")
    did("zone.create_rrset", lambda: api.post(f"{zone}/rrsets", {"name": "www", "type": "A", **record}), "history.example", details='{"name":"www","type":"A"}')
    did("zone.update_rrset", lambda: api.put(path, {"labels": {"a": "b"}}))
    did("zone.update_records", lambda: api.post(f"{path}/actions/update_records", record))
    did("zone.set_records", lambda: api.post(f"{path}/actions/set_records", record))
    did("zone.add_records", lambda: api.post(f"{path}/actions/add_records", {"records": [{"value": "192.0.2.2"}]}))
    did("zone.remove_records", lambda: api.post(f"{path}/actions/remove_records", {"records": [{"value": "192.0.2.2"}]}))
    did("zone.change_rrset_ttl", lambda: api.post(f"{path}/actions/change_ttl", {"ttl": 60}))
    did("zone.change_rrset_protection", lambda: api.post(f"{path}/actions/change_protection", {"change": False}))
    did("zone.delete_rrset", lambda: api.delete(path), details='{"name":"www","type":"A"}')
    did("zone.import_zonefile", lambda: api.post(f"{zone}/actions/import_zonefile", {"zonefile": "www A 192.0.2.1\n"}), details="")
    did("zone.change_ttl", lambda: api.post(f"{zone}/actions/change_ttl", {"ttl": 60}))
    did("zone.change_protection", lambda: api.post(f"{zone}/actions/change_protection", {"delete": False}))
    did("zone.change_dnssec", lambda: api.post(f"{zone}/actions/change_dnssec", {"enabled": True}), details='{"enabled":true}')
    eventually(lambda: api.get(zone)["zone"]["dnssec"]["ds"], 30)
    did("zone.roll_ksk", lambda: api.post(f"{zone}/actions/roll_ksk"))
    api.post("/zones", {"name": "unproven.example"})
    with sqlite3.connect(fake.state / "core/ippo.db", timeout=10) as database:
        database.execute("UPDATE zone SET proof = 1, proof_until_ms = 9000000000000 WHERE name = 'unproven.example'")
    database.close()
    did("zone.check_proof", lambda: api.post("/zones/unproven.example/actions/check_proof", {}), "unproven.example")
    api.post("/zones", {"name": "fetched.example", "mode": "secondary", "primary_nameservers": [{"address": "9.9.9.9"}]})
    did("zone.change_primaries", lambda: api.post("/zones/fetched.example/actions/change_primary_nameservers", {"primary_nameservers": [{"address": "9.9.9.10"}]}),
        "fetched.example", details='{"addresses":["9.9.9.10"]}')
    did("zone.rollback", lambda: api.post(f"{zone}/actions/rollback", {"version": 2}), details='{"version":2}')
    did("zone.delete", lambda: api.delete(zone), "history.example")
    did("customer.permit_zone", lambda: api.post("/customers/1/actions/permit_zone", {"name": "a.example"}), details='{"zone":"a.example"}')
    did("customer.forbid_zone", lambda: api.post("/customers/1/actions/forbid_zone", {"name": "a.example"}))
    wall = did("firewall.create", lambda: api.post("/firewalls", {"name": "wall"}), "wall", customer_id=1, resource_type="firewall",
               details='{"rules":0}')["firewall"]["id"]
    did("firewall.update", lambda: api.put(f"/firewalls/{wall}", {"name": "wall2"}), details='{"name":"wall2"}')
    everywhere = [{"type": "label_selector", "label_selector": {"selector": "a=b"}}]
    did("firewall.apply", lambda: api.post(f"/firewalls/{wall}/actions/apply_to_resources", {"apply_to": everywhere}), "wall2",
        details='{"label_selector":"a=b"}')
    did("firewall.remove", lambda: api.post(f"/firewalls/{wall}/actions/remove_from_resources", {"remove_from": everywhere}), "wall2")
    did("firewall.set_rules", lambda: api.post(f"/firewalls/{wall}/actions/set_rules", {"rules": []}), "wall2", details='{"rules":0}')
    did("firewall.delete", lambda: api.delete(f"/firewalls/{wall}"), "wall2", resource_id=wall)
    did("customer_defaults.update", lambda: api.put("/customer_defaults", {"quotas": {"servers": 10}}), details='{"quotas":{"servers":10}}')
    for kind, home in (("floating_ip", "home_location"), ("primary_ip", "location")):
        made = did(f"{kind}.create", lambda: api.post(f"/{kind}s", {"type": "ipv4", home: "local", "name": "entrance"}), "entrance", customer_id=1,
                   resource_type=kind, details='{"name":"entrance","type":"ipv4"}')[kind]
        path = f"/{kind}s/{made['id']}"
        did(f"{kind}.update", lambda: api.put(path, {"name": "door"}), details='{"name":"door"}')
        did(f"{kind}.change_dns_ptr", lambda: api.post(f"{path}/actions/change_dns_ptr", {"ip": made["ip"], "dns_ptr": "a.example"}), "door",
            details=f'{{"dns_ptr":"a.example","ip":"{made["ip"]}"}}')
        did(f"{kind}.change_protection", lambda: api.post(f"{path}/actions/change_protection", {"delete": False}), "door", details='{"delete":false}')
        did(f"{kind}.delete", lambda: api.delete(path), "door", resource_id=made["id"])
    network = did("network.create", lambda: api.post("/networks", {"name": "inside", "ip_range": "10.0.0.0/16"}), "inside", customer_id=1,
                  resource_type="network", details='{"ip_range":"10.0.0.0/16","name":"inside"}')["network"]["id"]
    path = f"/networks/{network}"
    did("network.update", lambda: api.put(path, {"name": "within"}), "inside", resource_id=network, details='{"name":"within"}')
    subnet = {"type": "cloud", "network_zone": api.get("/locations")["locations"][0]["network_zone"], "ip_range": "10.0.1.0/24"}
    for verb, body, details in (("add_subnet", subnet, '{"ip_range":"10.0.1.0/24"}'), ("delete_subnet", subnet, '{"ip_range":"10.0.1.0/24"}'),
                                ("change_ip_range", {"ip_range": "10.0.0.0/12"}, '{"ip_range":"10.0.0.0/12"}'),
                                ("change_protection", {"delete": False}, '{"delete":false}')):
        did(f"network.{verb}", lambda: api.post(f"{path}/actions/{verb}", body), "within", resource_id=network, details=details)  # noqa: B023
    did("network.delete", lambda: api.delete(path), "within", resource_id=network)
    customer = did("customer.create", lambda: api.post("/customers", {"name": "midori"}), "midori", operator=1)["customer"]
    did("customer.update", lambda: api.put(f"/customers/{customer['id']}", {"suspended": True}), "midori", customer_id=customer["id"],
        operator=1, resource_id=customer["id"])
    did("customer.resume", lambda: api.delete(f"/customers/{customer['id']}/suspension"), "midori", customer_id=customer["id"], operator=1)
    did("customer.suspend", lambda: api.put(f"/customers/{customer['id']}/suspension", {"reason": "unpaid"}), "midori",
        customer_id=customer["id"], operator=1, details='{"reason":"unpaid"}')
    did("customer.delete", lambda: api.delete(f"/customers/{customer['id']}"), "midori", operator=1)
    # The account.
    key = did("ssh_key.create", lambda: api.post("/ssh_keys", {"name": "laptop", "public_key": Key(tmp_path).public}), "laptop",
              customer_id=1, operator=0)["ssh_key"]
    did("ssh_key.update", lambda: api.put(f"/ssh_keys/{key['id']}", {"name": "desktop"}), "laptop", details='{"name":"desktop"}')
    did("ssh_key.delete", lambda: api.delete(f"/ssh_keys/{key['id']}"), "desktop", resource_id=key["id"])
    token = did("token.create", lambda: api.post("/tokens", {"name": "short", "scope": "read"}), "short")["token"]
    did("token.delete", lambda: api.delete(f"/tokens/{token['id']}"), "short", resource_id=token["id"])
    # Images.
    image = did("image.import", lambda: api.post("/images", {"name": "gone", "url": "https://127.0.0.1:1/x"}), "gone", customer_id=0)
    api.wait(image["action"])
    listed = api.post("/images", {"name": "listed", "url": "https://127.0.0.1:1/x", "packages": "Built: 2026-11-20T10:00:00Z\nCodename: bookworm\n\nPackage: less\n"})["image"]
    did("image.check_updates", lambda: api.post(f"/images/{listed['id']}/actions/check_updates"), "listed", customer_id=0)
    tiny = api.get("/images?name=tiny")["images"][0]
    did("image.update", lambda: api.put(f"/images/{tiny['id']}", {"description": "for tests"}), "tiny")
    did("image.change_protection", lambda: api.put(f"/images/{tiny['id']}/protection", {"delete": False}), "tiny")
    # A server's life. What runs on has a line at each end.
    # A change of a filter that could cut somebody off, kept and taken back.
    guarded = api.create_server("guarded")
    wall = api.post("/firewalls", {"name": "wall3", "rules": [], "apply_to": []})["firewall"]["id"]
    target = [{"type": "server", "server": {"id": guarded["id"]}}]
    on_trial = {"trial": True, "trial_address": "203.0.113.5"}
    api.post(f"/firewalls/{wall}/actions/apply_to_resources", {"apply_to": target, **on_trial})
    did("firewall.revert", lambda: api.post(f"/firewalls/{wall}/actions/revert", {}), "wall3", resource_id=wall)
    api.post(f"/firewalls/{wall}/actions/apply_to_resources", {"apply_to": target, **on_trial})
    eventually(lambda: api.get(f"/firewalls/{wall}")["firewall"]["ippo"]["trial"]["in_force"])

    def confirm():
        api.session.close()  # what it opens from now on is new
        return api.post(f"/firewalls/{wall}/actions/confirm", {})
    did("firewall.confirm", confirm, "wall3", resource_id=wall)
    made = did("server.create", lambda: api.post("/servers", {"name": "walker", "server_type": "walk", "image": "tiny",
                                                              "start_after_create": False}), "walker", customer_id=1, result=1)
    server = made["server"]["id"]
    path = f"/servers/{server}"
    api.wait(made["action"])
    assert [line["result"] for line in rows(fake, "action_id = ?", made["action"]["id"])] == [1, 2]
    did("server.update", lambda: api.put(path, {"name": "runner"}), "walker", resource_id=server)

    def act(verb, body=None, **expected):
        did(f"server.{verb}", lambda: api.wait(api.post(f"{path}/actions/{verb}", body)["action"], success=None), "runner",
            resource_type="server", resource_id=server, **expected)
    act("change_type", {"server_type": "large", "upgrade_disk": True}, details='{"server_type":"large","upgrade_disk":true}')
    ip = api.get(path)["server"]["public_net"]["ipv4"]["ip"]
    act("change_dns_ptr", {"ip": ip, "dns_ptr": "www.example.org"}, result=2)
    for kind, field, number in (("floating_ip", "server", api.post("/floating_ips", {"type": "ipv4", "home_location": "local"})["floating_ip"]["id"]),
                                ("primary_ip", "assignee_id", api.get(path)["server"]["public_net"]["ipv4"]["id"])):
        way = f"/{kind}s/{number}/actions"
        verbs = [("assign", {field: server}), ("unassign", None)]
        for verb, body in verbs if kind == "floating_ip" else reversed(verbs):
            did(f"{kind}.{verb}", lambda: api.wait(api.post(f"{way}/{verb}", body)["action"]), f"{kind}-{number}", resource_id=number,
                resource_type=kind, details=f'{{"server":{server}}}')
    inside = api.post("/networks", {"name": "inside", "ip_range": "10.0.0.0/16", "subnets": [subnet]})["network"]["id"]
    for verb, more in (("attach_to_network", {"ip": "10.0.1.2"}), ("change_alias_ips", {"alias_ips": []}), ("detach_from_network", {})):
        act(verb, {"network": inside, **more}, details=f'{{"ip":"10.0.1.2","network":{inside}}}')
    act("change_guest_agent", {"enabled": False}, details='{"enabled":false}')
    act("change_guest_agent", {"enabled": True})
    act("change_protection", {"delete": False}, result=2, details='{"delete":false}')
    for verb in ("poweron", "reset", "reboot", "reset_password", "check_first_step", "shutdown"):
        act(verb, result=1)
    fake.close_edge({"id": server})
    act("open_inbound", result=2)
    rescue = tmp_path / "rescue.raw"
    rescue.write_bytes(bytes(1 << 20))
    fake.cli("image", "import", "rescue", "--type", "rescue", "--file", rescue)
    act("enable_rescue", {"ssh_keys": [api.post("/ssh_keys", {"name": "of-the-rescue", "public_key": public_key()})["ssh_key"]["id"]]}, result=2)
    act("disable_rescue", result=2)
    did("server.poweroff", lambda: api.wait(api.post(f"{path}/actions/poweroff")["action"], success=None), "runner")
    act("rebuild", {"image": "tiny"}, details='{"image":"tiny"}')
    act("enable_backup", details='{"backup_window":"02-06"}', result=2)
    act("create_image", {"type": "snapshot", "description": "before"})
    made = api.get("/images?type=snapshot&sort=id:desc")["images"][0]
    did("image.delete", lambda: api.delete(f"/images/{made['id']}"), "before", customer_id=1, operator=0)
    act("disable_backup", result=2)
    for verb in ("restore_kept_disk", "delete_kept_disk"):
        api.act({"id": server}, "poweron")
        eventually(lambda: fake.database("SELECT first_boot_done, seed FROM server WHERE id = ?", server) == [(1, 0)], 20)
        api.act({"id": server}, "poweroff")
        api.act({"id": server}, "rebuild", {"image": "tiny", "keep_disk": True})
        act(verb)
    api.act({"id": server}, "poweron")
    act_console = {"type": "serial", "mode": "view"}
    did("server.request_console", lambda: api.post(f"{path}/actions/request_console", act_console), "runner", result=2)
    # A console: its opening, that it was cut, and its end.
    viewer = open_console(fake, api, {"id": server}).until_live()
    console = viewer.greeting["console"]
    did("console.cut", lambda: api.delete(f"/consoles/{console}"), "runner", result=2)
    assert viewer.until_closed().code == CUT
    ends = eventually(lambda: rows(fake, "what = 'console.close' AND resource_id = ?", server))
    opened, = rows(fake, "what = 'console.open' AND resource_id = ?", server)
    for line in (opened, *ends):
        assert line["actor_name"] == "of hanako" and line["resource_name"] == "runner" and line["customer_id"] == 1
    assert f'"console":{console},"ended":"cut"' in ends[0]["details"] and '"bytes_out":' in ends[0]["details"]
    shiro = api.post("/customers", {"name": "shiro"})["customer"]["id"]
    eventually(lambda: not fake.database("SELECT seed FROM server WHERE id = ?", server)[0][0])
    did("server.hand_over", lambda: api.put(f"{path}/owner", {"customer": "shiro"}), "runner", count=2, customer_id=shiro, operator=1,
        details='{"direction":"in"}')
    did("server.hand_over", lambda: api.put(f"{path}/owner", {"customer": 1}), "runner", count=2, customer_id=1, operator=0,
        details='{"direction":"in"}')
    did("server.delete", lambda: api.delete_server({"id": server}), "runner", result=1)
    did("server_type.delete", lambda: api.delete(f"/server_types/{plan['id']}"), "walk")
    api.delete(f"/server_types/{large['id']}")
    # Coming in.
    invited = did("invitation.create", lambda: api.post("/invitations", {"operator": True}), customer_id=1)
    guest = fake.anonymous()
    entry = {"key": invited["link"].rsplit("/", 1)[1], "name": "kaede", "password": PASSWORD}
    did("invitation.redeem", lambda: guest.post("/invitations/redeem", entry), kind="session", actor="kaede", customer_id=1)
    session, = rows(fake, "what = 'session.create' AND actor_name = 'kaede'")
    assert session["resource_id"] > 0
    with_passkey = {"key": api.post("/invitations", {"role": "reader"})["link"].rsplit("/", 1)[1], "name": "kiku", "passkey_name": "ring"}
    kiku = fake.anonymous()
    made = Passkey("localhost", fake.url).make(kiku.post("/invitations/redeem/passkey/challenge", with_passkey)["passkey_challenge"]["challenge"])
    did("invitation.redeem_by_passkey", lambda: kiku.post("/invitations/redeem/passkey", {**with_passkey, **made}), kind="session", actor="kiku",
        customer_id=1)
    guest.session.cookies.clear()
    did("session.create", lambda: guest.post("/sessions", {"name": "kaede", "password": PASSWORD}), kind="session", actor="kaede",
        customer_id=1, operator=0)
    guest.session.headers.update({"Origin": fake.url, **PANEL})
    of_kaede = {"kind": "session", "actor": "kaede"}
    did("session.end_others", lambda: guest.delete("/sessions"), **of_kaede)
    current, = guest.get("/sessions")["sessions"]
    did("session.delete", lambda: guest.delete("/sessions/current"), resource_id=current["id"], **of_kaede)
    guest.post("/sessions", {"name": "kaede", "password": PASSWORD})
    guest.post("/sessions", {"name": "kaede", "password": PASSWORD})
    other = next(one["id"] for one in guest.get("/sessions")["sessions"] if not one["current"])
    did("session.end", lambda: guest.delete(f"/sessions/{other}"), resource_id=other, **of_kaede)
    did("user.change_password", lambda: guest.put("/me/password", {"current_password": PASSWORD, "password": PASSWORD[::-1]}), "kaede",
        **of_kaede)
    kaede = guest.get("/me")["me"]["user"]["id"]
    did("session.prove", lambda: guest.post("/sessions/current/proof", {"password": PASSWORD[::-1]}), **of_kaede)
    secret = did("user.begin_two_step", lambda: guest.post("/me/two_step"), "kaede", **of_kaede)["two_step"]["secret"]
    did("user.enable_two_step", lambda: guest.post("/me/two_step/confirm", {"code": totp(secret)}), "kaede", resource_id=kaede, **of_kaede)
    did("user.renew_recovery_codes", lambda: guest.post("/me/two_step/recovery_codes"), "kaede", **of_kaede)
    did("user.disable_two_step", lambda: guest.delete("/me/two_step"), "kaede", **of_kaede)
    passkey, numbers = Passkey("localhost", fake.url), []
    for _ in range(2):
        made = passkey.make(guest.post("/me/passkeys/challenge")["passkey_challenge"]["challenge"])
        numbers.append(did("user.add_passkey", lambda: guest.post("/me/passkeys", {"name": "ring", **made}), "kaede", resource_id=kaede,
                           details='{"passkey":"ring"}', **of_kaede)["passkey"]["id"])
        last, passkey = passkey, Passkey("localhost", fake.url)
    shown = last.show(guest.post("/sessions/current/proof/passkey/challenge")["passkey_challenge"]["challenge"])
    did("session.prove_by_passkey", lambda: guest.post("/sessions/current/proof/passkey", shown), details='{"passkey":"ring"}', **of_kaede)
    again = last.show(guest.post("/sessions/passkey/challenge")["passkey_challenge"]["challenge"])
    did("session.create_by_passkey", lambda: guest.post("/sessions/passkey", again), details='{"passkey":"ring"}', customer_id=1, operator=0, **of_kaede)
    did("user.delete_passkey", lambda: guest.delete(f"/me/passkeys/{numbers[0]}"), "kaede", resource_id=kaede, details='{"passkey":"ring"}', **of_kaede)
    did("user.remove_passkey", lambda: api.delete(f"/users/{kaede}/passkeys/{numbers[1]}"), "kaede", resource_id=kaede, customer_id=0)
    secret = guest.post("/me/two_step")["two_step"]["secret"]
    guest.post("/me/two_step/confirm", {"code": totp(secret)})
    did("user.remove_two_step", lambda: api.delete(f"/users/{kaede}/two_step"), "kaede", resource_id=kaede, customer_id=0)
    did("user.set_mail", lambda: guest.put("/me/mail", {"address": "kaede@example.com"}), "kaede", resource_id=kaede, **of_kaede)
    link, = [line for line in fake.mails("kaede@example.com")[0].splitlines() if "/#/confirm-mail/" in line]
    did("user.confirm_mail", lambda: fake.anonymous().post("/mail_confirmations/redeem", {"key": link.rsplit("/", 1)[1]}), "kaede",
        resource_id=kaede, customer_id=1, kind="session", actor="kaede")
    did("user.remove_mail", lambda: guest.delete("/me/mail"), "kaede", resource_id=kaede, **of_kaede)
    did("user.give_mail", lambda: api.put(f"/users/{kaede}/mail", {"address": "kaede@example.com"}), "kaede", resource_id=kaede,
        customer_id=0)
    did("user.take_mail", lambda: api.delete(f"/users/{kaede}/mail"), "kaede", resource_id=kaede, customer_id=0)
    did("outbox.test", lambda: api.post("/outbox/test", {"address": "desk@example.com"}), resource_type="message")
    failed = fake.fail_a_mail()
    dropped = fake.fail_a_mail()
    did("outbox.discard", lambda: api.delete(f"/outbox/{dropped}"), "Hello", resource_type="message", resource_id=dropped)
    did("outbox.retry", lambda: api.post(f"/outbox/{failed}/retry"), "Hello", resource_type="message", resource_id=failed)
    reset = did("user.reset_password", lambda: api.post(f"/users/{kaede}/password_reset"), "kaede", resource_id=kaede, customer_id=0)
    new = {"key": reset["link"].rsplit("/", 1)[1], "password": PASSWORD}
    did("user.set_password", lambda: guest.post("/password_resets/redeem", new), "kaede", **of_kaede)
    new = {"key": api.post(f"/users/{kaede}/password_reset")["link"].rsplit("/", 1)[1], "passkey_name": "ring"}
    made = passkey.make(guest.post("/password_resets/redeem/passkey/challenge", new)["passkey_challenge"]["challenge"])
    did("user.set_passkey", lambda: guest.post("/password_resets/redeem/passkey", {**new, **made}), "kaede", resource_id=kaede,
        details='{"passkey":"ring"}', **of_kaede)
    did("user.update", lambda: api.put(f"/users/{kaede}", {"disabled": False}), "kaede", details='{"disabled":false}')
    # The people of an account.
    fuji = api.post("/customers", {"name": "fuji"})["customer"]["id"]
    of_fuji = {"headers": {"X-Ippo-Customer": "fuji"}}
    gone = api.post("/invitations", {"role": "reader", "name": "sora"}, **of_fuji)["invitation"]["id"]
    did("invitation.delete", lambda: api.delete(f"/invitations/{gone}"), "sora", customer_id=fuji)
    link = api.post("/invitations", {"role": "reader"}, **of_fuji)["link"]
    did("invitation.accept", lambda: guest.post("/invitations/accept", {"key": link.rsplit("/", 1)[1]}), customer_id=fuji, **of_kaede)
    did("member.update", lambda: api.put(f"/members/{kaede}", {"role": "operator"}, **of_fuji), "kaede", customer_id=fuji,
        details='{"before":"reader","role":"operator"}')
    did("session.switch", lambda: guest.put("/sessions/current", {"customer": 1}), customer_id=1, **of_kaede)
    did("member.delete", lambda: api.delete(f"/members/{kaede}", **of_fuji), "kaede", customer_id=fuji)
    link = api.post("/invitations", {"role": "reader"}, **of_fuji)["link"]
    guest.post("/invitations/accept", {"key": link.rsplit("/", 1)[1]})
    did("member.leave", lambda: guest.delete("/members/current"), "kaede", customer_id=fuji, **of_kaede)
    link = api.post("/invitations", {"role": "reader"}, **of_fuji)["link"]
    momo = Person(fake, "momo").join(link).id
    did("user.delete", lambda: api.delete(f"/users/{momo}"), "momo", customer_id=0, resource_id=momo)
    api.delete(f"/customers/{fuji}")
    # Words to the operators: their subject, and never their text.
    thread = did("contact_thread.create", lambda: api.post("/contact_threads", {"subject": "Hello", "text": "s3cret"}), "Hello", customer_id=1)
    thread = f"/contact_threads/{thread['contact_thread']['id']}"
    did("contact_thread.reply", lambda: api.post(f"{thread}/messages", {"text": "s3cret"}), "Hello", customer_id=1, details="")
    enclosed = attach(api, "screen.txt", b"s3cret")["id"]
    did("contact_thread.reply", lambda: api.post(f"{thread}/messages", {"text": "s3cret", "attachments": [enclosed]}), "Hello", customer_id=1,
        details='{"attachments":1}')
    did("contact_attachment.delete", lambda: api.delete(f"/contact_attachments/{enclosed}"), "screen.txt", customer_id=1)
    did("contact_thread.update", lambda: api.put(thread, {"state": "closed"}), "Hello", details='{"state":"closed"}')
    # On the service's own machine.
    did("backup.create", lambda: fake.cli("backup", tmp_path / "backup.tar"), kind="local", actor="root", peer="local", actor_id=0)
    did("image.delete", lambda: fake.cli("image", "delete", str(image["image"]["id"]), "--yes", check=False)
        if api.request("GET", f"/images/{image['image']['id']}").ok else delete_an_image(fake), kind="local", actor="root", peer="local")
    missing = {what for _, _, what in events() if what not in "?-"} - walk.seen
    assert not missing, f"not walked through: {missing}"
    assert recompute(fake) is None


def delete_an_image(fake):
    disk = fake.dir / "other.raw"
    disk.write_bytes(bytes(1 << 20))
    fake.import_image("other", disk)
    fake.cli("image", "delete", "other", "--yes")


def settled(ippo):
    """The head of the chain once what still ran has written its second line."""
    heads = []

    def quiet():
        heads.append(ippo.database("SELECT head_id FROM history_chain"))
        time.sleep(1.5)
        return heads[-1] == ippo.database("SELECT head_id FROM history_chain")
    eventually(quiet, 60)
    return heads[-1]


def test_reads_and_malformed_requests_make_no_line(fake, people):
    _, operator, _, _ = people
    head = settled(fake)
    for path in ("/servers", "/me", "/history", "/history?format=csv", "/history/verify", "/tokens", "/health"):
        assert operator.request("GET", path).ok
    assert operator.error("POST", "/servers", {"name": "-"})[0] == 422
    assert operator.error("POST", "/ssh_keys", {"name": "x"})[0] == 422
    assert operator.error("DELETE", "/servers/999999")[0] == 404
    assert operator.error("POST", "/volumes", {}) == (422, "unsupported_error")
    assert fake.database("SELECT head_id FROM history_chain") == head


def test_what_was_refused_is_told_and_bounded(fake, people):
    _, operator, _, theirs = people
    assert theirs.error("POST", "/customers", {"name": "mine"}) == (403, "forbidden")
    line = history(theirs)[0]
    assert (line["what"], line["result"], line["error"]) == ("customer.create", "refused", "forbidden")
    server = operator.create_server("locked")
    operator.act(server, "change_protection", {"delete": True})
    assert operator.error("DELETE", f"/servers/{server['id']}") == (423, "protected")
    line = history(operator)[0]
    assert (line["what"], line["result"], line["error"], line["resource"]["name"]) == ("server.delete", "refused", "protected", "locked")
    operator.act(server, "change_protection", {"delete": False})
    # Of a server of somebody else not even the name is told.
    assert theirs.error("DELETE", f"/servers/{server['id']}") == (404, "not_found")
    operator.delete_server(server)
    reader = Api(fake.url, fake.ca, operator.post("/tokens", {"name": "reader", "scope": "read"})["secret"])
    for _ in range(100):
        assert reader.error("DELETE", f"/servers/{server['id']}") == (403, "token_readonly")
    assert len(rows(fake, "actor_name = 'reader'")) == 60


def test_wrong_sign_ins(fake, people):
    """Known accounts are named, a name that nobody has is not kept, and nobody makes the table grow without bound."""
    _, operator, _, _ = people
    guest = fake.anonymous()
    secret = "my password in the wrong field 77"
    assert guest.error("POST", "/sessions", {"name": "hanako", "password": "wrong"}) == (401, "unauthorized")
    assert guest.error("POST", "/sessions", {"name": secret, "password": PASSWORD})[0] == 401
    lines = eventually(lambda: len(rows(fake, "what = 'session.fail'")) >= 2 and rows(fake, "what = 'session.fail'"))
    known, unknown = lines[:2]
    assert (known["resource_name"], known["customer_id"], known["error_code"]) == ("hanako", 1, "unauthorized")
    assert (unknown["resource_name"], unknown["customer_id"]) == ("", 0)
    assert known["peer"].endswith("127.0.0.1")
    before = len(rows(fake, "what = 'session.fail'"))
    for number in range(60):
        assert guest.error("POST", "/sessions", {"name": f"nobody-{number}", "password": "wrong"})[0] == 401
    time.sleep(1)
    assert len(rows(fake, "what = 'session.fail' AND resource_id = 0")) == 30
    for _ in range(10):
        guest.error("POST", "/sessions", {"name": "hanako", "password": "wrong"})  # soon throttled
    time.sleep(1)
    assert len(rows(fake, "what = 'session.fail'")) <= before + 30 + 10
    # What was counted alone is told when the hour is over, or the service stops.
    fake.restart()
    counted = rows(fake, "what = 'session.fail' AND actor = 4")
    assert {line["resource_name"] for line in counted} == {"", "hanako"}
    assert '{"counted":31}' in {line["details"] for line in counted}
    assert int(fake.database("SELECT value FROM setting WHERE key = 'history.wrong_sign_ins'")[0][0]) >= 31
    for path in (fake.state / "core").iterdir():
        assert secret.encode() not in path.read_bytes()
    assert operator.get("/history/verify")["verification"]["whole"]


def test_no_secret_is_in_any_line(fake, people):
    """Whatever was given out once in this module, or typed."""
    browser, operator, _, _ = people
    answer = operator.post("/servers", {"name": "secret", "server_type": "1g", "image": "tiny", "start_after_create": False,
                                        "user_data": "#cloud-config\n# canary-user-data-91\n{}\n"})
    operator.wait(answer["action"])
    path = f"/servers/{answer['server']['id']}"
    rebuilt = operator.post(f"{path}/actions/rebuild", {"image": "tiny", "user_data": "#cloud-config\n# canary-user-data-92\n{}\n"})
    operator.wait(rebuilt["action"])
    token = operator.post("/tokens", {"name": "canary"})["secret"]
    link = operator.post("/invitations", {})["link"]
    imported = operator.post("/images", {"name": "signed", "url": "https://127.0.0.1:1/x?sig=canary-url-93"})
    operator.wait(imported["action"], success=None)
    operator.act({"id": answer["server"]["id"]}, "poweron")
    asked = operator.post(f"{path}/actions/request_console", {"type": "serial"})
    operator.delete_server({"id": answer["server"]["id"]})
    secrets = [PASSWORD, answer["root_password"], rebuilt["root_password"], token, link.rsplit("/", 1)[1], asked["password"],
               browser.session.cookies.get("__Host-ippo"), "canary-user-data", "canary-url"]
    text = repr(rows(fake)) + operator.request("GET", "/history?format=csv").text + fake.cli("history", "list", "--json").stdout
    assert "secret" in text and "signed" in text
    assert all(secrets)
    for secret in secrets:
        assert secret not in text


def test_customers_see_their_own_and_operators_everything(fake, people, key):
    _, operator, customer, theirs = people
    theirs.post("/ssh_keys", {"name": "own", "public_key": key.public})
    operator.post("/tokens", {"name": "another"}, headers={"X-Ippo-Customer": "aoi"})
    lines = theirs.every("/history", "history")
    assert lines and {line["customer_id"] for line in lines} == {customer["id"]}
    # What an operator did in their account is marked.
    by_operator = [line for line in lines if line["what"] == "token.create"]
    assert by_operator and all(line["operator"] and line["actor"]["name"] == "of hanako" for line in by_operator)
    everything = operator.every("/history", "history")
    assert {None, 1, customer["id"]} <= {line["customer_id"] for line in everything}
    assert [line["id"] for line in everything] == sorted((line["id"] for line in everything), reverse=True)
    for way in ({"path": f"/history?customer={customer['id']}"}, {"path": "/history?customer=aoi"},
                {"path": "/history", "headers": {"X-Ippo-Customer": "aoi"}}):
        path = way.pop("path")
        assert operator.get(path, **way)["meta"]["pagination"]["total_entries"] == len(lines)
    assert all(line["customer_id"] is None for line in operator.get("/history?customer=service")["history"])
    # Nothing that is asked for leads to others.
    foreign = next(line for line in everything if line["customer_id"] == 1 and line["what"] == "server.create")
    for query in (f"action={foreign['action_id']}", f"server={foreign['resource']['id']}", "actor=of+hanako&what=server.create",
                  f"before={foreign['id'] + 1}&what=server", "result=accepted", "from=2020-01-01&to=2999-01-01&what=image"):
        assert {line["customer_id"] for line in theirs.get(f"/history?{query}")["history"]} <= {customer["id"]}, query
        found = theirs.request("GET", f"/history?format=csv&{query}").text
        assert {row["customer_id"] for row in csv.DictReader(io.StringIO(found))} <= {str(customer["id"])}, query
    assert theirs.error("GET", "/history?customer=1") == (403, "forbidden")
    assert theirs.error("GET", "/history/verify") == (403, "forbidden")
    assert fake.anonymous().error("GET", "/history") == (401, "unauthorized")


def test_filters(fake, people):
    _, operator, _, _ = people
    everything = operator.every("/history", "history")

    def ids(query):
        return [line["id"] for line in operator.every(f"/history?{query}", "history")]

    def those(test):
        return [line["id"] for line in everything if test(line)]
    assert ids("what=session.fail") == those(lambda line: line["what"] == "session.fail")
    assert ids("what=server") == those(lambda line: line["what"].startswith("server."))
    assert ids("actor=hanako") == those(lambda line: line["actor"]["name"] == "hanako")
    assert ids("result=refused") == those(lambda line: line["result"] == "refused")
    assert ids("result=success&what=token") == those(lambda line: line["what"].startswith("token.") and line["result"] == "success")
    one = next(line for line in everything if line["what"] == "server.create")
    assert ids(f"action={one['action_id']}") == those(lambda line: line["action_id"] == one["action_id"])
    assert ids(f"server={one['resource']['id']}") == those(
        lambda line: line["resource"] and line["resource"]["type"] == "server" and line["resource"]["id"] == one["resource"]["id"])
    middle = everything[len(everything) // 2]
    assert ids(f"before={middle['id']}") == those(lambda line: line["id"] < middle["id"])
    start = middle["time"].replace("+", "%2B")
    assert ids(f"from={start}") == those(lambda line: line["time"] >= middle["time"])
    assert ids(f"to={start}") == those(lambda line: line["time"] < middle["time"])
    assert ids("to=2020-01-01") == []
    page = operator.get("/history?page=2&per_page=7")
    assert [line["id"] for line in page["history"]] == [line["id"] for line in everything[7:14]]
    assert page["meta"]["pagination"]["total_entries"] == len(everything)
    for bad in ("from=yesterday", "to=2026-02-30", "result=good", "server=x", "format=xml", "customer=none-such", "before=0"):
        assert operator.error("GET", f"/history?{bad}") == (422, "invalid_input"), bad


def test_csv_is_safe_to_open(fake, people):
    """RFC 4180, and no field that a spreadsheet would run."""
    _, operator, _, _ = people
    nasty = ["=HYPERLINK(\"http://evil\")", "+1+1", "-2+3", "@SUM(A1)", "a,b \"c\"", "日本語"]
    for name in nasty:
        operator.post("/tokens", {"name": name})
    answer = operator.request("GET", "/history?what=token.create&format=csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    body = answer.content.decode()
    assert body.count("\r\n") == body.count("\n")
    found = list(csv.DictReader(io.StringIO(body, newline=""), strict=True))
    listed = operator.every("/history?what=token.create", "history")
    assert [int(row["id"]) for row in found] == [line["id"] for line in listed]
    names = [row["resource"] for row in found][:len(nasty)][::-1]
    assert names == ["'" + name if name[0] in "=+-@" else name for name in nasty]
    for row in found:
        assert not any(value[:1] in "=+-@\t\r" for value in row.values() if value)
    assert {row["hash"] for row in found} == {line["hash"] for line in listed}
    assert operator.request("GET", "/history?what=token.create", headers={"Accept": "text/csv"}).content == answer.content
    for row in found:
        if row["resource"].strip("'") in nasty:
            operator.delete(f"/tokens/{row['resource_id']}")


def test_the_command_line(fake, people, tmp_path):
    _, operator, _, _ = people
    server = operator.create_server("by-name")
    shown = fake.cli("history", "list", "--server", "by-name").stdout
    assert "server.create" in shown and "of hanako" in shown and "127.0.0.1" in shown and shown.startswith("ID")
    lines = fake.cli_json("history", "list", "--lines", "60")
    assert len(lines) == 60 and lines == operator.every("/history", "history")[:60]
    assert fake.cli("history", "list", "--what", "moon.rise").stdout == "There are no such lines.\n"
    assert {line["customer_id"] for line in fake.cli_json("history", "list", "--customer", "aoi")} != {None}
    target = tmp_path / "history.csv"
    fake.cli("history", "export", "--file", target)
    assert len(list(csv.reader(target.open(newline="")))) == len(operator.every("/history", "history")) + 1
    assert fake.cli("history", "export", "--file", target, check=False).returncode == 2
    assert fake.cli("history", "export", "--what", "token").stdout.count("token.") > 3
    done = fake.cli("history", "verify")
    head, = fake.database("SELECT head_id || ':' || lower(hex(head_hash)) FROM history_chain")[0]
    assert "Whole" in done.stdout and head in done.stdout
    assert fake.cli_json("history", "verify")["whole"] is True
    assert fake.cli("history", "verify", "--noted", head).returncode == 0
    wrong = head[:-1] + ("0" if head[-1] != "0" else "1")
    refused = fake.cli("history", "verify", "--noted", wrong, check=False)
    assert refused.returncode == 1 and f"line {head.partition(':')[0]} is not the one that was noted" in refused.stdout
    assert fake.cli("history", "verify", "--noted", "x", check=False).returncode == 1
    assert "history" in fake.cli("--help").stdout and "--noted" in fake.cli("history", "verify", "--help").stdout
    assert "--actor" in fake.cli("completion", "bash").stdout
    operator.delete_server(server)


def test_the_head_is_in_the_log(fake):
    fake.restart()
    head = fake.database("SELECT head_id || ':' || lower(hex(head_hash)) FROM history_chain")[0][0]
    eventually(lambda: f"history: head {head}" in fake.log.read_text(), 20)


# --- crashes, backups, tampering: an instance of its own ---

@pytest.fixture
def own(tmp_path):
    instance = IppoInstance("fake")
    try:
        instance.start()
        disk = tmp_path / "disk.raw"
        disk.write_bytes(bytes(1 << 20))
        instance.import_image("tiny", disk)
        yield instance
    finally:
        instance.close()


def public_key():
    """One that nobody has the private half of."""
    blob = struct.pack(">I", 11) + b"ssh-ed25519" + struct.pack(">I", 32) + os.urandom(32)
    return "ssh-ed25519 " + base64.b64encode(blob).decode()


def test_no_crash_parts_a_change_from_its_line(own):
    """kill -9 of core in the middle of many changes, again and again."""
    api = own.api()
    chance = random.Random(4)

    def change(name):
        """Made, and perhaps deleted, while the service dies now and then."""
        try:
            key = own_api().post("/ssh_keys", {"name": name, "public_key": public_key()})["ssh_key"]
            if chance.random() < 0.5:
                own_api().delete(f"/ssh_keys/{key['id']}")
        except Exception:  # it died under us: whether it happened is what the database says
            pass

    def own_api():
        return Api(own.url, own.ca, own.tokens["test"])
    assert api.get("/me")
    for blow in range(8):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            waiting = [pool.submit(change, f"crash-{blow}-{number}") for number in range(40)]
            time.sleep(chance.uniform(0.02, 0.25))
            own.kill("core")
            for future in waiting:
                future.result()
        own.wait_healthy()
    there = {name for name, in own.database("SELECT name FROM ssh_key WHERE name LIKE 'crash-%'")}
    made = [line["resource_name"] for line in rows(own, "what = 'ssh_key.create' AND resource_name LIKE 'crash-%' AND result = 2")]
    gone = [line["resource_name"] for line in rows(own, "what = 'ssh_key.delete' AND result = 2")]
    assert len(made) == len(set(made)) and len(gone) == len(set(gone))
    assert set(made) - set(gone) == there and set(gone) <= set(made)
    assert len(made) > 40 and len(gone) > 10, "the blows fell on nothing"
    assert recompute(own) is None
    assert own.cli("history", "verify").returncode == 0


def test_backup_and_restore_keep_the_chain(own, tmp_path):
    api = own.api()
    api.create_server("kept")
    noted = own.cli_json("history", "verify")["head"]
    own.cli("backup", tmp_path / "state.tar")
    api.post("/ssh_keys", {"name": "after the backup", "public_key": public_key()})
    own.stop()
    run(BUILD / "ippo", "--config", own.config, "restore", tmp_path / "state.tar", "--yes")
    own.start()
    assert recompute(own) is None
    assert own.cli("history", "verify", "--noted", f"{noted['id']}:{noted['hash']}").returncode == 0
    assert not rows(own, "resource_name = 'after the backup'")
    own.api().post("/ssh_keys", {"name": "later", "public_key": public_key()})
    assert own.cli("history", "verify").returncode == 0


def test_what_was_tampered_with_is_named(own):
    for number in range(12):
        own.cli("token", "create", f"t{number}")
    database = own.state / "core/ippo.db"
    with sqlite3.connect(database, timeout=10) as opened:
        for sql in ("UPDATE history SET actor_name = 'x' WHERE id = 5", "DELETE FROM history WHERE id = 5"):
            with pytest.raises(sqlite3.DatabaseError):
                opened.execute(sql)
        opened.rollback()
        for name in ("update", "delete", "insert"):
            opened.execute(f"DROP TRIGGER history_{name}")
        opened.execute("UPDATE history SET actor_name = 'somebody else' WHERE id = 5")
        opened.execute("DELETE FROM history WHERE id IN (7, 8)")
        opened.execute("DELETE FROM history WHERE id = (SELECT max(id) FROM history)")
    found = own.cli("history", "verify", check=False)
    assert found.returncode == 1
    assert "line 5 was changed" in found.stdout and "lines 7 to 8 are missing" in found.stdout
    last, = own.database("SELECT head_id FROM history_chain")[0]
    assert f"line {last} is missing" in found.stdout and "NOT WHOLE" in found.stdout
    assert recompute(own) == 5
    machine = json.loads(own.cli("history", "verify", "--json", check=False).stdout)
    assert [one["first"] for one in machine["problems"]] == [5, 7, last]


def grow(ippo, count):
    """Writes many lines at the end, as the service would."""
    with sqlite3.connect(ippo.state / "core/ippo.db") as database:
        head, previous = database.execute("SELECT head_id, head_hash FROM history_chain").fetchone()
        for number in range(head + 1, head + count + 1):
            row = (number, 1700000000000 + number, 1, 4, 0, "", 0, "", "server.poweron", 2, "", "server", number, f"server-{number}", 0, "")
            text = b"ippo history 1\n\0" + previous
            for value in row:
                text += struct.pack("<q", value) if isinstance(value, int) else struct.pack("<I", len(value.encode())) + value.encode()
            previous = hashlib.sha256(text).digest()
            database.execute(f"INSERT INTO history({COLUMNS}) VALUES ({','.join('?' * 17)})", (*row, previous))
            database.execute("UPDATE history_chain SET head_id = ?, head_hash = ?", (number, previous))


def memory(pid):
    """What a process has to itself, in KiB."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(number) for number in re.findall(r"^Private_\w+: +(\d+)", text, re.MULTILINE))


def test_a_long_export_waits_for_its_reader(own):
    """However slow it is, nothing piles up, nobody else waits, and one that goes away leaves nothing behind."""
    api = own.api()
    own.stop()
    grow(own, 80000)
    own.start()
    assert own.cli_json("history", "verify")["whole"]
    before = {role: memory(own.pid(role)) for role in ("core", "web")}
    with api.request("GET", "/history?format=csv", stream=True) as slow:
        parts = slow.iter_content(65536)
        got = [next(parts)]
        for _ in range(20):
            start = time.monotonic()
            assert api.get("/me")
            assert time.monotonic() - start < 1
            got.append(next(parts))
            time.sleep(0.02)
        grown = {role: memory(own.pid(role)) - before[role] for role in before}
        assert all(size < 8192 for size in grown.values()), grown
        body = b"".join([*got, *parts]).decode()
    numbers = [int(row["id"]) for row in csv.DictReader(io.StringIO(body, newline=""))]
    assert len(body) > 10 << 20
    first, = own.database("SELECT min(id) FROM history WHERE customer_id = 1")[0]  # the image before it is of the service
    assert numbers == list(range(numbers[0], first - 1, -1)) and len(numbers) > 80000
    for _ in range(20):
        with api.request("GET", "/history?format=csv", stream=True) as left:
            next(left.iter_content(1000))
    eventually(lambda: api.request("GET", "/history?format=csv&what=moon").ok, 5)
    everything = own.cli("history", "export").stdout
    assert everything.count("\n") == own.database("SELECT head_id FROM history_chain")[0][0] + 1


def test_retention(tmp_path):
    own = IppoInstance("fake", {"core": {"history_days": 30}})
    try:
        own.start()
        for number in range(6):
            own.cli("token", "create", f"t{number}")
        own.stop()
        # As if the first four had been written long ago: the chain is made anew for it, as only a test would.
        with sqlite3.connect(own.state / "core/ippo.db") as opened:
            age(opened, 4)
        assert recompute(own) is None
        own.start()
        eventually(lambda: not rows(own, "id <= 4"), 20)
        pruned = eventually(lambda: rows(own, "what = 'history.prune'"), 20)
        assert len(pruned) == 1 and pruned[0]["actor"] == 4 and '"lines":4' in pruned[0]["details"]
        assert recompute(own) is None
        answer = own.cli_json("history", "verify")
        assert answer["whole"] and answer["anchor"]["id"] == 4
        assert "Pruned" in own.cli("history", "verify").stdout
    finally:
        own.close()


def age(database, count):
    """Makes the first lines a year old, and the whole chain fit again."""
    triggers = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'history%'").fetchall()
    for name, _ in triggers:
        database.execute(f"DROP TRIGGER {name}")
    database.execute("UPDATE history SET time_ms = time_ms - 366 * 86400000 WHERE id <= ?", (count,))
    previous = bytes(32)
    for row in database.execute(f"SELECT {COLUMNS} FROM history ORDER BY id").fetchall():
        text = b"ippo history 1\n\0" + previous
        for value in row[:-1]:
            text += struct.pack("<q", value) if isinstance(value, int) else struct.pack("<I", len(value.encode())) + value.encode()
        previous = hashlib.sha256(text).digest()
        database.execute("UPDATE history SET hash = ? WHERE id = ?", (previous, row[0]))
    database.execute("UPDATE history_chain SET head_hash = ?", (previous,))
    for _, sql in triggers:
        database.execute(sql)

"""Images made from servers, through web and core to a host in memory: snapshots, backups by the day, and servers made from them."""
import re
import sqlite3
import time

import pytest

import test_crash as crash
from ippo_testing import eventually

GIB = 1 << 30


@pytest.fixture(scope="module")
def service(fake):
    fake.cli("plan", "create", "small", "--cores", "1", "--memory", "512", "--disk", "10", "--monthly", "1000")
    fake.cli("plan", "create", "large", "--cores", "1", "--memory", "512", "--disk", "20", "--monthly", "2000")
    yield fake
    crash.faults(fake)


@pytest.fixture
def api(service):
    return service.api()


def made(api, name, **fields):
    return api.create_server(name, **{"server_type": "small", **fields})


def images(service):
    return {number for kind, _, number in crash.world(service) if kind == "images"}


def rows(service):
    return {row[0] for row in service.database("SELECT id FROM image")}


def whole(service):
    """What the host holds and what rows there are is the same."""
    eventually(lambda: images(service) == rows(service), 20)


def take(api, server, **fields):
    answer = api.post(f"/servers/{server['id']}/actions/create_image", fields)
    api.wait(answer["action"])
    return api.get(f"/images/{answer['image']['id']}")["image"]


def backdate(service, statement, *values):
    service.stop()
    with sqlite3.connect(f"{service.state}/core/ippo.db") as database:
        database.execute(statement, values)
    service.start()


def hurry(service):
    """A sweep of the host, as there is one each minute: it begins with the host."""
    service.kill("host")
    service.wait_healthy()


@pytest.mark.parametrize("start", [False, True])
def test_a_snapshot(api, service, start):
    server = made(api, f"model-{start}".lower(), start=start)
    answer = api.post(f"/servers/{server['id']}/actions/create_image", {"description": "before the upgrade", "labels": {"a": "b"}})
    image, action = answer["image"], answer["action"]
    assert image["type"] == "snapshot" and image["status"] == "creating" and image["name"] is None
    assert action["command"] == "create_image" and action["resources"] == [
        {"id": server["id"], "type": "server"}, {"id": image["id"], "type": "image"}]
    api.wait(action)
    image = api.get(f"/images/{image['id']}")["image"]
    assert image["status"] == "available" and image["disk_size"] == 10 and image["image_size"] == 2.5
    assert image["created_from"] == {"id": server["id"], "name": server["name"]} and image["bound_to"] is None
    assert image["description"] == "before the upgrade" and image["labels"] == {"a": "b"} and image["os_flavor"] == "tiny"
    after = api.server(server)
    assert after["status"] == ("running" if start else "off") and not after["locked"]
    assert image in api.get("/images?type=snapshot&sort=created:desc")["images"]
    assert image not in api.get("/images?type=backup")["images"]
    # Without a description it says when.
    other = take(api, server)
    assert re.fullmatch(rf"{server['name']} \d{{4}}-\d\d-\d\d \d\d:\d\d", other["description"])
    lines = service.database("SELECT result, details FROM history WHERE what = 'server.create_image' AND resource_id = ?", server["id"])
    assert len(lines) == 4 and f'"image":{image["id"]}' in lines[0][1]
    # It stays when its server goes.
    api.delete_server(server)
    assert api.get(f"/images/{image['id']}")["image"] == image
    for each in (image, other):
        assert api.request("DELETE", f"/images/{each['id']}").status_code == 204
        assert api.error("GET", f"/images/{each['id']}") == (404, "not_found")
    whole(service)


def test_a_server_from_it_and_what_becomes_of_both(api, service):
    server = made(api, "source")
    image = take(api, server)
    copy = made(api, "copy", image=image["id"], start=True)
    assert copy["image"]["id"] == image["id"] and copy["ippo"]["uuid"] != server["ippo"]["uuid"]
    seed = (service.state / "host/seed").read_text()
    assert copy["ippo"]["uuid"] in seed, "the new server was not given an identity of its own"
    # It is a copy: the image may go, and the server stays what it is.
    api.delete(f"/images/{image['id']}")
    whole(service)
    assert api.server(copy)["image"] is None and api.server(copy)["status"] == "running"
    api.act(copy, "reboot")
    again = take(api, copy)
    api.act(server, "rebuild", {"image": again["id"]})
    assert api.server(server)["image"]["id"] == again["id"]
    api.delete(f"/images/{again['id']}")
    for each in (server, copy):
        api.delete_server(each)
    whole(service)


def test_a_disk_that_is_too_small(api, service):
    server = made(api, "wide", server_type="large")
    image = take(api, server)
    assert image["disk_size"] == 20
    refused = api.request("POST", "/servers", {"name": "narrow", "server_type": "small", "image": image["id"]})
    assert refused.json()["error"]["code"] == "invalid_input" and "20 GB" in refused.json()["error"]["message"]
    narrow = made(api, "narrow")
    assert api.error("POST", f"/servers/{narrow['id']}/actions/rebuild", {"image": image["id"]}) == (422, "invalid_input")
    for each in (server, narrow):
        api.delete_server(each)
    api.delete(f"/images/{image['id']}")
    whole(service)


def test_what_is_refused(api, service):
    server = made(api, "strict")
    path = f"/servers/{server['id']}/actions"
    before = rows(service)
    assert api.error("POST", f"{path}/create_image", {"type": "system"}) == (422, "invalid_input")
    assert api.error("POST", f"{path}/create_image", {"type": "backup"}) == (422, "unsupported_error")
    assert api.error("POST", f"{path}/create_image", {"description": "x" * 256}) == (422, "invalid_input")
    assert api.error("POST", f"{path}/create_image", {"labels": {"-": "b"}}) == (422, "invalid_input")
    assert api.error("POST", f"{path}/enable_backup", {"backup_window": "01-05"}) == (422, "invalid_input")
    assert api.error("POST", "/servers/999999/actions/create_image") == (404, "not_found")
    assert api.error("GET", "/images?bound_to=x") == (422, "invalid_input")
    assert rows(service) == before
    image = take(api, server)
    assert api.error("PUT", f"/images/{image['id']}", {"type": "backup"}) == (422, "invalid_input")
    assert api.error("PUT", f"/images/{image['id']}", {"replaces": "tiny"}) == (422, "invalid_input")
    action = api.post(f"/images/{image['id']}/actions/change_protection", {"delete": True})["action"]
    assert action["status"] == "success" and action["resources"] == [{"id": image["id"], "type": "image"}]
    assert api.error("DELETE", f"/images/{image['id']}") == (423, "protected")
    api.put(f"/images/{image['id']}/protection", {"delete": False})
    changed = api.put(f"/images/{image['id']}", {"description": "now so", "labels": {"k": "v"}})["image"]
    assert changed["description"] == "now so" and changed["labels"] == {"k": "v"}
    api.delete(f"/images/{image['id']}")
    api.delete_server(server)
    whole(service)


def test_a_server_is_locked_while_it_is_copied(api, service):
    server = made(api, "busy", start=True)
    marker = service.state / "host/held"
    crash.faults(service, "image_create hold 1\n")
    try:
        answer = api.post(f"/servers/{server['id']}/actions/create_image")
        eventually(marker.exists, 10, 0.01)
        path = f"/servers/{server['id']}"
        assert api.error("POST", f"{path}/actions/poweroff") == (423, "locked")
        assert api.error("DELETE", path) == (423, "locked")
        assert api.error("DELETE", f"/images/{answer['image']['id']}") == (423, "locked")
        assert api.error("POST", "/servers", {"name": "early", "server_type": "small", "image": answer["image"]["id"]})[1] == \
            "resource_unavailable"
        assert api.server(server)["status"] == "running"
    finally:
        crash.faults(service)
        marker.unlink(missing_ok=True)
    api.wait(answer["action"])
    assert not api.server(server)["locked"]
    api.delete(f"/images/{answer['image']['id']}")
    api.delete_server(server)
    whole(service)


@pytest.mark.parametrize("fault", ["image_create disk_full 1", "image_create server_error 1", "free_gib 1"])
def test_one_that_fails_leaves_nothing(api, service, fault):
    server = made(api, "unlucky", start=True)
    before = rows(service)
    crash.faults(service, f"{fault}\n")
    try:
        answer = api.post(f"/servers/{server['id']}/actions/create_image")
        failed = api.wait(answer["action"], success=False)
    finally:
        crash.faults(service)
    assert failed["error"]["code"] == ("server_error" if "server_error" in fault else "disk_full")
    assert api.error("GET", f"/images/{answer['image']['id']}") == (404, "not_found")
    after = api.server(server)
    assert after["status"] == "running" and not after["locked"] and rows(service) == before
    whole(service)
    api.delete_server(server)


def test_of_one_customer_alone(api, service):
    service.cli("customer", "create", "stranger")
    other = service.api("stranger", "--customer", "stranger")
    server = made(api, "mine")
    image = take(api, server)
    path = f"/images/{image['id']}"
    assert image["id"] not in {each["id"] for each in other.every("/images", "images")}
    for method, where, body in (("GET", path, None), ("PUT", path, {"description": "x"}), ("DELETE", path, None),
                                ("PUT", f"{path}/protection", {"delete": True}),
                                ("POST", f"{path}/actions/change_protection", {"delete": True}),
                                ("POST", f"/servers/{server['id']}/actions/create_image", {})):
        assert other.error(method, where, body) == (404, "not_found"), (method, where)
    assert other.error("POST", "/servers", {"name": "theft", "server_type": "small", "image": image["id"]}) == (422, "invalid_input")
    # Of the service's images customers change none.
    tiny = api.get("/images?name=tiny")["images"][0]
    for method, body in (("PUT", {"description": "mine now"}), ("DELETE", None)):
        assert other.error(method, f"/images/{tiny['id']}", body) == (403, "forbidden")
    api.delete(path)
    api.delete_server(server)
    whole(service)


def test_so_many_snapshots_and_no_more(api, service):
    server = made(api, "counted")
    used = service.cli_json("customer", "show", "1")["quotas"]["snapshots"]["used"]
    service.cli("customer", "quota", "1", "--snapshots", used + 1)
    try:
        image = take(api, server)
        assert api.error("POST", f"/servers/{server['id']}/actions/create_image") == (403, "resource_limit_exceeded")
        api.act(server, "enable_backup")
        backup = take(api, server, type="backup")
        assert api.error("PUT", f"/images/{backup['id']}", {"type": "snapshot"}) == (403, "resource_limit_exceeded")
        api.delete(f"/images/{image['id']}")
        turned = api.put(f"/images/{backup['id']}", {"type": "snapshot"})["image"]
        assert turned["type"] == "snapshot" and turned["bound_to"] is None
    finally:
        service.cli("customer", "quota", "1", "--snapshots", "none")
    api.delete_server(server)
    assert api.get(f"/images/{turned['id']}")["image"] == turned
    api.delete(f"/images/{turned['id']}")
    whole(service)


# --- backups ---


def backups(api, server):
    return api.get(f"/images?type=backup&bound_to={server['id']}&sort=id")["images"]


def window_now():
    hour = time.gmtime().tm_hour
    begins = (hour - 22) % 24 // 4 * 4 + 22
    return f"{begins % 24:02d}-{(begins + 4) % 24:02d}", f"{(begins + 8) % 24:02d}-{(begins + 12) % 24:02d}"


def test_each_day_within_the_window(api, service):
    now, later = window_now()
    server = made(api, "daily", start=True)
    assert server["backup_window"] is None and api.get("/pricing")["pricing"]["server_backup"] == {"percentage": "20"}
    action = api.act(server, "enable_backup", {"backup_window": now})
    assert action["command"] == "enable_backup" and api.server(server)["backup_window"] == now
    due = service.database("SELECT backup_due_ms FROM server WHERE id = ?", server["id"])[0][0]
    assert time.time() * 1000 < due < (time.time() + 28 * 3600) * 1000
    backdate(service, "UPDATE server SET backup_due_ms = 1 WHERE id = ?", server["id"])
    api = service.api()
    eventually(lambda: [each["status"] for each in backups(api, server)] == ["available"], 30)
    found = backups(api, server)[0]
    assert found["type"] == "backup" and found["bound_to"] == server["id"] and found["created_from"]["name"] == "daily"
    assert service.database("SELECT backup_due_ms FROM server WHERE id = ?", server["id"])[0][0] > time.time() * 1000
    hurry(service)
    assert len(backups(api, server)) == 1, "one a day"
    # Outside of its hours none is made, and that is said.
    api.act(server, "enable_backup", {"backup_window": later})
    backdate(service, "UPDATE server SET backup_due_ms = 1 WHERE id = ?", server["id"])
    api = service.api()
    eventually(lambda: service.database("SELECT backup_due_ms FROM server WHERE id = ?", server["id"])[0][0] > 1, 30)
    lines = service.database("SELECT details, error_code FROM history WHERE what = 'server.create_image' AND resource_id = ? "
                             "ORDER BY id DESC LIMIT 1", server["id"])
    assert lines == [('{"reason":"its hours were over","type":"backup"}', "timeout")]
    assert len(backups(api, server)) == 1
    api.delete_server(server)
    eventually(lambda: backups(api, server) == [], 20)
    whole(service)


def test_one_that_fails_is_tried_again(api, service):
    now, _ = window_now()
    server = made(api, "again")
    api.act(server, "enable_backup", {"backup_window": now})
    crash.faults(service, "image_create disk_full 1\n")
    try:
        backdate(service, "UPDATE server SET backup_due_ms = 1 WHERE id = ?", server["id"])
        eventually(lambda: service.database("SELECT status FROM action WHERE server_id = ? AND command = 32", server["id"]) == [(3,)], 30)
    finally:
        crash.faults(service)
    due = service.database("SELECT backup_due_ms FROM server WHERE id = ?", server["id"])[0][0]
    assert due > time.time() * 1000
    api = service.api()
    assert backups(api, server) == []
    api.delete_server(server)
    whole(service)


def test_seven_are_kept(api, service):
    server = made(api, "week")
    api.act(server, "enable_backup")
    first = take(api, server, type="backup")
    guarded = take(api, server, type="backup")
    api.put(f"/images/{guarded['id']}/protection", {"delete": True})
    for _ in range(6):
        take(api, server, type="backup")
    assert len(backups(api, server)) == 8 and first["id"] in {each["id"] for each in backups(api, server)}
    last = take(api, server, type="backup")
    found = [each["id"] for each in backups(api, server)]
    assert len(found) == 8 and first["id"] not in found and guarded["id"] in found and last["id"] in found
    eventually(lambda: first["id"] not in rows(service), 20)
    lines = service.database("SELECT details FROM history WHERE what = 'image.delete' AND resource_id = ? ORDER BY id", first["id"])
    assert lines[0] == ('{"reason":"newer backups are there"}',)
    # One that fails takes none away.
    crash.faults(service, "image_create disk_full 1\n")
    try:
        answer = api.post(f"/servers/{server['id']}/actions/create_image", {"type": "backup"})
        api.wait(answer["action"], success=False)
    finally:
        crash.faults(service)
    assert [each["id"] for each in backups(api, server)] == found
    # Switched off, they go; what is protected stays, as a snapshot.
    api.act(server, "disable_backup")
    assert api.server(server)["backup_window"] is None and backups(api, server) == []
    kept = api.get(f"/images/{guarded['id']}")["image"]
    assert kept["type"] == "snapshot" and kept["bound_to"] is None and kept["protection"]["delete"]
    whole(service)
    api.put(f"/images/{guarded['id']}/protection", {"delete": False})
    api.delete(f"/images/{guarded['id']}")
    api.delete_server(server)
    whole(service)


def test_what_backups_cost(api, service):
    server = made(api, "costly")
    def now():
        items = api.every("/contract/items", "contract_items")
        return next(each["price_monthly"]["amount_minor"] for each in items if each["id"] == server["id"])
    assert now() == 1000
    quote = api.get(f"/contract/quote?server={server['id']}&backup=true")["quote"]
    assert quote["backup"]["amount_minor"] == 200 and quote["price_monthly"]["amount_minor"] == 1200
    assert quote["now"]["amount_minor"] == 200, "a whole month ahead, on the first day"
    api.act(server, "enable_backup")
    assert now() == 1200 and api.server(server)["ippo"]["next_charge"]["price"]["amount_minor"] == 1200
    charges = [each for each in api.every("/contract/charges", "charges") if each["server"]["name"] == "costly"]
    assert [(each["kind"], each["price"]["amount_minor"]) for each in charges] == [("month", 1000), ("upgrade", 200)]
    # The part of the plan's price goes along with the plan.
    api.act(server, "change_type", {"server_type": "large"})
    assert now() == 2400
    assert api.get(f"/contract/quote?server={server['id']}&backup=false")["quote"]["price_monthly"]["amount_minor"] == 2000
    api.act(server, "disable_backup")
    assert now() == 2000 and api.server(server)["ippo"]["next_charge"]["price"]["amount_minor"] == 2000
    assert api.error("GET", f"/contract/quote?server={server['id']}&backup=perhaps") == (422, "invalid_input")
    api.delete_server(server)


def test_a_new_owner_gets_no_images(api, service):
    service.cli("customer", "create", "heir")
    source = made(api, "left-behind")
    image = take(api, source)
    server = made(api, "handed-over", image=image["id"], start=True)
    eventually(lambda: service.database("SELECT seed FROM server WHERE id = ?", server["id"]) == [(0,)], 20)
    api.act(server, "enable_backup")
    backup = take(api, server, type="backup")
    service.cli("server", "transfer", "handed-over", "heir", "--yes")
    heir = service.api("heir", "--customer", "heir")
    assert heir.server(server)["backup_window"] is None and heir.server(server)["image"] is None
    assert heir.error("GET", f"/images/{backup['id']}") == (404, "not_found")
    kept = api.get(f"/images/{backup['id']}")["image"]
    assert kept["type"] == "snapshot" and kept["bound_to"] is None
    for each in (backup, image):
        api.delete(f"/images/{each['id']}")
    api.delete_server(source)
    whole(service)


# --- whatever dies when ---


@pytest.mark.parametrize("victim", ["core", "host", "ippod"])
@pytest.mark.parametrize("moment", ["hold", "hold_after"])
@pytest.mark.parametrize("what,verb", [("snapshot", "image_create"), ("backup", "image_create"), ("delete", "image_delete"),
                                       ("create", "volume_create"), ("rebuild", "volume_create")])
def test_killed_at_a_step(service, what, verb, moment, victim):
    """Whole images alone, each with its row; servers that can be used."""
    api = service.api()
    server = made(api, f"{what}-{moment}-{victim}".replace("_", "-"), start=True)
    path = f"/servers/{server['id']}/actions"
    api.act(server, "enable_backup")
    image = take(api, server) if what in ("delete", "create", "rebuild") else None
    marker = service.state / "host/held"
    crash.faults(service, f"{verb} {moment} 1\n")
    try:
        if what == "delete":
            api.delete(f"/images/{image['id']}")
            action = None
        elif what == "create":
            action = api.create_server(f"{server['name']}-2", wait=False, server_type="small", image=image["id"])["action"]
        elif what == "rebuild":
            action = api.post(f"{path}/rebuild", {"image": image["id"]})["action"]
        else:
            action = api.post(f"{path}/create_image", {"type": what})["action"]
        eventually(marker.exists, 10, 0.002)
        crash.blow(service, victim)
    finally:
        crash.faults(service)
        marker.unlink(missing_ok=True)
    if action is not None:
        assert crash.ended(service, action) == crash.SUCCESS
    service.wait_healthy()
    whole(service)
    api = service.api()
    after = api.server(server)
    assert after["status"] == "running" and not after["locked"]
    for each in api.get("/servers?per_page=50")["servers"]:
        if each["name"].startswith(server["name"]):
            api.delete_server(each)
    for each in api.every("/images?type=snapshot", "images"):
        assert each["status"] == "available"
        api.delete(f"/images/{each['id']}")
    whole(service)


def test_the_history_is_whole_after_all_that(service):
    assert service.cli_json("history", "verify")["whole"]

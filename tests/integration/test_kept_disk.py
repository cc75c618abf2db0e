"""A rebuild that keeps the old disk, through web and core to a host in memory: what is kept, for how long, and the way back."""
import sqlite3
import time

import pytest

import test_crash as crash
from ippo_testing import eventually, run

WEEK_MS = 7 * 24 * 3600 * 1000


@pytest.fixture(scope="module")
def kept(fake):
    fake.cli("plan", "create", "before", "--cores", "1", "--memory", "512", "--disk", "10", "--monthly", "1")
    fake.cli("plan", "create", "after", "--cores", "2", "--memory", "1024", "--disk", "20", "--monthly", "2")
    yield fake
    crash.faults(fake)


@pytest.fixture
def api(kept):
    return kept.api()


def first_boot_over(kept, server):
    """Its seed is gone, too."""
    eventually(lambda: kept.database("SELECT first_boot_done, seed FROM server WHERE id = ?", server["id"]) == [(1, 0)], 20)
    return kept.api().server(server)


def booted(kept, name, **fields):
    return first_boot_over(kept, kept.api().create_server(name, start=True, **{"server_type": "before", **fields}))


def volumes(kept, server):
    return sorted(number for kind, uuid, number in crash.world(kept) if kind == "volumes" and uuid == server["ippo"]["uuid"])


def settled(kept, server, *generations):
    eventually(lambda: volumes(kept, server) == list(generations), 20)


def keep(api, server, **more):
    api.act(server, "rebuild", {"image": "tiny", "keep_disk": True, **more})
    return api.server(server)


def hurry(kept):
    """A sweep of the host, as there is one each minute: it begins with the host."""
    kept.kill("host")
    kept.wait_healthy()


def test_kept_shown_and_gone_back_to(api, kept):
    server = booted(kept, "back", first_step={"ssh_port": 2222, "user": "aya", "updates": "manual"})
    assert server["ippo"]["kept_disk"] is None and server["ippo"]["updates"] == "manual"
    before = int(time.time() * 1000)
    now = keep(api, server)
    assert volumes(kept, server) == [1, 2] and now["status"] == "running"
    disk = now["ippo"]["kept_disk"]
    assert disk["image"]["name"] == "tiny" and disk["disk_size"] == 10 and disk["user"] == "aya" and disk["ssh_port"] == 2222
    kept_ms, expires_ms = kept.database("SELECT kept_ms, expires_ms FROM server_kept_disk WHERE server_id = ?", server["id"])[0]
    assert kept_ms >= before and expires_ms - kept_ms == WEEK_MS
    assert disk["created"] < disk["expires"]
    assert now["ippo"]["ssh_port"] == 22 and now["ippo"]["updates"] == "reboot"
    hurry(kept)
    assert volumes(kept, server) == [1, 2], "a sweep has taken what is kept"

    action = api.act(server, "restore_kept_disk")
    assert action["command"] == "restore_kept_disk"
    after = api.server(server)
    assert volumes(kept, server) == [1] and after["status"] == "running" and after["ippo"]["kept_disk"] is None
    assert after["ippo"]["ssh_port"] == 2222 and after["ippo"]["user"] == "aya" and after["ippo"]["updates"] == "manual"
    assert after["ippo"]["first_boot_done"] and after["public_net"] == server["public_net"]
    lines = dict(kept.database("SELECT what, details FROM history WHERE resource_id = ? AND resource_type = 'server' AND result = 1",
                               server["id"]))
    assert '"keep_disk":true' in lines["server.rebuild"] and "server.restore_kept_disk" in lines
    # And on from there: a number is used again only when nothing has it.
    keep(api, server)
    assert volumes(kept, server) == [1, 2]
    api.delete_server(server)
    assert volumes(kept, server) == []


def test_a_server_that_is_off_stays_off(api, kept):
    server = booted(kept, "stays-off")
    api.act(server, "poweroff")
    assert keep(api, server)["status"] == "off"
    api.act(server, "restore_kept_disk")
    assert api.server(server)["status"] == "off" and volumes(kept, server) == [1]
    api.delete_server(server)


def test_a_disk_that_came_back_has_grown_with_its_server(api, kept):
    server = booted(kept, "grown")
    api.act(server, "poweroff")
    keep(api, server)
    api.act(server, "change_type", {"server_type": "after", "upgrade_disk": True})
    api.act(server, "restore_kept_disk")
    assert crash.world(kept)["volumes", server["ippo"]["uuid"], 1] == (0, 20 << 30)
    assert api.server(server)["primary_disk_size"] == 20
    api.delete_server(server)


def test_only_one_is_kept(api, kept):
    server = booted(kept, "twice")
    keep(api, server)
    now = first_boot_over(kept, server)
    assert api.error("POST", f"/servers/{server['id']}/actions/rebuild", {"image": "tiny", "keep_disk": True}) == (422, "resource_in_use")
    assert api.server(server) == now, "a refusal has changed something"
    api.act(server, "rebuild", {"image": "tiny"})
    assert volumes(kept, server) == [1, 3] and api.server(server)["ippo"]["kept_disk"] == now["ippo"]["kept_disk"]
    api.act(server, "delete_kept_disk")
    assert volumes(kept, server) == [3] and api.server(server)["ippo"]["kept_disk"] is None
    for verb in ("delete_kept_disk", "restore_kept_disk"):
        assert api.error("POST", f"/servers/{server['id']}/actions/{verb}") == (404, "not_found")
    api.delete_server(server)


def test_what_is_refused(api, kept):
    fresh = api.create_server("fresh")
    path = f"/servers/{fresh['id']}/actions"
    assert api.error("POST", f"{path}/rebuild", {"image": "tiny", "keep_disk": True}) == (422, "unsupported_error")
    assert api.error("POST", f"{path}/rebuild", {"image": "tiny", "keep_disk": "yes"}) == (422, "invalid_input")
    api.delete_server(fresh)
    server = booted(kept, "guarded")
    keep(api, server)
    api.act(server, "change_protection", {"delete": False, "rebuild": True})
    assert api.error("POST", f"/servers/{server['id']}/actions/restore_kept_disk")[1] == "protected"
    api.act(server, "delete_kept_disk")
    api.act(server, "change_protection", {"delete": False, "rebuild": False})
    api.delete_server(server)


def test_it_counts_against_the_quota(api, kept):
    server = booted(kept, "counted")
    used = kept.cli_json("customer", "show", "1")["quotas"]["disk_gb"]["used"]
    kept.cli("customer", "quota", "1", "--disk", used + 9)
    try:
        assert api.error("POST", f"/servers/{server['id']}/actions/rebuild", {"image": "tiny", "keep_disk": True}) == \
            (403, "resource_limit_exceeded")
        kept.cli("customer", "quota", "1", "--disk", used + 10)
        keep(api, server)
        assert api.error("POST", "/servers", {"name": "more", "server_type": "before", "image": "tiny"}) == (403, "resource_limit_exceeded")
        api.act(server, "delete_kept_disk")
        api.delete_server(api.create_server("more", server_type="before"))
    finally:
        kept.cli("customer", "quota", "1", "--disk", "none")
    api.delete_server(server)


def test_a_host_without_room_keeps_nothing(api, kept):
    server = booted(kept, "no-room")
    crash.faults(kept, "free_gib 9\n")
    try:
        hurry(kept)
        path = f"/servers/{server['id']}/actions/rebuild"
        refused = api.request("POST", path, {"image": "tiny", "keep_disk": True}).json()["error"]
        assert refused["code"] == "disk_full" and "9 GiB are free, and the new one may take 10" in refused["message"]
        api.act(server, "rebuild", {"image": "tiny"})
    finally:
        crash.faults(kept)
        hurry(kept)
    assert volumes(kept, server) == [2]
    first_boot_over(kept, server)
    keep(api, server)
    assert volumes(kept, server) == [2, 3]
    api.delete_server(server)


def test_its_image_stays(api, kept, tmp_path):
    disk = tmp_path / "disk.raw"
    disk.write_bytes(bytes(1 << 20))
    kept.import_image("below", disk)
    server = booted(kept, "stands-on", image="below")
    keep(api, server)
    assert api.server(server)["image"]["name"] == "tiny"
    refused = kept.cli("image", "delete", "below", "--yes", check=False)
    assert refused.returncode != 0 and "1 servers are made from image below" in refused.stderr
    api.act(server, "delete_kept_disk")
    kept.cli("image", "delete", "below", "--yes")
    api.delete_server(server)


def test_its_time_is_over(api, kept):
    server = booted(kept, "expires")
    keep(api, server)
    kept.stop()
    with sqlite3.connect(f"{kept.state}/core/ippo.db") as database:
        database.execute("UPDATE server_kept_disk SET expires_ms = 1 WHERE server_id = ?", (server["id"],))
    kept.start()
    settled(kept, server, 2)
    api = kept.api()
    eventually(lambda: api.server(server)["ippo"]["kept_disk"] is None, 20)
    lines = kept.database("SELECT actor, details FROM history WHERE what = 'server.delete_kept_disk' AND resource_id = ?", server["id"])
    assert len(lines) == 2 and all('"reason":"its time is over"' in details for _, details in lines[:1])
    assert kept.cli_json("history", "verify")["whole"]
    api.delete_server(server)


def test_a_new_owner_does_not_get_it(api, kept):
    kept.cli("customer", "create", "taker")
    server = booted(kept, "handed")
    keep(api, server)
    first_boot_over(kept, server)
    kept.cli("server", "transfer", "handed", "taker", "--yes")
    assert kept.database("SELECT count(*) FROM server_kept_disk WHERE server_id = ?", server["id"]) == [(0,)]
    hurry(kept)
    settled(kept, server, 2)


def test_one_that_is_lost_is_said(api, kept):
    """Behind the service's back: going back fails and the server is as it was; the row can be deleted."""
    server = booted(kept, "lost")
    keep(api, server)
    crash.faults(kept, "volume_grow not_found 1\n")
    try:
        action = api.post(f"/servers/{server['id']}/actions/restore_kept_disk")["action"]
        assert api.wait(action, success=False)["error"]["code"] == "not_found"
    finally:
        crash.faults(kept)
    assert api.server(server)["status"] == "running" and volumes(kept, server) == [1, 2]
    assert api.server(server)["ippo"]["kept_disk"] is not None
    api.act(server, "delete_kept_disk")
    api.delete_server(server)


def test_a_rebuild_that_fails_keeps_nothing(api, kept):
    server = booted(kept, "undone")
    crash.faults(kept, "domain_define hypervisor_error 10\n")
    try:
        action = api.post(f"/servers/{server['id']}/actions/rebuild", {"image": "tiny", "keep_disk": True})["action"]
        eventually(lambda: kept.database("SELECT undoing FROM action WHERE id = ?", action["id"])[0][0], 30)
    finally:
        crash.faults(kept)
    api.wait(action, success=False)
    assert api.server(server)["ippo"]["kept_disk"] is None
    settled(kept, server, 1)
    api.delete_server(server)


def test_another_user_and_keys(api, kept, tmp_path):
    server = booted(kept, "renewed")
    key = api.post("/ssh_keys", {"name": "renewed-key", "public_key":
                                 "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHd3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3 new"})["ssh_key"]
    answer = api.post(f"/servers/{server['id']}/actions/rebuild",
                      {"image": "tiny", "ssh_keys": [key["id"]], "first_step": {"user": "hanako", "updates": "no_reboot"}})
    assert answer["root_password"] is None
    api.wait(answer["action"])
    seed = (kept.state / "host/seed").read_text()
    assert '"name":"hanako"' in seed and "updates = no_reboot" in seed
    assert "d3d3d3d3 new" in (kept.state / "host/seed-keys").read_text()
    after = api.server(server)
    assert after["ippo"]["user"] == "hanako" and after["ippo"]["updates"] == "no_reboot"
    assert "d3d3d3d3 new" in kept.database("SELECT authorized_keys FROM server_key WHERE server_id = ?", server["id"])[0][0]
    # Who says nothing keeps them.
    first_boot_over(kept, server)
    api.act(server, "rebuild", {"image": "tiny"})
    assert api.server(server)["ippo"]["user"] == "hanako" and '"name":"hanako"' in (kept.state / "host/seed").read_text()
    for wrong in ({"first_step": {"user": "root"}}, {"ssh_keys": [999999]}, {"first_step": {"updates": "never"}}):
        assert api.error("POST", f"/servers/{server['id']}/actions/rebuild", {"image": "tiny", **wrong})[1] == "invalid_input", wrong
    api.delete_server(server)


def test_an_undone_rebuild_keeps_user_and_keys(api, kept):
    server = booted(kept, "kept-user", first_step={"user": "aya"})
    crash.faults(kept, "domain_define hypervisor_error 10\n")
    try:
        action = api.post(f"/servers/{server['id']}/actions/rebuild", {"image": "tiny", "first_step": {"user": "other"}})["action"]
        eventually(lambda: kept.database("SELECT undoing FROM action WHERE id = ?", action["id"])[0][0], 30)
    finally:
        crash.faults(kept)
    api.wait(action, success=False)
    assert api.server(server)["ippo"]["user"] == "aya"
    api.delete_server(server)


# Every step that asks the host for something.
STEPS = {
    "rebuild": ["domain_stop", "volume_create", "seed_create", "domain_define", "network_set", "domain_start"],
    "restore_kept_disk": ["domain_stop", "volume_grow", "domain_define", "seed_delete", "network_set", "volume_delete", "domain_start"],
    "delete_kept_disk": ["volume_delete"],
}


@pytest.mark.parametrize("victim", ["core", "host", "ippod"])
@pytest.mark.parametrize("moment", ["hold", "hold_after"])
@pytest.mark.parametrize("command,verb", [(command, verb) for command, verbs in STEPS.items() for verb in verbs])
def test_killed_at_a_step(kept, command, verb, moment, victim):
    """No disk is lost, none is left over, and which one the server has is what its row says."""
    api = kept.api()
    server = booted(kept, f"{command}-{verb}-{moment}-{victim}".replace("_", "-"))
    if command != "rebuild":
        keep(api, server)
        first_boot_over(kept, server)
    marker = kept.state / "host/held"
    crash.faults(kept, f"{verb} {moment} 1\n")
    try:
        body = {"image": "tiny", "keep_disk": True} if command == "rebuild" else None
        action = api.post(f"/servers/{server['id']}/actions/{command}", body)["action"]
        eventually(marker.exists, 10, 0.002)
        crash.blow(kept, victim)
    finally:
        crash.faults(kept)
        marker.unlink(missing_ok=True)
    assert crash.ended(kept, action) == crash.SUCCESS
    kept.wait_healthy()
    wanted = {"rebuild": ([1, 2], 2, 1), "restore_kept_disk": ([1], 1, None), "delete_kept_disk": ([2], 2, None)}[command]
    settled(kept, server, *wanted[0])
    assert kept.database("SELECT volume_generation FROM server WHERE id = ?", server["id"]) == [(wanted[1],)]
    rows = kept.database("SELECT generation FROM server_kept_disk WHERE server_id = ?", server["id"])
    assert rows == ([(wanted[2],)] if wanted[2] else [])
    api = kept.api()
    assert api.server(server)["status"] == "running"
    api.delete_server(server)
    settled(kept, server)


def test_the_history_is_whole_after_all_that(kept):
    assert kept.cli_json("history", "verify")["whole"]


def test_on_libvirt(real):
    """The disk that comes back is the one that went: what was written on it is still there."""
    api, folder = real.api(), real.state / "host/volumes"
    server = api.create_server("really", server_type="tiny")
    uuid = server["ippo"]["uuid"]
    assert api.error("POST", f"/servers/{server['id']}/actions/rebuild", {"image": "tiny", "keep_disk": True})[1] == "unsupported_error"
    # Its first boot is over, as far as the service knows.
    real.stop()
    with sqlite3.connect(f"{real.state}/core/ippo.db") as database:
        database.execute("UPDATE server SET seed = 0, first_boot_done = 1 WHERE id = ?", (server["id"],))
    real.start()
    api = real.api()
    run("qemu-io", "-c", "write -P 0x5a 900M 64k", folder / f"{uuid}.1.qcow2")
    api.act(server, "rebuild", {"image": "tiny", "keep_disk": True})
    assert sorted(path.name for path in folder.glob(f"{uuid}.*")) == [f"{uuid}.1.qcow2", f"{uuid}.2.qcow2"]
    run("qemu-io", "-c", "read -P 0 900M 64k", folder / f"{uuid}.2.qcow2")
    api.act(server, "poweron")
    real.qemu_pid(server)
    action = api.post(f"/servers/{server['id']}/actions/restore_kept_disk")["action"]
    real.kill("host")
    api.wait(action)
    assert [path.name for path in folder.glob(f"{uuid}.*")] == [f"{uuid}.1.qcow2"]
    assert api.server(server)["status"] == "running"
    assert f"/{uuid}.1.qcow2'" in run("virsh", "-q", "-c", "qemu:///system", "dumpxml", f"{real.name}-{server['id']}").stdout
    api.act(server, "poweroff")
    read = run("qemu-io", "-r", "-c", "read -P 0x5a 900M 64k", folder / f"{uuid}.1.qcow2").stdout
    assert "Pattern verification failed" not in read and "65536/65536" in read
    api.delete_server(server)
    assert not list(folder.glob(f"{uuid}.*"))

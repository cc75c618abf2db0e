"""What goes wrong around Ippo: a clear error with a stable code, nothing half done, the service goes on for others,
and all works again when the cause is gone.
"""
import os
import re
import signal
import socket
import ssl
import threading

import pytest
import requests

from ippo_testing import Failed, IppoInstance, eventually, kill_libvirt, run, start_libvirt, tiny_image

BODY = {"server_type": "1g", "image": "tiny", "start_after_create": False}


def faults(ippo, text=""):
    (ippo.state / "host/faults").write_text(text)


def image_into(instance, name="tiny"):
    disk = instance.dir / "disk.raw"
    disk.write_bytes(bytes(1 << 20))
    instance.import_image(name, disk)


def refused_or_failed(api, body):
    """The code with which a create is refused, or its action ends."""
    answer = api.request("POST", "/servers", body)
    if not answer.ok:
        assert answer.json()["error"]["message"]
        return answer.json()["error"]["code"]
    found = api.wait(answer.json()["action"], success=False)
    assert found["error"]["message"]
    return found["error"]["code"]


@pytest.fixture
def small_disk():
    """A real Ippo whose images and disks lie on a file system of 400 MiB."""
    start_libvirt()
    instance = IppoInstance("libvirt")
    store = instance.state / "host"
    store.mkdir(parents=True, mode=0o711)
    instance.state.chmod(0o711)
    run("mount", "-t", "tmpfs", "-o", "size=400m,mode=0711", "tmpfs", store)
    try:
        yield instance.start()
    finally:
        instance.stop()
        for domain in instance.domains():
            run("virsh", "-q", "-c", "qemu:///system", "undefine", domain, check=False)
        run("umount", "-l", store)
        instance.close()


def test_disk_full(small_disk):
    instance, api = small_disk, small_disk.api()
    instance.import_image("tiny", tiny_image())
    first = api.create_server("first")
    before = instance.leftovers()
    filler = instance.state / "host/filler"
    with open(filler, "wb") as file:
        file.write(bytes(300 << 20))
    assert refused_or_failed(api, {"name": "second", **BODY}) == "disk_full"
    rebuild = api.post(f"/servers/{first['id']}/actions/rebuild", {"image": "tiny"})["action"]
    assert api.wait(rebuild, success=False)["error"]["code"] == "disk_full"
    assert instance.leftovers() == before
    assert api.server(first)["status"] == "off"
    with pytest.raises(Failed, match="disk"):
        instance.import_image("again", tiny_image())
    assert len([name for name in instance.files("images") if name.endswith(".qcow2")]) == 1
    filler.unlink()
    second = api.create_server("second")
    api.act(first, "rebuild", {"image": "tiny"})
    for server in (first, second):
        api.delete_server(server)
    assert not any(instance.leftovers().values())


def test_image_missing(real):
    """Its file is removed behind the service's back: others' servers go on, and a new import mends it."""
    api, path = real.api(), real.state / "host/images/1.qcow2"
    first = api.create_server("with-image", server_type="tiny")
    before = real.leftovers()
    kept = path.with_name("kept")
    path.rename(kept)
    try:
        assert refused_or_failed(api, {**BODY, "name": "without", "server_type": "tiny"}) == "image_missing"
        action = api.post(f"/servers/{first['id']}/actions/rebuild", {"image": "tiny"})["action"]
        assert api.wait(action, success=False)["error"]["code"] == "image_missing"
        assert real.leftovers() == before
        real.import_image("another", tiny_image())
        api.delete_server(api.create_server("from-another", image="another", server_type="tiny"))
    finally:
        kept.rename(path)
    api.act(first, "rebuild", {"image": "tiny"})
    api.delete_server(first)
    assert not any(real.leftovers().values())


def test_libvirt_down(real):
    """While libvirt is away reading goes on and creates wait; when it is back all of them end well."""
    api = real.api()
    server = api.create_server("before", server_type="tiny")
    try:
        kill_libvirt()
        eventually(lambda: api.get("/health")["health"]["status"] != "ok", 10)
        assert api.server(server)["name"] == "before"
        waiting = api.create_server("meanwhile", wait=False, server_type="tiny")
        assert api.get(f"/actions/{waiting['action']['id']}")["action"]["status"] == "running"
    finally:
        start_libvirt()
    real.wait_healthy(30)
    api.wait(waiting["action"], seconds=60)
    for one in (server, waiting["server"]):
        api.delete_server(one)
    assert not any(real.leftovers().values())


def test_hypervisor_that_refuses(fake):
    """A step the hypervisor refuses for good: the create is undone, and the next one works."""
    api = fake.api()
    for verb, code in (("volume_create", "disk_full"), ("seed_create", "disk_full"), ("domain_start", "memory_full"),
                       ("image_facts", "image_missing"), ("domain_define", "hypervisor_error")):
        faults(fake, f"{verb} {code} 100\n")
        try:
            assert refused_or_failed(api, {**BODY, "name": "refused", "start_after_create": True}) == code
            assert api.every("/servers", "servers") == [] and fake.database("SELECT ip FROM address") == []
        finally:
            faults(fake)
        api.delete_server(api.create_server("refused", start=True))


def test_import_that_fails(fake, tmp_path):
    """Its undo is understood by the host, which goes on for others; and so does the next import."""
    disk = tmp_path / "disk.raw"
    disk.write_bytes(bytes(1 << 20))
    faults(fake, "image_import disk_full 1\n")
    with pytest.raises(Failed, match="image_import failed"):
        fake.import_image("full", disk, timeout=20)
    assert "not permitted" not in fake.log.read_text()
    fake.import_image("full", disk, timeout=20)


def test_a_deleted_image_is_gone_though_its_file_goes_later(fake, tmp_path):
    disk = tmp_path / "disk.raw"
    disk.write_bytes(bytes(1 << 20))
    fake.import_image("gone", disk, timeout=20)
    number = fake.cli_json("image", "show", "gone")["id"]
    faults(fake, "image_delete hold 1\n")
    try:
        fake.cli("image", "delete", "gone", "--yes")
        assert fake.cli("image", "show", "gone", check=False).returncode == 3
        assert fake.cli("image", "show", number, check=False).returncode == 3
        assert number not in [image["id"] for image in fake.cli_json("image", "list")]
        assert fake.database("SELECT id FROM image WHERE id = ?", number) == [(number,)], "its file had gone already"
    finally:
        faults(fake)
    # Its name is free at once.
    fake.import_image("gone", disk, timeout=20)
    fake.cli("image", "delete", "gone", "--yes")


@pytest.fixture
def narrow():
    """Room for few: 6 addresses, and memory for one server of 1 GiB."""
    instance = IppoInstance("fake", settings={"core": {"pool_ipv4": "10.79.1.0/29"}})
    try:
        (instance.state / "host").mkdir(parents=True)
        faults(instance, "memory_mib 2048\n")
        instance.start()
        image_into(instance)
        yield instance
    finally:
        instance.close()


def test_address_pool_empty(narrow):
    api, servers = narrow.api(), []
    while len(servers) < 10:
        answer = api.request("POST", "/servers", {"name": f"s{len(servers)}", **BODY})
        if not answer.ok:
            break
        api.wait(answer.json()["action"])
        servers.append(answer.json()["server"])
    assert servers and answer.json()["error"]["code"] == "ip_pool_empty", answer.text
    assert len(api.every("/servers", "servers")) == len(servers)
    api.act(servers[0], "poweron")
    api.delete_server(servers.pop())
    api.create_server("after")


def test_memory_used_up(narrow):
    """Servers that would not fit into the host's memory together are not started."""
    api = narrow.api()
    first, second = api.create_server("first", start=True), api.create_server("second")
    assert api.error("POST", f"/servers/{second['id']}/actions/poweron")[1] == "resource_unavailable"
    assert refused_or_failed(api, {**BODY, "name": "third", "start_after_create": True}) == "resource_unavailable"
    assert [server["name"] for server in api.every("/servers", "servers")] == ["first", "second"]
    assert api.server(first)["status"] == "running" and api.server(second)["status"] == "off"
    api.act(first, "poweroff")
    api.act(second, "poweron")


def test_restart_of_the_machine(fake):
    """Another boot id: the networks are back before any guest runs, and only those that were on are started.

    The host in memory is told that it lost what a machine loses: running guests and networks.
    """
    api = fake.api()
    on, off = api.create_server("was-on", start=True), api.create_server("was-off")
    eventually(lambda: fake.database("SELECT count(*) FROM server WHERE seed") == [(1,)])
    fake.stop()
    path = fake.state / "host/world"
    lines, kept = path.read_text().splitlines(), {}
    for line in lines:
        sign, kind, uuid, number, state, size = line.split()
        if sign == "+" and kind != "4":
            kept[kind, uuid, number] = f"+ {kind} {uuid} {number} {'1' if kind == '1' else state} {size}"
        else:
            kept.pop((kind, uuid, number), None)
    path.write_text("\n".join(kept.values()) + "\n")
    (fake.state / "host/boot_id").write_text("11111111-1111-1111-1111-111111111111")
    fake.start()
    fake.api().wait_status(on, "running")
    assert fake.api().server(off)["status"] == "off"
    after = [line.split() for line in path.read_text().splitlines()[len(kept):]]
    networks = [at for at, words in enumerate(after) if words[:2] == ["+", "4"]]
    started = [at for at, words in enumerate(after) if words[:2] == ["+", "1"] and words[4] == "2"]
    assert len(networks) >= 2 and len(started) == 1 and max(networks[:2]) < started[0], after
    for server in (on, off):
        fake.api().delete_server(server)


def test_what_was_answered_survives(fake):
    """kill -9 of core in the middle of many writes, again and again: whatever was answered with 2xx is there."""
    fake.token()
    made, deleted, lock, stop = {}, set(), threading.Lock(), threading.Event()

    def write(number):
        api, count = fake.api(), 0
        while not stop.is_set():
            count += 1
            name = f"w{number}-{count}"
            try:
                answer = api.request("POST", "/servers", {"name": name, "labels": {"n": name}, **BODY})
                if answer.status_code == 201:
                    with lock:
                        made[name] = answer.json()["server"]["id"], answer.json()["action"]["id"]
                    if count % 3 == 0:
                        renamed = api.request("PUT", f"/servers/{made[name][0]}", {"name": f"{name}-new"})
                        if renamed.ok:
                            with lock:
                                made[f"{name}-new"] = made.pop(name)
                        elif renamed.status_code >= 500:
                            with lock:
                                deleted.add(made.pop(name)[0])  # not answered for: either way is right
            except (requests.RequestException, ValueError):
                api = fake.api()
                with lock:
                    if name in made:  # renamed or not, nobody was told
                        deleted.add(made.pop(name)[0])

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    try:
        for _ in range(6):
            count = len(made)
            eventually(lambda: len(made) > count + 15, 30, 0.005)
            fake.kill("core")
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    fake.restart()
    assert fake.database("PRAGMA integrity_check") == [("ok",)] and fake.database("PRAGMA foreign_key_check") == []
    rows = dict(fake.database("SELECT name, id FROM server"))
    missing = {name for name, (server_id, _) in made.items() if rows.get(name) != server_id}
    assert len(made) > 80 and not missing, f"{len(missing)} of {len(made)}: {sorted(missing)[:5]}"
    api = fake.api()
    for name, (_, action_id) in made.items():
        api.wait({"id": action_id, "command": name})
    addresses = fake.database("SELECT count(*), count(DISTINCT ip) FROM address")[0]
    assert addresses[0] == addresses[1] == 2 * len(rows)


def test_an_action_says_what_it_is_at(fake):
    """And keeps saying so while its step is tried again; nothing once it has ended."""
    api = fake.api()
    server = api.create_server("slow", start=True)
    faults(fake, "domain_shutdown hypervisor_error 1000\n")
    try:
        action = api.post(f"/servers/{server['id']}/actions/shutdown")["action"]
        assert action["ippo"] == {"step": "shutdown", "undoing": False}
        assert api.get(f"/actions/{action['id']}")["action"]["ippo"]["step"] == "shutdown"
        assert api.get("/actions?status=running")["actions"][0]["ippo"]["step"] == "shutdown"
        api.act(server, "poweroff")
        assert eventually(lambda: (ended := api.get(f"/actions/{action['id']}")["action"])["finished"] and ended)["ippo"] == {"step": None, "undoing": False}
    finally:
        faults(fake)
    api.delete_server(server)


def test_requests_while_core_is_away_are_refused(fake):
    """Each with 503, those that came together too, and the process that speaks to everybody lives on."""
    api = fake.api()
    web, ippod = fake.pid("web"), fake.pid("ippod")
    request = f"GET /v1/servers HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {fake.token()}\r\n\r\n".encode()
    context = ssl.create_default_context(cafile=str(fake.ca))
    with context.wrap_socket(socket.create_connection(("localhost", fake.port), 60), server_hostname="localhost") as connection:
        os.kill(ippod, signal.SIGSTOP)  # who would start core anew
        try:
            os.kill(fake.pid("core"), signal.SIGKILL)
            eventually(lambda: api.request("GET", "/servers").status_code == 503)
            connection.sendall(3 * request + request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
            said = b"".join(iter(lambda: connection.recv(65536), b""))
        finally:
            os.kill(ippod, signal.SIGCONT)
    assert re.findall(rb"HTTP/1.1 (\d+)", said) == [b"503"] * 4
    assert fake.pid("web") == web
    fake.wait_healthy()

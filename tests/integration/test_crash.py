"""kill -9 of every process, at every step boundary of everything that has steps.

Afterwards a server is whole or cleanly gone, its action has ended, and the machine holds exactly what it should:
on libvirt that is read from libvirt, the disk and the kernel, on the host in memory from what that host keeps.

The host in memory can be held at a verb, before it did anything or when all but its answer is done; between the
two lies every instant at which a process can die. On libvirt nothing can be held, so the blow falls when the
database shows that the step has begun, and whatever the host was doing at that instant was cut short.
"""
import json
import os
import pathlib
import signal
import sqlite3
import time

import pytest

from ippo_testing import BUILD, Failed, eventually, kill_libvirt, run, start_libvirt

# Every step of every command, with the host's verb that it asks for.
STEPS = {
    "create": [("network", "network_set"), ("image", "image_facts"), ("volume", "volume_create"), ("seed", "seed_create"),
               ("define", "domain_define"), ("start", "domain_start")],
    "rebuild": [("stop", "domain_stop"), ("volume", "volume_create"), ("seed", "seed_create"), ("define", "domain_define"),
                ("old_volume", "volume_delete"), ("start", "domain_start")],
    "change_type": [("grow", "volume_grow"), ("define", "domain_define")],
    "delete": [("stop", "domain_stop"), ("undefine", "domain_undefine"), ("volume", "volume_delete"),
               ("seed", "seed_delete"), ("network", "network_clear")],
}
COMMANDS = {"create": "create_server", "rebuild": "rebuild_server", "change_type": "change_server_type", "delete": "delete_server"}
# The last starts the others anew, so that ippod's pauses before repeated restarts do not add up.
VICTIMS = ("web", "core", "host", "ippod")

def world(ippo):
    """What the host in memory holds: {(kind, uuid, number): (state, bytes)}."""
    kinds = {"1": "domains", "2": "volumes", "3": "seeds", "4": "networks", "5": "images"}
    found = {}
    for line in (ippo.state / "host/world").read_text().splitlines():
        sign, kind, uuid, number, state, size = line.split()
        if sign == "+":
            # Of a domain that stands for when it was started.
            found[kinds[kind], uuid, int(number)] = (int(state), 0 if kinds[kind] == "domains" else int(size))
        else:
            found.pop((kinds[kind], uuid, int(number)), None)
    return found


def faults(ippo, text=""):
    (ippo.state / "host/faults").write_text(text)


def blow(ippo, victim):
    """kill -9, and what an administrator or systemd would do: ippod is started again."""
    ippo.kill(victim)
    if victim == "ippod":
        ippo.start(wait=False)


def orphans(ippo):
    """Processes of this Ippo that are no children of a living ippod of ours."""
    ours = {ippo.process.pid, *ippo._children(ippo.process.pid)} if ippo.process else set()
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if str(ippo.config).encode() in words and words[0].startswith(str(BUILD).encode()) \
                and words[0].rsplit(b"/", 1)[-1].startswith(b"ippo-") and int(path.parent.name) not in ours:
            found.append(int(path.parent.name))
    return found


def submit(api, command, server, name, plans, start):
    """Asks for the command; returns the action and the id of its server."""
    if command == "create":
        answer = api.create_server(name, start=start, wait=False, server_type=plans[0])
        return answer["action"], answer["server"]["id"]
    if command == "delete":
        return api.delete(f"/servers/{server['id']}")["action"], server["id"]
    body = {"image": "tiny"} if command == "rebuild" else {"server_type": plans[1], "upgrade_disk": True}
    return api.post(f"/servers/{server['id']}/actions/{command}", body)["action"], server["id"]


RUNNING, SUCCESS = 1, 2


def ended(ippo, action, seconds=60):
    """The status in which the action ended, read from the database: it must end whoever is away just now."""
    def end():
        status = ippo.database("SELECT status FROM action WHERE id = ?", action["id"])[0][0]
        return status if status != RUNNING else None
    end.__doc__ = f"end of {action['command']}"
    return eventually(end, seconds, 0.02)


def differs(ippo, server_id):
    """What of the host in memory does not fit the server's row; None when all does."""
    row = ippo.database("SELECT lower(hex(uuid)), status, volume_generation, disk_gb, seed, locked_action_id, wanted FROM server "
                        "JOIN server_filter ON server_id = id WHERE id = ?", server_id)
    holds = {key: value for key, value in world(ippo).items() if key[0] != "images"}
    wanted = {}
    if row:
        text, status, generation, disk_gb, seed, locked, filter_version = row[0]
        uuid = "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
        wanted = {("domains", uuid, server_id): ({2: 2, 4: 1}.get(status), 0), ("volumes", uuid, generation): (0, disk_gb << 30),
                  ("networks", uuid, server_id): (0, filter_version)}
        if seed:
            wanted["seeds", uuid, 0] = (0, 0)
        if locked:
            return f"locked by {locked}"
    return None if holds == wanted else f"{holds} instead of {wanted}"


def settle(ippo, server_id, seconds=10):
    try:
        eventually(lambda: differs(ippo, server_id) is None, seconds, 0.02)
    except Failed:
        raise Failed(f"after {seconds} s: {differs(ippo, server_id)}; log:\n{ippo.log.read_text()[-3000:]}") from None


@pytest.fixture(scope="module")
def held(fake):
    fake.cli("plan", "create", "before", "--cores", "1", "--memory", "512", "--disk", "10", "--monthly", "1")
    fake.cli("plan", "create", "after", "--cores", "2", "--memory", "1024", "--disk", "20", "--monthly", "2")
    yield fake
    faults(fake)


@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize("moment", ["hold", "hold_after"])
@pytest.mark.parametrize("command,verb", [(command, verb) for command, steps in STEPS.items() for _, verb in steps])
def test_killed_at_a_step(held, command, verb, moment, victim):
    """With the step begun and nothing done, and with all done and the answer on its way."""
    api, plans, name = held.api(), ("before", "after"), f"{command}-{verb}-{moment}-{victim}".replace("_", "-")
    start, server = command != "change_type", None
    if command != "create":
        server = api.create_server(name, start=start, server_type=plans[0])
        settle(held, server["id"])
    marker = held.state / "host/held"
    faults(held, f"{verb} {moment} 1\n")
    try:
        action, server_id = submit(api, command, server, name, plans, start)
        eventually(marker.exists, 10, 0.002)
        assert marker.read_text() in ("", verb)
        blow(held, victim)
    finally:
        faults(held)
        marker.unlink(missing_ok=True)
    assert ended(held, action) == SUCCESS
    settle(held, server_id)
    held.wait_healthy()
    # In the history it has begun once and ended once, whatever died in between, by the same.
    lines = held.database("SELECT result, actor_name FROM history WHERE action_id = ? ORDER BY id", action["id"])
    assert lines == [(1, "test"), (2, "test")]
    assert orphans(held) == []
    api = held.api()
    if command == "delete":
        assert api.error("GET", f"/servers/{server_id}") == (404, "not_found")
    else:
        after = api.get(f"/servers/{server_id}")["server"]
        assert after["status"] == ("running" if start else "off")
        assert after["server_type"]["name"] == ("after" if command == "change_type" else "before")
        assert after["primary_disk_size"] == (20 if command == "change_type" else 10)
        if server:
            assert after["public_net"] == server["public_net"]
        api.delete_server(after)
        settle(held, server_id)
    assert held.database("SELECT count(*) FROM address") == [(0,)]


def test_the_history_is_whole_after_all_that(held):
    assert held.cli_json("history", "verify")["whole"]


@pytest.mark.parametrize("role", ["web", "core", "host"])
def test_no_process_outlives_ippod(held, role):
    """Even one that is stuck: it would hold the port, or write beside the next one."""
    os.kill(held.pid(role), signal.SIGSTOP)
    held.kill("ippod")
    held.start()
    assert orphans(held) == []


# --- on libvirt ---

STARTED, DONE = 1, 2
VIRSH = ("virsh", "-q", "-c", "qemu:///system")


def strike(ippo, victim, action, step, server_id):
    """Kills the victim as soon as the step has begun. Whether the step was still unfinished then."""
    pid = ippo.pid(victim) if victim in ("host", "core") else None
    with sqlite3.connect(f"file:{ippo.state}/core/ippo.db?mode=ro", uri=True, timeout=10) as database:
        def result():
            return database.execute("SELECT result FROM action_step WHERE action_id = ? AND name = ?",
                                    (action["id"], step)).fetchone()[0]
        end = time.monotonic() + 60
        while result() == 0:
            if time.monotonic() > end:
                raise Failed(f"{step} does not begin")
        if victim == "libvirtd":
            kill_libvirt()
        elif victim == "qemu":
            qemu = eventually(lambda: ippo.qemu_pid({"id": server_id}), 20, 0.002)
            os.kill(qemu, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGKILL)
        unfinished = result() == STARTED
    if victim == "libvirtd":
        start_libvirt()
    elif victim != "qemu":
        eventually(lambda: ippo.pid(victim) not in (None, pid))
    return unfinished


def real_differs(ippo, server_id):
    """What libvirt, the disk and the kernel hold that does not fit the server's row; None when all does."""
    row = ippo.database(
        "SELECT lower(hex(uuid)), status, volume_generation, server.disk_gb, seed, locked_action_id, memory_mib FROM server "
        "JOIN server_type ON server_type.id = server_type_id WHERE server.id = ?", server_id)
    wanted = {kind: [] for kind in ("domains", "taps", "volumes", "seeds", "addresses", "rules")}
    left = ippo.leftovers()
    if row:
        text, status, generation, disk_gb, seed, locked, memory_mib = row[0]
        if locked:
            return f"locked by {locked}"
        uuid = "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
        domain, tap, volume = f"{ippo.name}-{server_id}", f"{ippo.name}-{server_id:x}", f"{uuid}.{generation}.qcow2"
        wanted.update(domains=[domain], volumes=[volume], rules=[tap], addresses=left["addresses"],
                      taps=[tap] if status == 2 else [], seeds=[f"{uuid}.iso"] if seed else [])
        if len(left["addresses"]) != 2:
            return f"{left['addresses']}"
        if left == wanted:
            state = run(*VIRSH, "domstate", domain).stdout.strip()
            if state != {2: "running", 4: "shut off"}.get(status):
                return f"domain {state}, status {status}"
            xml = run(*VIRSH, "dumpxml", "--inactive", domain).stdout
            if f"/{volume}'" not in xml or f"<memory unit='KiB'>{memory_mib << 10}</memory>" not in xml \
                    or bool(seed) != (f"/{uuid}.iso'" in xml):
                return f"domain with another disk, memory or seed than {volume}, {memory_mib}, {seed}:\n{xml}"
            size = json.loads(run("qemu-img", "info", "-U", "--output=json", ippo.state / "host/volumes" / volume).stdout)
            if size["virtual-size"] != disk_gb << 30:
                return f"disk of {size['virtual-size']} instead of {disk_gb} GB"
    work = [path.name for path in (ippo.state / "host/seeds").glob("*.new")]
    return None if left == wanted and not work else f"{left} {work} instead of {wanted}"


def real_settle(ippo, server_id, seconds=20):
    try:
        eventually(lambda: real_differs(ippo, server_id) is None, seconds, 0.1)
    except Failed:
        raise Failed(f"after {seconds} s: {real_differs(ippo, server_id)}; log:\n{ippo.log.read_text()[-4000:]}") from None


@pytest.fixture(scope="module")
def struck(real):
    real.cli("plan", "create", "before", "--cores", "1", "--memory", "256", "--disk", "1", "--monthly", "1")
    real.cli("plan", "create", "after", "--cores", "2", "--memory", "384", "--disk", "2", "--monthly", "2")
    real.within = {}
    yield real
    start_libvirt()


# QEMU can only die where it runs; without it these steps need no guest.
RUNNING_STEPS = {("create", "start"), ("rebuild", "stop"), ("rebuild", "start"), ("delete", "stop")}
BLOWS = [(command, step, victim) for command, steps in STEPS.items() for step, _ in steps
         for victim in ("host", "core", "libvirtd", "qemu") if victim != "qemu" or (command, step) in RUNNING_STEPS]


@pytest.mark.parametrize("command,step,victim", BLOWS)
def test_killed_on_libvirt(struck, command, step, victim):
    if victim == "host":
        struck.restart()  # so that ippod's pauses before repeated restarts do not add up
    api, plans = struck.api(), ("before", "after")
    start, server = (command, step) in RUNNING_STEPS, None
    name = f"{command}-{step}-{victim}".replace("_", "-")
    if command != "create":
        server = api.create_server(name, start=start, server_type=plans[0])
    action, server_id = submit(api, command, server, name, plans, start)
    unfinished = strike(struck, victim, action, step, server_id)
    struck.within.setdefault((victim, command), []).append(unfinished)
    succeeded = ended(struck, action, 120) == SUCCESS
    struck.wait_healthy()
    real_settle(struck, server_id)
    api, exists = struck.api(), command != ("create" if not succeeded else "delete")
    if exists:
        after = api.get(f"/servers/{server_id}")["server"]
        assert after["status"] in (("running", "off") if start else ("off",))
        if victim != "qemu" and succeeded and start:
            assert after["status"] == "running"
        if server:
            assert after["public_net"] == server["public_net"] and after["name"] == name
        api.delete_server(after)
    assert real_differs(struck, server_id) is None
    assert not any(struck.leftovers().values())


def test_the_blows_fell_inside_the_steps(struck):
    """Else all this would have shown nothing."""
    fell = [unfinished for found in struck.within.values() for unfinished in found]
    assert fell and sum(fell) * 2 > len(fell), struck.within

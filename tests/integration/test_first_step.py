"""The first step from the service's side: a report through the real channel, a real sshd for the real probe.

The fake driver's guests say what stands in a file, and the probe looks at an address of this machine in their place.
"""
import base64
import contextlib
import ctypes
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import threading

import pytest

from ippo_testing import Failed, IppoInstance, eventually, free_port, run

TARGET = "127.77.0.1"
CLONE_NEWNET = 0x40000000
ANY_KEY = pathlib.Path(f"/run/ippo-test-{os.getpid()}/any-key")
ITEMS = ("initial-password sudo-user root-ssh ssh-port key-only key-permissions ssh-crypto packet-filter database-closed "
         "updates logs time").split()


class Sshd:
    """One of OpenSSH, at an address of its own; what it answers is chosen by its settings."""

    def __init__(self, folder):
        self.folder, self.port, self.process = pathlib.Path(folder), free_port(), None
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / "host")
        self.host_key = " ".join((self.folder / "host.pub").read_text().split()[:2])
        self.keys = self.folder / "keys"
        self.keys.write_text("")

    def start(self, **settings):
        self.stop()
        lines = {"Port": self.port, "ListenAddress": TARGET, "HostKey": self.folder / "host", "PidFile": "none", "UsePAM": "no",
                 "StrictModes": "no", "AuthorizedKeysFile": self.keys, "PasswordAuthentication": "no",
                 "KbdInteractiveAuthentication": "no", "AuthenticationMethods": "publickey", "PermitRootLogin": "no",
                 "KexAlgorithms": "curve25519-sha256", "Ciphers": "chacha20-poly1305@openssh.com",
                 "MACs": "hmac-sha2-256-etm@openssh.com", "HostKeyAlgorithms": "ssh-ed25519", **settings}
        config = self.folder / "sshd_config"
        config.write_text("".join(f"{key} {value}\n" for key, value in lines.items() if value is not None))
        os.makedirs("/run/sshd", exist_ok=True)
        self.process = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", config], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def answers():
            with contextlib.suppress(OSError), socket.create_connection((TARGET, lines["Port"]), 1) as found:
                return found.recv(4) == b"SSH-"
            return False
        eventually(answers, 10)

    @staticmethod
    def any_key():
        """Settings with which every key is known. sshd wants the folders above the program to be root's alone."""
        ANY_KEY.parent.mkdir(exist_ok=True)
        ANY_KEY.write_text("#!/bin/sh\necho \"restrict,command=\\\"/bin/false\\\" $1 $2\"\n")
        ANY_KEY.chmod(0o755)
        return {"AuthorizedKeysFile": "none", "AuthorizedKeysCommand": f"{ANY_KEY} %t %k", "AuthorizedKeysCommandUser": "root"}

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


def report(port, open_ports="", **verdicts):
    items = [{"id": item, "verdict": verdicts.get(item.replace("-", "_"), "pass"), "reason": "ok",
              "evidence": [{"source": "sshd -T", "text": "found"}]} for item in ITEMS]
    return json.dumps({"version": 1, "program": "firststep 0.1.0", "os": "Debian GNU/Linux 12", "live": True,
                       "settings": {"ssh_port": port, "open": open_ports}, "items": items})


def lines_of(text, key="first-step key @ ready"):
    piece = base64.b64encode(text.encode()).decode()
    return ["first-step begin @", *(f"first-step + {piece[at:at + 480]}" for at in range(0, len(piece), 480)), "first-step end",
            *([key] if key else [])]


class Stage:
    def __init__(self, ippo, sshd):
        self.ippo, self.sshd, self.api = ippo, sshd, ippo.api()

    def says(self, *lines):
        (self.ippo.state / "host/report").write_text("\n".join(lines) + "\n")

    def found(self, server):
        return self.api.get(f"/servers/{server['id']}/first_step")["first_step"]

    def items(self, server):
        return {item["id"]: item for item in self.found(server)["items"]}

    def create(self, name, **fields):
        return self.api.create_server(name, start=True, **fields)

    def wait_probed(self, server, since=None):
        def probed():
            found = self.found(server)
            return found if found["probed"] and not self.checks(server, "running") else None
        return eventually(probed, 60)

    def checks(self, server, status):
        return [action for action in self.api.get(f"/servers/{server['id']}/actions?per_page=50")["actions"]
                if action["command"] == "check_first_step" and action["status"] == status]

    def check(self, server):
        self.api.act(server, "check_first_step")
        return self.items(server)


@pytest.fixture(scope="module")
def alone():
    """A network namespace of our own: nobody else listens there, and no probe leaves it."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net") as before:
        assert libc.unshare(CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        try:
            run("ip", "link", "set", "lo", "up")
            yield
        finally:
            assert libc.setns(before.fileno(), CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())


@pytest.fixture(scope="module")
def stage(tmp_path_factory, alone):
    sshd = Sshd(tmp_path_factory.mktemp("sshd"))
    instance = IppoInstance("fake", {"probe": {"target": TARGET}})
    try:
        sshd.start()
        instance.start()
        disk = tmp_path_factory.mktemp("image") / "disk.raw"
        disk.write_bytes(bytes(1 << 20))
        instance.import_image("tiny", disk)
        yield Stage(instance, sshd)
    finally:
        instance.close()
        sshd.stop()
        shutil.rmtree(ANY_KEY.parent, ignore_errors=True)


def test_closed_until_the_outside_agrees(stage):
    """Everything is reported as good, but nobody has let the probe's key in: root is not proven, and it stays closed."""
    stage.sshd.start()
    stage.says(f"host-key {stage.sshd.host_key}", *lines_of(report(stage.sshd.port)))
    server = stage.create("waits")
    assert server["ippo"]["first_step"]["inbound"] == "closed"
    found = stage.wait_probed(server)
    assert found["inbound"]["state"] == "closed" and found["inbound"]["reason"] == "waits" and found["inbound"]["opens"]
    items = stage.items(server)
    assert items["root-ssh"]["verdict"] == "reported" and items["root-ssh"]["outside"]["reason"] == "key_unknown"
    assert items["key-only"]["verdict"] == items["database-closed"]["verdict"] == "pass"
    assert items["updates"]["verdict"] == "pass" and items["updates"]["outside"] is None
    assert items["monitoring"]["verdict"] == "fail" and items["monitoring"]["outside"]["reason"] in ("no_measurements", "no_alert")
    now = stage.api.server(server)["ippo"]["first_step"]
    assert (now["passed"], now["known"]) == (stage.found(server)["passed"], 13)


def test_who_owns_it_can_open_it(stage):
    stage.says("first-step none")
    server = stage.create("override", ssh_keys=[])
    server = stage.api.get("/servers?name=waits")["servers"][0]
    action = stage.api.act(server, "open_inbound")
    assert action["status"] == "success"
    found = stage.found(server)
    assert (found["inbound"]["state"], found["inbound"]["reason"]) == ("open", "override")
    with pytest.raises(Failed, match="unsupported_error"):
        stage.api.act(server, "open_inbound")
    lines = stage.api.get("/history?what=server.open_inbound")["history"]
    assert lines[0]["resource"]["name"] == "waits" and lines[0]["actor"]["kind"] != "system"


def test_opens_when_root_is_refused_with_a_key_the_server_knows(stage):
    """sshd knows whatever key is offered, restricted as firststep does it: root is refused all the same."""
    stage.sshd.start()
    stage.sshd.start(**stage.sshd.any_key())
    stage.says(f"host-key {stage.sshd.host_key}", *lines_of(report(stage.sshd.port)))
    server = stage.create("proven")
    stage.wait_probed(server)
    items = stage.items(server)
    assert items["root-ssh"]["verdict"] == "pass"
    assert "knows as root's" in items["root-ssh"]["outside"]["evidence"][0]["text"]
    # Its host key is that of the other server too: one of them is a copy.
    assert items["ssh-crypto"]["outside"]["reason"] == "host_key_shared"
    found = eventually(lambda: (now := stage.found(server))["inbound"]["state"] == "open" and now, 60)
    assert found["inbound"]["reason"] == "proven"
    lines = stage.api.get("/history?what=server.open_inbound")["history"]
    assert any(line["resource"]["name"] == "proven" and line["actor"]["kind"] == "system" for line in lines)


def test_a_disk_that_came_back_is_proven_anew(stage):
    """What was found of it days ago does not count; the edge is closed until the system on it is proven again."""
    stage.sshd.start(**stage.sshd.any_key())
    server = stage.api.get("/servers?name=proven")["servers"][0]
    eventually(lambda: stage.ippo.database("SELECT first_boot_done, seed FROM server WHERE id = ?", server["id"]) == [(1, 0)], 60)
    stage.says()  # the new system says nothing, and is not proven
    stage.api.act(server, "rebuild", {"image": "tiny", "keep_disk": True})
    assert stage.found(server)["inbound"]["state"] == "closed"
    stage.says(f"host-key {stage.sshd.host_key}", *lines_of(report(stage.sshd.port)))
    stage.api.act(server, "restore_kept_disk")
    found = eventually(lambda: (now := stage.found(server))["inbound"]["state"] == "open" and now, 90)
    assert found["inbound"]["reason"] == "proven" and found["guest"]["reports"]
    lines = [line["what"] for line in stage.api.get("/history?per_page=50")["history"] if line["resource"]["name"] == "proven"]
    assert lines.count("server.open_inbound") == 2


def test_a_guest_that_was_asked_before_it_listened_is_asked_again(stage):
    """It reports by itself once it has started; the look that had begun goes on without it, and another follows at once."""
    stage.sshd.start()
    unasked = [line.replace("begin @", "begin 0") for line in lines_of(report(stage.sshd.port), key=None)]
    stage.says(f"host-key {stage.sshd.host_key}", *unasked)
    server = stage.create("early")
    eventually(lambda: stage.checks(server, "success"), 120)
    assert eventually(lambda: stage.checks(server, "running"), 20) and stage.found(server)["inbound"]["state"] == "closed"
    stage.says(f"host-key {stage.sshd.host_key}", *lines_of(report(stage.sshd.port)))
    stage.api.delete_server(server)


def test_a_lie_of_the_guest_is_found_from_outside(stage):
    """It reports that all is well, while root gets in, passwords are taken, and a database answers."""
    stage.sshd.start(**stage.sshd.any_key(), PermitRootLogin="yes", PasswordAuthentication="yes", AuthenticationMethods=None, KexAlgorithms=None, MACs=None)
    server = stage.api.get("/servers?name=proven")["servers"][0]
    with socket.create_server((TARGET, 6379)):
        items = stage.check(server)
    assert {name: items[name]["verdict"] for name in ("root-ssh", "key-only", "initial-password", "database-closed", "packet-filter",
                                                      "ssh-crypto")} == dict.fromkeys(
        ("root-ssh", "key-only", "initial-password", "database-closed", "packet-filter", "ssh-crypto"), "fail")
    assert all(items[name]["inside"]["result"] == "pass" for name in ITEMS)
    assert items["root-ssh"]["outside"]["reason"] == "root_login"
    assert any("6379/tcp" in piece["text"] for piece in items["database-closed"]["outside"]["evidence"])
    changes = stage.found(server)["changes"]
    assert changes[0]["verdict"] == "fail" and len(changes) <= 200


def test_wanted_ports_are_no_failure(stage):
    stage.sshd.start()
    server = stage.api.get("/servers?name=proven")["servers"][0]
    with socket.create_server((TARGET, 0)) as listener:
        port = listener.getsockname()[1]
        stage.says(*lines_of(report(stage.sshd.port)))
        assert stage.check(server)["packet-filter"]["outside"]["reason"] == "unwanted_port"
        stage.says(*lines_of(report(stage.sshd.port, f"{port - 1}-{port + 1}/tcp,53/udp")))
        assert stage.check(server)["packet-filter"]["verdict"] == "pass"
    assert stage.found(server)["open_ports"] == [f"{port - 1}-{port + 1}"]


def test_an_image_that_cannot_report_opens_by_what_is_seen(stage):
    stage.sshd.start(Port=22)
    try:
        stage.says(f"host-key {stage.sshd.host_key}", "first-step none")
        server = stage.create("silent")
        found = eventually(lambda: (now := stage.found(server))["inbound"]["state"] == "open" and now, 60)
        assert found["inbound"]["reason"] == "probed" and found["guest"]["reports"] is False and found["passed"] == 0
    finally:
        stage.sshd.start()


def test_time_opens_it_and_the_history_says_so(stage):
    stage.says("first-step none")
    stage.sshd.stop()
    server = stage.create("late")
    stage.wait_probed(server)
    assert stage.found(server)["inbound"]["state"] == "closed"
    run("sqlite3", "-cmd", ".timeout 30000", stage.ippo.state / "core/ippo.db",
        f"UPDATE server SET first_started_ms = first_started_ms - 1000000 WHERE id = {server['id']}")
    found = eventually(lambda: (now := stage.found(server))["inbound"]["state"] == "open" and now, 30)
    assert found["inbound"]["reason"] == "timeout"
    stage.sshd.start()


def test_hostile_reports_change_nothing(stage):
    server = stage.api.get("/servers?name=proven")["servers"][0]
    before = {name: item["inside"] and item["inside"]["result"] for name, item in stage.items(server).items()}
    deep = "[" * 20000
    for text in (deep, '{"version":9,"items":[]}', '{"items":[{"id":"root-ssh"}],"version":1}'):
        stage.says(*lines_of(text), "first-step + ====", "first-step key 99999999999999999999 ready", "first-step end", "first-step ")
        stage.check(server)
        now = {name: item["inside"] and item["inside"]["result"] for name, item in stage.items(server).items()}
        assert now == before, text[:40]
    evil = json.loads(report(stage.sshd.port))
    evil["items"] = [{"id": "root-ssh", "verdict": "pass", "reason": "<b>", "evidence": [{"source": "a\u202eb", "text": "\u001b[2J<script>"}] * 99},
                     {"id": "monitoring", "verdict": "pass", "reason": "ok", "evidence": []}] * 3
    stage.says(*lines_of(json.dumps(evil)))
    items = stage.check(server)
    assert items["monitoring"]["inside"] is None and items["root-ssh"]["inside"]["reason"] == ""
    evidence = items["root-ssh"]["inside"]["evidence"]
    assert len(evidence) <= 16 and "\u202e" not in json.dumps(evidence, ensure_ascii=False) and "\u001b" not in evidence[0]["text"]


@pytest.mark.parametrize("answer", [b"SSH-2.0-x\r\n", b"SSH-2.0-x\r\n" + b"\xff" * 5000, b"\n" * 100000], ids=["name", "length", "lines"])
def test_a_hostile_ssh_server_harms_nobody(stage, answer):
    """Whatever it says, the check ends, and the next one is as good as ever."""
    stage.says("first-step none")
    stage.sshd.stop()
    server = stage.api.get("/servers?name=proven")["servers"][0]
    stage.says(*lines_of(report(stage.sshd.port)))
    with socket.create_server((TARGET, stage.sshd.port)) as listener:
        def serve():
            with contextlib.suppress(OSError):
                while True:
                    client = listener.accept()[0]
                    with contextlib.suppress(OSError):
                        client.sendall(answer)
                    client.close()
        threading.Thread(target=serve, daemon=True).start()
        items = stage.check(server)
        listener.shutdown(socket.SHUT_RDWR)
    assert items["key-only"]["verdict"] != "pass" and items["root-ssh"]["verdict"] != "pass"
    stage.sshd.start()


def test_one_check_at_a_time_and_only_while_it_runs(stage):
    server = stage.api.get("/servers?name=proven")["servers"][0]
    stage.says("first-step nothing of ours")
    stage.api.post(f"/servers/{server['id']}/actions/check_first_step", {})
    with pytest.raises(Failed, match="locked"):
        stage.api.post(f"/servers/{server['id']}/actions/check_first_step", {})
    # It locks nothing: the server is stopped meanwhile, and the check ends.
    stage.api.act(server, "poweroff")
    (check,) = [eventually(lambda: stage.checks(server, "error"), 20)[0]]
    assert check["error"]["code"] == "server_not_running"
    with pytest.raises(Failed, match="server_not_running"):
        stage.api.post(f"/servers/{server['id']}/actions/check_first_step", {})
    stage.api.act(server, "poweron")


def test_cli(stage):
    server = stage.api.get("/servers?name=proven")["servers"][0]
    eventually(lambda: not stage.checks(server, "running"), 90)
    stage.says(*lines_of(report(stage.sshd.port)))
    done = stage.ippo.cli("server", "check", "proven", check=False)
    assert done.returncode == 5 and "root-ssh" in done.stdout and "proven" in done.stdout
    last = json.loads(stage.ippo.cli("server", "check", "proven", "--last", "--json", check=False).stdout)
    assert last["first_step"]["total"] == 13
    refused = stage.ippo.cli("server", "open", "proven", check=False)
    assert refused.returncode == 2 and "--yes" in refused.stderr


def test_a_restart_loses_nothing(stage):
    server = stage.api.get("/servers?name=proven")["servers"][0]
    before = stage.items(server)
    stage.says("first-step nothing of ours")
    stage.api.post(f"/servers/{server['id']}/actions/check_first_step", {})
    stage.ippo.kill("core")
    stage.ippo.wait_healthy()
    eventually(lambda: any("restarted" in action["error"]["message"] for action in stage.checks(server, "error")), 20)
    assert {name: item["inside"] for name, item in stage.items(server).items()} == {name: item["inside"] for name, item in before.items()}


def test_it_has_no_power(stage):
    """It is looked at while it is there, which is for as long as a look takes."""
    server = stage.api.get("/servers?name=proven")["servers"][0]
    stage.says(*lines_of(report(stage.sshd.port)))
    eventually(lambda: stage.ippo.pid("probe") is None, 30)
    stage.api.post(f"/servers/{server['id']}/actions/check_first_step", {})
    pid = eventually(lambda: stage.ippo.pid("probe"), 20, 0.002)
    eventually(lambda: re.search(r"^Seccomp:\t2$", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M), 5, 0.001)
    os.kill(pid, signal.SIGSTOP)
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        files = {os.readlink(path) for path in pathlib.Path(f"/proc/{pid}/fd").iterdir()}
    finally:
        os.kill(pid, signal.SIGCONT)
    user = run("id", "-u", "ippo-probe").stdout.strip()
    assert re.search(rf"^Uid:\t{user}\t{user}\t{user}\t{user}$", status, re.M)
    assert re.search(r"^CapEff:\t0+$", status, re.M) and re.search(r"^CapBnd:\t0+$", status, re.M)
    assert re.search(r"^NoNewPrivs:\t1$", status, re.M)
    assert not [name for name in files if "/core/" in name or name.endswith((".db", ".key"))]
    eventually(lambda: stage.ippo.pid("probe") is None, 90)


def test_deleting_a_server_that_is_checked(stage):
    server = stage.api.get("/servers?name=late")["servers"][0]
    stage.says("first-step nothing of ours")
    with contextlib.suppress(Failed):
        stage.api.post(f"/servers/{server['id']}/actions/check_first_step", {})
    stage.api.delete_server(server)
    assert stage.ippo.database("SELECT count(*) FROM first_step WHERE server_id = ?", server["id"]) == [(0,)]
    assert stage.ippo.database("SELECT count(*) FROM first_step_item WHERE server_id = ?", server["id"]) == [(0,)]


def test_a_guest_whose_agent_is_off_is_not_asked(stage):
    """The check looks from outside; what was proven before is so until it is too old."""
    stage.sshd.start(**stage.sshd.any_key())
    stage.says(f"host-key {stage.sshd.host_key}", *lines_of(report(stage.sshd.port)))
    server = stage.create("unasked")
    stage.wait_probed(server)
    assert stage.check(server)["root-ssh"]["verdict"] == "pass"
    stage.api.act(server, "change_guest_agent", {"enabled": False})
    # It would say something else now, if it was asked.
    stage.says(f"host-key {stage.sshd.host_key}", *lines_of(report(stage.sshd.port, root_ssh="fail")))
    unasked = stage.check(server)["root-ssh"]
    assert unasked["inside"]["result"] == "pass", unasked
    stage.api.act(server, "change_guest_agent", {"enabled": True})
    again = stage.check(server)["root-ssh"]
    assert (again["inside"]["result"], again["verdict"]) == ("fail", "fail"), again
    stage.api.delete_server(server)

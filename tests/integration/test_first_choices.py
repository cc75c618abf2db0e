"""What is chosen for a server's first boot, through web and core to a host in memory: how it reaches the seed, the edge and nobody else."""
import os
import re
import subprocess

import pytest

from ippo_testing import eventually

PASSWORD = "canary-Console-pass-7"
EVERYTHING = {"ssh_port": 2222, "user": "aya", "console_password": PASSWORD, "log_days": 30, "open_ports": ["80/tcp", "443/tcp", "60000-61000/udp"],
              "updates": "no_reboot"}


@pytest.fixture
def api(fake):
    return fake.api()


def seed_of(fake, server):
    text = (fake.state / "host/seed").read_text()
    assert server["ippo"]["uuid"] in text
    return text


def admits(api, server, port):
    return api.get(f"/servers/{server['id']}/filter/test?direction=in&protocol=tcp&address=203.0.113.5&port={port}")["test"]["passes"]


def edge_of(api, server):
    return api.get(f"/servers/{server['id']}/filter")["filter"]["ssh_port"]


def test_who_says_nothing_gets_the_usual(api, fake):
    server = api.create_server("usual")
    seed = seed_of(fake, server)
    assert "\nport=''\nsettings='updates = reboot'\n" in seed
    assert server["ippo"]["ssh_port"] == 22 and edge_of(api, server) == 22 and admits(api, server, 22)
    for nothing in ({}, None, dict.fromkeys(EVERYTHING)):
        server = api.create_server(f"nothing-{len(str(nothing))}", first_step=nothing)
        assert "\nport=''\nsettings='updates = reboot'\n" in seed_of(fake, server)


def test_what_is_chosen_reaches_the_seed_and_the_edge(api, fake):
    made = api.create_server("chosen", wait=False, first_step=EVERYTHING)
    assert made["root_password"] is None
    api.wait(made["action"])
    server = api.get(f"/servers/{made['server']['id']}")["server"]
    seed = seed_of(fake, server)
    assert "\nport='2222'\nsettings='open = 80/tcp,443/tcp,60000-61000/udp\nlog_days = 30\nupdates = no_reboot'\n" in seed
    assert '"user":{"name":"aya"}' in seed
    assert re.search(r'"chpasswd":\{"expire":true,"users":\[\{"name":"root","password":"\$6\$[^"]+","type":"hash"\}\]\}', seed)
    assert PASSWORD not in seed
    assert server["ippo"]["ssh_port"] == 2222 and server["ippo"]["user"] == "aya"
    assert edge_of(api, server) == 2222 and admits(api, server, 2222) and not admits(api, server, 22)
    assert api.get(f"/servers/{server['id']}/first_step")["first_step"]["ssh_port"] == 2222


@pytest.mark.parametrize("program, before, wanted", [
    ("knows no_reboot", None, ["open = 80/tcp", "log_days = 7", "open = 443/tcp", "updates = manual"]),
    ("from before", None, ["open = 80/tcp", "log_days = 7", "open = 443/tcp"]),
    ("knows no_reboot", "another-1", ["open = 443/tcp", "updates = manual"]),
    ("knows no_reboot", "own-0", ["open = 443/tcp", "updates = manual"]),
])
def test_what_the_first_boot_makes_of_it(api, fake, tmp_path, program, before, wanted):
    """The script of the seed, on an image with settings of its own; a firststep that knows no updates is not told of them."""
    api.create_server(f"scripted-{len(program)}-{before}", first_step={"open_ports": ["443/tcp"], "updates": "manual"})
    seed = (fake.state / "host/seed").read_text()
    script = re.search(r"#cloud-boothook\n(#!/bin/sh\n.*?)\n--ippo-", seed, re.DOTALL)[1]
    for path, here in (("/var/lib/firststep", "state"), ("/etc/firststep.conf", "conf"), ("/usr/sbin/firststep", "program"),
                       ("/usr/lib/systemd/system/", "units/"), ("/etc/machine-id", "machine-id"), ("/var/lib/systemd/", "systemd/"),
                       ("/var/lib/dbus/", "dbus/")):
        script = script.replace(path, f"{tmp_path}/{here}")
    for folder in ("state", "units", "bin", "systemd", "dbus"):
        (tmp_path / folder).mkdir()
    names = [tmp_path / name for name in ("machine-id", "systemd/random-seed", "dbus/machine-id")]
    for name in names:
        name.write_text("of the image")
    (tmp_path / "bin/systemd-machine-id-setup").write_text(f"#!/bin/sh\necho made anew >>{tmp_path}/machine-id\n")
    (tmp_path / "bin/systemd-machine-id-setup").chmod(0o755)
    (tmp_path / "units/firststep-report.service").touch()
    (tmp_path / "program").write_text(program)
    (tmp_path / "conf").write_text("open = 80/tcp\nlog_days = 7\n")
    if before:
        own = re.search(r"\ninstance='(.*)-\d+'\n", script)[1]
        (tmp_path / "state/instance").write_text(before.replace("own", own) + "\n")
    (tmp_path / "bin/systemctl").write_text(f"#!/bin/sh\necho \"$@\" >>{tmp_path}/said\n")
    (tmp_path / "bin/systemctl").chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
    for _ in range(2):  # a later boot changes nothing
        subprocess.run(["sh", "-eu"], input=script, text=True, check=True, env=environment)
    assert [line for line in (tmp_path / "conf").read_text().splitlines() if line] == wanted
    assert (tmp_path / "said").read_text() == "restart --no-block firststep-report.service\n"
    assert (tmp_path / "state/first-boot").exists()
    # A copy of another server's disk is another machine.
    there = [name.read_text() for name in names if name.exists()]
    assert there == (["made anew\n"] if before == "another-1" else ["of the image"] * 3)


def test_a_rebuild_chooses_anew(api, fake):
    server = api.create_server("anew", first_step={"ssh_port": 2222})
    api.act(server, "rebuild", {"image": "tiny", "first_step": {"ssh_port": 4444, "log_days": 7}})
    assert "\nport='4444'\nsettings='log_days = 7\nupdates = reboot'\n" in seed_of(fake, server)
    assert api.server(server)["ippo"]["ssh_port"] == 4444
    assert edge_of(api, server) == 4444 and admits(api, server, 4444) and not admits(api, server, 2222)
    eventually(lambda: api.get(f"/servers/{server['id']}/filter")["filter"]["status"] == "applied", 20)
    api.act(server, "rebuild", {"image": "tiny"})
    assert "\nport=''\nsettings='updates = reboot'\n" in seed_of(fake, server)
    assert api.server(server)["ippo"]["ssh_port"] == 22 and admits(api, server, 22) and not admits(api, server, 4444)


def test_a_random_port_is_high_and_differs(api):
    ports = {api.create_server(f"random-{i}", first_step={"ssh_port": "random"})["ippo"]["ssh_port"] for i in range(3)}
    assert len(ports) > 1 and all(20000 <= port <= 32767 for port in ports)


@pytest.mark.parametrize("field, value", [
    ("ssh_port", 0), ("ssh_port", 80), ("ssh_port", 65536), ("ssh_port", 3306), ("ssh_port", "22"), ("ssh_port", True), ("ssh_port", 22.0),
    ("updates", "never"), ("updates", 1), ("user", "root"), ("user", "A"), ("user", 5), ("console_password", "short"), ("console_password", "with\nline-end"), ("console_password", 1),
    ("log_days", 0), ("log_days", 3651), ("log_days", "30"), ("open_ports", "443/tcp"), ("open_ports", ["443"]), ("open_ports", [443]),
    ("open_ports", ["5432/tcp"]), ("open_ports", ["80/tcp'; reboot"]), ("open_ports", ["80/tcp"] * 33),
])
def test_bad_choices_change_nothing(api, field, value):
    before = len(api.get("/servers?per_page=50")["servers"])
    body = {"name": "bad", "server_type": "1g", "image": "tiny", "first_step": {field: value}}
    answer = api.request("POST", "/servers", body)
    assert answer.status_code == 422 and answer.json()["error"]["code"] == "invalid_input", answer.text
    assert answer.json()["error"]["details"]["fields"][0]["name"] == f"first_step.{field}"
    assert str(value) != "short" or "short" not in answer.text
    assert len(api.get("/servers?per_page=50")["servers"]) == before


def test_what_is_no_choice_is_refused(api):
    body = {"name": "bad", "server_type": "1g", "image": "tiny"}
    for first_step in ({"port": 22}, [], "safe"):
        answer = api.request("POST", "/servers", {**body, "first_step": first_step})
        assert answer.status_code == 422 and answer.json()["error"]["details"]["fields"][0]["name"] == "first_step"
    answer = api.request("POST", "/servers", {**body, "user": "aya", "first_step": {"user": "ken"}})
    assert answer.json()["error"]["details"]["fields"][0]["name"] == "first_step.user"


def test_the_password_is_kept_nowhere(api, fake):
    server = api.create_server("secretive", first_step=EVERYTHING)
    api.act(server, "rebuild", {"image": "tiny", "first_step": {"console_password": PASSWORD}})
    line = api.get("/history?per_page=50")["history"]
    assert any(each["details"].get("ssh_port") == 2222 for each in line)
    found = [path for path in fake.state.rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()]
    assert found == []

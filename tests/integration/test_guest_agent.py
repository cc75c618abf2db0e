"""The guest agent switched off by the server's owner: nothing is asked inside it, by core, by the host, or by what runs."""
import contextlib
import sqlite3
import xml.etree.ElementTree as ElementTree

from ippo_testing import eventually, run

ASKING = {"org.qemu.guest_agent.0", "org.ippo.ask.0"}
REPORTING = "org.ippo.report.0"


def ports(domain, *options):
    """The virtio ports of a domain: as it runs, or with --inactive as it is defined."""
    root = ElementTree.fromstring(run("virsh", "-c", "qemu:///system", "dumpxml", domain, *options).stdout)
    return {target.get("name") for target in root.findall("./devices/channel/target")}


def test_refused_and_said(fake):
    api = fake.api()
    server = api.create_server("agentless", start=True)
    path = f"/servers/{server['id']}"
    assert api.get(path)["server"]["ippo"]["guest_agent"] is True
    api.act(server, "change_guest_agent", {"enabled": False})
    found = api.get(path)["server"]
    assert found["ippo"]["guest_agent"] is False and found["status"] == "running"
    before = len(api.get(f"{path}/actions")["actions"])
    assert api.error("POST", f"{path}/actions/reset_password")[1] == "guest_agent_off"
    assert len(api.get(f"{path}/actions")["actions"]) == before
    refused = fake.cli("server", "reset-password", "agentless", check=False)
    assert refused.returncode != 0 and "switched off" in refused.stderr and "guest_agent_off" in refused.stderr, refused.stderr
    assert "Guest agent" in fake.cli("server", "show", "agentless").stdout
    # What can be done without it is done.
    api.act(server, "shutdown")
    api.act(server, "poweron")
    assert api.get(path)["server"]["ippo"]["guest_agent"] is False
    line = api.get("/history?what=server.change_guest_agent")["history"][-1]
    assert line["resource"]["name"] == "agentless" and line["details"]["enabled"] is False
    for wrong in ({}, {"enabled": None}, {"enabled": "off"}, {"enabled": 0}):
        assert api.error("POST", f"{path}/actions/change_guest_agent", wrong)[1] == "invalid_input", wrong
    assert fake.cli("server", "guest-agent", "agentless", "perhaps", check=False).returncode == 2
    fake.cli("server", "guest-agent", "agentless", "on")
    api.act(server, "reset_password")
    assert "Guest agent" not in fake.cli("server", "show", "agentless").stdout
    api.delete_server(server)


def test_the_host_refuses_by_itself(fake):
    """Whatever core asks for: what was defined without the ports is asked nothing."""
    api = fake.api()
    server = api.create_server("sealed", start=True)
    api.act(server, "change_guest_agent", {"enabled": False})
    with contextlib.closing(sqlite3.connect(fake.state / "core/ippo.db", timeout=30)) as database, database:
        database.execute("UPDATE server SET agent_off = 0 WHERE id = ?", (server["id"],))  # core is mistaken
    action = api.post(f"/servers/{server['id']}/actions/reset_password")["action"]
    ended = eventually(lambda: (now := api.get(f"/actions/{action['id']}")["action"])["status"] != "running" and now)
    assert ended["error"]["code"] == "guest_agent_off"
    api.delete_server(server)


def test_a_running_guest_loses_the_ports(real, servers):
    api = real.api()
    server = api.create_server("ports", server_type="tiny", start=True)
    servers.append((api, server))
    domain = f"{real.name}-{server['id']}"
    assert ports(domain) == ports(domain, "--inactive") == ASKING | {REPORTING}
    api.act(server, "change_guest_agent", {"enabled": False})
    assert ports(domain, "--inactive") == {REPORTING}
    # A guest lets go of them once its kernel is there to be asked.
    eventually(lambda: ports(domain) == {REPORTING}, 300, 1)
    api.act(server, "change_guest_agent", {"enabled": True})
    assert ports(domain, "--inactive") == ASKING | {REPORTING}
    eventually(lambda: ports(domain) == ASKING | {REPORTING}, 60, 0.5)
    api.act(server, "change_guest_agent", {"enabled": False})
    api.act(server, "poweroff")
    api.act(server, "poweron")
    assert ports(domain) == {REPORTING}
    # A fresh system keeps what its owner chose.
    api.act(server, "rebuild", {"image": "tiny"})
    assert ports(domain, "--inactive") == {REPORTING}

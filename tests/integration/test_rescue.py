"""The rescue system on a host in memory: when it boots, what is said of it meanwhile, and that it is over after one boot."""
import os

import pytest

from ippo_testing import eventually, run

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFnqaxA+x7iujyZxTweKqmu7lf+4JjDtZgccs5d+8+IC"

KEY_OF_OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMLIzXMyqq2GH67CZ15mu0l9J0FqbClriO/TaBP8+R2M"


@pytest.fixture(scope="module")
def api(fake):
    fake.api().post("/ssh_keys", {"name": "rescuer", "public_key": KEY})
    return fake.api()


@pytest.fixture
def server(api):
    made = api.create_server("broken", start=True, ssh_keys=["rescuer"])
    yield made
    eventually(lambda: not api.server(made)["locked"])
    api.delete_server(made)


def bring_in(fake, folder):
    disk = folder / "disk.raw"
    disk.write_bytes(bytes(1 << 20))
    fake.cli("image", "import", "rescue", "--type", "rescue", "--file", disk)


def state(api, server):
    now = api.server(server)
    return now["rescue_enabled"], now["ippo"]["rescue"]["running"], now["status"]


def test_without_a_rescue_system_it_is_refused(api, server):
    assert api.error("POST", f"/servers/{server['id']}/actions/enable_rescue") == (422, "unsupported_error")
    assert state(api, server) == (False, False, "running")


def test_no_server_is_made_from_it(fake, api, server, tmp_path):
    bring_in(fake, tmp_path)
    assert [image["name"] for image in api.get("/images")["images"] if image["type"] == "rescue"] == []
    (image,) = api.get("/images?type=rescue")["images"]
    assert image["name"] == "rescue"
    assert api.error("POST", "/servers", {"name": "wrong", "server_type": "1g", "image": "rescue"})[1] == "invalid_input"
    assert api.error("POST", f"/servers/{server['id']}/actions/rebuild", {"image": "rescue"})[1] == "invalid_input"


@pytest.mark.parametrize("body", [{"type": "freebsd64"}, {"type": 7}, {"ssh_keys": ["nobody's"]}, {"ssh_keys": [999999]}, {"ssh_keys": "rescuer"}])
def test_bad_input(api, server, body):
    assert api.error("POST", f"/servers/{server['id']}/actions/enable_rescue", body) == (422, "invalid_input")
    assert state(api, server) == (False, False, "running")


def test_a_server_without_a_key_needs_one(api):
    keyless = api.create_server("keyless")
    path = f"/servers/{keyless['id']}/actions/enable_rescue"
    assert api.error("POST", path, {"type": "linux64"}) == (422, "invalid_input")
    assert api.post(path, {"ssh_keys": ["rescuer"]})["action"]["command"] == "enable_rescue"
    api.delete_server(keyless)


@pytest.mark.parametrize("verb", ["reset", "reboot", "poweron"])
def test_the_next_boot_and_that_one_alone(api, server, verb):
    own = api.server(server)["ippo"]["host_keys"]
    answer = api.post(f"/servers/{server['id']}/actions/enable_rescue", {"type": "linux64"})
    assert answer["root_password"] is None and answer["action"]["status"] == "success"
    assert state(api, server) == (True, False, "running"), "what runs goes on running"
    if verb == "poweron":
        api.act(server, "poweroff")
        assert state(api, server) == (True, False, "off")
    api.act(server, verb)
    assert state(api, server) == (False, True, "running")
    now = eventually(lambda: (seen := api.server(server))["ippo"]["rescue"]["host_keys"] and seen)
    assert now["ippo"]["rescue"]["host_keys"][0]["public_key"] != own[0]["public_key"]
    assert now["ippo"]["host_keys"] == own, "the server's own keys are those of its own system"
    # Its first step is not that of the server's system.
    assert api.error("POST", f"/servers/{server['id']}/actions/check_first_step") == (422, "unsupported_error")
    api.act(server, "reset" if verb == "poweron" else verb)
    assert state(api, server) == (False, False, "running")
    assert api.server(server)["ippo"]["rescue"]["host_keys"] == []


def test_a_comment_in_any_language_opens_nothing_and_hinders_nothing(fake, api, server):
    """The host takes printable ASCII alone; a key's comment may be anything."""
    api.post("/ssh_keys", {"name": "commented", "public_key": f"{KEY_OF_OTHER} 花子の鍵, \"<x>\""})
    api.act(server, "enable_rescue", {"ssh_keys": ["commented", "rescuer"]})
    api.act(server, "reset")
    assert state(api, server) == (False, True, "running")


def test_taken_back_before_it_booted(api, server):
    api.act(server, "enable_rescue")
    api.act(server, "disable_rescue")
    assert state(api, server) == (False, False, "running")
    api.act(server, "reset")
    assert state(api, server) == (False, False, "running")
    api.act(server, "disable_rescue")  # once more changes nothing


def test_when_it_ends_by_itself_the_server_starts_its_own_system(fake, api, server):
    api.act(server, "enable_rescue")
    api.act(server, "reset")
    faults = fake.state / "host/faults"
    faults.write_text(f"guest ends {server['ippo']['uuid']}\n")
    api.request("GET", f"/servers/{server['id']}/console/screen")  # any verb: at that the guest ends
    eventually(lambda: state(api, server) == (False, False, "running"), 60)
    faults.write_text("")
    reasons = [line["details"].get("reason") for line in api.get("/history?what=server.poweron")["history"] if line["actor"]["kind"] == "system"]
    assert "the rescue system has ended" in reasons


def test_a_start_that_fails_keeps_the_wish(fake, api, server):
    api.act(server, "enable_rescue")
    faults = fake.state / "host/faults"
    faults.write_text("domain_start disk_full 1\n")
    api.act(server, "reset", success=False)
    faults.write_text("")
    assert state(api, server)[:2] == (True, False)
    api.act(server, "poweron")
    assert state(api, server) == (False, True, "running")


def test_a_rebuild_ends_it(api, server):
    api.act(server, "enable_rescue")
    api.act(server, "reset")
    api.act(server, "rebuild", {"image": "tiny"})
    assert state(api, server) == (False, False, "running")


@pytest.mark.parametrize("victim", ["core", "host"])
@pytest.mark.parametrize("hold", ["hold", "hold_after"])
@pytest.mark.parametrize("verb", ["domain_stop", "network_set", "domain_define", "domain_start"])
def test_a_crash_at_any_step_of_the_way_there(fake, api, server, verb, hold, victim):
    api.act(server, "enable_rescue")
    host = fake.state / "host"
    (host / "held").unlink(missing_ok=True)
    (host / "faults").write_text(f"{verb} {hold} 1\n")
    action = api.post(f"/servers/{server['id']}/actions/reset")["action"]
    eventually(lambda: (host / "held").exists() and verb in (host / "held").read_text(), 60)
    fake.kill(victim)
    (host / "faults").write_text("")
    fake.wait_healthy()
    api.wait(action)
    eventually(lambda: state(api, server) == (False, True, "running"), 60)
    eventually(lambda: api.server(server)["ippo"]["rescue"]["host_keys"], 60)
    api.act(server, "reset")
    assert state(api, server) == (False, False, "running")


def test_the_real_client(fake, api, server):
    environment = {**os.environ, "HCLOUD_ENDPOINT": f"{fake.url}/v1", "HCLOUD_TOKEN": fake.token("hcloud"), "SSL_CERT_FILE": str(fake.ca)}
    for words in (("enable-rescue", "broken"), ("enable-rescue", "broken", "--type", "linux64", "--ssh-key", "rescuer")):
        assert "Rescue enabled" in run("hcloud", "server", *words, env=environment).stdout
        assert state(api, server) == (True, False, "running")
    run("hcloud", "server", "disable-rescue", "broken", env=environment)
    assert state(api, server) == (False, False, "running")


def test_the_command(fake, api, server):
    assert "ippo server reset broken" in fake.cli("server", "rescue", "broken", "--key", "rescuer").stdout
    assert "the next start boots the rescue system" in fake.cli("server", "show", "broken").stdout
    fake.cli("server", "rescue", "broken", "--off")
    assert state(api, server) == (False, False, "running")
    fake.cli("server", "rescue", "broken")
    fake.cli("server", "reset", "broken")
    told = eventually(lambda: api.server(server)["ippo"]["rescue"]["host_keys"])[0]
    assert fake.cli("server", "ssh", "broken", "--print").stdout.startswith("ssh root@")
    assert told["public_key"] in fake.cli("server", "host-keys", "broken").stdout


def test_what_the_history_says(api, server):
    api.act(server, "enable_rescue")
    api.act(server, "disable_rescue")
    said = [line["what"] for line in api.get("/history")["history"] if line["resource"]["id"] == server["id"]]
    assert {"server.enable_rescue", "server.disable_rescue"} <= set(said)

"""The host as operators see it, and its maintenance: no new servers, the reason for whoever wants one, and everything else goes on."""
import pytest

from ippo_testing import eventually
from people import invite

REASON = "メモリを増設しています。18時に終わります。"


@pytest.fixture(scope="module")
def operator(fake):
    return fake.api("host-operator", "--operator")


@pytest.fixture
def maintenance(operator):
    def turn(reason):
        return operator.put("/hosts/1", {"maintenance": reason and {"reason": reason}})["host"]
    yield turn
    turn(None)


def test_a_host_says_what_it_has(fake, operator):
    api = fake.api("host-user")
    api.create_server("on", start=True)
    api.create_server("off")
    host = operator.get("/hosts/1")["host"]
    assert host["servers"] >= 2 and 1 <= host["servers_running"] < host["servers"]
    assert host["memory_servers_mib"] >= 1024 and host["cpus"] > 0 and host["pool_bytes"] > 0 and host["hypervisor"]
    assert host["maintenance"] is None and host["last_seen"] and host["status"] == "up"
    eventually(lambda: operator.get("/hosts/1")["host"]["last_seen"] > host["last_seen"], 90)


def test_in_maintenance_no_new_servers_are_made_and_the_others_go_on(fake, operator, maintenance):
    owner = invite(fake, "host-owner")
    server = owner.create_server("before")
    assert owner.get("/health")["health"]["maintenance"] is None
    told = maintenance(REASON)["maintenance"]
    assert told["reason"] == REASON and told["since"]
    before = len(owner.every("/servers", "servers"))
    answer = owner.request("POST", "/servers", {"name": "during", "server_type": "1g", "image": "tiny"})
    assert answer.status_code == 503 and answer.json()["error"]["code"] == "maintenance" and REASON in answer.json()["error"]["message"]
    assert len(owner.every("/servers", "servers")) == before
    assert fake.database("SELECT count(*) FROM contract WHERE server_name = 'during'") == [(0,)]
    assert owner.get("/health")["health"]["maintenance"] == told
    assert set(fake.anonymous().get("/health")["health"]) == {"status"}
    # What exists goes on.
    for verb in ("poweron", "poweroff"):
        owner.act(server, verb)
    owner.act(server, "rebuild", {"image": "tiny"})
    owner.delete_server(server)
    # A new reason keeps the beginning; a restart keeps both.
    again = maintenance("ネットワークの作業")["maintenance"]
    assert again == {"reason": "ネットワークの作業", "since": told["since"]}
    fake.restart()
    fake.wait_healthy()
    assert operator.get("/hosts/1")["host"]["maintenance"] == again
    assert maintenance(None)["maintenance"] is None
    owner.create_server("after")


def test_it_is_in_the_history(fake, operator, maintenance):
    maintenance("disks")
    maintenance(None)
    lines = operator.get("/history?what=host.update&per_page=2")["history"]
    assert [line["details"]["maintenance"] for line in lines] == [False, True]
    assert lines[1]["details"]["reason"] == "disks" and lines[1]["resource"]["type"] == "host" and lines[1]["result"] == "success"


@pytest.mark.parametrize("body", [{"maintenance": True}, {"maintenance": {}}, {"maintenance": {"reason": ""}}, {"maintenance": {"reason": 5}},
                                  {"maintenance": {"reason": "a\nb"}}, {"maintenance": {"reason": "x" * 401}}, {"maintenance": "now"}])
def test_nonsense_changes_nothing(operator, maintenance, body):
    assert operator.error("PUT", "/hosts/1", body) == (422, "invalid_input")
    assert operator.get("/hosts/1")["host"]["maintenance"] is None
    assert operator.error("PUT", "/hosts/2", {"maintenance": None}) == (404, "not_found")


def test_the_longest_reason_fits(operator, maintenance):
    assert maintenance("x" * 400)["maintenance"]["reason"] == "x" * 400
    assert operator.put("/hosts/1", {})["host"]["maintenance"]["reason"] == "x" * 400


def test_the_command_line_turns_it(fake, operator, maintenance):
    on = fake.cli("host", "maintenance", "on", "--reason", "disks are changed").stdout
    assert "disks are changed" in on and "Maintenance" in on
    assert "maintenance" in fake.cli("host", "list").stdout
    refused = fake.cli("server", "create", "typed", "--plan", "1g", "--image", "tiny", check=False)
    assert refused.returncode == 1 and "disks are changed" in refused.stderr and "maintenance" in refused.stderr
    assert "Maintenance" not in fake.cli("host", "maintenance", "off").stdout
    assert "Last seen" in fake.cli("host", "show").stdout
    for words in (["on"], ["off", "--reason", "x"], ["maybe"]):
        assert fake.cli("host", "maintenance", *words, check=False).returncode == 2
    assert fake.cli("host", "maintenance", "off", "elsewhere", check=False).returncode == 3

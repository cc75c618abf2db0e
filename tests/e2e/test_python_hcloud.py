"""Debian's python3-hcloud, unmodified: from a key to a login to a deletion."""
import os

import pytest
from hcloud import APIException, Client
from hcloud.images.domain import Image
from hcloud.locations.domain import Location
from hcloud.server_types.domain import ServerType

from ippo_testing import Key, eventually


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    """A key is an account's once; the other modules use theirs in the same account."""
    return Key(tmp_path_factory.mktemp("python"))


@pytest.fixture(scope="module")
def client(ippo):
    os.environ["REQUESTS_CA_BUNDLE"] = str(ippo.ca)
    yield Client(ippo.token("python"), api_endpoint=f"{ippo.url}/v1")
    del os.environ["REQUESTS_CA_BUNDLE"]


def test_a_server_from_its_key_to_its_deletion(ippo, client, key):
    ssh_key = client.ssh_keys.create(name="python", public_key=key.public)
    made = client.servers.create(name="python", server_type=ServerType(name="tiny"), image=Image(name="tiny"), ssh_keys=[ssh_key],
                                 location=Location(name="local"), labels={"a": "b"})
    assert made.root_password is None
    for action in (made.action, *made.next_actions):
        action.wait_until_finished()
    server = client.servers.get_by_name("python")
    assert server.id == made.server.id and server.status == "running"
    key.wait_ssh(server.public_net.ipv4.ip)
    assert key.ssh(server.public_net.ipv4.ip, "hostname").stdout.strip() == "python"

    server.shutdown().wait_until_finished()
    eventually(lambda: client.servers.get_by_id(server.id).status == "off", 60)
    server.change_type(ServerType(name="1g"), upgrade_disk=False).wait_until_finished()
    server = client.servers.get_by_id(server.id)
    assert server.server_type.name == "1g"
    server.power_on().wait_until_finished()
    server.reset().wait_until_finished()
    server.power_off().wait_until_finished()
    assert client.servers.get_by_id(server.id).status == "off"

    server.change_dns_ptr(server.public_net.ipv4.ip, "python.example.net").wait_until_finished()
    assert client.servers.get_by_id(server.id).public_net.ipv4.dns_ptr == "python.example.net"
    server.change_protection(delete=True, rebuild=True).wait_until_finished()
    with pytest.raises(APIException) as refused:
        server.delete()
    assert refused.value.code == "protected"
    server.change_protection(delete=False, rebuild=False).wait_until_finished()
    assert server.update(name="snake", labels={"c": "d"}).name == "snake"
    assert [found.id for found in client.servers.get_all(label_selector="c=d")] == [server.id]
    server.rebuild(Image(name="tiny")).wait_until_finished()
    with pytest.raises(APIException) as refused:
        server.reset_password()
    assert refused.value.code == "unsupported_error" and "start it first" in refused.value.message

    actions = {action.command for action in server.get_actions()}
    assert {"create_server", "start_server", "shutdown_server", "change_server_type", "reset_server", "stop_server", "change_dns_ptr",
            "change_protection", "rebuild_server"} <= actions
    server.delete().wait_until_finished()
    assert client.servers.get_by_name("snake") is None
    client.ssh_keys.delete(ssh_key)
    assert not any(ippo.leftovers().values())


def test_lists_and_single_resources(client):
    for kind in (client.actions, client.datacenters, client.floating_ips, client.images, client.isos, client.locations, client.networks,
                 client.placement_groups, client.primary_ips, client.server_types, client.servers, client.ssh_keys, client.volumes,
                 client.firewalls, client.certificates, client.load_balancers, client.load_balancer_types):
        for found in kind.get_all():
            assert kind.get_by_id(found.id).id == found.id


def test_errors_carry_their_code(client):
    with pytest.raises(APIException) as refused:
        client.servers.get_by_id(999999)
    assert refused.value.code == "not_found"
    with pytest.raises(APIException) as refused:
        client.ssh_keys.create(name="bad", public_key="ssh-ed25519 nonsense")
    assert refused.value.code == "invalid_input" and refused.value.details["fields"][0]["name"] == "public_key"

"""A server that does not boot any more is mended from the rescue system, as its owner would do it."""
import re
import subprocess

import pytest

from ippo_testing import BOOT_SECONDS, address6_of, address_of, eventually, run


@pytest.fixture(scope="module")
def api(real):
    real.cli("image", "build", "rescue")
    return real.api()


@pytest.fixture(scope="module")
def server(api, key):
    api.post("/ssh_keys", {"name": "rescuer", "public_key": key.public})
    made = api.create_server("broken", start=True, server_type="tiny", ssh_keys=["rescuer"])
    key.wait_ssh(address_of(made))
    eventually(lambda: (seen := api.server(made)["ippo"])["first_boot_done"] and seen["first_step"]["inbound"] == "open", BOOT_SECONDS)
    yield made
    api.delete_server(made)


def test_mended_from_the_rescue_system(real, api, key, server):
    address = address_of(server)
    own = api.server(server)["ippo"]["host_keys"]

    def rescue(*words, **options):
        return key.ssh(address, *words, user="root", **options)

    api.act(server, "poweroff")
    said = real.cli("server", "rescue", "broken").stdout
    assert "ippo server reset broken" in said
    assert api.server(server)["rescue_enabled"] is True
    api.act(server, "poweron")
    key.wait_ssh(address, user="root")
    now = api.server(server)
    assert (now["rescue_enabled"], now["ippo"]["rescue"]["running"], now["status"]) == (False, True, "running")
    # Who answers is who said so over the report port, and it is not the server's own system.
    (told,) = now["ippo"]["rescue"]["host_keys"]
    assert told["public_key"].split()[1] == run("ssh-keyscan", "-t", "ed25519", address).stdout.split()[2]
    assert now["ippo"]["host_keys"] == own and told["public_key"] != own[0]["public_key"]
    assert told["fingerprint"] in real.cli("server", "show", "broken").stdout
    assert real.cli("server", "ssh", "broken", "--print").stdout.strip() == f"ssh root@{address}"
    assert key.ssh(address6_of(server), "hostname", user="root").stdout.strip() == "broken"
    # Keys alone.
    offered = subprocess.run(key.command(address, "true", user="root", options=("-v", "-o", "PubkeyAuthentication=no")), capture_output=True, text=True)
    assert offered.returncode != 0 and re.findall(r"Authentications that can continue: (\S+)", offered.stderr) == ["publickey"]
    # The disk is there as it was, and not mounted.
    assert "vda1" in rescue("lsblk -n -o NAME").stdout and "vda" not in rescue("mount").stdout
    # It is broken, so that a start of its own system shows nothing of it, and mended again.
    rescue("mount /dev/vda1 /mnt && mv /mnt/vmlinuz /mnt/lost && umount /mnt")
    api.act(server, "reset")
    assert api.server(server)["ippo"]["rescue"]["running"] is False
    assert key.ssh(address, "true", check=False, options=("-o", "ConnectTimeout=8")).returncode != 0
    api.act(server, "enable_rescue")
    api.act(server, "reset")
    key.wait_ssh(address, user="root")
    # Files come and go as scp(1) of today does it.
    run("scp", *key.command(address, user="root")[1:-1], f"root@{address}:/etc/motd", "/dev/null")
    rescue("fsck.ext4 -f -y /dev/vda1", check=False)
    rescue("mount /dev/vda1 /mnt && mv /mnt/lost /mnt/vmlinuz && umount /mnt")
    # It ends by its own reboot: the server starts its own system.
    rescue("reboot", check=False)
    eventually(lambda: api.server(server)["ippo"]["rescue"]["running"] is False and api.server(server)["status"] == "running", 120)
    key.wait_ssh(address)
    assert key.ssh(address, "hostname").stdout.strip() == "broken"
    assert api.server(server)["ippo"]["host_keys"] == own


def test_reached_at_the_port_that_the_edge_lets_in_although_it_is_closed(real, api, key):
    """A server whose SSH is elsewhere and of which nothing is proven yet: its rescue system lets its owner in all the same."""
    made = api.create_server("elsewhere", server_type="tiny", ssh_keys=["rescuer"], first_step={"ssh_port": 2222})
    api.act(made, "enable_rescue")
    api.act(made, "poweron")
    assert api.server(made)["ippo"]["first_step"]["inbound"] == "closed"
    key.wait_ssh(address_of(made), user="root", options=("-p", "2222"))
    # The first boot of its own system is still to come, with all it was given.
    assert api.server(made)["ippo"]["first_boot_done"] is False
    assert [name for name in real.files("seeds") if made["ippo"]["uuid"] in name]
    # The console shows whose keys these are.
    (told,) = api.server(made)["ippo"]["rescue"]["host_keys"]
    assert told["fingerprint"] in api.get(f"/servers/{made['id']}/console/text")["text"]
    api.act(made, "reboot")
    assert api.server(made)["ippo"]["rescue"]["running"] is False
    eventually(lambda: api.server(made)["ippo"]["first_boot_done"], BOOT_SECONDS)
    api.delete_server(made)

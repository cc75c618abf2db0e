"""A Debian server whose first boot was chosen: SSH on another port, more ports open, a password for the console."""
import pytest

from ippo_testing import BOOT_SECONDS, address_of, eventually

PORT = "2222"


@pytest.fixture(scope="module")
def guest(ippo, key):
    api = ippo.api()
    kept = api.post("/ssh_keys", {"name": "first-choices", "public_key": key.public})["ssh_key"]
    server = api.create_server("first-choices", start=True, server_type="1g", image="debian-12", ssh_keys=["first-choices"], first_step={
        "ssh_port": int(PORT), "user": "aya", "console_password": "long enough for it", "log_days": 30, "open_ports": ["80/tcp", "60000-61000/udp"]})
    eventually(lambda: api.server(server)["ippo"]["first_boot_done"], BOOT_SECONDS, 1)
    yield api, server
    api.delete_server(server)
    api.delete(f"/ssh_keys/{kept['id']}")


def login(key, address, script, port=PORT, user="aya"):
    return key.ssh(address, script, check=False, user=user, options=("-p", port))


def test_what_was_chosen_is_so(guest, key):
    api, server = guest
    address = address_of(server)

    def ssh(script, **options):
        return login(key, address, script, **options)

    eventually(lambda: ssh("true").returncode == 0, 120, 2)
    assert ssh("true", port="22").returncode != 0  # refused, or silent for as long as a guest may need
    assert ssh("true", user="root").returncode != 0
    chosen = ssh("cat /etc/firststep.conf").stdout
    # Nothing was said of updates: the safest is chosen.
    for line in (f"ssh_port = {PORT}", "open = 80/tcp,60000-61000/udp", "log_days = 30", "updates = reboot"):
        assert line in chosen.replace(", ", ","), chosen
    in_force = ssh("apt-config dump").stdout
    assert 'Automatic-Reboot "true";' in in_force and 'Automatic-Reboot-Time "03:' in in_force and 'Unattended-Upgrade "1";' in in_force
    listening = ssh("sudo ss -Hltn").stdout
    assert f":{PORT} " in listening and ":22 " not in listening
    fields = ssh("sudo grep ^root: /etc/shadow").stdout.split(":")
    assert fields[1].startswith("$6$") and fields[2] == "0"  # to be changed at the first login
    found = eventually(lambda: (seen := api.get(f"/servers/{server['id']}/first_step")["first_step"])["probed"] and seen, 120, 2)
    assert found["ssh_port"] == int(PORT)
    verdicts = {item["id"]: item["verdict"] for item in found["items"]}
    for item in ("ssh-port", "root-ssh", "key-only", "packet-filter", "initial-password", "updates"):
        assert verdicts[item] == "pass", found
    assert api.server(server)["ippo"]["first_step"]["inbound"] == "open"


def test_back_to_the_disk_that_was_kept(guest, key):
    """A rebuild that its owner regrets: what was on the disk is there again, with its user, its port and its host keys."""
    api, server = guest
    address = address_of(server)
    assert login(key, address, "echo regretted >kept; sync").returncode == 0
    before = api.server(server)["ippo"]
    eventually(lambda: not api.server(server)["locked"], 60, 1)
    api.act(server, "rebuild", {"image": "debian-12", "keep_disk": True, "first_step": {"user": "hanako"}})
    now = api.server(server)["ippo"]
    assert now["user"] == "hanako" and now["ssh_port"] == 22 and now["kept_disk"]["user"] == "aya"
    api.act(server, "restore_kept_disk")
    # From the host itself the edge is no obstacle; strangers come in once it is proven, which takes a scan of every port.
    assert eventually(lambda: login(key, address, "cat kept").stdout, 2 * BOOT_SECONDS, 2) == "regretted\n"
    after = eventually(lambda: (seen := api.server(server)["ippo"])["first_step"]["inbound"] == "open" and seen, 2 * BOOT_SECONDS, 2)
    assert after["kept_disk"] is None and after["user"] == "aya" and after["ssh_port"] == int(PORT)
    assert after["host_keys"] == before["host_keys"]

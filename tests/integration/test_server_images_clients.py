"""Images of servers by the command lines: the real hcloud, unmodified, and our own."""
import os

import pytest

from ippo_testing import run


@pytest.fixture(scope="module")
def hcloud(fake):
    environment = {**os.environ, "HCLOUD_ENDPOINT": f"{fake.url}/v1", "HCLOUD_TOKEN": fake.token(), "SSL_CERT_FILE": str(fake.ca)}
    return lambda *words, **options: run("hcloud", *words, env=environment, timeout=60, **options)


def test_hcloud(fake, hcloud):
    """What a user of it does in a row: each of these is answered as it expects, to the end of the action."""
    api = fake.api()
    hcloud("server", "create", "--name", "one", "--type", "1g", "--image", "tiny", "--start-after-create=false")
    hcloud("server", "create-image", "--type", "snapshot", "--description", "before", "--label", "a=b", "one")
    (image,) = api.get("/images?type=snapshot")["images"]
    listed = hcloud("image", "list", "--type", "snapshot").stdout
    assert str(image["id"]) in listed and "before" in listed and "5.00 GB" in listed
    assert "snapshot" in hcloud("image", "describe", str(image["id"])).stdout
    hcloud("server", "enable-backup", "one")
    hcloud("server", "create-image", "--type", "backup", "one")
    (backup,) = api.get("/images?type=backup")["images"]
    assert str(backup["id"]) in hcloud("image", "list", "--type", "backup").stdout
    hcloud("image", "update", "--description", "renamed", "--type", "snapshot", str(backup["id"]))
    assert api.get(f"/images/{backup['id']}")["image"]["description"] == "renamed"
    hcloud("image", "add-label", str(image["id"]), "c=d")
    hcloud("image", "enable-protection", str(image["id"]), "delete")
    refused = hcloud("image", "delete", str(image["id"]), check=False)
    assert refused.returncode == 1 and "(protected)" in refused.stderr
    hcloud("image", "disable-protection", str(image["id"]), "delete")
    hcloud("server", "create", "--name", "two", "--type", "1g", "--image", str(image["id"]))
    hcloud("server", "rebuild", "--image", str(image["id"]), "one")
    hcloud("image", "delete", str(image["id"]))
    assert "Backup Window" in hcloud("server", "describe", "one").stdout
    hcloud("server", "disable-backup", "one")
    assert api.get("/images?type=backup")["images"] == []
    for name in ("one", "two"):
        hcloud("server", "delete", name)
    hcloud("image", "delete", str(backup["id"]))


def test_ippo(fake):
    fake.api().create_server("mine")
    fake.cli("server", "snapshot", "mine", "--description", "by hand", "--label", "k=v")
    (image,) = fake.cli_json("image", "list", "--type", "snapshot")
    assert image["description"] == "by hand" and image["labels"] == {"k": "v"} and image["created_from"]["name"] == "mine"
    table = fake.cli("image", "list", "--type", "snapshot").stdout
    assert "by hand" in table and "mine" in table
    assert str(image["id"]) not in {str(each["id"]) for each in fake.cli_json("image", "list")}, "the systems to begin with"
    # The price comes first.
    asked = fake.cli("server", "enable-backup", "mine", check=False)
    assert asked.returncode == 2 and "backups of mine cost 196 JPY a month" in asked.stderr
    assert fake.cli_json("server", "show", "mine")["backup_window"] is None
    fake.cli("server", "enable-backup", "mine", "--window", "18-22", "--yes")
    assert "each day, 18-22 UTC" in fake.cli("server", "show", "mine").stdout
    fake.cli("server", "create-image", "mine", "--backup")
    (backup,) = fake.cli_json("image", "list", "--type", "backup")
    fake.cli("image", "update", backup["id"], "--snapshot", "--description", "stays")
    fake.cli("image", "protect", backup["id"])
    refused = fake.cli("image", "delete", backup["id"], "--yes", check=False)
    assert refused.returncode != 0 and "protected" in refused.stderr
    fake.cli("image", "unprotect", backup["id"])
    assert fake.cli("image", "update", backup["id"], check=False).returncode == 2
    assert fake.cli("server", "disable-backup", "mine", check=False).returncode == 2
    fake.cli("server", "disable-backup", "mine", "--yes")
    fake.cli("server", "delete", "mine", "--yes")
    for each in (image, backup):
        fake.cli("image", "delete", each["id"], "--yes")
    assert fake.cli_json("image", "list", "--type", "snapshot") == []

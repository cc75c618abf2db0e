"""A backup of the running service brings everything back; a broken one changes nothing."""
import gzip
import hashlib
import pathlib
import tarfile

import pytest

from ippo_testing import IppoInstance

LISTS = ("servers", "ssh_keys", "server_types", "locations", "images", "customers", "address_pools", "primary_ips", "tokens")


@pytest.fixture(scope="module")
def instance(tmp_path_factory):
    found = IppoInstance("fake")
    try:
        found.start()
        disk = tmp_path_factory.mktemp("image") / "disk.raw"
        disk.write_bytes(bytes(1 << 20))
        found.import_image("tiny", disk)
        found.cli("plan", "create", "before", "--monthly", "7")
        found.api("kept").create_server("before", labels={"env": "prod"})
        yield found
    finally:
        found.close()


@pytest.fixture(scope="module")
def saved(instance, tmp_path_factory):
    """The backup, and what the service said of itself when it was made."""
    path = tmp_path_factory.mktemp("backup") / "ippo.tar.gz"
    instance.cli("backup", path)
    return path, everything(instance)


def everything(instance):
    """All that the API tells, but for what the clock changes, and power: that is the host's to say, and this one forgets its
    domains when it ends."""
    seen = {}
    for name in LISTS:
        listed = instance.cli_json(*{"servers": ("server", "list"), "ssh_keys": ("key", "list"), "server_types": ("plan", "list"),
                                     "locations": ("location", "list"), "images": ("image", "list"), "customers": ("customer", "list"),
                                     "address_pools": ("pool", "list"), "tokens": ("token", "list")}[name]) \
            if name != "primary_ips" else instance.api("kept").every("/primary_ips", "primary_ips")
        seen[name] = [{key: value for key, value in one.items() if key not in ("last_used", "status")} for one in listed]
    seen["ca"] = instance.ca.read_bytes()
    seen["ca key"] = (instance.state / "ca/ca.key").read_bytes()
    seen["settings"] = instance.config.read_text()
    return seen


def files(instance):
    """Every file of the state and its content."""
    found = {str(path): hashlib.sha256(path.read_bytes()).hexdigest()
             for path in sorted(instance.state.rglob("*")) if path.is_file() and path.name != "lock"}
    return {**found, "settings": instance.config.read_text()}


def test_only_root_of_the_running_service(instance, saved, tmp_path):
    refused = instance.cli("restore", saved[0], "--yes", check=False)
    assert refused.returncode == 1 and "the service runs" in refused.stderr
    remote = instance.cli("--endpoint", instance.url + "/v1", "backup", tmp_path / "b", check=False)
    assert remote.returncode == 6 and not (tmp_path / "b").exists()


def test_backup_is_for_root_alone(saved):
    assert saved[0].stat().st_mode & 0o777 == 0o600
    assert not pathlib.Path(f"{saved[0]}.partial").exists()
    with tarfile.open(saved[0]) as archive:
        assert {name.split("/")[0] for name in archive.getnames()} == {"core", "settings", "ca", "web", "metrics"}


def test_each_backup_is_one_line_of_the_history(instance, saved, tmp_path):
    """Those too that come while measurements are held back for an earlier one, and have nothing to wait for."""
    made = len(instance.database("SELECT id FROM history WHERE what = 'backup.create'"))
    for number in range(3):
        instance.cli("backup", tmp_path / f"{number}.tar.gz")
        assert instance.cli("plan", "list")
    assert len(instance.database("SELECT id FROM history WHERE what = 'backup.create'")) == made + 3
    instance.cli("history", "verify")


def test_a_failed_backup_leaves_the_older_one(instance, tmp_path):
    target = tmp_path / "keep"
    target.mkdir()
    (target / "older").write_text("")
    assert instance.cli("backup", target, check=False).returncode == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["keep"]


def damaged(whole, folder):
    """Backups that are none, by what is wrong with them."""
    content = whole.read_bytes()
    yield "half of it", content[:len(content) // 2]
    flipped = bytearray(content)
    flipped[len(flipped) // 3] ^= 0x55
    yield "a flipped bit", bytes(flipped)
    yield "something else", b"not a backup"
    yield "nothing", b""
    for name, change in {
        "no authority": lambda members: members.pop("ca/ca.pem"),
        "no database": lambda members: members.pop("core/ippo.db"),
        "a broken database": lambda members: members.update({"core/ippo.db": members["core/ippo.db"][:9000] + bytes(5000)}),
        "settings of nothing": lambda members: members.update({"settings/ippo.conf": b"[ippo]\nnonsense = 1\n"}),
        "settings of another place": lambda members: members.update({"settings/ippo.conf": b"[ippo]\nstate_dir = /nowhere\n"}),
    }.items():
        unpacked, folders = {}, []
        with tarfile.open(whole) as archive:
            for member in archive:
                if member.isfile():
                    unpacked[member.name] = archive.extractfile(member).read()
                else:
                    folders.append(member)
        change(unpacked)
        path = folder / "changed.tar"
        with tarfile.open(path, "w") as archive:
            for member in folders:
                archive.addfile(member)
            for member, data in unpacked.items():
                info = tarfile.TarInfo(member)
                info.size = len(data)
                with open(folder / "data", "wb+") as file:
                    file.write(data)
                    file.seek(0)
                    archive.addfile(info, file)
        yield name, gzip.compress(path.read_bytes())


def test_restore(instance, saved, tmp_path):
    path, before = saved
    api = instance.api("kept")
    instance.cli("plan", "create", "after")
    instance.cli("token", "create", "after")
    server = api.get("/servers?name=before")["servers"][0]
    api.put(f"/servers/{server['id']}", {"name": "renamed", "labels": {}})
    api.create_server("after")
    instance.stop()
    instance.config.write_text(instance.config.read_text() + "\n[core]\n")

    assert instance.cli("restore", path, check=False).returncode == 2, "what is there is replaced only with --yes"
    untouched = files(instance)
    for what, content in damaged(path, tmp_path):
        (tmp_path / "broken").write_bytes(content)
        refused = instance.cli("restore", tmp_path / "broken", "--yes", check=False)
        assert refused.returncode == 1 and "nothing was changed" in refused.stderr, f"{what}: {refused}"
        assert files(instance) == untouched, what

    (instance.state / "ca/ca.pem").write_text("lost")
    (instance.state / "core/ippo.db").write_bytes(b"lost")
    instance.cli("restore", path, "--yes")
    assert not list(instance.state.glob("restore-*"))
    instance.start()
    assert everything(instance) == before
    # The token that was there is good, the name is free again, and new servers get addresses that nobody has.
    (tmp_path / "disk.raw").write_bytes(bytes(1 << 20))
    instance.import_image("again", tmp_path / "disk.raw")
    made = instance.api("kept").create_server("after", image="again")
    assert made["public_net"]["ipv4"]["ip"] not in [one["public_net"]["ipv4"]["ip"] for one in before["servers"]]


def test_disks_come_along_when_asked(instance, tmp_path):
    """A backup with disks brings back the host's folder, holes and all; one without leaves it alone."""
    disk = instance.state / "host/volumes/marker"
    disk.parent.mkdir(parents=True, exist_ok=True)
    with open(disk, "wb") as file:
        file.write(b"first")
        file.truncate(64 << 20)
    instance.cli("backup", tmp_path / "with", "--disks")
    instance.cli("backup", tmp_path / "without")
    instance.stop()
    disk.write_bytes(b"second")
    instance.cli("restore", tmp_path / "without", "--yes")
    assert disk.read_bytes() == b"second"
    instance.cli("restore", tmp_path / "with", "--yes")
    assert disk.stat().st_size == 64 << 20 and disk.stat().st_blocks < 1000
    with open(disk, "rb") as file:
        assert file.read(5) == b"first"
    instance.start()

"""What waits for an image, counted by apt against an archive on this machine, and who is told when an image is old."""
import contextlib
import datetime
import email
import email.policy
import json
import pathlib
import pwd
import sqlite3
import tempfile
import time

import pytest

from ippo_testing import IppoInstance, eventually
from package_archive import Archive, package_list

DAY = 86400 * 1000
INSTALLED = {"libc6": "2.36-9+deb12u1", "openssl": "3.0.9-1", "less": "590-2", "kernel": "6.1.1"}


@pytest.fixture(scope="module")
def archive():
    with tempfile.TemporaryDirectory(prefix="ippo-archive-", dir="/var/tmp") as folder:
        folder = pathlib.Path(folder)
        folder.chmod(0o711)  # its sources are read as nobody
        archive = Archive(folder)
        yield archive
        archive.stop()


@pytest.fixture(scope="module")
def ippo(archive):
    instance = IppoInstance("fake", settings={"host": {"image_sources": archive.sources}})
    instance.config.write_text(instance.config.read_text().replace("[post]\n", "[post]\noperator = operator@example.org\n"))
    try:
        yield instance.start()
    finally:
        instance.close()


@pytest.fixture
def image(ippo, tmp_path, request):
    """Brings in an image of which a package list is told, or None of which nothing is."""
    def bring(name, packages=None):
        path = tmp_path / f"{name}.raw"
        path.write_bytes(bytes(1 << 20))
        if packages is not None:
            (tmp_path / f"{name}.raw.packages").write_text(packages)
        recipe = tmp_path / name
        recipe.write_text(f"#!/bin/sh\necho {path}\n")
        recipe.chmod(0o755)
        ippo.cli("image", "build", recipe, name)
        return ippo.cli_json("image", "show", name)
    return bring


def looked(ippo, image):
    """The image once no look is due any more."""
    return eventually(lambda: (found := ippo.cli_json("image", "show", str(image["id"]))) and not found["updates"]["looking"] and found, 120)


def test_what_waits_is_counted_by_apt(ippo, archive, image):
    archive.publish(main={"libc6": "2.36-9+deb12u1", "less": "590-2.1", "more": "1", "kernel": {"Version": "6.1.2", "Depends": "kernel-6.1.2"}, "kernel-6.1.2": "1"},
                    security={"openssl": "3.0.11-1~deb12u2", "libc6": "2.36-9"})
    found = looked(ippo, image("counted", package_list(INSTALLED)))
    assert found["built"] == "2026-11-20T10:00:00+00:00"
    assert (found["updates"]["pending"], found["updates"]["security"], found["updates"]["reason"]) == (3, 1, None), found
    assert found["updates"]["checked"] and found["updates"]["unknown_since"] is None and found["updates"]["message"] is None
    # On demand: what came since.
    archive.publish(security={"openssl": "3.0.11-1~deb12u2", "libc6": "2.36-9+deb12u7"})
    again = json.loads(ippo.cli("image", "check", "counted", "--json").stdout)
    assert (again["updates"]["pending"], again["updates"]["security"]) == (4, 2)
    text = ippo.cli("image", "list").stdout
    assert [line.split()[-1] for line in text.splitlines() if " counted " in line] == ["2/4"], text
    assert "4 pending, 2 of security" in ippo.cli("image", "show", "counted").stdout
    scraped = ippo.api("watcher", "--operator").session.get(f"{ippo.url}/v1/metrics").text
    assert 'ippo_image_pending_updates{image="counted",kind="security"} 2\n' in scraped
    age = float(scraped.split('ippo_image_age_seconds{image="counted"} ')[1].split("\n")[0])
    assert abs(age - (time.time() - datetime.datetime(2026, 11, 20, 10, tzinfo=datetime.timezone.utc).timestamp())) < 300


def test_it_is_unknown_since_when_and_why(ippo, archive, image):
    made = looked(ippo, image("away", package_list(INSTALLED)))
    assert made["updates"]["reason"] is None
    archive.stop()
    try:
        failed = ippo.cli("image", "check", "away", "--json", check=False)
        first = json.loads(failed.stdout)["updates"]
        assert failed.returncode != 0 and first["reason"] == "archive_unreachable" and "refused" in first["message"], first
        assert first["pending"] == made["updates"]["pending"] and first["checked"] == made["updates"]["checked"]
        second = json.loads(ippo.cli("image", "check", "away", "--json", check=False).stdout)["updates"]
        assert second["unknown_since"] == first["unknown_since"] > first["checked"]
        text = ippo.cli("image", "show", "away").stdout
        assert f"unknown since {first['unknown_since']}: the archive does not answer" in text
        # A customer learns that it is unknown, and nothing of where the archive is.
        seen = ippo.api().get(f"/images/{made['id']}")["image"]["updates"]
        assert seen["reason"] == "archive_unreachable" and "message" not in seen and "looking" not in seen
    finally:
        archive.start()
    assert json.loads(ippo.cli("image", "check", "away", "--json").stdout)["updates"]["unknown_since"] is None


def test_lists_that_nobody_signed_prove_nothing(ippo, archive, image):
    made = looked(ippo, image("unsigned", package_list(INSTALLED)))
    archive.trust(False)
    try:
        answer = json.loads(ippo.cli("image", "check", made["name"], "--json", check=False).stdout)["updates"]
        assert answer["reason"] == "archive_unreachable" and "not signed" in answer["message"], answer
    finally:
        archive.trust(True)


def test_another_release_is_not_compared(ippo, archive, image):
    found = looked(ippo, image("other", package_list(INSTALLED, codename="trixie")))
    assert found["updates"]["reason"] == "other_release" and "trixie" in found["updates"]["message"] and found["updates"]["pending"] is None


def test_without_a_list_nothing_is_claimed(ippo, image):
    found = image("silent")
    assert found["built"] is None and found["updates"]["reason"] == "no_package_list" and found["updates"]["pending"] is None
    refused = ippo.cli("image", "check", "silent", check=False)
    assert refused.returncode != 0 and "package list" in refused.stderr


def test_a_list_can_come_with_an_imported_image(ippo, archive, tmp_path):
    """Of an image from elsewhere: its owner says what is in it, and it is counted like any other; what is no list is refused whole."""
    archive.publish(main={"less": "590-2.1"}, security={"openssl": "3.0.11-1~deb12u2"})
    disk, told = tmp_path / "disk.raw", tmp_path / "list"
    disk.write_bytes(bytes(1 << 20))
    told.write_text(package_list(INSTALLED))
    ippo.cli("image", "import", "from-elsewhere", "--file", disk, "--packages", told)
    found = looked(ippo, ippo.cli_json("image", "show", "from-elsewhere"))
    assert (found["updates"]["pending"], found["updates"]["security"], found["updates"]["reason"]) == (2, 1, None), found["updates"]
    told.write_text("no list\n")
    refused = ippo.cli("image", "import", "wrong", "--file", disk, "--packages", told, check=False)
    assert refused.returncode != 0 and "line 1 of the package list" in refused.stderr
    assert ippo.cli("image", "import", "wrong", "--file", disk, "--packages", tmp_path / "none", check=False).returncode == 2
    assert "wrong" not in [image["name"] for image in ippo.cli_json("image", "list")]


@pytest.mark.parametrize("packages", [
    "", "Package: a\n", "Built: yesterday\nCodename: bookworm\n\nPackage: a\n", "Built: 2026-11-20T10:00:00Z\nCodename: ../x\n\nPackage: a\n",
    "Built: 2026-11-20T10:00:00Z\nCodename: bookworm\n\n", "Built: 2026-11-20T10:00:00Z\nCodename: bookworm\n\nVersion: 1\n",
    "Built: 2026-11-20T10:00:00Z\nCodename: bookworm\n\nPackage: a\nFilename: x\n", "Built: 2099-11-20T10:00:00Z\nCodename: bookworm\n\nPackage: a\n",
    "Built: 2026-11-20T10:00:00Z\nCodename: bookworm\n\nPackage: \u00e9\n", "Built: 2026-11-20T10:00:00Z\nCodename: bookworm\n\n" + "Package: a\n\n" * 13800, 7], ids=[
    "empty", "no head", "no time", "no release", "no package", "no name", "a strange field", "of the future", "not ASCII", "too long", "no text"])
def test_a_list_that_is_none_is_refused_whole(ippo, packages):
    operator = ippo.api("operator", "--operator")
    before = ippo.cli_json("image", "list")
    status, code = operator.error("POST", "/images", {"name": "refused", "url": "https://127.0.0.1:1/x", "packages": packages})
    assert (status, code) in ((422, "invalid_input"), (400, "invalid_input"), (413, "request_too_large"))
    assert ippo.cli_json("image", "list") == before


def test_the_look_runs_as_nobody(ippo):
    """What fetches and compares can write its own two folders, which nobody else's process of Ippo writes."""
    folder = ippo.state / "host/updates"
    nobody = pwd.getpwnam("nobody").pw_uid
    assert {path.name: path.stat().st_uid for path in folder.iterdir()} == {"apt.conf": 0, "status": 0, "state": nobody, "cache": nobody}
    assert any((folder / "state/lists").iterdir()) and {path.stat().st_uid for path in (folder / "state/lists").iterdir()} == {nobody}


def test_operators_are_told_once_of_an_old_image(ippo, image):
    def told(name):
        mails = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in (ippo.dir / "mail").glob("*.eml")]
        return [mail for mail in mails if "operator@example.org" in mail["To"] and f'"{name}"' in mail.get_content()]

    made = image("aged", package_list({"libc6": "1"}, built="2026-10-01T10:00:00Z"))
    eventually(lambda: told("aged"), 120)
    with contextlib.closing(sqlite3.connect(ippo.state / "core/ippo.db", timeout=30)) as database:
        assert database.execute("SELECT count(*) FROM image WHERE told_ms > 0 AND id = ?", (made["id"],)).fetchone() == (1,)
    operator = ippo.api("historian", "--operator")
    (line,) = [line for line in operator.get("/history?what=image.old")["history"] if line["resource"]["name"] == "aged"]
    assert line["details"]["days"] >= 31 and line["actor"]["kind"] == "system"
    ippo.stop()
    ippo.start()
    image("aged-too", package_list({"libc6": "1"}, built="2026-10-02T10:00:00Z"))
    eventually(lambda: told("aged-too"), 120)  # so it was looked at all of them again
    assert len(told("aged")) == 1
    assert [old["name"] for old in ippo.cli_json("health")["old_images"]] == ["aged", "aged-too"]

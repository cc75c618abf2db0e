"""firststep's own package: what is in it, and that its program runs from there."""
import os
import pathlib
import subprocess

import pytest

BUILD = pathlib.Path(os.environ.get("IPPO_BUILD", "build")).resolve()
ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(*words):
    return subprocess.run(list(map(str, words)), capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    return run(ROOT / "packaging/firststep/make-deb", BUILD / "firststep", tmp_path_factory.mktemp("deb")).strip()


def test_what_is_in_it(package, tmp_path):
    run("dpkg-deb", "-x", package, tmp_path)
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if not path.is_dir()} == {
        "usr/sbin/firststep", "usr/share/man/man1/firststep.1.gz", "usr/share/doc/firststep/copyright",
        "usr/share/firststep/qemu-ga.conf",
        "usr/lib/systemd/system/firststep-rollback.service", "usr/lib/systemd/system/firststep-report.service",
        "usr/lib/systemd/system/sysinit.target.wants/firststep-rollback.service",
        "usr/lib/systemd/system/multi-user.target.wants/firststep-report.service"}
    assert run(tmp_path / "usr/sbin/firststep", "version").startswith("firststep ")
    fields = run("dpkg-deb", "-f", package)
    assert "Package: firststep\n" in fields and "Depends" not in fields
    assert set(run("dpkg-deb", "-c", package).split("\n")[0].split()[1:2]) == {"root/root"}


def test_it_runs_where_nothing_else_is(package, tmp_path):
    """In a root that holds the package and two files: no library, no shell, no /proc."""
    run("dpkg-deb", "-x", package, tmp_path)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (tmp_path / "etc/shadow").write_text("root:*:20000:0:99999:7:::\n")
    done = subprocess.run(["chroot", tmp_path, "/usr/sbin/firststep", "check", "initial-password"], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith("PASS"), done.stderr


def test_the_archive_of_the_seed_disc_has_the_same(package, tmp_path):
    """But for what dpkg alone wants; and no folder, so that a server's own keep their modes."""
    run("dpkg-deb", "-x", package, tmp_path)
    listed = set(run("tar", "-tzf", BUILD / "firststep.tar.gz").split())
    assert listed == {f"./{path.relative_to(tmp_path)}" for path in tmp_path.rglob("*") if not path.is_dir()} - {
        "./usr/share/doc/firststep/copyright"}


def test_the_agent_is_left_with_what_the_host_needs(package, tmp_path):
    run("dpkg-deb", "-x", package, tmp_path)
    (line,) = [line for line in (tmp_path / "usr/share/firststep/qemu-ga.conf").read_text().splitlines() if line.startswith("block-rpcs=")]
    blocked = set(line.removeprefix("block-rpcs=").split(","))
    assert {"guest-exec", "guest-exec-status", "guest-file-open", "guest-file-read", "guest-file-write",
            "guest-ssh-add-authorized-keys"} <= blocked
    assert not blocked & {"guest-ping", "guest-sync", "guest-sync-delimited", "guest-info", "guest-shutdown", "guest-set-user-password"}


@pytest.mark.parametrize("name", ["firststep-rollback", "firststep-report"])
def test_its_units_are_right(package, tmp_path, name):
    run("dpkg-deb", "-x", package, tmp_path)
    unit = tmp_path / f"usr/lib/systemd/system/{name}.service"
    unit.write_text(unit.read_text().replace("/usr/sbin/firststep", str(tmp_path / "usr/sbin/firststep")))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "firststep" not in done.stderr, done.stderr

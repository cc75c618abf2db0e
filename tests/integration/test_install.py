"""What `make install` puts in place, staged below a folder, and that `make uninstall` takes all of it away."""
import os
import re
import shutil
import subprocess

import pytest

from ippo_testing import BUILD, ROOT, run

PREFIX = "/usr/local"
PLACED = {
    *(f"{PREFIX}/libexec/ippo/{name}" for name in ("ippod", "ippo-web", "ippo-core", "ippo-host", "ippo-metrics", "ippo-post", "ippo-probe", "ippo-dns")),
    f"{PREFIX}/libexec/ippo/guest/firststep",
    f"{PREFIX}/libexec/ippo/guest/firststep.tar.gz",
    f"{PREFIX}/bin/ippo",
    f"{PREFIX}/share/man/man1/firststep.1",
    f"{PREFIX}/share/man/man1/ippo.1",
    f"{PREFIX}/share/man/man5/ippo.conf.5",
    f"{PREFIX}/share/man/man7/ippo-recipe.7",
    f"{PREFIX}/share/man/man8/ippod.8",
    f"{PREFIX}/share/bash-completion/completions/ippo",
    f"{PREFIX}/share/ippo/ippod.service",
    f"{PREFIX}/share/ippo/ippo.conf",
    f"{PREFIX}/share/ippo/sysusers.conf",
    f"{PREFIX}/share/ippo/tmpfiles.conf",
    "/etc/systemd/system/ippod.service",
    "/usr/lib/sysusers.d/ippo.conf",
    "/usr/lib/tmpfiles.d/ippo.conf",
}
SETTINGS = "/etc/ippo/ippo.conf"


def staged(command, root):
    return run(ROOT / "setup" / command, env={**os.environ, "DESTDIR": str(root), "PREFIX": PREFIX, "IPPO_BUILD": str(BUILD)})


def files(root):
    return {"/" + str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir()}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("root")
    staged("install", folder)
    return folder


def test_everything_is_placed(root):
    found = {path for path in files(root) if not path.startswith((f"{PREFIX}/libexec/ippo/panel/", f"{PREFIX}/share/ippo/recipes/"))}
    assert found == PLACED | {SETTINGS}
    if (BUILD / "panel/NOTICES.txt").exists():
        assert (root / f"{PREFIX[1:]}/libexec/ippo/panel/index.html").exists()
        for language in ("ja", "en"):
            assert (root / f"{PREFIX[1:]}/libexec/ippo/panel/manual/{language}/first-step.json").exists()


def test_recipes_are_found_where_they_are_placed(root):
    """ippo knows them by name, and they find what they need: asked for an option that there is not, they say so."""
    done = run(f"{root}{PREFIX}/bin/ippo", "--config", ROOT / "packaging/ippo.conf", "image", "build", "none", check=False)
    assert done.returncode == 3 and "debian-12" in done.stderr and "wordpress" in done.stderr
    for name in ("debian-12", "wordpress"):
        asked = run(f"{root}{PREFIX}/share/ippo/recipes/images/{name}/build", "--no-such-option", check=False)
        assert asked.returncode == 1 and "there is no option --no-such-option" in asked.stderr
    for path in ("setup/say.sh", "packaging/firststep/make-deb", "docs/man/firststep.1", "LICENSE"):
        assert (root / f"{PREFIX[1:]}/share/ippo/recipes" / path).exists()


def test_programs_run_where_they_are_placed(root):
    assert run(f"{root}{PREFIX}/bin/ippo", "--version").stdout.startswith("ippo ")
    assert "GET /v1/servers" in run(f"{root}{PREFIX}/libexec/ippo/ippo-core", "--routes").stdout
    assert ".Dt IPPO 1" in (root / f"{PREFIX[1:]}/share/man/man1/ippo.1").read_text()


def test_unit(root):
    """The unit names programs and manual pages that are there, and systemd finds nothing to say about it."""
    unit = root / "etc/systemd/system/ippod.service"
    program, settings = re.search(r"^ExecStart=(\S+) --config (\S+)", unit.read_text(), re.M).groups()
    assert f"{root}{program}" and program in files(root) and settings in files(root)
    for name, section in re.findall(r"man:([\w.]+)\((\d)\)", unit.read_text()):
        assert f"{PREFIX}/share/man/man{section}/{name}.{section}" in files(root)
    assert shutil.which("systemd-analyze"), "systemd is on every Debian"
    # systemd looks below a root for programs as well; manual pages it would ask man for.
    done = subprocess.run(["systemd-analyze", "verify", f"--root={root}", "--man=no", "--recursive-errors=no", "ippod.service"],
                          capture_output=True, text=True)
    assert done.returncode == 0 and "ippod" not in done.stderr, done.stderr


def test_users_and_folders(root):
    """systemd-sysusers makes what setup/users makes."""
    sysusers = (root / "usr/lib/sysusers.d/ippo.conf").read_text()
    assert {line.split()[1] for line in sysusers.splitlines() if line[:1] in "ug"} == {"ippo", "ippo-web", "ippo-core", "ippo-metrics", "ippo-post", "ippo-probe", "ippo-dns"}
    trial = root.parent / "trial"
    (trial / "etc").mkdir(parents=True)
    run("systemd-sysusers", f"--root={trial}", root / "usr/lib/sysusers.d/ippo.conf")
    assert {"ippo-web", "ippo-core", "ippo-metrics", "ippo-post", "ippo-probe", "ippo-dns"} <= {line.split(":")[0] for line in (trial / "etc/passwd").read_text().splitlines()}
    run("systemd-tmpfiles", f"--root={trial}", "--create", root / "usr/lib/tmpfiles.d/ippo.conf")
    assert (trial / "var/lib/ippo").stat().st_mode & 0o777 == 0o711


def test_uninstall_leaves_settings_and_nothing_else(root):
    (root / "etc/ippo/ippo.conf").write_text("# mine\n")
    staged("install", root)
    assert (root / "etc/ippo/ippo.conf").read_text() == "# mine\n", "a second install keeps what was changed"
    staged("uninstall", root)
    assert files(root) == {SETTINGS}

"""Images by recipes: made, made anew under the same name, and told of when they are old. The recipes here are two lines long."""
import contextlib
import json
import re
import sqlite3
import time

import pytest

from ippo_testing import eventually


@pytest.fixture
def recipe(tmp_path):
    """Writes down what it is asked for, speaks, and prints the path of its image last."""
    path = tmp_path / "recipe"
    (tmp_path / "made.raw").write_bytes(bytes(1 << 20))
    path.write_text(f"#!/bin/sh\necho \"$*\" >>{tmp_path}/asked\n[ ! -e {tmp_path}/broken ] || exit 3\n"
                    f"echo making it\necho {tmp_path}/made.raw\n")
    path.chmod(0o755)
    return path


def test_made_anew_under_its_name(fake, recipe):
    """New servers get the new one, those that are there keep theirs, and there is never none of that name."""
    fake.cli("image", "build", recipe, "made-12", "--description", "by a recipe", "--os-version", "12")
    first = fake.cli_json("image", "show", "made-12")
    server = fake.api().create_server("of-the-first", image="made-12")
    second = json.loads(fake.cli("image", "refresh", "made-12", "--recipe", recipe, "--json").stdout)
    assert second["id"] != first["id"] and second["name"] == "made-12" and second["status"] == "available"
    assert [second[key] for key in ("description", "os_flavor", "os_version")] == [first[key] for key in ("description", "os_flavor", "os_version")]
    assert (recipe.parent / "asked").read_text() == "\n--fresh\n"
    assert [image["id"] for image in fake.api().get("/images?name=made-12")["images"]] == [second["id"]]
    kept = fake.api().get(f"/images/{first['id']}")["image"]
    assert kept["name"] == f"made-12-{first['id']}" and kept["deprecated"] and fake.api().server(server)["image"]["id"] == first["id"]
    third = json.loads(fake.cli("image", "refresh", "made-12", "--recipe", recipe, "--json").stdout)
    eventually(lambda: fake.api().request("GET", f"/images/{second['id']}").status_code == 404)  # nobody's
    other = fake.api().create_server("of-the-second", image="made-12")
    assert fake.api().server(other)["image"]["id"] == third["id"]
    for made in (server, other):
        fake.api().delete_server(made)


def test_a_recipe_that_fails_changes_nothing(fake, recipe):
    fake.cli("image", "build", recipe, "kept")
    before = fake.cli_json("image", "list")
    (recipe.parent / "broken").touch()
    for words in (("refresh", "kept", "--recipe", recipe), ("build", recipe, "other"), ("refresh", "kept"),
                  ("refresh", "kept", "--recipe", recipe.parent / "none"), ("refresh", "nobody", "--recipe", recipe)):
        assert fake.cli("image", *words, check=False).returncode != 0, words
    assert fake.cli_json("image", "list") == before


def test_a_folder_is_a_recipe(fake, tmp_path):
    """Its name is the image's, recipe.conf says what people read, and options come first."""
    folder = tmp_path / "my-own"
    folder.mkdir()
    (tmp_path / "made.raw").write_bytes(bytes(1 << 20))
    (folder / "recipe.conf").write_text("# Of my own.\ndescription = Debian, with Java = 17\nos_flavor=debian\n\n os_version = 12 \n")
    # It says more than is kept of it, and needs the folder of Ippo's programs.
    (folder / "build").write_text(f"#!/bin/sh\ntest -x \"$IPPO_BUILD/ippo-host\" || exit 7\nseq 1 20000\necho {tmp_path}/made.raw\n")
    (folder / "build").chmod(0o755)
    fake.cli("image", "build", folder)
    found = fake.cli_json("image", "show", "my-own")
    assert [found[key] for key in ("description", "os_flavor", "os_version")] == ["Debian, with Java = 17", "debian", "12"]
    fake.cli("image", "build", "my-own", "other", "--description", "said", cwd=tmp_path)
    found = fake.cli_json("image", "show", "other")
    assert (found["description"], found["os_version"]) == ("said", "12")
    assert (found["type"], found["os_flavor"]) == ("system", "debian")
    # What it is for is said there, too; an option comes first here as well.
    (folder / "recipe.conf").write_text("type = rescue\n")
    fake.cli("image", "build", folder, "mends")
    assert fake.cli_json("image", "show", "mends")["type"] == "rescue"
    fake.cli("image", "build", folder, "is-mended", "--type", "system")
    assert fake.cli_json("image", "show", "is-mended")["type"] == "system"
    fake.cli("image", "delete", "mends", "--yes")
    fake.cli("image", "refresh", "my-own", "--recipe", folder)
    assert fake.cli_json("image", "show", "my-own")["id"] > found["id"]


@pytest.mark.parametrize("contents, conf, code, says", (
    (None, "", 3, "there is no program build in it"),
    ("#!/bin/sh\nexit 3\n", "", 5, "failed, with status 3"),
    ("#!/bin/sh\nkill -TERM $$\n", "", 5, "was ended by signal 15"),
    ("#!/bin/sh\necho done\n", "", 5, "the last it printed has to be the image's absolute path"),
    ("#!/bin/sh\n", "", 5, "the last it printed has to be the image's absolute path"),
    ("#!/bin/sh\necho /nowhere/at/all\n", "", 5, "cannot be read: No such file"),
    ("#!/bin/sh\necho /etc\n", "", 5, "is no file"),
    ("#!/bin/sh\nmkfifo pipe; echo $PWD/pipe\n", "", 5, "is no file"),
    ("#!/no/such/shell\n", "", 5, "cannot run"),
    ("#!/bin/sh\n", "colour = red\n", 2, "its line 1 is no description, os_flavor or os_version"),
    ("#!/bin/sh\n", "type = kernel\n", 2, "nor type = system, app or rescue"),
    ("#!/bin/sh\n", "\ndescription\n", 2, "its line 2 is no description"),
    ("#!/bin/sh\n", "description = " + "x" * 256 + "\n", 2, "its line 1 is no description"),
    ("#!/bin/sh\n", "# " + "x" * 17000 + "\n", 2, "recipe.conf"),
))
def test_what_is_wrong_with_a_recipe_is_said(fake, tmp_path, contents, conf, code, says):
    before = fake.cli_json("image", "list")
    if contents is not None:
        (tmp_path / "build").write_text(contents)
        (tmp_path / "build").chmod(0o755)
    (tmp_path / "recipe.conf").write_text(conf)
    done = fake.cli("image", "build", tmp_path, "wrong", check=False, cwd=tmp_path)
    assert (done.returncode, says in done.stderr) == (code, True), done.stderr
    assert fake.cli_json("image", "list") == before


def test_a_recipe_that_is_not_there(fake, tmp_path):
    done = fake.cli("image", "build", "blog", check=False)
    assert done.returncode == 3 and "there is no recipe blog" in done.stderr
    assert "debian-12" in done.stderr and "wordpress" in done.stderr and "rescue" in done.stderr and "tiny" not in done.stderr
    done = fake.cli("image", "build", tmp_path / "none", check=False)
    assert done.returncode == 3 and "No such file" in done.stderr
    (tmp_path / "plain").write_text("#!/bin/sh\n")
    done = fake.cli("image", "build", tmp_path / "plain", "x", check=False)
    assert done.returncode == 2 and "chmod 755" in done.stderr
    (tmp_path / "plain").chmod(0o755)
    done = fake.cli("image", "build", tmp_path / "plain", check=False)
    assert done.returncode == 2 and "image build PROGRAM NAME" in done.stderr


def test_replaces_is_refused(fake, recipe):
    operator = fake.api("operator", "--operator")
    fake.cli("image", "build", recipe, "alone")
    alone = fake.cli_json("image", "show", "alone")
    for wrong in ("alone", "nobody", 7, ""):
        assert operator.error("PUT", f"/images/{alone['id']}", {"replaces": wrong}) in ((422, "invalid_input"), (400, "invalid_input")), wrong
    operator.put(f"/images/{alone['id']}/protection", {"delete": True})
    fake.cli("image", "build", recipe, "beside")
    beside = fake.cli_json("image", "show", "beside")
    assert operator.error("PUT", f"/images/{beside['id']}", {"replaces": "alone"})[1] == "protected"
    assert fake.cli_json("image", "show", "beside")["id"] == beside["id"] and fake.cli_json("image", "show", "alone")["id"] == alone["id"]


def test_operators_are_told_of_old_images(fake, recipe):
    fake.cli("image", "build", recipe, "aging")
    image = fake.cli_json("image", "show", "aging")
    day = 86400 * 1000
    for age, told in ((29, False), (30, False), (31, True)):
        with contextlib.closing(sqlite3.connect(fake.state / "core/ippo.db", timeout=30)) as database, database:
            database.execute("UPDATE image SET created_ms = ? WHERE id = ?", (int(time.time() * 1000) - age * day - 1000, image["id"]))
        assert [found for found in fake.cli_json("health")["old_images"] if found["id"] == image["id"]] == (
            [{"id": image["id"], "name": "aging", "age_days": 31}] if told else [])
    assert "old_images" not in fake.anonymous().get("/health")["health"]
    assert re.search(r"aging .* 31 +unknown\n", fake.cli("image", "list").stdout)

"""Images come in by file or address, with a checksum, and nothing of a hostile one is ever believed."""
import functools
import hashlib
import http.server
import subprocess
import threading

import pytest

from ippo_testing import eventually, run, sha256


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Readable for the process without power that fetches and looks at images."""
    path = tmp_path_factory.mktemp("images")
    for above in (path, *path.parents):
        if str(above).startswith("/tmp/"):
            above.chmod(0o755)
    return path


@pytest.fixture(scope="module")
def disk(folder):
    """A qcow2 of 8 MiB with something in it."""
    raw = folder / "disk.raw"
    raw.write_bytes(b"ippo" * 1024 + bytes((8 << 20) - 4096))
    run("qemu-img", "convert", "-O", "qcow2", raw, folder / "disk.qcow2")
    return folder / "disk.qcow2"


@pytest.fixture(scope="module")
def web(folder):
    """The folder, served on loopback."""
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

        def do_GET(self):
            if self.path.startswith("/redirect"):
                self.send_response(302)
                self.send_header("Location", "file:///etc/passwd")
                self.end_headers()
                return
            super().do_GET()

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="module")
def operator(real):
    return real.api("operator", "--operator")


def import_url(api, name, url, **fields):
    """The action of an import by address, when it has ended."""
    made = api.post("/images", {"name": name, "url": url, **fields})
    return api.wait(made["action"], success=None), made["image"]


def assert_no_trace(real, name):
    assert real.cli("image", "show", name, check=False).returncode == 3
    known = {str(number) for (number,) in real.database("SELECT id FROM image")}
    assert {file.split(".")[0] for file in real.files("images")} <= known


def test_a_machine_where_much_runs_as_nobody(real, disk):
    """The kernel counts all tasks of a user against the limit of each, whoever started them."""
    words = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "sleep", "120"]
    others = [subprocess.Popen(words) for _ in range(100)]
    try:
        real.cli("image", "import", "crowded", "--file", disk)
    finally:
        for other in others:
            other.kill()
            other.wait()
    real.cli("image", "delete", "crowded", "--yes")


@pytest.mark.parametrize("form", ["qcow2", "raw"])
def test_a_file_by_the_cli(real, folder, disk, form):
    path = folder / f"disk.{form}"
    real.cli("image", "import", f"file-{form}", "--file", path, "--checksum", sha256(path))
    image = real.cli_json("image", "show", f"file-{form}")
    assert image["status"] == "available" and image["type"] == "system"
    stored = real.state / "host/images" / f"{image['id']}.qcow2"
    assert run("qemu-img", "compare", "-f", "qcow2", "-F", form, stored, path).stdout.startswith("Images are identical")
    assert stored.stat().st_uid == 0 and stored.stat().st_mode & 0o777 == 0o644
    real.cli("image", "delete", f"file-{form}", "--yes")
    assert_no_trace(real, f"file-{form}")


def test_an_address_with_a_checksum(real, operator, web, disk):
    action, image = import_url(operator, "by-url", f"{web}/disk.qcow2", checksum=sha256(disk))
    assert action["status"] == "success", action["error"]
    assert operator.get(f"/images/{image['id']}")["image"]["status"] == "available"
    operator.delete(f"/images/{image['id']}")


def test_a_wrong_checksum_is_refused_and_leaves_nothing(real, operator, web, folder, disk):
    wrong = "sha256:" + hashlib.sha256(b"something else").hexdigest()
    action, _ = import_url(operator, "wrong", f"{web}/disk.qcow2", checksum=wrong)
    assert (action["status"], action["error"]["code"]) == ("error", "checksum_mismatch")
    assert hashlib.sha256(disk.read_bytes()).hexdigest() in action["error"]["message"]
    assert_no_trace(real, "wrong")
    done = real.cli("image", "import", "wrong", "--file", disk, "--checksum", wrong, check=False)
    assert done.returncode == 5 and "checksum_mismatch" in done.stderr
    assert_no_trace(real, "wrong")


@pytest.mark.parametrize("path,code", [("/nothing-here", "fetch_failed"), ("/redirect", "fetch_failed"), ("/text", "invalid_input")])
def test_what_is_no_image_at_an_address(real, operator, web, folder, path, code):
    (folder / "text").write_bytes(b"QFI\xfb" + bytes(range(256)) * 40)
    action, _ = import_url(operator, "bad", web + path)
    assert (action["status"], action["error"]["code"]) == ("error", code), action["error"]
    assert_no_trace(real, "bad")


def test_an_image_that_refers_to_other_files_is_refused(real, operator, folder, disk, web):
    """Such a qcow2 would show its reader whatever file of the host it names."""
    run("qemu-img", "create", "-f", "qcow2", "-b", "/etc/shadow", "-F", "raw", folder / "backing.qcow2", "1M")
    run("qemu-img", "create", "-f", "qcow2", "-o", f"data_file={folder}/outside.raw,data_file_raw=on", folder / "data.qcow2", "1M")
    for name in ("backing.qcow2", "data.qcow2"):
        action, _ = import_url(operator, "refers", f"{web}/{name}")
        assert (action["status"], action["error"]["code"]) == ("error", "invalid_input"), (name, action)
        assert_no_trace(real, "refers")


def test_what_is_asked_is_checked_before_anything_is_done(real, operator, web):
    for fields, field in (
            ({"name": "x", "url": "file:///etc/passwd"}, "url"), ({"name": "x", "url": "gopher://localhost/"}, "url"),
            ({"name": "x", "url": f"{web}/disk.qcow2", "checksum": "md5:abc"}, "checksum"),
            ({"name": "../x", "url": f"{web}/disk.qcow2"}, "name"), ({"name": "x"}, "url")):
        answer = operator.request("POST", "/images", fields)
        assert answer.status_code == 422, (fields, answer.text)
        assert answer.json()["error"]["details"]["fields"][0]["name"] == field, fields
    assert operator.error("POST", "/images", {"name": "tiny", "url": f"{web}/disk.qcow2"}) == (409, "uniqueness_error")


def test_customers_bring_in_no_images(real, web):
    real.cli("customer", "create", "importer")
    token = real.cli("--customer", "importer", "token", "create", "importer").stdout.strip()
    customer = real.anonymous()
    customer.session.headers["Authorization"] = f"Bearer {token}"
    assert customer.error("POST", "/images", {"name": "mine", "url": f"{web}/disk.qcow2"}) == (403, "forbidden")
    assert "tiny" in [image["name"] for image in customer.get("/images")["images"]]


def test_an_image_in_use_or_protected_stays(real, operator, disk):
    real.cli("image", "import", "used", "--file", disk)
    image = real.cli_json("image", "show", "used")
    server = real.api().create_server("uses-it", server_type="tiny", image="used")
    assert operator.error("DELETE", f"/images/{image['id']}") == (422, "resource_in_use")
    real.api().delete_server(server)
    operator.put(f"/images/{image['id']}/protection", {"delete": True})
    assert operator.error("DELETE", f"/images/{image['id']}") == (423, "protected")
    operator.put(f"/images/{image['id']}/protection", {"delete": False})
    operator.delete(f"/images/{image['id']}")
    eventually(lambda: operator.request("GET", f"/images/{image['id']}").status_code == 404)
    assert_no_trace(real, "used")

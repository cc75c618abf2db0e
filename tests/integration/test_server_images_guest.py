"""Images of a real guest's disk: as of one instant, while it runs; servers that are made from them; processes that die meanwhile."""
import json
import pathlib

import pytest

from ippo_testing import address_of, eventually, run

MIB = 1 << 20
FIRST, SECOND, WORDS = 900, 901, 902  # where on the disk, in MiB
# The second is only ever written when the first is on the disk: at no instant is it ahead.
COUNTING = f"""n=0
while :; do
	n=$((n + 1))
	printf '%08d' $n | dd of=/dev/vda bs=1M seek={FIRST} conv=notrunc,fsync 2>/dev/null
	printf '%08d' $n | dd of=/dev/vda bs=1M seek={SECOND} conv=notrunc,fsync 2>/dev/null
done"""


@pytest.fixture(scope="module")
def source(real, key):
    api = real.api()
    api.post("/ssh_keys", {"name": "test", "public_key": key.public})
    server = api.create_server("source", server_type="tiny", ssh_keys=["test"])
    # So much that a copy takes a while.
    run("qemu-io", "-c", "write -P 0x5a 64M 700M", volume(real, server, 1))
    return server


def volume(real, server, generation):
    return real.state / "host/volumes" / f"{server['ippo']['uuid']}.{generation}.qcow2"


def image_file(real, image):
    return real.state / "host/images" / f"{image['id']}.qcow2"


def info(path):
    return json.loads(run("qemu-img", "info", "-U", "--output=json", path).stdout)


def take(api, server, seconds=300):
    answer = api.post(f"/servers/{server['id']}/actions/create_image", {"description": "of a guest"})
    api.wait(answer["action"], seconds=seconds)
    return api.get(f"/images/{answer['image']['id']}")["image"]


def words_at(path, mib):
    out = pathlib.Path(f"{path}.words")
    try:
        run("qemu-img", "dd", "-U", "-f", "qcow2", "-O", "raw", f"if={path}", f"of={out}", "bs=1M", f"skip={mib}", f"count={mib + 1}")
        return out.read_bytes()[:8].rstrip(b"\0").decode()
    finally:
        out.unlink(missing_ok=True)


def in_guest(key, server, mib):
    return key.ssh(address_of(server), f"dd if=/dev/vda bs=1M skip={mib} count=1 2>/dev/null | head -c 8").stdout.rstrip("\0")


def nothing_left_over(real):
    def whole():
        rows = {f"{row[0]}.{kind}" for row in real.database("SELECT id FROM image") for kind in ("qcow2", "facts")}
        return set(real.files("images")) == rows
    eventually(whole, 20)


def job_of(real, server):
    return run("virsh", "-q", "-c", "qemu:///system", "domjobinfo", f"{real.name}-{server['id']}").stdout


def test_of_one_that_is_off(real, source):
    api = real.api()
    image = take(api, source)
    path = image_file(real, image)
    about = info(path)
    assert "backing-filename" not in about and about["virtual-size"] == 1024 * MIB and image["disk_size"] == 1
    assert path.stat().st_mode & 0o777 == 0o600 and path.stat().st_uid == 0
    run("qemu-io", "-r", "-c", "read -P 0x5a 64M 700M", path)
    assert "identical" in run("qemu-img", "compare", "-U", path, volume(real, source, 1)).stdout
    assert volume(real, source, 1).stat().st_uid != 65534, "the disk is left to nobody"
    api.delete(f"/images/{image['id']}")
    eventually(lambda: not path.exists(), 20)
    nothing_left_over(real)


def test_of_one_that_runs(real, key, source):
    """The guest goes on, and what is in the image was on the disk at one instant."""
    api = real.api()
    api.act(source, "poweron")
    address = address_of(source)
    key.wait_ssh(address)
    boot = key.ssh(address, "cat /proc/sys/kernel/random/boot_id").stdout
    key.ssh(address, f"printf of-one > /tmp/w; dd if=/tmp/w of=/dev/vda bs=1M seek={WORDS} conv=notrunc,fsync 2>/dev/null")
    key.ssh(address, f"cat > /tmp/count <<'END'\n{COUNTING}\nEND\nsetsid sh /tmp/count >/dev/null 2>&1 </dev/null &")
    eventually(lambda: in_guest(key, source, FIRST).isdigit(), 30)
    before = int(in_guest(key, source, FIRST))
    image = take(api, source)
    after = int(in_guest(key, source, FIRST))
    assert key.ssh(address, "cat /proc/sys/kernel/random/boot_id").stdout == boot and after > before
    path = image_file(real, image)
    first, second = int(words_at(path, FIRST)), int(words_at(path, SECOND))
    assert 0 <= first - second <= 1, "not of one instant"
    assert before - 1 <= first < after, "not of the instant at which it was asked for"
    assert words_at(path, WORDS) == "of-one"
    run("qemu-io", "-r", "-c", "read -P 0x5a 64M 700M", path)
    assert "backing-filename" not in info(path) and path.stat().st_mode & 0o777 == 0o600
    assert "None" in job_of(real, source)
    nothing_left_over(real)


@pytest.mark.parametrize("victim", ["host", "core"])
def test_a_process_dies_meanwhile(real, key, source, victim):
    api = real.api()
    answer = api.post(f"/servers/{source['id']}/actions/create_image")
    part = real.state / "host/images" / f"{answer['image']['id']}.part"
    eventually(lambda: part.exists() and part.stat().st_blocks > 8, 60, 0.01)
    real.kill(victim)
    real.wait_healthy()
    api = real.api()
    api.wait(answer["action"])
    image = api.get(f"/images/{answer['image']['id']}")["image"]
    assert image["status"] == "available"
    path = image_file(real, image)
    assert 0 <= int(words_at(path, FIRST)) - int(words_at(path, SECOND)) <= 1
    assert "None" in job_of(real, source) and api.server(source)["status"] == "running"
    api.delete(f"/images/{image['id']}")
    eventually(lambda: not path.exists(), 20)
    nothing_left_over(real)


def test_switched_off_meanwhile(real, key, source):
    """By the guest itself, as nobody else may: it is copied as one that is off, unless the copy was whole before."""
    api = real.api()
    answer = api.post(f"/servers/{source['id']}/actions/create_image")
    part = real.state / "host/images" / f"{answer['image']['id']}.part"
    eventually(lambda: part.exists() and part.stat().st_blocks > 8, 60, 0.01)
    key.ssh(address_of(source), "setsid sh -c 'sleep 1; poweroff' >/dev/null 2>&1 </dev/null &")
    api.wait(answer["action"])
    api.wait_status(source, "off")
    image = api.get(f"/images/{answer['image']['id']}")["image"]
    path = image_file(real, image)
    assert image["status"] == "available" and 0 <= int(words_at(path, FIRST)) - int(words_at(path, SECOND)) <= 1
    run("qemu-io", "-r", "-c", "read -P 0x5a 64M 700M", path)
    api.delete(f"/images/{image['id']}")
    nothing_left_over(real)


def test_servers_from_it(real, key, source):
    """A new one is another server; what was written is there; and the image may go."""
    api = real.api()
    image = api.get("/images?type=snapshot")["images"][0]
    copy = api.create_server("copy", start=True, server_type="tiny", image=image["id"], ssh_keys=["test"])
    disk = volume(real, copy, 1)
    assert "backing-filename" not in info(disk) and disk.stat().st_mode & 0o777 == 0o600
    key.wait_ssh(address_of(copy))
    assert key.ssh(address_of(copy), "hostname").stdout.strip() == "copy" and in_guest(key, copy, WORDS) == "of-one"
    for each in (copy, source):
        eventually(lambda: api.server(each)["ippo"]["host_keys"], 60)
    assert api.server(copy)["ippo"]["host_keys"] != api.server(source)["ippo"]["host_keys"]
    # The source goes back to it.
    key.ssh(address_of(copy), f"printf changed > /tmp/w; dd if=/tmp/w of=/dev/vda bs=1M seek={WORDS} conv=notrunc,fsync 2>/dev/null")
    api.act(source, "rebuild", {"image": image["id"]})
    api.delete(f"/images/{image['id']}")
    eventually(lambda: not image_file(real, image).exists(), 20)
    api.act(source, "poweron")
    key.wait_ssh(address_of(source))
    assert in_guest(key, source, WORDS) == "of-one" and in_guest(key, copy, WORDS) == "changed"
    api.act(copy, "reset")
    key.wait_ssh(address_of(copy))
    assert in_guest(key, copy, WORDS) == "changed"
    for each in (copy, source):
        api.delete_server(each)
    nothing_left_over(real)

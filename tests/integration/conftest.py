import pytest

from ippo_testing import IppoInstance, Key, start_libvirt, tiny_image


@pytest.fixture(scope="session")
def key(tmp_path_factory):
    return Key(tmp_path_factory.mktemp("key"))


@pytest.fixture(scope="module")
def fake(tmp_path_factory):
    """A running Ippo whose host is in memory: for faults, scale and everything above the host."""
    instance = IppoInstance("fake")
    try:
        instance.start()
        disk = tmp_path_factory.mktemp("image") / "disk.raw"
        disk.write_bytes(bytes(1 << 20))
        instance.import_image("tiny", disk)
        yield instance
    finally:
        instance.close()


@pytest.fixture(scope="module")
def real():
    """A running Ippo on libvirt and QEMU, with the tests' guest as its image."""
    start_libvirt()
    instance = IppoInstance("libvirt")
    try:
        instance.start()
        instance.import_image("tiny", tiny_image())
        instance.cli("plan", "create", "tiny", "--cores", "1", "--memory", "256", "--disk", "1", "--monthly", "1")
        yield instance
    finally:
        instance.close()


@pytest.fixture(scope="module")
def servers(request):
    """Deletes what a module's tests leave behind."""
    made = []
    yield made
    for api, server in made:
        if api.request("GET", f"/servers/{server['id']}").ok:
            api.request("POST", f"/servers/{server['id']}/actions/change_protection", {"delete": False, "rebuild": False})
            api.delete_server(server)

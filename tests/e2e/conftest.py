import pathlib
import sys

import pytest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "integration"), str(TESTS)]

from ippo_testing import IppoInstance, Key, debian_image, run, start_libvirt, tiny_image

ROOT = pathlib.Path(__file__).resolve().parents[2]
BROWSER = ROOT / "tests/e2e/browser"


@pytest.fixture(scope="session")
def key(tmp_path_factory):
    return Key(tmp_path_factory.mktemp("key"))


@pytest.fixture(scope="session")
def ippo():
    """One service on libvirt and QEMU for all of these tests, with Debian and the small guest as images."""
    start_libvirt()
    instance = IppoInstance("libvirt")
    try:
        instance.start()
        instance.import_image("tiny", tiny_image())
        instance.cli("image", "import", "debian-12", "--file", debian_image(), "--os-flavor", "debian", "--os-version", "12")
        instance.cli("plan", "create", "tiny", "--cores", "1", "--memory", "256", "--disk", "1", "--monthly", "1")
        # No more processors than the machine may have: a kernel in emulation may hang where it brings up a further one.
        instance.cli("plan", "create", "larger", "--cores", "2", "--memory", "2048", "--disk", "40", "--monthly", "2")
        yield instance
    finally:
        instance.close()


@pytest.fixture(scope="session")
def rescue_system(ippo):
    """Built once: from then on every server of the service can be started with it."""
    ippo.cli("image", "build", ROOT / "images/rescue/build", "rescue", "--type", "rescue")


@pytest.fixture(scope="session")
def playwright():
    """What drives Chromium."""
    if not (BROWSER / "node_modules/playwright-core").exists():
        run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", cwd=BROWSER)

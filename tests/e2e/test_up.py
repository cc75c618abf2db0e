"""`make up` as on a fresh machine: a service and a server to log in to, from one command; run again; taken down.

It has settings, state and a home of its own, so that it neither meets nor leaves anything of the machine's.
"""
import os
import re
import subprocess
import time

import pytest
import requests

from ippo_testing import BUILD, ROOT, IppoInstance, run, start_libvirt

UP_SECONDS = 900


class Up(IppoInstance):
    """The same settings as any test's service has; the script starts it."""

    def __init__(self):
        super().__init__("libvirt")
        self.ssh_dir = self.dir / "ssh"
        self.ssh_dir.mkdir(mode=0o700)
        self.environment = {**os.environ, "IPPO_CONFIG": str(self.config), "IPPO_BUILD": str(BUILD), "SUDO_USER": "root"}

    def within(self, *command, **options):
        """With a ~/.ssh of its own, as a newcomer has it: empty."""
        return subprocess.run(
            ["unshare", "--mount", "sh", "-c", 'mkdir -p -m 700 ~/.ssh; mount --bind "$0" ~/.ssh; exec "$@"', str(self.ssh_dir), *command],
            capture_output=True, text=True, env={**self.environment, "HOME": os.path.expanduser("~")}, stdin=subprocess.DEVNULL, **options)

    def up(self):
        done = self.within(str(ROOT / "setup/up"), timeout=UP_SECONDS)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def pid_file(self):
        return int((self.run_dir / "ippod.pid").read_text())

    def close(self):
        run(ROOT / "setup/down", "--keep-libvirt", check=False, env=self.environment)
        super().close()


@pytest.fixture(scope="module")
def service():
    start_libvirt()
    instance = Up()
    try:
        yield instance
    finally:
        instance.close()


@pytest.fixture(scope="module")
def said(service):
    return service.up()


def printed(pattern, text):
    found = re.search(pattern, text)
    assert found, text
    return found.group(1)


def test_it_ends_with_a_link_and_a_login(service, said):
    link = printed(r"Panel\s+(https://\S+#/invitation/\S+)", said)
    assert link.startswith(service.url)
    answer = requests.get(link, verify=str(service.ca), timeout=30)
    assert answer.status_code == 200 and "<!doctype html>" in answer.text.lower()
    ssh = printed(r"Log in\s+(ssh \S+)", said).split()
    done = service.within(*ssh[:1], "-o", "StrictHostKeyChecking=accept-new", "-o", "BatchMode=yes", *ssh[1:],
                          "hostname; id -un; sudo -n id -un", timeout=120)
    assert done.stdout.split() == ["hajime", "debian", "root"], done.stderr


def test_what_it_says_to_do_next_works(service, said):
    for line in re.findall(r"^  build/ippo (server list)$", said, re.MULTILINE):
        assert "hajime" in service.cli(*line.split()).stdout
    assert "export HCLOUD_ENDPOINT=" + service.url in said
    token = service.cli("token", "create", "laptop").stdout.strip()
    done = run("hcloud", "server", "list", env={**os.environ, "HCLOUD_ENDPOINT": f"{service.url}/v1", "HCLOUD_TOKEN": token,
                                                "SSL_CERT_FILE": service.cli("ca", "path").stdout.strip()})
    assert "hajime" in done.stdout


def test_a_second_run_changes_nothing(service, said):
    def made():
        """What was made. The servers' traffic and what their checks found go on by themselves."""
        servers = [{name: server[name] for name in ("id", "name", "status", "created", "public_net", "server_type")}
                   for server in service.cli_json("server", "list")]
        return service.pid_file(), servers, service.cli_json("key", "list"), service.domains()

    before = made()
    start = time.monotonic()
    again = service.up()
    took = time.monotonic() - start
    assert made() == before
    assert printed(r"Panel\s+(\S+)", again) == printed(r"Panel\s+(\S+)", said)
    assert took < 120, f"{took:.0f} s"


def test_down_leaves_servers_running_and_up_brings_the_service_back(service, said):
    guest = service.qemu_pid(service.cli_json("server", "show", "hajime"))
    assert guest
    run(ROOT / "setup/down", "--keep-libvirt", env=service.environment)
    with pytest.raises(requests.ConnectionError):
        requests.get(service.url, verify=str(service.ca), timeout=10)
    service.up()
    assert service.qemu_pid(service.cli_json("server", "show", "hajime")) == guest
    assert service.cli_json("server", "show", "hajime")["status"] == "running"

"""What each process must not be able to do: each is asked to do it."""
import os
import pathlib
import socket
import struct
import subprocess

import pytest

from inject import (SYS_CLOSE, SYS_CONNECT, SYS_EXECVE, SYS_OPEN, SYS_PTRACE, SYS_SETUID, SYS_SOCKET, try_syscall,
                    unix_address)
from ippo_testing import BUILD, run, start_libvirt

LIBVIRT = "/run/libvirt/libvirt-sock"


def attempt(instance, role, number, *arguments):
    """Lets a process try, and sees the service healthy again afterwards (a filter may have killed it)."""
    result = try_syscall(instance.pid(role), number, *arguments)
    instance.wait_healthy()
    return result


def refused(result):
    return result is None or result < 0


def status(instance, role):
    lines = pathlib.Path(f"/proc/{instance.pid(role)}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


@pytest.mark.parametrize("role", ["web", "core"])
def test_has_no_power(fake, role):
    """Its own user, no capability, no way to gain one, a filter on its system calls."""
    said = status(fake, role)
    uid = int(run("id", "-u", f"ippo-{role}").stdout)
    assert said["Uid"].split() == [str(uid)] * 4
    assert said["Gid"].split() == [run("id", "-g", f"ippo-{role}").stdout.strip()] * 4
    assert "0" not in said["Groups"].split()
    for kind in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(said[kind], 16) == 0, kind
    assert said["NoNewPrivs"] == "1"
    assert said["Seccomp"] == "2"


def test_host_keeps_only_what_it_needs(fake):
    kept = int(status(fake, "host")["CapEff"], 16)
    for name, number in {"sys_admin": 21, "sys_module": 16, "sys_rawio": 17, "sys_ptrace": 19, "sys_boot": 22}.items():
        assert not kept >> number & 1, name


def test_the_asking_itself_works(fake):
    """A call that is allowed succeeds, so that a refusal below means something."""
    descriptor = attempt(fake, "core", SYS_OPEN, f"{fake.state}/core/ippo.db", os.O_RDONLY, 0)
    assert descriptor is not None and descriptor >= 0
    assert attempt(fake, "core", SYS_CLOSE, descriptor) == 0


def test_web_cannot_open_the_database(fake):
    assert refused(attempt(fake, "web", SYS_OPEN, f"{fake.state}/core/ippo.db", os.O_RDONLY, 0))


@pytest.mark.parametrize("path", ["/etc/passwd", "/etc/hostname", "/proc/self/environ", "/"])
def test_web_cannot_open_a_file_outside_its_own(fake, path):
    """Even files that everybody may read."""
    assert refused(attempt(fake, "web", SYS_OPEN, path, os.O_RDONLY, 0))


def test_web_cannot_write_the_panel(fake):
    assert refused(attempt(fake, "web", SYS_OPEN, f"{BUILD}/panel/index.html", os.O_RDWR, 0))


def test_web_cannot_read_the_authority(fake):
    assert refused(attempt(fake, "web", SYS_OPEN, f"{fake.state}/ca/ca.key", os.O_RDONLY, 0))


@pytest.mark.parametrize("role", ["web", "core"])
def test_cannot_reach_libvirt(fake, role):
    """Neither a new socket nor one it has leads to libvirt's socket."""
    start_libvirt()
    assert pathlib.Path(LIBVIRT).is_socket()
    made = attempt(fake, role, SYS_SOCKET, socket.AF_UNIX, socket.SOCK_STREAM, 0)
    if made is not None and made >= 0:
        address = unix_address(LIBVIRT)
        assert refused(attempt(fake, role, SYS_CONNECT, made, address, len(address)))
        attempt(fake, role, SYS_CLOSE, made)


@pytest.mark.parametrize("role", ["web", "core"])
def test_cannot_reach_out_over_the_network(fake, role):
    made = attempt(fake, role, SYS_SOCKET, socket.AF_INET, socket.SOCK_STREAM, 0)
    if made is not None and made >= 0:
        address = struct.pack("<HH4s8x", socket.AF_INET, socket.htons(fake.port), bytes([127, 0, 0, 1]))
        assert refused(attempt(fake, role, SYS_CONNECT, made, address, len(address)))
        attempt(fake, role, SYS_CLOSE, made)


@pytest.mark.parametrize("role", ["web", "core"])
def test_cannot_become_root_or_run_a_program(fake, role):
    assert refused(attempt(fake, role, SYS_SETUID, 0))
    assert refused(attempt(fake, role, SYS_EXECVE, "/bin/true", 0, 0))
    assert refused(attempt(fake, role, SYS_PTRACE, 16, os.getpid(), 0, 0))


def test_core_cannot_read_the_tls_key(fake):
    assert refused(attempt(fake, "core", SYS_OPEN, f"{fake.state}/web/tls.key", os.O_RDONLY, 0))


def test_core_cannot_open_files_outside_its_own(fake):
    assert refused(attempt(fake, "core", SYS_OPEN, "/etc/shadow", os.O_RDONLY, 0))
    assert refused(attempt(fake, "core", SYS_OPEN, "/etc/ippo-was-here", os.O_WRONLY | os.O_CREAT, 0o600))


@pytest.mark.parametrize("path,mode", [("core", 0o700), ("web", 0o750), ("ca/ca.key", 0o600), ("web/tls.key", 0o640),
                                       ("ca/ca.pem", 0o644), ("log", 0o700)])
def test_files_are_as_closed_as_they_should_be(fake, path, mode):
    assert (fake.state / path).stat().st_mode & 0o777 == mode


def test_local_socket_is_for_operators_alone(fake):
    """The kernel says who asks: root may; a user outside the group may not even connect."""
    assert fake.cli("server", "list").returncode == 0
    # The CLI as nobody, from a copy that nobody can reach.
    program = fake.dir / "ippo-copy"
    program.write_bytes((BUILD / "ippo").read_bytes())
    program.chmod(0o755)
    fake.config.chmod(0o644)
    refused_by = subprocess.run(["runuser", "-u", "nobody", "--", program, "--config", fake.config, "server", "list"],
                                capture_output=True, text=True)
    assert refused_by.returncode in (4, 6), refused_by.stderr

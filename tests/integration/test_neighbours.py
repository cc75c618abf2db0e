"""Processes that live but have fallen out over a message are connected again, and nobody is restarted."""
import os
import pathlib

import pytest

from inject import try_syscall
from ippo_testing import eventually

SYS_WRITE = 1
SEQPACKET = "0005"
CONTROL_FD = 3


def channels(pid):
    """The descriptors of its channels, but for the one to ippod."""
    kinds = {}
    for line in pathlib.Path(f"/proc/{pid}/net/unix").read_text().splitlines()[1:]:
        words = line.split()
        kinds[words[6]] = words[4]
    found = []
    for path in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        target = os.readlink(path)
        if target.startswith("socket:[") and kinds.get(target[8:-1]) == SEQPACKET and int(path.name) != CONTROL_FD:
            found.append(int(path.name))
    return sorted(found)


@pytest.mark.parametrize("role", ["web", "host"])
@pytest.mark.parametrize("message", [b"nonsense", b"\x01\x00\xff\x7f" + bytes(12)], ids=["no frame", "unknown type"])
def test_a_message_that_is_not_permitted_costs_no_more_than_a_moment(fake, role, message):
    """As core would judge it when web or host had been taken over."""
    pids = {name: fake.pid(name) for name in ("web", "core", "host")}
    said = fake.log.read_text().count("channel closed") + fake.log.read_text().count("core is gone")
    assert len(channels(pids[role])) == 1
    assert try_syscall(pids[role], SYS_WRITE, channels(pids[role])[0], message, len(message)) == len(message)
    eventually(lambda: fake.log.read_text().count("channel closed") + fake.log.read_text().count("core is gone") > said)
    fake.wait_healthy()
    server = fake.api().create_server("after", start=True)
    fake.api().delete_server(server)
    assert {name: fake.pid(name) for name in pids} == pids

"""Many at once: every create ends in success, one name is won once, no two servers share anything."""
import collections
import concurrent.futures
import ctypes
import os
import socket
import ssl
import threading

import pytest

from ippo_testing import IppoInstance, address6_of, address_of

MANY = 30


def at_once(count, what):
    """Calls what(n) in `count` threads that start together."""
    barrier = threading.Barrier(count)

    def one(number):
        barrier.wait()
        return what(number)

    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def assert_nothing_shared(servers):
    for what in (address_of, address6_of, lambda server: server["ippo"]["uuid"], lambda server: server["id"]):
        counts = collections.Counter(what(server) for server in servers)
        assert max(counts.values()) == 1, counts.most_common(3)


def test_thirty_creates_at_once_all_succeed(fake):
    token = fake.token()
    def create(number):
        api = fake.api()
        assert token
        return api.create_server(f"many-{number}", start=number % 2 == 0)
    servers = at_once(MANY, create)
    assert_nothing_shared(servers)
    assert sorted(server["status"] for server in servers) == ["off"] * (MANY // 2) + ["running"] * (MANY // 2)
    macs = fake.database("SELECT count(DISTINCT mac), count(*) FROM server")[0]
    assert macs[0] == macs[1]
    api = fake.api()
    at_once(MANY, lambda number: fake.api().delete_server(servers[number]))
    assert api.every("/servers", "servers") == []
    assert fake.database("SELECT ip FROM address") == []


def test_thirty_creates_at_once_on_libvirt(real):
    """The same with real disks and real domains."""
    real.token()
    servers = at_once(MANY, lambda number: real.api().create_server(f"many-{number}", server_type="tiny"))
    assert_nothing_shared(servers)
    assert real.domains() == sorted(f"{real.name}-{server['id']}" for server in servers)
    assert len(real.files("volumes")) == MANY
    at_once(MANY, lambda number: real.api().delete_server(servers[number]))
    assert not any(real.leftovers().values()), real.leftovers()


@pytest.mark.parametrize("attempt", range(5))
def test_one_name_is_won_once(fake, attempt):
    fake.token()
    body = {"name": f"same-{attempt}", "server_type": "1g", "image": "tiny", "start_after_create": False}
    answers = at_once(8, lambda number: fake.api().request("POST", "/servers", body))
    won = [answer.json() for answer in answers if answer.status_code == 201]
    lost = [answer.json()["error"]["code"] for answer in answers if answer.status_code != 201]
    assert len(won) == 1
    assert lost == ["uniqueness_error"] * 7
    api = fake.api()
    api.wait(won[0]["action"])
    api.delete_server(won[0]["server"])


def test_one_action_at_a_time(fake):
    """Of two changes of one server at the same moment the second is told that it is locked."""
    api = fake.api()
    server = api.create_server("locked")
    (fake.state / "host/faults").write_text("delay_ms 300\n")
    try:
        answers = at_once(6, lambda number: fake.api().request("POST", f"/servers/{server['id']}/actions/poweron"))
    finally:
        (fake.state / "host/faults").write_text("")
    good = [answer.json()["action"] for answer in answers if answer.status_code == 201]
    codes = {answer.json()["error"]["code"] for answer in answers if answer.status_code != 201}
    assert len(good) == 1 and codes == {"locked"}
    api.wait(good[0])
    api.delete_server(server)


def test_the_last_address_is_given_once():
    """A pool with few addresses: exactly so many creates succeed, the others are told, nothing leaks."""
    instance = IppoInstance("fake", settings={"core": {"pool_ipv4": "10.79.0.0/29"}})
    try:
        instance.start()
        disk = instance.dir / "disk.raw"
        disk.write_bytes(bytes(1 << 20))
        instance.import_image("tiny", disk)
        instance.token()
        body = {"server_type": "1g", "image": "tiny", "start_after_create": False}
        answers = at_once(12, lambda number: instance.api().request("POST", "/servers", {"name": f"s{number}", **body}))
        won = [answer.json() for answer in answers if answer.status_code == 201]
        lost = {answer.json()["error"]["code"] for answer in answers if answer.status_code != 201}
        api = instance.api()
        for answer in won:
            api.wait(answer["action"])
        servers = api.every("/servers", "servers")
        assert len(servers) == len(won) and 1 <= len(won) <= 6
        assert_nothing_shared(servers)
        assert lost == {"ip_pool_empty"}
        # An address that is given back is there for the next one.
        api.delete_server(servers[0])
        api.create_server("again")
    finally:
        instance.close()


SYS_PIDFD_GETFD = 438


def sockets_of(pid):
    """Copies of the TCP sockets a process holds."""
    libc = ctypes.CDLL(None, use_errno=True)
    pidfd = os.pidfd_open(pid)
    try:
        for number in os.listdir(f"/proc/{pid}/fd"):
            if not os.readlink(f"/proc/{pid}/fd/{number}").startswith("socket:"):
                continue
            copy = socket.socket(fileno=libc.syscall(SYS_PIDFD_GETFD, pidfd, int(number), 0))
            if copy.family in (socket.AF_INET, socket.AF_INET6):
                yield copy
            else:
                copy.close()
    finally:
        os.close(pidfd)


def test_the_end_of_an_answer_waits_for_no_acknowledgement(fake):
    """TCP_NODELAY on a client's socket; without it each longer answer on a kept connection takes 40 ms."""
    context = ssl.create_default_context(cafile=fake.ca)
    with socket.create_connection(("localhost", fake.port)) as plain, context.wrap_socket(plain, server_hostname="localhost") as client:
        mine = [each for each in sockets_of(fake.pid("web"))
                if each.getsockname() == client.getpeername() and not each.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)]
        assert len(mine) >= 1
        assert all(each.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for each in mine)

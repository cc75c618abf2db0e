"""Remote consoles through TLS and WebSocket, on a host in memory: who gets in, what flows, how it ends."""
import concurrent.futures
import contextlib
import os
import pathlib
import random
import re
import signal
import socket
import sqlite3
import ssl
import threading
import time

import pytest
import websocket

from console_client import ANOTHER, CUT, DELETED, LIMIT, LOST, ME, REFUSED, Closed, Viewer, ask, open_console
from ippo_testing import Failed, eventually


@pytest.fixture(scope="module")
def server(fake):
    return fake.api().create_server("guest", start=True)


@pytest.fixture
def habit(fake):
    """What guests that are started from now on do with their serial port."""
    def choose(name):
        (fake.state / "host/faults").write_text(f"serial {name}\n")
    yield choose
    choose("echo")


def no_console_is_open(fake):
    return fake.database("SELECT count(*) FROM console WHERE closed_ms = 0") == [(0,)]


def test_what_is_typed_arrives_and_is_answered(fake, server):
    viewer = open_console(fake, fake.api(), server).until_live()
    assert viewer.greeting["kind"] == "serial" and viewer.greeting["mode"] == "control"
    assert viewer.greeting["server"] == {"id": server["id"], "name": "guest"}
    viewer.say(b"hello\r")
    viewer.until_text(b"hello")
    viewer.close()
    # Whoever comes later reads what was said before.
    later = open_console(fake, fake.api(), server).until_text(b"hello")
    assert b"guest login:" in later.output
    later.close()


def test_a_session_of_tls_is_resumed_by_requests_and_left_alone_by_consoles(fake, server):
    """Each answer to a first request brings what resumes the session; a console's handshake saves that work."""
    context = ssl.create_default_context(cafile=str(fake.ca))

    def ask_once(session=None):
        with context.wrap_socket(socket.create_connection(("127.0.0.1", fake.port), 20), server_hostname="localhost", session=session) as connection:
            connection.sendall(b"GET /v1/locations HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 401")
            return connection.session_reused, connection.session

    fresh, session = ask_once()
    assert not fresh and session.has_ticket
    assert ask_once(session)[0]
    viewer = open_console(fake, fake.api(), server).until_live()
    assert not viewer.socket.sock.session.has_ticket
    viewer.close()


def test_a_ticket_is_used_once_however_many_try(fake, server):
    asked = ask(fake.api(), server)
    together = threading.Barrier(64)

    def enter(number):
        together.wait()
        try:
            return Viewer(fake, asked, timeout=60)
        except Closed as closed:
            return closed.code

    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        results = list(pool.map(enter, range(64)))
    entered = [result for result in results if isinstance(result, Viewer)]
    assert len(entered) == 1
    assert {result for result in results if not isinstance(result, Viewer)} == {REFUSED}
    entered[0].close()


CLOCK_NANOSLEEP = "230"


@contextlib.contextmanager
def before_the_history_knows(fake):
    """Core has redeemed a ticket and sleeps until it may write the line: the database is somebody else's."""
    def sleeps():
        return pathlib.Path(f"/proc/{core}/syscall").read_text().startswith(f"{CLOCK_NANOSLEEP} ")
    core = fake.pid("core")
    with contextlib.closing(sqlite3.connect(fake.state / "core/ippo.db", isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        assert not sleeps()
        yield sleeps
        # Gone with the connection, before the next core needs it.


@contextlib.contextmanager
def before_the_host_answers(fake):
    """The line is written and the host asked; it does not hear."""
    def is_recorded():
        return not no_console_is_open(fake)
    host = fake.pid("host")
    os.kill(host, signal.SIGSTOP)
    try:
        yield is_recorded
    finally:
        os.kill(host, signal.SIGCONT)


@pytest.mark.parametrize("moment", [before_the_history_knows, before_the_host_answers])
def test_a_ticket_that_was_redeemed_by_a_core_that_died_is_gone(fake, server, moment):
    """64 race, one is let in, and core is killed after the statement that redeems and before any answer."""
    eventually(lambda: no_console_is_open(fake))
    lines, = fake.database("SELECT count(*) FROM console")[0]
    asked = ask(fake.api(), server)
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        with moment(fake) as is_there:
            racing = [pool.submit(Viewer, fake, asked, timeout=30) for _ in range(64)]
            eventually(is_there, 20, 0.002)
            assert not any(future.done() and future.exception() is None for future in racing)
            fake.kill("core")
        assert all(future.exception() is not None for future in racing), "nobody was answered"
    fake.wait_healthy()
    recorded = fake.database("SELECT code FROM console ORDER BY id")[lines:]
    assert recorded == ([] if moment is before_the_history_knows else [(LOST,)])
    with pytest.raises(Closed) as refused:
        Viewer(fake, asked)
    assert refused.value.code == REFUSED
    open_console(fake, fake.api(), server).until_live().close()


def test_a_ticket_is_for_one_server_kind_and_place(fake, server):
    other = fake.api().create_server("other", start=True)
    asked = ask(fake.api(), server)
    elsewhere = dict(asked, wss_url=asked["wss_url"].replace(f"/{server['id']}/", f"/{other['id']}/"))
    with pytest.raises(Closed) as refused:
        Viewer(fake, elsewhere)
    assert refused.value.code == REFUSED
    with pytest.raises(Closed) as refused:
        Viewer(fake, asked)  # it was used up by the wrong try
    assert refused.value.code == REFUSED
    vnc = ask(fake.api(), server, kind="vnc")
    with pytest.raises(Closed):
        Viewer(fake, dict(vnc, wss_url=vnc["wss_url"].replace("/vnc", "/serial")))
    fake.api().delete_server(other)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://localhost", "http://localhost:{port}", "https://a.localhost:{port}",
                                    "https://localhost.:{port}", "https://localhost:{port}.evil.example", "https://localhost:1"])
def test_pages_of_others_are_refused_at_the_handshake(fake, server, origin):
    asked = ask(fake.api(), server)
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        Viewer(fake, asked, origin=origin.format(port=fake.port),
               headers=["X-Forwarded-Host: localhost", f"X-Forwarded-For: 127.0.0.1", "Forwarded: host=localhost"])
    assert refused.value.status_code == 403
    Viewer(fake, asked, origin=fake.url).close()


def test_many_look_and_one_writes(fake, server):
    first = open_console(fake, fake.api(), server).until_live()
    first.until(lambda: first.writer == ME)
    second = open_console(fake, fake.api(), server).until_live()
    second.until(lambda: second.writer == ANOTHER)
    second.say(b"not-heard\r")
    second.take()
    second.until(lambda: second.writer == ME)
    first.until(lambda: first.writer == ANOTHER)
    second.say(b"taken-over\r")
    first.until_text(b"taken-over")
    viewer = open_console(fake, fake.api(), server, mode="view")
    assert viewer.greeting["mode"] == "view"
    viewer.take()
    viewer.say(b"only-looking\r")
    second.say(b"at the end\r")
    viewer.until_text(b"at the end")
    assert b"not-heard" not in viewer.output and b"only-looking" not in viewer.output
    for each in (first, second, viewer):
        each.close()


def test_resumed_from_where_it_broke(fake, server):
    viewer = open_console(fake, fake.api(), server).until_live()
    viewer.say(b"before\r")
    viewer.until_text(b"before")
    at = viewer.end
    viewer.socket.sock.close()
    again = Viewer(fake, asked := ask(fake.api(), server), frame={"ticket": asked["password"], "from": at}).until_live()
    assert again.first is None or again.first == at
    again.say(b"after\r")
    again.until_text(b"after")
    assert b"before" not in again.output
    again.close()


def numbers(viewer):
    return [int(word) for word in re.findall(rb"(\d+)\r?\n", viewer.output)]


def test_delivered_and_declared_lost_is_what_was_produced(fake, habit):
    """A guest that writes without end, a reader that cannot keep up, reconnects and a host that dies."""
    habit("source")
    server = fake.api().create_server("source", start=True)
    viewer = open_console(fake, fake.api(), server)
    end = time.monotonic() + 3
    while time.monotonic() < end:
        viewer.step()
        time.sleep(0.002)
    # step() has asserted that each piece begins where the last one, or a declared gap, ended.
    total = sum(stop - start for start, stop, _ in viewer.lost) + len(viewer.output)
    assert viewer.end - (viewer.end - total) == total and viewer.end >= total
    at = viewer.end
    viewer.close()
    fake.kill("host")
    fake.wait_healthy()
    again = Viewer(fake, asked := ask(fake.api(), server), frame={"ticket": asked["password"], "from": at})
    again.until(lambda: again.first is not None)
    assert again.first >= at and (again.first == at or again.lost[0][0] == at)
    again.close()
    fake.api().delete_server(server)


def test_a_slow_viewer_harms_nobody(fake, habit):
    """It reads a byte a second of a flood; what it types arrives at once, memory stays flat."""
    habit("source")
    server = fake.api().create_server("flood", start=True)
    slow = open_console(fake, fake.api(), server)
    quick = open_console(fake, fake.api(), server)
    pids = {role: fake.pid(role) for role in ("web", "core", "host")}

    def resident():
        return sum(int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1)) for pid in pids.values())

    time.sleep(1)
    before = resident()
    end = time.monotonic() + 4
    while time.monotonic() < end:
        quick.step()
    assert quick.end > 1_000_000
    assert resident() - before < 8192, "KiB"
    slow.close()
    quick.close()
    fake.api().delete_server(server)


class Ending:
    """Every way in which a right to a console can end."""

    @staticmethod
    def token(fake, server, viewer):
        fake.cli("token", "delete", "ending-token", "--yes")

    @staticmethod
    def operators_cut(fake, server, viewer):
        fake.api("operator", "--operator").delete(f"/consoles/{viewer.greeting['console']}")

    @staticmethod
    def rebuild(fake, server, viewer):
        fake.api().act(server, "rebuild", {"image": "tiny"})

    @staticmethod
    def delete(fake, server, viewer):
        fake.api().delete(f"/servers/{server['id']}")


@pytest.mark.parametrize("ending,code", [("token", CUT), ("operators_cut", CUT), ("rebuild", DELETED), ("delete", DELETED)])
def test_it_ends_within_a_second_of_the_right_to_it(fake, ending, code):
    server = fake.api().create_server(f"ending-{ending.replace('_', '-')}", start=True)
    viewer = open_console(fake, fake.api(f"ending-{ending}"), server).until_live()
    other = open_console(fake, fake.api(), server, mode="view").until_live()
    viewer.say(b"before\r")
    other.until_text(b"before")
    start = time.monotonic()
    getattr(Ending, ending)(fake, server, viewer)
    closed = viewer.until_closed()
    took = time.monotonic() - start
    assert closed.code == code
    assert took < 5, f"{took:.1f} s on a machine that may be busy; one second is the promise"
    other.close()
    if ending != "delete":
        fake.api().delete_server(server)


def test_limits_say_so(fake, server):
    viewers = [open_console(fake, fake.api(), server, mode="view") for _ in range(16)]
    with pytest.raises(Closed) as refused:
        open_console(fake, fake.api(), server)
    assert refused.value.code == LIMIT
    for viewer in viewers:
        viewer.close()
    eventually(lambda: no_console_is_open(fake))
    open_console(fake, fake.api(), server).close()


def test_the_history_says_who_and_how_long_but_not_what(fake, server):
    viewer = open_console(fake, fake.api(), server).until_live()
    viewer.say(b"canary-in-a-console\r")
    viewer.until_text(b"canary-in-a-console")
    viewer.close()
    eventually(lambda: no_console_is_open(fake))
    line = fake.api().get("/consoles?per_page=1")["consoles"][0]
    assert (line["server"]["name"], line["kind"], line["mode"]) == ("guest", "serial", "control")
    assert line["bytes_in"] > 0 and line["bytes_out"] > 0 and line["peer"] == "127.0.0.1"
    for path in (fake.state / "core").iterdir():
        assert b"canary-in-a-console" not in path.read_bytes(), path


def test_tickets_are_written_nowhere(fake, server):
    asked = ask(fake.api(), server)
    ticket = asked["password"].encode()
    assert asked["password"] not in asked["wss_url"]
    Viewer(fake, asked).close()
    late = ask(fake.api(), server)["password"].encode()
    for canary in (ticket, late):
        assert canary not in fake.log.read_bytes()
        for folder in (fake.state, fake.run_dir):
            for path in folder.rglob("*"):
                if path.is_file():
                    assert canary not in path.read_bytes(), path
        for line in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                assert canary not in line.read_bytes(), line
            except OSError:
                pass


def test_consoles_end_with_their_judge_and_come_back(fake, server):
    viewer = open_console(fake, fake.api(), server).until_live()
    fake.kill("core")
    closed = viewer.until_closed()
    assert closed.code in (1001, 1006)
    fake.wait_healthy()
    eventually(lambda: no_console_is_open(fake))
    open_console(fake, fake.api(), server).until_live().close()


def test_text_and_screen_for_those_who_cannot_see_a_terminal(fake, server):
    viewer = open_console(fake, fake.api(), server).until_live()
    viewer.say("日本語\r".encode())
    viewer.until_text("日本語".encode())
    viewer.close()
    text = fake.api().get(f"/servers/{server['id']}/console/text")
    assert "日本語" in text["text"] and text["end"] >= text["next"] > text["first"] >= 0
    picture = fake.api().request("GET", f"/servers/{server['id']}/console/screen")
    assert picture.headers["Content-Type"] == "image/png" and picture.content.startswith(b"\x89PNG")


def test_the_cli_dumps_and_cuts(fake, server):
    assert "guest login:" in fake.cli("console", "guest", "--dump").stdout
    viewer = open_console(fake, fake.api(), server).until_live()
    number = viewer.greeting["console"]
    assert str(number) in fake.cli("console", "list").stdout
    fake.cli("console", "cut", str(number))
    assert viewer.until_closed().code == CUT


DAY_MS = 86_400_000


def change_database(ippo, statement, rows=((),)):
    # Closed at once: a connection that outlives core's would go on with a log that is no more.
    with contextlib.closing(sqlite3.connect(ippo.state / "core/ippo.db", timeout=10)) as database, database:
        database.executemany(statement, rows)


def fill_history(ippo, count, ended_days_ago):
    """Lines of consoles that were, as core writes them."""
    ended = int(time.time() * 1000) - ended_days_ago * DAY_MS
    change_database(ippo, "INSERT INTO console(customer_id, server_id, server_name, kind, mode, via, name, peer, opened_ms, closed_ms, code) "
                    "VALUES (1, 1, ?, 1, 2, 2, 'somebody', '192.0.2.1', ?, ?, 1000)", [(f"days-{ended_days_ago}", ended - 1, ended)] * count)


def test_the_history_is_kept_for_two_years_and_listed_from_its_end(fake):
    # Oldest first, as time would have brought them: more than one batch of those that are due.
    change_database(fake, "DELETE FROM console WHERE closed_ms > 0")
    fill_history(fake, 1500, 731)
    fill_history(fake, 120, 729)
    left = lambda days: fake.database("SELECT count(*) FROM console WHERE server_name = ?", f"days-{days}")[0][0]
    fake.restart()
    assert (left(731), left(729)) == (500, 120)
    fake.restart()
    assert (left(731), left(729)) == (0, 120)
    newest = fake.database("SELECT id FROM console ORDER BY id DESC LIMIT 50")
    listed = fake.cli_json("console", "list")
    assert [(line["id"],) for line in listed] == newest
    assert len(fake.cli_json("console", "list", "--all")) == fake.database("SELECT count(*) FROM console")[0][0] >= 120
    shown = fake.cli("console", "list")
    assert shown.stdout.count("days-729") == 50
    assert "the newest 50 of 120; --all shows the others too" in shown.stderr
    everything = fake.cli("console", "list", "--all")
    assert everything.stdout.count("days-729") == 120 and everything.stderr == ""
    assert "--all" in fake.cli("console", "list", "--help").stdout
    assert "--all" in fake.cli("completion", "bash").stdout


ORACLE_SECONDS = int(os.environ.get("IPPO_ORACLE_SECONDS", "20"))


def test_nobody_ever_sees_another_server(fake, habit):
    """Five guests say who they are without pause, while servers come, go and start anew and consoles are opened again and again."""
    habit("identity")
    fake.api()
    servers = [fake.api().create_server(f"oracle-{number}", start=True) for number in range(5)]
    end = time.monotonic() + ORACLE_SECONDS
    seen, wrong = [0] * len(servers), []

    def disturb(number):
        """Its server is stopped, started, rebuilt and replaced by another, in an order that chance decides."""
        api, chance = fake.api(), random.Random(number)
        while time.monotonic() < end:
            what = chance.choice(("poweroff", "poweron", "reset", "rebuild", "replace"))
            server = servers[number]
            try:
                if what == "replace":
                    api.delete_server(server)
                    servers[number] = api.create_server(f"oracle-{number}-{chance.randrange(10**9)}", start=True)
                else:
                    api.act(server, what, {"image": "tiny"} if what == "rebuild" else None, success=None)
            except Failed:
                pass  # it is in another state already
            time.sleep(chance.random() / 2)

    def look(number):
        api = fake.api()
        while time.monotonic() < end:
            server = servers[number]
            try:
                viewer = open_console(fake, api, server, mode="view", timeout=2)
                stop = time.monotonic() + 1
                while time.monotonic() < min(end, stop):
                    viewer.step()
                viewer.close()
            except (Closed, Failed, OSError, websocket.WebSocketException):
                continue
            lines = re.findall(rb"I am ([0-9a-f-]{36})\r?\n", viewer.output)
            seen[number] += len(lines)
            wrong.extend(line for line in lines if line.decode() != server["ippo"]["uuid"])

    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        running = [pool.submit(what, number) for number in range(5) for what in (disturb, look)]
        for future in running:
            future.result()
    for server in fake.api().every("/servers", "servers"):
        if server["name"].startswith("oracle-"):
            fake.api().delete_server(server)
    assert not wrong, wrong[:3]
    assert all(seen), seen

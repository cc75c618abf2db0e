"""Hostile and broken requests: a clear refusal, bounded memory, and nobody else is slowed."""
import json
import pathlib
import socket
import ssl
import threading
import time

import pytest

from ippo_testing import eventually

MIB = 1024 * 1024


def connect(instance, timeout=20):
    context = ssl.create_default_context(cafile=str(instance.ca))
    plain = socket.create_connection(("127.0.0.1", instance.port), timeout)
    return context.wrap_socket(plain, server_hostname="localhost")


def read_all(connection):
    data = b""
    try:
        while chunk := connection.recv(65536):
            data += chunk
    except (ConnectionError, ssl.SSLError, TimeoutError):
        pass
    return data


def raw(instance, data, timeout=20):
    """The status of the answer to these bytes; 0 when the connection was just ended."""
    with connect(instance, timeout) as connection:
        try:
            connection.sendall(data)
            answer = read_all(connection) if b"close" in data else connection.recv(65536)
        except (ConnectionError, ssl.SSLError):
            answer = b""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.") else 0


def head(instance, line, *headers):
    fixed = [f"Host: localhost:{instance.port}", f"Authorization: Bearer {instance.token()}", "Connection: close"]
    return ("\r\n".join([line, *fixed, *headers]) + "\r\n\r\n").encode("latin-1")


def resident(instance):
    """Resident memory of all processes together, in bytes."""
    total = 0
    for role in ("ippod", "web", "core", "host"):
        for line in pathlib.Path(f"/proc/{instance.pid(role)}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                total += int(line.split()[1]) * 1024
    return total


def pids(instance):
    return [instance.pid(role) for role in ("ippod", "web", "core", "host")]


@pytest.fixture(autouse=True)
def unharmed(fake):
    """After each test the same processes run, answer at once, and have not grown much."""
    fake.token()
    before, memory = pids(fake), resident(fake)
    yield
    assert pids(fake) == before, fake.log.read_text()[-3000:]
    began = time.monotonic()
    fake.api().get("/servers")
    assert time.monotonic() - began < 2
    assert resident(fake) < memory + 24 * MIB


def post_raw(fake, path, body, kind="application/json"):
    answer = fake.api().session.post(f"{fake.url}/v1{path}", data=body, headers={"Content-Type": kind}, timeout=30)
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.parametrize("body", [b"{", b"{\"name\":}", b"[1,2", b"nul", b"{} x", b"\"text\"", b"[]", b"\xff\xfe{}",
                                  b"{\"name\": \"\xc3\x28\"}", b"{\"name\": \"\xed\xa0\x80\"}", b"\x00", b"{\"a\": 1e999}"])
def test_what_is_no_json_object(fake, body):
    status, code = post_raw(fake, "/servers", body)
    assert status in (400, 422) and code in ("json_error", "invalid_input")


@pytest.mark.parametrize("opening,closing", [(b"[", b"]"), (b"{\"a\":", b"}")])
def test_deep_nesting(fake, opening, closing):
    body = b"{\"name\": " + opening * 20000 + b"1" + closing * 20000 + b"}"
    status, code = post_raw(fake, "/servers", body)
    assert status in (400, 413, 422) and code in ("json_error", "invalid_input")


@pytest.mark.parametrize("field,value", [("name", 5), ("name", None), ("name", ""), ("name", "-a"), ("name", "a" * 300),
                                         ("name", "a b"), ("name", "ä"), ("name", "a/../b"), ("server_type", []), ("server_type", "none"),
                                         ("image", {}), ("image", 999999), ("image", -1), ("image", 2**70), ("ssh_keys", "x"), ("ssh_keys", [{}]),
                                         ("ssh_keys", [12345]), ("labels", []), ("labels", {"a": 1}), ("labels", {"-": "x"}),
                                         ("labels", {"a": "x" * 100}), ("start_after_create", "yes"), ("user_data", 7),
                                         ("user_data", "x" * 40000), ("location", "nowhere"), ("user", "root"), ("user", "a b")])
def test_wrong_fields(fake, field, value):
    """Each is refused by name, and nothing is made."""
    body = {"name": "wrong", "server_type": "1g", "image": "tiny", "start_after_create": False, field: value}
    answer = fake.api().request("POST", "/servers", body)
    error = answer.json()["error"]
    assert answer.status_code in (400, 404, 422), answer.text
    assert error["code"] in ("invalid_input", "not_found", "json_error") and error["message"]
    if error["code"] == "invalid_input":
        assert [given["name"] for given in error["details"]["fields"]], error
    assert fake.api().get("/servers")["servers"] == []


def test_unknown_fields_are_ignored(fake):
    api = fake.api()
    server = api.create_server("newer", a_field_of_tomorrow={"deep": [1, 2, 3]}, networks=[], volumes=[])
    api.delete_server(server)


@pytest.mark.parametrize("query", ["page=0", "page=-1", "page=x", "page=99999999999999999999", "per_page=0", "sort=password",
                                   "sort=id:sideways", "label_selector=a%3D%3D%3D", "label_selector=%28%28", "status=dancing",
                                   "label_selector=" + "a," * 2000])
def test_wrong_queries(fake, query):
    status, code = fake.api().error("GET", f"/servers?{query}")
    assert status in (400, 414, 422) and code in ("invalid_input", "json_error")


@pytest.mark.parametrize("path", ["/v1/servers/..", "/v1/servers/%2e%2e/%2e%2e", "/v1//servers", "/v1/servers/1%00", "/v1/servers/0",
                                  "/v1/servers/-1", "/v1/servers/1e3", "/v1/servers/99999999999999999999", "/v1/" + "a/" * 200,
                                  "/v2/servers", "/v1/servers/1/actions/format_disk"])
def test_wrong_paths(fake, path):
    assert raw(fake, head(fake, f"GET {path} HTTP/1.1")) in (400, 404, 405, 414, 422)


@pytest.mark.parametrize("path", ["/../../../../etc/passwd", "/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd", "//etc/passwd",
                                  "/i18n/../../../../etc/passwd", "/%00/etc/passwd", "/.%00./etc/passwd", "/..\\..\\etc\\passwd"])
def test_paths_that_lead_out_of_the_panel(fake, path):
    with connect(fake) as connection:
        connection.sendall(head(fake, f"GET {path} HTTP/1.1"))
        answer = read_all(connection)
    assert b"root:" not in answer
    assert int(answer.split(b" ", 2)[1]) in (400, 404)


@pytest.mark.parametrize("data", [b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/3.0\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01 close\r\n\r\n",
                                  b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
                                  b"GET / HTTP/1.1\r\nHost : a\r\nConnection: close\r\n\r\n",
                                  b"GET / HTTP/1.1\r\nHost: a\r\n folded: x\r\nConnection: close\r\n\r\n",
                                  b"GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\nConnection: close\r\n\r\n",
                                  b"GET / HTTP/1.1\nHost: a\nConnection: close\n\n"])
def test_broken_requests(fake, data):
    assert raw(fake, data, 10) in (0, 400, 405, 408, 411, 426, 501, 505)


@pytest.mark.parametrize("headers", [["Content-Length: 5", "Transfer-Encoding: chunked"], ["Content-Length: 5", "Content-Length: 6"],
                                     ["Content-Length: -1"], ["Content-Length: 5x"], ["Content-Length: +5"],
                                     ["Content-Length: 99999999999999999999"], ["Transfer-Encoding: gzip"],
                                     ["Transfer-Encoding: chunked, identity"], ["Transfer-Encoding : chunked"]])
def test_ambiguous_lengths(fake, headers):
    """Whatever two parsers could read in two ways is refused."""
    assert raw(fake, head(fake, "POST /v1/servers HTTP/1.1", *headers) + b"{}{}{}") in (0, 400, 411, 413, 501)


def test_body_that_is_too_large_is_refused_before_it_is_read(fake):
    with connect(fake) as connection:
        connection.sendall(head(fake, "POST /v1/servers HTTP/1.1", f"Content-Length: {1 << 30}"))
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 413"), answer[:200]


def test_body_that_never_stops(fake):
    """Chunks without end are cut off at the limit, not collected."""
    sent = 0
    with connect(fake) as connection:
        connection.sendall(head(fake, "POST /v1/servers HTTP/1.1", "Transfer-Encoding: chunked"))
        chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        try:
            for _ in range(2000):
                connection.sendall(chunk)
                sent += len(chunk)
        except (ConnectionError, ssl.SSLError, TimeoutError):
            pass
    assert sent < 64 * MIB


@pytest.mark.parametrize("headers", [[f"X-{n}: {n}" for n in range(5000)], ["X: " + "a" * 200000], ["Cookie: " + "a=b; " * 20000]])
def test_header_floods(fake, headers):
    assert raw(fake, head(fake, "GET /v1/servers HTTP/1.1", *headers)) in (0, 400, 431)


def test_request_line_without_end(fake):
    assert raw(fake, b"GET /" + b"a" * 500000 + b" HTTP/1.1\r\nConnection: close\r\n\r\n") in (0, 400, 414, 431)


def test_silent_and_slow_clients_hold_up_nobody(fake):
    """Hundreds that say nothing, or a byte a second, while others are served."""
    plain = [socket.create_connection(("127.0.0.1", fake.port), 10) for _ in range(200)]
    slow = []
    stop = threading.Event()

    def drip():
        while not stop.wait(0.5):
            for connection in slow:
                try:
                    connection.send(b"a")
                except (OSError, ssl.SSLError):
                    pass

    dripper = threading.Thread(target=drip, daemon=True)
    try:
        for _ in range(30):
            connection = connect(fake)
            connection.sendall(b"GET /v1/servers HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
            slow.append(connection)
        dripper.start()
        api = fake.api()
        api.get("/servers")
        times = []
        for _ in range(50):
            began = time.monotonic()
            api.get("/servers")
            times.append(time.monotonic() - began)
        assert sorted(times)[45] < 0.5, times
        # A new connection is not refused either.
        assert fake.anonymous().get("/health")["health"]["status"] == "ok"
    finally:
        stop.set()
        for connection in plain + slow:
            connection.close()


@pytest.mark.parametrize("first_bytes", [1, 5, 100])
def test_a_handshake_in_pieces(fake, first_bytes):
    """A greeting may come in two packets, with a pause between them; it is longer than one since keys grew."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = ssl.create_default_context(cafile=str(fake.ca)).wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    greeting = outgoing.read()
    with socket.create_connection(("127.0.0.1", fake.port), 20) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(greeting[:first_bytes])
        time.sleep(0.2)
        connection.sendall(greeting[first_bytes:])
        for _ in range(20):
            incoming.write(connection.recv(65536))
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                pass
        tls.write(head(fake, "GET /v1/health HTTP/1.1"))
        for byte in outgoing.read():  # the last record of the handshake and the request, byte by byte
            connection.sendall(bytes([byte]))
        while chunk := connection.recv(65536):
            incoming.write(chunk)
        answer = tls.read()
    assert answer.startswith(b"HTTP/1.1 200 ")


def test_plain_http_is_told_so(fake):
    with socket.create_connection(("127.0.0.1", fake.port), 20) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 400 ") and b"speaks https" in answer


def test_slow_clients_are_ended(fake):
    """A request that is not whole after a while is not waited for for ever."""
    with connect(fake, 120) as connection:
        connection.sendall(b"GET /v1/servers HTTP/1.1\r\n")
        began = time.monotonic()
        connection.recv(1000)
        assert time.monotonic() - began < 70


def test_clients_that_do_not_read_the_answer(fake):
    """Answers pile up for a client that only asks: it is stopped, memory is not."""
    request = head(fake, "GET /app.js HTTP/1.1").replace(b"Connection: close\r\n", b"")
    connections = [connect(fake, 2) for _ in range(10)]
    try:
        for connection in connections:
            try:
                for _ in range(400):
                    connection.sendall(request)
            except (OSError, ssl.SSLError):
                pass
        assert fake.anonymous().get("/health")["health"]["status"] == "ok"
    finally:
        for connection in connections:
            connection.close()


def test_refusals_look_the_same_for_what_is_anothers_and_what_is_not_there(fake):
    api = fake.api()
    server = api.create_server("mine")
    fake.cli("customer", "create", "stranger")
    stranger = fake.cli("--customer", "stranger", "token", "create", "stranger").stdout.strip()
    other = fake.anonymous()
    other.session.headers["Authorization"] = f"Bearer {stranger}"
    for path in ("/servers/{}", "/servers/{}/actions"):
        there, missing = (other.request("GET", path.format(number)) for number in (server["id"], 999999))
        assert there.status_code == missing.status_code == 404
        assert there.text.replace(str(server["id"]), "N") == missing.text.replace("999999", "N")
    assert other.error("POST", f"/servers/{server['id']}/actions/poweron") == (404, "not_found")
    assert other.error("DELETE", f"/servers/{server['id']}") == (404, "not_found")
    assert other.get("/servers")["servers"] == []
    api.delete_server(server)


def test_without_or_with_a_wrong_token(fake):
    for value in (None, "Bearer ", "Bearer x", "Bearer " + "a" * 64, "Basic YTpi", "Bearer " + fake.token()[:-1], "bearer\t" + "a" * 5000):
        api = fake.anonymous()
        if value:
            api.session.headers["Authorization"] = value
        answer = api.request("GET", "/servers")
        assert answer.status_code in (400, 401, 431), value
        if answer.status_code == 401:
            assert answer.json()["error"]["code"] == "unauthorized"


def test_read_only_token_cannot_change(fake):
    api = fake.api("reader", "--read-only")
    before = api.get("/servers")["servers"]
    status, code = api.error("POST", "/servers", {"name": "x", "server_type": "1g", "image": "tiny"})
    assert (status, code) == (403, "token_readonly")
    assert [server["id"] for server in api.get("/servers")["servers"]] == [server["id"] for server in before]


def test_local_requests_survive_a_client_that_leaves(fake):
    """Half a request on the local socket, then gone."""
    for data in (b"", b"\x00", b"\xff" * 100, b"\x01\x00\x00\x00" * 3000):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
            connection.connect(str(fake.run_dir / "api.sock"))
            connection.settimeout(5)
            if data:
                connection.send(data)
    eventually(lambda: fake.cli("health", check=False).returncode == 0, 10)

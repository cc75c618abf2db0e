"""ippo console against a service of the test's own: what it sends, shows, and does when things end.

The service is played here, so that every message is known: over the local socket a descriptor is handed
over, over HTTPS a WebSocket is opened by hand.
"""
import array
import base64
import hashlib
import http.server
import json
import os
import pty
import re
import select
import signal
import socket
import ssl
import struct
import subprocess
import threading
import time

import pytest

from ippo_testing import BUILD, eventually, run

HTTP_REQUEST, HTTP_REPLY = 0x100, 0x110
CONSOLE_OPEN, CONSOLE_CLOSE, CONSOLE_ENDED = 0x121, 0x122, 0x123
INPUT, SIZE, TAKE, OUTPUT, GAP, MARK, WRITER, READY, LIVE = 1, 2, 3, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16
SERVER = {"id": 7, "name": "hajime"}
RING = b"Debian GNU/Linux 12 hajime ttyS0\r\n\r\nhajime login: "
FIRST = 1000


def text(value):
    return struct.pack("<I", len(value)) + value.encode()


def output(offset, data):
    return struct.pack("<BQ", OUTPUT, offset) + data


class Stream:
    """The host's end of one serial console."""

    def __init__(self, send, receive, start):
        self.send, self.receive = send, receive
        self.start = start

    def greet(self, writer=1):
        end = FIRST + len(RING)
        self.send(struct.pack("<BQQ", READY, FIRST, end))
        if self.start < end:
            at = max(self.start, FIRST)
            self.send(output(at, RING[at - FIRST:]))
        self.send(struct.pack("<BQ", LIVE, end))
        self.send(struct.pack("<BB", WRITER, 0) + text(""))

    def expect(self, kind):
        """The next message of that kind; others are passed over."""
        while True:
            message = self.receive()
            assert message, "the client has gone"
            if message[0] == kind:
                return message[1:]

    def make_writer(self):
        self.expect(TAKE)
        self.send(struct.pack("<BB", WRITER, 1) + text(""))


def text_answer(query):
    """GET …/console/text, as the client asks to find the end."""
    return {"text": "", "from": FIRST + len(RING), "next": FIRST + len(RING), "first": FIRST, "end": FIRST + len(RING)}


def answer_json(method, path):
    if method == "GET" and path.startswith("/v1/servers?name=hajime"):
        return 200, {"servers": [SERVER]}
    if method == "GET" and path.startswith("/v1/servers/7/console/text"):
        return 200, text_answer(path)
    return 404, {"error": {"code": "not_found", "message": "no such thing", "details": {}}}


class LocalService:
    """Core's local socket."""

    def __init__(self, folder):
        self.folder = folder
        self.streams = []
        self.targets = []
        self.ended = []
        self.refuse = None
        self.config = folder / "ippo.conf"
        self.config.write_text(f"[ippo]\nrun_dir = {folder}\n")
        self.start()

    def start(self):
        self.connections = []
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        path = self.folder / "api.sock"
        path.unlink(missing_ok=True)
        self.listener.bind(str(path))
        self.listener.listen(8)
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def stop(self):
        """As a restart of core: everything it held open is closed."""
        (self.folder / "api.sock").unlink()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.connections:
            connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        for stream in self.streams:
            stream.socket.close()

    def accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    @staticmethod
    def say(connection, kind, number, body, flags=0, fds=()):
        frame = struct.pack("<BBHIQ", 1, flags, kind, len(body), number) + body
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        connection.sendmsg([frame], rights)

    def serve(self, connection):
        while True:
            try:
                frame = connection.recv(1 << 18)
            except OSError:
                return
            if not frame:
                return
            _, _, kind, _, number = struct.unpack("<BBHIQ", frame[:16])
            if kind == CONSOLE_ENDED:
                self.ended.append(struct.unpack("<HQQ", frame[16:]))
                continue
            assert kind == HTTP_REQUEST
            fields, at = [], 16
            for _ in range(2):
                length, = struct.unpack_from("<I", frame, at)
                fields.append(frame[at + 4:at + 4 + length].decode())
                at += 4 + length
            self.answer(connection, number, *fields)

    def answer(self, connection, number, method, target):
        self.targets.append(target)
        if "/consoles/" not in target:
            status, body = answer_json(method, target)
        elif self.refuse:
            status, body = self.refuse
        else:
            self.say(connection, HTTP_REPLY, number, struct.pack("<HB", 101, 0), flags=1)
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            opening = struct.pack("<QBBII", 5, 1, 2, 0, 0) + text("{}")
            self.say(connection, CONSOLE_OPEN, number, opening, fds=[theirs.fileno()])
            theirs.close()
            start = re.search(r"from=(\w+)", target)[1]
            stream = Stream(ours.send, lambda: ours.recv(1 << 17), 1 << 60 if start == "now" else int(start))
            stream.socket = ours
            stream.cut = lambda code, why: (ours.close(), self.say(connection, CONSOLE_CLOSE, number, struct.pack("<H", code) + text(why)))
            self.streams.append(stream)
            return
        self.say(connection, HTTP_REPLY, number, struct.pack("<HB", status, 0) + json.dumps(body).encode())

    def command(self, *words):
        return [str(BUILD / "ippo"), "--config", str(self.config), "console", *words]

    environment = {}


class RemoteService:
    """The same over TLS and a WebSocket."""

    TICKET = "T" * 64

    def __init__(self, folder):
        self.streams, self.frames, self.handshakes = [], [], []
        self.targets = []
        self.at_once = False
        key, certificate = folder / "key.pem", folder / "cert.pem"
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out",
            certificate, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2")
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def reply(self, status, body):
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self):
                service.targets.append(self.path)
                if "/consoles/" in self.path:
                    service.upgrade(self)
                else:
                    assert self.headers["Authorization"] == "Bearer secret"
                    self.reply(*answer_json("GET", self.path))

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                assert self.path == "/v1/servers/7/actions/request_console" and body["type"] == "serial"
                self.reply(201, {"action": {}, "wss_url": "wss://localhost/", "password": service.TICKET})

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.environment = {"IPPO_ENDPOINT": f"https://localhost:{self.server.server_port}/v1", "IPPO_CA": str(certificate),
                            "IPPO_TOKEN": "secret"}

    def upgrade(self, handler):
        self.handshakes.append(dict(handler.headers))
        accept = hashlib.sha1((handler.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        handler.wfile.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            b"Sec-WebSocket-Accept: " + base64.b64encode(accept) + b"\r\n\r\n")
        self.frames.append(json.loads(self.read_frame(handler)[1]))
        lock, done = threading.Lock(), threading.Event()

        def frame(data, opcode):
            return bytes([0x80 | opcode]) + (bytes([len(data)]) if len(data) < 126 else bytes([126]) + struct.pack(">H", len(data))) + data

        def send(data, opcode=2):
            with lock:
                handler.wfile.write(frame(data, opcode))

        def cut(code, why):
            send(struct.pack(">H", code) + why.encode(), 8)
            done.set()

        def receive():
            while True:
                opcode, data = self.read_frame(handler)
                if opcode == 8:
                    done.set()
                    return b""
                if opcode == 2:
                    return data

        if self.at_once:
            messages = []
            Stream(messages.append, None, 0).greet()
            handler.wfile.write(frame(b"{}", 1) + b"".join(frame(message, 2) for message in messages))
        else:
            send(b"{}", 1)
        stream = Stream(send, receive, self.frames[-1]["from"] if self.frames[-1]["from"] != "now" else 1 << 60)
        stream.cut = cut
        stream.drop = lambda: (handler.connection.shutdown(socket.SHUT_RDWR), done.set())
        self.streams.append(stream)
        done.wait(60)
        handler.close_connection = True

    @staticmethod
    def read_frame(handler):
        first, second = handler.rfile.read(2)
        assert second & 0x80, "a client masks its frames"
        length = second & 0x7f
        if length == 126:
            length, = struct.unpack(">H", handler.rfile.read(2))
        mask = handler.rfile.read(4)
        data = handler.rfile.read(length)
        return first & 0xf, bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))

    def command(self, *words):
        return [str(BUILD / "ippo"), "console", *words]


@pytest.fixture(params=[LocalService, RemoteService], ids=["local", "https"])
def service(request, tmp_path):
    return request.param(tmp_path)


class Terminal:
    """A person's terminal with the command in it."""

    def __init__(self, service, *words):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(service.environment)
            command = service.command(*words)
            os.execv(command[0], command)
        self.seen = b""
        self.status = None

    def read(self, seconds=0.05):
        """What there is, after waiting that long for the first of it."""
        for _ in range(500):
            if not select.select([self.fd], [], [], seconds)[0]:
                return
            try:
                self.seen += os.read(self.fd, 65536)
            except OSError:
                return
            seconds = 0

    def see(self, wanted, seconds=10):
        def seen():
            self.read()
            return wanted in self.seen
        seen.__doc__ = f"{wanted} in {self.seen}"
        eventually(seen, seconds)

    def type(self, data):
        os.write(self.fd, data)

    def end(self, seconds=10):
        """The exit code."""
        def ended():
            self.read(0.01)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
            return pid
        eventually(ended, seconds)
        self.read()
        os.close(self.fd)
        return self.status


def first_stream(service, count=1):
    eventually(lambda: len(service.streams) >= count, 10)
    return service.streams[count - 1]


def test_a_terminal_is_the_guests(service):
    """Output as it is, keys as they are, the window's size, and ~. out of it."""
    terminal = Terminal(service, "hajime")
    stream = first_stream(service)
    assert stream.start == FIRST
    stream.greet()
    stream.make_writer()
    columns = struct.unpack("<HH", stream.expect(SIZE)) if set_size(terminal, 132, 43) else None
    assert columns == (132, 43)
    terminal.see(b"hajime login: ")
    terminal.type(b"root\r")
    assert stream.expect(INPUT) == b"root\r"
    terminal.type(b"\x03")
    assert stream.expect(INPUT) == b"\x03", "Ctrl-C is the guest's"
    stream.send(output(FIRST + len(RING), b"\x1b[31mred\x1b[0m"))
    terminal.see(b"\x1b[31mred\x1b[0m")
    terminal.type(b"a~.b\r")
    assert stream.expect(INPUT) == b"a~.b\r", "a tilde within a line is none of ours"
    terminal.type(b"~~x\r")
    assert stream.expect(INPUT) == b"~x\r"
    terminal.type(b"~?")
    terminal.see(b"~.  end the console")
    terminal.type(b"~.")
    assert terminal.end() == 0


def set_size(terminal, columns, rows):
    """Until the size of the pseudo-terminal was told at least once."""
    import fcntl
    import termios
    fcntl.ioctl(terminal.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    os.kill(terminal.pid, signal.SIGWINCH)
    return True


def test_another_writer_is_said_and_taken_over_from(service):
    terminal = Terminal(service, "hajime")
    stream = first_stream(service)
    end = FIRST + len(RING)
    stream.send(struct.pack("<BQQ", READY, FIRST, end))
    stream.send(struct.pack("<BB", WRITER, 2) + text("hanako"))
    terminal.see(b"hanako is the writer; ~t takes over")
    terminal.type(b"~t")
    stream.make_writer()
    stream.send(struct.pack("<BQQB", GAP, end, end + 10, 2))
    terminal.see(b"10 bytes are lost")
    stream.send(struct.pack("<BQBQ", MARK, end + 10, 3, 0))
    terminal.see(b"the server was reset")
    terminal.type(b"~.")
    assert terminal.end() == 0


def test_view_sends_nothing(service):
    terminal = Terminal(service, "hajime", "--view")
    stream = first_stream(service)
    stream.greet()
    terminal.see(b"hajime login: ")
    terminal.type(b"rm -rf /\r~t\r~.")
    assert terminal.end() == 0
    if isinstance(service, LocalService):
        assert "mode=view" in service.targets[-1]
        assert stream.receive() == b""


def test_the_reason_of_an_end_is_said(service):
    terminal = Terminal(service, "hajime")
    stream = first_stream(service)
    stream.greet()
    terminal.see(b"login: ")
    stream.cut(4002, "the session has ended: sign in again")
    assert terminal.end() == 1
    assert b"the session has ended: sign in again (cut)" in terminal.seen


def test_it_comes_back_at_the_byte_it_had_reached(service):
    terminal = Terminal(service, "hajime")
    stream = first_stream(service)
    stream.greet()
    terminal.see(b"login: ")
    if isinstance(service, LocalService):
        service.stop()
        time.sleep(0.7)
        service.start()
    else:
        stream.drop()
    again = first_stream(service, 2)
    assert again.start == FIRST + len(RING)
    terminal.see(b"back again")
    again.send(output(FIRST + len(RING) - 3, b"n: root"))
    terminal.see(b"root")
    assert terminal.seen.count(b"login: ") == 1
    assert b"n: root" not in terminal.seen, "what was shown is not shown again"
    again.send(struct.pack("<BB", WRITER, 0) + text(""))
    again.make_writer()
    terminal.type(b"~.")
    assert terminal.end() == 0


def test_a_ring_that_was_lost_is_said_and_followed(tmp_path):
    service = LocalService(tmp_path)
    terminal = Terminal(service, "hajime")
    first_stream(service).greet()
    terminal.see(b"login: ")
    service.stop()
    time.sleep(0.5)
    service.start()
    again = first_stream(service, 2)
    again.send(struct.pack("<BQQ", READY, 0, 5))
    again.send(output(0, b"young"))
    terminal.see(b"what it said before is lost")
    terminal.see(b"young")
    terminal.type(b"~.")
    assert terminal.end() == 0


def invoke(service, *words, **options):
    return subprocess.run(service.command(*words), capture_output=True, env={**os.environ, **service.environment}, timeout=20, **options)


def serve_one(service, then):
    def serve():
        then(first_stream(service))
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return thread


def test_dump_prints_what_was_kept_and_ends(service):
    serve_one(service, Stream.greet)
    done = invoke(service, "hajime", "--dump", stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout, done.stderr) == (0, RING, b"")
    assert service.streams[0].start == 0


def test_from_begins_there(service):
    serve_one(service, Stream.greet)
    done = invoke(service, "hajime", "--dump", "--from", str(FIRST + 7), stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout) == (0, RING[7:])
    assert invoke(service, "hajime", "--from", "x").returncode == 2


def test_follow_prints_until_it_is_interrupted(service):
    with subprocess.Popen(service.command("hajime", "--follow"), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
                          env={**os.environ, **service.environment}) as process:
        stream = first_stream(service)
        stream.greet()
        assert process.stdout.read(len(RING)) == RING
        stream.send(output(FIRST + len(RING), b"more"))
        assert process.stdout.read(4) == b"more"
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


def test_a_flood_is_passed_on_whole(service):
    blocks = 400

    def flood(stream):
        for i in range(blocks):
            stream.send(output(FIRST + i * 16000, bytes([65 + i % 26]) * 16000))
        stream.send(struct.pack("<BQ", LIVE, FIRST + blocks * 16000))
    serve_one(service, flood)
    done = invoke(service, "hajime", "--dump", stdin=subprocess.DEVNULL)
    assert done.stdout == b"".join(bytes([65 + i % 26]) * 16000 for i in range(blocks))


def test_what_came_with_the_greeting_is_not_waited_for(tmp_path):
    service = RemoteService(tmp_path)
    service.at_once = True
    began = time.monotonic()
    done = invoke(service, "hajime", "--dump", stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout) == (0, RING)
    assert time.monotonic() - began < 5


def test_keys_pass_a_flood(service):
    """Ctrl-C goes out while the guest writes without end."""
    terminal = Terminal(service, "hajime")
    stream = first_stream(service)
    stream.greet()
    stream.make_writer()
    terminal.see(b"login: ")
    stop = threading.Event()

    def flood():
        at = FIRST + len(RING)
        while not stop.is_set():
            stream.send(output(at, b"y\n" * 4000))
            at += 8000
    flooding = threading.Thread(target=flood, daemon=True)

    def read_on():
        while flooding.is_alive():
            terminal.read()
    flooding.start()
    reading = threading.Thread(target=read_on, daemon=True)
    reading.start()
    time.sleep(0.3)
    typed = time.monotonic()
    terminal.type(b"\x03")
    assert stream.expect(INPUT) == b"\x03"
    took = time.monotonic() - typed
    stop.set()
    reading.join(10)
    assert not flooding.is_alive()
    assert took < 1, f"Ctrl-C took {took:.3f} s"
    stream.cut(1000, "over")
    assert terminal.end(60) == 0


def test_the_ticket_is_in_the_first_frame_alone(tmp_path):
    service = RemoteService(tmp_path)
    serve_one(service, Stream.greet)
    assert invoke(service, "hajime", "--dump", stdin=subprocess.DEVNULL).returncode == 0
    assert service.frames == [{"ticket": service.TICKET, "from": 0}]
    assert service.TICKET not in " ".join(service.targets)
    assert service.TICKET not in str(service.handshakes) and "Authorization" not in service.handshakes[0]
    assert "Origin" not in service.handshakes[0]


def test_local_refusals_and_counts(tmp_path):
    service = LocalService(tmp_path)
    service.refuse = (423, {"error": {"code": "locked", "message": "it is being rebuilt", "details": {}}})
    done = invoke(service, "hajime", "--dump")
    assert done.returncode == 1 and b"it is being rebuilt (locked)" in done.stderr
    service.refuse = None
    serve_one(service, Stream.greet)
    assert invoke(service, "hajime", "--dump").returncode == 0
    eventually(lambda: service.ended, 5)
    assert service.ended[0][0] == 1000 and service.ended[0][2] > len(RING)
    assert invoke(service, "nobody").returncode == 3

"""A viewer of a remote console, as a browser is one: a ticket in the first frame, then the serial stream."""
import json
import ssl
import struct

import websocket

INPUT, SIZE, TAKE, RELEASE = 0x01, 0x02, 0x03, 0x04
OUTPUT, GAP, MARK, WRITER, READY, LIVE = 0x11, 0x12, 0x13, 0x14, 0x15, 0x16
REFUSED, CUT, IDLE, LIFE, LIMIT, OFF, DELETED, LOST = range(4001, 4009)
NOBODY, ME, ANOTHER = 0, 1, 2


class Closed(Exception):
    """The service has ended the console."""

    def __init__(self, code, reason):
        super().__init__(f"{code} {reason}")
        self.code, self.reason = code, reason


def ask(api, server, kind="serial", mode="control"):
    """A ticket, and where to take it."""
    return api.post(f"/servers/{server['id']}/actions/request_console", {"type": kind, "mode": mode})


class Viewer:
    def __init__(self, ippo, asked, origin=None, headers=(), frame=None, timeout=20):
        address = asked["wss_url"] if isinstance(asked, dict) else asked
        self.socket = websocket.create_connection(
            address, timeout=timeout, sslopt={"ca_certs": str(ippo.ca), "cert_reqs": ssl.CERT_REQUIRED}, suppress_origin=origin is None,
            origin=origin, header=list(headers), subprotocols=["binary"], enable_multithread=True)
        self.handshake = self.socket.handshake_response
        self.output = b""
        self.first = None  # offset of the first byte of output
        self.end = 0  # offset of the next one
        self.lost = []  # (from, to, reason)
        self.marks = []
        self.writer = None
        self.live = False
        self.socket.send(json.dumps(frame if frame is not None else {"ticket": asked["password"]}))
        self.greeting = json.loads(self.receive(text=True))

    def receive(self, text=False):
        while True:
            code, data = self.socket.recv_data()
            if code == websocket.ABNF.OPCODE_CLOSE:
                raise Closed(struct.unpack(">H", data[:2])[0] if len(data) >= 2 else 1005, data[2:].decode())
            if code == websocket.ABNF.OPCODE_TEXT:
                assert text, data
                return data
            if code == websocket.ABNF.OPCODE_BINARY:
                assert not text, data
                return data

    def step(self):
        """Takes one message in and accounts for it."""
        data = self.receive()
        kind, rest = data[0], data[1:]
        if kind == OUTPUT:
            offset, = struct.unpack("<Q", rest[:8])
            assert self.first is None or offset == self.end, (offset, self.end)
            if self.first is None:
                self.first = offset
            self.output += rest[8:]
            self.end = offset + len(rest) - 8
        elif kind == GAP:
            start, end, why = struct.unpack("<QQB", rest)
            self.lost.append((start, end, why))
            self.end = end
            if self.first is None:
                self.first = end
        elif kind == MARK:
            self.marks.append(struct.unpack("<QBQ", rest))
        elif kind == WRITER:
            self.writer = rest[0]
        elif kind == READY:
            self.bounds = struct.unpack("<QQ", rest)
        elif kind == LIVE:
            self.live = True
        else:
            assert kind == SIZE, kind
        return kind

    def until(self, what):
        while not what():
            self.step()
        return self

    def until_live(self):
        return self.until(lambda: self.live)

    def until_text(self, text):
        return self.until(lambda: text in self.output)

    def until_text_after(self, text, at):
        """Only what was said from the byte `at` of the output on counts."""
        return self.until(lambda: text in self.output[at:])

    def until_closed(self):
        try:
            while True:
                self.step()
        except Closed as closed:
            return closed

    def say(self, data):
        self.socket.send_binary(bytes([INPUT]) + data)

    def take(self):
        self.socket.send_binary(bytes([TAKE]))

    def close(self):
        self.socket.close()


def open_console(ippo, api, server, mode="control", **options):
    return Viewer(ippo, ask(api, server, mode=mode), **options)

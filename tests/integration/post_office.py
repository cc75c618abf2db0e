"""Receivers on this machine: a mail server (aiosmtpd) and an HTTP server that remembers what it got."""
import email
import email.policy
import http.server
import threading
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from ippo_testing import free_port, run


class Postbox:
    """A mail server. What it answers to a recipient can be told beforehand."""

    def __init__(self, port=None, tls=None, auth=None, address="127.0.0.1"):
        self.port = port or free_port()
        self.mails, self.raw, self.answers = [], [], []
        self.tls, self.auth, self.address = tls, auth, address
        self.controller = None

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if self.answers:
            answer = self.answers.pop(0)
            if answer:
                return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.raw.append(envelope.content)
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        mail.envelope = (envelope.mail_from, list(envelope.rcpt_tos))
        mail.encrypted = session.ssl is not None
        self.mails.append(mail)
        return "250 taken"

    def start(self):
        box = self

        class Server(Controller):
            def factory(self):
                options = {"tls_context": box.tls, "require_starttls": True} if box.tls else {}
                if box.auth:
                    options.update(authenticator=box.auth, auth_required=True)
                return SMTP(box, hostname="test", **options)

        self.controller = Server(self, hostname=self.address, port=self.port)
        self.controller.start()
        return self

    def stop(self):
        if self.controller:
            self.controller.stop()
        self.controller = None

    def to(self, address):
        return [mail for mail in self.mails if mail["To"].addresses[0].addr_spec == address]

    def wait(self, address, count=1, seconds=20):
        end = time.monotonic() + seconds
        while len(self.to(address)) < count:
            assert time.monotonic() < end, f"no {count} mails to {address}: {[str(mail['To']) for mail in self.mails]}"
            time.sleep(0.05)
        return self.to(address)[-1]


def text_of(mail):
    return mail.get_content().replace("\r\n", "\n")


def link_of(mail, page):
    """The key in the link to that page of the panel."""
    (line,) = [line for line in text_of(mail).splitlines() if f"/#/{page}/" in line]
    return line.strip().rsplit("/", 1)[1]


class Hook:
    """An HTTP server on a loopback address. What it answers can be told beforehand."""

    def __init__(self, address="127.0.0.1"):
        self.calls, self.answers = [], []
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.calls.append((self.path, dict(self.headers), body))
                status, headers, text = hook.answers.pop(0) if hook.answers else (200, {}, b"")
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                try:
                    for piece in [text] if isinstance(text, bytes) else text:
                        self.wfile.write(piece)
                except OSError:
                    pass

            do_GET = do_POST  # noqa: N815

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer((address, 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def certificate(folder, name):
    """An authority's own certificate for a name: (certificate, key)."""
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
        "-addext", f"subjectAltName=DNS:{name}", "-keyout", folder / "key.pem", "-out", folder / "ca.pem")
    return folder / "ca.pem", folder / "key.pem"

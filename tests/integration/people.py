"""People at browsers: invited, signed in by cookie, each with a memory of their own."""
import base64
import hmac
import struct
import time

from ippo_testing import Api

PASSWORD = "correct horse battery"
MARK = {"X-Ippo-CSRF": "1"}


class Person(Api):
    """Somebody at a browser of the service."""

    def __init__(self, ippo, name, agent="Test/1.0"):
        super().__init__(ippo.url, ippo.ca)
        self.ippo, self.name = ippo, name
        self.session.headers.update({"Origin": ippo.url, "User-Agent": agent, **MARK})

    def join(self, link, password=PASSWORD):
        """Becomes the new person of an invitation."""
        self.post("/invitations/redeem", {"key": key_of(link), "name": self.name, "password": password})
        return self

    def sign_in(self, password=PASSWORD, **more):
        self.post("/sessions", {"name": self.name, "password": password, **more})
        return self

    @property
    def cookie(self):
        return self.session.cookies["__Host-ippo"]

    @property
    def id(self):
        return self.get("/me")["me"]["user"]["id"]

    def is_signed_in(self):
        return self.request("GET", "/me").status_code == 200


def totp(secret, steps=0):
    """What an authenticator shows (RFC 6238) so many steps from now."""
    count = int(time.time()) // 30 + steps
    digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", count), "sha1")
    return f"{(struct.unpack_from('>I', digest, digest[-1] & 15)[0] & 0x7fffffff) % 1000000:06}"


def key_of(link):
    return link.strip().rsplit("/", 1)[1]


def invite(ippo, name, customer=None, role=None, operator=False, **options):
    """A new person, invited by the operator at the machine; of the first customer when none is named."""
    if customer is None:
        (customer,), = ippo.database("SELECT name FROM customer WHERE id = 1")
    words = ["--operator"] if operator else ["--for", customer]
    words += ["--role", role] if role else []
    return Person(ippo, name, **options).join(ippo.cli("invitation", "create", *words).stdout)


PIECE = 128 * 1024


def attach(api, name, data):
    """A file for a message, piece by piece; what the service says of it in the end."""
    file = api.post("/contact_attachments", {"name": name, "bytes": len(data)})["contact_attachment"]
    for at in range(0, len(data), PIECE):
        piece = base64.b64encode(data[at:at + PIECE]).decode()
        file = api.put(f"/contact_attachments/{file['id']}/data", {"at": at, "data": piece})["contact_attachment"]
    return file

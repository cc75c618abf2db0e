"""A device with passkeys, in software: WebAuthn Level 2 as a browser and its authenticator do it, good and bad."""
import base64
import hashlib
import json
import os
import struct

import cbor2
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def new_key(algorithm):
    """A private key, and its public one as COSE has it (RFC 9053)."""
    if algorithm == -7:
        key = ec.generate_private_key(ec.SECP256R1())
        numbers = key.public_key().public_numbers()
        return key, {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
    if algorithm == -8:
        key = ed25519.Ed25519PrivateKey.generate()
        raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return key, {1: 1, 3: -8, -1: 6, -2: raw}
    key = rsa.generate_private_key(65537, 2048)
    return key, {1: 3, 3: -257, -1: key.public_key().public_numbers().n.to_bytes(256, "big"), -2: b"\x01\x00\x01"}


class Passkey:
    """One credential. Whatever is given by name to make() or show() is said instead of what is true."""

    def __init__(self, site, origin, algorithm=-7):
        self.site, self.origin, self.algorithm = site, origin, algorithm
        self.key, self.cose = new_key(algorithm)
        self.credential = os.urandom(32)
        self.counter = 0

    def _client(self, kind, challenge, origin=None, **more):
        return json.dumps({"type": kind, "challenge": challenge, "origin": origin or self.origin, "crossOrigin": False, **more}).encode()

    def _data(self, flags, site=None, tail=b""):
        return hashlib.sha256((site or self.site).encode()).digest() + struct.pack(">BI", flags, self.counter) + tail

    def _sign(self, message):
        if self.algorithm == -7:
            return self.key.sign(message, ec.ECDSA(hashes.SHA256()))
        if self.algorithm == -8:
            return self.key.sign(message)
        return self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())

    def make(self, challenge, kind="webauthn.create", flags=PRESENT | VERIFIED, site=None, cose=None, **client):
        tail = bytes(16) + struct.pack(">H", len(self.credential)) + self.credential + cbor2.dumps(cose or self.cose)
        return {"client_data": encode(self._client(kind, challenge, **client)),
                "authenticator_data": encode(self._data(flags | ATTESTED, site, tail))}

    def show(self, challenge, kind="webauthn.get", flags=PRESENT | VERIFIED, site=None, counter=None, **client):
        self.counter = self.counter + 1 if counter is None else counter
        data, said = self._data(flags, site), self._client(kind, challenge, **client)
        return {"credential": encode(self.credential), "client_data": encode(said), "authenticator_data": encode(data),
                "signature": encode(self._sign(data + hashlib.sha256(said).digest()))}

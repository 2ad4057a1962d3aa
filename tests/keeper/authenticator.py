"""A passkey in software: a P-256 key that answers WebAuthn challenges (WebAuthn Level 3, 6.1)."""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

USER_PRESENT_AND_VERIFIED = 0x05


@dataclass
class Authenticator:
    rp_id: str = "localhost"
    origin: str = "http://localhost:8642"
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    raw_id: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    count: int = 0

    @property
    def credential(self) -> str:
        return b64url(self.raw_id)

    @property
    def public_key(self) -> str:
        point = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
        return b64url(cbor2.dumps(cose))

    def answer(self, challenge: bytes, origin: str | None = None, flags: int = USER_PRESENT_AND_VERIFIED) -> str:
        self.count += 1
        told = {"type": "webauthn.get", "challenge": b64url(challenge), "origin": origin or self.origin}
        client = json.dumps(told).encode()
        data = sha256(self.rp_id.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")
        signature = self.key.sign(data + sha256(client).digest(), ec.ECDSA(SHA256()))
        response = {
            "clientDataJSON": b64url(client),
            "authenticatorData": b64url(data),
            "signature": b64url(signature),
        }
        return json.dumps({"id": self.credential, "rawId": self.credential, "type": "public-key", "response": response})


def b64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()

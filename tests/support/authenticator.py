"""An authenticator in software: makes and shows passkeys as a browser does, and wrongly where a test says so (WebAuthn level 2, §6)."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

PRESENT, VERIFIED, ATTESTED = 1, 4, 64


@dataclass
class Authenticator:
    """One device with one key. `verified`: it asks for a PIN; `counts`: it counts its signatures."""

    origin: str
    host: str
    verified: bool = True
    counts: bool = True
    credential: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    count: int = 0
    owner: bytes = b""

    def make(self, options: dict[str, Any]) -> str:
        """The answer to a question for a new passkey."""
        self.owner = base64url_to_bytes(options["user"]["id"])
        point = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
        held = bytes(16) + len(self.credential).to_bytes(2, "big") + self.credential + cbor2.dumps(cose)
        about = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": self._data(ATTESTED) + held})
        said = {"attestationObject": bytes_to_base64url(about), "transports": ["internal"]}
        return self._answer("webauthn.create", options["challenge"], said)

    def show(self, options: dict[str, Any]) -> str:
        """The answer to a question for any passkey."""
        self.count += self.counts
        client, data = self._client("webauthn.get", options["challenge"]), self._data(0)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        said = {
            "authenticatorData": bytes_to_base64url(data), "signature": bytes_to_base64url(signature),
            "userHandle": bytes_to_base64url(self.owner),
        }  # fmt: skip
        return self._answer("webauthn.get", options["challenge"], said)

    def _data(self, more: int) -> bytes:
        flags = PRESENT | (VERIFIED if self.verified else 0) | more
        return hashlib.sha256(self.host.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}).encode()

    def _answer(self, kind: str, challenge: str, said: dict[str, Any]) -> str:
        name = bytes_to_base64url(self.credential)
        said = {"clientDataJSON": bytes_to_base64url(self._client(kind, challenge)), **said}
        return json.dumps(
            {"id": name, "rawId": name, "type": "public-key", "response": said, "clientExtensionResults": {}}
        )

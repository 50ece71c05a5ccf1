"""Random secrets handed out once and kept only as keyed hashes."""

from __future__ import annotations

import hmac
import secrets


def new_secret() -> str:
    """256 random bits, URL-safe."""
    return secrets.token_urlsafe(32)


def keyed_hash(pepper: bytes, purpose: str, value: str) -> str:
    """HMAC-SHA256 of `value`, separated by purpose so that one kind of secret never passes for another."""
    return hmac.new(pepper, f"{purpose}|{value}".encode(), "sha256").hexdigest()

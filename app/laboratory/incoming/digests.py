"""The sha-256 a sender announces in Content-Digest or Repr-Digest (RFC 9530), so that a cut transfer is not kept."""

from __future__ import annotations

import base64
import binascii
import re

from app.platform.kernel.errors import Invalid

_MEMBER = re.compile(r"^\s*([A-Za-z0-9*_.-]+)\s*=\s*:([A-Za-z0-9+/=]*):\s*$")


def announced_sha256(*headers: str) -> str:
    """In hex, or "" where none is announced; other algorithms are passed over. Raises Invalid."""
    found = {_sha256(member) for header in headers for member in header.split(",") if member.strip()} - {""}
    if len(found) > 1:
        raise _not_a_digest()
    return found.pop() if found else ""


def _sha256(member: str) -> str:
    match = _MEMBER.match(member)
    if match is None:
        raise _not_a_digest()
    if match[1].lower() != "sha-256":
        return ""
    try:
        raw = base64.b64decode(match[2], validate=True)
    except binascii.Error:
        raise _not_a_digest() from None
    if len(raw) != 32:
        raise _not_a_digest()
    return raw.hex()


def _not_a_digest() -> Invalid:
    return Invalid(
        "The digest header cannot be understood, so the file was not taken.",
        fields={"Repr-Digest": "not a digest"},
        hint="Send one SHA-256 as Repr-Digest: sha-256=:base64:, or leave it out.",
    )

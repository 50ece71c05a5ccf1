"""Argon2id through pwdlib, two at a time and a few who wait: hashing is memory-hungry by design."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app.platform.kernel.errors import Invalid, Unavailable

_HASHER = PasswordHash((Argon2Hasher(),))
_HASHING = threading.BoundedSemaphore(2)
_PLACES = threading.BoundedSemaphore(8)  # of who hashes and who waits: each holds a thread that others need
# Verified against when the user name is unknown, so that both answers take the same time. Of a random password that
# was thrown away; written down because making one costs every start of a process a third of a second.
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$qyoBvdSri6BP9OdEw7WstQ$xzZ/4Ka+jLr3lKC0sWRwyAmrqZ9y0LJ3o5WpmgC7jXw"
MIN_LENGTH = 12


def hash_password(password: str) -> str:
    """Hash for storage. Raises Invalid when it is too short (NIST SP 800-63B: length is what counts)."""
    if len(password) < MIN_LENGTH:
        raise Invalid(
            f"A password needs at least {MIN_LENGTH} characters. Several words work well.",
            fields={"password": f"shorter than {MIN_LENGTH} characters"},
        )
    with _turn():
        return _HASHER.hash(password)


def verify_password(password: str, stored: str | None) -> bool:
    """True when it matches; the same work is done when there is no such person. Raises Unavailable when too many wait."""
    with _turn():
        return _HASHER.verify(password, stored or _NOBODY) and stored is not None


@contextmanager
def _turn() -> Iterator[None]:
    if not _PLACES.acquire(blocking=False):
        raise Unavailable("Many people are signing in at this moment, so this password was not looked at.")
    try:
        with _HASHING:
            yield
    finally:
        _PLACES.release()

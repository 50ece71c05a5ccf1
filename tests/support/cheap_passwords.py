"""Password hashes that cost next to nothing, for the accounts of tests; a real one takes a quarter of a second of a processor, and
tests sign in by the thousand. tests/platform/test_passwords.py holds what the product uses.
"""

from __future__ import annotations

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app.platform.security import passwords

REAL, REAL_NOBODY = passwords._HASHER, passwords._NOBODY
CHEAP = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))


def install() -> None:
    """For this process and those it forks."""
    if passwords._HASHER is REAL:
        passwords._HASHER, passwords._NOBODY = CHEAP, CHEAP.hash("of nobody at all")

"""Optimistic locking in the domain: a change says which version it starts from."""

from __future__ import annotations

from app.platform.kernel.errors import Stale


def check_version(what: str, expected: int, actual: int) -> None:
    """Raise Stale when somebody else changed the row in between."""
    if expected != actual:
        raise Stale(what)

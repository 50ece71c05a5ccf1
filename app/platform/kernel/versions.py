"""Optimistic locking in the domain: a change says which version it starts from."""

from __future__ import annotations

from datetime import datetime

from app.platform.kernel.errors import Conflict, Invalid, Stale


def check_version(what: str, expected: int, actual: int) -> None:
    """Raise Stale when someone else changed the row in between."""
    if expected != actual:
        raise Stale(what)


def check_may_end(what: str, how: str, expected: int, actual: int, ended_at: datetime | None, reason: str) -> None:
    """Whether a row may be taken out of use, once and with a reason; `how`: withdrawn, retired. Raises Stale, Conflict, Invalid."""
    check_version(what, expected, actual)
    if ended_at is not None:
        raise Conflict(f"This {what} was {how} already. Nothing was changed.")
    if not reason:
        raise Invalid(f"The {what} was not {how}.", fields={"reason": f"Say why it is {how}."})

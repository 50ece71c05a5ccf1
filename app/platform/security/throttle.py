"""Counts tries in the database, so that several servers count together. What is counted stands there as a keyed hash.

A window begins with its first try. While the database cannot be written, as on a full disk, this process counts by itself,
so that signing in and reading results go on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlmodel import col

from app.platform.db import Database, UnitOfWork
from app.platform.db.rows import insert_into
from app.platform.kernel.errors import StorageFull, TooMany, Unavailable
from app.platform.security.tables import ThrottleRow
from app.platform.security.tokens import keyed_hash

if TYPE_CHECKING:
    from fastapi import Request

WINDOW = timedelta(minutes=1)
SKEW = timedelta(seconds=5)
"""How far the clocks of two servers may differ. A window that begins later than that was left by a clock set back."""
MAX_KEYS = 10_000


@dataclass(frozen=True, slots=True)
class Limit:
    """So many tries in a window."""

    what: str
    tries: int


SIGN_IN = Limit("sign-in with a name from an address", 5)
SIGN_IN_OF_ADDRESS = Limit("sign-in from an address", 60)
SIGN_OUT_OF_ADDRESS = Limit("sign-out of others from an address", 60)
TICKET_OF_ADDRESS = Limit("ticket from an address", 10)
TICKET_OF_SITE = Limit("ticket", 60)
Counted = tuple[Limit, str]
"""A limit, and who or what is counted under it."""
Limits = Mapping[str, int]
"""Tries allowed, by keyed hash."""


def address_of(request: Request) -> str:
    """Where a request comes from, as it is counted: who has one address of IPv6 has a whole network of 64 bits."""
    host = request.client.host if request.client else "?"
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if address.version == 4:
        return host
    return str(address.ipv4_mapped or ip_network((int(address), 64), strict=False))


class Throttle:
    """The counts of a service. Each try is counted before it is made, so that many at once find no more than the limit."""

    def __init__(self, database: Database, pepper: bytes, seconds: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._pepper = pepper
        self._here = _Here(seconds)

    def take(self, *counted: Counted) -> None:
        """Count one try under each limit. Raises TooMany, and then it is counted under none."""
        limits = self._hashed(counted)
        if not self._written(lambda uow: _take(uow, limits)):
            self._here.take(limits)

    @contextmanager
    def trying(self, *counted: Counted) -> Iterator[None]:
        """Around a try. It stays counted when it was wrong; a success clears the first count and is taken back from the others."""
        self.take(*counted)
        limits = self._hashed(counted)
        try:
            yield
        except Unavailable:  # it was not tried after all
            self._given_back(limits, "")
            raise
        self._given_back(limits, cleared=next(iter(limits)))

    def _given_back(self, limits: Limits, cleared: str) -> None:
        if not self._written(lambda uow: _give_back(uow, limits, cleared)):
            self._here.give_back(limits, cleared)

    def _hashed(self, counted: tuple[Counted, ...]) -> Limits:
        return {keyed_hash(self._pepper, f"throttle {limit.what}", key): limit.tries for limit, key in counted}

    def _written(self, change: Callable[[UnitOfWork], None]) -> bool:
        try:
            with self._database.begin(vital=True) as uow:
                change(uow)
        except sa.exc.TimeoutError:  # every connection is taken: the database can be written, so nothing is tried
            raise
        except (sa.exc.SQLAlchemyError, OSError, StorageFull) as error:
            import structlog

            structlog.get_logger(__name__).warning("throttle_not_written", error=type(error).__name__)
            return False
        return True


def first_time(uow: UnitOfWork, pepper: bytes, what: str, key: str) -> bool:
    """Whether this comes for the first time in a day, noted in the unit of work that acts on it."""
    row = insert_into(uow.session, ThrottleRow).values(
        key_hash=keyed_hash(pepper, f"throttle {what}", key), began_at=uow.now, tries=1
    )
    noted = row.on_conflict_do_nothing().returning(col(ThrottleRow.key_hash))
    return uow.session.connection().execute(noted).first() is not None


def _too_many() -> TooMany:
    """One answer for every limit."""
    return TooMany("Too many tries in a short time.", retry_after_s=int(WINDOW.total_seconds()))


def _take(uow: UnitOfWork, limits: Limits) -> None:
    began, tries = col(ThrottleRow.began_at), col(ThrottleRow.tries)
    over = sa.or_(began <= uow.now - WINDOW, began > uow.now + SKEW)
    for key_hash, limit in limits.items():
        row = insert_into(uow.session, ThrottleRow).values(key_hash=key_hash, began_at=uow.now, tries=1)
        counted = row.on_conflict_do_update(
            index_elements=["key_hash"],
            set_={
                "began_at": sa.case((over, row.excluded.began_at), else_=began),
                "tries": sa.case((over, 1), else_=tries + 1),
            },
            where=sa.or_(over, tries < limit),
        )
        if uow.session.connection().execute(counted.returning(tries)).first() is None:
            raise _too_many()


def _give_back(uow: UnitOfWork, limits: Limits, cleared: str) -> None:
    key, tries = col(ThrottleRow.key_hash), col(ThrottleRow.tries)
    fewer = sa.case((key == cleared, 0), else_=tries - 1)
    uow.session.connection().execute(sa.update(ThrottleRow).where(key.in_(limits), tries > 0).values(tries=fewer))


class _Here:
    """Counts of tries in the memory of this process, by the monotonic clock, for while the database cannot be written."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._counts: dict[str, tuple[float, int]] = {}

    def take(self, limits: Limits) -> None:
        with self._lock:
            now = self._seconds()
            fresh = {key: c for key in limits if (c := self._counts.get(key)) and now - c[0] < WINDOW.total_seconds()}
            if any(tries >= limits[key] for key, (_, tries) in fresh.items()):
                raise _too_many()
            for key in limits:
                began, tries = fresh.get(key, (now, 0))
                self._counts.pop(key, None)  # those counted last stand last
                self._counts[key] = began, tries + 1
            while len(self._counts) > MAX_KEYS:
                self._counts.pop(next(iter(self._counts)))

    def give_back(self, limits: Limits, cleared: str) -> None:
        with self._lock:
            for key in limits:
                if count := self._counts.pop(key, None):
                    began, tries = count
                    if key != cleared and tries > 1:
                        self._counts[key] = began, tries - 1

"""Throttles: counted before a try, together by all servers, under no clear name, and by each process where nothing can be written."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import select
from starlette.requests import Request

from app.platform.db import Database
from app.platform.kernel.errors import StorageFull, TooMany, Unauthenticated, Unavailable
from app.platform.security import throttle
from app.platform.security.tables import ThrottleRow
from app.platform.security.throttle import Counted, Limit, Throttle, address_of

NAME = Limit("name", 5)
ADDRESS = Limit("address", 8)
ADA: tuple[Counted, ...] = ((NAME, "ada|192.0.2.7"), (ADDRESS, "192.0.2.7"))
BOB: tuple[Counted, ...] = ((NAME, "bob|192.0.2.7"), (ADDRESS, "192.0.2.7"))


class Seconds:
    """A monotonic clock that a test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def counting(database: Database, seconds: Callable[[], float] | None = None) -> Throttle:
    return Throttle(database, b"pepper", seconds or Seconds())


def passed(throttle: Throttle, times: int, *counted: Counted) -> int:
    """How many of so many tries were let through."""
    through = 0
    for _ in range(times):
        with suppress(TooMany):
            throttle.take(*counted)
            through += 1
    return through


def test_many_tries_at_once_find_no_more_than_the_limit_on_two_servers_either(database: Database) -> None:
    """Attack 7: forty at once were all tried, because each was counted afterwards."""
    other = Database(database.url, clock=database.clock)
    servers = [counting(database), counting(other)]
    with ThreadPoolExecutor(8) as pool:
        through = list(pool.map(lambda n: passed(servers[n % 2], 1, ADA[0]), range(40)))
    other.close()
    assert sum(through) == 5


def test_a_window_ends_a_minute_after_its_first_try(database: Database, clock: Any) -> None:
    counts = counting(database)
    assert passed(counts, 3, *ADA) == 3
    clock.advance(seconds=59)
    assert passed(counts, 3, *ADA) == 2
    clock.advance(seconds=1)
    assert passed(counts, 6, *ADA) == 5


def test_a_clock_that_was_set_back_keeps_no_throttle_shut(database: Database, clock: Any) -> None:
    """Attack 13: tries of a day to come counted until that day was over."""
    counts = counting(database)
    clock.advance(days=1)
    assert passed(counts, 6, *ADA) == 5
    clock.advance(days=-1)
    assert passed(counts, 6, *ADA) == 5
    clock.advance(seconds=-2)
    assert passed(counts, 1, *ADA) == 0, "as much as the clocks of two servers may differ"


def test_a_try_refused_by_one_limit_is_counted_under_none(database: Database) -> None:
    counts = counting(database)
    assert passed(counts, 6, *ADA) == 5
    assert passed(counts, 6, *BOB) == 3, "of eight of the address five were used, not six"


def test_a_success_clears_the_name_and_takes_itself_back_from_the_address(database: Database) -> None:
    counts = counting(database)
    assert passed(counts, 4, *ADA) == 4
    with counts.trying(*ADA):
        pass
    assert passed(counts, 6, *ADA) == 4, "eight of the address, four of them used before"


def test_a_wrong_try_stays_counted_and_one_that_was_not_made_does_not(database: Database) -> None:
    counts = counting(database)
    for why in [Unauthenticated("wrong")] * 2 + [Unavailable()] * 9:
        with suppress(Unauthenticated, Unavailable), counts.trying(*ADA):
            raise why
    assert passed(counts, 6, *ADA) == 3


def test_nothing_is_stored_in_clear_and_each_service_hashes_otherwise(database: Database) -> None:
    counting(database).take(*ADA)
    Throttle(database, b"another pepper").take(*ADA)
    with database.read() as session:
        rows = session.exec(select(ThrottleRow)).all()
    assert len({row.key_hash for row in rows}) == 4
    assert not any(word in repr(rows) for word in ("ada", "192.0.2.7"))


@pytest.fixture(params=[sa.exc.OperationalError("INSERT", {}, Exception("disk is full")), StorageFull(), OSError()])
def unwritable(request: pytest.FixtureRequest, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    def refuse(*_: object, **__: object) -> None:
        raise request.param

    monkeypatch.setattr(sqlite_database, "begin", refuse)
    return sqlite_database


def test_where_nothing_can_be_written_the_process_counts_by_a_clock_nobody_sets(
    unwritable: Database, clock: Any
) -> None:
    seconds = Seconds()
    counts = counting(unwritable, seconds)
    assert passed(counts, 6, *ADA) == 5
    assert passed(counts, 6, *BOB) == 3
    clock.advance(days=-1)
    seconds.now += 61
    with counts.trying(*ADA):
        pass
    assert passed(counts, 9, *ADA) == 5, "a success cleared it"


def test_where_every_connection_is_taken_nothing_is_tried_nor_counted_by_the_process(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wait(*_: object, **__: object) -> None:
        raise sa.exc.TimeoutError("QueuePool limit reached")

    monkeypatch.setattr(sqlite_database, "begin", wait)
    counts, tried = counting(sqlite_database), []
    with pytest.raises(sa.exc.TimeoutError), counts.trying(*ADA):
        tried.append("a password")
    assert tried == []
    assert not counts._here._counts


def test_the_count_of_a_process_stays_small(unwritable: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "MAX_KEYS", 4)
    counts = counting(unwritable)
    assert passed(counts, 5, (NAME, "kept")) == 5
    for number in range(9):
        counts.take((NAME, str(number)))
    assert len(counts._here._counts) == 4


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
        (None, "?"),
    ],
)
def test_who_has_a_network_of_addresses_is_counted_as_one(host: str | None, counted: str) -> None:
    assert address_of(Request({"type": "http", "client": host and (host, 1)})) == counted

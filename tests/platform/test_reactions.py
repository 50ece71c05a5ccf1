"""What follows from an event: everything in the table, in its order, in the same transaction, or nothing at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlmodel import select

import app.reactions
from app.platform import reactions
from app.platform.db import Database, UnitOfWork
from app.platform.kernel.event import Event
from app.platform.live import publish
from app.platform.live.tables import EventRow


@dataclass(frozen=True)
class Happened(Event):
    words: str


def told(kind: str) -> reactions.Reaction:
    def react(uow: UnitOfWork, event: Happened) -> None:
        publish(uow, "test", kind, payload={"words": event.words})

    return react


def fails(uow: UnitOfWork, event: Happened) -> None:
    raise ValueError("no")


@pytest.fixture(autouse=True)
def the_table_again() -> Iterator[None]:
    yield
    reactions.install(app.reactions.TABLE)


def kinds(database: Database) -> list[str]:
    with database.read() as session:
        return [row.kind for row in session.exec(select(EventRow).order_by(EventRow.id))]  # type: ignore[arg-type]


def test_everybody_reacts_in_the_order_of_the_table(sqlite_database: Database) -> None:
    reactions.install({Happened: (told("first"), told("second"))})
    with sqlite_database.begin() as uow:
        reactions.emit(uow, Happened("now"))
        assert kinds(sqlite_database) == [], "in the transaction of the event"
    assert kinds(sqlite_database) == ["first", "second"]


def test_whoever_has_an_answer_gives_it(sqlite_database: Database) -> None:
    reactions.install({Happened: (told("first"), lambda _, event: event.words, lambda *_: "")})
    with sqlite_database.begin() as uow:
        assert reactions.emit(uow, Happened("now")) == ["now"]


def test_nothing_follows_from_a_step_in_silence(sqlite_database: Database) -> None:
    with pytest.raises(RuntimeError, match="nobody says what follows from Happened"), sqlite_database.begin() as uow:
        reactions.emit(uow, Happened("now"))


def test_every_event_there_is_stands_in_the_table() -> None:
    import app.main  # everything there is

    # by name: a dataclass with slots is made anew, and what it was before may still be about
    found = {one.__name__ for one in Event.__subclasses__()} - {Happened.__name__}
    assert found == {one.__name__ for one in app.reactions.TABLE}

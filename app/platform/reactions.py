"""What follows from what: a use case emits an event, and what reacts does so in its transaction.

The one table of events and reactions is app/reactions.py; who emits knows none of those who react.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.platform.db import UnitOfWork
from app.platform.kernel.event import Event

Reaction = Callable[[UnitOfWork, Any], str | None]
"""A reaction may answer with a word, where its event asks something."""
_TABLE: dict[type[Event], Sequence[Reaction]] = {}


def install(table: Mapping[type[Event], Sequence[Reaction]]) -> None:
    """From now on this table holds, and no other."""
    _TABLE.clear()
    _TABLE.update(table)


def emit(uow: UnitOfWork, event: Event) -> list[str]:
    """Let everybody react, in the order of the table, and return what they answered; an error in one undoes the whole use case.

    Raises RuntimeError for an event that is not in the table: nothing must follow from a step in silence.
    """
    if type(event) not in _TABLE:
        raise RuntimeError(
            f"nobody says what follows from {type(event).__name__}: import app.reactions in this process"
        )
    return [word for react in _TABLE[type(event)] if (word := react(uow, event))]

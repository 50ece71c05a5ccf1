"""The bench's worklist: samples of the sessions that are open now, what each waits for, the longest waiting first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from app.intake.samples import queue, substances
from app.intake.sessions import service as sessions
from app.platform.kernel.actor import Actor, Role
from app.results import repository
from app.results.domain import State
from app.results.words import STATE_WORDS
from harm_messages.register import Register

_BENCH = (None, State.DRAFT, State.RETURNED, State.WITHDRAWN, State.AMENDED, State.RETRACTED)
_LAST = (State.RELEASED,)


@dataclass(frozen=True, slots=True)
class Row:
    """One sample on the bench. No ticket, nothing about a person."""

    queued: queue.QueueRow
    session_name: str
    expected: str
    state: State | None
    mine: bool

    @property
    def state_words(self) -> str:
        """What it waits for."""
        return STATE_WORDS[self.state]


@dataclass(frozen=True, slots=True)
class Worklist:
    """The rows, and where they come from."""

    rows: tuple[Row, ...]
    session_names: tuple[str, ...]

    def count(self, *states: State | None) -> int:
        """How many are in one of these states."""
        return sum(row.state in states for row in self.rows)

    @property
    def to_analyse(self) -> int:
        """Everything that is on the chemist's side."""
        return self.count(*_BENCH)

    @property
    def oldest(self) -> queue.QueueRow | None:
        """The one that waits longest for its result."""
        return max((r.queued for r in self.rows if r.state not in _LAST), key=lambda r: r.waited_s, default=None)


def worklist(session: Session, actor: Actor, now: datetime, register: Register) -> Worklist:
    """What is to be done at this bench. Samples that were told or withdrawn are gone from it."""
    open_now = sessions.sessions_now(session, actor, now)
    found = [(s, row) for s in open_now for row in queue.queue(session, actor, s.id, now=now)]
    states = repository.newest_states(session, [row.sample_id for _, row in found])
    rows = [
        Row(row, s.name, expected_words(register, row.expected, row.words_spoken), state, _mine(actor, state))
        for s, row in found
        for state in [states.get(row.sample_id)]
    ]
    rows.sort(key=lambda r: (r.state in _LAST, not r.mine, -r.queued.waited_s))
    return Worklist(tuple(rows), tuple(s.name for s in open_now))


def expected_words(register: Register, expected: Sequence[str], spoken: str) -> str:
    """What was expected, in the register's names; else the words that were spoken."""
    names = ", ".join(substances.labels(register, expected))
    return names or (f"“{spoken}”" if spoken else "not known")


def _mine(actor: Actor, state: State | None) -> bool:
    """Whether the next step is one this person's role takes: such rows come first."""
    return (
        (state in _BENCH and actor.has(Role.CHEMIST))
        or (state is State.SUBMITTED and actor.has(Role.VERIFIER))
        or (state is State.VERIFIED and actor.has(Role.SESSION_LEAD))
    )

"""Whom to tell next: the samples of open sessions in the order in which a health worker takes them, dangerous ones marked."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from sqlmodel import Session

from app.care.consultations import facts
from app.care.consultations.following import FOR_STAFF
from app.intake.samples import queue
from app.intake.samples.domain import Stage
from app.intake.samples.queue import QueueRow
from app.intake.sessions import service as sessions
from app.platform.kernel.actor import Actor
from app.results import service as results
from harm_messages import HarmMessageError, Pack, Severity, evaluate

KEPT = 2048
_TOPS: dict[tuple[uuid.UUID, str], Severity] = {}
"""How grave a result is, by version and pack: neither changes once it is out."""


class Turn(IntEnum):
    """Who comes first."""

    NEVER_TOLD = 0
    CHANGED = 1
    TOLD = 2
    WAITING = 3


@dataclass(frozen=True, slots=True)
class QueuedSample:
    """A sample with its turn. `top`: how grave its result is, None where none is out or the pack has no words for it."""

    row: QueueRow
    turn: Turn
    top: Severity | None = None

    @property
    def dangerous(self) -> bool:
        """Whether what was found can kill."""
        return self.top is not None and self.top.rank <= Severity.S1.rank


def result_queue(
    session: Session, who: Actor, open_sessions: Iterable[sessions.CheckingSession], pack: Pack, now: datetime
) -> list[QueuedSample]:
    """Results that nobody was told come first, then those that changed since; among each the dangerous, then the oldest."""
    rows = [row for one in open_sessions for row in queue.queue(session, who, one.id, now=now, everything=True)]
    rows = [row for row in rows if row.stage is not Stage.WITHDRAWN]
    out = [row.id for row in rows if row.stage in (Stage.RELEASED, Stage.TOLD)]
    found = results.released_of(session, out)
    each = [_placed(row, found.get(row.id), pack, now) for row in rows]
    return sorted(each, key=lambda one: (one.turn, not one.dangerous, one.row.received_at, one.row.number))


def _placed(row: QueueRow, told: results.ResultView | None, pack: Pack, now: datetime) -> QueuedSample:
    if row.stage not in (Stage.RELEASED, Stage.TOLD):
        return QueuedSample(row, Turn.WAITING)
    top = _top(told, pack, now) if told is not None else None
    released_at = told.result.released_at if told is not None else None
    if row.told_at is None:
        return QueuedSample(row, Turn.NEVER_TOLD, top)
    changed = released_at is not None and released_at > row.told_at
    return QueuedSample(row, Turn.CHANGED if changed else Turn.TOLD, top)


def _top(told: results.ResultView, pack: Pack, now: datetime) -> Severity | None:
    """The most serious card of its page, without alerts and without what staff did to it."""
    key = told.result.id, pack.digest
    if key in _TOPS:
        return _TOPS[key]
    try:
        top = evaluate(pack, facts.facts_of(told, pack), FOR_STAFF, pack.manifest.default_locale, now).top_severity
    except HarmMessageError:
        return None
    if len(_TOPS) >= KEPT:
        _TOPS.clear()
    _TOPS[key] = top
    return top

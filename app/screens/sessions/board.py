"""The board of a session as columns: every sample that is not done with, in the column of its stage, oldest first."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from app.intake.people import service as people
from app.intake.samples import queue
from app.intake.samples.domain import Stage
from app.intake.sessions import service as sessions
from app.laboratory.readings import machines
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.sample_numbers import sample_number
from app.platform.kernel.worded import Worded
from app.results.bench import expected_words
from app.results.domain import State
from app.results.session_facts import Hand, hands_of
from harm_messages.register import Register


class Lane(Worded):
    """A column of the board."""

    RECEIVED = "received", "Received"
    ANALYSIS = "analysis", "Awaiting analysis"
    VERIFICATION = "verification", "Awaiting verification"
    RELEASE = "release", "Ready to release"
    READY = "ready", "Result ready"


_OF_STAGE = {Stage.ANALYSED: Lane.VERIFICATION, Stage.VERIFIED: Lane.RELEASE, Stage.RELEASED: Lane.READY}


@dataclass(frozen=True, slots=True)
class Card:
    """One sample. `since`: it waits from then on; None where its result is out. `who`: who has it in hand, where that is known."""

    id: uuid.UUID
    label: str
    about: str
    who: str
    since: datetime | None
    waited_s: float
    late: bool
    href: str


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `seen`: a short hash of what stands in it, ages left out, by which a page asks only for what changed."""

    lane: Lane
    title: str
    cards: tuple[Card, ...]

    @property
    def seen(self) -> str:
        """Eight letters."""
        said = "\n".join(f"{c.id} {c.about} {c.who} {c.href}" for c in self.cards)
        return hashlib.sha256(said.encode()).hexdigest()[:8]


def columns(
    session: Session, actor: Actor, row: sessions.CheckingSession, register: Register, now: datetime
) -> list[Column]:
    """The whole board of one session of the actor's agency."""
    waiting = queue.queue(session, actor, row.id, now=now)
    keys = [one.id for one in waiting]
    hands, begun = hands_of(session, keys), machines.begun(session, keys)
    names = people.display_names(
        session, {key for hand in hands.values() for key in (hand.author_id, hand.verifier_id)}
    )
    cards: dict[Lane, list[Card]] = {lane: [] for lane in lanes_of(row)}
    for one in waiting:
        lane = lane_of(one.stage, begun=one.id in begun or one.id in hands)
        who = in_hand(one.stage, hands.get(one.id), names)
        cards.get(lane, cards[Lane.RELEASE]).append(_card(one, who, register, actor))
    verified = queue.state_words(Stage.VERIFIED, row)
    return [Column(lane, _title(lane, verified), tuple(found)) for lane, found in cards.items()]


def lanes_of(row: sessions.CheckingSession) -> list[Lane]:
    """The columns of a session; back of house nothing is ever released."""
    return [lane for lane in Lane if lane is not Lane.READY or row.licence_mode.individual_results]


def _title(lane: Lane, verified: str) -> str:
    return f"{verified[:1].upper()}{verified[1:]}" if lane is Lane.RELEASE else lane.words


def lane_of(stage: Stage, *, begun: bool) -> Lane:
    """Where a sample stands: one that nobody has begun is received, one with files or tests and no findings awaits analysis.

    >>> lane_of(Stage.RECEIVED, begun=False), lane_of(Stage.RECEIVED, begun=True), lane_of(Stage.VERIFIED, begun=True)
    (<Lane.RECEIVED: 'received'>, <Lane.ANALYSIS: 'analysis'>, <Lane.RELEASE: 'release'>)
    """
    return _OF_STAGE.get(stage) or (Lane.ANALYSIS if begun else Lane.RECEIVED)


def in_hand(stage: Stage, hand: Hand | None, names: Mapping[uuid.UUID, str]) -> str:
    """Who works on it, or did last, in a few words; "" where nobody is known."""
    if hand is None:
        return ""
    author = names.get(hand.author_id, "")
    if stage is Stage.RECEIVED and author:
        return f"Returned to {author}" if hand.state is State.RETURNED else f"In analysis, {author}"
    if stage is Stage.ANALYSED:
        return author
    return names.get(hand.verifier_id, "") if stage is Stage.VERIFIED and hand.verifier_id else ""


def _card(one: queue.QueueRow, who: str, register: Register, actor: Actor) -> Card:
    return Card(
        id=one.id,
        label=sample_number(one.number),
        about=f"{expected_words(register, one.expected, one.words_spoken)}, {one.form.value}",
        who=who,
        since=None if one.stage is Stage.RELEASED else one.received_at,
        waited_s=one.waited_s,
        late=one.late,
        href=_href(one, actor),
    )


def _href(one: queue.QueueRow, actor: Actor) -> str:
    """Where the next step with it is taken by this person."""
    if one.stage is Stage.RELEASED and actor.has(Role.HEALTH_WORKER, Role.SESSION_LEAD):
        return f"/consultations/samples/{one.id}"
    if actor.has(Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD):
        return f"/bench/samples/{one.id}"
    return f"/samples/{one.id}"


def changed(found: Sequence[Column], seen: str) -> list[Column]:
    """Columns that no longer are as a page has them; all of them where it does not say."""
    there = seen.split("-") if seen else []
    if len(there) != len(found):
        return list(found)
    return [column for column, known in zip(found, there, strict=True) if column.seen != known]


def seen_of(found: Sequence[Column]) -> str:
    """What a page says it has."""
    return "-".join(column.seen for column in found)

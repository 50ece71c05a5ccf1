"""Which rows of an answer may be shown to somebody who was answered before. Pure.

Every figure stands on a set of samples: all of a row, its numerator, the rest of it, and whatever else a figure counts.
Two sets that differ by a few samples, nested or not, published to one person would give those few away. So each set a
row would show is compared with every set this person was shown, with its neighbours in the row, and with the rows
before it in the same answer (distance of sketches, sketch.py: never more than the sets differ by):

- not one distance from 1 to threshold − 1 → the row is given;
- the same row was given before and too little changed since → its earlier figures again;
- otherwise → withheld.

*Given again* covers “nothing changed” as well: whether none or a few samples came since would itself tell of one sample.
It goes before suppression: a row of 12 that lost three stays at what was said, for “fewer than 10” would tell of the three.

What a withheld row tells: that some set shown earlier differs from it by 1 to threshold − 1. That is what “fewer than 10”
says of a suppressed row, and no more: which set it was, or by how many, is not said, and the words are those of the rows
that are withheld for everybody (differencing.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from app.trends.asked.sketch import Counts, Pile, distance
from app.trends.domain import BUCKETS


class Verdict(StrEnum):
    """What becomes of a row."""

    NEW = "new"
    AGAIN = "again"
    WITHHELD = "withheld"
    HIDDEN = "hidden"
    """Nothing of it is shown in any case: too small, or withheld for everybody."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row that wants to be shown. `predicate` names what it is about, the same whichever question it came by.

    `sets`: by label the samples behind it, whether shown or not; `shown`: the labels whose figures stand in the row.
    `group`: rows that add up to a whole (bands of amounts) and stay together, or one that is withheld could be worked out.
    """

    predicate: str
    sets: Mapping[str, Counts]
    shown: frozenset[str]
    group: str = ""


@dataclass(frozen=True, slots=True)
class Earlier:
    """Everything one person was shown: the sets, and by predicate those of the latest answer, by label."""

    pile: Pile = field(default_factory=lambda: Pile.of(np.zeros((0, BUCKETS), dtype=np.int32)))
    latest: Mapping[str, Mapping[str, Counts]] = field(default_factory=dict)


def judged(rows: Sequence[Candidate], earlier: Earlier, least: int) -> list[Verdict]:
    """A verdict per row, in order: an earlier row of the same answer goes before a later one. `least`: the threshold."""
    verdicts, accepted = [], _Accepted()
    for row in rows:
        verdict = _judge(row, earlier, accepted, least)
        if verdict is Verdict.NEW:
            accepted.add(row)
        verdicts.append(verdict)
    return _together(rows, verdicts, earlier)


def _together(rows: Sequence[Candidate], verdicts: Sequence[Verdict], earlier: Earlier) -> list[Verdict]:
    """Rows of a group are new all of them, or none."""
    held = {row.group for row, v in zip(rows, verdicts, strict=True) if v in (Verdict.AGAIN, Verdict.WITHHELD)} - {""}
    old = [Verdict.AGAIN if row.predicate in earlier.latest else Verdict.WITHHELD for row in rows]
    return [
        before if row.group in held and verdict is Verdict.NEW else verdict
        for row, verdict, before in zip(rows, verdicts, old, strict=True)
    ]


def _judge(row: Candidate, earlier: Earlier, accepted: _Accepted, least: int) -> Verdict:
    before = earlier.latest.get(row.predicate)
    if before is not None:
        moved = [distance(sketch, row.sets[label]) if label in row.sets else least for label, sketch in before.items()]
        if not any(moved) or any(0 < step < least for step in moved):
            return Verdict.AGAIN
    if not row.shown:
        return Verdict.HIDDEN
    shown = [row.sets[label] for label in sorted(row.shown)]
    clash = _among(shown, least) or any(
        pile.near(sketch, least).any() for pile in (earlier.pile, accepted.pile()) for sketch in shown
    )
    if not clash:
        return Verdict.NEW
    return Verdict.WITHHELD if before is None else Verdict.AGAIN


def _among(sets: Sequence[Counts], least: int) -> bool:
    """Whether two sets of one row are too near."""
    return any(0 < distance(one, other) < least for at, one in enumerate(sets) for other in sets[:at])


class _Accepted:
    """Sets of the rows given so far in this answer, in a matrix that grows by doubling."""

    def __init__(self) -> None:
        self._pile = Pile.of(np.zeros((16, BUCKETS), dtype=np.int32))
        self._count = 0

    def add(self, row: Candidate) -> None:
        """Take the shown sets of a row in."""
        more = Pile.of(np.stack([row.sets[label] for label in sorted(row.shown)]))
        needed = self._count + len(more.samples)
        if needed > len(self._pile.samples):
            room = np.zeros((max(needed, 2 * len(self._pile.samples)), BUCKETS), dtype=np.int32)
            room[: self._count] = self._pile.sketches[: self._count]
            self._pile = Pile.of(room)
        for mine, new in (
            (self._pile.sketches, more.sketches),
            (self._pile.folded, more.folded),
            (self._pile.samples, more.samples),
        ):
            mine[self._count : needed] = new
        self._count = needed

    def pile(self) -> Pile:
        """What was taken in."""
        return Pile(
            self._pile.sketches[: self._count], self._pile.folded[: self._count], self._pile.samples[: self._count]
        )

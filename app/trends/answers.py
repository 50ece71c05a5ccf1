"""Answers to a question: true figures for the operator, protected ones for everybody else.

Shares, counts, medians and agreements are protected by the same rules, on the samples behind them (domain.protect,
differencing.exposed; docs/methods/trends.md).
"""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from sqlmodel import Session

from app.platform.kernel.errors import Invalid
from app.trends import amounts, differencing, domain, repository
from app.trends.differencing import Key, Selection
from app.trends.domain import LONDON, Audience, Count, Dimension, Kind, Measure, Row
from app.trends.repository import Target
from harm_messages import Register


@dataclass(frozen=True)
class Asking:
    """A question that was understood, and who asks it. The audience OPERATOR sees true figures."""

    session: Session
    measure: Measure
    selection: Selection
    found: str
    audience: Audience
    agency_id: uuid.UUID | None
    register: Register
    now: datetime

    @cached_property
    def cells(self) -> list[Count]:
        """Samples per finest cell, as filters and differences are checked on."""
        if self.measure.kind is Kind.MEDIAN:
            return [Count(key, 0, n) for key, n in sorted(Counter(key for key, _, _ in self.amounts).items())]
        if self.measure.kind is Kind.AGREEMENT:
            counted: Counter[Key] = Counter()
            for key, _, n in self.agreement:
                counted[key] += n
            return [Count(key, 0, n) for key, n in sorted(counted.items())]
        return repository.cells(
            self.session, self.measure, self.selection.columns, found=self.found, agency_id=self.agency_id
        )

    @cached_property
    def amounts(self) -> list[tuple[Key, tuple[str, str], float]]:
        """Cell, (unit, basis) and figure of every measured amount."""
        (substance,) = self.measure.about
        return repository.amounts(self.session, substance, self.selection.columns, agency_id=self.agency_id)

    @cached_property
    def agreement(self) -> list[tuple[Key, repository.Pair, int]]:
        """Cell, pair of answers and samples."""
        target, yardstick, compared = self.measure.about
        known = repository.methods_asked(self.session)
        for method in (yardstick, compared):
            if method not in known:  # a name nobody knows must not read as “never agreed”
                raise Invalid(
                    f"No sample was tested by a method “{method}”.",
                    fields={"measure": "unknown method"},
                    hint=f"There are {', '.join(known) or 'none'}.",
                )
        return repository.agreement(
            self.session, self._target(target), (yardstick, compared), self.selection.columns, agency_id=self.agency_id
        )

    def _target(self, name: str) -> Target:
        row = self.register.get(name)
        path = (row.drug_class if row else name).split(".")
        classes = {".".join(path[:length]) for length in range(1, len(path) + 1)}
        below = {s.id for s in self.register.members(name)} | {s.drug_class for s in self.register.members(name)}
        return Target(
            within=frozenset({name} | (below if row is None else set())), covering=frozenset({name, "*"} | classes)
        )

    @cached_property
    def _complete(self) -> tuple[str, str]:
        """The first month may have begun late and the current one is not over: both are marked."""
        span = repository.month_range(self.session, agency_id=self.agency_id)
        if span is None:
            return "", ""
        first = span[0]
        current = self.now.astimezone(LONDON)
        year, month = (current.year, current.month - 1) if current.month > 1 else (current.year - 1, 12)
        after = f"{int(first[:4]) + (first[5:] == '12')}-{int(first[5:]) % 12 + 1:02d}"
        return after, f"{year}-{month:02d}"

    def incomplete(self, key: Key) -> bool:
        """Whether the row stands for a month that is not whole."""
        if Dimension.MONTH not in self.selection.by:
            return False
        first, last = self._complete
        return not first <= key[self.selection.by.index(Dimension.MONTH)] <= last

    def shown(self, cells: Sequence[Count], *, share: bool) -> list[Row]:
        """Rows of counts as this audience may see them."""
        by, counts = self.selection.by, differencing.rows_of(cells, self.selection)
        if self.audience is Audience.OPERATOR:
            return [domain.unprotected(c, by, incomplete=self.incomplete(c.key), share=share) for c in counts]
        exposed = differencing.exposed(cells, self.selection, self.audience.threshold)
        if self.found and self.found not in self.register:
            exposed |= differencing.members_exposed(counts, self._members(), self.audience.threshold)
        rows = [domain.protect(c, by, self.audience, incomplete=self.incomplete(c.key), share=share) for c in counts]
        return [
            domain.withheld(row) if count.key in exposed and row.n is not None else row
            for row, count in zip(rows, counts, strict=True)
        ]

    def _members(self) -> dict[Key, Counter[str]]:
        found: dict[Key, Counter[str]] = {}
        counted = repository.members_found(
            self.session, self.measure, self.selection.columns, self.found, self.agency_id
        )
        for key, member, count in counted:
            if self.selection.fits(key):
                found.setdefault(self.selection.row_of(key), Counter())[member] += count
        return found


def rows_of(asking: Asking) -> tuple[Row, ...]:
    """The rows of the answer."""
    if asking.measure.kind is Kind.MEDIAN:
        return tuple(_medians(asking))
    if asking.measure.kind is Kind.AGREEMENT:
        return tuple(_agreements(asking))
    return tuple(asking.shown(asking.cells, share=asking.measure.kind is Kind.SHARE))


def _medians(asking: Asking) -> Iterator[Row]:
    """A row per unit and basis: amounts of different units have no common median."""
    selection, protected = asking.selection, asking.audience is not Audience.OPERATOR
    kinds = sorted({kind for _, kind, _ in asking.amounts})
    for kind in kinds:
        figures: defaultdict[Key, list[float]] = defaultdict(list)
        counted: Counter[Key] = Counter()
        for key, of_kind, figure in asking.amounts:
            if of_kind == kind:
                counted[key] += 1
                if selection.fits(key):
                    figures[selection.row_of(key)].append(figure)
        cells = [Count(key, 0, n) for key, n in counted.items()]
        more = {"unit": kind[0], "basis": kind[1]}
        for row in asking.shown(cells, share=False):
            key = _key(asking, row)
            if row.n is None:
                yield replace(row, more=more)
            elif protected and row.n < domain.MIN_DENOMINATOR:
                yield replace(row, suppressed=f"no median under {domain.MIN_DENOMINATOR} samples", more=more)
            else:
                middle = amounts.middle(figures[key])
                told = middle.rounded() if protected else middle
                yield replace(row, value=told.value, low=told.low, high=told.high, more=more)


def _agreements(asking: Asking) -> Iterator[Row]:
    """Two rows each: sensitivity among what the yardstick saw, specificity among what it did not see."""
    asked = _counted(asking, asking.cells)
    with_both = _counted(asking, [Count(key, 0, n) for key, pair, n in asking.agreement if None not in pair])
    for figure, answer in (("sensitivity", 1), ("specificity", 0)):
        cells = [
            Count(key, n if pair[1] == answer else 0, n)
            for key, pair, n in asking.agreement
            if pair[0] == answer and pair[1] is not None
        ]
        for row in asking.shown(cells, share=True):
            key = _key(asking, row)
            yield replace(row, n=asked.get(key), more={"figure": figure, "with_both": with_both.get(key)})


def _counted(asking: Asking, cells: Sequence[Count]) -> dict[Key, int | None]:
    return {_key(asking, row): row.n for row in asking.shown(cells, share=False)}


def _key(asking: Asking, row: Row) -> Key:
    return tuple(row.key[d.value] for d in asking.selection.by)

"""Facts of many samples as columns in memory, and counting in them. Pure: numpy, no database.

A million findings are counted in a few hundredths of a second here, and in several seconds by SQL on SQLite. Who loads
the columns and keeps them up to date: repository_snapshot.py.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.care.counted.domain import Detection
from app.figures.trends.domain import Count, Dimension, Target
from app.laboratory.identification.domain import QUICK_TESTS

Codes = NDArray[np.int32]
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]
Table = dict[str, Codes]
Key = tuple[str, ...]
Columns = Sequence[Dimension]
LOOKED = (Detection.DETECTED.value, Detection.NOT_DETECTED.value, Detection.LOOKED.value)
"""What a method said if it looked. Of a target it cannot see it says nothing; an invalid strip says nothing either."""
OPEN_OUTCOMES = ("inconclusive", "insufficient", "pending")
"""Of such a result nobody can say that something was not there, unless a test of its own said so."""
DENSE = 4_000_000
"""Up to so many possible cells are counted in one array; more are sorted first."""
TICKED = 50_000_000
"""Up to so many possible pairs of sample and value are ticked off in one array of bytes; more are sorted."""


class Coder(dict[Any, int]):
    """Gives every new value the next number. Grows only: columns made earlier stay right."""

    def __init__(self, start: int = 0) -> None:
        super().__init__()
        self.start = start

    def __missing__(self, value: Any) -> int:
        self[value] = code = self.start + len(self)
        return code

    def codes(self, values: Collection[Any]) -> Codes:
        """The number of each value."""
        return np.fromiter(map(self.__getitem__, values), dtype=np.int32, count=len(values))

    def known(self, values: Iterable[Any]) -> Codes:
        """Numbers of those values that occur."""
        return np.array([self[v] for v in values if v in self], dtype=np.int32)

    def under(self, name: str) -> list[str]:
        """Classes that are this one or lie under it: "opioid" covers "opioid.nitazene", "opi" nothing."""
        return [str(one) for one in list(self) if one == name or str(one).startswith(f"{name}.")]


@dataclass(frozen=True)
class Facts:
    """Columns of samples, findings, tests and outcomes. `live`: samples that count; the others were taken out or replaced.

    `index`: the row of each live sample by its key, 32 hexadecimal digits. `findings`: sample, found, found_class, abundance,
    unit, basis, methods; `figures` are their amounts, not a number where nothing was measured. `tests`: sample, method,
    target, seen; unit and basis of an amount of 0. `outcomes`: sample, moment, intention. All in numbers of `coders`.
    """

    coders: dict[str, Coder]
    index: dict[str, int]
    samples: Table
    live: Mask
    findings: Table
    figures: NDArray[np.float64]
    tests: Table
    outcomes: Table = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Rows of samples, live or not."""
        return len(self.live)

    @cached_property
    def clients(self) -> Mask:
        """Samples of clients: those of police and partner agencies are never mixed in."""
        return self.live & self.having("submitter_group", ("client",))

    @cached_property
    def conclusive(self) -> Mask:
        """Samples whose result is not open."""
        return ~self.having("outcome", OPEN_OUTCOMES)

    def having(self, column: str, values: Collection[str]) -> Mask:
        """Samples with one of these values."""
        return self._is(self.samples[column], column, values)

    def holding(self, filters: Mapping[Dimension, str]) -> Mask:
        """Samples that fit every filter; of what was found and of methods, those in which it was, or which it looked at."""
        mask = np.ones(self.rows, dtype=bool)
        for dimension, value in filters.items():
            column = dimension.value
            values = self.coders[column].under(value) if column.endswith("_class") else (value,)
            if dimension is Dimension.METHOD:
                looked = self._is(self.tests["seen"], "seen", LOOKED)
                mask &= self._samples(self.tests["sample"][looked & self._is(self.tests["method"], "method", values)])
            elif column in self.samples:
                mask &= self.having(column, values)
            else:
                mask &= self._samples(self.findings["sample"][self._is(self.findings[column], column, values)])
        return mask

    def received(self, first: str, last: str) -> Mask:
        """Samples of the months from the first to the last one; an empty month is no bound."""
        months = [m for m in list(self.coders["month"]) if m >= first and (not last or m <= last)]
        return self.having("month", months)

    def standing(self, dimensions: Columns) -> Mask:
        """Samples that stand in any row of a table split so."""
        sample = self._spread(dimensions)[0]
        return np.ones(self.rows, dtype=bool) if sample is None else self._samples(sample)

    def found_in(self, target: Target) -> tuple[Mask, Mask]:
        """Samples in which anything of the target was found, and those with a finding that was asked for (of that
        abundance, not the substance itself among its analogues)."""
        found = self.findings
        under = self.coders["found_class"].under(target.name)
        within = self._is(found["found"], "found", (target.name,)) | self._is(
            found["found_class"], "found_class", under
        )
        asked = within
        if target.besides:
            asked = asked & ~self._is(found["found"], "found", target.besides)
        if target.amongst.abundances:
            asked = asked & self._is(found["abundance"], "abundance", target.amongst.abundances)
        return self._samples(found["sample"][within]), self._samples(found["sample"][asked])

    def found_of(self, name: str, without: Sequence[str]) -> Mask:
        """Samples with a finding of a class, or of one under it, that is under none of some narrower ones."""

        classes = self.coders["found_class"]
        narrower = {c for one in without for c in classes.under(one)}
        wanted = [c for c in classes.under(name) if c not in narrower]
        return self._samples(self.findings["sample"][self._is(self.findings["found_class"], "found_class", wanted)])

    def tested_for(self, target: Target) -> tuple[Mask, Mask]:
        """Samples with a test of just the target (an amount), and those a method looked at that sees it among others.

        Quick tests look at nothing in that sense.
        """
        tests = self.tests
        about = self._is(tests["target"], "target", target.covering)
        about &= ~self._is(tests["method"], "method", QUICK_TESTS)
        sample, method, seen = tests["sample"][about], tests["method"][about], tests["seen"][about]
        own = self._is(seen, "seen", (Detection.DETECTED.value, Detection.NOT_DETECTED.value))
        methods = max(1, len(self.coders["method"]))
        by_method = np.zeros((2, self.rows, methods), dtype=bool)
        for at, word in enumerate((Detection.LOOKED.value, Detection.EXCLUDED.value)):
            which = self._is(seen, "seen", (word,))
            by_method[at, sample[which], method[which]] = True
        return self._samples(sample[own]), (by_method[0] & ~by_method[1]).any(axis=1)

    def answers(self, target: Target, method: str) -> tuple[Mask, Mask]:
        """Samples of which a method says anything about a target, and those in which it saw it.

        It says nothing where it could not see it, or gave no valid answer.
        """
        tests, found = self.tests, self.findings
        by_it = self._is(tests["method"], "method", (method,))

        def said(targets: Collection[str], word: Detection) -> Mask:
            rows = by_it & self._is(tests["target"], "target", targets) & self._is(tests["seen"], "seen", (word.value,))
            return self._samples(tests["sample"][rows])

        detected = said(target.within, Detection.DETECTED)
        looked = said(target.within, Detection.NOT_DETECTED) | said(target.covering, Detection.LOOKED)
        answered = detected | (looked & ~said(target.covering, Detection.EXCLUDED))
        seen = self._is(found["found"], "found", target.within) | self._is(
            found["found_class"], "found_class", target.within
        )
        seen &= self._is(found["methods"], "methods", [m for m in list(self.coders["methods"]) if f" {method} " in m])
        return answered, answered & (detected | self._samples(found["sample"][seen]))

    def said(self, moment: str) -> dict[str, Mask]:
        """By intention the samples of which someone said so at that moment."""
        rows = np.flatnonzero(self._is(self.outcomes["moment"], "moment", (moment,)))
        sample, intention = self.outcomes["sample"][rows], self.outcomes["intention"][rows]
        of = {name: self._samples(sample[intention == code]) for name, code in list(self.coders["intention"].items())}
        return {name: mask for name, mask in sorted(of.items()) if mask.any()}

    def cells(self, dimensions: Columns, hit: Mask, among: Mask) -> list[Count]:
        """Numerator and denominator per combination of the dimensions."""
        at = np.flatnonzero(among)
        return self.counted(dimensions, at, hit[at])

    def counted(self, dimensions: Columns, at: Rows, hit: Mask) -> list[Count]:
        """Numerator and denominator per combination of the dimensions, from rows that are each of one sample: `at` is its row, `hit`
        whether it counts in the numerator."""
        rows, keys, which = self._grouped(dimensions, at)
        denominators = np.bincount(which, minlength=len(keys))
        numerators = np.bincount(which[hit[rows]], minlength=len(keys))
        return sorted(map(Count, keys, numerators.tolist(), denominators.tolist()), key=lambda cell: cell.key)

    def ordered(
        self, dimensions: Columns, at: Rows, figures: NDArray[np.float64]
    ) -> list[tuple[Key, NDArray[np.float64]]]:
        """Figures that are each of a sample, in rising order per combination of the dimensions."""
        rows, keys, which = self._grouped(dimensions, at)
        order = np.lexsort((figures[rows], which))
        ends = np.cumsum(np.bincount(which, minlength=len(keys)))[:-1]
        parts = np.split(figures[rows][order], ends) if keys else []
        return sorted(zip(keys, parts, strict=True), key=lambda one: one[0])

    def held(self, dimension: Dimension, among: Mask) -> dict[str, int]:
        """In how many of these samples each value occurs: once in a sample, however many findings say so."""
        return {c.key[0]: c.denominator for c in self.cells((dimension,), among, among)}

    def methods(self) -> list[str]:
        """Methods that looked for anything in any sample."""
        looked = np.bincount(self.tests["method"], minlength=1)
        return sorted(str(name) for name, n in zip(list(self.coders["method"]), looked.tolist(), strict=False) if n)

    def _grouped(self, dimensions: Columns, at: Rows) -> tuple[Rows, list[Key], Rows]:
        """Rows of samples by the combinations that occur: which row of `at`, the combinations, and the one each is of.

        A sample stands in several rows of what was found or of methods, and in none where there is nothing of it.
        """
        left, spread = np.arange(len(at)), dict[Dimension, Codes]()
        sample, values = self._spread(dimensions)
        if sample is not None:
            left, right = _joined(at, sample, self.rows)
            spread = {d: column[right] for d, column in values.items()}
        of = at[left]
        columns = [(spread[d] if d in spread else self.samples[d.value][of], self.coders[d.value]) for d in dimensions]
        keys, which = _combined(columns, len(of))
        return left, keys, which

    def _spread(self, dimensions: Columns) -> tuple[Codes | None, dict[Dimension, Codes]]:
        """The sample of each row, in order, and the columns only these rows have; nothing where rows are samples."""
        spread: dict[Dimension, Codes] = {}
        sample: Codes | None = None
        if Dimension.FOUND in dimensions:
            order = self._by_sample
            sample = self.findings["sample"][order]
            spread = {d: self.findings[d.value][order] for d in (Dimension.FOUND, Dimension.FOUND_CLASS)}
        elif Dimension.FOUND_CLASS in dimensions:
            sample, spread = self._classes[0], {Dimension.FOUND_CLASS: self._classes[1]}
        if Dimension.METHOD not in dimensions:
            return sample, spread
        tested, method = self._methods
        if sample is None:
            return tested, {Dimension.METHOD: method}
        left, right = _joined(sample, tested, self.rows)
        return sample[left], {d: column[left] for d, column in spread.items()} | {Dimension.METHOD: method[right]}

    def amounts(self, substance: str, among: Mask) -> dict[tuple[str, str], tuple[Rows, NDArray[np.float64]]]:
        """By unit and basis sample and figure of every amount of a substance. A 0 stands with the tests."""
        found, tests = self.findings, self.tests
        some = self._is(found["found"], "found", (substance,)) & ~np.isnan(self.figures) & among[found["sample"]]
        none = self._is(tests["target"], "target", (substance,)) & ~self._is(tests["unit"], "unit", ("",))
        none &= among[tests["sample"]]
        columns = [
            (np.concatenate([found[name][some], tests[name][none]]), self.coders[name]) for name in ("unit", "basis")
        ]
        at = np.concatenate([found["sample"][some], tests["sample"][none]]).astype(np.int64)
        figures = np.concatenate([self.figures[some], np.zeros(int(none.sum()))])
        kinds, which = _combined(columns, len(at))
        return {
            (unit, basis): (at[which == k], figures[which == k])
            for k, (unit, basis) in sorted(enumerate(kinds), key=lambda one: one[1])
        }

    def amounts_of(self, amount: tuple[str, str, str], among: Mask) -> tuple[Rows, NDArray[np.float64]]:
        """Sample and figure of every amount of a substance in one unit and basis; a 0 stands with the tests."""
        nothing = np.empty(0, np.int64), np.empty(0)
        return self.amounts(amount[0], among).get(amount[1:], nothing)

    def amounts_measured(self, among: Mask) -> dict[tuple[str, str, str], Mask]:
        """Samples in which each substance was measured, by unit and basis."""
        which = np.flatnonzero(~np.isnan(self.figures) & among[self.findings["sample"]])
        columns = [(self.findings[name][which], self.coders[name]) for name in ("found", "unit", "basis")]
        kinds = sorted((f, u, b) for f, u, b in _combined(columns, len(which))[0])
        return {kind: self._samples(self.amounts_of(kind, among)[0].astype(np.int32)) for kind in kinds}

    def waits(self, among: Mask) -> tuple[Rows, NDArray[np.float64]]:
        """Sample and minutes of every wait from received to first released that is known."""
        minutes = list(self.coders["turnaround_min"])
        known = np.array([np.nan if m is None else float(m) for m in minutes] or [np.nan])
        waits = known[self.samples["turnaround_min"]]
        rows = np.flatnonzero(among & ~np.isnan(waits))
        return rows, waits[rows]

    @cached_property
    def _by_sample(self) -> Rows:
        return np.argsort(self.findings["sample"], kind="stable")

    @cached_property
    def _classes(self) -> tuple[Codes, Codes]:
        found = self.findings
        return _distinct(found["sample"], found["found_class"], len(self.coders["found_class"]), self.rows)

    @cached_property
    def _methods(self) -> tuple[Codes, Codes]:
        looked = self._is(self.tests["seen"], "seen", LOOKED)
        sample, method = self.tests["sample"][looked], self.tests["method"][looked]
        return _distinct(sample, method, len(self.coders["method"]), self.rows)

    def _is(self, column: Codes, coder: str, values: Collection[Any]) -> Mask:
        wanted = np.zeros(len(self.coders[coder]), dtype=bool)
        wanted[self.coders[coder].known(values)] = True
        return wanted[column]

    def _samples(self, rows: Codes) -> Mask:
        mask = np.zeros(self.rows, dtype=bool)
        mask[rows] = True
        return mask


def _distinct(sample: Codes, of: Codes, values: int, samples: int) -> tuple[Codes, Codes]:
    """Each pair once, in order: ticked off on a list of all where that is small, which is ten times as quick as sorting."""
    pairs = sample.astype(np.int64) * max(1, values) + of
    if samples * values <= TICKED:
        there = np.zeros(samples * max(1, values), dtype=bool)
        there[pairs] = True
        pairs = np.flatnonzero(there)
    else:
        pairs = np.unique(pairs)
    return (pairs // max(1, values)).astype(np.int32), (pairs % max(1, values)).astype(np.int32)


def _joined(left: Codes | Rows, right: Codes, samples: int) -> tuple[Rows, Rows]:
    """Rows of both sides that are of one sample, paired. `right` is sorted."""
    first = np.searchsorted(right, np.arange(samples + 1))
    times = (first[1:] - first[:-1])[left]
    rows = np.repeat(np.arange(len(left)), times)
    nth = np.arange(len(rows)) - np.repeat(np.cumsum(times) - times, times)
    return rows, first[left[rows]] + nth


def _combined(columns: Sequence[tuple[Codes, Coder]], rows: int) -> tuple[list[Key], Rows]:
    """The combinations of values that occur in the rows of these columns, and which of them each row is."""
    if rows == 0:
        return [], np.zeros(0, dtype=np.int64)
    if not columns:
        return [()], np.zeros(rows, dtype=np.int64)
    names = [
        [str(name) for name in list(coder)] for _, coder in columns
    ]  # as they are now: coders may grow in the meantime
    shape = [len(of) for of in names]
    key = np.ravel_multi_index([column for column, _ in columns], shape)
    if prod(shape) <= DENSE:
        there = np.flatnonzero(np.bincount(key, minlength=prod(shape)))
        place = np.zeros(prod(shape), dtype=np.int64)
        place[there] = np.arange(len(there))
        which = place[key]
    else:
        there, which = np.unique(key, return_inverse=True)
    parts = zip(names, np.unravel_index(there, shape), strict=True)
    return list(zip(*(np.array(of, dtype=object)[at].tolist() for of, at in parts), strict=True)), which

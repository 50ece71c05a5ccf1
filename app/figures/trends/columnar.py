"""Facts of many samples as columns in memory, and counting in them. Pure: numpy, no database.

A million findings are counted in a few hundredths of a second here, and in several seconds by SQL on SQLite. Who loads
the columns and keeps them up to date: repository_snapshot.py. Both ways of counting must agree (tests/app/trends/
test_columnar.py).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.care.counted.domain import Seen
from app.figures.trends.domain import Count, Dimension
from app.figures.trends.targets import Target
from app.laboratory.identification.domain import QUICK_TESTS

Codes = NDArray[np.int32]
Mask = NDArray[np.bool_]
Columns = Sequence[Dimension]
LOOKED = (Seen.DETECTED.value, Seen.NOT_DETECTED.value, Seen.LOOKED.value)
DENSE = 4_000_000
"""Up to so many possible cells are counted in one array; more are sorted first."""
TICKED = 50_000_000
"""Up to so many possible pairs of sample and value are ticked off in one array of bytes; more are sorted."""


class Coder(dict[Any, int]):
    """Gives every new value the next number. Grows only: columns made earlier stay right."""

    def __missing__(self, value: Any) -> int:
        self[value] = code = len(self)
        return code

    def codes(self, values: Collection[Any]) -> Codes:
        """The number of each value."""
        return np.fromiter(map(self.__getitem__, values), dtype=np.int32, count=len(values))

    def known(self, values: Iterable[Any]) -> Codes:
        """Numbers of those values that occur."""
        return np.array([self[v] for v in values if v in self], dtype=np.int32)


@dataclass(frozen=True)
class Facts:
    """Columns of samples, findings and tests. `live`: samples that are counted; the others were taken out or replaced.

    `index`: the row of each live sample by its key, 32 hexadecimal digits. `findings`: sample, found, found_class, abundance, unit, basis; `figures`
    are their amounts, not a number where nothing was measured. `tests`: sample, method, target, seen; unit and basis of an amount of 0. All in numbers of `coders`.
    """

    coders: dict[str, Coder]
    index: dict[str, int]
    samples: dict[str, Codes]
    live: Mask
    findings: dict[str, Codes]
    figures: NDArray[np.float64]
    tests: dict[str, Codes]

    @property
    def rows(self) -> int:
        """Rows of samples, live or not."""
        return len(self.live)

    def clients(self, agency_id: str | None) -> Mask:
        """Samples of clients; of one agency, or of all."""
        mask = self.live & self._is(self.samples["submitter_group"], "submitter_group", ("client",))
        return mask if agency_id is None else mask & self._is(self.samples["agency_id"], "agency_id", (agency_id,))

    def having(self, column: str, values: Collection[str]) -> Mask:
        """Samples with one of these values."""
        return self._is(self.samples[column], column, values)

    def found_in(self, target: Target) -> tuple[Mask, Mask]:
        """Samples in which anything of the target was found, and those with a finding that was asked for."""
        coder = self.coders["found_class"]
        under = [c for c in list(coder) if c == target.name or str(c).startswith(target.name + ".")]
        found = self.findings
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

        def under(one: str, of: str) -> bool:
            return one == of or one.startswith(f"{of}.")

        classes = [str(c) for c in list(self.coders["found_class"])]
        wanted = [c for c in classes if under(c, name) and not any(under(c, of) for of in without)]
        return self._samples(self.findings["sample"][self._is(self.findings["found_class"], "found_class", wanted)])

    def tested_for(self, target: Target) -> tuple[Mask, Mask]:
        """Samples with a test of just the target, and those a method looked at that sees it among others."""
        tests = self.tests
        about = self._is(tests["target"], "target", target.covering)
        about &= ~self._is(tests["method"], "method", QUICK_TESTS)
        sample, method, seen = tests["sample"][about], tests["method"][about], tests["seen"][about]
        own = self._is(seen, "seen", (Seen.DETECTED.value, Seen.NOT_DETECTED.value))
        methods = max(1, len(self.coders["method"]))
        by_method = np.zeros((2, self.rows, methods), dtype=bool)
        for at, word in enumerate((Seen.LOOKED.value, Seen.EXCLUDED.value)):
            which = self._is(seen, "seen", (word,))
            by_method[at, sample[which], method[which]] = True
        return self._samples(sample[own]), (by_method[0] & ~by_method[1]).any(axis=1)

    def cells(self, dimensions: Columns, hit: Mask, among: Mask) -> list[Count]:
        """Numerator and denominator per combination of the dimensions."""
        sample, spread = self._spread(dimensions)
        keep = among if sample is None else among[sample]
        rows = np.flatnonzero(keep)
        at = rows if sample is None else sample[rows]
        columns = [
            (spread[d][rows] if d in spread else self.samples[d.value][at], self.coders[d.value]) for d in dimensions
        ]
        return _counted(columns, hit[at], len(rows))

    def held(self, dimension: Dimension, among: Mask) -> dict[str, int]:
        """In how many of these samples each value occurs: once in a sample, however many findings say so."""
        return {c.key[0]: c.denominator for c in self.cells((dimension,), among, among)}

    def methods(self) -> list[str]:
        """Methods that looked for anything in any sample."""
        looked = np.bincount(self.tests["method"], minlength=1)
        return sorted(str(name) for name, n in zip(list(self.coders["method"]), looked.tolist(), strict=False) if n)

    def _spread(self, dimensions: Columns) -> tuple[Codes | None, dict[Dimension, Codes]]:
        """The sample of each row, and the columns only these rows have; nothing where rows are samples."""
        spread: dict[Dimension, Codes] = {}
        sample: Codes | None = None
        if Dimension.FOUND in dimensions:
            sample, spread = self.findings["sample"], {Dimension.FOUND: self.findings["found"]}
            spread[Dimension.FOUND_CLASS] = self.findings["found_class"]
        elif Dimension.FOUND_CLASS in dimensions:
            sample, spread = self._classes[0], {Dimension.FOUND_CLASS: self._classes[1]}
        if Dimension.METHOD not in dimensions:
            return sample, spread
        tested, method = self._methods
        if sample is None:
            return tested, {Dimension.METHOD: method}
        left, right = _joined(sample, tested, self.rows)
        return sample[left], {d: column[left] for d, column in spread.items()} | {Dimension.METHOD: method[right]}

    def amounts(
        self, substance: str, dimensions: Columns, among: Mask
    ) -> list[tuple[tuple[str, ...], tuple[str, str], float]]:
        """Cell, (unit, basis) and figure of every amount of a substance. No spreading dimension."""
        found, tests = self.findings, self.tests
        some = self._is(found["found"], "found", (substance,)) & ~np.isnan(self.figures) & among[found["sample"]]
        none = self._is(tests["target"], "target", (substance,)) & ~self._is(tests["unit"], "unit", ("",))
        none &= among[tests["sample"]]
        at = np.concatenate([found["sample"][some], tests["sample"][none]])
        keys = self._words([(self.samples[d.value][at], d.value) for d in dimensions], len(at))
        of = [(np.concatenate([found[name][some], tests[name][none]]), name) for name in ("unit", "basis")]
        figures = np.concatenate([self.figures[some], np.zeros(int(none.sum()))])
        return list(zip(keys, self._words(of, len(at)), figures.tolist(), strict=True))  # type: ignore[arg-type]

    def amounts_of(self, amount: tuple[str, str, str], among: Mask) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Sample and figure of every amount of a substance in one unit and basis; a 0 stands with the tests."""
        substance, unit, basis = amount
        parts = [(self.findings, "found", self.figures), (self.tests, "target", np.zeros(len(self.tests["sample"])))]
        rows, figures = [], []
        for table, name, values in parts:
            which = self._is(table[name], name, (substance,)) & self._is(table["unit"], "unit", (unit,))
            which &= self._is(table["basis"], "basis", (basis,)) & ~np.isnan(values) & among[table["sample"]]
            rows.append(table["sample"][which].astype(np.int64))
            figures.append(values[which])
        return np.concatenate(rows), np.concatenate(figures)

    def amounts_measured(self, among: Mask) -> dict[tuple[str, str, str], Mask]:
        """Samples in which each substance was measured, by unit and basis."""
        which = np.flatnonzero(~np.isnan(self.figures) & among[self.findings["sample"]])
        columns = [(self.findings[name][which], name) for name in ("found", "unit", "basis")]
        kinds = sorted({(str(f), str(u), str(b)) for f, u, b in self._words(columns, len(which))})
        return {kind: self._samples(self.amounts_of(kind, among)[0].astype(np.int32)) for kind in kinds}

    def turnarounds(self, dimensions: Columns, among: Mask) -> list[tuple[tuple[str, ...], int, int]]:
        """Cell, minutes and how many samples took just so long. No spreading dimension."""
        known = among & ~self._is(self.samples["turnaround_min"], "turnaround_min", (None,))
        at = np.flatnonzero(known)
        columns = [(self.samples[d.value][at], self.coders[d.value]) for d in dimensions]
        minutes = (self.samples["turnaround_min"][at], self.coders["turnaround_min"])
        counts = _counted([*columns, minutes], np.zeros(len(at), dtype=bool), len(at))
        return [(count.key[:-1], int(count.key[-1]), count.denominator) for count in counts]

    def waited(self, dimensions: Columns, among: Mask) -> list[Count]:
        """Samples per cell of which the minutes are known. No spreading dimension."""
        at = np.flatnonzero(among & ~self._is(self.samples["turnaround_min"], "turnaround_min", (None,)))
        columns = [(self.samples[d.value][at], self.coders[d.value]) for d in dimensions]
        return _counted(columns, np.zeros(len(at), dtype=bool), len(at))

    def _words(self, columns: Sequence[tuple[Codes, str]], rows: int) -> list[tuple[str, ...]]:
        said = [
            np.array([str(name) for name in list(self.coders[coder])], dtype=object)[column].tolist()
            for column, coder in columns
        ]
        return list(zip(*said, strict=True)) if said else [()] * rows

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


def _joined(left: Codes, right: Codes, samples: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of both sides that are of one sample, paired. `right` is sorted."""
    first = np.searchsorted(right, np.arange(samples + 1))
    times = (first[1:] - first[:-1])[left]
    rows = np.repeat(np.arange(len(left)), times)
    nth = np.arange(len(rows)) - np.repeat(np.cumsum(times) - times, times)
    return rows, first[left[rows]] + nth


def _counted(columns: Sequence[tuple[Codes, Coder]], hit: Mask, rows: int) -> list[Count]:
    if rows == 0:
        return []
    names = [[str(name) for name in list(coder)] for _, coder in columns]  # as they are now: coders may grow meanwhile
    key, size = np.zeros(rows, dtype=np.int64), 1
    for (column, _), of in zip(columns, names, strict=True):
        key, size = key * len(of) + column, size * len(of)
    kinds = np.arange(size, dtype=np.int64) if size <= DENSE else np.empty(0, dtype=np.int64)
    if size > DENSE:
        kinds, key = np.unique(key, return_inverse=True)
    denominators = np.bincount(key, minlength=len(kinds))
    numerators = np.bincount(key[hit], minlength=len(kinds))
    there = np.flatnonzero(denominators)
    parts: list[list[str]] = []
    left = kinds[there]
    for of in reversed(names):
        parts.append(np.array(of, dtype=object)[left % len(of)].tolist())
        left = left // len(of)
    keys = zip(*reversed(parts), strict=True) if parts else [()] * len(there)
    counts = zip(keys, numerators[there].tolist(), denominators[there].tolist(), strict=True)
    return [Count(k, numerator, denominator) for k, numerator, denominator in counts]

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

from app.trends.domain import BUCKETS, QUICK_TESTS, Count, Dimension, Hidden, Seen
from app.trends.targets import Target

Codes = NDArray[np.int32]
Mask = NDArray[np.bool_]
Buckets = NDArray[np.int32]
Columns = Sequence[Dimension | Hidden]
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

    def bucketed(self, dimensions: Columns, hit: Mask, among: Mask) -> list[tuple[tuple[str, ...], Buckets, Buckets]]:
        """The same, each figure as a vector of counts in the buckets of samples (asked/sketch.py)."""
        sample, spread = self._spread(dimensions)
        rows = np.flatnonzero(among if sample is None else among[sample])
        at = rows if sample is None else sample[rows]
        columns = [spread[d][rows] if d in spread else self.samples[d.value][at] for d in dimensions]
        names = [list(self.coders[d.value]) for d in dimensions]
        numbers = np.array(list(self.coders["bucket"]), dtype=np.int64)
        key = np.zeros(len(rows), dtype=np.int64)
        for column, of in zip(columns, names, strict=True):
            key = key * len(of) + column
        kinds, first, cell = np.unique(key, return_index=True, return_inverse=True)
        place, hits, shape = cell * BUCKETS + numbers[self.samples["bucket"][at]], hit[at], (len(kinds), BUCKETS)
        both = (
            np.bincount(which, minlength=len(kinds) * BUCKETS).astype(np.int32).reshape(shape)
            for which in (place[hits], place)
        )
        keys = [
            tuple(str(of[column[row]]) for column, of in zip(columns, names, strict=True)) for row in first.tolist()
        ]
        return list(zip(keys, *both, strict=True))

    def held(self, dimension: Dimension, among: Mask) -> dict[str, int]:
        """In how many of these samples each value occurs: once in a sample, however many findings say so."""
        return {c.key[0]: c.denominator for c in self.cells((dimension,), among, among)}

    def methods(self) -> list[str]:
        """Methods that looked for anything in any sample."""
        looked = np.bincount(self.tests["method"], minlength=1)
        return sorted(str(name) for name, n in zip(list(self.coders["method"]), looked.tolist(), strict=False) if n)

    def members(self, name: str, dimensions: Columns, among: Mask) -> list[tuple[tuple[str, ...], str, int]]:
        """Per cell the samples in which each member of a class was found: substances, and classes under it."""
        classes, substances = list(self.coders["found_class"]), list(self.coders["found"])
        under = [c for c in classes if c == name or str(c).startswith(name + ".")]
        within = self._is(self.findings["found_class"], "found_class", under)
        found = []
        for code in np.unique(self.findings["found"][within]).tolist():
            found.append((str(substances[code]), within & (self.findings["found"] == code)))
        beginnings = {".".join(str(c).split(".")[:n]) for c in under for n in range(1, str(c).count(".") + 2)}
        for part in sorted(b for b in beginnings if b.startswith(name + ".")):
            of_part = [c for c in under if c == part or str(c).startswith(part + ".")]
            found.append((f"class {part}", self._is(self.findings["found_class"], "found_class", of_part)))
        out = []
        for label, which in found:
            mask = among & self._samples(self.findings["sample"][which])
            out += [(c.key, label, c.denominator) for c in self.cells(dimensions, mask, mask)]
        return out

    def _spread(self, dimensions: Columns) -> tuple[Codes | None, dict[Dimension | Hidden, Codes]]:
        """The sample of each row, and the columns only these rows have; nothing where rows are samples."""
        spread: dict[Dimension | Hidden, Codes] = {}
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

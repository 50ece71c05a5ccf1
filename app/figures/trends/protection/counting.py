"""Counts the samples of a period into the cells of its tables and draws their noise. Reads columns in memory, no database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from app.figures.trends.columnar import Facts, Mask
from app.figures.trends.domain import Dimension
from app.figures.trends.protection import intervals
from app.figures.trends.protection.lattice import (
    ALL,
    ANOTHER,
    DRAWN,
    LEAST_MEAN,
    NOT_KNOWN,
    OTHERS,
    REGION,
    SAMPLES,
    VERDICTS,
    Geography,
    Lists,
    Median,
    Struck,
    kind_of,
    months_of,
)
from app.figures.trends.protection.noise import Draws, Keys, Stream, Strength, Whole, summed, variance_of
from app.figures.trends.ranks import shown as two_figures
from app.figures.trends.targets import target_of
from harm_messages import Register

WAITS = ("turnaround", "min", "")
Codes = NDArray[np.int64]
T = TypeVar("T")


@dataclass(frozen=True)
class Drawn:
    """One set that was drawn, for counting how often a fact stands in figures."""

    period: str
    geography: Geography
    stream: Stream
    feature: str
    sums: Keys
    cells: Codes
    rows: Codes


class Collection:
    """The samples that count, with their record keys. `facts`: all columns, of which clients' samples with a month count."""

    def __init__(self, facts: Facts, register: Register, draws: Draws) -> None:
        self.facts, self.register, self.draws = facts, register, draws
        dated = facts.samples["month"] != facts.coders["month"].get("", -1)
        self.among: Mask = facts.clients & dated
        self._kept: dict[object, Any] = {}
        self.log: list[Drawn] | None = None

    @cached_property
    def keys(self) -> Keys:
        """The record key of every row, live or not."""
        keys = np.zeros(self.facts.rows, np.uint64)
        at = np.fromiter(self.facts.index.values(), np.int64, len(self.facts.index))
        keys[at] = self.draws.record_keys(bytes.fromhex(name) for name in self.facts.index)
        return keys

    def within(self, months: Sequence[str]) -> Mask:
        """Samples of these months."""
        return self.among & self.facts.having("month", months)

    def found(self, name: str) -> Mask:
        """Samples in which a class or a substance was found."""
        return self._once(("found", name), lambda: self.facts.found_in(target_of(name, self.register))[1])

    def _apart(self, name: str, lists: Lists) -> Mask:
        """What is counted for a class, without what a narrower listed class holds where only the rest is meant."""
        if not name.startswith(ANOTHER):
            return self.found(name)
        wide = name.removeprefix(ANOTHER)
        narrower = [one for one in lists.classes if one.startswith(f"{wide}.")]
        return self._once(("apart", name, lists), lambda: self.facts.found_of(wide, narrower))

    def _once(self, key: object, made: Callable[[], T]) -> T:
        """What is the same for every period is worked out once."""
        if key not in self._kept:
            self._kept[key] = made()
        return cast("T", self._kept[key])

    def not_looked_for(self, classes: Sequence[str]) -> NDArray[np.bool_]:
        """Sample × class: whether no conclusive method that sees the class looked."""
        return self._once(("lacking", tuple(classes)), lambda: self._lacking(classes))

    def _lacking(self, classes: Sequence[str]) -> NDArray[np.bool_]:
        tested = [self.facts.tested_for(target_of(name, self.register)) for name in classes]
        lacking = [~(own | (looked & self.facts.conclusive)) for own, looked in tested]
        return np.array(lacking, bool).T.reshape(self.facts.rows, len(classes))

    def codes(self, dimension: Dimension, labels: Sequence[str]) -> Codes:
        """The place of each sample's label in a list; the last place is that of all others."""
        return self._once((dimension, tuple(labels)), lambda: self._coded(dimension, labels))

    def _coded(self, dimension: Dimension, labels: Sequence[str]) -> Codes:
        at = {label: i for i, label in enumerate(labels)}
        others = at.get(OTHERS, len(labels) - 1)
        words = list(self.facts.coders[dimension.value])
        place = np.array([at.get(str(w) or NOT_KNOWN, others) for w in words] or [0], np.int64)
        return place[self.facts.samples[dimension.value]]

    def noisy(self, which: Mask, name: str, stream: Stream = Stream.FINDINGS) -> int:
        """How many, moved: for deciding when data begin and which labels a year has."""
        sums = np.array([self.keys[which].sum(dtype=np.uint64)], np.uint64)
        count = np.array([int(which.sum())], np.int64)
        return int(count[0] + self.draws.of_sets(sums, count, stream, Strength.RESEARCHER, name)[0])

    def strike(self, label: str, lists: Lists, at: str, *, partial: bool, volume: float) -> dict[Strength, Struck]:
        """Both strengths of one period. `volume`: samples it is expected to hold, by which too fine tables are left out."""
        inside = np.flatnonzero(self.within(months_of(label)))
        masks = dict(self._masks(lists, kind_of(label), inside))
        tables: dict[Strength, dict[Geography, Whole]] = {s: {} for s in Strength}
        for geography in DRAWN[kind_of(label)]:
            rows, columns = lists.shape(geography)
            if geography != ALL and volume / (rows * columns) < LEAST_MEAN:
                continue
            cell = self._cells(lists, geography, inside)
            whole = self._table(f"{label} {geography}", masks, cell, inside, rows * columns, (label, geography))
            for strength, figures in whole.items():
                tables[strength][geography] = figures.reshape(len(masks), rows, columns)
        medians, pairs = self._medians(label, lists, inside), self._pairs(label, lists, inside)
        return {s: Struck(label, lists, at, tables[s], medians[s], pairs[s], partial) for s in Strength}

    def _pairs(self, label: str, lists: Lists, inside: Codes) -> dict[Strength, Whole]:
        """In how many samples of a year both classes of each pair were found."""
        pairs = lists.pairs if kind_of(label) == "year" else ()
        masks = {f"with {a} {b}": (self._apart(a, lists) & self._apart(b, lists))[inside] for a, b in pairs}
        one_cell = np.zeros(len(inside), np.int64)
        drawn = self._table(f"{label} pairs", masks, one_cell, inside, 1, (label, ALL))
        return {strength: figures.ravel() for strength, figures in drawn.items()}

    def _cells(self, lists: Lists, geography: Geography, inside: Codes) -> Codes:
        cell = np.zeros(len(inside), np.int64)
        if geography[0]:
            cell = self.codes(Dimension.REGION, lists.regions)[inside]
        if geography[1]:
            cell = cell * len(lists.expected) + self.codes(Dimension.EXPECTED, lists.expected)[inside]
        return cell

    def _masks(self, lists: Lists, kind: str, inside: Codes) -> Iterator[tuple[str, Mask]]:
        """What is counted, each as a mask on the samples inside."""
        yield SAMPLES, np.ones(len(inside), bool)
        for name, verdicts in VERDICTS.items():
            yield name, self._once(name, lambda v=verdicts: self.facts.having("verdict", v))[inside]  # type: ignore[misc]
        profile = self._once(("profile", lists), lambda: nearest(self.not_looked_for(lists.classes), lists))[inside]
        for k in range(len(lists.profiles)):
            yield f"profile {k}", profile == k
        for name in lists.features(kind)[1 + len(VERDICTS) + len(lists.profiles) :]:
            yield name, self.found(name.removeprefix("found "))[inside]

    def _table(
        self, name: str, masks: Mapping[str, Mask], cell: Codes, inside: Codes, size: int, where: tuple[str, Geography]
    ) -> dict[Strength, Whole]:
        keys, sums, counts = self.keys[inside], [], []
        for feature, mask in masks.items():
            total, count = summed(cell[mask], keys[mask], size)
            sums.append(total)
            counts.append(count)
            if self.log is not None:
                stream = Stream.SAMPLES if feature == SAMPLES else Stream.FINDINGS
                self.log.append(Drawn(*where, stream, feature, total, cell[mask], inside[mask]))
        both, known = np.array(sums, np.uint64).reshape(-1, size), np.array(counts, np.int64).reshape(-1, size)
        ahead = list(masks).index(SAMPLES) + 1 if SAMPLES in masks else 0
        figures: dict[Strength, Whole] = {}
        moved = np.zeros_like(known)
        for strength in Strength:
            moved = moved.copy()
            for part, stream in ((slice(0, ahead), Stream.SAMPLES), (slice(ahead, None), Stream.FINDINGS)):
                moved[part] += self.draws.of_sets(both[part], known[part], stream, strength, name)
            figures[strength] = known + moved
        return figures

    def _medians(
        self, label: str, lists: Lists, inside: Codes
    ) -> dict[Strength, dict[tuple[Geography, str, int], Median]]:
        made: dict[Strength, dict[tuple[Geography, str, int], Median]] = {s: {} for s in Strength}
        if kind_of(label) == "year":
            return made
        here = np.zeros(self.facts.rows, bool)
        here[inside] = True
        region = self.codes(Dimension.REGION, lists.regions)
        for amount in lists.amounts:
            told = self.facts.waits if amount == WAITS else partial(self.facts.amounts_of, amount)
            rows, figures = self._once(("figures", amount), partial(told, self.among))
            rows, figures = rows[here[rows]], figures[here[rows]]
            name, one_cell = "/".join(amount), np.zeros(len(rows), np.int64)
            for geography in (ALL, REGION):
                for place in range(lists.shape(geography)[0]):
                    mine = region[rows] == place if geography == REGION else np.ones(len(rows), bool)
                    where, of = f"{label} {geography} {name} {place}", {f"{name} {place}": mine}
                    for strength, n in self._table(where, of, one_cell, rows, 1, (label, geography)).items():
                        made[strength][geography, name, place] = _median(np.sort(figures[mine]), int(n[0, 0]), strength)
        return made


def nearest(lacking: NDArray[np.bool_], lists: Lists) -> Codes:
    """The profile of each sample: the listed one that is most like what it was not tested for; −1: tested for everything."""
    known = np.array([[c in profile for c in lists.classes] for profile in lists.profiles], bool)
    known = np.vstack([np.zeros((1, len(lists.classes)), bool), known.reshape(-1, len(lists.classes))])
    kinds, which = np.unique(lacking, axis=0, return_inverse=True)
    apart = (kinds[:, None, :] != known[None, :, :]).sum(axis=2)
    return np.asarray(apart.argmin(axis=1)[which.ravel()], np.int64) - 1


def _median(ordered: NDArray[np.float64], n: int, strength: Strength) -> Median:
    if n < intervals.LEAST or not len(ordered):
        return Median(n, None, None, None)
    moved = n - len(ordered)
    at, low, high = intervals.ranks(len(ordered), moved, variance_of(Stream.FINDINGS, strength))
    ends = (None if k is None else two_figures(float(ordered[k])) for k in (low, high))
    return Median(n, two_figures(float(ordered[at])), *ends)

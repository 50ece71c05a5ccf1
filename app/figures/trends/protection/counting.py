"""Counts samples into the cells of the published tables and draws their noise, for readers of trends. Columns in memory, no SQL.

Which labels a year's tables have is decided once, before the year is struck, and never by a single sample: by perturbed
numbers of the years before, or, in a service's first year, by a standing list.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from math import floor, log10
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from app.figures.trends.columnar import Facts, Mask
from app.figures.trends.domain import Dimension, target_of
from app.figures.trends.protection import lattice, noise
from app.figures.trends.protection.lattice import ALL, REGION, SAMPLES, Geography, Lists, Median, Struck, kind_of
from app.figures.trends.protection.noise import Draws, Keys, Stream, Strength, Whole, summed, variance_of
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
        if not name.startswith(lattice.ANOTHER):
            return self.found(name)
        wide = name.removeprefix(lattice.ANOTHER)
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
        others = at.get(lattice.OTHERS, len(labels) - 1)
        words = list(self.facts.coders[dimension.value])
        place = np.array([at.get(str(w) or lattice.NOT_KNOWN, others) for w in words] or [0], np.int64)
        return place[self.facts.samples[dimension.value]]

    def noisy(self, which: Mask, name: str, stream: Stream = Stream.FINDINGS) -> int:
        """How many, moved: for deciding when data begin and which labels a year has."""
        sums = np.array([self.keys[which].sum(dtype=np.uint64)], np.uint64)
        count = np.array([int(which.sum())], np.int64)
        return int(count[0] + self.draws.of_sets(sums, count, stream, Strength.RESEARCHER, name)[0])

    def strike(self, label: str, lists: Lists, at: str, *, partial: bool, volume: float) -> dict[Strength, Struck]:
        """Both strengths of one period. `volume`: samples it is expected to hold, by which too fine tables are left out."""
        inside = np.flatnonzero(self.within(lattice.months_of(label)))
        masks = dict(self._masks(lists, kind_of(label), inside))
        tables: dict[Strength, dict[Geography, Whole]] = {s: {} for s in Strength}
        for geography in lattice.DRAWN[kind_of(label)]:
            rows, columns = lists.shape(geography)
            if geography != ALL and volume / (rows * columns) < lattice.LEAST_MEAN:
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
        for name, verdicts in lattice.VERDICTS.items():
            yield name, self._once(name, lambda v=verdicts: self.facts.having("verdict", v))[inside]  # type: ignore[misc]
        profile = self._once(("profile", lists), lambda: nearest(self.not_looked_for(lists.classes), lists))[inside]
        for k in range(len(lists.profiles)):
            yield f"profile {k}", profile == k
        for name in lists.features(kind)[1 + len(lattice.VERDICTS) + len(lists.profiles) :]:
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


def two_figures(value: float) -> float:
    """A quantile with two significant figures: more would tell single samples apart."""
    return round(value, 1 - floor(log10(abs(value)))) if value else 0.0


def _median(ordered: NDArray[np.float64], n: int, strength: Strength) -> Median:
    if n < noise.LEAST or not len(ordered):
        return Median(n, None, None, None)
    moved = n - len(ordered)
    at, low, high = noise.ranks(len(ordered), moved, variance_of(Stream.FINDINGS, strength))
    ends = (None if k is None else two_figures(float(ordered[k])) for k in (low, high))
    return Median(n, two_figures(float(ordered[at])), *ends)


LEAST = 10
"""A label has a row from so many samples on, by a perturbed number."""
LEAST_MEASURED = 20
STANDING_EXPECTED = (
    "mdma", "cocaine", "ketamine", "unknown", "heroin", "amphetamine", "lsd", "alprazolam", "diazepam", "mephedrone",
    "methamphetamine", "2c-b", "fentanyl", "oxycodone", "ghb", "thc", "psilocybin", "dmt", "mixture", "crack-cocaine",
)  # fmt: skip
"""What is expected in a service's first year, the commonest first: any service would list these."""
STANDING_CLASSES = (
    "benzodiazepine", "benzodiazepine.novel", "cannabinoid.synthetic", "cut.analgesic", "cut.local_anaesthetic",
    "dissociative", "entactogen", "ghb", "opioid", "opioid.fentanyl", "opioid.nitazene", "opioid.opiate",
    "psychedelic.2c", "psychedelic.lysergamide", "psychedelic.nbome", "psychedelic.tryptamine", "sedative.alpha2",
    "stimulant.amphetamine", "stimulant.cathinone", "stimulant.cocaine", "stimulant.other", "z-drug",
)  # fmt: skip
WATCHED = ("opioid.nitazene", "opioid.fentanyl", "benzodiazepine.novel", "sedative.alpha2")
"""Classes that have their row every year: that few or none were found is what people look for."""
STANDING_SUBSTANCES = (
    "mdma", "cocaine", "ketamine", "heroin", "amphetamine", "caffeine", "fentanyl", "lsd", "methamphetamine",
    "mephedrone", "bromazolam", "diazepam", "alprazolam", "paracetamol", "levamisole", "lidocaine", "phenacetin",
    "xylazine", "medetomidine", "2c-b",
)  # fmt: skip


def fixed(there: Collection, year: str, volume: float) -> Lists:
    """The lists of a year. `volume`: samples of a month, from perturbed numbers."""
    months = list(there.facts.coders["month"])
    before = there.facts.having("month", [m for m in months if m and m < f"{year}-01"]) & there.among
    until = there.facts.having("month", [m for m in months if m and m <= f"{year}-12"]) & there.among
    first = not before.any()
    known, room = until if first else before, max(3, int(volume // lattice.LEAST_MEAN) - 1)  # and all others
    expected = _of_standing(
        there, before, first, Dimension.EXPECTED, STANDING_EXPECTED, min(lattice.MOST_EXPECTED, room)
    )
    substances = _of_standing(there, before, first, Dimension.FOUND, STANDING_SUBSTANCES, lattice.MOST_SUBSTANCES)
    classes = tuple(sorted(_classes(there, before, first)))
    regions = _ranked(there, until, Dimension.REGION, min(lattice.MOST_REGIONS, room))
    return Lists(
        (*regions, lattice.OTHERS), (*expected, lattice.OTHERS), classes, tuple(substances), _profiles(there, known, classes),
        _amounts(there, known),
    )  # fmt: skip


def _counted(there: Collection, among: Mask, dimension: Dimension) -> Counter[str]:
    """Perturbed numbers of samples by label."""
    code, names = there.facts.samples.get(dimension.value), list(there.facts.coders[dimension.value])
    counted: Counter[str] = Counter()
    for at, name in enumerate(names):
        label = str(name) or lattice.NOT_KNOWN
        which = there.found(label) if code is None else code == at
        if label not in (lattice.OTHERS, lattice.NOT_KNOWN) or code is not None:
            counted[label] += there.noisy(which & among, f"list {dimension} {label}")
    return counted


def _ranked(there: Collection, among: Mask, dimension: Dimension, most: int) -> list[str]:
    counted = _counted(there, among, dimension)
    large = sorted((name for name, n in counted.items() if n >= LEAST), key=lambda name: (-counted[name], name))
    return sorted(large[:most])


def _of_standing(
    there: Collection, before: Mask, first: bool, dimension: Dimension, standing: Sequence[str], most: int
) -> list[str]:
    """What was common before, then what any service would list, as far as there is room."""
    common = [] if first else _ranked(there, before, dimension, most)
    return sorted(list(dict.fromkeys([*common, *standing]))[:most])


def _classes(there: Collection, before: Mask, first: bool) -> list[str]:
    """Classes, and the wider ones that hold more than one of them."""
    if first:
        return list(STANDING_CLASSES[: lattice.MOST_CLASSES])
    counted = {
        n: k for n, k in _counted(there, before, Dimension.FOUND_CLASS).items() if k >= LEAST and n != lattice.NOT_KNOWN
    }
    for name in tuple(counted):
        wider, _, rest = name.partition(".")
        members = [k for other, k in counted.items() if other.startswith(f"{wider}.")]
        if rest and len(members) > 1:
            counted.setdefault(wider, sum(members))
    common = sorted(counted, key=lambda name: (-counted[name], name))
    return list(dict.fromkeys([*WATCHED, *common, *STANDING_CLASSES]))[: lattice.MOST_CLASSES]


def _profiles(there: Collection, among: Mask, classes: Sequence[str]) -> tuple[frozenset[str], ...]:
    """What the commonest scopes do not see."""
    lacking = there.not_looked_for(classes)[among]
    kinds, which = np.unique(lacking, axis=0, return_inverse=True)
    at = np.flatnonzero(among)
    found: list[tuple[int, frozenset[str]]] = []
    for k, kind in enumerate(kinds):
        mask = np.zeros(there.facts.rows, bool)
        mask[at[which.ravel() == k]] = True
        name = frozenset(c for c, lacks in zip(classes, kind, strict=True) if lacks)
        moved = there.noisy(mask, f"list profile {sorted(name)}")
        if name and moved >= LEAST:
            found.append((-moved, name))
    ordered = sorted(found, key=lambda one: (one[0], sorted(one[1])))[: lattice.MOST_PROFILES]
    everything = frozenset(classes)  # a sample that nothing was looked for in must never count as tested
    profiles = [name for _, name in ordered]
    return tuple(profiles if everything in profiles else [*profiles[: lattice.MOST_PROFILES - 1], everything])


def _amounts(there: Collection, among: Mask) -> tuple[tuple[str, str, str], ...]:
    measured = {
        k: there.noisy(mask & among, f"list amount {k}") for k, mask in there.facts.amounts_measured(among).items()
    }
    large = sorted((k for k, n in measured.items() if n >= LEAST_MEASURED), key=lambda k: (-measured[k], k))
    return (WAITS, *sorted(large[: lattice.MOST_AMOUNTS - 1]))

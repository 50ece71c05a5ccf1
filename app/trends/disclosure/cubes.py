"""A cube of counts, the family of tables published of it, and primary suppression. Pure arrays.

The cube counts samples by month × region × what was expected and, for each found class, how many of them held it and how
many were not tested for it. Its published family is every margin of these dimensions, time at four widths (month, quarter,
year, all): sixteen tables. All margins, because that is what people ask for, and because a fixed family can be audited as
a whole while tables on demand cannot; quarters and years, because most month cells of a single service are too small to be
shown, and sums over other runs of months would give single months away. Weeks, forms, sites and verdicts are left out.

Everything is an array over nodes: time node × (all, regions…) × (all, expected…), classes in front. See domain.protect
for the rule of one cell, which is the same here: `test_the_first_suppression_is_that_of_a_row` holds them together.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LEVELS = ("all", "year", "quarter", "month")
MIN_FOR_ZERO = 10
ROUND_TO = 5


@dataclass(frozen=True)
class Axes:
    """The labels of a cube. Months are YYYY-MM; classes are dotted: "opioid" holds "opioid.nitazene"."""

    months: tuple[str, ...]
    regions: tuple[str, ...]
    expected: tuple[str, ...]
    classes: tuple[str, ...] = ()

    @cached_property
    def times(self) -> tuple[str, ...]:
        """Labels of the time nodes: all (""), years, quarters, months."""
        years = sorted({month[:4] for month in self.months})
        quarters = sorted({quarter_of(month) for month in self.months})
        return ("", *years, *quarters, *self.months)

    @cached_property
    def time_levels(self) -> Ints:
        """For each time node how fine it is: 0 all, 1 year, 2 quarter, 3 month."""
        kinds = {0: 0, 4: 1}
        return np.array([kinds.get(len(t), 2 if "Q" in t else 3) for t in self.times], np.int64)

    @cached_property
    def time_sums(self) -> Ints:
        """Time node × month: which months a node holds."""
        rows = [[_holds(time, month) for month in self.months] for time in self.times]
        return np.array(rows, np.int64).reshape(len(self.times), len(self.months))

    @cached_property
    def same_times(self) -> Ints:
        """For each time node the widest one that holds the same months: a year of which there is one quarter, say."""
        sums = self.time_sums
        return np.array([int(np.flatnonzero((sums == row).all(axis=1))[0]) for row in sums], np.int64)

    @cached_property
    def parents(self) -> tuple[int, ...]:
        """For each class the nearest class that holds it, or −1."""
        out = []
        for name in self.classes:
            above = [c for c in self.classes if name.startswith(c + ".")]
            out.append(self.classes.index(max(above, key=len)) if above else -1)
        return tuple(out)

    def holding(self, child: int) -> Iterator[int]:
        """The classes that hold a class, the nearest first."""
        above = self.parents[child]
        while above >= 0:
            yield above
            above = self.parents[above]

    @property
    def atom_shape(self) -> tuple[int, int, int]:
        """Of the finest cells."""
        return len(self.months), len(self.regions), len(self.expected)

    def key_of(self, node: tuple[int, int, int]) -> tuple[str, str, str]:
        """Labels of a node; "" is everything."""
        t, r, e = (int(i) for i in node)
        return self.times[t], self.regions[r - 1] if r else "", self.expected[e - 1] if e else ""


def quarter_of(month: str) -> str:
    """2026-05 → 2026-Q2."""
    return f"{month[:4]}-Q{(int(month[5:]) + 2) // 3}"


def _holds(time: str, month: str) -> bool:
    return time in ("", month[:4], month, quarter_of(month))


@dataclass(frozen=True)
class Cube:
    """True counts of the finest cells. `found` and `untested`: class × month × region × expected; they do not overlap."""

    axes: Axes
    samples: Ints
    found: Ints
    untested: Ints

    @cached_property
    def n(self) -> Ints:
        """Samples of every node."""
        return self.sums(self.samples)

    @cached_property
    def f(self) -> Ints:
        """Samples of every node that held each class."""
        return self.sums(self.found)

    @cached_property
    def x(self) -> Ints:
        """Samples of every node not tested for each class."""
        return self.sums(self.untested)

    def sums(self, atoms: Ints) -> Ints:
        """Of the finest cells to all nodes; axes before the last three stay."""
        timed = np.einsum("tm,...mre->...tre", self.axes.time_sums, atoms)
        by_region = np.concatenate([timed.sum(axis=-2, keepdims=True), timed], axis=-2)
        both: Ints = np.concatenate([by_region.sum(axis=-1, keepdims=True), by_region], axis=-1)
        return both


def with_the_same(axes: Axes, mask: Bools) -> Bools:
    """A mask of nodes with those that hold the same samples at another width of time: one tells the other."""
    of_time = np.moveaxis(mask, -3, 0)
    any_ = np.zeros_like(of_time)
    np.logical_or.at(any_, axes.same_times, of_time)
    return np.moveaxis(any_[axes.same_times], 0, -3)


def rounded(counts: Ints) -> Ints:
    """To the nearest multiple of 5, halves up (domain.rounded for arrays)."""
    return ROUND_TO * ((2 * counts + ROUND_TO) // (2 * ROUND_TO))


@dataclass
class Publication:
    """Which counts of a cube are shown. `kept_n`, `kept_f`: an earlier figure that stays (−1: none); `moved_*`: its set
    of samples changed a little since, by fewer than the threshold. `fixed_*`: known from elsewhere, so it stays shown. `floor_*`: the threshold a shown count obeyed.
    `offered_n`, `offered_f`: nodes of tables that are published at all, and for each class of those it is published in; what is
    not shown of them is what has to be protected."""

    least: int
    shown_n: Bools
    shown_f: Bools
    kept_n: Ints
    kept_f: Ints
    moved_n: Bools
    moved_f: Bools
    fixed_n: Bools
    fixed_f: Bools
    floor_n: Ints
    floor_f: Ints
    offered_n: Bools
    offered_f: Bools

    @classmethod
    def first(cls, cube: Cube, least: int) -> Publication:
        """What the rule of one cell allows."""
        shown_n, shown_f = primary(cube, least)
        n, f = cube.n.shape, cube.f.shape
        return cls(
            least, shown_n, shown_f, np.full(n, -1), np.full(f, -1),
            np.zeros(n, bool), np.zeros(f, bool), np.zeros(n, bool), np.zeros(f, bool), np.full(n, least), np.full(f, least),
            np.ones(n, bool), np.ones(f, bool),
        )  # fmt: skip

    def fix(self, other: Publication) -> None:
        """What this audience sees besides: a cube of the same counts for an audience with a higher threshold."""
        for name in ("n", "f"):
            seen = getattr(other, f"known_{name}")
            for field in ("kept", "moved", "floor"):
                mine = getattr(self, f"{field}_{name}")
                mine[seen] = getattr(other, f"{field}_{name}")[seen]
            getattr(self, f"fixed_{name}")[seen] = True
            getattr(self, f"shown_{name}")[getattr(other, f"shown_{name}")] = True

    @property
    def known_n(self) -> Bools:
        """Numbers of samples somebody may have: shown now, or in an earlier release of the same samples."""
        return self.shown_n | self.fixed_n

    @property
    def known_f(self) -> Bools:
        """The same of numerators."""
        return self.shown_f | self.fixed_f

    def hide(self, mask_n: Bools, mask_f: Bools) -> None:
        """Withhold counts; where the number of samples goes, what was found in them goes too."""
        self.shown_n &= ~mask_n
        self.shown_f &= ~mask_f
        self.shown_f &= self.shown_n

    def shares(self, cube: Cube) -> tuple[Ints, Ints, Ints]:
        """Rounded samples, numerators and denominators of every node, shown or not."""
        n = np.where(self.kept_n >= 0, self.kept_n, rounded(cube.n))
        tested = np.maximum(n - rounded(cube.x), 0)
        f = np.where(self.kept_f >= 0, self.kept_f, rounded(cube.f))
        everything = (cube.f == cube.n - cube.x) & (self.kept_f < 0)
        below = np.minimum(f, np.maximum(tested - ROUND_TO, 0))  # “all of them” is said only where it is so
        fresh = np.where(everything, tested, np.where(f == 0, 0, below))
        return n, np.where(self.kept_f >= 0, np.minimum(f, tested), fresh), tested


def primary(cube: Cube, least: int) -> tuple[Bools, Bools]:
    """What is large enough by itself: at least `least` samples; a numerator and its complement none or that many; a zero
    or an all from 10 samples on. Of nested classes the wider is hidden where they differ by a few."""
    n, f, tested = cube.n, cube.f, cube.n - cube.x
    rest = tested - f
    small = ((f > 0) & (f < least)) | ((rest > 0) & (rest < least))
    plain = ((f == 0) | (rest == 0)) & (tested < MIN_FOR_ZERO)
    shown_f = (n >= least)[None] & (tested >= least) & ~small & ~plain
    for child in range(len(cube.axes.classes)):
        for parent in cube.axes.holding(child):
            more = f[parent] - f[child]
            shown_f[parent] &= ~((more > 0) & (more < least) & shown_f[child])
    return n >= least, shown_f


Table = tuple[int, bool, bool]
"""A table of the family: width of time (LEVELS), split by region, split by what was expected."""


def family() -> list[Table]:
    """Every table, the finest first."""
    tables = itertools.product(range(len(LEVELS)), (False, True), (False, True))
    return sorted(tables, key=lambda t: (t[0] + 2 * t[1] + 2 * t[2], t), reverse=True)


def cells_of(axes: Axes, table: Table) -> tuple[slice | Ints, slice, slice]:
    """The nodes of a table, as an index of the last three axes for `np.ix_`-like use."""
    level, region, expected = table
    times = np.flatnonzero(axes.time_levels == level)
    start, stop = int(times[0]), int(times[-1]) + 1
    return slice(start, stop), slice(1, None) if region else slice(0, 1), slice(1, None) if expected else slice(0, 1)


def mask_of(axes: Axes, table: Table) -> Bools:
    """The nodes of a table as a mask."""
    mask = np.zeros((len(axes.times), len(axes.regions) + 1, len(axes.expected) + 1), bool)
    mask[cells_of(axes, table)] = True
    return mask

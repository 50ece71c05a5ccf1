"""Withholds further counts until nothing that is not published can be known within ±4. Pure, and deterministic.

First pairs of nested cells: a count is withheld where it leaves a few of a wider count that is shown (differencing.py has
the same rule for questions). Then the audit by linear programming; of the shown counts with a dual value that is not zero, that is of those
that bound a count it cannot prove wide, the least useful are withheld: finer tables first, then fewest samples, a numerator before a number of
samples, the grand total last, and as few as a greedy cover of all that is bounded finds. Repeated until the audit
passes; shown counts only get fewer, so what was proven stays proven. When the budget of programs ends before, the caller is
told (growing.py then leaves the table out), so nothing is published unaudited.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from app.trends.disclosure import propagation
from app.trends.disclosure.auditing import Audited, audited
from app.trends.disclosure.cubes import LEVELS, Bools, Cube, Ints, Publication, Table, family, mask_of, with_the_same
from app.trends.disclosure.linear_audit import Budget
from app.trends.disclosure.targets import Targets, targets_of

Cell = tuple[bool, int, int]
"""A shown count: is a numerator, class (−1 for samples), node (flat)."""


def mend(cube: Cube, pub: Publication, budget: Budget) -> Audited:
    """Withhold single counts until the audit passes; what it found last. Where that still has bounded counts, the budget ended,
    or nothing that bounds them can be withheld. `pub` is changed."""
    differencing(cube, pub)
    propagation.mend(cube, pub)
    left: Targets | None = None
    while True:
        last = audited(cube, pub, budget, left)
        was_n, was_f = pub.shown_n.copy(), pub.shown_f.copy()
        if not last.bounded or budget.ended or not _withhold(cube, pub, last):
            return last
        propagation.mend(cube, pub)
        left = _next(cube, pub, last, was_n, was_f)


def _next(cube: Cube, pub: Publication, last: Audited, was_n: Bools, was_f: Bools) -> Targets:
    """What is left to prove: what was not, and what has just been withheld."""
    every = targets_of(cube, pub)
    just = np.where(
        every.of_class < 0,
        (was_n & ~pub.shown_n).ravel()[every.node],
        (was_f & ~pub.shown_f).reshape(len(was_f), -1)[every.of_class, every.node] if len(was_f) else False,
    )
    open_ = last.targets.only(~last.proven)
    before = set(zip(open_.kind.tolist(), open_.of_class.tolist(), open_.node.tolist(), strict=True))
    names = zip(every.kind.tolist(), every.of_class.tolist(), every.node.tolist(), strict=True)
    return every.only(just | np.array([name in before for name in names], bool))


def _withhold(cube: Cube, pub: Publication, last: Audited) -> bool:
    """Shown counts that bound every bounded target, as few as a greedy cover finds; False when there is none to be had."""
    hide_n, hide_f = np.zeros_like(pub.shown_n), np.zeros_like(pub.shown_f)
    rank = _Rank(cube, pub)
    offers = []
    for target in np.flatnonzero(~last.proven):
        blame = last.blame.get(int(target))
        cells = rank.order(blame.cells if blame else []) or rank.around(last.targets, int(target))
        if cells:
            offers.append(rank.finest(cells))
    for numerator, c, node in _cover(offers):
        (hide_f[c] if numerator else hide_n).ravel()[node] = True
    pub.hide(with_the_same(cube.axes, hide_n), with_the_same(cube.axes, hide_f))
    return bool(offers)


def _cover(offers: list[list[Cell]]) -> Iterator[Cell]:
    """Counts that meet every list: the one in most lists first, of these the one that stands first in them."""
    left = offers
    while left:
        wanted: Counter[Cell] = Counter()
        first: dict[Cell, int] = {}
        for cells in left:
            wanted.update(cells)
            for place, cell in enumerate(cells):
                first[cell] = min(place, first.get(cell, place))
        best = min(wanted, key=lambda cell: (-wanted[cell], first[cell], cell))
        yield best
        left = [cells for cells in left if best not in cells]


class _Rank:
    """How useful a shown count is; the least useful comes first. Figures that must stay are not offered."""

    def __init__(self, cube: Cube, pub: Publication) -> None:
        self._cube, self._pub = cube, pub
        levels = cube.axes.time_levels
        shape = cube.n.shape
        t, r, e = np.indices(shape)
        self._fine = (levels[cube.axes.same_times][t] + 2 * (r > 0) + 2 * (e > 0)).ravel()
        self._samples = cube.n.ravel()

    def order(self, cells: list[Cell]) -> list[Cell]:
        return sorted((cell for cell in set(cells) if self._may_go(cell)), key=self._key)

    def finest(self, cells: list[Cell]) -> list[Cell]:
        """Those as little useful as the first, of a list in order: wider counts are not given up to spare a few of these."""
        least = self._key(cells[0])[:2]
        return [cell for cell in cells if self._key(cell)[:2] == least]

    def _may_go(self, cell: Cell) -> bool:
        numerator, c, node = cell
        pub = self._pub
        if numerator:
            return bool(pub.shown_f[c].ravel()[node] and not pub.fixed_f[c].ravel()[node])
        return bool(pub.shown_n.ravel()[node] and not pub.fixed_n.ravel()[node])

    def _key(self, cell: Cell) -> tuple[int, int, int, int, int, int]:
        numerator, c, node = cell
        fine, samples = int(self._fine[node]), int(self._samples[node])
        return (fine == 0 and not numerator, -fine, samples, not numerator, c, node)

    def around(self, targets: Targets, at: int) -> list[Cell]:
        """Where no dual tells: shown counts that hold the target, and those of its parts."""
        node = np.unravel_index(int(targets.node[at]), self._cube.n.shape)
        inside = _holding(self._cube, node) & (self._pub.shown_n)
        c = int(targets.of_class[at])
        cells = [(False, -1, int(i)) for i in np.flatnonzero(inside)]
        if c >= 0:
            cells = [(True, c, i) for _, _, i in cells if self._pub.shown_f[c].ravel()[i]] or cells
        return self.order(cells)


def _holding(cube: Cube, node: tuple[np.intp, ...]) -> Bools:
    """Nodes whose cells hold those of a node or are held by them."""
    t, r, e = (int(i) for i in node)
    sums = cube.axes.time_sums
    common = sums @ sums[t]
    times = (common == sums[t].sum()) | (common == sums.sum(axis=1))
    regions = np.zeros(cube.n.shape[1], bool)
    expected = np.zeros(cube.n.shape[2], bool)
    regions[[0, r] if r else slice(None)] = True
    expected[[0, e] if e else slice(None)] = True
    both: Bools = times[:, None, None] & regions[None, :, None] & expected[None, None, :]
    return both


def differencing(cube: Cube, pub: Publication) -> None:
    """Pairs: withhold a count that leaves a few of a wider one that is shown. From coarse to fine; of a figure that must
    stay the wider one goes."""
    _nested(cube, pub)
    for fine in reversed(family()):
        for coarse in _wider(fine):
            at, up = _aligned(cube, fine, coarse)
            _pairs(cube, pub, at, up)


def _nested(cube: Cube, pub: Publication) -> None:
    """Of a class and a class within it that differ by a few, the wider goes; the narrower where the wider must stay."""
    for child in range(len(cube.axes.classes)):
        for parent in cube.axes.holding(child):
            more = cube.f[parent] - cube.f[child]
            both = (more > 0) & (more < pub.least) & pub.shown_f[parent] & pub.shown_f[child]
            pub.shown_f[parent] &= ~(both & ~pub.fixed_f[parent])
            pub.shown_f[child] &= ~(both & pub.fixed_f[parent] & ~pub.fixed_f[child])


def _wider(table: Table) -> Iterator[Table]:
    level, region, expected = table
    for other in family():
        if other != table and other[0] <= level and other[1] <= region and other[2] <= expected:
            yield other


def _aligned(cube: Cube, fine: Table, coarse: Table) -> tuple[Ints, Ints]:
    """Flat nodes of a table, and for each the node of the wider table that holds it."""
    axes, shape = cube.axes, cube.n.shape
    t, r, e = np.nonzero(mask_of(axes, fine))
    sums = axes.time_sums
    wide = np.flatnonzero(axes.time_levels == coarse[0])
    month = sums[t].argmax(axis=1)
    above = wide[sums[wide][:, month].argmax(axis=0)]
    nodes = np.ravel_multi_index((t, r, e), shape)
    up = np.ravel_multi_index((above, r * coarse[1], e * coarse[2]), shape)
    return nodes, up


def _pairs(cube: Cube, pub: Publication, at: Ints, up: Ints) -> None:
    least = pub.least
    n, shown, fixed = cube.n.ravel(), pub.shown_n.ravel(), pub.fixed_n.ravel()
    more = n[up] - n[at]
    bad = (more > 0) & (more < least) & shown[at] & shown[up]
    hide_n = np.zeros(n.shape, bool)
    hide_n[at[bad & ~fixed[at]]] = True
    hide_n[up[bad & fixed[at] & ~fixed[up]]] = True
    hide_f = np.zeros(pub.shown_f.shape, bool)
    for c in range(len(pub.shown_f)):
        f, x, seen, stays = (a[c].ravel() for a in (cube.f, cube.x, pub.shown_f, pub.fixed_f))
        found = f[up] - f[at]
        rest = more - found - (x[up] - x[at])
        few = ((found > 0) & (found < least)) | ((rest > 0) & (rest < least))
        wrong = few & seen[at] & seen[up]
        flat = hide_f[c].reshape(-1)
        flat[at[wrong & ~stays[at]]] = True
        flat[up[wrong & stays[at] & ~stays[up]]] = True
    pub.hide(with_the_same(cube.axes, hide_n.reshape(cube.n.shape)), with_the_same(cube.axes, hide_f))


def table_name(table: Table) -> str:
    """month × region × expected."""
    level, region, expected = table
    parts = [LEVELS[level] if level else "", "region" if region else "", "expected" if expected else ""]
    return " × ".join(part for part in parts if part) or "all"

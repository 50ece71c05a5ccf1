"""Audits a whole cube: which counts that are not published can be known within ±4. Pure.

A small cube is one linear system and every interval is exact. A large one is proven piece by piece, with the rest held as it
truly is (knowledge.py): all samples and what was found where it was found, or, where that is too large, quarters and years of
it; then what was found everywhere, class by class. A piece has fewer possible worlds than the whole, so what a piece proves is proven. What no
piece proves counts as bounded, so the audit errs towards withholding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from app.trends.disclosure.cubes import Bools, Cube, Ints, Publication
from app.trends.disclosure.knowledge import BUILT, Knowledge, RowNames
from app.trends.disclosure.linear_audit import Budget, Floats, Intervals, audit
from app.trends.disclosure.targets import F, Targets, targets_of

SMALL = 1500
"""Unknowns up to which a cube is one exact system."""
LARGE = 12_000
"""Unknowns a piece has at most: larger ones take minutes each."""


@dataclass
class Blame:
    """The shown counts that bound a target: (is a numerator, class, node)."""

    cells: list[tuple[bool, int, int]] = field(default_factory=list)


@dataclass
class Audited:
    """Targets with their seen intervals; those that are not proven wide, and what bounds them."""

    targets: Targets
    low: Floats
    high: Floats
    exact: Bools
    proven: Bools
    blame: dict[int, Blame]

    @property
    def bounded(self) -> int:
        """How many are known within ±4, or could not be shown not to be."""
        return int((~self.proven).sum())


@dataclass(frozen=True)
class Piece:
    """What is free in one system."""

    atoms: Bools
    pairs: Bools
    last: bool


def audited(cube: Cube, pub: Publication, budget: Budget, targets: Targets | None = None) -> Audited:
    """The audit of these targets, or of all."""
    chosen = targets_of(cube, pub) if targets is None else targets
    known = Knowledge(cube, pub)
    size = len(chosen)
    out = Audited(chosen, np.zeros(size), np.zeros(size), np.zeros(size, bool), np.zeros(size, bool), {})
    for number, piece in enumerate(pieces(cube, out)):
        open_ = np.flatnonzero(~out.proven)
        touched = open_[_touched(known, chosen.only(open_), piece)]
        if not len(touched):
            continue
        system, names = known.system(piece.atoms, piece.pairs, chosen.only(touched))
        found = audit(system, budget, seed=number, one_by_one=piece.last)
        _take(out, touched, found, names)
        if budget.ended:
            break
    return out


def pieces(cube: Cube, out: Audited) -> Iterator[Piece]:
    """What to free, from small to large, as long as anything is left to prove."""
    filled = cube.samples > 0
    every = np.broadcast_to(filled, cube.found.shape)
    if filled.sum() * (1 + len(cube.axes.classes)) <= SMALL:
        yield Piece(filled, every, last=True)
        return
    nothing = np.zeros_like(filled)
    none = np.zeros_like(cube.found, bool)
    where_found = cube.found > 0
    whole = filled.sum() + where_found.sum() <= LARGE
    quarters, years = ([np.flatnonzero(row) for row in cube.axes.time_sums[cube.axes.time_levels == w]] for w in (2, 1))
    for months in [] if whole else [*quarters, *years]:
        within = nothing.copy()
        within[months] = filled[months]
        if within.sum() + (where_found & within).sum() <= LARGE and not out.proven.all():
            yield Piece(within, where_found & within, last=False)
    if whole:
        yield Piece(filled, where_found, last=True)
    for c in range(len(cube.axes.classes)):  # what is left is asked one by one, with what bounds it
        yield Piece(nothing, _with_class(cube, none, c), last=True)
    for months in [] if whole else quarters:
        within = nothing.copy()
        within[months] = filled[months]
        yield Piece(within, where_found & within, last=True)


def _with_class(cube: Cube, where_found: Bools, c: int) -> Bools:
    """`where_found`, and one class with those that hold it everywhere."""
    pairs = where_found.copy()
    while c >= 0:
        pairs[c] = cube.samples > 0
        c = cube.axes.parents[c]
    return pairs


def _touched(known: Knowledge, targets: Targets, piece: Piece) -> Bools:
    """Targets in which anything is free."""
    samples = known.sums @ piece.atoms.ravel().astype(float)
    touched: Bools = (samples[targets.node] > 0) & (targets.kind != F)
    for c, pairs in enumerate(piece.pairs):
        if pairs.any():
            found = known.sums @ pairs.ravel().astype(float)
            touched |= (targets.of_class == c) & (found[targets.node] > 0)
    return touched


def _take(out: Audited, at: Ints, found: Intervals, names: RowNames) -> None:
    wider = found.high - found.low > out.high[at] - out.low[at]
    replaced = at[wider]
    out.low[replaced], out.high[replaced] = found.low[wider], found.high[wider]
    out.exact[at] = found.exact
    out.proven[at] |= found.proven
    for target, rows in found.blamed.items():
        told = rows[names.kind[rows] != BUILT]
        cells = zip(names.kind[told] > 0, names.of_class[told], names.node[told], strict=True)
        out.blame[int(at[target])] = Blame([(bool(k), int(c), int(node)) for k, c, node in cells])

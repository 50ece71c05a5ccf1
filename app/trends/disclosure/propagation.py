"""Bounds by sums alone: finds and mends the plainest disclosures before any linear program is solved. Pure.

A total is the sum of its parts, so a part is at most the total's upper bound less the lower bounds of the other parts, and
at least its lower bound less their upper ones; repeated over all sums until nothing moves much. These bounds are never
narrower than the true ones, so a count they pin down within its width is certainly bounded. What they miss the programs find.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from app.trends.disclosure.cubes import Axes, Cube, Ints, Publication, with_the_same
from app.trends.disclosure.knowledge import Knowledge
from app.trends.disclosure.linear_audit import TOLERANCE, Floats
from app.trends.disclosure.targets import F, N, targets_of

FAR = 1e6
SWEEPS = 5
MOST_TURNS = 60
Node = tuple[int, int, int]


@dataclass
class Box:
    """Lower and upper bounds of a count of every node."""

    low: Floats
    high: Floats


def sums_in_time(axes: Axes) -> list[tuple[int, Ints]]:
    """Each time node with the nodes of the next narrower width inside it."""
    levels, sums = axes.time_levels, axes.time_sums
    out = []
    for t in np.flatnonzero(levels < 3):
        inside = (sums @ sums[t] == sums.sum(axis=1)) & (levels == levels[t] + 1)
        out.append((int(t), np.flatnonzero(inside)))
    return out


def tighten(axes: Axes, box: Box) -> None:
    """Sweep over all sums."""
    in_time = sums_in_time(axes)
    for _ in range(SWEEPS):
        for axis in (1, 2):
            low, high = (np.moveaxis(a, axis, 0) for a in (box.low, box.high))
            _sum(low, high, 0, np.arange(1, low.shape[0]))
        for whole, parts in in_time:
            _sum(box.low, box.high, whole, parts)


def _sum(low: Floats, high: Floats, whole: int, parts: Ints) -> None:
    """One total and its parts along the first axis."""
    lows, highs = low[parts].sum(axis=0), high[parts].sum(axis=0)
    low[whole] = np.maximum(low[whole], lows)
    high[whole] = np.minimum(high[whole], highs)
    at_most = high[whole] - (lows - low[parts])
    at_least = low[whole] - (highs - high[parts])
    high[parts] = np.minimum(high[parts], np.maximum(at_most, low[parts]))
    low[parts] = np.maximum(low[parts], np.minimum(at_least, high[parts]))


def boxes(known: Knowledge) -> tuple[Box, list[Box]]:
    """Bounds of samples, and of what was found for each class."""
    cube, pub = known.cube, known.pub
    low_n, high_n, low_f, high_f = known.intervals
    of_n = Box(np.where(pub.known_n, low_n, 0.0), np.where(pub.known_n, high_n, np.where(cube.n > 0, FAR, 0.0)))
    tighten(cube.axes, of_n)
    of_f = []
    for c in range(len(cube.axes.classes)):
        shown = pub.known_f[c]
        high = np.minimum(np.where(shown, high_f[c], FAR), np.maximum(of_n.high - cube.x[c], 0.0))
        box = Box(np.where(shown, low_f[c], 0.0), np.maximum(high, np.where(shown, low_f[c], 0.0)))
        tighten(cube.axes, box)
        of_f.append(box)
    return of_n, of_f


def mend(cube: Cube, pub: Publication) -> None:
    """Withhold a neighbour of every count that sums alone give away, until they give none away."""
    for _ in range(MOST_TURNS):
        known = Knowledge(cube, pub)
        of_n, of_f = boxes(known)
        targets = targets_of(cube, pub)
        targets = targets.only((targets.kind == N) | (targets.kind == F))
        if not len(targets):
            return
        width = np.empty(len(targets))
        for c in np.unique(targets.of_class):
            box, mine = (of_n if c < 0 else of_f[c]), targets.of_class == c
            width[mine] = (box.high - box.low).ravel()[targets.node[mine]]
        bad = targets.only(width <= known.widths(targets) + TOLERANCE)
        if not len(bad) or not _withhold(cube, pub, bad.of_class, bad.node, of_n, of_f):
            return


def _withhold(cube: Cube, pub: Publication, classes: Ints, nodes: Ints, of_n: Box, of_f: list[Box]) -> bool:
    in_time = sums_in_time(cube.axes)
    hide_n, hide_f = np.zeros_like(pub.shown_n), np.zeros_like(pub.shown_f)
    total = np.zeros_like(pub.shown_n)
    total[cube.axes.same_times == 0, 0, 0] = True  # the grand total is left to the programs, which take it last
    some = False
    for c, flat in zip(classes.tolist(), nodes.tolist(), strict=True):
        t, r, e = (int(i) for i in np.unravel_index(flat, cube.n.shape))
        box, hidden = (of_n, hide_n) if c < 0 else (of_f[c], hide_f[c])
        shown = (pub.shown_n & ~pub.fixed_n & ~total) if c < 0 else (pub.shown_f[c] & ~pub.fixed_f[c])
        line = _tightest((t, r, e), box, in_time)
        if line is None:
            continue
        whole, parts = line
        if any(hidden[cell] for cell in (whole, *parts)):
            some = True
            continue
        offered = [cell for cell in parts if shown[cell]] or [cell for cell in (whole,) if shown[cell]]
        if offered:
            some = True
            hidden[min(offered, key=lambda cell: (int(cube.n[cell]), cell))] = True
    pub.hide(with_the_same(cube.axes, hide_n), with_the_same(cube.axes, hide_f))
    return some


def _tightest(node: Node, box: Box, in_time: list[tuple[int, Ints]]) -> tuple[Node, list[Node]] | None:
    """The sum that leaves a node least room: the total and the other parts."""
    best: tuple[float, Node, list[Node]] | None = None
    for whole, parts in _lines(node, box.low.shape, in_time):
        room = box.high[whole] - sum(box.low[cell] for cell in parts)
        if best is None or room < best[0]:
            best = (room, whole, parts)
    return None if best is None else (best[1], best[2])


def _lines(node: Node, shape: tuple[int, ...], in_time: list[tuple[int, Ints]]) -> Iterator[tuple[Node, list[Node]]]:
    t, r, e = node
    if r:
        yield (t, 0, e), [(t, i, e) for i in range(1, shape[1]) if i != r]
    if e:
        yield (t, r, 0), [(t, r, i) for i in range(1, shape[2]) if i != e]
    for whole, parts in in_time:
        if t in parts:
            yield (whole, r, e), [(int(i), r, e) for i in parts if i != t]

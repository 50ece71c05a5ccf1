"""Figures across releases: a cell whose samples changed by a few keeps the figure it had. Pure.

Two releases can be subtracted like two tables. So a cell whose set of samples changed by 1 to threshold − 1 since the newest
release that showed it keeps that figure, and one whose set did not change stays shown. Whether sets changed is told by
counts of their samples in 1,024 buckets of a hash: the sum of absolute differences never exceeds the number of samples
that came or went, so from the threshold on the sets differ by that many for certain; below it they may differ by more, and
then the earlier figure is kept although it need not be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from app.trends.disclosure.cubes import Axes, Bools, Ints, Publication

BUCKETS = 1024


@dataclass(frozen=True)
class Marks:
    """Counts of samples in buckets: for the samples and for each class, finest cell × bucket (sparse)."""

    axes: Axes
    samples: Any
    found: tuple[Any, ...]


@dataclass(frozen=True)
class Earlier:
    """An earlier release: its marks, what it showed and with which figures."""

    marks: Marks
    shown_n: Bools
    shown_f: Bools
    n: Ints
    f: Ints


def keep(pub: Publication, now: Marks, earlier: Earlier, node_sums: Any, earlier_sums: Any) -> None:
    """Enter the figures of an earlier release into a publication; call with the oldest release first.

    `node_sums`, `earlier_sums`: node × finest cell of both (knowledge.Knowledge.sums).
    """
    here, there = _common(now.axes, earlier.marks.axes)
    if not len(here):
        return
    moved = _moved(now.samples, earlier.marks.samples, node_sums[here], earlier_sums[there])
    _enter(pub.kept_n, pub.moved_n, pub.fixed_n, pub.shown_n, here, moved, earlier.shown_n, earlier.n, there, pub.least)
    for c, name in enumerate(now.axes.classes):
        if name not in earlier.marks.axes.classes:
            continue
        o = earlier.marks.axes.classes.index(name)
        moved_f = _moved(now.found[c], earlier.marks.found[o], node_sums[here], earlier_sums[there])
        _enter(
            pub.kept_f[c], pub.moved_f[c], pub.fixed_f[c], pub.shown_f[c], here, moved_f,
            earlier.shown_f[o], earlier.f[o], there, pub.least,
        )  # fmt: skip
    pub.shown_f &= pub.shown_n


def _enter(
    kept: Ints, moved: Bools, fixed: Bools, shown: Bools, here: Ints, changed: Ints,
    was_shown: Bools, figures: Ints, there: Ints, least: int,
) -> None:  # fmt: skip
    was = was_shown.ravel()[there]
    few = was & (changed < least)
    again = was & ~few
    for array, value in ((kept, figures.ravel()[there]), (moved, changed > 0), (fixed, True), (shown, True)):
        flat = array.reshape(-1)
        flat[here[few]] = value[few] if isinstance(value, np.ndarray) else value
    for array, none in ((kept, -1), (moved, False), (fixed, False)):
        array.reshape(-1)[here[again]] = none


def _common(now: Axes, earlier: Axes) -> tuple[Ints, Ints]:
    """Flat nodes both have, in either."""
    pairs = []
    for mine, theirs in (
        (now.times, earlier.times), (("", *now.regions), ("", *earlier.regions)),
        (("", *now.expected), ("", *earlier.expected)),
    ):  # fmt: skip
        place = {label: i for i, label in enumerate(theirs)}
        both = [(i, place[label]) for i, label in enumerate(mine) if label in place]
        pairs.append((np.array([b[0] for b in both], int), np.array([b[1] for b in both], int)))
    shapes = [tuple(len(a) for a in (x.times, ("", *x.regions), ("", *x.expected))) for x in (now, earlier)]
    out = []
    for which, shape in enumerate(shapes):
        grid = np.meshgrid(*(pair[which] for pair in pairs), indexing="ij")
        out.append(np.ravel_multi_index(tuple(g.ravel() for g in grid), shape))
    return out[0], out[1]


def _moved(now: Any, earlier: Any, sums: Any, earlier_sums: Any) -> Ints:
    """Sum of absolute differences of the bucket counts of each common node."""
    out = np.empty(sums.shape[0], np.int64)
    for start in range(0, len(out), 2000):
        part = slice(start, start + 2000)
        difference = sparse.csr_matrix(sums[part] @ now - earlier_sums[part] @ earlier)
        out[part] = np.asarray(abs(difference).sum(axis=1)).ravel()
    return out

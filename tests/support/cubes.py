"""Cubes for tests of disclosure control: from lists, and small random worlds."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from app.trends.disclosure.cubes import Axes, Cube, Publication
from app.trends.domain import Audience

PUBLIC = Audience.PUBLIC.threshold
ENDLESS = float("inf")


def cube_of(samples: object, found: object = None, classes: tuple[str, ...] = (), untested: object = None) -> Cube:
    """From nested lists: month × region × expected, and class × the same."""
    n = np.array(samples, np.int64)
    months, regions, expected = n.shape
    axes = Axes(
        tuple(f"2026-{m + 1:02d}" for m in range(months)),
        tuple(f"r{i}" for i in range(regions)),
        tuple(f"e{i}" for i in range(expected)),
        classes,
    )
    f = np.zeros((0, *n.shape), np.int64) if found is None else np.array(found, np.int64)
    return Cube(axes, n, f, np.zeros_like(f) if untested is None else np.array(untested, np.int64))


def shown(cube: Cube, pub: Publication) -> dict[tuple[str, str, str], int]:
    n, _, _ = pub.shares(cube)
    return {cube.axes.key_of(node): int(n[node]) for node in zip(*np.nonzero(pub.shown_n), strict=True)}


@st.composite
def worlds(draw: st.DrawFn) -> Cube:
    """Small worlds with a nested class, cells empty, tiny and large."""
    shape = draw(st.sampled_from([(2, 2, 2), (3, 2, 2), (4, 2, 1), (1, 3, 3)]))
    size = int(np.prod(shape))
    n = draw(st.lists(st.sampled_from([0, 0, 1, 3, 8, 9, 12, 17, 40, 61]), min_size=size, max_size=size))
    found, within, untested = [], [], []
    for count in n:
        x = draw(st.integers(0, min(2, count)))
        f = draw(st.integers(0, count - x))
        untested.append(x)
        found.append(f)
        within.append(draw(st.integers(0, f)))
    arrays = [np.array(values).reshape(shape) for values in (n, found, within, untested)]
    return cube_of(arrays[0], [arrays[1], arrays[2]], ("opioid", "opioid.nitazene"), [arrays[3], arrays[3]])

"""Axes: round ends, ticks, and places along a line. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable

from app.figures.trends.charts.words import Scale, number, said

STEPS = (1.0, 1.2, 1.6, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
SHARE_TOPS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)


NOTHING = 0.0
"""The end of an axis on which no figure can be shown: it has no numbers, for there is nothing to read off it."""
PARTS = (4, 3, 5)
WHOLE = (1.0, 2.0, 2.5, 3.0, 4.0, 5.0)


def top_of(values: Iterable[float | None], scale: Scale) -> float:
    """The end of an axis that begins at 0: the next round figure above everything drawn on it."""
    known = [v for v in values if v is not None and math.isfinite(v)]
    if not known:
        return 1.0 if scale == Scale.SHARE else NOTHING
    highest = max(known)
    if scale == Scale.SHARE:
        return next((top for top in SHARE_TOPS if top >= highest), 1.0)
    if highest < 1e-9:
        return 1.0
    if scale == Scale.MINUTES and highest > 120:
        return 60.0 * top_of([highest / 60], Scale.AMOUNT)
    power = 10.0 ** math.floor(math.log10(highest))
    return next(step * power for step in STEPS if step * power >= highest * (1 - 1e-9))


def ticks(top: float, scale: Scale, *, few: bool = False) -> list[tuple[float, str]]:
    """Values from 0 to the top in equal parts, each as it reads: `few` where there is little room."""
    if top == NOTHING:
        return [(0.0, "")]
    parts = 2 if few else next((parts for parts in PARTS if _round(top / parts, scale)), 2)
    while scale == Scale.COUNT and parts > 1 and top % parts:
        parts -= 1  # half a sample is no tick
    values = [top * part / parts for part in range(parts + 1)]
    if scale == Scale.SHARE:
        return [(v, f"{round(v * 100, 1):g}\u00a0%") for v in values]
    return [(v, said(v, scale) if scale == Scale.MINUTES else number(v)) for v in values]


def _round(step: float, scale: Scale) -> bool:
    """Whether somebody counts in such steps: 5 %, 20 mg, 25; never 12.5 % or 7.5 mg."""
    if scale == Scale.SHARE:
        return abs(step * 100 - round(step * 100)) < 1e-9
    if scale == Scale.MINUTES and step > 60:
        step /= 60
    first = step / 10.0 ** math.floor(math.log10(step))
    return any(abs(first - whole) < 1e-9 for whole in WHOLE)


def every(places: int, room: float, wanted: float) -> int:
    """Label each k-th of so many places, so that labels of this width do not run into each other."""
    if places == 0:
        return 1
    step = room / places
    return next((k for k in (1, 2, 3, 4, 6, 12, 24, 52) if k * step >= wanted), max(1, math.ceil(wanted / step)))

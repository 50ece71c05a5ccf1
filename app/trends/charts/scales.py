"""Axes: round ends, ticks, and places along a line. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable

from app.trends.charts.words import Scale, number, said

STEPS = (1.0, 1.2, 1.6, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
SHARE_TOPS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)


def top_of(values: Iterable[float | None], scale: Scale) -> float:
    """The end of an axis that begins at 0: the next round figure above everything drawn on it."""
    highest = max((v for v in values if v is not None and math.isfinite(v)), default=0.0)
    if scale == Scale.SHARE:
        return next((top for top in SHARE_TOPS if top >= highest), 1.0)
    if highest < 1e-9:
        return 1.0
    if scale == Scale.MINUTES and highest > 120:
        return 60.0 * top_of([highest / 60], Scale.AMOUNT)
    power = 10.0 ** math.floor(math.log10(highest))
    return next(step * power for step in STEPS if step * power >= highest * (1 - 1e-9))


def ticks(top: float, scale: Scale, *, parts: int = 4) -> list[tuple[float, str]]:
    """Values from 0 to the top in equal parts, each as it reads."""
    while scale == Scale.COUNT and parts > 1 and top % parts:
        parts //= 2  # half a sample is no tick
    values = [top * part / parts for part in range(parts + 1)]
    if scale == Scale.SHARE:
        digits = 0 if all(abs(v * 100 - round(v * 100)) < 1e-9 for v in values) else 1
        return [(v, f"{v * 100:.{digits}f}\u00a0%") for v in values]
    return [(v, said(v, scale) if scale == Scale.MINUTES else number(v)) for v in values]


def every(places: int, room: float, wanted: float) -> int:
    """Label each k-th of so many places, so that labels of this width do not run into each other."""
    if places == 0:
        return 1
    step = room / places
    return next((k for k in (1, 2, 3, 4, 6, 12, 24, 52) if k * step >= wanted), max(1, math.ceil(wanted / step)))

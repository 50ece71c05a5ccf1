"""What a plot shows of a reading: which curve, which range of its x axis, and no more points than a screen can show."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from app.laboratory.readings.comparison import figures
from app.platform.plots import Line
from spectra.types import FloatArray

MOST_POINTS = 4000
"""Of all curves of an answer together, before someone zooms in."""


@dataclass(frozen=True, slots=True)
class PlotRange:
    """A range of the x axis, whole where an end is None, with at most `most` points a curve; None: every point."""

    low: float | None = None
    high: float | None = None
    most: int | None = MOST_POINTS

    def line(self, label: str, role: str, x: FloatArray, y: FloatArray) -> Line:
        """The part of a curve in this range; `x` rises. `thinned` says whether the range has more points than are given."""
        first = 0 if self.low is None else int(np.searchsorted(x, self.low))
        last = x.size if self.high is None else int(np.searchsorted(x, self.high, side="right"))
        x, y = x[first:last], y[first:last]
        seen_x, seen_y = (x, y) if self.most is None else downsampled(x, y, self.most)
        thinned = seen_x.size < x.size
        return {"label": label, "role": role, "x": figures(seen_x), "y": figures(seen_y), "thinned": thinned}


@dataclass(frozen=True, slots=True)
class PlotContent:
    """What is drawn of a reading: a `candidate` (its place, from 1) over or under it; of a run the chromatogram with the traces of
    `ions` (m/z), or the spectrum of one `peak` (from 1), `raw` as it was measured, or the mean of a stretch of time (minutes)."""

    candidate: int | None = None
    peak: int | None = None
    ions: tuple[float, ...] = ()
    raw: bool = False
    mean: tuple[float, float] | None = None
    plot_range: PlotRange = field(default_factory=PlotRange)


def downsampled(x: FloatArray, y: FloatArray, most: int = MOST_POINTS) -> tuple[FloatArray, FloatArray]:
    """At most `most` points that keep every visible extreme: lowest and highest of each of half as many stretches."""
    if x.size <= most:
        return x, y
    edges = np.linspace(0, x.size, most // 2 + 1).astype(np.int64)
    keep = []
    for start, end in pairwise(edges.tolist()):
        part = y[start:end]
        keep += sorted({start + int(np.argmin(part)), start + int(np.argmax(part))})
    return x[keep], y[keep]

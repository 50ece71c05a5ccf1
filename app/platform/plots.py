"""What a plot on a page is drawn from: the shapes that app/static/common/spectrum.js takes (docs/look.md, "Plots")."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TypedDict


class Line(TypedDict, total=False):
    """A curve; `role` says how it is drawn, `thinned` whether there are more points than these. What is `packed` has `grid`, or `first_x`,
    `unit_x` and `steps_x`, and `unit` and `steps`."""

    label: str
    role: str
    thinned: bool
    x: list[float]
    y: list[float]
    grid: list[float]
    unit: float
    steps: list[int]
    first_x: float
    unit_x: float
    steps_x: list[int]


class Mark(TypedDict, total=False):
    """A labelled place on the x axis, a link where it has an address."""

    x: float
    label: str
    href: str


class Window(TypedDict):
    """A stretch of the x axis."""

    low: float
    high: float


class Windows(TypedDict):
    """Stretches of the x axis that are shaded, and why."""

    label: str
    at: list[Window]


class Sticks(TypedDict):
    """A mass spectrum as sticks."""

    label: str
    mz: list[float]
    intensity: list[float]


class Table(TypedDict):
    """What a plot shows, in a table, for screen readers and without JavaScript."""

    head: list[str]
    rows: list[list[str]]


class PeakRow(TypedDict):
    """One m/z in two spectra, in percent of each one's base peak; `where` it is found, and by how much they differ."""

    mz: str
    query: float
    reference: float
    where: str
    difference: float


class PeaksCompared(TypedDict):
    """Two mass spectra peak by peak, with what speaks for and against their being the same."""

    rows: list[PeakRow]
    left_out: int
    speaks_for: list[str]
    speaks_against: list[str]


class Plot(TypedDict, total=False):
    """One plot. Curves have `series`, `marks` and what lies over them; mass spectra `query` and `reference`, `ion`, the m/z of the
    molecular ion of the reference where its formula is known, and `accurate`: masses are compared to two places."""

    kind: str
    x_label: str
    y_label: str
    summary: str
    table: Table
    series: list[Line]
    marks: list[Mark]
    expected: Line
    residual_marks: list[Mark]
    regions: Windows
    labels: int
    absolute: bool
    query: Sticks
    reference: Sticks | None
    ion: float
    accurate: bool
    comparison: PeaksCompared


LEVELS = 5000
"""So many from zero to the highest point are more than a screen has lines."""
EVEN = 1e-6
PLACES = 100_000
"""So many from end to end are more than a screen has columns; a stretch has as many again."""


def packed(plot: Plot) -> Plot:
    """Write the curves of a plot as steps from point to point, which takes a third of the bytes, because a curve seldom leaps.

    A curve then has `unit` and `steps` in place of `y`, and in place of `x` where its points stand evenly `grid`, the first and the
    distance, else `first_x`, `unit_x` and `steps_x`; spectrum_parts.js makes of it what it was.
    """
    curves = [*plot.get("series", []), *([plot["expected"]] if "expected" in plot else [])]
    most = _top(curves)
    for line in curves:
        top = _top([line]) if "thinned" in line else most  # someone may look at it without the others
        if top and len(line["x"]) > 2 and all(map(math.isfinite, line["y"])):
            _pack(line, float(f"{top / LEVELS:.3g}"))
    return plot


def _top(lines: list[Line]) -> float:
    return max((abs(v) for line in lines for v in line["y"] if math.isfinite(v)), default=0.0)


def _pack(line: Line, unit: float) -> None:
    heights = [round(v / unit) for v in line.pop("y")]
    line["unit"] = unit
    line["steps"] = [b - a for a, b in pairwise([0, *heights])]
    first, last, count = line["x"][0], line["x"][-1], len(line["x"])
    step = (last - first) / (count - 1)
    if all(abs(first + k * step - x) < EVEN * abs(step) for k, x in enumerate(line["x"])):
        line["grid"] = [first, step]
        del line["x"]
    elif "thinned" in line:
        _pack_places(line)


def _pack_places(line: Line) -> None:
    """A quarter of the least distance is fine enough that no two points fall together."""
    x = line.pop("x")
    least = min((abs(b - a) for a, b in pairwise(x) if a != b), default=0.0)
    unit = max(least / 4, abs(x[-1] - x[0]) / PLACES) or 1.0
    places = [round((v - x[0]) / unit) for v in x]
    line["first_x"], line["unit_x"] = x[0], unit
    line["steps_x"] = [b - a for a, b in pairwise([0, *places])]

"""What a plot on a page is drawn from: the shapes that app/static/common/spectrum.js takes (docs/look.md, "Plots")."""

from __future__ import annotations

from typing import TypedDict


class Line(TypedDict, total=False):
    """A curve; `role` says how it is drawn."""

    label: str
    role: str
    x: list[float]
    y: list[float]


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
    """One plot. Curves have `series`, `marks` and what lies over them; mass spectra `query` and `reference`."""

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
    comparison: PeaksCompared

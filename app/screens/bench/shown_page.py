"""What a plot of the bench shows, for the plot itself and for taking along: points, a table, a picture, figures for a spreadsheet."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse, JSONResponse, Response
from sqlmodel import Session

from app.laboratory.readings.plot_range import PlotRange
from app.platform.kernel.errors import NotFound
from app.platform.plots import Plot, packed
from app.platform.web.csv_text import csv_text
from app.results.bench import Bench, bench
from app.screens.bench.drawing import Shown, curves_shown, sticks_shown, svg_of
from app.screens.bench.look import Look, Looked
from app.screens.bench.overlays import with_overlays
from app.screens.bench.page import AtSample, SampleVisit, Staff
from app.screens.bench.viewer import caption_of, file_of

router = APIRouter(include_in_schema=False)

Cells = list[str | float]
End = Annotated[float | None, Query(allow_inf_nan=False)]


@dataclass(frozen=True, slots=True)
class _TitledPlot:
    """A plot with what it is of."""

    plot: Plot
    caption: str
    file: str


def _titled_plot(at: SampleVisit, look: Look, plot_range: PlotRange) -> _TitledPlot:
    """Raises NotFound, also where nothing was measured yet."""
    with at.rt.read() as session:
        shown = _bench(at, session, look)
        if shown.shown is None:
            raise NotFound("reading")
        plot = with_overlays(session, at.rt, at.who, shown.shown.reading.id, look, plot_range)
    return _TitledPlot(plot, caption_of(shown.sample.number, shown.shown), file_of(shown.sample.number, shown.shown))


def _bench(at: SampleVisit, session: Session, look: Look) -> Bench:
    rt = at.rt
    return bench(session, at.who, at.sample_id, rt.now(), rt.pack.substances, reading_id=look.reading, peak=look.peak)


def _shown_query(low: End = None, high: End = None, off: Annotated[list[str], Query(max_length=20)] = []) -> Shown:  # noqa: B006
    return Shown(low, high, frozenset(off))


ShownQuery = Annotated[Shown, Depends(_shown_query)]


@router.get("/bench/readings/{reading_id}/plot")
def points(visit: Staff, reading_id: uuid.UUID, look: Looked, shown: ShownQuery) -> JSONResponse:
    """The points, with everything that is drawn over them, packed for a slow line; of a stretch only the curves that have more there."""
    with visit.rt.read() as session:
        plot = with_overlays(session, visit.rt, visit.who, reading_id, look, PlotRange(shown.low, shown.high))
    if shown.low is not None or shown.high is not None:
        plot = {"kind": plot["kind"], "series": [line for line in plot.get("series", []) if "thinned" in line]}
    return JSONResponse(packed(plot))


@router.get("/bench/samples/{sample_id}/plot.svg")
def picture(at: AtSample, look: Looked, shown: ShownQuery) -> Response:
    """The picture of what is shown."""
    found = _titled_plot(at, look, PlotRange(shown.low, shown.high))
    content = svg_of(found.plot, shown, found.caption.split("\n")[0], found.caption)
    headers = {"Content-Disposition": f'inline; filename="{found.file}.svg"'}
    return Response(content, media_type="image/svg+xml", headers=headers)


@router.get("/bench/samples/{sample_id}/plot.csv")
def figures(at: AtSample, look: Looked, shown: ShownQuery) -> Response:
    """The points of what is shown, one a line and none left out, below the lines that say what they are of."""
    found = _titled_plot(at, look, PlotRange(shown.low, shown.high, most=None))
    head: list[Cells] = [[line] for line in found.caption.split("\n")]
    lines = [*head, *_lines(found.plot, shown)]
    headers = {"Content-Disposition": f'attachment; filename="{found.file}.csv"'}
    return Response(csv_text(lines), media_type="text/csv; charset=utf-8", headers=headers)


def _lines(plot: Plot, shown: Shown) -> Iterator[Cells]:
    yield ["Curve", plot["x_label"], plot["y_label"]]
    if plot["kind"] == "mass":
        for sticks in (plot["query"], plot.get("reference")):
            for mz, height in sticks_shown(sticks, shown) if sticks is not None else ():
                yield [sticks["label"] if sticks else "", mz, round(height, 2)]
        return
    for line in curves_shown(plot, shown):
        for x, y in zip(line["x"], line["y"], strict=True):
            yield [line["label"], x, y]


@router.get("/bench/samples/{sample_id}/table")
def table(at: AtSample, look: Looked) -> HTMLResponse:
    """What is shown in words and in a table, with the picture."""
    found = _titled_plot(at, look, PlotRange())
    query = at.request.url.query
    return at.page("bench/shown.html", sample_id=at.sample_id, plot=found.plot, caption=found.caption, query=query)

"""The researcher's page: a question made of choices, its charts, the table, the definition, downloads and a link."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urljoin

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response
from markupsafe import Markup

from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import Forbidden, Invalid, NotFound, TooMany
from app.platform.security.policy import allow
from app.platform.web.problems import status_of
from app.runtime import Runtime, RuntimeDep
from app.trends import form, view
from app.trends.api import READERS, csv_response
from app.trends.charts import Drawn, Pictures, pictures, svg
from app.trends.charts.groups import Names
from app.trends.charts.slide import Source, slide
from app.trends.domain import Question, TrendTable
from app.trends.labels import names_of
from app.trends.offers import offers
from app.trends.pages_query import Words, words
from app.trends.query import DEFAULT_SPLIT, question
from app.trends.schemas import protection_words
from app.trends.web import FromElsewhere, answered

router = APIRouter(include_in_schema=False)

Reader = Annotated[Actor, allow(*READERS)]
Asked = Annotated[Question, Depends(question)]


@router.get("/trends")
def trends_page(request: Request, who: Reader, rt: RuntimeDep, asked: Annotated[Words, Depends(words)]) -> HTMLResponse:
    """The page. A question that cannot be answered says why and keeps the form; so does one that another site's link asked."""
    error, elsewhere, table, ask = None, False, None, Question(asked.measure or asked.figure, DEFAULT_SPLIT)
    try:
        ask = asked.question()
        table = answered(rt, request, who, ask)
    except FromElsewhere:
        elsewhere = True
    except (Invalid, Forbidden, TooMany) as refused:
        error = refused
    with rt.read() as session:
        there = offers(session, who)
    names = names_of(rt.pack.substances)
    return rt.templates.page(
        request,
        "trends/trends.html",
        status=status_of(error),
        error=error,
        elsewhere=elsewhere,
        sentence=form.sentence(ask, there, names),
        drawn=asked.drawn.value,
        table=table,
        **(_told(rt, ask, table, names, asked.drawn) if table else {}),
    )


@router.get("/trends.csv")
def trends_csv(request: Request, who: Reader, rt: RuntimeDep, ask: Asked) -> Response:
    """The same table as CSV."""
    return csv_response(answered(rt, request, who, ask))


@router.get("/trends.svg")
def trends_svg(
    request: Request,
    who: Reader,
    rt: RuntimeDep,
    asked: Annotated[Words, Depends(words)],
    chart: Annotated[int, Query(ge=0, le=99)] = 0,
) -> Response:
    """One chart of the same table as a drawing for a slide."""
    ask = asked.question()
    table = answered(rt, request, who, ask)
    names = names_of(rt.pack.substances)
    drawn = _pictures(table, ask, names, asked.drawn)
    if chart >= len(drawn.charts):
        raise NotFound("chart")
    picture, title = drawn.charts[chart], view.title(table, names)
    whole = title if picture.title in (title, "All samples") else f"{title}: {picture.title}"
    filters = view.filter_words(table, names, form.baseline_name(form.baseline_of(ask)))
    subtitle = " · ".join(part for part in (view.split_words(table), filters) if part)
    definition = f"{view.in_words(table, names, 'definition')} Version {table.measure.version}."
    source = Source(whole, subtitle, definition, view.samples_words(table), _citation(rt, ask, table, names))
    return Response(
        slide(picture.scene, source),
        media_type="image/svg+xml; charset=utf-8",
        headers={"Content-Disposition": f'inline; filename="mast-trends-{chart + 1}.svg"'},
    )


def _pictures(table: TrendTable, ask: Question, names: Names, drawn: Drawn) -> Pictures:
    return pictures(table, names, drawn, form.baseline_name(form.baseline_of(ask)))


def _citation(rt: Runtime, ask: Question, table: TrendTable, names: Names) -> str:
    filters = view.filter_words(table, names, form.baseline_name(form.baseline_of(ask)))
    address = urljoin(rt.settings.public_url.rstrip("/") + "/", form.address(ask).removeprefix("/"))
    return view.citation(table, rt.settings.name, view.title(table, names), filters, address)


def _told(rt: Runtime, ask: Question, table: TrendTable, names: Names, drawn: Drawn) -> dict[str, Any]:
    """Everything below the form, from one table computed once."""
    baseline = form.baseline_name(form.baseline_of(ask))
    pictured = _pictures(table, ask, names, drawn)
    how = {} if drawn is Drawn.AUTO else {"drawn": drawn.value}
    return {
        "title": view.title(table, names),
        "definition": view.in_words(table, names, "definition"),
        "formula": view.in_words(table, names, "formula"),
        "subtitle": " · ".join(p for p in (view.split_words(table), view.filter_words(table, names, baseline)) if p),
        "charts": pictured,
        "svgs": [
            Markup(svg.inline(c.scene, label=f"{c.title}. {c.summary}", pattern=f"hatch-{k}"))  # noqa: S704 - svg escapes
            for k, c in enumerate(pictured.charts)
        ],
        "svg_urls": [form.address(ask, "/trends.svg", chart=str(k), **how) for k in range(len(pictured.charts))],
        "shown": view.shown(table, names, baseline),
        "protection": protection_words(table),
        "link": form.address(ask, **how),
        "csv_url": form.address(ask, "/trends.csv"),
        "json_url": form.address(ask, "/api/v1/trends"),
        "citation": _citation(rt, ask, table, names),
        "left": table.questions_left,
    }

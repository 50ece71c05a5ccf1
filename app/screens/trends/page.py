"""The researcher's page: a question made of choices, its charts, the table, the definition, downloads and a link."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response
from markupsafe import Markup

from app.figures.trends import service
from app.figures.trends.charts import Drawn, Pictures, pictures, svg
from app.figures.trends.charts.groups import Names
from app.figures.trends.charts.slide import Source, slide
from app.figures.trends.csv import dictionary
from app.figures.trends.domain import Question, TrendTable
from app.figures.trends.protection.striking import book
from app.figures.trends.query import DEFAULT_SPLIT, question
from app.figures.trends.schemas import protection_words
from app.figures.trends.web import READERS, answered, csv_response
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import Forbidden, Invalid, NotFound
from app.platform.security.policy import allow, public
from app.platform.web.problems import status_of
from app.runtime import Runtime, RuntimeDep
from app.screens.trends import forms, view
from app.screens.trends.citation import source_of, whole_address
from app.screens.trends.labels import names_of
from app.screens.trends.query import Words, words

router = APIRouter(include_in_schema=False)

Reader = Annotated[Actor, allow(*READERS)]
Asked = Annotated[Question, Depends(question)]


@router.get("/trends")
def trends_page(request: Request, who: Reader, rt: RuntimeDep, asked: Annotated[Words, Depends(words)]) -> HTMLResponse:
    """The page. A question that cannot be answered says why and keeps the form."""
    error, table, ask = None, None, Question(asked.measure or asked.figure, DEFAULT_SPLIT)
    try:
        ask = asked.question()
        table = answered(rt, who, ask)
    except (Invalid, Forbidden) as refused:
        error = refused
    with rt.read() as session:
        there = forms.offers(book(session, service.strength_of(service.audience_of(who))))
    names = names_of(rt.pack.substances)
    return rt.templates.page(
        request,
        "trends/trends.html",
        status=status_of(error),
        error=error,
        sentence=forms.sentence(ask, there, names),
        drawn=asked.drawn.value,
        table=table,
        **(_told(rt, request, ask, table, names, asked.drawn) if table else {}),
    )


@router.get("/trends.csv")
def trends_csv(request: Request, who: Reader, rt: RuntimeDep, ask: Asked) -> Response:
    """The table that was asked for, as CSV."""
    table = answered(rt, who, ask)
    return csv_response(table, {"citation": _citation(rt, request, ask, table), "licence": rt.settings.release_licence})


@router.get("/trends/columns.csv", dependencies=[public("what the columns of a file mean is for everybody")])
def columns_csv() -> Response:
    """What each column of a downloaded table means."""
    return Response(
        dictionary(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="mast-columns.csv"'},
    )


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
    table = answered(rt, who, ask)
    names = names_of(rt.pack.substances)
    drawn = _pictures(table, ask, names, asked.drawn)
    if chart >= len(drawn.charts):
        raise NotFound("chart")
    picture, title = drawn.charts[chart], view.title(table, names)
    whole = title if picture.title in (title, "All samples") else f"{title}: {picture.title}"
    filters = view.filter_words(table, names, forms.baseline_name(forms.baseline_of(ask)))
    subtitle = " · ".join(part for part in (view.split_words(table), filters) if part)
    definition = f"{view.in_words(table, names, 'definition')} Version {table.measure.version}."
    source = Source(
        whole,
        subtitle,
        definition,
        f"{view.as_of_words(table)} {protection_words(table)}",
        _citation(rt, request, ask, table),
    )
    return Response(
        slide(picture.scene, source),
        media_type="image/svg+xml; charset=utf-8",
        headers={"Content-Disposition": f'inline; filename="mast-trends-{chart + 1}.svg"'},
    )


def _pictures(table: TrendTable, ask: Question, names: Names, drawn: Drawn) -> Pictures:
    return pictures(table, names, drawn, forms.baseline_name(forms.baseline_of(ask)))


def _citation(rt: Runtime, request: Request, ask: Question, table: TrendTable) -> str:
    names = names_of(rt.pack.substances)
    filters = view.filter_words(table, names, forms.baseline_name(forms.baseline_of(ask)))
    source = source_of(rt)
    return view.citation(
        table, source, view.title(table, names), filters, whole_address(rt, request, forms.address(ask))
    )


class Answered(view.Figure, total=False):
    """Everything below the form."""

    svg_urls: list[str]
    json_url: str


def _told(rt: Runtime, request: Request, ask: Question, table: TrendTable, names: Names, drawn: Drawn) -> Answered:
    """Everything below the form, from one table computed once."""
    baseline = forms.baseline_name(forms.baseline_of(ask))
    pictured = _pictures(table, ask, names, drawn)
    how = {} if drawn is Drawn.AUTO else {"drawn": drawn.value}
    return {
        "title": view.title(table, names),
        "definition": view.in_words(table, names, "definition"),
        "formula": view.in_words(table, names, "formula"),
        "subtitle": " · ".join(p for p in (view.split_words(table), view.filter_words(table, names, baseline)) if p),
        "charts": pictured,
        "svgs": [
            Markup(svg.inline(c.scene, label=f"{c.title}. {c.summary}"))  # noqa: S704 - svg escapes
            for c in pictured.charts
        ],
        "svg_urls": [forms.address(ask, "/trends.svg", chart=str(k), **how) for k in range(len(pictured.charts))],
        "shown": view.shown(table, names, baseline),
        "protection": protection_words(table),
        "as_of": view.as_of_words(table),
        "link": forms.address(ask, **how),
        "csv_url": forms.address(ask, "/trends.csv"),
        "json_url": forms.address(ask, "/api/v1/trends"),
        "citation": _citation(rt, request, ask, table),
    }

"""The researcher's page: a question made of choices, its charts, the table, the definition, downloads and a link."""

from __future__ import annotations

from typing import Annotated, cast
from urllib.parse import urljoin

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, Field

from app.figures.trends import service
from app.figures.trends.charts import Drawn, Pictures, pictures
from app.figures.trends.charts.groups import Names
from app.figures.trends.charts.svg import Source, slide
from app.figures.trends.csv import dictionary
from app.figures.trends.domain import Amongst, Question, TrendTable
from app.figures.trends.protection.striking import struck_figures
from app.figures.trends.schemas import protection_words
from app.figures.trends.web import (
    DEFAULT_SPLIT,
    READERS,
    Split,
    answered,
    baseline_of,
    csv_response,
    question,
    splits,
)
from app.platform.kernel.errors import Forbidden, Invalid, NotFound
from app.platform.kernel.place import local
from app.platform.security.policy import public
from app.platform.web import bodies
from app.platform.web.fields import Text80
from app.runtime import Runtime
from app.screens.trends import forms, view
from app.screens.visits import Visit, visitor
from harm_messages.register import Register

router = APIRouter(include_in_schema=False)

Reader = Annotated[Visit, visitor(*READERS)]
QuestionQuery = Annotated[Question, Depends(question)]
FIRST_FIGURE, FIRST_SPLIT = "expected_found", Split("month")
"""What the page shows to someone who has asked nothing yet."""
TOGETHER = "found_with"
"""Counted for classes and by year alone, so the form does not make anybody choose them."""


class Words(BaseModel):
    """What the page is asked, as it came: the fields of its form, or the words of the API. A question that makes no sense still
    gets its form back, with the reason above it."""

    measure: Text80 = ""
    by: Annotated[list[Text80], Field(max_length=8)] = []
    where: Annotated[list[Text80], Field(max_length=12)] = []
    found: Text80 = ""
    from_month: Annotated[Text80, Field(alias="from")] = ""
    to_month: Annotated[Text80, Field(alias="to")] = ""
    baseline: Text80 = ""
    figure: Text80 = ""
    split: Annotated[Text80, Field(description="several ways to split, with commas: links made before 2026-12")] = ""
    substance: Text80 = ""
    verdict: Text80 = ""
    role: Text80 = ""
    drawn: Drawn = Drawn.AUTO

    def question(self) -> Question:
        """In the words of the API. Raises Invalid."""
        measure, found = self.measure, self.found
        if self.figure:
            measure, found = forms.composed(self.figure, {"substance": self.substance, "verdict": self.verdict})
        by = splits((*self.split.split(","), *self.by))
        if not (by or self.measure or self.figure):
            by = [FIRST_SPLIT]
        if self.figure == TOGETHER:
            by = [Split("year")]
        return question(
            measure=measure or FIRST_FIGURE,
            by=by or None,
            where=[part for part in self.where if part],
            found=found,
            role=cast(Amongst, self.role or Amongst.ANY),  # one that is unknown is refused there
            from_month=self.from_month,
            to_month=self.to_month,
            baseline=self.baseline,
        )


def _together(asked: Words, register: Register) -> tuple[Words, str]:
    """What else was found, asked of a substance or of some months: asked of its class and of whole years, and what was changed, in words."""
    if asked.figure != TOGETHER:
        return asked, ""
    found, names = register.get(asked.substance), view.names_of(register)
    years = (asked.from_month[:4], asked.to_month[:4])
    told = ["What else was found is counted for classes and by year."]
    if found is not None:
        told.append(f"{found.name} is counted as {names('found', found.drug_class)}.")
    changed = {
        "substance": found.drug_class if found is not None else asked.substance,
        "from_month": f"{years[0]}-01" if years[0] else "",
        "to_month": f"{years[1]}-12" if years[1] else "",
    }
    return asked.model_copy(update=changed), " ".join(told) if found is not None or any(years) else ""


def _plainly(asked: Words, wrong: Invalid | Forbidden) -> Invalid | Forbidden:
    """Of a class that is too wide, what the form can do about it: it offers the narrow ones. The API names them by their ids."""
    if asked.figure != TOGETHER or not asked.substance or "measure" not in getattr(wrong, "fields", {}):
        return wrong
    return Invalid(
        "What else was found is counted for narrow classes only.", hint="Choose one of the classes in the list."
    )


@router.get("/trends")
def trends_page(visit: Reader, asked: Annotated[Words, Query()]) -> HTMLResponse:
    """The page; who asks nothing gets the first figure. A question that cannot be answered says why and keeps the form."""
    error, table, ask = None, None, Question(asked.measure or asked.figure, DEFAULT_SPLIT)
    asked, note = _together(asked, visit.rt.pack.substances)
    try:
        ask = asked.question()
        table = answered(visit.rt, visit.who, ask)
    except (Invalid, Forbidden) as wrong:
        error = _plainly(asked, wrong)
    with visit.rt.read() as session:
        there = forms.offers(struck_figures(session, service.strength_of(service.audience_of(visit.who))))
    names = view.names_of(visit.rt.pack.substances)
    return visit.page(
        "trends/trends.html",
        error=error,
        sentence=forms.sentence(ask, there, names),
        drawn=asked.drawn.value,
        table=table,
        note=note,
        **(_told(visit, ask, table, names, asked.drawn) if table else {}),
    )


def _how(drawn: Drawn) -> dict[str, str]:
    return {} if drawn is Drawn.AUTO else {"drawn": drawn.value}


@router.get("/trends.csv")
def trends_csv(visit: Reader, ask: QuestionQuery) -> Response:
    """The table that was asked for, as CSV."""
    table = answered(visit.rt, visit.who, ask)
    licence = visit.rt.settings.release_licence
    return csv_response(table, {"citation": _citation(visit, ask, table), "licence": licence})


@router.get("/trends/columns.csv", dependencies=[public("what the columns of a file mean is for everybody")])
def columns_csv() -> Response:
    """What each column of a downloaded table means."""
    return bodies.download(dictionary(), "mast-columns.csv")


@router.get("/trends.svg")
def trends_svg(
    visit: Reader, asked: Annotated[Words, Query()], chart: Annotated[int, Query(ge=0, le=99)] = 0
) -> Response:
    """One chart of the same table as a drawing for a slide."""
    ask = asked.question()
    table = answered(visit.rt, visit.who, ask)
    names = view.names_of(visit.rt.pack.substances)
    drawn = _pictures(table, ask, names, asked.drawn)
    if chart >= len(drawn.charts):
        raise NotFound("chart")
    picture, title = drawn.charts[chart], view.title(table, names)
    whole = title if picture.title in (title, "All samples") else f"{title}: {picture.title}"
    subtitle = view.subtitle(table, names, forms.baseline_name(baseline_of(ask)))
    definition = f"{view.in_words(table, names, 'definition')} Version {table.measure.version}."
    limits = f"{view.as_of_words(table)} {protection_words(table)}"
    source = Source(whole, subtitle, definition, limits, _citation(visit, ask, table))
    return Response(
        slide(picture.scene, source),
        media_type="image/svg+xml; charset=utf-8",
        headers={"Content-Disposition": f'inline; filename="mast-trends-{chart + 1}.svg"'},
    )


def _pictures(table: TrendTable, ask: Question, names: Names, drawn: Drawn) -> Pictures:
    return pictures(table, names, drawn, forms.baseline_name(baseline_of(ask)))


def _citation(visit: Visit, ask: Question, table: TrendTable) -> str:
    names, baseline = view.names_of(visit.rt.pack.substances), forms.baseline_name(baseline_of(ask))
    return cited(visit.rt, visit.request, table, names, forms.address(ask), baseline=baseline)


def cited(
    rt: Runtime,
    request: Request,
    table: TrendTable,
    names: Names,
    path: str,
    *,
    baseline: str = "",
    release: str = "",
) -> str:
    """How to cite a figure: who, what, which definition, as of when, from which data, under which licence, and a link that opens
    elsewhere too: by the address that was set, else by the one this page was read at."""
    with rt.read() as session:
        imported = service.imported_sources(session)
    settings, measure, read = rt.settings, table.measure, local(table.made_at)
    parts = (view.title(table, names), view.split_words(table), view.filter_words(table, names, baseline))
    told = [
        f"MAST ({settings.name})" if settings.name != "MAST" else "MAST",
        ", ".join(part for part in parts if part),
        f"Figure “{measure.name}”, definition version {measure.version}",
        view.as_of_words(table).rstrip("."),
        f"Release {release}" if release else f"Read {read.day} {read:%B %Y, %H:%M}",
        f"With imported data: {'; '.join(imported)}" if imported else "",
        f"Licence {settings.release_licence}" if settings.release_licence else "",
    ]
    base = settings.public_url if "public_url" in settings.model_fields_set else str(request.base_url)
    link = urljoin(base.rstrip("/") + "/", path.removeprefix("/"))
    return f"{'. '.join(part for part in told if part)}. {link}"


class Answered(view.Figure, total=False):
    """Everything below the form."""

    svg_urls: list[str]
    json_url: str


def _told(visit: Visit, ask: Question, table: TrendTable, names: Names, drawn: Drawn) -> Answered:
    """Everything below the form, from one table computed once."""
    pictured = _pictures(table, ask, names, drawn)
    how = _how(drawn)
    return {
        **view.figure_of(table, names, pictured, forms.baseline_name(baseline_of(ask))),
        "svg_urls": [forms.address(ask, "/trends.svg", chart=str(k), **how) for k in range(len(pictured.charts))],
        "link": forms.address(ask, **how),
        "csv_url": forms.address(ask, "/trends.csv"),
        "json_url": forms.address(ask, "/api/v1/trends"),
        "citation": _citation(visit, ask, table),
    }

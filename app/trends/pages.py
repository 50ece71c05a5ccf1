"""The researcher's page: a question made of choices, a chart, the table, the definition, a download."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response

from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Forbidden, Invalid
from app.platform.security.policy import allow
from app.platform.web.fields import Text80
from app.platform.web.problems import status_of
from app.runtime import RuntimeDep
from app.samples import service as samples
from app.trends import chart, service
from app.trends.api import READERS, csv_response
from app.trends.csv import to_csv
from app.trends.domain import PARTNER_DIMENSIONS, Dimension, Kind, Question
from app.trends.measures import MEASURES, measure_of
from app.trends.query import question
from app.trends.schemas import protection_words

router = APIRouter(include_in_schema=False)

Reader = Annotated[Actor, allow(*READERS)]
Asked = Annotated[Question, Depends(question)]

SPLITS: tuple[tuple[str, str], ...] = (
    ("month,region", "month and region"),
    ("month", "month"),
    ("region", "region"),
    ("expected", "what was expected"),
    ("month,expected", "month and what was expected"),
    ("form", "form"),
    ("service_type", "kind of service"),
)


def page_question(
    ask: Asked,
    figure: Annotated[Text80, Query()] = "",
    split: Annotated[Text80, Query()] = "",
) -> Question:
    """The form's two combined choices, “figure” and “split”, in the words of the API."""
    if figure:
        name, _, found = figure.partition(":")
        ask = replace(ask, measure=name, found=found)
    if split:
        try:
            ask = replace(ask, by=tuple(Dimension(part) for part in split.split(",")))
        except ValueError:
            raise Invalid(f"“{split}” is not a way to split the figures.", fields={"split": "unknown"}) from None
    return ask


@router.get("/trends")
def trends_page(
    request: Request, who: Reader, rt: RuntimeDep, ask: Annotated[Question, Depends(page_question)]
) -> HTMLResponse:
    """The page. A question that cannot be answered says why and keeps the form."""
    error, table = None, None
    with rt.read() as session:
        try:
            if measure_of(ask.measure).kind is not Kind.SHARE:
                raise Invalid(
                    "This page shows shares.",
                    fields={"measure": "not a share"},
                    hint="Ask for counts, medians and agreements as CSV, over the API, or with “mast trends”.",
                )
            table = service.table(session, who, rt.now(), ask, rt.pack.substances)
        except (Invalid, Forbidden) as refused:
            error = refused
        choices = service.choices(session, who)
    fine = who.has(Role.RESEARCHER)
    splits = [s for s in SPLITS if fine or PARTNER_DIMENSIONS.issuperset(s[0].split(","))]
    register = rt.pack.substances

    def label(key: str) -> str:
        return samples.label_of(register, key)

    names = {i: label(i) for i in choices.expected if i not in ("unknown", "mixture")}
    return rt.templates.page(
        request,
        "trends/trends.html",
        status=status_of(error),
        ask=ask,
        split=",".join(d.value for d in ask.by),
        table=table,
        error=error,
        measures=[m for m in MEASURES.values() if m.kind is Kind.SHARE],
        finds=[(key, label(key)) for key in choices.found],
        splits=splits,
        regions=choices.regions,
        months=choices.months,
        names=names,
        charts=chart.charts(table, names) if table else [],
        protection=protection_words(table) if table else "",
        csv_url="/trends.csv?" + _query(ask),
        found_name=label(ask.found) if ask.found else "",
    )


@router.get("/trends.csv")
def trends_csv(who: Reader, rt: RuntimeDep, ask: Asked) -> Response:
    """The same table as CSV."""
    with rt.read() as session:
        table = service.table(session, who, rt.now(), ask, rt.pack.substances)
    return csv_response(to_csv(table))


def _query(ask: Question) -> str:
    pairs = [("measure", ask.measure), *(("by", d.value) for d in ask.by)]
    pairs += [("where", f"{d.value}={v}") for d, v in ask.where.items()]
    pairs += [(k, v) for k, v in (("found", ask.found), ("from", ask.months[0]), ("to", ask.months[1])) if v]
    return urlencode(pairs)

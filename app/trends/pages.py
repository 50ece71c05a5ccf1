"""The researcher's page: a question made of choices, a chart, the table, the definition, a download."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response

from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Forbidden, Invalid
from app.platform.security.policy import allow
from app.runtime import RuntimeDep
from app.samples import service as samples
from app.trends import chart, service
from app.trends.api import READERS, csv_response
from app.trends.csv import to_csv
from app.trends.domain import MEASURES, PARTNER_DIMENSIONS, Dimension, TrendTable
from app.trends.query import Question, question
from app.trends.schemas import protection_words

router = APIRouter(include_in_schema=False)

Reader = Annotated[Actor, allow(*READERS)]
Asked = Annotated[Question, Depends(question)]

SPLITS: tuple[tuple[str, str, tuple[Dimension, ...]], ...] = (
    ("month,region", "month and region", (Dimension.MONTH, Dimension.REGION)),
    ("month", "month", (Dimension.MONTH,)),
    ("region", "region", (Dimension.REGION,)),
    ("expected", "what was expected", (Dimension.EXPECTED,)),
    ("month,expected", "month and what was expected", (Dimension.MONTH, Dimension.EXPECTED)),
    ("form", "form", (Dimension.FORM,)),
)


@router.get("/trends")
def trends_page(request: Request, who: Reader, rt: RuntimeDep, ask: Asked) -> HTMLResponse:
    """The page. A question that cannot be answered says why and keeps the form."""
    error, table = None, None
    with rt.read() as session:
        try:
            table = service.table(
                session, who, rt.now(),
                measure=ask.measure, by=ask.by, where=ask.where, found=ask.found, months=ask.months,
            )  # fmt: skip
        except (Invalid, Forbidden) as refused:
            error = refused
        regions = service.choices(session, Dimension.REGION)
        expected = service.choices(session, Dimension.EXPECTED)
    fine = Role.RESEARCHER in who.roles
    splits = [s for s in SPLITS if fine or PARTNER_DIMENSIONS.issuperset(s[2])]
    register = rt.pack.substances
    names = {i: samples.label_of(register, i) for i in expected}
    return rt.templates.page(
        request,
        "trends/trends.html",
        status=200 if error is None else 422,
        ask=ask,
        split=",".join(d.value for d in ask.by),
        table=table,
        error=error,
        measures=list(MEASURES.values()),
        splits=splits,
        regions=regions,
        names=names,
        charts=chart.charts(table) if table else [],
        protection=protection_words(table) if table else "",
        csv_url="/trends.csv?" + _query(ask),
        found_name=samples.label_of(register, ask.found) if ask.found else "",
    )


@router.get("/trends.csv")
def trends_csv(who: Reader, rt: RuntimeDep, ask: Asked) -> Response:
    """The same table as CSV."""
    with rt.read() as session:
        table: TrendTable = service.table(
            session, who, rt.now(), measure=ask.measure, by=ask.by, where=ask.where, found=ask.found, months=ask.months
        )
    return csv_response(to_csv(table))


def _query(ask: Question) -> str:
    pairs = [("measure", ask.measure), *(("by", d.value) for d in ask.by)]
    pairs += [("where", f"{d.value}={v}") for d, v in ask.where.items()]
    pairs += [(k, v) for k, v in (("found", ask.found), ("from", ask.months[0]), ("to", ask.months[1])) if v]
    return urlencode(pairs)

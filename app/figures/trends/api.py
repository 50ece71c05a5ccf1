"""Aggregates over JSON, CSV and Parquet, and what may be asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from app.figures.trends import parquet, service
from app.figures.trends.csv import to_csv
from app.figures.trends.domain import Question, TrendTable
from app.figures.trends.measures import MEASURES
from app.figures.trends.parquet import MEDIA_TYPE
from app.figures.trends.protection.features import MEASURED
from app.figures.trends.query import question
from app.figures.trends.schemas import MeasureOffered, TrendOut
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import NotAcceptable
from app.platform.security.policy import allow
from app.runtime import Runtime, RuntimeDep

router = APIRouter(prefix="/api/v1", tags=["trends"])

READERS = (Role.RESEARCHER, Role.SESSION_LEAD)
"""Partner agencies and the public read the same tables in a release, moved once more."""
Reader = Annotated[Actor, allow(*READERS)]

_FORMS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"text/csv": {}, MEDIA_TYPE: {}},
        "description": "JSON, or CSV or Parquet by Accept",
    },
    406: {"description": "This server cannot write Parquet", "content": {"application/problem+json": {}}},
}


@router.get("/trends", response_model=TrendOut, responses=_FORMS)
def trends(
    request: Request, who: Reader, rt: RuntimeDep, ask: Annotated[Question, Depends(question)]
) -> Response | TrendOut:
    """A table of the figures that were struck; CSV or Parquet where `Accept` asks for it."""
    accepted = request.headers.get("accept", "")
    if MEDIA_TYPE in accepted and not parquet.available():
        raise NotAcceptable(
            "This server cannot write Parquet.",
            hint="Ask for text/csv, or have the extra “parquet” installed.",
        )
    table = answered(rt, who, ask)
    if MEDIA_TYPE in accepted:
        return _download(parquet.to_parquet(table), MEDIA_TYPE, "parquet")
    if "text/csv" in accepted:
        return csv_response(table)
    return TrendOut.of(table)


@router.get("/trends/measures")
def measures(who: Reader) -> list[MeasureOffered]:
    """Every figure that may be asked for: how, its definition in a sentence and in symbols, its version."""
    return [MeasureOffered.offered(MEASURES[name]) for name in MEASURED]


def answered(rt: Runtime, who: Actor, ask: Question) -> TrendTable:
    """The table for this person. Raises Invalid and Forbidden."""
    with rt.read() as session:
        return service.protected_table(session, service.audience_of(who), rt.now(), ask, rt.pack.substances)


def csv_response(table: TrendTable, stamp: Mapping[str, str] | None = None) -> Response:
    """The download. `stamp`: its citation and licence, and the release it is of."""
    return _download(to_csv(table, stamp), "text/csv; charset=utf-8", "csv")


def _download(content: str | bytes, media_type: str, ending: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="mast-trends.{ending}"'}
    return Response(content, media_type=media_type, headers=headers)

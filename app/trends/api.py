"""Aggregates over JSON, CSV and Parquet, and what may be asked."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import NotAcceptable
from app.platform.security.policy import allow
from app.runtime import RuntimeDep
from app.trends import parquet, service
from app.trends.csv import to_csv
from app.trends.domain import Question, TrendTable
from app.trends.measures import MEASURES
from app.trends.parquet import MEDIA_TYPE
from app.trends.query import question
from app.trends.schemas import MeasureOffered, TrendOut
from app.trends.web import LEFT, answered

router = APIRouter(prefix="/api/v1", tags=["trends"])

READERS = (Role.RESEARCHER, Role.SESSION_LEAD)
"""Partner agencies read the cubes of a release instead (releases)."""
Reader = Annotated[Actor, allow(*READERS)]

_FORMS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"text/csv": {}, MEDIA_TYPE: {}},
        "description": "JSON, or CSV or Parquet by Accept",
    },
    406: {"description": "This server cannot write Parquet", "content": {"application/problem+json": {}}},
}


@router.get("/trends", response_model=TrendOut, responses=_FORMS)
def trends(request: Request, who: Reader, rt: RuntimeDep, ask: Annotated[Question, Depends(question)]) -> Response:
    """A table with small numbers protected; CSV or Parquet where `Accept` asks for it."""
    accepted = request.headers.get("accept", "")
    if MEDIA_TYPE in accepted and not parquet.available():
        raise NotAcceptable(
            "This server cannot write Parquet. The question was not asked and costs nothing.",
            hint="Ask for text/csv, or have the extra “parquet” installed.",
        )
    table = answered(rt, request, who, ask)
    if MEDIA_TYPE in accepted:
        return _download(parquet.to_parquet(table), MEDIA_TYPE, "parquet", table)
    if "text/csv" in accepted:
        return csv_response(table)
    return JSONResponse(service.as_data(table), headers={LEFT: str(table.questions_left)})


@router.get("/trends/measures")
def measures(who: Reader) -> list[MeasureOffered]:
    """Every figure that may be asked for: how, its definition in a sentence and in symbols, its version."""
    return [MeasureOffered.offered(m) for m in MEASURES.values()]


def csv_response(table: TrendTable) -> Response:
    """The download."""
    return _download(to_csv(table), "text/csv; charset=utf-8", "csv", table)


def _download(content: str | bytes, media_type: str, ending: str, table: TrendTable) -> Response:
    name = f'attachment; filename="mast-trends.{ending}"'
    headers = {"Content-Disposition": name, LEFT: str(table.questions_left)}
    return Response(content, media_type=media_type, headers=headers)

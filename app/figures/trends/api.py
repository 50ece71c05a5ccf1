"""Aggregates over JSON, CSV and Parquet, and what may be asked."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from app.figures.trends.csv import PARQUET, has_parquet, to_parquet
from app.figures.trends.domain import Question
from app.figures.trends.measures import MEASURED, MEASURES
from app.figures.trends.schemas import MeasureOffered, TrendOut
from app.figures.trends.web import Reader, answered, csv_response, download, question
from app.platform.kernel.errors import NotAcceptable
from app.runtime import RuntimeDep

router = APIRouter(prefix="/api/v1", tags=["trends"])


@router.get(
    "/trends",
    response_model=TrendOut,
    responses={
        200: {"content": {"text/csv": {}, PARQUET: {}}, "description": "JSON, or CSV or Parquet by Accept"},
        406: {"description": "This server cannot write Parquet", "content": {"application/problem+json": {}}},
    },
)
def trends(
    request: Request, who: Reader, rt: RuntimeDep, ask: Annotated[Question, Depends(question)]
) -> Response | TrendOut:
    """A table of the figures that were struck; CSV or Parquet where `Accept` asks for it."""
    accepted = request.headers.get("accept", "")
    if PARQUET in accepted and not has_parquet():
        raise NotAcceptable(
            "This server cannot write Parquet.",
            hint="Ask for text/csv, or have the extra “parquet” installed.",
        )
    table = answered(rt, who, ask)
    if PARQUET in accepted:
        return download(to_parquet(table), PARQUET, "parquet")
    if "text/csv" in accepted:
        return csv_response(table)
    return TrendOut.of(table)


@router.get("/trends/measures")
def measures(who: Reader) -> list[MeasureOffered]:
    """Every figure that may be asked for: how, its definition in a sentence and in symbols, its version."""
    return [MeasureOffered.offered(MEASURES[name]) for name in MEASURED]

"""Aggregates over JSON, CSV and Parquet, and what may be asked."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from pydantic import StringConstraints

from app.figures.trends import saved
from app.figures.trends.csv import PARQUET, has_parquet, to_parquet
from app.figures.trends.domain import Question
from app.figures.trends.measures import MEASURED, MEASURES
from app.figures.trends.schemas import MeasureOffered, TrendOut
from app.figures.trends.tables import SavedQueryOut
from app.figures.trends.web import Reader, answered, csv_response, download, question
from app.platform.kernel.errors import NotAcceptable
from app.platform.web.fields import FreeText, Note80
from app.runtime import ChangeDep, CreationDep, RuntimeDep

router = APIRouter(prefix="/api/v1", tags=["trends"])


class QueryName(FreeText):
    """What a saved query is called."""

    name: Annotated[Note80, StringConstraints(min_length=1)]


class NewQuery(QueryName):
    """A question to keep. `question`: what stands behind /api/v1/trends? when it is asked."""

    question: Annotated[str, StringConstraints(max_length=1500)]


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


@router.get("/trends/queries")
def saved_queries(who: Reader, rt: RuntimeDep) -> list[SavedQueryOut]:
    """The caller's saved queries by name. Nobody else sees them."""
    with rt.read() as session:
        return [SavedQueryOut.model_validate(row) for row in saved.mine(session, who)]


@router.post("/trends/queries", status_code=201, response_model=SavedQueryOut)
def save_query(body: NewQuery, who: Reader, creation: CreationDep) -> JSONResponse:
    """Keep a question under a name."""
    register = creation.rt.pack.substances
    return creation.made(
        who, lambda uow: SavedQueryOut.model_validate(saved.save(uow, body.name, body.question, register))
    )


@router.put("/trends/queries/{query_id}")
def rename_query(query_id: uuid.UUID, body: QueryName, who: Reader, change: ChangeDep) -> SavedQueryOut:
    """Give a saved query another name."""
    return change.made(
        who, lambda uow: SavedQueryOut.model_validate(saved.rename(uow, query_id, body.name, change.version))
    )


@router.delete("/trends/queries/{query_id}", status_code=204)
def remove_query(query_id: uuid.UUID, who: Reader, rt: RuntimeDep, request: Request) -> Response:
    """Forget a saved query."""
    with rt.begin(who, request) as uow:
        saved.remove(uow, query_id)
    return Response(status_code=204)

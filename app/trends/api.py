"""Aggregates over JSON and CSV."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import allow
from app.runtime import RuntimeDep
from app.trends import service
from app.trends.csv import to_csv
from app.trends.domain import Question
from app.trends.query import question
from app.trends.schemas import TrendOut

router = APIRouter(prefix="/api/v1", tags=["trends"])

READERS = (Role.RESEARCHER, Role.PUBLIC_HEALTH, Role.POLICE, Role.SESSION_LEAD)
Reader = Annotated[Actor, allow(*READERS)]

_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {}}, "description": "JSON, or CSV by Accept"}}


@router.get("/trends", response_model=TrendOut, responses=_CSV)
def trends(request: Request, who: Reader, rt: RuntimeDep, ask: Annotated[Question, Depends(question)]) -> Response:
    """A table with small numbers protected; CSV when `Accept: text/csv` is sent."""
    with rt.read() as session:
        table = service.table(session, who, rt.now(), ask, rt.pack.substances)
    if "text/csv" in request.headers.get("accept", ""):
        return csv_response(to_csv(table))
    return JSONResponse(service.as_data(table))


def csv_response(text: str) -> Response:
    """The download."""
    return Response(
        text,
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="mast-trends.csv"'},
    )

"""The log of questions over JSON, for administrators: who of their agency asked the figures what."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel

from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import allow
from app.platform.web.paging import Cursor, Limit, Page, cut, decode_cursor
from app.runtime import RuntimeDep
from app.trends.asked import listing

router = APIRouter(prefix="/api/v1", tags=["trends"])

Admin = Annotated[Actor, allow(Role.ADMIN)]


class AskedOut(BaseModel):
    """One question that was answered."""

    id: uuid.UUID
    who: str
    via: str
    audience: str
    question: dict[str, Any]
    rows_shown: int
    rows_withheld: int
    repeats: int
    asked_at: datetime
    last_at: datetime


@router.get("/trends/questions")
def trend_questions(who: Admin, rt: RuntimeDep, cursor: Cursor = "", limit: Limit = 50) -> Page[AskedOut]:
    """What the people of the caller's agency asked, newest first. No figure and no sample stands in it."""
    with rt.read() as session:
        lines = listing.of_agency(session, who, after=decode_cursor(cursor), limit=limit + 1)
    return cut(lines, limit, lambda line: AskedOut.model_validate(line, from_attributes=True), lambda line: line.id)

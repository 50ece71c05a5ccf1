"""The words of the header again, with what waits at each of them now."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from app.screens.frame import frame_of
from app.screens.visits import Staff

router = APIRouter(include_in_schema=False)


@router.get("/areas")
def areas(visit: Staff, at: Annotated[str, Query(max_length=200)] = "/") -> HTMLResponse:
    """The lists of the header as the page at this path shows them."""
    return visit.page("find/areas.html", shown=frame_of(visit.rt, visit.who, at))

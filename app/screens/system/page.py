"""Start page, about page and the audit page."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from app.operations import service
from app.platform.security.policy import current_actor, public
from app.runtime import RuntimeDep
from app.screens.find.first_page import LAST_AREA, start_of
from app.screens.visits import Admin

router = APIRouter(include_in_schema=False)

VENDOR = Path(__file__).resolve().parents[2] / "static" / "vendor" / "manifest.json"
PAGE = 50


@router.get("/", dependencies=[public("sends everybody to where their work begins")])
def start(request: Request, rt: RuntimeDep) -> RedirectResponse:
    """Clients to the ticket page, staff to their own first page."""
    actor = current_actor(request)
    if actor is None:
        return RedirectResponse("/t", 303)
    return RedirectResponse(start_of(rt, actor, unquote(request.cookies.get(LAST_AREA, ""))), 303)


@router.get("/about", dependencies=[public("says what this is and what it is made of")])
def about(request: Request, rt: RuntimeDep) -> HTMLResponse:
    """What MAST is, which version runs, which third-party browser files it ships."""
    files = json.loads(VENDOR.read_text())["files"] if VENDOR.exists() else []
    return rt.templates.page(request, "system/about.html", version=version("mast-lims"), files=files)


@router.get("/audit")
def audit(visit: Admin, before: Annotated[int | None, Query(ge=1, le=2**53)] = None) -> HTMLResponse:
    """The log, newest first."""
    with visit.rt.read() as session:
        rows = service.audit_page(session, visit.who, before, PAGE)
        total = service.audit_count(session, visit.who)
        names = service.names_in(session, rows)
    older = f"/audit?before={rows[-1].seq}" if len(rows) == PAGE and rows[-1].seq > 1 else None
    return visit.page("system/audit.html", rows=rows, total=total, older=older, names=names)

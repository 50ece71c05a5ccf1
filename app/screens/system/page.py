"""Start page, about page and the audit page."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from app.operations import service
from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import allow, current_actor, public
from app.runtime import RuntimeDep
from app.screens.navigation import home_of

router = APIRouter(include_in_schema=False)

Admin = Annotated[Actor, allow(Role.ADMIN)]
VENDOR = Path(__file__).resolve().parents[1] / "static" / "vendor" / "manifest.json"
PAGE = 50


@router.get("/", dependencies=[public("sends everybody to where their work begins")])
def start(request: Request) -> RedirectResponse:
    """Clients to the ticket page, staff to their own first page."""
    actor = current_actor(request)
    return RedirectResponse("/t" if actor is None else home_of(actor), 303)


@router.get("/about", dependencies=[public("says what this is and what it is made of")])
def about(request: Request, rt: RuntimeDep) -> HTMLResponse:
    """What MAST is, which version runs, which third-party browser files it ships."""
    vendor = json.loads(VENDOR.read_text()) if VENDOR.exists() else []
    files = vendor.get("files", []) if isinstance(vendor, dict) else vendor
    return rt.templates.page(request, "system/about.html", version=version("mast-lims"), files=files)


@router.get("/audit")
def audit(
    request: Request, who: Admin, rt: RuntimeDep, before: Annotated[int | None, Query(ge=1, le=2**53)] = None
) -> HTMLResponse:
    """The log, newest first."""
    with rt.read() as session:
        rows = service.audit_page(session, who, before, PAGE)
        total = service.audit_count(session, who)
        names = service.names_in(session, rows)
    older = f"/audit?before={rows[-1].seq}" if len(rows) == PAGE and rows[-1].seq > 1 else None
    return rt.templates.page(request, "system/audit.html", rows=rows, total=total, older=older, names=names)

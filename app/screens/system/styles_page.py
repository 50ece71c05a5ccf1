"""The style sheets every page of staff has, joined into one: a tablet on a slow line asks once, not four times."""

from __future__ import annotations

import hashlib
from email.utils import formatdate
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.platform.security.policy import public

router = APIRouter(include_in_schema=False)

COMMON = Path(__file__).parents[1] / "common"
SHEETS = ("tokens.css", "base.css", "staff.css")
ON_PAPER = "print.css"
STAFF_SHEET = "/static/joined/staff.css"
FOR_A_WHILE = "max-age=600"
"""How long a browser need not ask whether a file of ours is another one now: after an upgrade a page has the old one so long at most."""


@lru_cache(maxsize=1)
def _joined(_changed: float) -> tuple[bytes, str]:
    """The sheets in their order, that for paper last, and a tag of them."""
    whole = "\n".join((COMMON / name).read_text("utf-8") for name in SHEETS)
    content = f"{whole}\n@media print {{\n{(COMMON / ON_PAPER).read_text('utf-8')}\n}}\n".encode()
    return content, f'"{hashlib.sha256(content).hexdigest()[:32]}"'


@router.get(STAFF_SHEET, dependencies=[public("style sheets")])
def staff_sheet(request: Request) -> Response:
    """The joined sheet, kept by browsers as they keep its parts."""
    changed = max((COMMON / name).stat().st_mtime for name in (*SHEETS, ON_PAPER))
    content, tag = _joined(changed)
    headers = {"Cache-Control": FOR_A_WHILE, "ETag": tag, "Last-Modified": formatdate(changed, usegmt=True)}
    if request.headers.get("if-none-match", "").removeprefix("W/") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="text/css", headers=headers)

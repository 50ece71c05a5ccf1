"""The scanner: the camera and what reads codes in its picture, in a frame that a page of ours opens as a sheet.

It alone may run WebAssembly. What it reads goes to the page that opened it, and nowhere else.
"""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from app.platform.web.middleware import SCANNER
from app.screens.find.page import Finder

router = APIRouter(include_in_schema=False)


@router.get("/scan")
def scanner(visit: Finder) -> Response:
    """The frame. Opened as a page of its own it leads to Find, which opens it as a sheet."""
    if visit.request.headers.get("sec-fetch-dest") == "document":
        return RedirectResponse("/find", 303)
    response = visit.page("scan/scan.html")
    response.headers.update(SCANNER)
    return response

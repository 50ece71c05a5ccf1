"""Hiding the hints of an area, and showing them again: in place where a script sends the form, else by way of the page it was on."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse, Response

from app.intake.people import hints
from app.platform.kernel.errors import Invalid
from app.platform.web.fields import Text40
from app.screens.frame import Hints
from app.screens.hints import HINTS
from app.screens.visits import Next, Visit, local_path, visitor

router = APIRouter(include_in_schema=False)

Anybody = Annotated[Visit, visitor()]
Area = Annotated[Text40, Form()]


@router.post("/hints/hide")
def hide(visit: Anybody, area: Area = "", onwards: Next = "/") -> Response:
    """Hide the hints of an area."""
    _known(area)
    with visit.begin() as uow:
        hints.hide(uow, area)
    return _answer(visit, {"area": area, "sentences": ()}, onwards)


@router.post("/hints/show")
def show(visit: Anybody, area: Area = "", onwards: Next = "/") -> Response:
    """Show the hints of an area again."""
    _known(area)
    with visit.begin() as uow:
        hints.show(uow, area)
    return _answer(visit, {"area": area, "sentences": HINTS[area]}, onwards)


def _known(area: str) -> None:
    if area not in HINTS:
        raise Invalid("There are no hints for this page.", fields={"area": "unknown"})


def _answer(visit: Visit, found: Hints, onwards: str) -> Response:
    if "HX-Request" in visit.request.headers:
        return visit.page("system/hints.html", found=found, onwards=onwards)
    return RedirectResponse(local_path(onwards), 303)

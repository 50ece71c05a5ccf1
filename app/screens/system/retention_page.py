"""The page of administrators about retention: what is kept how long, what goes next, when something last went."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from app.operations import retention_preview
from app.screens.visits import Admin

router = APIRouter(include_in_schema=False)


@router.get("/retention")
def retention_page(visit: Admin) -> HTMLResponse:
    """Every rule with its numbers."""
    with visit.rt.read() as session:
        found = retention_preview.preview(session, visit.who, visit.rt.now())
    return visit.page("system/retention.html", rows=[(one, kept_words(one.rule.keep)) for one in found])


def kept_words(keep: timedelta) -> str:
    """How long something is kept.

    >>> kept_words(timedelta(0)), kept_words(timedelta(hours=24)), kept_words(timedelta(days=30)), kept_words(timedelta(days=2192))
    ('at once', '24 hours', '30 days', '6 years')
    """
    if not keep:
        return "at once"
    if keep.days >= 365:
        return f"{keep.days // 365} years"
    return f"{keep.days} days" if keep.days > 1 else f"{keep // timedelta(hours=1)} hours"

"""The one way figures leave over HTTP, for the API, the page and the download: read, then written down, then given."""

from __future__ import annotations

from fastapi import Request

from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import Forbidden
from app.runtime import Runtime
from app.trends import service
from app.trends.asked.budget import Budget
from app.trends.domain import Question, TrendTable

LEFT = "X-Questions-Left"
"""Header of every answer: how many new questions this person may still ask now."""


class FromElsewhere(Forbidden):
    """A link or picture of another site asked with somebody's cookie: it would spend their questions and choose their first."""

    code = "cross_site"

    def __init__(self) -> None:
        super().__init__(
            "Opened from another site. The question was not asked and costs nothing.",
            hint="Press Show on the page of trends if it is yours.",
        )


def budget(rt: Runtime) -> Budget:
    """How many new questions a person may ask here."""
    return Budget(rt.settings.trend_questions_per_day, rt.settings.trend_questions_per_90_days)


def answered(rt: Runtime, request: Request, who: Actor, ask: Question) -> TrendTable:
    """The table for this person. Raises Invalid, Forbidden, FromElsewhere and BudgetSpent.

    A reading that writes: that it was asked, and what was said (docs/decisions, “Reading figures is written down”). Safe in
    the sense of HTTP, for it changes no figure and no sample, and asked again it costs and adds nothing.
    """
    if _from_elsewhere(request):
        raise FromElsewhere
    with rt.read() as session:
        draft = service.draft(session, who, rt.now(), ask, rt.pack.substances, budget(rt))
    with rt.begin(who, request) as uow:
        return service.answered(uow, draft, budget(rt))


def _from_elsewhere(request: Request) -> bool:
    """By Fetch Metadata, as for writes (platform.web.middleware). A token is sent by who holds it; old browsers say nothing."""
    if request.headers.get("authorization", "").lower().startswith("bearer "):
        return False
    return request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none")

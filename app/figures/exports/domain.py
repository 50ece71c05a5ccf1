"""Research projects: their states, who may do what, and what an extract may hold. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from enum import StrEnum

from app.platform.kernel.actor import Role

K = 10
"""Fewest samples that share every described column of a published row (Sweeney 2002, doi:10.1142/S0218488502001648)."""
METHOD_VERSION = "1"
"""Of the method that makes an extract; printed with every one."""

APPROVERS = (Role.SESSION_LEAD, Role.ADMIN)
"""Who may approve: whoever answers for the agency's data. Never an author of the proposal, never its researcher."""
WRITERS = (Role.RESEARCHER, Role.SESSION_LEAD, Role.ADMIN)

Tell = Callable[[str, int, int], None]
"""Called as something long goes on: what is done, how much of it is done, of how much (0: nobody knows)."""


def tell_nobody(what: str, done: int, of: int) -> None:
    """Where nobody waits."""


MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
LONGEST_DAYS = 3 * 366
"""A project ends by itself; one that goes on is proposed and approved again."""


class ProjectState(StrEnum):
    """How far a project is. A project that ran past its last day stays approved in the table and is over."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"


STATE_WORDS: dict[ProjectState, str] = {
    ProjectState.DRAFT: "draft",
    ProjectState.PROPOSED: "waits for approval",
    ProjectState.APPROVED: "approved",
    ProjectState.WITHDRAWN: "withdrawn",
}
OVER = "ended"


class DrawingState(StrEnum):
    """How far the drawing of an extract is. `refused`: somebody can do something about it; `failed`: the server could not."""

    WAITING = "waiting"
    DRAWING = "drawing"
    MADE = "made"
    REFUSED = "refused"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        """Nothing more comes of it."""
        return self not in (DrawingState.WAITING, DrawingState.DRAWING)


class Column(StrEnum):
    """What a project may ask for besides the five described columns and what was found."""

    AMOUNTS = "amounts"
    VERDICT = "verdict"
    METHODS = "methods"


COLUMN_WORDS: dict[Column, str] = {
    Column.AMOUNTS: "Amounts, in bands",
    Column.VERDICT: "Whether it was what was expected",
    Column.METHODS: "Methods that looked",
}


def state_words(state: ProjectState, ends_on: date, today: date) -> str:
    """The state as a person reads it."""
    return OVER if state is ProjectState.APPROVED and today > ends_on else STATE_WORDS[state]


def runs(state: ProjectState, starts_on: date, ends_on: date, today: date) -> bool:
    """Whether extracts may be made and fetched on this day. Both days count."""
    return state is ProjectState.APPROVED and starts_on <= today <= ends_on


def period_problems(first_month: str, last_month: str, starts_on: date, ends_on: date, today: date) -> dict[str, str]:
    """Why months and days do not fit, by field; empty when they do."""
    wrong: dict[str, str] = {}
    for field, month in (("first_month", first_month), ("last_month", last_month)):
        if not MONTH.fullmatch(month):
            wrong[field] = "A month is written like 2026-11."
    if not wrong and first_month > last_month:
        wrong["last_month"] = "The last month is before the first one."
    if ends_on < max(starts_on, today):
        wrong["ends_on"] = "The last day is not before the first one, and not over."
    elif (ends_on - starts_on).days > LONGEST_DAYS:
        wrong["ends_on"] = "A project runs for three years at most. Propose it again when it goes on."
    return wrong

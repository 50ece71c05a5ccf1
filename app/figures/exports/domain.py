"""Research projects: their states, who may do what, and what an extract may hold. Pure.

Also a sample as an extract starts from it, and a row as it is drawn.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from app.platform.kernel.actor import Role
from app.platform.kernel.worded import Worded

K = 10
"""Fewest samples that share every described column of a published row (Sweeney 2002, doi:10.1142/S0218488502001648)."""
METHOD_VERSION = "1"
"""Of the method that makes an extract; printed with every one."""

APPROVERS = (Role.SESSION_LEAD, Role.ADMIN)
"""Who may approve: anyone who answers for the agency's data. Never an author of the proposal, never its researcher."""
WRITERS = (Role.RESEARCHER, Role.SESSION_LEAD, Role.ADMIN)

Tell = Callable[[str, int, int], None]
"""Called as something long goes on: what is done, how much of it is done, of how much (0: nobody knows)."""


def tell_nobody(what: str, done: int, of: int) -> None:
    """Where nobody waits."""


MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
LONGEST_DAYS = 3 * 366
"""A project ends by itself; one that goes on is proposed and approved again."""


class ProjectState(Worded):
    """How far a project is. A project that ran past its last day stays approved in the table and is over."""

    DRAFT = "draft", "draft"
    PROPOSED = "proposed", "waits for approval"
    APPROVED = "approved", "approved"
    WITHDRAWN = "withdrawn", "withdrawn"


OVER = "ended"


class ProjectStep(StrEnum):
    """What is done with a project on its way."""

    PROPOSE = "propose"
    SEND_BACK = "send-back"
    APPROVE = "approve"
    WITHDRAW = "withdraw"


class DrawingState(StrEnum):
    """How far the drawing of an extract is. `refused`: someone can do something about it; `failed`: the server could not."""

    WAITING = "waiting"
    DRAWING = "drawing"
    MADE = "made"
    REFUSED = "refused"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        """Nothing more comes of it."""
        return self not in (DrawingState.WAITING, DrawingState.DRAWING)


class Column(Worded):
    """What a project may ask for besides the five described columns and what was found."""

    AMOUNTS = "amounts", "Amounts, in bands"
    VERDICT = "verdict", "Whether it was what was expected"
    METHODS = "methods", "Methods that looked"


def state_words(state: ProjectState, ends_on: date, today: date) -> str:
    """The state as a person reads it."""
    return OVER if state is ProjectState.APPROVED and today > ends_on else state.words


def runs(state: ProjectState, starts_on: date, ends_on: date, today: date) -> bool:
    """Whether extracts may be made and fetched on this day. Both days count."""
    return state is ProjectState.APPROVED and starts_on <= today <= ends_on


def period_problems(first_month: str, last_month: str, starts_on: date, ends_on: date, today: date) -> dict[str, str]:
    """Why months and days do not fit, by field; empty when they do."""
    wrong: dict[str, str] = {}
    for name, month in (("first_month", first_month), ("last_month", last_month)):
        if not MONTH.fullmatch(month):
            wrong[name] = "A month is written like 2026-11."
    if not wrong and first_month > last_month:
        wrong["last_month"] = "The last month is before the first one."
    if ends_on < max(starts_on, today):
        wrong["ends_on"] = "The last day is not before the first one, and not over."
    elif (ends_on - starts_on).days > LONGEST_DAYS:
        wrong["ends_on"] = "A project runs for three years at most. Propose it again when it goes on."
    return wrong


NOT_RECORDED = "not_recorded"
WITHHELD = "withheld"
OTHER = "other"
NOTHING = "nothing_seen"

COLOUR_GROUPS: dict[str, str] = {
    "white": "pale", "off_white": "pale", "clear": "pale",
    "yellow": "yellow_brown", "orange": "yellow_brown", "brown": "yellow_brown",
    "pink": "pink_red", "red": "pink_red",
    "purple": "blue_green_purple", "blue": "blue_green_purple", "green": "blue_green_purple",
    "grey": "dark", "black": "dark",
    "multi": "several",
}  # fmt: skip
"""Fourteen colours to tick are six groups: what two people call one tablet differs by less than a group."""
SEVERAL = "several"


def colour_group(colours: Sequence[str]) -> str:
    """The one group of the ticked colours; `several` where they lie in more than one."""
    groups = {COLOUR_GROUPS.get(colour, OTHER) for colour in colours}
    if not groups:
        return NOT_RECORDED
    return groups.pop() if len(groups) == 1 else SEVERAL


class Known(NamedTuple):
    """What someone who handed a sample in knows of it: the columns that k samples must share.

    In a record `period` is its month and `intent` what was expected; in a row either may be wider.
    """

    region: str
    period: str
    form: str
    intent: str
    colour_group: str


@dataclass(frozen=True, slots=True, order=True)
class RecordedFinding:
    """One substance or class found. `amount` in `unit`, of `basis`; None where nobody measured."""

    name: str
    drug_class: str
    amount: float | None = None
    unit: str = ""
    basis: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """One sample before anything is generalised. Never leaves the server."""

    key: str
    known: Known
    intent_class: str
    found: tuple[RecordedFinding, ...] = ()
    verdict: str = ""
    methods: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Changes when anything does that an extract could show."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    @property
    def names(self) -> frozenset[str]:
        """What was found, by name; one word for nothing, so that it can be rare as well."""
        return frozenset(f.name for f in self.found) or frozenset({NOTHING})


@dataclass(frozen=True, slots=True)
class Drawn:
    """One row as it may be published: labels only. `amounts`: label → band."""

    key: str
    known: Known
    found: frozenset[str]
    amounts: Mapping[str, str] = field(default_factory=dict)
    verdict: str = ""
    methods: str = ""

    @property
    def withheld(self) -> bool:
        """Every row of its group had the same, so none says what."""
        return self.found == {WITHHELD}

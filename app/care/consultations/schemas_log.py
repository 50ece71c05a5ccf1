"""Shapes of what was shown, of what staff did to pages, of urgent messages and override rates over HTTP."""

from __future__ import annotations

import uuid
from datetime import datetime

from pydantic import AliasPath, BaseModel, Field, JsonValue

from app.care.consultations.adjusting import AdjustmentView
from app.care.consultations.domain import AdjustmentKind, UrgentReach, UrgentState, WhyNotRelevant, WhyRefused
from app.care.consultations.override_rates import DEFINITION
from app.care.consultations.replaying import Replay, ShownView
from app.care.consultations.schemas import ResultMessage
from app.care.consultations.urgent import UrgentView
from app.platform.web.fields import FreeText, Note200, Text80


class ShownOut(BaseModel):
    """One page as it was shown: to whom, when, in which language, with which version of the message pack."""

    id: uuid.UUID
    at: datetime
    shown_to: str
    by: str = Field(description="whose screen it was, where it was staff's")
    result_id: uuid.UUID
    result_number: int
    under_review: bool
    locale: str
    pack_digest: str
    messages: list[dict[str, str | int]]
    page_sha256: str

    @classmethod
    def of(cls, view: ShownView) -> ShownOut:
        """The JSON shape of what the service shows."""
        around = {"by": view.by, "result_number": view.number, "under_review": view.under_review}
        return cls.model_validate({**view.row.model_dump(), **around})


class ReplayOut(BaseModel):
    """A page again. `exact`: the same to the byte; else `why` says what is missing."""

    shown: ShownOut
    exact: bool
    why: str
    headline: str
    told_us: str
    messages: list[ResultMessage]
    page: dict[str, JsonValue] | None = Field(
        description="the whole page as it was evaluated, with nothing self-reported"
    )

    @classmethod
    def of(cls, found: Replay) -> ReplayOut:
        """The JSON shape of the service's answer."""
        page = found.view.page if found.view else None
        return cls(
            shown=ShownOut.of(found.shown),
            exact=found.exact,
            why=found.why,
            headline=page.headline if page else "",
            told_us=page.told_us if page else "",
            messages=[ResultMessage.model_validate(one) for one in (page.messages() if page else ())],
            page=page.model_dump(mode="json") if page else None,
        )


class AdjustmentIn(BaseModel, extra="forbid"):
    """What to do to the page: `target` is a snippet of the pack, or the rule of a card."""

    kind: AdjustmentKind
    target: Text80
    reason: WhyNotRelevant | None = Field(None, description="required for not_relevant")


class AdjustmentOut(BaseModel):
    """What stands on a page because a worker put it there, or does not because a worker took it out."""

    id: uuid.UUID
    kind: AdjustmentKind
    target: str
    message_id: str
    title: str
    reason: WhyNotRelevant | None
    by: str
    at: datetime

    @classmethod
    def of(cls, view: AdjustmentView) -> AdjustmentOut:
        """The JSON shape of what the service shows."""
        return cls.model_validate({**view.row.model_dump(), "by": view.by})


class UrgentIn(FreeText, extra="forbid"):
    """A message of the pack for all pages of a session or its region."""

    session_id: uuid.UUID
    snippet: Text80
    reach: UrgentReach = UrgentReach.SESSION
    hours: int = Field(12, ge=1, le=72)
    why: Note200 = Field(description="for the two who approve; never on a page")


class StopIn(FreeText, extra="forbid"):
    """Why it is stopped."""

    why: Note200


class UrgentOut(BaseModel):
    """An urgent message and where it stands now."""

    id: uuid.UUID
    state: UrgentState
    reach: UrgentReach
    place: str
    snippet: str
    title: str
    text: str
    why: str
    hours: int
    until: datetime | None
    requested_by: str
    requested_at: datetime
    approved_by: list[str]
    stopped_by: str
    stopped_at: datetime | None
    stopped_why: str
    version: int

    @classmethod
    def of(cls, view: UrgentView) -> UrgentOut:
        """The JSON shape of what the service shows."""
        row = view.row
        around = {
            "state": view.state, "place": view.place, "title": view.title, "text": view.text,
            "requested_by": view.name(row.requested_by), "stopped_by": view.name(row.stopped_by),
            "approved_by": [view.name(one) for one in (row.first_by, row.second_by) if one],
        }  # fmt: skip
        return cls.model_validate({**row.model_dump(), **around})


class RuleRateOut(BaseModel, from_attributes=True):
    """How often the message of one rule was taken off pages. `share` only where it stood on 20 or more.

    A snippet, or an empty `rule` (nothing that the pack holds), is there where an attempt at it was refused.
    """

    rule: str
    title: str
    severity: str
    shown: int
    taken_out: int
    pinned: int
    share: float | None
    low: float | None = Field(validation_alias=AliasPath("bounds", 0))
    high: float | None = Field(validation_alias=AliasPath("bounds", 1))
    reasons: dict[WhyNotRelevant, int]
    refused: int = Field(description="attempts that were not granted, at this rule or snippet")
    refused_why: dict[WhyRefused, int]


class OverrideRates(BaseModel):
    """The figures with what they count."""

    definition: str = DEFINITION
    days: int
    rows: list[RuleRateOut]

"""What is said of an alert that is written, the same whether a form or a program sends it."""

from __future__ import annotations

import uuid
from typing import Annotated

from pydantic import AfterValidator, Field

from app.care.alerts.domain import Reach, Tier
from app.platform.web.fields import FreeText, Moment, Note300, Text60, Told40, Told600
from harm_messages import Form


def _filled_in(each: list[str]) -> list[str]:
    return [one for one in each if one]


class AlertIn(FreeText, extra="forbid"):
    """An alert to write: T0 and T1 warn at once, above that it is a draft. Empty descriptors match anything."""

    tier: Tier
    reach: Reach = Reach.SESSION
    session_id: uuid.UUID | None = Field(None, description="the session, or one in the region, it is about")
    words: Note300 = Field(description="for staff; never on a client's page")
    told_words: Told600 = Field("", description="what partners and the public read, from T2 on")
    substances: list[Text60] = Field(default=[], max_length=20)
    classes: list[Text60] = Field(default=[], max_length=20)
    forms: list[Form] = Field(default=[], max_length=13)
    logos: Annotated[list[Told40], AfterValidator(_filled_in)] = Field(default=[], max_length=10)
    colours: Annotated[list[Told40], AfterValidator(_filled_in)] = Field(default=[], max_length=14)
    until: Moment | None = Field(
        None, description="left out: as long as its tier allows, a T1 not beyond the end of its session"
    )
    sample_id: uuid.UUID | None = Field(None, description="the sample it rests on")

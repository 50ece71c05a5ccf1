"""Shapes of sites and sessions over HTTP."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, Field, StringConstraints, model_validator

from app.intake.sessions.domain import LICENCE_WORDS, Phase, ServiceType, phase
from app.intake.sessions.tables import CheckingSession, SessionShown, Site, SiteOut
from app.platform.web.fields import OF_A_PLACE, Moment, Text60, Text140
from harm_messages.vocabulary import LicenceMode

Name = Annotated[Text140, OF_A_PLACE, StringConstraints(min_length=1, max_length=120)]
Called = Annotated[Text60, OF_A_PLACE, StringConstraints(min_length=1)]


class NewSite(BaseModel, extra="forbid"):
    """A place by its canonical name; aliases are what people also call it."""

    name: Name
    region: Called
    aliases: list[Called] = Field(default=[], max_length=20)


class NewSession(BaseModel, extra="forbid"):
    """A session to open: at a known site (`site_id`) or at a new one (`site`)."""

    name: Name
    site_id: uuid.UUID | None = None
    site: NewSite | None = None
    service_type: ServiceType
    licence_mode: LicenceMode
    opens_at: Moment
    closes_at: Moment
    client_lookup: bool = True
    screening_single: bool = False

    @model_validator(mode="after")
    def _one_site(self) -> Self:
        if (self.site_id is None) == (self.site is None):
            raise ValueError("give either site_id or site")
        return self


class SessionOut(SessionShown):
    """A session with the plain words of its licence."""

    site: SiteOut
    licence_words: str
    phase: Phase

    @classmethod
    def of(cls, row: CheckingSession, site: Site, now: datetime) -> SessionOut:
        """From rows."""
        stands = phase(row.opens_at, row.closes_at, row.closed_at, now)
        words = {"licence_words": LICENCE_WORDS[row.licence_mode], "phase": stands}
        return cls.model_validate({**row.model_dump(), **words, "site": site.model_dump()})

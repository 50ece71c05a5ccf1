"""Shapes of sites and sessions over HTTP."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from app.intake.sessions.domain import LICENCE_WORDS, Phase, ServiceType, phase
from app.intake.sessions.tables import CheckingSession, Site
from app.platform.web.fields import OF_A_PLACE, Moment, Text60, Text140
from harm_messages.vocabulary import LicenceMode

Name = Annotated[Text140, OF_A_PLACE, StringConstraints(min_length=1, max_length=120)]
Region = Annotated[Text60, OF_A_PLACE, StringConstraints(min_length=1)]
Alias = Annotated[Text60, OF_A_PLACE, StringConstraints(min_length=1)]


class NewSite(BaseModel):
    """A place by its canonical name; aliases are what people also call it."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    region: Region
    aliases: list[Alias] = Field(default=[], max_length=20)


class NewSession(BaseModel):
    """A session to open: at a known site (`site_id`) or at a new one (`site`)."""

    model_config = ConfigDict(extra="forbid")

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


class SiteOut(BaseModel):
    """A site."""

    model_config = ConfigDict(from_attributes=True)

    id: uuid.UUID
    name: str
    region: str
    aliases: list[str]


class SessionOut(BaseModel):
    """A session with the plain words of its licence."""

    id: uuid.UUID
    name: str
    site: SiteOut
    service_type: ServiceType
    licence_mode: LicenceMode
    licence_words: str
    client_lookup: bool
    screening_single: bool
    opens_at: datetime
    closes_at: datetime
    closed_at: datetime | None
    phase: Phase
    version: int

    @classmethod
    def of(cls, row: CheckingSession, site: Site, now: datetime) -> SessionOut:
        """From rows."""
        return cls(
            **row.model_dump(),
            site=SiteOut.model_validate(site),
            licence_words=LICENCE_WORDS[row.licence_mode],
            phase=phase(row.opens_at, row.closes_at, row.closed_at, now),
        )

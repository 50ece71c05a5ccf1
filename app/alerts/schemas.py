"""Shapes of alerts over HTTP."""

from __future__ import annotations

import uuid
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from app.alerts.domain import NO_GREEN_LIGHT, AlertState, Reach, Tier
from app.alerts.service import AlertView, NewAlert
from app.platform.web.fields import Moment, Text40, Text60, Text200, Text300
from harm_messages import Form


class AlertIn(BaseModel):
    """An alert to write: T0 and T1 warn at once, above that it is a draft. Empty descriptors match anything."""

    model_config = ConfigDict(extra="forbid")

    tier: Tier
    reach: Reach = Reach.SESSION
    session_id: uuid.UUID | None = Field(None, description="the session, or one in the region, it is about")
    words: Text300 = Field(description="for staff; never on a client's page")
    substances: list[Text60] = Field(default=[], max_length=20)
    classes: list[Text60] = Field(default=[], max_length=20)
    forms: list[Form] = Field(default=[], max_length=13)
    logos: list[Text40] = Field(default=[], max_length=10)
    colours: list[Text40] = Field(default=[], max_length=14)
    until: Moment | None = Field(None, description="left out: as long as its tier allows")
    sample_id: uuid.UUID | None = Field(None, description="the sample it rests on")

    def alert(self) -> NewAlert:
        """For the use case."""
        return NewAlert(
            tier=self.tier,
            reach=self.reach,
            words=self.words,
            session_id=self.session_id,
            substances=tuple(self.substances),
            classes=tuple(self.classes),
            forms=tuple(form.value for form in self.forms),
            logos=tuple(logo for logo in self.logos if logo),
            colours=tuple(colour for colour in self.colours if colour),
            until=self.until,
            sample_id=self.sample_id,
        )


class EndIn(BaseModel):
    """Why it ends."""

    model_config = ConfigDict(extra="forbid")

    reason: Text200


class AlertOut(BaseModel):
    """An alert. `warns`: at the moment of this answer."""

    id: uuid.UUID
    tier: Tier
    state: AlertState
    warns: bool
    reach: Reach
    session_id: uuid.UUID | None
    region: str
    place: str
    words: str
    note: str = Field(NO_GREEN_LIGHT, description="stands with every alert")
    substances: list[str]
    classes: list[str]
    forms: list[str]
    logos: list[str]
    colours: list[str]
    from_at: datetime
    until: datetime
    sample_id: uuid.UUID | None
    drafted_by: str
    ended_at: datetime | None
    ended_by: str
    reason: str
    version: int

    @classmethod
    def of(cls, view: AlertView) -> AlertOut:
        """From the service's view."""
        row = view.row
        return cls(
            id=row.id,
            tier=row.tier,
            state=row.state,
            warns=view.warns,
            reach=row.reach,
            session_id=row.session_id,
            region=row.region,
            place=view.place,
            words=row.words,
            substances=row.substances,
            classes=row.classes,
            forms=row.forms,
            logos=row.logos,
            colours=row.colours,
            from_at=row.from_at,
            until=row.until,
            sample_id=row.sample_id,
            drafted_by=view.by,
            ended_at=row.ended_at,
            ended_by=view.ended_by,
            reason=row.reason,
            version=row.version,
        )

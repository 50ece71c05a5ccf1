"""Shapes of alerts over HTTP."""

from __future__ import annotations

import uuid
from datetime import datetime

from pydantic import BaseModel, Field, JsonValue, TypeAdapter

from app.care.alerts.domain import NO_GREEN_LIGHT, Act, AlertState, Channel, Reach, Tier, Trigger
from app.care.alerts.service import AlertDetail, AlertView, EvidenceLine, NewAlert
from app.platform.web.fields import FreeText, Moment, Note200, Note300, Text60, Told40, Told200, Told600
from harm_messages import Form


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
    logos: list[Told40] = Field(default=[], max_length=10)
    colours: list[Told40] = Field(default=[], max_length=14)
    until: Moment | None = Field(None, description="left out: as long as its tier allows")
    sample_id: uuid.UUID | None = Field(None, description="the sample it rests on")

    def alert(self) -> NewAlert:
        """For the use case."""
        logos, colours = [logo for logo in self.logos if logo], [colour for colour in self.colours if colour]
        return _NEW.validate_python({**self.model_dump(), "logos": logos, "colours": colours})


_NEW = TypeAdapter(NewAlert)


class StepIn(FreeText, extra="forbid"):
    """What is said with a step; sending back needs a reason."""

    reason: Note200 = ""


class EndIn(FreeText, extra="forbid"):
    """Why it ends."""

    reason: Note200


class RetractIn(BaseModel, extra="forbid"):
    """Why it is taken back: told where the alert was told."""

    reason: Told200


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
    told_words: str
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
        """The JSON shape of what the service shows."""
        names = {"place": view.place, "drafted_by": view.by, "ended_by": view.ended_by}
        return cls.model_validate({**view.row.model_dump(), **names, "warns": view.warns})


class EvidenceOut(BaseModel):
    """Why the detection drafted it. For staff of this service only: the counts are not protected."""

    trigger: Trigger
    about: str
    intent: str
    x: int | None
    n: int | None
    probability: float | None
    threshold: float | None
    detail: dict[str, JsonValue]
    samples: list[int] = Field(description="numbers of the samples in their sessions")
    found_at: datetime

    @classmethod
    def of(cls, found: EvidenceLine) -> EvidenceOut:
        """The JSON shape of what the service shows."""
        return cls.model_validate({**found.row.model_dump(), "samples": [one.number for one in found.samples]})


class StepOut(BaseModel):
    """A step that was taken."""

    act: Act
    by: str
    role: str
    reason: str
    at: datetime


class ActOut(BaseModel):
    """A step there is from here. `reasons`: why the caller may not take it; empty when they may."""

    act: Act
    reasons: list[str]


class ChannelOut(BaseModel, from_attributes=True):
    """Where it was told, and since when its retraction stands there."""

    channel: Channel
    told_at: datetime
    retracted_at: datetime | None


class AlertDetailOut(AlertOut):
    """An alert with its evidence, its sign-off, and what may be done now. `missing`: what keeps it from leaving the
    service as it stands."""

    evidence: list[EvidenceOut]
    steps: list[StepOut]
    channels: list[ChannelOut]
    acts: list[ActOut]
    missing: list[str]

    @classmethod
    def with_detail(cls, view: AlertView, found: AlertDetail) -> AlertDetailOut:
        """The JSON shape of what the service shows."""
        return cls(
            **AlertOut.of(view).model_dump(),
            evidence=[EvidenceOut.of(one) for one in found.evidence],
            steps=[StepOut(act=s.act, by=s.name, role=s.role, reason=s.reason, at=s.at) for s in found.steps],
            channels=[ChannelOut.model_validate(channel) for channel in found.channels],
            acts=[ActOut(act=act, reasons=list(reasons)) for act, reasons in found.acts.items()],
            missing=list(found.missing),
        )


class RunOut(BaseModel, from_attributes=True):
    """One look over all series of the service. `settings`: those it was done with."""

    at: datetime
    sessions: int
    series: int
    rises: int
    drifts: int
    drafts: int
    settings: dict[str, JsonValue]


class Asked(BaseModel):
    """A look over all series was asked for; it is done soon after this answer."""

    asked: bool = True

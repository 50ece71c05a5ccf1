"""Shapes of alerts over HTTP."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from app.care.alerts.domain import NO_GREEN_LIGHT, Act, AlertState, Channel, Reach, Tier
from app.care.alerts.service import AlertDetail, AlertView, DetectionRun, EvidenceLine, NewAlert
from app.care.alerts.signals import Trigger
from app.care.alerts.told import Told
from app.platform.web.fields import FreeText, Moment, Note200, Note300, Text60, Told40, Told200, Told600
from harm_messages import Form


class AlertIn(FreeText):
    """An alert to write: T0 and T1 warn at once, above that it is a draft. Empty descriptors match anything."""

    model_config = ConfigDict(extra="forbid")

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
            told_words=self.told_words,
        )


class StepIn(FreeText):
    """What is said with a step; sending back needs a reason."""

    model_config = ConfigDict(extra="forbid")

    reason: Note200 = ""


class EndIn(FreeText):
    """Why it ends."""

    model_config = ConfigDict(extra="forbid")

    reason: Note200


class RetractIn(BaseModel):
    """Why it is taken back: told where the alert was told."""

    model_config = ConfigDict(extra="forbid")

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
            told_words=row.told_words,
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


class EvidenceOut(BaseModel):
    """Why the detection drafted it. For staff of this service only: the counts are not protected."""

    trigger: Trigger
    about: str
    intent: str
    x: int | None
    n: int | None
    probability: float | None
    threshold: float | None
    detail: dict[str, Any]
    samples: list[int] = Field(description="numbers of the samples in their sessions")
    found_at: datetime

    @classmethod
    def of(cls, found: EvidenceLine) -> EvidenceOut:
        """The JSON shape of what the service shows."""
        row = found.row
        return cls(
            trigger=row.trigger,
            about=row.about,
            intent=row.intent,
            x=row.x,
            n=row.n,
            probability=row.probability,
            threshold=row.threshold,
            detail=row.detail,
            samples=[one.number for one in found.samples],
            found_at=row.found_at,
        )


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


class ChannelOut(BaseModel):
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
            channels=[
                ChannelOut(channel=c.channel, told_at=c.told_at, retracted_at=c.retracted_at) for c in found.channels
            ],
            acts=[ActOut(act=act, reasons=list(reasons)) for act, reasons in found.acts.items()],
            missing=list(found.missing),
        )


class RunOut(BaseModel):
    """One look over all series of the service. `settings`: those it was done with."""

    at: datetime
    sessions: int
    series: int
    rises: int
    drifts: int
    drafts: int
    settings: dict[str, Any]

    @classmethod
    def of(cls, row: DetectionRun) -> RunOut:
        """The JSON shape of a stored row."""
        return cls(**row.model_dump(include=set(cls.model_fields)))


class Asked(BaseModel):
    """A look over all series was asked for; it is done soon after this answer."""

    asked: bool = True


class ToldOut(BaseModel):
    """An alert as partners and the public read it: no session, no sample, no number, no time of day."""

    id: uuid.UUID
    tier: Tier
    service: str
    region: str = Field(description="empty: wherever the service works")
    words: str
    note: str = Field(NO_GREEN_LIGHT, description="stands with every alert")
    about: list[str]
    forms: list[str]
    colours: list[str]
    logos: list[str]
    from_at: date = Field(description="a day: no time of day is told outside")
    until: date
    in_force: bool
    retracted_at: date | None
    reason: str

    @classmethod
    def of(cls, one: Told) -> ToldOut:
        """The JSON shape of what the service shows."""
        return cls(
            id=one.public_id,
            tier=one.tier,
            service=one.service,
            region=one.region,
            words=one.words,
            about=list(one.about),
            forms=list(one.forms),
            colours=list(one.colours),
            logos=list(one.logos),
            from_at=one.from_at,
            until=one.until,
            in_force=one.in_force,
            retracted_at=one.retracted_at,
            reason=one.reason,
        )

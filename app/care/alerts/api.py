"""JSON routes of alerts: what is told to partner agencies and to everybody; and for staff: read, write, sign off, end, the
runs of the detection."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from app.care.alerts import domain, published_alerts, service, signing
from app.care.alerts.detecting_job import look_at_series
from app.care.alerts.schemas import AlertIn
from app.care.alerts.service import AlertDetail, AlertView, EvidenceLine
from app.care.alerts.tables import AlertShown, EvidenceShown, RunOut
from app.intake.people.web_proving import proven_lately
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import SERVICE_STAFF, allow, public
from app.platform.web.etags import tagged
from app.platform.web.fields import FreeText, Note200, Told200
from app.platform.web.paging import Cursor, Limit, Page, cut, decode_cursor
from app.runtime import Change, ChangeDep, CreationDep, RuntimeDep

router = APIRouter(prefix="/api/v1", tags=["alerts"])

Staff = Annotated[Actor, allow(*SERVICE_STAFF, Role.CLINICIAN)]
Writer = Annotated[Actor, allow(*sorted(domain.WRITERS))]
Signer = Annotated[Actor, allow(*sorted(domain.ALL_STEPS))]
Partner = Annotated[Actor, allow(*sorted(domain.PARTNERS))]


class StepIn(FreeText, extra="forbid"):
    """What is said with a step; sending back and discarding need a reason."""

    reason: Note200 = ""


NOTHING_SAID = StepIn()


class RetractIn(BaseModel, extra="forbid"):
    """Why it is taken back: told where the alert was told."""

    reason: Told200


class AlertOut(AlertShown):
    """An alert. `warns`: at the moment of this answer."""

    warns: bool
    place: str
    note: str = Field(domain.NO_GREEN_LIGHT, description="stands with every alert")
    drafted_by: str
    ended_by: str

    @classmethod
    def of(cls, view: AlertView) -> AlertOut:
        """The JSON shape of what the service shows."""
        names = {"place": view.place, "drafted_by": view.by, "ended_by": view.ended_by}
        return cls.model_validate({**view.row.model_dump(), **names, "warns": view.warns})


class EvidenceOut(EvidenceShown):
    """Why the detection drafted it. For staff of this service only: the counts are not protected."""

    samples: list[int] = Field(description="numbers of the samples in their sessions")

    @classmethod
    def of(cls, found: EvidenceLine) -> EvidenceOut:
        """The JSON shape of what the service shows."""
        return cls.model_validate({**found.row.model_dump(), "samples": [one.number for one in found.samples]})


class StepOut(BaseModel):
    """A step that was taken."""

    act: domain.Act
    by: str
    role: str
    reason: str
    at: datetime


class ActOut(BaseModel):
    """A step there is from here. `reasons`: why the caller may not take it; empty when they may."""

    act: domain.Act
    reasons: list[str]


class ChannelOut(BaseModel, from_attributes=True):
    """Where it was told, and since when its retraction stands there."""

    channel: domain.Channel
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


class Asked(BaseModel):
    """A look over all series was asked for; it is done soon after this answer."""

    asked: bool = True


@router.get("/alerts/told")
def alerts_told(who: Partner, rt: RuntimeDep) -> list[published_alerts.PublishedAlert]:
    """What partner agencies are told: alerts from T2 on that are in force, and retractions."""
    with rt.read() as session:
        return published_alerts.published(session, domain.Channel.PARTNERS, rt.pack.register, rt.now())


@router.get("/alerts/public", dependencies=[public("public alerts are for everybody")])
def alerts_public(rt: RuntimeDep) -> list[published_alerts.PublishedAlert]:
    """What everybody is told: public alerts (T3) that are in force, and retractions."""
    with rt.read() as session:
        return published_alerts.published(session, domain.Channel.PUBLIC, rt.pack.register, rt.now())


@router.get("/alerts")
def list_alerts(who: Staff, rt: RuntimeDep, cursor: Cursor = "", limit: Limit = 50) -> Page[AlertOut]:
    """Alerts the caller may read, newest first: drafts, those in force, retracted ones and those that are over."""
    with rt.read() as session:
        rows = service.page(session, who, rt.now(), before=decode_cursor(cursor), limit=limit + 1)
    return cut(rows, limit, AlertOut.of, lambda view: view.row.id)


@router.get("/alerts/now")
def alerts_now(who: Staff, rt: RuntimeDep, session_id: uuid.UUID | None = None) -> list[AlertOut]:
    """What staff are warned of now, and what was retracted a short while ago; for one session where named."""
    with rt.read() as session:
        return [AlertOut.of(view) for view in service.notices(session, who, rt.now(), session_id)]


@router.get("/alerts/runs")
def list_runs(who: Signer, rt: RuntimeDep) -> list[RunOut]:
    """The last looks over all series of the service, newest first."""
    with rt.read() as session:
        return [RunOut.model_validate(row) for row in service.runs(session, who)]


@router.post("/alerts/runs", status_code=202)
def ask_for_run(who: Writer, rt: RuntimeDep, request: Request) -> Asked:
    """Look over all series now instead of in the night."""
    with rt.begin(who, request) as uow:
        assert who.agency_id is not None
        look_at_series(uow, who.agency_id)
    return Asked()


@router.get("/alerts/{alert_id}")
def read_alert(alert_id: uuid.UUID, who: Staff, rt: RuntimeDep, response: Response) -> AlertDetailOut:
    """One alert with its evidence and its sign-off."""
    with rt.read() as session:
        view = service.alert_view(session, who, alert_id, rt.now())
        found = service.detail(session, who, view.row)
    return tagged(response, AlertDetailOut.with_detail(view, found))


@router.post("/alerts", status_code=201, response_model=AlertOut)
def write_alert(body: AlertIn, who: Writer, rt: RuntimeDep, creation: CreationDep) -> JSONResponse:
    """Raise a T0 or T1 at once; write a draft of anything higher."""
    return creation.made(who, lambda uow: _out(uow, service.propose(uow, body, rt.pack.register)))


@router.put("/alerts/{alert_id}")
def edit_alert(alert_id: uuid.UUID, body: AlertIn, who: Writer, rt: RuntimeDep, change: ChangeDep) -> AlertOut:
    """Write a draft again. Anyone who does is one of its authors, and does not agree to it."""
    register = rt.pack.register
    return change.made(who, lambda uow: _out(uow, signing.edit(uow, alert_id, change.version, body, register)))


def _out(uow: UnitOfWork, row: service.Alert) -> AlertOut:
    return AlertOut.of(service.alert_view(uow.session, uow.actor, row.id, uow.now))


@router.post("/alerts/{alert_id}/retract")
def retract_alert(alert_id: uuid.UUID, body: RetractIn, who: Signer, change: ChangeDep) -> AlertOut:
    """Take back an alert that is in force; that is told where it stood."""
    return _take(alert_id, who, change, domain.Act.RETRACT, body.reason)


@router.post("/alerts/{alert_id}/{step}", dependencies=[proven_lately(*domain.SIGNATURES)])
def take_step(
    alert_id: uuid.UUID, step: domain.Step, who: Signer, change: ChangeDep, body: StepIn = NOTHING_SAID
) -> AlertOut:
    """Take one step of its sign-off, or drop a draft. Refused (409) with every reason why the caller may not.

    A T0 or T1 is raised by one person. From T2 on the laboratory submits, the health side agrees, and the last approval
    its tier needs puts it in force; sent back it is a draft again, and what was signed does not count any more.
    """
    return _take(alert_id, who, change, step, body.reason)


def _take(alert_id: uuid.UUID, who: Actor, change: Change, act: domain.Act, reason: str) -> AlertOut:
    return change.made(who, lambda uow: _out(uow, signing.take(uow, alert_id, change.version, act, reason)))

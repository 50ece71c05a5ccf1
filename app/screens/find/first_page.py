"""Where someone's work begins, and what waits there first: to analyse, to verify, to release, to sign."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from app.care.alerts import service as alerts
from app.care.consultations import urgent
from app.care.message_packs import service as packs
from app.care.message_packs.domain import PackState
from app.intake.samples import queue
from app.intake.samples.domain import Stage
from app.intake.sessions import service as sessions
from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import SERVICE_STAFF
from app.results.bench import amended_at
from app.results.domain import State
from app.runtime import Runtime
from app.screens import navigation
from app.screens.visits import Lead, Visit, visitor

router = APIRouter(include_in_schema=False)

Verifier = Annotated[Visit, visitor(Role.VERIFIER)]
Clinician = Annotated[Visit, visitor(Role.CLINICIAN)]
BENCH = "/bench"
WAITS = {Stage.ANALYSED: State.SUBMITTED, Stage.VERIFIED: State.VERIFIED}
"""The state of a newer version that stands at a stage."""
LAST_AREA = "mast-area"
"""The cookie with the word of the header someone with several roles went to last; written by mast.js."""


@router.get("/to-verify")
def to_verify(visit: Verifier) -> RedirectResponse:
    """To a result that corrects what a client was told, else to the sample that has waited longest for a verifier."""
    return _first(visit, Stage.ANALYSED)


@router.get("/to-release")
def to_release(visit: Lead) -> RedirectResponse:
    """To a correction of what a client was told, else to the verified sample that has waited longest for its release."""
    return _first(visit, Stage.VERIFIED)


def _first(visit: Visit, stage: Stage) -> RedirectResponse:
    return RedirectResponse(_at_bench(visit.rt, visit.who, stage), 303)


def _at_bench(rt: Runtime, actor: Actor, stage: Stage) -> str:
    """The sample that comes first at a stage; where none waits, the list."""
    with rt.read() as session:
        at_work = sessions.sessions_at_work(session, actor, rt.now())
        now = [row.id for row in at_work if row.closed_at is None]
        amended = amended_at(session, actor, [row.id for row in at_work], WAITS[stage]) if stage in WAITS else []
        found = next(iter(amended), None) or queue.first_at(session, actor, now, stage)
        found = found or queue.first_at(session, actor, [row.id for row in at_work], stage)
    return f"/bench/samples/{found}" if found else BENCH


@router.get("/to-sign")
def to_sign(visit: Clinician) -> RedirectResponse:
    """To what waits for this person: an urgent message first, the version of the messages, an alert; else to the messages."""
    with visit.rt.read() as session:
        address = (
            ("/consultations/urgent" if urgent.to_approve(session, visit.who, visit.rt.now()) else "")
            or _version_to_sign(visit, session)
            or _alert_to_sign(visit, session)
        )
    return RedirectResponse(address or "/messages?done=nothing_to_sign", 303)


def _version_to_sign(visit: Visit, session: Session) -> str:
    if visit.who.agency_id is None:
        return ""
    rows = packs.views_page(session, visit.rt.packs, visit.who, visit.rt.now())
    me = str(visit.who.person_id)
    waiting = [
        view
        for view in rows
        if view.row.state is PackState.IN_REVIEW
        and me not in view.row.authors
        and all(str(mark.person_id) != me for mark in view.signed)
    ]
    return f"/messages/{waiting[-1].row.id}" if waiting else ""


def _alert_to_sign(visit: Visit, session: Session) -> str:
    waiting = alerts.to_sign(session, visit.who, visit.rt.now())
    return f"/alerts/{waiting[-1].row.id}" if waiting else ""


def start_of(rt: Runtime, actor: Actor, last: str) -> str:
    """The page this person's work begins at. `last`: the area they used last, where they have several roles."""
    if actor.waits:
        return "/account/second"
    place = navigation.begins_at(actor, last)
    if place is None:
        return "/about"
    if place.href == BENCH and actor.has(Role.CHEMIST):
        return _at_bench(rt, actor, Stage.RECEIVED)
    return navigation.address(place, _session_now(rt, actor)) or "/about"


def _session_now(rt: Runtime, actor: Actor) -> uuid.UUID | None:
    if actor.agency_id is None or not actor.has(*SERVICE_STAFF):
        return None
    with rt.read() as session:
        open_now = sessions.sessions_now(session, actor, rt.now())
    return open_now[0].id if open_now else None

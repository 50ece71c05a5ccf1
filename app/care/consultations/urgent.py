"""Use cases of urgent messages: ask for one on all pages of a place, approve it by two, stop it, and its end by itself."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from app.care.consultations import domain
from app.care.consultations.tables import UrgentMessage
from app.intake.people import service as people
from app.intake.sessions import service as sessions
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.db.rows import newest, row_of
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import Conflict, Invalid, Refused
from app.platform.kernel.versions import check_version
from app.platform.live.publish import publish
from harm_messages import Pack, snippets_of

LISTED = 30
NOT_ASKED = "The request was not made. What you typed is still here."
_ENDED = {domain.UrgentState.LAPSED: domain.WhyRefused.LAPSED, domain.UrgentState.OVER: domain.WhyRefused.OVER}


@dataclass(frozen=True, slots=True)
class UrgentView:
    """A request with names, the place it is for, its text, and why this person may not approve it ("" when they may)."""

    row: UrgentMessage
    state: domain.UrgentState
    place: str
    title: str
    text: str
    names: dict[uuid.UUID, str]
    why_not: str

    @property
    def state_words(self) -> str:
        """Where it stands; a request says for how many people it still waits."""
        half = self.state is domain.UrgentState.ASKED and self.row.first_by is not None
        return "waits for one more person" if half else self.state.words

    def name(self, person_id: uuid.UUID | None) -> str:
        """A person of it by name."""
        return self.names.get(person_id, "someone") if person_id else ""


def request(
    uow: UnitOfWork, session_id: uuid.UUID, snippet: str, reach: domain.UrgentReach, hours: int, why: str, *, pack: Pack
) -> UrgentMessage:
    """Ask for a message of the pack on all pages of a session or its region. Nothing is shown until two approve.

    Raises NotFound for a foreign session, Invalid with a sentence per field.
    """
    checking = sessions.get_session(uow.session, uow.actor, session_id)
    wrong: dict[str, str] = {}
    codes = []
    if snippet not in {row.id for row in snippets_of(pack, "urgent")}:
        wrong["snippet"] = "Choose one of the urgent messages of the message pack."
        codes.append(domain.WhyRefused.UNKNOWN_SNIPPET)
    if hours not in domain.URGENT_HOURS:
        wrong["hours"] = f"Choose one of {', '.join(map(str, domain.URGENT_HOURS))} hours."
        codes.append(domain.WhyRefused.UNKNOWN_LENGTH)
    if not why:
        wrong["why"] = "Say briefly why. The two approvers read it."
        codes.append(domain.WhyRefused.NO_REASON)
    if wrong:
        raise Invalid(NOT_ASKED, fields=wrong, reason_code=codes[0])
    row = UrgentMessage(
        agency_id=checking.agency_id, reach=reach, session_id=checking.id,
        region=sessions.site_of(uow.session, checking).region, snippet=snippet, hours=hours, why=why,
        requested_by=domain.person_of(uow.actor), requested_at=uow.now,
    )  # fmt: skip
    uow.session.add(row)
    uow.session.flush()
    after = {"snippet": snippet, "reach": reach.value, "hours": hours}
    audit.record(uow, "request", "urgent_message", row.id, version=row.version, after=after, session_id=checking.id)
    _tell(uow, row, "urgent.asked")
    return row


def approve(uow: UnitOfWork, urgent_id: uuid.UUID, version: int) -> UrgentMessage:
    """Approve it; the second approval puts it on pages. Raises NotFound, Stale, Conflict, Refused."""
    row = row_of(uow.session, UrgentMessage, uow.actor.agency_id, urgent_id, "urgent message", lock=True)
    check_version("request", version, row.version)
    state = domain.urgent_state(row.requested_at, row.until, row.stopped_at, uow.now)
    if state is not domain.UrgentState.ASKED:
        code = _ENDED.get(state, domain.WhyRefused.NOT_WAITING)
        raise Conflict("This request no longer needs approval. Nothing was changed.", reason_code=code)
    if (why := _why_not(row, uow.actor)) is not None:
        raise Refused([domain.NO_APPROVAL[why]], reason_code=why)
    if row.first_by is None:
        row.first_by, row.first_at, row.first_senior = uow.actor.person_id, uow.now, uow.actor.has(*domain.SENIOR)
    else:
        row.second_by, row.second_at = uow.actor.person_id, uow.now
        row.until = uow.now + timedelta(hours=row.hours)
    row.version += 1
    after = {"shown": row.until is not None, "until": row.until.isoformat(timespec="seconds") if row.until else None}
    audit.record(uow, "approve", "urgent_message", row.id, version=row.version, after=after, session_id=row.session_id)
    _tell(uow, row, "urgent.approved")
    return row


def stop(uow: UnitOfWork, urgent_id: uuid.UUID, version: int, why: str) -> UrgentMessage:
    """Take it off every page, or drop the request; one person may. Raises NotFound, Stale, Conflict, Invalid."""
    row = row_of(uow.session, UrgentMessage, uow.actor.agency_id, urgent_id, "urgent message", lock=True)
    check_version("request", version, row.version)
    state = domain.urgent_state(row.requested_at, row.until, row.stopped_at, uow.now)
    if state not in (domain.UrgentState.ASKED, domain.UrgentState.SHOWN):
        code = _ENDED.get(state, domain.WhyRefused.NOT_WAITING)
        raise Conflict("No page shows it any more. Nothing was changed.", reason_code=code)
    if not why:
        raise Invalid(
            "It stays as it is.", fields={"why": "Say why it is stopped."}, reason_code=domain.WhyRefused.NO_REASON
        )
    row.stopped_by, row.stopped_at, row.stopped_why = uow.actor.person_id, uow.now, why
    row.version += 1
    audit.record(uow, "stop", "urgent_message", row.id, version=row.version, reason=why, session_id=row.session_id)
    _tell(uow, row, "urgent.stopped")
    return row


def urgents(session: Session, actor: Actor, now: datetime, pack: Pack) -> list[UrgentView]:
    """Requests of the actor's agency, the newest first."""
    mine = UrgentMessage.agency_id == actor.agency_id
    rows = newest(session, UrgentMessage, mine, before=None, limit=LISTED)
    return [view_of(session, actor, row, now, pack) for row in rows]


def to_approve(session: Session, actor: Actor, now: datetime) -> int:
    """How many requests wait for this very person."""
    if actor.agency_id is None or not actor.has(*domain.APPROVERS):
        return 0
    waiting = (
        col(UrgentMessage.agency_id) == actor.agency_id,
        col(UrgentMessage.until).is_(None),
        col(UrgentMessage.stopped_at).is_(None),
        col(UrgentMessage.requested_at) > now - domain.URGENT_WAITS,
    )
    return sum(_why_not(row, actor) is None for row in session.exec(select(UrgentMessage).where(*waiting)))


def view_of(session: Session, actor: Actor, row: UrgentMessage, now: datetime, pack: Pack) -> UrgentView:
    """One of them as this person sees it."""
    people_of = (row.requested_by, row.first_by, row.second_by, row.stopped_by)
    found = sessions.session_for_system(session, row.session_id) if row.session_id else None
    snippet = next((s for s in pack.snippets if s.id == row.snippet), None)
    text = pack.message(snippet.message, pack.manifest.default_locale) if snippet else None
    return UrgentView(
        row,
        domain.urgent_state(row.requested_at, row.until, row.stopped_at, now),
        row.region if row.reach is domain.UrgentReach.REGION else (found.name if found else ""),
        text.title if text else row.snippet,
        text.short if text else "",
        people.display_names(session, people_of),
        domain.NO_APPROVAL[why] if (why := _why_not(row, actor)) is not None else "",
    )


def _why_not(row: UrgentMessage, actor: Actor) -> domain.WhyRefused | None:
    if actor.person_id is None or not actor.has(*domain.APPROVERS):
        return domain.WhyRefused.NOT_ALLOWED
    senior = row.first_senior or actor.has(*domain.SENIOR)
    return domain.why_no_approval(row.requested_by, row.first_by, actor.person_id, senior=senior)


def _tell(uow: UnitOfWork, row: UrgentMessage, kind: str) -> None:
    """Every page of the place looks again."""
    at = row.session_id if row.reach is domain.UrgentReach.SESSION else None
    publish(uow, "alert", kind, agency_id=row.agency_id, session_id=at, payload={"urgent_id": row.id})

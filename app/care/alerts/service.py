"""Use cases of alerts: draft or raise one, who is warned now, the facts for the message rules, and what stands behind one, for
staff of its agency only."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.care.alerts import domain, repository, signing
from app.care.alerts.certainty import Certainty
from app.care.alerts.new_alert import certainty_behind
from app.care.alerts.schemas import AlertIn
from app.care.alerts.tables import Alert, AlertChannel, AlertEvidence, AlertStep, DetectionRun
from app.care.consultations.domain import person_of
from app.intake.people import service as people
from app.intake.samples.lookup import SampleLook, looks_of
from app.intake.sessions import service as sessions
from app.intake.tasks import service as tasks
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.db.rows import newest, row_of
from app.platform.kernel.actor import Actor, agency_of
from app.platform.kernel.errors import NotFound, Refused
from harm_messages import AlertFact
from harm_messages.register import Register

__all__ = ["Alert"]

BY_DETECTION = "automatic check"
_SUBMITTED = (domain.Act.SUBMIT, "Laboratory submits")
_AGREED = (domain.Act.AGREE, "Health worker or clinician approves")
_CLINICIAN = (domain.Act.AGREE, "Clinician approves")
_LEAD = (domain.Act.APPROVE, "Session lead approves")
_OTHER_LEAD = (domain.Act.APPROVE, "Session lead who did not write it approves")
_SECOND = (domain.Act.APPROVE, "Second session lead or clinician approves")
PATHS: dict[domain.Tier, tuple[tuple[domain.Act, str], ...]] = {
    domain.Tier.T0: (),
    domain.Tier.T1: (),
    domain.Tier.T2: (_SUBMITTED, _AGREED, _LEAD),
    domain.Tier.T3: (_SUBMITTED, _CLINICIAN, _OTHER_LEAD),
    domain.Tier.T4: (_SUBMITTED, _CLINICIAN, _OTHER_LEAD, _SECOND),
}
"""What each tier needs, in order."""


@dataclass(frozen=True, slots=True)
class AlertView:
    """An alert with the place it holds for and the names of who wrote and ended it, at one moment."""

    row: Alert
    place: str
    by: str
    ended_by: str
    now: datetime

    @property
    def warns(self) -> bool:
        """Whether it warns now."""
        return domain.in_force(self.row.state, self.row.from_at, self.row.until, self.now)

    @property
    def is_over(self) -> bool:
        """Whether it was in force and its end has passed."""
        return self.row.state is domain.AlertState.ACTIVE and self.row.until <= self.now

    @property
    def waits(self) -> bool:
        """Whether it waits for a person: nobody is warned yet."""
        return self.row.state in domain.WAITING

    @property
    def retracted(self) -> bool:
        """Whether it was taken back."""
        return self.row.state is domain.AlertState.RETRACTED


@dataclass(frozen=True, slots=True)
class EvidenceLine:
    """One line of evidence with the samples it rests on, as this agency numbers them."""

    row: AlertEvidence
    samples: tuple[SampleLook, ...]

    @property
    def title(self) -> str:
        """The trigger of this line of evidence in words."""
        return self.row.trigger.words


@dataclass(frozen=True, slots=True)
class AlertDetail:
    """Everything about one alert. `acts`: each step there is from here, with every reason why this person may not take
    it (none: they may); `missing`: what keeps it from leaving the service as it stands."""

    evidence: tuple[EvidenceLine, ...]
    steps: tuple[AlertStep, ...]
    channels: tuple[AlertChannel, ...]
    acts: Mapping[domain.Act, tuple[str, ...]]
    missing: tuple[str, ...]
    path: tuple[tuple[str, AlertStep | None], ...] = ()
    """The steps that the tier of an alert needs, in order, each with when and by whom it was taken."""
    ground: Certainty | None = None
    """How sure it is now, and what is lacking; for those who write and sign."""

    def may(self, act: domain.Act | str) -> bool:
        """Whether there is a button for it."""
        return self.acts.get(domain.Act(act)) == ()


def propose(uow: UnitOfWork, new: AlertIn, register: Register, task: tuple[uuid.UUID, int] | None = None) -> Alert:
    """Write an alert: T0 and T1 warn at once, above that it is a draft until it is signed off. `task`: the one that asked
    for it, and its version.

    Raises Invalid with a sentence per field, NotFound for a foreign session, sample or task, Refused for a role that
    writes none.
    """
    agency_id = agency_of(uow.actor)
    act = domain.Act.RAISE if new.tier in domain.BY_ONE else domain.Act.EDIT
    target, why = domain.decide(domain.AlertState.DRAFT, act, new.tier, uow.actor.roles, uow.actor.person_id)
    if target is None:
        raise Refused(why)
    session_id, region, until = signing.examined(
        uow, new, register, "The alert was not written. What you typed is still here."
    )
    row = Alert(
        agency_id=agency_id, tier=new.tier, state=target, reach=new.reach, words=new.words, told_words=new.told_words,
        session_id=session_id, region=region, substances=new.substances, classes=new.classes,
        forms=[form.value for form in new.forms], logos=new.logos, colours=new.colours, from_at=uow.now, until=until,
        sample_id=new.sample_id,
        drafted_by=person_of(uow.actor), drafted_at=uow.now, authors=[str(person_of(uow.actor))],
        approved_by=uow.actor.person_id if target is domain.AlertState.ACTIVE else None,
        approved_at=uow.now if target is domain.AlertState.ACTIVE else None,
    )  # fmt: skip
    uow.session.add(row)
    uow.session.flush()
    verb = "raise" if target is domain.AlertState.ACTIVE else "draft"
    if target is domain.AlertState.ACTIVE:
        signing.note(uow, row, domain.Act.RAISE)
        signing.begin_told(uow, row)
    after = {
        "tier": row.tier.value, "reach": row.reach.value, "substances": row.substances, "classes": row.classes,
        "forms": row.forms, "until": until.isoformat(timespec="seconds"),
    }  # fmt: skip
    audit.record(uow, verb, "alert", row.id, version=row.version, after=after, session_id=row.session_id)
    if task is not None:
        done = "A session notice was raised." if verb == "raise" else f"A draft of {row.tier} was written."
        tasks.close_task(uow, *task, done)
    signing.tell(uow, row, "alert.raised" if verb == "raise" else "alert.drafted")
    return row


# -- reading ----------------------------------------------------------------------------------------------------


def page(
    session: Session, actor: Actor, now: datetime, *, before: uuid.UUID | None = None, limit: int = 50
) -> list[AlertView]:
    """Alerts this person may read, the newest first: drafts, those in force, and those that are over."""
    if actor.agency_id is None:
        return []
    tiers, states = domain.visible(actor.roles), domain.readable(actor.roles)
    return _views(session, repository.page(session, actor.agency_id, tiers, states, before, limit), now)


def waiting(session: Session, actor: Actor, now: datetime, limit: int = 100) -> list[AlertView]:
    """What waits for a step, the newest first."""
    states = [state for state in domain.WAITING if state in domain.readable(actor.roles)]
    if actor.agency_id is None or not states:
        return []
    return _views(
        session, repository.page(session, actor.agency_id, domain.visible(actor.roles), states, None, limit), now
    )


_FORWARD = frozenset({domain.Act.RAISE, domain.Act.SUBMIT, domain.Act.AGREE, domain.Act.APPROVE})


def to_sign(session: Session, actor: Actor, now: datetime) -> list[AlertView]:
    """Of what waits, the alerts whose next step is this person's; the newest first."""

    def is_mine(row: Alert) -> bool:
        signed = signing.signatures(row, repository.all_of(session, AlertStep, row.id))
        steps = _FORWARD.intersection(domain.steps_from(row.state, row.tier))
        return any(
            domain.decide(row.state, act, row.tier, actor.roles, actor.person_id, signed).target for act in steps
        )

    return [view for view in waiting(session, actor, now) if is_mine(view.row)]


def runs(session: Session, actor: Actor, limit: int = 10) -> list[DetectionRun]:
    """When the detection last looked over all series, and what it found; the newest first."""
    mine = DetectionRun.agency_id == actor.agency_id
    return newest(session, DetectionRun, mine, before=None, limit=limit)


def alert_view(session: Session, actor: Actor, alert_id: uuid.UUID, now: datetime) -> AlertView:
    """One alert this person may read. Raises NotFound, also for one of a tier that is not theirs."""
    row = row_of(session, Alert, actor.agency_id, alert_id, "alert")
    if not signing.may_read(row.tier, row.state, actor):
        raise NotFound("alert")
    return _views(session, [row], now)[0]


def notices(session: Session, actor: Actor, now: datetime, session_id: uuid.UUID | None = None) -> list[AlertView]:
    """What staff are warned of now, and what was retracted a short while ago; for one session where named."""
    if actor.agency_id is None:
        return []
    rows = repository.not_over(session, actor.agency_id, now, domain.visible(actor.roles))
    if session_id is not None:
        checking = sessions.get_session(session, actor, session_id)
        region = sessions.site_of(session, checking).region
        rows = [row for row in rows if _holds_at(row, checking.id, region)]
    shown = [
        row
        for row in rows
        if domain.in_force(row.state, row.from_at, row.until, now)
        or domain.retraction_shows(row.state, row.ended_at, row.until, now, row.tier)
    ]
    shown.sort(key=lambda row: row.state is domain.AlertState.RETRACTED)  # what holds stands before what was taken back
    return _views(session, shown, now)


def facts_for(session: Session, checking: sessions.CheckingSession, now: datetime) -> tuple[AlertFact, ...]:
    """Alerts in force where a sample was handed in, as the message rules read them; oldest first.

    Only tiers that may be told to clients. The rules decide by form, logo and colour whether one fits the sample.
    """
    region = sessions.site_of(session, checking).region
    rows = repository.not_over(session, checking.agency_id, now, domain.CLIENT_TIERS)
    return tuple(
        _fact(row)
        for row in reversed(rows)
        if domain.in_force(row.state, row.from_at, row.until, now) and _holds_at(row, checking.id, region)
    )


def withdrawn_since(
    session: Session, checking: sessions.CheckingSession, since: datetime
) -> list[tuple[AlertFact, datetime]]:
    """Alerts told to clients where a sample was handed in that were taken back since then, and when; the last one first."""
    region = sessions.site_of(session, checking).region
    rows = repository.retracted_since(session, checking.agency_id, since, domain.CLIENT_TIERS)
    return [(_fact(row), row.ended_at) for row in rows if row.ended_at and _holds_at(row, checking.id, region)]


def _fact(row: Alert) -> AlertFact:
    return AlertFact.model_validate({**row.model_dump(include={*AlertFact.model_fields}), "id": str(row.id)})


def alerts_of_session(
    session: Session, checking: sessions.CheckingSession, sample_ids: Iterable[uuid.UUID], tiers: Iterable[domain.Tier]
) -> list[Alert]:
    """For the report of a session: alerts that held there and those raised from one of its samples, the oldest first."""
    here = sa.or_(col(Alert.session_id) == checking.id, col(Alert.sample_id).in_(list(sample_ids)))
    query = select(Alert).where(Alert.agency_id == checking.agency_id, here, col(Alert.tier).in_(list(tiers)))
    return list(session.exec(query.order_by(col(Alert.id))))


def detail(session: Session, actor: Actor, row: Alert) -> AlertDetail:
    """What stands behind an alert the caller has read for this person. Evidence is for those who write and sign."""
    reads = actor.has(*domain.ALL_STEPS)
    steps = repository.all_of(session, AlertStep, row.id)
    found = repository.all_of(session, AlertEvidence, row.id) if reads else []
    keys = {uuid.UUID(key) for one in found for key in one.samples}
    looks = looks_of(session, row.agency_id, keys)
    return AlertDetail(
        evidence=tuple(
            EvidenceLine(one, tuple(looks[key] for key in map(uuid.UUID, one.samples) if key in looks)) for one in found
        ),
        steps=tuple(steps),
        channels=tuple(repository.all_of(session, AlertChannel, row.id)),
        acts={
            act: tuple(signing.may(session, row, act, actor, steps)) for act in domain.steps_from(row.state, row.tier)
        },
        missing=tuple(signing.unready(session, row)) if reads and row.state in domain.WAITING else (),
        path=tuple(_path(row, steps)),
        ground=certainty_behind(session, signing.samples_behind(session, row), row.about) if reads else None,
    )


def _path(row: Alert, steps: Sequence[AlertStep]) -> Iterator[tuple[str, AlertStep | None]]:
    taken = list(signing.steps_that_count(steps))
    for act, title in PATHS[row.tier]:
        step = next((one for one in taken if one.act is act), None)
        if step is not None:
            taken.remove(step)
        yield title, step


def _holds_at(row: Alert, session_id: uuid.UUID, region: str) -> bool:
    if row.reach is domain.Reach.SESSION:
        return row.session_id == session_id
    return row.reach is domain.Reach.EVERYWHERE or row.region == region


def _views(session: Session, rows: Sequence[Alert], now: datetime) -> list[AlertView]:
    names = people.display_names(session, [p for row in rows for p in (row.drafted_by, row.ended_by)])
    found = [sessions.session_for_system(session, key) for key in {row.session_id for row in rows if row.session_id}]
    places = {one.id: one.name for one in found if one}
    return [
        AlertView(
            row,
            places.get(row.session_id, "") if row.session_id else row.region or "everywhere",
            names.get(row.drafted_by, "") if row.drafted_by else BY_DETECTION,
            names.get(row.ended_by, "") if row.ended_by else "",
            now,
        )
        for row in rows
    ]

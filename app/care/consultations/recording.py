"""The consultation: what people intend after a talk. Asks for nothing personal and keeps nothing self-reported."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from app.care.consultations import repository
from app.care.consultations.client_view import checking_session_of
from app.care.consultations.domain import Referral, ShownTo, Tick
from app.care.consultations.events import TalkRecorded
from app.care.consultations.tables import Consultation, ConsultationOutcome
from app.intake.people import service as people
from app.intake.samples import service as samples
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import Conflict, Invalid, NotFound
from app.platform.live.publish import publish
from app.platform.reactions import emit
from app.results import service as results
from harm_messages.vocabulary import LicenceMode


@dataclass(frozen=True, slots=True)
class ConsultationView:
    """A consultation with its ticks and who held it."""

    row: Consultation
    ticks: tuple[ConsultationOutcome, ...]
    by: str


def consultations_of(session: Session, actor: Actor, sample_id: uuid.UUID) -> list[ConsultationView]:
    """Talks about a sample of the actor's agency, newest first."""
    samples.get_sample(session, actor, sample_id)
    rows = repository.of_sample(session, sample_id)
    ticks = repository.outcomes_of(session, [r.id for r in rows])
    names = people.display_names(session, [r.by_id for r in rows])
    return [ConsultationView(r, tuple(ticks[r.id]), names.get(r.by_id, "")) for r in rows]


def record_consultation(
    uow: UnitOfWork,
    sample_id: uuid.UUID,
    ticks: Sequence[Tick],
    *,
    minutes: int | None = None,
    group_size: int | None = None,
    naloxone_given: bool | None = None,
    referral: Referral | None = None,
    dependent_adult_confirmed: bool = False,
) -> ConsultationView:
    """Record one talk, with the advice that was on the worker's screen.

    Raises NotFound for a foreign sample, Conflict for a withdrawn one, Invalid for a tick of a person outside the
    group, for nothing at all, and for a confirmation the licence does not ask for.
    """
    sample = samples.lock_sample(uow, sample_id)  # what is counted of it changes too: a release waits, or is seen
    if sample.withdrawn_at is not None:
        raise Conflict("This sample was withdrawn, so nothing about it is recorded any more.")
    size = group_size or sample.group_size
    _check(uow.session, sample, ticks, size or 1, minutes, dependent_adult_confirmed)
    told = results.released(uow.session, sample_id)
    row = Consultation(
        sample_id=sample_id,
        result_id=told.result.id if told else None,
        by_id=_person(uow.actor),
        at=uow.now,
        minutes=minutes,
        group_size=size,
        naloxone_given=naloxone_given,
        referral=referral.value if referral else "",
        dependent_adult_confirmed=dependent_adult_confirmed,
        advice_shown=_advice_shown(uow.session, sample_id) if told else [],
    )
    uow.session.add(row)
    uow.session.flush()
    outcomes = tuple(_outcome(row.id, tick) for tick in dict.fromkeys(ticks))
    uow.session.add_all(outcomes)
    if outcomes:
        emit(uow, TalkRecorded(sample_id))
    if told is not None and (ticks or minutes is not None):  # confirming who somebody is tells them nothing
        samples.stamp(uow, sample, "told_at")
    _announce(uow, sample, row, len(outcomes))
    uow.session.flush()
    return ConsultationView(row, outcomes, uow.actor.display_name)


def _check(
    session: Session, sample: samples.Sample, ticks: Sequence[Tick], size: int, minutes: int | None, confirmed: bool
) -> None:
    wrong = [t.person_index for t in ticks if not 1 <= t.person_index <= size]
    if wrong:
        raise Invalid(
            f"Person {wrong[0]} is not in this group of {size}. Nothing was recorded.",
            fields={"person_index": "not in the group"},
        )
    if confirmed and checking_session_of(session, sample).licence_mode is not LicenceMode.FOH_DEPENDENT_ADULT:
        raise Invalid(
            "This session's licence does not ask whether somebody is a dependent user, so it is not recorded.",
            fields={"dependent_adult_confirmed": "not asked for at this session"},
        )
    if not ticks and not confirmed and minutes is None:
        raise Invalid(
            "Nothing was recorded: tick at least one thing the person intends, or “did not want to say”.",
            fields={"outcomes": "none ticked"},
        )


def _advice_shown(session: Session, sample_id: uuid.UUID) -> list[dict[str, Any]]:
    """Messages by version, as the worker's screen last showed them; the client's where no worker looked."""
    seen = repository.last_shown(session, sample_id, ShownTo.STAFF)
    seen = seen or repository.last_shown(session, sample_id, ShownTo.CLIENT)
    return list(seen.messages) if seen else []


def _outcome(consultation_id: uuid.UUID, tick: Tick) -> ConsultationOutcome:
    return ConsultationOutcome(
        consultation_id=consultation_id,
        person_index=tick.person_index,
        moment=tick.moment,
        intention=tick.intention,
    )


def _announce(uow: UnitOfWork, sample: samples.Sample, row: Consultation, outcomes: int) -> None:
    audit.record(
        uow,
        "consult",
        "sample",
        sample.id,
        session_id=sample.session_id,
        after={
            "consultation": str(row.id),
            "outcomes": outcomes,
            "dependent_adult": row.dependent_adult_confirmed,
        },
    )
    for topic in ("queue", "client") if row.dependent_adult_confirmed else ("queue",):
        publish(
            uow,
            topic,
            "consulted",
            agency_id=sample.agency_id,
            session_id=sample.session_id,
            sample_id=sample.id,
        )


def _person(actor: Actor) -> uuid.UUID:
    if actor.person_id is None:
        raise NotFound("person")
    return actor.person_id

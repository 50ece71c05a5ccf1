"""Use cases around telling: the client's page, opening it with a ticket, the consultation and what was decided."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session

from app.consultations import facts, repository
from app.consultations.domain import Intention, Moment
from app.consultations.tables import Consultation, ConsultationOutcome, DisplayLog
from app.people import service as people
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import Invalid, NotFound
from app.platform.live.publish import publish
from app.readings import quality as readings
from app.results import service as results
from app.results.derivation import scope_fact
from app.results.view import Standing
from app.samples import service as samples
from app.sessions import service as sessions
from harm_messages import Context, GateClosed, Pack, Page, evaluate
from harm_messages.types import LicenceMode, UnknownSubstance


class ViewKind(StrEnum):
    """What a client's screen shows."""

    WAITING = "waiting"
    RESULT = "result"
    RETRACTED = "retracted"
    IN_PERSON = "in_person"


class Stage(StrEnum):
    """Where a sample stands, in the words of the waiting page."""

    QUEUED = "queued"
    BEING_LOOKED_AT = "being_looked_at"
    BEING_CHECKED = "being_checked"
    READY_SOON = "ready_soon"


STAGE_WORDS: dict[Stage, str] = {
    Stage.QUEUED: "Your sample is in the queue",
    Stage.BEING_LOOKED_AT: "A chemist is looking at your sample",
    Stage.BEING_CHECKED: "Another person is checking the result",
    Stage.READY_SOON: "Your result is checked and will be here soon",
}
STEP_WORDS: dict[Stage, str] = {
    Stage.QUEUED: "Handed in",
    Stage.BEING_LOOKED_AT: "Looked at by a chemist",
    Stage.BEING_CHECKED: "Checked by another person",
    Stage.READY_SOON: "Your result, here",
}


@dataclass(frozen=True, slots=True)
class ClientView:
    """Everything the client's page needs; the health worker's page shows the same."""

    kind: ViewKind
    place: str
    stage: Stage | None = None
    before: int | None = None
    changed_at: datetime | None = None
    page: Page | None = None
    result_id: uuid.UUID | None = None
    result_number: int = 0
    confirmed: bool = False
    under_review: bool = False
    change_reason: str = ""
    why: str = ""
    stages: Sequence[tuple[str, datetime | None, bool]] = field(default=())

    @property
    def stage_words(self) -> str:
        """The stage as one sentence."""
        return STAGE_WORDS[self.stage] if self.stage else ""


def client_view(
    session: Session,
    pack: Pack,
    sample: samples.Sample,
    now: datetime,
    *,
    also_taking: tuple[str, ...] = (),
    locale: str = "en",
) -> ClientView:
    """What the client of this sample sees at this moment. A closed gate is told, never opened."""
    checking = _session_of(session, sample)
    place = f"{sessions.site_of(session, checking).name}, {checking.name}"
    told = results.standing(session, sample.id)
    if told.standing is Standing.RETRACTED:
        return ClientView(ViewKind.RETRACTED, place, changed_at=told.changed_at)
    if told.view is None:
        return _waiting(session, sample, place)
    version = told.view.result
    scope = readings.scope_of(session, sample.id)
    named = samples.expected_of(session, sample.id)
    given = facts.facts_of(
        sample,
        facts.expected_of(named, sample.intent.value, pack.substances.intents),
        told.view.findings,
        [scope_fact(row) for row in scope],
        facts.strip_facts(scope),
    )
    context = Context(
        licence_mode=LicenceMode(checking.licence_mode.value),
        released=True,
        dependent_adult_confirmed=repository.dependent_adult_confirmed(session, sample.id),
        session_place=place,
        also_taking=also_taking,
    )
    try:
        page = evaluate(pack, given, context, locale, now)
    except GateClosed as closed:
        return ClientView(ViewKind.IN_PERSON, place, why=closed.text)
    except UnknownSubstance as unknown:
        # a finding the pack has no words for must reach a person, never be left out
        return ClientView(ViewKind.IN_PERSON, place, why=f"There is no message for {unknown.name} yet.")
    return ClientView(
        ViewKind.RESULT,
        place,
        page=page,
        result_id=version.id,
        result_number=version.number,
        confirmed=version.grade == "confirmed",
        under_review=told.view.under_review,
        changed_at=told.changed_at,
        change_reason=version.reason if version.number > 1 and told.changed_at else "",
    )


def _waiting(session: Session, sample: samples.Sample, place: str) -> ClientView:
    latest = results.latest(session, sample.id)
    state = latest.result.state.value if latest else ""
    analysed = sample.analysed_at is not None or bool(readings.scope_of(session, sample.id))
    if state == "verified":
        stage = Stage.READY_SOON
    elif state == "submitted":
        stage = Stage.BEING_CHECKED
    elif analysed or latest is not None:
        stage = Stage.BEING_LOOKED_AT
    else:
        stage = Stage.QUEUED
    order = list(Stage)
    times = (sample.received_at, sample.analysed_at, sample.verified_at, None)
    reached = order.index(stage)
    steps = tuple(
        (STEP_WORDS[s], times[i] if i < reached or i == 0 else None, i == reached) for i, s in enumerate(order)
    )
    before = samples.before_in_queue(session, sample) if stage is Stage.QUEUED else None
    changed = max(t for t in (sample.received_at, sample.analysed_at, sample.verified_at) if t is not None)
    return ClientView(ViewKind.WAITING, place, stage=stage, before=before, changed_at=changed, stages=steps)


def note_shown(uow: UnitOfWork, sample: samples.Sample, view: ClientView, shown_to: str) -> None:
    """Append to the display log what was shown, once per page that differs; stamp when the client was first told."""
    if view.page is None or view.result_id is None:
        return
    shown = [{"id": message_id, "version": version} for message_id, version in view.page.display_log]
    last = repository.last_shown(uow.session, sample.id, shown_to)
    same = (
        last is not None
        and last.result_id == view.result_id
        and last.pack_digest == view.page.pack_digest
        and last.locale == view.page.locale
        and last.messages == shown
    )
    if same:
        return
    uow.session.add(
        DisplayLog(
            sample_id=sample.id,
            result_id=view.result_id,
            pack_digest=view.page.pack_digest,
            locale=view.page.locale,
            messages=shown,
            shown_to=shown_to,
            at=uow.now,
        )
    )
    if sample.told_at is None:
        samples.stamp(uow, sample, "told_at")


def needs_noting(session: Session, sample: samples.Sample, view: ClientView, shown_to: str) -> bool:
    """Whether showing this page adds to the display log, so that a plain look needs no write."""
    if view.page is None or view.result_id is None:
        return False
    last = repository.last_shown(session, sample.id, shown_to)
    shown = [{"id": message_id, "version": version} for message_id, version in view.page.display_log]
    return last is None or (last.result_id, last.pack_digest, last.locale, last.messages) != (
        view.result_id,
        view.page.pack_digest,
        view.page.locale,
        shown,
    )


@dataclass(frozen=True, slots=True)
class Tick:
    """What one person of the group intends."""

    intention: Intention
    moment: Moment = Moment.AFTER
    person_index: int = 1


@dataclass(frozen=True, slots=True)
class ConsultationView:
    """A consultation with its ticks and who held it."""

    row: Consultation
    ticks: tuple[ConsultationOutcome, ...]
    by: str


def record_consultation(
    uow: UnitOfWork,
    sample_id: uuid.UUID,
    ticks: Sequence[Tick],
    *,
    minutes: int | None = None,
    group_size: int | None = None,
    naloxone_given: bool | None = None,
    referral: str = "",
    dependent_adult_confirmed: bool = False,
    advice_shown: Sequence[tuple[str, int]] = (),
) -> Consultation:
    """Record one talk. Raises Invalid for a tick of a person outside the group; nothing personal is asked."""
    sample = samples.get_sample(uow.session, uow.actor, sample_id)
    people_in_group = group_size or sample.group_size or 1
    wrong = [t.person_index for t in ticks if not 1 <= t.person_index <= people_in_group]
    if wrong:
        raise Invalid(
            f"Person {wrong[0]} is not in this group of {people_in_group}.", fields={"person_index": "not in the group"}
        )
    if not ticks and not dependent_adult_confirmed and minutes is None:
        raise Invalid(
            "Nothing was recorded: tick at least one thing the person intends, or “did not want to say”.",
            fields={"outcomes": "none ticked"},
        )
    told = results.released(uow.session, sample_id)
    row = Consultation(
        sample_id=sample_id,
        result_id=told.result.id if told else None,
        by_id=_person(uow.actor),
        at=uow.now,
        minutes=minutes,
        group_size=people_in_group,
        naloxone_given=naloxone_given,
        referral=referral,
        dependent_adult_confirmed=dependent_adult_confirmed,
        advice_shown=[{"id": message_id, "version": version} for message_id, version in advice_shown],
    )
    uow.session.add(row)
    uow.session.flush()
    for tick in dict.fromkeys(ticks):
        uow.session.add(
            ConsultationOutcome(
                consultation_id=row.id,
                person_index=tick.person_index,
                moment=tick.moment,
                intention=tick.intention,
            )
        )
    if told is not None and sample.told_at is None:
        samples.stamp(uow, sample, "told_at")
    audit.record(
        uow,
        "consult",
        "sample",
        sample_id,
        session_id=sample.session_id,
        after={"consultation": str(row.id), "outcomes": len(ticks), "dependent_adult": dependent_adult_confirmed},
    )
    scope = {"agency_id": sample.agency_id, "session_id": sample.session_id, "sample_id": sample.id}
    publish(uow, "queue", "consulted", **scope)  # type: ignore[arg-type]
    if dependent_adult_confirmed:
        publish(uow, "client", "confirmed", **scope)  # type: ignore[arg-type]
    return row


def _person(actor: Actor) -> uuid.UUID:
    if actor.person_id is None:
        raise NotFound("person")
    return actor.person_id


def consultations_of(session: Session, actor: Actor, sample_id: uuid.UUID) -> list[ConsultationView]:
    """Talks about a sample of the actor's agency, newest first."""
    samples.get_sample(session, actor, sample_id)
    rows = repository.of_sample(session, sample_id)
    ticks = repository.outcomes_of(session, [r.id for r in rows])
    names = people.display_names(session, [r.by_id for r in rows])
    return [ConsultationView(r, tuple(ticks[r.id]), names.get(r.by_id, "")) for r in rows]


def client_lookup_allowed(session: Session, sample: samples.Sample) -> bool:
    """Whether clients of this session may look up results themselves: a switch per session."""
    return _session_of(session, sample).client_lookup


def _session_of(session: Session, sample: samples.Sample) -> sessions.CheckingSession:
    found = sessions.session_for_system(session, sample.session_id)
    if found is None:
        raise NotFound("session")
    return found

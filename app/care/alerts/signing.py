"""Use cases of sign-off: change a draft, submit it, agree, approve, send it back, raise, retract, discard.

Every step looks again at what may leave the service, because a consent may have been withdrawn since the last one.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from app.care.alerts import domain, repository
from app.care.alerts.certainty import Certainty, wrong_in
from app.care.alerts.new_alert import UNDECIDED, certainty_behind, checked, ends, problems, says_too_much
from app.care.alerts.schemas import AlertIn
from app.care.alerts.tables import Alert, AlertChannel, AlertEvidence, AlertStep
from app.intake.samples import lookup
from app.intake.samples.lookup import may_be_described
from app.intake.sessions import service as sessions
from app.intake.tasks import service as tasks
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.db.rows import row_of
from app.platform.kernel.actor import ROLE_WORDS, Actor
from app.platform.kernel.errors import Invalid, NotFound, Refused
from app.platform.kernel.versions import check_version
from app.platform.live.publish import publish
from harm_messages.register import Register

NEED_REASON = frozenset({domain.Act.SEND_BACK, domain.Act.RETRACT, domain.Act.DISCARD})
GOES_OUT = frozenset({domain.Act.RAISE, domain.Act.SUBMIT, domain.Act.AGREE, domain.Act.APPROVE})
_RESETS = frozenset({domain.Act.EDIT, domain.Act.SEND_BACK})
_ENDED = {
    domain.Act.RAISE: "The alert was raised.", domain.Act.SUBMIT: "The draft was submitted for its sign-off.",
    domain.Act.DISCARD: "The draft was discarded.",
}  # fmt: skip


def steps_that_count(steps: Sequence[AlertStep]) -> list[AlertStep]:
    """Steps that count for the alert as it stands: those since it was last changed or sent back."""
    last = max((place for place, step in enumerate(steps) if step.act in _RESETS), default=-1)
    return list(steps[last + 1 :])


def signatures(row: Alert, steps: Sequence[AlertStep]) -> domain.Signatures:
    """Who did what to the alert as it stands."""
    who = {step.act: [step.person_id] for step in steps_that_count(steps)}
    return {**who, domain.Act.EDIT: [uuid.UUID(one) for one in row.authors]}


def unready(session: Session, row: Alert) -> list[str]:
    """What keeps an alert from going out as it stands, as sentences; [] where nothing does."""
    behind = samples_behind(session, row)
    certainty = certainty_behind(session, behind, row.about)
    said = list(says_too_much(certainty, row.words, row.told_words, row.tier).values())
    if row.tier in domain.BY_ONE:
        return said
    if certainty is Certainty.DISPUTED:
        said.append(UNDECIDED)
    if row.reach is domain.Reach.SESSION:
        said.append("It covers one session. Choose a region, or everywhere.")
    if not row.told_words:
        said.append("The text for partners is missing.")
    said += [f"Text for partners: {why}" for why in wrong_in(row.told_words, row.tier, _names(session, row))]
    if (row.logos or row.colours) and not may_be_described(session, behind):
        said.append("Not every client agreed to a description of their sample. Remove logo and colour.")
    return said


def samples_behind(session: Session, row: Alert) -> list[uuid.UUID]:
    """Samples an alert rests on: those of its evidence, and the one it was written about."""
    keys = {uuid.UUID(key) for found in repository.all_of(session, AlertEvidence, row.id) for key in found.samples}
    return sorted(keys | ({row.sample_id} if row.sample_id else set()))


def _names(session: Session, row: Alert) -> list[str]:
    """Names of sessions and sites behind an alert, which its words do not hold."""
    keys = {row.session_id} if row.session_id else set()
    for key in samples_behind(session, row):
        if (sample := lookup.sample_for_system(session, key)) is not None:
            keys.add(sample.session_id)
    found = [one for key in sorted(keys) if (one := sessions.session_for_system(session, key)) is not None]
    sites = sessions.sites_of(session, found)
    return sorted({name for one in found for name in (one.name, sites[one.site_id].name)} - {row.region})


def may(session: Session, row: Alert, act: domain.Act, actor: Actor, steps: Sequence[AlertStep]) -> list[str]:
    """Every reason why this person may not take this step now; [] when they may."""
    decision = domain.decide(row.state, act, row.tier, actor.roles, actor.person_id, signatures(row, steps))
    if decision.target is None:
        return list(decision.reasons)
    return unready(session, row) if act in GOES_OUT else []


def take(uow: UnitOfWork, alert_id: uuid.UUID, version: int, act: domain.Act, reason: str = "") -> Alert:
    """Take one step. Raises NotFound, Stale, Refused with every reason, Invalid where a reason is asked for."""
    row = held(uow, alert_id, version)
    steps = repository.all_of(uow.session, AlertStep, row.id)
    if reasons := may(uow.session, row, act, uow.actor, steps):
        raise Refused(reasons)
    if act in NEED_REASON and not reason:
        raise Invalid("Nothing was changed.", fields={"reason": "Enter a reason. Others will read it."})
    if (
        act is domain.Act.RETRACT
        and row.tier in domain.SIGNED
        and (wrong := wrong_in(reason, row.tier, _names(uow.session, row)))
    ):
        raise Invalid("Nothing was changed. Others would read this reason.", fields={"reason": wrong[0]})
    target = domain.decide(
        row.state, act, row.tier, uow.actor.roles, uow.actor.person_id, signatures(row, steps)
    ).target
    assert target is not None, "may() said so"
    row.state = target
    row.version += 1
    note(uow, row, act, reason)
    if target is domain.AlertState.ACTIVE:
        _begin(uow, row)
    elif target in (domain.AlertState.RETRACTED, domain.AlertState.DISCARDED):
        row.ended_by, row.ended_at, row.reason = uow.actor.person_id, uow.now, reason
        for channel in repository.all_of(uow.session, AlertChannel, row.id):
            channel.retracted_at = uow.now  # told where the alert was told, and nowhere else
    audit.record(
        uow, act.value, "alert", row.id, version=row.version, after={"state": target.value, "tier": row.tier.value},
        reason=reason, session_id=row.session_id,
    )  # fmt: skip
    if act in _ENDED:
        _close_tasks(uow, row, _ENDED[act])
    tell(uow, row, f"alert.{_KINDS.get(act, act.value)}")
    return row


def _close_tasks(uow: UnitOfWork, row: Alert, words: str) -> None:
    """The draft was dealt with, so the task that asked to look at it is done."""
    for key in samples_behind(uow.session, row):
        for task in tasks.rows_of_sample(uow.session, key):
            if task.detail.get("alert") == str(row.id) and task.closed_at is None:
                tasks.close_task(uow, task.id, task.version, words)


_KINDS = {
    domain.Act.RETRACT: "retracted", domain.Act.DISCARD: "discarded", domain.Act.RAISE: "raised", domain.Act.SUBMIT: "submitted",
    domain.Act.AGREE: "agreed", domain.Act.APPROVE: "raised", domain.Act.SEND_BACK: "sent_back", domain.Act.EDIT: "changed",
}  # fmt: skip


def begin_told(uow: UnitOfWork, row: Alert) -> None:
    """Note where an alert that is in force now is told."""
    for channel in domain.CHANNELS[row.tier]:
        uow.session.add(AlertChannel(alert_id=row.id, channel=channel, told_at=uow.now))


def _begin(uow: UnitOfWork, row: Alert) -> None:
    """From now on, for as long as was meant when it was written: days of sign-off do not shorten it."""
    length = min(row.until - row.from_at, domain.LONGEST[row.tier])
    if row.reach is domain.Reach.SESSION and row.session_id is not None:
        checking = sessions.session_for_system(uow.session, row.session_id)
        row.until = min(uow.now + length, ends(row.tier, row.reach, checking, uow.now))
    else:
        row.until = uow.now + length
    row.from_at = uow.now
    row.approved_by, row.approved_at = uow.actor.person_id, uow.now
    begin_told(uow, row)


def note(uow: UnitOfWork, row: Alert, act: domain.Act, reason: str = "") -> None:
    """Keep who took a step, by the name and role they had."""
    assert uow.actor.person_id is not None, "a step is a person's"
    role = ", ".join(ROLE_WORDS[role] for role in sorted(uow.actor.roles))
    uow.session.add(
        AlertStep(
            alert_id=row.id, act=act, person_id=uow.actor.person_id, name=uow.actor.display_name, role=role[:40],
            reason=reason, at=uow.now,
        )
    )  # fmt: skip
    uow.session.flush()


def examined(
    uow: UnitOfWork, new: AlertIn, register: Register, refusal: str, region: str = ""
) -> tuple[uuid.UUID | None, str, datetime]:
    """The session or the region an alert holds in, and when it ends. Raises Invalid with a sentence per field, NotFound for a
    foreign session or sample."""
    checking = sessions.get_session(uow.session, uow.actor, new.session_id) if new.session_id else None
    until = ends(new.tier, new.reach, checking, uow.now, new.until)
    wrong = problems(new, checking, region, until, uow.now, register)
    if not wrong and new.sample_id is not None:
        lookup.get_sample(uow.session, uow.actor, new.sample_id)
    if wrong := wrong or checked(uow.session, new):
        raise Invalid(refusal, fields=wrong)
    region = sessions.site_of(uow.session, checking).region if checking else region
    here = checking.id if checking and new.reach is domain.Reach.SESSION else None
    return here, region if new.reach is domain.Reach.REGION else "", until


def edit(uow: UnitOfWork, alert_id: uuid.UUID, version: int, new: AlertIn, register: Register) -> Alert:
    """Write a draft again. Anyone who does is one of its authors. Raises NotFound, Stale, Refused, Invalid by field."""
    row = held(uow, alert_id, version)
    if reasons := may(uow.session, row, domain.Act.EDIT, uow.actor, repository.all_of(uow.session, AlertStep, row.id)):
        raise Refused(reasons)
    new = new.model_copy(update={"session_id": new.session_id or row.session_id, "sample_id": row.sample_id})
    refusal = "The draft was not changed. What you typed is still here."
    where = examined(uow, new, register, refusal, row.region)
    row.session_id, row.region, row.until = where
    row.tier, row.reach, row.words, row.told_words = new.tier, new.reach, new.words, new.told_words
    row.substances, row.classes, row.forms = new.substances, new.classes, [form.value for form in new.forms]
    row.logos, row.colours, row.from_at = new.logos, new.colours, uow.now
    author = str(uow.actor.person_id)
    row.authors = [*row.authors, *([] if author in row.authors else [author])]
    row.drafted_by = row.drafted_by or uow.actor.person_id
    row.version += 1
    note(uow, row, domain.Act.EDIT)
    after = {"tier": row.tier.value, "reach": row.reach.value, "substances": row.substances, "classes": row.classes}
    audit.record(uow, "edit", "alert", row.id, version=row.version, after=after, session_id=row.session_id)
    tell(uow, row, "alert.changed")
    return row


def held(uow: UnitOfWork, alert_id: uuid.UUID, version: int) -> Alert:
    """One alert this person may read, its row held. Raises NotFound, Stale."""
    row = row_of(uow.session, Alert, uow.actor.agency_id, alert_id, "alert", lock=True)
    if not may_read(row.tier, row.state, uow.actor):
        raise NotFound("alert")
    check_version("alert", version, row.version)
    return row


def may_read(tier: domain.Tier, state: domain.AlertState, actor: Actor) -> bool:
    """Whether someone of the alert's agency may read it."""
    return tier in domain.visible(actor.roles) and state in domain.readable(actor.roles)


def tell(uow: UnitOfWork, row: Alert, kind: str) -> None:
    """Screens look again by themselves: no word of the alert travels in an event."""
    publish(
        uow, "alert", kind, agency_id=row.agency_id, session_id=row.session_id,
        payload={"alert_id": row.id, "tier": row.tier.value},
    )  # fmt: skip

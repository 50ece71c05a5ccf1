"""From a released result to the facts that trends, releases and reports count: after a step, after a talk, and of all again.

It follows from steps with results and from talks (app/reactions.py); `mast trends rebuild` writes the same facts from what is
stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from sqlmodel import Session

from app.care.consultations.domain import TalkRecorded
from app.care.consultations.session_facts import outcomes_of
from app.care.counted import service as counted
from app.intake.people import service as people
from app.intake.samples import lookup
from app.intake.samples.domain import NEVER_CLIENTS, ConsentAnswer, ConsentKind, Intent
from app.intake.samples.events import NotToBeCounted
from app.intake.sessions import service as sessions
from app.laboratory.identification.domain import only_quick
from app.laboratory.readings.domain import AnalysisStatus
from app.platform.db import UnitOfWork
from app.platform.kernel.place import day_of
from app.results.domain import Action
from app.results.grounds import frozen
from app.results.loading import Loaded, StepTaken, load, version_that_counts
from harm_messages.pack import Pack
from harm_messages.vocabulary import StripReading

if TYPE_CHECKING:
    from app.results.tables import Finding, ResultVersion

_STRIP = {StripReading.POSITIVE: counted.Detection.DETECTED, StripReading.NEGATIVE: counted.Detection.NOT_DETECTED}


def after_step(uow: UnitOfWork, step: StepTaken) -> None:
    """Count what was told, if its client agreed to that; forget what was taken back. Back of house nothing is ever told: what
    is verified there counts."""
    action, there = step.action, step.there
    told = Action.VERIFY if there.back_of_house else Action.RELEASE
    if action in (told, Action.RELEASE) and _agreed(there):
        counted.record(uow, [_fact(uow.session, step.row, there, step.pack)])
    if action is Action.RETRACT or (action is Action.RETURN and there.back_of_house):
        counted.forget(uow, there.sample.id)


def after_talk(uow: UnitOfWork, talk: TalkRecorded) -> None:
    """Count the outcomes of a sample again. Nothing happens where the sample itself is not counted."""
    uow.session.flush()
    counted.record_outcomes(uow, talk.sample_id, _outcomes(uow.session, talk.sample_id))


def forget(uow: UnitOfWork, sample: NotToBeCounted) -> None:
    """Take a sample out of every later figure."""
    counted.forget(uow, sample.sample_id)


def count_again(uow: UnitOfWork, sample_ids: Sequence[UUID], pack: Pack) -> int:
    """Write the facts of these samples of the actor's agency as their results stand. How many are counted now."""
    facts, others = [], []
    for sample_id in sample_ids:
        sample = lookup.lock_sample(uow, sample_id)  # a release at the same moment waits, or is seen
        row = version_that_counts(uow.session, uow.actor, sample)
        there = load(uow.session, uow.actor, row) if row is not None else None
        if row is None or there is None or not _agreed(there):
            others.append(sample_id)
        else:
            facts.append(_fact(uow.session, row, there, pack))
    counted.forget_many(uow, others)
    counted.record(uow, facts)
    return len(facts)


def _agreed(there: Loaded) -> bool:
    return there.sample.withdrawn_at is None and there.consents.get(ConsentKind.AGGREGATE_DATA) is ConsentAnswer.YES


def _fact(session: Session, row: ResultVersion, there: Loaded, pack: Pack) -> counted.ReleaseFact:
    sample, checking, findings = there.sample, there.checking, there.findings
    site = sessions.site_of(session, checking)
    expected, expected_class = _expected(there.expected, sample.intent, pack)
    first = sample.released_at  # where nothing was ever released, nothing is said of how long it took
    counted_at = row.released_at or row.verified_at
    assert counted_at is not None, "only what was released or verified is counted"
    return counted.ReleaseFact(
        sample_id=sample.id,
        agency_id=sample.agency_id,
        agency=people.agency_name(session, sample.agency_id),
        session_id=sample.session_id,
        day=day_of(sample.received_at),
        released_at=counted_at,
        region=site.region,
        site=site.name,
        service_type=checking.service_type.value,
        client=sample.submitter_type not in NEVER_CLIENTS,
        submitter_type=sample.submitter_type.value,
        form=sample.form.value,
        expected=expected,
        expected_class=expected_class,
        verdict=row.verdict.value if row.verdict else "inconclusive",
        outcome=row.outcome.value,
        grade=row.grade.value if row.grade else "",
        turnaround_min=int((first - sample.received_at).total_seconds() // 60) if first else None,
        # what only a strip or a colour test reacted to was not found: it stands with the tests
        found=tuple(_found(f) for f in findings if f.counts and not only_quick(f.methods)),
        tests=tuple(_tests(row)),
        outcomes=_outcomes(session, sample.id),
    )


def _outcomes(session: Session, sample_id: UUID) -> tuple[counted.OutcomeFact, ...]:
    return tuple(counted.OutcomeFact(*said) for said in outcomes_of(session, sample_id))


def _found(f: Finding) -> counted.FoundFact:
    return counted.FoundFact(
        found=f.named,
        found_class=f.substance_class,
        role=f.role.value,
        abundance=f.abundance.value,
        confidence=f.confidence.value,
        amount=f.amount_value,
        unit=f.amount_unit.value if f.amount_unit else "",
        basis=f.basis.value if f.amount_value is not None else "",
        methods=tuple(f.methods),
    )


def _tests(row: ResultVersion) -> Iterator[counted.TestFact]:
    """What every analysis that counts said, or could see. What it cannot see is no test."""
    snapshot = frozen(row)
    for scope in snapshot.scope if snapshot else ():
        method = scope.method.value
        if scope.status is not AnalysisStatus.OK or not scope.qc_passed:
            continue
        if scope.strip_reading is not None:
            yield counted.TestFact(
                method, scope.strip_target, _STRIP.get(scope.strip_reading, counted.Detection.INVALID)
            )
            continue
        yield from (counted.TestFact(method, t, counted.Detection.LOOKED) for t in (*scope.classes, *scope.substances))
        yield from (counted.TestFact(method, t, counted.Detection.EXCLUDED) for t in scope.excludes)


def _expected(named: Sequence[str], intent: Intent, pack: Pack) -> tuple[str, str]:
    """The one thing a sample is counted under, and its class; several things count as a mixture."""
    if intent is Intent.MIXTURE or len(named) > 1:
        return "mixture", ""
    if intent is Intent.UNKNOWN or not named:
        return "unknown", ""
    substance = pack.substances.get(named[0])
    return named[0], substance.drug_class if substance else named[0]

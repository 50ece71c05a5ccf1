"""What aggregates are told of a result: the facts of one version, of the one that counts now, and of all of them again.

effects.py counts a version as it is released; `mast trends rebuild` writes the same facts from what is stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from sqlmodel import Session

from app.consultations.counting import outcomes_of
from app.people import service as people
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor
from app.readings.domain import AnalysisStatus, StripReading
from app.results import repository
from app.results.domain import Abundance, Confidence, State
from app.results.grounds import frozen
from app.results.tables import Finding, ResultVersion
from app.samples import service as samples
from app.samples.domain import ConsentAnswer, ConsentKind, Intent, SubmitterType
from app.sessions import service as sessions
from app.trends import service as trends
from harm_messages.pack import Pack

_STRIP = {StripReading.POSITIVE: trends.Seen.DETECTED, StripReading.NEGATIVE: trends.Seen.NOT_DETECTED}
_NEVER_CLIENTS = (SubmitterType.POLICE_BACK_OF_HOUSE, SubmitterType.PARTNER_AGENCY)


def back_of_house(session: Session, actor: Actor, session_id: UUID) -> bool:
    """Whether nothing is ever released at a session: its figures count once they are verified."""
    return not sessions.get_session(session, actor, session_id).licence_mode.individual_results


def count(uow: UnitOfWork, row: ResultVersion, pack: Pack) -> None:
    """Hand a sample to the aggregates, if its client agreed to that."""
    sample = samples.get_sample(uow.session, uow.actor, row.sample_id)
    if _agreed(uow.session, sample):
        trends.record_release(uow, _fact(uow.session, uow.actor, sample, row, pack))


def count_again(uow: UnitOfWork, sample_ids: Sequence[UUID], pack: Pack) -> int:
    """Write the facts of these samples of the actor's agency as their results stand. How many are counted now."""
    facts, others = [], []
    for sample_id in sample_ids:
        sample = samples.lock_sample(uow, sample_id)  # a release at the same moment waits, or is seen
        row = _counting_version(uow, sample) if _agreed(uow.session, sample) else None
        if row is None:
            others.append(sample_id)
        else:
            facts.append(_fact(uow.session, uow.actor, sample, row, pack))
    trends.forget_many(uow, others)
    trends.record(uow, facts)
    return len(facts)


def _agreed(session: Session, sample: samples.Sample) -> bool:
    answers = samples.consents_of(session, sample.id)
    return sample.withdrawn_at is None and answers.get(ConsentKind.AGGREGATE_DATA) is ConsentAnswer.YES


def _counting_version(uow: UnitOfWork, sample: samples.Sample) -> ResultVersion | None:
    """The version told last, unless it was retracted; while an amendment is being made the one before counts on."""
    every = repository.versions_of(uow.session, sample.id)
    if back_of_house(uow.session, uow.actor, sample.session_id):
        newest = next((row for row in every if row.verified_at is not None), None)
        return newest if newest is not None and newest.state is State.VERIFIED else None
    newest = next((row for row in every if row.released_at is not None), None)
    return newest if newest is not None and newest.state is not State.RETRACTED else None


def _fact(session: Session, actor: Actor, sample: samples.Sample, row: ResultVersion, pack: Pack) -> trends.ReleaseFact:
    checking = sessions.get_session(session, actor, sample.session_id)
    site = sessions.site_of(session, checking)
    expected, expected_class = _expected(samples.expected_of(session, sample.id), sample.intent, pack)
    findings = repository.findings_of(session, [row.id])[row.id]
    counted_at = row.released_at or row.verified_at
    assert counted_at is not None, "only what was released or verified is counted"
    return trends.ReleaseFact(
        sample_id=sample.id,
        agency_id=sample.agency_id,
        agency=people.agency_name(session, sample.agency_id),
        session_id=sample.session_id,
        day=trends.day_of(sample.received_at),
        released_at=counted_at,
        region=site.region,
        site=site.name,
        service_type=checking.service_type.value,
        client=sample.submitter_type not in _NEVER_CLIENTS,
        submitter_type=sample.submitter_type.value,
        form=sample.form.value,
        expected=expected,
        expected_class=expected_class,
        verdict=row.verdict.value if row.verdict else "inconclusive",
        outcome=row.outcome.value,
        grade=row.grade.value if row.grade else "",
        turnaround_min=_turnaround(sample),
        found=tuple(_found(f) for f in findings if _counts(f)),
        tests=tuple(_tests(row)),
        outcomes=outcomes_of(session, sample.id),
    )


def _turnaround(sample: samples.Sample) -> int | None:
    """Whole minutes from received to first released. Nothing is said where nothing was ever released."""
    if sample.released_at is None:
        return None
    return int((sample.released_at - sample.received_at).total_seconds() // 60)


def _counts(f: Finding) -> bool:
    """Aggregates take what was seen well enough to be told, and what has a name. What only a strip or a colour test reacted to
    was not found: it stands with the tests."""
    named = bool(f.substance_id or f.substance_class) and not trends.only_quick(f.methods)
    return named and f.abundance is not Abundance.NOT_DETECTED and f.confidence is not Confidence.TENTATIVE


def _found(f: Finding) -> trends.FoundFact:
    return trends.FoundFact(
        found=f.substance_id or f.substance_class,
        found_class=f.substance_class,
        role=f.role.value,
        abundance=f.abundance.value,
        confidence=f.confidence.value,
        amount=f.amount_value,
        unit=f.amount_unit.value if f.amount_unit else "",
        basis=f.basis.value if f.amount_value is not None else "",
        methods=tuple(f.methods),
    )


def _tests(row: ResultVersion) -> Iterator[trends.TestFact]:
    """What every analysis that counts said, or could see. What it cannot see is no test."""
    stood_on = frozen(row)
    for scope in stood_on.scope if stood_on else ():
        method = scope.method.value
        if scope.status is not AnalysisStatus.OK or not scope.qc_passed:
            continue
        if scope.strip_reading is not None:
            yield trends.TestFact(method, scope.strip_target, _STRIP.get(scope.strip_reading, trends.Seen.INVALID))
            continue
        yield from (trends.TestFact(method, t, trends.Seen.LOOKED) for t in (*scope.classes, *scope.substances))
        yield from (trends.TestFact(method, t, trends.Seen.EXCLUDED) for t in scope.excludes)


def _expected(named: list[str], intent: Intent, pack: Pack) -> tuple[str, str]:
    """The one thing a sample is counted under, and its class; several things count as a mixture."""
    if intent is Intent.MIXTURE or len(named) > 1:
        return "mixture", ""
    if intent is Intent.UNKNOWN or not named:
        return "unknown", ""
    substance = pack.substances.get(named[0])
    return named[0], substance.drug_class if substance else named[0]

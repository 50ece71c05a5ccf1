"""What a step changes besides its state: who and when, the sample's times, aggregates, and the screens to tell."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from app.people import service as people
from app.platform.db import UnitOfWork
from app.platform.live.publish import publish
from app.readings.domain import AnalysisStatus, StripReading
from app.results import repository
from app.results.derivation import laboratory
from app.results.domain import Abundance, Action, ChangeReason, Confidence, grade_of
from app.results.grounds import frozen
from app.results.tables import Finding, ResultVersion
from app.results.view import author_ids
from app.samples import service as samples
from app.samples.domain import ConsentAnswer, ConsentKind, Intent, SubmitterType
from app.sessions import service as sessions
from app.trends import service as trends
from harm_messages.pack import Pack

_STRIP = {StripReading.POSITIVE: trends.Seen.DETECTED, StripReading.NEGATIVE: trends.Seen.NOT_DETECTED}
_NEVER_CLIENTS = (SubmitterType.POLICE_BACK_OF_HOUSE, SubmitterType.PARTNER_AGENCY)


def apply(
    uow: UnitOfWork,
    row: ResultVersion,
    action: Action,
    reason: str,
    pack: Pack,
    change_reason: ChangeReason | None = None,
) -> None:
    """Write what follows from a step that was allowed."""
    sample = samples.get_sample(uow.session, uow.actor, row.sample_id)
    if action is Action.SUBMIT:
        row.submitted_at = uow.now
        samples.stamp(uow, sample, "analysed_at")
    elif action is Action.VERIFY:
        row.verified_at, row.verifier_id = uow.now, uow.actor.person_id
        row.grade = grade_of(second_person=uow.actor.person_id not in author_ids(row), laboratory_method=_lab(uow, row))
        samples.stamp(uow, sample, "verified_at")
        if _back_of_house(uow, sample.session_id):
            _count(uow, row, pack)  # nothing is ever released there: its figures count once they are verified
    elif action is Action.RELEASE:
        row.released_at, row.released_by = uow.now, uow.actor.person_id
        samples.stamp(uow, sample, "released_at")
        _count(uow, row, pack)
    else:
        row.closed_at, row.reason = uow.now, reason
        if action in (Action.AMEND, Action.RETRACT):
            row.change_reason = change_reason or row.change_reason
        if action is Action.RETRACT or (action is Action.RETURN and _back_of_house(uow, sample.session_id)):
            trends.forget(uow, sample.id)


def _back_of_house(uow: UnitOfWork, session_id: UUID) -> bool:
    return not sessions.get_session(uow.session, uow.actor, session_id).licence_mode.individual_results


def announce(uow: UnitOfWork, row: ResultVersion, kind: str) -> None:
    """Tell the bench, the queue and whoever holds the ticket. No finding travels in an event."""
    sample = samples.get_sample(uow.session, uow.actor, row.sample_id)
    topics = ("result",) if kind == "findings" else ("result", "queue")
    for topic in topics:
        publish(
            uow, topic, f"result.{kind}", agency_id=sample.agency_id, session_id=sample.session_id,
            sample_id=sample.id, payload={"sample_id": sample.id, "state": row.state.value},
        )  # fmt: skip
    if kind == "findings":
        return
    publish(uow, "client", "changed", sample_id=sample.id)


def _lab(uow: UnitOfWork, row: ResultVersion) -> bool:
    return any(laboratory(f.methods) for f in repository.findings_of(uow.session, [row.id])[row.id])


def _count(uow: UnitOfWork, row: ResultVersion, pack: Pack) -> None:
    """Hand a released sample to the aggregates, if its client agreed to that."""
    sample = samples.get_sample(uow.session, uow.actor, row.sample_id)
    consents = samples.consents_of(uow.session, sample.id)
    if consents.get(ConsentKind.AGGREGATE_DATA) is not ConsentAnswer.YES:
        return
    checking = sessions.get_session(uow.session, uow.actor, sample.session_id)
    site = sessions.site_of(uow.session, checking)
    expected, expected_class = _expected(samples.expected_of(uow.session, sample.id), sample.intent, pack)
    findings = repository.findings_of(uow.session, [row.id])[row.id]
    fact = trends.ReleaseFact(
        sample_id=sample.id,
        agency_id=sample.agency_id,
        agency=people.agency_name(uow.session, sample.agency_id),
        session_id=sample.session_id,
        day=trends.day_of(sample.received_at),
        released_at=uow.now,
        region=site.region,
        site=site.name,
        service_type=checking.service_type.value,
        client=sample.submitter_type not in _NEVER_CLIENTS,
        form=sample.form.value,
        expected=expected,
        expected_class=expected_class,
        verdict=row.verdict.value if row.verdict else "inconclusive",
        outcome=row.outcome.value,
        found=tuple(_found(f) for f in findings if _counts(f)),
        tests=tuple(_tests(row)),
    )
    trends.record_release(uow, fact)


def _counts(f: Finding) -> bool:
    """Aggregates take what was seen well enough to be told, and what has a name."""
    named = bool(f.substance_id or f.substance_class)
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

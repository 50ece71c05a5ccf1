"""What a step of a result looks at, read once; what its guards may know of that; and what it changes besides the state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from app.intake.samples import lookup
from app.intake.samples import service as samples
from app.intake.samples.domain import ConsentAnswer, ConsentKind, SubmitterType
from app.intake.sessions import service as sessions
from app.laboratory.readings import analyses as reading_analyses
from app.laboratory.readings import domain
from app.laboratory.readings import quality as reading_quality
from app.laboratory.sample_answers import service as sample_answers
from app.laboratory.sample_answers.domain import CurrentAnswer
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor
from app.platform.kernel.event import Event
from app.platform.live.publish import publish
from app.results import grounds, repository
from app.results.derivation import LABORATORY
from app.results.domain import Action, ChangeReason, State, StepFacts, grade_of
from app.results.tables import Finding, ResultVersion
from app.results.view import ResultView, author_ids
from harm_messages.pack import Pack
from harm_messages.register import Register, within
from harm_messages.vocabulary import StripReading


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a step looks at, read once and passed down: the sample, its session, analyses, the answer made of all of them, consents,
    what was expected, the findings of the version, and all versions, the newest first."""

    sample: samples.Sample
    checking: sessions.CheckingSession
    analyses: Sequence[reading_analyses.AnalysisView]
    whole: CurrentAnswer | None
    consents: Mapping[ConsentKind, ConsentAnswer]
    expected: Sequence[str]
    findings: Sequence[Finding]
    versions: Sequence[ResultVersion]

    @property
    def back_of_house(self) -> bool:
        """Whether nothing is ever released at the session: its figures count once they are verified."""
        return not self.checking.licence_mode.individual_results


def version_that_counts(session: Session, actor: Actor, sample: samples.Sample) -> ResultVersion | None:
    """The version told last, unless it was retracted; while an amendment is being made the one before stands on. Back of
    house, where nothing is ever told, the newest that is verified."""
    every = repository.versions_of(session, sample.id)
    if not sessions.get_session(session, actor, sample.session_id).licence_mode.individual_results:
        newest = next((row for row in every if row.verified_at is not None), None)
        return newest if newest is not None and newest.state is State.VERIFIED else None
    newest = next((row for row in every if row.released_at is not None), None)
    return newest if newest is not None and newest.state is not State.RETRACTED else None


def load(
    session: Session, actor: Actor, row: ResultVersion, analyses: Sequence[reading_analyses.AnalysisView] | None = None
) -> Loaded:
    """Everything about one version. `analyses`: of its sample, where they were read already. Raises NotFound when the sample
    is not of the actor's agency."""
    sample = lookup.get_sample(session, actor, row.sample_id)
    if analyses is None:
        analyses = reading_analyses.analyses_of(session, sample.id)
    return Loaded(
        sample,
        sessions.get_session(session, actor, sample.session_id),
        analyses,
        sample_answers.current_answer(session, sample.id, analyses),
        lookup.consents_of(session, sample.id),
        lookup.expected_of(session, sample.id),
        repository.findings_of(session, [row.id])[row.id],
        repository.versions_of(session, sample.id),
    )


def step_facts(
    there: Loaded,
    actor: Actor,
    row: ResultVersion,
    now: datetime,
    *,
    register: Register,
    reason: str = "",
    override_reason: str = "",
    accept_open: bool = False,
) -> StepFacts:
    """What the guards of a step look at, of one version for one person."""
    sample, checking, findings = there.sample, there.checking, there.findings
    quality = reading_quality.quality_of(there.analyses, now)
    now_there = grounds.of(sample, row, there.analyses, there.expected, there.whole)
    scope = now_there.scope
    named = grounds.named(row, now_there.named, [f.entered for f in findings], register)
    # a client must have said yes; where staff or police hand something in there is nobody to ask
    consent, of_client = there.consents.get(ConsentKind.ANALYSIS), sample.submitter_type is SubmitterType.PUBLIC
    return StepFacts(
        state=row.state,
        actor_id=actor.person_id,
        actor_roles=actor.roles,
        author_ids=frozenset(author_ids(row)),
        finding_count=len(findings),
        analysis_count=len(scope),
        says_nothing_found=row.says_nothing_found,
        reason=reason,
        screening_single=checking.screening_single,
        qc_failed=bool(quality.qc_failed),
        instruments_overdue=tuple(quality.instruments_overdue),
        override_reason=override_reason or row.override_reason,
        methods_inactive=tuple(quality.methods_inactive),
        files_waiting=quality.files_waiting,
        files_unseen=tuple(quality.files_unseen),
        strips_unanswered=strips_unanswered(scope, [(f.substance_id or "", f.substance_class) for f in findings]),
        names_open=tuple(one.name for one in named if one.is_open),
        accept_open=accept_open,
        answer_waits=sample_answers.waits(there.whole),
        questions_open=tuple(one.text for one in there.whole.open_questions) if there.whole else (),
        individual_results=checking.licence_mode.individual_results,
        analysis_consent=consent is ConsentAnswer.YES if of_client else consent is not ConsentAnswer.NO,
        sample_withdrawn=sample.withdrawn_at is not None,
        superseded=any(other.number > row.number and other.released_at is not None for other in there.versions),
        analyses_changed=row.state in (State.SUBMITTED, State.VERIFIED) and grounds.changed(row, now_there),
    )


def strips_unanswered(scope: Sequence[domain.ScopeFact], found: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Targets of positive strips that no finding mentions: neither the substance nor a class at or under it."""
    out = []
    for fact in scope:
        if fact.strip_reading is not StripReading.POSITIVE or not fact.counts:
            continue
        target = fact.strip_target
        if not any(substance == target or within(drug_class, target) for substance, drug_class in found):
            out.append(target.rpartition(".")[2].replace("_", " "))
    return tuple(dict.fromkeys(out))


def apply(
    uow: UnitOfWork,
    row: ResultVersion,
    there: Loaded,
    action: Action,
    reason: str,
    change_reason: ChangeReason | None = None,
) -> None:
    """Write what follows from a step that was allowed. `there`: as it was before the step."""
    sample = there.sample
    if action is Action.SUBMIT:
        row.submitted_at = uow.now
        samples.stamp(uow, sample, "analysed_at")
    elif action is Action.VERIFY:
        row.verified_at, row.verifier_id = uow.now, uow.actor.person_id
        second_person = uow.actor.person_id not in author_ids(row)
        laboratory_method = any(not LABORATORY.isdisjoint(f.methods) for f in there.findings)
        row.grade = grade_of(second_person=second_person, laboratory_method=laboratory_method)
        samples.stamp(uow, sample, "verified_at")
    elif action is Action.RELEASE:
        row.released_at, row.released_by = uow.now, uow.actor.person_id
        samples.stamp(uow, sample, "released_at")
    else:
        row.closed_at, row.reason = uow.now, reason
        if action in (Action.AMEND, Action.RETRACT):
            row.change_reason = change_reason or row.change_reason
        if action in (Action.RETURN, Action.WITHDRAW):
            samples.step_back(uow, sample)


def announce(uow: UnitOfWork, row: ResultVersion, kind: str) -> None:
    """Tell the bench, the queue and anyone who holds the ticket. No finding travels in an event."""
    sample = lookup.get_sample(uow.session, uow.actor, row.sample_id)
    topics = ("result",) if kind == "findings" else ("result", "queue")
    for topic in topics:
        publish(
            uow, topic, f"result.{kind}", agency_id=sample.agency_id, session_id=sample.session_id,
            sample_id=sample.id, payload={"sample_id": sample.id, "state": row.state.value},
        )  # fmt: skip
    if kind == "findings":
        return
    publish(uow, "client", "changed", sample_id=sample.id)


@dataclass(frozen=True, slots=True)
class StepTaken(Event):
    """A step with a version of a result, written down already. `there`: what was read before it; `every`: all versions of
    the sample as they are now, the newest first."""

    row: ResultVersion
    action: Action
    there: Loaded
    every: Sequence[ResultView]
    pack: Pack

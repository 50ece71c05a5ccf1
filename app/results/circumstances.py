"""Gathers what the guards of a step may look at: people, policy of the session, consent, quality of the analyses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from app.intake.samples.domain import ConsentAnswer, ConsentKind, SubmitterType
from app.laboratory.readings import service as readings
from app.platform.kernel.actor import Actor
from app.results import grounds
from app.results.domain import Circumstances, State
from app.results.drafting import as_entered
from app.results.loading import Loaded
from app.results.tables import ResultVersion
from app.results.view import author_ids
from harm_messages.register import Register, within

_JUDGED = (State.SUBMITTED, State.VERIFIED)


def circumstances_of(
    there: Loaded,
    actor: Actor,
    row: ResultVersion,
    now: datetime,
    *,
    register: Register,
    reason: str = "",
    override_reason: str = "",
    accept_open: bool = False,
) -> Circumstances:
    """Circumstances of one version for one person."""
    sample, checking, findings = there.sample, there.checking, there.findings
    quality = readings.quality_of(there.analyses, now)
    now_there = grounds.of(sample, row, there.analyses, there.expected)
    scope = now_there.scope
    named = grounds.named(row, now_there.named or (), [as_entered(f) for f in findings], register)
    return Circumstances(
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
        individual_results=checking.licence_mode.individual_results,
        analysis_consent=_consented(there.consents, sample.submitter_type),
        sample_withdrawn=sample.withdrawn_at is not None,
        superseded=any(other.number > row.number and other.released_at is not None for other in there.versions),
        analyses_changed=row.state in _JUDGED and grounds.changed(row, now_there),
    )


def strips_unanswered(scope: Sequence[readings.ScopeFact], found: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Targets of positive strips that no finding mentions: neither the substance nor a class at or under it."""
    out = []
    for fact in scope:
        if fact.strip_reading is not readings.StripReading.POSITIVE or not fact.counts:
            continue
        target = fact.strip_target
        if not any(substance == target or within(drug_class, target) for substance, drug_class in found):
            out.append(target.rpartition(".")[2].replace("_", " "))
    return tuple(dict.fromkeys(out))


def _consented(consents: Mapping[ConsentKind, ConsentAnswer], submitter: SubmitterType) -> bool:
    """A client must have said yes; where staff or police hand something in there is nobody to ask."""
    answer = consents.get(ConsentKind.ANALYSIS, ConsentAnswer.NOT_ASKED)
    if submitter is SubmitterType.PUBLIC:
        return answer is ConsentAnswer.YES
    return answer is not ConsentAnswer.NO

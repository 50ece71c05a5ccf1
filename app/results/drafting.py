"""Writing the findings of a draft: checked, derived, kept with the names of everybody who edited them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict, replace

from pydantic import JsonValue

from app.intake.samples import service as samples
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.errors import Invalid, Refused
from app.platform.kernel.versions import check_version
from app.results import effects, grounds, repository
from app.results.derivation import Derived, Whole, derive
from app.results.domain import State
from app.results.finding import Amount, NewFinding, problems
from app.results.named import Mention, dismissals_json
from app.results.tables import Finding, ResultVersion
from app.results.view import ResultView, own, view
from harm_messages.pack import Pack
from harm_messages.vocabulary import Basis
from spectra.minimum_identification import MinimumIdentification


def set_findings(
    uow: UnitOfWork,
    result_id: uuid.UUID,
    findings: Sequence[NewFinding],
    version: int,
    *,
    pack: Pack,
    nothing_found: bool = False,
) -> ResultView:
    """Write the findings of a draft anew. Whoever edits becomes one of its authors, and no author may verify it."""
    row = draft_of(uow, result_id, version)
    named = _with_names_checked(findings, pack)
    if wrong := problems(named, nothing_found=nothing_found):
        raise Invalid("The findings were not saved: " + " ".join(wrong.values()), fields=wrong)
    sample = samples.get_sample(uow.session, uow.actor, row.sample_id)
    now_there = grounds.current(uow.session, sample, row)
    _check_analyses(named, {s.analysis_id for s in now_there.scope})
    whole = derive(pack, named, now_there)
    earlier = repository.findings_of(uow.session, [row.id])[row.id]
    _replace_findings(uow, row, named, whole)
    row.says_nothing_found = nothing_found
    _drop_recorded(row, now_there.named or (), named, pack)
    row.version += 1
    note_author(uow, row)
    uow.session.flush()
    kept = repository.findings_of(uow.session, [row.id])[row.id]
    audit.record(
        uow, "set_findings", "result", row.id, version=row.version, session_id=sample.session_id,
        before={"findings": [_summary(f) for f in earlier]},
        after={"findings": [_summary(f) for f in kept], "nothing_found": nothing_found},
    )  # fmt: skip
    effects.announce(uow, row, "findings")
    return view(uow.session, row)


def _drop_recorded(
    row: ResultVersion, now_named: tuple[Mention, ...], findings: Sequence[NewFinding], pack: Pack
) -> None:
    """What has become a finding is dismissed no more: it is open again should the finding be removed."""
    if row.dismissals:
        held = [one.dismissal for one in grounds.named(row, now_named, findings, pack.substances)]
        row.dismissals = dismissals_json([one for one in held if one is not None])


def draft_of(uow: UnitOfWork, result_id: uuid.UUID, version: int) -> ResultVersion:
    """A draft to be changed, held until this transaction ends. Raises Stale, and Refused for any other state."""
    row = own(uow.session, uow.actor, result_id, lock=True)
    check_version("result", version, row.version)
    if row.state is not State.DRAFT:
        raise Refused(
            [f"This version is {row.state.value}, and only a draft can be changed."],
            hint="Take it back, have it returned, or amend it: each begins a new draft with the same findings.",
        )
    return row


def _replace_findings(uow: UnitOfWork, row: ResultVersion, entered: Sequence[NewFinding], whole: Whole) -> None:
    repository.delete_findings(uow.session, row.id)
    for position, (finding, derived) in enumerate(zip(entered, whole.findings, strict=True)):
        uow.session.add(_row(row.id, position, finding, derived))
    row.verdict, row.outcome = whole.verdict, whole.outcome
    uow.session.flush()


def derive_again(uow: UnitOfWork, row: ResultVersion, pack: Pack) -> None:
    """Bring roles, confidence and verdict up to what is expected and what ran now, and keep that with the version."""
    entered = [as_entered(f) for f in repository.findings_of(uow.session, [row.id])[row.id]]
    now_there = grounds.current(uow.session, samples.get_sample(uow.session, uow.actor, row.sample_id), row)
    row.basis = now_there.as_json()
    _replace_findings(uow, row, entered, derive(pack, entered, now_there))


def note_author(uow: UnitOfWork, row: ResultVersion) -> None:
    """Whoever edits or submits answers for it."""
    me = str(uow.actor.person_id)
    if me != str(row.author_id) and me not in row.co_author_ids:
        row.co_author_ids = [*row.co_author_ids, me]


def _with_names_checked(findings: Sequence[NewFinding], pack: Pack) -> list[NewFinding]:
    """Every name is in the register, or the finding is refused: an unknown name must never read as “not found”."""
    register = pack.substances
    wrong: dict[str, str] = {}
    for index, finding in enumerate(findings):
        if finding.substance_id and register.get(finding.substance_id) is None:
            wrong[f"findings.{index}.substance"] = (
                f"“{finding.substance_id}” is not in the register. Choose a name from the list, or enter it as seen "
                "but not named."
            )
        elif not finding.substance_id and finding.substance_class and not register.is_class(finding.substance_class):
            wrong[f"findings.{index}.substance"] = f"“{finding.substance_class}” is not a class of the register."
    if wrong:
        raise Invalid("The findings were not saved: " + " ".join(wrong.values()), fields=wrong)
    return [
        replace(f, substance_class=register[f.substance_id].drug_class, unknown_label="") if f.substance_id else f
        for f in findings
    ]


def _check_analyses(findings: Sequence[NewFinding], known: set[uuid.UUID]) -> None:
    for index, finding in enumerate(findings):
        if not set(finding.analysis_ids) <= known:
            raise Invalid(
                "The findings were not saved: one names an analysis that is not of this sample.",
                fields={f"findings.{index}.analyses": "This analysis is not of this sample."},
            )


def _row(result_id: uuid.UUID, position: int, f: NewFinding, d: Derived) -> Finding:
    amount = f.amount
    reasons = list(d.reasons)
    if f.confidence is not None and f.confidence is not d.by_rule:
        reasons.append(f"By rule it would be {d.by_rule.value.replace('_', ' ')}.")
    return Finding(
        result_id=result_id,
        position=position,
        substance_id=f.substance_id,
        substance_class=d.substance_class,
        unknown_label=f.unknown_label.strip(),
        role=d.role,
        abundance=f.abundance,
        confidence=d.confidence,
        confidence_reasons=reasons,
        confidence_override=f.confidence_reason.strip() if f.confidence is not None else "",
        amount_value=amount.value if amount else None,
        amount_low=amount.low if amount else None,
        amount_high=amount.high if amount else None,
        coverage_k=amount.k if amount and amount.low is not None else None,
        amount_unit=amount.unit if amount else None,
        basis=amount.basis if amount else Basis.UNKNOWN,
        below=f.below.strip(),
        methods=list(d.methods),
        analysis_ids=[str(key) for key in f.analysis_ids],
        limitations=list(d.limitations),
        cannot_tell_from=list(f.cannot_tell_from),
        retention_ids=[str(key) for key in f.retention_ids],
        minimum=minimum_json(d.minimum),
        signal=[asdict(one) for one in d.signal],
    )


def minimum_json(found: MinimumIdentification | None) -> dict[str, JsonValue] | None:
    """For the column, with the sentence to print: a later edition does not change what was said."""
    if found is None:
        return None
    values = {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(found).items()}
    return {**values, "sentence": found.sentence}


def as_entered(finding: Finding) -> NewFinding:
    """A stored finding as it was typed, to be changed and written again."""
    amount = None
    if finding.amount_value is not None and finding.amount_unit is not None:
        amount = Amount(
            finding.amount_value,
            finding.amount_unit,
            finding.basis,
            finding.amount_low,
            finding.amount_high,
            finding.coverage_k or 2.0,
        )
    return NewFinding(
        substance_id=finding.substance_id,
        substance_class=finding.substance_class,
        unknown_label=finding.unknown_label,
        abundance=finding.abundance,
        amount=amount,
        below=finding.below,
        analysis_ids=tuple(uuid.UUID(key) for key in finding.analysis_ids),
        cannot_tell_from=tuple(finding.cannot_tell_from),
        confidence=finding.confidence if finding.confidence_override else None,
        confidence_reason=finding.confidence_override,
        retention_ids=tuple(uuid.UUID(key) for key in finding.retention_ids),
    )


def _summary(f: Finding) -> dict[str, JsonValue]:
    return {
        "what": f.substance_id or f.substance_class or "unknown",
        "abundance": f.abundance.value,
        "confidence": f.confidence.value,
        "amount": f.amount_value,
    }

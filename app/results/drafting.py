"""Writing a draft: its findings, checked, derived and kept with the names of everybody who edited them; and what a spectrum
names and is dismissed with a reason."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import sqlalchemy as sa
from pydantic import JsonValue
from sqlmodel import Session, col

from app.intake.samples import lookup
from app.laboratory.readings import analyses
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.errors import Invalid, Refused
from app.platform.kernel.versions import check_version
from app.results import edits, grounds, repository
from app.results.derivation import Derived, Whole, derive
from app.results.domain import DismissReason, NameState, State
from app.results.finding import NewFinding, problems
from app.results.loading import announce
from app.results.named import NOTE_MAX, Dismissal, Mention, Named, dismissals_from, dismissals_json, mentions_of
from app.results.tables import Finding, ResultVersion
from app.results.view import ResultView, own, view
from harm_messages.pack import Pack
from harm_messages.register import Register
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
    """Write the findings of a draft again. Anyone who edits becomes one of its authors, and no author may verify it."""
    row = draft_of(uow, result_id, version)
    named = _with_names_checked(findings, pack)
    if wrong := problems(named, nothing_found=nothing_found):
        raise Invalid("The findings were not saved: " + " ".join(wrong.values()), fields=wrong)
    sample = lookup.get_sample(uow.session, uow.actor, row.sample_id)
    now_there = grounds.current(uow.session, sample, row)
    _check_analyses(named, {s.analysis_id for s in now_there.scope})
    whole = derive(pack, named, now_there)
    earlier = repository.findings_of(uow.session, [row.id])[row.id]
    _replace_findings(uow, row, named, whole)
    row.says_nothing_found = nothing_found
    if row.dismissals:  # what has become a finding is dismissed no more: it is open again should the finding be removed
        held = [one.dismissal for one in grounds.named(row, now_there.named, named, pack.substances)]
        row.dismissals = dismissals_json([one for one in held if one is not None])
    row.version += 1
    note_author(uow, row)
    edits.keep(uow, row, named)
    uow.session.flush()
    kept = repository.findings_of(uow.session, [row.id])[row.id]
    audit.record(
        uow, "set_findings", "result", row.id, version=row.version, session_id=sample.session_id,
        before={"findings": [_summary(f) for f in earlier]},
        after={"findings": [_summary(f) for f in kept], "nothing_found": nothing_found},
    )  # fmt: skip
    announce(uow, row, "findings")
    return view(uow.session, row)


def draft_of(uow: UnitOfWork, result_id: uuid.UUID, version: int) -> ResultVersion:
    """A draft to be changed, held until this transaction ends. Raises Stale, and Refused for any other state."""
    row = own(uow.session, uow.actor, result_id, lock=True)
    check_version("result", version, row.version)
    if row.state is not State.DRAFT:
        raise Refused(
            [f"This version is {row.state.value}, and only a draft can be changed."],
            hint="Recall it, have it returned, or amend it. Each starts a new draft with the same findings.",
        )
    return row


def _replace_findings(uow: UnitOfWork, row: ResultVersion, entered: Sequence[NewFinding], whole: Whole) -> None:
    uow.session.connection().execute(sa.delete(Finding).where(col(Finding.result_id) == row.id))
    for position, (finding, derived) in enumerate(zip(entered, whole.findings, strict=True)):
        uow.session.add(_row(row.id, position, finding, derived))
    row.verdict, row.outcome = whole.verdict, whole.outcome
    uow.session.flush()


def derive_again(uow: UnitOfWork, row: ResultVersion, pack: Pack) -> None:
    """Bring roles, confidence and verdict up to what is expected and what ran now, and keep that with the version."""
    entered = [f.entered for f in repository.findings_of(uow.session, [row.id])[row.id]]
    now_there = grounds.current(uow.session, lookup.get_sample(uow.session, uow.actor, row.sample_id), row)
    row.basis = now_there.as_json()
    _replace_findings(uow, row, entered, derive(pack, entered, now_there))


def note_author(uow: UnitOfWork, row: ResultVersion) -> None:
    """Anyone who edits or submits answers for it."""
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
                f"“{finding.substance_id}” is not in the substance list. Choose a name from it, or enter it as seen "
                "but not named."
            )
        elif not finding.substance_id and finding.substance_class and not register.is_class(finding.substance_class):
            wrong[f"findings.{index}.substance"] = f"“{finding.substance_class}” is not a class in the list."
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
                "The findings were not saved. One names an analysis of another sample.",
                fields={f"findings.{index}.analyses": "This is an analysis of another sample."},
            )


def _row(result_id: uuid.UUID, position: int, f: NewFinding, d: Derived) -> Finding:
    amount, reasons = f.amount, list(d.reasons)
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
        minimum=None if d.minimum is None else _minimum_json(d.minimum),
        signal=[asdict(one) for one in d.signal],
    )


def _minimum_json(found: MinimumIdentification) -> dict[str, JsonValue]:
    """For the column, with the sentence to print: a later edition does not change what was said."""
    values = {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(found).items()}
    return {**values, "sentence": found.sentence}


def _summary(f: Finding) -> dict[str, JsonValue]:
    return {
        "what": f.substance_id or f.substance_class or "unknown",
        "abundance": f.abundance.value,
        "confidence": f.confidence.value,
        "amount": f.amount_value,
    }


# -- what a spectrum names and is no finding -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewDismissal:
    """What a chemist says: which name, why, and in a few words where the reasons on the list do not fit."""

    key: str
    reason: DismissReason
    note: str = ""


def named_of(
    session: Session, row: ResultVersion, register: Register, now_named: tuple[Mention, ...] | None = None
) -> tuple[Named, ...]:
    """What became of each substance the readings name. `now_named` spares reading the answers once more."""
    if now_named is None:
        now_named = mentions_of(analyses.analyses_of(session, row.sample_id))
    findings = [f.entered for f in repository.findings_of(session, [row.id])[row.id]]
    return grounds.named(row, now_named, findings, register)


def in_force(named: Sequence[Named]) -> list[NewDismissal]:
    """The dismissals that hold, as they were given."""
    return [NewDismissal(d.key, d.reason, d.note) for d in (one.dismissal for one in named) if d is not None]


def set_dismissals(
    uow: UnitOfWork, result_id: uuid.UUID, wanted: Sequence[NewDismissal], version: int, *, pack: Pack
) -> ResultView:
    """Write what is dismissed in a draft; it replaces what was. Anyone who dismisses becomes one of its authors."""
    row = draft_of(uow, result_id, version)
    named = {one.key: one for one in named_of(uow.session, row, pack.substances)}
    if wrong := _problems(wanted, named):
        raise Invalid("Nothing was dismissed: " + " ".join(dict.fromkeys(wrong.values())), fields=wrong)
    before = dismissals_from(row.dismissals)
    row.dismissals = dismissals_json([_dismissal(uow, one, named[one.key]) for one in wanted])
    row.version += 1
    note_author(uow, row)
    uow.session.flush()
    sample = lookup.get_sample(uow.session, uow.actor, row.sample_id)
    audit.record(
        uow, "set_dismissals", "result", row.id, version=row.version, session_id=sample.session_id,
        before={"dismissed": {one.key: one.reason.value for one in before}},
        after={"dismissed": {one.key: one.reason.value for one in wanted}},
    )  # fmt: skip  # notes are free text and stay out of the log
    announce(uow, row, "findings")
    return view(uow.session, row)


def _problems(wanted: Sequence[NewDismissal], named: dict[str, Named]) -> dict[str, str]:
    wrong: dict[str, str] = {}
    seen: set[str] = set()
    for index, one in enumerate(wanted):
        found = named.get(one.key)
        if found is None:
            wrong[f"dismissals.{index}.key"] = f"No spectrum of this sample names “{one.key[:60]}”."
        elif found.state is NameState.RECORDED:
            wrong[f"dismissals.{index}.key"] = f"{found.name} is recorded. Remove the finding to dismiss it."
        elif one.key in seen:
            wrong[f"dismissals.{index}.key"] = f"{found.name} stands twice."
        if one.reason is DismissReason.OTHER and not one.note.strip():
            wrong[f"dismissals.{index}.note"] = "Enter a reason, for example solvent peak."
        if len(one.note.strip()) > NOTE_MAX:
            wrong[f"dismissals.{index}.note"] = f"The note is longer than {NOTE_MAX} characters."
        seen.add(one.key)
    return wrong


def _dismissal(uow: UnitOfWork, one: NewDismissal, found: Named) -> Dismissal:
    """The one that holds, where the same is said again: then it stays with who said it first."""
    note = one.note.strip()
    held = found.dismissal
    if held is not None and (held.reason, held.note) == (one.reason, note):
        return held
    assert uow.actor.person_id is not None
    places = tuple(dict.fromkeys(m.place for m in found.mentions))
    return Dismissal(found.key, found.name, one.reason, note, uow.actor.person_id, uow.now, places)

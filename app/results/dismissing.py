"""Dismissing what a spectrum names, with a reason, in a draft; and what became of every name of a version."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from app.intake.samples import service as samples
from app.laboratory.readings import service as readings
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.errors import Invalid
from app.results import effects, grounds, repository
from app.results.domain import DismissReason, NameState
from app.results.drafting import as_entered, draft_of, note_author
from app.results.named import NOTE_MAX, Dismissal, Mention, Named, dismissals_from, dismissals_json, mentions_of
from app.results.tables import ResultVersion
from app.results.view import ResultView, view
from harm_messages.pack import Pack
from harm_messages.register import Register


@dataclass(frozen=True, slots=True)
class NewDismissal:
    """What a chemist says: which name, why, and in a few words where the reasons on the list do not fit."""

    key: str
    reason: DismissReason
    note: str = ""


def named_of(
    session: Session, shown: ResultView, register: Register, now_named: tuple[Mention, ...] | None = None
) -> tuple[Named, ...]:
    """What became of each substance the readings name. `now_named` spares reading the answers once more."""
    return _named(session, shown.result, register, now_named)


def _named(
    session: Session, row: ResultVersion, register: Register, now_named: tuple[Mention, ...] | None = None
) -> tuple[Named, ...]:
    if now_named is None:
        now_named = mentions_of(readings.analyses_of(session, row.sample_id))
    findings = [as_entered(f) for f in repository.findings_of(session, [row.id])[row.id]]
    return grounds.named(row, now_named, findings, register)


def in_force(named: Sequence[Named]) -> list[NewDismissal]:
    """The dismissals that hold, as they were given."""
    return [NewDismissal(d.key, d.reason, d.note) for d in (one.dismissal for one in named) if d is not None]


def set_dismissals(
    uow: UnitOfWork, result_id: uuid.UUID, wanted: Sequence[NewDismissal], version: int, *, pack: Pack
) -> ResultView:
    """Write what is dismissed in a draft; it replaces what was. Whoever dismisses becomes one of its authors."""
    row = draft_of(uow, result_id, version)
    named = {one.key: one for one in _named(uow.session, row, pack.substances)}
    if wrong := _problems(wanted, named):
        raise Invalid("Nothing was dismissed: " + " ".join(dict.fromkeys(wrong.values())), fields=wrong)
    before = dismissals_from(row.dismissals)
    row.dismissals = dismissals_json([_dismissal(uow, one, named[one.key]) for one in wanted])
    row.version += 1
    note_author(uow, row)
    uow.session.flush()
    sample = samples.get_sample(uow.session, uow.actor, row.sample_id)
    audit.record(
        uow, "set_dismissals", "result", row.id, version=row.version, session_id=sample.session_id,
        before={"dismissed": {one.key: one.reason.value for one in before}},
        after={"dismissed": {one.key: one.reason.value for one in wanted}},
    )  # fmt: skip  # notes are free text and stay out of the log
    effects.announce(uow, row, "findings")
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
            wrong[f"dismissals.{index}.note"] = "Say why in a few words."
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
    reading_ids = tuple(dict.fromkeys(m.reading_id for m in found.mentions))
    return Dismissal(found.key, found.name, one.reason, note, reading_ids, uow.actor.person_id, uow.now)

"""Use cases of results: begin a draft and take a version through its states (its findings: drafting.py).

Other features read results through this module only: `latest`, `released`, `client_result`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from app.intake.samples import lookup
from app.laboratory.readings import analyses as reading_analyses
from app.laboratory.readings.domain import ReadingsInQuestion
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import Conflict, Invalid, Refused
from app.platform.kernel.versions import check_version
from app.platform.reactions import emit
from app.results import edits, repository
from app.results.domain import SUCCEEDED, Action, ChangeReason, Decision, State, decide, steps_from
from app.results.drafting import derive_again, named_of, note_author, set_dismissals, set_findings
from app.results.left_open import LeftOpen, left_open_from, left_open_json
from app.results.loading import StepTaken, announce, apply, load, step_facts
from app.results.tables import Finding, ResultVersion
from app.results.view import ResultView, client_result, latest, own, released, released_of, versions, view, views
from harm_messages.pack import Pack
from harm_messages.register import Register

__all__ = [
    "ResultView", "client_result", "latest", "named_of", "released", "released_of", "set_dismissals", "set_findings", "versions",
]  # fmt: skip

REASON_MAX = 200
STANDS = frozenset({State.SUBMITTED, State.VERIFIED, State.RELEASED})


def get_result(session: Session, actor: Actor, result_id: uuid.UUID) -> ResultView:
    """One version of a sample of the actor's agency."""
    return view(session, own(session, actor, result_id))


def last_changed(session: Session, sample_ids: Iterable[uuid.UUID]) -> datetime | None:
    """When a result that had been told of one of these samples was last amended or retracted."""
    query = select(sa.func.max(col(ResultVersion.closed_at))).where(
        col(ResultVersion.sample_id).in_(list(sample_ids)), col(ResultVersion.released_at).is_not(None),
        col(ResultVersion.state).in_([State.AMENDED, State.RETRACTED]),
    )  # fmt: skip
    return session.exec(query).one()


def standing_on_readings(uow: UnitOfWork, readings_of: ReadingsInQuestion) -> str:
    """State, in a word, of a newest version that stands on what was submitted (ADR 0009); "" otherwise."""
    state = repository.newest_states(uow.session, [readings_of.sample_id]).get(readings_of.sample_id)
    return state.value if state in STANDS else ""


def start_draft(uow: UnitOfWork, sample_id: uuid.UUID) -> ResultView:
    """A new draft: the first version, or the next one after a return, withdrawal, amendment or retraction.

    It begins with a copy of the findings and dismissals before it, so that only what was wrong has to be corrected.
    """
    sample = lookup.get_sample(uow.session, uow.actor, sample_id)
    if sample.withdrawn_at is not None:
        raise Refused(["The client has withdrawn this sample."])
    before = next(iter(repository.versions_of(uow.session, sample_id)), None)
    if before is not None and before.state not in SUCCEEDED:
        raise Conflict(
            f"Version {before.number} of this result is {before.state.value}. A new one can start only after it "
            "was returned, recalled, amended or retracted.",
            hint="Open the version that is there.",
        )
    row = _new_version(uow, sample_id, before)
    audit.record(
        uow, "start_draft", "result", row.id, version=row.version, session_id=sample.session_id,
        after={"number": row.number, "supersedes": str(before.id) if before else None},
    )  # fmt: skip
    announce(uow, row, "drafted")
    return view(uow.session, row)


def _new_version(uow: UnitOfWork, sample_id: uuid.UUID, before: ResultVersion | None) -> ResultVersion:
    assert uow.actor.person_id is not None
    row = ResultVersion(
        sample_id=sample_id,
        number=before.number + 1 if before else 1,
        state=State.DRAFT,
        author_id=uow.actor.person_id,
        supersedes_id=before.id if before else None,
        says_nothing_found=before.says_nothing_found if before else False,
        created_at=uow.now,
    )
    if before is not None:
        row.verdict, row.outcome = before.verdict, before.outcome
        row.dismissals = list(before.dismissals)
    uow.session.add(row)
    try:
        uow.session.flush()
    except IntegrityError as error:
        raise Conflict(
            "Someone else just started the findings of this sample.", hint="Open the sample again."
        ) from error
    if before is not None:
        for finding in repository.findings_of(uow.session, [before.id])[before.id]:
            values = finding.model_dump(exclude={"id", "result_id"})
            uow.session.add(Finding(result_id=row.id, **values))
        uow.session.flush()
    edits.keep(uow, row, [f.entered for f in repository.findings_of(uow.session, [row.id])[row.id]])
    return row


def act(
    uow: UnitOfWork,
    result_id: uuid.UUID,
    action: Action,
    *,
    pack: Pack,
    if_match: int,
    reason: str = "",
    override_reason: str = "",
    change_reason: ChangeReason | None = None,
    accept_open: bool = False,
) -> ResultView:
    """Take one step, or raise Refused with every reason why not. Amending answers with the new draft it begins.

    `accept_open`: submit or verify although something a spectrum names is neither recorded nor dismissed.
    """
    # the sample first: of a withdrawal and a release at the same moment the second sees the first
    sample = lookup.lock_sample(uow, own(uow.session, uow.actor, result_id).sample_id)
    row = own(uow.session, uow.actor, result_id, lock=True)
    check_version("result", if_match, row.version)
    there = load(uow.session, uow.actor, row)
    circumstances = step_facts(
        there, uow.actor, row, uow.now, register=pack.substances, reason=reason, override_reason=override_reason,
        accept_open=accept_open,
    )  # fmt: skip
    decision = decide(action, circumstances)
    if decision.target is None:
        raise Refused(decision.reasons)
    if max(len(reason.strip()), len(override_reason.strip())) > REASON_MAX:
        raise Invalid(
            f"The reason is longer than {REASON_MAX} characters. Nothing was changed.", fields={"reason": "too long"}
        )
    before = row.state
    row.state = decision.target
    row.version += 1
    row.override_reason = override_reason.strip() or row.override_reason
    if action is Action.SUBMIT:
        note_author(uow, row)
        derive_again(uow, row, pack)
        edits.forget(uow, row)
    apply(uow, row, there, action, reason.strip(), change_reason)
    left_open = _note_left_open(uow, row, action, circumstances.names_open)
    audit.record(
        uow, action.value, "result", row.id, version=row.version, session_id=sample.session_id,
        before={"state": before.value}, after={"state": row.state.value, "number": row.number, **left_open},
        reason=reason.strip() or override_reason.strip(),
    )  # fmt: skip
    uow.session.flush()
    every = views(uow.session, there.versions)
    emit(uow, StepTaken(row, action, there, every, pack))
    announce(uow, row, row.state.value)
    if action is Action.AMEND:
        return start_draft(uow, row.sample_id)
    return next(one for one in every if one.result.id == row.id)


def _note_left_open(
    uow: UnitOfWork, row: ResultVersion, action: Action, names: tuple[str, ...]
) -> dict[str, JsonValue]:
    """Keep with the version who confirmed what stays open; the same for the audit log."""
    if not names or action not in (Action.SUBMIT, Action.VERIFY):
        return {}
    assert uow.actor.person_id is not None
    earlier = left_open_from(row.left_open)
    row.left_open = left_open_json((*earlier, LeftOpen(action, names, uow.actor.person_id, uow.now)))
    return {"left_open": list(names)}


def allowed_actions(
    session: Session,
    actor: Actor,
    result: ResultVersion,
    now: datetime,
    register: Register,
    analyses: Sequence[reading_analyses.AnalysisView] | None = None,
) -> list[tuple[Action, Decision]]:
    """Every step this version could take, with what stands in the way of this person. `analyses`: of its sample, if read."""
    there = load(session, actor, result, analyses)
    circumstances = step_facts(there, actor, result, now, register=register)
    return [(action, decide(action, circumstances)) for action in steps_from(result.state)]

"""What a step changes besides its state: who and when, the sample's times, and the screens to tell."""

from __future__ import annotations

from app.intake.samples import service as samples
from app.platform.db import UnitOfWork
from app.platform.live.publish import publish
from app.results.derivation import laboratory
from app.results.domain import Action, ChangeReason, grade_of
from app.results.loading import Loaded
from app.results.tables import ResultVersion
from app.results.view import author_ids


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
        row.grade = grade_of(second_person=uow.actor.person_id not in author_ids(row), laboratory_method=_lab(there))
        samples.stamp(uow, sample, "verified_at")
    elif action is Action.RELEASE:
        row.released_at, row.released_by = uow.now, uow.actor.person_id
        samples.stamp(uow, sample, "released_at")
    else:
        row.closed_at, row.reason = uow.now, reason
        if action in (Action.AMEND, Action.RETRACT):
            row.change_reason = change_reason or row.change_reason


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


def _lab(there: Loaded) -> bool:
    return any(laboratory(f.methods) for f in there.findings)

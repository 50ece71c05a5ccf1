"""What a step changes besides its state: who and when, the sample's times, aggregates, and the screens to tell."""

from __future__ import annotations

from app.alerts.asking_to_look import look_at_sample
from app.platform.db import UnitOfWork
from app.platform.live.publish import publish
from app.results import counting, repository
from app.results.derivation import laboratory
from app.results.domain import Action, ChangeReason, grade_of
from app.results.tables import ResultVersion
from app.results.view import author_ids
from app.samples import service as samples
from app.trends import service as trends
from harm_messages.pack import Pack


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
        if counting.back_of_house(uow.session, uow.actor, sample.session_id):
            counting.count(uow, row, pack)  # nothing is ever released there: its figures count once they are verified
            look_at_sample(uow, sample.id, sample.agency_id)
    elif action is Action.RELEASE:
        row.released_at, row.released_by = uow.now, uow.actor.person_id
        samples.stamp(uow, sample, "released_at")
        counting.count(uow, row, pack)
        look_at_sample(uow, sample.id, sample.agency_id)
    else:
        row.closed_at, row.reason = uow.now, reason
        if action in (Action.AMEND, Action.RETRACT):
            row.change_reason = change_reason or row.change_reason
        if action is Action.RETRACT or (
            action is Action.RETURN and counting.back_of_house(uow.session, uow.actor, sample.session_id)
        ):
            trends.forget(uow, sample.id)


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

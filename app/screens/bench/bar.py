"""The action bar of a sample on the bench: the one step that comes next, what else may be done, and what was done just before."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlmodel import Session

from app.intake.samples import lookup
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import NotFound
from app.results import service
from app.results.bench import Bench, Worklist
from app.results.domain import Action, Decision, State, StepFacts, decide
from app.results.view import author_ids

MAIN: dict[State | None, Action] = {
    None: Action.SUBMIT,
    State.DRAFT: Action.SUBMIT,
    State.SUBMITTED: Action.VERIFY,
    State.VERIFIED: Action.RELEASE,
}
BUTTONS: dict[Action, str] = {
    Action.SUBMIT: "Submit for verification",
    Action.WITHDRAW: "Recall submission",
    Action.RETURN: "Return…",
    Action.VERIFY: "Verify",
    Action.RELEASE: "Release to client",
    Action.AMEND: "Amend…",
    Action.RETRACT: "Retract…",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step with what its button says and what stands in its way."""

    action: Action
    decision: Decision

    @property
    def button(self) -> str:
        """What the button says."""
        return BUTTONS[self.action]


@dataclass(frozen=True, slots=True)
class Undo:
    """A submission that may still be recalled by the person who made it."""

    number: int
    sample_id: uuid.UUID
    result_id: uuid.UUID
    version: int


@dataclass(frozen=True, slots=True)
class ActionBar:
    """What stands in the bar. `nothing`: “nothing detected” may be recorded; `next_version`: its number, where one may begin;
    `verifies`: for someone who verified and did not write it, so that another sample comes before a version of their own."""

    main: Step | None
    also: tuple[Step, ...] = ()
    nothing: bool = False
    next_version: int | None = None
    verifies: bool = False


def bar_of(shown: Bench, who: Actor) -> ActionBar:
    """The bar of this sample for this person."""
    main = MAIN.get(shown.state)
    steps = dict(shown.steps)
    if main is not None and main not in steps:
        steps = {main: decide(main, _before_a_draft(shown, who))}
    writes = who.has(Role.CHEMIST, Role.VERIFIER)
    return ActionBar(
        main=Step(main, steps[main]) if main is not None else None,
        also=tuple(Step(action, one) for action, one in steps.items() if action is not main and one.offered),
        nothing=shown.editable
        and writes
        and not shown.lines
        and not (shown.view and shown.view.result.says_nothing_found),
        next_version=shown.view.result.number + 1 if shown.view and shown.can_draft and writes else None,
        verifies=who.has(Role.VERIFIER)
        and not who.has(Role.CHEMIST)
        and not (shown.view and who.person_id in author_ids(shown.view.result)),
    )


def _before_a_draft(shown: Bench, who: Actor) -> StepFacts:
    return StepFacts(
        State.DRAFT,
        who.person_id,
        who.roles,
        frozenset(),
        analysis_count=len(shown.analyses),
        sample_withdrawn=shown.sample.withdrawn_at is not None,
    )


def undo_of(session: Session, who: Actor, sample_id: uuid.UUID | None) -> Undo | None:
    """How to recall what was submitted for this sample; None where it is submitted no longer, or was someone else's."""
    if sample_id is None:
        return None
    try:
        sample = lookup.get_sample(session, who, sample_id)
    except NotFound:
        return None
    newest = service.latest(session, sample_id)
    if newest is None or newest.result.state is not State.SUBMITTED or who.person_id not in author_ids(newest.result):
        return None
    return Undo(sample.number, sample_id, newest.result.id, newest.result.version)


def next_after(work: Worklist, sample_id: uuid.UUID, waited_s: float) -> uuid.UUID | None:
    """The sample to open once this one is submitted: the next one in the list that waits for this person, else the first."""
    mine = [row.queued for row in work.rows if row.mine and row.queued.id != sample_id]
    later = (row.id for row in mine if row.waited_s <= waited_s)
    return next(later, mine[0].id if mine else None)

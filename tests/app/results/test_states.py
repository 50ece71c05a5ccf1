"""The state machine in full: state × action × role against a table written by hand, and every guard's sentence."""

from __future__ import annotations

import itertools
from uuid import uuid4

import pytest

from app.platform.kernel.actor import Role
from app.results import domain
from app.results.domain import Action, Grade, State, StepFacts, decide, grade_of, steps_from

AUTHOR, OTHER = uuid4(), uuid4()

# state: {action: (target, roles who may)}; whatever is not here is refused for everybody.
EXPECTED = {
    "draft": {"submit": ("submitted", {"chemist", "verifier"})},
    "submitted": {
        "withdraw": ("withdrawn", {"chemist", "verifier"}),
        "return": ("returned", {"verifier"}),
        "verify": ("verified", {"verifier"}),
    },
    "returned": {},
    "withdrawn": {},
    "verified": {"return": ("returned", {"verifier", "session_lead"}), "release": ("released", {"session_lead"})},
    "released": {"amend": ("amended", {"chemist", "verifier"}), "retract": ("retracted", {"session_lead"})},
    "amended": {"retract": ("retracted", {"session_lead"})},
    "retracted": {},
}


def fine(state: State, action: Action, role: Role | None = None, **more: object) -> StepFacts:
    """Everything in order: the guards have nothing to say."""
    actor = AUTHOR if action is Action.WITHDRAW else OTHER
    values: dict[str, object] = {
        "state": state,
        "actor_id": actor,
        "actor_roles": frozenset({role} if role else Role),
        "author_ids": frozenset({AUTHOR}),
        "finding_count": 1,
        "reason": "a reason",
        **more,
    }
    return StepFacts(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize("role", list(Role))
def test_every_state_action_and_role_is_decided_as_the_table_says(role: Role) -> None:
    for state, action in itertools.product(State, Action):
        target, roles = EXPECTED[state.value].get(action.value, (None, set()))
        decision = decide(action, fine(state, action, role))
        assert decision.allowed is (role.value in roles), (state, action)
        assert decision.target == (target if decision.allowed else None)
        assert bool(decision.reasons) is not decision.allowed
        assert decision.offered is decision.allowed


def test_the_table_covers_every_state_and_action() -> None:
    assert set(EXPECTED) == {s.value for s in State}
    assert {a for row in EXPECTED.values() for a in row} == {a.value for a in Action}
    for state in State:
        assert {a.value for a in steps_from(state)} == set(EXPECTED[state.value])


def test_nobody_signed_in_may_do_nothing() -> None:
    for state, action in itertools.product(State, Action):
        nobody = fine(state, action, actor_id=None, actor_roles=frozenset())
        assert not decide(action, nobody).allowed


GUARDS = [
    (State.DRAFT, Action.SUBMIT, {"finding_count": 0}, "No finding yet"),
    (State.DRAFT, Action.SUBMIT, {"finding_count": 0, "says_nothing_found": True, "analysis_count": 0}, "No analysis"),
    (State.DRAFT, Action.SUBMIT, {"analysis_count": 0}, "No analysis"),
    (State.DRAFT, Action.SUBMIT, {"files_waiting": 1}, "1 uploaded file is"),
    (State.DRAFT, Action.SUBMIT, {"files_waiting": 3}, "3 uploaded files are"),
    (State.DRAFT, Action.SUBMIT, {"files_unseen": ("a.dx",)}, "a.dx has warnings nobody has checked"),
    (State.DRAFT, Action.SUBMIT, {"files_unseen": ("a.dx", "b.dx")}, "a.dx and b.dx have warnings"),
    (State.DRAFT, Action.SUBMIT, {"methods_inactive": ("FTIR version 0",)}, "FTIR version 0"),
    (State.DRAFT, Action.SUBMIT, {"sample_withdrawn": True}, "withdrawn"),
    (State.DRAFT, Action.SUBMIT, {"strips_unanswered": ("nitazene",)}, "strip for nitazene is positive"),
    (State.DRAFT, Action.SUBMIT, {"names_open": ("A",)}, "Record or dismiss it, or confirm that it stays open"),
    (State.DRAFT, Action.SUBMIT, {"names_open": ("A", "B")}, "still open: A, B. Record or dismiss each"),
    (State.SUBMITTED, Action.VERIFY, {"names_open": ("A", "B")}, "Return the result, or confirm that they stay open"),
    (State.SUBMITTED, Action.VERIFY, {"strips_unanswered": ("nitazene",)}, "no finding mentions it"),
    (State.DRAFT, Action.SUBMIT, {"answer_waits": True}, "being worked out"),
    (State.SUBMITTED, Action.VERIFY, {"questions_open": ("Of one sample?",)}, "Of one sample?"),
    (State.VERIFIED, Action.RELEASE, {"questions_open": ("One?", "Another?")}, "is open and 1 more: One?"),
    (State.SUBMITTED, Action.WITHDRAW, {"actor_id": OTHER}, "Only someone who wrote"),
    (State.SUBMITTED, Action.RETURN, {"actor_id": AUTHOR}, "Recall them"),
    (State.SUBMITTED, Action.RETURN, {"reason": " "}, "Enter a reason"),
    (State.SUBMITTED, Action.VERIFY, {"actor_id": AUTHOR}, "Someone else must verify"),
    (State.SUBMITTED, Action.VERIFY, {"qc_failed": True}, "blank or control"),
    (State.SUBMITTED, Action.VERIFY, {"instruments_overdue": ("Alpha II",)}, "Alpha II"),
    (State.SUBMITTED, Action.VERIFY, {"methods_inactive": ("Raman version 1",)}, "no longer in use"),
    (State.SUBMITTED, Action.VERIFY, {"sample_withdrawn": True}, "withdrawn"),
    (State.SUBMITTED, Action.VERIFY, {"files_waiting": 1}, "still being read"),
    (State.SUBMITTED, Action.VERIFY, {"files_unseen": ("a.dx",)}, "nobody has checked"),
    (State.SUBMITTED, Action.VERIFY, {"analyses_changed": True}, "changed since these findings were submitted"),
    (State.VERIFIED, Action.RETURN, {"reason": ""}, "Enter a reason"),
    (State.VERIFIED, Action.RELEASE, {"analyses_changed": True}, "Return them and submit again"),
    (State.VERIFIED, Action.RELEASE, {"strips_unanswered": ("nitazene",)}, "no finding mentions it"),
    (State.VERIFIED, Action.RELEASE, {"files_waiting": 1}, "still being read"),
    (State.VERIFIED, Action.RELEASE, {"files_unseen": ("a.dx",)}, "nobody has checked"),
    (State.VERIFIED, Action.RELEASE, {"methods_inactive": ("Raman version 1",)}, "no longer in use"),
    (State.VERIFIED, Action.RELEASE, {"individual_results": False}, "back of house"),
    (State.VERIFIED, Action.RELEASE, {"actor_id": AUTHOR}, "Someone else must release"),
    (State.VERIFIED, Action.RELEASE, {"analysis_consent": False}, "Consent"),
    (State.VERIFIED, Action.RELEASE, {"qc_failed": True}, "blank or control"),
    (State.VERIFIED, Action.RELEASE, {"instruments_overdue": ("Alpha II",)}, "has expired"),
    (State.VERIFIED, Action.RELEASE, {"sample_withdrawn": True}, "withdrawn"),
    (State.RELEASED, Action.AMEND, {"reason": ""}, "Enter a reason"),
    (State.RELEASED, Action.AMEND, {"sample_withdrawn": True}, "withdrawn"),
    (State.RELEASED, Action.RETRACT, {"reason": ""}, "Enter a reason"),
    (State.RELEASED, Action.RETRACT, {"superseded": True}, "newer version"),
    (State.AMENDED, Action.RETRACT, {"superseded": True}, "newer version"),
    (State.AMENDED, Action.RETRACT, {"reason": ""}, "Enter a reason"),
]


@pytest.mark.parametrize(("state", "action", "wrong", "says"), GUARDS)
def test_a_guard_refuses_alone_and_says_why(state: State, action: Action, wrong: dict[str, object], says: str) -> None:
    assert decide(action, fine(state, action)).allowed
    decision = decide(action, fine(state, action, **wrong))
    assert not decision.allowed
    assert decision.target is None
    assert len(decision.reasons) == 1
    assert says in decision.reasons[0]


def test_every_guard_of_every_step_is_exercised_above() -> None:
    tested = {
        (state, action, guard)
        for state, action, wrong, _ in GUARDS
        for guard in next(t for t in domain.TRANSITIONS if (t.source, t.action) == (state, action)).guards
        if guard(fine(state, action, **wrong))
    }
    assert tested == {(t.source, t.action, guard) for t in domain.TRANSITIONS for guard in t.guards}


def test_all_reasons_come_at_once() -> None:
    guards = {"individual_results": False, "analysis_consent": False, "qc_failed": True, "instruments_overdue": ("A",)}
    wrong = fine(State.VERIFIED, Action.RELEASE, Role.CHEMIST, actor_id=AUTHOR, **guards)
    decision = decide(Action.RELEASE, wrong)
    assert len(decision.reasons) == 6
    assert decision.reasons[0] == "Only a session lead can do this."


def test_a_field_that_can_be_filled_in_is_asked_for_and_not_blocking() -> None:
    late = fine(State.SUBMITTED, Action.VERIFY, instruments_overdue=("Alpha II",))
    decision = decide(Action.VERIFY, late)
    assert (decision.allowed, decision.offered, decision.asks) == (False, True, ("override_reason",))
    assert decide(
        Action.VERIFY, fine(State.SUBMITTED, Action.VERIFY, instruments_overdue=("x",), override_reason="ok")
    ).allowed
    assert decide(Action.RETURN, fine(State.SUBMITTED, Action.RETURN, reason="")).asks == ("reason",)


@pytest.mark.parametrize(
    ("second", "lab", "grade"),
    [(True, True, "confirmed"), (True, False, "confirmed"), (False, True, "confirmed"), (False, False, "screening")],
)
def test_the_grade_is_screening_only_for_one_operator_without_a_laboratory(second: bool, lab: bool, grade: str) -> None:
    assert grade_of(second_person=second, laboratory_method=lab) is Grade(grade)

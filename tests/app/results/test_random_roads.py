"""F3: whatever staff do in whatever order, from the sample to its release: what holds of a result holds after every step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlmodel import col

from app.care.consultations.client_view import own_view
from app.intake.samples import lookup
from app.platform.audit import AuditEntry
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import MastError
from app.results import service
from app.results.domain import Action, State, steps_from
from app.results.finding import NewFinding
from app.results.view import ResultView, author_ids
from tests.app.results.conftest import Lab
from tests.support.budget import long_run, size

EVERYTHING = frozenset({Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD})
STARTS = ((), ("submit",), ("submit", "verify"), ("submit", "verify", "release"))
BY = {"submit": Role.CHEMIST, "verify": Role.VERIFIER, "release": Role.SESSION_LEAD}
SUBSTANCES = ("mdma", "caffeine", "cocaine")
OVER = (State.RETURNED, State.WITHDRAWN, State.AMENDED, State.RETRACTED)


class AnyRoad(RuleBasedStateMachine):
    """One sample, whose result people with any role take anywhere. Beside it stands what has to be true of it."""

    lab: Lab
    reached: set[State]

    def __init__(self) -> None:
        super().__init__()
        self.sample_id = self.lab.sample()
        self.analysis_id = self.lab.analysis(self.sample_id, "gc_ms")
        self.steps = 0  # taken; each leaves one entry in the log
        self.told: list[UUID] = []  # released versions, as the client saw them one after another
        self.retracted: set[UUID] = set()
        self.kept: dict[UUID, list[str]] = {}  # the findings of each as they were released

    @property
    def actors(self) -> list[Actor]:
        """Three who may do everything but check themselves, and one of every role."""
        own = self.lab.world.actors
        return [*(replace(own[role], roles=EVERYTHING) for role in sorted(EVERYTHING)), *own.values()]

    def versions(self) -> list[ResultView]:
        found: list[ResultView] = self.lab.read(lambda session: service.versions(session, self.sample_id))
        return found

    def attempt(self, actor: Actor, step: Callable[[UnitOfWork], object]) -> bool:
        """Whether it was done; else nothing has changed."""
        before = [view.result.model_dump() for view in self.versions()]
        try:
            with self.lab.runtime.db.begin(actor) as uow:
                step(uow)
        except MastError:
            assert [view.result.model_dump() for view in self.versions()] == before
            return False
        self.steps += 1
        return True

    def take(self, actor: Actor, action: Action, reason: str) -> bool:
        """One step of the newest version, and what follows from it."""
        found = self.versions()
        if not found:
            return False
        row, pack = found[0].result, self.lab.runtime.pack
        if not self.attempt(
            actor, lambda uow: service.act(uow, row.id, action, pack=pack, if_match=row.version, reason=reason)
        ):
            return False
        if action is Action.RELEASE:
            self.told.append(row.id)
            self.kept[row.id] = [str(finding.model_dump()) for finding in found[0].findings]
        elif action is Action.RETRACT:
            self.retracted.add(row.id)
        self.steps += action is Action.AMEND  # which begins a draft, with an entry of its own
        return True

    @initialize(start=st.sampled_from(STARTS))
    def somewhere_on_the_usual_road(self, start: tuple[str, ...]) -> None:
        self.begin(0)
        self.write(0, "mdma")
        for step in start:
            assert self.take(self.lab.world.actors[BY[step]], Action(step), "")

    @rule(who=st.integers(0, 20))
    def begin(self, who: int) -> None:
        self.attempt(self.actor(who), lambda uow: service.start_draft(uow, self.sample_id))

    @rule(who=st.integers(0, 20), substance=st.sampled_from(SUBSTANCES))
    def write(self, who: int, substance: str) -> None:
        newest = self.versions()[0].result
        said = [NewFinding(substance, analysis_ids=(self.analysis_id,))]
        pack = self.lab.runtime.pack
        self.attempt(self.actor(who), lambda uow: service.set_findings(uow, newest.id, said, newest.version, pack=pack))

    @rule(who=st.integers(0, 20), action=st.sampled_from(Action), reason=st.sampled_from(("", "why")))
    def anything(self, who: int, action: Action, reason: str) -> None:
        self.take(self.actor(who), action, reason)

    @rule(who=st.integers(0, 2), which=st.integers(0, 2))
    def what_is_next(self, who: int, which: int) -> None:
        """By someone whose role allows it: the road would hardly ever be walked to its end else."""
        actions = steps_from(self.versions()[0].result.state)
        if actions:
            self.take(self.actor(who), actions[-1 - which % len(actions)], "why")

    def actor(self, number: int) -> Actor:
        return self.actors[number % len(self.actors)]

    @invariant()
    def nobody_checks_what_they_wrote(self) -> None:
        for row in (view.result for view in self.versions()):
            self.reached.add(row.state)
            wrote = author_ids(row)
            assert row.verifier_id not in wrote
            assert row.released_by not in wrote
            checked = (row.verifier_id, row.verified_at, row.released_by, row.released_at)
            if row.state is State.RELEASED:
                assert all(checked)

    @invariant()
    def one_version_at_a_time_is_under_way_and_what_was_released_keeps_its_findings(self) -> None:
        found = self.versions()
        assert [view.result.number for view in found] == list(range(len(found), 0, -1))
        assert all(view.result.state in OVER for view in found[1:])
        told = {view.result.id: [str(f.model_dump()) for f in view.findings] for view in found}
        for result_id, findings in self.kept.items():
            assert findings
            assert told[result_id] == findings

    @invariant()
    def the_log_has_one_entry_for_each_step(self) -> None:
        ids = [str(view.result.id) for view in self.versions()]
        mine = sa.select(sa.func.count()).where(
            col(AuditEntry.object_type) == "result", col(AuditEntry.object_id).in_(ids)
        )
        assert self.lab.read(lambda session: session.scalar(mine)) == self.steps

    @invariant()
    def the_client_sees_the_version_released_last_or_none(self) -> None:
        runtime = self.lab.runtime

        def seen(session: Any) -> Any:
            row = lookup.sample_for_system(session, self.sample_id)
            assert row is not None
            return own_view(session, runtime.pack, row, runtime.now())

        view = self.lab.read(seen)
        shown = self.told[-1] if self.told and self.told[-1] not in self.retracted else None
        assert (view.result_id, view.page is not None) == (shown, shown is not None)


def test_whatever_people_do_to_a_result_its_promises_hold(lab: Lab) -> None:
    reached: set[State] = set()
    road = type("Road", (AnyRoad,), {"lab": lab, "reached": reached})
    run_state_machine_as_test(
        road,
        settings=settings(
            max_examples=size(10, 200), stateful_step_count=size(20, 50), deadline=None, derandomize=not long_run(),
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
    assert {State.VERIFIED, State.RELEASED, State.AMENDED, State.RETRACTED} <= reached
    assert reached == set(State) or not long_run()

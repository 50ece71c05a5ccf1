"""Two people at one sample at the same moment, on PostgreSQL, where the second waits for the first and then goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from app.care.counted.tables import TrendSample
from app.intake.samples import lookup
from app.intake.samples import service as samples
from app.platform.db import Database
from app.platform.kernel.actor import Role
from app.platform.kernel.errors import Conflict, Refused, Stale
from app.results import service
from app.results.domain import Action
from app.results.finding import NewFinding

from .conftest import Lab

pytestmark = pytest.mark.postgres


@pytest.fixture
def database(postgres_url: str, clock: Any) -> Any:
    database = Database(postgres_url, clock=clock)
    yield database
    database.close()


def both(
    lab: Lab,
    first: Callable[[Any], Any],
    second: Callable[[Any], Any],
    roles: tuple[Role, Role],
    looked: threading.Event | None = None,
) -> str:
    """`first` holds its locks while `second` arrives; what became of the second: "done" or the name of its error.

    `looked` is set when one has seen what the other is about to change.
    """
    outcome: list[str] = []

    def arrive() -> None:
        try:
            with lab.runtime.db.begin(lab.actor(roles[1])) as uow:
                second(uow)
            outcome.append("done")
        except (Stale, Refused, Conflict) as error:
            outcome.append(type(error).__name__)

    other = threading.Thread(target=arrive)
    with lab.runtime.db.begin(lab.actor(roles[0])) as uow:
        first(uow)
        uow.session.flush()
        other.start()
        assert looked is None or looked.wait(10)
        time.sleep(0.4)
    other.join(15)
    return outcome[0]


def test_two_findings_from_one_version_the_second_is_stale_and_the_first_stays(lab: Lab) -> None:
    sample_id = lab.sample()
    view = lab.draft(sample_id, NewFinding("mdma"))

    def add(substance: str) -> Callable[[Any], None]:
        def call(uow: Any) -> None:
            there = service.latest(uow.session, sample_id)  # seen before the wait
            findings = [*(f.entered for f in there.findings), NewFinding(substance)]
            service.set_findings(uow, view.result.id, findings, view.result.version, pack=lab.runtime.pack)

        return call

    assert both(lab, add("caffeine"), add("ketamine"), (Role.CHEMIST, Role.VERIFIER)) == "Stale"
    kept = lab.read(lambda s: service.latest(s, sample_id)).findings
    assert [f.substance_id for f in kept] == ["mdma", "caffeine"]


@pytest.mark.parametrize("first", ["withdraw", "release"])
def test_of_a_withdrawal_and_a_release_at_once_nothing_stays_counted(lab: Lab, first: str) -> None:
    sample_id = lab.sample()
    ran = lab.analysis(sample_id)
    view = lab.draft(sample_id, NewFinding("mdma", analysis_ids=(ran,)))
    view = lab.go(view, "submit", "verify")

    looked = threading.Event()

    def withdraw(uow: Any) -> None:
        samples.withdraw(uow, lookup.lock_sample(uow, sample_id), "asked")

    def release(uow: Any) -> None:
        seen = lookup.get_sample(uow.session, uow.actor, sample_id)  # before the wait, and held in the identity map
        assert seen.withdrawn_at is None
        looked.set()
        service.act(uow, view.result.id, Action.RELEASE, pack=lab.runtime.pack, if_match=view.result.version)
        del seen

    lead = (Role.SESSION_LEAD, Role.SESSION_LEAD)
    pair = (withdraw, release) if first == "withdraw" else (release, withdraw)
    assert both(lab, *pair, lead, looked) == ("Refused" if first == "withdraw" else "done")
    assert lab.read(lambda s: lookup.get_sample(s, lab.actor(Role.SESSION_LEAD), sample_id)).withdrawn_at
    assert lab.read(lambda s: s.get(TrendSample, sample_id)) is None


def test_nothing_is_added_to_a_sample_that_is_withdrawn_at_the_same_moment(lab: Lab) -> None:
    from app.laboratory.identification.domain import Method
    from app.laboratory.readings import analyses

    sample_id = lab.sample()

    def withdraw(uow: Any) -> None:
        samples.withdraw(uow, lookup.lock_sample(uow, sample_id), "asked")

    def add(uow: Any) -> None:
        analyses.add_analysis(uow, sample_id, analyses.NewAnalysis(Method.FTIR))

    assert both(lab, withdraw, add, (Role.SESSION_LEAD, Role.CHEMIST)) == "Conflict"

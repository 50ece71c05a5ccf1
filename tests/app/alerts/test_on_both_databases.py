"""The road of an alert on SQLite and PostgreSQL: found, drafted once, signed, told, retracted."""

from __future__ import annotations

from typing import Any

import pytest

from app.care.alerts.domain import Tier
from tests.app.alerts.test_sign_off import CHEMIST, CLINICIAN, LEAD, URL, step, through
from tests.app.alerts.test_signals import confirmed, counted, drafts, evidence, look, quiet_year
from tests.app.alerts.test_told import POLICE
from tests.app.consultations.conftest import Desk
from tests.support.staged import either_database

database = either_database


@pytest.fixture
def lab(world: Any) -> Desk:
    return Desk(world, world.session())


def test_from_a_finding_to_a_retraction(lab: Desk, world: Any) -> None:
    for _ in range(2):
        confirmed(lab, lab.sample(("heroin",), harm_event="overdose"), "metonitazene")
        look(world)
    row = next(one for one in drafts(lab) if one.tier is Tier.T2)
    through(world, {"id": str(row.id)}, ("submit", CHEMIST), ("agree", CLINICIAN), ("approve", LEAD))
    (told,) = world.as_(POLICE).get(f"{URL}/told").json()
    assert told["region"] == "North East"
    assert step(world, {"id": str(row.id)}, "retract", LEAD, reason="Mixed up.").status_code == 200
    (told,) = world.as_(POLICE).get(f"{URL}/told").json()
    assert told["reason"] == "Mixed up."


def test_a_rise_in_the_night(lab: Desk, world: Any) -> None:
    quiet_year(world, lab)
    today = lab.runtime.now().date()
    counted(world, 3, today, found=[("metonitazene", "opioid.nitazene", "adulterant")], session_id=lab.session_id)
    counted(world, 7, today, session_id=lab.session_id)
    for _ in range(2):
        assert world.as_(CHEMIST).post(f"{URL}/runs").status_code == 202
        look(world)
    assert [e.trigger.value for e in evidence(lab)] == ["rising_share"] * 2, "one for T1 and one for T2"
    assert len(world.as_(CHEMIST).get(f"{URL}/runs").json()) == 2

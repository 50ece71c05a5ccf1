"""The road of a standard and of a blank on SQLite and PostgreSQL alike; the finer points stand in the modules beside."""

from __future__ import annotations

from typing import Any

from tests.app.standards.conftest import Lab
from tests.support.road import ok
from tests.support.small_files import MDMA, small_run
from tests.support.staged import either_database

database = either_database  # both kinds matter here

DIRT = {149: 999.0, 167: 300.0, 279: 90.0, 57: 120.0}
SAMPLE = ((340.0, MDMA), (385.0, DIRT))


def times(match: dict[str, Any]) -> list[int]:
    return sorted(round(p["retention_time_s"] / 5) * 5 for p in match["answer"]["peaks"])


def test_a_blank_that_comes_later_takes_its_substance_out_of_the_runs_of_its_batch_only(lab: Lab) -> None:
    mine, _ = lab.run(small_run(SAMPLE), batch="B7")
    elsewhere, _ = lab.run(small_run(SAMPLE, seed=1), batch="B8")
    assert times(lab.answer(mine)) == [340, 385]
    kept = ok(lab.control(small_run([(385.0, DIRT)], seed=2)))
    assert (kept["kind"], kept["batch"]) == ("blank", "B7")
    lab.work()
    match = lab.answer(mine)
    assert times(match) == [340]
    assert match["answer"]["controls"] == [s for s in match["answer"]["sentences"] if "blank of its batch" in s]
    assert "blank.cdf" in match["answer"]["controls"][0]
    assert times(lab.answer(elsewhere)) == [340, 385]
    withdrawn = lab.client().post(
        f"/api/v1/controls/{kept['id']}/withdraw", json={"reason": "leak"}, headers={"If-Match": '"1"'}
    )
    assert ok(withdrawn)["withdrawn_reason"] == "leak"
    lab.work()
    assert times(lab.answer(mine)) == [340, 385]

"""Curves and quantifications over HTTP, on both databases: kept as made, followed never changed, refused in sentences."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from app.platform.kernel.actor import Role
from tests.app.conftest import World
from tests.support.road import ok
from tests.support.writes import CURVE, Stage

CHEMIST = Role.CHEMIST
URL = "/api/v1/quantification/curves"


@pytest.fixture
def bench(world: World) -> Stage:
    return Stage(world)


def curve_with(**changes: Any) -> dict[str, Any]:
    return {**deepcopy(CURVE), **changes}


def body(analysis: str, response: float = 420, **changes: Any) -> dict[str, Any]:
    return {
        "analysis_id": analysis,
        "responses": [{"response": response, "internal_standard": 500}] * 2,
        "preparation": {
            "mass_mg": 5, "mass_u_mg": 0.02, "volume_ml": 10, "volume_u_ml": 0.02, "recovery_u": 0.01,
            "repeatability": 0.01, "repeatability_n": 6,
        },
        **changes,
    }  # fmt: skip


def quantified(bench: Stage, curve: str, response: float = 420, **changes: Any) -> tuple[str, str, dict[str, Any]]:
    """(sample, analysis, answer)."""
    sample = bench.road.register()
    analysis = bench.road.analysis(sample, method="gc_ms")
    answer = bench.client("chemist").post(f"{URL}/{curve}/quantify", json=body(analysis, response, **changes))
    return sample, analysis, ok(answer, 201)


def test_a_curve_is_kept_with_its_fit(bench: Stage) -> None:
    made = ok(bench.client("chemist").post(URL, json=CURVE), 201)
    assert (made["number"], made["state"], made["series_id"]) == (1, "in_use", made["id"])
    fit = made["fit"]
    assert fit["slope"] == pytest.approx(2.0, rel=0.01)
    assert 0 < fit["lod"] < fit["loq"] <= fit["low"] < fit["high"] == 0.8
    assert len(fit["levels"]) == 6
    assert all(level["within"] for level in fit["levels"])
    assert "Working range" in fit["limits"][1]
    assert made["made_by"] == "Chemist Own"
    assert ok(bench.client("session_lead").get(f"{URL}/{made['id']}")) == made
    assert [row["id"] for row in ok(bench.client("verifier").get(URL))["rows"]] == [made["id"]]
    assert ok(bench.client("verifier").get(f"{URL}?substance=cocaine"))["rows"] == []


def test_a_reading_becomes_an_amount_that_a_finding_takes_as_it_is(bench: Stage) -> None:
    sample, analysis, made = quantified(bench, bench.curve())
    assert made["status"] == "quantified"
    amount = made["amount"]
    assert amount["value"] == pytest.approx(84, abs=1)
    assert (amount["unit"], amount["basis"], amount["k"]) == ("percent_ww", "hydrochloride", 2.0)
    assert amount["low"] < amount["value"] < amount["high"]
    assert {row["what"] for row in made["budget"]} >= {"calibration", "weighing", "volume", "repeatability"}
    assert any(limit.startswith("LOD") for limit in made["limits"])
    assert ok(bench.client("chemist").get(f"/api/v1/samples/{sample}/quantifications")) == [made]
    result, _ = bench.road.draft(sample, [analysis], amount=amount)
    found = ok(bench.client("chemist").get(f"/api/v1/results/{result}"))["findings"][0]
    assert found["amount"] == amount


def test_a_curve_is_followed_and_the_old_one_stays_as_it_was(bench: Stage) -> None:
    chemist, first = bench.client("chemist"), bench.curve()
    before = ok(chemist.get(f"{URL}/{first}"))
    second = ok(chemist.post(URL, json=curve_with(supersedes=first, note="new lot")), 201)
    assert (second["number"], second["series_id"]) == (2, first)
    after = ok(chemist.get(f"{URL}/{first}"))
    assert after == {**before, "state": "superseded"}
    sample = bench.road.register()
    asked = body(bench.road.analysis(sample, method="gc_ms"))
    refused = chemist.post(f"{URL}/{first}/quantify", json=asked)
    assert refused.status_code == 409
    assert "number 2 is in use now" in refused.json()["detail"]
    assert ok(chemist.post(f"{URL}/{second['id']}/quantify", json=asked), 201)["status"] == "quantified"
    twice = chemist.post(URL, json=curve_with(supersedes=first))
    assert twice.status_code == 409
    assert "follows that one already" in twice.json()["detail"]
    other = chemist.post(URL, json=curve_with(supersedes=second["id"], substance="mda"))
    assert other.status_code == 422

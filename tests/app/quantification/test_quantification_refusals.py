"""Quantification over HTTP where the kind of database does not matter: units and forms, ranges, and every refusal."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from app.laboratory.identification.domain import Method
from app.laboratory.quantification.tables import CalibrationCurve
from app.laboratory.readings.tables import Instrument
from app.platform.db import Database
from app.platform.kernel.ids import new_id
from tests.app.conftest import World
from tests.support.road import ok
from tests.support.writes import CURVE, Stage

from .test_quantification import CHEMIST, URL, body, curve_with, quantified


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """Either kind does."""
    return sqlite_database


@pytest.fixture
def bench(world: World) -> Stage:
    return Stage(world)


def test_counted_as_base_it_is_converted_and_says_so(bench: Stage) -> None:
    curve = bench.curve()
    salt = quantified(bench, curve)[2]
    base = quantified(bench, curve, wanted_form="base")[2]
    assert base["amount"]["basis"] == "base"
    assert base["amount"]["value"] == pytest.approx(salt["amount"]["value"] * 0.8413, rel=0.01)
    assert any("× 0.8413" in words for words in base["words"])


def test_per_unit_it_takes_the_weights_of_the_units(bench: Stage) -> None:
    made = quantified(bench, bench.curve(), unit="mg_per_unit", unit_weights_mg=[240, 250, 260])[2]
    assert made["amount"]["unit"] == "mg_per_unit"
    assert made["amount"]["value"] == pytest.approx(0.84 * 250, rel=0.02)
    assert any("Single units weigh 240 to 260 mg" in limit for limit in made["limits"])


@pytest.mark.parametrize(
    ("response", "status", "says"),
    [(2000, "above_range", "dilute"), (20, "below_loq", "below the limit of quantification"), (0, "below_lod", "Not detected")],
)  # fmt: skip
def test_outside_the_range_a_sentence_is_kept_and_no_amount(
    bench: Stage, response: float, status: str, says: str
) -> None:
    sample, _, made = quantified(bench, bench.curve(), response)
    assert (made["status"], made["amount"]) == (status, None)
    assert says in made["sentence"]
    assert made["limits"]
    assert [q["status"] for q in ok(bench.client("chemist").get(f"/api/v1/samples/{sample}/quantifications"))] == [
        status
    ]


def test_an_expired_curve_is_refused(bench: Stage, clock: Any) -> None:
    day = (bench.world.runtime.now() + timedelta(days=1)).isoformat()
    curve = ok(bench.client("chemist").post(URL, json=curve_with(valid_until=day)), 201)["id"]
    sample = bench.road.register()
    asked = body(bench.road.analysis(sample, method="gc_ms"))
    assert ok(bench.client("chemist").post(f"{URL}/{curve}/quantify", json=asked), 201)
    with bench.world.runtime.db.writer.begin() as connection:
        past = bench.world.runtime.now() - timedelta(days=1)
        connection.execute(sa.update(CalibrationCurve).values(valid_until=past))
    assert ok(bench.client("chemist").get(f"{URL}/{curve}"))["state"] == "expired"
    refused = bench.client("chemist").post(f"{URL}/{curve}/quantify", json=asked)
    assert refused.status_code == 409
    assert "was valid until" in refused.json()["detail"]


def test_a_curve_is_for_its_method_and_its_instrument(bench: Stage) -> None:
    runtime, chemist = bench.world.runtime, bench.client("chemist")
    with runtime.db.begin(bench.world.actors[CHEMIST]) as uow:
        machines = [
            Instrument(id=new_id(), agency_id=bench.world.agency_id, name=name, method=Method.GC_MS) for name in "AB"
        ]
        uow.session.add_all(machines)
        uow.session.flush()
        ours, theirs = (str(machine.id) for machine in machines)
    curve = ok(chemist.post(URL, json=curve_with(instrument_id=ours, batch="B1")), 201)["id"]
    sample = bench.road.register()
    wrong_method = body(bench.road.analysis(sample, method="lc_ms"))
    wrong_machine = body(bench.road.analysis(sample, method="gc_ms", instrument_id=theirs))
    for asked in (wrong_method, wrong_machine):
        assert chemist.post(f"{URL}/{curve}/quantify", json=asked).status_code == 422
    same = body(bench.road.analysis(sample, method="gc_ms", instrument_id=ours, batch="B1"))
    assert ok(chemist.post(f"{URL}/{curve}/quantify", json=same), 201)["notes"] == []
    elsewhere = body(bench.road.analysis(sample, method="gc_ms"))
    notes = ok(chemist.post(f"{URL}/{curve}/quantify", json=elsewhere), 201)["notes"]
    assert len(notes) == 2
    assert "batch B1" in notes[1]


def test_a_reading_named_with_it_must_be_of_the_analysis(bench: Stage) -> None:
    curve, chemist = bench.curve(), bench.client("chemist")
    sample, _, upload = bench.read_file()
    reading = ok(chemist.get(f"/api/v1/uploads/{upload}/readings"))[0]["id"]
    asked = body(bench.road.analysis(sample, method="gc_ms"), reading_id=reading)
    assert chemist.post(f"{URL}/{curve}/quantify", json=asked).status_code == 404


LEVELS: list[dict[str, Any]] = CURVE["levels"]
NO_STANDARD = [{k: v for k, v in level.items() if k != "internal_standard"} for level in LEVELS]
ROUGH = [{**level, "response": r} for level, r in zip(LEVELS, (50, 700, 10, 900, 40, 800), strict=True)]
CURVES: list[tuple[dict[str, Any], str]] = [
    ({"levels": LEVELS[:2]}, "2 different levels are too few"),
    ({"levels": [{**LEVELS[0], "internal_standard": None}, *LEVELS[1:]]}, "for all or for none"),
    ({"levels": ROUGH}, "lies above its highest level"),
    ({"levels": NO_STANDARD}, "Give the signal of the internal standard"),
    ({"internal_standard": ""}, "Name the internal standard"),
    ({"substance": "nosuch"}, "is not in the register"),
    ({"standard_form": "kryptonide"}, "no form 'kryptonide'"),
    ({"valid_until": "2020-01-01T00:00:00Z"}, "valid beyond today"),
    ({"purity": 1.2}, "fraction above 0 and up to 1"),
    ({"purity_u": -0.1}, "not below zero"),
    ({"instrument_id": str(uuid4())}, "no such instrument"),
]
ASKED: list[tuple[dict[str, Any], str]] = [
    ({"responses": [{"response": 420}]}, "its signal is needed"),
    ({"preparation": {"volume_ml": 10}}, "weight of the sample (mg) is needed"),
    ({"preparation": {"mass_mg": 1, "volume_ml": 10}}, "more than all of it"),
    ({"unit": "mg_per_unit"}, "needs the weight of the unit"),
    ({"wanted_form": "kryptonide"}, "no form"),
    ({"k": 0}, "coverage factor above zero"),
]


def test_a_curve_that_cannot_be_is_refused_and_nothing_is_kept(bench: Stage) -> None:
    chemist = bench.client("chemist")
    for changes, says in CURVES:
        answer = chemist.post(URL, json=curve_with(**changes))
        assert answer.status_code == 422, (changes, answer.text)
        assert says in answer.json()["detail"], changes
    assert ok(chemist.get(URL))["rows"] == []


def test_a_quantification_that_cannot_be_is_refused_and_nothing_is_kept(bench: Stage) -> None:
    sample, curve, chemist = bench.road.register(), bench.curve(), bench.client("chemist")
    analysis = bench.road.analysis(sample, method="gc_ms")
    for changes, says in ASKED:
        answer = chemist.post(f"{URL}/{curve}/quantify", json=body(analysis, **changes))
        assert answer.status_code == 422, (changes, answer.text)
        assert says in answer.json()["detail"], changes
    assert ok(chemist.get(f"/api/v1/samples/{sample}/quantifications")) == []

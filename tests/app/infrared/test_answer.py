"""An infrared mixture on the bench: the fit that is drawn, limits in this very reading, and where they are used."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from app.laboratory.identification.answer import Answer
from app.laboratory.identification.infrared_answer import printed_limits, shown_in
from app.laboratory.identification.parts import Candidate, DetectionLimit, Difference, Infrared
from app.screens.bench.spectrum_view import infrared_view
from harm_messages import Evidence, load_pack
from harm_messages.types import Facts, Form, ScopeFact
from spectra.infrared_grid import GRID
from tests.support.curves import jcamp, mixture
from tests.support.road import ok
from tests.support.writes import Stage

PARTS = {"cocaine": 0.6, "caffeine": 0.3, "levamisole": 0.1}


@pytest.fixture
def street(stage: Stage) -> tuple[str, str, str]:
    """A noisy mixture that was read: sample, analysis, reading."""
    noise = np.random.default_rng(5).normal(0, 0.002, 1801)
    sample, analysis, upload = stage.read_file(jcamp(mixture(PARTS, slope=0.05) + noise))
    reading = ok(stage.client("chemist").get(f"/api/v1/uploads/{upload}/readings"))[0]["id"]
    return sample, analysis, str(reading)


def answer_of(stage: Stage, reading: str) -> dict[str, Any]:
    found: dict[str, Any] = ok(stage.client("chemist").get(f"/api/v1/readings/{reading}/candidates"))["answer"]
    return found


def test_every_substance_that_was_not_seen_has_a_limit_in_this_reading(
    stage: Stage,
    street: tuple[str, str, str],
) -> None:
    answer = answer_of(stage, street[2])
    limits = {one["substance_id"]: one for one in answer["infrared"]["limits"]}
    assert {"fentanyl", "mdma", "ketamine"} <= set(limits)
    assert all(0 < one["limit"] < 0.2 for one in limits.values() if one["seen"] is False)
    for one in limits.values():
        if one["seen"] is False:
            assert one["sentence"].startswith(f"{one['substance']}: not seen; here it would have been seen above ")
    order = [one["substance_id"] for one in answer["infrared"]["limits"] if one["substance_id"]]
    assert {"fentanyl", "codeine"} == set(order[:2]), "those of which little kills come first"
    page = stage.client("chemist").get(f"/bench/samples/{street[0]}?tab=limits").text
    assert page.count("Not seen. Detection limits in this spectrum: Codeine ") == 1
    assert "All detection limits (" in page
    assert "here it would have been seen above" not in page, "one by one they stand in the table only"


def test_a_reading_of_which_most_is_unexplained_names_nothing_and_offers_no_part(stage: Stage) -> None:
    rng = np.random.default_rng(8)
    places = (474.0, 610.0, 1012.0, 1182.0, 1288.0, 1456.0, 1602.0, 1750.0, 2226.0, 2900.0)
    strange = sum((0.4 + 0.6 * rng.random()) / (1 + ((GRID - place) / 9.0) ** 2) for place in places)
    sample, _, upload = stage.read_file(jcamp(strange + rng.normal(0, 0.001, GRID.size)))
    reading = ok(stage.client("chemist").get(f"/api/v1/uploads/{upload}/readings"))[0]["id"]
    answer = answer_of(stage, reading)
    assert answer["infrared"]["mostly_unexplained"]
    assert answer["headline"] == "Nothing can be named from this spectrum. Most of this is unexplained."
    assert answer["set"] == []
    assert any(s.startswith("Most of this is unexplained: no name in this answer") for s in answer["sentences"])
    page = stage.client("chemist").get(f"/bench/samples/{sample}").text
    assert "Most of this is unexplained." in page
    assert "Add all" not in page


def test_a_finding_takes_its_share_and_its_limit_along(stage: Stage, street: tuple[str, str, str]) -> None:
    sample, analysis, reading = street
    page = f"/bench/samples/{sample}"
    rows = ok(stage.client("chemist").get(f"/api/v1/readings/{reading}/candidates"))["candidates"]
    place = next(k for k, row in enumerate(rows) if row["substance_id"] == "cocaine")
    answer = stage.client("chemist").post(f"{page}/use", data={"reading": reading, "place": str(place)})
    assert answer.status_code == 303, answer.text[:300]
    [finding] = ok(stage.client("chemist").get(f"/api/v1/samples/{sample}/results"))["rows"][0]["findings"]
    [signal] = finding["signal"]
    assert signal["share"] == pytest.approx(0.6, abs=0.08)
    assert signal["low"] < signal["share"] < signal["high"]
    assert signal["analysis_id"] == analysis
    assert "of the signal" in stage.client("chemist").get(page).text


def test_the_only_part_of_a_spectrum_has_no_share_that_would_look_like_a_purity(stage: Stage) -> None:
    noise = np.random.default_rng(5).normal(0, 0.002, 1801)
    sample, _, upload = stage.read_file(jcamp(mixture({"cocaine": 1.0}, slope=0.05) + noise))
    reading = str(ok(stage.client("chemist").get(f"/api/v1/uploads/{upload}/readings"))[0]["id"])
    page = f"/bench/samples/{sample}"
    assert stage.client("chemist").post(f"{page}/use", data={"reading": reading, "place": "0"}).status_code == 303
    [finding] = ok(stage.client("chemist").get(f"/api/v1/samples/{sample}/results"))["rows"][0]["findings"]
    assert [one["share"] for one in finding["signal"]] == [pytest.approx(1.0)]
    shown = stage.client("chemist").get(page).text
    assert "100&nbsp;%" not in shown
    assert "FTIR: the only part" in shown


def test_the_worst_reading_of_an_analysis_sets_its_limits() -> None:
    def answer(limit: float, seen: bool | None = False) -> Answer:
        return Answer(infrared=Infrared(limits=(DetectionLimit(substance_id="mdma", limit=limit, seen=seen),)))

    assert printed_limits([answer(0.02), answer(0.05)]) == {"mdma": 5.0}
    assert printed_limits([answer(0.02, seen=None)]) == {"mdma": 100.0}
    assert printed_limits([Answer()]) is None


def test_what_a_reading_shows_is_never_said_to_be_missing_whoever_named_it() -> None:
    rows = (
        DetectionLimit(substance_id="mdma", limit=0.02, seen=True),
        DetectionLimit(substance_id="mda", limit=0.02, seen=False),
    )
    assert shown_in([Answer(infrared=Infrared(limits=rows))]) == ("mdma",)
    pack = load_pack()
    drug_class = pack.substances["mdma"].drug_class
    every = tuple((row.id, 5.0) for row in pack.substances.members(drug_class))
    scope = ScopeFact(method="ftir", classes=("*",), lod=5, printed=every, shown=("mdma",))

    def evidence(**changed: Any) -> Evidence:
        return Evidence(pack, Facts(form=Form.POWDER, scope=(scope.model_copy(update=changed),)))

    assert not evidence().not_seen("mdma")
    assert evidence().not_seen("mda")
    assert not evidence().not_seen(drug_class)
    assert evidence(shown=()).not_seen(drug_class), "the class is kept back by what is shown, and by nothing else"
    assert not evidence(shown=(), printed=every[1:]).not_seen(drug_class), (
        "nor is a class missing with a member unlooked for"
    )


def test_nothing_is_said_of_a_substance_the_library_does_not_hold() -> None:
    pack = load_pack()

    def says(substance: str, **more: Any) -> bool:
        scope = ScopeFact(method="ftir", classes=("*",), lod=5, **more)
        return Evidence(pack, Facts(form=Form.POWDER, scope=(scope,))).not_seen(substance)

    assert says("mdma")
    assert says("mdma", printed=(("mdma", 5.0),))
    assert not says("mdma", printed=(("caffeine", 5.0),))
    assert not says("mdma", printed=(("mdma", 21.0),))


def test_where_the_reading_goes_with_the_runner_up_it_is_called_by_its_name() -> None:
    key = "AAAAAAAAAAAAAA-BBBBBBBBBB-N"
    answer = Answer(infrared=Infrared(differences=(Difference(1000.0, 1040.0, key),)))
    view = infrared_view(answer, [Candidate(compound=key, substance="Testamine")])
    assert view.differences == ("1000–1040\u00a0cm⁻¹ (supports Testamine)",)

"""An infrared reading becomes an own reference in one click and is used first in the comparison."""

from __future__ import annotations

import re
from typing import Any

import pytest

from app.laboratory.identification.in_house import for_mixtures
from app.platform.kernel.actor import Role
from instruments import PlainReader
from spectra import InfraredLibrary, MixtureExplanation
from tests.app.standards.conftest import OCTETS, Lab
from tests.support.road import ok
from tests.support.small_files import small_curve, small_ms

BANDS = (690.0, 830.0, 1040.0, 1250.0, 1490.0, 1700.0, 2950.0)
POWDER = small_curve(BANDS)


@pytest.fixture(autouse=True)
def in_this_process(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab.world.runtime.sandbox, "_sandbox", PlainReader())


@pytest.fixture
def without_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fit of a mixture takes longest, and where nothing is said of parts it is not needed."""
    monkeypatch.setattr(InfraredLibrary, "explain", lambda *_asked, **_how: MixtureExplanation((), 1.0))


def measured(lab: Lab, content: bytes) -> tuple[str, str]:
    sample = lab.stage.road.register()
    analysis = lab.stage.road.analysis(sample, method="ftir", read_by_hand=False)
    upload = lab.stage.road.upload(analysis, content, "powder.jdx")
    lab.work()
    return sample, str(lab.get(f"/api/v1/uploads/{upload}/readings")[0]["id"])


def enrolled(lab: Lab, **said: Any) -> Any:
    """Through the form, filled in as it is shown."""
    _, reading = measured(lab, POWDER)
    page = lab.client().get(f"/standards/new?reading={reading}").text
    assert "Save as in-house standard" in page
    form = {"reading": reading, "substance_words": "Testamine", "form": "hydrochloride", "lot": "L1", **said}
    ok(lab.client().post("/standards", data={**form, "instrument": "Alpha II"}), 303)
    return lab.get("/api/v1/standards")["rows"][0]


@pytest.mark.usefixtures("without_fit")
def test_an_infrared_reading_is_enrolled_and_then_leads_and_is_said_in_its_row(lab: Lab) -> None:
    kept = enrolled(lab)
    assert (kept["form"], kept["replicates"][0]["technique"]) == ("hydrochloride", "IR")
    sample, reading = measured(lab, small_curve(BANDS, noise=1e-3))
    found = lab.answer(sample)
    first = found["candidates"][0]
    assert (first["substance"], first["own"], first["lot"], first["instrument"]) == (
        "Testamine",
        True,
        "L1",
        "Alpha II",
    )
    assert first["rank"] == 1
    assert found["answer"]["headline"].startswith("Consistent with Testamine")
    assert found["answer"]["in_house"]["supports"] == [first["compound"]]
    assert "Own reference of Testamine, lot L1, measured on Alpha II" in " ".join(found["answer"]["sentences"])
    page = lab.client().get(f"/bench/samples/{sample}").text
    assert "In-house standards" in page
    assert f"/standards/new?reading={reading}" in lab.client().get(f"/bench/samples/{sample}?tab=file").text
    plot = lab.get(f"/api/v1/readings/{reading}/plot?candidate=1")
    assert len(plot["series"]) == 3
    shown = lab.client().get(f"/standards/{kept['id']}").text
    assert "strongest band at" in shown


@pytest.mark.usefixtures("without_fit")
def test_another_run_says_how_far_the_curves_agree(lab: Lab) -> None:
    kept = enrolled(lab)
    _, reading = measured(lab, small_curve(BANDS, noise=2e-3))
    ok(lab.client().post("/api/v1/standards", json={"reading_id": reading, "standard_id": kept["id"]}))
    shown = lab.client().get(f"/standards/{kept['id']}").text
    assert re.search(r"correlates with the first by (0\.9\d\d|1\.000)", shown)
    url = f"/api/v1/standards/uploads?filename=c.jdx&standard_id={kept['id']}"
    ok(lab.client().post(url, content=small_curve(BANDS, noise=3e-3), headers=OCTETS))
    assert "Further runs correlate" in lab.client().get(f"/standards/{kept['id']}").text


@pytest.mark.long
def test_one_in_date_is_a_part_of_a_mixture_and_one_out_of_date_is_shown_and_explains_nothing(lab: Lab) -> None:
    kept = enrolled(lab)
    sample, _ = measured(lab, small_curve(BANDS, noise=1e-3))
    assert lab.answer(sample)["answer"]["components"][0]["substance"] == "Testamine"
    retire = f"/api/v1/standards/{kept['id']}/retire"
    ok(lab.client().post(retire, json={"reason": "used up"}, headers={"If-Match": '"1"'}))
    enrolled(lab, lot="L2", expires_on="2020-01-01")
    sample, _ = measured(lab, small_curve(BANDS, noise=1e-3))
    found = lab.answer(sample)
    mine = [row for row in found["candidates"] if row.get("own")]
    assert "certificate ran out" in mine[0]["void"]
    assert found["candidates"][0].get("own") is None
    assert found["answer"]["in_house"]["supports"] == []
    assert "Testamine" not in [part["substance"] for part in found["answer"]["components"]]
    assert "does not count" in " ".join(found["answer"]["sentences"])


@pytest.mark.usefixtures("without_fit")
def test_a_flat_or_short_curve_is_no_reference_and_another_agency_has_none(lab: Lab) -> None:
    short = b"\n".join(b"%d,%f" % (600 + 2 * k, 0.1) for k in range(40))
    answer = lab.enrol(short, filename="a.csv")
    assert answer.status_code in (415, 422)
    enrolled(lab)
    assert lab.get("/api/v1/standards", role=Role.CHEMIST, agency="other")["rows"] == []
    assert ok(lab.enrol(small_ms("a standard"), name="Other"))["replicates"][0]["technique"] == "MS"


@pytest.mark.usefixtures("without_fit")
def test_a_mixture_rests_on_own_references_and_says_which_are_of_its_own_instrument(lab: Lab) -> None:
    enrolled(lab)
    home = next(one for one in lab.world.runtime.registry.infrared() if one.starter)
    registry = lab.world.runtime.registry.of(lab.world.agency_id).infrared()
    joined = for_mixtures(home, registry, "alpha ii").infrared
    assert len(joined) == len(home) + 1
    assert joined.names[0] == "Testamine"
    assert joined.catalogue.detail(0)["meta"]["own_instrument"] is True
    assert joined.catalogue.detail(1) == home.infrared.catalogue.detail(0)
    assert for_mixtures(home, registry, "alpha ii").infrared is joined
    assert for_mixtures(home, registry, "Nicolet").infrared.catalogue.detail(0)["meta"]["own_instrument"] is False
    assert for_mixtures(home, [home]) is home

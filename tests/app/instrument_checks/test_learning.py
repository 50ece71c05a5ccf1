"""What an instrument is taught: a library transferred from own powders, and weights from weighed mixtures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.platform.kernel.actor import Role
from spectra.infrared_grid import GRID
from tests.app.instrument_checks.conftest import OCTETS, Lab
from tests.support.road import ok
from tests.support.small_files import curve_file

POWDERS = ("cocaine", "caffeine", "paracetamol", "ketamine", "lidocaine", "phenacetin")


def starter(lab: Lab) -> Any:
    return next(one for one in lab.world.runtime.registry.infrared() if one.starter)


def curve_of(lab: Lab, substance: str) -> NDArray[np.float64]:
    library = starter(lab).infrared
    place = next(k for k, name in enumerate(library.names) if substance in name.casefold())
    return np.asarray(library.curves[place], dtype=np.float64)


def on_this_instrument(curve: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bands 2 cm⁻¹ higher, blurred, weaker towards high wavenumbers."""
    moved = np.interp(GRID, GRID + 2.0, curve)
    blurred = np.convolve(np.pad(moved, 4, mode="edge"), np.array([1, 3, 5, 3, 1]) / 13, mode="same")[4:-4]
    return np.asarray(blurred * (1.1 - 0.2 * (GRID - 400) / 3600))


def enrol(lab: Lab, substance: str, instrument: str = "Alpha II") -> None:
    content = curve_file(GRID, on_this_instrument(curve_of(lab, substance)))
    url = f"/api/v1/standards/uploads?filename=a.jdx&substance={substance}&instrument={instrument}"
    ok(lab.client().post(url, content=content, headers=OCTETS))


def mixture(lab: Lab, first: str, second: str, share: float) -> bytes:
    """Two powders as a file, and what the fit is to find in it."""
    lab.fit.shares = {first.capitalize(): share, second.capitalize(): 1 - share}
    return curve_file(GRID, share * curve_of(lab, first) + (1 - share) * curve_of(lab, second))


def test_a_library_is_transferred_from_own_powders_and_used_for_that_instrument_only(lab: Lab) -> None:
    here, other = lab.machine(), lab.machine("Nicolet")
    url, library = f"/api/v1/instruments/{here}/transfers", {"library": starter(lab).key}
    for substance in POWDERS[:3]:
        enrol(lab, substance)
    few = lab.client().post(url, json=library)
    assert few.status_code == 422
    assert "3 powders were measured on both" in few.text
    for substance in POWDERS[3:]:
        enrol(lab, substance)
    sample = curve_file(GRID, on_this_instrument(curve_of(lab, "levamisole")))
    before = lab.answer(lab.reading(sample)[0])["candidates"][0]
    made = ok(lab.client().post(url, json=library))
    assert made["number"] == 1
    assert made["figures"]["after"] < 0.5 * made["figures"]["before"]
    assert [pair["used"] for pair in made["pairs"]] == [True] * 6
    after = lab.answer(lab.reading(sample)[0])["candidates"][0]
    assert "transferred to Alpha II (1)" in after["library"]
    assert after["substance"] == before["substance"]
    assert after["score"] > before["score"]
    assert (before["shift"], after["shift"]) == (2.0, 0.0)
    assert "transferred" not in lab.answer(lab.reading(sample, machine=other)[0])["candidates"][0]["library"]
    shown = lab.client().get(f"/instruments/{here}/learning").text
    assert "6 powders in common" in shown
    assert "in use" in shown
    assert ok(lab.client().post(url, json=library))["number"] == 2
    retire = f"/api/v1/instruments/transfers/{made['id']}/retire"
    assert lab.client(agency="other").post(retire, json={"reason": "x"}, headers={"If-Match": '"1"'}).status_code == 404
    assert lab.client().post(retire, json={"reason": ""}, headers={"If-Match": '"1"'}).status_code == 422
    assert ok(lab.client().post(retire, json={"reason": "old"}, headers={"If-Match": '"1"'}))["retired_at"]
    assert lab.client().post(retire, json={"reason": "old"}, headers={"If-Match": '"2"'}).status_code == 409


def test_a_transfer_that_lowers_nothing_is_refused_by_api_and_form(lab: Lab) -> None:
    here = lab.machine()
    for substance in POWDERS[:5]:
        content = curve_file(GRID, curve_of(lab, substance))
        url = f"/api/v1/standards/uploads?filename=a.jdx&substance={substance}&instrument=alpha%20ii"
        ok(lab.client().post(url, content=content, headers=OCTETS))
    answer = lab.client().post(f"/api/v1/instruments/{here}/transfers", json={"library": starter(lab).key})
    assert answer.status_code == 422
    assert "No transfer was made" in answer.text
    form = lab.client().post(f"/instruments/{here}/transfers", data={"library": starter(lab).key})
    assert form.status_code == 422
    assert "No transfer was made" in form.text
    assert lab.client().post(f"/instruments/{here}/transfers", data={"library": "none"}).status_code == 404
    own = lab.client().post(f"/api/v1/instruments/{here}/transfers", json={"library": "own-ir"})
    assert own.status_code in (404, 422)


def test_three_weighed_mixtures_of_a_pair_give_weights_where_all_parts_have_a_factor(lab: Lab) -> None:
    here = lab.machine()
    url = f"/api/v1/instruments/{here}/mixtures"
    body = {"first": "cocaine", "second": "caffeine"}
    readings = []
    for share, cocaine in ((0.3, 20.0), (0.5, 37.0), (0.7, 58.0)):
        _, reading = lab.reading(mixture(lab, "cocaine", "caffeine", share))
        readings.append(reading)
        kept = ok(
            lab.client().post(
                url, json={**body, "reading_id": reading, "first_mg": cocaine, "second_mg": 100 - cocaine}
            )
        )
        assert kept["share"] == pytest.approx(share, abs=0.04)
    found = lab.get(f"/api/v1/instruments/{here}/responses")
    [factor] = found["factors"]
    assert (factor["first"], factor["second"], factor["mixtures"]) == ("cocaine", "caffeine", 3)
    assert factor["factor"] == pytest.approx(1.7, rel=0.15)
    assert factor["relative_u"] >= 0.05
    sample, _ = lab.reading(mixture(lab, "cocaine", "caffeine", 0.6))
    weights = {part["substance_id"]: part["weight"] for part in lab.answer(sample)["answer"]["components"]}
    assert weights["cocaine"]["value"] == pytest.approx(0.47, abs=0.05)
    assert weights["cocaine"]["low"] < weights["cocaine"]["value"] < weights["cocaine"]["high"]
    assert "Shares by weight" in " ".join(lab.answer(sample)["limits"])
    assert "by weight of what was seen" in lab.client().get(f"/bench/samples/{sample}?tab=evidence").text
    other, _ = lab.reading(mixture(lab, "cocaine", "paracetamol", 0.5))
    parts = lab.answer(other)["answer"]["components"]
    assert len(parts) > 1
    assert not any("weight" in part for part in parts)
    again = lab.client().post(url, json={**body, "reading_id": readings[0], "first_mg": 1, "second_mg": 1})
    assert again.status_code == 409
    withdraw = f"/api/v1/instruments/mixtures/{found['mixtures'][0]['id']}/withdraw"
    ok(lab.client().post(withdraw, json={"reason": "badly ground"}, headers={"If-Match": '"1"'}))
    assert lab.get(f"/api/v1/instruments/{here}/responses")["factors"] == []


def test_the_form_of_a_weighed_mixture_says_what_is_wrong(lab: Lab) -> None:
    here = lab.machine()
    _, reading = lab.reading(mixture(lab, "cocaine", "caffeine", 0.5))
    page = lab.client().get(f"/instruments/mixtures/new?reading={reading}").text
    assert "Cocaine" in page
    form = {"reading": reading, "instrument": here, "first": "cocaine", "second": "caffeine"}
    assert "Enter the weight in mg" in lab.client().post("/instruments/mixtures", data=form).text
    same = {**form, "second": "cocaine", "first_mg": "5", "second_mg": "5"}
    assert lab.client().post("/instruments/mixtures", data=same).status_code == 422
    gone = {**form, "first": "mdma", "first_mg": "5", "second_mg": "5"}
    assert "seen in this spectrum" in lab.client().post("/instruments/mixtures", data=gone).text
    fine = lab.client().post("/instruments/mixtures", data={**form, "first_mg": "5,5", "second_mg": "4.5"})
    assert fine.headers["Location"] == f"/instruments/{here}/learning?done=kept"
    shown = lab.client(Role.SESSION_LEAD).get(f"/instruments/{here}/learning").text
    assert "5.5 mg" in shown
    assert "Withdraw mixture" not in shown
    elsewhere = lab.machine("Nicolet")
    moved = {**form, "instrument": elsewhere, "first_mg": "5", "second_mg": "5"}
    assert "another instrument" in lab.client().post("/instruments/mixtures", data=moved).text

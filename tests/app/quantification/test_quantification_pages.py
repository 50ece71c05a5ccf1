"""The pages of quantification: curves with fit and residuals, and amounts with their uncertainty."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.app.conftest import World
from tests.support.writes import CURVE, Stage

HTML = {"Accept": "text/html"}


@pytest.fixture
def bench(world: World) -> Stage:
    return Stage(world)


def typed(**changes: Any) -> dict[str, Any]:
    """The form of a curve as someone fills it in, one line left empty."""
    levels = CURVE["levels"]
    columns = {
        "concentration": [*(f"{level['concentration']}".replace(".", ",") for level in levels), ""],
        "response": [*(str(level["response"]) for level in levels), ""],
        "standard": [*(str(level["internal_standard"]) for level in levels), ""],
    }
    said = {
        "substance": "mdma", "method": "gc_ms", "unit": "mg/mL", "standard_form": "hydrochloride",
        "internal_standard": "MDMA-d5", "valid_until": "2099-01-01",
    }  # fmt: skip
    return {**said, **columns, **changes}


def read(bench: Stage, url: str, role: str = "chemist") -> str:
    answer = bench.client(role).get(url, headers=HTML)
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def test_points_become_a_curve_with_its_fit_and_residuals(bench: Stage) -> None:
    made = bench.client("chemist").post("/quantification/curves", data=typed(), headers=HTML)
    assert made.status_code == 303, made.text
    shown = read(bench, made.headers["Location"], "session_lead")
    drawing = shown[shown.index("<svg viewBox") : shown.index("</svg>", shown.index("<svg viewBox"))]
    assert drawing.count("<circle") == 12, "six points and their six residuals"
    assert "r² 0.99" in drawing
    assert re.search(r"<title>0\.05: response 0\.1\d*, read back as", drawing)
    url = made.headers["Location"].partition("?")[0]
    following = read(bench, f"/quantification/curves/new?after={url.rpartition('/')[2]}")
    assert 'value="MDMA-d5"' in following
    steeper = [str(1.1 * float(level["response"])) for level in CURVE["levels"]]
    key = url.rpartition("/")[2]
    second = bench.client("chemist").post(
        "/quantification/curves", data=typed(response=[*steeper, ""], supersedes=key), headers=HTML
    )
    assert second.status_code == 303, second.text
    listed = read(bench, "/quantification", "verifier")
    assert "+10.0\u00a0%" in listed, "drift against the curve before"
    assert "superseded" in listed
    assert "mg/mL" in listed


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"substance": ""}, "substance-error"),
        ({"method": ""}, "method-error"),
        ({"valid_until": "soon"}, "valid_until-error"),
    ],
)
def test_a_curve_that_cannot_be_keeps_its_points(bench: Stage, change: dict[str, Any], field: str) -> None:
    answer = bench.client("chemist").post("/quantification/curves", data=typed(**change), headers=HTML)
    assert answer.status_code == 422
    assert f'id="{field}"' in answer.text
    assert 'name="concentration" value="0,05"' in answer.text


def test_a_point_without_a_response_says_so_at_its_line(bench: Stage) -> None:
    form = typed()
    form["response"][2] = ""
    answer = bench.client("chemist").post("/quantification/curves", data=form, headers=HTML)
    assert answer.status_code == 422
    assert re.search(r'id="response-2"[^>]*><span class="error">Enter a number', answer.text)


def test_an_amount_of_a_sample_stands_with_its_uncertainty(bench: Stage, world: World) -> None:
    curve, sample = bench.curve(), bench.road.register()
    analysis = bench.road.analysis(sample, method="gc_ms")
    url = f"/quantification/samples/{sample}"
    form = {
        "curve": curve, "analysis": analysis, "response": ["420", "420", ""], "standard": ["500", "500", ""],
        "mass_mg": "5", "mass_u_mg": "0,02", "volume_ml": "10", "volume_u_ml": "0.02",
    }  # fmt: skip
    made = bench.client("chemist").post(url, data=form, headers=HTML)
    assert made.status_code == 303, made.text
    shown = read(bench, url)
    assert re.search(r"84(\.\d)?\u00a0% w/w \(\d+(\.\d+)? to \d+(\.\d+)?, k = 2\) as hydrochloride", shown)
    assert "weighing" in shown
    wrong = bench.client("chemist").post(url, data={**form, "response": ["much", "", ""]}, headers=HTML)
    assert wrong.status_code == 422
    assert 'value="much"' in wrong.text
    assert bench.client("session_lead").post(url, data=form, headers=HTML).status_code == 403
    other = Stage(world, "other")
    assert other.client("chemist").get(url, headers=HTML).status_code == 404
    foreign = f"/quantification/samples/{other.road.register()}"
    assert other.client("chemist").post(foreign, data=form, headers=HTML).status_code == 404

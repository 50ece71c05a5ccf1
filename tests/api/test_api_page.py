"""docs/api.md stays true: the routes it names are there, and its calibration curve is one the service takes."""

from __future__ import annotations

import json
import re
from pathlib import Path

from app.laboratory.quantification.schemas import CurveIn
from app.main import create_app
from app.platform.security.policy import api_routes
from app.settings import Settings
from spectra.quantify import CalibrationLevel, fit_curve

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text(encoding="utf-8")


def pattern(path: str) -> re.Pattern[str]:
    """A path with anything in place of its parameters; the page says {id}, or one of the actions."""
    return re.compile(re.sub(r"\{[^}]*\}", "[^/]+", path))


def test_every_route_the_page_names_in_full_is_there(settings: Settings) -> None:
    routes = [(method, pattern(r.path)) for r in api_routes(create_app(settings)) for method in r.methods or ()]
    named = set(re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/api/v1/[\w/{}-]+)", PAGE))
    assert len(named) > 20
    assert [call for call in named if not any(call[0] == m and p.fullmatch(call[1]) for m, p in routes)] == []


def test_the_calibration_curve_of_the_page_is_taken_and_fits_without_a_remark() -> None:
    found = re.search(r"quantification/curves -d '(\{.*?\})'", PAGE, re.DOTALL)
    assert found is not None
    said = CurveIn(**json.loads(found[1]))
    curve = fit_curve([CalibrationLevel(**level.model_dump()) for level in said.levels], weighting=said.weighting)
    assert curve.usable
    assert curve.notes == ()

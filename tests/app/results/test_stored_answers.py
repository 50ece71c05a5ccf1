"""Stored answers on the bench: those of the first version are shown, those of a later one say so and support nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from app.laboratory.readings import analyses as reading_analyses
from app.laboratory.readings import quality
from app.platform.kernel.actor import Role
from app.results.named import mentions_of
from tests.support.small_files import MDMA, small_ir, small_ms, small_run

from .conftest import Lab

CHEMIST, HTML = Role.CHEMIST, {"Accept": "text/html"}
FIRST = json.loads(
    (Path(__file__).parents[1] / "identification" / "answers_of_version_1.json").read_text(encoding="utf-8")
)
FILES = {
    "infrared": (small_ir(), "a.dx"),
    "unit_mass": (small_ms("a", " ".join(f"{m} {h:.0f};" for m, h in MDMA.items())), "a.msp"),
    "accurate_mass": (small_ms("a", "304.1543 100; 182.1176 40;"), "a.msp"),
    "run": (small_run(), "run.mzML"),
}


def compared(lab: Lab, kind: str, **changed: Any) -> UUID:
    """A sample with one reading whose comparison was stored by the first version."""
    content, name = FILES[kind]
    sample = lab.sample()
    lab.upload(sample, content, name)
    match = read(lab, sample).match
    lab.change(type(match), match.id, **(FIRST[kind] | changed))
    return sample


def read(lab: Lab, sample: UUID) -> Any:
    (found,) = [r for a in lab.read(lambda s: reading_analyses.analyses_of(s, sample)) for r in a.readings]
    return found


@pytest.mark.parametrize("kind", FILES)
def test_an_answer_of_the_first_version_is_shown(lab: Lab, world: Any, kind: str) -> None:
    sample, first = compared(lab, kind), FIRST[kind]
    text = (lab.page(sample, tab="matches") + lab.page(sample, tab="limits")).replace("\u00a0", " ")
    headline = first["answer"]["headline"]
    short = {"infrared": '<h2>Cocaine and Caffeine <span class="muted">probable · under 1 % unexplained</span></h2>'}
    assert short.get(kind, f"<h2>{headline}") in text
    for words in (first["candidates"][0]["substance"], *first["limits"]):
        assert words.replace('"', "&#34;").replace("'", "&#39;") in text
    assert mentions_of(lab.read(lambda s: reading_analyses.analyses_of(s, sample)))
    url = f"/api/v1/readings/{read(lab, sample).reading.id}"
    assert world.as_(CHEMIST).get(f"{url}/candidates").json()["answer"] == first["answer"]
    assert world.as_(CHEMIST).get(f"{url}/plot", params={"candidate": 1}).status_code == 200


def test_a_peak_of_a_run_of_the_first_version_is_shown(lab: Lab) -> None:
    text = lab.page(compared(lab, "run"), peak=2)
    assert "<b>Peak 2 at 1.20&nbsp;min</b>" in text
    assert "Consistent with Caffeine." in text


@pytest.mark.parametrize("kind", ["infrared", "unit_mass"])
def test_an_answer_of_a_later_version_says_so_and_supports_nothing(lab: Lab, world: Any, kind: str) -> None:
    sample = compared(lab, kind, engine_version="99")
    text = lab.page(sample)
    assert "compared by a later version of MAST (answers of version 99" in text
    assert "nothing in its file could be compared" in text
    assert FIRST[kind]["answer"]["headline"] not in text
    analyses = lab.read(lambda s: reading_analyses.analyses_of(s, sample))
    assert mentions_of(analyses) == ()
    (scope,) = quality.scope_of(analyses)
    assert not scope.read
    url = f"/api/v1/readings/{read(lab, sample).reading.id}"
    assert world.as_(CHEMIST).get(f"{url}/candidates").json()["engine_version"] == "99"

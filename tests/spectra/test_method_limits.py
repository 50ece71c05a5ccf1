"""Limits of methods come from reviewed data and say that not seen is not absent."""

from __future__ import annotations

from datetime import date

import pytest

from spectra import method_limits
from spectra.confidence.limits import load

TECHNIQUES = (
    "ftir", "FTIR-ATR", "raman", "EI-MS", "gc-ms", "MS/MS", "dart-ms", "strip", "reagent", "uv", "GC_MS", "LC_UV", "ambient_MS",
    "TLC", "GC_FID", "qNMR", "visual",
)  # fmt: skip


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_every_technique_has_its_limits(technique: str) -> None:
    texts = method_limits(technique)
    assert texts[0] == '"Not seen" is not "absent".'
    assert len(texts) >= 2
    assert "not recorded" not in texts[-1]


def test_infrared_names_its_blind_spots() -> None:
    said = " ".join(method_limits("ftir"))
    assert "below about 5 %" in said
    for word in ("fentanyls", "nitazenes", "LSD", "NBOMe"):
        assert word in said


def test_an_unknown_technique_says_that_its_limits_are_not_recorded() -> None:
    assert method_limits("tarot")[-1] == "The limits of tarot are not recorded: ask the chemist."


def test_every_section_has_a_source_and_a_review_date() -> None:
    data = load("limits")
    date.fromisoformat(data["review_by"])
    for name, part in data.items():
        if isinstance(part, dict) and name != "always":
            assert part["source"]
            date.fromisoformat(part["reviewed"])


def test_no_limit_speaks_of_purity_or_safety() -> None:
    said = str(load("limits")["ftir"]["texts"] + load("limits")["ei_ms"]["texts"]).lower()
    assert "pure" not in said
    assert "safe" not in said

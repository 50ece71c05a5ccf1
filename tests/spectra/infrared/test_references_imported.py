"""Readings as infrared references: what is taken, what is refused with its reason, and salts beside their base."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from spectra import LibraryEntry, Provenance, Reading, ReadingKind, entries_from_readings, starter_infrared_library
from spectra.importing_infrared import one_key_per_substance, usable_curve
from spectra.types import Level, Remark, SpectrumError

TERMS = Provenance("a laboratory", "free of charge")
X = np.arange(500.0, 3900.0, 2.0)


def bands(width: float = 12.0, noise: float = 2e-4) -> np.ndarray:
    places = (740.0, 1012.0, 1180.0, 1456.0, 1602.0, 1712.0, 2950.0)
    y = sum((0.3 + 0.1 * k) / (1 + ((X - place) / width) ** 2) for k, place in enumerate(places))
    return np.asarray(y) + noise * np.random.default_rng(1).standard_normal(X.size)


def reading(y: np.ndarray | None = None, **changes: Any) -> Reading:
    made = Reading(ReadingKind.IR, X, bands() if y is None else y, "cm-1", "absorbance", {"title": "Testamine"})
    return replace(made, **changes)


def doubt(code: str, level: Level = Level.WARNING) -> Remark:
    return Remark(level, code, "Something is odd here.")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"x_unit": "nm"}, "its axis is in nm, not in cm"),
        ({"x_unit": ""}, "its axis is in no unit"),
        ({"y_unit": "transmittance (%)"}, "it is in transmittance"),
        ({"remarks": (doubt("looks_like_inverted"),)}, "Something is odd here"),
        ({"y": np.full(X.size, 0.7)}, "level line"),
        ({"y": 2e-4 * np.random.default_rng(3).standard_normal(X.size)}, "No band stands out"),
        ({"meta": {"title": "x", "resolution_cm1": 64.0}}, "64"),
        ({"x": X + 5000.0}, "no point between 400 and 4000"),
    ],
    ids=["nm", "no unit", "transmittance", "doubt of the reader", "level line", "noise", "too coarse", "near infrared"],
)
def test_what_would_answer_wrongly_for_years_is_refused_with_its_reason(changes: dict[str, Any], words: str) -> None:
    one = reading(**changes)
    with pytest.raises(SpectrumError, match=words):
        usable_curve(one)
    entries, report = entries_from_readings([one, reading()], TERMS)
    assert len(entries) == report.accepted == 1
    assert words in report.refused[0].reason


def test_a_raman_reference_is_intensity_over_its_own_range_and_no_level_line() -> None:
    raman = reading(kind=ReadingKind.RAMAN, y_unit="counts", y=1000 * bands())
    assert usable_curve(raman)[0].technique == "Raman"
    with pytest.raises(SpectrumError, match="level line"):
        usable_curve(replace(raman, y=np.full(X.size, 3.0)))


def test_names_among_others_are_kept_and_a_formula_that_cannot_be_is_left_out() -> None:
    meta = {"title": "Testamine", "names": "Testine; Probamine\n-", "formula": "C6H999"}
    (entry,), _ = entries_from_readings([reading(meta=meta)], TERMS)
    assert entry.formula == ""
    assert "Testine" in entry.meta["names"]


def entry(key: str, compound: str, names: tuple[str, ...], formula: str) -> LibraryEntry:
    spectrum = starter_infrared_library().spectrum(0)
    return LibraryEntry(key, names[0] if names else "", compound, "FTIR", spectrum, TERMS, formula,
                        meta={"substance_names": names})  # fmt: skip


def test_salt_and_base_of_one_name_get_the_key_of_the_one_without_a_salt_in_its_formula() -> None:
    rows = [
        entry("1", "SALTKEYAAAAAAA", ("Testamine",), "C11H15NO2.ClH"),
        entry("2", "BASEKEYAAAAAAA", ("Test-amine",), "C11H15NO2"),
        entry("3", "name:testamine", ("testamine",), "C11H15NO2"),
        entry("4", "OTHERKEYAAAAAA", ("Testamine",), "C12H17NO2"),
        entry("5", "NAMELESSAAAAAA", (), "C11H15NO2"),
        entry("6", "NOFORMULAAAAAA", ("Testamine",), ""),
    ]
    assert [one.compound for one in one_key_per_substance(rows)] == [
        "BASEKEYAAAAAAA", "BASEKEYAAAAAAA", "BASEKEYAAAAAAA", "OTHERKEYAAAAAA", "NAMELESSAAAAAA", "NOFORMULAAAAAA",
    ]  # fmt: skip

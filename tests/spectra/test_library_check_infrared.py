"""Faults of infrared entries: one curve under two compounds, entries of one compound that contradict each other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectra import InfraredLibrary, InfraredSpectrum, LibraryEntry, Provenance
from spectra.infrared_grid import GRID
from spectra.library_check import Fault, Severity, check_infrared


def curve(seed: int, noise: int | None = None) -> NDArray[np.float64]:
    """Twenty bands of a made-up compound; with `noise` as another instrument recorded them."""
    rng = np.random.default_rng(seed)
    bands = zip(rng.uniform(700, 1750, 20), rng.uniform(0.1, 1, 20), strict=True)
    y = np.zeros(GRID.size)
    for at, high in bands:
        y += high * np.exp(-(((GRID - at) / 8.0) ** 2))
    return y if noise is None else y + np.random.default_rng(noise).normal(0.0, 0.002, GRID.size)


def found(*entries: tuple[str, str, NDArray[np.float64]]) -> list[Fault]:
    """Faults of entries, given as accession, compound and curve."""
    ids, compounds, curves = zip(*entries, strict=True)
    names = [f"Name of {own}" for own in ids]
    return check_infrared(InfraredLibrary.from_arrays(GRID, curves, names=names, compounds=compounds, ids=ids))


def test_a_sound_library_is_not_complained_about() -> None:
    assert found(("a", "A", curve(1)), ("a2", "A", curve(1, noise=1)), ("b", "B", curve(2)), ("c", "C", curve(3))) == []


def test_two_entries_that_contradict_each_other_are_both_named_with_what_each_looks_like() -> None:
    [told, other] = found(
        ("right", "A", curve(1)), ("wrong", "A", curve(2)), ("b", "B", curve(2, noise=1)), ("c", "C", curve(3))
    )
    assert (told.kind, told.severity) == ("contradiction", Severity.WARNING)
    assert [[e["id"] for e in side["entries"]] for side in told.figures["sides"]] == [["right"], ["wrong"]]
    assert [[one["id"] for one in side["looks_like"]] for side in told.figures["sides"]] == [[], ["b"]]
    assert "right looks like nothing else here" in told.why
    assert "wrong looks like Name of b (" in told.why
    assert (other.kind, other.id) == ("one_curve", "wrong")


def test_another_form_of_a_compound_is_a_note() -> None:
    [told] = found(("base", "A", curve(1)), ("salt", "A", curve(4)), ("b", "B", curve(2)))
    assert (told.kind, told.severity) == ("contradiction", Severity.NOTE)
    assert "Another salt, hydrate or crystal form" in told.why


def test_one_curve_under_two_compounds_names_both() -> None:
    [told] = found(("a", "A", curve(1, noise=1)), ("b", "B", curve(1, noise=2)), ("c", "C", curve(3)))
    assert (told.kind, told.severity, told.id, told.figures["entries"]) == ("one_curve", Severity.WARNING, "a", [0, 1])
    assert "that of Name of b (b) are one (first derivative r " in told.why


def test_without_keys_one_curve_may_be_a_synonym_and_point_for_point_is_an_error() -> None:
    [told] = found(("a", "", curve(1, noise=1)), ("b", "", curve(1, noise=2)), ("c", "C", curve(3)))
    assert (told.kind, told.severity) == ("one_curve", Severity.NOTE)
    [told] = found(("a", "A", curve(1)), ("b", "B", curve(1)), ("c", "C", curve(3)))
    assert (told.kind, told.severity) == ("same_spectrum_other_compound", Severity.ERROR)
    assert "Point for point the spectrum of Name of b (b)" in told.why


def test_of_real_isomers_the_two_with_one_curve_are_named_and_no_others(shared_data: Path) -> None:
    rows = json.loads((shared_data / "ir" / "isomers.json").read_text(encoding="utf-8"))
    told = check_infrared(InfraredLibrary.build([_entry(row) for row in rows]))
    assert [(f.kind, f.name) for f in told] == [("one_curve", "2-FMA")]
    assert "3-Fluoromethamphetamine" in told[0].why


def _entry(row: dict[str, Any]) -> LibraryEntry:
    at = np.linspace(row["first_x"], row["last_x"], len(row["relative_absorbance"]))
    spectrum = InfraredSpectrum(at, np.array(row["relative_absorbance"]))
    return LibraryEntry(row["name"], row["name"], row["inchikey"], "IR", spectrum, Provenance("ENFSI", "free"))

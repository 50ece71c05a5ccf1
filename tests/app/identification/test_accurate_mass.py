"""Accurate masses: the library's own identification, the screen by formula, lock masses and negative ions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from app.laboratory.identification.accurate_mass import match_accurate_mass
from app.laboratory.identification.answer import Answer
from app.laboratory.identification.codec import encode, plain
from app.laboratory.identification.domain import Method, MethodInfo, _lock_masses, method_info, methods
from app.laboratory.identification.identify import identify_blocks
from app.laboratory.identification.ranking import SearchConditions
from app.laboratory.identification.substances import SubstanceIndex
from app.laboratory.library.domain import Opened, OwnEntry, Technique
from app.laboratory.library.registry import LibraryRegistry
from harm_messages import load_pack
from spectra import MassLibrary, MassSpectrum, Reading, ReadingKind, starter_formula_library
from spectra.exactmass import adduct_mz
from tests.support.identify import identify_readings

CAFFEINE, MDMA, COCAINE, RESERPINE = 195.08765, 194.11756, 304.15433, 609.28066
INFO = method_info(Method.DART_MS)
ENTRIES = {
    "Cocaine": (304.15433, [82.06513, 105.03349, 150.09134, 182.11756, 304.15433], [30, 10, 20, 100, 40]),
    "Scopolamine": (304.15433, [103.05423, 121.06479, 138.09134, 156.10191, 304.15433], [30, 20, 100, 60, 50]),
    "Levamisole": (205.07940, [91.05423, 123.02630, 178.06850, 205.07940], [20, 30, 100, 90]),
    "Large": (609.28066, [397.21218, 448.19660, 577.25440, 609.28066], [80, 60, 30, 100]),
}


def library(*names: str, compounds: Sequence[str] = ()) -> MassLibrary:
    chosen = [ENTRIES[name] for name in names]
    offsets = np.cumsum([0, *(len(mz) for _, mz, _ in chosen)])
    return MassLibrary.from_arrays(
        np.concatenate([mz for _, mz, _ in chosen]), np.concatenate([height for *_, height in chosen]), offsets,
        names=list(names), compounds=list(compounds) or [n.lower() for n in names],
        precursor_mz=[p for p, *_ in chosen], accurate=True,
    )  # fmt: skip


def book(key: str, *names: str) -> Opened:
    return Opened(key, f"Library {key}", Technique.MS, True, False, "", "", "", library(*names))


def formulas() -> list[Opened]:
    known = starter_formula_library()
    return [Opened("f", "Register", Technique.FORMULA, True, True, "", "", "", known)]


def reading_of(name: str, ppm: float = 0.0, precursor: bool = True) -> MassSpectrum:
    at, mz, height = ENTRIES[name]
    return MassSpectrum(np.array(mz) * (1 + ppm * 1e-6), height, at if precursor else None, "ESI")


def matched(
    query: MassSpectrum, spectra: list[Opened] | None = None, locks: tuple[float, ...] = (), **how: Any
) -> Answer:
    info: MethodInfo = INFO.model_copy(update={"lock_masses": locks})
    return match_accurate_mass(query, spectra or [], formulas(), info, SearchConditions(**how))


def test_an_accurate_library_answers_with_its_own_identification() -> None:
    home, query = book("a", "Cocaine", "Scopolamine", "Levamisole"), reading_of("Cocaine")
    said, found = home.mass.identify(query), matched(query, [home])
    answer, odds = found, found.probability
    assert odds is not None
    assert (answer.level, answer.set) == (said.level.value, said.set) == ("consistent_with", ("cocaine",))
    assert odds.probabilities == tuple((c, round(p, 4)) for c, p in said.compounds)
    assert (odds.p_not_in_library, odds.calibrated) == (said.p_not_in_library, said.calibrated)
    assert odds.probabilities_of == "Library a"
    assert answer.sentences[: len(said.reasons)] == said.reasons
    assert [c.compound for c in found.candidates] == [c for c, _ in said.compounds]
    assert (found.score_name, found.candidates[0].score) == ("entropy", pytest.approx(1.0))
    assert answer.headline == "Consistent with Cocaine."


def test_all_libraries_are_searched_and_the_one_with_the_precursor_answers() -> None:
    found = matched(reading_of("Cocaine"), [book("a", "Levamisole", "Large"), book("b", "Cocaine", "Scopolamine")])
    assert found.probability.probabilities_of == "Library b"
    assert [row.key for row in found.libraries] == ["a", "b", "f"]
    assert {row.library_key for row in found.candidates} == {"b"}
    both = matched(reading_of("Cocaine"), [book("a", "Scopolamine"), book("b", "Cocaine")])
    assert [(row.substance, row.library_key) for row in both.candidates] == [
        ("Cocaine", "b"),
        ("Scopolamine", "a"),
    ]


def test_a_library_that_knows_names_only_answers_under_the_registers_keys() -> None:
    named = library("Cocaine", "Scopolamine", compounds=["name:cocaine", "name:scopolamine"])
    home = replace(book("a", "Cocaine"), spectra=named)
    found = matched(reading_of("Cocaine"), [home], index=SubstanceIndex(load_pack().substances))
    (key,) = found.set
    assert key == found.candidates[0].compound == found.probability.probabilities[0][0]
    assert not key.startswith("name:")
    assert found.probability.probability_names[key] == "Cocaine"
    assert found.candidates[0].substance_id == "cocaine"


def test_an_identified_compound_that_is_on_no_list_of_formulae_is_not_denied() -> None:
    answer = matched(reading_of("Large"), [book("a", "Large", "Cocaine")])
    assert (answer.level, answer.formula_screen.formulas) == ("consistent_with", ())
    assert "No mass of this spectrum fits the formula of a listed substance." in answer.sentences
    assert not any("nothing is there" in text for text in answer.sentences)


def test_a_likeness_is_followed_by_what_fits_by_formula() -> None:
    found = matched(reading_of("Cocaine"), [book("a", "Scopolamine")])
    assert found.level == "related"
    assert found.set == ()
    assert [row.score_name for row in found.candidates][:2] == ["entropy", "exact_mass"]
    assert "Cocaine" in {row.substance for row in found.candidates if row.score_name == "exact_mass"}
    assert len({row.ambiguity_group for row in found.candidates}) == 2
    assert "An accurate mass fits C17H21NO4: Cocaine" in found.headline


def test_where_no_spectrum_resembles_the_reading_the_formula_answers() -> None:
    query = MassSpectrum([150.12773, 163.2], [100, 40], ionisation="DART")
    found = matched(query, [book("a", "Levamisole")])
    assert (found.score_name, found.level) == ("exact_mass", "class_only")
    assert found.headline.startswith("m/z 150.1277 fits C10H15N as [M+H]+")
    first = [row for row in found.candidates if row.rank == 1]
    assert {row.substance for row in first} == set(first[0].formula_fit.isomers)
    assert set(first[0].formula_fit.isomers) >= {"Methamphetamine", "Isopropylbenzylamine"}
    assert set(found.set) == {row.compound for row in first}
    assert {"formula", "adduct", "error_ppm", "isotope_cosine", "isomers", "mz"} <= set(plain(first[0]))


def test_lock_masses_come_before_the_search_by_spectrum() -> None:
    home, query = book("a", "Large", "Cocaine"), reading_of("Large", ppm=22.0)
    assert matched(query, [home]).level == "related"
    put_right = matched(query, [home], locks=(RESERPINE,))
    assert put_right.level == "consistent_with"
    assert put_right.candidates[0].score > 0.99
    assert any("+22.0 ppm before, +0.0 ppm after" in text for text in put_right.sentences)


def test_a_lock_mass_that_is_not_there_is_said_and_the_error_estimated() -> None:
    known = np.array([91.05423, 105.06988, 119.08553, 150.12773])
    query = MassSpectrum(known * (1 + 9e-6), [60, 50, 90, 100], ionisation="DART")
    answer = matched(query, locks=(RESERPINE,))
    said = " ".join(answer.sentences)
    assert "No lock mass of this method (m/z 609.2807) was found" in said
    assert "estimated to be +9.0 ppm off" in said
    assert answer.formula_screen.mass_scale.estimated is True
    assert answer.formula_screen.mass_scale.before_ppm == pytest.approx(9.0, abs=0.2)


def test_a_substance_at_a_lock_mass_may_be_the_laboratorys_own() -> None:
    query = MassSpectrum([MDMA, CAFFEINE], [50, 100], ionisation="DART")
    text = f"m/z {CAFFEINE:.4f} is a lock mass of this method: C8H10N4O2 may come from the laboratory."
    assert text in matched(query, locks=(CAFFEINE,)).sentences
    assert text not in matched(query).sentences


def spectrum_reading(mz: list[float], polarity: str) -> Reading:
    scan = MassSpectrum(mz, [100.0] * len(mz), ionisation="ESI")
    return Reading(
        ReadingKind.MASS_SPECTRUM,
        scan.mz,
        scan.intensity,
        "m/z",
        "intensity",
        meta={"polarity": polarity},
        scans=(scan,),
    )


@pytest.fixture
def registry(tmp_path: Path) -> LibraryRegistry:
    return LibraryRegistry(tmp_path)


def test_a_negative_reading_is_screened_for_deprotonated_molecules(registry: LibraryRegistry) -> None:
    at = adduct_mz("C11H15NO2", "[M-H]-")
    (negative,) = identify_blocks(spectrum_reading([at], "negative"), registry)
    assert [(f.formula, f.adduct) for f in negative.answer.formula_screen.formulas] == [("C11H15NO2", "[M-H]-")]
    for other in ("positive", "", "negative and positive"):
        (block,) = identify_blocks(spectrum_reading([at], other), registry)
        assert block.answer.formula_screen.formulas == ()


def test_own_standards_speak_first_and_the_library_keeps_its_word(
    registry: LibraryRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = library("Cocaine")
    entry = OwnEntry("cocaine", "Cocaine", uuid4(), "Q", datetime(2026, 1, 1, tzinfo=UTC))
    own = Opened("own", "Own", Technique.MS, True, False, "", "", "", made, {made.ids[0]: entry})
    books = [own, book("a", "Cocaine", "Scopolamine")]
    monkeypatch.setattr(LibraryRegistry, "mass", lambda self, names=(), *, accurate: books if accurate else [])
    query = reading_of("Cocaine")
    reading = Reading(ReadingKind.MASS_SPECTRUM, query.mz, query.intensity, "m/z", "intensity", scans=(query,))
    (block,) = identify_blocks(reading, registry)
    answer = block.answer
    assert answer.headline.startswith("Consistent with your in-house standard of Cocaine.")
    assert answer.in_house.supports == ("cocaine",)
    assert answer.probability.probabilities_of == "Library a"
    assert [row.library_key for row in block.answer.candidates][:2] == ["own", "a"]


@pytest.mark.parametrize("query", [reading_of("Cocaine"), MassSpectrum([MDMA], [1e300], ionisation="DART")])
def test_the_answer_can_be_stored_and_the_contract_keeps_its_keys(
    query: MassSpectrum, registry: LibraryRegistry
) -> None:
    json.dumps(asdict(encode(matched(query, [book("a", "Cocaine")]))), allow_nan=False)
    json.dumps(asdict(encode(matched(query, locks=(RESERPINE,)))), allow_nan=False)
    reading = Reading(ReadingKind.MASS_SPECTRUM, query.mz, query.intensity, "m/z", "intensity", scans=(query,))
    (row,) = identify_readings([reading], registry)
    assert {"level", "candidates", "components", "sentences", "limits", "set"} <= set(row)
    assert row["candidates"][0]["score_name"] == "exact_mass"


def test_no_method_has_a_lock_mass_before_a_laboratory_writes_one() -> None:
    assert all(info.lock_masses == () for info in methods().values())
    assert _lock_masses(Method.DART_MS, [RESERPINE, 195]) == (RESERPINE, 195.0)
    with pytest.raises(ValueError, match=r"dart_ms: a lock mass is an m/z above zero"):
        _lock_masses(Method.DART_MS, [-1.0])

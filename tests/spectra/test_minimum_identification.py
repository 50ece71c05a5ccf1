"""The SWGDRUG minimum: the table of schemes, what does not count, and laws any set of results obeys."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectra.minimum_identification import TechniqueEvidence, category, edition, evaluate, properties
from spectra.types import SpectrumError

NAMES = (
    "ftir", "raman", "qnmr", "gc_ms", "lc_ms", "dart_ms", "lc_uv", "gc_fid", "tlc", "uv", "reagent", "strip", "ims", "ce",
)  # fmt: skip


def of(*names: str) -> list[TechniqueEvidence]:
    """`gc_ms+` both results used, `tlc-` negative, `reagent~` names a class only."""
    return [
        TechniqueEvidence(
            n.rstrip("+-~"), n, not n.endswith("-"), "class" if n.endswith("~") else "", n.endswith("+")
        )
        for n in names
    ]  # fmt: skip


MET = [
    ("ftir", "gc_ms"), ("ftir", "tlc"), ("ftir", "reagent"), ("ftir", "raman"), ("gc_ms+",), ("lc_ms+",), ("gc_ms", "lc_ms"),
    ("dart_ms", "gc_ms"), ("tlc", "gc_fid", "reagent"), ("lc_uv", "gc_fid", "reagent"), ("tlc", "gc_fid", "ims"),
    ("lc_uv+", "gc_fid"), ("ce", "ims", "melting_point"),
]  # fmt: skip
NOT_MET = [
    (), ("ftir",), ("ftir", "ftir"), ("gc_ms",), ("dart_ms", "ambient_ms"), ("gc_ms", "gc_fid"), ("gc_ms", "dart_ms-"),
    ("ftir", "strip"), ("ftir", "reagent~"), ("ftir", "tlc-"), ("tlc", "gc_fid"), ("tlc", "tlc", "gc_fid"),
    ("tlc", "lc_uv", "reagent"), ("tlc", "reagent", "uv"), ("reagent", "uv", "melting_point"), ("lc_uv+",),
    ("tlc", "gc_fid", "strip"), ("tlc", "gc_fid", "visual"),
]  # fmt: skip


@pytest.mark.parametrize("scheme", MET)
def test_these_schemes_reach_the_minimum(scheme: tuple[str, ...]) -> None:
    found = evaluate(of(*scheme))
    assert found.met
    assert not found.missing
    assert found.rule == ("category_a" if len(found.used) == 2 else "three_techniques")
    assert "separate sampling" in found.confirm[-1]


@pytest.mark.parametrize("scheme", NOT_MET)
def test_these_do_not_and_say_what_is_missing(scheme: tuple[str, ...]) -> None:
    found = evaluate(of(*scheme))
    assert not found.met
    assert found.missing
    assert all(sentence.endswith(".") for sentence in found.missing)
    assert found.sentence.startswith(f"Minimum identification (SWGDRUG ed. {edition()}): not met — missing: A ")


def test_a_result_that_does_not_count_is_named_with_the_reason() -> None:
    found = evaluate(of("ftir", "tlc-", "strip", "ftir", "visual"))
    said = " ".join(found.not_counted)
    assert "tlc-: negative" in said
    assert "strip: shows a class" in said
    assert "ftir: the same technique twice" in said
    assert "visual: is no technique" in said


def test_a_class_is_identified_with_a_strip_where_a_substance_is_not() -> None:
    assert evaluate(of("ftir", "strip"), of="class").met
    assert not evaluate(of("ftir", "strip"), of="substance").met


def test_a_hyphenated_technique_says_how_it_would_count_twice() -> None:
    alone = evaluate(of("gc_ms"))
    assert any("when the retention time agrees with a standard" in sentence for sentence in alone.missing)
    both = evaluate(of("gc_ms+"))
    assert both.used == ("gc_ms+ (mass spectrometry)", "gc_ms+ (gas chromatography)")
    assert any("compared with a standard" in sentence for sentence in both.confirm)


def test_two_runs_that_both_end_in_a_mass_spectrum_ask_for_a_chemist() -> None:
    assert any("both end in mass spectrometry" in sentence for sentence in evaluate(of("gc_ms", "lc_ms")).confirm)
    assert not any("both end" in sentence for sentence in evaluate(of("ftir", "gc_ms")).confirm)


def test_an_unknown_technique_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(SpectrumError, match=r"no technique 'dowsing'.*ftir"):
        evaluate([TechniqueEvidence("dowsing")])
    with pytest.raises(SpectrumError, match="no technique"):
        category("")
    assert properties("GC-MS") == properties("gc_ms")


schemes = st.lists(st.sampled_from([n + mark for n in NAMES for mark in ("", "+", "-", "~")]), max_size=6)


@given(schemes, st.sampled_from(NAMES))
def test_more_evidence_never_takes_the_minimum_away(scheme: list[str], more: str) -> None:
    if evaluate(of(*scheme)).met:
        assert evaluate(of(*scheme, more)).met


@given(schemes)
def test_negative_results_change_nothing_but_the_notes(scheme: list[str]) -> None:
    positive = [n for n in scheme if not n.endswith("-")]
    assert evaluate(of(*scheme)).met == evaluate(of(*positive)).met


@given(st.lists(st.sampled_from(NAMES), max_size=4))
def test_the_order_of_the_results_does_not_matter(scheme: list[str]) -> None:
    assert len({evaluate(of(*order)).met for order in permutations(scheme)}) == 1


@given(schemes)
def test_what_is_said_never_reassures(scheme: list[str]) -> None:
    found = evaluate(of(*scheme))
    said = " ".join((found.sentence, *found.not_counted, *found.confirm)).lower()
    assert not any(word in said for word in ("safe", "pure", "clean"))


def test_two_mass_spectrometers_that_differ_by_the_separation_alone_ask_for_its_retention_time() -> None:
    found = evaluate([TechniqueEvidence("dart_ms", "DART-MS"), TechniqueEvidence("gc_ms", "GC-MS")])
    assert found.met
    assert any(said.startswith("GC-MS: The retention time was compared") for said in found.confirm)
    assert not any("retention time" in said for said in evaluate([
        TechniqueEvidence("ftir", "FTIR"), TechniqueEvidence("gc_ms", "GC-MS"),
    ]).confirm)  # fmt: skip

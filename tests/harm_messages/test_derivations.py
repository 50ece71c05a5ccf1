"""Roles, verdicts, outcomes, confidence, bands: each truth table read line by line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harm_messages import (
    AmountFact,
    Band,
    Basis,
    Confidence,
    FindingFact,
    Form,
    Outcome,
    RunStatus,
    UnknownSubstance,
    derive_outcome,
    derive_role,
    derive_verdict,
    load_pack,
)
from harm_messages.amounts import convert, derive_band, salt_factor
from tests.harm_messages.message_cases import FTIR, GC_MS, amount, found, strip

PACK = load_pack()
PROTON = FindingFact(confidence=Confidence.INDICATED)


@pytest.mark.parametrize(
    ("name", "beside", "expected", "role"),
    [
        ("mdma", (), ("mdma",), "expected"),
        ("psilocin", (), ("psilocybin",), "expected"),
        ("5f-adb", (), ("cannabinoid.synthetic",), "expected"),
        ("ketamine", (), ("tusi",), "expected"),
        ("6-monoacetylmorphine", ("heroin",), ("heroin",), "byproduct"),
        ("noscapine", (), ("heroin",), "byproduct"),
        ("magnesium-stearate", (), ("mdma",), "excipient"),
        ("paracetamol", ("heroin",), ("heroin",), "cutting"),
        ("caffeine", (), ("mdma",), "cutting"),
        ("eutylone", (), ("mdma",), "substitute"),
        ("eutylone", ("mdma",), ("mdma",), "adulterant"),
        ("cocaine", (), ("tusi",), "substitute"),
        ("caffeine", (), ("tusi",), "cutting"),
        ("eutylone", (), ("unknown",), "unstated"),
        ("eutylone", (), ("mixture",), "unstated"),
        ("eutylone", (), (), "unstated"),
        ("diphenhydramine", (), ("mdma",), "substitute"),
    ],
)
def test_role_of_a_finding(name: str, beside: tuple[str, ...], expected: tuple[str, ...], role: str) -> None:
    one = found(name)
    assert derive_role(one, [one, *map(found, beside)], expected, PACK) == role


def test_a_word_the_register_does_not_know_raises_instead_of_reading_as_not_found() -> None:
    with pytest.raises(UnknownSubstance):
        derive_role(found("mdma"), [found("mdma")], ["mdmaa"], PACK)
    with pytest.raises(UnknownSubstance):
        derive_verdict([found("mystery")], ["mdma"], pack=PACK)


@pytest.mark.parametrize(
    ("names", "expected", "outcome", "verdict"),
    [
        (("mdma",), ("mdma",), "identified", "as_expected"),
        (("mdma", "magnesium-stearate"), ("mdma",), "identified", "as_expected"),
        (("mdma", "caffeine"), ("mdma",), "identified", "expected_plus_inert"),
        (("heroin", "6-monoacetylmorphine", "noscapine"), ("heroin",), "identified", "as_expected"),
        (("mdma", "eutylone"), ("mdma",), "identified", "expected_plus_active"),
        (("mdma",), ("mdma", "ketamine"), "identified", "partly_as_expected"),
        (("eutylone",), ("mdma",), "identified", "not_as_expected"),
        (("lactose",), ("mdma",), "identified", "not_as_expected"),
        ((), ("mdma",), "nothing_found", "nothing_detected"),
        ((), ("mdma",), "inconclusive", "inconclusive"),
        ((), ("mdma",), "insufficient", "inconclusive"),
        (("eutylone",), (), "identified", "no_expectation"),
        (("eutylone",), ("unknown",), "identified", "no_expectation"),
    ],
)
def test_verdict(names: tuple[str, ...], expected: tuple[str, ...], outcome: str, verdict: str) -> None:
    got = derive_verdict([found(n) for n in names], expected, outcome=Outcome(outcome), pack=PACK)
    assert got == verdict


def test_a_part_without_a_name_is_never_as_expected() -> None:
    assert derive_verdict([found("mdma"), PROTON], ["mdma"], pack=PACK) == "partly_as_expected"


@pytest.mark.parametrize("drug_class", ["dissociative", "opioid.nitazene"])
def test_a_strip_or_colour_test_never_makes_a_sample_differ_however_grave_the_class(drug_class: str) -> None:
    """C8."""
    weak = FindingFact(drug_class=drug_class, confidence=Confidence.CLASS_ONLY)
    assert derive_verdict([found("mdma"), weak], ["mdma"], pack=PACK) == "as_expected"


FAULT = GC_MS.model_copy(update={"status": RunStatus.INSTRUMENT_FAULT})
LITTLE = GC_MS.model_copy(update={"status": RunStatus.INSUFFICIENT_SAMPLE})
WAITING = GC_MS.model_copy(update={"status": RunStatus.PENDING})
BAD_QC = GC_MS.model_copy(update={"qc_passed": False})


@pytest.mark.parametrize(
    ("findings", "scope", "strips", "outcome"),
    [
        ([found("mdma")], [GC_MS], [], "identified"),
        ([found("mdma"), PROTON], [GC_MS], [], "partly_identified"),
        ([found("mdma")], [GC_MS, WAITING], [], "partly_identified"),
        ([], [GC_MS], [strip("opioid.nitazene", "positive")], "partly_identified"),
        ([PROTON], [GC_MS], [], "inconclusive"),
        ([found("mdma", "tentative")], [GC_MS], [], "inconclusive"),
        ([], [GC_MS, FTIR], [], "nothing_found"),
        ([], [GC_MS], [strip("opioid.nitazene", "faint")], "inconclusive"),
        ([], [GC_MS], [strip("opioid.nitazene", "invalid")], "inconclusive"),
        ([], [GC_MS, FAULT], [], "inconclusive"),
        ([], [BAD_QC], [], "inconclusive"),
        ([], [LITTLE], [], "insufficient"),
        ([], [WAITING], [], "pending"),
        ([], [], [], "inconclusive"),
    ],
)
def test_outcome(findings, scope, strips, outcome: str) -> None:  # type: ignore[no-untyped-def]
    assert derive_outcome(findings, scope, strips) == outcome


@pytest.mark.parametrize(
    ("value", "plus", "band"),
    [
        (58, 1, "below"), (59, 0.5, "usual"), (100, 25, "usual"), (100, 25.2, "high"), (170, 9, "high"),
        (170, 9.1, "very_high"), (232, 14, "very_high"), (249, 0, "very_high"), (249, 0.1, "extreme"),
    ],
)  # fmt: skip
def test_band_compares_value_plus_uncertainty_at_its_edges(value: float, plus: float, band: str) -> None:
    assert derive_band(PACK, "mdma", amount(value, plus), Form.TABLET) == band


def test_uncertainty_at_another_coverage_is_brought_to_two() -> None:
    one = AmountFact.model_validate(
        {"value": 120, "high": 123, "k": 1, "unit": "mg_per_unit", "basis": "hydrochloride"}
    )
    assert one.upper == 126
    assert derive_band(PACK, "mdma", one, Form.TABLET) is Band.HIGH


def test_base_is_converted_once_and_an_unknown_basis_errs_towards_caution() -> None:
    formula = PACK.substances["mdma"].formula
    assert 1 / salt_factor(formula) == pytest.approx(0.84, abs=0.005)
    assert convert(84.1, Basis.BASE, Basis.HYDROCHLORIDE, formula) == pytest.approx(100, abs=0.2)
    assert derive_band(PACK, "mdma", amount(120, 0), Form.TABLET) is Band.USUAL
    assert derive_band(PACK, "mdma", amount(120, 0, basis="unknown"), Form.TABLET) is Band.HIGH


def test_a_crystal_in_percent_has_no_band() -> None:
    assert derive_band(PACK, "mdma", amount(84, 3, "percent_ww"), Form.CRYSTAL) is Band.NOT_MEASURED


@given(a=st.floats(0, 500), b=st.floats(0, 500), plus=st.floats(0, 50))
def test_more_never_lowers_the_band(a: float, b: float, plus: float) -> None:
    low, high = sorted((a, b))
    for basis in ("base", "hydrochloride", "unknown", "other_salt"):
        bands = [derive_band(PACK, "mdma", amount(x, plus, basis=basis), Form.TABLET) for x in (low, high)]
        assert bands[0].rank <= bands[1].rank

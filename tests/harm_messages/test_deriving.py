"""The derive step line by line: what each decision turns on. scripts/mutation_of_messages.py asks whether this is enough."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harm_messages import (
    AlertFact,
    AmountFact,
    Band,
    Basis,
    Confidence,
    Facts,
    FindingFact,
    FindingRole,
    Form,
    Outcome,
    RunStatus,
    Unit,
    UnknownSubstance,
    Verdict,
    derive_outcome,
    derive_role,
    derive_verdict,
    load_pack,
)
from harm_messages.amounts import (
    amount_text,
    band_of,
    band_row,
    convert,
    derive_band,
    fraction_text,
    usual_text,
)
from harm_messages.derived import Derived, class_plain, derive
from harm_messages.evidence import CATEGORY, category
from harm_messages.roles import (
    expectation,
    finding_class,
)
from harm_messages.verdicts import always_warn, differs
from tests.harm_messages.message_cases import GC_MS, amount, found, sample, shown, strip

PACK = load_pack()
LABELS = PACK.words("en")
UNNAMED = FindingFact(confidence=Confidence.INDICATED)


def a_class(drug_class: str, confidence: str = "class_only", **more: object) -> FindingFact:
    return FindingFact.model_validate({"drug_class": drug_class, "confidence": confidence, **more})


def of(facts: Facts, *also: str) -> Derived:
    return derive(PACK, facts, shown(), also)


# -- amounts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("basis", "wanted", "value"),
    [
        ("base", "hydrochloride", 118.87), ("unknown", "hydrochloride", 118.87), ("hydrochloride", "hydrochloride", 100),
        ("other_salt", "hydrochloride", 100), ("hydrochloride", "base", 84.13), ("base", "base", 100),
        ("unknown", "base", 100), ("other_salt", "base", 100), ("base", "other_salt", 100), ("base", "unknown", 100),
        ("hydrochloride", "other_salt", 100),
    ],
)  # fmt: skip
def test_one_conversion_between_hydrochloride_and_base(basis: str, wanted: str, value: float) -> None:
    assert convert(100, Basis(basis), Basis(wanted), "C11H15NO2") == pytest.approx(value, abs=0.01)
    assert convert(100, Basis(basis), Basis(wanted), "") == 100


def test_a_band_is_for_one_substance_unit_and_form() -> None:
    row = band_row(PACK, "mdma", Unit.MG_PER_UNIT, Form.TABLET)
    assert row is not None
    assert row.substance == "mdma"
    assert band_row(PACK, "mdma", Unit.PERCENT, Form.TABLET) is None
    assert band_row(PACK, "mdma", Unit.MG_PER_UNIT, Form.POWDER) is None
    assert band_row(PACK, "mda", Unit.MG_PER_UNIT, Form.TABLET) is None
    assert derive_band(PACK, None, amount(300, 0), Form.TABLET) is Band.NOT_MEASURED
    assert derive_band(PACK, "mdma", None, Form.TABLET) is Band.NOT_MEASURED
    assert derive_band(PACK, "mda", amount(300, 0), Form.TABLET) is Band.NOT_MEASURED


def test_without_an_edge_for_extreme_the_top_is_very_high_and_without_below_the_bottom_is_usual() -> None:
    row = next(b for b in PACK.bands if b.substance == "2c-b")
    assert [band_of(row, x) for x in (0, row.usual_max, row.high_max, row.high_max + 0.1, 999)] == [
        Band.USUAL, Band.USUAL, Band.HIGH, Band.VERY_HIGH, Band.VERY_HIGH,
    ]  # fmt: skip
    pill = next(b for b in PACK.bands if b.substance == "mdma")
    assert band_of(pill, 59 + 1e-12) is Band.BELOW  # a rounding error of the machine is no milligram
    assert band_of(pill, 59.001) is Band.USUAL


@pytest.mark.parametrize(
    ("substance", "given", "form", "text", "quarter"),
    [
        ("mdma", amount(232, 14), "tablet", "230 mg (250 mg at most), counted as the usual salt", "58 mg"),
        ("mdma", amount(100, 0, basis="base"), "tablet", "120 mg, counted as the usual salt", "30 mg"),
        ("mdma", amount(100, 0, basis="base"), "powder", "120 mg, counted as the usual salt", "30 mg"),
        ("mdma", amount(100, 0, basis="unknown"), "tablet", "100 to 120 mg, counted as the usual salt", "30 mg"),
        ("mdma", amount(100, 0, basis="other_salt"), "tablet", "100 mg, counted as another salt", "25 mg"),
        ("cocaine", amount(72, 4, "percent_ww", "base"), "powder", "81 mg, counted as the usual salt", "20 mg"),
        ("cocaine", amount(62, 4, "percent_ww", "base"), "rock", "62 mg, counted as base", "16 mg"),
        (None, amount(1234.5, 0), "powder", "1,200 mg, counted as the usual salt", "310 mg"),
        ("mdma", amount(125, 0), "tablet", "130 mg, counted as the usual salt", "31 mg"),
        ("mdma", amount(0, 0), "tablet", "0 mg, counted as the usual salt", "0 mg"),
        ("mdma", amount(0.12, 0), "tablet", "0.12 mg, counted as the usual salt", "0.03 mg"),
    ],
)  # fmt: skip
def test_an_amount_is_told_in_two_figures_on_one_basis(
    substance: str | None, given: AmountFact, form: str, text: str, quarter: str
) -> None:
    """D1: the salt people are sold, or base for freebase forms, named once; an uncertain basis gives the range."""
    where = (PACK, substance, given, Form(form), LABELS, "en_GB")
    assert amount_text(*where, "") == text
    assert fraction_text(*where) == quarter


def test_an_amount_carries_the_name_of_what_was_measured() -> None:
    text = amount_text(PACK, "mdma", amount(232, 14), Form.TABLET, LABELS, "en_GB", "MDMA")
    assert text == "230 mg (250 mg at most) of MDMA, counted as the usual salt"


@pytest.mark.parametrize(
    ("mg", "part", "words"),
    [
        (200, 1, "about two usual amounts"), (232, 0.25, "about half a usual amount"),
        (100, 1, "about one usual amount"), (110, 1, "about one usual amount"),
        (5, 1, "about a tenth of a usual amount"), (0, 1, "about a tenth of a usual amount"),
        (1000, 1, "more than four usual amounts"),
    ],
)  # fmt: skip
def test_a_part_of_a_pill_is_told_in_usual_adult_amounts(mg: float, part: float, words: str) -> None:
    """D4: in words, so that nobody has to divide."""
    assert usual_text(PACK, "mdma", amount(mg, 0), Form.TABLET, LABELS, part) == words
    assert usual_text(PACK, "mdma", amount(mg, 0), Form.POWDER, LABELS, part) == ""


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


def test_a_crystal_in_percent_has_no_band() -> None:
    assert derive_band(PACK, "mdma", amount(84, 3, "percent_ww"), Form.CRYSTAL) is Band.NOT_MEASURED


@given(a=st.floats(0, 500), b=st.floats(0, 500), plus=st.floats(0, 50))
def test_more_never_lowers_the_band(a: float, b: float, plus: float) -> None:
    low, high = sorted((a, b))
    for basis in ("base", "hydrochloride", "unknown", "other_salt"):
        bands = [derive_band(PACK, "mdma", amount(x, plus, basis=basis), Form.TABLET) for x in (low, high)]
        assert bands[0].rank <= bands[1].rank


# -- expectation and roles -------------------------------------------------------------------------


def test_what_was_named_is_closed_over_what_is_as_good_and_what_comes_with_it() -> None:
    want = expectation(["psilocybin"], PACK)
    assert (want.stated, want.ids) == (True, ("psilocybin",))
    assert want.substances == {"psilocybin", "psilocin"}
    heroin = expectation(["heroin", "morphine"], PACK)
    assert "morphine" in heroin.substances
    assert "morphine" not in heroin.byproducts
    assert {"6-monoacetylmorphine", "noscapine"} <= heroin.byproducts
    tusi = expectation(["tusi"], PACK)
    assert (tusi.stated, tusi.ids) == (True, ("tusi",))
    assert "ketamine" in tusi.substances
    vague = expectation(["unknown"], PACK)
    assert (vague.stated, vague.ids, vague.substances) == (False, (), frozenset())
    assert expectation(["unknown", "lsd"], PACK).ids == ("lsd",)
    assert expectation(["opioid"], PACK).classes == {"opioid"}
    assert expectation([], PACK).stated is False
    with pytest.raises(UnknownSubstance, match="mdmaa"):
        expectation(["mdmaa"], PACK)


@pytest.mark.parametrize(
    ("finding", "expected", "role"),
    [
        (found("mdma"), ("mdma",), FindingRole.EXPECTED),
        (found("psilocin"), ("psilocybin",), FindingRole.EXPECTED),
        (found("5f-adb"), ("cannabinoid.synthetic",), FindingRole.EXPECTED),
        (found("ketamine"), ("tusi",), FindingRole.EXPECTED),
        (found("noscapine"), ("heroin",), FindingRole.BYPRODUCT),
        (found("magnesium-stearate"), ("mdma",), FindingRole.EXCIPIENT),
        (found("caffeine"), ("mdma",), FindingRole.CUTTING),
        (found("caffeine"), ("tusi",), FindingRole.CUTTING),
        (found("eutylone"), ("mdma",), FindingRole.SUBSTITUTE),
        (found("cocaine"), ("tusi",), FindingRole.SUBSTITUTE),
        (found("eutylone"), ("mixture",), FindingRole.UNSTATED),
        (found("eutylone"), (), FindingRole.UNSTATED),
        (a_class("cannabinoid.synthetic"), ("5f-adb",), FindingRole.EXPECTED),  # the class of what was named
        (a_class("cannabinoid"), ("5f-adb",), FindingRole.EXPECTED),
        (a_class("opioid.nitazene"), ("opioid",), FindingRole.EXPECTED),
        (a_class("opioid.nitazene"), ("mdma",), FindingRole.SUBSTITUTE),
        (a_class("cut.bulking"), ("mdma",), FindingRole.CUTTING),
        (UNNAMED, ("mdma",), FindingRole.SUBSTITUTE),
        (UNNAMED, ("opioid",), FindingRole.SUBSTITUTE),
        (found("lactose"), (), FindingRole.CUTTING),
        (found("meconin"), ("mdma",), FindingRole.BYPRODUCT),
        (found("mephedrone", look_alikes=("3-mmc",)), ("3-mmc",), FindingRole.UNSTATED),
        (found("mephedrone", look_alikes=("3-mmc",)), ("stimulant.cathinone",), FindingRole.EXPECTED),
        (found("mephedrone", look_alikes=("3-mmc",)), ("unknown",), FindingRole.UNSTATED),
        (found("mephedrone", look_alikes=("nobody-knows",)), ("ketamine",), FindingRole.SUBSTITUTE),
    ],
)
def test_role_of_one_finding(finding: FindingFact, expected: tuple[str, ...], role: FindingRole) -> None:
    assert derive_role(finding, [finding], expected, PACK) is role
    assert derive_role(finding, [finding], expected) is role


@pytest.mark.parametrize(
    ("name", "beside", "role"),
    [
        ("6-monoacetylmorphine", "heroin", "byproduct"),
        ("paracetamol", "heroin", "cutting"),
        ("eutylone", "mdma", "adulterant"),
    ],
)
def test_role_beside_what_was_expected(name: str, beside: str, role: str) -> None:
    assert derive_role(found(name), [found(name), found(beside)], [beside], PACK) == role


def test_the_class_of_a_finding() -> None:
    assert finding_class(found("lsd"), PACK) == "psychedelic.lysergamide"
    assert finding_class(a_class("opioid"), PACK) == "opioid"
    assert finding_class(UNNAMED, PACK) == ""
    with pytest.raises(UnknownSubstance, match="opiod"):
        finding_class(a_class("opiod"), PACK)


# -- confidence, outcome, verdict ------------------------------------------------------------------

A = ("FTIR", "Raman", "GC_MS", "LC_MS", "DART_MS", "ambient_MS", "qNMR")
B = ("GC_FID", "LC_UV", "TLC", "UV", "GC_RT", "LC_RT")


def test_the_categories_of_methods_are_those_of_swgdrug() -> None:
    assert {category(method) for method in A} == {"A"}
    assert {category(method) for method in B} == {"B"}
    assert set(CATEGORY.values()) == {"A", "B", "C", "strip"}


LITTLE = GC_MS.model_copy(update={"status": RunStatus.INSUFFICIENT_SAMPLE})
WAITING = GC_MS.model_copy(update={"status": RunStatus.PENDING})
FAULT = GC_MS.model_copy(update={"status": RunStatus.INSTRUMENT_FAULT})
ABSENT = found("mdma", "confirmed", "not_detected")


@pytest.mark.parametrize(
    ("findings", "scope", "strips", "outcome"),
    [
        ([found("mdma", "indicated")], [GC_MS], [], Outcome.IDENTIFIED),
        ([found("mdma"), UNNAMED], [GC_MS], [], Outcome.PARTLY_IDENTIFIED),
        ([found("mdma")], [GC_MS, WAITING], [], Outcome.PARTLY_IDENTIFIED),
        ([], [GC_MS], [strip("opioid", "positive")], Outcome.PARTLY_IDENTIFIED),
        ([UNNAMED], [GC_MS], [], Outcome.INCONCLUSIVE),
        ([found("mdma", "tentative")], [GC_MS], [], Outcome.INCONCLUSIVE),
        ([], [LITTLE], [], Outcome.INSUFFICIENT),
        ([], [], [], Outcome.INCONCLUSIVE),
        ([found("mdma", "class_only")], [GC_MS], [], Outcome.PARTLY_IDENTIFIED),
        ([a_class("opioid", "confirmed")], [GC_MS], [], Outcome.PARTLY_IDENTIFIED),
        ([a_class("opioid")], [WAITING], [], Outcome.PARTLY_IDENTIFIED),
        ([found("mdma"), found("lsd", "tentative")], [GC_MS], [], Outcome.PARTLY_IDENTIFIED),
        ([found("mdma")], [GC_MS], [strip("opioid", "faint")], Outcome.PARTLY_IDENTIFIED),
        ([found("mdma")], [GC_MS], [strip("opioid", "negative")], Outcome.IDENTIFIED),
        ([found("mdma")], [FAULT], [strip("opioid", "invalid")], Outcome.IDENTIFIED),
        ([UNNAMED], [WAITING], [], Outcome.PENDING),
        ([UNNAMED], [LITTLE], [], Outcome.INCONCLUSIVE),
        ([], [GC_MS, WAITING], [], Outcome.PENDING),
        ([], [WAITING, LITTLE], [], Outcome.PENDING),
        ([], [GC_MS, LITTLE], [], Outcome.INSUFFICIENT),
        ([], [GC_MS, FAULT], [], Outcome.INCONCLUSIVE),
        ([ABSENT], [GC_MS], [], Outcome.NOTHING_FOUND),
        ([], [GC_MS], [strip("opioid", "invalid")], Outcome.INCONCLUSIVE),
        ([], [GC_MS], [strip("opioid", "negative")], Outcome.NOTHING_FOUND),
        ([], [GC_MS.model_copy(update={"qc_passed": False})], [], Outcome.INCONCLUSIVE),
        ([], [], [strip("opioid", "negative")], Outcome.INCONCLUSIVE),
    ],
)  # fmt: skip
def test_outcome_line_by_line(findings, scope, strips, outcome: Outcome) -> None:  # type: ignore[no-untyped-def]
    assert derive_outcome(findings, scope, strips) is outcome


ALIKE = found("mephedrone", "indicated", look_alikes=("3-mmc",))


@pytest.mark.parametrize(
    ("findings", "expected", "outcome", "verdict"),
    [
        ([found("mdma"), found("magnesium-stearate")], ("mdma",), Outcome.IDENTIFIED, Verdict.AS_EXPECTED),
        ([found("heroin"), found("noscapine")], ("heroin",), Outcome.IDENTIFIED, Verdict.AS_EXPECTED),
        ([found("mdma"), found("caffeine")], ("mdma",), Outcome.IDENTIFIED, Verdict.EXPECTED_PLUS_INERT),
        ([found("mdma"), found("eutylone")], ("mdma",), Outcome.IDENTIFIED, Verdict.EXPECTED_PLUS_ACTIVE),
        ([found("mdma")], ("mdma", "ketamine"), Outcome.IDENTIFIED, Verdict.PARTLY_AS_EXPECTED),
        ([found("mdma"), UNNAMED], ("mdma",), Outcome.IDENTIFIED, Verdict.PARTLY_AS_EXPECTED),
        ([found("eutylone")], ("mdma",), Outcome.IDENTIFIED, Verdict.NOT_AS_EXPECTED),
        ([found("lactose")], ("mdma",), Outcome.IDENTIFIED, Verdict.NOT_AS_EXPECTED),
        ([], ("mdma",), Outcome.NOTHING_FOUND, Verdict.NOTHING_DETECTED),
        ([found("eutylone")], (), Outcome.IDENTIFIED, Verdict.NO_EXPECTATION),
        ([found("mdma")], ("unknown",), Outcome.NOTHING_FOUND, Verdict.NO_EXPECTATION),
        ([found("mdma")], ("mdma",), Outcome.NOTHING_FOUND, Verdict.NOTHING_DETECTED),
        ([found("mdma")], ("mdma",), Outcome.PENDING, Verdict.INCONCLUSIVE),
        ([found("mdma")], ("mdma",), Outcome.INSUFFICIENT, Verdict.INCONCLUSIVE),
        ([found("mdma")], ("mdma",), Outcome.INCONCLUSIVE, Verdict.INCONCLUSIVE),
        ([found("mdma")], ("mdma",), Outcome.PARTLY_IDENTIFIED, Verdict.AS_EXPECTED),
        ([found("mdma", "tentative")], ("mdma",), Outcome.IDENTIFIED, Verdict.INCONCLUSIVE),
        ([UNNAMED], ("mdma",), Outcome.PARTLY_IDENTIFIED, Verdict.INCONCLUSIVE),
        ([found("lactose"), UNNAMED], ("mdma",), Outcome.PARTLY_IDENTIFIED, Verdict.NOT_AS_EXPECTED),
        ([found("ketamine", "tentative")], ("mdma",), Outcome.IDENTIFIED, Verdict.INCONCLUSIVE),
        ([ALIKE], ("3-mmc",), Outcome.IDENTIFIED, Verdict.INCONCLUSIVE),
        ([ALIKE, found("ketamine")], ("3-mmc",), Outcome.IDENTIFIED, Verdict.EXPECTED_PLUS_ACTIVE),
        ([ALIKE, found("lactose")], ("3-mmc",), Outcome.IDENTIFIED, Verdict.INCONCLUSIVE),
        ([found("mdma"), found("lactose", "tentative")], ("mdma",), Outcome.IDENTIFIED, Verdict.AS_EXPECTED),
        ([found("mdma"), found("lactose"), UNNAMED], ("mdma",), Outcome.IDENTIFIED, Verdict.PARTLY_AS_EXPECTED),
        ([found("mdma"), found("lactose")], ("mdma", "lsd"), Outcome.IDENTIFIED, Verdict.PARTLY_AS_EXPECTED),
        ([found("mdma"), found("lsd")], ("mdma", "lsd"), Outcome.IDENTIFIED, Verdict.AS_EXPECTED),
        ([found("mdma"), found("eutylone", "confirmed", "not_detected")], ("mdma",), Outcome.IDENTIFIED, Verdict.AS_EXPECTED),
        ([found("ketamine")], ("tusi",), Outcome.IDENTIFIED, Verdict.AS_EXPECTED),
        ([a_class("opioid.nitazene")], ("mdma",), Outcome.PARTLY_IDENTIFIED, Verdict.INCONCLUSIVE),  # C8: a strip alone
        ([found("mdma"), a_class("opioid.nitazene")], ("mdma",), Outcome.PARTLY_IDENTIFIED, Verdict.AS_EXPECTED),
        ([a_class("dissociative")], ("mdma",), Outcome.PARTLY_IDENTIFIED, Verdict.INCONCLUSIVE),
    ],
)  # fmt: skip
def test_verdict_line_by_line(
    findings: list[FindingFact], expected: tuple[str, ...], outcome: Outcome, verdict: Verdict
) -> None:
    assert derive_verdict(findings, expected, outcome=outcome, pack=PACK) is verdict
    assert derive_verdict(findings, expected, outcome=outcome) is verdict


def test_without_an_outcome_an_empty_list_is_inconclusive() -> None:
    assert derive_verdict([], ["mdma"], pack=PACK) is Verdict.INCONCLUSIVE
    assert derive_verdict([found("mdma")], ["mdma"], pack=PACK) is Verdict.AS_EXPECTED


def test_only_what_a_machine_named_may_be_said_to_differ() -> None:
    """C8: neither a strip nor a colour test carries "not what you expected", however grave the class."""
    for level, firm in (("confirmed", True), ("indicated", True), ("class_only", False), ("tentative", False)):
        assert differs(found("ketamine", level)) is firm
        assert differs(found("protonitazene", level)) is firm
    assert not differs(UNNAMED)
    assert not differs(a_class("benzodiazepine.novel"))


def test_while_a_test_that_could_see_it_runs_nothing_is_said_to_be_missing() -> None:
    """C8."""
    swapped = [found("eutylone")]
    for waiting, verdict in ((False, Verdict.NOT_AS_EXPECTED), (True, Verdict.INCONCLUSIVE)):
        said = derive_verdict(swapped, ["mdma"], outcome=Outcome.PARTLY_IDENTIFIED, pack=PACK, waiting=waiting)
        assert said is verdict


@pytest.mark.parametrize(
    ("finding", "unexpected", "warned"),
    [
        (found("pma"), False, True), (found("protonitazene"), False, True), (found("bromazolam"), True, True),
        (found("bromazolam"), False, False), (found("ketamine"), True, False), (a_class("opioid.nitazene"), False, True),
        (a_class("opioid"), True, False), (UNNAMED, True, False),
    ],
)  # fmt: skip
def test_what_is_always_warned_of(finding: FindingFact, unexpected: bool, warned: bool) -> None:
    assert always_warn(finding, PACK, unexpected) is warned


# -- what rules match on ---------------------------------------------------------------------------


def test_findings_stand_in_order_of_abundance_confidence_and_name() -> None:
    facts = sample(
        found("lsd", "indicated", "minor"), found("mdma", "confirmed", "minor"), found("cocaine", "confirmed", "minor"),
        found("ketamine", "indicated", "major"), expected=("mdma",),
    )  # fmt: skip
    assert [s.substance for s in of(facts).seen] == ["ketamine", "mdma", "cocaine", "lsd"]


def test_one_line_a_thing_with_the_strongest_of_everything() -> None:
    twice = sample(
        found("mdma", "indicated", "trace", methods=("FTIR",), amount=amount(60, 30), look_alikes=("mdea",)),
        found("mdma", "confirmed", "minor", methods=("GC_MS",), amount=amount(80, 1), look_alikes=("mda",)),
        a_class("opioid"), a_class("dissociative"), form="tablet",
    )  # fmt: skip
    mdma = next(f for f in of(twice).raw if f.substance == "mdma")
    assert (mdma.confidence, mdma.abundance) == ("confirmed", "minor")
    assert (mdma.methods, mdma.look_alikes) == (("FTIR", "GC_MS"), ("mda", "mdea"))
    assert mdma.amount is not None
    assert mdma.amount.value == 60  # 60 + 30 reaches higher than 80 + 1
    assert {f.drug_class for f in of(twice).raw if f.substance is None} == {"opioid", "dissociative"}
    alone = sample(found("mdma", amount=amount(80, 1)), found("mdma", "indicated"))
    assert of(alone).raw[0].amount == amount(80, 1)
    assert of(sample(found("mdma"), found("mdma"))).raw[0].amount is None


def test_a_look_alike_is_a_weak_trace_and_one_nobody_knows_is_none() -> None:
    d = of(sample(found("mephedrone", "indicated", look_alikes=("3-mmc", "nobody-knows")), expected=("ketamine",)))
    assert [(f.substance, f.confidence, f.abundance) for f in d.raw] == [
        ("3-mmc", "tentative", "indication"),
        ("mephedrone", "indicated", "major"),
    ]
    assert [s.substance for s in d.seen] == ["mephedrone"]
    gone = found("mephedrone", "indicated", "not_detected", look_alikes=("3-mmc",))
    assert of(sample(gone)).raw == ()


@pytest.mark.parametrize(
    ("target", "reading", "seen"),
    [
        ("opioid.nitazene", "positive", (None, "opioid.nitazene", "class_only")),
        ("opioid.nitazene", "faint", (None, "opioid.nitazene", "tentative")),
        ("xylazine", "positive", ("xylazine", None, "class_only")),
        ("ghb", "positive", (None, "ghb", "class_only")),  # a class and a substance have this id
        ("nobody-knows", "positive", (None, None, "class_only")),
    ],
)
def test_what_a_strip_that_reacted_tells(target: str, reading: str, seen: tuple[str | None, ...]) -> None:
    (fact,) = of(sample(strips=(strip(target, reading),))).raw
    assert (fact.substance, fact.drug_class, fact.confidence) == seen
    assert (fact.abundance, fact.methods) == ("indication", ("strip",))


@pytest.mark.parametrize("reading", ["negative", "invalid"])
def test_a_strip_that_did_not_react_tells_nothing(reading: str) -> None:
    assert of(sample(strips=(strip("opioid.nitazene", reading),))).raw == ()


@pytest.mark.parametrize(
    ("finding", "explained"),
    [
        (found("fentanyl"), True), (found("fentanyl", "indicated"), True), (found("fentanyl", "class_only"), False),
        (found("norfentanyl"), False), (a_class("opioid.fentanyl", "confirmed"), False), (found("heroin"), False),
    ],
)  # fmt: skip
def test_a_firm_finding_stands_for_the_strip_of_its_class(finding: FindingFact, explained: bool) -> None:
    raw = of(sample(finding, strips=(strip("opioid.fentanyl", "positive"),))).raw
    assert any(f.methods == ("strip",) and f.drug_class for f in raw) is not explained or finding.drug_class is not None


def test_the_class_of_a_stronger_finding_is_not_hidden_by_a_different_one() -> None:
    assert len(of(sample(found("heroin"), a_class("opioid.nitazene"))).raw) == 2
    assert len(of(sample(found("protonitazene"), a_class("opioid"))).raw) == 1
    assert len(of(sample(found("protonitazene"), UNNAMED)).raw) == 2


def test_weak_findings_show_only_where_they_are_always_warned_of_or_have_no_name() -> None:
    weak = [found("ketamine", "tentative"), found("protonitazene", "tentative"), found("bromazolam", "tentative")]
    shown = of(sample(*weak, FindingFact(confidence=Confidence.TENTATIVE), expected=("mdma",))).shown
    assert {s.substance for s in shown} == {"protonitazene", "bromazolam", None}
    expected = of(sample(found("bromazolam", "tentative"), expected=("bromazolam",))).shown
    assert expected == ()


def test_everything_a_rule_may_ask_of_a_finding() -> None:
    facts = sample(
        found("mdma", amount=amount(232, 14)), found("norfentanyl", "indicated"), a_class("opioid"), UNNAMED,
        found("bromazolam", "indicated", amount=amount(3, 0)), expected=("mdma",), form="tablet",
    )  # fmt: skip
    seen = {s.name: s for s in of(facts).seen}
    mdma, sign, unnamed = seen["MDMA"], seen["norfentanyl (a sign of fentanyl)"], seen[""]
    assert (mdma.role, mdma.band, mdma.psychoactive, mdma.differs) == ("expected", "very_high", True, True)
    assert mdma.name_with_class == "MDMA"
    assert not mdma.unknown
    assert (sign.psychoactive, sign.name_with_class) == (False, sign.name)
    assert (unnamed.unknown, unnamed.psychoactive, unnamed.drug_class, unnamed.differs) == (True, False, "", False)
    street = seen["bromazolam"]
    assert street.name_with_class == f"bromazolam ({class_plain(PACK, 'benzodiazepine.novel')})"
    assert street.always_warn
    assert seen[class_plain(PACK, "opioid")].psychoactive
    wanted = of(sample(found("bromazolam"), expected=("bromazolam",))).seen[0]
    assert (wanted.name_with_class, wanted.always_warn) == ("bromazolam", False)
    assert not of(sample(a_class("cut.bulking"))).seen[0].psychoactive


def test_a_strength_is_read_from_confirmed_findings_only() -> None:
    facts = sample(found("mdma", "indicated", amount=amount(232, 14)), form="tablet")
    assert of(facts).seen[0].band is Band.NOT_MEASURED


def test_a_beginning_of_a_class_has_plain_words_of_its_own() -> None:
    assert class_plain(PACK, "opioid.nitazene") == PACK.substances.classes["opioid.nitazene"].plain
    assert class_plain(PACK, "stimulant") == "a drug of the stimulant kind"
    assert class_plain(PACK, "made.up") == "a drug of the up kind"


# -- pairs and alerts ------------------------------------------------------------------------------


def pairs(facts: Facts, *also: str) -> dict[str, frozenset[int]]:
    return {h.row.id: h.seen for h in of(facts, *also).pairs}


def test_found_with_found_binds_both_and_found_with_told_binds_the_found() -> None:
    two = sample(found("heroin"), found("alprazolam"))
    (both,) = {seen for name, seen in pairs(two).items() if "OPIOID" in name}
    assert both == {0, 1}
    assert pairs(sample(found("heroin"))) == {}
    for word in ("benzo", "alprazolam", "benzodiazepine"):
        told = pairs(sample(found("lactose", abundance="major"), found("heroin", abundance="minor")), word)
        assert set(told.values()) == {frozenset({1})}, word
        assert set(told) == {name for name in pairs(two) if "OPIOID" in name}
    assert pairs(sample(found("heroin")), "lactose") == {}
    assert pairs(sample(found("lactose")), "benzo", "opioid-medicine") == {}


def test_either_side_of_a_pair_may_be_the_one_that_was_told() -> None:
    row = next(p for p in PACK.pairs if {p.a, p.b} == {"opioid", "benzodiazepine"})
    for turned in (row, row.model_copy(update={"a": row.b, "b": row.a})):
        pack = replace(PACK, pairs=(turned,))
        for drug, word in (("heroin", "benzo"), ("alprazolam", "opioid-medicine")):
            d = derive(pack, sample(found(drug)), shown(), (word,))
            assert [h.seen for h in d.pairs] == [frozenset({0})]


@pytest.mark.parametrize("word", ["sentinel", "opioidd", ""])
def test_a_word_nobody_knows_never_reads_as_no_danger(word: str) -> None:
    with pytest.raises(ValueError, match="offer the pack's co-use list"):
        of(sample(found("heroin")), "alcohol", word)


PILL = sample(found("mdma"), expected=("lsd",), form="tablet", logo="  Blue   Tesla ", colours=("Blue", "white"))


@pytest.mark.parametrize(
    ("alert", "fits"),
    [
        ({"forms": ("tablet", "powder")}, True), ({"forms": ("powder",)}, False),
        ({"logos": ("blue tesla",)}, True), ({"logos": ("tesla",)}, False),
        ({"colours": (" BLUE", "red")}, True), ({"colours": ("red",)}, False),
        ({"forms": ("tablet",), "logos": ("blue tesla",), "colours": ("white",)}, True),
        ({"forms": ("tablet",), "logos": ("other",)}, False), ({"forms": ("tablet",), "colours": ("red",)}, False),
        ({"forms": ("powder",), "substances": ("mdma",)}, False),
        ({"substances": ("mdma",)}, True), ({"substances": ("lsd",)}, True), ({"substances": ("cocaine",)}, False),
        ({"classes": ("entactogen",)}, True), ({"classes": ("psychedelic",)}, True), ({"classes": ("opioid",)}, False),
        ({}, False),
    ],
)  # fmt: skip
def test_which_alerts_are_about_this_sample(alert: dict[str, object], fits: bool) -> None:
    facts = PILL.model_copy(update={"alerts": (AlertFact.model_validate({"id": "A", **alert}),)})
    assert bool(of(facts).alerts) is fits


def test_an_alert_about_a_class_fits_who_expected_that_class() -> None:
    facts = sample(expected=("opioid.nitazene",), alerts=(AlertFact(id="A", classes=("opioid",)),))
    assert of(facts).alerts
    unnamed = sample(UNNAMED, alerts=(AlertFact(id="A", classes=("opioid",)),))
    assert not of(unnamed).alerts

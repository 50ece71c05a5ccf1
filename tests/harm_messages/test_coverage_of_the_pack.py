"""The shipped pack answers for every class, role, band and confidence, and every rule can be reached."""

from __future__ import annotations

from datetime import date
from itertools import product

import pytest

from harm_messages import (
    AmountFact,
    Band,
    Confidence,
    Facts,
    Severity,
    Substance,
    check,
    evaluate,
    load_pack,
)
from harm_messages.check_coverage import bands_of
from harm_messages.check_rules import conflicts
from harm_messages.witness import inside, witness
from tests.harm_messages.message_cases import LC_MS, NOW, found, ids, sample, shown
from tests.support import packs
from tests.support.budget import share

PACK = load_pack()
CLASSES = sorted(PACK.register.classes)
PLACES = tuple(product(("expected", "instead", "beside", "unstated"), Confidence))
"""What a finding is on a page, and how sure; each row is tried at an eighth of them, the next at the next."""


def other_than(drug_class: str) -> str:
    return "ketamine" if drug_class == "entactogen" else "mdma"


def facts_for(row: Substance, role: str, confidence: Confidence) -> Facts:
    other = other_than(row.drug_class)
    expected = {"expected": (row.id,), "unstated": ()}.get(role, (other,))
    beside = (found(other),) if role == "beside" else ()
    return sample(found(row.id, confidence.value), *beside, expected=expected, scope=(LC_MS,))


@pytest.mark.parametrize(
    "covered", [pytest.param(True, marks=pytest.mark.long, id="whole"), pytest.param(False, id="without coverage")]
)
def test_the_shipped_pack_has_no_problem_but_that_nobody_has_signed_it(
    covered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not covered:
        packs.uncovered(monkeypatch)
    found = check(PACK, date(2026, 11, 25))
    assert [p for p in found if p.level == "error"] == []
    assert {p.kind for p in found} <= {"unapproved"}


@pytest.mark.parametrize("drug_class", CLASSES)
def test_every_row_role_and_confidence_gives_a_full_page(drug_class: str) -> None:
    for turn, row in enumerate(row for row in PACK.register.members(drug_class) if row.drug_class == drug_class):
        for role, confidence in share(PLACES, turn, 8):
            page = evaluate(PACK, facts_for(row, role, confidence), shown(), "en", NOW)
            assert page.headline
            assert page.limits
            assert page.next
            assert [line.step for line in page.emergency][:2] == ["signs", "call"]
            assert not list(conflicts(PACK, page))


EDGES = [pytest.param(row, band, id=f"{row.id}-{band}") for row in PACK.bands for band in bands_of(row)]


@pytest.mark.parametrize(("row", "band"), EDGES)
def test_every_band_that_exists_has_a_strength_card_of_its_floor(row, band: Band) -> None:  # type: ignore[no-untyped-def]
    measured = AmountFact(value=inside(row, band), unit=row.unit, basis=row.basis)
    facts = sample(found(row.substance, amount=measured), expected=(row.substance,), form=row.forms[0])
    card = next(m for m in evaluate(PACK, facts, shown(), "en", NOW).body if m.slot == "strength")
    floor = {Band.HIGH: Severity.S2, Band.VERY_HIGH: Severity.S1, Band.EXTREME: Severity.S1}
    assert card.severity is floor.get(band, Severity.S4)


def test_extreme_strength_proposes_a_session_alert() -> None:
    measured = AmountFact.model_validate({"value": 300, "unit": "mg_per_unit", "basis": "hydrochloride"})
    facts = sample(found("mdma", amount=measured), expected=("mdma",), form="tablet")
    assert "propose_alert:T1" in evaluate(PACK, facts, shown(), "en", NOW).staff_actions


@pytest.mark.parametrize("rule", PACK.rules, ids=lambda r: r.id)
def test_every_rule_shows_its_message_on_facts_made_for_it(rule) -> None:  # type: ignore[no-untyped-def]
    shown_ids: set[str] = set()
    for by_class in (False, True):
        facts, context = witness(rule, PACK, by_class)
        shown_ids |= ids(evaluate(PACK, facts, context, "en", NOW))
    assert rule.emit.message in shown_ids


def test_every_grave_rule_asks_for_the_emergency_block() -> None:
    for rule in PACK.rules:
        if rule.severity in (Severity.S0, Severity.S1):
            assert {"call", "airway", "recovery", "stay", "show"} <= set(rule.emergency), rule.id


def test_every_rule_and_message_has_evidence_and_a_review_date() -> None:
    for row in (*PACK.rules, *PACK.messages.values(), *PACK.bands, *PACK.pairs):
        assert row.evidence
        assert row.review_by.year >= 2027


def test_always_warned_classes_speak_on_the_weakest_evidence() -> None:
    for name in (
        "protonitazene",
        "carfentanil",
        "pma",
        "25i-nbome",
        "5f-adb",
        "xylazine",
        "btmps",
        "bromazolam",
    ):
        page = evaluate(PACK, sample(found(name, "tentative"), expected=("mdma",)), shown(), "en", NOW)
        assert page.headline.endswith("may be in it.")
        assert page.top_severity.rank <= 1


def test_weak_evidence_of_anything_else_is_not_shown() -> None:
    page = evaluate(PACK, sample(found("ketamine", "tentative"), expected=("mdma",)), shown(), "en", NOW)
    assert "ketamine" not in page.to_plain().lower().split("if someone")[0]

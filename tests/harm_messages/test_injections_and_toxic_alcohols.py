"""Toxic alcohols, hormones, peptides and other injections: what people call them, and what their page says."""

from __future__ import annotations

import pytest

from harm_messages import MatchKind, Page, Verdict, evaluate, load_pack
from harm_messages.roles import expectation
from tests.harm_messages.message_cases import LC_MS, NOW, found, sample, shown

PACK = load_pack()


def page_of(*names: str, expected: tuple[str, ...] = (), confidence: str = "confirmed") -> Page:
    facts = sample(*(found(name, confidence) for name in names), expected=expected, scope=(LC_MS,))
    return evaluate(PACK, facts, shown(), "en", NOW)


def cards(page: Page) -> set[str]:
    return {one for message in page.body for one in (message.id, *(joined for joined, _ in message.joined))}


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("wood alcohol", "methanol"), ("antifreeze", "ethylene-glycol"), ("rubbing alcohol", "isopropanol"),
        ("Ozempic", "semaglutide"), ("Mounjaro", "tirzepatide"), ("tan jabs", "melanotan-ii"), ("Botox", "botulinum-toxin"),
        ("skinny jab", "peptide.weight_loss"), ("juice", "hormone.steroid"), ("roids", "hormone.steroid"),
        ("SARMs", "hormone.sarm"), ("slin", "insulin"), ("alcohol", "ethanol"),
    ],
)  # fmt: skip
def test_what_people_call_them_is_understood(words: str, meant: str) -> None:
    assert [m.id for m in PACK.register.resolve(words)] == [meant]


def test_gear_is_heroin_or_a_steroid_and_the_worker_is_asked() -> None:
    meant = PACK.register.resolve("gear")
    assert {(m.id, m.kind) for m in meant} == {("heroin", MatchKind.ALIAS), ("testosterone", MatchKind.ALIAS)}


@pytest.mark.parametrize("expected", ["ethanol", "alcohol"])
@pytest.mark.parametrize("poison", ["methanol", "ethylene-glycol"])
def test_a_poisonous_alcohol_is_never_the_alcohol_that_was_expected(expected: str, poison: str) -> None:
    want = expectation((expected,), PACK)
    assert not want.covers(poison, PACK.substances[poison].drug_class)
    page = page_of(poison, expected=(expected,))
    assert page.top_severity == "S0"
    assert page.verdict is Verdict.NOT_AS_EXPECTED
    assert "M-ALCOHOL" not in cards(page)


@pytest.mark.parametrize(("poison", "card"), [("methanol", "M-METHANOL"), ("ethylene-glycol", "M-ETHYLENE-GLYCOL")])
@pytest.mark.parametrize("confidence", ["tentative", "indicated", "confirmed"])
def test_its_card_says_999_even_if_well_instead_of_the_general_one(poison: str, card: str, confidence: str) -> None:
    shown_cards = cards(page_of("ethanol", poison, expected=("ethanol",), confidence=confidence))
    assert card in shown_cards
    assert "M-POISON" not in shown_cards
    assert "Call 999 now, even if you feel well." in PACK.messages[card, "en"].short


def test_both_poisonous_alcohols_have_their_card() -> None:
    assert {"M-METHANOL", "M-ETHYLENE-GLYCOL"} <= cards(page_of("methanol", "ethylene-glycol"))


def test_rubbing_alcohol_warns_in_a_drink_and_is_no_news_in_poppers() -> None:
    assert "M-ISOPROPANOL" in cards(page_of("isopropanol", expected=("ethanol",)))
    assert "M-ISOPROPANOL" not in cards(page_of("isopropyl-nitrite", "isopropanol", expected=("isopropyl-nitrite",)))


@pytest.mark.parametrize(
    ("substance", "card", "severity"),
    [
        ("insulin", "M-INSULIN", "S1"), ("botulinum-toxin", "M-BOTULINUM", "S1"), ("semaglutide", "M-WEIGHT-LOSS-PEN", "S2"),
        ("testosterone-enanthate", "M-STEROID", "S3"), ("ostarine", "M-SARM", "S3"), ("melanotan-ii", "M-TANNING", "S3"),
    ],
)  # fmt: skip
def test_each_has_its_card_and_is_not_taken_for_a_cut(substance: str, card: str, severity: str) -> None:
    page = page_of(substance, expected=(substance,))
    assert card in cards(page)
    assert cards(page).isdisjoint({"M-ONLY-CUTS", "M-CUTS"})
    assert page.top_severity == severity


def test_insulin_in_a_weight_loss_pen_is_what_nobody_expected() -> None:
    page = page_of("insulin", expected=("semaglutide",))
    assert page.verdict is Verdict.NOT_AS_EXPECTED
    assert page.top_severity == "S1"


@pytest.mark.parametrize(
    "snippet",
    [
        "PREGNANT",
        "BREASTFEEDING",
        "UNDER-18",
        "PRESCRIPTION",
        "DAILY-OPIOIDS",
        "DAILY-BENZOS",
        "DAILY-G",
        "DAILY-ALCOHOL",
    ],
)
def test_there_is_a_card_for_staff_to_add(snippet: str) -> None:
    row = next(row for row in PACK.snippets if row.id == f"SN-{snippet}")
    assert row.kind == "snippet"
    text = PACK.messages[row.message, "en"].short
    if snippet.startswith("DAILY"):
        assert "don't stop all at once" in text

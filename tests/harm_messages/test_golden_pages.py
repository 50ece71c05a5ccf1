"""The worked cases as whole pages, each reviewed line by line against the table in messages.md.

After a change of wording: MAST_WRITE_GOLDEN=1 pytest tests/harm_messages/test_golden_pages.py, then read the diff.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harm_messages import Page, evaluate, load_pack
from tests.harm_messages.message_cases import CASES, NOW

GOLDEN = Path(__file__).parent / "golden"


def page_of(case: str) -> Page:
    facts, context = CASES[case]
    return evaluate(load_pack(), facts, context, "en", NOW)


def as_text(page: Page) -> str:
    staff = ", ".join(page.staff_actions) or "nothing"
    return f"{page.to_plain()}\nSTAFF: {staff}\nVERDICT: {page.verdict.value} · OUTCOME: {page.outcome.value}\n"


@pytest.mark.parametrize("case", CASES)
def test_worked_case_gives_exactly_the_reviewed_page(case: str) -> None:
    file = GOLDEN / f"{case}.txt"
    text = as_text(page_of(case))
    if os.environ.get("MAST_WRITE_GOLDEN"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("case", "body"),
    [
        ("01-mdma-pill", ["S1 strength", "S2 danger", "S3 mixing"]),
        ("02-eutylone-for-mdma", ["S1 difference", "S3 mixing"]),
        ("03-heroin-strip-positive", ["S0 danger", "S1 mixing", "S4 danger"]),
        ("04-heroin-strip-negative", ["S1 danger", "S1 mixing", "S4 danger"]),
        ("05-bromazolam-medetomidine", ["S0 danger", "S1 danger", "S1 mixing", "S2 danger"]),
        ("06-nbome-for-lsd", ["S1 danger"]),
        ("07-nothing-found", ["S2 danger"]),
        ("08-synthetic-cannabinoid", ["S1 danger", "S4 danger"]),
        ("09-cocaine-and-drink", ["S2 mixing", "S3 danger", "S4 danger", "S4 strength"]),
        ("10-unknown-crystal", ["S1 danger"]),
    ],
)
def test_body_of_a_worked_case_has_the_order_of_the_table(case: str, body: list[str]) -> None:
    assert [f"{m.severity} {m.slot}" for m in page_of(case).body] == body


def test_case_1_praises_nothing_and_names_amount_quarter_and_basis() -> None:
    card = page_of("01-mdma-pill").cards[0]
    assert "about 230 mg (counted as hydrochloride)" in card.text
    assert "58 mg" in card.text
    assert "two hours" in card.text


def test_case_2_offers_handing_in_first() -> None:
    assert page_of("02-eutylone-for-mdma").next[0].text.startswith("- Hand in the rest")


def test_case_3_tells_the_lead_and_proposes_an_alert_and_drops_the_general_opioid_card() -> None:
    page = page_of("03-heroin-strip-positive")
    assert page.staff_actions == ("tell_lead_now", "propose_alert:T2")
    assert "M-OPIOID-GENERAL" not in {m.id for m in page.messages()}
    assert [m.id for m in page.more] == ["M-CUTS"]


def test_case_4_never_says_that_there_are_no_nitazenes() -> None:
    page = page_of("04-heroin-strip-negative")
    assert "Nitazenes can still be in here" in page.to_plain()
    assert "no nitazene" not in page.to_plain().lower()
    assert "did not find" not in page.to_plain()


def test_case_5_gives_naloxone_and_makes_breathing_the_goal() -> None:
    steps = {line.step: line.text for line in page_of("05-bromazolam-medetomidine").emergency}
    assert "Give naloxone" in steps["naloxone"]
    assert "breathe, not that they wake" in steps["naloxone"]


def test_case_8_says_that_thc_was_not_found_only_because_it_was_in_scope() -> None:
    facts, context = CASES["08-synthetic-cannabinoid"]
    assert "We did not find THC" in page_of("08-synthetic-cannabinoid").headline
    blind = facts.model_copy(update={"scope": ()})
    assert "did not find" not in evaluate(load_pack(), blind, context, "en", NOW).to_plain()


def test_case_9_shows_the_mixing_card_and_does_not_log_it() -> None:
    page = page_of("09-cocaine-and-drink")
    assert page.cards[0].origin == "self_reported"
    assert "M-PAIR-ALCOHOL-COCAINE" not in dict(page.display_log)


def test_case_10_is_not_touched_by_an_alert_about_pills() -> None:
    assert "M-ALERT" not in {m.id for m in page_of("10-unknown-crystal").messages()}


def test_emergency_steps_stand_in_the_fixed_order_and_each_once() -> None:
    for case in CASES:
        steps = [line.step for line in page_of(case).emergency]
        order = ["call", "airway", "recovery", "naloxone", "stay", "show"]
        assert steps == [s for s in order if s in steps]
        fragments = [p.id for line in page_of(case).emergency for p in line.parts]
        assert len(fragments) == len(set(fragments))


def test_every_page_carries_the_notice_until_two_people_have_signed() -> None:
    for case in CASES:
        assert page_of(case).notices[0].text == (
            "Awaiting clinical sign-off: this wording has not been approved by two clinicians."
        )

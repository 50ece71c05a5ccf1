"""The worked cases as whole pages, each reviewed line by line against the table in messages.md.

After a change of wording: MAST_WRITE_GOLDEN=1 pytest tests/harm_messages/test_golden_pages.py, then read the diff.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harm_messages import Page, evaluate
from tests.harm_messages.message_cases import CASES, NOW, ids, pack_of

GOLDEN = Path(__file__).parent / "golden"


def page_of(case: str) -> Page:
    facts, context = CASES[case]
    return evaluate(pack_of(case), facts, context, "en", NOW)


def as_text(page: Page) -> str:
    staff = ", ".join(page.staff_actions) or "nothing"
    alerts = "".join(f"ALERT {a.tier}{' (held)' if a.held else ''}: {a.evidence}\n" for a in page.alert_proposals)
    verdict = f"VERDICT: {page.verdict.value} · OUTCOME: {page.outcome.value} · WORDS: {page.visible_words()}"
    return f"{page.to_plain()}\nSTAFF: {staff}\n{alerts}{verdict}\n"


@pytest.mark.parametrize("case", CASES)
def test_worked_case_gives_exactly_the_reviewed_page(case: str) -> None:
    file = GOLDEN / f"{case}.txt"
    text = as_text(page_of(case))
    if os.environ.get("MAST_WRITE_GOLDEN"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("case", "cards"),
    [
        ("01-mdma-pill", ["S1 strength", "S2 danger", "S3 mixing"]),
        ("02-eutylone-for-mdma", ["S1 difference", "S3 mixing"]),
        ("03-heroin-strip-positive", ["S0 danger"]),
        ("04-heroin-strip-negative", ["S1 danger"]),
        ("05-bromazolam-medetomidine", ["S0 danger", "S2 danger"]),
        ("06-nbome-for-lsd", ["S1 danger"]),
        ("07-nothing-found", ["S2 danger"]),
        ("08-synthetic-cannabinoid", ["S1 danger"]),
        ("09-cocaine-and-drink", ["S2 mixing", "S3 danger", "S4 danger", "S4 strength"]),
        ("10-unknown-crystal", ["S1 danger"]),
    ],
)
def test_cards_of_a_worked_case_have_the_order_of_the_table(case: str, cards: list[str]) -> None:
    assert [f"{m.severity} {m.slot}" for m in page_of(case).cards] == cards


@pytest.mark.parametrize("case", CASES)
def test_a_worked_case_keeps_to_the_words_people_give_a_page(case: str) -> None:
    """A4."""
    page = page_of(case)
    assert page.visible_words() <= (380 if page.help_first else 300)


def test_case_1_praises_nothing_and_tells_amount_upper_end_and_a_quarter_in_words() -> None:
    card = page_of("01-mdma-pill").cards[0]
    assert "about 230 mg (250 mg at most) of MDMA, counted as the usual salt" in card.text
    assert "58 mg, about half a usual amount" in card.text
    assert "hen wait 2 hours" in card.text


def test_case_2_offers_handing_in_first() -> None:
    assert page_of("02-eutylone-for-mdma").next[0].text.startswith("- Hand in the rest")


def test_case_3_is_one_breathing_card_that_tells_the_lead_and_proposes_both_alerts() -> None:
    page = page_of("03-heroin-strip-positive")
    assert page.staff_actions[:3] == ("tell_lead_now", "propose_alert:T1", "hold_alert:T2")
    assert "M-OPIOID-GENERAL" not in ids(page)
    assert "Heroin and a nitazene" in page.cards[0].text
    assert "This strip can be fooled by caffeine." in page.cards[0].because


def test_case_4_never_says_that_there_are_no_nitazenes() -> None:
    text = page_of("04-heroin-strip-negative").to_plain()
    assert "nitazenes can still be in there" in text
    assert "no nitazene" not in text.lower()
    assert "did not find" not in text


def test_case_5_gives_naloxone_and_makes_breathing_the_goal() -> None:
    steps = {line.step: line.text for line in page_of("05-bromazolam-medetomidine").emergency}
    assert "Give naloxone" in steps["naloxone"]
    assert "The goal is breathing, not waking." in steps["naloxone"]


def test_case_8_says_nothing_about_thc_because_nobody_knows_how_little_of_it_is_an_amount() -> None:
    page = page_of("08-synthetic-cannabinoid")
    assert "did not find" not in page.to_plain()
    assert "Our test can't see THC" in page.to_plain()


def test_case_9_shows_the_mixing_card_and_does_not_log_it() -> None:
    page = page_of("09-cocaine-and-drink")
    assert page.cards[0].origin == "self_reported"
    assert "M-PAIR-ALCOHOL-COCAINE" not in dict(page.display_log)


def test_case_10_is_not_touched_by_an_alert_about_pills() -> None:
    assert "M-ALERT" not in ids(page_of("10-unknown-crystal"))


def test_case_12_says_what_the_strip_was_for_and_asks_staff_to_repeat_it() -> None:
    page = page_of("12-invalid-nitazene-strip")
    assert "The strip for nitazenes did not work. Not tested here: nitazenes." in page.to_plain()
    assert "did not react" not in page.to_plain()
    assert "repeat_strip:opioid.nitazene" in page.staff_actions


@pytest.mark.parametrize("case", ["14-untested-nitazene", "15-too-little", "25-a-word-nobody-knows"])
def test_what_nobody_tested_says_so_first_and_tells_no_limit(case: str) -> None:
    page = page_of(case)
    assert "not test this" in page.headline
    assert "%" not in page.to_plain()


def test_case_19_takes_neither_side() -> None:
    page = page_of("19-strip-and-lc-ms-disagree")
    assert "We don't know which is right. Act as if it's there." in page.cards[0].because
    assert page.top_severity == "S0"
    assert "review_by_chemist:opioid.fentanyl" in page.staff_actions


def test_case_24_keeps_the_weight_and_the_help_of_the_message_that_was_taken_back() -> None:
    page = page_of("24-nitazene-with-its-message-withdrawn")
    assert page.top_severity == "S0"
    assert page.cards[0].id == "M-FB-BREATHING"
    assert "kill" in page.cards[0].text
    assert [n.id for n in page.notices] == ["M-NOTICE-WITHDRAWN"]
    assert {"naloxone", "call", "recovery"} <= {line.step for line in page.emergency}


def test_emergency_steps_stand_in_the_fixed_order_and_each_once() -> None:
    for case in CASES:
        steps = [line.step for line in page_of(case).emergency]
        order = ["signs", "call", "airway", "recovery", "naloxone", "stay", "show"]
        assert steps == [s for s in order if s in steps]
        assert steps[:2] == ["signs", "call"]
        fragments = [p.id for line in page_of(case).emergency for p in line.parts]
        assert len(fragments) == len(set(fragments))


def test_every_page_ends_with_the_notice_until_two_people_have_signed() -> None:
    for case in CASES:
        assert page_of(case).sign_off[0].text == (
            "Awaiting clinical sign-off: this wording has not been approved by two clinicians."
        )

""" "Not seen" is not "absent": which negatives may be said, and by which method."""

from __future__ import annotations

import pytest

from harm_messages import Facts, FindingFact, Page, RunStatus, evaluate, load_pack
from tests.harm_messages.message_cases import FTIR, GC_MS, LC_MS, NOW, found, sample, shown, strip

PACK = load_pack()


def page(facts: Facts) -> Page:
    return evaluate(PACK, facts, shown(), "en", NOW)


def says_not_found(facts: Facts) -> bool:
    return "did not find" in page(facts).headline


def test_a_method_that_ran_covers_it_and_goes_low_enough_may_carry_a_negative() -> None:
    assert says_not_found(sample(found("eutylone"), expected=("mdma",), scope=(FTIR,)))


@pytest.mark.parametrize(
    "change",
    [
        {"status": RunStatus.INSTRUMENT_FAULT},
        {"status": RunStatus.CONTAMINATED},
        {"qc_passed": False},
        {"lod": None},
        {"lod": 6.0},
        {"classes": ("dissociative",)},
        {"excludes": ("entactogen",)},
        {"excludes": ("mdma",)},
    ],
)
def test_anything_less_carries_none(change: dict[str, object]) -> None:
    weaker = GC_MS.model_copy(update=change)
    facts = sample(found("eutylone"), expected=("mdma",), scope=(weaker,))
    assert not says_not_found(facts)
    assert "We cannot say if MDMA is in it" in page(facts).to_plain()


def test_what_is_strong_in_tiny_amounts_needs_a_far_lower_limit() -> None:
    facts = sample(found("25i-nbome"), expected=("lsd",), scope=(GC_MS,))
    assert not says_not_found(facts)
    assert says_not_found(facts.model_copy(update={"scope": (LC_MS,)}))


def test_even_a_hidden_trace_of_it_forbids_the_negative() -> None:
    facts = sample(found("eutylone"), found("mdma", "tentative", "indication"), expected=("mdma",), scope=(GC_MS,))
    assert not says_not_found(facts)


def test_a_class_level_hint_of_it_forbids_the_negative() -> None:
    hint = FindingFact.model_validate({"drug_class": "entactogen", "confidence": "class_only"})
    assert not says_not_found(sample(found("eutylone"), hint, expected=("mdma",), scope=(GC_MS,)))


def test_an_analysis_that_did_not_end_says_no_negative() -> None:
    unnamed = FindingFact.model_validate({"confidence": "indicated"})
    assert not says_not_found(sample(unnamed, expected=("mdma",), scope=(GC_MS,)))


def test_a_negative_strip_is_never_a_negative_statement() -> None:
    facts = sample(found("heroin"), expected=("heroin",), strips=(strip("opioid.nitazene", "negative"),), scope=(FTIR,))
    text = page(facts).to_plain()
    assert "Nitazenes can still be in here" in text
    assert "did not find" not in text


def test_a_strip_that_did_not_work_is_no_test() -> None:
    facts = sample(found("heroin"), expected=("heroin",), strips=(strip("opioid.nitazene", "invalid"),), scope=(FTIR,))
    text = page(facts).to_plain()
    assert "A test strip did not work. It tells us nothing" in text
    assert "Nitazenes can still be in here" in text
    assert "We used infrared (FTIR). " in text
    second = strip("opioid.nitazene", "negative")
    both = page(facts.model_copy(update={"strips": (*facts.strips, second)})).to_plain()
    assert "We used infrared (FTIR) and test strips. " in both
    assert "A test strip did not work" in both


def test_a_faint_strip_warns() -> None:
    facts = sample(found("heroin"), expected=("heroin",), strips=(strip("opioid.nitazene", "faint"),))
    assert "It may also contain a nitazene" in page(facts).headline
    assert page(facts).top_severity == "S0"


def test_a_gap_in_scope_is_told_and_closes_when_a_method_covers_it() -> None:
    facts = sample(found("diazepam"), expected=("diazepam",), scope=(FTIR,))
    gap = "could not look for nitazenes"
    assert gap in page(facts).to_plain()
    assert gap not in page(facts.model_copy(update={"scope": (FTIR, LC_MS)})).to_plain()


def test_nothing_found_is_not_said_when_a_planned_method_failed() -> None:
    broken = FTIR.model_copy(update={"status": RunStatus.REPEAT})
    facts = sample(expected=("ketamine",), scope=(GC_MS, broken))
    assert page(facts).headline == "We cannot say what this is."

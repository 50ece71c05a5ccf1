"""Whatever strip the bench offers, reading it leads to a page: a strip never shuts the client out."""

from __future__ import annotations

import pytest

from app.laboratory.readings.strip_targets import STRIPS, strip_targets
from harm_messages import Facts, Page, StripFact, evaluate, load_pack
from harm_messages.derived import class_plain
from tests.harm_messages.message_cases import NOW, shown, strip

PACK = load_pack()
TARGETS = [target for target, _ in strip_targets(PACK.substances)]


def read(target: str, reading: str) -> Page:
    return evaluate(PACK, Facts(strips=(strip(target, reading),)), shown(), "en", NOW)


def name_of(target: str) -> str:
    if PACK.substances.is_class(target):
        return class_plain(PACK, target)
    return PACK.substances[target].in_sentence


def test_the_bench_offers_single_substances_too_and_only_what_strips_exist_for() -> None:
    assert {"xylazine", "medetomidine", "opioid.nitazene"} <= set(TARGETS)
    assert [target for target, _ in STRIPS] == TARGETS, "each is in the register"
    assert len(TARGETS) == 12
    assert not {"psychedelic.nbome", "medicine.pde5", "hormone.steroid"} & set(TARGETS)


@pytest.mark.parametrize("reading", ["positive", "negative", "faint", "invalid"])
@pytest.mark.parametrize("target", TARGETS)
def test_every_reading_of_every_strip_gives_a_page_with_help_and_limits(target: str, reading: str) -> None:
    page = read(target, reading)
    assert page.emergency
    assert page.limits
    assert "did not find" not in page.to_plain()
    assert (f"A strip reacted to {name_of(target)}" in page.headline) == (reading == "positive")


@pytest.mark.parametrize("reading", ["positive", "faint"])
def test_a_strip_that_reacted_to_something_the_register_does_not_know_warns_as_unknown(reading: str) -> None:
    page = evaluate(PACK, Facts(strips=(StripFact(target="brorphine-kit", reading=reading),)), shown(), "en", NOW)
    assert "M-UNKNOWN-ACTIVE" in {m.id for m in page.cards}
    assert page.emergency
    assert page.limits

"""Rules E1 and E2: each message of the pack is taken back by itself, and no page becomes weaker than it was."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

import pytest

from harm_messages import Context, Facts, HarmMessageError, Pack, Page, evaluate
from harm_messages.witness import witness
from tests.harm_messages import message_cases
from tests.harm_messages.generated_pages import (
    NOW,
    PACK,
    Made,
    firm,
    held,
    ids,
    of,
    parts,
    some,
    under,
    visible,
)

KILLS = re.compile(r"\b(?:kill\w*|dies?|died|dying|deadly|deaths?)\b", re.I)
WORKED = {name: (*case, evaluate(PACK, *case, "en", NOW)) for name, case in message_cases.CASES.items()}


def without(message: str) -> Pack:
    """The pack with this message taken back in every language, and nothing else."""
    gone = {
        key: text.model_copy(update={"status": "withdrawn"}) if key[0] == message else text
        for key, text in PACK.messages.items()
    }
    return replace(PACK, messages=gone)


def made_for_each_rule() -> dict[str, tuple[Facts, Context, Page]]:
    """Facts on which each rule speaks, with their page; a rule for which none can be made is left out."""
    found = {}
    for rule in PACK.rules:
        with suppress(ValueError, StopIteration, IndexError, HarmMessageError):
            facts, context = witness(rule, PACK)
            found[rule.id] = (facts, context, evaluate(PACK, facts, context, "en", NOW))
    return found


def never_weaker(message: str, cases: Iterable[tuple[Facts, Context, Page]]) -> None:
    """Taken back, the message leaves every page as grave, with the same help, the same requests and the word that it can kill."""
    pack = without(message)
    for facts, context, before in cases:
        after = evaluate(pack, facts, context, "en", NOW)
        assert after.top_severity.rank <= before.top_severity.rank, message
        assert help_on(before) <= help_on(after), message
        assert set(before.staff_actions) <= set(after.staff_actions), message
        old = [c for c in before.cards if c.id == message and KILLS.search(c.text)]
        if old:
            cards = [c.text for c in after.cards if c.severity.rank <= old[0].severity.rank]
            assert any(KILLS.search(text) for text in cards), f"{message}: {cards}"


def help_on(page: Page) -> set[str]:
    return {part.id for line in page.emergency for part in line.parts}


def test_e1_no_worked_page_is_weaker_than_what_was_taken_back() -> None:
    for case in WORKED.values():
        for card in case[2].cards:
            never_weaker(card.id, [case])


@pytest.mark.long
def test_e1_no_page_is_weaker_than_any_message_that_was_taken_back() -> None:
    cases = {**made_for_each_rule(), **WORKED}
    for message in sorted({m for m, locale in PACK.messages if locale == "en"}):
        never_weaker(message, [case for case in cases.values() if message in ids(case[2])][:6])


def test_e1_what_stands_in_says_what_can_happen_and_to_ask_first() -> None:
    for fallback in PACK.families.fallbacks.values():
        text = PACK.messages[(fallback.message, "en")].short
        assert "Don't take it before you've talked to us" in text
        assert "999" in text
        assert {"call", "airway", "recovery", "stay", "show"} <= set(fallback.emergency)
        assert any(line.startswith("signs_") for line in fallback.emergency)
    assert all(PACK.families.classes.get(c) in PACK.families.fallbacks for c in PACK.substances.classes)
    assert len(PACK.substances.classes) == 57


def test_e2_the_notice_is_never_all_that_a_grave_page_says() -> None:
    deadly = ("opioid.fentanyl", "opioid.nitazene", "sedative.alpha2", "poison")

    def oracle(m: Made) -> str | None:
        if not any(
            under(of(f), *deadly) and f.substance and PACK.substances[f.substance].psychoactive for f in firm(m.facts)
        ):
            return None
        gone = replace(m.pack, rules=tuple(r.model_copy(update={"status": "withdrawn"}) for r in m.pack.rules))
        page = m.again(pack=gone)
        notice = next(x.id for n, x in parts(page) if n == "notice")
        cards = [c for c in page.cards if c.severity == "S0"]
        if notice != PACK.manifest.fixed["withdrawn"] or not cards or not cards[0].text or cards[0].id == notice:
            return f"{notice}, {[c.id for c in page.cards]}"
        if m.locale == "en" and not (KILLS.search(cards[0].text) and "talked to us" in visible(page)):
            return cards[0].text
        return "" if {"call", "airway", "stay"} <= {line.step for line in page.emergency} else "no help"

    held(oracle, over=some(2), least=30)

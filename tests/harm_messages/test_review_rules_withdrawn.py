"""Rules E1 and E2: each message of the pack is taken back by itself, and no page becomes weaker than it was."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

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
MESSAGES = sorted({m for m, locale in PACK.messages if locale == "en"})
RULES = {rule.id: rule for rule in PACK.rules}
BY_MESSAGE: dict[str, list[str]] = {}
for _rule in PACK.rules:
    BY_MESSAGE.setdefault(_rule.emit.message, []).append(_rule.id)


def without(message: str) -> Pack:
    """The pack with this message taken back in every language, and nothing else."""
    gone = {
        key: text.model_copy(update={"status": "withdrawn"}) if key[0] == message else text
        for key, text in PACK.messages.items()
    }
    return replace(PACK, messages=gone)


@lru_cache(maxsize=1)
def cases() -> dict[str, tuple[Facts, Context, Page]]:
    """A witness of each rule, and the worked cases, with the page of each."""
    found = {}
    for rule in PACK.rules:
        try:
            facts, context = witness(rule, PACK)
            found[rule.id] = (facts, context, evaluate(PACK, facts, context, "en", NOW))
        except (ValueError, StopIteration, IndexError, HarmMessageError):
            continue
    for name, (facts, context) in message_cases.CASES.items():
        found[name] = (facts, context, evaluate(PACK, facts, context, "en", NOW))
    return found


def pages_with(message: str) -> list[str]:
    """The cases on whose page this message stands, or speaks through a card of its family; at most six."""
    return [name for name, (_, _, page) in cases().items() if message in ids(page)][:6]


def test_e1_every_message_of_a_rule_stands_on_the_page_of_a_case() -> None:
    unseen = [m for m in BY_MESSAGE if not pages_with(m) and RULES[BY_MESSAGE[m][0]].slot != "limits"]
    assert len(unseen) <= 0.08 * len(BY_MESSAGE), unseen


@pytest.mark.parametrize("message", MESSAGES)
def test_e1_a_page_is_never_weaker_than_what_was_taken_back(message: str) -> None:
    pack = without(message)
    for name in pages_with(message):
        facts, context, before = cases()[name]
        after = evaluate(pack, facts, context, "en", NOW)
        assert after.top_severity.rank <= before.top_severity.rank, name
        help_ = {p.id for line in before.emergency for p in line.parts}
        assert help_ <= {p.id for line in after.emergency for p in line.parts}, name
        assert {line.step for line in before.emergency} <= {line.step for line in after.emergency}, name
        lost = set(before.staff_actions) - set(after.staff_actions)
        assert not lost, f"{name}: {lost}"
        _words_that_it_can_kill(message, name, before, after)
        _silenced_comes_back(message, name, before, after)


def _words_that_it_can_kill(message: str, name: str, before: Page, after: Page) -> None:
    old = [c for c in before.cards if c.id == message and KILLS.search(c.text)]
    if old:
        cards = [c for c in after.cards if c.severity.rank <= old[0].severity.rank]
        assert any(KILLS.search(c.text) for c in cards), f"{name}: {[c.text for c in cards]}"


def _silenced_comes_back(message: str, name: str, before: Page, after: Page) -> None:
    """What this message silenced on the page: what the rule of the same topic says, were it alone."""
    for rule_id in BY_MESSAGE.get(message, ()):
        rule = RULES[rule_id]
        if not rule.suppresses or rule_id not in {c.rule_id for c in before.cards}:
            continue
        facts, context, _ = cases()[name]
        alone = replace(
            PACK, rules=tuple(r for r in PACK.rules if r.emit.message in rule.suppresses and r.topic == rule.topic)
        )
        said = {c.id for c in evaluate(alone, facts, context, "en", NOW).body}
        others = {s for r in PACK.rules if r.id != rule_id and r.id in _fired(name) for s in r.suppresses}
        back = {m for m in said - others if m not in ids(before)}
        assert back <= ids(after) | _same_topic(rule.topic, after), f"{name}: {back} stay silent"


def _fired(name: str) -> set[str]:
    return {c.rule_id for c in cases()[name][2].body}


def _same_topic(topic: str, page: Page) -> set[str]:
    """One message a topic: where another of it stands, the rest are said by it."""
    stands = any(c.topic == topic and "M-FB" not in c.id for c in page.body)
    return {r.emit.message for r in PACK.rules if r.topic == topic} if stands else set()


def test_e1_what_stands_in_says_what_can_happen_and_to_ask_first() -> None:
    for fallback in PACK.families.fallbacks.values():
        text = PACK.messages[(fallback.message, "en")].short
        assert "Don't take it before you've talked to us" in text
        assert "999" in text
        assert {"call", "airway", "recovery", "stay", "show"} <= set(fallback.emergency)
        assert any(line.startswith("signs_") for line in fallback.emergency)
    assert all(PACK.families.classes.get(c) in PACK.families.fallbacks for c in PACK.substances.classes)
    assert len(PACK.substances.classes) == 57


def test_e1_on_generated_pages_taking_back_the_first_card_keeps_its_weight_and_its_help() -> None:
    def oracle(m: Made) -> str | None:
        lead = m.page.loggable().cards[:1]
        if not lead or not lead[0].rule_id or lead[0].severity.rank > 2 or lead[0].slot == "strength":
            return None
        after = m.again(pack=_without_rule(m.pack, lead[0].rule_id))
        if after.top_severity.rank > lead[0].severity.rank:
            return f"{lead[0].id}: {after.top_severity}"
        help_ = {p.id for line in m.page.emergency for p in line.parts}
        missing = help_ - {p.id for line in after.emergency for p in line.parts}
        if m.locale == "en" and KILLS.search(lead[0].text) and not any(KILLS.search(c.text) for c in after.cards):
            return f"{lead[0].id}: no card says any more that it can kill"
        return f"{lead[0].id}: no {missing}" if missing else ""

    held(oracle, over=some(12), least=60)


def _without_rule(pack: Pack, rule_id: str) -> Pack:
    rules = tuple(r.model_copy(update={"status": "withdrawn"}) if r.id == rule_id else r for r in pack.rules)
    return replace(pack, rules=rules)


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

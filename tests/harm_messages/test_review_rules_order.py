"""Rules A1 to A9 over generated facts: the order of a page, its length, one card a family, nothing twice."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import Any

import pytest

from harm_messages import Message, Page, evaluate
from harm_messages.answer import answer_of
from tests.harm_messages import message_cases
from tests.harm_messages.generated_pages import (
    NOW,
    PACK,
    REGISTER,
    Made,
    class_of,
    firm,
    held,
    of,
    pages,
    parts,
    under,
    whole,
)

ORDER = ("notice", "headline", "difference", "action", "card", "emergency", "card", "safer_use", "limits", "next", "more",
         "notice")  # fmt: skip
MILD = (
    "notice",
    "headline",
    "difference",
    "action",
    "card",
    "emergency",
    "safer_use",
    "limits",
    "next",
    "more",
    "notice",
)
STEPS = ("signs", "call", "airway", "recovery", "naloxone", "stay", "show")
HEART = {"loperamide"}
"""An opioid by class that does not reach the brain: a large dose stops the heart."""
BREATHING = ("opioid", "sedative", "benzodiazepine", "z-drug", "ghb", "gabapentinoid")
HEAT = ("entactogen", "stimulant", "psychedelic.nbome", "psychedelic.dox")
POISON = ("poison", "industrial")
SPEED = {"breathing": 0, "poison": 1, "heat": 2}


def golden() -> list[Page]:
    return [evaluate(PACK, facts, context, "en", NOW) for facts, context in message_cases.CASES.values()]


def grave(page: Page) -> bool:
    return any(m.severity in ("S0", "S1") for m in (*page.cards, *page.more))


def in_order(said: list[str], order: tuple[str, ...]) -> bool:
    """Whether these parts stand in the order, each run of one kind once."""
    runs = [s for i, s in enumerate(said) if i == 0 or said[i - 1] != s]
    left = iter(order)
    return all(any(wanted == one for wanted in left) for one in runs)


# -- A1 to A3 --------------------------------------------------------------------------------------


def test_a1_parts_of_a_page_stand_in_the_order_of_the_rule() -> None:
    short = {m for step in PACK.emergency for name, m in step.fragments.items() if name in step.short}
    gravest = ("S0", "S1", "S2", "S3", "S4")

    def oracle(m: Made) -> str:
        rows = answer_of(m.page)["messages"]
        if not in_order([row["section"] for row in rows], ORDER if grave(m.page) else MILD):
            return " ".join(row["section"] for row in rows)
        if not grave(m.page) and any(row["section"] == "emergency" and row["id"] not in short for row in rows):
            return "the whole emergency block stands on a page without danger of life"
        cards = [row["severity"] for row in rows if row["section"] == "card"]
        if cards and cards[0] != min(
            (row["severity"] for row in rows if row["section"] in ("card", "more")), key=gravest.index
        ):
            return f"the first card is no graver than others: {cards}"
        strength = [row["slot"] == "strength" for row in rows if row["section"] == "card"]
        same = zip(cards, cards[1:], strength, strength[1:], strict=False)
        return (
            "strength before another card of its weight" if any(a == b and s and not t for a, b, s, t in same) else ""
        )

    held(oracle, least=2000)


def test_a1_notices_stand_where_they_are_needed_and_the_signing_last() -> None:
    fixed = PACK.manifest.fixed
    last = {fixed["awaiting"], fixed["machine_drafted"]}

    def oracle(m: Made) -> str:
        sections = list(m.page.sections())
        first, end = [x.id for x in sections[0][1]], [x.id for x in sections[-1][1]]
        return "" if not last & set(first) and set(end) <= last and fixed["awaiting"] in end else f"{first} … {end}"

    held(oracle, least=2000)


def test_a2_no_second_card_before_the_first_line_of_help() -> None:
    def oracle(m: Made) -> str | None:
        rows = [row["section"] for row in answer_of(m.page)["messages"]]
        if not grave(m.page):
            return None
        before = rows[: rows.index("emergency")]
        return "" if before.count("card") == 1 and "more" not in before else f"{before}"

    held(oracle, least=600)


def signs_of(drug_class: str, substance: str | None) -> str:
    if substance in HEART:
        return ""
    if under(drug_class, *BREATHING):
        return "M-EM-SIGNS-BREATHING"
    if under(drug_class, *POISON) or substance == "vitamin-e-acetate":
        return "M-EM-SIGNS-POISON"
    return "M-EM-SIGNS-HEAT" if under(drug_class, *HEAT) else ""


def test_a3_the_block_opens_with_the_signs_of_the_gravest_drugs_then_999_and_the_rest_in_order() -> None:
    lethal = {c for c, row in REGISTER.classes.items() if row.floor in ("S0", "S1")}

    def oracle(m: Made) -> str:
        lines = m.page.emergency
        steps = [line.step for line in lines]
        if steps != [s for s in STEPS if s in steps] or steps[:2] != ["signs", "call"] or "999" not in lines[1].text:
            return f"{steps}"
        if grave(m.page) and not {"airway", "recovery", "stay", "show"} <= set(steps):
            return f"{steps}"
        signs = {p.id for p in lines[0].parts}
        for f in firm(m.facts):
            row = REGISTER.get(f.substance or "")
            wanted = signs_of(of(f), f.substance)
            if (
                of(f) in lethal
                and (row is None or row.psychoactive or under(of(f), *POISON))
                and wanted
                and wanted not in signs
            ):
                return f"no {wanted} for {f.substance or f.drug_class}"
        return ""

    held(oracle, least=2000)


# -- A4 --------------------------------------------------------------------------------------------


def words(*texts: str) -> int:
    return sum(any(c.isalnum() for c in word) for text in texts for word in text.split())


def counts(page: Page) -> dict[str, tuple[int, int]]:
    """Part → (words that a person sees, words that the rule allows)."""
    deadly = grave(page)
    sections = list(page.sections())
    shown = [(name, m) for name, part in sections for m in part if name not in ("notice", "more")]
    total = words(page.told_us, *(t for _, m in shown for t in _texts(m)))
    head = [t for name, m in shown for t in _texts(m) if name in ("headline", "difference", "action")]
    block = [t for name, m in shown for t in _texts(m) if name == "emergency"]
    return {
        "page": (total, 380 if deadly else 300),
        "head": (words(*head), 35),
        "card": (max((words(m.text) for m in page.cards), default=0), 45),
        "block": (words(*block), 130 if deadly else 60),
        "limits": (words(*(m.text for m in page.limits)), 50),
        "next": (words(*(m.text for m in page.next)), 35),
        "more": (max((words(m.more_text) for m in page.cards), default=0), 150),
    }


def _texts(one: Any) -> tuple[str, ...]:
    return (one.title, one.because, one.text) if isinstance(one, Message) else (one.text,)


@cache
def counted() -> tuple[list[tuple[Made, dict[str, tuple[int, int]]]], list[dict[str, tuple[int, int]]]]:
    """Of the generated pages in the language that decides for every other, and of the golden ones."""
    made = [(m, counts(m.page)) for m in pages() if m.page.locale == PACK.manifest.default_locale]
    return made, [counts(page) for page in golden()]


@pytest.mark.parametrize("part", ["page", "head", "card", "block", "limits", "next", "more"])
def test_a4_a_page_and_its_parts_hold_no_more_words_than_people_give_them(part: str) -> None:
    made, shipped = counted()
    over = [f"{m}: {each[part]}" for m, each in made if each[part][0] > each[part][1]]
    assert len(over) <= 0.05 * len(made), f"{len(over)} of {len(made)}: {over[:6]}"
    assert [each[part] for each in shipped if each[part][0] > each[part][1]] == []


# -- A5 to A7 --------------------------------------------------------------------------------------


def family(drug_class: str) -> str:
    for name, classes in (("breathing", BREATHING), ("poison", POISON), ("heat", HEAT)):
        if under(drug_class, *classes):
            return name
    return ""


def named_in(when: Any) -> set[str]:
    """Every class that a rule's condition speaks of."""
    found: set[str] = set()
    for key, value in when.items() if isinstance(when, dict) else ():
        if key in ("class", "drug_class"):
            found |= set(value)
        elif key == "substance":
            found |= {class_of(one) for one in value}
        elif isinstance(value, dict) and key != "not":
            found |= named_in(value)
        elif isinstance(value, list | tuple) and key in ("all", "any", "all_found"):
            found |= {one for inner in value for one in named_in(inner)}
    return found


RULES = {rule.id: rule for rule in PACK.rules}
FAMILY = {
    rule.id: families.pop()
    for rule in PACK.rules
    if "intent" not in str(rule.when.model_dump(exclude_unset=True))  # about what was said, not about what is in it
    if len(families := {family(c) for c in named_in(rule.when.model_dump(by_alias=True, exclude_unset=True))}) == 1
}
FAMILY |= dict.fromkeys(("R-G-UNEXPECTED", "R-GHB", "R-GBL", "R-BDO"), "breathing")  # they also ask what was said
FAMILY.pop("R-LOPERAMIDE", None)


def body_cards(page: Page) -> list[Message]:
    return [c for c in page.cards if c.slot != "strength" and FAMILY.get(c.rule_id)]


def test_a5_at_most_four_cards_stand_before_more() -> None:
    def oracle(m: Made) -> str:
        cards = m.page.loggable().cards
        return "" if len(cards) <= 4 else ", ".join(f"{c.severity} {c.id}" for c in cards)

    held(oracle, least=2000)


def test_a5_one_grave_card_a_family_and_it_names_every_drug_of_it() -> None:
    def oracle(m: Made) -> str | None:
        every = [f for f in firm(m.facts) if f.substance and REGISTER.classes[of(f)].floor in ("S0", "S1")]
        ours = {f.substance for f in every if under(of(f), *BREATHING) and REGISTER[f.substance or ""].psychoactive}
        ours -= HEART
        if len(ours) < 2 or m.page.locale != "en":
            return None
        cards = [c for c in body_cards(m.page) if c.severity in ("S0", "S1") and FAMILY[c.rule_id] == "breathing"]
        if len(cards) != 1:
            return f"{[c.id for c in cards]} for {ours}"
        missing = [s for s in ours if s and REGISTER.label(s).casefold() not in cards[0].text.casefold()]
        return f"{cards[0].id} does not name {missing}" if missing else ""

    held(oracle, least=8)


def test_a6_within_one_severity_the_fastest_killer_stands_first() -> None:
    def oracle(m: Made) -> str | None:
        pairs = list(zip(body_cards(m.page), body_cards(m.page)[1:], strict=False))
        same = [
            (SPEED[FAMILY[a.rule_id]], SPEED[FAMILY[b.rule_id]], a, b) for a, b in pairs if a.severity == b.severity
        ]
        if not same:
            return None
        return ", ".join(f"{a.id} before {b.id}" for x, y, a, b in same if x > y)

    held(oracle, least=8)


BREATHING_PAIRS = {"M-PAIR-DOWNERS", "M-PAIR-STRONG-OPIOID"}
AS_FACT = re.compile(
    r"that is the case here|you have both|(?:is|are) both (?:here|in it)|it holds both|both are in", re.I
)


def test_a7_no_pair_warning_beside_a_card_that_says_it_already() -> None:
    def oracle(m: Made) -> str | None:
        cards = [c for c in m.page.loggable().cards if c.severity in ("S0", "S1")]
        pair = [c for c in cards if c.id in BREATHING_PAIRS or BREATHING_PAIRS & {i for i, _ in c.joined}]
        if not pair:
            return None
        beside = [c.id for c in body_cards(m.page.loggable()) if c not in pair and c.severity in ("S0", "S1")]
        beside = [i for i in beside if FAMILY.get(next(c.rule_id for c in cards if c.id == i)) == "breathing"]
        return f"{[c.id for c in pair]} beside {beside}" if beside or len(pair) > 1 else ""

    held(oracle, least=8)


def test_a7_that_both_are_there_is_said_as_a_fact_only_of_firm_findings() -> None:
    def oracle(m: Made) -> str | None:
        if not any(
            "PAIR" in i for i in {x.id for _, x in parts(m.page)} | {i for _, x in parts(m.page) for i, _ in x.joined}
        ):
            return None
        said = AS_FACT.search(whole(m.page))
        return f"“{said.group()}”" if said and len(firm(m.facts)) < 2 else ""

    held(oracle, least=20)


# -- A8 and A9 -------------------------------------------------------------------------------------


def sentences(page: Page) -> Counter[str]:
    """Every instruction of the page, as people hear it."""
    texts = [t for _, m in parts(page) for t in (m.text, m.more_text)]
    each = (re.sub(r"\W+", " ", s).strip().casefold() for t in texts for s in re.split(r"(?<=[.!])\**\s|\n", t))
    return Counter(s for s in each if len(s.split()) > 2)


def test_a8_the_same_instruction_stands_once_on_a_page() -> None:
    def oracle(m: Made) -> str:
        return "; ".join(s for s, n in sentences(m.page).items() if n > 1)

    held(oracle, least=2000)
    assert [s for p in golden() for s, n in sentences(p).items() if n > 1] == []


def test_a9_paper_and_read_aloud_follow_the_order_of_the_screen() -> None:
    def oracle(m: Made) -> str:
        paper, at = m.page.to_plain(), 0
        for name, message in parts(m.page):
            if name in ("headline", "emergency"):
                continue  # written as one line
            found = paper.find(message.text, at)
            if found < 0:
                return f"{name} {message.id} does not stand where it should"
            at = found
        first, block = paper.find(m.page.cards[0].text) if m.page.cards else 0, paper.find(m.page.emergency[0].text)
        second = paper.find(m.page.cards[1].text) if len(m.page.cards) > 1 else len(paper)
        return "" if not grave(m.page) or first < block < second else "help is not after the first card"

    held(oracle, least=2000)

"""Rules A1 to A9 over generated facts: the order of a page, help after its first card, one card a family."""

from __future__ import annotations

import re

from harm_messages import Page
from harm_messages.answer import answer_of
from tests.harm_messages.generated_pages import (
    PACK,
    REGISTER,
    Made,
    firm,
    held,
    of,
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


# -- A5 to A7 --------------------------------------------------------------------------------------


def test_a5_one_grave_card_names_every_drug_that_stops_the_breath() -> None:
    def oracle(m: Made) -> str | None:
        every = [f for f in firm(m.facts) if f.substance and REGISTER.classes[of(f)].floor in ("S0", "S1")]
        ours = {f.substance for f in every if under(of(f), *BREATHING) and REGISTER[f.substance or ""].psychoactive}
        ours -= HEART
        if len(ours) < 2 or m.page.locale != "en":
            return None
        names = [REGISTER.label(s).casefold() for s in ours if s]
        cards = [c.text.casefold() for c in m.page.cards if c.severity in ("S0", "S1")]
        return "" if any(all(name in text for name in names) for text in cards) else f"no card names all of {names}"

    held(oracle, least=8)


AS_FACT = re.compile(
    r"that is the case here|you have both|(?:is|are) both (?:here|in it)|it holds both|both are in", re.I
)


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

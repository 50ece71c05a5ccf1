"""Rules B1 to B5 and H3 over generated facts: what may be said about taking it, and what may not.

The table of rows is written here a second time, from the review, and so are the words that give a start, a clock or a
fraction: neither asks the code or the tables of the pack.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from harm_messages import Facts, FindingFact, evaluate, load_pack, pack_files, quick_check
from harm_messages.adjusting import Adjustments
from harm_messages.snippets import SnippetRow
from harm_messages.types import Confidence, RunStatus, StripReading
from tests.harm_messages.generated_pages import (
    NOW,
    PACK,
    REGISTER,
    SIGN,
    Made,
    behind,
    class_of,
    firm,
    held,
    of,
    pages,
    parts,
    present,
    under,
    visible,
    whole,
)

# -- the words and the rows, from the review -------------------------------------------------------

NUMBER = r"(?:\d+|an?|one|two|three|four|half an|tair|dwy|ddwy|un)"
SAID = {
    "start": re.compile(
        r"small (?:part|bite|piece|dab|dose)|small puff|first dose|\bstart (?:low|small|with)\b|inject less|"
        r"rhan fach|pwff bach|tamaid bach|dos cyntaf|chwistrell\w+ lai",
        re.I,
    ),
    "clock": re.compile(
        rf"\b(?:wait|aroswch|arhoswch)\b[^.]{{0,25}}\b{NUMBER} (?:minutes?|hours?|awr|munud\w*)|before any more|"
        rf"more within {NUMBER} hours?|don't take more (?:today|for)|wait until you feel|cyn (?:cymryd )?(?:mwy|rhagor)",
        re.I,
    ),
    "fraction": re.compile(
        r"\ba quarter (?:is|of (?:it|one|a pill))|\bhalf of (?:it|one of them|a pill)|\bchwarter yw", re.I
    ),
}
NEVER = ("poison", "industrial", "antimuscarinic")
NEVER_ONE = ("vitamin-e-acetate", "pma", "pmma")
SPECK = ("opioid.nitazene", "opioid.fentanyl", "sedative.alpha2", "psychedelic.nbome", "cannabinoid.synthetic")
SPECK_ONE = ("brorphine", "u-47700", "2-methyl-ap-237", "dipyanone", "clonazolam", "flubromazolam", "flualprazolam",
             "flunitrazolam", "alpha-pvp", "alpha-pihp", "alpha-php", "mdpv", "mdphp")  # fmt: skip
SLOW = ("psychedelic.dox",)
SLOW_ONE = ("alpha-methyltryptamine", "2c-e", "2c-i", "5-meo-mipt", "5-meo-dipt", "5-mapb", "6-apb", "mda", "methoxetamine",
            "2-fluorodeschloroketamine", "deschloroketamine", "phenazepam", "diclazepam", "flubromazepam", "pregabalin",
            "phenibut", "methadone", "1-4-butanediol")  # fmt: skip
# what a row that holds allows at most, here and behind "More"; a row that is not here allows nothing
ALLOWED = {
    "g": ({"clock"}, {"clock"}),
    "opioid": ({"clock"}, {"clock", "start"}),
    "limit": ({"start"}, {"start"}),
    "usual": ({"start", "clock", "fraction"}, {"start", "clock", "fraction"}),
}
USUAL_ONE = ("mdma", "ketamine", "lsd", "1p-lsd", "1cp-lsd", "psilocybin", "psilocin")
LIMIT_ONE = ("amphetamine", "methamphetamine", "mephedrone", "3-mmc", "2-mmc", "4-mec", "methylone", "cocaine")


def row_of(drug_class: str, substance: str | None, facts: Facts, confirmed_and_measured: bool = False) -> str:
    """The row of one thing, by its name and its class."""
    if substance in NEVER_ONE or under(drug_class, *NEVER):
        return "never"
    if substance in SPECK_ONE or under(drug_class, *SPECK):
        return "speck"
    if (
        substance in SLOW_ONE
        or under(drug_class, *SLOW)
        or (under(drug_class, "cannabinoid") and facts.form == "edible")
    ):
        return "slow"
    if substance in ("ghb", "gbl"):
        return "g"
    if (
        substance in USUAL_ONE
        or (substance == "2c-b" and confirmed_and_measured)
        or under(drug_class, "cannabinoid.phyto")
    ):
        return "usual"
    if substance in LIMIT_ONE or substance == "2c-b":
        return "limit"
    return "opioid" if under(drug_class, "opioid") and substance else "unknown"


def classed(target: str) -> tuple[str, str | None]:
    return (class_of(target), target) if target in REGISTER else (target, None)


def matched(m: Made) -> list[tuple[str, str | None]]:
    """What warnings that describe this sample, or name what was found or expected, are about."""
    about = []
    here = {f.substance for f in present(m.facts)} | set(m.facts.expected)
    for alert in m.facts.alerts:
        described = [
            m.facts.form in alert.forms if alert.forms else None,
            m.facts.logo in alert.logos if alert.logos else None,
            bool(set(m.facts.colours) & set(alert.colours)) if alert.colours else None,
        ]
        asked = [d for d in described if d is not None]
        if all(asked) if asked else bool(here & set(alert.substances)):
            about += [classed(one) for one in (*alert.substances, *alert.classes)]
    return about


def rows(m: Made) -> set[str]:
    """The rows that hold for certain, by the review: of what was found, reacted, looks alike, is warned of or untested."""
    held_by = set(_things(m))
    facts = m.facts
    active = [
        f
        for f in firm(facts)
        if f.substance and REGISTER[f.substance].psychoactive and not REGISTER[f.substance].cutting
    ]
    if not active and not any(f.substance is None for f in firm(facts)):
        held_by.add("unknown")
    if any(f.unidentified for f in present(facts)):
        held_by.add("unknown")
    if any(s.status is RunStatus.PENDING and "*" in s.classes and not s.excludes for s in facts.scope):
        held_by.add("unknown")
    names = {f.substance for f in active}
    if names - set(facts.expected) and names & set(facts.expected):
        held_by.add("adulterated")
    return held_by


def _things(m: Made) -> Iterator[str]:
    for f in present(m.facts):
        row = REGISTER.get(f.substance or "")
        deadly = row_of(of(f), f.substance, m.facts) in ("never", "speck")
        if f.unidentified or (
            row is not None and not deadly and (row.cutting or row.excipient or not row.psychoactive)
        ):
            continue
        if row is not None and row.by_nature_byproduct and not deadly:
            continue  # comes with what was expected, or does not: the rules about roles say
        if f.substance is None and any(o.substance and under(of(o), of(f)) for o in firm(m.facts)):
            continue  # a firm finding of this class says more
        if f.substance is None and f.confidence in (Confidence.CLASS_ONLY, Confidence.TENTATIVE):
            yield "unknown"
        same = [o for o in present(m.facts) if o.substance == f.substance]
        sure = any(o.confidence is Confidence.CONFIRMED for o in same) and any(o.amount is not None for o in same)
        kind = row_of(of(f), f.substance, m.facts, sure)
        if f.substance is not None or kind in ("never", "speck"):
            expected = f.substance in m.facts.expected and f in firm(m.facts)
            yield "unknown" if kind == "opioid" and not (expected or m.facts.expected) else kind
        for one in f.look_alikes:
            if one in REGISTER and not REGISTER[one].psychoactive:
                continue  # left from making it: no drug to take care about
            yield row_of(class_of(one), one, m.facts) if one in REGISTER else "unknown"
    for strip in m.facts.strips:
        if strip.reading in (StripReading.POSITIVE, StripReading.FAINT):
            fact = classed(strip.target)
            if not any(under(of(f), fact[0]) for f in firm(m.facts)):
                yield "unknown" if fact[1] is None else row_of(*fact, m.facts)
            if row_of(*fact, m.facts) in ("never", "speck") and not any(under(of(f), fact[0]) for f in firm(m.facts)):
                yield row_of(*fact, m.facts)
    for about in matched(m):
        yield row_of(*about, m.facts)


def forbidden(m: Made) -> tuple[set[str], set[str]]:
    """What the page may not say without a tap, and what not even behind "More"."""
    every = {"start", "clock", "fraction"}
    here, more = set(every), set(every)
    for row in rows(m):
        seen, tapped = ALLOWED.get(row, (set(), set()))
        here, more = here & seen, more & tapped
    return every - here, every - more


def said(text: str, kinds: set[str]) -> str:
    return "; ".join(hit.group() for kind in sorted(kinds) if (hit := SAID[kind].search(text)))


# -- B1 --------------------------------------------------------------------------------------------

MESSAGE = "---\nid: M-NEW\nversion: 1\nstatus: draft\nevidence: [PACK-DRAFT]\nreview_by: 2027-05-01\n---\nDrink some water.\n\n"
NEW = "messages/en/M-NEW.md"
PHRASES = [
    "Start with a small part.", "Take a small bite and see.", "Try one small puff.", "Take a quarter.", "Take half of it.",
    "Your first dose sets the pace.", "Wait 30 minutes.", "Wait two hours.", "Wait an hour before any more.",
    "Wait for 90 minutes and see.", "Rest before any more.", "Start low.", "Only take half.",
]  # fmt: skip


def untagged(text: str) -> list[tuple[str, int]]:
    """Words that the check refuses in a message of its own, each with the line where it says so."""
    found = quick_check(load_pack({**pack_files(), NEW: MESSAGE + text}))
    refused = [p for p in found if p.kind == "untagged" and p.file == NEW and p.level == "error"]
    return [(re.findall("“([^”]*)”", p.text)[0], p.line) for p in refused]


def test_b1_every_phrase_that_gives_a_start_a_clock_or_a_fraction_needs_a_tag() -> None:
    card, more, spoken = PHRASES[::3], PHRASES[1::3], PHRASES[2::3]
    text = (
        "\n\n".join(card)
        + "\n\n%% more\n\n"
        + "".join(f"- {p}\n" for p in more)
        + "\n%% spoken\n"
        + "\n\n".join(spoken)
    )
    lines = (MESSAGE + text).split("\n")
    wanted = {(p, next(i for i, line in enumerate(lines, 1) if line.removeprefix("- ") == p)) for p in PHRASES}
    found = set(untagged(text + "\n"))
    assert found == wanted, found ^ wanted


def test_b1_a_tag_mends_it_and_only_the_one_that_the_words_ask_for() -> None:
    text = "[start_low: Start with a small part.]\n\nStay with them for 2 hours.\n\n[clock: Try a small bite.]\n"
    assert untagged(text) == [("Try a small bite.", MESSAGE.count("\n") + 5)]


# -- B2 to B5 --------------------------------------------------------------------------------------


def test_b2_the_strictest_row_governs_the_whole_page_in_every_language() -> None:
    def oracle(m: Made) -> str | None:
        here, more = forbidden(m)
        if not more:
            return None
        broken = [
            said(visible(m.page), here),
            said(behind(m.page), more),
            said(" ".join(x.spoken for _, x in parts(m.page)), here),
        ]
        html = said(re.sub(r"<[^>]+>", "", " ".join(x.html for n, x in parts(m.page) if n != "more")), here)
        wrong = "; ".join(b for b in (*broken, html) if b)
        return f"{wrong} with {sorted(rows(m))}" if wrong else ""

    held(oracle, least=1500)


def test_b2_pages_that_no_row_forbids_do_say_how_to_take_it() -> None:
    kinds = {kind: sum(bool(pattern.search(whole(m.page))) for m in pages()) for kind, pattern in SAID.items()}
    assert all(n >= max(1, len(pages()) // 400) for n in kinds.values()), kinds


@pytest.mark.parametrize(
    "more",
    [
        {"findings": (FindingFact(substance="protonitazene", confidence=Confidence.TENTATIVE, methods=("reagent",)),)},
        {"findings": (FindingFact(substance="lsd", confidence=Confidence.TENTATIVE, look_alikes=("25i-nbome",)),)},
        {"strips": ({"target": "opioid.nitazene", "reading": "positive"},)},
        {"strips": ({"target": "opioid.nitazene", "reading": "faint"},)},
        {"alerts": ({"id": "A-2", "substances": ("pmma",), "forms": ("tablet", "powder")},)},
        {"scope": ({"method": "LC_MS", "status": "pending", "classes": ("*",)},)},
        {"findings": ({"confidence": "indicated", "methods": ("GC_MS",)},)},
    ],
    ids=["weak finding", "look-alike", "strip", "faint strip", "warning", "pending", "no name"],
)
def test_b2_whatever_is_on_the_page_takes_dosing_text_away(more: dict[str, object]) -> None:
    """The page that may say most, a confirmed and measured pill, with one thing more on it."""
    given = Facts.model_validate(
        {
            "expected": ("mdma",),
            "form": "tablet",
            "findings": (
                {"substance": "mdma", "confidence": "confirmed", "methods": ("GC_MS", "FTIR"),
                 "amount": {"value": 110, "low": 105, "high": 115, "unit": "mg_per_unit", "basis": "hydrochloride"}},
            ),
            "scope": ({"method": "GC_MS", "classes": ("*",), "lod": 0.1},),
        }
    )  # fmt: skip
    together = {key: (*getattr(given, key), *value) for key, value in more.items()}  # type: ignore[misc]
    context = pages()[0].context.model_copy(update={"also_taking": ()})
    plain = evaluate(PACK, given, context, "en", NOW)
    assert said(visible(plain), {"start"})
    assert said(visible(plain), {"clock"})
    assert said(visible(plain), {"fraction"})
    with_it = evaluate(PACK, Facts.model_validate({**given.model_dump(), **together}), context, "en", NOW)
    assert said(whole(with_it), {"start", "clock", "fraction"}) == ""


def test_b2_advice_that_was_taken_back_takes_dosing_text_away() -> None:
    saying = [m for m in pages() if said(whole(m.page), {"start", "clock", "fraction"}) and m.page.cards[0].rule_id]
    assert saying
    for m in saying[:10]:
        gone = m.page.cards[0].rule_id
        rules = tuple(r.model_copy(update={"status": "withdrawn"}) if r.id == gone else r for r in m.pack.rules)
        assert said(whole(m.again(pack=replace(m.pack, rules=rules))), {"start", "clock", "fraction"}) == "", m


def test_b4_no_page_that_advises_against_it_says_how_to_begin() -> None:
    def oracle(m: Made) -> str | None:
        every = {"start", "clock", "fraction"}
        if any(c.severity == "S0" and c.slot != "strength" for c in m.page.body):
            return said(whole(m.page), every)
        if any(c.severity == "S1" and c.slot in ("danger", "difference", "mixing") for c in m.page.body):
            return said(visible(m.page), every)
        return None

    held(oracle, least=500)


# -- H3 --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("found", "kept"), [("mdma", True), ("protonitazene", False)])
def test_h3_what_staff_add_or_pin_passes_through_the_veto(found: str, kept: bool) -> None:
    text = PACK.messages[("M-SN-LAB", "en")].model_copy(
        update={"id": "M-NEW", "short": "Keep cool. [start_low: Start with a small part.]", "more": ""}
    )
    urgent = {"kind": "urgent", "severity": "S3", "slot": "danger"}
    snippets = tuple(
        SnippetRow(id=name, message="M-NEW", status="draft", **{**SIGN, **more})
        for name, more in (("SN-NEW", {"slot": "safer_use"}), ("SN-URGENT", urgent))
    )
    pack = replace(PACK, messages={**PACK.messages, ("M-NEW", "en"): text}, snippets=snippets)
    facts = Facts.model_validate(
        {"expected": (found,), "form": "powder", "findings": ({"substance": found, "confidence": "confirmed"},)}
    )
    pinned = tuple(rule.id for rule in PACK.rules)
    for added in (Adjustments(pinned=pinned, snippets=("SN-NEW",)), Adjustments(pinned=pinned, urgent=("SN-URGENT",))):
        page = evaluate(pack, facts, pages()[0].context, "en", NOW, added)
        assert "Keep cool" in visible(page)
        assert bool(said(visible(page), {"start"})) is kept

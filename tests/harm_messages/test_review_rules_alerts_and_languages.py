"""Rules F1 to F4, G3, G4 and I1 to I3 over generated facts: what staff are asked, mixing, and one language a card."""

from __future__ import annotations

import re
from typing import Any

import pytest

from harm_messages import Facts, GateClosed, Page, evaluate
from harm_messages.answer import closed
from harm_messages.types import Confidence, LicenceMode
from tests.harm_messages.generated_pages import (
    NOW,
    PACK,
    REGISTER,
    Made,
    class_of,
    held,
    made,
    of,
    parts,
    present,
    some,
    whole,
)

PERSON = made(0).context.model_copy(update={"also_taking": ()})


def page(found: list[dict[str, Any]], expected: tuple[str, ...] = ("mdma",), **more: Any) -> Page:
    facts = Facts.model_validate({"findings": tuple(found), "expected": expected, "form": "powder", **more})
    return evaluate(PACK, facts, PERSON, "en", NOW)


def finding(substance: str, sure: str) -> dict[str, Any]:
    methods = {"confirmed": ("GC_MS", "FTIR"), "indicated": ("GC_MS",), "tentative": ("reagent",)}[sure]
    return {"substance": substance, "confidence": sure, "methods": methods}


# -- F ---------------------------------------------------------------------------------------------

# group → (strip or tentative, indicated, confirmed, + harm): the tiers proposed, and those held in brackets
STRONG = ("T1 [T2]", "T1 T2", "T1 T2", "T1 T2 [T3]")
DEADLY = ("T1", "T1 [T2]", "T1 T2", "T1 T2 [T3]")
GROUPS: list[tuple[str, str, tuple[str, ...]]] = [
    ("protonitazene", "heroin", STRONG), ("fentanyl", "heroin", STRONG), ("medetomidine", "heroin", STRONG),
    ("u-47700", "heroin", STRONG), ("pmma", "mdma", DEADLY), ("25i-nbome", "lsd", DEADLY), ("2-4-dinitrophenol", "mdma", DEADLY),
    ("btmps", "heroin", DEADLY), ("mdmb-4en-pinaca", "mdma", DEADLY), ("eutylone", "mdma", ("", "", "T1", "T1 T2")),
    ("bromazolam", "mdma", ("", "", "T1", "T1 T2")), ("dom", "lsd", ("", "", "T1", "T1 T2")), ("gbl", "ghb", ("", "", "T1", "T1 T2")),
]  # fmt: skip


def tiers(p: Page) -> str:
    return " ".join(f"[{a.tier}]" if a.held else a.tier for a in sorted(p.alert_proposals, key=lambda a: a.tier))


@pytest.mark.parametrize(("substance", "expected", "wanted"), GROUPS, ids=[g[0] for g in GROUPS])
def test_f1_tiers_go_by_group_and_evidence(substance: str, expected: str, wanted: tuple[str, ...]) -> None:
    if substance not in REGISTER:
        pytest.fail(f"{substance} is not in the register")
    each = [tiers(page([finding(substance, sure)], (expected,))) for sure in ("tentative", "indicated", "confirmed")]
    each.append(tiers(page([finding(substance, "confirmed")], (expected,), harm_reported=True)))
    each.append(tiers(page([finding(substance, "confirmed")], (expected,), second_sample=True)))
    each = [" ".join(dict.fromkeys(one.split())) for one in each]  # two groups may ask for the same
    assert each == [*wanted, wanted[-1]]


def test_f1_the_first_tier_is_proposed_with_every_second_and_says_how_sure_it_is() -> None:
    def oracle(m: Made) -> str | None:
        actions = m.page.staff_actions
        asked = m.page.alert_proposals
        if not asked:
            return None
        if any(a.endswith(":T2") for a in actions) and "propose_alert:T1" not in actions:
            return f"{actions}"
        if any(not a.evidence or not a.about or not (a.lacking or "was found" in a.evidence) for a in asked):
            return f"{asked}"
        want = {f"{'hold' if a.held else 'propose'}_alert:{a.tier}" for a in asked}
        return "" if want == {a for a in actions if "_alert:" in a} else f"{want} against {actions}"

    held(oracle, least=300)


REGISTER_NAMES = {row.in_sentence.casefold() for row in REGISTER}
FIRMLY = re.compile(r"\b(?:was found|were found|we found|confirmed)\b", re.I)


def test_f2_no_tier_says_confirmed_or_found_below_confirmed() -> None:
    def oracle(m: Made) -> str | None:
        quick = {"strip", "reagent", "visual"}
        sure = [
            f
            for f in present(m.facts)
            if f.confidence is Confidence.CONFIRMED and not (f.methods and set(f.methods) <= quick)
        ]
        found = {REGISTER[f.substance].in_sentence.casefold() for f in sure if f.substance}
        found |= {
            REGISTER.label(f.drug_class).casefold()
            for f in sure
            if f.drug_class in REGISTER.classes and not f.substance
        }
        if not m.page.alert_proposals:
            return None
        wrong = []
        for a in m.page.alert_proposals:
            firmly = " ".join(
                s for s in re.split(r"(?<=[.]) ", a.evidence) if FIRMLY.search(s) and s != "Not confirmed."
            )
            heard, about = firmly.casefold(), [name.casefold() for name in a.about]
            wrong += [
                firmly
                for name in about
                if re.search(rf"(?<![\w-]){re.escape(name)}", heard) and name not in found and name in REGISTER_NAMES
            ]
            wrong += [a.evidence for name in about if name not in heard and "Not confirmed" not in a.evidence]
        return "; ".join(wrong)

    held(oracle, least=100)


@pytest.mark.parametrize("mode", [LicenceMode.BOH_NO_INDIVIDUAL_RESULTS, LicenceMode.FOH_DEPENDENT_ADULT])
def test_f3_behind_a_closed_gate_staff_are_asked_the_same_and_no_client_text_leaves(mode: LicenceMode) -> None:
    def oracle(m: Made) -> str | None:
        open_, shut = m.page.loggable(), m.context.model_copy(update={"licence_mode": mode})
        with pytest.raises(GateClosed) as gate:
            evaluate(m.pack, m.facts, shut, m.locale, NOW)
        if [a.action for a in gate.value.staff] != list(
            open_.staff_actions
        ) or gate.value.alert_proposals != open_.alert_proposals:
            return f"{[a.action for a in gate.value.staff]} against {open_.staff_actions}"
        answer = closed(gate.value)
        words = str(answer)
        # a headline and an alert say what a test did in the same words
        leaked = [x.text for n, x in parts(m.page) if n != "headline" and len(x.text) > 25 and x.text in words]
        if leaked or answer["messages"] or answer["logged"] is not None:
            return f"{leaked}"
        return "" if open_.staff_actions else None

    held(oracle, over=some(10), least=100)


def test_f4_a_warning_that_matches_names_its_drug_at_its_severity_with_its_help() -> None:
    def oracle(m: Made) -> str | None:
        named = [a for a in m.facts.alerts if a.substances and (a.forms or a.logos or a.colours)]
        here = {f.substance for f in present(m.facts)}
        if not named or m.locale != "en" or set(named[0].substances) & here:
            return None
        alert = named[0]
        fits = [m.facts.form in alert.forms if alert.forms else None, m.facts.logo in alert.logos if alert.logos else None,
                bool(set(m.facts.colours) & set(alert.colours)) if alert.colours else None]  # fmt: skip
        if not all(f for f in fits if f is not None):
            return None
        one = alert.substances[0]
        if (
            not REGISTER[one].psychoactive
            or REGISTER[one].cutting
            or any(class_of(one) == of(f) for f in present(m.facts))
        ):
            return None
        if REGISTER[one].in_sentence.casefold() not in whole(m.page).casefold():
            return f"{one} is not named"
        confirmed = Facts.model_validate({"form": m.facts.form, "findings": (finding(one, "confirmed"),)})
        known = m.again(confirmed)
        dangers = [c.severity.rank for c in known.loggable().body if c.slot == "danger"]
        if dangers and m.page.top_severity.rank > min(dangers):
            return f"{one}: {m.page.top_severity} against {min(dangers)}"
        lines = {p.id for line in m.page.emergency for p in line.parts}
        grave = bool(dangers) and min(dangers) <= 1
        missing = {p.id for line in known.loggable().emergency for p in line.parts if "SIGNS" not in p.id} - lines
        return f"{one}: no {missing}" if grave and missing else ""

    held(oracle, least=8)


# -- G ---------------------------------------------------------------------------------------------


def test_g3_samples_of_one_visit_are_held_against_each_other_without_a_self_report() -> None:
    alone = page([finding("heroin", "confirmed")], ("heroin",))
    both = page([finding("heroin", "confirmed")], ("heroin",), same_visit=("diazepam",))
    said = {i for c in both.cards for i in (c.id, *(j for j, _ in c.joined))}
    assert "M-PAIR-DOWNERS" in said
    assert "M-PAIR-DOWNERS" not in {i for c in alone.body for i in (c.id, *(j for j, _ in c.joined))}
    assert all(c.origin == "result" for c in both.cards)
    assert "M-PAIR-DOWNERS" in {i for i, _ in both.display_log}


@pytest.mark.parametrize("opioid", ["heroin", "oxycodone", "protonitazene", "fentanyl"])
def test_g4_an_opioid_card_names_benzos_and_alcohol_itself(opioid: str) -> None:
    text = " ".join(c.text for c in page([finding(opioid, "confirmed")], (opioid,)).cards).casefold()
    assert "alcohol" in text
    assert "benzo" in text


# -- I ---------------------------------------------------------------------------------------------


def test_i2_a_text_that_is_missing_or_stale_is_english_marked_and_with_ask_us() -> None:
    fixed = PACK.manifest.fixed
    kinds = ("emergency", "limits", "notice")

    def oracle(m: Made) -> str | None:
        if m.locale != "cy":
            return None
        grave = [
            x.id for n, x in parts(m.page)
            if x.locale != "cy" and x.id not in (fixed["ask_us"], fixed["awaiting"])
            and (x.severity in ("S0", "S1", "S2") or n in kinds or x.id == "M-DOSE-UNKNOWN")
        ]  # fmt: skip
        unmarked = [x.id for _, x in parts(m.page) if (x.locale != "cy") is not x.fallback]
        if unmarked:
            return f"not marked: {unmarked}"
        asked = fixed["ask_us"] in {x.id for x in m.page.notices}
        return "" if asked or not grave else f"no “ask us” with {grave}"

    held(oracle, least=300)


# a line under safer use that another sentence of the same page has said already in one of the languages

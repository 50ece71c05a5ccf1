"""Rules F1 to F4, G3, G4 and I1 to I3 over generated facts: what staff are asked, mixing, and one language a card."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import Any

import pytest

from harm_messages import Facts, GateClosed, Page, evaluate, load_pack, pack_files, quick_check
from harm_messages.answer import closed
from harm_messages.types import Confidence, LicenceMode
from tests.harm_messages.generated_pages import (
    NOW,
    PACK,
    REGISTER,
    Made,
    class_of,
    firm,
    held,
    ids,
    made,
    of,
    parts,
    present,
    some,
    under,
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


def test_f1_whoever_leads_hears_of_a_strip_that_reacted_to_a_strong_downer() -> None:
    deadly = ("opioid.nitazene", "opioid.fentanyl", "sedative.alpha2")

    def oracle(m: Made) -> str | None:
        hit = [s.target for s in m.facts.strips if s.reading == "positive" and s.target in deadly]
        return None if not hit else "" if "tell_lead_now" in m.page.staff_actions else f"{hit}: {m.page.staff_actions}"

    held(oracle, least=60)


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


def test_g3_a_dangerous_pair_with_what_the_person_takes_stands_above_more() -> None:
    pairs = {p.id: p for p in PACK.pairs}

    def oracle(m: Made) -> str | None:
        told = [c for c in m.page.body if c.origin == "self_reported" and c.slot == "mixing"]
        if not m.context.also_taking:
            return None
        grave = {p for p in _met(m, m.context.also_taking[0]) if pairs[p].severity in ("S0", "S1", "S2")}
        if grave and not any(c.origin == "self_reported" and c.severity in ("S0", "S1", "S2") for c in m.page.cards):
            merged = [c for c in m.page.cards if c.severity in ("S0", "S1")]
            return "" if merged else f"{grave}: {[(c.severity, c.id) for c in m.page.cards]}"
        return "; ".join(c.id for c in told if c in m.page.more and c.severity in ("S0", "S1", "S2"))

    held(oracle, least=150)


def _met(m: Made, taken: str) -> set[str]:
    """Pairs of a firm finding with what the person says they also take."""
    met = set()
    for p in PACK.pairs:
        for here, other in ((p.a, p.b), (p.b, p.a)):
            group, far = PACK.groups[here], PACK.groups[other]
            sure = [f for f in firm(m.facts) if f.substance and f.substance not in group.excludes]
            found = any(f.substance in group.substances or under(of(f), *group.classes) for f in sure)
            if found and taken in far.co_use:
                met.add(p.id)
    return met


def test_g3_samples_of_one_visit_are_held_against_each_other_without_a_self_report() -> None:
    alone = page([finding("heroin", "confirmed")], ("heroin",))
    both = page([finding("heroin", "confirmed")], ("heroin",), same_visit=("diazepam",))
    said = {i for c in both.cards for i in (c.id, *(j for j, _ in c.joined))}
    assert "M-PAIR-DOWNERS" in said
    assert "M-PAIR-DOWNERS" not in {i for c in alone.body for i in (c.id, *(j for j, _ in c.joined))}
    assert all(c.origin == "result" for c in both.cards)
    assert "M-PAIR-DOWNERS" in {i for i, _ in both.display_log}


MIXES: list[tuple[tuple[str, ...], list[str]]] = [
    (("pma", "pmma", "mdma", "tramadol", "dextromethorphan"), ["antidepressant"]),
    (("heroin", "morphine", "oxycodone", "methadone", "protonitazene", "fentanyl"), ["alcohol", "benzo"]),
]


def test_g4_medicines_that_kill_with_it_stand_on_the_card_and_not_only_behind_more() -> None:
    def oracle(m: Made) -> str | None:
        if m.locale != "en":
            return None
        found = {f.substance for f in firm(m.facts)}
        wanted = [w for names, words in MIXES for w in words if found & set(names)]
        if not wanted:
            return None
        text = " ".join(c.text for c in m.page.cards).casefold()
        return ", ".join(w for w in wanted if w not in text)

    held(oracle, least=100)


@pytest.mark.parametrize("opioid", ["heroin", "oxycodone", "protonitazene", "fentanyl"])
def test_g4_an_opioid_card_names_benzos_and_alcohol_itself(opioid: str) -> None:
    text = " ".join(c.text for c in page([finding(opioid, "confirmed")], (opioid,)).cards).casefold()
    assert "alcohol" in text
    assert "benzo" in text


# -- I ---------------------------------------------------------------------------------------------


def digest(pack: Any, message: str) -> str:
    """The rule's digest, worked out here: title, card, more and spoken text, white space folded."""
    text = pack.messages[(message, "en")]
    folded = [" ".join(t.split()) for t in (text.title, text.short, text.more, text.spoken)]
    return hashlib.sha256("\n".join(folded).encode()).hexdigest()


def again(text: Any, **more: Any) -> Any:
    """The text with something changed, read anew."""
    return type(text).model_validate({**text.model_dump(), **more})


WELSH = sorted(m for m, locale in PACK.messages if locale == "cy")


def with_welsh(message: str, **more: Any) -> Any:
    """The pack with this message translated from today's English text, or from what is asked."""
    given = {"locale": "cy", "made_from": digest(PACK, message), **more}
    text = PACK.messages[(message, "en")].model_copy(update=given)
    return replace(PACK, messages={**PACK.messages, (message, "cy"): text})


@pytest.mark.parametrize("message", WELSH[::7])
def test_i1_another_english_text_makes_its_translation_stale_whatever_the_version(message: str) -> None:
    assert with_welsh(message).message(message, "cy").locale == "cy"
    english = PACK.messages[(message, "en")]
    for part in ("short", "title", "more", "spoken"):
        pack = with_welsh(message)
        pack.messages[(message, "en")] = again(english, **{part: f"{getattr(english, part)} New."})
        assert pack.message(message, "cy").locale == "en", part
    pack = with_welsh(message)
    pack.messages[(message, "en")] = again(english, short=english.short.replace(" ", "\n", 1), version=99)
    assert pack.message(message, "cy").locale == "cy", "white space alone makes nothing stale"


def test_i1_the_check_refuses_a_changed_english_text_without_a_new_version() -> None:
    file = "messages/en/M-NEXT-NALOXONE.md"
    files = pack_files()
    changed = {**files, file: files[file].replace("Ask us for naloxone", "Come and ask us for naloxone")}
    found = [p for p in quick_check(load_pack(changed)) if p.kind == "version"]
    assert [(p.file, bool(p.line)) for p in found] == [(file, True)]


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


@pytest.mark.parametrize("message", ["M-LIMITS-CORE", "M-EM-CALL", "M-DOSE-UNKNOWN", "M-UNKNOWN-ACTIVE"])
def test_i2_one_missing_text_is_enough_to_send_people_to_us(message: str) -> None:
    given = Facts.model_validate({"findings": ({"confidence": "indicated", "methods": ("GC_MS",)},), "form": "crystal"})
    whole_welsh = {
        (m, "cy"): PACK.messages[(m, "en")].model_copy(update={"locale": "cy", "made_from": digest(PACK, m)})
        for m, locale in PACK.messages
        if locale == "en"
    }
    pack = replace(PACK, messages={**PACK.messages, **whole_welsh})
    ask = PACK.manifest.fixed["ask_us"]
    assert ask not in {x.id for x in evaluate(pack, given, PERSON, "cy", NOW).notices}
    del pack.messages[(message, "cy")]
    lacking = evaluate(pack, given, PERSON, "cy", NOW)
    assert message in ids(lacking)
    assert ask in {x.id for x in lacking.notices}


def test_i2_one_card_is_in_one_language_and_no_placeholder_is_left() -> None:
    english = {
        PACK.messages[(m, "en")].short.split(".")[0].split("{")[0] for m, locale in PACK.messages if locale == "en"
    }
    openings = {e for e in english if len(e.split()) > 3}

    def oracle(m: Made) -> str | None:
        if m.locale != "cy":
            return None
        if "{" in whole(m.page):
            return "a placeholder is left"
        mixed = [
            c.id for c in m.page.body if c.locale == "cy" and any(e in c.text or e in c.more_text for e in openings)
        ]
        alien = [c.id for c in m.page.body if c.locale == "en" and c.joined and _welsh(c.text)]
        return ", ".join((*mixed, *alien))

    held(oracle, least=300)


def _welsh(text: str) -> bool:
    return bool(re.search(r"\b(?:ac|gall|mae|peidiwch|eich|chi|gyda'i gilydd)\b", text, re.I))


def test_i3_another_language_is_the_same_page() -> None:
    def oracle(m: Made) -> str:
        one, two = m.page, m.again(locale="en" if m.locale == "cy" else "cy")
        names = [[(x.rule_id, x.severity.value, x.origin) for x in p.body if x.severity.rank <= 2] for p in (one, two)]
        order = [
            sorted({x.id for n, x in parts(p) if n not in ("notice", "difference", "card", "more")}) for p in (one, two)
        ]
        if names[0] != names[1]:
            return f"{names[0]} against {names[1]}"
        if len(one.loggable().body) != len(two.loggable().body) or {x.rule_id for x in one.body} != {
            x.rule_id for x in two.body
        }:
            return "another set of cards"
        help_ = [[p.id for line in p_.emergency for p in line.parts] for p_ in (one, two)]
        # the line on the difference stands on both, or a title of a card has said it in one of the languages
        unlike = [p_.difference.id if p_.difference else "" for p_ in (one, two)]
        same = help_[0] == help_[1] and [x.id for x in one.limits] == [x.id for x in two.limits]
        same = same and unlike[0] == unlike[1]
        return (
            ""
            if same and set(order[0]) ^ set(order[1]) <= ECHOES and one.staff == two.staff
            else f"{set(order[0]) ^ set(order[1])}"
        )

    held(oracle, over=some(8), least=200)


# a line under safer use that another sentence of the same page has said already in one of the languages
ECHOES = {m for m in (row.say for row in PACK.dosing.rows) if m} | {
    m for m, _ in PACK.messages if m.startswith("M-USE-")
}

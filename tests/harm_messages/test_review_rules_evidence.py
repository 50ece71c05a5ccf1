"""Rules C1 to C7 over generated facts: what a state of a test allows, and what no state allows.

The oracles work from the facts: which method could see what, by the rule of a fifth of a usual amount, or by comparing
pages made from the same facts but for one state.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from harm_messages import Facts, FindingFact, Page, ScopeFact, StripFact, evaluate
from harm_messages.types import Confidence, RunStatus, StripReading
from tests.harm_messages.generated_pages import (
    DOSED,
    NOW,
    REGISTER,
    Made,
    firm,
    held,
    of,
    pages,
    parts,
    present,
    some,
    visible,
    whole,
)
from tests.harm_messages.scope_oracle import looked, scopes

REASONS = {"M-HL-FAILED", "M-HL-INSUFFICIENT", "M-HL-NOT-RUN", "M-HL-PENDING", "M-HL-INCONCLUSIVE", "M-HL-NOT-TESTED",
           "M-LIMITS-STRIP-INVALID", "M-LIMITS-PENDING", "M-LIMITS-FAILED", "M-LIMITS-GAP"}  # fmt: skip
# what a longer reason can send behind "More", or into one sentence with what is not tested
MOVED = {"M-LIMITS-METHODS", "M-LIMITS-QUICK", "M-LIMITS-OUT-OF-SCOPE"}
NOT_DONE = (RunStatus.INSUFFICIENT_SAMPLE, RunStatus.INSTRUMENT_FAULT, RunStatus.CONTAMINATED, RunStatus.REPEAT,
            RunStatus.NOT_RUN, RunStatus.PENDING)  # fmt: skip


# -- C1 and C2 -------------------------------------------------------------------------------------


def skeleton(page: Page, *, dosing: bool) -> list[Any]:
    """The page without its reasons: cards, help, next steps, limits, and what may be said about taking it."""
    rows = [(n, m.id, m.severity.value) for n, m in parts(page) if m.id not in REASONS | MOVED]
    # a longer reason can move a mild card, or a paragraph of the first one, behind "More"
    body = sorted(r[1:] for r in rows if r[0] in ("card", "more"))
    if not dosing:
        return [body, [r for r in rows if r[0] == "emergency"]]
    grave = [r for r in rows if r[2] in ("S0", "S1", "S2") or r[0] not in ("card", "more")]
    told = [m for n, m in parts(page) if n == "safer_use" or (n == "card" and m.severity in ("S0", "S1", "S2"))]
    texts = sorted(s for m in told for s in re.split(r"\n|(?<=[.?!]) ", f"{m.text}\n{m.more_text}") if s)
    return [body, grave, page.verdict.value, texts]


def variants(m: Made, target: str | None) -> dict[str, Page]:
    """The page with one more test that gave nothing: a strip for this target, or a machine that sees everything."""
    strips = tuple(s for s in m.facts.strips if s.target != target)
    scope = tuple(s for s in m.facts.scope if s.method != "strip")
    how: dict[str, Any] = (
        {"method": "strip", "classes": (target,)} if target else {"method": "LC_MS", "classes": ("*",), "lod": 0.01}
    )
    made = {
        status.value: m.facts.model_copy(update={"strips": strips, "scope": (*scope, ScopeFact(**how, status=status))})
        for status in NOT_DONE
    }
    if target:
        more = StripFact(target=target, reading=StripReading.INVALID)
        plan = ScopeFact(method="strip", classes=(target,), status=RunStatus.OK)
        made["invalid"] = m.facts.model_copy(update={"strips": (*strips, more), "scope": (*scope, plan)})
    else:
        made["qc failed"] = m.facts.model_copy(update={"scope": (*scope, ScopeFact(**how, qc_passed=False))})
    return {name: m.again(facts) for name, facts in made.items()}


@pytest.mark.parametrize(
    "target", ["opioid.nitazene", "benzodiazepine", None], ids=["nitazene strip", "benzo strip", "machine"]
)
def test_c1_five_states_without_a_reading_give_the_same_page_but_for_the_reason(target: str | None) -> None:
    def oracle(m: Made) -> str:
        each = variants(m, target)
        first = each["not_run"]
        for name, page in each.items():
            firmly = name != "pending"  # what still runs may yet change the verdict
            if skeleton(page, dosing=firmly) != skeleton(first, dosing=firmly):
                a, b = skeleton(page, dosing=firmly), skeleton(first, dosing=firmly)
                return f"{name}: " + "; ".join(f"{x} against {y}" for x, y in zip(a, b, strict=True) if x != y)
        return ""

    held(oracle, over=some(40), least=50)


def test_c2_without_a_method_that_looked_there_is_no_limit_on_the_page() -> None:
    def oracle(m: Made) -> str | None:
        if any(run.lod is not None for run in looked(m.facts)):
            return None
        text = whole(m.page)
        number = re.search(r"[\d.,]+ ?%|more than about|Less than ", text)
        if number:
            return number.group()
        tested = (
            present(m.facts) or m.facts.strips or any(s.status is RunStatus.OK and s.qc_passed for s in m.facts.scope)
        )
        said = any("did not test" in x.text or "not test" in x.text for _, x in parts(m.page))
        return "" if tested or said or m.locale != "en" else "nothing says that it was not tested"

    held(oracle, least=400)


def test_c2_every_limit_printed_is_one_of_a_method_that_looked() -> None:
    def oracle(m: Made) -> str | None:
        printed = [float(x) for x in re.findall(r"([\d.]+) %", whole(m.page))]
        if not printed or m.page.labels_locale != "en":
            return None
        known = {x for run in looked(m.facts) for x in (run.lod, *dict(run.printed or ()).values()) if x is not None}
        known |= {f.lod for f in m.facts.findings if f.lod is not None}
        return ", ".join(str(x) for x in printed if x not in known)

    held(oracle, least=200)


# -- C3 --------------------------------------------------------------------------------------------


def test_c3_a_technique_is_named_only_where_it_was_used() -> None:
    def oracle(m: Made) -> str:
        if m.locale != "en":
            return ""
        facts, text = m.facts, visible(m.page)
        used = {s.method for s in facts.scope} | {x for f in facts.findings for x in f.methods}
        used |= {"strip"} if facts.strips else set()
        names = {
            "strip": r"\bstrips?\b",
            "reagent": "colour test",
            "FTIR": "FTIR|infrared",
            "GC_MS": "GC-MS",
            "LC_MS": "LC-MS",
        }
        return "; ".join(name for name, words in names.items() if name not in used and re.search(words, text))

    held(oracle, least=2000)


def test_c3_what_only_a_strip_or_a_colour_test_showed_is_told_as_that() -> None:
    def oracle(m: Made) -> str | None:
        if firm(m.facts) or m.locale != "en":
            return None
        strips = [s for s in m.facts.strips if s.reading is StripReading.POSITIVE and s.target in REGISTER.classes]
        colour = [f for f in present(m.facts) if f.methods == ("reagent",) and f.confidence is Confidence.CLASS_ONLY]
        by_others = {f.substance for f in present(m.facts) if f.substance and set(f.methods) - {"reagent"}}
        colour = [f for f in colour if f.substance not in by_others]
        if not strips and not colour:
            return None
        if re.search(r"We (also )?found|It (also )?looks like|not what you expected", m.page.headline):
            return m.page.headline
        told = [("strip", strips), ("colour test", [f for f in colour if not f.unidentified and of(f) != "other"])]
        shown = [
            word for word, each in told if each and word not in m.page.headline.casefold() and _worth_a_word(each, m)
        ]
        return f"{shown}: {m.page.headline}" if shown else ""

    held(oracle, least=40)


def _worth_a_word(each: list[Any], m: Made) -> bool:
    """A cut or by-product stays out of the headline."""
    return not any(isinstance(f, FindingFact) and (f.substance is None or not REGISTER[f.substance].psychoactive
                   or REGISTER[f.substance].cutting) for f in each)  # fmt: skip


# -- C4 to C7 --------------------------------------------------------------------------------------


def test_c4_did_not_find_needs_a_method_that_sees_a_fifth_of_a_usual_amount() -> None:
    def oracle(m: Made) -> str | None:
        said = [x.text for x in m.page.headline_parts if x.id == "M-HL-NOT-FOUND"]
        if not said:
            return None
        each = [one for one in m.facts.expected if one in REGISTER]
        blind = [one for one in each if not scopes(m, one) and REGISTER.label(one) in said[0]]
        classes = [one for one in m.facts.expected if one in REGISTER.classes and one not in REGISTER]
        named = [one for one in classes if REGISTER.label(one) in said[0]]
        blind += [s.id for one in named for s in REGISTER.members(one) if s.psychoactive and not scopes(m, s.id)]
        told = each or classes or m.facts.expected[0] in REGISTER.intents
        return f"{said[0]} of {blind}" if blind or not told else ""

    held(oracle, least=5)


@pytest.mark.parametrize("expected", [("mdma",), ("cocaine",), ()], ids=["expected", "adulterant", "unstated"])
def test_c6_the_role_of_what_fools_a_strip_does_not_matter(expected: tuple[str, ...]) -> None:
    given = {
        "expected": expected, "form": "powder", "strips": ({"target": "opioid.fentanyl", "reading": "positive"},),
        "findings": ({"substance": "mdma", "confidence": "confirmed", "methods": ("GC_MS", "FTIR")},),
    }  # fmt: skip
    page = evaluate(DOSED, Facts.model_validate(given), pages()[0].context, "en", NOW)
    assert "This strip can be fooled by MDMA" in visible(page)
    assert "A strip reacted" in visible(page)
    alone = evaluate(DOSED, Facts.model_validate({**given, "findings": ()}), pages()[0].context, "en", NOW)
    assert "fooled" not in visible(alone)
    assert page.top_severity == alone.top_severity == "S0"


def test_c7_nothing_found_needs_every_planned_method_and_one_that_could_see_what_was_expected() -> None:
    def oracle(m: Made) -> str | None:
        if m.page.outcome != "nothing_found":
            return None
        facts = m.facts
        done = all(s.status is RunStatus.OK and s.qc_passed for s in facts.scope) and facts.scope
        read = all(s.reading is not StripReading.INVALID for s in facts.strips)
        named = [one for one in facts.expected if one in REGISTER]
        blind = named and not any(scopes(m, one) for one in named)
        return "" if done and read and not present(facts) and not blind else f"{bool(done)} {read} {blind}"

    held(oracle, least=3)

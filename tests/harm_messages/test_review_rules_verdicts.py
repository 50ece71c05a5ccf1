"""Rules C8 and C9 over generated facts: what no verdict rests on, and what an untested sample carries all the same."""

from __future__ import annotations

import pytest

from harm_messages import Facts, FindingFact, evaluate
from harm_messages.types import Confidence, RunStatus, StripReading
from tests.harm_messages.generated_pages import NOW, PACK, REGISTER, Made, firm, held, ids, pages, present, visible
from tests.harm_messages.scope_oracle import MACHINES, looked, sees


def test_c8_no_verdict_rests_on_a_strip_a_colour_test_or_while_the_answer_is_pending() -> None:
    quick = {"strip", "reagent", "visual"}

    def oracle(m: Made) -> str | None:
        if m.page.verdict not in ("not_as_expected", "expected_plus_active"):
            return None
        carrying = [
            f
            for f in firm(m.facts)
            if f.substance not in m.facts.expected and not (f.methods and set(f.methods) <= quick)
        ]
        if not carrying:
            return f"{m.page.verdict} by {[f.methods for f in present(m.facts)]}"
        waiting = [s for s in m.facts.scope if s.status is RunStatus.PENDING and s.method in MACHINES]
        named = [one for one in m.facts.expected if one in REGISTER and one not in {f.substance for f in firm(m.facts)}]
        alike = {one for f in firm(m.facts) for one in f.look_alikes}
        open_ = [one for one in named if any(sees(run, one) for run in waiting) and one not in alike]
        return f"{m.page.verdict} while {open_} is pending" if open_ and not _as_good(named, m) else ""

    held(oracle, least=150)


def _as_good(named: list[str], m: Made) -> bool:
    same = {("psilocybin", "psilocin"), ("psilocin", "psilocybin")}
    return any((one, f.substance) in same for one in named for f in firm(m.facts))


@pytest.mark.parametrize("method", ["reagent", "strip"])
@pytest.mark.parametrize("sure", ["confirmed", "indicated", "class_only", "tentative"])
def test_c8_a_quick_test_carries_no_verdict_whatever_confidence_was_written_beside_it(method: str, sure: str) -> None:
    given = {"expected": ("mdma",), "findings": ({"substance": "eutylone", "confidence": sure, "methods": (method,)},)}
    page = evaluate(PACK, Facts.model_validate(given), pages()[0].context, "en", NOW)
    assert page.verdict == "inconclusive"
    assert page.difference is None
    assert "We found" not in page.headline


def test_c9_what_nobody_tested_carries_the_card_and_the_help_of_what_it_is_said_to_be() -> None:
    def oracle(m: Made) -> str | None:
        facts = m.facts
        named = [
            one
            for one in facts.expected
            if one in REGISTER and REGISTER[one].psychoactive and not REGISTER[one].cutting
        ]
        read = (StripReading.POSITIVE, StripReading.FAINT)
        more = facts.alerts or facts.same_visit or m.context.also_taking or any(s.reading in read for s in facts.strips)
        if (
            facts.expected != tuple(named[:1])
            or not named
            or looked(facts)
            or present(facts)
            or more
            or m.locale != "en"
        ):
            return None
        firmly = FindingFact(substance=named[0], confidence=Confidence.CONFIRMED, methods=("GC_MS", "FTIR"))
        known = m.again(facts.model_copy(update={"findings": (firmly,), "strips": (), "scope": (), "alerts": ()}))
        dangers = {x.id for x in known.body if x.slot == "danger" and x.severity in ("S0", "S1", "S2")}
        if dangers - ids(m.page):
            return f"{named[0]}: no {sorted(dangers - ids(m.page))}"
        help_ = {p.id for line in known.emergency for p in line.parts}
        missing = help_ - {p.id for line in m.page.emergency for p in line.parts}
        if missing or m.page.top_severity.rank > known.top_severity.rank:
            return f"{named[0]}: no {sorted(missing)}"
        said = "We did not test this, because"
        return "" if said in visible(m.page) or not dangers else "nothing says that it was not tested"

    held(oracle, least=15)

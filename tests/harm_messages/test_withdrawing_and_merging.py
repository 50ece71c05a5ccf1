"""Withdrawing only adds caution; one card a topic; a claim is as firm as its evidence; dates at their edges."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import permutations

import pytest

from harm_messages import Facts, FindingFact, Pack, PackError, Page, evaluate, load_pack, pack_files
from harm_messages.content import Approval, Effective
from harm_messages.ordering import Hit, one_per_topic, suppressed
from harm_messages.rules import Rule
from harm_messages.vocabulary import Family
from tests.harm_messages.message_cases import FTIR, GC_MS, NOW, found, sample, shown
from tests.harm_messages.test_predicates_and_order import rule

PACK = load_pack()
MDMA = {"found": {"substance": "mdma"}}
CLASS = {"found": {"class": "entactogen"}}
ANY = {"form": ["tablet", "other"]}
PILL = sample(found("mdma"), found("eutylone", "indicated", "minor"), expected=("mdma",), form="tablet")
GONE = {"status": "withdrawn"}


def page(*rules: Rule, facts: Facts = PILL, pack: Pack = PACK, **context: object) -> Page:
    return evaluate(replace(pack, rules=tuple(rules)), facts, shown(**context), "en", NOW)


def cards(p: Page) -> list[tuple[str, str]]:
    return [(m.rule_id, m.severity.value) for m in p.body]


# -- withdrawing -----------------------------------------------------------------------------------


def test_a_withdrawn_rule_silences_nothing_and_stands_in_for_nothing() -> None:
    grave = rule("R-A", "S0", "t", "M-NITAZENE", MDMA, suppresses=["M-BENZO"])
    mild = rule("R-B", "S2", "t", "M-BENZO", CLASS)
    assert cards(page(grave, mild)) == [("R-A", "S0")]
    p = page(grave.model_copy(update=GONE), mild)
    assert cards(p) == [("R-A", "S0"), ("R-B", "S2")]
    assert [m.id for m in p.body] == ["M-FB-HEAT", "M-BENZO"]


def test_several_withdrawn_rules_of_one_family_say_it_once_as_gravely_as_the_gravest() -> None:
    two = [rule("R-A", "S3", "t", "M-HEAT", MDMA, **GONE), rule("R-B", "S1", "u", "M-BENZO", CLASS, **GONE)]
    assert cards(page(*two)) == [("R-B", "S1")]


def test_a_withdrawn_message_counts_as_its_rules_withdrawn() -> None:
    gone = PACK.messages[("M-NITAZENE", "en")].model_copy(update=GONE)
    pack = replace(PACK, messages={**PACK.messages, ("M-NITAZENE", "en"): gone})
    grave = rule("R-A", "S0", "t", "M-NITAZENE", MDMA, suppresses=["M-BENZO"])
    assert cards(page(grave, rule("R-B", "S2", "t", "M-BENZO", CLASS), pack=pack)) == [("R-A", "S0"), ("R-B", "S2")]


def test_a_signed_pack_taken_back_as_a_whole_lets_no_draft_speak() -> None:
    draft, good = rule("R-A", "S1", "t", "M-BENZO", MDMA), rule("R-B", "S2", "u", "M-HEAT", MDMA, status="approved")
    for status in ("approved", "withdrawn"):
        pack = replace(PACK, rules=(draft, good), manifest=PACK.manifest.model_copy(update={"status": status}))
        people = (("A", True), ("B", False))
        signatures = (Approval(name=n, clinician=c, digest=pack.digest, signed_at=NOW) for n, c in people)
        p = evaluate(replace(pack, approvals=tuple(signatures)), PILL, shown(), "en", NOW)
        assert cards(p) == [("R-B", "S2")]
        assert p.approved is (status == "approved")


# -- merging ---------------------------------------------------------------------------------------


def hits(order: Iterable[int]) -> list[Hit]:
    made = [
        Hit(rule("R-A", "S2", "t", "M-HEAT", MDMA), frozenset({0}), Family.HEAT),
        Hit(rule("R-B", "S2", "t", "M-BENZO", CLASS), frozenset({1}), Family.HEAT),
        Hit(rule("R-C", "S3", "t", "M-HEAT", CLASS), frozenset({2}), Family.HEAT),
    ]
    return [made[i] for i in order]


def test_findings_merge_over_all_rules_that_say_the_same_in_whatever_order() -> None:
    for order in permutations(range(3)):
        (kept,) = one_per_topic(hits(order))
        assert (kept.rule.id, kept.seen) == ("R-A", frozenset({0, 2}))


def test_a_card_is_the_persons_own_as_soon_as_one_of_its_findings_is() -> None:
    a, b = (Hit(rule(n, "S2", "t", "M-HEAT", MDMA), frozenset({i}), Family.HEAT) for i, n in enumerate(("R-A", "R-B")))
    assert not one_per_topic([a, b])[0].self_reported
    assert one_per_topic([a, replace(b, self_reported=True)])[0].self_reported
    assert not one_per_topic([a, replace(b, self_reported=True, seen=a.seen)])[0].self_reported


def test_nothing_silences_itself() -> None:
    alone = Hit(rule("R-A", "S2", "t", "M-HEAT", MDMA, suppresses=["M-HEAT"]), frozenset(), Family.HEAT)
    assert suppressed([alone]) == [alone]


# -- as firm as the evidence -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("findings", "line"),
    [
        ([found("mdma"), found("eutylone")], "diff_plus_active"),
        ([found("mdma"), found("eutylone", "indicated"), found("caffeine")], "diff_plus_active_soft"),
        ([found("eutylone", "indicated"), found("caffeine")], "diff_not_expected_soft"),
        ([found("eutylone"), found("ketamine", "indicated")], "diff_not_expected"),
        ([found("lactose")], "diff_not_expected"),
        ([found("lactose", "indicated")], "diff_not_expected_soft"),
    ],
)
def test_what_differs_is_a_fact_only_where_the_drug_that_differs_is_confirmed(
    findings: list[FindingFact], line: str
) -> None:
    p = evaluate(PACK, sample(*findings, expected=("mdma",), form="powder"), shown(), "en", NOW)
    assert p.difference is not None
    assert p.difference.id == PACK.manifest.fixed[line]


def test_a_rule_that_tells_an_amount_must_ask_for_a_band() -> None:
    text = """
- id: R-NEW
  version: 1
  status: draft
  severity: S3
  slot: strength
  topic: new.topic
  when: {found: {substance: mdma}}
  emit: {message: M-STRENGTH-MDMA-BELOW, args: {amount: found.amount}}
  evidence: [here]
  review_by: 2027-05-01
"""
    with pytest.raises(PackError, match="the condition must hold a “band”"):
        load_pack({**pack_files(), "rules/new.yaml": text})
    band = "{any: [{band: {substance: mdma, is: high}}, {band: {substance: lsd, is: high}}]}"
    assert load_pack({**pack_files(), "rules/new.yaml": text.replace("{found: {substance: mdma}}", band)})


def test_the_limit_told_is_that_of_the_best_method_and_of_what_this_very_reading_can_say() -> None:
    """C5: never the worst limit for all; a limit that a reading prints for a substance counts for that substance."""

    def limits(*scope: object, expected: tuple[str, ...] = ("mdma",)) -> str:
        facts = sample(found("caffeine"), expected=expected, form="powder", scope=scope)
        return " ".join(m.text for m in evaluate(PACK, facts, shown(), "en", NOW).limits)

    printed = FTIR.model_copy(update={"printed": (("mdma", 12.0), ("cocaine", 30.0))})
    assert "Less than about 1 % of MDMA could still be there." in limits(GC_MS, FTIR)
    assert "Less than about 12 % of MDMA could still be there." in limits(printed)
    assert "Our test can't see cocaine in the amounts people take." in limits(printed, expected=("cocaine",))
    assert "more than about 1 %" in limits(GC_MS, FTIR, expected=())


# -- dates -----------------------------------------------------------------------------------------


def test_a_rule_begins_and_ends_at_its_utc_moment_also_when_the_clocks_go_back() -> None:
    # 25 October 2026, 01:00 UTC: the UK goes from 02:00 BST back to 01:00 GMT
    start = datetime(2026, 10, 25, 1, 0, tzinfo=UTC)
    dated = Effective.model_validate({"from": start, "to": start + timedelta(hours=24)})
    one = rule("R-A", "S2", "t", "M-BENZO", ANY).model_copy(update={"effective": dated})
    pack = replace(PACK, rules=(one,))
    bst = timezone(timedelta(hours=1))
    moments = {
        datetime(2026, 10, 25, 1, 59, 59, tzinfo=bst): False,  # 00:59:59 UTC
        datetime(2026, 10, 25, 2, 0, tzinfo=bst): True,
        datetime(2026, 10, 25, 1, 0, tzinfo=UTC): True,
        datetime(2026, 10, 26, 0, 59, 59, tzinfo=UTC): True,
        datetime(2026, 10, 26, 1, 0, tzinfo=UTC): False,
    }
    for now, speaks in moments.items():
        assert bool(evaluate(pack, PILL, shown(), "en", now).body) is speaks, now

"""The fourteen predicates and three combinators one by one, then suppression, merging and the cap."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harm_messages import AlertFact, Facts, FindingFact, evaluate, load_pack
from harm_messages.derived import derive
from harm_messages.markdown import fill
from harm_messages.matching import PREDICATES, match
from harm_messages.rules import Rule, When
from tests.harm_messages.message_cases import GC_MS, NOW, amount, found, sample, shown, strip

PACK = load_pack()
PILL = sample(
    found("mdma", amount=amount(232, 14)),
    found("eutylone", "indicated", "minor"),
    found("caffeine", abundance="minor"),
    expected=("mdma",),
    form="tablet",
    scope=(GC_MS,),
    strips=(strip("opioid.nitazene", "negative"),),
    alerts=(AlertFact.model_validate({"id": "A", "forms": ("tablet",)}),),
)


def holds(condition: dict[str, Any], facts: Facts = PILL, **context: Any) -> bool:
    known = shown(**context)
    return match(When.model_validate(condition), derive(PACK, facts, known, known.also_taking)) is not None


@pytest.mark.parametrize(
    ("condition", "truth"),
    [
        ({"found": {"class": "entactogen"}}, True),
        ({"found": {"substance": "eutylone", "min_confidence": "confirmed"}}, False),
        ({"found": {"class": "stimulant", "not_class": "stimulant.cathinone", "psychoactive": True}}, True),
        ({"found": {"unknown": True}}, False),
        ({"all_found": [{"substance": "mdma"}, {"substance": "eutylone"}]}, True),
        ({"all_found": [{"substance": "mdma"}, {"substance": "ketamine"}]}, False),
        ({"none_found": {"substance": "ketamine", "in_scope": True}}, True),
        ({"none_found": {"substance": "lsd", "in_scope": True}}, False),
        ({"none_found": {"class": "entactogen", "in_scope": True}}, False),
        ({"role": {"is": "adulterant", "class": "stimulant.cathinone"}}, True),
        ({"role": {"is": ["substitute", "cutting"], "substance": "caffeine"}}, True),
        ({"substituted": True}, False),
        ({"band": {"substance": "mdma", "is": "very_high"}}, True),
        ({"band": {"substance": "mdma", "is": ["usual", "high"]}}, False),
        ({"band": {"substance": "mdma", "is": "very_high", "unit": "percent_ww"}}, False),
        ({"pair": {"a": "mdma", "b": "mephedrone"}}, True),
        ({"pair": {"a": "mephedrone", "b": "mdma"}}, True),
        ({"pair": {"a": "mdma", "b": "maoi"}}, False),
        ({"outcome": "identified"}, True),
        ({"outcome": ["nothing_found", "pending"]}, False),
        ({"confidence": {"is": "indicated", "substance": "eutylone"}}, True),
        ({"confidence": {"is": "tentative"}}, False),
        ({"scope_gap": "opioid.nitazene"}, False),
        ({"strip": {"target": "opioid", "reading": ["negative", "invalid"]}}, True),
        ({"strip": {"target": "opioid.nitazene", "reading": "positive"}}, False),
        ({"alert": {"matches": True}}, True),
        ({"form": ["tablet", "capsule"]}, True),
        ({"form": "vape"}, False),
        ({"intent": {"class": "entactogen"}}, True),
        ({"intent": {"id": "tusi"}}, False),
        ({"intent": {"vague": True}}, False),
        ({"intent": {"vague": False, "substance": "mdma"}}, True),
        ({"all": [{"form": "tablet"}, {"not": {"form": "vape"}}]}, True),
        ({"any": [{"form": "vape"}, {"found": {"substance": "mdma"}}]}, True),
        ({"not": {"form": "tablet"}}, False),
    ],
)
def test_condition(condition: dict[str, Any], truth: bool) -> None:
    assert holds(condition) is truth


def test_there_are_fourteen_predicates_and_no_other() -> None:
    assert len(PREDICATES) == 14
    assert set(When.model_fields) == set(PREDICATES) | {"all_", "any_", "not_"}


def rule(name: str, severity: str, topic: str, message: str, when: dict[str, Any], **more: Any) -> Rule:
    known = {
        "id": name, "version": 1, "status": "draft", "severity": severity, "slot": "danger", "topic": topic,
        "when": when, "emit": {"message": message}, "evidence": ["test"], "review_by": "2027-05-01",
        "emergency": ["call"],
    }  # fmt: skip
    return Rule.model_validate({**known, **more})


def ids_with(*rules: Rule) -> list[str]:
    page = evaluate(replace(PACK, rules=tuple(rules)), PILL, shown(), "en", NOW)
    return [m.rule_id for m in page.body]


MDMA = {"found": {"substance": "mdma"}}
CLASS = {"found": {"class": "entactogen"}}


def test_within_a_topic_severity_wins_then_specificity_then_version() -> None:
    assert ids_with(rule("R-A", "S3", "t", "M-HEAT", MDMA), rule("R-B", "S2", "t", "M-ALERT", CLASS)) == ["R-B"]
    assert ids_with(rule("R-A", "S2", "t", "M-HEAT", CLASS), rule("R-B", "S2", "t", "M-ALERT", MDMA)) == ["R-B"]
    newer = rule("R-B", "S2", "t", "M-ALERT", MDMA, version=2)
    assert ids_with(rule("R-A", "S2", "t", "M-HEAT", MDMA), newer) == ["R-B"]


def test_a_rule_silences_only_its_own_topic_and_nothing_graver() -> None:
    by = {"suppresses": ["M-HEAT"]}
    assert ids_with(rule("R-A", "S2", "t", "M-ALERT", CLASS, **by), rule("R-B", "S2", "t", "M-HEAT", MDMA)) == ["R-A"]
    assert "R-B" in ids_with(rule("R-A", "S3", "t", "M-ALERT", MDMA, **by), rule("R-B", "S2", "t", "M-HEAT", MDMA))
    assert "R-B" in ids_with(rule("R-A", "S2", "t", "M-ALERT", MDMA, **by), rule("R-B", "S2", "u", "M-HEAT", MDMA))


def test_names_merge_when_two_rules_say_the_same_message() -> None:
    args = {"emit": {"message": "M-SEDATIVE", "args": {"names": "found.names"}}}
    one = rule("R-A", "S2", "t", "M-SEDATIVE", MDMA, **args)
    two = rule("R-B", "S2", "t", "M-SEDATIVE", {"found": {"substance": "eutylone"}}, **args)
    page = evaluate(replace(PACK, rules=(one, two)), PILL, shown(), "en", NOW)
    assert page.body[0].text.startswith("MDMA and eutylone can make")


def test_four_cards_stand_before_more_and_the_grave_ones_of_one_family_are_one_card() -> None:
    """A5."""
    messages = ["M-HEAT", "M-ALERT", "M-OPIOID-GENERAL", "M-NITAZENE", "M-GHB", "M-BENZO"]
    rules = [rule(f"R-{i}", "S1" if i < 2 else "S3", f"t{i}", m, MDMA) for i, m in enumerate(messages)]
    page = evaluate(replace(PACK, rules=tuple(rules)), PILL, shown(), "en", NOW)
    assert [m.rule_id for m in page.cards] == ["R-0", "R-2", "R-3", "R-4"]
    assert [m.rule_id for m in page.more] == ["R-5"]
    assert [message_id for message_id, _ in page.cards[0].joined] == ["M-ALERT"]


def test_within_one_severity_what_kills_faster_stands_first() -> None:
    """A6: breathing, poison, heat and heart, the rest; never by rule id."""
    facts = sample(found("mdma"), found("heroin"), found("ketamine"), found("vitamin-e-acetate"), form="powder")
    each = {"R-A": "ketamine", "R-B": "mdma", "R-C": "vitamin-e-acetate", "R-D": "heroin"}
    messages = ["M-KETAMINE", "M-HEAT", "M-VITAMIN-E", "M-HEROIN"]
    rules = [
        rule(name, "S1", name.lower(), message, {"found": {"substance": drug}})
        for (name, drug), message in zip(each.items(), messages, strict=True)
    ]
    page = evaluate(replace(PACK, rules=tuple(rules)), facts, shown(), "en", NOW)
    assert [each[m.rule_id] for m in page.cards] == ["heroin", "vitamin-e-acetate", "mdma", "ketamine"]


def test_the_class_is_said_in_plain_words_where_the_name_means_nothing() -> None:
    seen = derive(
        PACK,
        sample(found("5f-adb"), FindingFact.model_validate({"drug_class": "opioid", "confidence": "class_only"})),
        shown(),
    ).seen
    assert [s.name_with_class for s in seen] == [
        "5F-ADB (a synthetic cannabinoid)",
        "a drug of the opioid kind",
    ]


def test_one_finding_is_no_pair_with_itself() -> None:
    assert not holds({"pair": {"a": "opioid", "b": "tramadol"}}, sample(found("tramadol")))
    assert holds({"pair": {"a": "opioid", "b": "tramadol"}}, sample(found("tramadol"), found("heroin")))


def test_a_sentence_with_an_empty_place_is_never_filled() -> None:
    with pytest.raises(KeyError):
        fill("Hand it in at {session_place}.", {"session_place": "  "})


def test_what_an_operator_typed_is_escaped() -> None:
    page = evaluate(PACK, PILL, shown(session_place="<b>Tent</b> & co"), "en", NOW)
    assert "&lt;b&gt;Tent&lt;/b&gt; &amp; co" in page.next[0].html

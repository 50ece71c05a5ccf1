"""A case as a file: tolerant in words, strict in keys, and never silent about what it could not read."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harm_messages import (
    CaseError,
    GateClosed,
    HarmMessageError,
    answer_of,
    case_schema,
    closed,
    evaluate,
    load_pack,
    read_case,
)
from harm_messages.case import Input

PACK = load_pack()
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
DOCS = Path(__file__).parents[2] / "docs" / "methods" / "messages.md"
LSD = {"substance": "lsd", "confidence": "confirmed"}


def read(**case: Any) -> Input:
    return read_case(json.dumps(case), PACK, NOW)


def answer(given: Input) -> dict[str, Any]:
    return answer_of(evaluate(PACK, given.facts, given.context, given.locale, given.now))


def wrong(**case: Any) -> str:
    with pytest.raises(CaseError) as refused:
        read(**case)
    return str(refused.value)


def example() -> str:
    found = re.search(r"```json case\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found.group(1)


def test_the_example_of_the_documentation_is_read_and_answered() -> None:
    told = answer(read_case(example(), PACK, NOW))
    assert told["headline"] == "We found heroin. A strip reacted to a nitazene as well."
    assert told["top_severity"] == "S0"
    assert told["staff_actions"][:1] == ["tell_lead_now"]
    assert [line["step"] for line in told["emergency"]][:2] == ["signs", "call"]
    assert [m["section"] for m in told["messages"] if m["origin"] == "self_reported"]
    shown, logged = told["message_ids"], [m["id"] for m in told["logged"]["messages"]]
    own = {one for m in told["messages"] if m["origin"] == "self_reported" for one in (m["id"], *m["joined"])}
    assert set(shown) - set(logged) <= own
    assert "alcohol" not in json.dumps(told["logged"])


def test_the_example_fits_the_schema_and_a_misspelt_key_does_not() -> None:
    validator = jsonschema_rs.validator_for(case_schema())
    assert validator.is_valid(json.loads(example()))
    assert not validator.is_valid({"findingz": []})


def test_words_are_read_with_tolerance() -> None:
    given = read(
        licence_mode="FOH general",
        form="pill",
        expected="mandy",
        findings=[
            {
                "name": "MDMA",
                "confidence": "Confirmed",
                "abundance": "main",
                "amount": {"value": 100, "unit": "mg", "basis": "HCl", "uncertainty": 20, "k": 1},
                "methods": ["GC-MS", "ftir"],
                "cannot_tell_from": ["MDEA"],
            },
            {"class": "nitazene", "confidence": "class-only"},
            {"confidence": "indicated"},
            {"substance": "Spice", "confidence": "tentative"},
        ],
        scope=[
            {
                "method": "gc-ms",
                "classes": ["all"],
                "excludes": ["nitazenes", "LSD"],
                "lod_percent": 1,
                "status": "QC failed",
            },
            {"method": "infrared", "classes": ["opioid"], "outcome": "failed", "printed": {"Cocaine": 4}},
        ],
        strips=[{"target": "fentanyls", "result": "neg"}, {"target": "xylazine", "reading": "weak"}],
        alerts=[{"id": "A", "tier": "T1", "substances": ["PMMA"], "classes": ["nitazene"], "forms": "pill"}],
        also_taking=["drink", "Prozac"][:1],
    )
    facts = given.facts
    mdma, nitazene, unnamed, spice = facts.findings
    assert (mdma.substance, mdma.abundance, mdma.methods, mdma.look_alikes) == (
        "mdma", "major", ("GC_MS", "FTIR"), ("mdea",),
    )  # fmt: skip
    assert mdma.amount is not None
    assert (mdma.amount.low, mdma.amount.high, mdma.amount.upper) == (80, 120, 140)
    assert (nitazene.substance, nitazene.drug_class, nitazene.confidence) == (None, "opioid.nitazene", "class_only")
    assert unnamed.unidentified
    assert spice.drug_class == "cannabinoid.synthetic"
    assert facts.expected == ("mdma",)
    assert facts.form == "tablet"
    assert (facts.scope[0].excludes, facts.scope[0].counts, facts.scope[0].lod) == (
        ("opioid.nitazene", "lsd"),
        False,
        1,
    )
    assert (facts.scope[1].method, facts.scope[1].status) == ("FTIR", "instrument_fault")
    assert facts.scope[1].printed == (("cocaine", 4.0),)
    assert [(s.target, s.reading) for s in facts.strips] == [("opioid.fentanyl", "negative"), ("xylazine", "faint")]
    assert (facts.alerts[0].substances, facts.alerts[0].forms) == (("pmma",), ("tablet",))
    assert given.context.also_taking == ("alcohol",)
    assert given.now == NOW


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("monkey dust", "stimulant.cathinone"), ("G", "g-type"), ("a benzo", "benzodiazepine"), ("nitazene", "opioid.nitazene"), ("tuci", "tusi"), ("not sure", "unknown"), ("MDA", "mda"),
        ("cannabinoid.synthetic", "cannabinoid.synthetic"), ("N-bomb", "psychedelic.nbome"), ("  2CB ", "2c-b"),
    ],
)  # fmt: skip
def test_an_ambiguous_name_becomes_its_class(words: str, meant: str) -> None:
    assert read(expected=[words]).facts.expected == (meant,)


@pytest.mark.parametrize(
    ("case", "says"),
    [
        ({"findingz": []}, "findingz: “findingz” is not a key that is known here."),
        ({"findings": [{**LSD, "colour": "red"}]}, "findings[0].colour: “colour” is not a key"),
        ({"findings": [{"substance": "lsd"}]}, "findings[0].confidence: “confidence” is missing."),
        ({"findings": [LSD, {**LSD, "substance": "flurbitol"}]},
         "findings[1].substance: “flurbitol” is not in the register; it was not read as “not found”."),
        ({"findings": [{**LSD, "substance": "lean"}]}, "“lean” can mean several things: Codeine, Promethazine. Say which."),
        ({"findings": [{**LSD, "substance": "tusi"}]}, "“tusi” is what people say, no substance"),
        ({"findings": [{**LSD, "class": "nonsense"}]}, "findings[0].class: “nonsense” is no class of the register"),
        ({"findings": [{**LSD, "class": "opioid"}]}, "“lsd” is of the class psychedelic.lysergamide, not opioid."),
        ({"findings": [{**LSD, "confidence": "sure"}]}, "findings[0].confidence: “confidence” is “sure”, but it must be one of"),
        ({"findings": [{**LSD, "amount": {"value": 5, "unit": "pints"}}]}, "findings[0].amount.unit: “unit” is “pints”"),
        ({"findings": [{**LSD, "amount": {"value": -5, "unit": "mg"}}]}, "findings[0].amount.value"),
        ({"findings": [{**LSD, "amount": {"value": 101, "unit": "%"}}]}, "There cannot be more than 100 mg in each 100 mg"),
        ({"findings": [{**LSD, "amount": {"value": 5, "unit": "mg", "high": 4}}]}, "findings[0].amount: High 4.0 lies below"),
        ({"findings": [{**LSD, "amount": {"value": 5, "unit": "mg", "high": 6, "uncertainty": 1}}]}, "not both"),
        ({"analyses": [{"method": "FTIR", "outcome": "splendid"}]}, "analyses[0].outcome: “splendid” must be one of: ok, pending"),
        ({"analyses": [{"method": "FTIR", "classes": ["everyting"]}]}, "analyses[0].classes[0]: “everyting” is no class"),
        ({"analyses": [{"method": "FTIR", "qc_passed": "no"}]}, "analyses[0].qc_passed: “qc_passed” is “no”, but it must be true"),
        ({"strips": [{"target": "tea", "reading": "negative"}]}, "strips[0].target: “tea” is not in the register"),
        ({"strips": [{"target": "fentanyl", "reading": "maybe"}]}, "strips[0].reading"),
        ({"alerts": [{"from": "2026-11-25T10:00:00"}]}, "alerts[0].from: A moment needs its time zone"),
        ({"now": "2026-11-25T10:00:00"}, "now: A moment needs its time zone"),
        ({"released": "yes"}, "released: “released” is “yes”, but it must be true or false."),
        ({"licence_mode": "pirate"}, "licence_mode: “licence_mode” is “pirate”, but it must be one of: foh_general"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_with_its_place(case: dict[str, Any], says: str) -> None:
    assert says in wrong(**case)


def test_a_word_that_nobody_knows_gives_a_page_never_a_refusal() -> None:
    """K: the row for what nobody knows holds, and the page says what the person said."""
    told = answer(read(expected=["flurbitol"], findings=[{"substance": "MDMA", "confidence": "confirmed"}]))
    assert told["told_us"] == "You told us: flurbitol"
    assert told["verdict"] == "no_expectation"
    untested = answer(read(expected=["flurbitol"]))
    assert untested["action"] == "Treat it as a drug that nobody knows."


def test_what_a_case_may_say_besides_findings_reaches_the_facts() -> None:
    given = read(
        form="tablet", unit_mass_mg=410, same_visit=["GBL"], harm_reported=True, second_sample=True,
        scope=[{"method": "GC-MS", "outcome": "not_run"}],
    )  # fmt: skip
    facts = given.facts
    assert (facts.unit_mass_mg, facts.same_visit) == (410, ("gbl",))
    assert (facts.harm_reported, facts.second_sample) == (True, True)
    assert facts.scope[0].status == "not_run"
    assert answer(given)["headline"] == "We did not test this."


def test_the_answer_tells_the_action_the_length_the_staff_actions_and_the_alerts() -> None:
    told = answer(read(expected="MDMA", findings=[{"substance": "PMMA", "confidence": "confirmed"}], scope=[]))
    assert told["action"].startswith("Do not take this.")
    assert 100 < told["visible_words"] <= 380
    assert [one["action"] for one in told["staff"]] == told["staff_actions"]
    assert all(one["causes"] for one in told["staff"])
    assert {(one["tier"], one["held"]) for one in told["alert_proposals"]} == {("T1", False), ("T2", False)}
    assert set(told["alert_proposals"][0]) == {"tier", "held", "group", "about", "evidence", "lacking"}


def test_g_is_a_class_and_a_vape_says_only_how() -> None:
    gbl = {"substance": "GBL", "confidence": "confirmed"}
    told = answer(read(expected="G", findings=[gbl]))
    assert (told["verdict"], told["told_us"]) == ("as_expected", "You told us: a G-type drug")
    assert (read(findings=[{**gbl, "substance": "G"}]).facts.findings[0].drug_class) == "ghb"
    assert answer(read(expected="GHB", findings=[gbl]))["verdict"] == "not_as_expected"
    oil = {"substance": "vitamin E acetate", "confidence": "confirmed"}
    assert answer(read(expected="vape", form="vape", findings=[oil]))["verdict"] == "no_expectation"


def test_each_of_two_amounts_is_told_with_its_name() -> None:
    """Speed of 12 % beside 80 % of caffeine must never read as speed of 80 %."""
    speed = {
        "substance": "amphetamine",
        "confidence": "confirmed",
        "amount": {"value": 12, "unit": "%", "basis": "base"},
    }
    caffeine = {"substance": "caffeine", "confidence": "confirmed", "amount": {"value": 80, "unit": "%"}}
    told = answer(read(expected="speed", findings=[speed, caffeine]))
    (strength,) = [m["text"] for m in told["messages"] if m["slot"] == "strength"]
    assert "16 mg of amphetamine, counted as the usual salt" in strength
    assert "80 mg of caffeine, counted as base" in strength


def test_an_amount_per_unit_warns_where_nobody_wrote_down_the_form() -> None:
    much = {"value": 260, "unit": "mg", "basis": "HCl"}
    pill = {"substance": "MDMA", "confidence": "confirmed", "amount": much}
    assert answer(read(expected="MDMA", findings=[pill]))["top_severity"] == "S1"
    assert answer(read(expected="MDMA", findings=[pill], form="powder"))["top_severity"] == "S2"


def test_everything_wrong_is_told_at_once() -> None:
    said = wrong(
        strips=[{"target": "tea", "reading": "negative"}],
        findings=[{**LSD, "substance": "mystery"}],
        now="2026-11-25T10:00:00",
    )
    assert len(said.splitlines()) == 3


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not well-formed JSON: line 1"),
        ("[]", "one JSON object"),
        ("null", "one JSON object"),
        ('{"expected": ["mdma"], "expected": []}', "“expected” stands twice"),
        ('{"findings": [{"substance": "lsd", "confidence": "confirmed", "lod": NaN}]}', "NaN is no number"),
        ("[" * 200_000, "nested too deeply"),
    ],
)
def test_what_is_no_case_at_all_is_refused_in_words(text: str, says: str) -> None:
    with pytest.raises(CaseError, match=re.escape(says)):
        read_case(text, PACK, NOW)


@pytest.mark.parametrize("said", [["sentinel-7319"], "sentinel-7319", {"sentinel-7319": 1}, [{"a": "sentinel-7319"}]])
def test_what_a_person_also_takes_is_never_repeated(said: Any) -> None:
    text = wrong(self_reported=said)
    assert text.startswith("self_reported")
    assert "sentinel" not in text
    good = read(self_reported=["lithium"])
    assert "lithium" not in repr(good)


def test_an_alert_counts_from_its_beginning_up_to_its_end() -> None:
    for start, until, counts in (
        ("2026-11-25T12:00:00Z", None, True),
        ("2026-11-25T13:00:00+01:00", None, True),
        ("2026-11-25T12:00:01Z", None, False),
        (None, "2026-11-25T12:00:00Z", False),
        (None, "2026-11-25T12:00:01Z", True),
    ):
        given = read(alerts=[{"id": "A", "from": start, "until": until, "forms": ["tablet"]}], form="tablet")
        assert bool(given.facts.alerts) is counts


def test_a_closed_gate_is_an_answer_and_logs_nothing() -> None:
    given = read(licence_mode="boh_no_individual_results", findings=[LSD])
    with pytest.raises(GateClosed) as shut:
        evaluate(PACK, given.facts, given.context, given.locale, given.now)
    told = closed(shut.value)
    assert told["gate"]["code"] == "back_of_house"
    assert told["messages"] == []
    assert told["logged"] is None


# -- anything that can be written ------------------------------------------------------------------

NAMES = st.sampled_from(
    [
        "mdma",
        "Heroin",
        "spice",
        "G",
        "lean",
        "tusi",
        "unknown",
        "",
        "opioid",
        "opioid.nitazene",
        "zzz",
        "nitazene",
        "MDA",
    ]
)
WORDS = st.one_of(NAMES, st.text(max_size=6), st.none(), st.integers(-3, 3), st.booleans())
SCALARS = st.one_of(WORDS, st.floats(allow_nan=False, width=32))
LEVELS = st.sampled_from(["confirmed", "indicated", "class only", "tentative", "sure"])
AMOUNTS = st.fixed_dictionaries(
    {"value": st.one_of(st.floats(0, 1e6), SCALARS), "unit": st.sampled_from(["mg", "%", "µg", "mg/ml", "ratio", "?"])},
    optional={
        "basis": st.sampled_from(["HCl", "base", "", "?"]),
        "uncertainty": SCALARS,
        "k": SCALARS,
        "high": SCALARS,
    },
)
FINDINGS = st.fixed_dictionaries(
    {"confidence": LEVELS},
    optional={"substance": WORDS, "class": WORDS, "amount": AMOUNTS, "methods": st.lists(WORDS, max_size=2),
              "look_alikes": st.lists(NAMES, max_size=2), "abundance": st.sampled_from(["major", "absent", "?"])},
)  # fmt: skip
CASES = st.fixed_dictionaries(
    {},
    optional={
        "expected": st.one_of(WORDS, st.lists(WORDS, max_size=2)), "form": st.one_of(st.sampled_from(["pill", "vape"]), WORDS),
        "findings": st.lists(FINDINGS, max_size=3), "self_reported": st.lists(WORDS, max_size=2),
        "analyses": st.lists(st.fixed_dictionaries({"method": st.sampled_from(["GC-MS", "FTIR", "?"])}, optional={
            "classes": st.lists(WORDS, max_size=2), "lod": SCALARS, "outcome": st.sampled_from(["ok", "failed", "?"]),
            "printed": st.dictionaries(NAMES, SCALARS, max_size=2)}), max_size=2),
        "strips": st.lists(st.fixed_dictionaries({"target": WORDS, "result": st.sampled_from(["pos", "faint", "?"])}), max_size=2),
        "locale": st.one_of(st.sampled_from(["en", "cy", "xx", "en-GB"]), WORDS), "now": WORDS, "place": WORDS,
        "alerts": st.lists(st.fixed_dictionaries({}, optional={"forms": WORDS, "from": WORDS, "id": WORDS}), max_size=1),
    },
)  # fmt: skip


@given(CASES)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_written_gives_a_full_page_or_a_sentence(case: dict[str, Any]) -> None:
    try:
        told = answer(read_case(json.dumps(case), PACK, NOW))
    except HarmMessageError as error:
        told = {"headline": str(error).strip(), "limits": True, "emergency": True}
    assert told["headline"]
    assert told["limits"]
    assert told["emergency"]
    json.dumps(told)

"""What staff may do to a page, and what stays whatever they ask for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harm_messages import (
    Adjustments,
    Confidence,
    Context,
    Facts,
    FindingFact,
    Form,
    LicenceMode,
    PackError,
    Page,
    ScopeFact,
    Severity,
    evaluate,
    load_pack,
    pack_files,
    snippets_of,
)
from harm_messages.adjusting import why_not_pinned, why_not_taken_out
from harm_messages.tagged import normalised

PACK = load_pack()
NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
SHOWN = Context(licence_mode=LicenceMode.FOH_GENERAL, released=True, session_place="Barn")
SCOPE = (ScopeFact(method="GC_MS", classes=("*",), lod=1.0),)


def facts(*substances: str, expected: str = "mdma", form: Form = Form.POWDER) -> Facts:
    found = tuple(FindingFact(substance=s, confidence=Confidence.CONFIRMED) for s in substances)
    return Facts(expected=(expected,), form=form, findings=found, scope=SCOPE)


def page(made: Facts, **done: tuple[str, ...]) -> Page:
    return evaluate(PACK, made, SHOWN, "en", NOW, Adjustments(**done))


HEROIN = facts("heroin", "caffeine", expected="heroin")
MDMA = facts("mdma", "caffeine")
EVERYTHING = Adjustments(
    pinned=tuple(r.id for r in PACK.rules),
    not_relevant=tuple(r.id for r in PACK.rules),
    snippets=tuple(s.id for s in PACK.snippets),
    urgent=tuple(s.id for s in PACK.snippets),
)


def test_a_card_marked_not_relevant_goes_and_only_that() -> None:
    plain = page(MDMA)
    light = [m for m in plain.body if m.severity.rank >= 3]
    assert light, "a case with a card that may go"
    for card in light:
        assert why_not_taken_out(plain, card.rule_id) == ""
        done = page(MDMA, not_relevant=(card.rule_id,))
        assert {m.rule_id for m in done.body} == {m.rule_id for m in plain.body} - {card.rule_id}
        assert (done.emergency, done.limits, done.headline) == (plain.emergency, plain.limits, plain.headline)


def test_a_grave_card_stays_and_says_why() -> None:
    plain = page(HEROIN)
    grave = [m for m in plain.body if m.severity.rank <= 2]
    assert {m.severity for m in grave} >= {Severity.S1}
    for card in grave:
        assert "always stays" in why_not_taken_out(plain, card.rule_id)
        assert page(HEROIN, not_relevant=(card.rule_id,)) == plain


@pytest.mark.parametrize("rule", ["", "R-NOT-THERE", *(r.id for r in PACK.rules if r.slot.value in ("limits", "next"))])
def test_what_is_no_card_of_the_page_is_neither_taken_out_nor_pinned(rule: str) -> None:
    plain = page(HEROIN)
    assert why_not_taken_out(plain, rule)
    assert why_not_pinned(plain, rule)
    assert page(HEROIN, not_relevant=(rule,), pinned=(rule,)) == plain


def test_a_pinned_card_comes_out_from_behind_more_and_never_above_what_is_graver() -> None:
    plain = page(HEROIN)
    assert plain.more, "a case with a card behind More"
    for card in plain.more:
        done = page(HEROIN, pinned=(card.rule_id,))
        assert card.rule_id in [m.rule_id for m in done.cards]
        assert [m.rule_id for m in done.cards if m.rule_id != card.rule_id] == [m.rule_id for m in plain.cards]
        ranks = [m.severity.rank for m in done.cards]
        assert ranks == sorted(ranks)
        assert {m.rule_id for m in done.body} == {m.rule_id for m in plain.body}
    first = plain.cards[0]
    assert why_not_pinned(plain, first.rule_id) == f"“{first.title}” stands at the top already."


def test_a_snippet_stands_in_the_tail_and_its_words_come_from_the_pack() -> None:
    row = snippets_of(PACK, "snippet")[0]
    done = page(MDMA, snippets=(row.id, "SN-MADE-UP", "free text about someone"))
    added = [m for m in done.next if m.rule_id == row.id]
    assert [m.id for m in added] == [row.message]
    assert done.body == page(MDMA).body
    assert len(list(done.messages())) == len(list(page(MDMA).messages())) + 1


def test_an_urgent_message_stands_first_among_its_equals_and_only_one_of_that_kind() -> None:
    ill = next(s for s in PACK.snippets if s.id == "SN-URGENT-ILL")
    done = page(HEROIN, urgent=("SN-URGENT-ILL", "SN-NALOXONE"))
    assert done.cards[0].id == ill.message
    assert done.cards[0].severity is ill.severity
    assert "M-SN-NALOXONE" not in {m.id for m in done.messages()}
    nitazene = page(facts("heroin", "metonitazene", expected="heroin"), urgent=("SN-URGENT-ILL",))
    assert nitazene.cards[0].severity is Severity.S0, "act now stays above it"
    assert ill.message in {m.id for m in nitazene.cards}


def first_aid(shown_page: Page) -> set[str]:
    return {part.id for line in shown_page.emergency for part in line.parts}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.sampled_from(["heroin", "caffeine", "mdma", "ketamine", "metonitazene", "pma", "levamisole"]),
        min_size=1,
        unique=True,
    )
)
def test_whatever_is_asked_for_no_warning_no_limit_and_no_help_is_lost(found: list[str]) -> None:
    made = facts(*found)
    plain, done = page(made), evaluate(PACK, made, SHOWN, "en", NOW, EVERYTHING)
    grave = {m.rule_id: m.severity for m in plain.body if m.severity.rank <= 2}
    assert grave.items() <= {m.rule_id: m.severity for m in done.body}.items()
    said = {normalised(s) for m in done.cards for s in m.text.replace("\n", " ").split(". ")}
    for m in plain.cards:  # an urgent message may say it first; it is said, and seen
        if m.severity.rank <= 2:
            assert {normalised(s) for s in m.text.replace("\n", " ").split(". ")} <= said
    assert {m.rule_id for m in plain.cards if m.severity.rank <= 2} <= {m.rule_id for m in done.cards}
    assert first_aid(plain) <= first_aid(done), "an urgent message may bring the whole block, never take a line"
    assert (done.limits, done.notices) == (plain.limits, plain.notices)
    assert (done.headline, done.difference) == (plain.headline, plain.difference)
    assert done.top_severity.rank <= plain.top_severity.rank
    assert done.staff_actions == plain.staff_actions


def test_what_a_self_report_caused_is_never_offered_and_never_touched() -> None:
    told = SHOWN.model_copy(update={"also_taking": ("alcohol",)})
    plain = evaluate(PACK, facts("ketamine", expected="ketamine"), told, "en", NOW)
    own = [m for m in plain.body if m.origin == "self_reported"]
    assert own, "a case where what they also take brings a card"
    for card in own:
        if card.rule_id not in {m.rule_id for m in plain.loggable().body}:
            assert why_not_taken_out(plain, card.rule_id).startswith("There is no such message")
        every = Adjustments(not_relevant=(card.rule_id,), pinned=(card.rule_id,))
        done = evaluate(PACK, facts("ketamine", expected="ketamine"), told, "en", NOW, every)
        assert card.id in {m.id for m in done.body if m.origin == "self_reported"}


def changed(old: str, new: str, **more: str) -> Mapping[str, str]:
    files = {**pack_files(), **more}
    assert old in files["snippets.yaml"]
    return {**files, "snippets.yaml": files["snippets.yaml"].replace(old, new, 1)}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("message: M-SN-NALOXONE", "message: M-SN-NOWHERE", "no message M-SN-NOWHERE"),
        ("message: M-SN-NALOXONE", "message: M-HEAT\n  severity: S1", "S3 or S4"),
        ("message: M-SN-NALOXONE", "message: M-SN-NALOXONE\n  slot: danger", "safer_use or next"),
        ("slot: danger", "slot: next", "urgent message is a card"),
        ("id: SN-CUT-DOWN", "id: SN-NALOXONE", "twice"),
        ("status: draft", "status: draft\n  colour: red", "colour"),
        ("message: M-SN-NALOXONE", "message: M-HL-FOUND", "session_place"),
    ],
)
def test_a_snippet_that_does_not_fit_is_refused_when_the_pack_is_read(old: str, new: str, words: str) -> None:
    with pytest.raises(PackError, match=words):
        load_pack(changed(old, new))


def test_only_what_is_not_withdrawn_is_offered() -> None:
    pack = load_pack(changed("status: draft", "status: withdrawn"))
    assert "SN-NALOXONE" in {s.id for s in snippets_of(PACK, "snippet")}
    assert "SN-NALOXONE" not in {s.id for s in snippets_of(pack, "snippet")}
    done = evaluate(pack, MDMA, SHOWN, "en", NOW, Adjustments(snippets=("SN-NALOXONE",)))
    assert "M-SN-NALOXONE" not in {m.id for m in done.messages()}

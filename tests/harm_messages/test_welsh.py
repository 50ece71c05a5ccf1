"""The second language: whole where it promises to be, true to the English, and English where it has no words."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from harm_messages import PackError, evaluate, load_pack, pack_files
from harm_messages.check_words import word_problems
from harm_messages.texts import MessageText
from harm_messages.types import FindingFact, Severity, Slot
from tests.harm_messages.message_cases import CASES, GC_MS, NOW, found, sample, shown
from tests.support.packs import approved_pack

PACK = load_pack()
FILES = pack_files()
WELSH = sorted((m for (_, locale), m in PACK.messages.items() if locale == "cy"), key=lambda m: m.id)
ENGLISH = {mid: m for (mid, locale), m in PACK.messages.items() if locale == "en"}
GRAVE = ("S0", "S1")
# words of every English message that no Welsh text holds
FOREIGN = re.compile(r"\b(the|you|your|and|with|it|take|drugs?|breath|more)\b", re.IGNORECASE)
# words after which a Welsh word changes its first letter: a name put there would read wrong
CHANGING = re.compile(
    r"(?:^|\s)(?:i|o|am|ar|at|dan|dros|drwy|gan|heb|wrth|neu|yn|â|a|gyda|na|ei|mewn)\s+\{(?:names|expected)\}"
)


def page(case: str, locale: str = "cy", pack=PACK):  # type: ignore[no-untyped-def]
    facts, context = CASES[case]
    return evaluate(pack, facts, context, locale, NOW)


def promised() -> set[str]:
    """From the rules themselves, not from what the language says it promises."""
    wanted = {r.emit.message for r in PACK.rules if r.severity.value in GRAVE or r.slot is Slot.LIMITS}
    wanted |= {m for step in PACK.emergency for m in step.fragments.values()}
    return wanted | set(PACK.manifest.fixed.values())


# -- whole ------------------------------------------------------------------------------------------------------


def test_every_grave_message_limit_and_sentence_of_the_page_itself_is_in_welsh() -> None:
    assert promised() - {m.id for m in WELSH} == set()
    row = PACK.locales["cy"]
    assert row.drafted == "machine"
    assert {"S0", "S1", "emergency", "limits", "fixed"} <= set(row.complete_for)


@pytest.mark.parametrize("gone", ["M-NITAZENE", "M-EM-AIRWAY", "M-LIMITS-CORE", "M-HL-NOT-FOUND"])
def test_a_gap_in_what_is_promised_stops_the_pack(gone: str) -> None:
    name = f"messages/cy/{gone}.md"
    with pytest.raises(PackError, match=name):
        load_pack({k: v for k, v in FILES.items() if k != name})


@pytest.mark.parametrize(
    ("was", "is_", "words"),
    [
        ("sedative.other: tawelydd", "sedative.otter: tawelydd", "There is no class 'sedative.otter'"),
        ("party-drug: cyffur parti", "party-drag: cyffur parti", "no substance or intent 'party-drag'"),
        ("mg_per_unit: mg, ", "", "“units” has no words for mg_per_unit"),
        ('"Dywedoch chi wrthym: {expected}"', '"Dywedoch chi wrthym"', "“told_us” must hold {expected} once"),
    ],
)
def test_short_words_that_are_missing_or_say_less_stop_the_pack(was: str, is_: str, words: str) -> None:
    text = FILES["labels/cy.yaml"]
    assert was in text
    with pytest.raises(PackError, match=re.escape(words)) as raised:
        load_pack({**FILES, "labels/cy.yaml": text.replace(was, is_)})
    assert {p.file for p in raised.value.problems} == {"labels/cy.yaml"}
    assert all(p.line > 0 for p in raised.value.problems)


def test_every_class_has_its_plain_words_in_welsh() -> None:
    words = PACK.labels["cy"].classes
    assert set(words) >= set(PACK.substances.classes)
    for class_id, plain in words.items():
        finding = FindingFact(drug_class=class_id, confidence="indicated")
        told = evaluate(PACK, sample(finding, scope=(GC_MS,)), shown(), "cy", NOW)
        assert told.headline == f"Mae hwn yn edrych fel {plain}.", class_id


# -- true to the English ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", WELSH, ids=lambda m: m.id)
def test_a_translation_keeps_numbers_drugs_parts_and_pictures_and_nobody_has_signed_it(text: MessageText) -> None:
    english = ENGLISH[text.id]
    assert text.status == "draft"
    assert text.version == english.version
    assert text.placeholders == english.placeholders
    assert (text.pictogram, text.tags, text.evidence) == (english.pictogram, english.tags, english.evidence)
    for part in ("title", "short", "more"):
        ours, theirs = getattr(text, part), getattr(english, part)
        assert bool(ours) == bool(theirs), part
        assert Counter(re.findall(r"\d+", ours)) == Counter(re.findall(r"\d+", theirs)), part
        assert ours.count("\n- ") == theirs.count("\n- "), part
        assert len(ours.split("\n\n")) == len(theirs.split("\n\n")), part
        assert ("**" in ours) == ("**" in theirs), part
    assert ("naloxone" in text.source.lower()) == ("naloxone" in english.source.lower())
    capitals = r"\b(?:[A-Z]{3,}|2C-B|999)\b"
    assert set(re.findall(capitals, text.source)) == set(re.findall(capitals, english.source))


@pytest.mark.parametrize("text", WELSH, ids=lambda m: m.id)
def test_a_translation_is_welsh_and_leaves_names_as_they_are(text: MessageText) -> None:
    assert not FOREIGN.search(text.source), FOREIGN.findall(text.source)
    assert not CHANGING.search(text.source)


@pytest.mark.parametrize(
    "said",
    ["Mae hwn yn ddiogel.", "Cyffur pur yw hwn.", "Nid yw naloxone yn gweithio.", "Does dim nitazenes yma."],
)
def test_words_that_reassure_are_refused_in_welsh_too(said: str) -> None:
    name = "messages/cy/M-LIMITS-CORE.md"
    files = {**FILES, name: FILES[name].rstrip() + f" {said}\n"}
    assert {p.kind for p in word_problems(load_pack(files)) if p.file == name} & {"banned", "never"}


def test_a_translation_of_an_older_english_is_told_and_not_shown() -> None:
    name = "messages/en/M-NITAZENE.md"
    version = ENGLISH["M-NITAZENE"].version
    pack = load_pack({**FILES, name: FILES[name].replace(f"version: {version}", f"version: {version + 1}")})
    assert pack.message("M-NITAZENE", "cy").locale == "en"
    assert [p.file for p in word_problems(pack) if p.kind == "translation"] == ["messages/cy/M-NITAZENE.md"]


# -- the page ---------------------------------------------------------------------------------------------------


def test_a_page_is_welsh_with_names_as_they_are_and_english_where_there_is_none() -> None:
    told = page("05-bromazolam-medetomidine")
    assert told.headline.startswith("Gwnaethom ganfod bromazolam (benzo stryd).")
    assert told.headline.endswith("Ni wnaethom ganfod diazepam.")
    assert told.told_us == "Dywedoch chi wrthym: diazepam"
    by_id = {m.id: m for m in told.body}
    assert by_id["M-MEDETOMIDINE"].because == "Mae hwn yn edrych fel medetomidine (tawelydd cryf iawn)."
    assert (by_id["M-MEDETOMIDINE"].locale, by_id["M-MEDETOMIDINE"].fallback) == ("cy", False)
    stop = by_id["M-BENZO-STOP"]  # serious, and not translated yet
    assert (stop.locale, stop.fallback, stop.severity) == ("en", True, Severity.S2)
    assert stop.severity_word == "DIFRIFOL"
    assert stop.text == page("05-bromazolam-medetomidine", "en").body[by_id_place(told, stop.id)].text
    assert [n.id for n in told.notices] == ["M-NOTICE-AWAITING", "M-NOTICE-MACHINE", "M-NOTICE-ASK-US"]
    assert {m.locale for m in told.messages() if m.severity.rank <= 1} == {"cy"}


def by_id_place(told, message_id: str) -> int:  # type: ignore[no-untyped-def]
    return [m.id for m in told.body].index(message_id)


def test_what_fell_back_is_english_to_the_last_value() -> None:
    ketamine = found("ketamine", amount=None)
    told = evaluate(
        PACK, sample(ketamine, found("bromazolam"), expected=("ketamine",), scope=(GC_MS,)), shown(), "cy", NOW
    )
    fell_back = [m for m in told.messages() if m.fallback]
    assert fell_back
    for m in fell_back:
        assert m.locale == "en"
        assert "benzo stryd" not in m.text
    aloud = next(line for line in told.emergency if line.step == "call").spoken
    assert "naw naw naw" in aloud


def test_three_names_are_joined_without_changing_the_last() -> None:
    told = evaluate(
        PACK, sample(found("mdma"), found("ketamine"), found("cocaine"), scope=(GC_MS,)), shown(), "cy", NOW
    )
    assert re.search(r"\w+, \w+ a hefyd \w+", told.headline)
    assert "a(c)" not in told.to_plain()


@pytest.mark.parametrize("case", CASES)
def test_the_order_and_the_log_of_a_page_do_not_depend_on_the_language(case: str) -> None:
    ours, theirs = page(case), page(case, "en")
    notices = {"M-NOTICE-MACHINE", "M-NOTICE-ASK-US"}
    assert [x for x in ours.display_log if x[0] not in notices] == [
        x for x in theirs.display_log if x[0] not in notices
    ]
    assert (ours.staff_actions, ours.outcome, ours.verdict) == (theirs.staff_actions, theirs.outcome, theirs.verdict)
    assert ours.headline != theirs.headline


# -- once a pack is signed --------------------------------------------------------------------------------------


def test_in_an_approved_pack_a_translation_nobody_signed_gives_way_to_english() -> None:
    pack = approved_pack()
    assert pack.approved
    told, english = page("05-bromazolam-medetomidine", pack=pack), page("05-bromazolam-medetomidine", "en", pack)
    assert {m.locale for m in told.messages()} == {"en"}
    assert (told.headline, told.told_us) == (english.headline, english.told_us)
    assert (told.locale, told.labels_locale, told.labels) == ("cy", "en", english.labels)
    assert [n.id for n in told.notices] == ["M-NOTICE-ASK-US"]


def test_in_an_approved_pack_a_signed_translation_speaks_and_a_signature_ends_the_machine_notice() -> None:
    signed = frozenset({"messages/cy/M-MEDETOMIDINE.md", "labels/cy.yaml"})
    told = page("05-bromazolam-medetomidine", pack=approved_pack(signed))
    assert [m.id for m in told.messages() if m.locale == "cy"] == ["M-MEDETOMIDINE"]
    assert told.labels_locale == "cy"
    assert told.told_us.startswith("Dywedoch chi wrthym")
    assert "M-NOTICE-MACHINE" not in {n.id for n in told.notices}

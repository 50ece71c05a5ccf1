"""The second language: whole where it promises to be, true to the English, and English where it has no words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

from harm_messages import PackError, evaluate, load_pack, pack_files
from harm_messages.check_dosing import text_problems
from harm_messages.check_words import word_problems
from harm_messages.tagged import TAGGED
from harm_messages.texts import MessageText, stamped
from harm_messages.types import FindingFact, Severity, Slot
from harm_messages.vocabulary import DosingTag
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
    r"(?:^|\s)(?:i|o|am|ar|at|dan|dros|drwy|gan|heb|wrth|neu|yn|â|a|gyda|na|ei|mewn)\s+\{(?:names|expected|methods)\}"
)
# a question and its answer are two pieces here, so that a question is compared with a question
PIECE = re.compile(r"(?<=[.!?])\s+|\n+(?:- )?|(?<=\])\s+|(?<=\*\*)\s+(?=[A-Z])")


def page(case: str, locale: str = "cy", pack=PACK):  # type: ignore[no-untyped-def]
    facts, context = CASES[case]
    return evaluate(pack, facts, context, locale, NOW)


def promised() -> set[str]:
    """From the rules themselves, not from what the language says it promises."""
    wanted = {r.emit.message for r in PACK.rules if r.severity.value in GRAVE or r.slot is Slot.LIMITS}
    wanted |= {m for step in PACK.emergency for m in step.fragments.values()}
    wanted |= {row.say for row in PACK.dosing.rows if row.say} | {s.no_reaction for s in PACK.strips if s.no_reaction}
    wanted |= {*PACK.families.together.values(), *(f.message for f in PACK.families.fallbacks.values())}
    return wanted | set(PACK.manifest.fixed.values())


def pieces(text: str) -> list[str]:
    """Sentences and list lines without tags and stars."""
    return [p for p in PIECE.split(TAGGED.sub(lambda m: m.group(2), text).removeprefix("- ").replace("**", "")) if p]


def pairs(text: MessageText) -> Iterator[tuple[str, str]]:
    """(English, Welsh) of each sentence, where the two texts have as many."""
    for part in ("title", "short", "more"):
        theirs, ours = pieces(getattr(ENGLISH[text.id], part)), pieces(getattr(text, part))
        if len(theirs) == len(ours):
            yield from zip(theirs, ours, strict=True)


# -- whole ------------------------------------------------------------------------------------------------------


def test_every_grave_message_limit_and_sentence_of_the_page_itself_is_in_welsh() -> None:
    assert promised() - {m.id for m in WELSH} == set()
    row = PACK.locales["cy"]
    assert row.drafted == "machine"
    assert {"S0", "S1", "emergency", "limits", "fixed"} <= set(row.complete_for)


@pytest.mark.parametrize(
    "gone",
    [
        "M-NITAZENE", "M-EM-AIRWAY", "M-LIMITS-STRIP-NITAZENE", "M-HL-NOT-FOUND", "M-DOSE-SPECK", "M-FAM-HEAT", "M-FB-POISON",
    ],
)  # fmt: skip
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
        ("  colour_test: ", "  color_test: ", "“because” has no words for colour_test"),
        ("oherwydd {reason}", "am reswm", "“declared” must hold {names}, {reason}"),
        ('"0.25": ', '"0.3": ', "“portions” has no words for 0.25"),
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
        assert told.headline == f"Mae hwn yn edrych fel {plain}. Gall prawf gwell ddweud yn sicr.", class_id


def test_a_part_of_a_usual_amount_reads_well_behind_the_words_before_it() -> None:
    """The cards say "Mae hynny {in_usual}.": with any other first word the sentence would break."""
    assert {words.split()[0] for words in PACK.labels["cy"].portions.values()} == {"tua"}
    assert "Mae hynny tua dau swm arferol a hanner i oedolyn." in page("01-mdma-pill").to_plain()
    assert "o'r cyffur MDMA, wedi'i gyfrif fel yr halwyn arferol." in page("01-mdma-pill").to_plain()


# -- true to the English ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", WELSH, ids=lambda m: m.id)
def test_a_translation_is_welsh_and_keeps_numbers_drugs_parts_pictures_and_tags(text: MessageText) -> None:
    english = ENGLISH[text.id]
    assert text.status == "draft"
    assert text.version == english.version
    assert text.made_from == english.digest, "made from another English text than today's"
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
    assert not FOREIGN.search(text.source), FOREIGN.findall(text.source)
    assert not CHANGING.search(text.source)
    for part in ("short", "more"):
        tags = [[m.group(1) for m in TAGGED.finditer(getattr(one, part))] for one in (english, text)]
        assert tags[0] == tags[1], part


def test_one_english_sentence_is_one_welsh_sentence_on_every_card() -> None:
    """A page shows a repeated sentence once; said in two ways it would stand twice."""
    said: dict[str, set[str]] = {}
    for text in WELSH:
        for theirs, ours in pairs(text):
            said.setdefault(theirs.casefold(), set()).add(ours.casefold())
    assert len(said) > 400
    assert {theirs: ours for theirs, ours in said.items() if len(ours) > 1} == {}


# -- dosing sentences -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [m for m in WELSH if m.id not in PACK.first_aid], ids=lambda m: m.id)
def test_the_words_of_a_dose_are_known_in_welsh_as_in_english(text: MessageText) -> None:
    for theirs, ours in pairs(text):
        assert PACK.tagger("cy").found(ours) == PACK.tagger("en").found(theirs), (theirs, ours)
        ways = [
            any(re.search(p, s, re.IGNORECASE) for p in PACK.dosing.ways[x]) for x, s in (("en", theirs), ("cy", ours))
        ]
        assert ways[0] == ways[1], (theirs, ours)


@pytest.mark.parametrize(
    ("sentence", "tags"),
    [
        ("Cymerwch ran fach yn gyntaf.", {"start_low"}),
        ("Dechreuwch gyda darn bach.", {"start_low"}),
        ("Cymerwch un pwff bach.", {"start_low"}),
        ("Gwnewch eich dos cyntaf yn llai.", {"start_low"}),
        ("Dechreuwch yn isel.", {"start_low"}),
        ("Cymerwch lai i ddechrau.", {"start_low"}),
        ("Arhoswch 2 awr.", {"clock"}),
        ("Arhoswch o leiaf ddwy awr.", {"clock"}),
        ("Arhoswch 30 munud cyn cymryd rhagor.", {"clock"}),
        ("Gwell aros ychydig oriau.", {"clock"}),
        ("Cyn cymryd mwy, yfwch ddŵr.", {"clock"}),
        ("Peidiwch â chymryd rhagor heddiw.", {"clock"}),
        ("Peidiwch byth â chymryd mwy o fewn 2 awr.", {"clock"}),
        ("Arhoswch nes i chi deimlo'r cyfan.", {"clock"}),
        ("Cymerwch chwarter.", {"fraction"}),
        ("Mae hanner yn ddigon.", {"fraction"}),
        ("Dechreuwch gyda chwarter. ", {"start_low", "fraction"}),
        # none of these tells anybody how to take a drug
        ("Arhoswch gyda nhw am rai oriau.", set()),
        ("Arhoswch tan yfory gyda rhywun sy'n effro.", set()),
        ("Peidiwch â chymryd mwy, ac arhoswch gyda rhywun sy'n effro.", set()),
        ("Peidiwch â chymryd mwy wrth aros.", set()),
        ("Gofynnwch i ni beth rydyn ni'n ei wybod cyn cymryd dim ohono.", set()),
        ("Gall DOx gymryd 3 awr i ddechrau, a phara diwrnod.", set()),
        ("Mae'n para hanner awr.", set()),
        ("Gall swm bach iawn ladd.", set()),
    ],
)
def test_a_welsh_sentence_about_a_dose_counts_as_one_without_a_tag(sentence: str, tags: set[str]) -> None:
    assert PACK.tagger("cy").found(sentence) == {DosingTag(t) for t in tags}


def test_an_untagged_dose_in_welsh_is_told_and_a_vetoed_one_is_not_on_the_page() -> None:
    name = "messages/cy/M-NITAZENE.md"
    pack = load_pack(
        {**FILES, name: FILES[name].replace("Gall swm rhy fach", "Cymerwch ran fach. Gall swm rhy fach", 1)}
    )
    assert [p.file for p in text_problems(pack) if p.kind == "untagged"] == [name]
    told = evaluate(pack, sample(found("protonitazene"), expected=("heroin",), scope=(GC_MS,)), shown(), "cy", NOW)
    card = next(m for m in told.body if m.id == "M-NITAZENE")
    assert card.locale == "cy"
    assert "ran fach" not in told.to_plain()


@pytest.mark.parametrize(
    "said",
    ["Mae hwn yn ddiogel.", "Cyffur pur yw hwn.", "Nid yw naloxone yn gweithio.", "Does dim nitazenes yma."],
)
def test_words_that_reassure_are_refused_in_welsh_too(said: str) -> None:
    name = "messages/cy/M-LIMITS-CORE.md"
    files = {**FILES, name: FILES[name].rstrip() + f" {said}\n"}
    assert {p.kind for p in word_problems(load_pack(files)) if p.file == name} & {"banned", "never"}


@pytest.mark.parametrize(("part", "raised"), [("title", False), ("short", True), ("more", False)])
def test_a_translation_of_another_english_is_stale_at_once(part: str, raised: bool) -> None:
    """By the digest, whatever the version; and a text that changed without a new version is refused."""
    name, english = "messages/en/M-NITAZENE.md", ENGLISH["M-NITAZENE"]
    old, new = {
        "title": (f'title: "{english.title}"', 'title: "A nitazene"'),
        "short": ("too small to see", "too small to weigh"),
        "more": ("several doses", "a few doses"),
    }[part]
    recorded = stamped(FILES[name], english)
    changed = recorded.replace(old, new, 1)
    assert changed != recorded
    if raised:
        changed = changed.replace(f"version: {english.version}", f"version: {english.version + 1}")
    pack = load_pack({**FILES, name: changed})
    assert pack.message("M-NITAZENE", "cy").locale == "en"
    said = [(p.kind, p.level, p.file) for p in word_problems(pack)]
    assert ("translation", "warning", "messages/cy/M-NITAZENE.md") in said
    assert (("version", "error", name) in said) is not raised


# -- the page ---------------------------------------------------------------------------------------------------


def test_a_page_is_welsh_with_names_as_they_are_and_english_where_there_is_none() -> None:
    told = page("05-bromazolam-medetomidine")
    assert told.headline.startswith("Rydyn ni wedi canfod bromazolam.")
    assert told.difference is not None
    assert told.difference.text == "Nid dyma beth roeddech chi'n ei ddisgwyl."
    assert "Mae'n edrych fel bod medetomidine ynddo hefyd." in told.headline
    assert told.action is not None
    assert told.action.text == "Gwell peidio â'i gymryd. Gall unrhyw swm fod yn ormod, mewn unrhyw ffurf."
    assert told.told_us == "Dywedoch chi wrthym: diazepam"
    by_id = {m.id: m for m in told.body}
    assert (by_id["M-MEDETOMIDINE"].locale, by_id["M-MEDETOMIDINE"].fallback) == ("cy", False)
    stop = by_id["M-BENZO-STOP"]  # serious, and not translated yet
    assert (stop.locale, stop.fallback, stop.severity) == ("en", True, Severity.S2)
    assert stop.severity_word == "DIFRIFOL"
    english = page("05-bromazolam-medetomidine", "en").body[by_id_place(told, stop.id)]
    assert (stop.id, stop.title) == (english.id, english.title)
    assert stop.text.endswith(english.text), "only what stood in Welsh further up is said again"
    assert [n.id for n in told.notices] == ["M-NOTICE-ASK-US"]
    assert [n.id for n in told.sign_off] == ["M-NOTICE-AWAITING", "M-NOTICE-MACHINE"]
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
        assert "benzo stryd" not in f"{m.because} {m.text}"
    aloud = next(line for line in told.emergency if line.step == "call").spoken
    assert "naw naw naw" in aloud


STRIP = "03-heroin-strip-positive"


def test_what_a_strip_is_worth_is_said_in_welsh() -> None:
    card = page(STRIP).cards[0]
    assert card.because.startswith("Gall stribedi fod yn anghywir. Gweithredwch fel petai ynddo")
    assert "Gall caffeine dwyllo'r stribed hwn." in card.because


@pytest.mark.parametrize("stale", ["M-FAM-BREATHING", "M-MIX-DOWNERS"])
def test_a_card_made_of_several_texts_is_in_one_language(stale: str) -> None:
    """Where one of them has no Welsh of today, the whole card is English, with the words of its evidence, and marked."""
    old = PACK.messages[(stale, "cy")].model_copy(update={"made_from": "0" * 64})
    pack = replace(PACK, messages={**PACK.messages, (stale, "cy"): old})
    ours, theirs = page(STRIP, pack=pack), page(STRIP, "en").cards[0]
    card = ours.cards[0]
    assert stale in {card.id, *(message_id for message_id, _ in card.joined)}
    assert (card.locale, card.fallback, card.machine_drafted) == ("en", True, False)
    assert card.because.startswith("Strips can be wrong.")
    assert (card.title, card.because) == (theirs.title, theirs.because)
    for said in (card.text, card.more_text):
        assert not re.search(r"\b(gall|peidiwch|mae|cyffur)\b", said, re.IGNORECASE), said
    assert card.severity_word == "GWEITHREDWCH NAWR"
    assert [n.id for n in ours.notices] == ["M-NOTICE-ASK-US"]
    assert {part.locale for line in ours.emergency for part in line.parts} == {"cy"}


@pytest.mark.parametrize("case", CASES)
def test_the_order_and_the_log_of_a_page_do_not_depend_on_the_language(case: str) -> None:
    ours, theirs = page(case), page(case, "en")
    notices = {"M-NOTICE-MACHINE", "M-NOTICE-ASK-US"}
    assert [x for x in ours.display_log if x[0] not in notices] == [
        x for x in theirs.display_log if x[0] not in notices
    ]
    assert [m.html.count("<p>") for m in ours.cards] == [m.html.count("<p>") for m in theirs.cards], "as much in sight"
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
    assert [n.id for n in (*told.notices, *told.sign_off)] == ["M-NOTICE-ASK-US"]


def test_in_an_approved_pack_a_signed_translation_speaks_and_a_signature_ends_the_machine_notice() -> None:
    one = {"messages/cy/M-MEDETOMIDINE.md", "labels/cy.yaml"}
    facts = sample(found("medetomidine"), scope=(GC_MS,))
    half = evaluate(approved_pack(frozenset(one)), facts, shown(), "cy", NOW)
    assert {m.locale for m in half.messages()} == {"en"}, "its card also says M-MIX-DOWNERS, which nobody has signed"
    signed = frozenset({*one, "messages/cy/M-MIX-DOWNERS.md"})
    told = evaluate(approved_pack(signed), facts, shown(), "cy", NOW)
    assert [m.id for m in told.messages() if m.locale == "cy"] == ["M-MEDETOMIDINE"]
    assert told.labels_locale == "cy"
    assert told.told_us == "Wnaethoch chi ddim dweud wrthym beth oedd hwn i fod."
    assert "M-NOTICE-MACHINE" not in {n.id for n in (*told.notices, *told.sign_off)}

"""Another language: what it promises, what falls back to English, and who has signed it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harm_messages import Pack, PackError, Page, evaluate, load_pack, pack_files
from harm_messages.check_words import word_problems
from harm_messages.wording import spoken
from tests.harm_messages.message_cases import CASES, NOW, found, sample, shown

FILES = pack_files()


def gaelic(*left_out: str, complete_for: str = "all", drafted: str = "machine") -> Pack:
    """The shipped pack with its English again as “Gaelic”, without some of it."""
    files = {n: t for n, t in FILES.items() if not n.startswith(("messages/cy/", "labels/cy"))}
    for name, text in FILES.items():
        if name.startswith(("messages/en/", "labels/en")) and not any(part in name for part in left_out):
            files[name.replace("/en/", "/gd/").replace("labels/en", "labels/gd")] = text
    rows = f"en: {{name: English, complete_for: all, drafted: people}}\ngd: {{name: Gaelic, complete_for: {complete_for}, drafted: {drafted}}}\n"
    return load_pack({**files, "locales.yaml": rows})


def nitazene(pack: Pack, locale: str = "gd") -> Page:
    return evaluate(pack, sample(found("protonitazene"), expected=("heroin",)), shown(), locale, NOW)


def keys(page: Page) -> list[str]:
    """What is said about the words themselves: first what to ask about, last who has signed them."""
    return [m.id for m in (*page.notices, *page.sign_off)]


PACK = gaelic()


def test_a_draft_translation_is_shown_and_says_that_a_machine_wrote_it() -> None:
    page = nitazene(PACK)
    assert all(m.locale == "gd" and m.machine_drafted and not m.fallback for m in page.body)
    assert keys(page) == ["M-NOTICE-AWAITING", "M-NOTICE-MACHINE"]
    assert "M-NOTICE-MACHINE" not in keys(nitazene(gaelic(drafted="people")))


def test_a_translation_of_an_older_version_gives_way_and_check_says_so() -> None:
    english = PACK.messages[("M-NITAZENE", "en")]
    newer = {**PACK.messages, ("M-NITAZENE", "en"): english.model_copy(update={"version": english.version + 1})}
    pack = replace(PACK, messages=newer)
    assert {m.locale for m in nitazene(pack).body if m.id == "M-NITAZENE"} == {"en"}
    (problem,) = [p for p in word_problems(pack) if p.kind == "translation"]
    assert (problem.file, problem.where) == ("messages/gd/M-NITAZENE.md", "M-NITAZENE (gd)")
    assert problem.line > 0
    assert f"It carries version {english.version}" in problem.text


def test_taking_back_the_english_text_takes_back_its_translation() -> None:
    gone = PACK.messages[("M-NITAZENE", "en")].model_copy(update={"status": "withdrawn"})
    page = nitazene(replace(PACK, messages={**PACK.messages, ("M-NITAZENE", "en"): gone}))
    assert "M-NITAZENE" not in {m.id for m in page.body}
    assert (page.cards[0].id, page.cards[0].locale, page.cards[0].severity) == ("M-FB-BREATHING", "gd", "S0")
    assert keys(page)[0] == PACK.manifest.fixed["withdrawn"]


@pytest.mark.parametrize(("asked", "meant"), [("en-GB", "en"), ("EN_us", "en"), ("gd-YY", "gd"), ("pl", "pl")])
def test_a_regional_language_is_its_language(asked: str, meant: str) -> None:
    assert nitazene(PACK, asked).locale == meant


def test_the_promise_of_fixed_sentences_holds_what_no_rule_says() -> None:
    """The action lines, the joint sentences and the fallbacks too; without that promise they may be missing."""
    for name in ("M-DOSE-NEVER", "M-FAM-MIND", "M-FB-UNKNOWN", "M-HL-FOUND"):
        with pytest.raises(PackError, match=f"messages/gd/{name}.md.*this language promises fixed"):
            gaelic(name, complete_for="[fixed]")
        assert gaelic(name, complete_for="[S0]").message(name, "gd").locale == "en"
    with pytest.raises(PackError, match=r"messages/gd/M-LIMITS-STRIP-NITAZENE\.md.*promises limits"):
        gaelic("M-LIMITS-STRIP-NITAZENE", complete_for="[limits]")


def test_read_aloud_spells_capitals_and_says_what_the_pack_tells_it_to() -> None:
    assert spoken("MDMA and 2C-B, GC-MS, not Call or I", {}) == "M D M A and 2 C-B, G C-M S, not Call or I"
    assert spoken("Call 999. MDMA 50 mg.", {"999": "nine nine nine", "mg": "milligrams"}) == (
        "Call nine nine nine. M D M A 50 milligrams."
    )
    assert spoken("mgs 1999", {"999": "x", "mg": "y"}) == "mgs 1999"


def test_spoken_text_and_pictogram_come_from_the_message_file() -> None:
    heat = FILES["messages/en/M-HEAT.md"].split("---\n")[1]
    lines = [line for line in heat.splitlines() if not line.startswith("pictogram")]
    text = (
        "---\n"
        + "\n".join(lines)
        + "\npictogram: heat\n---\nDrink.\n\n%% spoken\n\nSip some water.\n\n%% more\n\nMore.\n"
    )
    pack = load_pack({**FILES, "messages/en/M-HEAT.md": text})
    card = next(m for m in evaluate(pack, *CASES["01-mdma-pill"], "en", NOW).body if m.id == "M-HEAT")
    assert (card.text, card.spoken, card.more_text, card.pictogram) == ("Drink.", "Sip some water.", "More.", "heat")
    line = evaluate(pack, *CASES["01-mdma-pill"], "en", NOW).emergency[1]
    assert line.step == "call"
    assert "nine nine nine" in line.spoken

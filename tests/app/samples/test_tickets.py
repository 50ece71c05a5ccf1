"""The ticket code: what the check symbol finds, what may be typed, what is stored."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.intake.samples import tickets
from tests.support.budget import size

CODES = st.builds(tickets.mint)
BODIES = st.text(alphabet=tickets.ALPHABET, min_size=11, max_size=11)


def test_the_alphabet_is_the_one_of_the_design_without_look_alikes() -> None:
    assert tickets.ALPHABET == "34679CDFGHJKMNPQRTVWXY"
    assert len(set(tickets.ALPHABET)) == 22
    assert not set(tickets.ALPHABET) & set(tickets.LOOKS_LIKE)
    assert set(tickets.ALPHABET) | set(tickets.LOOKS_LIKE) == set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def test_the_check_symbol_is_that_of_the_standards_hybrid_system(monkeypatch: pytest.MonkeyPatch) -> None:
    # ISO/IEC 7064 MOD 11,10 has the published example 0794 → check digit 5; same code, other alphabet.
    monkeypatch.setattr(tickets, "ALPHABET", "0123456789")
    monkeypatch.setattr(tickets, "_M", 10)
    monkeypatch.setattr(tickets, "_VALUE", {str(n): n for n in range(10)})
    assert tickets.check_symbol("0794") == "5"


@settings(max_examples=size(30, 300))
@given(BODIES)
def test_every_wrong_single_symbol_is_found_for_any_body(body: str) -> None:
    code = body + tickets.check_symbol(body)
    assert tickets.is_valid(code)
    for place in range(tickets.LENGTH):
        for symbol in tickets.ALPHABET:
            if symbol != code[place]:
                assert not tickets.is_valid(code[:place] + symbol + code[place + 1 :])


@settings(max_examples=size(30, 300))
@given(CODES)
def test_every_swap_of_neighbours_in_a_minted_code_is_found(code: str) -> None:
    assert tickets.is_valid(code)
    for i in range(tickets.LENGTH - 1):
        swapped = code[:i] + code[i + 1] + code[i] + code[i + 2 :]
        assert swapped == code or not tickets.is_valid(swapped)


@settings(max_examples=size(30, 300))
@given(CODES, st.sampled_from(["{}", " {} ", "{} ", "\t{}"]), st.sampled_from(["", " ", "-", "–", ". "]), st.booleans())
def test_a_code_is_read_however_it_is_typed(code: str, frame: str, between: str, lower: bool) -> None:
    typed = frame.format(between.join(code[i : i + 4] for i in (0, 4, 8)))
    assert tickets.parse(typed.lower() if lower else typed) == code


@pytest.mark.parametrize("bad", "01OILZ2S58BAEU")
def test_a_look_alike_is_explained_with_what_it_may_have_been(bad: str) -> None:
    with pytest.raises(tickets.NotACodeError, match=f"never contain {bad}. Could it be ") as found:
        tickets.parse(bad + tickets.mint()[1:])
    guesses = set(str(found.value).split("Could it be ")[1].rstrip("?").split(" or "))
    assert guesses <= set(tickets.ALPHABET)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "has 12 letters"),
        ("3RWX", "This has 4"),
        ("3" * 13, "This has 13"),
        ("3" * 12, "not right"),
        ("€" * 12, "€"),
    ],
)
def test_what_cannot_be_a_code_is_refused_in_a_sentence(typed: str, sentence: str) -> None:
    with pytest.raises(tickets.NotACodeError, match=sentence):
        tickets.parse(typed)


@settings(max_examples=size(30, 300))
@given(st.text(max_size=40))
def test_anything_typed_is_a_code_or_a_sentence(typed: str) -> None:
    try:
        read = tickets.parse(typed)
    except tickets.NotACodeError as sentence:
        read = None
        said = str(sentence)
    assert tickets.is_valid(read) if read is not None else said.isprintable()


def test_nobody_can_hold_the_code_that_is_looked_up_for_garbage() -> None:
    assert not tickets.is_valid(tickets.NOBODY)

"""Titles of references tell salt from base, and esters are not taken for salts; sampling and formulae are understood."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectra.reference_titles import read_title, same_molecule, sampling_of, without_form

TITLES = [
    ("MDMA HCl", "MDMA", "hydrochloride", True), ("Cocaine (base)", "Cocaine", "base", True),
    ("Heroin hydrochloride monohydrate", "Heroin", "hydrochloride hydrate", True),
    ("Amphetamine sulphate", "Amphetamine", "sulfate", False), ("Dimethyl fumarate", "Dimethyl", "fumarate", False),
    ("Diamorphine", "Diamorphine", "", True), ("Freebase", "Freebase", "", True), ("Base", "Base", "", True),
    ("3-MMC", "3-MMC", "", True),
]  # fmt: skip


@pytest.mark.parametrize(("title", "name", "form", "sure"), TITLES)
def test_the_last_words_are_a_form(title: str, name: str, form: str, sure: bool) -> None:
    found = read_title(title)
    assert (found.names, found.form, found.sure) == ((name,), form, sure)
    assert found.name == title


def test_numbers_second_names_and_a_cas_number_are_taken_off() -> None:
    found = read_title("#0123v -  4-MMC HCl / Mephedrone HCl")
    assert (found.number, found.names, found.form) == ("#0123v", ("4-MMC", "Mephedrone"), "hydrochloride")
    assert read_title("Hydroquinone 99 percent 123-31-9 Run 11").cas == "123-31-9"
    assert read_title("Hydroquinone 99 percent 123-31-9 Run 11").name == "Hydroquinone 99 percent"
    assert read_title("Caffeine 58-08-21").name == "Caffeine 58-08-21", "the check digit is wrong: no CAS number"
    assert read_title("67-64-1").name == "67-64-1"


@given(st.text(max_size=60))
def test_any_title_keeps_a_name_if_it_had_one(title: str) -> None:
    found = read_title(title)
    assert bool(found.name.strip()) == bool(title.strip()) or found.number
    for name in found.names:
        assert without_form(name)[0]


@pytest.mark.parametrize(
    ("texts", "word"),
    [
        (("ATR (diamond)",), "ATR"),
        (("", "KBr disc"), "transmission, pellet"),
        (("GC/FTIR solid phase",), "GC-IR"),
        (("DRIFT",), "diffuse reflectance"),
        (("attenuated total reflectance",), "ATR"),
        (("-", "", "SOLUTION (10% IN CCl4)"), "transmission, solution"),
        (("by hand",), ""),
    ],
)
def test_sampling_is_recognised(texts: tuple[str, ...], word: str) -> None:
    assert sampling_of(*texts) == word


@pytest.mark.parametrize(
    ("stated", "base", "same"),
    [
        ("C9H13N.HCl", "C9H13N", True),
        ("C9H14ClN", "C9H13N", True),
        ("C18H28N2O4S", "C9H13N", True),  # the sulfate, two to one
        ("C9H13N x HCl", "C9H13N", True),
        ("C9H13NO", "C9H13N", False),
        ("mixture", "C9H13N", None),
    ],
)
def test_a_formula_of_a_salt_is_known_by_its_base(stated: str, base: str, same: bool | None) -> None:
    assert same_molecule(stated, base) is same

"""A reference is counted as a substance of the register only where keys, names and formula leave one."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from app.laboratory.library.usable import RegisterKeys, by_register


@dataclass
class Fact:
    value: str
    certain: bool = True


@dataclass
class Row:
    id: str
    name: str
    aliases: tuple[str, ...]
    formula: str
    cas: Fact | None
    inchikey: Fact | None


COCAINE = "ZPUCINDJVBIVPJ-LJISPDSOSA-N"
TWIN = "QQQQQQQQQQQQQQ-UHFFFAOYSA-N"
KEYS = RegisterKeys(
    [
        Row("cocaine", "Cocaine", ("coke", "base", "C"), "C17H21NO4", Fact("50-36-2"), Fact(COCAINE)),
        Row("twin", "Twinamine", ("coke",), "C17H21NO4", Fact("299-42-3", False), Fact(TWIN)),
        Row("keyless", "Keyless", (), "C9H13N", None, None),
    ]
)


@pytest.mark.parametrize(
    ("inchikey", "names", "cas", "formula", "found"),
    [
        ("", ["Cocaine HCl", "Cocaine"], "", "C17H21NO4.HCl", COCAINE),
        ("", ["cocaine"], "", "", COCAINE),
        ("", ["whatever"], "50-36-2", "", COCAINE),
        (COCAINE, ["whatever"], "", "", COCAINE),
        ("PIQVDUKEQYOJNR-VZXSFKIWSA-N", ["Cocaine"], "", "C17H22ClNO4", COCAINE),
        ("PIQVDUKEQYOJNR-VZXSFKIWSA-N", ["Cocaine"], "", "C17H21NO4", ""),  # another isomer
        ("PIQVDUKEQYOJNR-VZXSFKIWSA-N", ["Cocaine"], "", "", ""),
        ("", ["Cocaine"], "", "C8H10N4O2", ""),  # the formula of something else
        ("", ["coke"], "", "", ""),  # two substances are called so
        ("", ["C"], "", "", ""),  # too short a name
        ("", ["Cocaine", "Twinamine"], "", "", ""),  # a mixture
        ("", ["Twinamine"], "50-36-2", "", ""),  # number and name disagree
        ("", ["whatever"], "299-42-3", "", ""),  # a number nobody confirmed
        ("", ["Keyless"], "", "", ""),
        ("", [], "", "", ""),
    ],
)
def test_only_what_is_sure_is_resolved(inchikey: str, names: list[str], cas: str, formula: str, found: str) -> None:
    assert KEYS(inchikey, names, cas, formula) == found


def test_the_register_that_comes_with_mast_knows_the_salts_of_its_substances() -> None:
    assert by_register("", ["MDMA HCl", "MDMA"], "", "C11H15NO2.HCl").startswith("SHXWCVYOXRDMCX")

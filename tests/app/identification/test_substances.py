"""A library's name is never exchanged for that of another stereoisomer."""

from __future__ import annotations

import pytest

from app.laboratory.identification.substances import SubstanceIndex
from harm_messages import load_pack

REGISTER = load_pack().substances
INDEX = SubstanceIndex(REGISTER)


def block(substance: str) -> str:
    key = REGISTER[substance].inchikey
    assert key is not None
    return key.value.split("-")[0]


OTHER_STEREOISOMERS = [
    ("dextromethorphan", "Levomethorphan"), ("dextromethorphan", "Racemethorphan"),
    ("methamphetamine", "Levomethamphetamine"), ("ephedrine", "(1S,2S)-pseudoephedrine"),
    ("ephedrine", "Norpseudosomething"), ("mannitol", "Galactitol"), ("morphine", "a name nobody listed"),
    ("levamisole", "Dexamisole"), ("levamisole", "(R)-6-phenyl-imidazothiazole"),
    ("levamisole", "6-phenyl-imidazothiazole"),
]  # fmt: skip
OWN_NAMES = [
    ("dextromethorphan", "Dextromethorphan"), ("dextromethorphan", "DXM"),
    ("dextromethorphan", "dextromethorphan hydrobromide"), ("ephedrine", "Ephedrine"),
    ("pseudoephedrine", "Pseudoephedrine HCl"), ("cocaine", "(-)-Cocaine"), ("levamisole", "Levamisole"),
    ("mephedrone", "1-(4-methylphenyl)-2-(methylamino)propan-1-one"), ("ketamine", "(S)-Ketamine"),
    ("mdma", "a synonym nobody listed"),
]  # fmt: skip


@pytest.mark.parametrize(("beside", "name"), OTHER_STEREOISOMERS)
def test_a_name_that_may_be_another_stereoisomer_gets_no_register_id(beside: str, name: str) -> None:
    known = INDEX.find(block(beside), name)
    assert (known.id, known.drug_class) == ("", "")


@pytest.mark.parametrize(("substance", "name"), OWN_NAMES)
def test_the_rows_own_names_and_rows_without_stereochemistry_are_found(substance: str, name: str) -> None:
    assert INDEX.find(block(substance), name).id == substance


def test_the_full_key_decides_between_stereoisomers_and_a_key_of_its_own_leaves_the_name() -> None:
    key = REGISTER["pseudoephedrine"].inchikey
    assert key is not None
    assert INDEX.find(key.value, "(1S,2S)-pseudoephedrine").id == "pseudoephedrine"
    assert INDEX.find(f"{block('dextromethorphan')}-OTHERSTEREO-N", "Levomethorphan").id == ""
    for name in ("Cocaine hydrochloride", "cocaine, hydrochloride", "Cocaine base"):
        assert INDEX.find("XXXXXXXXXXXXXX-UHFFFAOYSA-N", name).id == "cocaine"
    assert INDEX.find("name:dimethyl fumarate", "Dimethyl fumarate").id == ""

"""A pack with a gap is refused when it is built, and the refusal says where and what."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harm_messages import Pack, PackError, check, json_schema, load_pack
from harm_messages.files import pack_files
from harm_messages.pack_reader import read_pack
from harm_messages.structure import structural_problems

FILES = pack_files()


def test_a_missing_folder_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"pack\.yaml: The file is missing"):
        load_pack(tmp_path)


@pytest.mark.parametrize(
    ("file", "old", "new", "counts"),
    [
        ("rules/stimulants.yaml", "\n", "\n# note only\n", False),
        ("register.tsv", "mandy", "mandee", True),
        ("bands.yaml", "usual_max: 125", "usual_max: 124", True),
        ("messages/en/M-HEAT.md", "\n---\n", "\n---\nDrink some water.\n", True),
        ("labels/en.yaml", "\n", "\n# note only\n", True),
    ],
)
def test_the_digest_binds_content(file: str, old: str, new: str, counts: bool) -> None:
    changed = {**FILES, file: FILES[file].replace(old, new, 1)}
    assert (read_pack(changed).digest != load_pack().digest) is counts


def lacking() -> Pack:
    """The shipped pack without three of its rules, with one that another hides and with a word that reassures."""
    pack = load_pack()
    heat = next(r for r in pack.rules if r.id == "R-HEAT")
    hidden = heat.model_copy(update={"id": "R-ZZ", "emit": heat.emit.model_copy(update={"message": "M-ALERT-LOOK"})})
    gone = {"R-NITAZENE-ANY", "R-FENTANYL-AND-NITAZENE", "R-PAIR-LITHIUM"}
    rules = (*(r for r in pack.rules if r.id not in gone), hidden)
    banned = pack.messages[("M-HEAT", "en")].model_copy(update={"short": "This is safe."})
    changed = replace(pack, rules=rules, messages={**pack.messages, ("M-HEAT", "en"): banned})
    return changed


HIDDEN = {("shadowed", "R-ZZ"), ("pair", "P-LITHIUM-MDMA"), ("banned", "M-HEAT (en)")}


@pytest.mark.usefixtures("without_coverage")
def test_check_finds_what_is_hidden_or_banned() -> None:
    assert {(p.kind, p.where) for p in check(lacking())} >= HIDDEN


@pytest.mark.long
def test_check_finds_what_nothing_is_said_about() -> None:
    assert {(p.kind, p.where) for p in check(lacking())} >= {*HIDDEN, ("coverage", "protonitazene")}


def test_the_shipped_pack_is_sound_and_has_a_schema_for_every_kind_of_file() -> None:
    assert structural_problems(load_pack()) == []
    schema = json_schema()
    assert schema["rules/*.yaml"]["items"]["$ref"].endswith("/Rule")
    assert "pack.yaml" in schema


def test_a_recalled_strip_lot_is_told_to_staff() -> None:
    from harm_messages import Facts, StripFact, evaluate
    from tests.harm_messages.message_cases import NOW, shown

    pack = load_pack()
    row = pack.strips[0].model_copy(update={"lots": ("L9",), "recalled": True})
    strip = StripFact.model_validate({"target": row.target, "reading": "negative", "lot": "L9"})
    page = evaluate(replace(pack, strips=(row,)), Facts(strips=(strip,)), shown(), "en", NOW)
    assert "strip_lot_recalled:L9" in page.staff_actions

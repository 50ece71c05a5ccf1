"""A pack with a gap is refused when it is built, and the refusal says where and what."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harm_messages import PackError, check, json_schema, load_pack
from harm_messages.files import SHIPPED, pack_files
from harm_messages.pack_reader import read_pack
from harm_messages.structure import structural_problems

RULE = """
- id: R-NEW
  version: 1
  status: draft
  severity: S3
  slot: danger
  topic: new.topic
  when: {found: {class: entactogen}}
  emit: {message: M-HEAT}
  evidence: [here]
  review_by: 2027-05-01
"""


@pytest.fixture
def pack_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "pack"
    shutil.copytree(SHIPPED, folder)
    return folder


def with_rule(folder: Path, change: Callable[[str], str]) -> None:
    (folder / "rules" / "new.yaml").write_text(change(RULE), encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("  version: 1", "  version: 1\n  version: 2", "rules/new.yaml, line 4: “version” stands twice"),
        ("  version: 1", "  version: 1\n  colour: red", "rules/new.yaml, line 4: R-NEW: “colour” is not a key"),
        ("S3", "S9", "rules/new.yaml, line 5: R-NEW: “severity” is “S9”, but it must be one of: S0, S1"),
        ("slot: danger", "slot: headline", "composed"),
        ("severity: S3", "severity: S1", "needs emergency lines"),
        (
            "found: {class: entactogen}",
            "found: {class: entactogenn}",
            "rules/new.yaml, line 8: R-NEW: There is no class 'entactogenn'",
        ),
        ("found: {class: entactogen}", "found: {substance: mdmaa}", "no substance 'mdmaa'"),
        ("found: {class: entactogen}", "guess: {class: entactogen}", "“guess” is not a key"),
        ("{found: {class: entactogen}}", "{found: {}, form: vape}", "exactly one predicate"),
        ("{found: {class: entactogen}}", "{none_found: {class: entactogen}}", "in_scope"),
        ("{found: {class: entactogen}}", "{none_found: {class: entactogen, in_scope: false}}", "True"),
        ("{found: {class: entactogen}}", "{all: [{any: [{not: {not: {form: vape}}}]}]}", "at most 3"),
        ("{found: {class: entactogen}}", "{pair: {a: mdma, b: tea}}", "no group 'tea'"),
        ("M-HEAT", "M-NOWHERE", "rules/new.yaml, line 9: R-NEW: There is no message M-NOWHERE"),
        ("{message: M-HEAT}", "{message: M-SEDATIVE}", "uses {names}, but the rule gives none"),
        (
            "{message: M-HEAT}",
            "{message: M-HEAT, args: {names: found.names}}",
            "uses none, but the rule gives {names}",
        ),
        ("{message: M-HEAT}", "{message: M-HEAT, args: {names: facts.expected}}", "comes from 'found.names'"),
        (
            "  evidence: [here]",
            "  suppresses: [M-NITAZENE]\n  evidence: [here]",
            "may not silence R-NITAZENE-ANY",
        ),
        (
            "  evidence: [here]",
            "  emergency: [prayer]\n  evidence: [here]",
            "rules/new.yaml, line 10: R-NEW: There is no emergency line 'prayer'",
        ),
        ("R-NEW", "R-HEAT", "stands twice"),
        ("evidence: [here]", "evidence: []", "rules/new.yaml, line 10: R-NEW: “evidence” must not be empty."),
    ],
)
def test_a_rule_that_does_not_fit_is_refused(pack_folder: Path, old: str, new: str, says: str) -> None:
    with_rule(pack_folder, lambda rule: rule.replace(old, new, 1))
    with pytest.raises(PackError) as refused:
        load_pack(pack_folder)
    assert says in str(refused.value)


def test_a_rule_that_names_findings_must_bind_one(pack_folder: Path) -> None:
    with_rule(
        pack_folder,
        lambda rule: rule.replace(
            "{found: {class: entactogen}}", "{any: [{found: {class: ghb}}, {form: vape}]}"
        ).replace("{message: M-HEAT}", "{message: M-SEDATIVE, args: {names: found.names}}"),
    )
    with pytest.raises(PackError, match="can fire without one"):
        load_pack(pack_folder)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Look <b>here</b>.", "not allowed"),
        ("# Title", "not allowed"),
        ("See [this](http://x.org).", "not allowed"),
        ("Take *care*.", "Slanted text"),
        ("You have {nmaes}.", "is not a placeholder"),
        ("You have {names.", "brace"),
        ("word " * 71, "has 71 words; it may have 70 at most"),
        ("Short.\n\n%% more\n\n" + "word " * 251, "has 251 words; it may have 250 at most"),
        ("", "There is no card text"),
    ],
)
def test_a_message_that_is_more_than_plain_text_is_refused(pack_folder: Path, text: str, says: str) -> None:
    file = pack_folder / "messages" / "en" / "M-HEAT.md"
    front = file.read_text(encoding="utf-8").split("---\n")[1]
    file.write_text(f"---\n{front}---\n{text}\n", encoding="utf-8")
    with pytest.raises(PackError) as refused:
        load_pack(pack_folder)
    assert says in str(refused.value)


def test_a_missing_folder_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"pack\.yaml: The file is missing"):
        load_pack(tmp_path)


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("rules/stimulants.yaml", "# note only"),
        ("register.tsv", None),
        ("bands.yaml", None),
        ("messages/en/M-HEAT.md", "Drink some water."),
        ("labels/en.yaml", "# note only"),
    ],
)
def test_the_digest_binds_content(pack_folder: Path, file: str, line: str | None) -> None:
    before = read_pack(pack_files(pack_folder)).digest
    assert before == load_pack().digest
    path = pack_folder / file
    text = path.read_text(encoding="utf-8")
    if file == "register.tsv":
        text = text.replace("mandy", "mandee")
    elif file == "bands.yaml":
        text = text.replace("usual_max: 125", "usual_max: 124")
    else:
        text += f"\n{line}\n"
    path.write_text(text, encoding="utf-8")
    changed = read_pack(pack_files(pack_folder)).digest != before
    assert changed is (file != "rules/stimulants.yaml")


def test_check_finds_what_is_hidden_silent_or_banned() -> None:
    pack = load_pack()
    heat = next(r for r in pack.rules if r.id == "R-HEAT")
    hidden = heat.model_copy(update={"id": "R-ZZ", "emit": heat.emit.model_copy(update={"message": "M-ALERT-LOOK"})})
    gone = {"R-NITAZENE-ANY", "R-FENTANYL-AND-NITAZENE", "R-PAIR-LITHIUM"}
    rules = (*(r for r in pack.rules if r.id not in gone), hidden)
    banned = pack.messages[("M-HEAT", "en")].model_copy(update={"short": "This is safe."})
    changed = replace(pack, rules=rules, messages={**pack.messages, ("M-HEAT", "en"): banned})
    found = {(p.kind, p.where) for p in check(changed)}
    assert found >= {
        ("shadowed", "R-ZZ"),
        ("coverage", "protonitazene"),
        ("pair", "P-LITHIUM-MDMA"),
        ("banned", "M-HEAT (en)"),
    }


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

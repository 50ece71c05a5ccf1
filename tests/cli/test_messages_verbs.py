"""`mast messages check`, `preview` and `schema`: what a clinician and an acceptance case meet."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import jsonschema_rs
import pytest

from harm_messages import pack_files
from harm_messages.files import SHIPPED
from harm_messages.reading import read_yaml
from tests.cli.conftest import Mast
from tests.support import packs

CASE = {
    "expected": ["cocaine"],
    "form": "powder",
    "now": "2026-11-25T12:00:00Z",
    "findings": [{"substance": "coke", "confidence": "confirmed"}],
    "analyses": [{"method": "GC-MS", "classes": ["*"], "lod": 1}],
    "self_reported": ["alcohol"],
}


@pytest.fixture
def case(tmp_path: Path) -> Callable[..., Path]:
    def write(**more: object) -> Path:
        file = tmp_path / "case.json"
        file.write_text(json.dumps({**CASE, **more}), encoding="utf-8")
        return file

    return write


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "pack"
    shutil.copytree(SHIPPED, folder)
    return folder


def test_the_shipped_pack_has_nothing_to_mend_and_says_that_nobody_signed_it(
    mast: Mast, monkeypatch: pytest.MonkeyPatch
) -> None:
    packs.uncovered(monkeypatch)
    said = mast("messages", "check", "--today", "2026-11-25").stdout
    assert "Nothing to fix" in said
    assert "note  pack.yaml, line 6: This pack is not clinically approved (draft)" in said


def test_a_mistake_is_told_with_file_and_line_and_exits_one(mast: Mast, pack: Path) -> None:
    (pack / "rules" / "new.yaml").write_text("- id: R-NEW\n  id: R-NEW\n", encoding="utf-8")
    result = mast("messages", "check", "--pack", pack, code=1)
    assert "FIX   rules/new.yaml, line 2: “id” stands twice here. Keep one of the two lines." in result.stdout
    assert "1 to fix, 0 to note." in result.stdout
    assert "1 problem must be fixed" in result.stderr
    data = json.loads(mast("messages", "check", "--pack", pack, "--json", code=1).stdout)
    assert [(p["file"], p["line"], p["level"], p["kind"]) for p in data] == [
        ("rules/new.yaml", 2, "error", "duplicate_key")
    ]


def test_a_file_that_is_no_text_is_told_too(mast: Mast, pack: Path) -> None:
    (pack / "bands.yaml").write_bytes(b"\xff\xfe")
    assert "bands.yaml: The file cannot be read as text" in mast("messages", "check", "--pack", pack, code=1).stdout


def test_preview_answers_with_everything_an_acceptance_case_asks_for(mast: Mast, case: Callable[..., Path]) -> None:
    told = json.loads(mast("messages", "preview", "--findings", case(), "--json").stdout)
    assert told["gate"] is None
    assert told["headline"] == "We found cocaine, as you expected."
    ids = {m["id"]: m for m in told["messages"]}
    mixing = ids["M-PAIR-ALCOHOL-COCAINE"]
    assert (mixing["origin"], mixing["severity"], mixing["slot"], mixing["locale"]) == (
        "self_reported", "S2", "mixing", "en",
    )  # fmt: skip
    assert "M-PAIR-ALCOHOL-COCAINE" not in {m["id"] for m in told["logged"]["messages"]}
    assert told["logged"]["pack_digest"] == told["pack"]["digest"]
    assert {"version", "text", "rule", "pictogram", "spoken"} <= set(mixing)
    assert told["message_ids"] == [one for m in told["messages"] for one in (m["id"], *m["joined"])]
    alone = json.loads(mast("messages", "preview", case(self_reported=[]), "--json").stdout)
    assert alone["logged"] == told["logged"]
    assert alone["staff_actions"] == told["staff_actions"]


def test_preview_shows_a_page_in_words_and_in_another_language(mast: Mast, case: Callable[..., Path]) -> None:
    said = mast("messages", "preview", case()).stdout
    assert said.startswith("We found cocaine, as you expected.")
    assert mast("messages", "preview", "-", stdin=case().read_text()).stdout == said
    assert json.loads(mast("messages", "preview", case(locale="cy"), "--json").stdout)["locale"] == "cy"
    told = json.loads(mast("messages", "preview", case(), "--locale", "pl", "--json").stdout)
    assert told["locale"] == "pl"
    assert all(m["fallback"] and m["locale"] == "en" for m in told["messages"])


def test_a_closed_gate_is_an_answer(mast: Mast, case: Callable[..., Path]) -> None:
    shut = case(licence_mode="boh_no_individual_results")
    assert json.loads(mast("messages", "preview", shut, "--json").stdout) == {
        "gate": {
            "code": "back_of_house",
            "text": "This session is back of house: its licence allows no individual results, so no client page opens.",
        },
        "messages": [],
        "message_ids": [],
        "staff_actions": [],
        "staff": [],
        "alert_proposals": [],
        "logged": None,
        "pack_problems": [],
    }
    assert "No page opens: " in mast("messages", "preview", shut).stdout


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"findings": [{"substance": "flurbitol", "confidence": "confirmed"}]}, "“flurbitol” is not in the register"),
        ({"findingz": []}, "“findingz” is not a key that is known here"),
        ({"self_reported": ["sentinel-7319"]}, "a word the pack does not know"),
    ],
)
def test_what_is_not_known_exits_one_with_a_sentence(
    mast: Mast, case: Callable[..., Path], more: dict[str, object], says: str
) -> None:
    result = mast("messages", "preview", "--findings", case(**more), "--json", code=1)
    assert says in result.stderr
    assert "sentinel" not in result.output
    assert result.stdout == ""


def test_one_case_and_only_one_is_asked_for(mast: Mast, case: Callable[..., Path], tmp_path: Path) -> None:
    mast("messages", "preview", code=2)
    mast("messages", "preview", case(), "--findings", case(), code=2)
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe{}")
    assert "not text in UTF-8" in mast("messages", "preview", tmp_path / "bytes.json", code=1).stderr


def test_schemas_are_written_and_fit_every_file_of_the_shipped_pack(mast: Mast, tmp_path: Path) -> None:
    mast("messages", "schema", "--out", tmp_path / "schemas")
    validators = {
        file.name: jsonschema_rs.validator_for(json.loads(file.read_text(encoding="utf-8")))
        for file in (tmp_path / "schemas").iterdir()
    }
    checked = 0
    for name, text in pack_files().items():
        folder, _, rest = name.partition("/")
        kind = {"messages": "message"}.get(folder, folder.removesuffix(".yaml"))
        if name.endswith(".tsv") or (folder == "messages" and not rest.endswith("A.md")):
            continue
        value = read_yaml(text.split("---\n")[1] if name.endswith(".md") else text)
        plain = json.loads(json.dumps(value, default=lambda v: v.isoformat()))
        errors = [e.message for e in validators[f"{kind}.schema.json"].iter_errors(plain)]
        assert not errors, (name, errors[:3])
        checked += 1
    assert checked > 30
    assert not validators["rules.schema.json"].is_valid([{"id": "R-A", "colour": "red"}])


def test_one_schema_goes_to_the_screen_or_into_a_file(mast: Mast, tmp_path: Path) -> None:
    assert json.loads(mast("messages", "schema", "case").stdout)["title"] == "A case to preview"
    mast("messages", "schema", "rules", "--out", tmp_path / "rules.json")
    assert json.loads((tmp_path / "rules.json").read_text(encoding="utf-8"))["items"]["$ref"].endswith("/Rule")
    assert "message.schema.json" in json.loads(mast("messages", "schema").stdout)

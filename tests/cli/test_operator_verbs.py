"""Verbs of the operator and of clinicians: database, audit, messages, trends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import main


@pytest.fixture(autouse=True)
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAST_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("MAST_DATABASE_URL", raising=False)


def mast(*arguments: str, code: int = 0, stdin: str | None = None) -> Result:
    result = CliRunner().invoke(main, list(arguments), input=stdin)
    assert result.exit_code == code, f"{arguments}: {result.output}\n{result.exception!r}"
    return result


ADD = ("people", "add", "ada", "--name", "Ada", "--agency", "Durham", "--role", "admin")


def test_a_message_is_previewed() -> None:
    facts = {
        "expected": ["mdma"],
        "form": "crystal",
        "findings": [{"substance": "eutylone", "confidence": "confirmed", "abundance": "major"}],
    }
    page = mast("messages", "preview", "-", stdin=json.dumps(facts)).stdout
    assert "Eutylone" in page
    assert "999" in page
    assert mast(
        "messages",
        "preview",
        "-",
        stdin='{"findings": [{"substance": "unheard-of", "confidence": "confirmed"}]}',
        code=1,
    ).stderr


def test_trends_answer_in_the_contracts_form_and_unprotected_ones_are_audited() -> None:
    mast("db", "upgrade")
    answer = json.loads(mast("trends", "--by", "month", "--json").stdout)
    assert set(answer["measure"]) >= {"name", "definition", "version"}
    assert answer["rows"] == []
    before = json.loads(mast("audit", "verify", "--json").stdout)["entries"]
    mast("trends", "--unprotected", "--json")
    assert json.loads(mast("audit", "verify", "--json").stdout)["entries"] == before + 1
    assert "filter" in mast("trends", "--where", "colour", code=1).stderr


def test_a_demo_does_not_move_into_a_real_service() -> None:
    mast("db", "upgrade")
    mast(*ADD)
    assert "real service" in mast("demo", "--no-serve", code=1).stderr
    assert "real service" in mast("demo", "--no-serve", "--reset", code=1).stderr

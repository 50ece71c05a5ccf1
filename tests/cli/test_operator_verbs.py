"""Verbs of the operator and of clinicians: database, people, audit, messages, trends."""

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


def test_without_a_schema_the_sentence_says_what_to_run() -> None:
    assert "mast db upgrade" in mast(*ADD, code=1).stderr


def test_a_person_is_added_with_a_password_shown_once_and_may_have_a_token() -> None:
    mast("db", "upgrade")
    assert "nothing to do" in mast("db", "upgrade").stdout
    added = json.loads(mast(*ADD, "--json").stdout)
    assert len(added["password"]) >= 12
    assert "taken" in mast(*ADD, code=1).stderr
    token = json.loads(mast("people", "token", "ada", "--json").stdout)
    assert token["token"].startswith("mast_")
    assert token["roles"] == ["admin"]
    assert "role" in mast("people", "token", "ada", "--role", "chemist", code=1).stderr
    mast("people", "token", "nobody", code=1)
    assert "unbroken" in mast("audit", "verify").stdout


def test_an_instruments_computer_gets_a_token_of_its_own_and_no_password() -> None:
    mast("db", "upgrade")
    add = ("people", "add", "--name", "FTIR laptop", "--agency", "Durham", "--role", "instrument")
    assert "Make its token: mast people token ftir-pc" in mast(*add, "ftir-pc").stdout
    assert json.loads(mast(*add, "nir-pc", "--json").stdout)["password"] is None
    assert json.loads(mast("people", "token", "ftir-pc", "--json").stdout)["roles"] == ["instrument"]


def test_a_short_password_is_refused() -> None:
    mast("db", "upgrade")
    assert "12 characters" in mast(*ADD, "--password", "short", code=1).stderr


def test_messages_are_checked_and_previewed() -> None:
    assert "error" not in mast("messages", "check").stdout
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

"""`mast trends log`: who asked the figures what; and that what the operator asks is in it and is counted."""

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
    mast("db", "upgrade")


def mast(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(main, list(arguments))
    assert result.exit_code == code, f"{arguments}: {result.output}\n{result.exception!r}"
    return result


def test_what_the_operator_asked_is_listed_and_true_counts_are_in_the_audit_log_instead() -> None:
    assert "Nobody has asked yet" in mast("trends", "log").stdout
    mast("trends", "--measure", "samples", "--by", "region")
    mast("trends", "--measure", "samples", "--by", "region")
    mast("trends", "--measure", "samples", "--by", "form", "--unprotected")
    (line,) = json.loads(mast("trends", "log", "--json").stdout)
    assert (line["who"], line["via"], line["repeats"]) == ("operator", "command line", 1)
    assert line["question"] == {"measure": "samples", "by": ["region"], "audience": "public"}
    assert "operator (command line): samples; by region." in mast("trends", "log").stdout
    assert "no such person" in mast("trends", "log", "--person", "nobody", code=1).stderr


def test_the_operators_questions_are_counted_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAST_TREND_QUESTIONS_PER_DAY", "1")
    mast("trends", "--measure", "samples", "--by", "region")
    spent = mast("trends", "--measure", "samples", "--by", "form", code=1).stderr
    assert "as many new questions as one person may" in spent
    assert "free at" in spent
    mast("trends", "--measure", "samples", "--by", "region")

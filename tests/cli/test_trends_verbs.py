"""`mast trends` as people script it: every figure, filters, a baseline, CSV, the list of figures."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from app.figures.trends.domain import Kind
from app.figures.trends.measures import MEASURED, MEASURES
from app.platform.db import Database
from app.settings import Settings
from tests.app.trends.raw_facts import made_up, written
from tests.cli.conftest import run as mast


@pytest.fixture(scope="module")
def struck(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose figures are struck, to be copied."""
    folder = tmp_path_factory.mktemp("struck") / "data"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MAST_DATA_DIR", str(folder))
        patch.delenv("MAST_DATABASE_URL", raising=False)
        mast("db", "upgrade")
        database = Database(Settings().database_url)
        written(database, made_up(2400, seed=11))
        database.close()
        mast("trends", "strike")
    return folder


@pytest.fixture(autouse=True)
def counted(struck: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(struck, tmp_path / "data")
    monkeypatch.setenv("MAST_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("MAST_DATABASE_URL", raising=False)


def told(*arguments: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(mast("trends", *arguments, "--json").stdout)
    return answer


ABOUT = {
    "verdict": ":not_as_expected", "found_with": ":mdma", "median_amount": ":mdma", "quantiles": ":mdma",
    "distribution": ":mdma", "strength": ":mdma", "method_agreement": ":opioid.fentanyl:strip:lc_ms", "outcomes": ":after",
}  # fmt: skip


@pytest.mark.parametrize(("name", "protected"), [*((m, False) for m in MEASURES), *((m, True) for m in MEASURED)])
def test_every_figure_is_answered_in_words_and_in_the_form_of_the_contract(name: str, protected: bool) -> None:
    by = "quarter" if MEASURES[name].kind in (Kind.MEDIAN, Kind.TURNAROUND) and protected else "all"
    about = ABOUT.get(name, "")
    if name == "found_with" and protected:
        about, by = ":entactogen", "year"
    asked = ["--measure", name + about, "--by", by] + ([] if protected else ["--unprotected"])
    asked += ["--found", "mdma"] if name == "found" else []
    answer = told(*asked)
    assert set(answer["measure"]) >= {"name", "title", "definition", "version", "formula"}
    keys = {"n", "numerator", "denominator", "value", "low", "high", "suppressed", "incomplete", "testing_changed"}
    assert answer["rows"]
    assert all(set(row) >= keys and row["suppressed"] is False for row in answer["rows"])
    assert any(row["value"] is not None for row in answer["rows"]) or name == "samples"
    words = mast("trends", *asked).stdout
    assert answer["measure"]["definition"] in words
    assert "None" not in words


def test_what_is_due_is_struck_once_and_a_year_is_revised_once() -> None:
    assert json.loads(mast("trends", "strike", "--json").stdout) == {"struck": []}
    done = json.loads(mast("trends", "revise", "2024", "--reason", "late results", "--json").stdout)
    assert "2024-Q1" in done["revised"]
    assert "revised once" in mast("trends", "revise", "2024", "--reason", "again", code=1).stderr


def test_csv_has_the_same_rows_with_the_definition_in_each() -> None:
    asked = ("--measure", "not_as_expected", "--by", "year,region", "--unprotected")
    lines = list(csv.DictReader(io.StringIO(mast("trends", *asked, "--csv").stdout)))
    rows = told(*asked)["rows"]
    assert [(r["year"], r["region"], str(r["numerator"])) for r in rows] == [
        (line["year"], line["region"], line["numerator"]) for line in lines
    ]
    assert {line["version"] for line in lines} == {"1"}
    assert all(line["formula"] and line["definition"] for line in lines)


def test_a_baseline_is_compared_with() -> None:
    asked = ("--measure", "not_as_expected", "--by", "year", "--baseline", "2024-01..2024-12")
    rows = {row["year"]: row for row in told(*asked)["rows"]}
    assert rows["2024"]["difference"] == 0
    assert rows["2025"]["difference_low"] < rows["2025"]["difference"] < rows["2025"]["difference_high"]
    assert "baseline" in mast("trends", *asked).stdout
    assert "2024-01..2024-12" in mast("trends", "--baseline", "2024", code=1).stderr


def test_samples_are_filtered_by_what_was_found_and_by_role() -> None:
    every = ("--measure", "samples", "--by", "all", "--unprotected")
    whole = told(*every)["rows"][0]["n"]
    held = told(*every, "--where", "found=mdma")["rows"][0]["n"]
    assert 0 < held < whole
    found = ("--measure", "found", "--by", "all", "--unprotected", "--found", "mdma")
    primary, trace, anyhow = (
        told(*found, *role)["rows"][0] for role in (("--role", "primary"), ("--role", "trace"), ())
    )
    assert anyhow["numerator"] == held
    assert 0 < primary["numerator"] + trace["numerator"] < held
    assert primary["denominator"] == trace["denominator"] == anyhow["denominator"]


def test_the_figures_are_listed() -> None:
    offered = json.loads(mast("trends", "measures", "--json").stdout)
    assert {m["name"] for m in offered} == set(MEASURES)
    assert "median_amount:SUBSTANCE" in mast("trends", "measures").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--measure", "median"), "median_amount"),
        (("--measure", "found", "--found", "fentanil", "--unprotected"), "fentanyl"),
        (("--measure", "found", "--found", "fentanil"), "opioid.fentanyl"),
        (("--by", "site"), "There is no table by site"),
    ],
)
def test_a_question_that_cannot_be_answered_says_why_on_one_line(arguments: tuple[str, ...], words: str) -> None:
    said = mast("trends", *arguments, code=1).stderr
    assert words in said
    assert len(said.splitlines()) == 1

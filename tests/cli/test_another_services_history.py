"""A service's file of 4,000 samples, imported by a map file alone; its medians and counts come out exactly.

The yardstick is plain Python over the same made-up rows: sorted lists and their middle, no code of ours.
"""

from __future__ import annotations

import csv
import json
import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.cli.conftest import run as mast

ROWS = 4_000
MAP = """
format = 1

[source]
name = "Five authorities"
licence = "shared for acceptance"

[[file]]
name = "visits"
match = "*.csv"
id = ["Authority", "Sample ID"]
encoding = "cp1252"

[sample]
complete = false
agency = { column = "Authority" }
site = { column = "Site" }
region = { column = "Town" }
received = { column = "Visit date", missing = ["date lost"], formats = ["%Y-%m-%d", "%d/%m/%Y", "%d-%b-%y"], spreadsheet_days = true }
expected = { column = "Expected drug" }
service_type = "fixed_site"

[[finding]]
substance = { constant = "fentanyl" }
method = { constant = "ambient_ms" }
amount = { column = "Fentanyl % w/w", unit = "percent_ww", basis = "unknown", zero = "value", words = { "n/a" = "missing", "104.5" = 100 } }

[expected]
names = { "Down" = "opioid", "Crystal meth" = "methamphetamine", "Unknown" = "unknown", "Blues" = "opioid", "Goofball" = ["opioid", "methamphetamine"] }

[vocabulary.agency]
values = { "North Health" = "North" }

[[leave_out]]
column = "Authority"
says = "Total"
why = "a line of sums"
"""
# authority → site → what is written for it; one name is a site of two authorities
SITES = {
    "Coast": {"Harbour Street": ["Harbour Street", "Harbour St", "harbour st."], "Annexe": ["Annexe", "The Annexe"]},
    "Interior": {"Annexe": ["Annexe"], "Mill": ["Mill", "Old Mill"]},
    "North": {"Café Nord": ["Café Nord", "Cafe Nord"]},
    "Valley": {"Bus": ["Bus", "Mobile"], "Clinic": ["Clinic"]},
    "Island": {"Pier": ["Pier"]},
}
EPOCH = date(1899, 12, 30)  # of a spreadsheet's day numbers


def the_map() -> str:
    blocks = [
        f'\n[[site]]\nname = "{site}"\nagency = "{agency}"\nsays = {json.dumps([w for w in words if w != site], ensure_ascii=False)}\n'
        for agency, sites in SITES.items()
        for site, words in sites.items()
    ]
    return MAP + "".join(blocks)


def written(day: date, chance: random.Random) -> str:
    forms = (f"{day:%Y-%m-%d}", f"{day:%d/%m/%Y}", f"{day:%d-%b-%y}", str((day - EPOCH).days))
    return chance.choices(forms, (5, 3, 2, 1))[0]


@pytest.fixture(scope="module")
def visits() -> tuple[list[dict[str, str]], list[tuple[str, str, str, float | None]]]:
    """The rows of the file, and of each its authority, site, month and amount."""
    chance = random.Random(20181)
    rows, told = [], []
    for number in range(ROWS):
        agency = chance.choices(list(SITES), (40, 25, 18, 15, 2))[0]
        site = chance.choice(list(SITES[agency]))
        day = date(2018, 4, 1) + timedelta(days=chance.randrange(5 * 365))
        amount = (
            None
            if chance.random() < 0.35
            else 0.0
            if chance.random() < 0.2
            else round(chance.lognormvariate(2, 0.8) % 100, 1)
        )
        unplaced, undated = chance.random() < 0.02, chance.random() < 0.02
        rows.append(
            {
                "Authority": chance.choice(["North", "North Health"]) if agency == "North" else agency,
                "Sample ID": f"{number // 5:05d}-{number % 5}",
                "Visit\ndate ": chance.choice(["", "date lost"]) if undated else written(day, chance),
                "Site": "" if unplaced else chance.choice(SITES[agency][site]), "Town": "Ville" if agency == "North" else "Town",
                "Expected drug": chance.choice(["Down", "Blues", "Crystal meth", "Unknown", "Goofball"]), "Category": "Opioid",
                "Fentanyl % w/w": chance.choice(["", "n/a"]) if amount is None else f"{amount:g}",
            }
        )  # fmt: skip
        told.append((agency, "" if unplaced else site, "" if undated else f"{day:%Y-%m}", amount))
    rows[7]["Fentanyl % w/w"], told[7] = "104.5", (*told[7][:3], 100.0)
    rows.append(dict.fromkeys(rows[0], "") | {"Authority": "Total", "Fentanyl % w/w": "lots"})
    return rows, told


@pytest.fixture(scope="module")
def service_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("history")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MAST_DATA_DIR", str(folder / "data"))
        patch.delenv("MAST_DATABASE_URL", raising=False)
        yield folder


@pytest.fixture(scope="module")
def imported(service_of_its_own: Path, visits: Any) -> dict[str, Any]:
    """What the import said; the questions below are asked of the same data."""
    mast("db", "upgrade")
    mast("people", "add", "ada", "--name", "Ada", "--agency", "A service", "--role", "admin")
    return json.loads(mast("samples", "import", *laid_out(service_of_its_own, visits[0]), "--json").stdout)  # type: ignore[no-any-return]


def laid_out(folder: Path, rows: list[dict[str, str]]) -> list[str]:
    """File and map on the disk, as arguments."""
    (folder / "map.toml").write_text(the_map(), encoding="utf-8")
    with (folder / "visits.csv").open("w", newline="", encoding="cp1252") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return [str(folder / "visits.csv"), "--map", str(folder / "map.toml")]


def middle(values: list[float]) -> float:
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def asked(measure: str, by: str, *more: str) -> dict[tuple[str, ...], Any]:
    table = json.loads(mast("trends", "--measure", measure, "--by", by, "--json", *more).stdout)
    assert table["dimensions"] == by.split(",")
    keys = [tuple(row[name] for name in by.split(",")) for row in table["rows"]]
    assert len(keys) == len(set(keys))
    return dict(zip(keys, table["rows"], strict=True))


def test_medians_and_counts_come_out_exactly(imported: dict[str, Any], visits: Any) -> None:
    assert (imported["new"], imported["same"]) == (ROWS, 0)
    agency, site, month = (lambda r: r[0]), (lambda r: r[1]), (lambda r: r[2])
    for by, parts in (
        ("site,agency", (site, agency)), ("month", (month,)), ("agency", (agency,)), ("agency,month", (agency, month)),
    ):  # fmt: skip
        amounts: defaultdict[tuple[str, ...], list[float]] = defaultdict(list)
        every: defaultdict[tuple[str, ...], int] = defaultdict(int)
        for row in visits[1]:
            key = tuple(part(row) for part in parts)
            every[key] += 1
            if row[3] is not None:
                amounts[key].append(row[3])
        told = asked("median_amount:fentanyl", by, "--unprotected")
        assert {k: (r["n"], r["value"]) for k, r in told.items()} == {
            k: (len(v), middle(v)) for k, v in amounts.items()
        }
        assert all(r["low"] <= r["value"] <= r["high"] and not r["suppressed"] for r in told.values() if r["n"] >= 6)
        assert {k: r["n"] for k, r in asked("samples", by, "--unprotected").items()} == dict(every)
    assert {("Annexe", "Coast"), ("Annexe", "Interior")} <= set(asked("samples", "site,agency", "--unprotected"))


def test_the_words_a_map_may_use_are_told() -> None:
    assert "percent_ww" in mast("samples", "words").stdout
    assert json.loads(mast("samples", "words", "xanax", "--json").stdout)[0]["id"] == "alprazolam"
    assert "No substance" in mast("samples", "words", "stardust").stdout


def test_a_dry_run_sums_up_what_somebody_compares_with_the_source(
    tmp_path: Path, visits: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAST_DATA_DIR", str(tmp_path / "data"))
    told = mast("samples", "import", *laid_out(tmp_path, [*visits[0][:50], visits[0][-1]]), "--dry-run").stdout
    amounts = [amount for *_, amount in visits[1][:50] if amount is not None]
    undated = sum(not month for _, _, month, _ in visits[1][:50])
    assert f"{undated} without a date" in told
    assert f"fentanyl in percent_ww: {len(amounts)} amounts, {amounts.count(0)} of them 0; " in told
    assert f"median {middle(amounts):g}" in told
    assert "left out: a line of sums" in told
    assert not (tmp_path / "data" / "mast.sqlite3").exists()


def test_where_there_are_several_services_the_operator_says_whose_history_it_is(
    tmp_path: Path, visits: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAST_DATA_DIR", str(tmp_path / "data"))
    files = laid_out(tmp_path, visits[0][:5])
    assert "mast people add" in mast("samples", "import", *files, code=1).stderr
    for number, agency in enumerate(("North Health", "A service")):
        mast("people", "add", f"ada{number}", "--name", "Ada", "--agency", agency, "--role", "admin")
    for command in (("import", *files), ("imports",), ("undo", str(uuid4()), "--reason", "x")):
        assert "several services here. Name one with --agency" in mast("samples", *command, code=1).stderr
    made = json.loads(mast("samples", "import", *files, "--agency", "A service", "--json").stdout)
    assert mast("samples", "imports", "--agency", "North Health").stdout == "Nothing was imported yet.\n"
    undo = ("samples", "undo", made["id"], "--reason", "x", "--agency")
    assert "no such import" in mast(*undo, "North Health", code=1).stderr.lower()
    assert "Taken back: 5 samples" in mast(*undo, "A service").stdout


def test_a_rebuild_on_the_command_line_counts_the_same_again(imported: dict[str, Any]) -> None:
    before = mast("trends", "--measure", "median_amount:fentanyl", "--by", "month", "--unprotected", "--json").stdout
    assert json.loads(mast("trends", "rebuild", "--json").stdout) == {"looked_at": 0, "own": 0, "imported": ROWS}
    after = mast("trends", "--measure", "median_amount:fentanyl", "--by", "month", "--unprotected", "--json").stdout
    assert json.loads(after)["rows"] == json.loads(before)["rows"]

"""A dataset as files: the same bytes again, readable by others, described as it is."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from app.figures.releases.packaging import Dataset, Field, Table, file_name, package
from app.figures.trends import csv as files
from app.platform.kernel.errors import Invalid
from tests.support.budget import size

DATASET = Dataset(
    id="2026-06-13-1", title="Drug checking figures, North East", description="Protected aggregates: “n” of samples.",
    version="3", audience="public", creators=("North East Drug Checking",), publisher="North East Drug Checking",
    licence="CC-BY-4.0", made_at=datetime(2026, 6, 13, 12, tzinfo=UTC), months=("2026-01", "2026-05"),
    regions=("North East", "Wales"), limits=("“Not found” is not “absent”.",), software="MAST 0.1.0",
    definitions={"found": "share of samples tested for it in which it was found"},
)  # fmt: skip
COUNTS = Table(
    "counts", "Counts", "Samples by month and region.",
    (
        Field("month", "string", "When it was handed in", required=True),
        Field("region", "string", "Where; empty is everywhere"),
        Field("n", "integer", "Samples, rounded to 5", least=0),
        Field("value", "number", "Share", least=0, most=1),
        Field("incomplete", "boolean", "Whether the month was not over", required=True),
        Field("suppressed", "string", "Why there is no figure", enum=("", "fewer than 10 samples")),
    ),
    ("month", "region"),
    [
        ["2026-01", "North East", 40, 0.25, False, ""],
        ["2026-01", "", 45, None, False, ""],
        ["2026-02", "=cmd()", None, None, True, "fewer than 10 samples"],
    ],
)  # fmt: skip
OTHER = Table(
    "classes", "Classes", "What a class holds.", (Field("id", "string", "Id", required=True),), ("id",), [["opioid"]]
)


def members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


def agrees(field: Mapping[str, Any], cell: str) -> bool:
    """Whether a cell of a CSV is a value of a field of a Table Schema."""
    limits = field.get("constraints", {})
    if cell == "":
        return not limits.get("required")
    if field["type"] == "boolean":
        return cell in ("True", "False", "true", "false")
    if field["type"] in ("integer", "number"):
        value = int(cell) if field["type"] == "integer" else float(cell)
        return limits.get("minimum", value) <= value <= limits.get("maximum", value)
    return cell in limits.get("enum", [cell])


def check_package(content: bytes) -> dict[str, Any]:
    """datapackage.json against what is there: paths, sizes, hashes, header, every cell, the key."""
    there = members(content)
    listed = dict(reversed(line.split("  ")) for line in there["SHA256SUMS"].decode().splitlines())
    assert listed == {p: hashlib.sha256(data).hexdigest() for p, data in there.items() if p != "SHA256SUMS"}
    described: dict[str, Any] = json.loads(there["datapackage.json"])
    assert re.fullmatch(r"[a-z0-9._-]+", described["name"])
    for resource in described["resources"]:
        data = there[resource["path"]]
        assert resource["bytes"] == len(data)
        assert resource["hash"] == "sha256:" + hashlib.sha256(data).hexdigest()
        if resource["format"] != "csv":
            continue
        header, *rows = csv.reader(io.StringIO(data.decode(), newline=""))
        fields = resource["schema"]["fields"]
        assert header == [f["name"] for f in fields]
        assert all(agrees(f, cell) for row in rows for f, cell in zip(fields, row, strict=True))
        key = [header.index(name) for name in resource["schema"]["primaryKey"]]
        assert len({tuple(row[i] for i in key) for row in rows}) == len(rows)
    return described


def test_the_same_dataset_is_the_same_bytes() -> None:
    first = package(DATASET, [COUNTS, OTHER])
    assert first == package(replace(DATASET), [replace(COUNTS, rows=list(COUNTS.rows)), OTHER])
    assert first != package(replace(DATASET, version="4"), [COUNTS, OTHER])
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {m.date_time for m in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.namelist() == sorted(archive.namelist())
        assert {name.partition("/")[0] for name in archive.namelist()} == {file_name(DATASET)}


def test_citation_and_datacite_name_creator_year_version_and_release() -> None:
    described = check_package(package(DATASET, [COUNTS, OTHER]))
    assert described["licenses"][0]["path"] == "https://creativecommons.org/licenses/by/4.0/"
    assert described["temporal"] == {"from": "2026-01", "to": "2026-05"}
    there = members(package(DATASET, [COUNTS]))
    assert "'=cmd()" in there["counts.csv"].decode(), "a spreadsheet runs no cell"
    assert "“Not found” is not “absent”." in there["README.txt"].decode()
    cff = YAML(typ="safe").load(there["CITATION.cff"].decode())
    assert cff["cff-version"] == "1.2.0"
    assert cff["type"] == "dataset"
    assert (cff["authors"], cff["version"], cff["license"]) == (
        [{"name": "North East Drug Checking"}],
        "3",
        "CC-BY-4.0",
    )
    assert cff["identifiers"][0]["value"] == DATASET.id
    assert cff["date-released"] == "2026-06-13"
    cited = json.loads(there["datacite.json"])
    assert cited["publicationYear"] == "2026"
    assert cited["identifiers"] == [{"identifier": DATASET.id, "identifierType": "MAST release id"}]
    assert cited["types"]["resourceTypeGeneral"] == "Dataset"
    assert {"date": "2026-01/2026-05", "dateType": "Collected"} in cited["dates"]


def test_parquet_without_pyarrow_is_refused_and_csv_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "has_parquet", lambda: False)
    with pytest.raises(Invalid, match="pyarrow"):
        package(DATASET, [COUNTS], parquet=True)
    assert "counts.csv" in members(package(DATASET, [COUNTS]))


@given(st.text(max_size=40), st.text(max_size=40), st.lists(st.text(max_size=10), max_size=3))
@settings(max_examples=size(30, 60))
def test_no_words_break_the_files(title: str, name: str, regions: list[str]) -> None:
    title, name = (t.encode("utf-8", "ignore").decode() for t in (title, name))
    regions = [r.encode("utf-8", "ignore").decode() for r in regions]
    dataset = replace(DATASET, title=title, creators=(name,), regions=tuple(regions))
    there = members(package(dataset, [OTHER]))
    assert json.loads(there["datapackage.json"])["title"] == title
    assert json.loads(there["datacite.json"])["creators"][0]["name"] == name
    printable = all(c.isprintable() for c in title + name)
    if printable:
        assert YAML(typ="safe").load(there["CITATION.cff"].decode())["title"] == title

"""`mast library import` of zips and folders as an operator calls it: lines of progress, refusals by reason, a CSV of them."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Mast
from tests.support.reference_zips import curve, reference, zipped

TERMS = ("--licence", "CC0", "--source", "a network, 2026")


def archive(folder: Path) -> Path:
    """A dozen references and nine files that are none."""
    files = {f"IR/{n:02d}.jdx": reference(f"Drug {n} HCl", curve(n % 7 + 10 * n, 6)) for n in range(12)}
    files |= {f"IR/{n:02d}.cut.jdx": reference(f"Cut {n}", curve(n))[: 900 + 20 * n] for n in range(8)}
    path = folder / "network 2026.zip"
    path.write_bytes(zipped(files | {"IR/readme.txt": b"Read me."}))
    return path


def test_a_zip_is_imported_with_progress_in_lines_and_refusals_by_reason(mast: Mast, tmp_path: Path) -> None:
    path, table = archive(tmp_path), tmp_path / "refused.csv"
    result = mast("library", "import", path, *TERMS, "--refusals", table)
    assert "12 of 21 spectra were accepted. 9 were refused." in result.stdout
    assert "refused IR/00.cut.jdx and 7 more: The header promises 1,776 points" in result.stdout
    assert "Reading files … 0 of 21\n" in result.stderr
    assert "Reading files … 21 of 21\n" in result.stderr
    lines = table.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "file,spectrum,reason"
    assert len(lines) == 10
    again = mast("library", "import", path, *TERMS, "--json")
    told = json.loads(again.stdout)
    assert (told["already_there"], told["accepted"], len(told["refusals"])) == (True, 12, 9)
    assert told["refusals"][0].keys() == {"position", "name", "reason", "file"}
    listed = json.loads(mast("library", "list", "--json").stdout)
    assert ("network 2026", 12) in {(one["name"], one["n_entries"]) for one in listed}


def test_a_unit_of_the_y_axis_that_is_none_is_refused_in_one_sentence(mast: Mast, tmp_path: Path) -> None:
    path = tmp_path / "one.jdx"
    path.write_bytes(reference("Drug", curve(1)))
    result = mast("library", "import", path, *TERMS, "--y-unit", "brightness", code=1)
    assert "no such unit of the y axis" in result.stderr
    assert "inverted absorbance (%)" in result.stderr


def test_a_library_says_what_it_holds_and_counts_as_one_of_drugs_where_nothing_is_said(
    mast: Mast, tmp_path: Path
) -> None:
    path = tmp_path / "one.jdx"
    path.write_bytes(reference("Drug", curve(1)))
    told = json.loads(mast("library", "import", path, *TERMS, "--holds", "general", "--json").stdout)
    assert told["holds"] == "general"
    path.rename(tmp_path / "two.jdx")
    mast("library", "import", tmp_path / "two.jdx", *TERMS)
    listed = json.loads(mast("library", "list", "--json").stdout)
    assert {one["name"]: one["holds"] for one in listed if not one["starter"]} == {"one": "general", "two": "drugs"}
    assert "one: 1 entry, ir, chemicals of any kind." in mast("library", "list").stdout

"""`mast read`, `mast identify` and `mast library`: the contract people script against."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

from tests.cli.conftest import Mast
from tests.instruments.real_facts import HAS_VENDOR
from tests.instruments.vendor_files import chemstation_folder, perkin_elmer_sp, written
from tests.support.curves import jcamp, mixture
from tests.support.known_files import ei_of, ir_of
from tests.support.road import infrared_file

READING_KEYS = {
    "kind", "n_points", "n_scans", "x_unit", "x_first", "x_last", "y_unit", "y_max", "instrument", "ms_level", "warnings",
    "remarks", "format", "reader", "reader_version", "assurance", "mz_min", "mz_max", "max_intensity", "tic_max",
    "rt_first_s", "rt_last_s",
}  # fmt: skip
CANDIDATE_KEYS = {
    "rank", "substance", "compound", "entry", "library", "score", "score_name", "matched_peaks", "explained_fraction",
    "ambiguous_with",
}  # fmt: skip
FOLDERS = ("jcamp_ir", "mzml", "msp", "mgf", "csv_spectrum", "csv_peaklist")


def data(result: Result) -> Any:
    return json.loads(result.stdout)


@pytest.mark.parametrize("folder", FOLDERS)
def test_real_files_are_answered_in_the_contracts_form(mast: Mast, shared_data: Path, folder: str) -> None:
    files = sorted(p for p in (shared_data / "instruments" / folder).iterdir() if "ambiguous" not in p.name)
    answers = data(mast("read", *files, "--json"))
    assert [a["file"] for a in answers] == [str(f) for f in files]
    assert all(a["format"] and a["readings"] for a in answers)
    assert all(set(r) == READING_KEYS for a in answers for r in a["readings"])
    blocks = data(mast("identify", *files[:2], "--json", "--top", "3"))
    assert {b["file"] for b in blocks} == {str(f) for f in files[:2]}
    for block in blocks:
        assert {"file", "reading", "candidates", "components", "unexplained_fraction", "limits"} <= set(block)
        assert block["limits"]
        assert len(block["candidates"]) <= 3
        assert all(set(c) >= CANDIDATE_KEYS for c in block["candidates"])


def test_read_puts_warnings_below_the_reading_as_warnings(mast: Mast, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("".join(f"{40 + i},{i}\n" for i in range(20)))
    (tmp_path / "b.msp").write_text("Name: a\nNum Peaks: 2\n41 10\n55 999\n")
    curve, spectrum = mast("read", tmp_path / "a.csv", tmp_path / "b.msp").stdout.split("b.msp")
    assert "     warning: " in curve
    assert "2 points, 1 scan, 41 to 55 m/z, intensity up to 999" in spectrum


@pytest.mark.skipif(not HAS_VENDOR, reason="the extra mast-lims[vendor] is not installed")
def test_read_says_how_far_the_reader_of_a_vendors_format_is_proven(mast: Mast, tmp_path: Path) -> None:
    (tmp_path / "a.sp").write_bytes(perkin_elmer_sp())
    assert "medium confidence" in mast("read", tmp_path / "a.sp").stdout
    assert data(mast("read", tmp_path / "a.sp", "--json"))[0]["readings"][0]["assurance"] == "medium"
    folder = written(tmp_path, "run.D", chemstation_folder())
    told = mast("read", folder).stdout
    assert "chemstation, 2 reading(s)" in told
    assert "confidence" not in told


def test_read_names_the_extra_that_is_missing(mast: Mast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openreadout", None)
    (tmp_path / "a.sp").write_bytes(perkin_elmer_sp())
    said = mast("read", tmp_path / "a.sp", code=1).stderr
    assert 'pip install "openreadout>=' in said
    assert "JCAMP-DX" in said


STREET = ("Sd000.dx", "Sd003.dx")
LIMIT_KEYS = {"substance", "compound", "substance_id", "limit", "seen", "estimate", "low", "high", "sentence"}


def test_identify_gives_shift_parts_limits_and_what_is_left_of_infrared_files(mast: Mast, shared_data: Path) -> None:
    ir = shared_data / "ir"
    files = [
        *(ir / "dev" / "street_jdx" / name for name in STREET),
        *sorted((ir / "dirty_jdx").iterdir())[:2],
        ir / "spa" / "Acetominophen Caffeine Acetylsalicylic acid.SPA",
    ]
    blocks = data(mast("identify", *files, "--json", "--top", "3"))
    assert [b["file"] for b in blocks] == [str(f) for f in files]
    for block in blocks:
        for row in block["candidates"]:
            assert set(row) == CANDIDATE_KEYS | {"shift", "aligned"}
            assert -6 <= row["shift"] <= 6
            assert row["compound"]
        order = [row["aligned"] for row in block["candidates"]]
        assert order == sorted(order, reverse=True)
        for part in block["components"]:
            assert 0 <= part["low"] <= part["fraction"] <= part["high"] <= 1
            assert part["compound"]
        assert 0 <= block["unexplained_fraction"] <= 1
        assert all(set(one) == LIMIT_KEYS for one in block["detection_limits"])
        parts = {part["compound"] for part in block["components"]}
        for one in block["detection_limits"]:
            if one["substance_id"] and one["seen"] is False and one["compound"] not in parts:
                assert f"{one['substance']}: not seen; here it would have been seen above " in one["sentence"]
                assert one["sentence"] in block["limits"]
    street = {Path(b["file"]).name: {p["substance"] for p in b["components"]} for b in blocks[:2]}
    assert street == {"Sd000.dx": {"Cocaine", "Phenacetin", "Levamisole"}, "Sd003.dx": {"MDMA", "Caffeine"}}
    foreign = blocks[-1]
    assert foreign["mostly_unexplained"]
    assert foreign["headline"] == "Nothing can be named from this spectrum. Most of this is unexplained."
    assert len(foreign["residual_bands"]) >= 3
    assert {p["grade"] for p in foreign["components"]} <= {"possible"}


def test_identify_says_in_words_what_an_infrared_mixture_is_made_of(mast: Mast, tmp_path: Path) -> None:
    path = tmp_path / "street.jdx"
    noise = np.random.default_rng(5).normal(0, 0.002, 1801)
    path.write_bytes(jcamp(mixture({"cocaine": 0.6, "caffeine": 0.3}) + noise))
    told = mast("identify", path, "--top", "2").stdout.splitlines()
    assert told[1] == "  Consistent with a mixture of Cocaine and Caffeine."
    assert re.fullmatch(r"   1\. Cocaine \(starter-ir\) aligned 0\.\d\d, first derivative 0\.\d\d", told[2])
    parts = [line.strip() for line in told if line.strip().startswith("part: ")]
    assert [line.split(",")[0] for line in parts] == ["part: Cocaine", "part: Caffeine"]
    assert all(re.search(r" \d+\u00a0% of the signal \(\d+ to \d+\), probable$", line) for line in parts)
    assert sum(line.startswith("     unexplained: under 1\u00a0%") for line in told) == 1
    limits = [line for line in told if "Not seen. Detection limits in this spectrum: " in line]
    assert len(limits) == 1
    assert "Fentanyl " in limits[0]
    assert "Cocaine" not in limits[0]


def test_identify_lists_the_peaks_of_a_run_under_it_and_its_limits_once(mast: Mast, shared_data: Path) -> None:
    told = mast("identify", shared_data / "instruments" / "jcamp_gcms" / "gcms.jdx", "--top", "1").stdout.splitlines()
    assert sum(line.endswith("reading 0") for line in told) == 1
    assert any(line.startswith("  Peak 1 at 13.26 min, ") and "% of the area: " in line for line in told)
    assert sum(line.startswith("  Peak ") for line in told) > 3
    assert sum('"Not seen" is not "absent".' in line for line in told) == 1


def test_identify_gives_one_answer_for_the_files_of_one_sample(mast: Mast, tmp_path: Path) -> None:
    (tmp_path / "a.jdx").write_bytes(ir_of(cocaine=1.0))
    (tmp_path / "b.msp").write_bytes(ei_of("Cocaine"))
    files = (tmp_path / "a.jdx", tmp_path / "b.msp")
    told = mast("identify", *files, "--sample").stdout.splitlines()
    assert told[0] == "One answer for the sample from a.jdx, b.msp"
    assert re.match(r"  1\. Cocaine", told[1])
    assert {line.strip().split(",")[0] for line in told if re.match(r"     (FTIR|GC-MS): ", line)} == {
        "FTIR: seen",
        "GC-MS: seen",
    }
    (answer,) = json.loads(mast("identify", *files, "--sample", "--json").stdout)
    assert [part["name"]["substance_id"] for part in answer["parts"]] == ["cocaine"]
    assert {cell["state"] for cell in answer["parts"][0]["cells"]} == {"seen"}
    other_way = json.loads(mast("identify", *reversed(files), "--sample", "--json").stdout)
    assert other_way == [answer], "the order of files does not matter"


def test_a_wrong_file_is_refused_in_one_sentence_and_the_others_are_answered(mast: Mast, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.jdx", tmp_path / "picture.jdx"
    good.write_bytes(infrared_file())
    bad.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    for verb in ("read", "identify"):
        result = mast(verb, good, bad, "--json", code=1)
        assert {answer["file"] for answer in data(result)} == {str(good)}
        assert "picture.jdx" in result.stderr
        assert result.stderr.count("\n") == 1


def test_an_unknown_library_is_named_with_those_that_exist(mast: Mast, tmp_path: Path) -> None:
    path = tmp_path / "a.jdx"
    path.write_bytes(infrared_file())
    result = mast("identify", path, "--library", "nobody", code=1)
    assert "nobody" in result.stderr
    assert "starter-ir" in result.stderr


def test_an_imported_library_finds_its_own_compounds(mast: Mast, shared_data: Path) -> None:
    source = shared_data / "ms" / "lib" / "SWGDRUG_3.4.msp"
    report = data(
        mast("library", "import", source, "--name", "swg", "--licence", "free", "--source", "SWGDRUG 3.4", "--json")
    )
    assert report["read"] == 2988
    assert report["accepted"] + report["merged"] + report["refused"] == 2988
    assert report["accepted"] > 2900
    for path in sorted((shared_data / "instruments" / "msp").glob("swgdrug_*.MSP")):
        title = data(mast("read", path, "--json"))[0]["readings"][0]
        assert title["kind"] == "mass_spectrum"
        (block,) = data(mast("identify", path, "--library", "swg", "--json", "--top", "1"))
        best = block["candidates"][0]
        assert best["library"] == "swg"
        assert best["entry"] == path.stem.removeprefix("swgdrug_")
        assert best["score"] > 990
    again = data(
        mast("library", "import", source, "--name", "swg", "--licence", "free", "--source", "SWGDRUG 3.4", "--json")
    )
    assert again["already_there"] is True


def test_a_library_without_licence_or_source_is_refused(mast: Mast, tmp_path: Path) -> None:
    path = tmp_path / "a.msp"
    path.write_text("Name: x\nNum Peaks: 1\n50 10\n\n")
    assert "licence" in mast("library", "import", path, "--source", "us", code=1).stderr.lower()


def test_library_list_info_and_check_know_the_starters(mast: Mast) -> None:
    names = {row["name"]: row for row in data(mast("library", "list", "--json"))}
    assert names["starter-ei"]["n_entries"] == 213
    assert names["starter-ir"]["n_entries"] == 12
    assert "training" in names["starter-ei"]["notice"]
    assert data(mast("library", "info", "starter-ei", "--json"))["licence"]
    assert data(mast("library", "check", "starter-ei", "--json")) is not None

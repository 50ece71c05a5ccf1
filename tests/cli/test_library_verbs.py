"""`mast library check`, `calibrate` and `info`: faults with their figures, calibrations that pile up and never vanish."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

from app.laboratory.library.calibrating import truth_in
from app.platform.kernel.errors import Invalid
from tests.cli.conftest import Mast
from tests.support.small_files import small_run

DRUGS = 12


def data(result: Result) -> Any:
    return json.loads(result.stdout)


def peaks(drug: int) -> dict[int, float]:
    """A made-up drug: ions of its own, some shared with the next one."""
    rng = np.random.default_rng(drug)
    masses = [44 + drug, 58, 77, 91, 105 + drug, 120 + 2 * drug, 150 + 3 * drug, 180 + 4 * drug]
    return {m: float(i) for m, i in zip(masses, rng.uniform(50, 999, len(masses)), strict=True)}


def msp(name: str, drug: int, seed: int | None = None, key: str = "") -> str:
    of = peaks(drug)
    if seed is not None:
        rng = np.random.default_rng(1000 * drug + seed)
        of = {m: i * float(rng.uniform(0.7, 1.3)) for m, i in of.items()}
    lines = "; ".join(f"{m} {i:.0f}" for m, i in of.items())
    return f"Name: {name}\n{f'InChIKey: {key}' + chr(10) if key else ''}Num Peaks: {len(of)}\n{lines};\n\n"


def key_of(drug: int) -> str:
    return f"{'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[drug] * 14}-UHFFFAOYSA-N"


@pytest.fixture
def library(mast: Mast, tmp_path: Path) -> str:
    path = tmp_path / "bench.msp"
    path.write_text("".join(msp(f"Drug {d}", d, key=key_of(d)) for d in range(DRUGS)))
    mast("library", "import", path, "--name", "bench", "--licence", "CC0", "--source", "our bench")
    return "bench"


@pytest.fixture
def readings(tmp_path: Path) -> tuple[Path, Path]:
    """A folder of 36 readings, three of each drug, and the table of what they are."""
    folder, rows = tmp_path / "readings", ["file,compound,name"]
    folder.mkdir()
    for drug in range(DRUGS):
        for seed in range(3):
            path = folder / f"d{drug}_{seed}.msp"
            path.write_text(msp("unknown", drug, seed))
            rows.append(f"{path.name},{key_of(drug) if seed else ''},{'' if seed else f'Drug {drug}'}")
    truth = tmp_path / "truth.csv"
    truth.write_text("\n".join(rows))
    return folder, truth


def test_check_lists_every_fault_with_entry_reason_and_figures(mast: Mast, tmp_path: Path) -> None:
    path = tmp_path / "bad.msp"
    text = "".join(msp(f"Drug {d}", d, key=key_of(d)) for d in range(3))
    text += msp("Drug 0", 1, key=key_of(3))  # the spectrum of drug 1 under another name
    text += "Name: Heavy\nFormula: C9H13N\nNum Peaks: 5\n44 999; 91 100; 135 20; 207 50; 300 200;\n\n"
    text += "Name: Thin\nNum Peaks: 2\n50 999; 60 1;\n\n"
    path.write_text(text)
    mast("library", "import", path, "--name", "bad", "--licence", "CC0", "--source", "us")
    found = data(mast("library", "check", "bad", "--json"))
    by_kind = {fault["kind"]: fault for fault in found}
    assert set(by_kind) == {"same_spectrum_other_compound", "above_molecule", "few_peaks"}
    above = by_kind["above_molecule"]
    assert (above["name"], above["severity"], above["figures"]["mass"]) == ("Heavy", "error", 135)
    assert above["id"] == "5"
    assert "lies above the molecule C9H13N (135)" in above["why"]
    words = mast("library", "check", "bad")
    assert "error: ions above the molecule (1)" in words.stdout
    assert "Heavy (5): m/z 300" in words.stdout
    assert "Comparing with formulae" in words.stderr


def test_check_of_a_sound_library_has_nothing_to_say(mast: Mast, library: str) -> None:
    assert mast("library", "check", library).stdout == "Nothing to complain about.\n"
    assert "no such library" in mast("library", "check", "nosuch", code=1).stderr


def test_a_calibration_is_kept_used_and_followed(
    mast: Mast, library: str, readings: tuple[Path, Path], tmp_path: Path
) -> None:
    folder, truth = readings
    assert "none of this laboratory" in mast("library", "info", library).stdout
    reading = folder / "d3_0.msp"
    before = data(mast("identify", reading, "--library", library, "--json"))[0]
    first = data(mast("library", "calibrate", library, "--readings", folder, "--truth", truth, "--json"))
    assert (first["number"], first["before"], first["readings"], first["compounds"]) == (1, None, 36, DRUGS)
    assert first["calibration"]["own"] is True
    one = Path(first["file"])
    kept = one.read_bytes()
    shown = mast("library", "info", library).stdout
    assert "calibration: number 1, in use: own readings" in shown
    after = data(mast("identify", reading, "--library", library, "--json"))[0]
    assert "own readings" in json.dumps(after)
    assert "own readings" not in json.dumps(before)
    second = mast("library", "calibrate", library, "--readings", folder, "--truth", truth, "--note", "GC-MS 2, 2026")
    assert "Calibration 2" in second.stdout
    assert "It follows number 1, which is kept." in second.stdout
    assert one.read_bytes() == kept
    listed = data(mast("library", "info", library, "--json"))["calibrations"]
    assert [(row["number"], row["in_use"]) for row in listed] == [(2, True), (1, False)]


def test_a_calibration_of_an_earlier_edition_is_not_used_and_says_so(
    mast: Mast, library: str, readings: tuple[Path, Path]
) -> None:
    folder, truth = readings
    made = data(mast("library", "calibrate", library, "--readings", folder, "--truth", truth, "--json"))
    body = json.loads(Path(made["file"]).read_text())
    body["library_checksum"] = "0" * 64
    Path(made["file"]).write_text(json.dumps(body))
    shown = mast("library", "info", library).stdout
    assert "none of this laboratory" in shown
    assert "made for an earlier edition" in shown
    Path(made["file"]).write_text("not a calibration")
    assert "not readable" in mast("library", "info", library).stdout
    assert data(mast("identify", folder / "d3_0.msp", "--library", library, "--json"))


def test_files_after_the_option_count_as_readings_too(mast: Mast, library: str, readings: tuple[Path, Path]) -> None:
    folder, truth = readings
    first, *rest = sorted(folder.iterdir())
    done = data(mast("library", "calibrate", library, "--readings", first, *rest, "--truth", truth, "--json"))
    assert done["readings"] == 36


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("d0_0.msp,,Drug 0\nnosuch.msp,,Drug 1", "no file nosuch.msp was given"),
        ("d0_0.msp,,Drug 0", "has no row in the table"),
        ("d0_0.msp,,Morphia\n*", "Morphia is not in the library"),
        ("d0_0.msp,ZZZZZZZZZZZZZZ-UHFFFAOYSA-N,\n*", "is not in the library"),
        ("d0_0.msp,,\n*", "line 2 lacks the file or what it is"),
    ],
)
def test_a_table_that_does_not_fit_stops_everything_and_keeps_nothing(
    mast: Mast, library: str, readings: tuple[Path, Path], rows: str, says: str
) -> None:
    folder, truth = readings
    rest = "\n".join(truth.read_text().splitlines()[2:])
    truth.write_text("file,compound,name\n" + rows.replace("*", rest))
    failed = mast("library", "calibrate", library, "--readings", folder, "--truth", truth, code=1)
    assert says in failed.stderr
    assert "Traceback" not in failed.stderr
    assert data(mast("library", "info", library, "--json"))["calibrations"] == []


def test_too_few_readings_and_a_starter_are_refused(
    mast: Mast, library: str, readings: tuple[Path, Path], tmp_path: Path
) -> None:
    folder, truth = readings
    few = tmp_path / "few.csv"
    few.write_text("file,name\nd0_0.msp,Drug 0\n")
    failed = mast("library", "calibrate", library, "--readings", folder / "d0_0.msp", "--truth", few, code=1)
    assert "too few to calibrate" in failed.stderr
    failed = mast("library", "calibrate", "starter-ei", "--readings", folder, "--truth", truth, code=1)
    assert "is for training" in failed.stderr
    assert "--readings" in mast("library", "calibrate", library, "--truth", truth, code=2).stderr


def test_of_a_run_the_peak_at_the_time_given_is_taken(mast: Mast, library: str, readings: tuple[Path, Path]) -> None:
    folder, truth = readings
    (folder / "d3_0.msp").unlink()
    spectra = peaks(3)
    (folder / "run.cdf").write_bytes(small_run(((340.0, {m: 3 * i for m, i in peaks(5).items()}), (380.0, spectra))))
    lines = [line for line in truth.read_text().splitlines() if not line.startswith("d3_0")]
    header, *rows = [line + "," for line in lines]
    truth.write_text("\n".join([header + "retention_time_s", *rows, "run.cdf,,Drug 3,380"]))
    assert (
        data(mast("library", "calibrate", library, "--readings", folder, "--truth", truth, "--json"))["readings"] == 36
    )
    truth.write_text(truth.read_text().replace(",380", ",700"))
    failed = mast("library", "calibrate", library, "--readings", folder, "--truth", truth, code=1)
    assert "there is no peak at 700 s" in failed.stderr


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("path,what\na,b\n", "needs the columns file and compound"),
        ("file,name\n", "it holds no row"),
        ("file,name,retention_time_s\na.msp,x,soon\n", "no number of seconds"),
    ],
)
def test_a_table_without_its_columns_is_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(Invalid, match=says):
        truth_in(path)


def test_a_table_saved_by_a_spreadsheet_is_read_and_one_in_another_alphabet_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("\ufeffFile,Name\r\na.msp,MDMA\r\n".encode())
    assert [(row.file, row.name) for row in truth_in(path)] == [("a.msp", "MDMA")]
    path.write_bytes("file,name\na.msp,caféine".encode("latin-1"))
    with pytest.raises(Invalid, match="not a text in UTF-8"):
        truth_in(path)

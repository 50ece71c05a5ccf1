"""What programs write beside their numbers: one time of a spectrum, names of pairs, multipliers, units and empty lines."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from instruments import read
from spectra.types import Reading, ReadingKind
from tests.instruments.instrument_files import MGF, one
from tests.instruments.test_instrument_silent import assert_refused
from tests.instruments.test_instrument_text_standard import warned

MASSES = [(82.07, 812), (105.03, 227), (182.12, 999), (272.13, 113), (304.15, 215)]
PEAKS = "".join(f"{mz}\t{y}\n" for mz, y in MASSES)
CURVE = "".join(f"{6 + i / 100:.2f}\t{20 + i % 7}\n" for i in range(40))
MATCHMS = f"PRECURSOR_MZ: 304.1543\nADDUCT: [M+H]+\nRETENTION_TIME: 313.08\nNUM PEAKS: 5\n{PEAKS}\n"
AMDIS = "NAME:Caffeine\nFORM:C8H10N4O2\nCASNO:58-08-2\nRT:9.881\nNUM PEAKS:2\n(  55, 210) ( 109, 600) \n"
RECORD = f"Name: made\nPrecursorMZ: 304.15\nNum Peaks: 5\n{PEAKS}"
PEDS = "PE FL  SPECTRUM ASCII PEDS 1.60\n#GR\nNM\n{unit}\n1.0\n0.0\n400.0\n2.0\n{count}\n8\n9\n1\n#DATA\n" + "".join(
    f"{400 + 2 * i}.0\t{i % 5}.5\n" for i in range(30)
)


def lab_solutions(multiplier: str = "0.001", unit: str = "mV") -> str:
    head = f"[LC Chromatogram(Ch1)]\nIntensity Units\t{unit}\nIntensity Multiplier\t{multiplier}\nR.Time (min)\tIntensity\n"
    return head + "".join(f"{i / 100:.2f}\t{100 * i}\n" for i in range(30))


@pytest.mark.parametrize("name", ["COMPOUND_NAME", "COMPOUNDNAME", "TITLE", "Compound Name"])
@pytest.mark.parametrize("first", ["", "SCANNUMBER: 1516\n"])
def test_msp_is_known_by_its_peaks_and_named_by_the_key_of_other_programs(name: str, first: str) -> None:
    two = "".join(f"{first}{name}: {title}\n{MATCHMS}" for title in ("Cocaine", "Ecgonine"))
    readings = read(two.encode(), "a.msp")
    assert [(r.title, r.n_points, r.scans[0].precursor_mz) for r in readings] == [
        ("Cocaine", 5, 304.1543),
        ("Ecgonine", 5, 304.1543),
    ]
    assert not any(r.warnings for r in readings)
    assert "no_name" in warned(one(MATCHMS, "a.msp"))


def test_a_curve_below_a_time_or_a_span_stays_a_chromatogram() -> None:
    for line in (
        "Retention time: 5.12 min",
        "Chromatogram\nRT: 0.00 - 30.00 min",
        "Injection 3\nRetention time: 6.1 min",
    ):
        assert one(f"{line}\n{CURVE}", "a.txt").kind is ReadingKind.CHROMATOGRAM
    times = one(f"Scan 300\nRT: 5.12 min\nRT: 6.30 min\nm/z\tintensity\n{PEAKS}", "a.txt")
    assert times.scans[0].retention_time_s is None


def test_scans_below_each_other_are_read_one_by_one() -> None:
    scans = "".join(f"Scan\t\t{i}\nRetention Time\t{i / 10}\n\n{PEAKS}\n" for i in (1, 2, 3))
    readings = read(f"HEADER\nInstrument\tXevo\n\nFUNCTION 1\n\n{scans}".encode(), "a.txt")
    assert [r.scans[0].retention_time_s for r in readings] == [6, 12, 18]
    assert [r.title for r in readings] == [f"a: Retention Time {i / 10}" for i in (1, 2, 3)]


def test_a_first_line_of_wavelengths_names_the_columns() -> None:
    rows = [f"{i / 300:.5f},{i % 9}.25,{i % 7}.75\n" for i in range(40)]
    alone = one(",220.00000\n" + "".join(row.rpartition(",")[0] + "\n" for row in rows), "a.csv")
    assert (alone.kind, alone.n_points, alone.meta["y_label"]) == (ReadingKind.CHROMATOGRAM, 40, "220 nm")
    both = read((",220.0,254.0\n" + "".join(rows)).encode("utf-16"), "a.csv")
    assert [(r.title, r.n_points) for r in both] == [("a: 220 nm", 40), ("a: 254 nm", 40)]
    assert_refused(",220.0\n" + "".join(rows), "bad_row", "a.csv")
    assert_refused(",0.25\n" + "".join(row.rpartition(",")[0] + "\n" for row in rows), "bad_row", "a.csv")


def rows_of(first: str, rows: Iterable[str]) -> list[Reading]:
    return read("\n".join([first, *rows, ""]).encode(), "a.csv")


def test_wavelengths_are_named_with_whole_times_trailing_commas_and_only_above_times() -> None:
    seconds = rows_of(",254,280", (f"{i},{5 + i % 7}.0,{10 + i % 5}.0" for i in range(300)))
    assert [(r.kind, r.title) for r in seconds] == [(ReadingKind.CHROMATOGRAM, f"a: {nm} nm") for nm in (254, 280)]
    trailing = rows_of(",254,280,", (f"{i / 100:.3f},5.{i % 7},10.{i % 5}," for i in range(40)))
    assert [r.title for r in trailing] == ["a: 254 nm", "a: 280 nm"]
    curves = rows_of(",1001,1002", (f"{4000 - 4 * i},0.{i % 9 + 1},0.{i % 8 + 1}" for i in range(800)))
    assert not any("nm" in r.title for r in curves)


def test_start_time_names_a_unit_only_in_brackets_of_its_own() -> None:
    rows = "".join(f"{i / 100:.2f},{5 + i % 7}\n" for i in range(60))
    stated = one(f"Start Time (min),0.0\nTime,Intensity\n{rows}", "a.csv")
    assert (stated.x_unit, "axis_guessed" in warned(stated)) == ("min", False)
    server = one(f"Start time (server): 2026-01-01 12:30\nTime,Intensity\n{rows}", "a.csv")
    assert (server.x_unit, "axis_guessed" in warned(server)) == ("min", True)


@pytest.mark.parametrize(("unit", "written"), [("mV", "mV"), ("mAU", "mAU"), ("uV", "uV")])
def test_labsolutions_says_by_what_to_multiply(unit: str, written: str) -> None:
    reading = one(lab_solutions(unit=unit), "a.txt")
    assert (reading.y[-1], reading.y_unit, reading.warnings) == (pytest.approx(2.9), written, ())
    decimal = one(lab_solutions("0,001", unit).replace(".", ","), "a.txt")
    assert decimal.y[-1] == pytest.approx(2.9)


@pytest.mark.parametrize("multiplier", ["many", "0", "-1", "nan"])
def test_a_multiplier_that_is_none_is_told(multiplier: str) -> None:
    reading = one(lab_solutions(multiplier), "a.txt")
    assert (reading.y[-1], warned(reading)) == (2900, {"bad_factor"})


@pytest.mark.parametrize("unit", ["", "A"])
def test_an_empty_unit_below_gr_is_a_line(unit: str) -> None:
    assert not {"count_mismatch", "first_x"} & warned(one(PEDS.format(unit=unit, count=30), "a.asc"))
    assert "count_mismatch" in warned(one(PEDS.format(unit=unit, count=31), "a.asc"))


def test_times_of_amdis_are_minutes() -> None:
    assert one(AMDIS, "a.msl").scans[0].retention_time_s == pytest.approx(592.86)
    assert one(RECORD.replace("Num", "RT: 9.881\nNum"), "a.msp").scans[0].retention_time_s is None


@pytest.mark.parametrize(("fields", "seconds", "code"), [
    ("RTINMINUTES=5.2", 312, ""), ("RTINSECONDS=312\nRTINMINUTES=5.2", 312, ""), ("RTINMINUTES=soon 5", None, "bad_retention_time"),
    ("RTINSECONDS=312\nRTINMINUTES=6.2", 312, "stated_twice"), ("RTINMINUTES=5.2\nRTINMINUTES=6.2", 312, "stated_twice"),
    ("RTINMINUTES=-5.2", None, "bad_retention_time"),
])  # fmt: skip
def test_mgf_may_give_minutes(fields: str, seconds: float | None, code: str) -> None:
    first = read(f"BEGIN IONS\nTITLE=one\nPEPMASS=304.15\n{fields}\n{PEAKS}END IONS\n{MGF}".encode(), "a.mgf")[0]
    assert first.scans[0].retention_time_s == (None if seconds is None else pytest.approx(seconds))
    assert warned(first) == ({code} if code else set())


def test_times_have_the_unit_of_the_span_above_them() -> None:
    head = "[MS Chromatogram]\nStart Time({0})\t6.00\nEnd Time({0})\t6.39\nRet.Time\tAbsolute Intensity\tRelative Intensity\n"
    rows = "".join(f"{6 + i / 100:.2f}\t{100 + i}\t{100 * (100 + i) / 139:.2f}\n" for i in range(40))
    for unit in ("min", "sec"):
        reading = one(head.format(unit) + rows, "a.txt")
        assert (reading.x_unit, reading.warnings) == (unit.removesuffix("ec"), ())

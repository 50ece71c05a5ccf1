"""Which column of a text table is what: axes, pairs, names that are numbers, and tables that are no spectrum at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from instruments import CorruptFile, TooLarge, UnsupportedVariant, read
from spectra.types import Reading, ReadingKind
from tests.instruments.instrument_files import codes, one

UNICORN = (
    "Run 1:10_UV1_280nm\t{0}\tRun 1:10_Cond\t{0}\tRun 1:10_Logbook\t{0}\nmin\t mAU\tmin\t mS/cm\tmin\t(Set Marks)\n"
)
OCEAN = "OOIBase32 Version 2.0.6.5 Data File\nSpectrometer Channel: Master\nReference Channel: Master\n>>>>>Begin Spectral Data<<<<<\n"
LIGHT = "".join(f"{340 + i * 0.37:.2f}\t{100 + i % 7 * 13}.000\n" for i in range(300))
AVASOFT = "Wave   ;Sample   ;Dark     ;Reference;Scope\n[nm]   ;[counts] ;[counts] ;[counts] \n"
MSP = "Name: A\nNum Peaks: 3\n84 999\n133 300\n162 200\n\nName: B\nNum Peaks: 3\n82 999\n182 300\n303 200\n"
MGF = "BEGIN IONS\nTITLE=a\nPEPMASS=279.1\n65.0 10\n279.1 50\nEND IONS\n\n"


def table(head: str, row: Callable[[int], str], rows: int = 60) -> str:
    return head + "\n" + "".join(row(i) + "\n" for i in range(rows))


def facts(reading: Reading) -> tuple[ReadingKind, str, str, float]:
    return reading.kind, reading.x_unit, reading.y_unit, float(reading.x[-1])


@pytest.mark.parametrize(("name", "told"), [
    ("Wavenumber (nm)", True), ("Wavelength (cm-1)", True), ("Wavenumber (µm)", True), ("Wavelength (µm)", False),
    ("Wavenumber (cm-1)", False),
])  # fmt: skip
def test_a_wavenumber_in_a_unit_of_length_is_told(name: str, told: bool) -> None:
    assert ("units_differ" in codes(one(table(f"{name},Absorbance", lambda i: f"{1500 - i},0.{i:02d}")))) is told


def test_times_that_rise_are_the_axis_before_another_column_in_no_order() -> None:
    readings = read(table("Time (min),UV (mAU),Base peak m/z", lambda i: f"{i / 10},{i},{100 + i * 37 % 50}").encode())
    assert [facts(r) for r in readings] == [(ReadingKind.CHROMATOGRAM, "min", "mAU", 5.9)]


@pytest.mark.parametrize("head", [
    "m/z,Peak Height,Resolving Power,S/N", "m/z,Resolution,Peak Intensity,S/N", "m/z,S/N,Abundance,Resolution",
])  # fmt: skip
def test_what_describes_a_peak_is_not_its_intensity(head: str) -> None:
    own = next(i for i, name in enumerate(head.split(",")) if name[:6] in ("Peak H", "Peak I", "Abunda"))
    reading = one(
        table(
            head, lambda i: ",".join([f"{100 + i * 1.5}", *(str((7 if c == own else 9) * (i + 1)) for c in (1, 2, 3))])
        )
    )
    assert (reading.kind, reading.y.max()) == (ReadingKind.MASS_SPECTRUM, 420)


@pytest.mark.parametrize("head", [
    "RT A (min),Int A,RT B (min),Int B", "Time 57Fe,57Fe,Time 56Fe,56Fe", "Time (min),A,Time (min),B", "x1,y1,x2,y2", "A_X,A_Y,B_X,B_Y",
    "min,mAU,min,mS/cm", "ml,mAU,ml,mS/cm",
])  # fmt: skip
def test_every_curve_of_a_pair_has_its_own_axis(head: str) -> None:
    first, second = read(table(head, lambda i: f"{i / 2},{i % 7},{i / 2 + 0.2:.1f},{i % 5}").encode())
    assert (first.x[0], first.y.max(), second.x[0], second.y.max()) == (0, 6, 0.2, 4)


@pytest.mark.parametrize(("head", "names"), [
    ("RT (min),254", [""]), ("RT (min),131.0,202.0", ["131.0", "202.0"]), ("Wavelength (nm),0,10,20", ["0", "10", "20"]),
    ('"RT(milliseconds)","RT(minutes) - NOT USED BY IMPORT",50,51', ["50", "51"]),
])  # fmt: skip
def test_names_of_columns_may_be_numbers(head: str, names: list[str]) -> None:
    width = len(head.split(","))
    text = table(head, lambda i: ",".join([f"{400 + i}", f"{i / 10}", *["1.5"] * width][:width]))
    readings = read(text.encode(), "a.csv")
    assert [r.title.removeprefix("a").removeprefix(": ") for r in readings] == names
    assert not any(r.x_unit == "" or "axis_guessed" in codes(r) for r in readings)


def test_a_channel_is_one_of_a_chromatogram_only_where_its_line_begins_so() -> None:
    assert facts(one(OCEAN + LIGHT + ">>>>>End Spectral Data<<<<<\n"))[:2] == (ReadingKind.UV, "nm")
    assert one("Channel: UV_VIS_1\n" + LIGHT).kind is ReadingKind.CHROMATOGRAM


def test_a_table_that_its_program_closes_is_told_where_the_last_line_is_gone() -> None:
    assert "may_be_cut" in codes(one(OCEAN + LIGHT))
    assert "may_be_cut" not in codes(one(OCEAN.replace("OOIBase32", "OceanView") + LIGHT))


@pytest.mark.parametrize("empty", ["", "0"])
def test_unicorn_names_its_pairs_and_its_columns_of_words_are_left_out(empty: str) -> None:
    text = table(
        UNICORN.format(empty).rstrip("\n"),
        lambda i: f"{i / 10}\t{i}\t{i / 10}\t1.8\t" + ('0\t" ""Block"""' if i < 5 else "\t"),
    )
    readings = read(text.encode(), "a.asc")
    assert [(r.title, r.x_unit, r.y_unit) for r in readings] == [
        ("a: Run 1:10_UV1_280nm", "min", "mAU"), ("a: Run 1:10_Cond", "min", "mS/cm"),
    ]  # fmt: skip


def test_the_same_words_in_every_row_are_left_out_and_others_part_the_curves() -> None:
    head, rows = '"Minutes"\t"Intensity"\t"Detector"', 150
    same = table(head, lambda i: f'{i / 60:.4f}\t{i % 7}.5\t"UV 254nm"', rows)
    assert (one(same).kind, one(same).n_points) == (ReadingKind.CHROMATOGRAM, rows)
    with pytest.raises(UnsupportedVariant, match="2 curves") as caught:
        read((same + same.partition("\n")[2].replace("UV", "RI")).encode())
    assert caught.value.code == "several_curves"


@pytest.mark.parametrize(("head", "row"), [
    ("scan,m/z,intensity", lambda i: f"{i // 10},{100 + i % 10},{i % 4}"), ("RT (min),m/z,intensity", lambda i: f"{i // 10},{100 + i % 10},{i % 4}"),
])  # fmt: skip
def test_spectra_below_each_other_in_one_table_are_refused(head: str, row: Callable[[int], str]) -> None:
    with pytest.raises(UnsupportedVariant) as caught:
        read(table(head, row).encode())
    assert caught.value.code == "several_spectra"


@pytest.mark.parametrize(("head", "row"), [
    ("RT (min),m/z,Intensity", lambda i: f"{i / 10},{100 + i * 37 % 50},{i % 4}"), ("RT (min),Area,Height", lambda i: f"{i * i / 10},{i % 5},{i % 4}"),
    ("m/z,fdr,Intensity", lambda i: f"{100 + i * 37 % 59},0.1,{i * 31 % 41}"),
])  # fmt: skip
def test_lists_of_compounds_and_scans_are_told(head: str, row: Callable[[int], str]) -> None:
    assert all("list_of_compounds" in codes(r) for r in read(table(head, row).encode()))


@pytest.mark.parametrize(("text", "damaged"), [
    (MSP, "Num Peak5:"), (MSP, "Num Peaks"), (MSP, "NXm Peaks:"), (MGF * 2, "BEGIN ION5"), (MGF * 2, "BEGIN  IONS"),
])  # fmt: skip
def test_a_library_whose_marks_are_damaged_is_no_table(text: str, damaged: str) -> None:
    assert len(read(text.encode())) == 2
    with pytest.raises(CorruptFile) as caught:
        read(text.replace("Num Peaks:" if "Num" in text else "BEGIN IONS", damaged).encode())
    assert caught.value.code == "damaged_library"


def test_a_time_in_nanoseconds_is_not_taken_as_minutes() -> None:
    reading = one(table("*BLOCK 1  ( Time[ns]  No_of_photons )", lambda i: f"{i * 0.003:.6f} ,    {i}"))
    assert (reading.kind, reading.x_unit) == (ReadingKind.OTHER, "ns")


def test_a_weight_over_time_is_neither_a_spectrum_nor_a_chromatogram() -> None:
    temperature, weight = read(table("Temp./C;Time/min;Mass/%", lambda i: f"{30 + i};{i / 2};{100 - i / 4}").encode())
    assert (temperature.x_unit, weight.x_unit, weight.kind) == ("min", "min", ReadingKind.OTHER)


def test_nobody_is_asked_where_both_answers_hold_too_many_columns() -> None:
    first = "\t\t" + "\t".join(f"{50 + i}.6" for i in range(400)) + "\n"
    rows = "".join(f"-60.6\t{i}.5" + "\t0" * 400 + "\n" for i in range(30))
    with pytest.raises(TooLarge):
        read((first + rows).encode())


def test_several_ms_chromatograms_are_named_by_their_trace() -> None:
    def section(trace: str) -> str:
        return table(
            f"[MS Chromatogram]\nm/z\t{trace}\nR.Time (min)\tAbsolute Intensity",
            lambda i: f"{i / 100:.2f}\t{100 + i % 7}",
        )

    titles = [r.title for r in read((section("1-1MS(E+) TIC") + section("1-1MS(E+) m/z 91.00")).encode(), "a.txt")]
    assert titles == ["a: MS Chromatogram 1-1MS(E+) TIC", "a: MS Chromatogram 1-1MS(E+) m/z 91.00"]


def test_the_unit_of_x_that_a_header_states_is_held_against_its_column() -> None:
    witec = (
        "[Header]\nXAxisUnit = {}\nDataUnit = CCD cts\n\n[Data]\nX-Axis,Spectrum--000--Spec.Data 1\nrel. 1/cm,CCD cts"
    )
    told = [
        "units_differ" in codes(one(table(witec.format(u), lambda i: f"{530 + i}.5, {i}.25")))
        for u in ("nm", "rel. 1/cm")
    ]
    assert told == [True, False]

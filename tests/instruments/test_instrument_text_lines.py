"""Text tables: lines above and between them that look like names of columns or like rows, and are neither."""

from __future__ import annotations

import pytest

from instruments import CorruptFile, UnsupportedVariant, read, units
from spectra.types import Reading, ReadingKind
from tests.instruments.instrument_files import codes, one


def rows(start: float = 200, step: float = 1, columns: int = 1, mark: str = "\t", count: int = 60) -> str:
    return "".join(
        mark.join((f"{start + i * step:g}", *(f"0.{i % (7 - c)}5" for c in range(columns)))) + "\n"
        for i in range(count)
    )


def told(text: str) -> list[tuple[ReadingKind, str, str]]:
    return [(r.kind, r.x_unit, r.title.removeprefix("a: ")) for r in read(text.encode(), "a.csv")]


@pytest.mark.parametrize("line", [
    "Time (s)\t0\t60", "Retention time (min)\t0\t5", "Path length (mm)\t10\t10", "Resolution (cm-1)\t4\t4", "Slit (nm)\t1\t2",
    "Excitation (nm)\t280\t290",
])  # fmt: skip
def test_a_row_of_conditions_below_the_names_names_no_columns(line: str) -> None:
    spectra = told(f"Wavelength (nm)\tS1\tS2\n{line}\n" + rows(columns=2))
    assert spectra == [(ReadingKind.UV, "nm", "S1"), (ReadingKind.UV, "nm", "S2")]


@pytest.mark.parametrize("line", ["Excitation wavelength (nm)\t280\t290", "Path length (mm)\t10\t10"])
def test_a_setting_of_each_curve_is_no_name_of_an_axis(line: str) -> None:
    assert all("axis_guessed" in codes(r) for r in read(f"{line}\n{rows(columns=2)}".encode()))


def test_wavelengths_over_times_do_not_make_the_times_wavelengths() -> None:
    assert {r[:2] for r in told("Wavelength (nm)\t254\t280\n" + rows(0, 0.05, 2))} == {
        (ReadingKind.CHROMATOGRAM, "min")
    }


@pytest.mark.parametrize("line", [
    "Integration time (us): 100000", "Exposure time (us)\t1000", "Dwell time (us): 20", "# integration time [us] 100000",
])  # fmt: skip
def test_the_time_of_a_detector_is_no_axis(line: str) -> None:
    assert told(f"{line}\n{rows(count=300)}")[0][:2] == (ReadingKind.UV, "nm")


@pytest.mark.parametrize(("line", "start", "step", "kind"), [
    ("Zeit (s);12", 200, 1, ReadingKind.UV), ("Time (min);30", 4000, -2, ReadingKind.IR), ("RT (min);254", 0, 0.1, ReadingKind.CHROMATOGRAM),
])  # fmt: skip
def test_a_time_with_its_value_above_a_spectrum_is_not_its_axis(
    line: str, start: float, step: float, kind: ReadingKind
) -> None:
    assert told(f"{line}\n{rows(start, step, mark=';')}")[0][0] is kind


@pytest.mark.parametrize(("header", "kind"), [
    ("Wavenumber (cm-1)\tAbsorbance", ReadingKind.IR), ("Wavenumber (cm-1)\tTransmittance (%)", ReadingKind.IR),
    ("Wavenumber (cm-1)\tMDMA", ReadingKind.RAMAN),
])  # fmt: skip
def test_the_power_of_a_laser_makes_no_raman_of_absorbed_light(header: str, kind: ReadingKind) -> None:
    assert told(f"Laser power (mW): 40\n{header}\n{rows(4000, -2)}")[0][0] is kind


@pytest.mark.parametrize("name", ["ν /cm", "Frequency /cm", "MDMA-1 cm-1", "Sample_A cm-1", "Batch 12-1 cm-1"])
def test_what_a_name_ends_in_is_no_part_of_the_unit_behind_it(name: str) -> None:
    assert units.x_unit(name) == "cm-1"


@pytest.mark.parametrize(("header", "names"), [
    ("Scan #1\tScan #2\tMean", ["Scan #1", "Scan #2", "Mean"]), ("Resolution enhanced\tRaw\tNo.", ["Resolution enhanced", "Raw"]),
    ("Number of counts\tx\tpoint_index", ["Number of counts", "x"]),
])  # fmt: skip
def test_a_curve_whose_name_begins_like_that_of_an_index_is_kept(header: str, names: list[str]) -> None:
    assert [r[2] for r in told(f"Wavenumber (cm-1)\t{header}\n{rows(4000, -2, 3)}")] == names


@pytest.mark.parametrize("title", [
    "2,5-dimethoxyamphetamine", "3,4-MDMA 2 mg", "1,1' dietyhl 22 dicarbo", "3,3 diethyl 9", "4-FA", "Time: 44337.917902",
])  # fmt: skip
def test_a_title_with_numbers_between_two_tables_is_no_damaged_row(title: str) -> None:
    table = "Wavelength (nm),Absorbance\n" + rows(mark=",")
    first, second = read(f"first\n{table}\n{title}\n{table}".encode())
    assert (first.n_points, second.n_points) == (60, 60)
    assert one(f"{title}\n{rows()}").n_points == 60
    with pytest.raises(CorruptFile):
        read((table + "259.5,*****\n" + rows(260, mark=",")).encode())


def test_names_in_quotes_may_hold_blanks() -> None:
    reading: Reading = one('"RawData" "Abs"\n"Wavelength nm." "Abs."\n' + rows(mark=" "))
    assert (reading.x_unit, reading.y_unit) == ("nm", "absorbance")


def test_a_molar_mass_is_no_mz() -> None:
    assert units.x_unit("Molar mass [D]") == ""
    assert units.x_unit("Mass") == "m/z"


def test_each_signal_of_a_run_is_read_below_its_name() -> None:
    run = (
        '"Path","File"\n"C:\\x\\","a.D"\n"TIC: a.D\\data.ms"\n{}"Signal: a.D\\TCD1A.ch"\n{}"Signal: a.D\\FID2B.ch"\n{}'
    )
    curves = rows(0, 0.1, mark=",", count=90), rows(0.5, 0.2, mark=","), rows(0.5, 0.2, mark=",", count=61)
    assert [(r[1], r[2]) for r in told(run.format(*curves))] == [
        ("min", "TIC: a.D\\data.ms"), ("min", "Signal: a.D\\TCD1A.ch"), ("min", "Signal: a.D\\FID2B.ch"),
    ]  # fmt: skip


def test_a_date_below_the_name_of_a_table_is_not_its_name() -> None:
    table = "\n9/19/2025 2:01:43 PM\nWavelength (nm),Absorbance\n" + rows(mark=",")
    assert [r[2] for r in told(f"blank{table}\nMDMA{table}")] == ["blank", "MDMA"]


def test_words_before_the_axis_are_left_out_as_those_behind_it() -> None:
    text = ",sample,time,signal\n" + "".join(f"{i},a red wine,{i / 10},0.{i % 7}5\n" for i in range(60))
    assert [(r.kind, r.x[-1], r.y[1]) for r in read(text.encode(), "a.csv")] == [(ReadingKind.CHROMATOGRAM, 5.9, 0.15)]


def test_an_export_of_results_without_a_curve_is_refused() -> None:
    results = "[Peak Table(Ch1)]\n# of Peaks\t9\nPeak#\tR.Time\tArea\n" + "".join(
        f"{i}\t{i * 1.5}\t{i % 4}00\n" for i in range(1, 10)
    )
    with pytest.raises(UnsupportedVariant, match="no chromatogram and no spectrum"):
        read(f"[Header]\nApplication Name\tLabSolutions\n\n{results}".encode())
    assert (
        read(f"{results}\n[LC Chromatogram(Ch1)]\nR.Time (min)\tIntensity\n{rows(0, 0.1)}".encode())[0].n_points == 60
    )

"""Text tables: lines above and between them that look like names of columns or like rows, and are neither."""

from __future__ import annotations

import pytest

from instruments import UnsupportedVariant, read
from spectra.types import Reading, ReadingKind
from tests.instruments.instrument_files import one


def rows(start: float = 200, step: float = 1, columns: int = 1, mark: str = "\t", count: int = 60) -> str:
    return "".join(
        mark.join((f"{start + i * step:g}", *(f"0.{i % (7 - c)}5" for c in range(columns)))) + "\n"
        for i in range(count)
    )


def told(text: str) -> list[tuple[ReadingKind, str, str]]:
    return [(r.kind, r.x_unit, r.title.removeprefix("a: ")) for r in read(text.encode(), "a.csv")]


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


def test_names_in_quotes_may_hold_blanks() -> None:
    reading: Reading = one('"RawData" "Abs"\n"Wavelength nm." "Abs."\n' + rows(mark=" "))
    assert (reading.x_unit, reading.y_unit) == ("nm", "absorbance")


def test_each_signal_of_a_run_is_read_below_its_name() -> None:
    run = (
        '"Path","File"\n"C:\\x\\","a.D"\n"TIC: a.D\\data.ms"\n{}"Signal: a.D\\TCD1A.ch"\n{}"Signal: a.D\\FID2B.ch"\n{}'
    )
    curves = rows(0, 0.1, mark=",", count=90), rows(0.5, 0.2, mark=","), rows(0.5, 0.2, mark=",", count=61)
    assert [(r[1], r[2]) for r in told(run.format(*curves))] == [
        ("min", "TIC: a.D\\data.ms"), ("min", "Signal: a.D\\TCD1A.ch"), ("min", "Signal: a.D\\FID2B.ch"),
    ]  # fmt: skip


def test_an_export_of_results_without_a_curve_is_refused() -> None:
    results = "[Peak Table(Ch1)]\n# of Peaks\t9\nPeak#\tR.Time\tArea\n" + "".join(
        f"{i}\t{i * 1.5}\t{i % 4}00\n" for i in range(1, 10)
    )
    with pytest.raises(UnsupportedVariant, match="no chromatogram and no spectrum"):
        read(f"[Header]\nApplication Name\tLabSolutions\n\n{results}".encode())
    assert (
        read(f"{results}\n[LC Chromatogram(Ch1)]\nR.Time (min)\tIntensity\n{rows(0, 0.1)}".encode())[0].n_points == 60
    )

"""JCAMP-DX: the number forms decode alike, the checks of the format are kept, odd files are understood."""

from __future__ import annotations

import numpy as np
import pytest

from instruments import CorruptFile, TooLarge, read
from spectra.types import ReadingKind
from tests.instruments.instrument_files import codes, jcamp, one

Y = [int(200 + 150 * np.sin(i / 6)) - (i % 7) * 3 for i in range(75)] + [55] * 20 + [-5, -4, -4, -4, 0, 9]


@pytest.mark.parametrize("form", ["AFFN", "PAC", "SQZ", "DIF", "DIFDUP"])
@pytest.mark.parametrize("step", [1, -2])
def test_all_number_forms_give_the_same_spectrum(form: str, step: int) -> None:
    reading = one(jcamp(Y, first=2000, step=step, form=form, factor=0.001))
    np.testing.assert_allclose(reading.y, np.array(Y) * 0.001)
    np.testing.assert_allclose(reading.x, 2000 + step * np.arange(len(Y)))
    assert (reading.kind, reading.x_unit, reading.y_unit) == (ReadingKind.IR, "cm-1", "absorbance")
    assert not reading.warnings


def test_an_exponent_with_sign_is_an_exponent_and_without_is_a_pseudo_digit() -> None:
    affn = jcamp([1, 2], LASTX=401).replace("400 1 2", "400 1.5E+01 2.25e-1")
    np.testing.assert_allclose(one(affn).y, [15, 0.225])
    squeezed = jcamp([1, 2], LASTX=401).replace("400 1 2", "400E1e12")
    np.testing.assert_allclose(one(squeezed).y, [51, -512])


def test_a_lost_line_is_found_by_the_count_and_by_the_x_check() -> None:
    text = jcamp(Y)
    lines = text.splitlines()
    del lines[14]
    with pytest.raises(CorruptFile) as count:
        read("\n".join(lines).encode())
    with pytest.raises(CorruptFile) as jump:
        read("\n".join(lines).replace("##NPOINTS=101", "##NPOINTS=94").encode())
    assert (count.value.code, jump.value.code) == ("point_count", "x_check")
    assert jump.value.line


def test_a_damaged_difference_is_found_by_the_y_check() -> None:
    text = jcamp(Y, form="DIF")
    lines = text.splitlines()
    row = lines[13]
    lines[13] = row[:-2] + ("K5" if row[-2:] != "K5" else "K6")
    with pytest.raises(CorruptFile) as caught:
        read("\n".join(lines).encode())
    assert caught.value.code in {"y_check", "bad_row"}


@pytest.mark.parametrize(
    ("label", "value"),
    [("NPOINTS", "-5"), ("NPOINTS", "1000000000"), ("NPOINTS", "many"), ("YFACTOR", "NaN"), ("XFACTOR", "0"),
     ("LASTX", "400"), ("FIRSTX", "1e999"), ("YFACTOR", "inf")],
)  # fmt: skip
def test_impossible_headers_are_refused(label: str, value: str) -> None:
    with pytest.raises(CorruptFile) as caught:
        read(jcamp(Y, **{label: value}).encode())
    assert caught.value.line is not None


def test_a_repeat_count_cannot_allocate_memory() -> None:
    with pytest.raises(TooLarge) as caught:
        read(jcamp([1], LASTX=409, NPOINTS=10).replace("400 1", "400As99999999").encode())
    assert caught.value.line is not None


def test_scans_of_a_gcms_file_become_one_run_in_seconds() -> None:
    head = "##TITLE=run\n##JCAMP-DX=5\n##DATA TYPE=MASS SPECTRUM\n##SCAN_DELAY_UNITS= seconds\n##IONIZATION_MODE= EI+\n"
    scans = "".join(
        f"##SCAN_NUMBER= {i}\n##RETENTION_TIME= {100 + i / 2}\n##TIC= {30 + i}\n##NPOINTS= 2\n##XYDATA= (XY..XY)\n 57, {10 + i}\n 43, 20\n"
        for i in range(1, 6)
    )
    run = one(head + scans)
    assert (run.kind, len(run.scans), run.x_unit) == (ReadingKind.MASS_RUN, 5, "s")
    np.testing.assert_allclose(run.x, 100 + np.arange(1, 6) / 2)
    np.testing.assert_allclose(run.y, 30 + np.arange(1, 6))
    assert run.scans[0].mz.tolist() == [43, 57]
    assert run.scans[0].retention_time_s == 100.5


def test_ntuples_pages_become_a_run_with_the_unit_of_its_time() -> None:
    head = (
        "##TITLE=pages\n##JCAMP-DX=5.00\n##DATA TYPE=MASS SPECTRUM\n##NTUPLES=MASS SPECTRUM\n"
        "##VAR_NAME=MASS, INTENSITY, RETENTION TIME\n##SYMBOL=X, Y, T\n##VAR_DIM=2,2,3\n##UNITS=M/Z, ABUNDANCE, MINUTES\n"
        "##FACTOR=1, 2, 1\n"
    )
    pages = "".join(f"##PAGE=T={i}\n##NPOINTS=2\n##DATA TABLE=(XY..XY), PEAKS\n50,{i}\n60,1\n" for i in range(3))
    run = one(head + pages + "##END NTUPLES=MASS SPECTRUM\n##END=\n")
    np.testing.assert_allclose(run.x, [0, 60, 120])
    np.testing.assert_allclose(run.y, [2, 4, 6])
    with pytest.raises(CorruptFile):
        read((head + pages).encode())


def test_the_lowest_value_written_as_the_first_one_is_told_without_a_warning_only_where_the_values_fit() -> None:
    y = [9800, 9500, 7662, 9700, 10380]  # 98.00 … 76.62 … per cent
    quirk = jcamp(y, factor=0.01, YUNITS="TRANSMITTANCE", MINY=76.62, MAXY=103.8, FIRSTY=76)
    assert {"first_y_is_lowest"} == codes(one(quirk)) - {"ordinate_scale"}
    for records in (
        {"MINY": 70.2, "FIRSTY": 70},
        {"MINY": 76.62, "FIRSTY": 50},
        {"FIRSTY": 76},
        {"MINY": "?", "FIRSTY": 76},
    ):
        damaged = one(jcamp(y, factor=0.01, YUNITS="TRANSMITTANCE", **records))
        assert "first_y" in codes(damaged)

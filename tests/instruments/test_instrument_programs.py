"""What programs call their axes, pages, times and blocks, and what a file says against itself in those words."""

from __future__ import annotations

import numpy as np
import pytest

from instruments import read
from spectra.types import Reading, ReadingKind
from tests.instruments.instrument_files import codes, jcamp, one
from tests.instruments.spc_files import single
from tests.instruments.test_instrument_silent import assert_marked

SHIFTS = "".join(f"{12.5 + 2 * i:.3f}\t{900 + i % 40}\n" for i in range(800))
LABSPEC = (
    "#Acq. time (s)=\t1\n#Detector=\tSyncerity\n#Instrument=\tLabRAM\n#Spectro ({unit})=\t{at}\n#Title=\tS041\n{rows}"
)
AVASOFT = "Wave   ;Dark     ;Ref      ;Sample   ;{result}\n[nm]   ;[counts] ;[counts] ;[counts] ;{unit}\n" + "".join(
    f"{300 + i};{7 + i % 3};5000;{4000 + i};{10 + i % 7}.5\n" for i in range(40)
)
MODEL = "LS50-B"
PEDS = (
    "PE FL   SPECTRUM   ASCII   PEDS   1.60\n  -1\nS041.TXT\n07/12/10\n13:24:51.00\n07/12/10\n13:27:46.00\n\n495.0\n1\n\n\n"
    f"{MODEL}\n350.00\nSCAN\n#HDR\n-1\n-1\n#GR\nNM\n\n1.0\n0.0\n400.0\n2.0\n30\n8\n4.5\n0.5\n#DATA\n"
    + "".join(f"{400 + 2 * i}.0\t{i % 5}.5\n" for i in range(30))
)
ENLIGHTEN = (
    "ENLIGHTEN Version,4.0.33\nModel,WP-785X\nLaser Wavelength,785.0\n\nPixel,Wavelength,Wavenumber,Processed\n"
    + "".join(f"{i},{801 + i / 5:.2f},{256 + 2.6 * i:.2f},{100 + i % 9}.5\n" for i in range(60))
)
VALUES = [7 + i % 9 for i in range(60)]
HPLC = {"DATA_TYPE": "HPLC UV/VIS SPECTRUM", "XUNITS": "MINUTES", "YUNITS": "mAU"}
MGF_OF_MATCHMS = (
    "BEGIN IONS\nPRECURSOR_MZ=304.1543\nMS_LEVEL=2\nCOMPUTED_[M+H-H2O]+=286.14\n82.07 10\n182.12 99\nEND IONS\n"
)
XML = "<?xml version='1.0'?>\n<!-- of a > b -->\n<LSX_Data>\n1 2 3\n4 5 6\n7 8 9\n</LSX_Data>\n"


def labspec(unit: str = "cm-\u00b9", at: float = 910.0, rows: str = SHIFTS) -> Reading:
    return one(LABSPEC.format(unit=unit, at=at, rows=rows).encode("latin-1"), "a.txt")


def test_labspec_tells_its_axis_by_where_its_spectrograph_stands() -> None:
    reading = labspec()
    assert (reading.kind, reading.x_unit, reading.title) == (ReadingKind.RAMAN, "cm-1", "S041")
    assert not reading.warnings
    assert labspec("nm", 560.0).x_unit == "nm"


def test_wire_names_a_raman_shift_only_by_its_columns() -> None:
    rows = "".join(f"{3200 - 2 * i}.5\t{300 + i % 40}.25\n" for i in range(800))
    reading = one(f"#Wave\t\t#Intensity\n{rows}", "a.txt")
    assert (reading.kind, reading.x_unit, reading.warnings) == (ReadingKind.RAMAN, "cm-1", ())


def test_perkin_elmer_names_the_instrument_and_a_step_that_must_fit() -> None:
    reading = one(PEDS, "a.asc")
    assert (reading.instrument, codes(reading)) == (MODEL, set())
    assert one(PEDS.replace(MODEL, "\n"), "a.asc").instrument == ""
    assert_marked(PEDS.replace("400.0\n2.0\n", "400.0\n3.0\n"), "first_x", "a.asc")


@pytest.mark.parametrize("row", ["1.234E-0015.678E-0012.345E-001", "+1.234E-0001+5.678E-0001+2.345E-0001"])
def test_columns_that_touch_keep_their_exponents(row: str) -> None:
    first, *_, end = jcamp([1] * 3, FIRSTY=0.1234).rpartition("400 ")[0].splitlines(), "##END=\n"
    reading = one("\n".join([*first, f"400 {row}", end]))
    assert reading.y.tolist() == [0.1234, 0.5678, 0.2345]


def test_absorbance_may_be_called_a() -> None:
    assert one(jcamp(VALUES, YUNITS="A")).y_unit == "absorbance"
    assert one(jcamp(VALUES, **HPLC | {"YUNITS": "A"})).y_unit == "A"


def test_a_detector_behind_a_column_writes_a_chromatogram() -> None:
    reading = one(jcamp(VALUES, **HPLC))
    assert (reading.kind, reading.x_unit) == (ReadingKind.CHROMATOGRAM, "min")


def test_a_block_that_assigns_peaks_of_another_is_none_of_the_readings() -> None:
    head = "##TITLE=both\n##DATA TYPE=LINK\n##BLOCKS=3\n"
    for rows in ("(450, 0.1, <OH>)\n(480, 0.4, <CN>)\n", ""):
        assigned = f"##TITLE=peaks\n##DATA TYPE=PEAK ASSIGNMENTS\n##PEAK ASSIGNMENTS=(XYA)\n{rows}##END=\n"
        for both in (f"{jcamp(VALUES)}\n{assigned}", f"{assigned}{jcamp(VALUES)}\n"):
            (reading,) = read(f"{head}{both}##END=\n".encode(), "a.dx")
            assert [r.code for r in reading.remarks] == ["peak_assignments"]
    alone = assigned.replace("(XYA)\n", "(XYA)\n(450, 0.1, <OH>)\n")
    assert one(f"{head.replace('3', '2')}{alone}##END=\n", "a.dx").n_points == 1


def pages(*numbers: str, symbol: str = "T", unit: str = "SECONDS", name: str = "PAGE NUMBER") -> str:
    head = f"##TITLE=run\n##DATA TYPE=MASS SPECTRUM\n##NTUPLES=MASS SPECTRUM\n##VAR_NAME=MASS, INTENSITY, {name}\n"
    head += f"##SYMBOL=X, Y, {symbol}\n##UNITS=M/Z, RELATIVE ABUNDANCE, {unit}\n"
    return head + "".join(f"##PAGE={n}\n##DATA TABLE=(XY..XY), PEAKS\n50, 1; 60, 9\n" for n in numbers) + "##END=\n"


def grid(last: str, delta: str = "1.93") -> str:
    x = np.linspace(4000, 399.4, 1868)
    rows = "\n".join(f"{x[i]:.0f} " + " ".join(["12149"] * len(x[i : i + 11])) for i in range(0, x.size, 11))
    head = (
        f"##TITLE=a\n##DATA TYPE=INFRARED SPECTRUM\n##XUNITS=1/CM\n##YUNITS=ABSORBANCE\n##FIRSTX=4000\n##LASTX={last}\n"
    )
    return (
        f"{head}##DELTAX=-{delta}\n##XFACTOR=1\n##YFACTOR=1E-5\n##NPOINTS=1868\n##XYDATA=(X++(Y..Y))\n{rows}\n##END=\n"
    )


@pytest.mark.parametrize(("last", "delta", "code"), [("402", "1.93", "x_drift"), ("399", "1.8", "delta_x")])
def test_a_header_that_is_off_by_more_than_its_digits_is_told(last: str, delta: str, code: str) -> None:
    assert code in codes(one(grid(last, delta)))


def test_a_last_check_value_without_points_behind_it_is_told() -> None:
    *_, check, end = jcamp(VALUES, form="DIF").splitlines()
    assert_marked(jcamp(VALUES, form="DIF").replace(f"{check}\n{end}", f"459@\n{end}"), "y_check")
    both = jcamp(VALUES, form="DIF").replace(f"{check}\n{end}", f"459@\n{end}").replace("434A4", "434A5")
    assert "2 lines miss their check value by one count." in one(both).warnings


def test_matchms_has_its_own_words_in_mgf() -> None:
    reading = one(MGF_OF_MATCHMS, "a.mgf")
    assert (reading.scans[0].precursor_mz, reading.ms_level, reading.n_points) == (304.1543, 2, 2)
    assert not reading.warnings
    assert not one(MGF_OF_MATCHMS.replace("MS_LEVEL", "PEPMASS=304.2\nMS_LEVEL"), "a.mgf").warnings
    assert_marked(MGF_OF_MATCHMS.replace("MS_LEVEL", "PEPMASS=318.2\nMS_LEVEL"), "stated_twice", "a.mgf")
    assert_marked(MGF_OF_MATCHMS.replace("MS_LEVEL=2", "MS_LEVEL=two"), "bad_field", "a.mgf")
    assert one(MGF_OF_MATCHMS.replace("MS_LEVEL=2", "MS_LEVEL=2.0"), "a.mgf").ms_level == 2


def test_bytes_behind_the_log_of_spc_are_told() -> None:
    content = single(notes=b"A=1\r\n")
    assert "trailing_data" not in codes(one(content + b"  \0"))
    assert "trailing_data" in codes(one(content + b"more"))

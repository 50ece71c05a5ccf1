"""What a text export announces of its tables is compared with them, and every table that is a curve is read."""

from __future__ import annotations

import numpy as np
import pytest

from instruments import read
from tests.instruments.instrument_files import codes, one

X = np.round(np.linspace(4000.0, 3600.0, 51), 4)
Y = np.round(0.1 + 0.6 * np.exp(-(((X - 3800) / 40) ** 2)), 4)
TABLE = "".join(f"{x:.4f}\t{y:.4f}\n" for x, y in zip(X, Y, strict=True))
TIMES = "".join(f"{i / 100:.3f}\t{100 + i % 7}\n" for i in range(50))
PEAKS = [(41.1, 1200), (82.1, 99840), (105.0, 9100), (182.1, 88010), (303.1, 15030)]
JASCO = {"XUNITS": "1/CM", "YUNITS": "ABSORBANCE", "FIRSTX": "4000.0000", "LASTX": "3600.0000", "DELTAX": "-8.000000",
         "NPOINTS": "51", "FIRSTY": f"{Y[0]:.5f}", "MAXY": "0.70000", "MINY": "0.10002"}  # fmt: skip
LABSOLUTIONS = {"# of Points": "50", "Start Time(min)": "0.000", "End Time(min)": "0.490", "Intensity Units": "mV"}
PEDS = ["PE IR       SUBTECH     SPECTRUM    ASCII       PEDS        4.00", "-1", "a.asc", "#HDR", "16", "#GR", "cm-1", "A",
        "1.0", "0.0", "4000.0", "-8.0", "51", "4", "0.7", "0.1", "#DATA"]  # fmt: skip

CHROMELEON = {"Time Min. (min)": "0,000000", "Time Max. (min)": "0,490000", "Signal Unit": "nC", "Signal Min.": "100,0",
              "Signal Max.": "106,0", "Average Step (s)": "0,6"}  # fmt: skip


def jasco(**changed: str) -> str:
    return "".join(f"{k}\t{v}\n" for k, v in (JASCO | changed).items()) + "XYDATA\n" + TABLE


def labsolutions(**changed: str) -> str:
    stated = LABSOLUTIONS | {k.replace("_", " "): v for k, v in changed.items()}
    head = "".join(f"{k}\t{v}\n" for k, v in stated.items())
    return f"[LC Chromatogram(Detector A-Ch1)]\n{head}R.Time (min)\tIntensity\n{TIMES}"


def chromeleon(**changed: str) -> str:
    stated = "".join(f"{k}\t{v}\n" for k, v in (CHROMELEON | changed).items())
    rows = "".join(f"{i / 100:.6f}\t{'0,6' if i else 'n.a.'}\t{100 + i % 7},0\n" for i in range(50)).replace(".", ",")
    return f"{stated}\nChromatogram Data:\nTime (min)\tStep (s)\tValue (nC)\n{rows.replace('n,a,', 'n.a.')}"


def masshunter(numbers: str = "0123456789") -> str:
    rows = "".join(f"{n},{40 + 9.5 * int(n)},{10 + i}\n" for i, n in enumerate(numbers))
    return f'#"+ Scan (rt: 4.3 min) a.D"\n#Point,X(Thomsons),Y(Counts)\n{rows}'


def bwtek(laser: str) -> str:
    light = [800 + i / 4 for i in range(40)]
    rows = "".join(f"{v:.2f};{1e7 / 784.9 - 1e7 / v:.2f};{9 + i % 5},0\n" for i, v in enumerate(light)).replace(
        ".", ","
    )
    return f"laser_wavelength;{laser}\nWavelength;Raman Shift;Raw data #1\n{rows}"


def spectrum(count: int = 5, base: str = "82.10(Inten:99,840)", relative: float = 88.151) -> str:
    rows = "".join(f"{m:.2f}\t{i}\t{relative if m == 182.1 else i / 998.4:.2f}\n" for m, i in PEAKS)
    return (
        "[MC Peak Table]\n# of Peaks\t1\nPeak#\tName\n1\tCocaine\n\n"
        f"[MS Spectrum]\n# of Peaks\t{count}\nBase Peak\t{base}\nm/z\tAbsolute Intensity\tRelative Intensity\n{rows}"
    )


@pytest.mark.parametrize(
    "text",
    [jasco(), labsolutions(), labsolutions(**{"Interval(msec)": "600"}), spectrum(), spectrum(base="m/z 82.10 (Inten : 99,840)"),
     "\n".join([*PEDS, TABLE]), chromeleon(), masshunter(), masshunter("123456"), jasco(DELTAX="-8"), bwtek("784,9")],
)  # fmt: skip
def test_what_is_announced_and_true_is_no_matter_of_doubt(text: str) -> None:
    assert not one(text, "a.txt").warnings


@pytest.mark.parametrize(
    ("text", "code"),
    [(jasco(FIRSTX="4100.0000"), "first_x"), (jasco(LASTX="3500.0000"), "first_x"), (jasco(DELTAX="-1.000000"), "first_x"),
     (jasco(MAXY="2.50000"), "ordinate_differs"), (jasco(MINY="-0.40000"), "ordinate_differs"),
     (jasco(FIRSTY="0.65000"), "ordinate_differs"), (jasco(NPOINTS="52"), "count_mismatch"),
     (labsolutions(Start_Time="", **{"Start Time(min)": "0.200"}), "first_x"),
     (labsolutions(**{"End Time(min)": "1.490"}), "first_x"), (labsolutions(**{"# of Points": "49"}), "count_mismatch"),
     (spectrum(count=6), "count_mismatch"), (spectrum(base="182.10(Inten:88010)"), "base_peak"),
     (spectrum(base="82.10(Inten:9984)"), "base_peak"), (spectrum(relative=8.815), "relative_differs"),
     (spectrum().replace("\t88010\t", "\t8801\t"), "relative_differs"),
     ("YUNITS,%T\nWavenumber (cm-1),Absorbance\n" + TABLE.replace("\t", ","), "units_differ"),
     (labsolutions(**{"Interval(msec)": "40"}), "interval"), (labsolutions().replace("R.Time (min)", "R.Time (sec)"), "first_x"),
     (spectrum(base="m/z 58.05 (Inten : 100)"), "base_peak"), (chromeleon(**{"Signal Max.": "99,0"}), "ordinate_differs"),
     (chromeleon(**{"Signal Min.": "10,0"}), "ordinate_differs"), (chromeleon(**{"Time Min. (min)": "2,0"}), "first_x"),
     (chromeleon(**{"Time Max. (min)": "54,0"}), "first_x"), (chromeleon(**{"Signal Unit": "mAU"}), "units_differ"),
     (chromeleon(**{"Average Step (s)": "5"}), "interval"), (masshunter("0123945678"), "row_numbers"),
     (masshunter("012356789"), "row_numbers"),
     (jasco(DELTAX="-9"), "first_x"), ("Sampling interval (s): 0.5\n" + labsolutions(), "interval"), (bwtek("532,0"), "laser"),
     ("\n".join([*PEDS[:14], "0.9", *PEDS[15:], TABLE]), "ordinate_differs"),
     ("\n".join([*PEDS[:12], "60", *PEDS[13:], TABLE]), "count_mismatch"),
     ("\n".join([*PEDS[:10], "4500.0", *PEDS[11:], TABLE]), "first_x")],
)  # fmt: skip
def test_what_is_announced_and_wrong_is_a_warning(text: str, code: str) -> None:
    assert code in codes(one(text, "a.txt"))


def test_two_units_for_one_axis_are_a_warning() -> None:
    for head in ("XUNITS\tnm\nWavenumber (cm-1)\tAbsorbance\n", "Wavenumber (cm-1)\tAbsorbance\nnm\tA\n"):
        assert "units_differ" in codes(one(head + TABLE, "a.txt"))
        assert "units_differ" not in codes(one(head + TABLE, "a.txt", x_unit="cm-1"))
    for head in ("XUNITS\tcm-1\nWavenumber (cm-1)\tAbsorbance\n", "Wavenumber\tAbsorbance\ncm-1\tA\n"):
        assert not one(head + TABLE, "a.txt").warnings


def test_a_table_that_changes_its_ordinate_midway_is_told() -> None:
    changed = "Wavenumber (cm-1)\tAbsorbance\n" + TABLE.replace("3792.0000", "Wavenumber (cm-1)\t%T\n3792.0000")
    assert "other_tables" in codes(one(changed, "a.txt"))


def test_the_same_table_twice_is_told() -> None:
    table = "Wavenumber (cm-1)\tAbsorbance\n" + TABLE
    assert all("table_twice" in codes(r) for r in read((table + "\n" + table).encode(), "a.txt"))
    other = table.replace("\t0.1000\n", "\t0.1001\n")
    assert not any("table_twice" in codes(r) for r in read((table + "\n" + other).encode(), "a.txt"))

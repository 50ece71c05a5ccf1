"""JCAMP-DX files of several pages or scans, the checks of their tables, and odd but honest spellings."""

from __future__ import annotations

import numpy as np
import pytest

from instruments import CorruptFile, InstrumentError, Limits, TooLarge, read
from spectra.types import Reading, ReadingKind
from tests.instruments.instrument_files import codes, jcamp, mass_jcamp, one

Y = [int(200 + 150 * np.sin(i / 6)) for i in range(75)]


def gcms(unit: str = "", kind: str = "MASS SPECTRUM", scans: int = 3, **more: str) -> str:
    head = f"##TITLE=run\n##JCAMP-DX=5\n##DATA TYPE={kind}\n##IONIZATION_MODE= CI+\n"
    head += (f"##SCAN_DELAY_UNITS= {unit}\n" if unit else "") + "".join(f"##{k}={v}\n" for k, v in more.items())
    return head + "".join(
        f"##SCAN_NUMBER= {i}\n##RETENTION_TIME= {2 + i}\n##NPOINTS= 2\n##XYDATA= (XY..XY)\n 57, {10 + i}\n 43, 20\n"
        for i in range(scans)
    )


def ntuples(pages: str, *, kind: str = "UV/VIS SPECTRUM", x: str = "NANOMETERS", y: str = "ABSORBANCE", last: str = "ENDNTUPLES", **columns: str) -> str:  # fmt: skip
    table = {
        "VAR_NAME": "WAVELENGTH, ABSORBANCE, TIME", "SYMBOL": "X, Y, T", "VAR_DIM": "5, 5, 2", "UNITS": f"{x}, {y}, MINUTES",
        "FIRST": "200, , 0", "LAST": "240, , 1", "FACTOR": "1, 0.1, 1",
    } | columns  # fmt: skip
    head = f"##TITLE=pages\n##JCAMP-DX=5.00\n##DATA TYPE={kind}\n##NTUPLES={kind}\n"
    return head + "".join(f"##{k}={v}\n" for k, v in table.items()) + pages + f"##{last}\n##END=\n"


PAGES = "".join(f"##PAGE=T={t}\n##NPOINTS=5\n##DATA TABLE=(X++(Y..Y)), XYDATA\n200 {t} 2 3\n230 4 5\n" for t in (1, 2))


# --- scans and their times --------------------------------------------------------------------------------------


def test_seconds_are_assumed_for_scans_only_with_a_warning_until_a_person_answers() -> None:
    guessed = one(gcms())
    assert (guessed.x.tolist(), "time_unit_guessed" in codes(guessed)) == ([2, 3, 4], True)
    answered = one(gcms(), x_unit="min")
    assert (answered.kind, answered.x.tolist(), answered.x_unit, answered.warnings) == (
        ReadingKind.MASS_RUN,
        [120, 180, 240],
        "s",
        (),
    )
    assert one(gcms("minutes")).x.tolist() == [120, 180, 240]
    assert {s.ionisation for s in guessed.scans} == {"CI"}


def test_scans_of_something_else_take_every_hint_a_person_gives() -> None:
    for hints, kind, unit in (({"x_unit": "min"}, ReadingKind.CHROMATOGRAM, "min"), ({"x_unit": "cm-1"}, ReadingKind.IR, "cm-1"),
                              ({"kind": "raman", "x_unit": "cm-1"}, ReadingKind.RAMAN, "cm-1")):  # fmt: skip
        readings = read(gcms(kind="CHROMATOGRAM").encode(), **hints)  # type: ignore[arg-type]
        assert [(r.kind, r.x_unit) for r in readings] == [(kind, unit)] * 3
    assert one(gcms(kind=""), kind="mass_run").kind is ReadingKind.MASS_RUN
    assert read(gcms(kind="INFRARED SPECTRUM").encode(), y_unit="absorbance")[0].y_unit == "absorbance"


def test_scans_with_an_ionisation_are_mass_spectra_without_being_called_so() -> None:
    unnamed = gcms("seconds").replace("##DATA TYPE=MASS SPECTRUM\n", "##XUNITS=\n")
    run = one(unnamed)
    assert (run.kind, len(run.scans), codes(run)) == (ReadingKind.MASS_RUN, 3, {"axis_guessed", "time_unit"})
    assert "axis_guessed" not in codes(one(unnamed, kind="mass_run"))
    assert len(read(unnamed.replace("##IONIZATION_MODE= CI+\n", "").encode())) == 3


def timed(
    times: tuple[float, ...], totals: tuple[float, ...] = (10, 10, 10), numbers: str = "123", dot: str = ""
) -> Reading:
    pages = "".join(
        f"##{dot}SCAN_NUMBER={n}\n##PAGE= T={i + 2}\n##{dot}RETENTION_TIME={t}\n##{dot}TIC={total}\n##XYDATA=(XY..XY)\n57, 7\n43, 3\n"
        for i, (n, t, total) in enumerate(zip(numbers, times, totals, strict=True))
    )
    return one(f"##TITLE=x\n##JCAMP-DX=5.0\n##DATA TYPE=MASS SPECTRUM\n##XUNITS=M/Z\n{pages}##END=\n")


def test_times_totals_and_numbers_of_scans_that_do_not_fit_are_told() -> None:
    sound = codes(timed((2, 3, 4)))
    for same in (
        timed((0.03, 3 / 60, 4 / 60)),
        timed((2 / 60, 3 / 60, 4 / 60)),
        timed((2, 3, 4), (11, 12, 15)),
        timed((2, 3, 4), (0.1, 0.2, 0.1)),
    ):
        assert codes(same) == sound
    for dot in ("", "."):
        sound = codes(timed((2, 3, 4), dot=dot))
        wrong = (
            timed((2, 0.5, 4), dot=dot),
            timed((2, 3, 4), (10, 100, 10), dot=dot),
            timed((2, 3, 4), numbers="122", dot=dot),
        )
        for told, code in zip(wrong, ("stated_twice", "scan_differs", "duplicate_scan"), strict=True):
            assert codes(told) == sound | {code}


def test_a_scan_that_lost_a_peak_is_refused() -> None:
    with pytest.raises(CorruptFile) as caught:
        read(gcms().replace(" 57, 11\n", "").encode())
    assert (caught.value.code, caught.value.line is not None) == ("point_count", True)


def test_more_scans_than_allowed_are_refused() -> None:
    with pytest.raises(TooLarge):
        read(gcms(scans=20).encode(), limits=Limits(spectra=10))


# --- NTUPLES ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pages", "code"),
    [(PAGES.replace("##NPOINTS=5", "##NPOINTS=6"), "point_count"), (PAGES.replace("200 1 2 3\n230 4 5\n", ""), "no_points"),
     (PAGES.replace("230 4 5", "390 4 5"), "x_check"), (PAGES.replace("##NPOINTS=5", "##NPOINTS=-5"), "bad_header")],
)  # fmt: skip
def test_damaged_pages_are_refused(pages: str, code: str) -> None:
    with pytest.raises(CorruptFile) as caught:
        read(ntuples(pages).encode())
    assert caught.value.code == code


# --- tables -----------------------------------------------------------------------------------------------------


def test_a_table_of_no_numbers_or_only_x_is_refused() -> None:
    for rows, code in (("", "no_points"), ("400\n", "bad_row")):
        text = jcamp([1, 2, 3]).partition("##XYDATA")[0] + f"##XYDATA=(X++(Y..Y))\n{rows}##END=\n"
        with pytest.raises(CorruptFile) as caught:
            read(text.encode())
        assert caught.value.code == code
    with pytest.raises(CorruptFile) as caught:
        read(mass_jcamp([(41, 1)]).replace("41,1\n", "").replace("NPOINTS=1", "NPOINTS=0").encode())
    assert caught.value.code == "no_points"


@pytest.mark.parametrize(
    "row", ["400 1 2 3x", "400+1+", "400 1.2.3", "400J1", "400S5", "400@Sx", "400A1.2.3", "400 1 ~"]
)
def test_rows_that_are_no_form_of_numbers_are_refused_with_their_line(row: str) -> None:
    with pytest.raises(CorruptFile) as caught:
        read(jcamp([1, 2, 3], NPOINTS=None).replace("400 1 2 3", row).encode())
    assert (caught.value.code, caught.value.line is not None) == ("bad_row", True)


def test_missing_values_inside_packed_numbers_are_left_out() -> None:
    reading = one(jcamp([1, 2, 3, 4], form="SQZ").replace("400ABCD", "400A?CD"))
    assert (reading.x.tolist(), reading.y.tolist(), "missing_points" in codes(reading)) == (
        [400, 402, 403],
        [1, 3, 4],
        True,
    )


def test_a_check_value_beside_by_one_count_is_rounding_and_told() -> None:
    text = jcamp(Y, form="DIF")
    lines = text.splitlines()
    row = next(i for i, line in enumerate(lines) if line.startswith("##XYDATA")) + 2
    head = lines[row][:4]
    digit = lines[row][3]
    lines[row] = head[:3] + chr(ord(digit)) + lines[row][4:]
    last = lines[-2]  # the line that only repeats the last value: one more than it is
    changed = last[:-1] + str((int(last[-1]) + 1) % 10)
    reading = one("\n".join([*lines[:-2], changed, lines[-1]]) + "\n")
    assert (reading.n_points, "y_check_rounding" in codes(reading)) == (len(Y), True)


def test_peaks_without_a_count_and_without_an_end_may_be_cut() -> None:
    open_table = mass_jcamp([(41, 1), (55, 2)], end="")
    assert "no_end" in codes(one(open_table))
    assert "no_end" in codes(one(open_table.replace("##NPOINTS=2\n", "")))
    assert not codes(one(mass_jcamp([(41, 1), (55, 2)]).replace("##NPOINTS=2\n", "")))
    with pytest.raises(CorruptFile):
        read(open_table.replace("55,2", "55").encode())


def test_an_axis_that_nothing_gives_is_refused() -> None:
    with pytest.raises(CorruptFile) as caught:
        read(jcamp([1, 2, 3], FIRSTX=None, LASTX=None, NPOINTS=None).encode())
    assert caught.value.code == "no_axis"
    assert one(jcamp(Y, FIRSTX=None, LASTX=None)).x[-1] == 474  # by the x of its rows
    assert one(jcamp([5], LASTX=None)).x.tolist() == [400]


def test_limits_hold_for_points_and_blocks() -> None:
    small = Limits(points=20, blocks=3)
    for text in (jcamp(Y, NPOINTS=None), jcamp([7] * 75, form="DIFDUP", NPOINTS=None), jcamp([1, 2], NPOINTS=None).replace("400 1 2", "400" + "G" * 75),
                 mass_jcamp([(i + 1.0, 1.0) for i in range(30)]).replace("##NPOINTS=30\n", ""), mass_jcamp([(41, 1)]) * 4):  # fmt: skip
        with pytest.raises(TooLarge):
            read(text.encode(), limits=small)


def test_a_block_without_data_and_an_empty_link_are_refused() -> None:
    for text in (
        "##TITLE=x\n##JCAMP-DX=4.24\n##NPOINTS=5\n",
        "##TITLE=x\n##JCAMP-DX=4.24\n##DATA TYPE=LINK\n##BLOCKS=2\n",
    ):
        with pytest.raises(InstrumentError) as caught:
            read(text.encode())
        assert caught.value.code == "truncated"

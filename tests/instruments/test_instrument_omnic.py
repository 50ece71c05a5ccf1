"""Thermo OMNIC .spa and .spg: units by their codes, groups, blanked points; damage refused, nothing guessed."""

from __future__ import annotations

import csv
import json
import math
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from instruments import DEFAULT_LIMITS, InstrumentError, TooLarge, read
from spectra.types import ReadingKind
from tests.instruments.instrument_files import codes
from tests.instruments.instrument_files import one as only
from tests.instruments.omnic_files import MOMENT, Y, line, omnic, one, spa, with_line

DATA = Path(os.environ.get("MAST_SHARED_DATA") or Path(__file__).resolve().parents[2] / "../shared/data")
FACTS = DATA / "instruments/MANIFEST.tsv"
HEADER_LINE, HISTORY_LINE, DATA_LINE = 0, 1, 2


def refused(content: bytes, **hints: Any) -> InstrumentError:
    """The error for a file, which must say what to do."""
    with pytest.raises(InstrumentError) as caught:
        read(content, "a.spa", **hints)
    error = caught.value
    assert error.hint
    assert error.code != "reader_failed", error.__cause__
    return error


# --- what is in a file ------------------------------------------------------------------------------------------


def test_what_the_file_says_about_itself_is_kept_and_persons_are_not() -> None:
    reading = only(spa(more={4: b"KBr,\x001 cm\0\0", 102: b"\0" * 8, 103: b"\1" * 8}), "a.spa")
    assert (reading.title, reading.instrument) == ("Tablet 7", "")
    assert dict(reading.meta) == {
        "role": "result", "assurance": "high", "acquired": "2020-11-12T09:29:52+00:00", "serial": "AUP2010587",
        "resolution_cm1": 4.0, "n_coadded": 32, "n_background": 16, "laser_cm1": 15798.25, "comment": "KBr, 1 cm",
        "interferograms": ["sample", "background"], "x_unit_raw": "code 1", "y_unit_raw": "code 17",
    }  # fmt: skip
    assert MOMENT.isoformat() == reading.meta["acquired"]


@pytest.mark.parametrize(
    ("code", "unit"),
    [(11, "reflectance (%)"), (12, "log(1/R)"), (16, "transmittance (%)"), (17, "absorbance"), (20, "kubelka-munk"),
     (21, "reflectance"), (26, "photoacoustic")],
)  # fmt: skip
def test_the_code_of_y_decides_its_unit(code: int, unit: str) -> None:
    y = [80 * v for v in Y] if unit.endswith("(%)") else Y
    reading = only(spa(y, y_code=code), "a.spa")
    assert (reading.y_unit, reading.kind, reading.warnings) == (unit, ReadingKind.IR, ())
    assert reading.meta["assurance"] == ("medium" if code in (20, 21, 26) else "high")


def test_transmittance_stays_per_cent_however_little_light_comes_through() -> None:
    assert only(spa([0.5, 1.1, 0.3], y_code=16), "a.spa").y_unit == "transmittance (%)"


@pytest.mark.parametrize(
    ("x", "y", "unit", "made"),
    [(3, 17, "nm", ReadingKind.UV), (4, 17, "um", ReadingKind.IR), (32, 31, "cm-1", ReadingKind.RAMAN), (1, 31, "cm-1", ReadingKind.RAMAN),
     (32, 17, "cm-1", ReadingKind.RAMAN), (2, 22, "point", ReadingKind.OTHER), (1, 22, "cm-1", ReadingKind.OTHER)],
)  # fmt: skip
def test_the_code_of_x_decides_its_unit_and_the_kind(x: int, y: int, unit: str, made: ReadingKind) -> None:
    reading = only(spa(x_code=x, y_code=y, first=900, last=300), "a.spa")
    assert (reading.x_unit, reading.kind, reading.meta["assurance"]) == (unit, made, "medium")


def test_unknown_codes_are_asked_about_and_a_persons_answer_wins() -> None:
    content = spa(x_code=9, y_code=99)
    asked = only(content, "a.spa")
    assert codes(asked) == {"unit_unknown", "y_unit_unknown"}
    assert (asked.x_unit, asked.y_unit, asked.kind) == ("", "", ReadingKind.OTHER)
    told = only(content, "a.spa", x_unit="cm-1", y_unit="absorbance")
    assert (told.kind, told.warnings) == (ReadingKind.IR, ())
    assert only(spa(), "a.spa", kind="raman").kind is ReadingKind.RAMAN


def test_titles_are_read_in_either_code_page_without_what_cannot_be_printed() -> None:
    assert only(spa(title="Probe ä 1".encode("cp1252")), "a.spa").title == "Probe ä 1"
    assert only(spa(title="Probe ä 2".encode()), "a.spa").title == "Probe ä 2"
    assert only(spa(title=b" \x07Bell\0rest"), "a.spa").title == "Bell"


def test_blanked_points_are_left_out_and_told() -> None:
    reading = only(spa([0.1, math.nan, math.nan, 0.4, 0.5]), "a.spa")
    np.testing.assert_allclose(reading.x, [4000, 1300, 400])
    np.testing.assert_allclose(reading.y, np.float32([0.1, 0.4, 0.5]))
    assert codes(reading) == {"blanked_points"}


# --- groups -----------------------------------------------------------------------------------------------------


def test_data_are_found_by_number_and_not_by_place() -> None:
    (a_head, a_data), (b_head, b_data) = one(Y, 0), one(Y[:3], 1)
    found = read(omnic([b_head, a_head, a_data, b_data], word=10), "a.spg")
    assert [r.n_points for r in found] == [5, 3]


def test_spectra_without_numbers_of_their_own_get_no_title_of_another() -> None:
    named = (107, b"one.spa".ljust(264, b"\0"), 0)
    found = read(omnic([*one(Y), named, *one(Y[:3])], word=10, title=b"g.spg"), "a.spg")
    assert [r.title for r in found] == ["g.spg", "g.spg"]
    assert [r.n_points for r in found] == [5, 3]


# --- damage -----------------------------------------------------------------------------------------------------


def test_counts_that_do_not_fit_are_refused_or_told() -> None:
    for points in (0, 6, 2**32 - 1):
        assert refused(spa(points=points)).code == "point_count"
    fewer = only(spa(points=4), "a.spa")
    assert (fewer.n_points, codes(fewer)) == (4, {"count_mismatch"})


def test_more_points_than_allowed_are_refused() -> None:
    with pytest.raises(TooLarge):
        read(spa(), "a.spa", limits=replace(DEFAULT_LIMITS, points=4))


@pytest.mark.parametrize("ends", [(4000, 4000), (math.nan, 400), (4000, math.inf)])
def test_an_axis_without_ends_is_refused(ends: tuple[float, float]) -> None:
    assert refused(spa(first=ends[0], last=ends[1])).code == "bad_axis"


def test_values_that_are_no_numbers_are_refused() -> None:
    assert refused(spa([0.1, math.inf, 0.2])).code == "not_finite"
    assert refused(spa([math.nan, math.nan])).code == "no_points"


@pytest.mark.parametrize(
    ("number", "start", "size", "code"),
    [(DATA_LINE, 2**31, 20, "truncated"), (DATA_LINE, 0, 20, "bad_section"), (DATA_LINE, 310, 20, "bad_section"),
     (DATA_LINE, 420, 20, "sections_overlap"), (DATA_LINE, None, 0, "no_data"), (HEADER_LINE, None, 83, "bad_header"),
     (HEADER_LINE, None, 0, "no_data"), (HISTORY_LINE, 2**32 - 1, 2**32 - 1, "truncated"), (HISTORY_LINE, 420, 99, "sections_overlap")],
)  # fmt: skip
def test_a_part_in_an_impossible_place_is_refused(number: int, start: int | None, size: int, code: str) -> None:
    content = spa()
    key, place, _, _ = line(content, number)
    assert refused(with_line(content, number, key, place if start is None else start, size)).code == code


def test_a_directory_that_does_not_say_which_data_are_whose_is_refused() -> None:
    (a_head, a_data), (b_head, b_data) = one(Y, 0), one(Y, 1)
    for sections in ([a_head, b_head, a_data], [a_head, a_data, b_data], [a_head, (3, a_data[1], 5)]):
        assert refused(omnic(sections)).code == "spectrum_count"
    assert refused(omnic([a_head])).code == "no_data"
    assert refused(omnic([])).code == "no_data"


# --- recognised -------------------------------------------------------------------------------------------------


def test_the_first_words_alone_are_a_cut_file() -> None:
    assert refused(b"Spectral Data File").code == "truncated"


# --- real files -------------------------------------------------------------------------------------------------


def real() -> dict[str, dict[str, Any]]:
    """File → facts."""
    if not FACTS.is_file():
        return {}
    with FACTS.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
    return {r["file"]: json.loads(r["facts_json"]) for r in rows if r["format"] == "omnic"}


# Taken with spectrochempy-omnic 0.2.1: points, ends of the axis, first, middle and last value, unit.
SPOTS = {
    "0min-1-97C.SPA": (55587, 3999.991, 649.9812, 100.1144, 99.56078, 98.0323, "transmittance (%)"),
    "absorb.spa": (1868, 3999.703, 399.1989, 0.07696206, 0.04691398, 0.0365022, "absorbance"),
    "advatrcor.SPA": (1764, 3999.706, 599.7631, 0.001456172, 0.001817412, 0.07676925, "log(1/R)"),
    "FER58-SE.SPA": (3734, 3999.641, 400.1569, 100.0976, 99.78699, 99.57006, "transmittance (%)"),
    "Cyclohexane Contaminated - Low.SPA": (1738, 4000.128, 649.9727, 0.01683211, 0.0095968, -0.002742969, "absorbance"),
    "Acetominophen Caffeine Acetylsalicylic acid.SPA": (1868, 3999.703, 399.1989, 100.0919, 99.40005, 75.40186,
                                                        "reflectance (%)"),
}  # fmt: skip


@pytest.mark.skipif(not (DATA / "ir/spa").is_dir(), reason="the shared test data are not on this machine")
@pytest.mark.parametrize("file", list(SPOTS))
def test_real_files_have_the_values_that_another_reader_finds(file: str) -> None:
    n, unit, numbers = SPOTS[file][0], SPOTS[file][-1], SPOTS[file][1:-1]
    reading = only((DATA / "ir/spa" / file).read_bytes(), file)
    assert (reading.n_points, reading.y_unit) == (n, unit)
    found = [reading.x[0], reading.x[-1], reading.y[0], reading.y[n // 2], reading.y[-1]]
    np.testing.assert_allclose(found, numbers, rtol=2e-6)

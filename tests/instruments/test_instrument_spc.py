"""Galactic SPC: every layout, units and kinds by codes and labels, and damage of every sort."""

from __future__ import annotations

import csv
import json
import math
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from instruments import UnsupportedVariant, read
from spectra.types import Reading, ReadingKind
from tests.instruments.instrument_files import codes, one
from tests.instruments.spc_files import (
    FLOATS,
    LABELS,
    SHORT,
    Y,
    log,
    multi,
    old,
    packed_date,
    refused,
    single,
)

DATA = (
    Path(os.environ.get("MAST_SHARED_DATA") or Path(__file__).resolve().parents[2] / "../shared/data") / "instruments"
)


# --- layouts ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        single(), single(version=0x4C), single(exponent=3), single(exponent=3, version=0x4C), single(exponent=2, flags=SHORT),
        single(exponent=2, flags=SHORT, version=0x4C), single(exponent=3, sub_exponent=3), old(), old(flags=SHORT), old(exponents=(9,)),
    ],
)  # fmt: skip
def test_a_single_spectrum_comes_out_of_every_layout(content: bytes) -> None:
    reading = one(content)
    np.testing.assert_array_equal(reading.y, Y)
    np.testing.assert_array_equal(reading.x, [4000, 3100, 2200, 1300, 400])
    assert (reading.kind, reading.x_unit, reading.y_unit) == (ReadingKind.IR, "cm-1", "absorbance")
    assert not reading.warnings


def test_large_and_negative_integers_of_the_old_format_survive_the_exchanged_halves() -> None:
    y = [-3.75, 3.999, 1.0 / 3, -0.00001]
    np.testing.assert_allclose(one(old([y], exponents=(3,))).y, y, atol=2e-9)


def test_every_subfile_has_its_own_exponent_and_zero_is_one() -> None:
    readings = read(multi([Y, [0.25, 0.125, 0.0, 0.25, 0.1875]], exponents=(3, 0), exponent=9))
    np.testing.assert_array_equal(readings[0].y, Y)
    np.testing.assert_array_equal(readings[1].y, [0.25, 0.125, 0.0, 0.25, 0.1875])


def test_an_old_multifile_that_ends_within_a_subfile_is_refused() -> None:
    assert "last spectrum" in str(refused(old([Y, Y], exponents=(2, 2))[:-8], "truncated"))


@pytest.mark.parametrize(
    "content",
    [old(exponents=(FLOATS,)), old([Y, Y], exponents=(2, FLOATS)), old(flags=0x80), old(exponent=128)],
)
def test_old_files_of_kinds_nobody_has_seen_are_refused_by_name(content: bytes) -> None:
    refused(content, "unsupported_old_spc", UnsupportedVariant, format="spc")


@pytest.mark.parametrize(("points", "code"), [(2.5, "point_count"), (math.nan, "point_count"), (0.0, "no_points")])
def test_a_number_of_points_that_is_no_count_is_refused(points: float, code: str) -> None:
    refused(old(points=points), code, format="spc")


def test_old_labels_count_with_their_flag_or_their_axis_type() -> None:
    labels = b"Wavelength (nm)\0Transmittance\0"
    for reading in (one(old(flags=LABELS, labels=labels)), one(old(xtype=15, ytype=0, labels=labels))):
        assert (reading.x_unit, reading.y_unit) == ("nm", "transmittance")
    assert one(old(labels=labels)).x_unit == "cm-1"


# --- units, kinds, words ------------------------------------------------------------------------------------------


def test_transmittance_in_per_cent_is_told_from_fractions_by_the_whole_file() -> None:
    assert one(single([99.0, 50.0, 0.5], fytype=128)).y_unit == "transmittance (%)"
    readings = read(multi([[0.5, 0.1, 0.2], [99.0, 50.0, 40.0]], fytype=128))
    assert {r.y_unit for r in readings} == {"transmittance (%)"}


def test_raman_by_its_units_alone_is_a_guess() -> None:
    reading = one(single(fytype=0))
    assert reading.kind is ReadingKind.RAMAN
    assert codes(reading) == {"kind_guessed"}
    assert not codes(one(single(fytype=0), kind="raman"))


def test_an_infrared_spectrum_without_a_y_type_asks_for_it() -> None:
    reading = one(single(fytype=0, fexper=4))
    assert (reading.y_unit, codes(reading)) == ("", {"y_unit_unknown"})
    assert not codes(one(single(fytype=0, fexper=4), y_unit="absorbance"))


def test_absorbance_of_hundreds_is_doubted_until_a_person_gives_the_unit() -> None:
    content = single([205.0, 7.0, 3.0])
    assert codes(one(content)) == {"implausible_absorbance"}
    assert not codes(one(content, y_unit="transmittance (%)"))


def test_labels_win_over_codes_where_the_flag_says_so() -> None:
    labels = b"Raman cm-1\0Rmn Intensity\0min\0"
    reading = one(single(flags=LABELS, fxtype=0, fytype=0, fcatxt=labels))
    assert (reading.kind, reading.x_unit, reading.y_unit) == (ReadingKind.RAMAN, "cm-1", "intensity")
    assert reading.meta["x_unit_raw"] == "Raman cm-1"
    assert one(single(fcatxt=labels)).kind is ReadingKind.IR
    assert read(multi([Y, Y], flags=LABELS, fcatxt=labels))[1].meta["z_unit"] == "min"
    assert one(single(flags=LABELS, fytype=0, fexper=4, fcatxt=b"\0Quux\0")).y_unit == "Quux"


def test_header_and_log_tell_about_the_measurement_but_not_who_made_it() -> None:
    notes = b'MODEL = Spectrum 2000\r\nSCANS= 16 \r\nDET=MIRTGS\r\nOPERATOR = Mallory\r\nSAMPLE = "powder"\n\rEXCIT_LINE = 785.1\r\nbroken line\r\n\0rest = 1'
    reading = one(
        single(
            notes=notes,
            fdate=packed_date(1995, 4, 18, 9, 20),
            fres=b"4.0 CM-1\0",
            fcmnt=b"Caf\xe9\0old rest",
            fmethod=b"M.M",
        )
    )
    assert (reading.title, reading.instrument) == ("Café", "Spectrum 2000")
    expected = {"acquired": "1995-04-18T09:20", "resolution_cm1": 4.0, "n_coadded": 16, "detector": "MIRTGS", "sample": "powder",
                "laser_nm": 785.1, "method": "M.M", "x_unit_raw": "Wavenumber (cm-1)", "y_unit_raw": "Absorbance", "spc_version": "new",
                "assurance": "high"}  # fmt: skip
    assert dict(reading.meta) == expected
    assert not reading.warnings


@pytest.mark.parametrize(
    "content",
    [
        single(flogoff=100_000), single(flogoff=540), single(flogoff=564) + bytes(10), single(flogoff=564) + log(b"A = 1", text_at=4),
        single(flogoff=564) + log(b"A = 1", size=9999), single(flogoff=564) + log(b"A = 1", text_at=90),
    ],
)  # fmt: skip
def test_a_damaged_log_costs_a_warning_not_the_spectrum(content: bytes) -> None:
    reading = one(content)
    np.testing.assert_array_equal(reading.y, Y)
    assert codes(reading) == {"log_damaged"}


def test_bytes_behind_the_last_spectrum_are_told_unless_they_are_padding() -> None:
    assert codes(one(single() + bytes(512))) == set()
    assert codes(one(single() + bytes(513))) == {"trailing_data"}
    two = multi([list(np.linspace(0, 1, 200))] * 2, subs=1, flogoff=512 + 2 * 832) + log(b"A = 1")
    assert codes(one(two)) == {"trailing_data"}


# --- real files --------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def manifest() -> dict[str, dict[str, Any]]:
    path = DATA / "MANIFEST.tsv"
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as stream:
        rows = csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {r["file"]: json.loads(r["facts_json"]) for r in rows if r["format"] == "spc"}


def near(value: float, fact: float) -> bool:
    """Facts are printed with seven digits."""
    return math.isclose(value, fact, rel_tol=2e-6)


real = pytest.mark.skipif(not manifest(), reason="the shared test data are not on this machine")


@real
def test_the_scans_of_a_real_run_sum_up_to_its_chromatogram_in_another_file() -> None:
    run, trace = one_file("spc/m_xyxy.spc"), one_file("spc/s_xy.spc")
    assert trace.kind is ReadingKind.CHROMATOGRAM
    np.testing.assert_allclose(run.x, trace.x, rtol=1e-6)
    np.testing.assert_allclose(run.y, trace.y, rtol=1e-3)


def one_file(name: str) -> Reading:
    (reading,) = read(DATA / name)
    return reading

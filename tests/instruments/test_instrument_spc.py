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
    ORDERED_Z,
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


def test_floats_are_announced_by_the_main_header_or_the_subfile() -> None:
    by_main = bytearray(multi([Y, Y], exponent=FLOATS))
    for start in (512, 512 + 32 + 20):
        by_main[start + 1] = 0
    for content in (bytes(by_main), multi([Y, Y], exponent=5)):
        for reading in read(content):
            np.testing.assert_array_equal(reading.y, Y)


def test_common_x_values_are_read_in_their_order() -> None:
    reading = one(single(x=[5.0, 4.5, 4.25, 2.0, 1.0], fxtype=3))
    np.testing.assert_array_equal(reading.x, [5.0, 4.5, 4.25, 2.0, 1.0])
    np.testing.assert_array_equal(reading.y, Y)


def test_old_multifiles_fill_the_file_and_may_be_padded() -> None:
    content = old([Y, Y, Y], exponents=(2, 3, 9), z_type=5) + bytes(20)
    readings = read(content)
    assert [r.meta["z"] for r in readings] == [0.0, 1.0, 2.0]
    assert readings[2].meta["z_unit"] == "min"
    for reading in readings:
        np.testing.assert_array_equal(reading.y, Y)


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


def test_two_digit_years_of_old_files_are_of_the_last_century() -> None:
    assert one(old(year=92)).meta["acquired"] == "1992-05-14T20:19"
    assert one(old(year=1997)).meta["acquired"] == "1997-05-14T20:19"


def test_old_labels_count_with_their_flag_or_their_axis_type() -> None:
    labels = b"Wavelength (nm)\0Transmittance\0"
    for reading in (one(old(flags=LABELS, labels=labels)), one(old(xtype=15, ytype=0, labels=labels))):
        assert (reading.x_unit, reading.y_unit) == ("nm", "transmittance")
    assert one(old(labels=labels)).x_unit == "cm-1"


# --- units, kinds, words ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ("ir", "cm-1", "absorbance")),
        ({"fytype": 128}, ("ir", "cm-1", "transmittance")),
        ({"fytype": 129}, ("ir", "cm-1", "reflectance")),
        ({"fytype": 130}, ("ir", "cm-1", "single beam")),
        ({"fytype": 1}, ("ir", "cm-1", "interferogram")),
        ({"fytype": 3}, ("ir", "cm-1", "kubelka-munk")),
        ({"fytype": 10}, ("ir", "cm-1", "log(1/R)")),
        ({"fxtype": 2}, ("ir", "um", "absorbance")),
        ({"fxtype": 13, "fytype": 0}, ("raman", "cm-1", "intensity")),
        ({"fxtype": 13, "fytype": 4, "fexper": 4}, ("raman", "cm-1", "counts")),
        ({"fxtype": 1, "fytype": 4, "fexper": 11}, ("raman", "cm-1", "counts")),
        ({"fxtype": 3}, ("uv", "nm", "absorbance")),
        ({"fxtype": 3, "fexper": 5}, ("ir", "nm", "absorbance")),
        ({"fxtype": 3, "fytype": 4}, ("other", "nm", "counts")),
        ({"fxtype": 3, "fytype": 4, "fexper": 7}, ("uv", "nm", "counts")),
        ({"fxtype": 5, "fytype": 9}, ("chromatogram", "min", "mV")),
        ({"fxtype": 4, "fytype": 0}, ("chromatogram", "s", "intensity")),
        ({"fxtype": 14, "fytype": 12}, ("other", "eV", "intensity")),
    ],
)
def test_codes_give_units_and_kind(fields: dict[str, int], expected: tuple[str, str, str]) -> None:
    first, last = {"um": (25.0, 2.5), "nm": (900.0, 250.0), "min": (0.0, 9.0), "s": (0.0, 540.0)}.get(
        expected[1], (4000.0, 400.0)
    )
    reading = one(single(first=first, last=last, **fields))
    assert (reading.kind.value, reading.x_unit, reading.y_unit) == expected
    assert not reading.warnings


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


def test_an_arbitrary_x_axis_asks_for_its_unit() -> None:
    reading = one(single(fxtype=0))
    assert codes(reading) == {"unit_unknown"}
    answered = one(single(fxtype=0), x_unit="cm-1")
    assert (answered.kind, codes(answered)) == (ReadingKind.IR, set())


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


def test_a_label_that_contradicts_its_code_is_a_warning_until_answered() -> None:
    content = single(first=800, last=250, flags=LABELS, fcatxt=b"Wavelength (nm)\0%T\0", fytype=2)
    reading = one(content)
    assert (reading.x_unit, reading.y_unit, codes(reading)) == (
        "nm",
        "transmittance",
        {"unit_conflict", "ordinate_scale"},
    )
    assert len(reading.warnings) == 2
    assert not one(content, x_unit="cm-1", y_unit="absorbance").warnings
    assert not one(single(flags=LABELS, fcatxt=b"cm-1\0%T\0", fytype=128)).warnings


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


def test_fields_of_other_writers_are_taken_with_care() -> None:
    reading = one(single(notes=b"NAME = \"a name\"\nINSTRUMENT = x\nSCANS = many\nEXCIT_LINE = red\n", fsource=b"OMNIC\0\xee\0\0\0",
                         fres=b"-\x9f%mBx5mN", fcmnt=b"", fdate=packed_date(116, 1, 19, 16, 43)))  # fmt: skip
    assert (reading.title, reading.instrument) == ("a name", "OMNIC")
    assert set(reading.meta) == {"x_unit_raw", "y_unit_raw", "spc_version", "assurance"}
    assert one(single(fres=b" .5    ", fxtype=3)).meta["resolution"] == 0.5
    assert one(old()).meta["n_coadded"] == 32


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


def test_z_counts_evenly_unless_the_file_says_that_every_subfile_has_its_own() -> None:
    zs = [(0.0, 0.5), (9.0, 9.0), (7.0, 7.0)]
    assert [r.meta["z"] for r in read(multi([Y] * 3, zs, fztype=4))] == [0.0, 0.5, 1.0]
    assert [r.meta["z"] for r in read(multi([Y] * 3, zs, fzinc=2.0))] == [0.0, 2.0, 4.0]
    ordered = read(multi([Y] * 3, zs, flags=ORDERED_Z, fztype=2))
    assert [(r.meta["subfile"], r.meta["z"], r.meta["z_unit"]) for r in ordered] == [
        (1, 0.0, "um"),
        (2, 9.0, "um"),
        (3, 7.0, "um"),
    ]
    assert "z" not in read(multi([Y] * 2, [(math.nan, 1.0)] * 2))[0].meta
    assert "z" not in one(single()).meta


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
@pytest.mark.parametrize("file", manifest())
def test_real_files_hold_what_the_facts_name(file: str) -> None:
    facts, readings = manifest()[file], read(DATA / file)
    first, last = readings[0], readings[-1]
    assert (first.title == facts["comment"]) or not facts["comment"]
    assert first.instrument == facts["src"] if facts.get("src") else True
    assert {"0x4b": "new", "0x4c": "new, big-endian", "0x4d": "old"}[facts["ver"]] == first.meta["spc_version"]
    if first.kind is ReadingKind.MASS_RUN:
        assert len(first.scans) == facts["n_sub"]
        assert (first.scans[0].mz.size, first.scans[-1].mz.size) == (facts["n0"], facts["nlast"])
        assert near(first.meta["max_intensity"], facts["ymax_all"])
        assert near(first.scans[0].intensity.max(), facts["ymax0"])
        assert facts["x0"] in np.round(first.scans[0].mz, 4)
        assert not first.warnings
        return
    assert (len(readings), first.n_points, last.n_points) == (facts["n_sub"], facts["n0"], facts["nlast"])
    for value, key in ((first.x[0], "x0"), (first.x[-1], "x1"), (first.y[0], "y0"), (first.y.max(), "ymax0"),
                       (first.y.min(), "ymin0"), (max(r.y.max() for r in readings), "ymax_all")):  # fmt: skip
        assert near(value, facts[key]), key
    assert first.x_unit == facts["xunit"].removeprefix("Raman ")
    assert (first.kind is ReadingKind.RAMAN) == facts["xunit"].startswith("Raman")
    if first.x_unit == "cm-1" and facts.get("res", "").strip()[:1].isdigit():
        assert near(first.meta["resolution_cm1"], float(facts["res"].split()[0]))


@real
def test_the_scans_of_a_real_run_sum_up_to_its_chromatogram_in_another_file() -> None:
    run, trace = one_file("spc/m_xyxy.spc"), one_file("spc/s_xy.spc")
    assert trace.kind is ReadingKind.CHROMATOGRAM
    np.testing.assert_allclose(run.x, trace.x, rtol=1e-6)
    np.testing.assert_allclose(run.y, trace.y, rtol=1e-3)


@real
def test_raman_counts_called_absorbance_are_doubted() -> None:
    assert codes(one_file("spc/raman_atacamit.spc")) == {"implausible_absorbance"}


def one_file(name: str) -> Reading:
    (reading,) = read(DATA / name)
    return reading

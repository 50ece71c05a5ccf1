"""ANDI-CHROM: times, units and peaks as the template has them; nothing is invented where the file is silent."""

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

from instruments import read
from spectra.types import Level, Reading, ReadingKind
from tests.instruments.andi_files import andi_chrom
from tests.instruments.instrument_files import codes, one
from tests.instruments.spc_files import refused

DATA = (
    Path(os.environ.get("MAST_SHARED_DATA") or Path(__file__).resolve().parents[2] / "../shared/data") / "instruments"
)
UNWRITTEN = 9.9692099683868690e36


def chrom(content: bytes, **hints: Any) -> Reading:
    return one(content, "a.cdf", **hints)


@pytest.mark.parametrize("wide", [False, True])
def test_a_chromatogram_starts_at_its_delay_and_steps_by_its_interval(wide: bool) -> None:
    reading = chrom(andi_chrom(wide=wide))
    assert (reading.kind, reading.x_unit, reading.y_unit) == (ReadingKind.CHROMATOGRAM, "s", "absorbance")
    np.testing.assert_array_equal(reading.x, [10, 10.5, 11, 11.5])
    np.testing.assert_array_equal(reading.y, [0, 1, 4, 2])
    assert reading.title == "Test"
    assert dict(reading.meta) == {
        "acquired": "1988-08-20T08:19:44-08:00", "sample": "Test", "detector": "UV-DAD", "delay": 10.0, "sampling_interval": 0.5,
        "run_time": 2.0, "n_peaks": 2, "x_unit_raw": "seconds", "y_unit_raw": "AU", "assurance": "high",
        "peaks": [{"name": "caffeine", "retention_time": 11.0, "area": 100.0}, {"retention_time": 12.0, "area": 101.0}],
    }  # fmt: skip
    assert not reading.remarks


def test_stored_times_are_used_even_without_an_interval() -> None:
    for without in ((), ("actual_sampling_interval", "actual_delay_time")):
        reading = chrom(andi_chrom(retention=[1, 2, 4, 5], without=without, flag="N"))
        np.testing.assert_array_equal(reading.x, [1, 2, 4, 5])
        assert not reading.remarks


@pytest.mark.parametrize("interval", [-9999.0, 0.0, -1.0, UNWRITTEN, math.inf])
def test_without_times_and_without_interval_nothing_is_invented(interval: float) -> None:
    refused(andi_chrom(without=["actual_sampling_interval"]), "no_times", name="a.cdf")
    refused(andi_chrom(actual_sampling_interval=interval), "no_times", name="a.cdf")
    refused(andi_chrom(retention=[1, 2, 3]), "array_length", name="a.cdf")


def test_uneven_points_without_times_are_a_warning() -> None:
    assert codes(chrom(andi_chrom(flag="N"))) == {"axis_guessed"}


def test_a_missing_delay_counts_as_zero_and_is_told() -> None:
    reading = chrom(andi_chrom(without=["actual_delay_time"]))
    assert (reading.x[0], codes(reading)) == (0.0, {"no_delay"})


@pytest.mark.parametrize(
    ("stated", "expected", "found"),
    [("minutes", "min", set()), ("", "s", {"time_unit_assumed"}), ("furlongs", "furlongs", {"time_unit_unknown"})],
)
def test_the_unit_of_time_is_read_and_the_standard_fills_in(stated: str, expected: str, found: set[str]) -> None:
    reading = chrom(andi_chrom(globals_={"retention_unit": stated}))
    assert (reading.x_unit, codes(reading)) == (expected, found)
    assert bool(reading.warnings) == ("time_unit_unknown" in found)


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("mAU", "mAU"),
        ("mAbs", "mAbs"),
        ("AU", "absorbance"),
        ("counts", "counts"),
        ("pA", "pA"),
        ("mV", "mV"),
        ("", ""),
    ],
)
def test_detector_units_are_not_converted(stated: str, expected: str) -> None:
    reading = chrom(andi_chrom(globals_={"detector_unit": stated}))
    assert (reading.y_unit, codes(reading)) == (expected, set() if stated else {"y_unit_unknown"})


def test_a_person_may_correct_units_and_kind() -> None:
    reading = chrom(andi_chrom(globals_={"detector_unit": ""}), x_unit="min", y_unit="mV", kind="other")
    assert (reading.kind, reading.x_unit, reading.y_unit, codes(reading)) == (ReadingKind.OTHER, "min", "mV", set())


def test_peak_tables_may_be_missing_or_partial() -> None:
    assert "peaks" not in chrom(andi_chrom(peaks=())).meta
    assert chrom(andi_chrom(without=["peak_name", "peak_area"])).meta["peaks"] == [
        {"retention_time": 11.0},
        {"retention_time": 12.0},
    ]
    many = chrom(andi_chrom(peaks=["p"] * 1_500)).meta
    assert (many["n_peaks"], len(many["peaks"])) == (1_500, 1_000)


def test_a_chromatogram_without_values_is_refused() -> None:
    refused(andi_chrom(without=["ordinate_values"]), "no_points", name="a.cdf")
    refused(andi_chrom([UNWRITTEN] * 4), "no_points", name="a.cdf")
    refused(andi_chrom([1, 2, UNWRITTEN, 4]), "not_written", name="a.cdf")


def test_integers_are_scaled_and_their_fill_value_is_not_a_measurement() -> None:
    scaled = {"scale_factor": 0.5, "_FillValue": -32767}
    np.testing.assert_array_equal(chrom(andi_chrom([2, 4, 6, 8], kind=">i2", y_attrs=scaled)).y, [1, 2, 3, 4])
    refused(andi_chrom([2, -32767, 6, 8], kind=">i2", y_attrs=scaled), "not_written", name="a.cdf")


# --- real files --------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def manifest() -> dict[str, dict[str, Any]]:
    path = DATA / "MANIFEST.tsv"
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as stream:
        rows = csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {r["file"]: json.loads(r["facts_json"]) for r in rows if r["format"] in ("andi_ms", "andi_chrom")}


def near(value: float, fact: float) -> bool:
    """Facts are printed with seven digits."""
    return math.isclose(value, fact, rel_tol=2e-6)


real = pytest.mark.skipif(not manifest(), reason="the shared test data are not on this machine")


@real
@pytest.mark.parametrize("file", [f for f in manifest() if manifest()[f]["template"] == "CHROM"])
def test_real_chromatograms_hold_what_the_facts_name(file: str) -> None:
    facts, (trace,) = manifest()[file], read(DATA / file)
    assert (trace.n_points, trace.kind, trace.x_unit) == (facts["n"], ReadingKind.CHROMATOGRAM, "s")
    values = {"ymax": trace.y.max(), "ymin": trace.y.min(), "delay": trace.x[0], "x0_raw_retention": trace.x[0],
              "xlast_raw_retention": trace.x[-1], "sampling_interval": trace.x[1] - trace.x[0]}  # fmt: skip
    for key in values.keys() & facts.keys():
        assert near(values[key], facts[key]) or values[key] == facts[key], key
    texts = {"sample": trace.title, "detector": trace.meta["detector"], "detector_unit": trace.meta["y_unit_raw"],
             "n_peaks": trace.meta["n_peaks"]}  # fmt: skip
    assert {k: texts[k] for k in texts.keys() & facts.keys()} == {k: facts[k] for k in texts.keys() & facts.keys()}
    assert not trace.warnings


def test_the_length_of_the_run_is_held_against_its_times() -> None:
    assert not one(andi_chrom()).warnings  # 2 s said, three steps of half a second found
    for said in (20.0, 0.4):
        assert "run_time" in codes(one(andi_chrom([float(i % 9) for i in range(60)], actual_run_time_length=said)))
    assert not one(andi_chrom([float(i % 9) for i in range(60)], actual_run_time_length=29.5)).warnings
    longer = one(andi_chrom([float(i % 9) for i in range(60)], actual_run_time_length=60.0))
    assert longer.warnings == ("The file says its run is 60 s long; its times span 29.5 s: its end may be missing.",)
    early = one(andi_chrom([float(i % 9) for i in range(60)], actual_run_time_length=29.5, actual_delay_time=-1.0))
    assert [(r.code, r.level, r.text[:24]) for r in early.remarks] == [
        ("negative_time", Level.INFO, "2 points lie before time")
    ]
    assert not one(
        andi_chrom([float(i % 9) for i in range(60)], actual_run_time_length=39.5)
    ).warnings  # with its delay

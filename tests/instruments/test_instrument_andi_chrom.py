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

from spectra.types import Level, Reading
from tests.instruments.andi_files import andi_chrom
from tests.instruments.instrument_files import codes, one
from tests.instruments.spc_files import refused

DATA = (
    Path(os.environ.get("MAST_SHARED_DATA") or Path(__file__).resolve().parents[2] / "../shared/data") / "instruments"
)
UNWRITTEN = 9.9692099683868690e36


def chrom(content: bytes, **hints: Any) -> Reading:
    return one(content, "a.cdf", **hints)


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

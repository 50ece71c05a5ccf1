"""ANDI-MS and ANDI-CHROM: scans, times and peaks as the templates have them; scipy as the oracle of the container."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import netcdf_file

from instruments import TooLarge, UnsupportedVariant, read
from instruments.limits import DEFAULT_LIMITS, Limits
from instruments.readers.netcdf_guard import NetCdf
from instruments.source import open_source
from spectra.types import Reading, ReadingKind
from tests.instruments.andi_files import SCANS, andi_chrom, andi_ms, ms_parts, netcdf
from tests.instruments.instrument_files import codes, one
from tests.instruments.spc_files import refused

DATA = (
    Path(os.environ.get("MAST_SHARED_DATA") or Path(__file__).resolve().parents[2] / "../shared/data") / "instruments"
)
UNWRITTEN = 9.9692099683868690e36


def ms(content: bytes, **hints: Any) -> Reading:
    return one(content, "a.cdf", **hints)


chrom = ms


# --- mass spectrometry -------------------------------------------------------------------------------------------


def test_what_the_file_states_is_kept_but_not_who_operated_the_instrument() -> None:
    run = ms(andi_ms())
    assert (run.title, run.instrument) == ("a sample", "Gas Chromatograph")
    assert dict(run.meta) == {
        "serial": "S 17", "acquired": "2024-03-05T10:11:12+01:00", "experiment_type": "Centroided Mass Spectrum",
        "polarity": "positive", "ionisation_raw": "Electron Impact", "detector": "Electron Multiplier", "comment": "10 ng",
        "points": 6, "max_intensity": 999.0, "mz_min": 41.0, "mz_max": 91.0, "assurance": "high",
    }  # fmt: skip


def test_scale_and_offset_are_applied() -> None:
    run = ms(
        andi_ms(
            attrs={"mass_values": {"scale_factor": 0.5}, "intensity_values": {"scale_factor": 2.0, "add_offset": 1.0}}
        )
    )
    np.testing.assert_array_equal(run.scans[0].mz, [20.5, 27.5, 45.5])
    np.testing.assert_array_equal(run.scans[0].intensity, [21, 1999, 101])
    assert codes(run) == {"total_differs"}


@pytest.mark.parametrize("attrs", [{"scale_factor": 0.0}, {"scale_factor": math.nan}, {"add_offset": math.inf}])
def test_a_scale_that_wipes_everything_out_is_refused(attrs: dict[str, float]) -> None:
    refused(andi_ms(attrs={"mass_values": attrs}), "bad_scale")


@pytest.mark.parametrize("missing", ["scan_index", "point_count"])
def test_one_of_index_and_count_is_enough(missing: str) -> None:
    run = ms(andi_ms(without=[missing]))
    assert [s.mz.size for s in run.scans] == [3, 2, 1]


@pytest.mark.parametrize(
    ("missing", "code"),
    [(["mass_values"], "no_mz"), (["intensity_values"], "no_intensity"), (["scan_index", "point_count"], "scan_index")],
)
def test_a_run_without_an_essential_variable_is_refused(missing: list[str], code: str) -> None:
    refused(andi_ms(without=missing), code, name="a.cdf")


def test_lengths_that_contradict_each_other_are_refused() -> None:
    def made(changed: str, size: int, kind: str = ">i4") -> bytes:
        sizes = {
            "scan_index": 3,
            "point_count": 3,
            "scan_acquisition_time": 3,
            "mass_values": 6,
            "intensity_values": 6,
        } | {changed: size}
        kinds = {"scan_index": ">i4", "point_count": ">i4"} | {changed: kind}
        values = {"scan_index": [0, 3, 5], "point_count": [3, 2, 1]}
        variables = {
            k: ((k,), kinds.get(k, ">f4"), np.resize(values.get(k, [1, 2, 3]), n), {}) for k, n in sizes.items()
        }
        return netcdf(sizes, {"ms_template_revision": "1"}, variables)

    assert len(ms(made("scan_index", 3)).scans) == 3
    refused(made("scan_index", 2), "scan_count", name="a.cdf")
    refused(made("scan_acquisition_time", 4, ">f4"), "scan_count", name="a.cdf")
    refused(made("intensity_values", 7, ">f4"), "array_length", name="a.cdf")
    refused(made("scan_index", 3, ">f4"), "scan_index", name="a.cdf")


@pytest.mark.parametrize("counts", [[9, 7, 5], [3, -2, 1], [3, 2_147_483_647, 1]])
def test_counts_that_cannot_be_give_way_to_an_index_that_divides_the_points(counts: list[int]) -> None:
    run = ms(andi_ms(point_count=counts))
    assert codes(run) == {"point_count"}
    assert [s.mz.size for s in run.scans] == [3, 2, 1]
    assert "do not fit the 6 points" in run.warnings[0]


def test_points_that_belong_to_no_scan_are_a_warning() -> None:
    run = ms(andi_ms(point_count=[2, 2, 1]))
    assert codes(run) == {"points_unused", "total_differs"}
    assert len(run.warnings) == 1


def flagged(flags: Sequence[int]) -> bytes:
    """Scans of three, two and two peaks, of which the last two of seven points belong to none."""
    scans = (([41.0, 55.0, 91.0], [10.0, 999.0, 50.0]), ([43.0, 58.0], [5.0, 7.0]), ([2.0, 3.0], [1.0, 1.0]))
    dimensions, globals_, variables = ms_parts(scans)
    of_scans, kind = variables["point_count"][:2]
    variables["point_count"] = (of_scans, kind, [3, 2, 0], {})
    variables["flag_count"] = (of_scans, kind, flags, {})
    variables["mass_range_min"] = (of_scans, ">f8", [40.0] * 3, {})
    return netcdf(dimensions, globals_, variables)


def test_a_file_of_one_scan_is_a_spectrum_with_its_time() -> None:
    reading = ms(andi_ms(SCANS[:1], test_ionization_mode="Electrospray Ionization", test_ionization_polarity="-"))
    assert (reading.kind, reading.y_unit) == (ReadingKind.MASS_SPECTRUM, "intensity")
    np.testing.assert_array_equal(reading.x, SCANS[0][0])
    assert (reading.scans[0].ionisation, reading.scans[0].retention_time_s) == ("ESI", 300.0)
    assert "polarity" not in reading.meta
    assert ms(andi_ms(SCANS[:1], test_ionization_mode="Other Ionization")).scans[0].ionisation == ""
    assert ms(andi_ms(SCANS[:1]), y_unit="counts").y_unit == "counts"


def test_zero_masses_and_negative_intensities_are_told_as_in_every_run() -> None:
    run = ms(andi_ms(mass_values=[0, 55, 91, 43, 58, 41], intensity_values=[1, 2, -3, 4, 5, 6]))
    assert {"zero_mz", "negative_intensity_cut"} <= codes(run)


def test_limits_hold_before_arrays_are_read() -> None:
    for limits in (Limits(total_points=5), Limits(spectra=2), Limits(points=2)):
        with pytest.raises(TooLarge):
            read(andi_ms(), "a.cdf", limits=limits)
    assert len(read(andi_ms(), "a.cdf", limits=Limits(points=5))[0].scans) == 3  # a run may be longer than one array


# --- the container -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [andi_ms(), andi_ms(unlimited=False, wide=True), andi_chrom(), andi_chrom(wide=True, retention=[1, 2, 3, 4])],
)
def test_variables_and_attributes_are_those_that_scipy_reads(content: bytes) -> None:
    ours, theirs = (
        NetCdf(open_source(content, None, DEFAULT_LIMITS), DEFAULT_LIMITS),
        netcdf_file(io.BytesIO(content), mmap=False),
    )
    assert list(ours.variables) == list(theirs.variables)
    for name, variable in theirs.variables.items():
        np.testing.assert_array_equal(ours.raw(name), variable.data)
    assert {k: v for k, v in ours.attributes.items() if isinstance(v, str)} == {
        k: v.decode() for k, v in theirs._attributes.items()
    }
    assert ours.raw("nothing") is None


def test_a_file_written_by_scipy_is_read() -> None:
    stream = io.BytesIO()
    file = netcdf_file(stream, "w")
    file.aia_template_revision, file.detector_unit, file.retention_unit = "1.0", "mV", "seconds"
    file.createDimension("point_number", None)
    file.createDimension("one", 1)  # scipy writes the records over variables without a dimension
    file.createVariable("ordinate_values", "h", ("point_number",))[:] = np.arange(5, dtype="h")
    for name, value in (("actual_delay_time", 1.0), ("actual_sampling_interval", 2.0)):
        file.createVariable(name, "d", ("one",))[:] = value
    file.flush()
    reading = chrom(stream.getvalue())
    np.testing.assert_array_equal(reading.y, [0, 1, 2, 3, 4])
    np.testing.assert_array_equal(reading.x, [1, 3, 5, 7, 9])


def test_the_large_container_is_read_and_the_later_one_refused_with_the_export_to_use() -> None:
    """CDF-5 has 64-bit lengths and more types of whole numbers; netCDF-4 lies in HDF5, which needs a library."""
    kinds = {"scan_index": ">i8", "point_count": ">u4", "mass_values": ">f8"}
    for content in (andi_ms(version=5), andi_ms(version=5, unlimited=False), andi_ms(version=5, kinds=kinds)):
        run = one(content, "run.cdf")
        assert [s.mz.tolist() for s in run.scans] == [s.mz.tolist() for s in one(andi_ms(), "run.cdf").scans]
        assert not run.warnings
    refused(b"CDF\x06" + andi_ms(version=5)[4:], "unsupported_netcdf", UnsupportedVariant, format="andi-ms")
    with pytest.raises(UnsupportedVariant) as caught:
        read(b"\x89HDF\r\n\x1a\n" + bytes(600) + b"ordinate_values", "run.cdf")
    assert caught.value.code == "unsupported_hdf5"
    assert "netCDF-3" in caught.value.hint


def test_a_unit_of_time_that_is_not_known_is_a_warning() -> None:
    for unit, code in (
        ("Seconds", False),
        ("seconds", False),
        ("Minutes", False),
        ("Milliseconds", True),
        ("ticks", True),
    ):
        found = one(andi_ms(attrs={"scan_acquisition_time": {"units": unit}}))
        assert ("time_unit_guessed" in codes(found)) == code
        assert found.x_unit == ("min" if unit == "Minutes" else "s")


def test_bytes_behind_the_last_record_are_a_warning() -> None:
    whole = andi_ms()
    assert "trailing_data" in codes(one(whole + bytes(24)))
    fewer = bytearray(whole)
    fewer[4:8] = (5).to_bytes(4, "big")  # five of six records
    counts = bytes(fewer).replace(b"\0\0\0\3\0\0\0\2\0\0\0\1", b"\0\0\0\3\0\0\0\2\0\0\0\0")
    assert "trailing_data" in codes(one(counts))


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

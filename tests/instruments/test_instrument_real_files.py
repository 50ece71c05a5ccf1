"""Real instrument files against independently established facts. They are no part of the repository."""

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

from instruments import AmbiguousText, read
from spectra.types import Reading, ReadingKind

DATA = Path(os.environ.get("MAST_SHARED_DATA") or Path(__file__).resolve().parents[2] / "../shared/data")
SUPPORTED = frozenset({"jcamp_ir", "jcamp_ms", "jcamp_gcms", "jcamp_chrom", "mzml", "mzxml", "msp", "msl", "mgf", "massbank",
                       "csv_spectrum", "csv_peaklist", "csv_chrom"})  # fmt: skip
pytestmark = pytest.mark.skipif(
    not (DATA / "instruments").is_dir(), reason="the shared test data are not on this machine"
)


@lru_cache(maxsize=1)
def manifest() -> dict[str, dict[str, Any]]:
    """File → facts, of the formats that are read."""
    path = DATA / "instruments/MANIFEST.tsv"
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as stream:
        rows = csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {r["file"]: json.loads(r["facts_json"]) for r in rows if r["file"].partition("/")[0] in SUPPORTED}


def of(*folders: str) -> list[str]:
    return [f for f in manifest() if f.partition("/")[0] in folders]


def near(value: float, fact: float, relative: float = 2e-6, absolute: float = 0.0) -> bool:
    """Facts are printed with seven digits."""
    return math.isclose(value, fact, rel_tol=relative, abs_tol=absolute)


def got(file: str) -> list[Reading]:
    return read(DATA / "instruments" / file)


@pytest.mark.parametrize("file", of("jcamp_ir", "jcamp_ms", "jcamp_chrom"))
def test_jcamp_blocks_hold_the_points_that_the_facts_name(file: str) -> None:
    facts, readings = manifest()[file], got(file)
    assert len(readings) == facts["n_data_blocks"]
    for reading, block in zip(readings, facts["blocks"], strict=False):
        assert (reading.n_points, reading.title) == (block["n"], block["title"])
        assert near(reading.x[0], block["firstx"])
        assert near(reading.y[0], block["firsty"])
        assert near(reading.y[-1], block["lasty"])
        assert near(reading.y.max(), block["ymax"])
        assert near(reading.y.min(), block["ymin"])
        assert "lastx" not in block or near(reading.x[-1], block["lastx"])
        assert reading.meta["x_unit_raw"] == block.get("xunits", "")
        assert reading.meta["y_unit_raw"] == block.get("yunits", "")
        assert reading.meta["data_type"] == block["type"]


@pytest.mark.parametrize("file", of("jcamp_gcms"))
def test_gcms_runs_hold_every_scan(file: str) -> None:
    facts, (run,) = manifest()[file], got(file)
    assert run.kind is ReadingKind.MASS_RUN
    assert len(run.scans) == facts["n_scans"]
    assert run.scans[0].mz.size == facts["first_npoints"]
    assert sum(s.mz.size for s in run.scans) == facts["npoints_sum"]


@pytest.mark.parametrize("file", of("mzml", "mzxml"))
def test_mass_runs_hold_the_scans_times_and_chromatograms_that_the_facts_name(file: str) -> None:
    facts, readings = manifest()[file], got(file)
    traces = [r for r in readings if r.kind is ReadingKind.CHROMATOGRAM]
    for trace, fact in zip(traces, facts.get("chromatograms", []), strict=True):
        assert (trace.title, trace.n_points, trace.meta["type"]) == (fact["id"], fact["n"], fact["type"])
        assert near(trace.y.max(), fact["max"])
    if facts.get("instrument"):
        assert readings[0].instrument == facts["instrument"]
    if not facts["n_spectra"]:
        return
    run = readings[0]
    assert run.kind is ReadingKind.MASS_RUN
    assert len(run.scans) == facts["n_spectra"]
    assert run.meta["points"] == facts["n_points_total"]
    assert near(run.meta["max_intensity"], facts["max_intensity"])
    assert sorted({s.ms_level for s in run.scans if s.ms_level}) == facts["ms_levels"]
    first = run.scans[0]
    seconds = facts["first_rt_s"] if "first_rt_s" in facts else float(facts["first_rt"].strip("PTS"))
    assert near(run.x[0], seconds)
    kept = facts["first_n"] - (facts["first_x0"] == 0)  # a point at m/z 0 is left out of a scan
    assert first.mz.size == kept
    assert facts["first_x0"] == 0 or near(first.mz[0], facts["first_x0"])
    assert near(first.mz[-1], facts["first_xlast"])
    assert "serial" not in facts or run.meta["serial"] == facts["serial"]


@pytest.mark.parametrize("file", of("msp", "msl", "mgf"))
def test_libraries_hold_the_peaks_that_the_facts_name(file: str) -> None:
    facts, readings = manifest()[file], got(file)
    first = readings[0]
    assert len(readings) == facts["n_spectra"]
    assert sum(r.n_points for r in readings) == facts["n_peaks_total"]
    assert near(max(r.y.max() for r in readings), facts["max_intensity"])
    assert first.n_points == facts["first_n"]
    assert near(first.x[0], facts["first_x0"])
    assert near(first.x[-1], facts["first_xlast"])
    if "first_name" in facts:
        assert first.title == facts["first_name"]
        assert near(first.scans[0].base_peak_mz, facts["first_base_mz"])
    if "formula" in facts:
        assert first.meta["fields"]["formula"] == facts["formula"]
    if "first_pepmass" in facts:
        assert near(first.scans[0].precursor_mz or 0, facts["first_pepmass"])
    if "first_title" in facts:
        assert first.title == facts["first_title"]


@pytest.mark.parametrize("file", of("massbank"))
def test_massbank_records_hold_what_the_facts_name(file: str) -> None:
    facts, (reading,) = manifest()[file], got(file)
    assert (reading.n_points, reading.title, reading.instrument) == (facts["n"], facts["name"], facts["instrument"])
    assert (reading.meta["licence"], reading.meta["accession"]) == (facts["licence"], facts["accession"])
    assert reading.meta["fields"]["PK$SPLASH"] == facts["splash"]
    assert near(reading.x[0], facts["first_x"])
    assert near(reading.x[-1], facts["last_x"])
    assert near(reading.y.max(), facts["max_intensity"])


@pytest.mark.parametrize("file", [f for f in of("csv_spectrum", "csv_peaklist", "csv_chrom") if "ambiguous" not in f])
def test_text_tables_hold_the_rows_that_the_facts_name(file: str) -> None:
    facts, (reading,) = manifest()[file], got(file)
    loose = 1e-5 if "tolerance" in facts else 0.0
    assert reading.n_points == facts.get("n_with_shift", facts.get("n"))
    for value, key in ((reading.x[0], "x0"), (reading.x[-1], "xlast"), (reading.y[0], "y0"), (reading.y[-1], "ylast"),
                       (reading.y.max(), "ymax"), (reading.y.min(), "ymin")):  # fmt: skip
        assert key not in facts or near(value, facts[key], absolute=loose), key
    expected = {"csv_peaklist": ReadingKind.MASS_SPECTRUM, "csv_chrom": ReadingKind.CHROMATOGRAM}.get(
        file.partition("/")[0]
    )
    by_name = {"raman": ReadingKind.RAMAN, "PST": ReadingKind.RAMAN, "rruff": ReadingKind.RAMAN, "ir_": ReadingKind.IR,
               "IR.": ReadingKind.IR, "uvvis": ReadingKind.UV}  # fmt: skip
    stem = file.rpartition("/")[2]
    assert reading.kind is (expected or next(k for start, k in by_name.items() if stem.startswith(start)))


@pytest.mark.parametrize("file", [f for f in of("csv_spectrum") if "ambiguous" in f])
def test_an_ambiguous_decimal_comma_is_asked(file: str) -> None:
    with pytest.raises(AmbiguousText) as caught:
        got(file)
    answered = read(DATA / "instruments" / file, **caught.value.choices[0].hints)  # type: ignore[arg-type]
    assert answered[0].n_points == 200


@pytest.mark.parametrize("folder", ["dirty_jdx"])
def test_messy_jcamp_files_of_teaching_laboratories_are_all_read(folder: str) -> None:
    files = sorted((DATA / "ir" / folder).glob("*.jdx"))[::6]
    for file in files:
        for reading in read(file):
            assert reading.kind is ReadingKind.IR
            assert np.all(np.diff(reading.x) > 0) or np.all(np.diff(reading.x) < 0)

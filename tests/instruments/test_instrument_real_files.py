"""Every real instrument file against independently established facts, and the command line against the same.

A fact of the manifest is either compared or listed in `real_facts.NOT_COMPARED` with the reason.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from app.cli import main
from instruments import DEFAULT_LIMITS, AmbiguousText, Folder, ParserSandbox, describe, read
from instruments.archive import unpack
from instruments.source import open_source
from spectra.types import Reading, ReadingKind
from tests.instruments.real_facts import HAS_VENDOR, NOT_COMPARED, REAL, VENDOR, Facts, Row, manifest, near

pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the shared test data are not on this machine")
Readings = Sequence[Reading]
needs_vendor = pytest.mark.skipif(not HAS_VENDOR, reason="the extra mast-lims[vendor] is not installed")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[ParserSandbox]:
    with ParserSandbox() as made:
        yield made


def told(reading: Reading) -> dict[str, Any]:
    """What `mast read --json` prints of a reading."""
    answer: dict[str, Any] = json.loads(json.dumps(describe(reading)))
    return answer


# --- mass spectra ---------------------------------------------------------------------------------------------


def mass_run(facts: Facts, readings: Readings) -> None:
    traces = [r for r in readings if r.kind is ReadingKind.CHROMATOGRAM]
    said = facts.get("chromatograms", [])
    assert len(traces) == len(said) == facts.get("n_chromatograms", 0)
    for trace, fact in zip(traces, said, strict=True):
        assert (trace.title, told(trace)["n_points"], trace.meta["type"]) == (fact["id"], fact["n"], fact["type"])
        assert near(told(trace)["y_max"], fact["max"])
    if "instrument" in facts:
        assert {told(r)["instrument"] for r in readings} == {facts["instrument"]}
    assert (facts["n_spectra"] == 0) == (readings[0].kind is ReadingKind.CHROMATOGRAM)
    numbers = facts["ms_levels"], facts["n_points_total"], facts.get("n_centroid", 0), facts.get("n_profile", 0)
    if not facts["n_spectra"]:
        assert numbers == ([], 0, 0, 0)
        return
    run, first = told(readings[0]), readings[0].scans[0]
    assert (run["kind"], run["n_scans"], run["x_unit"]) == ("mass_run", facts["n_spectra"], "s")
    assert sorted({s.ms_level for s in readings[0].scans if s.ms_level}) == numbers[0]
    assert run["n_points"] == numbers[1]
    for key in ("n_centroid", "n_profile"):
        assert key not in facts or readings[0].meta[key] == facts[key]
    assert near(run["max_intensity"], facts["max_intensity"])
    seconds = facts["first_rt_s"] if "first_rt_s" in facts else float(facts["first_rt"].strip("PTS"))
    assert near(run["x_first"], seconds)
    assert first.mz.size == facts["first_n"] - (facts["first_x0"] == 0)  # a point at m/z 0 is left out of a scan
    assert facts["first_x0"] == 0 or near(first.mz[0], facts["first_x0"])
    assert near(first.mz[-1], facts["first_xlast"])
    assert "serial" not in facts or readings[0].meta["serial"] == facts["serial"]


def peak_library(facts: Facts, readings: Readings) -> None:
    first, all_ = told(readings[0]), [told(r) for r in readings]
    assert {r["kind"] for r in all_} == {"mass_spectrum"}
    assert len(readings) == facts["n_spectra"]
    assert sum(r["n_points"] for r in all_) == facts["n_peaks_total"]
    assert near(max(r["y_max"] for r in all_), facts["max_intensity"])
    assert first["n_points"] == facts["first_n"] == facts.get("declared", facts["first_n"])
    assert near(first["x_first"], facts["first_x0"])
    assert near(first["x_last"], facts["first_xlast"])
    for key in ("first_name", "first_title"):
        assert key not in facts or readings[0].title == facts[key]
    if "first_base_mz" in facts:
        assert near(readings[0].scans[0].base_peak_mz, facts["first_base_mz"])
    if "first_pepmass" in facts:
        assert near(readings[0].scans[0].precursor_mz, facts["first_pepmass"])
    assert "formula" not in facts or readings[0].meta["fields"]["formula"] == facts["formula"]


def massbank(facts: Facts, readings: Readings) -> None:
    (reading,) = readings
    row = told(reading)
    assert row["n_points"] == facts["n"] == facts["declared"]
    assert (reading.title, row["instrument"]) == (facts["name"], facts["instrument"])
    assert (reading.meta["licence"], reading.meta["accession"]) == (facts["licence"], facts["accession"])
    fields = reading.meta["fields"]
    assert (fields["PK$SPLASH"], fields["CH$FORMULA"]) == (facts["splash"], facts["formula"])
    assert near(row["x_first"], facts["first_x"])
    assert near(row["x_last"], facts["last_x"])
    assert near(row["y_max"], facts["max_intensity"])


def mzspeclib(facts: Facts, readings: Readings) -> None:
    first = told(readings[0])
    assert (len(readings), first["n_points"]) == (facts["n_spectra"], facts["first_n"])
    assert near(first["x_first"], facts["first_x0"])
    assert near(first["y_max"], facts["max_first"])


def andi_ms(facts: Facts, readings: Readings) -> None:
    (run,) = map(told, readings)
    assert (run["format"], facts["template"]) == ("andi-ms", "MS")
    assert (run["n_scans"], run["n_points"]) == (facts["n_scans"], facts["n_points"])
    for key in ("mz_min", "mz_max", "max_intensity", "tic_max", "rt_first_s", "rt_last_s"):
        # one file stores the total as float32; ours is the sum of the peaks
        assert near(run[key], facts[key], 1e-6), key
    assert readings[0].scans[0].mz.size == facts["first_scan_n"]
    assert readings[0].title == facts["experiment"].strip()
    assert readings[0].meta["experiment_type"] == facts["experiment_type"]
    assert run["instrument"] == facts.get("instrument", "")


def andi_chrom(facts: Facts, readings: Readings) -> None:
    (reading,), (row,) = readings, map(told, readings)
    assert (row["format"], facts["template"]) == ("andi-chrom", "CHROM")
    assert (row["n_points"], row["x_unit"]) == (facts["n"], "s")
    assert near(row["y_max"], facts["ymax"])
    assert "ymin" not in facts or near(reading.y.min(), facts["ymin"])
    for fact, place in (("sample", "sample"), ("detector", "detector"), ("n_peaks", "n_peaks"), ("delay", "delay"),
                        ("detector_unit", "y_unit_raw"), ("retention_unit", "x_unit_raw")):  # fmt: skip
        assert fact not in facts or reading.meta[place] == facts[fact], fact
    assert "sampling_interval" not in facts or near(np.diff(reading.x).mean(), facts["sampling_interval"])
    for fact, at in (("x0_raw_retention", "x_first"), ("xlast_raw_retention", "x_last")):
        assert fact not in facts or near(row[at], facts[fact]), fact


# --- JCAMP-DX -------------------------------------------------------------------------------------------------


def jcamp(facts: Facts, readings: Readings) -> None:
    assert len(readings) == facts["n_data_blocks"]
    for reading, block in zip(readings, facts["blocks"], strict=False):
        row = told(reading)
        assert (row["n_points"], reading.title) == (block["n"], block["title"])
        assert "npoints" not in block or block["npoints"] == block["n"] or "count_mismatch" in codes(reading)
        assert near(row["x_first"], block["firstx"])
        assert "lastx" not in block or near(row["x_last"], block["lastx"])
        assert near(reading.y[0], block["firsty"])
        assert near(reading.y[-1], block["lasty"])
        assert near(row["y_max"], block["ymax"])
        assert near(reading.y.min(), block["ymin"])
        assert reading.meta["x_unit_raw"] == block.get("xunits", "")
        assert reading.meta["y_unit_raw"] == block.get("yunits", "")
        assert reading.meta["data_type"] == block["type"]


def codes(reading: Reading) -> set[str]:
    return {r.code for r in reading.remarks}


def jcamp_gcms(facts: Facts, readings: Readings) -> None:
    (run,) = map(told, readings)
    assert (run["kind"], run["n_scans"], run["n_points"]) == ("mass_run", facts["n_scans"], facts["npoints_sum"])
    assert (readings[0].scans[0].mz.size, readings[0].title) == (facts["first_npoints"], facts["title"])


# --- optical spectra ------------------------------------------------------------------------------------------


def omnic(facts: Facts, readings: Readings) -> None:
    rows = [told(r) for r in readings]
    assert len(rows) == facts["n_spectra"]
    assert {r["n_points"] for r in rows} == {facts["n"]}
    assert {r["x_unit"] for r in rows} == {facts["xunit"].replace("^", "")}
    assert {r["y_unit"] for r in rows} == {facts["ytitle"]}
    assert near(rows[0]["x_first"], facts["x0"])
    assert near(rows[0]["x_last"], facts["xlast"])
    assert near(max(r["y_max"] for r in rows), facts["ymax"])
    assert near(min(r.y.min() for r in readings), facts["ymin"])


OPUS_UNITS = {"a": "absorbance", "r": "reflectance", "sm": "single beam", "rf": "single beam", "igsm": "interferogram",
              "igrf": "interferogram", "phsm": "phase", "ra": "intensity", "match": "match", "match_2ch": "match"}  # fmt: skip


def opus(facts: Facts, readings: Readings) -> None:
    left = list(readings)
    for name in facts["blocks"].keys():  # noqa: SIM118
        block = facts["blocks"][name]
        (fitting,) = (r for r in left if is_block(r, block, OPUS_UNITS[name]))
        left.remove(fitting)
    assert left == []
    assert {told(r)["instrument"] for r in readings} == {facts["instrument"]}
    sample = facts["sample"].encode("latin-1").decode("cp1252")  # the other reader leaves Windows' own characters
    for reading in readings:  # and stops after 60 characters
        assert reading.meta["sample"] == sample or (len(sample) == 60 and reading.meta["sample"].startswith(sample))


def is_block(reading: Reading, block: Facts, unit: str) -> bool:
    row, low = told(reading), float(reading.y.min())
    numbers = ((row["x_first"], "x0"), (row["x_last"], "xlast"), (row["y_max"], "ymax"), (low, "ymin"))
    return (row["n_points"], row["y_unit"]) == (block["n"], unit) and all(near(v, block[k]) for v, k in numbers)


def spc(facts: Facts, readings: Readings) -> None:
    first, row = readings[0], told(readings[0])
    assert first.title == facts["comment"] or not facts["comment"]  # without one the log may name it
    assert first.meta["spc_version"] == {"0x4b": "new", "0x4c": "new, big-endian", "0x4d": "old"}[facts["ver"]]
    if facts.get("src"):
        assert row["instrument"] == facts["src"]
    if "year" in facts:
        assert first.meta["acquired"].startswith(str(1900 + facts["year"] if facts["year"] < 1900 else facts["year"]))
    if row["kind"] == "mass_run":
        x, y = first.scans[0].mz, first.scans[0].intensity  # in order of m/z; the file has its own order
        assert (row["n_scans"], facts["xunit"]) == (facts["n_sub"], "m/z")
        at = int(np.argmin(np.abs(x - facts["x0"])))
        assert near(x[at], facts["x0"])
        assert near(float(np.min(np.abs(x - facts["x1"]))) + facts["x1"], facts["x1"])
        assert near(row["max_intensity"], facts["ymax_all"])
    else:
        x, y, at = first.x, first.y, 0
        assert len(readings) == facts["n_sub"]
        assert near(row["x_first"], facts["x0"])
        assert near(row["x_last"], facts["x1"])
        assert row["x_unit"] == facts["xunit"].removeprefix("Raman ")
        assert facts["xunit"] != "Raman cm-1" or row["kind"] == "raman"
        assert near(max(told(r)["y_max"] for r in readings), facts["ymax_all"])
    assert x.size == facts["n0"]
    for value, key in ((y[at], "y0"), (y.max(), "ymax0"), (y.min(), "ymin0")):
        assert near(value, facts[key]), key


def agilent_asp(facts: Facts, readings: Readings) -> None:
    (row,) = map(told, readings)
    points, first, last, _, _, resolution = facts["header"]
    assert row["n_points"] == facts["n"] == points
    assert near(row["x_first"], facts["x0"])
    assert near(row["x_last"], facts["xlast"])
    assert near(facts["x0"], first)
    assert near(facts["xlast"], last)
    assert near(readings[0].y[0], facts["y0"])
    assert near(row["y_max"], facts["ymax"])
    assert readings[0].meta["resolution_cm1"] == resolution


# --- text -----------------------------------------------------------------------------------------------------

SEPARATORS = {"'\\t'": ("tab",), "','": ("comma",), "None": ("blanks", "tab")}  # None: any white space
KINDS = {"csv_peaklist/": "mass_spectrum", "csv_chrom/": "chromatogram", "csv_spectrum/raman": "raman", "csv_spectrum/PST": "raman",
         "csv_spectrum/rruff": "raman", "csv_spectrum/ir": "ir", "csv_spectrum/IR": "ir", "csv_spectrum/uvvis": "uv"}  # fmt: skip


def text(facts: Facts, readings: Readings) -> None:
    (reading,), (row,) = readings, map(told, readings)
    loose = 1e-5 if "tolerance" in facts else 0.0
    assert row["n_points"] == (facts["n_with_shift"] if "n_with_shift" in facts else facts["n"])
    for value, key in ((row["x_first"], "x0"), (row["x_last"], "xlast"), (reading.y[0], "y0"), (reading.y[-1], "ylast"),
                       (row["y_max"], "ymax"), (reading.y.min(), "ymin")):  # fmt: skip
        assert key not in facts or near(value, facts[key], absolute=loose), key
    if "decimal" in facts:
        assert f"decimal {'comma' if facts['decimal'] == ',' else 'point'}" in reading.meta["dialect"]
    if "sep" in facts:
        assert any(f"separated by {word}" in reading.meta["dialect"] for word in SEPARATORS[facts["sep"]])


# --- vendors' own formats ---------------------------------------------------------------------------------------

NAMES = {"agilent-masshunter": "masshunter", "perkinelmer-sp": "perkin-elmer-sp", "thermo-omnic": "omnic-srs"}
X_UNITS = {"1/cm": "cm-1", "min": "min"}
# What the other readers give and this one does not: dad1.uv (1990s layout) of one folder, and the peaks of an MRM run.
NOT_READ = {"dad1.uv", "MSProfile.bin 1861"}
# Numbers of the header that the reader of the facts took for values; rainbow finds them no values either.
HEADER_AS_VALUES = {"chemstation_179_mustang": 256}


def vendor(facts: Facts, readings: Readings) -> None:
    own = facts.get("openreadout", facts)
    assert {r.format for r in readings} == {NAMES.get(own["reader_format"], own["reader_format"])}
    instrument(own["instrument"], readings)
    runs = [r for r in readings if r.kind is ReadingKind.MASS_RUN]
    for run, fact in zip(runs, own.get("spectra", []), strict=True):
        vendor_run(run, fact)
    for trace in own["traces"]:
        vendor_trace(trace, readings)
    for fact in facts.get("rainbow", []):
        rainbow(fact, readings)


def instrument(fact: Facts, readings: Readings) -> None:
    reading = readings[0]
    assert "model" not in fact or {told(r)["instrument"] for r in readings} == {fact["model"]}
    assert reading.meta["vendor"] == fact["vendor"]
    assert "serial" not in fact or reading.meta["serial"] == fact["serial"]
    words = [fact[k] for k in ("software", "software_version") if k in fact]
    assert reading.meta.get("software", "") == " ".join(words)


def vendor_run(run: Reading, fact: Facts) -> None:
    row, first = told(run), run.scans[0]
    assert row["n_scans"] == fact["n_scans"]
    assert "instrument" not in fact or row["instrument"] == fact["instrument"]
    # no level at all is what some files state of themselves: then the other reader says 1
    assert (sorted({s.ms_level for s in run.scans if s.ms_level}) or [1]) == fact["ms_levels"]
    assert near(row["rt_first_s"], fact["rt"][0])
    assert near(row["rt_last_s"], fact["rt"][1])
    if not fact["first_n"]:
        assert (row["n_points"], first.intensity.tolist()) == (0, [0.0])
        return
    assert first.mz.size == fact["first_n"]
    assert near(first.mz[0], fact["first_x0"])
    assert near(first.intensity.max(), fact["first_max"])


def vendor_trace(fact: Facts, readings: Readings) -> None:
    channels, sweeps, name = fact["channels"], fact["sweeps"], fact["name"].strip()
    named = [r for r in readings if re.sub(r" \(\d+ of \d+\)$", "", r.title) == name]
    if channels > 2:  # a diode array: the sum over time and the highest spectrum
        summed, highest = (r for r in readings if r.title.startswith(name))
        assert (summed.n_points, told(highest)["n_points"]) == (fact["n"], channels - 1)
        assert near(told(highest)["y_max"], fact["ymax"])
        assert (highest.y_unit, summed.y_unit) == (fact["yunit"], f"summed {fact['yunit']}")
        return
    assert len(named) == sweeps
    row = told(named[0])
    assert row["n_points"] == fact["n"] - HEADER_AS_VALUES.get(name, 0)
    # of two channels one is the axis, and the fact is the largest number of both
    assert near(max(row["y_max"], float(named[0].x.max()) if channels == 2 else row["y_max"]), fact["ymax"])
    assert "x0" not in fact or near(row["x_first"], fact["x0"], absolute=1e-9)
    assert "xlast" not in fact or near(row["x_last"], fact["xlast"])
    assert "xunit" not in fact or row["x_unit"] == X_UNITS[fact["xunit"]]
    assert "yunit" not in fact or row["y_unit"] == {"AU": "absorbance"}.get(fact["yunit"], fact["yunit"])


def rainbow(fact: Facts, readings: Readings) -> None:
    """Another reader's array of one signal: rows × columns, the columns of mass spectra being bins of its own."""
    (rows, columns), top, name = fact["shape"], fact["max"], fact["name"]
    if {name, f"{name} {rows}"} & NOT_READ:
        return
    if columns > 1 and any(r.kind is ReadingKind.MASS_RUN and r.n_points == rows for r in readings):
        (run,) = (told(r) for r in readings if r.kind is ReadingKind.MASS_RUN)
        assert near(run["max_intensity"], top)
    elif columns > 1:
        assert any(r.kind is ReadingKind.UV and r.n_points == columns and near(told(r)["y_max"], top) for r in readings)
    else:  # of version 181 the other reader counts one point more
        fitting = [r for r in readings if near(told(r)["y_max"], top)]
        assert any(r.n_points == rows - (r.meta.get("variant") == "181") for r in fitting)


def mzmlb(facts: Facts, readings: Readings) -> None:
    run = told(readings[0])
    assert (run["n_scans"], run["n_points"]) == (facts["n_spectra"], facts["n_points_total"])
    assert near(run["max_intensity"], facts["max_intensity"])


def zipped(facts: Facts, readings: Readings) -> None:
    """A zip of a folder is compared with the folder; the facts name it."""
    (twin,) = (r.path for r in manifest() if r.file.endswith(f"/{facts['same_as']}"))
    assert [told(r) for r in readings] == [told(r) for r in read(twin)]
    packed = open_source(REAL / "zipped_dir" / f"{facts['same_as']}.zip", None, DEFAULT_LIMITS)
    folder = unpack(packed, DEFAULT_LIMITS)
    assert isinstance(folder, Folder)
    assert len(folder.names) == facts["members"]
    folder.close()
    packed.close()


COMPARE: dict[str, tuple[str, Callable[[Facts, Readings], None]]] = {
    "mzml": ("mzml", mass_run), "mzxml": ("mzxml", mass_run), "msp": ("msp", peak_library), "msl": ("msl", peak_library),
    "mgf": ("mgf", peak_library), "massbank": ("massbank", massbank), "mzspeclib": ("mzspeclib", mzspeclib),
    "andi_ms": ("andi_ms", andi_ms), "andi_chrom": ("andi_chrom", andi_chrom), "jcamp_ir": ("jcamp", jcamp),
    "jcamp_ms": ("jcamp", jcamp), "jcamp_chrom": ("jcamp", jcamp), "jcamp_gcms": ("jcamp_gcms", jcamp_gcms),
    "omnic": ("omnic", omnic), "opus": ("opus", opus), "spc": ("spc", spc), "agilent_asp": ("agilent_asp", agilent_asp),
    "csv_spectrum": ("csv", text), "csv_peaklist": ("csv", text), "csv_chrom": ("csv", text),
    "mzmlb": ("mzmlb", mzmlb), "zipped_dir": ("zipped_dir", zipped),
} | dict.fromkeys(VENDOR - {"mzmlb", "zipped_dir"}, ("vendor", vendor))  # fmt: skip


def marked(row: Row, *marks: pytest.MarkDecorator) -> Any:
    return pytest.param(row, id=row.file, marks=[*marks, *([needs_vendor] if row.format in VENDOR else [])])


@pytest.mark.parametrize("row", [marked(r) for r in manifest() if "ambiguous" not in r.file])
def test_a_real_file_is_read_as_the_facts_say(row: Row, sandbox: ParserSandbox) -> None:
    facts = Facts(row.facts)
    family, compare = COMPARE[row.format]
    readings = sandbox.read(row.path) if row.format in VENDOR else read(row.path)
    compare(facts, readings)
    unexplained = set(facts.unseen()) - set(NOT_COMPARED.get(family, {}))
    assert unexplained == set(), "facts that are neither compared nor listed as not comparable"
    for start, kind in KINDS.items():
        assert not row.file.startswith(start) or {r.kind.value for r in readings} == {kind}


def paths(value: Any, prefix: str = "") -> Iterator[str]:
    for one in value if isinstance(value, list) else [value]:
        for key, inner in one.items() if isinstance(one, dict) else ():
            yield prefix + key
            yield from paths(inner, f"{prefix}{key}.")


@pytest.mark.parametrize("row", [pytest.param(r, id=r.file) for r in manifest() if "ambiguous" in r.file])
def test_an_ambiguous_decimal_comma_is_asked(row: Row) -> None:
    with pytest.raises(AmbiguousText) as caught:
        read(row.path)
    answered = read(row.path, **caught.value.choices[0].hints)  # type: ignore[arg-type]
    assert answered[0].n_points == 200


def samples() -> list[Any]:
    """The smallest file or folder of every format; of three formats in `make test`."""
    smallest: dict[str, Row] = {}
    for row in sorted(manifest(), key=lambda r: (r.path.is_dir(), r.path.stat().st_size)):
        smallest.setdefault(row.format, row)
    quick = ("andi_ms", "csv_spectrum", "mzmlb")
    return [marked(r, *([] if r.format in quick else [pytest.mark.long])) for r in smallest.values()]


@pytest.mark.parametrize("row", samples())
def test_the_command_line_tells_the_same(
    row: Row, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAST_DATA_DIR", str(tmp_path_factory.mktemp("data")))
    result = CliRunner().invoke(main, ["read", "--json", str(row.path)])
    if "ambiguous" in row.file:
        assert result.exit_code == 1
        return
    assert result.exit_code == 0, result.output
    (answer,) = json.loads(result.stdout)
    _, compare = COMPARE[row.format]
    readings = read(row.path)
    compare(Facts(row.facts), readings)
    assert answer == {"file": str(row.path), "format": readings[0].format, "readings": [told(r) for r in readings]}

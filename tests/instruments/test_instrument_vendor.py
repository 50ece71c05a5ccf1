"""Vendors' own formats: refused with a way round where the extra is missing, read in a child where it is there."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from instruments import (
    CorruptFile,
    Hints,
    InstrumentError,
    Limits,
    ParserSandbox,
    Probe,
    TooLarge,
    UnsupportedVariant,
    confine,
    formats,
    read,
)
from instruments import reading as reading_module
from instruments.readers import (
    vendor,
    vendor_open,
    vendor_runs,
    vendor_tables,
    vendor_traces,
)
from spectra.types import Reading, ReadingKind
from tests.instruments.instrument_files import codes, zipped
from tests.instruments.real_facts import HAS_VENDOR, REAL, VENDOR, manifest
from tests.instruments.vendor_files import (
    FOLDERS,
    SAMPLES,
    Library,
    Y,
    chemstation_ch,
    opened,
    perkin_elmer_sp,
    renishaw_wdf,
    written,
)

needs_vendor = pytest.mark.skipif(not HAS_VENDOR, reason="the extra mast-lims[vendor] is not installed")
needs_data = pytest.mark.skipif(not REAL.is_dir(), reason="the shared test data are not on this machine")

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[ParserSandbox]:
    with ParserSandbox(preload=False) as made:
        yield made


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine without the extra."""
    monkeypatch.setitem(sys.modules, "openreadout", None)


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the sandbox's child: what such a process would do is done here, where it can be watched."""
    monkeypatch.setattr(confine, "_confined", True)


# --- without the extra ------------------------------------------------------------------------------------------


def refused(caught: Any, word: str) -> None:
    error = caught.value
    assert error.code == "vendor_extra_missing"
    requirement = next(r for r in EXTRAS["vendor"] if r.startswith("openreadout"))
    assert f'pip install "{requirement}"' in str(error)
    assert sys.executable not in str(error)  # chemists read it, and where Python lies is none of theirs
    assert word in error.hint


@pytest.mark.usefixtures("absent")
@pytest.mark.parametrize("format", sorted(SAMPLES))
def test_without_the_extra_a_file_is_named_and_another_way_told(format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_child(*arguments: object, **more: object) -> ParserSandbox:
        raise AssertionError("no child is needed to say that the extra is missing")

    monkeypatch.setattr(reading_module, "ParserSandbox", no_child)
    name, content, word = SAMPLES[format]
    with pytest.raises(UnsupportedVariant) as caught:
        read(content, name)
    refused(caught, word)
    assert next(f for f in formats() if f.name == format).title in str(caught.value)


@pytest.mark.usefixtures("absent")
@pytest.mark.parametrize("format", sorted(FOLDERS))
def test_without_the_extra_a_folder_is_named_and_another_way_told(format: str, tmp_path: Path) -> None:
    name, files, word = FOLDERS[format]
    sources: tuple[Path | bytes, ...] = (
        written(tmp_path, name, files),
        zipped({f"{name}/{n}": c for n, c in files.items()}),
    )
    for source in sources:
        with pytest.raises(UnsupportedVariant) as caught:
            read(source)
        refused(caught, word)


@pytest.mark.parametrize("found", [ImportError, ValueError])
def test_an_extra_that_is_half_there_counts_as_missing(found: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def find_spec(name: str) -> None:
        raise found(name)

    monkeypatch.setattr("importlib.util.find_spec", find_spec)
    assert not next(f.extra for f in formats() if f.extra is not None).installed


# --- with it ------------------------------------------------------------------------------------------------------


@needs_vendor
def test_compiled_readers_never_enter_this_process() -> None:
    kept = {n: sys.modules.pop(n) for n in [*sys.modules] if n.partition(".")[0] == "openreadout"}
    try:
        assert read(perkin_elmer_sp(), "a.sp")[0].n_points == 60
        assert not [n for n in sys.modules if n.partition(".")[0] == "openreadout"]
    finally:
        sys.modules.update(kept)


@needs_vendor
@pytest.mark.parametrize(
    ("unit", "y", "expected", "remarks"),
    [("A", Y, "absorbance", {"implausible_absorbance"}), ("%T", Y, "transmittance (%)", set())],
)
def test_the_ordinate_is_what_the_file_says(
    sandbox: ParserSandbox, unit: str, y: tuple[float, ...], expected: str, remarks: set[str]
) -> None:
    (reading,) = sandbox.read(perkin_elmer_sp(y, unit=unit), "a.sp")
    assert reading.y_unit == expected
    assert codes(reading) - {"all_zero"} <= remarks | {"implausible_absorbance"}


@needs_vendor
def test_a_series_keeps_the_place_of_each_spectrum(sandbox: ParserSandbox) -> None:
    readings = sandbox.read(renishaw_wdf((Y, Y[::-1], Y)), "a.wdf")
    assert [r.meta["z"] for r in readings] == [0, 1, 2]
    assert [r.title.rpartition(" (")[2] for r in readings] == ["1 of 3)", "2 of 3)", "3 of 3)"]
    np.testing.assert_allclose(readings[1].y, Y[::-1], rtol=1e-6)
    assert {(r.kind, r.x_unit, r.x[0]) for r in readings} == {(ReadingKind.RAMAN, "cm-1", 1800.0)}


@needs_vendor
@pytest.mark.parametrize("format", ["thermo-raw", "shimadzu", "mzmlb", "omnic-srs"])
def test_an_empty_shell_of_a_format_is_refused_in_words(sandbox: ParserSandbox, format: str) -> None:
    name, content, word = SAMPLES[format]
    with pytest.raises(CorruptFile) as caught:
        sandbox.read(content, name)
    title = next(f for f in formats() if f.name == format).title
    assert str(caught.value).startswith(f"This is {title}, but it is damaged or incomplete: ")
    assert "hint" not in str(caught.value)
    assert name not in str(caught.value)
    assert word in caught.value.hint
    assert "Copy it again" in caught.value.hint


@needs_vendor
def test_a_count_that_lies_is_no_reading(sandbox: ParserSandbox) -> None:
    for points in (-1, 61, 2**31 - 1):
        with pytest.raises(CorruptFile) as caught:
            sandbox.read(perkin_elmer_sp(points=points), "a.sp")
        assert caught.value.code == "short_data"
    assert "x_interval" in codes(sandbox.read(perkin_elmer_sp(points=59), "a.sp")[0])


@needs_vendor
@pytest.mark.parametrize(
    "content", [perkin_elmer_sp(), renishaw_wdf((Y, Y)), chemstation_ch()], ids=["sp", "wdf", "ch"]
)
def test_every_cut_is_refused_or_warned_of(sandbox: ParserSandbox, content: bytes) -> None:
    kept = len(sandbox.read(content, "a"))
    for number in range(1, 20):
        part, readings, code = content[: len(content) * number // 20], [], ""
        try:
            readings = sandbox.read(part, "a")
        except InstrumentError as error:
            code = error.code
        assert code not in ("reader_failed", "reader_crashed"), number
        assert code or len(readings) < kept or any(r.warnings for r in readings), number


# --- in the open: the same code as in the child -------------------------------------------------------------------


@needs_vendor
@needs_data
@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize("row", [pytest.param(r, id=r.file) for r in manifest() if r.format in VENDOR])
def test_what_the_child_does_with_a_real_file_raises_nothing_unforeseen(row: Any) -> None:
    readings = read(row.path)
    for reading in readings:
        assert reading.meta["assurance"] in ("low", "medium", "high")
        assert np.isfinite(reading.x).all()
    assert not any("reader_failed" in codes(r) for r in readings)


@needs_vendor
@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize(("name", "content"), [(n, c) for n, c, _ in SAMPLES.values()], ids=list(SAMPLES))
def test_bounds_are_kept_before_anything_is_read(name: str, content: bytes) -> None:
    with pytest.raises(InstrumentError) as caught:
        read(content, name, limits=Limits(points=10, total_points=10))
    assert caught.value.code not in ("reader_failed", "memory_limit")
    with pytest.raises(InstrumentError) as caught:
        read(content, name, limits=Limits(spectra=0))
    assert caught.value.code not in ("reader_failed", "memory_limit")


# --- the parts, with a stand-in for the library -------------------------------------------------------------------


KIND = vendor_open.Kind("a made file", "made", (".x", ".y"), "Export it.", profile=True)


def spectra_of(library: Library, limits: Limits | None = None) -> list[Reading]:
    return list(vendor_runs.runs(opened(library), KIND, limits or Limits()))


def traces_of(library: Library, hints: Hints | None = None, limits: Limits | None = None) -> list[Reading]:
    return list(vendor_traces.traces(opened(library), hints or Hints(), limits or Limits()))


def trace(**more: Any) -> dict[str, Any]:
    return {"index": 0, "name": "s", "sample_count": 3, "channels": [{"name": "y", "unit": "mV"}], "extra": {}} | more


def scan(**more: Any) -> dict[str, Any]:
    return {"mz": [50.0, 60.0], "intensity": [1.0, 2.0], "rt_s": 1.0, "ms_level": 1, "total_ion_current": 3.0} | more


def test_a_run_keeps_what_each_scan_says() -> None:
    library = Library(
        spectra=[{"index": 0, "scan_count": 2, "name": "run", "extra": {"ion_sources": ["esi"], "signal": "MS1", "other": 1},
                  "instrument": {"model": "QQQ"}}],
        experiment={"instrument": {"vendor": "V", "software": "S", "software_version": "2"}, "sample": {"id": "7"}},
    )  # fmt: skip
    library.scans = [
        scan(centroided=False, polarity="negative"),
        scan(rt_s=2.0, ms_level=2, precursor_mz=90.0, polarity="?"),
    ]
    (run,) = spectra_of(library)
    assert (run.instrument, run.title, run.meta["signal"], run.meta["software"], run.meta["sample"]) == (
        "QQQ",
        "run",
        "MS1",
        "S 2",
        "7",
    )
    assert [s.precursor_mz for s in run.scans] == [None, 90.0]
    assert {s.ionisation for s in run.scans} == {"ESI"}
    assert "profile" in codes(run)
    assert "other" not in run.meta


def test_a_run_without_peaks_shows_the_stored_total_and_says_so() -> None:
    library = Library(spectra=[{"index": 0, "scan_count": 2}])
    library.scans = [scan(mz=[], intensity=[], rt_s=t, total_ion_current=t * 10) for t in (1.0, 2.0)]
    (run,) = spectra_of(library)
    assert run.y.tolist() == [10, 20]
    assert "no_peaks_read" in codes(run)
    library.scans = [scan(mz=[], intensity=[], rt_s=t, total_ion_current=None) for t in (1.0, 2.0)]
    assert "no_peaks_read" not in codes(spectra_of(library)[0])


def test_more_spectra_than_allowed_are_refused_before_reading() -> None:
    with pytest.raises(TooLarge):
        spectra_of(Library(spectra=[{"index": 0, "scan_count": 11}]), Limits(spectra=10))
    many = Library(traces=[trace(sweep_count=11)])
    with pytest.raises(TooLarge):
        traces_of(many, limits=Limits(spectra=10))
    with pytest.raises(TooLarge):
        traces_of(Library(traces=[trace(sample_count=10**9)]))
    wide = Library(
        tables=[
            {"index": 0, "row_count": 10**8, "columns": [{"name": "rt_min"}, {"name": "a"}], "extra": {"function": 1}}
        ]
    )
    with pytest.raises(TooLarge):
        list(vendor_tables.tables(opened(wide), Hints(), Limits()))


@pytest.mark.parametrize(
    ("more", "first", "last", "unit"),
    [
        ({"sample_rate_hz": 2.0, "start_s": 10.0}, 10.0, 11.0, "s"),
        ({"extra": {"axis": {"quantity": "time", "first": 1.0, "step": 0.5, "unit": "min"}}}, 1.0, 2.0, "min"),
        ({}, 0.0, 2.0, "point"),
    ],
)
def test_times_of_a_signal_come_from_what_the_file_says(
    more: dict[str, Any], first: float, last: float, unit: str
) -> None:
    library = Library(traces=[trace(**more)])
    library.arrays[0] = [[5.0, 6.0, 7.0]]
    (reading,) = traces_of(library)
    assert (reading.x[0], reading.x[-1], reading.x_unit, reading.y_unit) == (first, last, unit, "mV")


def test_several_channels_are_several_signals_and_an_empty_one_is_none() -> None:
    library = Library(
        traces=[
            trace(sample_count=0),
            trace(channels=[{"name": "time"}, {"name": "a", "unit": "AU"}, {"name": "b", "unit": ""}]),
        ]
    )
    library.arrays[0] = [[-1.0, 30.0, 60.0], [1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    first, second = traces_of(library)
    assert (first.title, first.y_unit, first.x.tolist()) == ("s a", "absorbance", [-1, 30, 60])
    assert (second.title, second.y_unit) == ("s b", "")
    assert "y_unit_unknown" in codes(second) - codes(first)


@pytest.mark.parametrize("timed", [True, False])
def test_a_diode_array_gives_the_sum_and_the_highest_spectrum(timed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vendor_traces, "CHUNK_VALUES", 5)  # several pieces
    channels = [{"name": f"{w}", "unit": "counts", "extra": {"wavelength_nm": w}} for w in (210.0, 220.0)]
    library = Library(
        traces=[trace(name="PDA", channels=[{"name": "time"}, *channels] if timed else channels, sample_rate_hz=1.0)]
    )
    field = [[1.0, 9.0, 3.0], [2.0, np.nan, 4.0]]
    library.arrays[0] = [[0.0, 60.0, 120.0], *field] if timed else field
    summed, highest = traces_of(library)
    assert (summed.y.tolist(), summed.y_unit) == ([3, 9, 7], "summed counts")
    assert (highest.x.tolist(), highest.y.tolist(), highest.x_unit) == (
        [210],
        [9],
        "nm",
    )  # the missing value is left out
    assert highest.meta["retention_time_s"] == (60.0 if timed else 1.0)
    assert (highest.kind, highest.meta["n_spectra"]) == (ReadingKind.UV, 3)


@pytest.mark.parametrize(
    ("extra", "raw", "kind", "x_unit", "y_unit"),
    [
        ({"axis": {"quantity": "wavelength", "first": 200.0, "last": 400.0, "unit": "nm"}, "y_quantity": "absorbance"}, "AU",
         ReadingKind.UV, "nm", "absorbance"),
        ({"axis": {"quantity": "wavenumber", "first": 400.0, "step": 2.0, "unit": "1/cm"}, "y_quantity": "transmittance"}, "%",
         ReadingKind.IR, "cm-1", "transmittance (%)"),
        ({"axis": {"quantity": "raman_shift", "first": 400.0, "step": 2.0, "unit": "1/cm"}}, "counts", ReadingKind.RAMAN, "cm-1", "counts"),
        ({"axis": {"quantity": "points", "first": 0.0, "step": 1.0}, "data_type": "interferogram"}, "V", ReadingKind.OTHER, "point", "V"),
        ({"axis": {"quantity": "wavenumber", "first": 400.0, "step": 2.0, "unit": "1/cm"}, "y_quantity": "kubelka_munk"}, "",
         ReadingKind.IR, "cm-1", "kubelka-munk"),
        ({"axis": {"quantity": "wavenumber", "first": 400.0, "step": 2.0, "unit": "1/cm"}, "y_quantity": "single_beam"}, "",
         ReadingKind.IR, "cm-1", "single beam"),
    ],
)  # fmt: skip
def test_what_a_spectrum_is_stands_in_its_header(
    extra: Any, raw: str, kind: ReadingKind, x_unit: str, y_unit: str
) -> None:
    library = Library(traces=[trace(extra=extra, channels=[{"name": "y", "unit": raw}])])
    library.arrays[0] = [[10.0, 20.0, 30.0]]
    (reading,) = traces_of(library)
    assert (reading.kind, reading.x_unit, reading.y_unit) == (kind, x_unit, y_unit)


def test_a_series_takes_its_places_from_the_table_and_leaves_out_what_was_never_measured() -> None:
    axis = {"quantity": "raman_shift", "unit": "1/cm", "irregular": True, "channel": 0}
    library = Library(
        traces=[trace(sweep_count=3, channels=[{"name": "x"}, {"name": "y", "unit": "counts"}], extra={"axis": axis})],
        tables=[{"index": 8, "columns": [], "extra": {"trace": 9}},
                {"index": 7, "columns": [{"name": "n"}, {"name": "z_um", "unit": "um"}, {"name": "t_s", "unit": "s"}], "extra": {"trace": 0}}],
    )  # fmt: skip
    good, blank = [[1.0, 2.0, 3.0], [5.0, 6.0, 7.0]], [[1.0, 2.0, 3.0], [np.nan] * 3]
    library.arrays[0], library.rows[7] = [good, blank, good], [[0, 1.5, 4], [1, 1.5, 5], [2, 1.5, 6]]
    first, last = traces_of(library)
    assert (first.meta["z"], first.meta["z_name"], first.meta["z_unit"]) == (4, "t", "s")
    assert last.meta["z"] == 6
    assert "unfinished_series" in codes(last) - codes(first)
    library.rows[7] = [[0, 1.5, 4]] * 3  # nothing moves: the first column with a unit stands
    assert traces_of(library)[0].meta["z_name"] == "z"
    library.info["tables"][1]["columns"] = [{"name": "n"}]
    assert traces_of(library)[0].meta["z_name"] == "number"


def test_columns_of_a_table_become_signals_unless_they_are_shown_already() -> None:
    table = {"index": 0, "name": "F", "row_count": 2, "columns": [{"name": "rt_min"}, {"name": "tic_stored", "unit": "counts"},
             {"name": "m/z 100", "unit": "counts"}], "extra": {"function": 1}}  # fmt: skip
    library = Library(tables=[table, {**table, "extra": {}}, {**table, "index": 1, "extra": {"function": 2}},
                              {**table, "index": 2, "extra": {"function": 3}}],
                      spectra=[{"extra": {"functions": [{"function": 2}]}}])  # fmt: skip
    library.rows = {0: [[1.0, 9.0, 5.0], [2.0, 9.0, 6.0]], 2: np.empty((0, 3))}
    (reading,) = vendor_tables.tables(opened(library), Hints(), Limits())
    assert (reading.title, reading.y.tolist(), reading.x_unit, reading.y_unit) == ("F m/z 100", [5, 6], "min", "counts")
    table["columns"] = table["columns"][:2]  # type: ignore[index]
    library.rows[0] = [[1.0, 9.0], [2.0, 9.0]]
    (reading,) = vendor_tables.tables(opened(library), Hints(kind="other", x_unit="s", y_unit="V"), Limits())
    assert (reading.kind, reading.x_unit, reading.y_unit, reading.y.tolist()) == (ReadingKind.OTHER, "s", "V", [9, 9])


def test_the_check_of_the_library_is_told_once_per_code_and_an_error_refuses() -> None:
    def report(*findings: tuple[str, str]) -> dict[str, Any]:
        return {
            "findings": [
                {"code": c, "severity": s, "message": f"{c} in /tmp/place/file.x", "offset": 7} for c, s in findings
            ]
        }

    said = list(
        vendor_open.findings(report(("a", "warning"), ("a", "warning"), ("b", "info"), ("no_terminator", "info")), KIND)
    )
    assert [(r.code, r.level.value) for r in said] == [("a", "warning"), ("b", "info"), ("no_terminator", "warning")]
    assert said[0].text == "The check of this file says: a in file.x."
    assert (
        len(list(vendor_open.findings(report(*((f"c{i}", "info") for i in range(30))), KIND))) == vendor_open.FINDINGS
    )
    with pytest.raises(CorruptFile) as caught:
        list(vendor_open.findings(report(("a", "warning"), ("bad", "error")), KIND))
    assert (caught.value.code, caught.value.byte) == ("bad", 7)
    assert "export it." in caught.value.hint


@pytest.mark.parametrize(
    ("code", "kind", "starts"),
    [("unsupported_feature", UnsupportedVariant, "This is a made file of a kind"), ("corrupt_file", CorruptFile, "This is a made file, but it is damaged"),
     ("unknown_format", CorruptFile, "This is a made file, but it is damaged")],
)  # fmt: skip
def test_errors_of_the_library_become_ours(code: str, kind: type[InstrumentError], starts: str) -> None:
    class Problem(Exception):
        def __init__(self) -> None:
            super().__init__("made: corrupt file: bad block in /tmp/mast-x/file.y (hint: run openreadout check)")
            self.code = code

    error = vendor_open.translated(Problem(), KIND)
    assert type(error) is kind
    assert str(error).startswith(starts)
    assert "hint" not in str(error)
    assert "/tmp" not in str(error)


def test_mass_spectra_that_cannot_be_read_are_a_warning_beside_signals_and_an_error_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Undecoded(NotImplementedError):
        code = "unsupported_feature"

    def no_runs(*arguments: Any) -> Iterator[Reading]:
        raise Undecoded("unsupported: packed scans")
        yield

    monkeypatch.setattr(vendor, "runs", no_runs)
    library = Library(traces=[trace(sample_rate_hz=1.0)])
    library.arrays[0] = [[1.0, 2.0, 3.0]]
    (reading,) = vendor._readings(opened(library), KIND, Hints(), Limits())
    assert "spectra_not_read" in codes(reading)
    with pytest.raises(UnsupportedVariant):
        list(vendor._readings(opened(Library()), KIND, Hints(), Limits()))


def test_a_file_with_nothing_in_it_is_refused_with_what_was_said_of_it() -> None:
    with pytest.raises(CorruptFile) as caught:
        list(vendor._readings(opened(Library()), KIND, Hints(), Limits()))
    assert caught.value.code == "no_reading"
    spoken = vendor_open.Opened(Library(), {}, (vendor_open.info("x", "Only a log is in it."),), "made 1")  # type: ignore[arg-type]
    with pytest.raises(UnsupportedVariant) as refused_:
        list(vendor._readings(spoken, KIND, Hints(), Limits()))
    assert "Only a log is in it." in str(refused_.value)


def test_a_file_of_another_format_than_announced_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Handle:
        format = "another"

        def __enter__(self) -> Handle:
            return self

        def __exit__(self, *arguments: object) -> None:
            return

    monkeypatch.setitem(
        sys.modules,
        "openreadout",
        SimpleNamespace(__version__="1", OpenReadoutError=KeyError, File=lambda *a, **k: Handle()),
    )
    source = reading_module.open_source(b"x" * 20, "a.x", Limits())
    with pytest.raises(CorruptFile) as caught, vendor_open.opened(source, KIND):
        pass
    assert caught.value.code == "another_format"


# --- recognising ----------------------------------------------------------------------------------------------------


def probe(content: bytes, name: str = "") -> Probe:
    return Probe(content[:65536], content[-65536:], len(content), name, lambda at, n: content[at : at + n])


@needs_vendor
@needs_data
@pytest.mark.usefixtures("inside")
def test_formats_that_nobody_proved_say_medium() -> None:
    for row in manifest():
        if row.format in ("thermo_raw", "perkinelmer_sp", "shimadzu_lcd_gcd"):
            assert {r.meta["assurance"] for r in read(row.path)} == {"medium"}

"""What a vendor's own file declares against what it holds, where the library does not look."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from instruments import CorruptFile, Hints, Limits, ParserSandbox
from instruments import reading as reading_module
from instruments.readers import vendor_notes, vendor_traces
from instruments.readers.lost_values import zeroed
from instruments.validate import warning
from tests.instruments.real_facts import HAS_VENDOR
from tests.instruments.vendor_files import Library, ole, opened, written

needs_vendor = pytest.mark.skipif(not HAS_VENDOR, reason="the extra mast-lims[vendor] is not installed")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[ParserSandbox]:
    with ParserSandbox(preload=False) as made:
        yield made


def mass_records(count: int) -> tuple[bytes, str, str]:
    """The places of index and first scan in words, scans of ten bytes, the index."""
    places = struct.pack(">II", (398 + 10 * count + 2) // 2, 200)
    return bytes(260) + places + bytes(130) + (b"\0\5" + bytes(8)) * count + bytes(12 * count), "spectra", "scan_count"


def diode_records(count: int) -> tuple[bytes, str, str]:
    """The place of the first spectrum in sectors, spectra of ten bytes, an index."""
    content = bytes(264) + struct.pack(">I", 2) + bytes(244) + (b"C\0\x0a\0" + bytes(6)) * count + b"D\0" + bytes(50)
    return content, "traces", "sample_count"


@pytest.mark.parametrize("made", [mass_records, diode_records])
@pytest.mark.parametrize("folder", [False, True])
def test_spectra_behind_those_that_are_counted_are_noticed(made: Any, folder: bool, tmp_path: Path) -> None:
    content, part, number = made(5)
    encoding = "mass_spectrum_records" if made is mass_records else "spectrum_records"
    source = reading_module._open(
        written(tmp_path, "run.D", {"DATA.MS": content}) if folder else content, None, Limits()
    )
    for counted, expected in ((5, []), (4, ["spectra_uncounted"]), (0, ["spectra_uncounted"])):
        about = {number: counted, "extra": {"encoding": encoding, "file": "DATA.MS"}}
        found = vendor_notes.chemstation(source, opened(Library(**{part: [about]})))
        assert [r.code for r in found] == expected
        assert all(f"DATA.MS says that it holds {counted} spectra" in r.text for r in found)


def test_an_index_that_was_cut_off_is_noticed() -> None:
    about = {"scan_count": 5, "extra": {"encoding": "mass_spectrum_records", "file": "DATA.MS"}}
    content = mass_records(5)[0]
    for end, expected in ((None, []), (-1, ["cut_short"])):
        source = reading_module.open_source(content[:end], "DATA.MS", Limits())
        assert [r.code for r in vendor_notes.chemstation(source, opened(Library(spectra=[about])))] == expected
    source = reading_module.open_source(bytes(300), "DATA.MS", Limits())  # no index is named
    assert vendor_notes.chemstation(source, opened(Library(spectra=[about]))) == ()
    assert vendor_notes.chemstation(source, opened(Library(spectra=[{"scan_count": 5}]))) == ()


def deltas() -> bytes:
    """A head of one sector; two records, one with a whole value among its differences; two zeros."""
    records = b"\x10\3" + bytes(6) + b"\x10\2" + b"\x80\0" + bytes(4) + b"\x10\x10"
    return bytes(264) + struct.pack(">I", 2) + bytes(244) + records + bytes(2)


@pytest.mark.parametrize(("behind", "told"), [(b"", False), (b"\x10\1\0\0\0\0", True), (bytes(1), True)])
def test_bytes_behind_the_end_of_a_signal_are_a_warning(behind: bytes, told: bool) -> None:
    trace = {"sample_count": 5, "extra": {"encoding": "delta_records", "file": "a.ch"}}
    source = reading_module.open_source(deltas() + behind, "a.ch", Limits())
    found = vendor_notes.chemstation(source, opened(Library(traces=[trace])))
    assert [r.code for r in found] == ["trailing_data"] * told
    assert all(f"a.ch holds {len(behind)} byte" in r.text for r in found)


@pytest.mark.parametrize(
    ("sector", "announced", "expected"),
    [(9, 11, set()), (9, 12, {"time_range_mismatch", "count_mismatch"}), (13, 11, {"time_range_mismatch"})],
)
def test_a_longer_header_is_not_taken_for_values(sector: int, announced: int, expected: set[str]) -> None:
    extra = {
        "encoding": "float64",
        "file": "a.ch",
        "x_start_min": 1.0,
        "x_end_min": 2.0,
        "axis": {"quantity": "time", "first": 1.0, "unit": "min"},
    }
    about = {"index": 0, "sample_count": 256 + 11, "channels": [{"name": "y", "unit": "pA"}], "extra": extra}
    library = Library(traces=[about])
    library.arrays[0] = [[9e99] * 256 + list(range(11))]
    content = bytes(264) + struct.pack(">I", sector) + bytes(10) + struct.pack(">I", announced)
    source = reading_module.open_source(content, "a.ch", Limits())
    said = replace(opened(library), remarks=(warning("time_range_mismatch", "The times do not fit."),))
    mended = vendor_notes.without_header(source, said)
    assert {r.code for r in mended.remarks} == expected
    if sector == 9:
        (reading,) = vendor_traces.traces(mended, Hints(), Limits())
        assert reading.y.tolist() == list(range(11))
        np.testing.assert_allclose(reading.x, np.linspace(1, 2, 11))
    else:
        assert mended.info["traces"] == [about]


def test_functions_of_a_waters_run_that_nothing_describes_are_refused(tmp_path: Path) -> None:
    functions = {f"_FUNC00{i}.DAT": b"x" for i in (1, 2)}
    for number, rows in enumerate((None, 0, 1, 2, 3)):
        described = {} if rows is None else {"_FUNCTNS.INF": bytes(416 * rows)}
        source = reading_module._open(written(tmp_path, f"run{number}.raw", functions | described), None, Limits())
        if rows is not None and rows >= 2:
            assert vendor_notes.waters(source, opened(Library())) == ()
            continue
        with pytest.raises(CorruptFile, match="describes only 1" if rows else "_FUNCTNS.INF, .* is missing") as caught:
            vendor_notes.waters(source, opened(Library()))
        assert "holds 2 functions" in str(caught.value)


def test_a_shimadzu_file_that_ends_within_a_block_is_noticed() -> None:
    whole, cut = (reading_module.open_source(ole("GC Raw Data")[:end], "a.gcd", Limits()) for end in (None, -100))
    assert vendor_notes.shimadzu(whole, opened(Library())) == ()
    assert [r.code for r in vendor_notes.shimadzu(cut, opened(Library()))] == ["cut_short"]


def test_signals_of_a_shimadzu_file_that_gave_no_reading_are_named() -> None:
    names = ("LSS Raw Data", "Chromatogram Ch1", "Chromatogram Ch2", "StatusLog Ch1", "Chromatogram Status")
    content = bytearray(ole(*names))
    for name, size in (("Chromatogram Ch1", 900), ("Chromatogram Ch2", 900), ("Chromatogram Status", 64)):
        at = content.index(name.encode("utf-16-le") + bytes(2))
        content[at + 66] = 2  # a stream
        struct.pack_into("<I", content, at + 120, size)
    source = reading_module.open_source(bytes(content), "a.lcd", Limits())
    for read_, lost in ((["1"], ["chromatogram ch2"]), (["1", "2"], [])):
        traces = [{"extra": {"stream": f"LSS Raw Data/Chromatogram Ch{n}"}} for n in read_]
        found = vendor_notes.shimadzu(source, opened(Library(traces=traces)))
        assert [r.code for r in found] == ["signals_not_read"] * len(lost)
        assert all(name in r.text for r, name in zip(found, lost, strict=True))


NOISE = np.random.default_rng(7).normal(100.0, 1.0, 400)


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [(50, 66, True), (50, 65, False), (0, 40, False), (380, 400, False), (50, 350, True)],
)
def test_a_block_of_zeros_within_a_signal_is_a_lost_part(first: int, last: int, told: bool) -> None:
    y = NOISE.copy()
    y[first:last] = 0
    found = zeroed(y)
    assert bool(found) is told
    assert all(f"points {first + 1} to {last} are exactly zero" in r.text for r in found)


def test_zeros_below_a_threshold_are_no_lost_part() -> None:
    peak = np.clip(50 - np.abs(np.arange(400) - 200.0), 0, None)
    rows = NOISE.copy()
    rows[50:70] = rows[150:170] = rows[250:270] = 0
    gradient = np.repeat([95.0, 5.0, 0.0, 95.0], 100)  # a pump washes at the end
    for y in (np.append(peak, peak), rows, gradient, np.zeros(400), NOISE, NOISE[:0]):
        assert zeroed(y) == ()

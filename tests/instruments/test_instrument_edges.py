"""The rarer ways through the common parts: sources that are no files, limits on the whole, containers cut short."""

from __future__ import annotations

import dataclasses
import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from instruments import (
    DEFAULT_LIMITS,
    CorruptFile,
    Hints,
    InstrumentError,
    Limits,
    Probe,
    Source,
    TooLarge,
    formats,
    ole,
    read,
    reading,
    registry,
    sniff,
    wire,
)
from instruments.peaks import ScanNotes, to_scan
from spectra.types import Reading, ReadingKind, SpectrumError
from tests.instruments import vendor_files
from tests.instruments.instrument_files import SMALL, jcamp


@pytest.fixture
def registered() -> Iterator[dict[str, registry.Format]]:
    formats()
    before = dict(registry._formats)
    yield registry._formats
    registry._formats.clear()
    registry._formats.update(before)


def own(registered: dict[str, registry.Format], read_: Any, **changes: Any) -> None:
    """A reader of a laboratory for files that begin with OWN."""
    registry.reader("own", title="our own file", techniques={"IR"}, magic=b"OWN", extensions=("own",))(read_)
    registered["own"] = dataclasses.replace(registered["own"], **changes)


def refusal(source: Any, **more: Any) -> InstrumentError:
    with pytest.raises(InstrumentError) as caught:
        read(source, **more)
    return caught.value


def spectrum(n: int = 5) -> Reading:
    return Reading(ReadingKind.IR, np.arange(float(n)), np.ones(n), "cm-1", "absorbance")


# --- sources ----------------------------------------------------------------------------------------------------


def test_a_file_open_for_reading_text_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(TypeError, match="binary"):
        read(io.StringIO("x"))  # type: ignore[arg-type]


def test_more_bytes_than_may_be_uploaded_are_refused_before_they_are_read(tmp_path: Path) -> None:
    limits = dataclasses.replace(SMALL, upload_bytes=100)
    (tmp_path / "a.jdx").write_bytes(bytes(101))
    for source in (bytes(101), io.BytesIO(bytes(101)), tmp_path / "a.jdx"):
        assert refusal(source, limits=limits).code == "too_many_bytes"


def test_a_kind_of_file_may_have_a_smaller_limit_than_uploads() -> None:
    source = Source(io.BytesIO(bytes(20)), 20, "a", "")
    assert source.read_all(20) == bytes(20)
    with pytest.raises(TooLarge):
        source.read_all(19)


def test_no_memory_for_the_file_itself_is_said_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*given: object) -> Source:
        raise MemoryError

    monkeypatch.setattr(reading, "open_source", none_left)
    assert refusal(b"x").code == "memory_limit"


def test_a_probe_sees_nothing_before_the_beginning_and_reaches_beyond_its_head() -> None:
    content = bytes(range(200))
    probe = Probe(content[:50], b"", 200, "a", lambda start, length: content[start : start + length])
    assert (probe.at(-1, 4), probe.at(0, 0)) == (b"", b"")
    assert (probe.at(10, 4), probe.at(48, 4)) == (content[10:14], content[48:52])
    assert dataclasses.replace(probe, reach=None).at(48, 4) == content[48:50]


# --- what a reader may do -----------------------------------------------------------------------------------------


def test_numbers_that_make_no_spectrum_are_the_files_fault(registered: dict[str, registry.Format]) -> None:
    def fails(source: Source, hints: Hints, limits: Limits) -> Iterator[Reading]:
        raise SpectrumError("m/z goes backwards")
        yield

    own(registered, fails)
    assert refusal(b"OWN").code == "bad_spectrum"


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"spectra": 2}, "too_many_spectra"),
        ({"points": 4}, "too_many_points"),
        ({"total_points": 14}, "too_many_points"),
    ],
)
def test_limits_on_the_whole_stop_a_reader_that_keeps_none(
    registered: dict[str, registry.Format], limits: dict[str, int], code: str
) -> None:
    taken: list[int] = []

    def endless(source: Source, hints: Hints, limits: Limits) -> Iterator[Reading]:
        for number in range(1_000_000):
            taken.append(number)
            yield spectrum()

    own(registered, endless)
    assert refusal(b"OWN", limits=dataclasses.replace(DEFAULT_LIMITS, **limits)).code == code
    assert len(taken) <= 3


def test_nothing_to_choose_between_is_not_asked() -> None:
    """Two kinds that are only recognised: a person cannot decide what is read of neither."""
    assert refusal(vendor_files.ole("GCMS Raw Data"), name="a.xls").code
    assert next(c.format for c in sniff(vendor_files.ole("GCMS Raw Data"), name="a.qgd")) == "shimadzu-qgd"


def test_a_folder_is_not_forced_upon_a_reader_of_files(tmp_path: Path) -> None:
    folder = vendor_files.written(tmp_path, "run.D", vendor_files.chemstation_folder())
    assert refusal(folder, format="jcamp").code == "not_a_file"


# --- scans, descriptions, the way through the sandbox ----------------------------------------------------------------


def test_a_scan_of_unequal_arrays_is_refused() -> None:
    with pytest.raises(CorruptFile) as caught:
        to_scan(np.arange(3.0), np.arange(2.0), ScanNotes(), where="Scan 7")
    assert caught.value.code == "array_length"
    assert str(caught.value).startswith("Scan 7")


def test_an_answer_that_becomes_shorter_while_it_is_read_is_broken(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with path.open("wb") as stream:
        wire.write(stream, read(jcamp([1, 2, 3]).encode()))
    with path.open("r+b") as stream:
        cursor = wire._Cursor(stream, 10**6)
        stream.seek(0)
        with pytest.raises(ValueError, match="shorter"):
            cursor.take(10**5)


# --- compound documents -------------------------------------------------------------------------------------------


def probe_of(content: bytes) -> Probe:
    return Probe(content[:512], b"", len(content), "a", lambda start, length: content[start : start + length])


def test_a_compound_document_beyond_the_tables_of_its_header_ends_there() -> None:
    content = vendor_files.ole("GC Raw Data") + bytes(109 * 128 * 512 + 4096)
    moved = bytearray(content)
    struct.pack_into("<I", moved, 48, 109 * 128)
    assert ole.names(probe_of(bytes(moved))) == frozenset()

"""What lies between a file and its reader: the source, the probe, containers looked into, the common bounds."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from instruments import (
    DEFAULT_LIMITS,
    CorruptFile,
    Guess,
    Hints,
    InstrumentError,
    Limits,
    Probe,
    Source,
    TooLarge,
    formats,
    ole,
    read,
    reader,
    reading,
    registry,
    sniff,
    wire,
)
from instruments.peaks import ScanNotes, to_scan
from instruments.source import open_source
from spectra.types import Reading, ReadingKind
from tests.instruments import andi_files, omnic_files, opus_files, spc_files, vendor_files
from tests.instruments.instrument_files import MASSBANK, MGF, MSP, codes, jcamp, mzml, mzxml, spectrum, table
from tests.instruments.real_facts import HAS_VENDOR

BINARY = {
    "spc": spc_files.single([1.0, 2.0, 3.0]), "opus": opus_files.whole(), "spa": omnic_files.spa(),
    "andi-ms": andi_files.andi_ms(), "andi-chrom": andi_files.andi_chrom(), "perkin-elmer-sp": vendor_files.perkin_elmer_sp(),
}  # fmt: skip
TEXT = {
    "jcamp": jcamp([1, 2, 3]).encode(), "msp": MSP.encode(), "mgf": MGF.encode(), "massbank": MASSBANK.encode(),
    "mzml": mzml(spectrum(0, [50, 60], [1, 2])), "mzxml": mzxml((1.0, [50], [2])), "text": table().encode(),
}  # fmt: skip


def test_importing_the_package_loads_numpy_and_nothing_else_of_others() -> None:
    code = "import sys; import instruments; print([m for m in sys.modules if '.' not in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    heavy = {
        "scipy",
        "lxml",
        "pyteomics",
        "pynumpress",
        "openreadout",
        "fastapi",
        "sqlmodel",
        "pydantic",
        "click",
    }
    assert not heavy & set(json.loads(done.stdout.replace("'", '"')))


# --- the content decides ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", sorted(BINARY))
@pytest.mark.parametrize("name", ["a.csv", "a.mzML", "a.xlsx", "a.txt", ""])
def test_binary_that_pretends_to_be_text_is_read_for_what_it_is(format: str, name: str) -> None:
    if format == "perkin-elmer-sp" and not HAS_VENDOR:
        pytest.skip("the extra mast-lims[vendor] is not installed")
    readings = read(BINARY[format], name)
    assert {r.format for r in readings} == {format}
    assert ("extension_mismatch" in codes(readings[0])) == (name not in ("", "a.txt"))


@pytest.mark.parametrize("format", sorted(TEXT))
@pytest.mark.parametrize("name", ["a.spc", "a.0", "a.spa", "a.cdf", "a.raw", "a.wdf", "a.D", "a.lcd"])
def test_text_that_pretends_to_be_binary_is_read_for_what_it_is(format: str, name: str) -> None:
    readings = read(TEXT[format], name)
    assert {r.format for r in readings} == {format}
    assert "extension_mismatch" in codes(readings[0])


# --- the registry -------------------------------------------------------------------------------------------------


@pytest.fixture
def own_format(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Registers a reader for one test."""
    formats()
    monkeypatch.setattr(registry, "_formats", dict(registry._formats))

    def register(name: str, make: Any, certainty: int = 95) -> None:
        def looks(probe: Probe) -> Guess | None:
            return Guess(certainty, "test") if probe.head.startswith(b"OWN") else None

        @reader(name, title=f"a file of {name}", techniques={"UV"}, magic=looks, extensions=(f"{name}x",))
        def read_own(source: Source, hints: Hints, limits: Limits) -> Iterator[Reading]:
            yield from make()

    return register


def many(count: int, points: int = 2) -> Any:
    def make() -> Iterator[Reading]:
        x = np.linspace(250.0, 260.0, points)
        for _ in range(count):
            yield Reading(ReadingKind.UV, x, x, "nm", "absorbance")

    return make


@pytest.mark.parametrize(
    ("make", "limits", "code"),
    [
        (many(0), {}, "no_reading"),
        (many(4), {"spectra": 3}, "too_many_spectra"),
        (many(4, 10), {"total_points": 35}, "too_many_points"),
        (many(1, 10), {"points": 9}, "too_many_points"),
    ],
)
def test_bounds_hold_for_every_reader(own_format: Any, make: Any, limits: dict[str, int], code: str) -> None:
    own_format("own", make)
    with pytest.raises(InstrumentError) as caught:
        read(b"OWN", limits=Limits(**limits))
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("problem", "kind", "code"),
    [(MemoryError(), TooLarge, "memory_limit"), (OverflowError(), CorruptFile, "reader_failed"), (ZeroDivisionError(), CorruptFile, "reader_failed"),
     (KeyError("x"), CorruptFile, "reader_failed"), (CorruptFile("x", code="own"), CorruptFile, "own")],
)  # fmt: skip
def test_what_a_reader_raises_comes_out_as_ours(
    own_format: Any, problem: Exception, kind: type[InstrumentError], code: str
) -> None:
    def make() -> Iterator[Reading]:
        raise problem
        yield

    own_format("own", make)
    with pytest.raises(kind) as caught:
        read(b"OWN")
    assert caught.value.code == code


def test_numbers_that_no_reading_can_hold_are_damage(own_format: Any) -> None:
    def make() -> Iterator[Reading]:
        yield Reading(ReadingKind.UV, [1.0, 2.0], [1.0], "nm", "absorbance")

    own_format("own", make)
    with pytest.raises(CorruptFile) as caught:
        read(b"OWN")
    assert caught.value.code == "bad_spectrum"


@pytest.mark.parametrize("place", ["open_source", "unpack"])
@pytest.mark.parametrize("problem", [MemoryError(), OverflowError()])
def test_memory_that_runs_out_before_a_reader_is_said_so(
    place: str, problem: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    if place == "open_source" and isinstance(problem, OverflowError):
        return

    def fails(*arguments: object) -> Source:
        raise problem

    monkeypatch.setattr(reading, place, fails)
    with pytest.raises(TooLarge) as caught:
        read(b"anything")
    assert caught.value.code == "memory_limit"


# --- source and probe -----------------------------------------------------------------------------------------------


def test_a_source_is_bounded_and_hands_out_overlapping_pieces(tmp_path: Path) -> None:
    content = bytes(range(256)) * 8192  # 2 MiB
    path = tmp_path / "sub.dir"
    path.mkdir()
    (path / "a.SPC").write_bytes(content)
    source = open_source(path / "a.SPC", None, DEFAULT_LIMITS)
    assert (source.size, source.extension, source.stem, source.path) == (len(content), "spc", "a", path / "a.SPC")
    pieces = list(source.chunks(overlap=10))
    assert pieces[1][:10] == pieces[0][-10:]
    assert len(pieces[0]) + len(pieces[1]) - 10 == len(content)
    assert b"".join(source.chunks()) == content
    with pytest.raises(TooLarge):
        source.read_all(100)
    assert source.read_all(len(content)) == content
    assert source.probe.at(70_000, 3) == content[70_000:70_003]
    assert source.probe.at(-1, 3) == source.probe.at(3, 0) == b""
    assert Probe(b"head", b"tail", 9000, "a").at(100, 4) == b""
    source.close()
    for given in (content, io.BytesIO(content)):
        with pytest.raises(TooLarge):
            open_source(given, "a", Limits(upload_bytes=1000))


@pytest.mark.parametrize(
    ("given", "kept", "extension"),
    [("C:\\data\\run 1.SPC", "run 1.SPC", "spc"), ("../../etc/passwd", "passwd", ""), ("a\x00b\n.csv", "ab.csv", "csv"), ("x.0012", "x.0012", "0"),
     ("x.12345", "x.12345", "12345"), ("", "", ""), ("n" * 400 + ".csv", "n" * 255, "")],
)  # fmt: skip
def test_of_a_name_only_the_last_part_is_kept(given: str, kept: str, extension: str) -> None:
    source = open_source(b"x", given, DEFAULT_LIMITS)
    assert (source.name, source.extension) == (kept, extension)


# --- compound documents -----------------------------------------------------------------------------------------------


def seen(content: bytes) -> frozenset[str]:
    return ole.names(Probe(content[:65536], b"", len(content), "", lambda at, n: content[at : at + n]))


def test_names_in_a_compound_document_are_found() -> None:
    assert seen(vendor_files.ole("GC Raw Data", *"abcdefg")) == {"gc raw data", *"abcdefg"}  # two sectors of directory
    whole = vendor_files.ole("GC Raw Data")
    assert not ole.is_cut(Probe(whole, b"", len(whole), ""))
    assert ole.is_cut(Probe(whole, b"", len(whole) - 1, ""))
    assert seen(whole[:500]) == frozenset()


def test_a_compound_document_beyond_the_tables_of_its_header_ends_there() -> None:
    moved = bytearray(vendor_files.ole("GC Raw Data") + bytes(109 * 128 * 512 + 4096))
    moved[48:52] = (109 * 128).to_bytes(4, "little")
    assert seen(bytes(moved)) == frozenset()


def test_nothing_to_choose_between_is_not_asked() -> None:
    """Two kinds that are only recognised: a person cannot decide what is read of neither."""
    with pytest.raises(InstrumentError):
        read(vendor_files.ole("GCMS Raw Data"), name="a.xls")
    assert next(c.format for c in sniff(vendor_files.ole("GCMS Raw Data"), name="a.qgd")) == "shimadzu-qgd"


def test_a_directory_behind_the_first_tables_is_left_alone() -> None:
    content = bytearray(vendor_files.ole("GC Raw Data", sectors=16_000))
    content[48:52] = (15_000).to_bytes(4, "little")  # its row would stand in a table that the header does not list
    assert seen(bytes(content)) == frozenset()


def test_a_scan_of_unequal_arrays_is_refused() -> None:
    with pytest.raises(CorruptFile, match=r"^Scan 7") as caught:
        to_scan(np.arange(3.0), np.arange(2.0), ScanNotes(), where="Scan 7")
    assert caught.value.code == "array_length"


# --- description and transport ------------------------------------------------------------------------------------------


def test_a_file_that_shrinks_while_it_is_taken_is_refused() -> None:
    cursor = wire._Cursor(io.BytesIO(bytes(8)), 2)
    with pytest.raises(ValueError, match="shorter"):
        cursor.take(2)

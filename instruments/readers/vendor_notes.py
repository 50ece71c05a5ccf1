"""What a vendor file declares against what it holds, where the library does not look: one function per format.

Imports spectra.types and siblings; the library's handle is passed in.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import BinaryIO

import numpy as np

from spectra.types import Remark

from .. import ole
from ..errors import CorruptFile
from ..folder import Folder
from ..source import Source
from ..validate import count_remark, counted, warning
from .vendor_open import MS_EXPORT, OR_EXPORT, Opened
from .vendor_sniff import SIGNALS

INDEX_AT, FIRST_AT, INDEX_ENTRY, SECTOR = 260, 264, 12, 512  # of ChemStation files
DIODE_RECORD, DELTA_RECORD, WHOLE_VALUE = b"C\0", b"\x10", b"\x80\0"
SHORT_OFFSET, VALUES_AT, HEADER_VALUES = 9, 278, 256
FUNCTION_BYTES = 416  # of one function in MassLynx's _FUNCTNS.INF
SIGNAL_STREAM = re.compile(r"(chromatogram|statuslog) ch\d+")  # of LabSolutions
OUTER_AT, MEMBERS_AT, ORDINATE_RANGE, DOUBLES = 46, 50, -29837, 29981  # of PerkinElmer
BLOCK, COUNTS_AT, COUNTS, ORIGINS_AT, FLOAT = struct.Struct("<4sIQ"), 60, struct.Struct("<IQ"), 92, 4  # of WiRE


def chemstation(source: Source, opened: Opened) -> tuple[Remark, ...]:
    """Signals of a folder that gave no reading, and spectra behind those that are counted."""
    return _unread_signals(source, opened) + _ends(source, opened)


def _unread_signals(source: Source, opened: Opened) -> tuple[Remark, ...]:
    """Signal files of a ChemStation folder that gave no reading, named in one warning."""
    if not isinstance(source, Folder):
        return ()
    parts = (*opened.info.get("traces", ()), *opened.info.get("spectra", ()))
    read = {str((p.get("extra") or {}).get("file", "")).lower() for p in parts}
    missing = [n for n in source.folder_probe.top(*SIGNALS) if n not in read]
    if not missing:
        return ()
    listed = ", ".join(missing[:5]) + (" and others" if len(missing) > 5 else "")
    return (warning("signals_not_read", f"This folder also holds {listed}, which cannot be read here."),)


def _ends(source: Source, opened: Opened) -> tuple[Remark, ...]:
    """Each file of a run against its end: the library reads as much as a header counts, or up to a mark."""
    found: list[Remark] = []
    for part in (*opened.info.get("spectra", ()), *opened.info.get("traces", ())):
        extra = part.get("extra") or {}
        check = ENDS.get(str(extra.get("encoding")))
        if check is None:
            continue
        count, name = int(part.get("scan_count") or part.get("sample_count") or 0), str(extra.get("file", ""))
        with _file(source, name) as file:
            found += check(file, count, name)
    return tuple(found)


def _file(source: Source, name: str) -> AbstractContextManager[BinaryIO]:
    """One file of a folder, or the only one: the library finds its own place again in that stream."""
    return (source.directory() / name).open("rb") if isinstance(source, Folder) else nullcontext(source.open())


def _mass_spectra(file: BinaryIO, count: int, name: str) -> Iterator[Remark]:
    """An index follows the last scan: a file that ends before it was cut, though all scans may be there."""
    file.seek(INDEX_AT)
    index, end = (2 * n - 2 for n in struct.unpack(">II", file.read(8)))
    if index <= 0:
        return
    if index + INDEX_ENTRY * count > file.seek(0, os.SEEK_END):
        yield warning("cut_short", f"The index at the end of {name} is missing; it may be cut short. Copy it again.")
    for _ in range(count):
        file.seek(end)
        end += 2 * int.from_bytes(file.read(2), "big")
    if end < index:
        yield uncounted(count, name)


def _diode_spectra(file: BinaryIO, count: int, name: str) -> Iterator[Remark]:
    """Every spectrum begins with a mark and its length; an index with another mark follows the last."""
    file.seek(FIRST_AT)
    end = SECTOR * (int.from_bytes(file.read(4), "big") - 1)
    for _ in range(count):
        file.seek(end + 2)
        end += int.from_bytes(file.read(2), "little")
    file.seek(end)
    if file.read(2) == DIODE_RECORD:
        yield uncounted(count, name)


def _deltas(file: BinaryIO, count: int, name: str) -> Iterator[Remark]:
    """Versions 30 and 130: records of up to 255 differences, some of them whole values, and two zeros at the end."""
    file.seek(FIRST_AT)
    file.seek(SECTOR * (int.from_bytes(file.read(4), "big") - 1))
    content, at = file.read(), 0
    while content[at : at + 1] == DELTA_RECORD:
        left, at = content[at + 1], at + 2
        for _ in range(left):
            at += 6 if content[at : at + 2] == WHOLE_VALUE else 2
    if (rest := len(content) - at - 2) > 0:
        text = f"Behind the mark at the end of its signal {name} holds {counted(rest, 'byte', 'bytes')} that were not read."
        yield warning("trailing_data", text)


def without_header(source: Source, opened: Opened) -> Opened:
    """Where version 179 names sector 9 its header is one block longer than the library knows, which takes it for values.

    Such a file, of MassHunter or OpenLab for GC, also counts its values; that count is held against them.
    """
    traces, remarks = [dict(t) for t in opened.info.get("traces", ())], list(opened.remarks)
    for trace in (t for t in traces if (t.get("extra") or {}).get("encoding") == "float64"):
        extra = trace["extra"]
        with _file(source, str(extra.get("file", ""))) as file:
            file.seek(FIRST_AT)
            first = int.from_bytes(file.read(4), "big")
            file.seek(VALUES_AT)
            announced = int.from_bytes(file.read(4), "big")
        held = int(trace["sample_count"]) - HEADER_VALUES
        if first != SHORT_OFFSET or held < 2:
            continue
        run = float(extra["x_end_min"]) - float(extra["x_start_min"])
        axis = dict(extra["axis"], step=run / (held - 1))
        trace.update(skipped=HEADER_VALUES, sample_count=held, extra=dict(extra, axis=axis))
        if remark := count_remark(announced, held, f"values of {extra['file']}"):
            remarks.append(remark)
        elif len(traces) == 1:  # what the library said of the times was of the header too
            remarks = [r for r in remarks if r.code != "time_range_mismatch"]
    return replace(opened, info=opened.info | {"traces": traces}, remarks=tuple(remarks))


def uncounted(count: int, name: str) -> Remark:
    """A warning of spectra behind those that a file counts."""
    held = counted(count, "spectrum", "spectra")
    text = f"{name} says that it holds {held}, but more follow the last of these and were not read."
    return warning("spectra_uncounted", text)


ENDS: dict[str, Callable[[BinaryIO, int, str], Iterator[Remark]]] = {  # by what the library calls the encoding
    "mass_spectrum_records": _mass_spectra,
    "spectrum_records": _diode_spectra,
    "delta_records": _deltas,
}


def waters(source: Source, opened: Opened) -> tuple[Remark, ...]:
    """Without its row in _FUNCTNS.INF a function of absorbance spectra would be taken for mass spectra: CorruptFile."""
    assert isinstance(source, Folder)
    sizes = {n.lower(): (source.directory() / n).stat().st_size for n in source.names if "/" not in n}
    held = max((int(n[5:8]) for n in sizes if re.fullmatch(r"_func\d{3}\.(idx|dat)", n)), default=0)
    listed = sizes.get("_functns.inf", 0) // FUNCTION_BYTES
    if held <= listed:
        return ()
    raise CorruptFile(
        f"This MassLynx run holds {counted(held, 'function', 'functions')}, but its file _FUNCTNS.INF, which tells mass "
        f"spectra from absorbance spectra, " + (f"describes only {listed}." if listed else "is missing."),
        code="functions_missing",
        hint=OR_EXPORT.format(export=MS_EXPORT[0].lower() + MS_EXPORT[1:]),
    )


def shimadzu(source: Source, opened: Opened) -> tuple[Remark, ...]:
    """A file that ends within a block, and signals in it that gave no reading."""
    found: tuple[Remark, ...] = ()
    if ole.is_cut(source.probe):
        found += (warning("cut_short", "The file ends in the middle of a block; it may be cut short. Copy it again."),)
    streams = (str((t.get("extra") or {}).get("stream", "")) for t in opened.info.get("traces", ()))
    read = {stream.lower().rpartition("/")[2] for stream in streams}
    lost = sorted(
        n for n, size in ole.streams(source.probe).items() if size and SIGNAL_STREAM.fullmatch(n) and n not in read
    )
    if lost and read:
        text = f"The file also holds the signals {', '.join(lost[:5])}, which could not be read; they may be damaged."
        found += (warning("signals_not_read", text),)
    return found


def perkin_elmer(source: Source, opened: Opened) -> tuple[Remark, ...]:
    """Bytes behind the block of the spectrum and those that follow it, and the stated range of the values against the values."""
    found: tuple[Remark, ...] = ()
    end = MEMBERS_AT + int.from_bytes(source.head[OUTER_AT:MEMBERS_AT], "little", signed=True)
    while MEMBERS_AT <= end < source.size and len(head := source.probe.at(end, 6)) == 6:
        size = int.from_bytes(head[2:], "little", signed=True)
        if size < 0 or end + 6 + size > source.size:
            break
        end += 6 + size
    rest = source.size - end
    if rest > 0:
        text = f"Behind its last value the file holds {counted(rest, 'byte', 'bytes')} that were not read."
        found += (warning("trailing_data", text),)
    stated = _member(source.head, ORDINATE_RANGE)
    if stated is None or len(opened.info["traces"]) != 1:
        return found
    values = opened.file.read_trace(0)[-1]
    low, high = float(values.min()), float(values.max())
    below = stated[0] == 0 < low  # where a plot begins at 0, that is no word on the values
    apart = max(0.0 if below else abs(stated[0] - low), abs(stated[1] - high))
    if apart > 0.01 * max(high - low, stated[1] - stated[0]):
        text = (
            f"The file says that its values lie between {stated[0]:.6g} and {stated[1]:.6g}, but they lie between {low:.6g} "
            f"and {high:.6g}: a part of them may be damaged."
        )
        found += (warning("y_range", text),)
    return found


def _member(head: bytes, wanted: int) -> tuple[float, float] | None:
    """Two numbers of a member of the block: members have a code, a size and a type."""
    at = MEMBERS_AT
    while at + 8 <= len(head):
        code, size, kind = struct.unpack_from("<hih", head, at)
        if code == wanted and kind == DOUBLES and size == 18 and at + 24 <= len(head):
            low, high = struct.unpack_from("<dd", head, at + 8)
            return (low, high) if np.isfinite([low, high]).all() else None
        at += 6 + max(0, size)
    return None


def renishaw(source: Source, opened: Opened) -> tuple[Remark, ...]:
    """More spectra than the header counts, and lists of places and times that it announces and that are gone."""
    found: tuple[Remark, ...] = ()
    points, spectra = COUNTS.unpack_from(source.head, COUNTS_AT)
    sizes: dict[bytes, int] = {}
    at, probe = 0, source.probe
    while at + BLOCK.size <= source.size:
        name, _, size = BLOCK.unpack(probe.at(at, BLOCK.size))
        sizes.setdefault(name, size)
        at += max(size, BLOCK.size)
    held = (sizes.get(b"DATA", 0) - BLOCK.size) // (FLOAT * max(1, points))
    if held > spectra:
        found += (uncounted(int(spectra), "The file"),)
    announced = int.from_bytes(source.head[ORIGINS_AT : ORIGINS_AT + 4], "little")
    if announced and b"ORGN" not in sizes:
        text = "The places and times that the file announces for its spectra are not in it; it may be cut short. Copy it again."
        found += (warning("cut_short", text),)
    return found

"""Readings as bytes and back, to cross the border of the sandbox: a JSON header and raw float64 numbers, no pickle.

Layout: 8 bytes magic, 8 bytes header length (little endian), the header as UTF-8 JSON, then all arrays one
after the other as little-endian float64. The reading side believes nothing: sizes must add up exactly.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from spectra.types import FloatArray, Level, MassSpectrum, Reading, ReadingKind, Remark, SpectrumError

from .errors import CorruptFile, TooLarge
from .limits import Limits

MAGIC = b"MASTRDG1"
TEXTS = ("x_unit", "y_unit", "source_sha256", "format", "reader", "reader_version", "title", "instrument")


def write(stream: BinaryIO, readings: Sequence[Reading]) -> None:
    """Write readings. Values of meta that JSON does not know become their text."""
    header = json.dumps([_head(r) for r in readings], default=str, ensure_ascii=False).encode("utf-8", "replace")
    stream.write(MAGIC)
    stream.write(len(header).to_bytes(8, "little"))
    stream.write(header)
    for reading in readings:
        for array in _arrays(reading):
            stream.write(np.ascontiguousarray(array, dtype="<f8").data)


def _head(reading: Reading) -> dict[str, Any]:
    ionisations = sorted({s.ionisation for s in reading.scans})
    return {name: getattr(reading, name) for name in TEXTS} | {
        "kind": reading.kind.value,
        "ms_level": reading.ms_level,
        "n": reading.n_points,
        "scans": [int(s.mz.size) for s in reading.scans],
        "ionisations": ionisations if len(ionisations) < 2 else [s.ionisation for s in reading.scans],
        "meta": dict(reading.meta),
        "remarks": [[r.level.value, r.code, r.text] for r in reading.remarks],
    }


def _arrays(reading: Reading) -> Iterator[FloatArray]:
    yield reading.x
    yield reading.y
    if reading.scans:
        for name in ("precursor_mz", "retention_time_s", "ms_level"):
            values = [getattr(s, name) for s in reading.scans]
            yield np.array([np.nan if v is None else v for v in values], dtype=np.float64)
    for scan in reading.scans:
        yield scan.mz
        yield scan.intensity


# What keeps a child that was taken over from handing us a link or a pipe instead of a file; absent on Windows.
PLAIN = sum(getattr(os, flag, 0) for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))


def read(path: Path, limits: Limits) -> list[Reading]:
    """Read what `write` wrote.

    Raises TooLarge above `limits.result_bytes`, CorruptFile if anything does not add up.
    """
    try:
        handle = os.open(path, os.O_RDONLY | PLAIN)
    except OSError as problem:
        raise _broken() from problem
    with os.fdopen(handle, "rb") as stream:
        about = os.fstat(handle)  # of what is open, not of what the name means now
        if not stat.S_ISREG(about.st_mode):
            raise _broken()
        size = about.st_size
        if size > limits.result_bytes:
            raise TooLarge("The readings of this file are larger than is allowed.", code="result_too_large")
        start = stream.read(16)
        length = int.from_bytes(start[8:], "little")
        if start[:8] != MAGIC or length > size - 16 or (size - 16 - length) % 8:
            raise _broken()
        if length > limits.header_bytes:
            raise TooLarge("The readings of this file say more than is allowed.", code="result_too_large")
        try:
            heads = json.loads(stream.read(length))
            cursor = _Cursor(stream, (size - 16 - length) // 8)
            readings = [_reading(head, cursor) for head in heads]
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, SpectrumError, RecursionError) as problem:
            raise _broken() from problem
    if cursor.left:
        raise _broken()
    return readings


def _broken() -> CorruptFile:
    return CorruptFile("The reader of this file gave an answer that does not add up.", code="reader_crashed")


class _Cursor:
    """Hands out the numbers of a stream, array by array, and refuses to go beyond them.

    Each array is read when it is asked for: the whole file never lies in memory beside the readings.
    """

    def __init__(self, stream: BinaryIO, left: int) -> None:
        self._stream, self.left = stream, left

    def take(self, count: int) -> FloatArray:
        """The next `count` numbers. Raises ValueError if there are not so many."""
        if not isinstance(count, int) or not 0 <= count <= self.left:
            raise ValueError("array beyond the end")
        piece = self._stream.read(8 * count)
        if len(piece) != 8 * count:
            raise ValueError("the file became shorter")
        self.left -= count
        return np.frombuffer(piece, dtype="<f8")


def _reading(head: dict[str, Any], cursor: _Cursor) -> Reading:
    x, y = cursor.take(head["n"]), cursor.take(head["n"])
    level = head["ms_level"]
    return Reading(
        kind=ReadingKind(head["kind"]),
        x=x,
        y=y,
        scans=_scans(head, cursor),
        meta=dict(head["meta"]),
        ms_level=int(level) if level is not None else None,
        remarks=tuple(Remark(Level(a), str(b), str(c)) for a, b, c in head["remarks"]),
        **{name: str(head[name]) for name in TEXTS},
    )


def _scans(head: dict[str, Any], cursor: _Cursor) -> tuple[MassSpectrum, ...]:
    sizes = head["scans"]
    if not sizes:
        return ()
    precursors, times, levels = (cursor.take(len(sizes)) for _ in range(3))
    words = head["ionisations"]
    words = words * len(sizes) if len(words) == 1 else words
    found = []
    for i, size in enumerate(sizes):
        mz, intensity = cursor.take(size), cursor.take(size)
        found.append(
            MassSpectrum(
                mz,
                intensity,
                _known(precursors[i]),
                str(words[i]),
                _known(times[i]),
                None if np.isnan(levels[i]) else int(levels[i]),
            )
        )
    return tuple(found)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)

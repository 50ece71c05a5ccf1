"""Readings as bytes and back, to cross the border of the jail: a JSON header and raw float64 numbers, no pickle.

Layout: 8 bytes magic, 8 bytes header length (little endian), the header as UTF-8 JSON, then all arrays one
after the other as little-endian float64. The reading side believes nothing: sizes must add up exactly.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from spectra.types import FloatArray, Level, MassSpectrum, Reading, ReadingKind, Remark, SpectrumError

from .errors import CorruptFile, TooLarge

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


def read(path: Path, limit: int) -> list[Reading]:
    """Read what `write` wrote. Raises TooLarge above `limit` bytes, CorruptFile if anything does not add up."""
    if path.is_symlink() or not path.is_file():
        raise _broken()
    if path.stat().st_size > limit:
        raise TooLarge("The readings of this file are larger than is allowed.", code="result_too_large")
    content = path.read_bytes()
    length = int.from_bytes(content[8:16], "little")
    if content[:8] != MAGIC or length > len(content) - 16:
        raise _broken()
    numbers = content[16 + length :]
    if len(numbers) % 8:
        raise _broken()
    try:
        heads = json.loads(content[16 : 16 + length])
        cursor = _Cursor(np.frombuffer(numbers, dtype="<f8"))
        readings = [_reading(head, cursor) for head in heads]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, SpectrumError, RecursionError) as problem:
        raise _broken() from problem
    if not cursor.at_end:
        raise _broken()
    return readings


def _broken() -> CorruptFile:
    return CorruptFile("The reader of this file gave an answer that does not add up.", code="reader_crashed")


class _Cursor:
    """Hands out consecutive pieces of one array and refuses to go beyond it."""

    def __init__(self, values: FloatArray) -> None:
        self._values, self._at = values, 0

    @property
    def at_end(self) -> bool:
        """Whether everything was handed out."""
        return self._at == self._values.size

    def take(self, count: int) -> FloatArray:
        """The next `count` numbers. Raises ValueError if there are not so many."""
        if not isinstance(count, int) or count < 0 or self._at + count > self._values.size:
            raise ValueError("array beyond the end")
        piece = self._values[self._at : self._at + count]
        self._at += count
        return piece


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

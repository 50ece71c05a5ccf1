"""Thermo OMNIC files written in code: a head, a directory of 16-byte lines, and sections one after the other."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

HISTORY = (
    b"Collect Sample\r\n\t Background file:\tC:\\Users\\A. Person\\b.SPA\r\n"
    b"\t Background collected on Thu Nov 12 10:25:34 2020 (GMT+01:00)\r\n\t Final format:\tAbsorbance\r\n"
    b"\t Resolution:\t 4.000 from 649.9040 to 6000.0410\r\n\t Bench Serial Number:AUP2010587;\r\n\r\n\0"
)
MOMENT = datetime(2020, 11, 12, 9, 29, 52, tzinfo=UTC)
Y = [0.1, 0.4, 1.2, 0.3, 0.2]
Section = tuple[int, bytes, int]


def seconds(moment: datetime) -> bytes:
    """A moment as the file stores it."""
    return struct.pack("<I", int((moment - datetime(1899, 12, 31, tzinfo=UTC)).total_seconds()))


def header(points: int, *, first: float = 4000.0, last: float = 400.0, x_code: int = 1, y_code: int = 17, scans: int = 32,
           background: int = 16, laser: float = 15798.25) -> bytes:  # fmt: skip
    """The header of one spectrum, 140 bytes."""
    raw = bytearray(140)
    struct.pack_into("<II", raw, 0, 3, points)
    struct.pack_into("<II", raw, 8, x_code, y_code)
    struct.pack_into("<2f", raw, 16, first, last)
    struct.pack_into("<I", raw, 36, scans)
    struct.pack_into("<I", raw, 52, background)
    struct.pack_into("<f", raw, 80, laser)
    return bytes(raw)


def omnic(sections: Sequence[Section], *, title: bytes = b"Tablet 7", moment: datetime | None = MOMENT, word: int = 1,
          lines: int | None = None) -> bytes:  # fmt: skip
    """A file of these sections (key, content, number of the spectrum); `word` 10 marks a group."""
    head = bytearray(304)
    head[:20] = b"Spectral Data File\r\n"
    head[30 : 30 + len(title)] = title
    struct.pack_into("<5H", head, 286, 26, word, 970, 1, len(sections) if lines is None else lines)
    head[296:300] = seconds(moment) if moment else b"\0\0\0\0"
    place, directory, body = 304 + 16 * (len(sections) + 3), b"", b""
    for key, content, number in sections:
        directory += struct.pack("<BxIIH4x", key, place + len(body), len(content), number)
        body += content
    return bytes(head) + directory + b"\0" * 48 + body


def one(y: Sequence[float], number: int = 0, *, points: int | None = None, **fields: Any) -> list[Section]:
    """Header and data of one spectrum."""
    data = np.asarray(y, dtype="<f4").tobytes()
    return [(2, header(len(y) if points is None else points, **fields), number), (3, data, number)]


def spa(y: Sequence[float] = Y, *, more: Mapping[int, bytes] | None = None, history: bytes = HISTORY, points: int | None = None,
        title: bytes = b"Tablet 7", moment: datetime | None = MOMENT, **fields: Any) -> bytes:  # fmt: skip
    """A single spectrum with its history, and further sections by key."""
    first, last = one(y, points=points, **fields)
    extra = [(k, v, 0) for k, v in (more or {}).items()]
    return omnic([first, (27, history, 0), last, *extra], title=title, moment=moment)


def spg(*spectra: tuple[str, Sequence[float]], **fields: Any) -> bytes:
    """A group; each spectrum has its own title and its own moment, a minute after the one before."""
    sections: list[Section] = []
    for i, (title, y) in enumerate(spectra):
        name = title.encode().ljust(256, b"\0") + seconds(MOMENT.replace(minute=i)) + b"\0" * 4
        head, data = one(y, i, **fields)
        sections += [head, (107, name, i), (27, HISTORY, i), data]
    return omnic(sections, title=b"group.spg", word=10)


def line(content: bytes, number: int) -> tuple[int, int, int, int]:
    """Key, start, size and spectrum of a line of the directory."""
    return struct.unpack_from("<BxIIH", content, 304 + 16 * number)


def with_line(content: bytes, number: int, key: int, start: int, size: int, spectrum: int = 0) -> bytes:
    """The file with one line of the directory replaced."""
    changed = bytearray(content)
    struct.pack_into("<BxIIH", changed, 304 + 16 * number, key, start, size, spectrum)
    return bytes(changed)

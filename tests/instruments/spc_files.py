"""Galactic SPC and .asp files written in code, from the published layout of SPC.H."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from instruments import CorruptFile, InstrumentError, read

SHORT, MULTI, RANDOM_Z, ORDERED_Z, LABELS, OWN_X, X_VALUES = 1, 4, 8, 16, 32, 64, 128
FLOATS = -128
HEADER = {"fexper": 0, "fxtype": 1, "fytype": 2, "fztype": 0, "fdate": 0, "fres": b"", "fsource": b"", "fcmnt": b"made",
          "fcatxt": b"", "flogoff": 0, "fmethod": b"", "fzinc": 0.0}  # fmt: skip
Y = (0.125, 0.5, 1.0, 0.25, -0.0625)
RUN = [([41.0, 55.0 + i], [10.0, 100.0 + i]) for i in range(12)]


def refused(content: bytes, code: str, kind: type[InstrumentError] = CorruptFile, **hints: Any) -> InstrumentError:
    """The error with which some content is refused."""
    with pytest.raises(kind) as caught:
        read(content, **hints)
    assert caught.value.code == code
    assert caught.value.hint
    return caught.value


def header(
    version: int, flags: int, exponent: int, points: int, first: float, last: float, subs: int, **fields: Any
) -> bytes:
    """The main header of the new format: 512 bytes."""
    f = HEADER | fields
    order = ">" if version == 0x4C else "<"
    return struct.pack(
        order + "BBBbIddIBBBBI9s9sH32x130s30sII8x48sf196x", flags, version, f["fexper"], exponent, points, first, last, subs,
        f["fxtype"], f["fytype"], f["fztype"], 0, f["fdate"], f["fres"], f["fsource"], 0, f["fcmnt"], f["fcatxt"], f["flogoff"], 0,
        f["fmethod"], f["fzinc"],
    )  # fmt: skip


def sub_header(
    order: str, exponent: int, z: float = 0.0, z_next: float = 0.0, points: int = 0, index: int = 0
) -> bytes:
    """The header of one subfile: 32 bytes."""
    return struct.pack(order + "BbHfffII8x", 0, exponent, index, z, z_next, 0.0, points, 0)


def ordinates(y: Sequence[float], exponent: int, order: str = "<", *, short: bool = False) -> bytes:
    """Floats, or fractions of 16 or 32 bits times two to the exponent."""
    if exponent == FLOATS and not short:
        return np.array(y, dtype=f"{order}f4").tobytes()
    bits = 16 if short else 32
    return np.round(np.array(y) * 2.0 ** (bits - exponent)).astype(f"{order}i{bits // 8}").tobytes()


def log(text: bytes, order: str = "<", *, text_at: int = 64, size: int | None = None) -> bytes:
    """A log block: its header of 64 bytes and its text."""
    return struct.pack(order + "IIIII44x", 64 + len(text) if size is None else size, 4096, text_at, 0, 0) + text


def single(
    y: Sequence[float] = Y, *, version: int = 0x4B, exponent: int = FLOATS, flags: int = 0, x: Sequence[float] | None = None,
    first: float | None = None, last: float | None = None, notes: bytes | None = None, **fields: Any,
) -> bytes:  # fmt: skip
    """A file of one spectrum. `notes` is the text of a log; `sub_exponent` what the subfile header says."""
    ends = (4000.0, 400.0) if x is None else (float(x[0]), float(x[-1]))
    first, last = ends[0] if first is None else first, ends[1] if last is None else last
    order = ">" if version == 0x4C else "<"
    flags |= X_VALUES if x is not None else 0
    sub_exponent = fields.pop("sub_exponent", 0)
    axis = b"" if x is None else np.array(x, dtype=f"{order}f4").tobytes()
    body = axis + sub_header(order, sub_exponent) + ordinates(y, exponent, order, short=bool(flags & SHORT))
    fields.setdefault("flogoff", 0 if notes is None else 512 + len(body))
    main = header(version, flags, exponent, len(y), first, last, 1, **fields)
    return main + body + (log(notes, order) if notes is not None else b"")


def multi(
    ys: Sequence[Sequence[float]], zs: Sequence[tuple[float, float]] | None = None, *, exponents: Sequence[int] | None = None,
    exponent: int = 0, flags: int = 0, version: int = 0x4B, subs: int | None = None, **fields: Any,
) -> bytes:  # fmt: skip
    """Spectra on one even axis; `zs` (z, next z) of each, `exponents` of each (default: floats)."""
    order = ">" if version == 0x4C else "<"
    body = b""
    for i, y in enumerate(ys):
        own = FLOATS if exponents is None else exponents[i]
        z, z_next = (float(i), i + 1.0) if zs is None else zs[i]
        body += sub_header(order, own, z, z_next, index=i) + ordinates(y, own, order, short=bool(flags & SHORT))
    main = header(
        version, flags | MULTI, exponent, len(ys[0]), 4000.0, 400.0, len(ys) if subs is None else subs, **fields
    )
    return main + body


def own_x(
    spectra: Sequence[tuple[Sequence[float], Sequence[float]]], zs: Sequence[float] | None = None, *, directory: bool = True,
    entries: Mapping[int, tuple[int, int]] | None = None, flags: int = 0, exponent: int = 11, **fields: Any,
) -> bytes:  # fmt: skip
    """Subfiles with an x of their own (mass spectra); `entries` replaces (offset, size) in the directory."""
    body, table = b"", b""
    for i, (x, y) in enumerate(spectra):
        z = 0.01 * i if zs is None else zs[i]
        one = sub_header("<", exponent, z, z, len(x), i) + np.array(x, dtype="<f4").tobytes()
        one += ordinates(y, exponent, short=bool(flags & SHORT))
        offset, size = (entries or {}).get(i, (512 + len(body), len(one)))
        table += struct.pack("<IIf", offset, size, z)
        body += one
    fields = {"fxtype": 9, "fytype": 0, "fztype": 5} | fields
    n_points = fields.pop("n_points", 512 + len(body) if directory else 0)
    subs = fields.pop("subs", len(spectra))
    main = header(0x4B, flags | MULTI | OWN_X | X_VALUES | ORDERED_Z, exponent, n_points, 0.0, 0.0, subs, **fields)
    return main + body + (table if directory else b"")


def old(
    ys: Sequence[Sequence[float]] = (Y,), *, exponents: Sequence[int] = (2,), flags: int = 0, year: int = 1991, points: float | None = None,
    comment: bytes = b"old", labels: bytes = b"", xtype: int = 1, ytype: int = 2, exponent: int | None = None, z_type: int = 0,
    first: float = 4000.0,
) -> bytes:  # fmt: skip
    """The old format: 224 bytes, then subfiles whose 32-bit integers have their halves exchanged."""
    main = struct.pack(
        "<BBhfffBBHBBBB8sHH28x130s30s", flags | (MULTI if len(ys) > 1 else 0), 0x4D, exponents[0] if exponent is None else exponent,
        len(ys[0]) if points is None else points, first, 400.0, xtype, ytype, year | z_type << 12, 5, 14, 20, 19, b"8. cm-1", 0, 32,
        comment, labels,
    )  # fmt: skip
    for i, y in enumerate(ys):
        raw = ordinates(y, exponents[i], short=bool(flags & SHORT))
        if not flags & SHORT and exponents[i] != FLOATS:
            raw = np.frombuffer(raw, "<u2").reshape(-1, 2)[:, ::-1].tobytes()
        main += sub_header("<", exponents[i], float(i), i + 1.0, index=i) + raw
    return main


def packed_date(year: int, month: int, day: int, hour: int, minute: int) -> int:
    """A date as the new header has it."""
    return year << 20 | month << 16 | day << 11 | hour << 6 | minute


def asp(
    values: Sequence[float] = Y, head: Sequence[str] = ("5", "4000", "400", "1", "2", "4"), end: str = "\r\n"
) -> str:
    """An .asp text: six numbers and the values, one per line."""
    return end.join([*head, *(repr(float(v)) for v in values)]) + end

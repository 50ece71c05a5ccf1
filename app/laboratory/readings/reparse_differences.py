"""What a newer reader says differently about a file that was read before: figures, arrays, remarks.

Compares what is stored with what is read now and decides nothing. Imports no database.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from app.laboratory.readings import arrays
from app.laboratory.readings.tables import Reading as ReadingRow
from app.platform.storage import BlobStore
from instruments import describe, printable
from spectra import Reading

Arrays = Mapping[str, NDArray[Any]]
Figure = str | float | None
"""A figure or word of a reading; None where it has none."""
WHO_READ = frozenset({"reader", "reader_version"})
_ARRAYS = {"x": "x", "y": "y", "mz": "m/z", "intensity": "intensity", "precursor": "precursor m/z"}


@dataclass(frozen=True, slots=True)
class Deviation:
    """How far two arrays of one length are apart: largest absolute difference, and largest relative to the values."""

    absolute: float
    relative: float


@dataclass(frozen=True, slots=True)
class ReadingChange:
    """What is different in one reading of a file. `number` counts from 1; a pair is (before, now)."""

    number: int
    fields: dict[str, tuple[Figure, Figure]] = field(default_factory=dict)
    arrays: dict[str, Deviation] = field(default_factory=dict)
    remarks_added: tuple[str, ...] = ()
    remarks_gone: tuple[str, ...] = ()
    details: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        """Something differs, be it only who read it."""
        return bool(self.fields or self.arrays or self.remarks_added or self.remarks_gone or self.details)

    @property
    def matters(self) -> bool:
        """A figure, an array or a remark differs: a chemist would see it."""
        return bool(set(self.fields) - WHO_READ or self.arrays or self.remarks_added or self.remarks_gone)


def changes_of(
    rows: Sequence[ReadingRow], readings: Sequence[Reading], stored: BlobStore, scratch: BlobStore
) -> tuple[ReadingChange, ...]:
    """Every reading in which something differs. `stored` holds the arrays of before, `scratch` may be written to."""
    found = []
    for number, (row, reading) in enumerate(zip_longest(rows, readings), start=1):
        if row is None:
            assert reading is not None
            change = ReadingChange(
                number, {"reading": (None, reading.kind.value), "n_points": (None, reading.n_points)}
            )
        elif reading is None:
            change = ReadingChange(number, {"reading": (row.kind, None), "n_points": (row.n_points, None)})
        else:
            change = _change(number, row, reading, stored, scratch)
        if change.any:
            found.append(change)
    return tuple(found)


def _change(number: int, row: ReadingRow, reading: Reading, stored: BlobStore, scratch: BlobStore) -> ReadingChange:
    before, now = _said(row), _says(reading)
    sha256 = arrays.keep(scratch, reading)  # the same arrays give the same name, so most need no look inside
    deviations: dict[str, Deviation] = {}
    other = sha256 != row.arrays_sha256
    if other or not stored.path(row.arrays_sha256).exists():
        older = _loaded(stored, row.arrays_sha256)
        newer = _loaded(scratch, sha256)
        before |= _figures(older)
        now |= _figures(newer)
        deviations = deviations_of(older, newer)
    scratch.path(sha256).unlink(missing_ok=True)
    texts_before = [str(remark.get("text", "")) for remark in row.remarks]
    texts_now = [printable(remark.text, 400) for remark in reading.remarks]
    fields = {name: (before.get(name), now[name]) for name in now if before.get(name) != now[name]}
    details = _details(row.description, describe(reading))
    if other and not deviations and not set(fields) - WHO_READ:
        details = (*details, "arrays")  # what is kept of the scans besides their peaks
    return ReadingChange(
        number,
        fields,
        deviations,
        tuple(text for text in texts_now if text not in texts_before),
        tuple(text for text in texts_before if text not in texts_now),
        details,
    )


def _said(row: ReadingRow) -> dict[str, Figure]:
    names = ("kind", "title", "instrument", "format", "reader", "reader_version", "x_unit", "y_unit", "n_points",
             "n_scans", "ms_level")  # fmt: skip
    return {name: getattr(row, name) for name in names}


def _says(reading: Reading) -> dict[str, Figure]:
    return {
        "kind": reading.kind.value,
        "title": printable(reading.title, 200),
        "instrument": printable(reading.instrument, 120),
        "format": reading.format[:40],
        "reader": reading.reader[:60],
        "reader_version": reading.reader_version[:20],
        "x_unit": printable(reading.x_unit, 30),
        "y_unit": printable(reading.y_unit, 40),
        "n_points": reading.n_points,
        "n_scans": len(reading.scans),
        "ms_level": reading.ms_level,
    }


def _loaded(store: BlobStore, sha256: str) -> dict[str, NDArray[Any]]:
    """The arrays of a reading; none when they are gone or damaged, which is a difference by itself."""
    try:
        with np.load(store.path(sha256), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, KeyError, EOFError):
        return {}


def _figures(found: Arrays) -> dict[str, Figure]:
    if "x" not in found or not found["x"].size:
        return {"points": "missing"}
    figures: dict[str, Figure] = {
        "points": "there", "x_first": float(found["x"][0]), "x_last": float(found["x"][-1]),
        "y_max": float(found["y"].max()),
    }  # fmt: skip
    if "mz" in found:
        figures["n_peaks"] = int(found["mz"].size)
    return figures


def deviations_of(older: Arrays, newer: Arrays) -> dict[str, Deviation]:
    """Deviations of the arrays that have one length and are not equal."""
    found = {}
    for name, shown in _ARRAYS.items():
        if name not in older or name not in newer or older[name].shape != newer[name].shape:
            continue
        a, b = np.nan_to_num(older[name]), np.nan_to_num(newer[name])  # a scan without a precursor is NaN there
        apart = np.abs(b - a)
        if not apart.any():
            continue
        size = np.maximum(np.abs(a), np.abs(b))
        relative = np.divide(apart, size, out=np.zeros_like(apart), where=size > 0)
        found[shown] = Deviation(float(apart.max()), float(relative.max()))
    return found


def _details(before: Mapping[str, JsonValue], now: Mapping[str, JsonValue]) -> tuple[str, ...]:
    """Keys of the description that say something else, besides those that are compared as figures."""
    compared = {*_says_keys(), "x_first", "x_last", "y_max", "warnings", "remarks"}
    return tuple(sorted(key for key in now if key not in compared and not _alike(before.get(key), now[key])))


def _says_keys() -> Iterable[str]:
    return ("kind", "title", "instrument", "format", "reader", "reader_version", "x_unit", "y_unit", "n_scans",
            "ms_level")  # fmt: skip


def _alike(before: Any, now: Any) -> bool:
    if isinstance(now, tuple | list):
        return isinstance(before, list) and list(before) == list(now)
    return bool(before == now)

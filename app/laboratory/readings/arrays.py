"""Arrays of readings as .npz files beside the raw bytes, named by their own sha-256. No pickle, ever.

They are derived: a lost one is made again by reading the raw file once more.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.platform.kernel.errors import Unavailable
from app.platform.storage import BlobStore
from spectra import MassRun, MassSpectrum, Reading

GIB = 1024**3
_CHUNK = 1024 * 1024


def array_store(blob_dir: Path) -> BlobStore:
    """The store beside (inside) the one of raw files, so that a backup of one takes the other along."""
    return BlobStore(blob_dir / "arrays", max_bytes=4 * GIB)


def keep(store: BlobStore, reading: Reading) -> str:
    """Write the arrays of a reading durably; the same arrays give the same name."""
    buffer = io.BytesIO()
    arrays: dict[str, NDArray[np.float64] | NDArray[np.int64]] = {"x": reading.x, "y": reading.y}
    if reading.scans:
        arrays |= _flat(reading.scans)
    np.savez(buffer, allow_pickle=False, **arrays)
    buffer.seek(0)
    return store.put(iter(partial(buffer.read, _CHUNK), b"")).sha256


def _flat(scans: tuple[MassSpectrum, ...]) -> dict[str, NDArray[np.float64] | NDArray[np.int64]]:
    nan = float("nan")
    return {
        "offsets": np.cumsum([0, *(s.mz.size for s in scans)], dtype=np.int64),
        "mz": np.concatenate([s.mz for s in scans]),
        "intensity": np.concatenate([s.intensity for s in scans]),
        "precursor": np.array([nan if s.precursor_mz is None else s.precursor_mz for s in scans]),
    }


def points(store: BlobStore, sha256: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """x and y of a reading, without touching its scans. Raises Unavailable when the file is gone."""
    with _opened(store, sha256) as file:
        return np.asarray(file["x"], dtype=np.float64), np.asarray(file["y"], dtype=np.float64)


def single_spectrum(store: BlobStore, sha256: str) -> MassSpectrum:
    """The first scan of a reading."""
    with _opened(store, sha256) as file:
        if "offsets" not in file.files:
            return MassSpectrum(file["x"], file["y"])
        end = int(file["offsets"][1])
        precursor = float(file["precursor"][0])
        return MassSpectrum(
            file["mz"][:end], file["intensity"][:end], None if np.isnan(precursor) else precursor
        )  # fmt: skip


def run(store: BlobStore, sha256: str) -> MassRun:
    """All scans of a run with the numbers of its time axis as stored. Raises Unavailable when the file is gone."""
    with _opened(store, sha256) as file:
        ends = file["offsets"].tolist() if "offsets" in file.files else []
        mz, intensity = (file["mz"], file["intensity"]) if ends else (np.empty(0), np.empty(0))
        scans = tuple(MassSpectrum(mz[a:b], intensity[a:b]) for a, b in pairwise(ends) if b > a)
        filled = [k for k, (a, b) in enumerate(pairwise(ends)) if b > a]
        return MassRun(scans, np.asarray(file["x"], dtype=np.float64)[filled])


@dataclass(frozen=True, slots=True, eq=False)
class Scans:
    """The full scans of a run behind one another: peaks `ends[k]` to `ends[k + 1]` were measured at `x[k]`, in the unit of the reading."""

    x: NDArray[np.float64]
    ends: NDArray[np.int64]
    mz: NDArray[np.float64]
    intensity: NDArray[np.float64]

    @property
    def total(self) -> NDArray[np.float64]:
        """All that each scan holds."""
        return self.within(0.0, np.inf)

    def within(self, low: float, high: float) -> NDArray[np.float64]:
        """What each scan holds from m/z `low` up to `high`."""
        found = np.flatnonzero((low <= self.mz) & (self.mz < high))
        rows = np.searchsorted(self.ends[1:], found, side="right")
        return np.bincount(rows, weights=self.intensity[found], minlength=self.x.size).astype(np.float64)

    def spectrum(self, place: int) -> MassSpectrum:
        """One scan as it was measured."""
        part = slice(int(self.ends[place]), int(self.ends[place + 1]))
        return MassSpectrum(self.mz[part], self.intensity[part])


def scans(store: BlobStore, sha256: str) -> Scans:
    """The scans of a run without those of fragments, unless it has no others; scans without a peak are left out, as in `run`.

    Raises Unavailable when the file is gone.
    """
    with _opened(store, sha256) as file:
        if "offsets" not in file.files:
            raise Unavailable("This run was stored without its scans. The raw file is unharmed: read it again.")
        x, ends, precursor = np.asarray(file["x"], dtype=np.float64), file["offsets"], file["precursor"]
        mz, intensity = file["mz"], file["intensity"]
    filled = np.diff(ends) > 0
    full = filled & np.isnan(precursor)
    kept = full if full.any() else filled
    if not kept.any():
        raise Unavailable("No scan of this run holds a peak.")
    if not kept[filled].all():
        chosen = np.repeat(kept, np.diff(ends))
        mz, intensity = mz[chosen], intensity[chosen]
    return Scans(x[kept], np.concatenate(([0], np.cumsum(np.diff(ends)[kept]))), mz, intensity)


def _opened(store: BlobStore, sha256: str) -> np.lib.npyio.NpzFile:
    try:
        opened = np.load(store.path(sha256), allow_pickle=False)
        assert isinstance(opened, np.lib.npyio.NpzFile)
        return opened
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise Unavailable(
            "The points of this reading are not on this disk. The raw file is unharmed: read it again."
        ) from error

"""What an index of unit-mass spectra is made of: the stored spectra, their weights, the heavy index.

Why: plain columns, shared by the numpy and the compiled code and stored as they are. Imports numpy and `spectra` only.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from spectra.index.ei_codes import encode, intensity_of_code
from spectra.peaktable import peak_weights
from spectra.types import FloatArray

LEFT_OUT = 0.10
"""Share of a spectrum's energy (sum of squared weights) that the heavy index may leave out."""


class UnitMassPeaks(Protocol):
    """Anything with flat binned peaks, base 999: a PeakTable, for one."""

    @property
    def mz(self) -> NDArray[Any]:
        """Unit masses (P,), rising in each spectrum."""

    @property
    def intensity(self) -> NDArray[np.float32]:
        """Intensities (P,)."""

    @property
    def offsets(self) -> NDArray[np.int64]:
        """First peak of each spectrum, and the number of peaks (N+1,)."""


@dataclass(frozen=True, eq=False)
class Forward:
    """The stored spectra: row r owns peaks `offsets[r]:offsets[r+1]` of `mz` (P,) uint16 rising and `code` (P,)."""

    mz: NDArray[np.uint16]
    code: NDArray[np.uint16]
    offsets: NDArray[np.int64]

    @classmethod
    def of(cls, table: UnitMassPeaks) -> Forward:
        """Forward table of prepared spectra; intensities become 16-bit codes."""
        offsets = np.ascontiguousarray(table.offsets, dtype=np.int64)
        return cls(np.ascontiguousarray(table.mz, dtype=np.uint16), encode(table.intensity, offsets), offsets)

    @property
    def n(self) -> int:
        """Number of spectra."""
        return int(self.offsets.size - 1)

    @cached_property
    def masses(self) -> int:
        """One more than the largest mass."""
        return int(self.mz.max(initial=0)) + 1


@dataclass(frozen=True, eq=False)
class Weighing:
    """Weight m^a · I^b of a peak as `height[code] * mass[m]`: the same bits as `peak_weights`."""

    height: FloatArray
    mass: FloatArray

    @classmethod
    def of(cls, a: float, b: float, masses: int) -> Weighing:
        """Tables for codes (65536,) and for masses below `masses`."""
        table, mz = intensity_of_code(), np.arange(masses, dtype=np.float64)
        height = peak_weights(np.ones(table.size), table, 0.0, b)
        mass = peak_weights(mz, np.ones(masses), a, 1.0) if a else np.ones(masses)
        return cls(height, mass)

    def __call__(self, mz: NDArray[np.uint16], code: NDArray[np.uint16]) -> FloatArray:
        """Weights (P,)."""
        return np.asarray(self.height.take(code) * self.mass.take(mz))


@dataclass(frozen=True, eq=False)
class Heavy:
    """The inverted index of one pair of exponents.

    Per spectrum: `energy` (N,) float64 Σw², `rest` (N,) uint8 ≥ 255·√(share of energy left out). Per kept peak,
    by (block, mass, spectrum): `ids` uint16 number inside the block, `heights` uint8 = ⌈255 · unit weight⌉; list
    (k, m) is `starts[k·masses + m]` to the next start.
    """

    energy: FloatArray
    rest: NDArray[np.uint8]
    ids: NDArray[np.uint16]
    heights: NDArray[np.uint8]
    starts: NDArray[np.uint32]
    block: int

    @cached_property
    def postings(self) -> FloatArray:
        """Postings of every mass, (masses,)."""
        blocks = max(1, -(-self.energy.size // self.block))
        return np.asarray(np.diff(self.starts.astype(np.float64)).reshape(blocks, -1).sum(axis=0))

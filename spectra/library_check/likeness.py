"""How alike the entries of a mass spectral library are, and which stand under one compound. numpy and `spectra` only."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spectra.library_check.faults import compound_of, labelled
from spectra.mass_library import MassLibrary

_DIMENSIONS = 1200
"""Unit masses compared; ions above are rare and do not decide."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """Unit vectors of m^1.3 I^0.53 per entry, (N, masses), the number of each compound, (N,), and which entries are
    `apart`, (N,): isotope-labelled or told as a derivative, they differ from their company for a known reason."""

    vectors: NDArray[np.float32]
    codes: NDArray[np.int64]
    apart: NDArray[np.bool_]

    @classmethod
    def of(cls, library: MassLibrary, apart: Collection[int]) -> Likeness:
        """The likeness of a library of unit mass; `apart`: entries told as derivatives."""
        number: dict[str, int] = {}
        codes = [number.setdefault(compound_of(library, entry), len(number)) for entry in range(len(library))]
        marked = [entry in apart or labelled(library, entry) for entry in range(len(library))]
        return cls(_vectors(library), np.array(codes, dtype=np.int64), np.array(marked, dtype=np.bool_))

    def companies(self) -> Iterator[NDArray[np.int64]]:
        """The entries of every compound that has several, rising; those apart are left out."""
        kept = np.flatnonzero(~self.apart)
        kept = kept[np.argsort(self.codes[kept], kind="stable")]
        for members in np.split(kept, np.flatnonzero(np.diff(self.codes[kept])) + 1):
            if members.size > 1:
                yield members

    def alone(self) -> NDArray[np.int64]:
        """Entries without company, rising; those apart are left out."""
        size = np.bincount(self.codes[~self.apart], minlength=int(self.codes.max(initial=0)) + 1)
        return np.flatnonzero(~self.apart & (size[self.codes] == 1))


def _vectors(library: MassLibrary) -> NDArray[np.float32]:
    table = library.table
    offsets = np.asarray(table.offsets)
    mz = np.rint(np.asarray(table.mz)).astype(np.int64)
    kept = (mz > 0) & (mz < _DIMENSIONS)
    row = np.repeat(np.arange(len(library)), np.diff(offsets))
    vectors = np.zeros((len(library), int(mz[kept].max(initial=0)) + 1), dtype=np.float32)
    weight = mz.astype(np.float64) ** 1.3 * np.asarray(table.intensity, dtype=np.float64) ** 0.53
    np.add.at(vectors, (row[kept], mz[kept]), weight[kept].astype(np.float32))
    size = np.sqrt((vectors**2).sum(axis=1, keepdims=True))
    np.divide(vectors, size, out=vectors, where=size > 0)
    return vectors

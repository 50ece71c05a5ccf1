"""A mass library as a folder of arrays: unit-mass intensities as 16-bit codes, and the search index with its spectra.

Imports numpy and `spectra` only.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectra.index.catalogue import Catalogue
from spectra.index.mass_index import MassIndex
from spectra.index.mass_search import MassSearch
from spectra.index.store import LibraryFileError, open_arrays, save_arrays
from spectra.peaktable import PeakTable, StoredUnitMass

FORMAT = "mast-mass-library"
VERSION = 2

Parts = tuple[PeakTable, Catalogue, NDArray[np.int32], MassSearch]


def save(library: MassIndex, path: str | os.PathLike[str]) -> None:
    """Write a library with its index; see `MassLibrary.save`."""
    table = library.table
    arrays: dict[str, NDArray[Any]] = {
        "precursor": table.precursor,
        "energy": library.energy,
        **library.catalogue.arrays(),
        **library.engine.arrays(library.accelerator),
    }
    if table.accurate:
        arrays |= {"mz": table.mz, "intensity": table.intensity, "offsets": table.offsets}
    save_arrays(path, FORMAT, VERSION, arrays, {"accurate": table.accurate, "library": dict(library.info)})


def open_parts(path: str | os.PathLike[str], verify: bool) -> Parts:
    """What a stored library is made of, memory-mapped. Raises LibraryFileError."""
    arrays, info = open_arrays(path, FORMAT, VERSION, verify)
    try:
        accurate, described = bool(info["accurate"]), info["library"]
        catalogue = Catalogue.from_arrays(arrays, described)
        table = _table(arrays, accurate)
        fits = table.n == len(catalogue.names) == arrays["energy"].size == table.precursor.size
        search = MassSearch.stored(table, arrays)
    except (KeyError, ValueError) as error:
        again = "Import the library again from its source file."
        raise LibraryFileError(f"{path} lacks a part of a mass library ({error}). {again}") from error
    if not fits:
        raise LibraryFileError(f"{path} is damaged: its parts differ in size. Import it again from its source file.")
    return table, catalogue, arrays["energy"], search


def _table(arrays: dict[str, NDArray[Any]], accurate: bool) -> PeakTable:
    precursor = arrays["precursor"]
    if "ei_mz" in arrays:
        return StoredUnitMass(arrays["ei_mz"], arrays["ei_code"], arrays["ei_offsets"], precursor)
    return PeakTable(arrays["mz"], arrays["intensity"], arrays["offsets"], precursor, accurate)

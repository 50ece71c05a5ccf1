"""A mass library as a folder of arrays: format version 2, and version 1 still read.

Version 2 keeps unit-mass intensities as 16-bit codes and the search index with its spectra. Imports numpy and
`spectra` only.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectra.index.catalogue import Catalogue
from spectra.index.ei_codes import quantised
from spectra.index.mass_index import MassIndex
from spectra.index.mass_search import MassSearch
from spectra.index.store import LibraryFileError, open_arrays, save_arrays
from spectra.peaktable import PeakTable, StoredUnitMass
from spectra.preprocess import on_micro_grid

FORMAT = "mast-mass-library"
VERSION = 2
READABLE = (1, VERSION)

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
    arrays, info = open_arrays(path, FORMAT, READABLE, verify)
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
    mz, intensity, offsets = arrays["mz"], arrays["intensity"], arrays["offsets"]
    if not accurate:
        # Version 1 kept float32 intensities: bring them to the codes, as an import would.
        return PeakTable(mz, quantised(intensity, offsets), offsets, precursor, accurate)
    if "ms2_mz" in arrays or mz.size == 0:
        return PeakTable(mz, intensity, offsets, precursor, accurate)
    return PeakTable(on_micro_grid(mz), intensity, offsets, on_micro_grid(precursor), accurate)

"""Entries that look like another compound and not like their own: probably the wrong name. numpy and `spectra` only.

Why: nothing inside one entry shows that its label is wrong, only the company it keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from spectra.exactmass import FormulaError
from spectra.library_check.faults import (
    Fault,
    Severity,
    atoms_of,
    compound_of,
    fault,
    labelled,
    nominal_mass,
    thresholds,
    unit_peaks,
)
from spectra.mass_library import MassLibrary

Tell = Callable[[str, int, int], None]
_BLOCK = 512
_DIMENSIONS = 1200
"""Unit masses compared; ions above are rare and do not decide."""


def neighbours(library: MassLibrary, tell: Tell) -> Iterator[Fault]:
    """Compare every entry with every other (unit mass only: one matrix product per block of entries).

    Told are entries with close neighbours in other compounds while every other entry of their own compound is far; and
    entries without company that look like one compound of another mass and show its molecule instead of their own.
    """
    if library.accurate or len(library) < 3:
        return
    matrix, codes = _matrix(library), _codes(library)
    marked = np.array([labelled(library, entry) for entry in range(len(library))])
    step = "Comparing every entry with every other"
    for start in range(0, len(library), _BLOCK):
        tell(step, start, len(library))
        cosines = matrix[start : start + _BLOCK] @ matrix.T
        for row, entry in enumerate(range(start, min(start + _BLOCK, len(library)))):
            if marked[entry]:
                continue
            found = _of_entry(library, entry, cosines[row], codes, marked)
            if found is not None:
                yield found
    tell(step, len(library), len(library))


def _of_entry(
    library: MassLibrary,
    entry: int,
    cosine: NDArray[np.float32],
    codes: NDArray[np.int64],
    marked: NDArray[np.bool_],
) -> Fault | None:
    limits = thresholds()["neighbours"]
    own = codes == codes[entry]
    others = np.where(own, np.float32(-1.0), cosine)
    nearest = int(np.argmax(others))
    if others[nearest] < limits["close"]:
        return None
    own &= ~marked  # isotope-labelled ones differ for a good reason
    own[entry] = False
    if not own.any():
        return _alone(library, entry, nearest, float(others[nearest]))
    best_own = float(cosine[own].max())
    close = np.flatnonzero(others >= limits["second"])
    compounds = list(dict.fromkeys(int(codes[k]) for k in close[np.argsort(-others[close], kind="stable")]))
    if best_own > limits["own"] or close.size < 2 or len(compounds) > limits["most_compounds"]:
        return None
    names = [library.names[int(next(k for k in close if codes[k] == code))] for code in compounds[:3]]
    why = (
        f"{close.size} entries look like it, none of its own compound: {', '.join(names)} (cosine up to "
        f"{float(others[nearest]):.3f}), while the nearest of its own compound reaches {best_own:.2f}. The wrong name or "
        "key, here or there, or a derivative under its parent?"
    )
    return fault(
        library, entry, "mislabelled", Severity.WARNING, "looks like another compound", why,
        looks_like=library.compounds[nearest], also=nearest, cosine=round(float(others[nearest]), 4),
        own=round(best_own, 4), close=int(close.size), compounds=len(compounds),
    )  # fmt: skip


def _alone(library: MassLibrary, entry: int, nearest: int, cosine: float) -> Fault | None:
    """Without company: only where the molecule of the neighbour is seen and its own is not."""
    limits = thresholds()["neighbours"]
    formulas = library.formulas[entry], library.formulas[nearest]
    if cosine < limits["alone"] or not all(formulas):
        return None
    try:
        mine, other = (nominal_mass(atoms_of(formula)) for formula in formulas)
    except FormulaError:
        return None  # told by the check of formulae
    mz, share = unit_peaks(library, entry)
    theirs, ours = share[mz == other], share[np.abs(mz - mine) <= 1]
    if abs(mine - other) < 2 or theirs.sum() < limits["molecular"] or ours.sum() >= limits["absent"]:
        return None
    why = (
        f"It looks like {library.names[nearest]} ({formulas[1]}, cosine {cosine:.3f}) and shows the molecule of that, m/z "
        f"{other}, but not its own, m/z {mine} ({formulas[0]}): the wrong name, or it breaks down to that?"
    )
    return fault(
        library, entry, "mislabelled", Severity.WARNING, "looks like another compound", why,
        looks_like=library.compounds[nearest], also=nearest, cosine=round(cosine, 4), own=None,
    )  # fmt: skip


def _matrix(library: MassLibrary) -> NDArray[np.float32]:
    """Unit vectors of m^1.3 I^0.53 per entry, (N, masses)."""
    table = library.table
    offsets = np.asarray(table.offsets)
    mz = np.rint(np.asarray(table.mz)).astype(np.int64)
    kept = (mz > 0) & (mz < _DIMENSIONS)
    row = np.repeat(np.arange(len(library)), np.diff(offsets))
    matrix = np.zeros((len(library), int(mz[kept].max(initial=0)) + 1), dtype=np.float32)
    weight = mz.astype(np.float64) ** 1.3 * np.asarray(table.intensity, dtype=np.float64) ** 0.53
    np.add.at(matrix, (row[kept], mz[kept]), weight[kept].astype(np.float32))
    size = np.sqrt((matrix**2).sum(axis=1, keepdims=True))
    np.divide(matrix, size, out=matrix, where=size > 0)
    return matrix


def _codes(library: MassLibrary) -> NDArray[np.int64]:
    number: dict[str, int] = {}
    return np.array([number.setdefault(compound_of(library, e), len(number)) for e in range(len(library))])

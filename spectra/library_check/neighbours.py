"""Entries without company that show the molecule of another compound: the wrong name, or a product of the inlet.

Why: nothing inside one entry shows that its label is wrong, only what it resembles. numpy and `spectra` only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from spectra.exactmass import FormulaError
from spectra.library_check.faults import Fault, Severity, atoms_of, fault, nominal_mass, thresholds, unit_peaks
from spectra.library_check.likeness import Likeness
from spectra.mass_library import MassLibrary

Tell = Callable[[str, int, int], None]
_BLOCK = 512


def neighbours(library: MassLibrary, alike: Likeness, tell: Tell) -> Iterator[Fault]:
    """Compare every entry without company of its own compound with all others, one matrix product per block.

    Told are those that look like one compound of another mass and show its molecule instead of their own.
    """
    step, alone = "Comparing single entries with every other", alike.alone()
    for start in range(0, alone.size, _BLOCK):
        tell(step, start, int(alone.size))
        entries = alone[start : start + _BLOCK]
        cosines = alike.vectors[entries] @ alike.vectors.T
        cosines[alike.codes[entries][:, None] == alike.codes] = -1.0
        for entry, cosine in zip(entries.tolist(), cosines, strict=True):
            nearest = int(np.argmax(cosine))
            found = _alone(library, entry, nearest, float(cosine[nearest]))
            if found is not None:
                yield found
    tell(step, int(alone.size), int(alone.size))


def _alone(library: MassLibrary, entry: int, nearest: int, cosine: float) -> Fault | None:
    """Where the molecule of the neighbour is seen and its own is not."""
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

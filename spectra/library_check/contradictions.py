"""Entries of one compound that contradict each other, and what each looks like instead. numpy and `spectra` only.

Why: of two unlike spectra under one name at least one answers wrongly, and nothing in the library says which: the right one
may resemble an isomer, and the many may be derivatives of the few. So both are named, and the chemist decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from spectra.library_check.faults import Fault, thresholds, unit_peaks
from spectra.library_check.likeness import Likeness
from spectra.library_check.sides import Side, closest, contradiction, sides_of
from spectra.mass_library import MassLibrary

Tell = Callable[[str, int, int], None]
_REASONS = "At least one has the wrong name or key, or is a derivative or a product of the inlet."


def contradictions(library: MassLibrary, alike: Likeness, tell: Tell) -> Iterator[Fault]:
    """One fault for each compound whose entries fall into sides that are unlike each other."""
    step, companies = "Comparing entries of one compound", list(alike.companies())
    for done, members in enumerate(companies):
        if done % 500 == 0:
            tell(step, done, len(companies))
        cosine = alike.vectors[members] @ alike.vectors[members].T
        parts = sides_of(cosine > thresholds()["neighbours"]["own"])
        if len(parts) > 1:
            sides = [_side(library, alike, members[part]) for part in parts]
            yield contradiction(library, sides, "cosine", closest(cosine, parts), _REASONS)
    tell(step, len(companies), len(companies))


def _side(library: MassLibrary, alike: Likeness, entries: NDArray[np.int64]) -> Side:
    others = (alike.vectors[entries] @ alike.vectors.T).max(axis=0)
    others[alike.codes == alike.codes[entries[0]]] = -1.0
    least = thresholds()["neighbours"]["looks_like"]
    return Side.of(library, entries, others, alike.codes, least, _spectrum(library, int(entries[0])))


def _spectrum(library: MassLibrary, entry: int) -> str:
    """What tells a parent from its derivative at a glance."""
    mz, share = unit_peaks(library, entry)
    highest = int(mz[share >= thresholds()["mass"]["significant"]].max())
    return f"base peak m/z {int(mz[share.argmax()])}, ions up to m/z {highest}"

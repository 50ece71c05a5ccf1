"""What may be wrong with the entries of a library, with reasons and figures. numpy and `spectra` only.

Why: a wrong entry answers wrongly for years, and nothing in a search shows it. A fault is a reason to look, not a
verdict: each says what was measured, so that a chemist can decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from spectra.infrared_library import InfraredLibrary
from spectra.library_check.contradictions import contradictions
from spectra.library_check.derivatives import derivatives
from spectra.library_check.faults import Fault, Severity
from spectra.library_check.infrared import infrared
from spectra.library_check.likeness import Likeness
from spectra.library_check.masses import masses
from spectra.library_check.neighbours import neighbours
from spectra.library_check.peaks import duplicates, peaks, repeated_ids
from spectra.mass_library import MassLibrary

__all__ = ["Fault", "Progress", "Severity", "check", "check_infrared"]

Progress = Callable[[str, int, int], None]
_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}


def check(library: MassLibrary, progress: Progress | None = None) -> list[Fault]:
    """Every fault noticed, the most serious first, then by entry.

    Looked for: formulae that cannot be; ions above the molecule or at losses no molecule has; a precursor that is no ion
    of the formula; derivatives under the name of their parent; the same spectrum twice; too few peaks, equal intensities, an
    accession used twice; in unit mass entries of one compound that contradict each other, and single ones that look like
    another compound. `progress` is called with what is done, how much, and of how much. Entries without a formula are not
    judged by mass, so fewer faults do not mean a better library.

    >>> lib = MassLibrary.from_arrays([58, 91, 44, 91], [9, 1, 9, 2], [0, 2, 4], names=["A", "B"], compounds=["A", "B"])
    >>> [f.kind for f in check(lib)]
    ['few_peaks', 'few_peaks']
    """
    tell = progress or (lambda _what, _done, _of: None)
    found = [*repeated_ids(library), *peaks(library, tell), *duplicates(library, tell)]
    derived = list(derivatives(library, tell))
    found += [*masses(library, tell), *derived]
    if not library.accurate:
        alike = Likeness.of(library, {fault.entry for fault in derived})
        found += [*contradictions(library, alike, tell), *neighbours(library, alike, tell)]
    return _sorted(found)


def check_infrared(library: InfraredLibrary, progress: Progress | None = None) -> list[Fault]:
    """Every fault noticed in an infrared or Raman library, in the same order.

    Looked for: one curve under several compounds, and entries of one compound that contradict each other. `progress` as
    for `check`.

    >>> import numpy as np
    >>> from spectra.infrared_grid import GRID
    >>> y = np.exp(-(((GRID - 1700.0) / 15.0) ** 2)) + 0.3 * np.exp(-(((GRID - 1100.0) / 12.0) ** 2))
    >>> ir = InfraredLibrary.from_arrays(GRID, [y, y, y[::-1]], names=["A", "B", "C"], compounds=["A", "B", "C"])
    >>> [f.kind for f in check_infrared(ir)]
    ['same_spectrum_other_compound']
    """
    return _sorted(infrared(library, progress or (lambda _what, _done, _of: None)))


def _sorted(found: Iterable[Fault]) -> list[Fault]:
    return sorted(found, key=lambda fault: (_ORDER[fault.severity], fault.entry, fault.kind))

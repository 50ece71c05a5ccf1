"""What may be wrong with the entries of a mass spectral library, with reasons and figures. numpy and `spectra` only.

Why: a wrong entry answers wrongly for years, and nothing in a search shows it. A fault is a reason to look, not a
verdict: each says what was measured, so that a chemist can decide.
"""

from __future__ import annotations

from collections.abc import Callable

from spectra.library_check.derivatives import derivatives
from spectra.library_check.faults import Fault, Severity
from spectra.library_check.masses import masses
from spectra.library_check.neighbours import neighbours
from spectra.library_check.peaks import duplicates, peaks, repeated_ids
from spectra.mass_library import MassLibrary

__all__ = ["Fault", "Progress", "Severity", "check"]

Progress = Callable[[str, int, int], None]
_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}


def check(library: MassLibrary, progress: Progress | None = None) -> list[Fault]:
    """Every fault noticed, the most serious first, then by entry.

    Looked for: formulae that cannot be; ions above the molecule or at losses no molecule has; a precursor that is no ion
    of the formula; derivatives under the name of their parent; the same spectrum twice; entries that look like another
    compound and not like their own; too few peaks, equal intensities, an accession used twice. `progress` is called with
    what is done, how much, and of how much. Entries without a formula are not judged by mass, so fewer faults do not
    mean a better library.

    >>> lib = MassLibrary.from_arrays([58, 91, 44, 91], [9, 1, 9, 2], [0, 2, 4], names=["A", "B"], compounds=["A", "B"])
    >>> [f.kind for f in check(lib)]
    ['few_peaks', 'few_peaks']
    """
    tell = progress or (lambda _what, _done, _of: None)
    found = [*repeated_ids(library), *peaks(library, tell), *duplicates(library, tell)]
    found += [*masses(library, tell), *derivatives(library, tell), *neighbours(library, tell)]
    return sorted(found, key=lambda fault: (_ORDER[fault.severity], fault.entry, fault.kind))

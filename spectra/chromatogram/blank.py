"""What a peak owes to the blank, and to the run before: subtraction by component, and the carry-over warning.

Why by component and not by scan: retention drifts, and a difference of runs leaves half of every peak standing.
Imports numpy and `spectra` only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from spectra.chromatogram.background import number
from spectra.chromatogram.components import RunComponent
from spectra.chromatogram.twins import cosine
from spectra.preprocess import nominal_mass
from spectra.types import MassSpectrum


class BlankVerdict(StrEnum):
    """What the blank says about a peak."""

    ABSENT = "not_in_blank"
    ABOVE = "above_blank"
    FLAGGED = "near_blank"
    DROPPED = "from_blank"


@dataclass(frozen=True, slots=True)
class BlankComparison:
    """`ratio`: area in the sample over that in the blank, None where the blank has no such component."""

    verdict: BlankVerdict
    ratio: float | None = None
    text: str = ""


def against_blank(
    one: RunComponent, blank: Sequence[RunComponent], *, times: float | None = None, drop: float | None = None
) -> BlankComparison:
    """One component against the components of a blank run.

    The same component: cosine of √intensity at least 0.90 and within 3 s, or half a width if that is more. Its area
    in the sample must be `drop` (3) times that in the blank to be kept at all and `times` (10) times to be kept
    without a remark. What is ten times above is never dropped; two substances of one time and one spectrum count as
    the same.
    """
    flag = number("blank", "times") if times is None else times
    least = number("blank", "drop") if drop is None else drop
    area = sum(other.area for other in blank if same_component(one, other))
    if area <= 0:
        return BlankComparison(BlankVerdict.ABSENT)
    ratio = one.area / area
    if ratio >= flag:
        return BlankComparison(BlankVerdict.ABOVE, ratio)
    if ratio < least:
        text = f"In the blank too: only {ratio:.1f} times its area there, so it is not counted as part of the sample."
        return BlankComparison(BlankVerdict.DROPPED, ratio, text)
    text = f"In the blank too: {ratio:.1f} times its area there; below {flag:g} times it may come from the blank."
    return BlankComparison(BlankVerdict.FLAGGED, ratio, text)


def carried_over(one: RunComponent, previous: Sequence[RunComponent], *, times: float | None = None) -> str:
    """A sentence when the run before holds the same component with at least `times` (20) times the area, else ""."""
    least = number("carry_over", "times") if times is None else times
    area = sum(other.area for other in previous if same_component(one, other))
    if one.area <= 0 or area < least * one.area:
        return ""
    return (
        f"The run before holds this component with {area / one.area:.0f} times the area: it may be carried over. "
        "Inject a solvent blank and the sample again."
    )


def same_component(one: RunComponent, other: RunComponent) -> bool:
    """Whether two components of two runs are the same by spectrum and time."""
    width = max(number("blank", "seconds"), 0.5 * max(one.width_s, other.width_s))
    if abs(one.retention_time_s - other.retention_time_s) > width:
        return False
    return spectra_cosine(one.spectrum, other.spectrum) >= number("blank", "cosine")


def spectra_cosine(one: MassSpectrum, other: MassSpectrum) -> float:
    """Cosine of √intensity of two spectra by unit mass, 0–1.

    >>> spectra_cosine(MassSpectrum([58, 91], [4, 1]), MassSpectrum([58.1, 91.0], [8, 2]))
    1.0
    """
    a, b = nominal_mass(one.mz), nominal_mass(other.mz)
    length = int(max(a.max(), b.max())) + 1
    rows = [np.bincount(m, weights=s.intensity, minlength=length).astype(np.float64) for m, s in ((a, one), (b, other))]
    return round(cosine(rows[0], rows[1]), 12)

"""The mass scale of an accurate reading, put right on the lock masses of its method before anything is compared.

The reading that is stored keeps the masses the instrument gave; only what is compared is moved.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from app.laboratory.identification.parts import LockMass, MassScaleUsed
from spectra import MassSpectrum, Reading, Recalibration, SpectrumError, recalibrate

NEGATIVE = "negative"


@dataclass(frozen=True, slots=True)
class MassScale:
    """The spectrum to compare, how its masses were moved (None: as measured), and sentences to say so."""

    spectrum: MassSpectrum
    locked: Recalibration | None = None
    sentences: tuple[str, ...] = ()


def put_right(query: MassSpectrum, lock_masses: Sequence[float]) -> MassScale:
    """`query` on the lock masses (m/z, Da); as measured, and said so, where none of them is in the reading."""
    if not lock_masses:
        return MassScale(query)
    try:
        found = recalibrate(query, lock_masses)
    except SpectrumError:
        shown = ", ".join(f"{mz:.4f}" for mz in lock_masses)
        said = f"No lock mass of this method (m/z {shown}) was found: the mass error can only be estimated."
        return MassScale(query, None, (said,))
    return MassScale(found.spectrum, found, found.reasons)


def negative_ions(reading: Reading) -> bool:
    """Whether the reader says that all ions are negative."""
    return str(reading.meta.get("polarity", "")).strip().lower() == NEGATIVE


def scale_used(used: Recalibration | None) -> MassScaleUsed | None:
    """How the masses were moved, for the answer: errors in ppm; None for what is not known."""
    if used is None:
        return None
    return MassScaleUsed(
        used.estimated, _known(used.before_ppm), _known(used.after_ppm), round(used.window_ppm, 2), tuple(used.missing),
        tuple(
            LockMass(round(k.expected, 5), round(k.measured, 5), _known(k.before_ppm), _known(k.after_ppm))
            for k in used.locks
        ),
    )  # fmt: skip


def _known(ppm: float) -> float | None:
    return round(ppm, 2) if math.isfinite(ppm) else None


def near_lock(mz: float, lock_masses: Sequence[float], window_ppm: float) -> float | None:
    """The lock mass an ion stands at (m/z put right), None where it stands at none."""
    return next((k for k in lock_masses if abs(mz - k) <= window_ppm * 1e-6 * k), None)

"""Mass scales put right: on lock masses, or estimated from the sample's own ions. Imports numpy and `spectra` only.

Why: a mass error of 8 ppm, usual on a DART instrument without lock mass, names the wrong formula.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from spectra.confidence.limits import load
from spectra.exactmass import ELECTRON, exact_mass
from spectra.types import FloatArray, MassSpectrum, SpectrumError


@dataclass(frozen=True, slots=True)
class LockMass:
    """One lock mass as found: `expected` and `measured` m/z (Da), error in ppm before and after."""

    expected: float
    measured: float
    before_ppm: float
    after_ppm: float


@dataclass(frozen=True, eq=False)
class Recalibration:
    """A spectrum with its mass scale put right, and how that was done.

    `before_ppm` and `after_ppm` are median errors at the lock masses; `window_ppm` is the error to allow from now on;
    `missing` are lock masses not found; `estimated` says that no lock mass stands behind it.
    """

    spectrum: MassSpectrum
    locks: tuple[LockMass, ...]
    missing: tuple[float, ...]
    before_ppm: float
    after_ppm: float
    window_ppm: float
    estimated: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShiftEstimate:
    """Error of the mass scale estimated without a lock mass: `ppm` (measured − true), from `ions` agreeing ions that
    scatter by `spread_ppm` and reach up to `highest_mz` (Da); `reliable` when they are enough and clearly more than
    chance gives."""

    ppm: float
    ions: int
    spread_ppm: float
    highest_mz: float
    reliable: bool


def recalibrate(spectrum: MassSpectrum, lock_masses: Iterable[float], window_ppm: float | None = None) -> Recalibration:
    """Correct m/z by the errors of known ions: m → m / (1 + e(m)·10⁻⁶).

    `lock_masses` in Da (the ions, with their charge), each looked for as the strongest peak within `window_ppm`
    (25 if not given). One, or several within 100 Da: e is their median, a constant in ppm. More: e is linear in m/z
    by the median of pairwise slopes (Theil 1950, Sen 1968, doi:10.1080/01621459.1968.10480934), held constant beyond
    the outermost lock mass. The precursor m/z is an instrument setting and stays. Raises SpectrumError when no lock
    mass is given or none is found. Misleads when another ion lies closer to the lock mass than the lock mass itself.

    >>> off = MassSpectrum([195.0877 * (1 + 8e-6), 300.0 * (1 + 8e-6)], [5, 9], ionisation="DART")
    >>> done = recalibrate(off, [195.0877])
    >>> round(done.before_ppm, 1), round(done.after_ppm, 1), round(float(done.spectrum.mz[1]), 4)
    (8.0, 0.0, 300.0)
    """
    windows = load("recalibration")["windows"]
    wanted = sorted({float(m) for m in lock_masses})
    if not wanted or not all(np.isfinite(m) and m > 0 for m in wanted):
        raise SpectrumError("recalibration needs at least one lock mass, a number above zero")
    reach = windows["lock_ppm"] if window_ppm is None else window_ppm
    found = [(m, _lock_peak(spectrum, m, reach, windows["least_share"])) for m in wanted]
    pairs = [(m, at) for m, at in found if at is not None]
    missing = tuple(m for m, at in found if at is None)
    if not pairs:
        raise SpectrumError(_nothing_near(wanted, reach))
    true, seen = np.array([m for m, _ in pairs]), np.array([at for _, at in pairs])
    before = (seen - true) / true * 1e6
    straight = _corrected(spectrum.mz, true, before, windows["slope_span_da"])
    after = (_corrected(seen, true, before, windows["slope_span_da"]) - true) / true * 1e6
    locks = tuple(LockMass(*map(float, row)) for row in zip(true, seen, before, after, strict=True))
    allowed = max(float(windows["locked_ppm"]), 3.0 * float(np.abs(after).max()))
    said = [f"Recalibrated on {len(locks)} lock mass(es): {np.median(before):+.1f} ppm before, "
            f"{np.median(after):+.1f} ppm after."]  # fmt: skip
    if missing:
        said.append(f"Not found: {', '.join(f'{m:.4f}' for m in missing)}.")
    return Recalibration(
        _with_mz(spectrum, straight), locks, missing, float(np.median(before)), float(np.median(after)),
        allowed, False, tuple(said),
    )  # fmt: skip


def estimate_shift(
    spectrum: MassSpectrum, known_masses: Sequence[float] | None = None, window_ppm: float | None = None
) -> ShiftEstimate:
    """How far the mass scale is off, from ions that are probably there: an estimate, never a calibration.

    `known_masses` (Da): masses the sample may show, by default common fragment ions of small molecules (data file
    `recalibration`). Every peak within `window_ppm` of one gives an error; the densest cluster of errors (± 3 ppm),
    weighted by √intensity, gives the shift. Reliable when at least three ions agree and the cluster holds more than
    half of the weight. Misleads when the sample shows none of these ions.

    >>> known = [91.05423, 105.06988, 119.08553, 150.12773]
    >>> off = MassSpectrum([m * (1 - 7e-6) for m in known], [9, 5, 3, 1], ionisation="DART")
    >>> shift = estimate_shift(off, known)
    >>> round(shift.ppm, 1), shift.ions, shift.reliable
    (-7.0, 4, True)
    """
    windows = load("recalibration")["windows"]
    known = np.sort(np.asarray(common_ions() if known_masses is None else known_masses, dtype=np.float64))
    reach = float(windows["lock_ppm"] if window_ppm is None else window_ppm)
    error, weight, at = _errors(spectrum, known, reach)
    if not error.size:
        return ShiftEstimate(0.0, 0, float("nan"), 0.0, False)
    width = float(windows["agreement_ppm"])
    inside = np.abs(error[:, None] - error[None, :]) <= width
    held = (inside * weight[None, :]).sum(axis=1)
    best = inside[int(np.argmax(held))]
    shift = _weighted_median(error[best], weight[best])
    spread = float(np.sqrt(np.average((error[best] - shift) ** 2, weights=weight[best])))
    enough = int(best.sum()) >= int(windows["least_ions"]) and float(held.max()) > 0.5 * float(weight.sum())
    return ShiftEstimate(shift, int(best.sum()), spread, float(at[best].max()), enough)


def correct_estimated(spectrum: MassSpectrum, known_masses: Sequence[float] | None = None) -> Recalibration:
    """The spectrum moved by a reliable `estimate_shift`, else unchanged; `window_ppm` says what to allow then.

    A shift seen only among light fragments is not carried to the intact molecules: on two real DART readings it is
    12 and 19 ppm near m/z 100 and 1 and 10 ppm at m/z 323. So the ions must reach 60 % of the heaviest strong peak.
    """
    windows = load("recalibration")["windows"]
    shift = estimate_shift(spectrum, known_masses)
    strong = spectrum.intensity >= 0.1 * spectrum.intensity.max(initial=0.0)
    heaviest = float(spectrum.mz[strong].max(initial=0.0))
    if not shift.reliable or shift.highest_mz < windows["carried"] * heaviest:
        text = "No lock mass and no reliable estimate of the mass error: a wide window is used."
        return Recalibration(
            spectrum, (), (), float("nan"), float("nan"), float(windows["uncorrected_ppm"]), True, (text,)
        )
    text = (
        f"No lock mass: the mass scale was estimated to be {shift.ppm:+.1f} ppm off, from {shift.ions} common ions, "
        "and moved. This is an estimate, not a calibration."
    )
    moved = _with_mz(spectrum, spectrum.mz / (1.0 + shift.ppm * 1e-6))
    allowed = max(float(windows["estimated_ppm"]), 3.0 * shift.spread_ppm)
    return Recalibration(moved, (), (), shift.ppm, 0.0, allowed, True, (text,))


@lru_cache(maxsize=1)
def common_ions() -> tuple[float, ...]:
    """m/z (Da) of the common fragment ions of the data file, rising."""
    return tuple(sorted(exact_mass(ion) - ELECTRON for ion in load("recalibration")["fragments"]["ions"]))


def _nothing_near(wanted: list[float], reach: float) -> str:
    shown = ", ".join(f"{m:.4f}" for m in wanted)
    return (
        f"no peak lies within {reach:g} ppm of a lock mass ({shown}): measure one with the sample, or widen the window"
    )


def _lock_peak(spectrum: MassSpectrum, mass: float, reach: float, least: float) -> float | None:
    """m/z of the strongest peak within `reach` ppm, None without one."""
    low, high = np.searchsorted(spectrum.mz, [mass * (1 - reach * 1e-6), mass * (1 + reach * 1e-6)])
    floor = least * float(spectrum.intensity.max(initial=0.0))
    near = spectrum.intensity[low:high]
    if not near.size or near.max() <= 0 or near.max() < floor:
        return None
    return float(spectrum.mz[low + int(np.argmax(near))])


def _corrected(mz: FloatArray, true: FloatArray, error: FloatArray, span: float) -> FloatArray:
    """m/z without the error of the lock masses, constant or linear in m/z."""
    if true.size == 1 or float(np.ptp(true)) < span:
        return np.asarray(mz / (1.0 + float(np.median(error)) * 1e-6))
    i, j = np.triu_indices(true.size, 1)
    apart = true[j] - true[i] > 0
    slope = float(np.median((error[j] - error[i])[apart] / (true[j] - true[i])[apart]))
    offset = float(np.median(error - slope * true))
    at = np.clip(mz, true.min(), true.max())
    return np.asarray(mz / (1.0 + (offset + slope * at) * 1e-6))


def _errors(spectrum: MassSpectrum, known: FloatArray, reach: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Error (ppm), √intensity and m/z of every pair of a peak and a known mass within `reach`."""
    if not known.size:
        return np.zeros(0), np.zeros(0), np.zeros(0)
    error = (spectrum.mz[:, None] - known[None, :]) / known[None, :] * 1e6
    peak, ion = np.nonzero((np.abs(error) <= reach) & (spectrum.intensity[:, None] > 0))
    return error[peak, ion], np.sqrt(spectrum.intensity[peak]), spectrum.mz[peak]


def _weighted_median(value: FloatArray, weight: FloatArray) -> float:
    order = np.argsort(value, kind="stable")
    total = np.cumsum(weight[order])
    return float(value[order][int(np.searchsorted(total, total[-1] / 2))])


def _with_mz(spectrum: MassSpectrum, mz: FloatArray) -> MassSpectrum:
    return MassSpectrum(
        mz, spectrum.intensity, spectrum.precursor_mz, spectrum.ionisation, spectrum.retention_time_s,
        spectrum.ms_level,
    )  # fmt: skip

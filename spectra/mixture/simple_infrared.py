"""The simple infrared mixture method: best remaining entry, refit, repeat; then drop what does not pay.

Why: a first look at mixtures until the alignment engine replaces it. Good on clean spectra of the same kind of
instrument, poor where the reference was measured differently, so every grade is "possible". Imports numpy,
scipy and `spectra` only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from spectra.confidence.limits import decision
from spectra.infrared_grid import GRID, STEP, WINDOW, curve, feature
from spectra.similarity.infrared import InfraredScore, shifted
from spectra.types import Component, FloatArray, InfraredSpectrum, MixtureExplanation, SpectrumError

if TYPE_CHECKING:
    from spectra.index.infrared import InfraredLibrary

METHOD = (
    "Simple method (non-negative fit of first derivatives over a shortlist): it can be wrong about small parts "
    "and about references measured on another instrument, so every component is only possible."
)
_SHARES = "Shares are shares of the signal, not of the weight."


def explain(library: InfraredLibrary, query: InfraredSpectrum, max_components: int) -> MixtureExplanation:
    """Fit SG1(q) ≈ Σ c_j SG1(l_j), c ≥ 0, each reference at its best shift (−6…+6 cm⁻¹).

    Orthogonal matching pursuit (one compound at a time, refit after each) over the whole library, then backward
    elimination by BIC = n ln(rss/n) + 3·2k ln n, n = points / 11, and a share of at least 3 %. Shares are
    c_j · max(l_j) over their sum; low and high ± two standard errors of the linear fit (not a calibration).
    `fitted` and `residual` (1801,) are first derivatives on the common grid, NaN where not compared.
    """
    if max_components < 1:
        raise SpectrumError("explain needs at least one component")
    q = feature(curve(query), "first_derivative")
    path = _pursue(library, q, max_components + int(decision("infrared", "look_ahead")))
    if not path.entries:
        return MixtureExplanation((), 1.0, True, ("No library entry resembles this spectrum.", METHOD))
    used = np.isfinite(q) & np.isfinite(path.columns).all(axis=1)
    kept, shares = _eliminate(path.columns[used], q[used], max_components)
    fitted = np.where(used, path.columns[:, kept] @ shares, np.nan)
    residual = q - fitted
    unexplained = float(np.nansum(residual**2) / max(float((q[used] ** 2).sum()), 1e-300))
    incomplete = unexplained > decision("infrared", "incomplete_residual")
    entries = [path.entries[k] for k in kept]
    parts = _components(library, entries, path.columns[used][:, kept], shares, residual[used])
    reasons = [METHOD, _SHARES]
    if incomplete:
        reasons.append(f"{unexplained:.0%} of the derivative signal is not explained: something else is there.")
    return MixtureExplanation(
        parts,
        unexplained,
        incomplete,
        tuple(reasons),
        residual_ratio=float(np.sqrt(unexplained)),
        residual_bands=_bands(residual) if incomplete else (),
        fitted=fitted,
        residual=residual,
    )


class _Path:
    """Entries in the order of their discovery and their columns (1801, K): derivative, largest absorbance 1."""

    def __init__(self) -> None:
        self.entries: list[int] = []
        self.columns: FloatArray = np.zeros((GRID.size, 0))

    def add(self, library: InfraredLibrary, entry: int, shift: float) -> None:
        values = np.asarray(library.curves[entry], dtype=np.float64)
        scaled = values / max(float(np.nanmax(values)), 1e-12)
        column = shifted(feature(scaled, "first_derivative"), -round(shift / STEP))
        self.entries.append(entry)
        self.columns = np.column_stack([self.columns, column])


def _pursue(library: InfraredLibrary, q: FloatArray, most: int) -> _Path:
    """Take the entry most like what is left, refit all, until `most` compounds are in or nothing is alike."""
    rule, references = InfraredScore(), library.features("first_derivative")
    path, taken, rest = _Path(), np.zeros(len(library), dtype=bool), q
    while len(path.entries) < most:
        scores, shifts, _ = rule.over_feature(rest, references)
        scores[taken] = 0.0
        entry = int(np.argmax(scores))
        if scores[entry] <= 0.0:
            break
        path.add(library, entry, float(shifts[entry]))
        taken |= library.codes == library.codes[entry]
        used = np.isfinite(q) & np.isfinite(path.columns).all(axis=1)
        if not used.any():
            break
        fit, _ = nnls(path.columns[used], q[used])
        rest = np.where(used, q - path.columns @ fit, np.nan)
    return path


def _eliminate(columns: NDArray[np.float64], target: FloatArray, most: int) -> tuple[list[int], FloatArray]:
    """Drop parts one by one while BIC falls, more than `most` are left, or the smallest share is below the floor."""
    kept = list(range(columns.shape[1]))
    fit, bic = _fit(columns[:, kept], target)
    while kept:
        share = fit / max(float(fit.sum()), 1e-300)
        trials = [_fit(columns[:, [k for k in kept if k != out]], target) for out in kept]
        weakest = int(np.argmin([trial[1] for trial in trials]))
        if share.min() < decision("infrared", "share_floor"):
            weakest = int(np.argmin(share))
        elif trials[weakest][1] >= bic and len(kept) <= most:
            break
        fit, bic = trials[weakest]
        kept.pop(weakest)
    return kept, fit


def _fit(columns: NDArray[np.float64], target: FloatArray) -> tuple[FloatArray, float]:
    """Non-negative coefficients (K,) and BIC with κ = 3."""
    points = target.size / WINDOW
    if columns.shape[1] == 0:
        fit, rest = np.zeros(0), float((target**2).sum())
    else:
        fit, norm = nnls(columns, target)
        rest = float(norm) ** 2
    penalty = 3.0 * 2.0 * columns.shape[1] * np.log(points)
    return fit, float(points * np.log(max(rest, 1e-300) / points) + penalty)


def _components(
    library: InfraredLibrary,
    entries: list[int],
    columns: NDArray[np.float64],
    shares: FloatArray,
    residual: FloatArray,
) -> tuple[Component, ...]:
    if not entries:
        return ()
    total = float(shares.sum())
    wide = 2 * _errors(columns, shares, residual) / total
    part = shares / total
    low, high = np.maximum(part - wide, 0.0), np.minimum(part + wide, 1.0)
    return tuple(
        Component(
            library.compounds[entries[k]],
            float(part[k]),
            float(low[k]),
            float(high[k]),
            "possible",
            library.names[entries[k]],
        )
        for k in np.argsort(-part, kind="stable")
    )


def _errors(columns: NDArray[np.float64], shares: FloatArray, residual: FloatArray) -> FloatArray:
    """Standard errors of the coefficients of a linear fit, (K,)."""
    freedom = max(1, residual.size - shares.size)
    inverse = np.linalg.pinv(columns.T @ columns)
    return np.sqrt(np.maximum(np.diag(inverse), 0.0) * float((residual**2).sum()) / freedom)


def _bands(residual: FloatArray, most: int = 8) -> tuple[float, ...]:
    """Wavenumbers (cm⁻¹) of the strongest unexplained bands: where the summed residual derivative peaks."""
    rest = np.cumsum(np.nan_to_num(residual)) * STEP
    rest = rest - np.convolve(rest, np.ones(51) / 51, mode="same")
    peak = np.flatnonzero((rest[1:-1] > rest[:-2]) & (rest[1:-1] >= rest[2:])) + 1
    strong = peak[np.argsort(-rest[peak], kind="stable")][:most]
    return tuple(float(GRID[p]) for p in np.sort(strong[rest[strong] > 0]))

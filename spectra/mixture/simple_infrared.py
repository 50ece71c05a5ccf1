"""The simple infrared mixture method: non-negative least squares on first derivatives over a shortlist.

Why: a first look at mixtures; a plain non-negative fit names wrong parts in 23–64 % of its answers, so every
grade is "possible". Imports numpy and `spectra` only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spectra.confidence.limits import decision
from spectra.infrared_grid import GRID, STEP, curve, feature
from spectra.mixture.simple_mass import intervals, select
from spectra.similarity.infrared import shifted
from spectra.types import Candidate, Component, FloatArray, InfraredSpectrum, MixtureExplanation, SpectrumError

if TYPE_CHECKING:
    from spectra.index.infrared import InfraredLibrary

METHOD = (
    "Simple method (non-negative fit of first derivatives over a shortlist): often wrong about small parts, "
    "so every component is only possible."
)


def explain(library: InfraredLibrary, query: InfraredSpectrum, max_components: int) -> MixtureExplanation:
    """Fit SG1(q) ≈ Σ c_j SG1(l_j), c ≥ 0, each reference at the shift found in the search.

    The shortlist grows by searching what is left over. Shares are c_j · max(l_j) over their sum: shares of
    signal, not of weight; low and high ± two standard errors of the linear fit. Shares below 3 % are left out.
    `fitted` and `residual` (1801,) are first derivatives on the common grid, NaN where not compared.
    """
    if max_components < 1:
        raise SpectrumError("explain needs at least one component")
    q = feature(curve(query), "first_derivative")
    hits = _shortlist(library, query)
    if not hits:
        return MixtureExplanation((), 1.0, True, ("No library entry resembles this spectrum.", METHOD))
    columns = np.array([_column(library, hit) for hit in hits]).T
    used = np.isfinite(q) & np.isfinite(columns).all(axis=1)
    if not used.any():
        return MixtureExplanation((), 1.0, True, ("The library and the spectrum share no measured range.", METHOD))
    kept, shares = select(columns[used], q[used], max_components, decision("infrared", "share_floor"))
    fitted = np.where(used, columns[:, kept] @ shares, np.nan)
    residual = q - fitted
    unexplained = float(np.nansum(residual**2) / np.sum(q[used] ** 2)) if (q[used] != 0).any() else 1.0
    incomplete = unexplained > decision("infrared", "incomplete_residual")
    parts = _components(library, [hits[k] for k in kept], columns[np.ix_(used, kept)], shares, residual[used])
    reasons = [METHOD, "Shares are shares of the signal, not of the weight."]
    bands = _bands(residual) if incomplete else ()
    if incomplete:
        reasons.append(f"{unexplained:.0%} of the derivative signal is not explained: something else is there.")
    return MixtureExplanation(
        parts, unexplained, incomplete, tuple(reasons), residual_ratio=float(np.sqrt(unexplained)),
        residual_bands=bands, fitted=fitted, residual=residual,
    )


def _shortlist(library: InfraredLibrary, query: InfraredSpectrum) -> list[Candidate]:
    """Best entry per compound among the best entries."""
    found = library.search(query, int(decision("infrared", "shortlist")))
    best: dict[str, Candidate] = {}
    for hit in found:
        best.setdefault(hit.compound, hit)
    return list(best.values())


def _column(library: InfraredLibrary, hit: Candidate) -> FloatArray:
    """First derivative of an entry, scaled to a largest absorbance of 1, moved to where the query has its bands."""
    values = np.asarray(library.curves[hit.entry], dtype=np.float64)
    scaled = values / max(float(np.nanmax(values)), 1e-12)
    return shifted(feature(scaled, "first_derivative"), -int(round((hit.shift or 0.0) / STEP)))


def _components(
    library: InfraredLibrary, hits: list[Candidate], columns: NDArray[np.float64], shares: FloatArray,
    residual: FloatArray,
) -> tuple[Component, ...]:
    if not hits:
        return ()
    total = float(shares.sum())
    wide = 2 * intervals(columns, shares, residual) / total
    part = shares / total
    return tuple(
        Component(
            hits[k].compound, float(part[k]), float(max(0.0, part[k] - wide[k])),
            float(min(1.0, part[k] + wide[k])), "possible", library.names[hits[k].entry],
        )
        for k in np.argsort(-part, kind="stable")
    )


def _bands(residual: FloatArray, most: int = 8) -> tuple[float, ...]:
    """Wavenumbers (cm⁻¹) of the strongest unexplained bands: where the summed residual derivative peaks."""
    rest = np.cumsum(np.nan_to_num(residual)) * STEP
    rest = rest - np.convolve(rest, np.ones(51) / 51, mode="same")
    peak = np.flatnonzero((rest[1:-1] > rest[:-2]) & (rest[1:-1] >= rest[2:])) + 1
    strong = peak[np.argsort(-rest[peak], kind="stable")][:most]
    return tuple(float(GRID[p]) for p in np.sort(strong[rest[strong] > 0]))

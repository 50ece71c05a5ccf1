"""The simple mass mixture method: non-negative least squares over a shortlist. Kept honest, not kept for long.

Why: a first look at mixtures until the engine of a later issue. On the 180 EI mixtures of the development set it
names the right set in 11 % (F1 0.52), so every grade is "possible" and the reasons say so. Imports numpy, scipy
and `spectra` only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from spectra.confidence.limits import decision
from spectra.peaktable import PeakTable
from spectra.preprocess import Peaks, prepare
from spectra.similarity.base import safe_ratio
from spectra.types import Component, FloatArray, MassSpectrum, MixtureExplanation, SpectrumError

if TYPE_CHECKING:
    from spectra.index.mass import MassLibrary

METHOD = (
    "Simple method (non-negative fit over a shortlist): it names exactly the right set in about one mixture of "
    "nine, so every component is only possible."
)


def explain(library: MassLibrary, queries: Sequence[MassSpectrum], max_components: int) -> MixtureExplanation:
    """Fit y ≈ Σ c_k A_k, c ≥ 0, on √(m·I) over the query's peaks and the candidates' own.

    Several queries are one sample at rising energies: query e is compared with entries of energy e and the
    rows are stacked; every compound keeps one share. Shares are shares of fitted signal, low and high ± two
    standard errors of the linear fit (not a calibration). Shares below 3 % are left out.
    """
    if not queries or max_components < 1:
        raise SpectrumError("explain needs at least one spectrum and at least one component")
    peaks = [prepare(q, library.accurate) for q in queries]
    short = _shortlist(library, peaks)
    if not short:
        return MixtureExplanation((), 1.0, True, ("No library entry shares a peak with this spectrum.", METHOD))
    target, columns = _stack(library, peaks, short)
    names = list(short)
    kept, shares = select(columns, target, max_components, decision("mass_mixture", "share_floor"))
    residual = target - columns[:, kept] @ shares
    unexplained = float((residual**2).sum() / (target**2).sum())
    incomplete = unexplained > decision("mass_mixture", "incomplete_residual")
    components = _components(library, [names[k] for k in kept], short, columns[:, kept], shares, residual)
    reasons = [METHOD]
    if incomplete:
        reasons.append(f"{unexplained:.0%} of the weighted signal is not explained: something else is there.")
    return MixtureExplanation(components, unexplained, incomplete, tuple(reasons), residual_ratio=unexplained**0.5)


def select(columns: NDArray[np.float64], target: FloatArray, most: int, floor: float) -> tuple[list[int], FloatArray]:
    """Non-negative fit, then drop the smallest part until at most `most` are left and all shares reach `floor`.

    `columns` (P, K), `target` (P,) → indices kept and their coefficients.
    """
    kept = list(range(columns.shape[1]))
    while kept:
        fit, _ = nnls(columns[:, kept], target)
        parts = fit * np.linalg.norm(columns[:, kept], axis=0)
        shares = safe_ratio(parts, np.full(parts.shape, parts.sum()))
        if (parts > 0).sum() <= most and shares[parts > 0].min(initial=1.0) >= floor:
            inside = np.flatnonzero(parts > 0)
            return [kept[i] for i in inside], fit[inside]
        alive = np.flatnonzero(parts > 0)
        weakest = alive[np.argmin(parts[alive])]
        kept = [kept[i] for i in alive if i != weakest]
    return [], np.zeros(0)


def intervals(columns: NDArray[np.float64], shares: FloatArray, residual: FloatArray) -> FloatArray:
    """Standard errors of the coefficients of a linear fit, (K,)."""
    freedom = max(1, residual.size - shares.size)
    inverse = np.linalg.pinv(columns.T @ columns)
    return np.sqrt(np.maximum(np.diag(inverse), 0.0) * float((residual**2).sum()) / freedom)


def _components(
    library: MassLibrary,
    compounds: list[str],
    short: dict[str, list[int]],
    columns: NDArray[np.float64],
    shares: FloatArray,
    residual: FloatArray,
) -> tuple[Component, ...]:
    if not compounds:
        return ()
    errors = intervals(columns, shares, residual)
    size = np.linalg.norm(columns, axis=0)
    total = float((shares * size).sum())
    part, wide = shares * size / total, 2 * errors * size / total
    order = np.argsort(-part, kind="stable")
    return tuple(
        Component(
            compounds[k],
            float(part[k]),
            float(max(0.0, part[k] - wide[k])),
            float(min(1.0, part[k] + wide[k])),
            "possible",
            library.names[next(e for e in short[compounds[k]] if e >= 0)],
        )
        for k in order
    )


def _shortlist(library: MassLibrary, peaks: list[Peaks]) -> dict[str, list[int]]:
    """Compound → best entry per energy (−1 where none), for the compounds that explain most of themselves.

    Ranked by reverse weighted cos² times the share of the reference that the query contains, mean over energies.
    """
    rule = library.rule("weighted_cosine", None)
    value = np.zeros((len(peaks), len(library)))
    for e, query in enumerate(peaks):
        matches = library.table.match(query, rule.window)
        own = library.table.weights(0.0, 1.0)
        found = library.table.sums(matches.row, own[matches.lib])
        share = safe_ratio(found, library.table.sums(library.table.row, own))
        fits = library.energy == e if len(peaks) > 1 else np.ones(len(library), dtype=bool)
        value[e] = np.where(fits, rule.reverse(query, library.table, matches) ** 2 * share, 0.0)
    size = int(decision("mass_mixture", "shortlist"))
    likely = np.argsort(-value.sum(axis=0), kind="stable")[: 8 * size]
    best: dict[str, list[int]] = {}
    for entry in (int(i) for i in likely if value[:, i].any()):
        slots = best.setdefault(library.compounds[entry], [-1] * len(peaks))
        e = int(np.argmax(value[:, entry]))
        if slots[e] < 0:
            slots[e] = entry
    rank = {c: sum(value[e, i] for e, i in enumerate(slots) if i >= 0) for c, slots in best.items()}
    return {c: best[c] for c in sorted(best, key=lambda c: (-rank[c], best[c]))[:size]}


def _stack(
    library: MassLibrary, peaks: list[Peaks], short: dict[str, list[int]]
) -> tuple[FloatArray, NDArray[np.float64]]:
    """Target (P,) and one column per compound (P, K): √(m·I) at the query's peaks, then peaks only references have."""
    targets, blocks = [], []
    for e, query in enumerate(peaks):
        with_entry = [(k, slots[e]) for k, slots in enumerate(short.values()) if slots[e] >= 0]
        part = library.table.take(np.array([entry for _, entry in with_entry], dtype=np.int64))
        matches = part.match(query, library.rule("weighted_cosine", None).window)
        position = _positions(part, matches.lib, matches.query, query.mz.size)
        height = max(int(position.max(initial=-1)) + 1, query.mz.size)
        block = np.zeros((height, len(short)))
        column = np.array([k for k, _ in with_entry], dtype=np.int64)
        np.add.at(block, (position, column[part.row]), part.weights(0.5, 0.5))
        target = np.zeros(height)
        target[: query.mz.size] = np.sqrt(query.mz * query.intensity)
        targets.append(target)
        blocks.append(block)
    return np.concatenate(targets), np.concatenate(blocks)


def _positions(part: PeakTable, lib: NDArray[np.int64], query: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Row of the fit for every reference peak: its query peak, else a row shared by its 0.05 Da cell."""
    position = np.full(part.mz.size, -1, dtype=np.int64)
    position[lib] = query
    free = position < 0
    cells = np.asarray(part.mz, dtype=np.float64)[free]
    cells = np.floor(cells / 0.05) if part.accurate else cells
    position[free] = size + np.unique(cells, return_inverse=True)[1].reshape(-1)
    return position

"""Search for sets of candidates that explain an accurate-mass sample together. Imports numpy and `spectra` only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spectra.mixture.accurate_columns import Columns
from spectra.mixture.accurate_fit import LEAST, Likelihood
from spectra.mixture.accurate_model import Float32, Model

IntArray = NDArray[np.int64]
GRID = np.array([0.02, 0.05, 0.1, 0.2, 0.35, 0.6, 0.9], dtype=np.float32)
COARSE = np.array([0.02, 0.06, 0.18, 0.45], dtype=np.float32)


@dataclass(frozen=True, eq=False)
class FittedSet:
    """Columns of one set (n,), rising by candidate; their shares (n,); loss with penalties."""

    columns: tuple[int, ...]
    shares: Float32
    loss: float


@dataclass(frozen=True, eq=False)
class Search:
    """Everything fitted: `sets` by rising loss, `empty` the loss with nothing named.

    `data`: the J columns that were tried, on the rows that matter; `mean` (J, B) what they show, mean over energies;
    `most` (K, B) the most each candidate shows of an ion at any energy.
    """

    data: Columns
    mean: Float32
    most: Float32
    likelihood: Likelihood
    sets: list[FittedSet]
    empty: float


def search(data: Columns, compound: IntArray, model: Model, most: int) -> Search:
    """Beam search: level 1 every column; level k adds one column of another compound, then refits jointly.

    `compound` (K,) code of each candidate of the shortlist; no set holds two columns of one compound.
    """
    kept = _best_warps(data, model)
    first = np.r_[0, np.flatnonzero(np.diff(data.candidate)) + 1]
    by_ion = data.expected.reshape(data.candidate.size, -1, data.mz.size)
    most_shown = np.maximum.reduceat(by_ion.max(axis=1), first, axis=0)
    mean = by_ion[kept].mean(axis=1)
    data = data.only(kept)
    # Rows on which no candidate expects anything cost every set the same.
    data = data.on(np.flatnonzero((data.expected > LEAST).any(axis=0)))
    likelihood = Likelihood(data, model)
    code = compound[data.candidate]
    empty = float(likelihood.total(np.zeros((1, data.y.size), dtype=np.float32))[0])
    fitted: dict[tuple[int, ...], FittedSet] = {}
    level = _first(likelihood, data, fitted)
    for size in range(2, most + 1):
        level = _next(likelihood, data, code, level, size, fitted, model)
        if not level:
            break
    order = sorted(fitted.values(), key=lambda s: (s.loss, s.columns))
    return Search(data, mean, most_shown, likelihood, order, empty)


def _best_warps(data: Columns, model: Model) -> IntArray:
    """The columns worth trying, `warps_kept` per candidate: those that alone explain most."""
    likelihood = Likelihood(data, model)
    first = np.r_[0, np.flatnonzero(np.diff(data.candidate)) + 1]
    own = np.split(np.arange(data.candidate.size), first[1:])
    gain = np.concatenate([likelihood.alone(columns, GRID) for columns in own]) - data.penalty
    order = np.lexsort((np.arange(gain.size), -gain, data.candidate))
    rank = np.arange(order.size) - np.repeat(first, np.diff(np.r_[first, order.size]))
    return np.sort(order[rank < model.warps_kept])


def _first(likelihood: Likelihood, data: Columns, fitted: dict[tuple[int, ...], FittedSet]) -> list[FittedSet]:
    sets = np.arange(data.candidate.size)[:, None]
    return _fit(likelihood, data, sets, np.full(sets.shape, 0.3, dtype=np.float32), 5, fitted)


def _next(
    likelihood: Likelihood,
    data: Columns,
    code: IntArray,
    level: list[FittedSet],
    size: int,
    fitted: dict[tuple[int, ...], FittedSet],
    model: Model,
) -> list[FittedSet]:
    """Add one column to each set of the beam, holding the others; the most promising are fitted jointly."""
    beam = sorted(level, key=lambda s: (s.loss, s.columns))[: model.beam]
    held = np.array([s.columns for s in beam], dtype=np.int64)
    shares = np.stack([s.shares for s in beam])
    mu = np.einsum("mk,mkr->mr", shares, data.expected[held])
    base = likelihood.terms(mu)
    loss = np.array([s.loss for s in beam])
    trial = np.full((held.shape[0], data.candidate.size), np.inf)
    at = np.zeros(trial.shape, dtype=np.int64)
    for j in range(data.candidate.size):
        gain = likelihood.gains(mu, base, j, COARSE)
        at[:, j] = gain.argmax(axis=1)
        trial[:, j] = loss - gain.max(axis=1) + data.penalty[j]
    trial[(code[held][:, :, None] == code[None, None, :]).any(axis=1)] = np.inf
    sets: list[tuple[int, ...]] = []
    start: list[NDArray[np.float64]] = []
    known: set[tuple[int, ...]] = set()
    for flat in np.argsort(trial, axis=None, kind="stable"):
        m, j = divmod(int(flat), trial.shape[1])
        if not np.isfinite(trial[m, j]) or len(sets) >= model.tried:
            break
        joined = np.r_[held[m], j]
        order = np.argsort(joined)
        key = tuple(joined[order].tolist())
        if key not in known:
            known.add(key)
            sets.append(key)
            start.append(np.r_[shares[m], COARSE[at[m, j]]][order])
    if not sets:
        return []
    return _fit(likelihood, data, np.array(sets, dtype=np.int64), np.array(start, dtype=np.float32), 4, fitted)


def _fit(
    likelihood: Likelihood,
    data: Columns,
    sets: IntArray,
    start: Float32,
    steps: int,
    fitted: dict[tuple[int, ...], FittedSet],
) -> list[FittedSet]:
    shares, loss = likelihood.fit(sets, start, steps)
    out = []
    for row, share, value in zip(sets, shares, loss, strict=True):
        key = tuple(int(j) for j in row)
        out.append(FittedSet(key, share, float(value) + float(data.penalty[row].sum())))
        fitted[key] = out[-1]
    return out

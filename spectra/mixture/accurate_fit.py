"""The heavy-tailed likelihood and its joint fit for many sets of columns at once. Imports numpy and `spectra` only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spectra.mixture.accurate_columns import Columns
from spectra.mixture.accurate_model import Float32, Model
from spectra.types import FloatArray

IntArray = NDArray[np.int64]
LOWEST, HIGHEST = 0.003, 1.2
LEAST = 0.5


class Likelihood:
    """Σ w (ν+1)/2 ln(1 + r²/ν), r = [ln(y+b) − ln(Σ c_k A_k + b)] / s, over the rows of one sample."""

    def __init__(self, data: Columns, model: Model) -> None:
        self.data, self.floor, self.freedom = data, np.float32(model.floor), np.float32(model.freedom)
        self.scale = np.float32(1.0 / model.scatter)
        self.half = data.weight * np.float32((model.freedom + 1.0) / 2.0)
        self.log_y = np.log(data.y + self.floor)
        self.rows = [np.flatnonzero(column > LEAST) for column in data.expected]

    def terms(self, mu: Float32, rows: IntArray | slice = slice(None)) -> Float32:
        """Loss of every row; `mu` (…, rows)."""
        r = (self.log_y[rows] - np.log(mu + self.floor)) * self.scale
        out: Float32 = self.half[rows] * np.log1p(r * r / self.freedom)
        return out

    def total(self, mu: Float32) -> Float32:
        """Loss summed over all rows, (…,)."""
        out: Float32 = self.terms(mu).sum(axis=-1)
        return out

    def gains(self, mu: Float32, base: Float32, column: int, grid: Float32) -> Float32:
        """How much the loss falls when `column` is added at each c of `grid` (G,) to each of M sets, (M, G).

        `mu`, `base` (M, R): what the sets expect and their loss per row.
        """
        rows = self.rows[column]
        trial = mu[:, None, rows] + grid[None, :, None] * self.data.expected[column, rows]
        out: Float32 = base[:, rows].sum(axis=1)[:, None] - self.terms(trial, rows).sum(axis=-1)
        return out

    def alone(self, columns: IntArray, grid: Float32) -> Float32:
        """Largest fall of the loss, over c of `grid` (G,), when each of these columns (W,) is the only one, (W,)."""
        rows = np.flatnonzero((self.data.expected[columns] > LEAST).any(axis=0))
        base = self.terms(np.zeros(rows.size, dtype=np.float32), rows).sum()
        trial = grid[None, :, None] * self.data.expected[np.ix_(columns, rows)][:, None, :]
        out: Float32 = (base - self.terms(trial, rows).sum(axis=-1)).max(axis=1)
        return out

    def fit(self, sets: IntArray, start: Float32, steps: int) -> tuple[Float32, Float32]:
        """Joint fit of M sets of n columns (M, n) from shares `start` (M, n): best shares and loss (M,).

        Damped Gauss–Newton in ln c with the weights of the Student t, steps at most 1.
        """
        design = self.data.expected[sets]
        log_c = np.log(np.clip(start, LOWEST, HIGHEST)).astype(np.float32)
        best, best_loss = np.exp(log_c), np.full(sets.shape[0], np.inf, dtype=np.float32)
        for step in range(steps + 1):
            c = np.exp(log_c)
            part = c[:, :, None] * design
            mu = part.sum(axis=1)
            r = (self.log_y - np.log(mu + self.floor)) * self.scale
            loss = (self.half * np.log1p(r * r / self.freedom)).sum(axis=-1)
            better = loss < best_loss
            best[better], best_loss[better] = c[better], loss[better]
            if step == steps:
                break
            weight = self.half * 2.0 / (self.freedom + r * r)
            slope = part / (mu + self.floor)[:, None, :] * self.scale
            pull = (slope @ (weight * r)[:, :, None])[:, :, 0]
            curve = (slope * weight[:, None, :]) @ slope.transpose(0, 2, 1)
            n = sets.shape[1]
            damp = 0.05 * curve[:, np.arange(n), np.arange(n)] + 0.3
            curve[:, np.arange(n), np.arange(n)] += damp
            move = np.linalg.solve(curve.astype(np.float64), pull[..., None].astype(np.float64))[..., 0]
            log_c = np.clip(log_c + np.clip(move, -1.0, 1.0), np.log(LOWEST), np.log(HIGHEST)).astype(np.float32)
        return best, best_loss

    def errors(self, columns: IntArray, shares: Float32) -> FloatArray:
        """Standard error of ln c of every part (n,), from the curvature of the loss at the fit."""
        part = (shares[:, None] * self.data.expected[columns]).astype(np.float64)
        mu = part.sum(axis=0) + float(self.floor)
        r = (self.log_y - np.log(mu)) * float(self.scale)
        weight = self.half * 2.0 / (float(self.freedom) + r * r)
        slope = part / mu * float(self.scale)
        curve = (slope * weight) @ slope.T + 1e-6 * np.eye(columns.size)
        return np.asarray(np.sqrt(np.maximum(np.diag(np.linalg.inv(curve)), 0.0)))

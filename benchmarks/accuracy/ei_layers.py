"""The two layers behind the printed probabilities of EI mixtures: fitted, left out by compound, and written as TOML.

Why apart: the same fit serves the shipped constants and the figures, where no layer may have seen a reading's compounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.accuracy.ei_sets import Sample
from spectra.mixture.ei_features import NAMES, Evidence
from spectra.mixture.ei_inclusion import SEVERAL, Layers, Logistic, alike, places, rule, several_features
from spectra.mixture.ei_likelihood import Problem
from spectra.types import FloatArray

RIDGE, SEVERAL_RIDGE = 30.0, 10.0


@dataclass(eq=False)
class Weighed:
    """One reading with the evidence for its compounds (R rows): which are there, and what the decision needs."""

    sample: Sample
    compounds: list[str]
    truth: FloatArray
    problem: Problem
    evidence: Evidence

    @property
    def x(self) -> FloatArray:
        """Features, (R, F)."""
        return self.evidence.features

    @property
    def held(self) -> frozenset[str]:
        """Compounds of the reading, also one taken out of the library."""
        return frozenset((*self.sample.truth, *self.sample.removed))


@dataclass(eq=False)
class _Fit:
    """A ridge logistic on standardised features, clipped to their 0.1–99.9 % range; with what every reading adds."""

    low: FloatArray
    high: FloatArray
    middle: FloatArray
    spread: FloatArray
    beta: FloatArray
    hessian: FloatArray
    gradients: list[FloatArray]
    curvatures: list[FloatArray]

    @classmethod
    def of(cls, x: Sequence[FloatArray], y: Sequence[FloatArray], ridge: float) -> _Fit:
        """By penalised Newton steps; `x` (R, F) and `y` (R,) of every reading."""
        rows, target = np.concatenate(x), np.concatenate(y)
        low, high = np.percentile(rows, [0.1, 99.9], axis=0)
        clipped = np.clip(rows, low, high)
        middle, spread = clipped.mean(axis=0), clipped.std(axis=0) + 1e-9
        z = np.column_stack([np.ones(target.size), (clipped - middle) / spread])
        penalty = np.diag([1e-6, *([ridge] * (z.shape[1] - 1))])
        beta = np.zeros(z.shape[1])
        for _ in range(30):
            p = 1 / (1 + np.exp(-np.clip(z @ beta, -30, 30)))
            hessian = (z * (p * (1 - p))[:, None]).T @ z + penalty
            step = np.linalg.solve(hessian, z.T @ (target - p) - penalty @ beta)
            beta = beta + step
            if np.abs(step).max() < 1e-6:
                break
        at = np.cumsum([part.size for part in y])[:-1]
        parts = zip(np.split(z, at), np.split(target - p, at), np.split(p * (1 - p), at), strict=True)
        each = [(one.T @ g, (one * h[:, None]).T @ one) for one, g, h in parts]
        return cls(low, high, middle, spread, beta, hessian, [g for g, _ in each], [h for _, h in each])

    def logistic(self, apart: tuple[int, ...] = ()) -> Logistic:
        """The layer, without the readings `apart`: one Newton step from the fit on all, with the exact Hessian of the rest.

        Probabilities then differ from a refit's by .005 at most (seven readings tried); refits would take an hour.
        """
        beta = self.beta
        if apart:
            hessian = self.hessian - np.sum([self.curvatures[i] for i in apart], axis=0)
            beta = beta - np.linalg.solve(hessian, np.sum([self.gradients[i] for i in apart], axis=0))
        weight = beta[1:] / self.spread
        return Logistic(float(beta[0] - self.middle @ weight), weight, self.low, self.high)


def _first(rows: list[Weighed]) -> _Fit:
    return _Fit.of([row.x for row in rows], [row.truth for row in rows], RIDGE)


def _second(rows: list[Weighed], said: list[FloatArray]) -> _Fit:
    """The layer for more than one compound, from probabilities `said` by layers that did not see the reading."""
    x, y = [], []
    for row, p in zip(rows, said, strict=True):
        found = places(p, alike(row.problem, row.evidence.member), rule().twin)
        x.append(several_features(row.x, p, found)[None])
        y.append(np.array([float(len(row.sample.truth) > 1)]))
    return _Fit.of(x, y, SEVERAL_RIDGE)


def _apart(rows: list[Weighed]) -> list[tuple[int, ...]]:
    """For every reading, the readings that share a compound with it, itself included."""
    holding: dict[str, set[int]] = {}
    for i, row in enumerate(rows):
        for compound in row.held:
            holding.setdefault(compound, set()).add(i)
    return [tuple(sorted(set().union(*(holding[c] for c in row.held)))) for row in rows]


def _left_out(fit: _Fit, apart: list[tuple[int, ...]]) -> list[Logistic]:
    made = {readings: fit.logistic(readings) for readings in set(apart)}
    return [made[readings] for readings in apart]


def cross_validated(rows: list[Weighed]) -> list[Layers]:
    """Both layers for every reading, fitted without any reading that holds one of its compounds."""
    apart = _apart(rows)
    first = _left_out(_first(rows), apart)
    said = [layer(row.x) for layer, row in zip(first, rows, strict=True)]
    second = _left_out(_second(rows, said), apart)
    return [Layers(one, two) for one, two in zip(first, second, strict=True)]


def layer_as_toml(section: str, columns: tuple[str, ...], layer: Logistic) -> str:
    """One fitted layer as a section of spectra/data/mixtures.toml."""
    lines = [f"[{section}]", f"intercept = {layer.intercept:.6g}", "", f"[{section}.features]"]
    for name, weight, low, high in zip(columns, layer.weight, layer.low, layer.high, strict=True):
        lines.append(f"{name} = [{weight:.6g}, {low:.6g}, {high:.6g}]")
    return "\n".join(lines) + "\n"


def layers_as_toml(rows: list[Weighed]) -> str:
    """Both layers fitted on all readings, as they stand in the data file."""
    fit = _first(rows)
    said = [layer(row.x) for row, layer in zip(rows, _left_out(fit, _apart(rows)), strict=True)]
    first, second = fit.logistic(), _second(rows, said).logistic()
    return layer_as_toml("ei_probability", NAMES, first) + "\n" + layer_as_toml("ei_several", SEVERAL, second)

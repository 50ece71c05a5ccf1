"""How far each name of a fitted set can be believed: figures of each member and a logistic fitted on simulated readings.

Why: a member can be needed by the fit and still stand in for a substance the library lacks; it then fits badly just where
it absorbs. Imports numpy and `spectra` only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from spectra.confidence.limits import load
from spectra.infrared.alarm import deformations
from spectra.infrared.fit import Fit, State, fit_many
from spectra.infrared.ground import NullModel, off
from spectra.infrared.propose import propose
from spectra.infrared.window_median import window_median
from spectra.types import FloatArray

_WINDOW = 50
FEATURES = (
    "loc", "dln", "share", "deformed", "excess", "t", "deformed_excess", "median_t", "spread", "apart", "all_deformed",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Alternatives:
    """Members of a set against what could replace them.

    `dropped` the set without each member, `replaced` the best set with another entry in its place (None when there is
    none), both refitted.
    """

    fit: Fit
    dropped: tuple[Fit | None, ...]
    replaced: tuple[Fit | None, ...]

    @classmethod
    def of(cls, fit: Fit) -> Alternatives:
        """Refits for every member: one without it, three with its most promising replacements."""
        k = len(fit.state.entries)
        dropped = _without_each(fit)
        states: list[State] = []
        owner: list[int] = []
        for j in range(k):
            base = dropped[j]
            if base is None:
                states += [_swapped(fit.state, e) for e in _lone_rivals(fit)]
            else:
                closed = (*base.state.entries, fit.state.entries[j])
                found = propose(base, int(load("infrared")["grades"]["rivals"]), closed)
                states += [base.state.plus(p.entry, p.share, p.own) for p in found]
            owner += [j] * (len(states) - len(owner))
        fits = fit_many(fit.scene, fit.metric, states, 3, fit.priors)
        best: list[Fit | None] = [None] * k
        for j, made in zip(owner, fits, strict=True):
            held = best[j]
            if held is None or made.obj < held.obj:
                best[j] = made
        return cls(fit, tuple(dropped), tuple(best))


def _without_each(fit: Fit) -> list[Fit | None]:
    k = len(fit.state.entries)
    if k < 2:
        return [None] * k
    states = [fit.state.without(j) for j in range(k)]
    return list(fit_many(fit.scene, fit.metric, states, 3, fit.priors))


def _lone_rivals(fit: Fit) -> list[int]:
    """Entries that could stand in for a lone member: those most like what it explains."""
    whole = propose(_emptied(fit), int(load("infrared")["grades"]["rivals"]), fit.state.entries)
    return [p.entry for p in whole]


def _emptied(fit: Fit) -> Fit:
    """The lone member at share 0: its residual is the reading."""
    state = State(fit.state.entries, np.zeros(1), fit.state.own, fit.state.alignment)
    y = fit.metric.project(fit.scene.y)
    return Fit(fit.scene, fit.metric, fit.priors, state, 0.0 * fit.C, y, float(y @ y), 0.0, fit.weight)


def _swapped(state: State, entry: int) -> State:
    return State((entry,), state.share, np.zeros(1), state.alignment)


def features(alternatives: Alternatives, excess: float) -> FloatArray:
    """The figures of every member, (K, F) in the order of `FEATURES`, all finite.

    With C′ the member's column cleared of the other columns, all individual shifts and the alignment, and r the residual:
    loc, the residual where C′ lives over C′ itself; dln, ln of the objective with the best replacement over the present
    one; share; t, share over its standard error; deformed, the part of the residual that 18 deformations of the member
    explain, and all_deformed, those of all members; excess, of the whole fit, and its product with deformed; median_t, t
    of the member by the median of short windows, counted as absent; spread, in how many windows of 50 points it is needed,
    (Σg)²/Σg² of what each gains by it; apart, |C′|² over |C|². All but the product are logarithms.
    """
    fit = alternatives.fit
    off_all = float(np.log(_deformed(fit, range(len(fit.state.entries))) + 0.01))
    ground = NullModel.of_fit(fit)
    rows = [[*_member(alternatives, k, excess, ground), off_all] for k in range(len(fit.state.entries))]
    return np.array(rows).reshape(-1, len(FEATURES))


def _member(alternatives: Alternatives, k: int, excess: float, ground: NullModel) -> list[float]:
    fit, share = alternatives.fit, float(alternatives.fit.state.share[k])
    own = _cleared(fit, k)
    r, info = fit.residual, float(own @ own)
    near = np.convolve(own**2, np.ones(9) / 9, mode="same") / max(info, 1e-300)
    loc = float(np.sqrt((near * r**2).sum() / max(share**2 * float((near * own**2).sum()), 1e-12)))
    rival, less = alternatives.replaced[k], alternatives.dropped[k]
    empty = fit.metric.project(fit.scene.y)
    without = less.obj if less is not None else float(empty @ empty)
    dln = np.log(max((rival.obj if rival else without) / fit.obj, 1.0))
    deformed, e = np.log(_deformed(fit, [k]) + 0.01), np.log(max(excess, 0.002))
    t = share * np.sqrt(info / max(1.0, fit.chi2 / max(fit.n_eff, 1.0)))
    median_t = float(window_median(ground, fit.warped[0, k : k + 1], k).t[0])
    starts = np.arange(0, r.size, _WINDOW)
    gains = share**2 * np.add.reduceat(own**2, starts) + 2 * share * np.add.reduceat(own * r, starts)
    spread = float(np.maximum(gains, 0.0).sum() ** 2 / max(float((gains**2).sum()), 1e-300))
    return [
        np.log(loc + 0.001), np.log(dln + 0.001), np.log(float(fit.shares[k]) + 0.001), deformed, e, np.log(t + 0.1),
        deformed * e, np.log(max(median_t, 0.1)), np.log(max(spread, 0.5)),
        np.log(max(info, 1e-300) / max(float(fit.C[k] @ fit.C[k]), 1e-300)),
    ]  # fmt: skip


def _cleared(fit: Fit, k: int) -> FloatArray:
    """Member k's column off the other columns, all individual shifts and the alignment, (M,)."""
    others = np.concatenate([np.delete(fit.C, k, axis=0), fit.D, fit.E[1:]])
    return off(fit.C[k], others)


def _deformed(fit: Fit, members: Iterable[int]) -> float:
    """Part of |r|² that the members' own deformations explain: a twin that stands in for the truth leaves just this."""
    rows = np.concatenate([deformations(fit, k) for k in members])
    left = off(fit.residual, fit.metric.project(rows))
    return float(1.0 - (left @ left) / max(fit.chi2, 1e-300))


def probabilities(figures: FloatArray, layer: dict[str, Any] | None = None) -> FloatArray:
    """P(the named substance is in the sample) of each member (K,), from `features`; never outside the range fitted.

    `layer` (intercept, and per feature weight, lowest and highest value) comes from `data/infrared.toml`.
    """
    data = layer or load("infrared")["grades"]["logistic"]
    z = np.full(figures.shape[0], float(data["intercept"]))
    for i, name in enumerate(FEATURES):
        weight, low, high = data[name]
        z += weight * np.clip(figures[:, i], low, high)
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(z, -30.0, 30.0))))


def grade(probability: float, own_standard: bool) -> str:
    """ "identified" only against a reference measured on the laboratory's own instrument; else "probable" at most.

    >>> grade(0.95, False), grade(0.95, True), grade(0.5, True)
    ('probable', 'identified', 'possible')
    """
    if probability < float(load("infrared")["grades"]["probable"]):
        return "possible"
    return "identified" if own_standard else "probable"

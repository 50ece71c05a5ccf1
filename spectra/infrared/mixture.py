"""Which set of references explains a reading: start, grow, swap, drop, reweight, polish.

Why: a likelihood in absorbance with a price per component that rises with the misfit, so that a poor reference is not
patched up with invented ones. Imports numpy and `spectra` only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from spectra.confidence.limits import load
from spectra.infrared.baseline import Metric
from spectra.infrared.fit import Fit, State, fit_many
from spectra.infrared.noise import local_variance, mismatch_variance, running_mean
from spectra.infrared.propose import propose_many
from spectra.infrared.scene import FitProblem
from spectra.infrared.warp import IntArray
from spectra.infrared.window_median import stands


@dataclass(frozen=True, eq=False)
class Final:
    """The settled set. `fit` None when nothing beats the empty set; `misfit` χ₁ = √(χ²/M) of the first pass at white noise.

    `kappa` the price per component that followed from it; `traces` entries with their shares that were dropped for
    lying below the floor `floor`; `apart` the same set on the ranges of references that do not cover the scene.
    """

    scene: FitProblem
    fit: Fit | None
    misfit: float
    kappa: float
    floor: float
    traces: tuple[tuple[int, float], ...] = ()
    apart: tuple[Part, ...] = ()

    @property
    def entries(self) -> tuple[int, ...]:
        """Library entries of the set."""
        return self.fit.state.entries if self.fit else ()


@dataclass(frozen=True, eq=False)
class Part:
    """A settled set on the range of some `entries` (k,), rising, that do not cover its scene."""

    final: Final
    entries: IntArray


def criterion(fit: Fit, kappa: float, n_eff: float) -> float:
    """IC = n_eff ln(χ²/n) + prior + k (2 ln entries + κ ln n_eff): lower is better.

    Sets are compared at one n_eff, that of the set which fits best: what it still misses weakens the evidence.
    """
    size = np.log(max(fit.scene.entries.size, 2))
    price = float(load("infrared")["mixture"]["library_weight"]) * size + kappa * np.log(max(n_eff, 2.0))
    return _likelihood(fit.chi2, fit.n, n_eff) + fit.prior + len(fit.state.entries) * float(price)


def _likelihood(chi2: float, n: int, n_eff: float) -> float:
    return n_eff * float(np.log(max(chi2, 1e-300) / n))


def resolve(scene: FitProblem, starts: Sequence[State], most: int) -> Final:
    """The set of at most `most` entries that explains the scene best, grown from single alignments (best first)."""
    data = load("infrared")["mixture"]
    search = _Search(scene, most, np.array([s.entries[0] for s in starts], dtype=np.int64))
    first = search.grown(scene.white, starts[0])
    left = first.chi2 / max(float((scene.white.project(scene.y) ** 2).sum()), 1e-300)
    if first.chi2 / first.n > data["second_starts"] and left > data["second_rest"]:
        others = [s for s in starts[1:] if s.entries[0] not in first.state.entries][:2]
        first = search.cheapest([first, *(search.grown(scene.white, s) for s in others)])
    return _settled(search, first)


def settled_again(fit: Fit, most: int) -> Final:
    """The set that explains the fit's scene best when its own set is the start: polished, its small members confirmed."""
    return _settled(_Search(fit.scene, most, np.array(fit.state.entries, dtype=np.int64)), fit)


def _settled(search: _Search, first: Fit) -> Final:
    """From a grown set at white noise to a settled one."""
    data = search.data
    misfit = float(np.sqrt(first.chi2 / first.n))
    excess = min(1.0, max(0.0, misfit - data["misfit_free"]))
    search.kappa = data["kappa"] + data["kappa_misfit"] * excess
    floor = data["share_floor"] + data["share_floor_misfit"] * excess
    fit = search.polished(reweighted(first))
    if not excess and all(stands(fit, int(k)) for k in np.flatnonzero(fit.shares < floor)):
        floor = 0.0  # without misfit a small member stands when its windows confirm it: printed limits count on that
    fit, traces = search.above(fit, floor)
    fit, unconfirmed = search.confirmed(fit)
    settled = Final(search.scene, fit, misfit, search.kappa, floor, (*traces, *unconfirmed))
    return settled if criterion(fit, search.kappa, fit.n_eff) < _empty(fit) else replace(settled, fit=None)


def reweighted(fit: Fit) -> Fit:
    """A set of components under weights of the local noise and of the mismatch of its references."""
    return fit_many(fit.scene, metric_of(fit), [fit.state], 2, fit.priors)[0]


def metric_of(fit: Fit) -> Metric:
    """Weights from the residual of a fit: local white noise plus mismatch noise (see `noise`)."""
    used, rest = fit.scene.used, fit.rest
    local = local_variance(rest, used, fit.scene.sigma**2 / 2)
    total, slope = fit.state.share @ fit.warped[0], fit.state.share @ fit.warped[1]
    height = total - running_mean(total, np.ones_like(used), 151)
    variance = local + mismatch_variance(rest, local, height, slope, used)
    return Metric.of_variance(variance, used)


def _empty(fit: Fit) -> float:
    """The criterion of no component at all."""
    y = fit.metric.project(fit.scene.y)
    return _likelihood(float(y @ y), fit.n, fit.n_eff)


class _Search:
    def __init__(self, scene: FitProblem, most: int, near: IntArray) -> None:
        self.scene, self.most = scene, most
        self.data = load("infrared")["mixture"]
        self.kappa = float(self.data["kappa"])
        self._noted: list[IntArray] = [near]

    def cheapest(self, fits: Sequence[Fit]) -> Fit:
        """The fit with the lowest criterion; the earlier one where they tie."""
        n_eff = min(fits, key=lambda f: f.chi2).n_eff
        return min(fits, key=lambda f: criterion(f, self.kappa, n_eff))

    def pool(self, fit: Fit) -> IntArray | None:
        """What swaps choose from: of a large library the best singles and the best of each addition."""
        if self.scene.pool.size <= self.data["swap_all"]:
            return None
        return np.unique(np.concatenate([*self._noted, np.array(fit.state.entries)]))

    def grown(self, metric: Metric, start: State) -> Fit:
        """Grow from one entry; every older member may be swapped after each addition."""
        return self.grow(fit_many(self.scene, metric, [start], 3)[0], int(self.data["look_ahead"]))

    def grow(self, fit: Fit, ahead: int) -> Fit:
        """Add entries while the criterion falls; sets of up to `ahead` entries are grown on although it does not."""
        best = current = fit
        while len(current.state.entries) < min(self.data["most_grown"], self.most + 1):
            added = self.add(current)
            if added is None:
                break
            current = self.swap(added, len(added.state.entries) - 1)
            if self.cheapest([best, current]) is current:
                best = current
            elif len(current.state.entries) > ahead:
                break
        return best

    def add(self, fit: Fit) -> Fit | None:
        """The best of the five most promising additions, refitted."""
        closed = [fit.state.entries]
        proposals = propose_many([fit], int(self.data["tried"]), closed, noted=self._noted)[0]
        states = [fit.state.plus(p.entry, p.share, p.own) for p in proposals if p.gain > 0]
        fits = fit_many(self.scene, fit.metric, states, 2, fit.priors)
        return min(fits, key=lambda f: f.obj, default=None)

    def swap(self, fit: Fit, members: int | None = None) -> Fit:
        """Replace one of the first `members` entries by another where that lowers the objective."""
        entries = fit.state.entries
        if len(entries) < 2:
            return fit
        old = entries if members is None else entries[:members]
        reduced = fit_many(self.scene, fit.metric, [fit.state.without(j) for j in range(len(old))], 0, fit.priors)
        most = int(self.data["swaps"])
        found = propose_many(reduced, most + 1, [less.state.entries for less in reduced], self.pool(fit), old)
        states = []
        for less, mine, proposals in zip(reduced, old, found, strict=True):
            own = next((p.gain for p in proposals if p.entry == mine), 0.0)
            worth = [p for p in proposals if p.entry != mine and p.gain >= self.data["swap_gain"] * own]
            states += [less.state.plus(p.entry, p.share, p.own) for p in worth[:most]]
        best = min(fit_many(self.scene, fit.metric, states, 2, fit.priors), key=lambda f: f.obj, default=fit)
        return best if best.obj < fit.obj else fit

    def drop(self, fit: Fit) -> Fit:
        """Remove members one by one while the criterion falls."""
        while len(fit.state.entries) > 1:
            states = [fit.state.without(k) for k in range(len(fit.state.entries))]
            less = fit_many(self.scene, fit.metric, states, 2, fit.priors)
            best = self.cheapest(less) if len(fit.state.entries) > self.most else self.cheapest([fit, *less])
            if best is fit:
                break
            fit = best
        return fit

    def polished(self, fit: Fit) -> Fit:
        """Drops, swaps and growth in turn until nothing changes, at most three rounds."""
        for _ in range(int(self.data["rounds"])):
            before = set(fit.state.entries)
            fit = self.drop(self.grow(self.swap(self.drop(fit)), 0))
            if set(fit.state.entries) == before:
                break
        return fit

    def above(self, fit: Fit, floor: float) -> tuple[Fit, tuple[tuple[int, float], ...]]:
        """Without the members whose share lies below the floor; they are kept as traces."""
        traces: list[tuple[int, float]] = []
        while len(fit.state.entries) > 1 and fit.shares.min() < floor:
            k = int(np.argmin(fit.shares))
            traces.append((fit.state.entries[k], float(fit.shares[k])))
            fit = self.without(fit, k)
        return fit, tuple(traces)

    def confirmed(self, fit: Fit) -> tuple[Fit, tuple[tuple[int, float], ...]]:
        """Without small members that short windows do not confirm: what fills a misfit does so in one place only."""
        traces: list[tuple[int, float]] = []
        while len(fit.state.entries) > 1:
            small = [int(k) for k in np.argsort(fit.shares) if fit.shares[k] < self.data["confirm_below"]]
            weak = next((k for k in small if not stands(fit, k, self.data["confirm_part"])), None)
            if weak is None:
                break
            traces.append((fit.state.entries[weak], float(fit.shares[weak])))
            fit = self.without(fit, weak)
        return fit, tuple(traces)

    def without(self, fit: Fit, k: int) -> Fit:
        """The fit without member k, refitted."""
        return fit_many(self.scene, fit.metric, [fit.state.without(k)], 2, fit.priors)[0]

"""Which names stand: probabilities, the reporting rule, the joint fit of what is there, and the veto of an incomplete fit.

Why apart from the wording: benchmarks decide with layers fitted without a reading's own compounds. Imports numpy and
`spectra` only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spectra.confidence.limits import load
from spectra.mixture.ei_features import NAMES, Evidence, shares_alone
from spectra.mixture.ei_inclusion import (
    Layers,
    Place,
    alike,
    base_rate,
    by_base_rate,
    places,
    reported,
    rule,
    several_features,
    total,
)
from spectra.mixture.ei_likelihood import IntArray, Problem, Single, fit_sets
from spectra.types import FloatArray

_LARGEST = NAMES.index("largest")


@dataclass(frozen=True, eq=False)
class Case:
    """Everything known about one reading: `p` (R,) of the evidence rows, the places they compete for, P(more than one compound), which
    rows (R,) are of general chemicals where such a library is declared. `drugs_alone`: where the drugs alone were weighed, the rows of
    the table that would explain a little more."""

    problem: Problem
    evidence: Evidence
    p: FloatArray
    found: list[Place]
    several: float
    general: NDArray[np.bool_] | None = None
    drugs_alone: tuple[int, ...] | None = None

    @classmethod
    def of(cls, problem: Problem, evidence: Evidence, layers: Layers, general: NDArray[np.bool_] | None = None) -> Case:
        """The reading judged by these layers; `general` (R,): compounds that only a library of general chemicals holds, if declared."""
        p, cosines, twin = layers.compound(evidence.features), alike(problem, evidence.member), rule().twin
        found = places(p, cosines, twin)
        if general is not None:
            before, main = p, evidence.features[:, _LARGEST] > 0
            p = by_base_rate(before, found, general, main, base_rate().general)
            found = places(p, cosines, twin, before)
        several = float(layers.several(several_features(evidence.features, p, found)[None])[0])
        return cls(problem, evidence, p, found, several, general)

    def beside(self, whole: Problem, features: FloatArray, layers: Layers, better: tuple[int, ...]) -> Case:
        """A case judged against the drugs alone, with general chemicals listed where they resemble something of it; they lead no place.

        They are the last candidates of the `whole` problem, whose first are these, with their `features` (G, F) among all. `better`: those
        that would explain a little more.
        """
        rivals, weight = layers.compound(features), base_rate().general
        first = whole.entry.size - rivals.size
        member = np.r_[self.evidence.member, np.arange(first, whole.entry.size)]
        evidence = replace(self.evidence, member=member, features=np.r_[self.evidence.features, features])
        before, general = np.r_[self.p, rivals], member >= first
        p = np.where(general, before * weight / (1.0 - before + before * weight), before)
        found = places(p, alike(whole, member), rule().twin, before, general)
        return Case(whole, evidence, p, found, self.several, general, better)

    def sum_of(self, place: Place, said: FloatArray) -> float:
        """The sum of what is `said` (R,) of a place, without those that are only listed there."""
        listed = self.general if self.drugs_alone is not None else None
        return total(said, tuple(row for row in place.rows if listed is None or not listed[row]))

    def taken(self, named: list[Place]) -> list[Place]:
        """Places of the answer: those named, and those sure to be taken though nothing in them is clear."""
        open_to = self.found if self.several >= rule().several else self.found[:1]
        return [place for place in open_to if place in named or place.total >= rule().place]


@dataclass(frozen=True, eq=False)
class Fit:
    """The parts of the answer fitted jointly: places, their members and ln c (k,), parts (k, B) and sum (B,)."""

    places: list[Place]
    members: IntArray
    theta: Single
    parts: FloatArray
    mu: FloatArray
    shares: FloatArray
    unexplained: float
    strange: float


@dataclass(frozen=True, eq=False)
class Settled:
    """What is answered: the joint fit, the places named, and whether something is missing."""

    fit: Fit
    named: list[Place]
    incomplete: bool


def settled(case: Case, most: int) -> Settled:
    """Fit the named compounds, and the leaders of places taken but not named, and take back what the fit does not bear."""
    named = reported(case.p, shares_alone(case.evidence), case.found, case.several, rule(), most)
    filled = case.taken(named)
    fit = _fitted(case, filled)
    limits = load("mixtures")["ei_answer"]
    incomplete = not filled or fit.unexplained > limits["unexplained"] or fit.strange > limits["strange"]
    return Settled(fit, _vetoed(case, fit, named) if incomplete else named, incomplete)


def _fitted(case: Case, filled: list[Place]) -> Fit:
    """Joint fit of the leaders of these places."""
    problem = case.problem
    members = np.array([case.evidence.member[place.leader] for place in filled], dtype=np.int64)
    y = problem.y.astype(np.float64)
    if not filled:
        empty = np.zeros((0, y.size))
        return Fit([], members, np.zeros(0, np.float32), empty, np.zeros(y.size), np.zeros(0), 1.0, np.inf)
    known = dict(zip(case.evidence.best.tolist(), case.evidence.theta.tolist(), strict=True))
    start = np.array([[known.get(int(m), np.log(1.0 / (len(filled) + 1))) for m in members]], dtype=np.float32)
    theta, loss = fit_sets(problem, members[None], start, 8)
    parts = np.exp(theta[0].astype(np.float64))[:, None] * problem.columns[members]
    mu = parts.sum(axis=0)
    explained = np.minimum(y, mu)
    shares = (parts * (explained / np.maximum(mu, 1e-12))).sum(axis=1) / y.sum()
    strange = float(loss[0]) / max(float(problem.weight[problem.y > 0].sum()), 1e-9)
    unexplained = float(np.clip(1.0 - explained.sum() / y.sum(), 0.0, 1.0))
    return Fit(filled, members, theta[0], parts, mu, shares, unexplained, strange)


def _vetoed(case: Case, fit: Fit, named: list[Place]) -> list[Place]:
    """Without a lone name that explains little, and without further names that are not clear: what is missing from the
    library borrows them."""
    share = {place.leader: float(s) for place, s in zip(fit.places, fit.shares, strict=True)}
    if len(named) == 1 and len(fit.places) == 1 and share[named[0].leader] < rule().lone_explains:
        return []
    largest = max(named, key=lambda place: share[place.leader], default=None)
    return [place for place in named if place is largest or case.p[place.leader] >= rule().incomplete]

"""The answer on a unit-mass mixture: parts with shares and intervals, what is left, and sentences that say why.

Imports numpy and `spectra` only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectra.confidence.limits import load
from spectra.index.mass_index import MassIndex
from spectra.mixture.ei_decision import Case, Fit, Settled
from spectra.mixture.ei_inclusion import Place, base_rate, rule
from spectra.mixture.ei_likelihood import IntArray, Problem, curvature
from spectra.types import Component, FloatArray, MixtureExplanation

Z95 = 1.959963984540054
LISTED = 4
"""Names listed in one sentence."""


def nothing(reason: str) -> MixtureExplanation:
    """An answer without parts."""
    return MixtureExplanation((), 1.0, True, (reason, _say("not_seen")), residual_ratio=1.0)


def answer(library: MassIndex, case: Case, entries: IntArray, decided: Settled, said: FloatArray) -> MixtureExplanation:
    """The answer as it was `decided`; `entries` (N,) of the library behind each row of the table, `said` (R,) the printed probabilities."""
    fit, named = decided.fit, decided.named
    told = _Told(library, case, entries, fit, said)
    components = told.components(named, decided.incomplete)
    withheld = tuple(told.withheld(named))
    reasons = told.reasons(named, withheld, decided.incomplete)
    if components:
        reasons.append(_say("shares"))
    reasons.append(_say("not_seen"))
    rest = case.problem.y.astype(np.float64) - fit.mu
    return MixtureExplanation(
        components,
        fit.unexplained,
        decided.incomplete,
        tuple(reasons),
        told.limits({place.leader for place in named}),
        residual_ratio=float(np.sqrt(np.square(rest).sum() / max(float(np.square(case.problem.y).sum()), 1e-9))),
        residual_bands=_bands(case.problem, rest) if decided.incomplete else (),
        fitted=fit.mu,
        residual=rest,
        axis=case.problem.mass.astype(np.float64),
        calibrated=True,
        withheld=withheld,
        general=told.general(named),
    )


@dataclass(frozen=True, eq=False)
class _Told:
    """One decided reading in the words of its library."""

    library: MassIndex
    case: Case
    entries: IntArray
    fit: Fit
    said: FloatArray

    def entry_of(self, row: int) -> int:
        """Library entry behind an evidence row."""
        return int(self.entries[self.case.problem.entry[self.case.evidence.member[row]]])

    def names(self, rows: tuple[int, ...]) -> str:
        """Names behind evidence rows, at most a handful."""
        return _listed([self.library.names[self.entry_of(row)] for row in rows])

    def components(self, named: list[Place], incomplete: bool) -> tuple[Component, ...]:
        """The named compounds, largest share first."""
        if not named:
            return ()
        low, high = _intervals(self.case.problem, self.fit)
        probable = load("mixtures")["ei_answer"]["probable"]
        out = []
        for k, place in enumerate(self.fit.places):
            if place in named:
                entry, p = self.entry_of(place.leader), float(self.said[place.leader])
                others = dict.fromkeys(self.library.compounds[self.entry_of(row)] for row in place.rows[1:])
                out.append(
                    Component(
                        self.library.compounds[entry],
                        float(self.fit.shares[k]),
                        float(low[k]),
                        float(high[k]),
                        "probable" if p >= probable and not incomplete else "possible",
                        self.library.names[entry],
                        round(p, 4),
                        tuple(others),
                        entry,
                    )
                )
        return tuple(sorted(out, key=lambda part: -part.share))

    def withheld(self, named: list[Place]) -> list[str]:
        """Sentences on what may be there and is not named."""
        out, fit, case = [], self.fit, self.case
        for place in fit.places:
            if place not in named:
                which = "one of these may be there" if len(place.rows) > 1 else "this may be there"
                out.append(f"Not named, because it is not clear enough: {which}: {self.names(place.rows)}.")
        hidden = [p for p in case.found if p not in named and p not in fit.places and case.p[p.leader] >= rule().among]
        if named and hidden:
            besides = self.names(tuple(place.leader for place in hidden))
            out.append(f"Not clear enough to be named, but possible besides: {besides}.")
        return out

    def reasons(self, named: list[Place], withheld: tuple[str, ...], incomplete: bool) -> list[str]:
        """Sentences for a chemist: what stands, what could stand in its place, what is not named and why."""
        out = [_say("method")]
        for place in named:
            if len(place.rows) > 1:
                others = self.names(place.rows[1:])
                out.append(f"{self.names(place.rows[:1])} is not told apart from {others} by this reading.")
        if self.case.drugs_alone is not None:
            out.append(_say("drugs_alone"))
        out += self.general(named)
        out += withheld
        if not named:
            out.append(_say("none"))
        if incomplete:
            out.append(
                f"{self.fit.unexplained:.0%} of the signal is not explained, or ions are far from their references: something "
                "else is there that the library does not hold, or a reference was measured under other conditions."
            )
        return out

    def general(self, named: list[Place]) -> tuple[str, ...]:
        """What general chemicals counted, or which would explain more, where a library is declared to hold them."""
        case, general = self.case, self.case.general
        if general is None:
            return ()
        if case.drugs_alone is not None:
            better = _listed([self.library.names[int(self.entries[row])] for row in case.drugs_alone])
            return (_say("better").format(names=better),) if better else ()
        only = self.names(tuple(place.leader for place in named if general[place.leader]))
        weighed = _say("general").format(weight=base_rate().general)
        return (weighed, f"Only the library of general chemicals holds {only}.") if only else (weighed,)

    def limits(self, named: set[int]) -> dict[str, float]:
        """For compounds considered and not named: the share of signal at which this reading would contradict them.

        The loss must rise by `contradiction`, each ion taken as added to the model or as replacing it, whichever is
        more in favour of the compound.
        """
        problem, fit = self.case.problem, self.fit
        rows = [row for row in range(self.case.p.size) if row not in named]
        if not rows or not fit.places:
            return {}
        total, grid = float(problem.y.sum()), np.array([0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75])
        mu, least = fit.mu.astype(np.float32), load("mixtures")["ei_answer"]["contradiction"]
        base = float(problem.loss(mu).sum())
        out: dict[str, float] = {}
        for row in rows:
            column = problem.columns[self.case.evidence.member[row]]
            scaled = ((grid * total / float(column.sum()))[:, None] * column).astype(np.float32)
            trial = np.minimum(problem.loss(mu + scaled), problem.loss(np.maximum(mu, scaled))).sum(axis=1)
            over = np.flatnonzero(trial - base > least)
            if over.size:
                out[self.library.compounds[self.entry_of(row)]] = float(grid[over[0]])
        return out


def _intervals(problem: Problem, fit: Fit) -> tuple[FloatArray, FloatArray]:
    """95 % interval of every share, (k,) each: from share · exp(−1.96 σ), as if the unexplained were something else, to
    part · exp(1.96 σ), as if it belonged to the parts.

    σ² = inflation² · (variance of ln part from the curvature of the loss) + spread² (1 − part)²; both constants are
    measured on mixtures of known composition.
    """
    limits = load("mixtures")["ei_answer"]
    k = fit.shares.size
    covariance = np.linalg.inv(curvature(problem, fit.members, fit.theta) + np.eye(k) * 1e-3)
    part = fit.parts.sum(axis=1) / max(float(fit.parts.sum()), 1e-12)
    jacobian = np.eye(k) - part[None, :]
    variance = np.einsum("ij,jk,ik->i", jacobian, covariance, jacobian)
    sigma = np.sqrt(limits["inflation"] ** 2 * np.maximum(variance, 0.0) + limits["spread"] ** 2 * (1 - part) ** 2)
    wide = np.exp(Z95 * sigma)
    most = fit.shares / max(float(fit.shares.sum()), 1e-12)
    return fit.shares / wide, np.clip(most * wide, fit.shares, 1.0)


def _bands(problem: Problem, rest: FloatArray, most: int = 8) -> tuple[float, ...]:
    """m/z of the largest unexplained ions, rising."""
    strong = np.argsort(-rest * problem.weight, kind="stable")[:most]
    return tuple(float(problem.mass[p]) for p in np.sort(strong[rest[strong] > problem.noise.floor]))


def _listed(names: list[str]) -> str:
    shown = list(dict.fromkeys(names))
    more = f" and {len(shown) - LISTED} more" if len(shown) > LISTED else ""
    return ", ".join(shown[:LISTED]) + more


def _say(key: str) -> str:
    return str(load("mixtures")["ei_sentences"][key])

"""The settled set as an answer: components with shares and intervals, curves to draw, and sentences that say why.

Imports numpy and `spectra` only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spectra.index.infrared_index import InfraredIndex
from spectra.infrared.answer import InfraredExplanation
from spectra.infrared.fit import Fit
from spectra.infrared.judging import Judgement
from spectra.infrared.mixture import Final
from spectra.infrared.scene import FitProblem
from spectra.types import Component, FloatArray

Z95 = 1.959963984540054
_SHARES = "Shares are shares of the signal, not of the weight."
_NOTHING = "No library entry explains this spectrum better than a smooth baseline does."
_LISTED = 5


def report(library: InfraredIndex, final: Final, judgement: Judgement) -> InfraredExplanation:
    """The answer of a settled set; one component per compound, forms of it added up."""
    if final.fit is None:
        return nothing(library, final, judgement)
    fit, scene = final.fit, final.scene
    groups = _by_compound(library, fit)
    deviation = share_deviations(fit, groups)
    order = np.argsort([-fit.shares[g].sum() for g in groups], kind="stable")
    leaders = [max(g, key=lambda k: float(fit.shares[k])) for g in groups]
    parts = tuple(_component(library, fit, groups[g], float(deviation[g]), judgement) for g in order)
    drawn = fit.state.share[:, None] * fit.warped[0]
    rows = np.array([drawn[groups[g]].sum(axis=0) for g in order])
    traces = _about_traces(library, final)
    return InfraredExplanation(
        parts,
        unexplained(fit),
        judgement.incomplete,
        (*_about_names(parts), *traces, *judgement.reasons, *_about_range(library, final), _SHARES),
        {limit.compound: limit.limit for limit in judgement.limits},
        residual_ratio=judgement.residual_ratio,
        residual_bands=judgement.residual_bands,
        fitted=_masked(scene, fit.baseline + drawn.sum(axis=0)),
        residual=_masked(scene, fit.rest),
        axis=scene.axis.copy(),
        calibrated=True,
        withheld=(*traces, *judgement.withheld),
        alignment=fit.state.alignment,
        contributions=_masked(scene, rows),
        baseline=_masked(scene, fit.baseline),
        expected=_masked(scene, 2.0 / np.where(fit.metric.root > 0, fit.metric.root, 1.0)),
        bands=tuple(judgement.bands[leaders[g]] for g in order),
        limits=judgement.limits,
        differences=judgement.differences,
        noise=scene.sigma * scene.scale,
        signal_to_noise=1.0 / scene.sigma,
        mostly_unexplained=judgement.mostly,
        about_residual=judgement.left,
    )


def nothing(library: InfraredIndex, final: Final, judgement: Judgement) -> InfraredExplanation:
    """An answer without components."""
    scene = final.scene
    baseline = scene.plain.baseline(scene.y)
    return InfraredExplanation(
        (),
        1.0,
        True,
        (_NOTHING, *judgement.reasons, *_about_range(library, final)),
        {limit.compound: limit.limit for limit in judgement.limits},
        residual_ratio=1.0,
        residual_bands=judgement.residual_bands,
        fitted=_masked(scene, baseline),
        residual=_masked(scene, scene.y - baseline),
        axis=scene.axis.copy(),
        withheld=judgement.withheld,
        contributions=np.zeros((0, scene.y.size)),
        baseline=_masked(scene, baseline),
        expected=_masked(scene, np.full(scene.y.size, 2 * scene.sigma)),
        limits=judgement.limits,
        noise=scene.sigma * scene.scale,
        signal_to_noise=1.0 / scene.sigma,
        mostly_unexplained=judgement.mostly,
        about_residual=judgement.left,
    )


def unexplained(fit: Fit) -> float:
    """Share of the reading's energy, baseline removed, that the fit leaves (0–1), white noise taken off."""
    y = fit.scene.y - fit.scene.plain.baseline(fit.scene.y)
    used = fit.scene.used
    left = float((fit.rest[used] ** 2).sum()) - fit.n * fit.scene.sigma**2
    return float(np.clip(left / max(float((y[used] ** 2).sum()), 1e-300), 0.0, 1.0))


def share_deviations(fit: Fit, groups: list[list[int]]) -> FloatArray:
    """Standard deviation of each group's share (G,), delta method on shares and alignment together.

    Covariance (A Aᵀ + ridge)⁻¹ · max(1, χ²/n_eff) with A = [C, D, S, blur, tilt]; share = Σ_group c / Σ c.
    """
    k = len(fit.state.entries)
    a = np.concatenate([fit.C, fit.D, fit.E])
    p = fit.priors
    sd = np.concatenate([np.full(k, np.inf), np.full(k, p.own), [p.shift, p.blur, p.tilt]])
    normal = a @ a.T + np.diag(fit.weight / sd**2)
    normal += 1e-12 * np.trace(normal) * np.eye(normal.shape[0])
    covariance = np.linalg.inv(normal)[:k, :k] * max(1.0, fit.chi2 / max(fit.n_eff, 1.0))
    total = max(float(fit.state.share.sum()), 1e-300)
    member = np.array([[j in group for j in range(k)] for group in groups], dtype=np.float64)
    slope = (member - (member @ fit.shares)[:, None]) / total
    return np.asarray(np.sqrt(np.maximum(np.einsum("gi,ij,gj->g", slope, covariance, slope), 0.0)))


def _by_compound(library: InfraredIndex, fit: Fit) -> list[list[int]]:
    groups: dict[str, list[int]] = {}
    for k, entry in enumerate(fit.state.entries):
        groups.setdefault(library.compounds[entry], []).append(k)
    return list(groups.values())


def _component(library: InfraredIndex, fit: Fit, group: list[int], deviation: float, judgement: Judgement) -> Component:
    share = float(fit.shares[group].sum())
    leader = max(group, key=lambda k: float(fit.shares[k]))
    entry = fit.state.entries[leader]
    low, high = max(share - Z95 * deviation, 0.0), min(share + Z95 * deviation, 1.0)
    return Component(
        library.compounds[entry],
        share,
        low,
        high,
        judgement.grades[leader],
        library.names[entry],
        judgement.probabilities[leader],
        library.twins(int(entry)),
        int(entry),
    )


def _about_names(parts: tuple[Component, ...]) -> list[str]:
    """Sentences about twins."""
    out = []
    for part in parts:
        if part.not_distinguished:
            others = ", ".join(part.not_distinguished[:_LISTED])
            more = len(part.not_distinguished) - _LISTED
            others += f" and {more} more" if more > 0 else ""
            out.append(f"{part.name} or its twin: {others} cannot be told from it by this method.")
    return out


def _about_traces(library: InfraredIndex, final: Final) -> tuple[str, ...]:
    """Sentences about small members that were fitted and are not named."""
    out = []
    for entry, share in final.traces:
        name = library.names[entry]
        why = f"below {final.floor:.1%} the references are not good enough to name it."
        if share >= final.floor:
            why = "its bands do not confirm it one by one, so it is not named."
        out.append(f"A trace of {name} ({share:.1%}) would fit as well; {why}")
    return tuple(out)


def _about_range(library: InfraredIndex, final: Final) -> list[str]:
    """A sentence about what was compared, where that is not all of it."""
    axis, used = final.scene.axis, final.scene.entries.size
    if final.scene.pool.size < used:
        return [
            f"Compared from {axis[0]:.0f} to {axis[-1]:.0f} cm⁻¹ with the {final.scene.pool.size} entries most like the "
            f"reading, of {len(library)}: a small component may be missed in so large a library."
        ]
    if used == len(library):
        return [f"Compared from {axis[0]:.0f} to {axis[-1]:.0f} cm⁻¹."]
    more = sum(part.entries.size for part in final.apart)
    others = f", and beside them with {more} measured on part of that" if more else ""
    return [
        f"Compared from {axis[0]:.0f} to {axis[-1]:.0f} cm⁻¹ with the {used} of {len(library)} entries that were "
        f"measured there{others}."
    ]


def _masked(scene: FitProblem, rows: FloatArray | NDArray[np.float64]) -> FloatArray:
    """Rows (…, M) in the reading's own absorbance, NaN where not compared."""
    return np.where(scene.used, rows * scene.scale, np.nan)

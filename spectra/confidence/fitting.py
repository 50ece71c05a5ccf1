"""Fitting a calibration to readings of known compounds: temperature, set, reliability, "not in the library".

Why: few parameters, fitted by compound and not by reading, so that ten readings of one drug count as one drug.
Imports numpy, scipy and `spectra` only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from spectra.confidence.calibration import Bin, Calibration, Source, shipped
from spectra.confidence.identify import checksum, rank_compounds
from spectra.confidence.ranking import Ranked
from spectra.index.mass_index import MassIndex
from spectra.types import FloatArray, MassSpectrum, SpectrumError

IntArray = NDArray[np.int64]
LEAST_READINGS, LEAST_COMPOUNDS = 30, 10
COVERAGE, SINGLE_RIGHT = 0.96, 0.99
_SET_MASS = (0.92, 0.97)  # with a hundred compounds a quantile this far out hangs on two or three: kept within these
_TEMPERATURES = np.exp(np.linspace(np.log(0.005), np.log(0.6), 97))
_RIDGE = 3.0
_COLLINEAR = {"composite_reverse", "found"}  # with them the logistic rewards a low match factor
_BINS = (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 1.0 + 1e-9)


@dataclass(frozen=True, eq=False)
class Observation:
    """One reading of a known compound: its ranking, where the truth stands in it (None: not there), and the figures of
    the best match once all entries of the compound are taken out (None: nothing is left). `weight` of this reading.
    """

    compound: str
    scores: FloatArray
    truth: int | None
    quality: float
    peaks: int
    figures: Mapping[str, float]
    stranger: Mapping[str, float] | None
    weight: float = 1.0


def calibrate(
    library: MassIndex, readings: Sequence[MassSpectrum], compounds: Sequence[str], note: str = ""
) -> Calibration:
    """A laboratory's own calibration: `readings` of known `compounds` (keys of this library, one per reading).

    Temperature by maximum likelihood, one weight per compound; the set by the conformal quantile of the mass above the
    truth (Angelopoulos & Bates 2023, doi:10.1561/2200000101) for 96 % coverage; "not in the library" by entrapment:
    each reading once more with its compound taken out. The weights of the score stay as shipped.
    Raises SpectrumError on fewer than 30 readings or 10 compounds, and on compounds the library does not have.
    """
    if len(readings) != len(compounds):
        raise SpectrumError(f"{len(readings)} readings but {len(compounds)} compounds: give one compound per reading")
    n = len(set(compounds))
    if len(readings) < LEAST_READINGS or n < LEAST_COMPOUNDS:
        raise SpectrumError(
            f"{len(readings)} readings of {n} compounds are too few to calibrate: at least {LEAST_READINGS} readings of "
            f"{LEAST_COMPOUNDS} compounds are needed"
        )
    known = set(library.compounds)
    if missing := sorted(set(compounds) - known):
        raise SpectrumError(f"the library has no entry of {', '.join(missing[:5])}: calibrate on compounds it holds")
    seen = [observe(library, r, c) for r, c in zip(readings, compounds, strict=True)]
    base = replace(
        shipped("msms" if library.accurate else "ei"),
        name="own readings",
        library=str(library.info.get("name") or f"a library of {len(library)} entries"),
        library_checksum=checksum(library),
        least_compounds=0,
        least_peaks=0.0,
        own=True,
        note=note,
    )
    return fitted(base, seen, [Source(note or "own readings", len(readings), n)])


def observe(
    library: MassIndex,
    reading: MassSpectrum,
    compound: str,
    without: IntArray | None = None,
    weight: float = 1.0,
) -> Observation:
    """Rank one reading twice: with the library as it is (but `without` some entries), and without its compound."""
    own = np.flatnonzero(compound_mask(library, compound))
    gone = np.zeros(0, dtype=np.int64) if without is None else without
    ranked = rank_compounds(library, reading, None, gone)
    stranger = rank_compounds(library, reading, None, np.union1d(gone, own))
    at = ranked.compounds.index(compound) if compound in ranked.compounds else None
    return observation(ranked, stranger, compound, at, weight)


def observation(ranked: Ranked, stranger: Ranked, compound: str, truth: int | None, weight: float = 1.0) -> Observation:
    """What fitting needs of two rankings."""
    return Observation(
        compound, ranked.scores, truth, ranked.quality, ranked.peaks, ranked.figures,
        stranger.figures if len(stranger) else None, weight,
    )  # fmt: skip


def compound_mask(library: MassIndex, compound: str) -> NDArray[np.bool_]:
    """Which entries are of this compound, (N,) bool."""
    return np.fromiter((c == compound for c in library.compounds), dtype=bool, count=len(library))


def fitted(
    base: Calibration, seen: Sequence[Observation], sources: Sequence[Source], least_mass: float = _SET_MASS[0]
) -> Calibration:
    """`base` with temperature, set (of at least `least_mass`), single claims, reliability and the logistic fitted to `seen`."""
    weights = by_compound(seen)
    warm = replace(base, temperature=_temperature(base, seen, weights))
    warm = replace(warm, set_mass=max(least_mass, _set_mass(warm, seen, weights)), single_mass=0.0)
    warm = replace(warm, single_mass=_single_mass(warm, seen, weights))
    return replace(
        warm,
        made_on=datetime.now(UTC).date().isoformat(),
        sources=tuple(sources),
        reliability=tuple(_reliability(warm, seen)),
        not_in_library=stranger_logistic(seen, weights),
    )


def by_compound(seen: Sequence[Observation]) -> FloatArray:
    """Weight of every reading, sum 1: each compound counts the same within readings of equal weight."""
    count: dict[tuple[str, float], int] = {}
    for o in seen:
        count[o.compound, o.weight] = count.get((o.compound, o.weight), 0) + 1
    raw = np.array([o.weight / count[o.compound, o.weight] for o in seen])
    return np.asarray(raw / raw.sum())


def _temperature(base: Calibration, seen: Sequence[Observation], weights: FloatArray) -> float:
    """T of least mean −ln p(truth) over readings whose compound is in the ranking."""

    known = [(o, o.truth, float(w)) for o, w in zip(seen, weights, strict=True) if o.truth is not None]

    def loss(t: float) -> float:
        rule = replace(base, temperature=t)
        return sum(w * -float(np.log(max(_shares(rule, o)[at], 1e-6))) for o, at, w in known)

    return float(min((float(t) for t in _TEMPERATURES), key=loss))


def _shares(rule: Calibration, o: Observation) -> FloatArray:
    return rule.probabilities(o.scores, o.quality, o.peaks)


def _set_mass(rule: Calibration, seen: Sequence[Observation], weights: FloatArray) -> float:
    """Conformal quantile of the mass that stands above the truth; a truth outside the ranking has all of it above."""
    above = np.array([1.0 if o.truth is None else float(_shares(rule, o)[: o.truth].sum()) for o in seen])
    order = np.argsort(above)
    carried = np.cumsum(weights[order])
    n = len({o.compound for o in seen})
    wanted = min(1.0, COVERAGE * (n + 1) / n)
    at = min(int(np.searchsorted(carried, wanted)), above.size - 1)
    return float(np.clip(above[order][at] + 1e-6, *_SET_MASS))


def _single_mass(rule: Calibration, seen: Sequence[Observation], weights: FloatArray) -> float:
    """Least probability of the first compound from which naming it alone is right in 99 %."""
    first = np.array([float(_shares(rule, o)[0]) if o.scores.size else 0.0 for o in seen])
    right = np.array([o.truth == 0 for o in seen], dtype=float)
    allowed = np.array([o.peaks >= rule.single_peaks for o in seen])
    for limit in (0.96, 0.97, 0.98, 0.99, 0.995):
        named = (first >= limit) & allowed
        if limit >= rule.set_mass and (weights * right * named).sum() >= SINGLE_RIGHT * (weights * named).sum():
            return float(limit)
    return 0.998


def _reliability(rule: Calibration, seen: Sequence[Observation]) -> list[Bin]:
    stated = np.array([float(_shares(rule, o)[0]) if o.scores.size else 0.0 for o in seen])
    right = np.array([o.truth == 0 for o in seen], dtype=float)
    out = []
    for low, high in pairwise(_BINS):
        inside = (stated >= low) & (stated < high)
        if inside.any():
            n = int(inside.sum())
            out.append(
                Bin(
                    low,
                    min(high, 1.0),
                    n,
                    round(float(stated[inside].mean()), 3),
                    round(float(right[inside].mean()), 3),
                )
            )
    return out


def stranger_logistic(seen: Sequence[Observation], weights: FloatArray) -> dict[str, float]:
    """Coefficients of p(not in library) on the figures of the best match, ridge 3 on standardised figures.

    Each reading counts once as known and once, its compound taken out, as a stranger: even odds before looking.
    """
    names = sorted(set(next(o.figures for o in seen if o.figures)) - _COLLINEAR)
    rows, label, weight = [], [], []
    for o, w in zip(seen, weights, strict=True):
        for figures, stranger in ((o.figures if o.truth is not None else None, 0.0), (o.stranger, 1.0)):
            if figures:
                rows.append([figures[name] for name in names])
                label.append(stranger)
                weight.append(w)
    x, y, w_all = np.array(rows), np.array(label), np.array(weight) * len(rows)
    middle, spread = x.mean(axis=0), x.std(axis=0)
    used = spread > 1e-9
    z = np.column_stack([np.ones(len(x)), (x[:, used] - middle[used]) / spread[used]])
    beta = _logistic(z, y, w_all / w_all.mean())
    slopes = beta[1:] / spread[used]
    kept = [name for name, u in zip(names, used, strict=True) if u]
    out = {"intercept": float(beta[0] - (slopes * middle[used]).sum())}
    return {**out, **{name: float(s) for name, s in zip(kept, slopes, strict=True)}}


def _logistic(z: FloatArray, y: FloatArray, weight: FloatArray) -> FloatArray:
    """Newton's method with a ridge on everything but the intercept."""
    ridge = np.diag([0.0, *([_RIDGE] * (z.shape[1] - 1))])
    beta = np.zeros(z.shape[1])
    for _ in range(30):
        p = 1.0 / (1.0 + np.exp(-np.clip(z @ beta, -30, 30)))
        gradient = z.T @ (weight * (p - y)) + ridge @ beta
        curve = (z * (weight * p * (1 - p))[:, None]).T @ z + ridge + 1e-9 * np.eye(z.shape[1])
        step = np.linalg.solve(curve, gradient)
        beta -= np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-8:
            break
    return beta

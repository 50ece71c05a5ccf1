"""What tells one reference from another for one EI reading: eight figures per candidate, on the masses both cover.

Why: no single score wins, and the mistakes are homologues and isomers; the heaviest ions, where bleed and phthalates do
not reach, tell homologues apart. Imports numpy and `spectra` only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spectra.confidence.limits import load
from spectra.peaktable import ABOVE_ONE, PeakTable
from spectra.preprocess import BASE, Peaks
from spectra.similarity import Composite
from spectra.similarity.base import safe_ratio
from spectra.types import FloatArray

IntArray = NDArray[np.int64]

FEATURES = (
    "composite",
    "composite_reverse",
    "entropy_mass",
    "entropy_rest",
    "heaviest_query",
    "heaviest_entry",
    "heavy_query",
    "heavy_entry",
)
"""`composite`, `composite_reverse`: match factors / 1000. `entropy_mass`: weighted entropy similarity of m·I on the common
range; `entropy_rest`: of I without the base peaks of both sides, whose height depends on tune and saturation. The others are
≤ 0: log factors missing on the other side, of the heaviest ion ≥ 1 % and as a mean over all ions weighted m³√I; `query`
counts the reading's ions that the entry lacks, background ions left out."""
_FLOOR, _DEAD, _MOST = 4.0, 1.0, 2.0
_HEAVY_DEAD, _HEAVY_LEAST = 0.7, 0.005 * BASE
_S_FLAT = 3.0


@dataclass(frozen=True, eq=False)
class Features:
    """`values` (K, 8) as `FEATURES` names them; `explained` and `found` (K,) shares of the reading's and the entry's
    signal that the other has; `matched` (K,) common ions; `first` (K,) lowest ion of the entries.
    """

    values: FloatArray
    explained: FloatArray
    found: FloatArray
    matched: NDArray[np.int64]
    first: FloatArray

    def column(self, name: str) -> FloatArray:
        """One figure for all candidates, (K,)."""
        return np.asarray(self.values[:, FEATURES.index(name)])


def features(query: Peaks, part: PeakTable) -> Features:
    """Figures of a prepared unit-mass reading against the K entries of `part`.

    Both sides from the higher of the two lowest masses upwards, scaled to 999 there, ions ≤ 1 left out; a side with
    nothing left scores 0. Background ions (column bleed, phthalates, air: `decisions.toml`) never count as a
    reading's heaviest ion: 149 of a plasticiser would else speak against every compound that has none.
    """
    mass, q, entries = _dense(query, part)
    first = _first(mass, entries)
    low = np.maximum(first, float(query.mz[query.intensity > ABOVE_ONE][0]))[:, None]
    inside = mass[None, :] >= low
    a, b = _scaled(np.where(inside, q[None, :], 0.0)), _scaled(np.where(inside, entries, 0.0))
    own = np.where(_background(mass)[None, :], 0.0, a)
    rule = Composite()
    matches = part.match(query, rule.window)
    values = [
        rule.row(query, part) / 1000.0,
        rule.reverse(query, part, matches) / 1000.0,
        _entropy(a * mass, b * mass),
        _entropy(*_without_base(a, b)),
        _heaviest(own, a, b, mass),
        _heaviest(b, b, a, mass),
        _heavy(own, b, mass),
        _heavy(b, a, mass),
    ]
    both = (a > 0) & (b > 0)
    explained = safe_ratio((a * both).sum(axis=1), a.sum(axis=1))
    found = safe_ratio((b * both).sum(axis=1), b.sum(axis=1))
    return Features(np.array(values).T.reshape(part.n, len(FEATURES)), explained, found, both.sum(axis=1), first)


def _dense(query: Peaks, part: PeakTable) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Masses that occur (M,) rising, the reading (M,) and the entries (K, M) on them."""
    own, theirs = query.mz.astype(np.int64), np.asarray(part.mz, dtype=np.int64)
    mass = np.union1d(own, theirs)
    q, entries = np.zeros(mass.size), np.zeros((part.n, mass.size))
    q[np.searchsorted(mass, own)] = query.intensity
    entries[part.row, np.searchsorted(mass, theirs)] = part.intensity
    return mass.astype(np.float64), q, entries


def _first(mass: FloatArray, entries: FloatArray) -> FloatArray:
    above = entries > ABOVE_ONE
    return np.where(above.any(axis=1), mass[np.argmax(above, axis=1)], np.inf)


def _scaled(rows: FloatArray) -> FloatArray:
    top = rows.max(axis=1, keepdims=True, initial=0.0)
    out = rows * (BASE / np.where(top > 0, top, 1.0))
    return np.where(out > ABOVE_ONE, out, 0.0)


def _without_base(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Both without the ions that are the base peak of either."""
    keep = np.ones(a.shape, dtype=bool)
    for rows in (a, b):
        keep[np.arange(a.shape[0]), np.argmax(rows, axis=1)] = False
    return a * keep, b * keep


def _background(mass: FloatArray) -> NDArray[np.bool_]:
    return np.isin(mass, load("decisions")["mass"]["background_ions"])


def _entropy(a: FloatArray, b: FloatArray) -> FloatArray:
    """Weighted spectral entropy similarity of the rows of two arrays (K, M), 0–1; see `similarity.entropy`."""
    p, r = _weighed(a) / 2, _weighed(b) / 2
    row, _, at = _where((p > 0) & (r > 0))
    x, y = p.take(at), r.take(at)
    terms = (x + y) * np.log2(x + y) - x * np.log2(x) - y * np.log2(y)
    return np.bincount(row, weights=terms, minlength=a.shape[0]).astype(np.float64)


def _where(chosen: NDArray[np.bool_]) -> tuple[IntArray, IntArray, IntArray]:
    """Rows, columns and flat places of what is chosen of (K, M): three times as fast as `np.nonzero`."""
    at = np.flatnonzero(chosen)
    row = at // max(chosen.shape[1], 1)
    return row, at - row * chosen.shape[1], at


def _weighed(rows: FloatArray) -> FloatArray:
    p = safe_ratio(rows, np.broadcast_to(rows.sum(axis=1, keepdims=True), rows.shape))
    row, _, at = _where(p > 0)
    known = p.take(at)
    logs = np.log(known)
    s = -np.bincount(row, weights=known * logs, minlength=rows.shape[0])
    power = np.where(s < _S_FLAT, 0.25 + 0.25 * s, 1.0)
    out = np.zeros_like(p)
    out.put(at, np.exp(power[row] * logs))
    return safe_ratio(out, np.broadcast_to(out.sum(axis=1, keepdims=True), out.shape))


def _heaviest(eligible: FloatArray, mine: FloatArray, other: FloatArray, mass: FloatArray) -> FloatArray:
    """Log factor by which the other side lacks the heaviest eligible ion of at least 1 % of base, (K,) −2…0."""
    at = mass.size - 1 - np.argmax((eligible >= 0.01 * BASE)[:, ::-1], axis=1)
    k = np.arange(mine.shape[0])
    there = eligible[k, at] >= 0.01 * BASE
    gap = np.log(mine[k, at] + _FLOOR) - np.log(other[k, at] + _FLOOR)
    return np.where(there, -np.clip(gap - _DEAD, 0.0, _MOST), 0.0)


def _heavy(mine: FloatArray, other: FloatArray, mass: FloatArray) -> FloatArray:
    """Mean log factor lacking on the other side over ions ≥ 0.5 % of base, weighted m³√I, (K,) −2…0."""
    row, column, at = _where(mine >= _HEAVY_LEAST)
    x, y = mine.take(at), other.take(at)
    weight = (mass[column] / 100.0) ** 3 * np.sqrt(x)
    gap = np.clip(np.log(x + _FLOOR) - np.log(y + _FLOOR) - _HEAVY_DEAD, 0.0, _MOST)
    n = mine.shape[0]
    total = np.bincount(row, weights=weight * gap, minlength=n).astype(np.float64)
    return -safe_ratio(total, np.bincount(row, weights=weight, minlength=n).astype(np.float64))

"""For every substance asked for: what this very reading says of it, and the share from which it would have been seen.

Why: "not seen" without the limit is no answer. Two estimators, because a reference from another instrument breaks the
sharper one. Imports numpy and `spectra` only.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from spectra.confidence.limits import load
from spectra.index.infrared_index import InfraredIndex
from spectra.infrared.answer import DetectionLimit
from spectra.infrared.ground import Inner, NullModel, off
from spectra.infrared.mixture import Final
from spectra.infrared.warp import IntArray
from spectra.infrared.window_median import Estimates, window_median
from spectra.infrared_grid import GRID, STEP, feature
from spectra.similarity.infrared import InfraredScore, shifted

LEAST_SQUARES = "least squares"
WINDOW_MEDIAN = "window median"
_Z95 = 1.959963984540054


def detection_limits(
    final: Final, library: InfraredIndex, ground: NullModel, watch: Collection[str] | None = None
) -> tuple[DetectionLimit, ...]:
    """One limit per compound of `watch` (keys), in the library's order; those without a usable entry are left out.

    A compound of which every entry covers part of the scene only is answered on their range, and stands after the others.

    Without `watch`: every compound when the scene has at most 1,000 entries, else those of the 500 entries most
    like the reading. A compound in the set answers with its own share; of several entries of one compound
    the one with the largest t counts.

    Least squares: one more signed column beside the set, its own shift free within the ridge; est = c/Σc,
    se = √(max(1, χ²/n_eff)·(A Aᵀ + ridge)⁻¹)/Σc; limit 5.3 se = (3.35 + 1.2·1.645) se: hundreds of substances are looked
    for at once, and one seen in 95 % must not cost each reading a false one. Seen: t > 3.35, and the window median confirms a
    fifth of it. Where the first pass misfits (√(χ²/M) ≥ 1.3) the references are foreign: seen is a window median of
    t > 2.5, limit 3.9 of its se.
    `seen` is None where the limit lies above one half, or the set holds a substance this one cannot be told from.

    Misleads: the limit holds for the library's own form of the substance. Shares by window median are lower bounds.
    """
    entries = _watched(final, library, watch)
    member = np.isin(entries, ground.names)
    found = _answers(final, ground, entries[~member])
    rows = dict(zip(entries[~member].tolist(), found, strict=True))
    rows |= {int(e): _present(ground, int(e)) for e in entries[member]}
    best: dict[str, tuple[int, _Row]] = {}
    for entry, key in zip(entries.tolist(), library.compounds.take(entries), strict=True):
        row = rows[entry]
        if key not in best or row.rank > best[key][1].rank:
            best[key] = (entry, row)
    best |= _apart(final, library, watch, set(library.compounds.take(final.scene.entries)))
    names = library.names.take(np.array([entry for entry, _ in best.values()], dtype=np.int64))
    return tuple(_limit(key, name, row) for (key, (_, row)), name in zip(best.items(), names, strict=True))


def _apart(
    final: Final, library: InfraredIndex, watch: Collection[str] | None, answered: Collection[str]
) -> dict[str, tuple[int, _Row]]:
    """Answers for compounds that are not `answered`, from references of a smaller range."""
    best: dict[str, tuple[int, _Row]] = {}
    for part in final.apart:
        keys = [library.compounds[e] for e in part.entries.tolist()]
        asked = [key not in answered and (watch is None or key in watch) for key in keys]
        entries = part.entries[np.array(asked, dtype=bool)]
        for entry, row in zip(
            entries.tolist(), _answers(part.final, NullModel.of(part.final.scene, part.final.fit), entries), strict=True
        ):
            key = library.compounds[entry]
            if key not in best or row.rank > best[key][1].rank:
                best[key] = (entry, row)
    return best


@dataclass(frozen=True, slots=True)
class _Row:
    """One entry's answer on the scale of shares; `rank` chooses among the entries of a compound."""

    estimate: float
    error: float
    limit: float
    seen: bool | None
    estimator: str
    rank: float


def _watched(final: Final, library: InfraredIndex, watch: Collection[str] | None) -> IntArray:
    """Entries to ask for, rising."""
    data, scene = load("infrared")["limits"], final.scene
    if watch is not None:
        wanted = set(watch)
        return np.array([e for e in scene.entries.tolist() if library.compounds[e] in wanted], dtype=np.int64)
    if scene.entries.size <= int(data["all_up_to"]):
        return np.asarray(scene.entries, dtype=np.int64)
    whole = np.full(GRID.size, np.nan)
    whole[scene.window] = np.where(scene.used, scene.y, np.nan)
    shift = final.fit.state.alignment.shift if final.fit else 0.0
    moved = shifted(feature(whole, "first_derivative", not library.raman), round(shift / STEP))
    rule = InfraredScore("first_derivative", 0.0, air=not library.raman)
    scores = rule.over_feature(moved, library.features("first_derivative"))[0]
    near = scene.entries[np.argsort(-scores[scene.entries], kind="stable")[: int(data["nearest"])]]
    return np.unique(np.concatenate([near, np.array(final.entries, dtype=np.int64)]))


def least_squares(ground: NullModel, inner: Inner) -> Estimates:
    """Signed coefficient and standard error of one more column for each target, (T,) each.

    The individual shift d is the best of a grid (±3 cm⁻¹) under its ridge λ(d/sd)², with the sign of the share free.
    """
    own = float(load("infrared")["align"]["sd_own"])
    d = 2.0 * own * np.arange(-1.0, 1.01, 0.5)
    size = inner.n00[:, None] + 2 * d * inner.n01[:, None] + d**2 * inner.n11[:, None]
    size = np.maximum(size, 1e-9 * inner.whole[:, None] + 1e-300)
    top = inner.g[:, None] + d * inner.h[:, None]
    gain = top**2 / size - ground.scatter * (d / own) ** 2
    at = np.arange(inner.g.size), gain.argmax(axis=1)
    return Estimates(top[at] / size[at], np.sqrt(ground.scatter / size[at]))


def _answers(final: Final, ground: NullModel, entries: IntArray) -> list[_Row]:
    """Answers for entries that are not in the set."""
    if not entries.size:
        return []
    data = load("infrared")["limits"]
    zero, one = ground.aligned(entries)
    inner = ground.inner(zero, one)
    foreign = final.misfit >= data["foreign_misfit"]
    if foreign:
        used, factor = window_median(ground, zero), data["median_factor"]
        seen = used.t > data["median_t"]
    else:
        used, factor = least_squares(ground, inner), data["least_factor"]
        seen = used.t > data["least_t"]
        seen[seen] = window_median(ground, zero[seen]).value > data["agree"] * used.value[seen]
    alike = inner.n00 < data["least_apart"] * inner.whole
    name = WINDOW_MEDIAN if foreign else LEAST_SQUARES
    return _rows(ground, used, float(factor), seen, alike, name)


def _rows(
    ground: NullModel, used: Estimates, factor: float, seen: NDArray[np.bool_], alike: NDArray[np.bool_], name: str
) -> list[_Row]:
    most = float(load("infrared")["limits"]["cannot_say"])
    total = ground.total + np.maximum(used.value, 0.0)
    share, error = used.value / total, used.error / total
    limit = np.minimum(factor * error, 1.0)
    unknown = (alike | ~(limit < most)) & ~(seen & ~alike)
    return [
        _Row(float(share[i]), float(error[i]), float(limit[i]), None if unknown[i] else bool(seen[i]), name, float(t))
        for i, t in enumerate(used.t)
    ]


def _present(ground: NullModel, entry: int) -> _Row:
    """The answer for a member of the set: its share and what would have been enough."""
    fit = ground.fit
    assert fit is not None  # a member means that there is a set
    k = fit.state.entries.index(entry)
    others = np.delete(np.arange(len(fit.state.entries)), k)
    own = off(fit.C[k], np.concatenate([fit.C[others], fit.D[others]]))
    size = float(own @ own)
    error = float(np.sqrt(ground.scatter / size)) / ground.total if size > 0 else np.inf
    factor = float(load("infrared")["limits"]["least_factor"])
    return _Row(float(fit.shares[k]), error, min(factor * error, 1.0), True, LEAST_SQUARES, np.inf)


def _limit(key: str, name: str, row: _Row) -> DetectionLimit:
    wide = _Z95 * row.error if isfinite(row.error) else 1.0
    low, high = max(row.estimate - wide, 0.0), min(max(row.estimate + wide, 0.0), 1.0)
    return DetectionLimit(key, name, row.limit, row.estimate, low, high, row.seen, row.estimator)

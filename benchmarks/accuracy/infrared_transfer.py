"""Whether a transfer learnt from ten powders lowers what a foreign library reads of drugs that are not there.

`python -m benchmarks.accuracy.infrared_transfer DATA` (DATA: the folder with ir/library_real.npz). An instrument is one draw
of the out-of-family stress (local shift, gain, tails, saturation, dispersion), the same for every powder measured on it, and
a third as much again that is each powder's own. The library stays as its laboratory measured it. Ten powders are measured on
the instrument; drugs and mixtures are others. Imports numpy and `spectra` only.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.accuracy.infrared_sets import References, references
from benchmarks.accuracy.infrared_simulation import TYPICAL, FloatArray, reading, stressed
from spectra import InfraredLibrary, InfraredSpectrum
from spectra.infrared.explain import explain
from spectra.infrared.transfer import Transfer, fit
from spectra.infrared_grid import GRID, STEP

DRUGS = 12
POWDERS = 10
OWN_PART = 0.3
INSTRUMENTS = (1, 2, 3)
MIXTURES = 16


@dataclass(frozen=True, slots=True)
class Shares:
    """Apparent shares of absent drugs, in percent: root mean square, 95th percentile and largest; how many were "seen".

    `true_error`: rms error of the shares of the two drugs that are there; `named`: of these, how many were named.
    """

    rms: float
    p95: float
    largest: float
    seen: float
    limit: float
    true_error: float
    named: float


def on_grid(x: FloatArray, curves: FloatArray) -> FloatArray:
    """Curves (N, M) on the common grid, NaN where they were not measured."""
    out = np.full((len(curves), GRID.size), np.nan)
    first = round((x[0] - GRID[0]) / STEP)
    out[:, first : first + x.size] = curves
    return out


def measured(x: FloatArray, curve: FloatArray, k: float, instrument: int, powder: int) -> FloatArray:
    """A powder as this instrument shows it."""
    own = stressed(x, curve, OWN_PART * k, np.random.default_rng([instrument, powder]))
    return stressed(x, own, k, np.random.default_rng(instrument))


def learnt(refs: References, k: float, instrument: int) -> Transfer:
    """The transfer from ten powders that are no drugs."""
    rng = np.random.default_rng(1000 + instrument)
    powders = rng.choice(np.flatnonzero(refs.powder)[DRUGS:], POWDERS, replace=False)
    own = [
        measured(refs.x, refs.curves[p], k, instrument, int(p)) + rng.normal(0, 1 / 300, refs.x.size) for p in powders
    ]
    return fit(on_grid(refs.x, np.array(own)), on_grid(refs.x, refs.curves[powders]))


def shares(refs: References, library: InfraredLibrary, k: float, instrument: int) -> Shares:
    """What two-drug mixtures of this instrument read with this library."""
    rng = np.random.default_rng(2000 + instrument)
    absent, limits, seen, errors, named = [], [], [], [], []
    for _ in range(MIXTURES):
        pair = rng.choice(DRUGS, 2, replace=False)
        weights = rng.dirichlet([3.0, 3.0])
        parts = np.array([measured(refs.x, refs.curves[p], k, instrument, int(p)) for p in pair])
        y = reading(refs.x, parts, weights, TYPICAL, rng)
        found = explain(library, InfraredSpectrum(refs.x, y))
        there = {refs.compounds[p] for p in pair}
        for one in found.limits:
            if one.compound not in there:
                absent.append(100 * one.estimate)
                limits.append(100 * one.limit)
                seen.append(one.seen is True)
        got = {part.compound: part.share for part in found.components}
        errors += [100 * (got.get(refs.compounds[p], 0.0) - w) for p, w in zip(pair, weights, strict=True)]
        named += [refs.compounds[p] in got for p in pair]
    size = np.abs(absent)
    return Shares(
        float(np.sqrt(np.mean(size**2))), float(np.percentile(size, 95)), float(size.max()), 100 * float(np.mean(seen)),
        float(np.median(limits)), float(np.sqrt(np.mean(np.square(errors)))), 100 * float(np.mean(named)),
    )  # fmt: skip


def library_of(refs: References, curves: FloatArray) -> InfraredLibrary:
    """The drugs as a library."""
    return InfraredLibrary.from_arrays(
        GRID, curves, names=list(refs.names[:DRUGS]), compounds=list(refs.compounds[:DRUGS])
    )  # fmt: skip


def main(data: Path) -> None:
    """Print the table."""
    refs = references(data)
    foreign = on_grid(refs.x, refs.curves[:DRUGS])
    print(
        "stress  instrument  transfer   misfit of powders   library       apparent share of absent / %      seen  limit  true  named"
    )
    print(
        "                               left out            used          rms    95 %   largest           / %   / %    rms   / %"
    )
    for k in (0.5, 1.0):
        for instrument in INSTRUMENTS:
            transfer = learnt(refs, k, instrument)
            own = [measured(refs.x, c, k, instrument, p) for p, c in enumerate(refs.curves[:DRUGS])]
            books = {
                "as it is": foreign, "transferred": transfer.apply(foreign), "own": on_grid(refs.x, np.array(own))
            }  # fmt: skip
            for name, curves in books.items():
                s = shares(refs, library_of(refs, curves), k, instrument)
                head = f"{k:<7} {instrument:<11} {transfer.kind:<10} {transfer.before:.3f} → {transfer.after:.3f}"
                figures = f"{s.rms:<6.2f} {s.p95:<6.2f} {s.largest:<17.2f} {s.seen:<5.1f} {s.limit:<6.2f} {s.true_error:<5.1f}"
                print(f"{head}       {name:<13} {figures} {s.named:.0f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

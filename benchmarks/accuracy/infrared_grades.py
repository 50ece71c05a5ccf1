"""Fit the grades and calibrate the alarm of infrared answers: `python -m benchmarks.accuracy.infrared_grades [--keep FILE]`.

Own mixtures only, never the development sets: typical, hard and out-of-family readings, each complete and with one
component out of the library. Mixtures take all their components from one fold of the powders; every printed figure is of
the fold that was not fitted on. Prints sections for spectra/data/infrared.toml.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from benchmarks.accuracy.infrared_missing import auroc
from benchmarks.accuracy.infrared_sets import FOLDS, Sample, incomplete, mixtures, references, spectrum
from benchmarks.accuracy.infrared_simulation import HARD, TYPICAL, Nuisance
from spectra.infrared.alarm import alarm
from spectra.infrared.explain import fit_components
from spectra.infrared.grades import FEATURES, Alternatives, features
from spectra.infrared_grid import curve

DATA = Path(__file__).parents[3] / "shared" / "data"
PLAN: tuple[tuple[str, Nuisance, float, int, bool], ...] = (
    ("typical", TYPICAL, 0.0, 160, False),
    ("hard", HARD, 0.0, 110, False),
    ("snr 1000", replace(TYPICAL, snr=1000.0), 0.0, 50, False),
    ("stress .25", TYPICAL, 0.25, 60, False),
    ("stress .5", TYPICAL, 0.5, 60, False),
    ("one, typical", TYPICAL, 0.0, 60, True),
    ("one, stress .5", TYPICAL, 0.5, 60, True),
)
"""Kind of reading, nuisance, stress, readings per fold, and whether of one substance only."""
RIDGE = 1.0
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Table:
    """One row per member of every settled set: `figures` (R, F), whether the name is true, and where it comes from.

    `whole` the reading's library was complete, `leader` the member is the largest, `kind` index into the plan, `case`
    number of the reading. Per reading (C,): its excess, snr, whole, kind, fold, and how many true names it has.
    """

    figures: FloatArray
    true: NDArray[np.bool_]
    leader: NDArray[np.bool_]
    case: NDArray[np.int64]
    excess: FloatArray
    snr: FloatArray
    whole: NDArray[np.bool_]
    kind: NDArray[np.int64]
    fold: NDArray[np.int64]
    there: NDArray[np.int64]

    def save(self, path: Path) -> None:
        """Keep the table, for trying other rules on it."""
        np.savez(path, **self.__dict__)

    @classmethod
    def open(cls, path: Path) -> Table:
        """A kept table."""
        return cls(**dict(np.load(path)))


def cases(data: Path, scale: float, kinds: range) -> Iterator[tuple[int, int, Sample]]:
    """Kind, fold and sample, complete and with one missing."""
    for kind in kinds:
        _, nuisance, k, count, single = PLAN[kind]
        for fold in range(FOLDS):
            made = mixtures(data, nuisance, max(2, int(scale * count)), 600 + 10 * kind + fold, k, fold, single)
            for sample in (*made, *incomplete(data, made, 700 + 10 * kind + fold)):
                yield kind, fold, sample


def collected(data: Path, scale: float = 1.0, kinds: range = range(len(PLAN))) -> Table:
    """All members of all readings of these kinds."""
    refs = references(data)
    full = refs.library()
    rows: list[FloatArray] = []
    member: list[tuple[bool, bool, int]] = []
    reading: list[tuple[float, float, bool, int, int, int]] = []
    for number, (kind, fold, sample) in enumerate(cases(data, scale, kinds)):
        library = refs.library(sample.removed) if sample.removed else full
        final = fit_components(library, curve(spectrum(refs, sample)), 5)
        warning, there = alarm(final), sum(e not in sample.removed for e in sample.entries)
        reading.append((warning.excess, 1.0 / final.scene.sigma, not sample.removed, kind, fold, there))
        if final.fit is None:
            continue
        rows.append(features(Alternatives.of(final.fit), warning.excess))
        first = int(np.argmax(final.fit.shares))
        member += [
            (library.compounds[e] in sample.truth, k == first, number) for k, e in enumerate(final.fit.state.entries)
        ]
    true, leader, case = (np.array(column) for column in zip(*member, strict=True))
    columns = [np.array(column) for column in zip(*reading, strict=True)]
    return Table(np.concatenate(rows), true, leader, case, *columns)


def fitted(table: Table, rows: NDArray[np.bool_]) -> dict[str, object]:
    """Ridge logistic on the chosen rows: intercept, and per feature weight, lowest and highest value."""
    x, y = table.figures[rows], table.true[rows].astype(np.float64)
    low, high = np.quantile(x, 0.005, axis=0), np.quantile(x, 0.995, axis=0)
    z = np.clip(x, low, high)
    middle, size = z.mean(axis=0), np.maximum(z.std(axis=0), 1e-9)
    z = (z - middle) / size

    def loss(theta: FloatArray) -> tuple[float, FloatArray]:
        score = theta[0] + z @ theta[1:]
        p = 1.0 / (1.0 + np.exp(-np.clip(score, -30, 30)))
        value = float(np.logaddexp(0.0, score).sum() - y @ score + 0.5 * RIDGE * (theta[1:] ** 2).sum())
        slope = np.concatenate([[(p - y).sum()], z.T @ (p - y) + RIDGE * theta[1:]])
        return value, slope

    found = minimize(loss, np.zeros(z.shape[1] + 1), jac=True, method="L-BFGS-B").x
    weight = found[1:] / size
    layer: dict[str, object] = {"intercept": float(found[0] - weight @ middle)}
    for i, name in enumerate(FEATURES):
        layer[name] = [float(weight[i]), float(low[i]), float(high[i])]
    return layer


def predicted(table: Table) -> FloatArray:
    """Probability of each row by the layer fitted without its fold."""
    from spectra.infrared.grades import probabilities

    out = np.zeros(table.true.size)
    fold = table.fold[table.case]
    for held in range(FOLDS):
        out[fold == held] = probabilities(table.figures[fold == held], fitted(table, fold != held))
    return out


def report(table: Table, p: FloatArray, threshold: float) -> list[str]:
    """One line per kind: names kept when complete and when one is missing, wrong minor names, AUROC of the excess."""
    out = []
    sure = p >= threshold
    for kind, (name, *_) in enumerate(PLAN):
        inside = table.kind == kind
        whole, less = inside & table.whole, inside & ~table.whole
        false = sure & ~table.true & less[table.case]
        wrong = np.unique(table.case[false & ~table.leader]).size / max(less.sum(), 1)
        leader = np.unique(table.case[false & table.leader]).size / max(less.sum(), 1)
        kept = [
            (sure & table.true & part[table.case]).sum() / max(table.there[part].sum(), 1) for part in (whole, less)
        ]
        found = [(table.true & part[table.case]).sum() / max(table.there[part].sum(), 1) for part in (whole, less)]
        out.append(
            f"{name:14s} AUROC {auroc(table.excess[whole], table.excess[less]):.3f}  excess p95 "
            f"{np.quantile(table.excess[whole], 0.95):.4f} p99 {np.quantile(table.excess[whole], 0.99):.4f}  missing p5 "
            f"{np.quantile(table.excess[less], 0.05):.4f}  wrong minor {wrong:.3f} largest {leader:.3f}  kept {kept[0]:.3f} (found {found[0]:.3f}) "
            f"missing {kept[1]:.3f} (found {found[1]:.3f})"
        )
    return out


def as_toml(layer: dict[str, object]) -> str:
    """The section of `data/infrared.toml`."""
    lines = ["[grades.logistic]"]
    for name, value in layer.items():
        numbers = value if isinstance(value, list) else [value]
        text = ", ".join(f"{float(n):.5g}" for n in numbers)
        lines.append(f"{name} = [{text}]" if isinstance(value, list) else f"{name} = {text}")
    return "\n".join(lines)


def main() -> None:
    """Collect, fit, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--keep", type=Path, help="store the table here, or use the one stored")
    parser.add_argument("--scale", type=float, default=1.0, help="part of the readings")
    args = parser.parse_args()
    if args.keep and args.keep.exists():
        table = Table.open(args.keep)
    else:
        table = collected(args.data, args.scale)
        if args.keep:
            table.save(args.keep)
    p = predicted(table)
    for threshold in (0.8, 0.85, 0.9, 0.95):
        print(f"p >= {threshold}", *report(table, p, threshold), sep="\n", file=sys.stderr)
    print(as_toml(fitted(table, np.ones(table.true.size, dtype=bool))))


if __name__ == "__main__":
    main()

"""The logistic layer of the accurate-mass mixture engine: evidence per compound, fitted by compound, in five folds.

`python -m benchmarks.accuracy.accurate_training` prints section [inclusion] of `spectra/data/mixtures_accurate.toml`,
fitted to all development mixtures and our own. Imports `spectra` and the samples beside it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.accurate_samples import Sample, development, library, simulated
from spectra import MassLibrary, MixtureExplanation
from spectra.mixture.accurate import examine
from spectra.mixture.accurate_candidates import shortlist
from spectra.mixture.accurate_inclusion import FEATURES, Inclusion
from spectra.mixture.accurate_model import Model, default_model
from spectra.mixture.accurate_report import Context, explanation, nothing_found
from spectra.mixture.accurate_series import series_of
from spectra.mixture.accurate_stack import stack

FOLDS, RIDGE = 5, 3.0


@dataclass(frozen=True, eq=False)
class Examined:
    """One sample with its fits; `context` None when no candidate is left. `compounds` (C,) keys of the evidence."""

    sample: Sample
    context: Context | None
    compounds: tuple[str, ...]

    def answer(self, layer: Inclusion, most: int = 4) -> MixtureExplanation:
        """What `explain` says with this layer."""
        if self.context is None:
            return nothing_found(stack(self.sample.spectra, default_model()))
        return explanation(self.context, layer.probability(self.context.seen.features), most)


def examined(lib: MassLibrary, samples: Sequence[Sample], model: Model | None = None) -> list[Examined]:
    """Every sample fitted once."""
    used = default_model() if model is None else model
    series = series_of(lib)
    out = []
    for sample in samples:
        ions = stack(sample.spectra, used)
        short = shortlist(ions, lib.table, series, used)
        if short.series.size == 0:
            out.append(Examined(sample, None, ()))
            continue
        found, seen = examine(lib, ions, series, short, used, 4)
        context = Context(lib, ions, series, short, found, seen, used)
        keys = tuple(lib.compounds[context.entry(int(short.series[k]))] for k in seen.candidate)
        out.append(Examined(sample, context, keys))
    return out


def fit(features: NDArray[np.float64], present: NDArray[np.float64], ridge: float = RIDGE) -> Inclusion:
    """Logistic regression on standardised features with a ridge on every weight but the intercept (Newton steps)."""
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-9
    design = np.c_[(features - mean) / spread, np.ones(features.shape[0])]
    weight, held = np.zeros(design.shape[1]), np.diag([*[ridge] * features.shape[1], 1e-3])
    for _ in range(40):
        p = 1.0 / (1.0 + np.exp(-np.clip(design @ weight, -40, 40)))
        slope = design.T @ (present - p) - held @ weight
        curve = (design * (p * (1 - p))[:, None]).T @ design + held
        move = np.linalg.solve(curve, slope)
        weight += move
        if np.abs(move).max() < 1e-8:
            break
    return Inclusion(mean, spread, weight[:-1], float(weight[-1]))


def _stacked(samples: Sequence[Examined]) -> tuple[NDArray[np.float64], NDArray[np.float64], list[str]]:
    used = [one for one in samples if one.context is not None]
    features = np.concatenate([one.context.seen.features for one in used if one.context is not None])
    present = np.array([c in one.sample.truth for one in used for c in one.compounds], dtype=np.float64)
    return features, present, [c for one in used for c in one.compounds]


def layer_of(samples: Sequence[Examined]) -> Inclusion:
    """The layer fitted to all of these samples."""
    features, present, _ = _stacked(samples)
    return fit(features, present)


@dataclass(frozen=True, eq=False)
class ByCompound:
    """One layer per fold; a compound is judged by the layer that never saw it, in whatever sample."""

    fold: dict[str, int]
    layers: tuple[Inclusion, ...]

    def answer(self, one: Examined) -> MixtureExplanation:
        """What `explain` would say, every probability from a layer that never saw the compound."""
        if one.context is None:
            return nothing_found(stack(one.sample.spectra, default_model()))
        every = np.stack([layer.probability(one.context.seen.features) for layer in self.layers])
        mine = np.array([self.fold.get(c, 0) for c in one.compounds])
        return explanation(one.context, every[mine, np.arange(mine.size)], 4)


def by_compound(samples: Sequence[Examined], seed: int = 0) -> ByCompound:
    """Five folds of compounds, drawn at random."""
    features, present, owner = _stacked(samples)
    names = sorted(set(owner))
    drawn = np.random.default_rng(seed).permutation(len(names)) % FOLDS
    fold = dict(zip(names, drawn.tolist(), strict=True))
    of = np.array([fold[c] for c in owner])
    return ByCompound(fold, tuple(fit(features[of != k], present[of != k]) for k in range(FOLDS)))


def training(data: Path) -> list[Sample]:
    """What the layer is fitted to: the development mixtures and 108 single components and 60 fours of our own."""
    return [*development(data), *simulated(data)]


def main() -> int:
    """Print the layer."""
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[3] / "shared" / "data"
    layer = layer_of(examined(library(data), training(data)))
    print(f"[inclusion]\nintercept = {layer.intercept:.4f}")
    for name, values in (("mean", layer.mean), ("spread", layer.spread), ("weight", layer.weight)):
        inside = ", ".join(f"{f} = {v:.4f}" for f, v in zip(FEATURES, values, strict=True))
        print(f"{name} = {{ {inside} }}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

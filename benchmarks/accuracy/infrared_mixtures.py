"""I2: mixtures of two to four, exact set of compounds and F1; the library alone and with 5,000 spliced distractors."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.accuracy import Row
from benchmarks.accuracy.infrared_sets import (
    Sample,
    dev_mixtures,
    mixtures,
    references,
    spectrum,
    with_distractors,
)
from benchmarks.accuracy.infrared_simulation import HARD, TYPICAL
from spectra import InfraredLibrary


def rows(data: Path, quick: bool) -> list[Row]:
    """Exact set, F1 and error of shares on the development and on own mixtures."""
    refs, count = references(data), 25 if quick else 100
    small, large = refs.library(), with_distractors(data)
    out = []
    for level, nuisance, asked in (("typical", TYPICAL, 0.99), ("hard", HARD, 0.97)):
        out += scores(data, f"dev {level}", small, dev_mixtures(data, level), asked)
        out += scores(data, f"own {level}", small, mixtures(data, nuisance, count, 201), asked)
    far = dev_mixtures(data, "typical") + mixtures(data, TYPICAL, count, 202)
    out += scores(data, "typical, 5,000 distractors", large, far, 0.97)
    for k, bar in ((0.25, None), (0.5, 0.85), (1.0, None)):
        out += scores(data, f"own, out-of-family stress {k:g}", small, mixtures(data, TYPICAL, count, 203, k), bar)
    for level, nuisance in (("typical", TYPICAL), ("hard", HARD)):
        out.append(partial(data, level, mixtures(data, nuisance, count // 2, 204)))
    return out


def partial(data: Path, level: str, samples: list[Sample]) -> Row:
    """Exact sets where the references of the smallest component and of 15 other entries end at 1800 cm⁻¹."""
    refs, rng = references(data), np.random.default_rng(205)
    exact = []
    for sample in samples:
        smallest = sample.truth[int(np.argmin(sample.weights))]
        mine = [e for e, key in enumerate(refs.compounds) if key == smallest]
        others = rng.choice([e for e, key in enumerate(refs.compounds) if key not in sample.truth], 15, replace=False)
        library = refs.library(cut=(*mine, *(int(e) for e in others)))
        found = {c.compound for c in library.explain(spectrum(refs, sample)).components}
        exact.append(found == set(sample.truth))
    what = f"own {level}, reference of the smallest part ends at 1800 cm⁻¹: exact set"
    return Row("I2", what, float(np.mean(exact)), len(exact))


def scores(data: Path, name: str, library: InfraredLibrary, samples: list[Sample], asked: float | None) -> list[Row]:
    """Exact sets, F1 and the median error of shares of signal."""
    refs = references(data)
    exact, hit, said, there = [], 0, 0, 0
    error: list[float] = []
    for sample in samples:
        found = {c.compound: c.share for c in library.explain(spectrum(refs, sample)).components}
        exact.append(set(found) == set(sample.truth))
        hit, said, there = hit + len(set(found) & set(sample.truth)), said + len(found), there + len(sample.truth)
        error += [abs(found[c] - w) for c, w in zip(sample.truth, sample.weights, strict=True) if c in found]
    n = len(samples)
    return [
        Row("I2", f"{name}: exact set", float(np.mean(exact)), n, asked),
        Row("I2", f"{name}: F1", 2 * hit / max(said + there, 1), n, share=False),
        Row(
            "I2", f"{name}: median error of a share", float(np.median(error)) if error else 1.0, len(error), share=False
        ),
    ]

"""I1: one substance per reading, ranked by alignment; the library alone and with 5,000 spliced distractors."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.accuracy import Row
from benchmarks.accuracy.infrared_sets import (
    Sample,
    dev_replicates,
    references,
    replicates,
    spectrum,
    with_distractors,
)
from benchmarks.accuracy.infrared_simulation import HARD, TYPICAL
from spectra import InfraredLibrary


def rows(data: Path, quick: bool) -> list[Row]:
    """Top-1 by compound of the development replicates and of own ones (every library entry once)."""
    refs, step = references(data), 4 if quick else 1
    small, large = refs.library(), with_distractors(data)
    own = {"typical": replicates(data, TYPICAL, 101)[::step], "hard": replicates(data, HARD, 102)[::step]}
    stress = replicates(data, TYPICAL, 103, k=0.5)[::step]
    out = []
    for level in ("typical", "hard"):
        asked = 0.995 if level == "typical" else 0.99
        dev = dev_replicates(data, level)
        out.append(_row(data, f"dev {level}", small, dev, asked))
        out.append(_row(data, f"dev {level}, 5,000 distractors", large, dev, asked))
        out.append(_row(data, f"own {level}, 5,000 distractors", large, own[level], asked))
    out.append(_row(data, "own, out-of-family stress .5, 5,000 distractors", large, stress, None))
    return out


def _row(data: Path, name: str, library: InfraredLibrary, samples: list[Sample], asked: float | None) -> Row:
    refs = references(data)
    hits = []
    for sample in samples:
        found = library.search(spectrum(refs, sample), top=1, score="aligned")
        hits.append(bool(found) and found[0].compound == sample.truth[0])
    return Row("I1", f"{name}: top-1", float(np.mean(hits)), len(hits), asked)

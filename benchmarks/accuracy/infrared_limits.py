"""I3: printed detection limits against what is found in blanks and spiked readings of pairs, and false positives."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.accuracy import Row
from benchmarks.accuracy.infrared_sets import (
    Pair,
    Sample,
    mixtures,
    pairs,
    references,
    spectrum,
)
from benchmarks.accuracy.infrared_simulation import HARD, TYPICAL
from spectra import InfraredLibrary
from spectra.confidence.limits import load
from spectra.infrared import DetectionLimit, InfraredExplanation

RATIO = 1.5


@dataclass(frozen=True, slots=True)
class Found:
    """One pair: printed limit (median of blanks), the share seen in 95 % by the engine's own rule, the same by a rule of
    1 % false positives, and rates of the target seen and named."""

    printed: float
    seen95: float
    one_percent: float
    blank_seen: float
    blank_named: float
    spiked_seen: float
    spiked_named: float


def rows(data: Path, quick: bool) -> list[Row]:
    """Limits of all pairs and settings, then absent compounds of complete mixtures."""
    library, count = references(data).library(), 12 if quick else 24
    chosen = pairs()[:: 3 if quick else 1]
    found = [one_pair(data, library, pair, count) for pair in chosen]
    ratio = np.array([f.printed / f.seen95 for f in found])
    other = np.array([f.printed / f.one_percent for f in found])
    n = len(found)
    spikes = n * count
    out = [
        Row("I3", f"limits within x{RATIO:g} of the share seen in 95 %", float(_near(ratio).mean()), n, 0.90),
        Row("I3", "printed over empirical limit, median", float(np.median(ratio)), n, share=False),
        Row("I3", f"limits within x{RATIO:g} of the LOD95 at 1 % false positives", float(_near(other).mean()), n, 0.90),
        Row("I3", "printed over that limit, median", float(np.median(other)), n, share=False),
        Row("I3", "target seen in blanks", float(np.mean([f.blank_seen for f in found])), spikes, 0.01, at_most=True),
        Row("I3", "target named in blanks", float(np.mean([f.blank_named for f in found])), spikes, 0.01, at_most=True),
        Row("I3", "target seen at its printed limit", float(np.mean([f.spiked_seen for f in found])), spikes),
        Row("I3", "target named at its printed limit", float(np.mean([f.spiked_named for f in found])), spikes),
    ]
    for name, nuisance, k in (("typical", TYPICAL, 0.0), ("hard", HARD, 0.0), ("stress .5", TYPICAL, 0.5)):
        samples = mixtures(data, nuisance, count, 301, k)
        out.append(_absent(data, library, name, samples))
    return out


def one_pair(data: Path, library: InfraredLibrary, pair: Pair, count: int) -> Found:
    """Blanks, then readings spiked at the limit printed for the blanks.

    From the estimates, with normal tails and the scatter sd of blanks and spiked readings together: seen in 95 % by the
    rule is (t* se + 1.645 sd)/recovery, t* the engine's own threshold; at 1 % false positives (mean + 3.971 sd)/recovery.
    """
    refs = references(data)
    blanks = [library.explain(spectrum(refs, s)) for s in pair.readings(data, 0.0, count, 31)]
    target = refs.compounds[pair.target]
    printed = float(np.median([answer.detection_limits[target] for answer in blanks]))
    spiked = [library.explain(spectrum(refs, s)) for s in pair.readings(data, printed, count, 32)]
    low = np.array([_limit(a, target).estimate for a in blanks])
    high = np.array([_limit(a, target).estimate for a in spiked])
    recovery = max(float(high.mean() - low.mean()) / printed, 0.05)
    sd = float(np.sqrt((low.var(ddof=1) + high.var(ddof=1)) / 2.0))
    rule = load("infrared")["limits"]
    own = float(low.mean()) + rule["least_t"] * printed / rule["least_factor"] + 1.645 * sd
    return Found(
        printed,
        max(own / recovery, 1e-6),
        max((float(low.mean()) + 3.971 * sd) / recovery, 1e-6),
        float(np.mean([_limit(a, target).seen is True for a in blanks])),
        float(np.mean([_named(a, target) for a in blanks])),
        float(np.mean([_limit(a, target).seen is True for a in spiked])),
        float(np.mean([_named(a, target) for a in spiked])),
    )


def _near(ratio: np.ndarray) -> np.ndarray:
    return np.asarray((ratio <= RATIO) & (ratio >= 1 / RATIO))


def _limit(answer: InfraredExplanation, compound: str) -> DetectionLimit:
    return next(limit for limit in answer.limits if limit.compound == compound)


def _named(answer: InfraredExplanation, compound: str) -> bool:
    return any(c.compound == compound for c in answer.components)


def _absent(data: Path, library: InfraredLibrary, name: str, samples: list[Sample]) -> Row:
    """Share of absent powders said to be seen in complete mixtures."""
    refs = references(data)
    powders = {refs.compounds[e] for e in np.flatnonzero(refs.powder)}
    seen = []
    for sample in samples:
        answer = library.explain(spectrum(refs, sample))
        alike = {c for part in answer.components for c in part.not_distinguished}
        absent = powders - set(sample.truth) - alike
        seen += [limit.seen is True for limit in answer.limits if limit.compound in absent]
    asked = None if "stress" in name else 0.01
    return Row("I3", f"absent powders seen in mixtures, {name}", float(np.mean(seen)), len(seen), asked, at_most=True)

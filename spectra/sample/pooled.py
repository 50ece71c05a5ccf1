"""Several readings of one method as one word: they share what is wrong with a reference, so they are averaged and never multiplied.

Imports the standard library and `spectra.sample` only.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from spectra.sample.heard import InfraredWord, MassWord, Place

LEAST = 1e-6
UNKNOWN = 0.3
"""P(not in the library) taken for the order alone, where no calibration gives one; then no probability is printed."""


def listed(words: Sequence[MassWord]) -> Mapping[str, float]:
    """Geometric mean of the listed probabilities, by falling probability; of one word, its own."""
    if len(words) == 1:
        return words[0].listed
    every = dict.fromkeys(c for w in words for c in w.listed)
    raw = {c: math.exp(sum(math.log(max(w.listed.get(c, 0.0), LEAST)) for w in words) / len(words)) for c in every}
    total = sum(raw.values())
    return {c: p / total for c, p in sorted(raw.items(), key=lambda row: (-row[1], row[0]))}


def outside(words: Sequence[MassWord]) -> float:
    """Mean P(not in the library)."""
    values = [UNKNOWN if w.outside is None else w.outside for w in words]
    return min(max(sum(values) / len(values), LEAST), 1.0 - LEAST)


def residuals(words: Sequence[InfraredWord]) -> Mapping[str, float]:
    """Geometric mean of the residuals of every reference."""
    if len(words) == 1:
        return words[0].residuals
    every = dict.fromkeys(c for w in words for c in w.residuals)
    heard = {c: [math.log(w.residuals[c]) for w in words if c in w.residuals] for c in every}
    return {c: math.exp(sum(values) / len(values)) for c, values in heard.items()}


def places(words: Sequence[MassWord]) -> list[Place]:
    """The places of all readings. Peaks come before sums; places led by one compound are one, with the areas added up."""
    kept: dict[str, Place] = {}
    ordered = sorted(words, key=lambda w: (not w.run, w.whole and not w.run))
    peaks: set[str] = set()
    for word in ordered:
        peak = word.run or not word.whole
        for place in word.places:
            leader = place.rivals[0].compound
            if leader in kept:
                kept[leader] = _joined(kept[leader], place, peak and leader in peaks)
            elif peak or not _taken(place, kept.values()):
                kept[leader] = place
                if peak:
                    peaks.add(leader)
    return list(kept.values())


def _joined(one: Place, other: Place, both_peaks: bool) -> Place:
    """One place of two with one leader, a peak if one of them is; two peaks of one run add up their areas."""
    better, worse = (one, other) if one.rivals[0].probability >= other.rivals[0].probability else (other, one)
    better = replace(better, named=one.named or other.named, peak=one.peak or other.peak)
    if not both_peaks or better.area is None or worse.area is None or one.reading == other.reading:
        return better
    area = better.area + worse.area
    rivals = tuple(replace(r, share=area) for r in better.rivals)
    return replace(better, rivals=rivals, area=area)


def _taken(place: Place, others: Iterable[Place]) -> bool:
    """Whether a place of a sum is one of another reading already: its leader competes there."""
    leader = place.rivals[0].compound
    return any(leader == r.compound for other in others if other.reading != place.reading for r in other.rivals)

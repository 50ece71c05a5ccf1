"""Mixed samples with an EI and an infrared reading: real EI readings added up, and the curves their compounds borrow.

Infrared sees the same parts in other shares (by a factor, or as EI does), and cuts that EI does not see. What both methods
say is kept, because it takes minutes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.accuracy.ei_sets import Sample as EiSample
from benchmarks.accuracy.ei_sets import _mixed, dev_samples, library_of
from benchmarks.accuracy.infrared_sets import likeness, references
from benchmarks.accuracy.infrared_simulation import FloatArray
from benchmarks.accuracy.sample_sets import (
    REFERENCED,
    curve_of,
    deal,
    draw,
    infrared_curve,
    kept,
    materials,
    referenced,
    side,
    truths,
)
from spectra import InfraredLibrary, InfraredSpectrum, MassSpectrum
from spectra.infrared.answer import InfraredExplanation
from spectra.mixture.unit_mass import explain_with_places
from spectra.types import MixtureExplanation

Ratios = tuple[tuple[int, ...], ...]
TWO_AND_THREE: Ratios = ((1, 1), (3, 1), (10, 1), (1, 1, 1), (6, 3, 1), (20, 5, 1))


@dataclass(frozen=True)
class Deal:
    """How mixtures are drawn. `count` samples of these `ratios`, at most `cuts` cuts each, one of `lone` a compound and nothing else
    (0: none), one of `follows` in which infrared's shares are EI's, EI's `library` as in `ei_sets.library_of`.

    `each`: every sample draws for itself who has a reference, so that their share is what it is meant to be; else a compound has one in
    all samples or in none.
    """

    name: str
    count: int
    ratios: Ratios
    cuts: int
    lone: int
    follows: int
    library: str = "both"
    each: bool = False


DEALS = {
    "development": Deal("development", 240, TWO_AND_THREE, 1, 5, 2, "declared", each=True),
    "test": Deal("test", 120, ((1,), *TWO_AND_THREE, (8, 4, 2, 1)), 1, 5, 3),
    "design": Deal("design", 120, TWO_AND_THREE, 1, 5, 2, "both", each=True),
    "design, MassBank declared": Deal("design", 120, TWO_AND_THREE, 1, 5, 2, "declared", each=True),
    "design, SWGDRUG alone": Deal("design", 120, TWO_AND_THREE, 1, 5, 2, "swgdrug", each=True),
}
""""design" draws as the design describes its own mixtures: two and three parts, half of the samples with EI's shares, three of five parts with a
reference, on the test side's compounds and curves. "development" does so on the other side, "test" draws harder samples."""
MIXED_LEVELS = ("typical", "foreign")
LEAST = 0.02
FACTOR = 0.8
"""Standard deviation of ln(share by infrared / share by EI)."""


@dataclass(frozen=True, eq=False)
class EiWord:
    """What EI says: its own answer, and places of (compound, probability, share), likeliest first, with their sums."""

    answer: MixtureExplanation
    places: tuple[tuple[tuple[str, float, float], ...], ...]
    totals: tuple[float, ...]
    named: tuple[bool, ...]
    several: float


@dataclass(frozen=True, eq=False)
class Mixed:
    """One sample: the parts EI can see with their shares of signal, the cuts, and what each method says at each level."""

    number: int
    spectrum: MassSpectrum
    parts: dict[str, float]
    cuts: dict[str, float]
    shares: dict[str, float]
    ei: EiWord
    infrared: dict[str, InfraredExplanation]
    known: frozenset[str]
    follows: bool = False

    @property
    def truth(self) -> frozenset[str]:
        """Everything in it."""
        return frozenset((*self.parts, *self.cuts))


def mixed(data: Path, on: str) -> list[Mixed]:
    """The mixed samples of one deal: "development", "test", or one more of `DEALS` on the test side."""
    deal = DEALS[on]
    return kept(f"mixed-{on}", lambda: [_made(data, deal, k) for k in range(deal.count)])  # type: ignore[no-any-return]


def _made(data: Path, how: Deal, number: int) -> Mixed:
    on = "development" if how.name == "development" else "test"
    rng = np.random.default_rng(int(draw("mixed", how.name, number) * 2**53))
    lone = how.lone > 0 and number % how.lone == how.lone - 1
    ratio = (1,) if lone else how.ratios[number % len(how.ratios)]
    single: dict[str, list[EiSample]] = {}
    for s in dev_samples(data):
        if s.kind in ("nist", "massbank") and side(s.truth[0]) == on:
            single.setdefault(s.truth[0], []).append(s)
    keys, lent = sorted(single), dict[str, int]()
    while len(lent) < len(ratio):
        chosen = keys[int(rng.integers(len(keys)))]
        if curve_of(data, chosen) not in lent.values():
            lent[chosen] = curve_of(data, chosen)
    spectrum = _mixed([single[c][int(rng.integers(len(single[c])))] for c in lent], ratio)
    parts = dict(zip(lent, (r / sum(ratio) for r in ratio), strict=True))
    ei = ei_word(data, spectrum, how.library)
    follows = number % how.follows == how.follows - 1
    free = [k for k in truths(data, on) if k not in lent.values()]
    cuts = [
        free[int(k)] for k in rng.choice(len(free), 0 if lone else int(rng.integers(0, how.cuts + 1)), replace=False)
    ]
    rivals = [c for place in ei.places for c, _, _ in place if c]
    given = deal(data, lent, rivals)
    keyed = {k: key for key, k in given.items()}
    cut_keys = [keyed[k] for k in cuts]
    known = {c for c in given if _referenced(c, how, number)} | {c for c in cut_keys if draw("cut", c, number) < 0.9}
    shares = _shares(parts, cut_keys, rng, 0.0 if follows else FACTOR)
    library = library_of_deal(data, {c: given[c] for c in given if c in known})
    refs, used = references(data), {c: s for c, s in shares.items() if s >= 0.001}
    said = {
        level: library.explain(
            InfraredSpectrum(
                refs.x, infrared_curve(refs, [given[c] for c in used], list(used.values()), level, how.name, number)
            )
        )
        for level in MIXED_LEVELS
    }
    cut_shares = {c: shares[c] for c in cut_keys}
    return Mixed(number, spectrum, parts, cut_shares, shares, ei, said, frozenset(known), follows)


def _referenced(compound: str, how: Deal, number: int) -> bool:
    return draw("reference", how.name, compound, number) < REFERENCED if how.each else referenced(compound)


def _shares(parts: dict[str, float], cuts: Sequence[str], rng: np.random.Generator, factor: float) -> dict[str, float]:
    """Shares by infrared: those of EI, each by its own factor, and cuts of a tenth to six tenths of the whole."""
    cut = rng.uniform(0.1, 0.6, len(cuts)) if cuts else np.zeros(0)
    cut *= min(1.0, 0.8 / max(float(cut.sum()), 1e-9))
    own = np.array(list(parts.values())) * np.exp(rng.normal(0.0, 1.0, len(parts)) * factor)
    own *= (1.0 - cut.sum()) / own.sum()
    return dict(zip([*parts, *cuts], [*own.tolist(), *cut.tolist()], strict=True))


def ei_word(data: Path, spectrum: MassSpectrum, which: str) -> EiWord:
    """EI's answer against SWGDRUG alone, or with MassBank less the readings' own spectra."""
    library = library_of(data, which)
    answer, seen = explain_with_places(library, [spectrum], 4)
    places = tuple(
        tuple((library.compounds[c.entry], c.probability, c.share) for c in place.rivals) for place in seen.places
    )
    totals, named = tuple(p.total for p in seen.places), tuple(p.named for p in seen.places)
    return EiWord(answer, places, totals, named, seen.several)


def library_of_deal(data: Path, given: dict[str, int]) -> InfraredLibrary:
    """References of these compounds, each with the curve it was dealt."""
    refs = references(data)
    return InfraredLibrary.from_arrays(
        refs.x, refs.curves[list(given.values())], names=list(given), compounds=list(given)
    )


__all__ = ["EiWord", "FloatArray", "Mixed", "likeness", "materials", "mixed"]

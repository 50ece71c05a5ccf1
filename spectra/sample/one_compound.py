"""A sample of one compound: EI's probabilities, and infrared's word on each of them as a likelihood ratio.

Why ratios: what infrared has no reference for gets exactly 1, so that a method that could not have seen a compound says nothing
of it. Imports the standard library and `spectra.sample` only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from spectra.sample.constants import OneCompound

LEAST = 1e-12


@dataclass(frozen=True, eq=False)
class Weighed:
    """Compounds EI lists with their probability among each other (`listed`), those infrared alone has (`only`), and neither.

    `listed`, `only` and `neither` add up to 1 over the whole competition; `ratio` per compound that infrared has a reference for.
    """

    listed: tuple[tuple[str, float], ...]
    only: tuple[tuple[str, float], ...]
    neither: float
    ratio: Mapping[str, float]
    reach: float
    residuals: Mapping[str, float]

    @property
    def ranked(self) -> tuple[tuple[str, float], ...]:
        """All compounds of the competition, likeliest first, given that one of them is right."""
        both = sorted((*self.listed, *self.only), key=lambda row: (-row[1], row[0]))
        total = sum(p for _, p in both)
        return tuple((c, p / total) for c, p in both) if total > 0 else ()


def reach_of(residuals: Mapping[str, float], fit: OneCompound) -> float:
    """The residual, beyond noise, from which on a reference speaks neither for nor against its compound, in this very reading.

    It follows the second smallest residual: what wrong references leave in a reading tells how little a small one means there.
    """
    smallest = sorted(residuals.values())[:2]
    second = smallest[1] if len(smallest) == 2 else 1.0
    return math.exp(fit.reach + fit.second * math.log(max(second, fit.floor)))


def ratios(residuals: Mapping[str, float], reach: float, fit: OneCompound) -> dict[str, float]:
    """Likelihood ratio of every compound with a reference: (reach/residual)^κ, bounded."""
    out = {}
    for compound, x in residuals.items():
        worth = fit.kappa * math.log(reach / max(x, fit.floor))
        out[compound] = math.exp(min(max(worth, -fit.most), fit.most))
    return out


def weigh(
    listed: Mapping[str, float],
    outside: float,
    residuals: Mapping[str, float],
    fit: OneCompound,
    more: Mapping[str, float] | None = None,
) -> Weighed:
    """EI's `listed` probabilities and P(`outside` the library) with infrared's `residuals` by compound.

    `more`: further likelihood ratios by compound (tests, retention); absent is 1. What infrared alone has and does not
    see, that is where its ratio is not above 1, is no name and belongs to "neither". Without residuals only EI competes.
    """
    extra = more or {}
    reach = reach_of(residuals, fit)
    ratio = ratios(residuals, reach, fit)
    inside = {
        c: (max(p, LEAST) ** fit.beta) * (1.0 - outside) * ratio.get(c, 1.0) * extra.get(c, 1.0)
        for c, p in listed.items()
    }
    alone = [c for c in residuals if c not in listed]
    each = outside * math.exp(fit.only) / max(len(alone), 1)
    only = {c: each * ratio[c] * extra.get(c, 1.0) for c in alone}
    unseen = sum(w for c, w in only.items() if ratio[c] <= 1.0)  # a tail of names nobody would give
    only = {c: w for c, w in only.items() if ratio[c] > 1.0}
    neither = outside * math.exp(fit.neither) + unseen
    total = sum(inside.values()) + sum(only.values()) + neither
    if total <= 0:
        return Weighed((), (), 1.0, ratio, reach, residuals)
    return Weighed(_ordered(inside, total), _ordered(only, total), neither / total, ratio, reach, residuals)


def _ordered(weights: Mapping[str, float], total: float) -> tuple[tuple[str, float], ...]:
    return tuple(sorted(((c, w / total) for c, w in weights.items()), key=lambda row: (-row[1], row[0])))


def set_of(ranked: tuple[tuple[str, float], ...], mass: float, lone: float) -> tuple[tuple[str, float], ...]:
    """The smallest set of at least `mass`; two at once where the first has less than `lone`."""
    out, total = [], 0.0
    for row in ranked:
        out.append(row)
        total += row[1]
        if total >= mass and not (len(out) == 1 and row[1] < lone and len(ranked) > 1):
            break
    return tuple(out)


def single_of(
    weighed: Weighed, outside: float, fit: OneCompound, own: str = "", alone: Mapping[str, float] | None = None
) -> bool:
    """Whether one name alone may be given: it is likely, something is right at all, and infrared confirms it, surely where it is not the
    name EI alone gives as its only one (`own`) and does not doubt. Where infrared has no reference for it, it has to be that name. A name
    of EI's own list (`alone`) stands against no other of which EI is sure and infrared has no reference."""
    ranked, known = weighed.ranked, weighed.residuals
    if not ranked or ranked[0][1] < fit.single or weighed.neither >= 0.5:
        return False
    best = ranked[0][0]
    rivals = alone if alone is not None and best in alone else {}
    if any(p >= fit.contrary and c != best and c not in known for c, p in rivals.items()):
        return False
    sure = best == own and outside < fit.stranger
    return known[best] < weighed.reach * (1.0 if sure else fit.confirmed) if best in known else sure

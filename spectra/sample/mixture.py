"""Parts of a mixture: places EI (or the peaks of a run) found, with infrared's word on everybody who competes for one.

Why an added logit: EI's probability stays as it is wherever no other method could have seen the compound. Imports the standard
library and `spectra.sample` only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

from spectra.sample.constants import Mixture
from spectra.sample.heard import InfraredWord, Place

LEAST = 1e-6
LISTED = 0.03
"""Probability by EI from which a compound competes for a place, as EI's own mixture answer lists it."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One compound of a place after every method was heard: `alone` by EI, `probability` by all, `ratio` of what was added."""

    compound: str
    alone: float
    probability: float
    ratio: float
    share: float | None
    seen: bool


@dataclass(frozen=True, eq=False)
class JudgedPlace:
    """A place with its compounds, likeliest first, and those of them that are named."""

    place: Place
    rows: tuple[Judged, ...]
    named: tuple[Judged, ...]


@dataclass(frozen=True, slots=True)
class Only:
    """A compound that infrared alone names."""

    compound: str
    probability: float
    share: float


def logit(p: float) -> float:
    """ln(p/(1−p)), bounded."""
    kept = min(max(p, LEAST), 1.0 - LEAST)
    return math.log(kept / (1.0 - kept))


def chance(value: float) -> float:
    """The probability of a logit."""
    return 1.0 / (1.0 + math.exp(-min(max(value, -30.0), 30.0)))


def would_have_seen(share: float, limit: float, fit: Mixture) -> float:
    """How surely a share of EI's signal would have shown: 0 up to the limit, towards 1 far above it.

    Shares of signal of two methods differ by a factor, hence the spread. At the limit it is exactly 0.
    """
    if share <= limit or limit <= 0:
        return 0.0
    return 2.0 * NormalDist().cdf(math.log(share / limit) / fit.spread) - 1.0


def infrared_worth(compound: str, share: float | None, word: InfraredWord, fit: Mixture) -> float:
    """What one infrared reading adds to the logit of a compound; exactly 0 where it could not have been seen."""
    part = word.parts.get(compound)
    if part is not None:
        p = part.probability if part.probability is not None else 0.5
        return max(fit.faint, fit.named + fit.named_alarm * word.alarm + fit.named_slope * logit(p))
    if any(compound in others for others in word.alike.values()):
        return 0.0
    limit = word.limits.get(compound)
    if limit is None or limit.seen is None:
        return 0.0
    if limit.seen:
        return fit.seen
    if share is None:
        return 0.0
    return fit.missed * math.log(1.0 - fit.most_missed * would_have_seen(share, limit.limit, fit))


def worth_of_all(
    compound: str, share: float | None, words: Sequence[InfraredWord], blind: Callable[[str, str], bool], fit: Mixture
) -> float:
    """The worth of several infrared readings of one sample: their mean, because they share what is wrong with a reference."""
    heard = [infrared_worth(compound, share, w, fit) for w in words if not blind(w.method, compound)]
    return sum(heard) / len(heard) if heard else 0.0


def judge(
    places: Sequence[Place],
    words: Sequence[InfraredWord],
    fit: Mixture,
    blind: Callable[[str, str], bool] = lambda _method, _compound: False,
    more: Mapping[tuple[str, str], float] | None = None,
) -> list[JudgedPlace]:
    """Every place with infrared's word. `more`: ln of further likelihood ratios by (reading, compound) or ("", compound)."""
    extra, out = more or {}, []
    for place in places:
        rows = []
        for rival in place.rivals:
            c = rival.compound
            added = worth_of_all(c, rival.share, words, blind, fit)
            added += extra.get((place.reading, c), 0.0) + extra.get(("", c), 0.0)
            p = chance(logit(rival.probability) + added) if added else rival.probability
            seen = any(c in w.parts for w in words)
            rows.append(Judged(c, rival.probability, p, math.exp(added), rival.share, seen))
        rows.sort(key=lambda row: (-row.probability, row.compound))
        out.append(JudgedPlace(place, tuple(rows), tuple(_named(place, rows, fit))))
    asked = _asked(out, words, fit)
    return [replace(one, named=()) if _lonely(one, asked, words, blind, fit) else one for one in out]


def _asked(judged: Sequence[JudgedPlace], words: Sequence[InfraredWord], fit: Mixture) -> float:
    """Least probability of a name that infrared says nothing of: more where it confirms a part surely, and most where it explains all
    it sees."""
    if all(w.parts and not w.alarm for w in words):
        return fit.name
    sure = any(row.seen and row.probability >= fit.sure for one in judged for row in one.named)
    return fit.beside if sure else 0.0


def _lonely(
    one: JudgedPlace, asked: float, words: Sequence[InfraredWord], blind: Callable[[str, str], bool], fit: Mixture
) -> bool:
    """Whether the name of a place of a mixed spectrum rests on that spectrum alone, with less than is asked.

    A trace would leave nothing that infrared misses. More than one compound has to be likely for names that are not.
    """
    if one.place.peak or not one.named or one.named[0].ratio != 1.0:
        return False
    best = one.named[0]
    if all(blind(w.method, best.compound) for w in words):
        return False
    least = asked if (best.share or 0.0) >= fit.trace else 0.0
    if one.place.several < fit.several:
        least = max(least, fit.doubted)
    return best.probability < least


def _named(place: Place, rows: Sequence[Judged], fit: Mixture) -> list[Judged]:
    """The best from a threshold that is lower where EI's own answer names a compound there; a second one that infrared names.

    Where nothing was added to the best, EI's own answer stands. A peak that EI names is always a part: it came off the column by
    itself, so infrared may say which compound of the place it is, and not that nothing is there.
    """
    if not rows or (rows[0].ratio == 1.0 and not place.named):
        return []
    least = (0.0 if place.peak else fit.name) if place.named else fit.name_new
    if rows[0].ratio != 1.0 and rows[0].probability < least:
        return []
    return [rows[0], *(row for row in rows[1:] if row.seen and row.probability >= fit.second)]


def only_infrared(words: Sequence[InfraredWord], judged: Sequence[JudgedPlace], fit: Mixture) -> list[Only]:
    """Parts that infrared alone names: none that is named or competes for a place, where infrared was heard on it, and one that EI
    lists as unlikely only where infrared is surer."""
    rows = [(row, row in place.named) for place in judged for row in place.rows]
    competing = {row.compound for row, named in rows if named or row.alone >= LISTED}
    listed = {row.compound for row, _ in rows}
    best: dict[str, Only] = {}
    for word in words:
        for compound, part in word.parts.items():
            p = part.probability if part.probability is not None else 0.0
            least = fit.infrared_listed if compound in listed else fit.infrared_only
            before = best.get(compound)
            if compound not in competing and p >= least and (before is None or p > before.probability):
                best[compound] = Only(compound, p, part.share)
    return sorted(best.values(), key=lambda one: (-one.share, one.compound))


def withheld(words: Sequence[InfraredWord], judged: Sequence[JudgedPlace], fit: Mixture) -> list[str]:
    """Compounds that infrared alone would name, were they not listed as unlikely by EI."""
    given = {one.compound for one in only_infrared(words, judged, fit)}
    loose = only_infrared(words, judged, replace(fit, infrared_listed=fit.infrared_only))
    return [one.compound for one in loose if one.compound not in given]

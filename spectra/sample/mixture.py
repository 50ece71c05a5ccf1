"""Parts of a mixture: places EI (or the peaks of a run) found, with infrared's word on everybody who competes for one.

Why an added logit: EI's probability stays as it is wherever no other method could have seen the compound. Imports the standard
library and `spectra.sample` only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from statistics import NormalDist

from spectra.sample.constants import Alone, Mixture
from spectra.sample.heard import InfraredWord, Left, Place

LEAST = 1e-6
LISTED = 0.03
"""Probability by EI from which a compound competes for a place, as EI's own mixture answer lists it."""
CLEAR = 0.5
"""Probability by infrared above which a part counts among what infrared sees and EI does not list."""
SMALL = 0.001
"""Least share of signal that is told from none."""


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
    """A place with its compounds, likeliest first, and those of them that are named. `taken_by`: the compound that infrared names and that
    explains the ions for which EI names its own here, "" where there is none."""

    place: Place
    rows: tuple[Judged, ...]
    named: tuple[Judged, ...]
    taken_by: str = ""


class Withheld(StrEnum):
    """Why a compound is not named that infrared alone would have named."""

    UNLIKELY = "EI lists it as unlikely"
    TWICE = "EI may have named the same substance otherwise"


@dataclass(frozen=True, slots=True)
class Only:
    """A compound that infrared alone names."""

    compound: str
    probability: float
    share: float


def seeing(_method: str, _compound: str) -> bool:
    """Nothing is known that a method is blind to."""
    return False


def logit(p: float) -> float:
    """ln(p/(1−p)), bounded."""
    kept = min(max(p, LEAST), 1.0 - LEAST)
    return math.log(kept / (1.0 - kept))


def chance(value: float) -> float:
    """The probability of a logit."""
    return 1.0 / (1.0 + math.exp(-min(max(value, -30.0), 30.0)))


def would_have_seen(share: float, limit: float, fit: Mixture) -> float:
    """How surely a share of the signal would have shown: 0 up to the limit, towards 1 far above it.

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
    return fit.missed * math.log(1.0 - fit.most_missed * would_have_seen(share * word.visible, limit.limit, fit))


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
    blind: Callable[[str, str], bool] = seeing,
    more: Mapping[tuple[str, str], float] | None = None,
    contest: float = 0.0,
    left: Mapping[str, Left] | None = None,
) -> list[JudgedPlace]:
    """Every place with infrared's word. `more`: ln of further likelihood ratios by (reading, compound) or ("", compound). `contest`: what
    `contested` says of all places. `left`: what the names of each mass reading explain beside others."""
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
    judged = [replace(one, named=()) if _doubtful(one, words, contest, fit, blind) else one for one in out]
    sure = [(row.compound, row.probability) for one in judged for row in one.named if row.seen]
    sure += [(one.compound, one.probability) for one in only_infrared(words, judged, fit, contest)]
    own = [place.rivals[0].compound for place in places if place.named]
    given = [c for c, p in sure if p >= fit.second and c not in own]
    return [_beside(one, judged, given, words, (left or {}).get(one.place.reading), extra, fit) for one in judged]


def _beside(
    one: JudgedPlace,
    judged: Sequence[JudgedPlace],
    given: Sequence[str],
    words: Sequence[InfraredWord],
    left: Left | None,
    more: Mapping[tuple[str, str], float],
    fit: Mixture,
) -> JudgedPlace:
    """A place without its first name where that rests on EI alone, and most of what it explains is explained by what infrared surely names
    and EI does not.

    EI gives the ions of a compound that it missed to whatever else has them. EI's other parts are those of all its readings, because they
    are of one sample. A second name of the place is infrared's own and stays.
    """
    best = _of_mass_alone(one, words)
    if left is None or best is None:
        return one
    if sum(more.get((key, best.compound), 0.0) for key in (one.place.reading, "")) > 0.0:
        return one
    others = [other.place.rivals[0].compound for other in judged if other is not one and other.place.named]
    named = list(dict.fromkeys((best.compound, *others)))
    share, by = left(named, given).get(best.compound, (1.0, ""))
    return replace(one, named=one.named[1:], taken_by=by) if share < fit.left else one


def contested(
    places: Sequence[Place], words: Sequence[InfraredWord], blind: Callable[[str, str], bool] = seeing
) -> float:
    """How much EI and infrared may have named twice, 0 to 1: EI's share of first names that infrared has no reference for, times
    infrared's share of parts that EI does not list.

    A substance that only one library holds is named by the other method as what it resembles. What a method is blind to it cannot have
    named otherwise.
    """

    def strange(compound: str) -> bool:
        return not any(compound in w.residuals or compound in w.parts or blind(w.method, compound) for w in words)

    first = [min(p.rivals, key=lambda r: (-r.probability, r.compound)) for p in places if p.rivals]
    by_mass = sum(r.probability * (r.share or 0.0) for r in first if strange(r.compound))
    listed = {r.compound for p in places for r in p.rivals}
    parts = [
        (part.probability or 0.0, part.share)
        for w in words
        for c, part in w.parts.items()
        if c not in w.unseen and listed.isdisjoint({c, *w.alike.get(c, ())})
    ]
    by_infrared = sum(p * share for p, share in parts if p > CLEAR)
    return min(by_mass, 1.0) * min(by_infrared / max(len(words), 1), 1.0)


def facts(p: float, share: float, unexplained: bool, contest: float) -> tuple[float, float, float, float]:
    """What decides over a name that rests on one method alone: logit of its probability by that method, ln of its share of signal, whether
    infrared leaves something unexplained, and how likely it is one of two names for one substance."""
    return logit(p), math.log(max(share, SMALL)), float(unexplained), contest


def stands(said: tuple[float, float, float, float], fit: Alone) -> bool:
    """Whether a name that rests on one method alone is given."""
    own, share, unexplained, contest = said
    weight = fit.start + fit.own * own + fit.share * share + fit.unexplained * unexplained + fit.contested * contest
    return weight > 0.0


def _doubtful(
    one: JudgedPlace,
    words: Sequence[InfraredWord],
    contest: float,
    fit: Mixture,
    blind: Callable[[str, str], bool],
) -> bool:
    """Whether the name of a place rests on one mass spectrum alone, and on too little.

    An infrared reading that names nothing or is blind to the compound asks nothing of it. One that has a reference and does not list the
    compound asks for even odds besides.
    """
    best = _of_mass_alone(one, words)
    if best is None or best.share is None:
        return False
    asked = [w for w in words if w.parts and not blind(w.method, best.compound)]
    if not asked:
        return False
    unseen = any(best.compound in w.limits and w.limits[best.compound].seen is False for w in asked)
    if unseen and best.probability < fit.name:
        return True
    share = best.share * min(w.visible for w in asked)
    unexplained = any(w.alarm for w in asked)
    return not stands(facts(best.probability, share, unexplained, contest), fit.mass_alone)


def _of_mass_alone(one: JudgedPlace, words: Sequence[InfraredWord]) -> Judged | None:
    """The first name of a place where it rests on one mass spectrum alone.

    None for a peak, which came off the column by itself, for what another method speaks for, and for what infrared lists or does not tell
    from a part that it lists.
    """
    best = one.named[0] if one.named else None
    if best is None or best.ratio > 1.0 or one.place.peak:
        return None
    listed = any(best.compound in {*w.parts, *(c for twins in w.alike.values() for c in twins)} for w in words)
    return None if listed else best


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


def only_infrared(
    words: Sequence[InfraredWord], judged: Sequence[JudgedPlace], fit: Mixture, contest: float = 0.0
) -> list[Only]:
    """Parts that infrared alone names: none that is named or competes for a place, where infrared was heard on it, and one that EI
    lists as unlikely only where infrared is surer."""
    rows = [(row, row in place.named) for place in judged for row in place.rows]
    competing = {row.compound for row, named in rows if named or row.alone >= LISTED}
    listed = {row.compound for row, _ in rows}
    best: dict[str, Only] = {}
    for word in words:
        for compound, part in word.parts.items():
            p = part.probability if part.probability is not None else 0.0
            before = best.get(compound)
            if compound in competing or (before is not None and p <= before.probability):
                continue
            sure = compound not in listed or p >= fit.infrared_listed
            if sure and stands(facts(p, part.share, word.alarm, contest), fit.infrared_alone):
                best[compound] = Only(compound, p, part.share)
    return sorted(best.values(), key=lambda one: (-one.share, one.compound))


def withheld(
    words: Sequence[InfraredWord], judged: Sequence[JudgedPlace], fit: Mixture, contest: float = 0.0
) -> list[tuple[str, Withheld]]:
    """Compounds that infrared alone would name, were EI's answer another."""
    given = {one.compound for one in only_infrared(words, judged, fit, contest)}
    loose = replace(fit, infrared_listed=0.0)
    unlikely = {one.compound for one in only_infrared(words, judged, loose, contest)}
    uncontested = [one.compound for one in only_infrared(words, judged, loose)]
    return [(c, Withheld.UNLIKELY if c in unlikely else Withheld.TWICE) for c in uncontested if c not in given]

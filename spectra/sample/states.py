"""What each method says of one compound: seen, not seen though it would have been, or could not have been seen.

Why never mixed: a gap of a library or a limit of a reading is no evidence. Imports the standard library,
`spectra.sample` and the words of a limit only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from spectra.infrared.sentences import limit_percent
from spectra.infrared.sentences import percent as share_percent
from spectra.sample import mixture
from spectra.sample.answer import Blindness, SampleTest, State, Support, TestResult
from spectra.sample.constants import Fitted
from spectra.sample.heard import Heard, InfraredWord, MassWord, Place
from spectra.sample.more import accurate_worth, test_ratio
from spectra.sample.naming import Naming
from spectra.sample.one_compound import Weighed

SHOWN = 0.05
"""Probability from which a rival belongs to what a mass spectrum does not tell apart."""


@dataclass(frozen=True, eq=False)
class Scene:
    """Everything a state is read from. `weighed`: the sample was taken as one compound. `instead`: compound that infrared names → all that
    EI names for its ions."""

    heard: Heard
    tests: Sequence[SampleTest]
    naming: Naming
    fit: Fitted
    places: Sequence[Place] = ()
    weighed: Weighed | None = None
    listed: Mapping[str, float] = field(default_factory=dict)
    outside: float = 0.0
    instead: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def share(self, compound: str) -> float | None:
        """The largest share of signal any method gives a compound; all of it where the sample was taken as one compound."""
        if self.weighed is not None:
            return 1.0
        shares = [
            r.share for place in self.places for r in place.rivals if r.compound == compound and r.share is not None
        ]
        shares += [w.parts[compound].share for w in self.heard.infrared if compound in w.parts]
        return max(shares, default=None)


def support(scene: Scene, compound: str) -> dict[str, Support]:
    """One row per method of the sample."""
    out: dict[str, Support] = {}
    heard = scene.heard
    for words in (heard.mass, heard.accurate):
        for method in dict.fromkeys(w.method for w in words):
            out[method] = _mass(scene, compound, method, [w for w in words if w.method == method])
    for method in dict.fromkeys(w.method for w in heard.infrared):
        out[method] = _infrared(scene, compound, [w for w in heard.infrared if w.method == method])
    for method, why in heard.silent.items():
        out.setdefault(method, Support(State.NOT_TESTED, f"Its reading does not count. {why}", why=Blindness.REFUSED))
    for method in dict.fromkeys(t.method for t in scene.tests):
        out.setdefault(method, _test(scene, compound, [t for t in scene.tests if t.method == method]))
    return out


def _mass(scene: Scene, compound: str, method: str, words: Sequence[MassWord]) -> Support:
    keys, naming = tuple(w.key for w in words), scene.naming
    if naming.blind(method, compound):
        return _kind(scene, compound, keys)
    seen = naming.seen_as(method, compound)
    if not any(seen in w.references for w in words):
        text = f"Its library has no reference for {naming.name(compound)}, so it could not have named it."
        return Support(State.NOT_VISIBLE, text, why=Blindness.NO_REFERENCE, readings=keys)
    if words[0] in scene.heard.accurate and scene.heard.mass:
        return _formula(scene, seen, words, keys)
    found = _row_of(scene, seen, words)
    if found is None or found[1] < mixture.LEAST:
        return _mass_not_seen(scene, compound, seen, words, keys)
    place, p, share = found
    part = next((w.parts[seen] for w in words if seen in w.parts), None)
    low, high = (part.low, part.high) if part is not None else (None, None)
    rivals = [c for c, q in place if c != seen and q >= SHOWN]
    odds = p / max(1.0 - p, mixture.LEAST) * max(len(words[0].references) - 1, 1)
    shown = p if all(w.calibrated for w in words) else None
    if rivals and p >= SHOWN:
        others = _listed([naming.name(c) for c in rivals])
        gives = f", which gives it {percent(shown)}" if shown is not None else ""
        text = f"Seen, and not told apart from {others} by this method{gives}."
        return Support(State.NOT_TOLD_APART, text, shown, share, low, high, apart_from=tuple(rivals), readings=keys)
    if p < SHOWN:
        leader, its = place[0]
        text = f"This method gives {naming.name(leader)} instead."
        if shown is not None:
            text = f"This method gives {naming.name(compound)} {percent(p)} and {naming.name(leader)} {percent(its)}."
        other = (leader,) if leader != seen else ()
        return Support(State.NOT_SEEN, text, shown, share, apart_from=other, ratio=min(odds, 1.0), readings=keys)
    text = f"Seen, with a probability of {percent(p)} by this method alone." if shown is not None else "Seen."
    return Support(State.SEEN, text, shown, share, low, high, ratio=max(odds, 1.0), readings=keys)


def _row_of(
    scene: Scene, compound: str, words: Sequence[MassWord]
) -> tuple[list[tuple[str, float]], float, float | None] | None:
    """The place a compound competes for as (compound, probability), its own probability and share."""
    if scene.weighed is not None:
        rows = list(scene.listed.items())
        p = scene.listed.get(compound)
        return None if p is None else (rows, p, None)
    keys = {w.key for w in words}
    best = None
    for place in scene.places:
        if place.reading.split("#")[0] in keys or place.reading in keys:
            for rival in place.rivals:
                if rival.compound == compound and (best is None or rival.probability > best[1]):
                    best = ([(r.compound, r.probability) for r in place.rivals], rival.probability, rival.share)
    return best


def _mass_not_seen(scene: Scene, compound: str, seen: str, words: Sequence[MassWord], keys: tuple[str, ...]) -> Support:
    """A compound the library has and the reading does not show: below its limit, or not seen though it would have been."""
    name, limit = scene.naming.name(compound), max((w.limits[seen] for w in words if seen in w.limits), default=None)
    share = max((w.parts[compound].share for w in scene.heard.infrared if compound in w.parts), default=None)
    if not any(w.whole for w in words):
        text = f"This peak is not {name}, and a peak excludes nothing else in the sample."
        return Support(State.NOT_VISIBLE, text, why=Blindness.BELOW_LIMIT, readings=keys)
    ratio = min(max(scene.outside, mixture.LEAST), 1.0)
    if compound in scene.instead:
        instead = scene.instead[compound]
        text = f"This method gives {' and '.join(map(scene.naming.name, instead))} instead, for ions that {name} has as well."
        return Support(State.NOT_SEEN, text, apart_from=instead, ratio=ratio, readings=keys)
    if limit is not None and share is not None and share < limit:
        text = f"Not seen. Below {limit_percent(limit)} of the signal it would not show."
        return Support(State.NOT_VISIBLE, text, limit=limit, why=Blindness.BELOW_LIMIT, readings=keys)
    above = f" above {limit_percent(limit)} of the signal" if limit is not None else ""
    text = f"Not seen, though its library has {name} and it would have been seen{above}."
    return Support(State.NOT_SEEN, text, limit=limit, ratio=ratio, readings=keys)


def _formula(scene: Scene, compound: str, words: Sequence[MassWord], keys: tuple[str, ...]) -> Support:
    worth = accurate_worth(compound, words, scene.fit)
    same = sorted(
        {c for w in words for c, f in w.formulas.items() if f and f == w.formulas.get(compound) and c != compound}
    )
    if worth > 0:
        text = "Its formula fits. Isomers of one formula get one value from accurate mass."
        return Support(State.SEEN, text, apart_from=tuple(same), ratio=math.exp(worth), readings=keys)
    text = "Its formula does not fit, though it would have been seen."
    return Support(State.NOT_SEEN, text, ratio=math.exp(worth), readings=keys)


def _infrared(scene: Scene, compound: str, words: Sequence[InfraredWord]) -> Support:
    keys, method, name = tuple(w.key for w in words), words[0].method, scene.naming.name(compound)
    if scene.naming.blind(method, compound):
        return _kind(scene, compound, keys)
    if not any(compound in w.residuals for w in words):
        text = f"Infrared has no reference for {name}, so it could not have named it."
        return Support(State.NOT_VISIBLE, text, why=Blindness.NO_REFERENCE, readings=keys)
    if scene.weighed is not None:
        return _aligned(scene, compound, words, scene.weighed, keys)
    ratio = math.exp(
        mixture.worth_of_all(compound, scene_share(scene, compound), words, scene.naming.blind, scene.fit.mixture)
    )
    return _resolved(scene, compound, words, ratio, keys)


def scene_share(scene: Scene, compound: str) -> float | None:
    """The share the first place that holds a compound gives it, as it was weighed."""
    return next((r.share for p in scene.places for r in p.rivals if r.compound == compound), None)


def _aligned(
    scene: Scene, compound: str, words: Sequence[InfraredWord], weighed: Weighed, keys: tuple[str, ...]
) -> Support:
    x, ratio, name = weighed.residuals[compound], weighed.ratio.get(compound, 1.0), scene.naming.name(compound)
    part = next((w.parts[compound] for w in words if compound in w.parts), None)
    p, share = (part.probability, part.share) if part is not None else (None, None)
    twins = tuple(dict.fromkeys(c for w in words for c in w.alike.get(compound, ())))
    if ratio >= 1.0:
        text = f"Infrared sees {name}, whose reference leaves {percent(x)} of the reading unexplained beyond its noise."
        low, high = (part.low, part.high) if part is not None else (None, None)
        return Support(State.SEEN, text, p, share, low, high, apart_from=twins, ratio=ratio, readings=keys)
    text = f"Infrared does not see {name}, whose reference leaves {percent(x)} of the reading unexplained beyond its noise."
    return Support(State.NOT_SEEN, text, ratio=ratio, readings=keys)


def _resolved(
    scene: Scene, compound: str, words: Sequence[InfraredWord], ratio: float, keys: tuple[str, ...]
) -> Support:
    part = next((w.parts[compound] for w in words if compound in w.parts), None)
    if part is not None:
        twins = tuple(dict.fromkeys(c for w in words for c in w.alike.get(compound, ())))
        likely = f", with a probability of {percent(part.probability)}" if part.probability is not None else ""
        text = f"Infrared sees {scene.naming.name(compound)} as {_share(part.share)} of the signal{likely}."
        return Support(
            State.SEEN, text, part.probability, part.share, part.low, part.high, None, None, twins, ratio, keys
        )
    leader = next((c for w in words for c, others in w.alike.items() if compound in others), None)
    if leader is not None:
        text = f"Not told apart from {scene.naming.name(leader)} by infrared."
        return Support(State.NOT_TOLD_APART, text, apart_from=(leader,), readings=keys)
    found = [w.limits[compound] for w in words if compound in w.limits]
    said = [limit for limit in found if limit.seen is not None]
    if not said:
        text = "This reading cannot say, because not even half of the signal would show."
        return Support(State.NOT_VISIBLE, text, why=Blindness.BELOW_LIMIT, readings=keys)
    limit = max(said, key=lambda one: one.limit)
    if any(one.seen for one in said):
        text = f"Its bands fit at about {_share(limit.estimate)} of the signal, but not clearly enough to name it."
        return Support(
            State.SEEN, text, None, limit.estimate, limit.low, limit.high, limit.limit, None, (), ratio, keys
        )
    if ratio < 1.0:
        text = f"Not seen. {scene.naming.name(compound)} would have been seen above {limit_percent(limit.limit)} of the signal."
        return Support(State.NOT_SEEN, text, limit=limit.limit, ratio=ratio, readings=keys)
    text = f"Not seen. Below {limit_percent(limit.limit)} of the signal it would not show."
    return Support(State.NOT_VISIBLE, text, limit=limit.limit, why=Blindness.BELOW_LIMIT, readings=keys)


def _test(scene: Scene, compound: str, tests: Sequence[SampleTest]) -> Support:
    keys, naming = tuple(t.key for t in tests), scene.naming
    if naming.blind(tests[0].method, compound):
        return _kind(scene, compound, keys)
    about = [t for t in tests if naming.members(t.target, [compound])]
    if not about:
        return Support(State.NOT_TESTED, f"No test was for {naming.name(compound)} or its class.", readings=keys)
    said = [t for t in about if t.result in (TestResult.POSITIVE, TestResult.NEGATIVE)]
    if not said:
        return Support(State.NOT_TESTED, "A faint or invalid result says nothing.", readings=keys)
    ratio = max(
        (test_ratio(t, compound, scene.share(compound), naming, scene.fit) for t in said),
        key=lambda r: abs(math.log(r)),
    )
    target = naming.name(said[0].target)
    if any(t.result is TestResult.POSITIVE for t in said):
        text = f"Positive for {target}. It speaks for the class and not for one of its members."
        return Support(State.SEEN, text, ratio=ratio, readings=keys)
    cut = next((t.cut_off for t in said if t.cut_off is not None), None)
    below = f"below {cut:g} ng/mL" if cut is not None else "in small amounts"
    if ratio < 1.0:
        text = f"Negative for {target}, though at the share another method gives it would have been positive."
        return Support(State.NOT_SEEN, text, ratio=ratio, readings=keys)
    text = f"Negative for {target}, which says nothing of what is there {below}."
    return Support(State.NOT_VISIBLE, text, why=Blindness.BELOW_LIMIT, readings=keys)


def _kind(scene: Scene, compound: str, keys: tuple[str, ...]) -> Support:
    text = f"This method cannot see {scene.naming.name(compound)}, however much is there."
    return Support(State.NOT_VISIBLE, text, why=Blindness.KIND, readings=keys)


def _listed(names: Sequence[str], most: int = 4) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def percent(value: float) -> str:
    """A probability or a share in words a chemist reads, never 0 and never 100 %.

    >>> percent(0.0002), percent(0.04), percent(0.98), percent(0.996), percent(0.99991)
    ('less than 0.1 %', '4 %', '98 %', '99.6 %', 'more than 99.9 %')
    """
    if not 0.0005 <= value < 0.9995:
        return "less than 0.1 %" if value < 0.5 else "more than 99.9 %"
    return share_percent(value) if value < 0.995 else f"{100 * value:.1f} %"


def _share(value: float) -> str:
    """A share of signal, which may well be all of it."""
    return "all" if value >= 0.9995 else percent(value)

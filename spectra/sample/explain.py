"""One answer for a sample from everything measured on it: hear every reading, weigh what they say, tell what each could see.

Deterministic, without a database, and independent of the order of readings. Imports the standard library and `spectra` only.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from spectra.sample import pooled
from spectra.sample.answer import (
    CalibrationNote,
    Conflict,
    MethodAnswer,
    SampleAnswer,
    SampleLibraries,
    SamplePart,
    SampleReading,
    SampleRegister,
    SampleSettings,
    SampleTest,
)
from spectra.sample.conflict import conflict_of
from spectra.sample.constants import Fitted, shipped
from spectra.sample.expected import expected_of, what_if_of
from spectra.sample.heard import Heard, InfraredWord, MassWord, Place, Rival
from spectra.sample.hearing import hear
from spectra.sample.mixture import JudgedPlace, Withheld, contested, judge, only_infrared, withheld
from spectra.sample.more import accurate_worth, retention_worth, tests_worth, worth_of_place
from spectra.sample.naming import LABELLED, Naming
from spectra.sample.one_compound import Weighed, weigh
from spectra.sample.parts import Drawn, finished, of_infrared_alone, of_mass_alone, of_one, of_places
from spectra.sample.questions import questions_of
from spectra.sample.states import Scene, percent

SEVERAL = 0.5
"""P(more than one compound) by EI from which a sample is a mixture."""
CLEAR = 0.5
"""Even odds, from which infrared names a part clearly and EI takes its compound for none of its library."""
LISTED = 0.003
"""Probability from which a compound is one of those EI lists."""


def explain_sample(
    readings: Sequence[SampleReading],
    tests: Sequence[SampleTest],
    libraries: SampleLibraries,
    register: SampleRegister | None = None,
    settings: SampleSettings | None = None,
    fit: Fitted | None = None,
) -> SampleAnswer:
    """What a sample holds, by everything measured on it: see docs/methods/sample-answer.md.

    A method that could not have seen a compound, and one that was not used, leaves its probability as it is. With one reading
    and nothing else the answer is that method's own. `fit`: constants of your own in place of the shipped ones. Readings that
    cannot be compared are refused one by one, with the sentence why in `reasons`; nothing is raised for them.

    >>> from spectra.sample.answer import SampleLibraries, SampleReading
    >>> from spectra.starter import starter_mass_library
    >>> library = starter_mass_library()
    >>> cocaine = library.spectrum(list(library.names).index("Cocaine"))
    >>> answer = explain_sample([SampleReading("a", "gc_ms", cocaine)], [], SampleLibraries(library))
    >>> [part.name for part in answer.parts]
    ['Cocaine']
    """
    asked, naming, constants = settings or SampleSettings(), Naming(register or SampleRegister()), fit or shipped()
    heard = hear(readings, libraries, naming)
    kept = tuple(sorted(dict.fromkeys(tests), key=lambda t: (t.method, t.target, t.result, t.key)))
    evidence = Evidence(heard, kept, libraries, naming, constants)
    return _answered(evidence, asked)


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is weighed: words, tests, the laboratory's retention standards, one register and one fit."""

    heard: Heard
    tests: tuple[SampleTest, ...]
    libraries: SampleLibraries
    naming: Naming
    fit: Fitted

    @property
    def mass(self) -> tuple[MassWord, ...]:
        """The mass readings that make places: EI, or accurate masses where there is no EI."""
        return self.heard.mass or self.heard.accurate

    @property
    def accurate(self) -> tuple[MassWord, ...]:
        """Accurate masses that speak beside EI."""
        return self.heard.accurate if self.heard.mass else ()

    @property
    def by_itself(self) -> bool:
        """Whether one reading is all there is, so that the answer is its own."""
        timed = any(p.retention_index is not None for w in self.mass for p in w.places) and self.libraries.retention
        return self.heard.answers == 1 and not self.tests and not timed

    @property
    def each_shows_one(self) -> bool:
        """Whether every reading that stands for the whole sample shows one compound, and none is a peak or a run."""
        whole = all(w.whole and not w.run and w.several < SEVERAL for w in self.mass)
        return bool(self.mass) and whole and all(len(_clear(w)) <= 1 for w in self.heard.infrared)

    @property
    def one_compound(self) -> bool:
        """Whether the sample is taken as one compound: each reading shows one, and it may be the same.

        Where EI is sure of its own and infrared names another, both are there or the files are mixed up: that is a mixture and a
        question, and neither name may push the other out.
        """
        if not self.each_shows_one:
            return False
        named = {c for w in self.heard.infrared for c in _clear(w)}
        method = self.mass[0].method
        listed = {c for c, p in pooled.listed(self.mass).items() if p >= LISTED}
        same = all(c in listed or self.naming.seen_as(method, c) in listed for c in named)
        return same or pooled.outside(self.mass) >= CLEAR


def _clear(word: InfraredWord) -> list[str]:
    """Parts infrared names with more than even odds."""
    return [c for c, part in word.parts.items() if (part.probability or 0.0) >= CLEAR]


@dataclass(frozen=True, eq=False)
class _Result:
    """The parts before their words, and what stands beside them."""

    scene: Scene
    drawn: list[Drawn]
    none: float | None = None
    conflict: Conflict | None = None
    reasons: tuple[str, ...] = ()


def _answered(evidence: Evidence, asked: SampleSettings) -> SampleAnswer:
    heard = evidence.heard
    withheld = "" if evidence.by_itself else _withheld(evidence)
    result = _weighed(evidence, {})
    drawn, apart = _without_standards(result.drawn, evidence.naming)
    parts = tuple(finished(result.scene, one, bool(withheld)) for one in drawn[: asked.most])
    more = [evidence.naming.name(one.compound) for one in drawn[asked.most :]]
    reasons = [*_about(evidence), *apart, *result.reasons, *heard.reasons]
    if more:
        reasons.append(f"Also named, beyond the {asked.most} largest parts, {', '.join(more)}.")
    none = None if withheld else result.none
    return SampleAnswer(
        parts,
        _only_in(parts),
        none,
        questions_of(result.scene, parts, result.conflict, none),
        result.conflict,
        _by_method(heard),
        replace(evidence.fit.note, withheld=withheld) if not evidence.by_itself else _own_note(evidence),
        tuple(dict.fromkeys(reasons)),
        expected_of(result.scene, asked.expected),
        what_if_of(asked, parts, lambda weights: _first(_weighed(evidence, weights)), evidence.naming),
    )


def _weighed(evidence: Evidence, prior: Mapping[str, float]) -> _Result:
    """Everything weighed once; `prior`: ln weights of a declared what-if, empty for the answer itself."""
    if evidence.heard.answers == 0:
        return _Result(_scene(evidence), [])
    if evidence.by_itself and not prior:
        return _by_itself(evidence)
    if evidence.one_compound:
        return _as_one(evidence, prior)
    return _as_mixture(evidence, prior)


def _first(result: _Result) -> str:
    return result.drawn[0].compound if result.drawn else ""


def _scene(evidence: Evidence) -> Scene:
    places = pooled.places(evidence.mass)
    return Scene(evidence.heard, evidence.tests, evidence.naming, evidence.fit, places)


def _by_itself(evidence: Evidence) -> _Result:
    heard = evidence.heard
    if heard.infrared:
        return _Result(_scene(evidence), of_infrared_alone(heard.infrared[0]))
    word = evidence.mass[0]
    drawn = of_mass_alone(word)
    one = not word.run and len(drawn) <= 1
    scene = _scene(evidence)
    if one and drawn:
        scene = replace(
            scene, listed=word.listed, weighed=Weighed((), (), 0.0, {}, 1.0, {}), outside=word.outside or 0.0
        )
    return _Result(scene, drawn, word.outside if one else None)


def _as_one(evidence: Evidence, prior: Mapping[str, float]) -> _Result:
    """The sample as one compound."""
    weighed, scene = _one_weighed(evidence, prior)
    parts = of_one(scene, weighed, list(scene.listed.items()))
    return _Result(scene, parts, weighed.neither, conflict_of(scene, weighed))


def _one_weighed(evidence: Evidence, prior: Mapping[str, float]) -> tuple[Weighed, Scene]:
    heard, naming, fit = evidence.heard, evidence.naming, evidence.fit
    residuals = pooled.residuals(heard.infrared) if heard.infrared else {}
    if heard.infrared:
        method = heard.infrared[0].method
        residuals = {c: x for c, x in residuals.items() if not naming.blind(method, c)}
    listed = _spread(pooled.listed(evidence.mass), evidence.mass[0].method, residuals, naming)
    outside = pooled.outside(evidence.mass)
    index = next((p.retention_index for w in evidence.mass for p in w.places if p.retention_index is not None), None)
    more = {}
    for c in dict.fromkeys((*listed, *residuals)):
        worth = tests_worth(evidence.tests, c, 1.0, naming, fit) + accurate_worth(c, evidence.accurate, fit)
        worth += retention_worth(index, c, evidence.libraries.retention, fit) + prior.get(c, 0.0)
        if worth:
            more[c] = math.exp(worth)
    weighed = weigh(listed, outside, residuals, fit.one, more)
    return weighed, replace(_scene(evidence), weighed=weighed, listed=listed, outside=outside)


def _spread(
    listed: Mapping[str, float], method: str, known: Mapping[str, float], naming: Naming
) -> Mapping[str, float]:
    """EI's list with what it sees in place of others: a product shares its probability with what it comes from, where another
    method has a reference for that."""
    sources: dict[str, list[str]] = {}
    for compound, seen in naming.seen_otherwise(method):
        if compound in known and seen in listed and compound not in listed:
            sources.setdefault(seen, []).append(compound)
    out = dict(listed)
    for seen, compounds in sources.items():
        part = out[seen] / (1 + len(compounds))
        out.update(dict.fromkeys((seen, *compounds), part))
    return dict(sorted(out.items(), key=lambda row: (-row[1], row[0]))) if sources else listed


def _as_mixture(evidence: Evidence, prior: Mapping[str, float]) -> _Result:
    """The sample as places, with infrared's word on everybody who competes for one."""
    heard, naming, fit = evidence.heard, evidence.naming, evidence.fit
    places = pooled.places(evidence.mass) if evidence.mass else _places_of_infrared(heard.infrared)
    places = [_spread_place(p, evidence, naming) for p in places]
    words: tuple[InfraredWord, ...] = heard.infrared if evidence.mass else ()
    more: dict[tuple[str, str], float] = {("", c): w for c, w in prior.items()}
    for place in places:
        more |= worth_of_place(place, evidence.tests, evidence.accurate, evidence.libraries.retention, naming, fit)
    contest = contested(places, words, naming.blind)
    left = {w.key: w.left for w in evidence.mass}
    judged = judge(places, words, fit.mixture, naming.blind, more, contest, left)
    only = only_infrared(words, judged, fit.mixture, contest)
    instead = dict[str, tuple[str, ...]]()
    for fell in (one for one in judged if one.taken_by):
        instead[fell.taken_by] = (*instead.get(fell.taken_by, ()), fell.rows[0].compound)
    scene = replace(_scene(evidence), places=places, instead=instead)
    conflict = None
    if evidence.each_shows_one and heard.infrared:
        weighed, one = _one_weighed(evidence, {})
        conflict = conflict_of(one, weighed)
    kept_back = [(naming.name(c), why) for c, why in withheld(words, judged, fit.mixture, contest)]
    reasons = [*_not_clear(judged, naming), *(_NOT_NAMED[why].format(name, name) for name, why in kept_back)]
    return _Result(scene, of_places(scene, judged, only), None, conflict, tuple(reasons))


def _spread_place(place: Place, evidence: Evidence, naming: Naming) -> Place:
    known = {c: 1.0 for w in evidence.heard.infrared for c in w.residuals}
    method = evidence.mass[0].method if evidence.mass else ""
    listed = {r.compound: r.probability for r in place.rivals}
    spread = _spread(listed, method, known, naming)
    if spread is listed:
        return place
    share = {naming.seen_as(method, c): r.share for r in place.rivals for c in (r.compound,)}
    return replace(place, rivals=tuple(Rival(c, p, share.get(naming.seen_as(method, c))) for c, p in spread.items()))


def _places_of_infrared(words: Sequence[InfraredWord]) -> list[Place]:
    """Infrared's parts as places of their own, where no mass spectrum makes any."""
    best: dict[str, Place] = {}
    for word in words:
        for compound, part in word.parts.items():
            p = part.probability if part.probability is not None else 0.5
            place = Place(word.key, (Rival(compound, p, part.share),), p, True)
            if compound not in best or p > best[compound].total:
                best[compound] = place
    return list(best.values())


def _not_clear(judged: Iterable[JudgedPlace], naming: Naming) -> Iterable[str]:
    for place in judged:
        if place.taken_by:
            name, by = naming.name(place.rows[0].compound), naming.name(place.taken_by)
            yield f"Most of EI's evidence for {name} is explained by {by}, which infrared gives, so {name} is not named."
        elif not place.named and (place.place.named or place.place.total >= SEVERAL):
            names = ", ".join(naming.name(row.compound) for row in place.rows[:4])
            yield f"Not named, because it is not clear enough. One of these may be there, {names}."


_NOT_NAMED = {
    Withheld.UNLIKELY: "Infrared gives {}, which EI lists as unlikely, so it is not named.",
    Withheld.TWICE: "Infrared gives {}, and the mass spectrum gives a name for which infrared has no reference. Both may be one substance "
    "that only one library holds, so {} is not named.",
}


def _withheld(evidence: Evidence) -> str:
    """Why no probability is printed, "" where the fit speaks for these libraries."""
    if not evidence.heard.mass:
        return ""
    if not all(w.calibrated for w in evidence.heard.mass):
        return "EI's own probabilities are not calibrated for this library, so the joint answer gives an order and no probabilities."
    if not evidence.heard.infrared:
        return ""
    known = set().union(*(w.references for w in evidence.heard.mass))
    shared = known & set().union(*(set(w.residuals) for w in evidence.heard.infrared))
    share = len(shared) / max(len(known), 1)
    low, high = evidence.fit.coverage
    if low <= share <= high:
        return ""
    return (
        f"Infrared has references for {percent(share)} of what the EI library holds, and the fit was checked from {100 * low:.0f} to {100 * high:.0f} %, "
        "so the joint answer gives an order and no probabilities."
    )


def _own_note(evidence: Evidence) -> CalibrationNote:
    """One reading: the method's own calibration speaks."""
    said = next((i.calibration for w in evidence.mass for i in w.identifications.values() if i.calibration), "")
    return CalibrationNote("", "", said or "the method's own", (), "")


def _without_standards(drawn: list[Drawn], naming: Naming) -> tuple[list[Drawn], list[str]]:
    """Parts without deuterated standards, and the sentences on those."""
    kept = [one for one in drawn if not one.compound.startswith(LABELLED)]
    names = [naming.name(one.compound) for one in drawn if one.compound.startswith(LABELLED)]
    said = [
        f"{name} is a deuterated standard, which is added in the laboratory and no part of the sample."
        for name in names
    ]
    kept = [replace(one, set=tuple(r for r in one.set if not r[0].startswith(LABELLED))) for one in kept]
    return kept, said


def _about(evidence: Evidence) -> list[str]:
    """What was compared, in sentences."""
    heard = evidence.heard
    if not heard.answers and not evidence.tests:
        return ["No reading of this sample supports an answer."]
    if not heard.answers:
        return ["Only tests were made. They speak for classes, and no compound can be named."]
    if evidence.by_itself:
        return ["One reading counts, and the answer is that method's own."]
    if evidence.one_compound:
        return ["Every reading shows one compound, so the sample was taken as one."]
    return ["The sample was taken as a mixture."]


def _only_in(parts: Sequence[SamplePart]) -> dict[str, tuple[str, ...]]:
    out: dict[str, list[str]] = {}
    for part in parts:
        if part.only:
            out.setdefault(part.only, []).append(part.compound)
    return {method: tuple(compounds) for method, compounds in sorted(out.items())}


def _by_method(heard: Heard) -> dict[str, MethodAnswer]:
    """Every method's own answers, untouched."""
    out: dict[str, MethodAnswer] = {}
    for word in (*heard.mass, *heard.accurate):
        before = out.get(word.method, MethodAnswer())
        said = {**before.identifications, **word.identifications}
        out[word.method] = MethodAnswer(said, {**before.explanations, **word.explanations})
    for heard_infrared in heard.infrared:
        before = out.get(heard_infrared.method, MethodAnswer())
        said = {**before.identifications, heard_infrared.key: heard_infrared.identification}
        explained = {**before.explanations, heard_infrared.key: heard_infrared.explanation}
        out[heard_infrared.method] = MethodAnswer(said, explained)
    return out

"""Parts of the answer from what was weighed: the best name, the set it stands in, every method's word, and what a second method changed.

Imports the standard library and `spectra.sample` only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from spectra.sample.answer import SamplePart, State, Support
from spectra.sample.heard import InfraredWord, MassWord, Place
from spectra.sample.mixture import Judged, JudgedPlace, Only
from spectra.sample.naming import LABELLED
from spectra.sample.one_compound import Weighed, set_of, single_of
from spectra.sample.states import Scene, percent, support
from spectra.types import Component

TOLD = 0.01
"""Probability by EI from which a rival is spoken of."""
Rows = tuple[tuple[str, float | None], ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A part before its words: the compound, its probability and set, and how large it is for the order of parts."""

    compound: str
    probability: float | None
    set: Rows
    single: bool
    size: float
    alone: str = ""
    """The compound that EI alone would put here."""


def of_one(scene: Scene, weighed: Weighed, alone: Sequence[tuple[str, float]]) -> list[Drawn]:
    """The one part of a sample taken as one compound. `alone`: EI's own list."""
    fit = scene.fit.one
    ranked = tuple(row for row in weighed.ranked if not row[0].startswith(LABELLED))
    if not ranked:
        return []
    chosen = set_of(ranked, fit.set_mass, fit.single)
    single = len(chosen) == 1 and single_of(weighed, scene.outside, fit, _own_single(scene), scene.listed)
    first = next((c for c, _ in alone), "")
    return [Drawn(ranked[0][0], ranked[0][1], chosen, single, 1.0, first)]


def _own_single(scene: Scene) -> str:
    """The compound every EI reading gives as its only name, "" where one gives a set or another."""
    names = {
        next(iter(w.listed), "") if len(w.identifications[w.key].set) == 1 else "" for w in scene.heard.mass if w.whole
    }
    return names.pop() if len(names) == 1 else ""


def of_places(scene: Scene, judged: Sequence[JudgedPlace], only: Sequence[Only]) -> list[Drawn]:
    """Parts of a mixture, largest first: every named compound of a place, and what infrared alone names."""
    out: list[Drawn] = []
    for place in judged:
        for row in place.named:
            if all(row.compound != part.compound for part in out):
                out.append(_named(scene, place, row))
    for one in only:
        twins = [c for w in scene.heard.infrared for c in w.alike.get(one.compound, ())]
        rows: Rows = ((one.compound, one.probability), *((c, None) for c in dict.fromkeys(twins)))
        out.append(Drawn(one.compound, one.probability, rows, not twins, one.share))
    out.sort(key=lambda part: (-part.size, part.compound))
    return out


def _named(scene: Scene, place: JudgedPlace, row: Judged) -> Drawn:
    """One named compound with those of its place that are neither named themselves nor unlikely."""
    fit = scene.fit.one
    others = [r for r in place.rows if r.compound == row.compound or (row is place.rows[0] and r not in place.named)]
    total = sum(r.probability for r in others)
    mass = fit.set_mass * total
    chosen = set_of(tuple((r.compound, r.probability) for r in others), mass, fit.single)
    single = len(chosen) == 1 and row.probability >= fit.single
    seen = [w.parts[row.compound].share for w in scene.heard.infrared if row.compound in w.parts]
    size = max([*seen, row.share if row.share is not None else 0.0])
    first = max(place.place.rivals, key=lambda r: (r.probability, r.compound)).compound if place.place.named else ""
    return Drawn(row.compound, row.probability, chosen, single, size, first)


def of_mass_alone(word: MassWord) -> list[Drawn]:
    """Parts of a single mass reading as its own method gives them."""
    explanation = word.explanations.get(word.key)
    if explanation is not None and len(explanation.components) > 1:
        return [_component(compound, part, word) for compound, part in word.parts.items()]
    if word.run:
        return [drawn for place in word.places if (drawn := _peak(word, place)) is not None]
    said = word.identifications[word.key]
    if not said.set or not word.listed:
        return []
    rows = list(word.listed.items())[: max(len(said.set), 1)]
    return [Drawn(rows[0][0], rows[0][1], tuple(rows), len(rows) == 1, 1.0, rows[0][0])]


def _component(compound: str, part: Component, word: MassWord) -> Drawn:
    place = next((p for p in word.places if p.rivals[0].compound == compound), None)
    rows: Rows = ((compound, part.probability),)
    if place is not None:
        rows = (*rows, *((r.compound, r.probability) for r in place.rivals[1:]))
    return Drawn(compound, part.probability, rows, len(rows) == 1, part.share, compound)


def _peak(word: MassWord, place: Place) -> Drawn | None:
    said = word.identifications[place.reading]
    if not place.named or not said.set:
        return None
    inside = place.total if place.total > 0 else 1.0
    own = {r.compound: r.probability / inside for r in place.rivals}
    first = said.compounds[0][1]
    rows: Rows = tuple((c, first if k == 0 else p) for k, (c, p) in enumerate(list(own.items())[: len(said.set)]))
    return Drawn(rows[0][0], first, rows, len(said.set) == 1, place.area or 0.0, rows[0][0])


def of_infrared_alone(word: InfraredWord) -> list[Drawn]:
    """Parts of a single infrared reading as its own method gives them."""
    out = []
    for compound, part in word.parts.items():
        twins = word.alike.get(compound, ())
        rows: Rows = ((compound, part.probability), *((c, None) for c in twins))
        out.append(Drawn(compound, part.probability, rows, not twins, part.share))
    return sorted(out, key=lambda part: (-part.size, part.compound))


def finished(scene: Scene, drawn: Drawn, withheld: bool) -> SamplePart:
    """A part with its words; without figures where the answer withholds probabilities."""
    naming, said = scene.naming, support(scene, drawn.compound)
    rows: Rows = tuple((c, None if withheld else p) for c, p in drawn.set)
    spoken = {c for row in said.values() for c in row.apart_from} | {c for c, _ in rows} | {drawn.compound}
    seen = [m for m, row in said.items() if row.state in (State.SEEN, State.NOT_TOLD_APART)]
    looked = [m for m, row in said.items() if row.state is not State.NOT_TESTED]
    return SamplePart(
        drawn.compound,
        naming.name(drawn.compound),
        None if withheld else drawn.probability,
        rows,
        drawn.single and not withheld,
        said,
        naming.names(sorted(spoken)),
        _changed(scene, drawn, said),
        seen[0] if len(seen) == 1 and len(looked) > 1 else "",
    )


def _changed(scene: Scene, drawn: Drawn, said: Mapping[str, Support]) -> str:
    """What infrared changed of EI's answer, and which rival it has no reference for; "" where it changed nothing."""
    naming, heard = scene.naming, scene.heard
    if not heard.mass or not heard.infrared or (drawn.compound == drawn.alone and not _narrowed(scene, drawn)):
        return ""
    method = heard.infrared[0].method
    own = _own(scene, drawn)
    if not any(c == drawn.compound for c, _ in own):
        return f"EI does not give {naming.name(drawn.compound)}. {said[method].sentence}"
    told = [(c, p) for k, (c, p) in enumerate(own[:4]) if not k or p >= TOLD]
    printed = all(w.calibrated for w in heard.mass)
    figures = " and ".join(f"{naming.name(c)} {percent(p)}" if printed else naming.name(c) for c, p in told[:2])
    gives = "gives" if drawn.alone else "gives no name here and lists"
    words = [f"EI alone {gives} {figures}.", said[method].sentence]
    first = support(scene, told[0][0])[method]
    if told[0][0] != drawn.compound and first.state is State.NOT_SEEN:
        words.append(first.sentence)
    lacking = [c for c, _ in told if c != drawn.compound and not any(c in w.residuals for w in heard.infrared)]
    if lacking:
        words.append(f"Infrared has no reference for {', '.join(map(naming.name, lacking))}.")
    return " ".join(words)


def _narrowed(scene: Scene, drawn: Drawn) -> bool:
    """Whether one name is given where EI alone would have given a set."""
    own = _own(scene, drawn)
    return drawn.single and bool(own) and own[0][1] < scene.fit.one.single and len(own) > 1 and own[1][1] >= TOLD


def _own(scene: Scene, drawn: Drawn) -> list[tuple[str, float]]:
    """EI's own list for the place of a part, likeliest first."""
    if scene.weighed is not None:
        return sorted(scene.listed.items(), key=lambda row: (-row[1], row[0]))
    place = next((p for p in scene.places if any(r.compound == drawn.compound for r in p.rivals)), None)
    rows = [(r.compound, r.probability) for r in place.rivals] if place is not None else []
    return sorted(rows, key=lambda row: (-row[1], row[0]))

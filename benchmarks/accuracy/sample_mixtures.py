"""J5, J6: mixtures by EI and infrared. Each alone, side by side, infrared deciding within a place, joint, and ablations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np

from benchmarks.accuracy import Row, sample_sets
from benchmarks.accuracy.ei_sets import library_of
from benchmarks.accuracy.sample_mixture_sets import DEALS, Mixed, mixed
from spectra import MassLibrary, SampleRegister
from spectra.sample.constants import Alone, Mixture, shipped
from spectra.sample.heard import InfraredWord, Left, Place, Rival
from spectra.sample.hearing import beside
from spectra.sample.mixture import contested, judge, only_infrared
from spectra.sample.naming import Naming
from spectra.types import Identification

Namer = Callable[[Mixed, str], set[str]]
ASKED = "design, MassBank declared"
"""The deal the bars are asked of: drawn as the design draws, EI's general library declared to be one."""
SIDE_BY_SIDE = ("joint", "EI alone", "side by side, infrared decides within a place")


def heard_of(sample: Mixed, level: str) -> tuple[list[Place], InfraredWord]:
    """What both methods say, in the product's words."""
    said = zip(sample.ei.places, sample.ei.totals, sample.ei.named, strict=True)
    places = [Place("ei", tuple(Rival(*row) for row in rows), total, named) for rows, total, named in said]
    e = sample.infrared[level]
    nothing = cast("Identification", None)
    parts = {p.compound: p for p in e.components}
    alike = {p.compound: p.not_distinguished for p in e.components}
    limits = {limit.compound: limit for limit in e.limits}
    return places, InfraredWord("ir", "ftir", nothing, e, dict.fromkeys(limits, 1.0), parts, limits, alike)


def left_of(sample: Mixed, library: MassLibrary) -> dict[str, Left]:
    """What the names of EI's reading explain beside others."""
    return {"ei": beside(library, sample.spectrum, "gc_ms", Naming(SampleRegister()))}


def joint(fit: Mixture, library: MassLibrary) -> Namer:
    """The product's rule, with the `library` EI was compared with."""

    def named(sample: Mixed, level: str) -> set[str]:
        places, word = heard_of(sample, level)
        contest = contested(places, [word])
        judged = judge(places, [word], fit, contest=contest, left=left_of(sample, library))
        names = [row.compound for place in judged for row in place.named]
        return {*names, *(one.compound for one in only_infrared([word], judged, fit, contest))}

    return named


def ei_names(sample: Mixed, level: str) -> set[str]:
    """EI alone."""
    return {c.compound for c in sample.ei.answer.components}


def infrared_names(sample: Mixed, level: str) -> set[str]:
    """Infrared alone."""
    return {c.compound for c in sample.infrared[level].components}


def union(sample: Mixed, level: str) -> set[str]:
    """Side by side, infrared deciding among the look-alikes of a place."""
    infrared, out = infrared_names(sample, level), set[str]()
    for rows, named in zip(sample.ei.places, sample.ei.named, strict=True):
        if named:
            seen = [c for c, _, _ in rows if c in infrared]
            out |= set(seen) or {rows[0][0]}
    return out | infrared


def rules(fit: Mixture, library: MassLibrary) -> dict[str, Namer]:
    """The joint rule, the methods alone, side by side, and the joint rule with a part taken out."""
    without = {
        "what would have been seen": replace(fit, missed=0.0),
        "asking whether two names are one substance": _uncontested(fit),
        "asking what a name explains beside infrared's": replace(fit, left=0.0),
    }
    return {
        "joint": joint(fit, library),
        "EI alone": ei_names,
        "infrared alone": infrared_names,
        "side by side, infrared decides within a place": union,
        "joint with EI's own names wherever infrared says nothing": joint(replace(fit, mass_alone=ALWAYS), library),
        "joint with infrared's own names wherever EI says nothing": joint(replace(fit, infrared_alone=ALWAYS), library),
        **{f"joint without {what}": joint(other, library) for what, other in without.items()},
    }


ALWAYS = Alone(1.0, 0.0, 0.0, 0.0, 0.0)


def _uncontested(fit: Mixture) -> Mixture:
    mass, infrared = (replace(one, contested=0.0) for one in (fit.mass_alone, fit.infrared_alone))
    return replace(fit, mass_alone=mass, infrared_alone=infrared)


def figures(some: Sequence[tuple[Mixed, set[str], frozenset[str]]]) -> dict[str, float]:
    """F1 over names, exact sets, wrong names each, and the share of parts of a tenth and less that are named."""
    right = sum(len(said & truth) for _, said, truth in some)
    total = sum(len(said) + len(truth) for _, said, truth in some)
    small = [c in said for s, said, _ in some for c, part in s.parts.items() if part < 0.101]
    return {
        "F1": 2 * right / max(total, 1),
        "exact": float(np.mean([said == truth for _, said, truth in some])) if some else 0.0,
        "wrong": float(np.mean([len(said - truth) for _, said, truth in some])) if some else 0.0,
        "small": float(np.mean(small)) if small else 0.0,
    }


def rows(data: Path, seeds: Sequence[str], asked: bool = False) -> list[Row]:
    """The figures of every deal, drawn with each seed and taken together; every rule on the deal that the bars are `asked` of, or that alone."""
    out = list[Row]()
    others = [] if asked else [deal for deal in DEALS if deal not in (ASKED, "development")]
    for deal in (ASKED, *others):
        known = rules(shipped().mixture, library_of(data, DEALS[deal].library))
        samples = [one for seed in seeds for one in drawn(data, seed, deal)]
        for name in known if deal == ASKED else SIDE_BY_SIDE:
            out += _rows(f"{deal}: {name}", samples, known[name], bars=(deal, name) == (ASKED, "joint"))
    return out


def drawn(data: Path, seed: str, deal: str) -> list[Mixed]:
    """The samples of one deal, drawn with one seed."""
    sample_sets.reseeded(seed)
    return mixed(data, deal)


def _rows(name: str, samples: Sequence[Mixed], rule: Namer, bars: bool) -> list[Row]:
    said = [(s, rule(s, level), s.truth) for s in samples for level in s.infrared]
    several = [row for row in said if len(row[2]) > 1]
    lone = figures([row for row in said if len(row[2]) == 1])["wrong"]
    asked = {"F1": 0.83, "exact": 0.47, "wrong": 0.32} if bars else {}
    out = [
        _row("J5", f"{name}, mixtures: {WORDS[key]}", value, len(several), asked.get(key), key == "wrong")
        for key, value in figures(several).items()
    ]
    text = f"{name}, readings of one compound: wrong names each"
    out.append(_row("J5", text, lone, len(said) - len(several), 0.10 if bars else None, True))
    follows = [row for row in several if row[0].follows]
    out.append(_row("J5", f"{name}, infrared's shares follow EI's: F1", figures(follows)["F1"], len(follows)))
    unknown, least = _without_reference(samples, rule), _without_reference(samples, ei_names)
    text, found = f"{name}, no reference for any part EI can see: F1 of these", figures(unknown)["F1"]
    return [*out, _row("J6", text, found, len(unknown), figures(least)["F1"] - 0.01 if bars else None)]


def _without_reference(samples: Sequence[Mixed], rule: Namer) -> list[tuple[Mixed, set[str], frozenset[str]]]:
    """Mixtures none of whose parts that EI can see has an infrared reference, less the cuts."""
    some = [s for s in samples if len(s.parts) > 1 and not s.known & set(s.parts)]
    return [(s, rule(s, level) - set(s.cuts), frozenset(s.parts)) for s in some for level in s.infrared]


WORDS = {"F1": "F1", "exact": "exact set", "wrong": "wrong names each", "small": "parts of a tenth and less named"}


def _row(bar: str, what: str, value: float, n: int, asked: float | None = None, at_most: bool = False) -> Row:
    return Row(bar, what, value, n, asked, at_most, cross_validated=True, share=False)

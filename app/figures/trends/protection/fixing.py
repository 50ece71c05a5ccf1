"""Which labels a year's tables have. Decided once, before the year is struck, and never by a single sample: by perturbed
numbers of the years before, or, in a service's first year, by a standing list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from app.figures.trends.columnar import Mask
from app.figures.trends.domain import Dimension
from app.figures.trends.protection.counting import WAITS, Collection
from app.figures.trends.protection.lattice import (
    LEAST_MEAN,
    MOST_AMOUNTS,
    MOST_CLASSES,
    MOST_EXPECTED,
    MOST_PROFILES,
    MOST_REGIONS,
    MOST_SUBSTANCES,
    NOT_KNOWN,
    OTHERS,
    Lists,
)

LEAST = 10
"""A label has a row from so many samples on, by a perturbed number."""
LEAST_MEASURED = 20
STANDING_EXPECTED = (
    "mdma", "cocaine", "ketamine", "unknown", "heroin", "amphetamine", "lsd", "alprazolam", "diazepam", "mephedrone",
    "methamphetamine", "2c-b", "fentanyl", "oxycodone", "ghb", "thc", "psilocybin", "dmt", "mixture", "crack-cocaine",
)  # fmt: skip
"""What is expected in a service's first year, the commonest first: any service would list these."""
STANDING_CLASSES = (
    "benzodiazepine", "benzodiazepine.novel", "cannabinoid.synthetic", "cut.analgesic", "cut.local_anaesthetic",
    "dissociative", "entactogen", "ghb", "opioid", "opioid.fentanyl", "opioid.nitazene", "opioid.opiate",
    "psychedelic.2c", "psychedelic.lysergamide", "psychedelic.nbome", "psychedelic.tryptamine", "sedative.alpha2",
    "stimulant.amphetamine", "stimulant.cathinone", "stimulant.cocaine", "stimulant.other", "z-drug",
)  # fmt: skip
WATCHED = ("opioid.nitazene", "opioid.fentanyl", "benzodiazepine.novel", "sedative.alpha2")
"""Classes that have their row every year: that few or none were found is what people look for."""
STANDING_SUBSTANCES = (
    "mdma", "cocaine", "ketamine", "heroin", "amphetamine", "caffeine", "fentanyl", "lsd", "methamphetamine",
    "mephedrone", "bromazolam", "diazepam", "alprazolam", "paracetamol", "levamisole", "lidocaine", "phenacetin",
    "xylazine", "medetomidine", "2c-b",
)  # fmt: skip


def fixed(there: Collection, year: str, volume: float) -> Lists:
    """The lists of a year. `volume`: samples of a month, from perturbed numbers."""
    months = list(there.facts.coders["month"])
    before = there.facts.having("month", [m for m in months if m and m < f"{year}-01"]) & there.among
    until = there.facts.having("month", [m for m in months if m and m <= f"{year}-12"]) & there.among
    first = not before.any()
    known, room = until if first else before, max(3, int(volume // LEAST_MEAN) - 1)  # and all others
    expected = _of_standing(there, before, first, Dimension.EXPECTED, STANDING_EXPECTED, min(MOST_EXPECTED, room))
    substances = _of_standing(there, before, first, Dimension.FOUND, STANDING_SUBSTANCES, MOST_SUBSTANCES)
    classes = tuple(sorted(_classes(there, before, first)))
    regions = _ranked(there, until, Dimension.REGION, min(MOST_REGIONS, room))
    return Lists(
        (*regions, OTHERS), (*expected, OTHERS), classes, tuple(substances), _profiles(there, known, classes),
        _amounts(there, known),
    )  # fmt: skip


def _counted(there: Collection, among: Mask, dimension: Dimension) -> Counter[str]:
    """Perturbed numbers of samples by label."""
    code, names = there.facts.samples.get(dimension.value), list(there.facts.coders[dimension.value])
    counted: Counter[str] = Counter()
    for at, name in enumerate(names):
        label = str(name) or NOT_KNOWN
        which = there.found(label) if code is None else code == at
        if label not in (OTHERS, NOT_KNOWN) or code is not None:
            counted[label] += there.noisy(which & among, f"list {dimension} {label}")
    return counted


def _ranked(there: Collection, among: Mask, dimension: Dimension, most: int) -> list[str]:
    counted = _counted(there, among, dimension)
    large = sorted((name for name, n in counted.items() if n >= LEAST), key=lambda name: (-counted[name], name))
    return sorted(large[:most])


def _of_standing(
    there: Collection, before: Mask, first: bool, dimension: Dimension, standing: Sequence[str], most: int
) -> list[str]:
    """What was common before, then what any service would list, as far as there is room."""
    common = [] if first else _ranked(there, before, dimension, most)
    return sorted(list(dict.fromkeys([*common, *standing]))[:most])


def _classes(there: Collection, before: Mask, first: bool) -> list[str]:
    """Classes, and the wider ones that hold more than one of them."""
    if first:
        return list(STANDING_CLASSES[:MOST_CLASSES])
    counted = {n: k for n, k in _counted(there, before, Dimension.FOUND_CLASS).items() if k >= LEAST and n != NOT_KNOWN}
    for name in tuple(counted):
        wider, _, rest = name.partition(".")
        members = [k for other, k in counted.items() if other.startswith(f"{wider}.")]
        if rest and len(members) > 1:
            counted.setdefault(wider, sum(members))
    common = sorted(counted, key=lambda name: (-counted[name], name))
    return list(dict.fromkeys([*WATCHED, *common, *STANDING_CLASSES]))[:MOST_CLASSES]


def _profiles(there: Collection, among: Mask, classes: Sequence[str]) -> tuple[frozenset[str], ...]:
    """What the commonest scopes do not see."""
    lacking = there.not_looked_for(classes)[among]
    kinds, which = np.unique(lacking, axis=0, return_inverse=True)
    at = np.flatnonzero(among)
    found: list[tuple[int, frozenset[str]]] = []
    for k, kind in enumerate(kinds):
        mask = np.zeros(there.facts.rows, bool)
        mask[at[which.ravel() == k]] = True
        name = frozenset(c for c, lacks in zip(classes, kind, strict=True) if lacks)
        moved = there.noisy(mask, f"list profile {sorted(name)}")
        if name and moved >= LEAST:
            found.append((-moved, name))
    ordered = sorted(found, key=lambda one: (one[0], sorted(one[1])))[:MOST_PROFILES]
    everything = frozenset(classes)  # a sample that nothing was looked for in must never count as tested
    profiles = [name for _, name in ordered]
    return tuple(profiles if everything in profiles else [*profiles[: MOST_PROFILES - 1], everything])


def _amounts(there: Collection, among: Mask) -> tuple[tuple[str, str, str], ...]:
    measured = {
        k: there.noisy(mask & among, f"list amount {k}") for k, mask in there.facts.amounts_measured(among).items()
    }
    large = sorted((k for k, n in measured.items() if n >= LEAST_MEASURED), key=lambda k: (-measured[k], k))
    return (WAITS, *sorted(large[: MOST_AMOUNTS - 1]))

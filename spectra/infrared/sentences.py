"""The plain sentences of an infrared judgement: alarm, limits, leads. Imports numpy and `spectra` only."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import numpy as np

from spectra.confidence.limits import load
from spectra.index.infrared_index import InfraredIndex
from spectra.infrared.alarm import Alarm
from spectra.infrared.answer import DetectionLimit
from spectra.infrared.mixture import Final
from spectra.infrared_grid import GRID, feature
from spectra.similarity.infrared import InfraredScore

NOT_SEEN = '"Not seen" is not "absent".'


def percent(share: float) -> str:
    """A share as text with two significant digits at most, never finer than 0.1 %.

    >>> percent(0.0412), percent(0.0063), percent(0.23), percent(0.00012)
    ('4 %', '0.6 %', '23 %', '0.1 %')
    """
    value = max(100.0 * share, 0.1)
    return f"{value:.0f} %" if value >= 1.95 else f"{value:.1f} %"


def limit_percent(share: float) -> str:
    """A limit, rounded up so that it never promises more than it holds: to tenths below 2 %, to halves below 10 %.

    >>> limit_percent(0.0012), limit_percent(0.0131), limit_percent(0.041), limit_percent(0.262)
    ('0.2 %', '1.4 %', '4.5 %', '27 %')
    """
    value = 100 * share
    parts = 10 if value < 2 else 2 if value < 10 else 1
    return f"{math.ceil(parts * value - 1e-9) / parts:g} %"


def limit_sentence(limit: DetectionLimit) -> str:
    """One limit in words.

    >>> limit_sentence(DetectionLimit("F", "Fentanyl", 0.04, 0.002, 0.0, 0.02, False))
    'Fentanyl: not seen; here it would have been seen above 4 %.'
    """
    if limit.seen is None:
        return f"{limit.name}: this reading cannot say whether it is there."
    if limit.seen:
        return (
            f"{limit.name}: seen, about {percent(limit.estimate)}; it is seen here from {limit_percent(limit.limit)}."
        )
    return f"{limit.name}: not seen; here it would have been seen above {limit_percent(limit.limit)}."


def about_alarm(warning: Alarm) -> tuple[str, ...]:
    """What is unexplained, and where."""
    where = f" Unexplained bands: {', '.join(f'{b:.0f}' for b in warning.bands)} cm⁻¹." if warning.bands else ""
    if warning.mostly:
        return (f"Most of this is unexplained: no name in this answer can be relied on.{where}",)
    if warning.on:
        return (
            f"The residual is {percent(warning.excess)} of the signal, where {percent(warning.threshold)} are usual at this "
            f"noise: something is here that the library does not hold, or a reference from another instrument does not fit.{where}",
        )
    if warning.mismatch:
        return (
            f"The residual is {percent(warning.excess)} of the signal, more than the {percent(warning.threshold)} usual at "
            "this noise, and it has the shape of the named substances' own bands: their references fit badly, and "
            f"something small may hide there. A reference measured on this instrument tells more.{where}",
        )
    return ()


def about_limits(
    limits: Sequence[DetectionLimit], final: Final, library: InfraredIndex, watch: Collection[str] | None
) -> tuple[str, ...]:
    """Every compound of a watch list one by one; of a whole library the range, and what shows without being named."""
    named = {library.compounds[e] for e in final.entries}
    rest = [limit for limit in limits if limit.compound not in named]
    if watch is not None:
        return (*(limit_sentence(limit) for limit in rest), *([NOT_SEEN] if rest else []))
    signs = [limit for limit in rest if limit.seen]
    out = []
    clear = [limit.limit for limit in rest if limit.seen is False]
    if clear:
        out.append(about_clear(clear))
    unknown = sum(limit.seen is None for limit in rest)
    if unknown:
        which = "1 compound" if unknown == 1 else f"{unknown} compounds"
        out.append(
            f"Of {which} this reading cannot say anything: too much like what is there, or a limit above one half."
        )
    most = int(load("infrared")["limits"]["signs_named"])
    strong = sorted(signs, key=lambda limit: limit.limit / max(limit.estimate, 1e-9))[:most]
    if strong:
        listed = ", ".join(f"{limit.name} (about {percent(limit.estimate)})" for limit in strong)
        more = f" and {len(signs) - len(strong)} more" if len(signs) > len(strong) else ""
        out.append(f"Signs too weak to be named as components: {listed}{more}.")
    return (*out, NOT_SEEN)


def about_clear(limits: Sequence[float]) -> str:
    """From which shares on compounds that were not seen would have been."""
    low, middle, high = np.quantile(limits, [0.05, 0.5, 0.95])
    return (
        f"{len(limits)} other compounds were looked for and not seen; most would have been seen above {percent(middle)} "
        f"({percent(low)} to {percent(high)})."
    )


def leads_of(final: Final, library: InfraredIndex) -> tuple[str, ...]:
    """The two entries most like the reading by first derivative: a lead, not a finding."""
    scene = final.scene
    whole = np.full(GRID.size, np.nan)
    whole[scene.window] = np.where(scene.used, scene.y, np.nan)
    rule = InfraredScore("first_derivative", 10.0, air=not library.raman)
    derivative = feature(whole, "first_derivative", not library.raman)
    scores = rule.over_feature(derivative, library.features("first_derivative"))[0]
    best, seen = [], set()
    for entry in np.argsort(-scores, kind="stable").tolist():
        if library.compounds[entry] not in seen and scores[entry] > 0:
            seen.add(library.compounds[entry])
            best.append(f"{library.names[entry]} (r {scores[entry]:.2f})")
        if len(best) == 2:
            break
    return (f"Most alike by first derivative, as a lead only: {' and '.join(best)}.",) if best else ()

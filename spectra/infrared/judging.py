"""What a finished infrared fit allows to be said: limits, alarm, grades, why-bands, differences, plain sentences.

Why apart from the fit: the fit answers "what", this answers "how far to believe it". Imports numpy and `spectra` only.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from spectra.confidence.limits import load
from spectra.index.infrared_index import InfraredIndex
from spectra.infrared.alarm import Alarm, alarm
from spectra.infrared.answer import DetectionLimit, DiagnosticBand, DifferenceWindow
from spectra.infrared.bands import diagnostic_bands
from spectra.infrared.differences import difference_windows
from spectra.infrared.fit import Fit
from spectra.infrared.grades import Alternatives, features, grade, probabilities
from spectra.infrared.ground import NullModel
from spectra.infrared.limits import detection_limits
from spectra.infrared.mixture import Final
from spectra.infrared.sentences import about_alarm, about_limits, leads_of


@dataclass(frozen=True, eq=False)
class Judgement:
    """What `explain` adds to a fit. Tuples of one item per member stand in the order of the fit's entries.

    `residual_ratio` is the alarm's excess, `incomplete` whether the alarm is on; `withheld` those of the `reasons` that
    tell of substances which may be there and are not named; `mostly` whether more is unexplained than explained; `left` what is left over, in words.
    """

    grades: tuple[str, ...] = ()
    probabilities: tuple[float, ...] = ()
    bands: tuple[tuple[DiagnosticBand, ...], ...] = ()
    limits: tuple[DetectionLimit, ...] = ()
    differences: tuple[DifferenceWindow, ...] = ()
    residual_ratio: float = 1.0
    residual_bands: tuple[float, ...] = ()
    incomplete: bool = True
    reasons: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    mostly: bool = True
    left: tuple[str, ...] = ()


def judge(final: Final, library: InfraredIndex, watch: Collection[str] | None = None) -> Judgement:
    """Grades, limits, alarm and sentences for a settled set. `watch`: compounds to give limits for, all when None.

    A member is "probable" when its probability, from simulated readings with and without a component missing from the
    library, reaches the threshold of `data/infrared.toml`; "identified" only with a reference the laboratory measured
    on its own instrument (library info or entry detail `own_instrument`). When most of the reading is unexplained every
    member is only "possible"; so is a lone one that leaves an excess above 0.2, as a sister of the truth does.
    """
    warning, ground = alarm(final), NullModel.of(final.scene, final.fit)
    limits = detection_limits(final, library, ground, watch)
    left = about_alarm(warning)
    said = (*left, *about_limits(limits, final, library, watch))
    if final.fit is None:
        reasons = (*said, *leads_of(final, library))
        return Judgement(limits=limits, residual_bands=warning.bands, reasons=reasons, left=left)
    alternatives = Alternatives.of(final.fit)
    p = probabilities(features(alternatives, warning.excess))
    grades, veto = _graded(final.fit, library, warning, p.tolist())
    leads = leads_of(final, library) if warning.mostly else ()
    return Judgement(
        grades,
        tuple(float(x) for x in p),
        tuple(diagnostic_bands(final.fit, k) for k in range(len(final.entries))),
        limits,
        _differences(alternatives, library),
        warning.excess,
        warning.bands,
        warning.on,
        (*said, *veto, *leads),
        veto,
        warning.mostly,
        left,
    )


def _graded(
    fit: Fit, library: InfraredIndex, warning: Alarm, p: list[float]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """A grade per member, and the sentence of the veto."""
    entries = fit.state.entries
    found = [grade(p[k], _own(library, e)) for k, e in enumerate(entries)]
    lone = len(entries) == 1 and warning.excess > float(load("infrared")["grades"]["lone_excess"])
    if warning.mostly or lone:  # a sister substance explains most of a reading, and is still another substance
        found = ["possible"] * len(entries)
    doubtful = [library.names[e] for k, e in enumerate(entries) if found[k] == "possible"]
    if not (warning.on or warning.mismatch) or not doubtful:
        return tuple(found), ()
    text = (
        f"While something is unexplained, {', '.join(doubtful)} {'is' if len(doubtful) == 1 else 'are'} only possible."
    )
    return tuple(found), (text,)


def _own(library: InfraredIndex, entry: int) -> bool:
    """Whether the reference was measured on the laboratory's own instrument."""
    meta = library.catalogue.detail(entry).get("meta", {})
    return bool(library.info.get("own_instrument") or meta.get("own_instrument"))


def _differences(alternatives: Alternatives, library: InfraredIndex) -> tuple[DifferenceWindow, ...]:
    """Windows between the set and the one with its largest member replaced by the best other compound."""
    fit = alternatives.fit
    k = int(np.argmax(fit.state.share))
    other = alternatives.replaced[k]
    if other is None:
        return ()
    mine, theirs = fit.state.entries[k], other.state.entries[-1]
    return difference_windows(fit, other, library.compounds[mine], library.compounds[theirs])

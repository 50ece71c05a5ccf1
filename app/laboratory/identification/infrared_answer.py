"""What only an infrared answer has: alignment, limits in this very reading, bands, and the curves of the fit.

The curves are kept with the comparison, not computed again: what is drawn is what was answered. Knows no database.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from app.laboratory.identification import parts
from app.laboratory.identification.answer import Answer
from app.laboratory.identification.mixtures import mixture_sentences
from app.laboratory.identification.ranking import rounded
from app.laboratory.identification.substances import SubstanceIndex
from spectra.infrared.answer import DetectionLimit, DiagnosticBand, InfraredExplanation
from spectra.infrared.sentences import limit_percent, limit_sentence
from spectra.types import FloatArray, MixtureExplanation

DENSE = (600.0, 1850.0)
"""cm⁻¹ drawn at every point of the grid; elsewhere bands are broad and every fourth point is enough."""
DIGITS = 10_000
MOST_BANDS = 8
LIMITS_SAID = 6
MOSTLY = "Most of this is unexplained."
FIRST_CLASSES = ("opioid.", "poison", "sedative.alpha2", "cannabinoid.synthetic", "benzodiazepine", "psychedelic.nbome")
"""Classes of the register of which little kills: their limits are told first."""


def infrared_of(explained: MixtureExplanation, index: SubstanceIndex) -> parts.Infrared | None:
    """What only infrared has of an answer; None for any other explanation."""
    if not isinstance(explained, InfraredExplanation):
        return None
    aligned = explained.alignment
    shift = None
    if aligned is not None:
        shift = parts.AxisShift(round(aligned.shift, 2), round(aligned.blur, 2), round(aligned.tilt, 3))
    return parts.Infrared(
        alignment=shift,
        signal_to_noise=round(explained.signal_to_noise, 1),
        mostly_unexplained=explained.mostly_unexplained,
        residual_ratio=rounded(explained.residual_ratio),
        limits=tuple(sorted((_limit(limit, index) for limit in explained.limits), key=_order)),
        bands=tuple(
            parts.BandsOfPart(part.compound, tuple(_band(band) for band in bands[:MOST_BANDS]))
            for part, bands in zip(explained.components, explained.bands, strict=False)
        ),
        differences=tuple(
            parts.Difference(round(window.low, 1), round(window.high, 1), window.supports)
            for window in explained.differences
        ),
        curves=_curves(explained),
    )


def _limit(limit: DetectionLimit, index: SubstanceIndex) -> parts.DetectionLimit:
    known = index.find(limit.compound, limit.name)
    return parts.DetectionLimit(
        limit.name or limit.compound, limit.compound, known.id, known.drug_class, round(limit.limit, 4),
        round(limit.estimate, 4), round(limit.low, 4), round(limit.high, 4), limit.seen, limit.estimator,
        limit_sentence(limit),
    )  # fmt: skip


def _order(limit: parts.DetectionLimit) -> tuple[bool, bool, str]:
    """Substances of the register before everything else of the library, and of them first those of which little kills."""
    grave = limit.substance_class.startswith(FIRST_CLASSES)
    return not limit.substance_id, not grave, limit.substance.casefold()


def _band(band: DiagnosticBand) -> parts.Band:
    found, error = rounded(band.found, 1), rounded(band.error, 1)
    return parts.Band(round(band.position, 1), found, error, round(band.weight, 3), band.missing)


def _curves(explained: InfraredExplanation) -> parts.Curves | None:
    """Curves as whole numbers of `unit`: drawn, they are the same to a ten-thousandth of their height."""
    if explained.axis is None or explained.fitted is None or explained.residual is None:
        return None
    axis = np.asarray(explained.axis, dtype=np.float64)
    known = np.isfinite(explained.residual) & np.isfinite(explained.fitted)
    dense = (axis >= DENSE[0]) & (axis <= DENSE[1])
    keep = known & (dense | (np.arange(axis.size) % 4 == 0))
    if keep.sum() < 2:
        return None
    each = [np.asarray(row, dtype=np.float64) for row in explained.contributions]
    top = max(float(np.abs(c[keep]).max()) for c in (explained.fitted, explained.residual, *each))
    unit = top / DIGITS if top > 0 else 1.0

    def whole(values: FloatArray) -> tuple[int, ...]:
        return tuple(int(v) for v in np.rint(np.nan_to_num(values[keep]) / unit))

    return parts.Curves(
        unit, tuple(float(v) for v in axis[keep]), whole(explained.fitted), whole(explained.residual),
        whole(explained.expected) if explained.expected.size else (), tuple(whole(row) for row in each),
    )  # fmt: skip


def limits_in_short(rows: Sequence[parts.DetectionLimit], most: int = LIMITS_SAID) -> list[str]:
    """The limits of a reading in a few sentences; the weightiest first, as they are stored.

    >>> limits_in_short([parts.DetectionLimit("Fentanyl", limit=0.04, seen=False)])
    ['Not seen. Detection limits in this spectrum: Fentanyl 4 %.']
    """
    clear = [f"{limit.substance} {limit_percent(limit.limit)}" for limit in rows if limit.seen is False]
    signs = [limit.substance for limit in rows if limit.seen]
    silent = [limit.substance for limit in rows if limit.seen is None]
    out = [f"Not seen. Detection limits in this spectrum: {_first(clear, most)}."] if clear else []
    out += [f"Possibly present, too weak to name: {_first(signs, most)}. Check again."] if signs else []
    return out + ([f"This spectrum cannot show whether these are present: {_first(silent, most)}."] if silent else [])


def _first(words: Sequence[str], most: int) -> str:
    rest = len(words) - most
    return ", ".join(words[:most]) + (f" and {rest} more" if rest > 0 else "")


def mostly_unexplained(explained: MixtureExplanation | None) -> bool:
    """Whether an infrared fit leaves more than it explains: then no name in it can be relied on."""
    return isinstance(explained, InfraredExplanation) and explained.mostly_unexplained


def fit_sentences(explained: MixtureExplanation | None) -> list[str]:
    """The parts with their shares and what is left over; where most is, the parts are what comes nearest, a lead only."""
    if not isinstance(explained, InfraredExplanation):
        return mixture_sentences(explained)
    named = ", ".join(f"{part.name or part.compound} {part.share:.0%}" for part in explained.components)
    out = list(explained.about_residual)
    if named and explained.mostly_unexplained:
        out.append(f"Closest matches, as a lead only: {named} of the part that is explained.")
    elif named:
        out.insert(0, mixture_sentences(explained)[0])
    return out


def printed_limits(answers: Sequence[Answer]) -> dict[str, float] | None:
    """Register id → limit in % of the signal, the worst over the readings of an analysis; None where none is printed.

    What the reading cannot say anything about has no limit below everything.
    """
    out: dict[str, float] = {}
    limits = [limit for answer in answers if answer.infrared is not None for limit in answer.infrared.limits]
    for limit in limits:
        if limit.substance_id:
            share = 100.0 if limit.seen is None else 100 * limit.limit
            out[limit.substance_id] = max(out.get(limit.substance_id, 0.0), share)
    return out if limits else None


def shown_in(answers: Iterable[Answer]) -> tuple[str, ...]:
    """Register ids a reading shows, whether they are named as parts or only stand out of its noise."""
    limits = (limit for answer in answers if answer.infrared is not None for limit in answer.infrared.limits)
    return tuple(sorted({limit.substance_id for limit in limits if limit.substance_id and limit.seen}))

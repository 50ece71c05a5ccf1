"""An infrared answer as it is stored and drawn: alignment, limits in this very reading, bands, and the curves of the fit.

The curves are kept with the comparison, not computed again: what is drawn is what was answered. Knows no database.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from app.laboratory.readings.mixtures import mixture_sentences
from app.laboratory.readings.plots_mass import figures
from app.laboratory.readings.substances import SubstanceIndex
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


def infrared_json(explained: MixtureExplanation, index: SubstanceIndex) -> dict[str, Any]:
    """What only infrared has of an answer; empty for any other explanation."""
    if not isinstance(explained, InfraredExplanation):
        return {}
    aligned = explained.alignment
    return {
        "alignment": None
        if aligned is None
        else {"shift": round(aligned.shift, 2), "blur": round(aligned.blur, 2), "tilt": round(aligned.tilt, 3)},
        "signal_to_noise": round(explained.signal_to_noise, 1),
        "mostly_unexplained": explained.mostly_unexplained,
        "residual_ratio": None if explained.residual_ratio is None else round(explained.residual_ratio, 4),
        "limits": sorted((_limit(one, index) for one in explained.limits), key=_order),
        "bands": [
            {"compound": part.compound, "bands": [_band(one) for one in bands[:MOST_BANDS]]}
            for part, bands in zip(explained.components, explained.bands, strict=False)
        ],
        "differences": [
            {"low": round(one.low, 1), "high": round(one.high, 1), "supports": one.supports}
            for one in explained.differences
        ],
        "curves": _curves(explained),
    }


def _limit(one: DetectionLimit, index: SubstanceIndex) -> dict[str, Any]:
    known = index.find(one.compound, one.name)
    return {
        "substance": one.name or one.compound, "compound": one.compound, "substance_id": known.id,
        "substance_class": known.drug_class, "limit": round(one.limit, 4), "estimate": round(one.estimate, 4),
        "low": round(one.low, 4), "high": round(one.high, 4), "seen": one.seen, "estimator": one.estimator,
        "sentence": limit_sentence(one),
    }  # fmt: skip


def _order(limit: Mapping[str, Any]) -> tuple[bool, bool, str]:
    """Substances of the register before everything else of the library, and of them first those of which little kills."""
    grave = str(limit["substance_class"]).startswith(FIRST_CLASSES)
    return not limit["substance_id"], not grave, str(limit["substance"]).casefold()


def _band(one: DiagnosticBand) -> dict[str, Any]:
    return {
        "position": round(one.position, 1), "found": None if one.found is None else round(one.found, 1),
        "error": None if one.error is None else round(one.error, 1), "weight": round(one.weight, 3),
        "missing": one.missing,
    }  # fmt: skip


def _curves(explained: InfraredExplanation) -> dict[str, Any] | None:
    """Curves as whole numbers of `unit`: drawn, they are the same to a ten-thousandth of their height."""
    if explained.axis is None or explained.fitted is None or explained.residual is None:
        return None
    axis = np.asarray(explained.axis, dtype=np.float64)
    known = np.isfinite(explained.residual) & np.isfinite(explained.fitted)
    dense = (axis >= DENSE[0]) & (axis <= DENSE[1])
    keep = known & (dense | (np.arange(axis.size) % 4 == 0))
    if keep.sum() < 2:
        return None
    parts = [np.asarray(row, dtype=np.float64) for row in explained.contributions]
    top = max(float(np.abs(c[keep]).max()) for c in (explained.fitted, explained.residual, *parts))
    unit = top / DIGITS if top > 0 else 1.0

    def whole(values: FloatArray) -> list[int]:
        return [int(v) for v in np.rint(np.nan_to_num(values[keep]) / unit)]

    return {
        "unit": unit, "x": [float(v) for v in axis[keep]], "fitted": whole(explained.fitted),
        "residual": whole(explained.residual), "expected": whole(explained.expected) if explained.expected.size else [],
        "parts": [whole(row) for row in parts],
    }  # fmt: skip


def limits_in_short(rows: Sequence[Mapping[str, Any]], most: int = LIMITS_SAID) -> list[str]:
    """The limits of a reading in a few sentences; the weightiest first, as they are stored.

    >>> row = {"substance": "Fentanyl", "limit": 0.04, "seen": False}
    >>> limits_in_short([row])
    ['Not seen; in this reading it would have been seen above: Fentanyl 4 %.']
    """
    clear = [f"{one['substance']} {limit_percent(one['limit'])}" for one in rows if one["seen"] is False]
    signs = [str(one["substance"]) for one in rows if one["seen"]]
    silent = [str(one["substance"]) for one in rows if one["seen"] is None]
    out = [f"Not seen; in this reading it would have been seen above: {_first(clear, most)}."] if clear else []
    out += [f"Perhaps there, too weak to be named: {_first(signs, most)}. Look again."] if signs else []
    return out + ([f"This reading cannot say whether there is any: {_first(silent, most)}."] if silent else [])


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
    parts = ", ".join(f"{part.name or part.compound} {part.share:.0%}" for part in explained.components)
    out = list(explained.about_residual)
    if parts and explained.mostly_unexplained:
        out.append(f"What comes nearest in the library, as a lead only: {parts} of the little that is explained.")
    elif parts:
        left = f"{explained.unexplained_fraction:.0%} stays unexplained"
        out.insert(0, f"The parts that explain it, as shares of the signal: {parts}; {left}.")
    return out


def printed_limits(answers: Sequence[Mapping[str, Any]]) -> dict[str, float] | None:
    """Register id → limit in % of the signal, the worst over the readings of an analysis; None where none is printed.

    What the reading cannot say anything about has no limit below everything.
    """
    out: dict[str, float] = {}
    printed = False
    for answer in answers:
        for one in answer.get("infrared", {}).get("limits", []):
            printed = True
            if key := one["substance_id"]:
                limit = 100.0 if one["seen"] is None else 100 * float(one["limit"])
                out[key] = max(out.get(key, 0.0), limit)
    return out if printed else None


def shown_in(answers: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Register ids a reading shows, whether they are named as parts or only stand out of its noise."""
    rows = (one for answer in answers for one in answer.get("infrared", {}).get("limits", []))
    return tuple(sorted({one["substance_id"] for one in rows if one["substance_id"] and one["seen"]}))


def draw_fit(plot: dict[str, Any], answer: Mapping[str, Any]) -> str:
    """Adds fit, parts, residual with the band it should lie in, unexplained bands and difference windows; words about it."""
    found = answer.get("infrared", {})
    curves = found.get("curves")
    if not curves:
        return ""
    unit, x = float(curves["unit"]), curves["x"]
    parts = answer.get("components", [])
    if len(parts) > 1 or not parts:
        plot["series"].append(_line("All parts together", "reference", x, curves["fitted"], unit))
    for part, values in zip(parts, curves["parts"], strict=False):
        role = "component" if len(parts) > 1 else "reference"
        plot["series"].append(_line(f"{part['substance']}, {part['share']:.0%}", role, x, values, unit))
    plot["series"].append(_line("Unexplained", "residual", x, curves["residual"], unit))
    if curves["expected"]:
        plot["expected"] = {"label": "Where the unexplained should lie", "x": x,
                            "y": figures(np.array(curves["expected"]) * unit)}  # fmt: skip
    plot["residual_marks"] = [{"x": band, "label": f"{band:.0f}"} for band in answer.get("residual_bands", [])]
    plot["regions"] = {
        "label": "Where the two best candidates differ most",
        "at": [{"low": one["low"], "high": one["high"]} for one in found.get("differences", [])],
    }
    return fit_words(answer)


def _line(label: str, role: str, x: Sequence[float], values: Sequence[int], unit: float) -> dict[str, Any]:
    return {"label": label, "role": role, "x": list(x), "y": figures(np.array(values, dtype=np.float64) * unit)}


def fit_words(answer: Mapping[str, Any]) -> str:
    """What the picture of a fit shows, in words; empty where no fit is drawn."""
    found = answer.get("infrared", {})
    return " ".join(_words(answer, found)) if found.get("curves") else ""


def _words(answer: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    parts = answer.get("components", [])
    if parts:
        yield "Over it the fit: " + ", ".join(f"{p['substance']} {p['share']:.0%}" for p in parts) + " of the signal."
    if answer.get("residual_bands"):
        bands = ", ".join(f"{band:.0f}" for band in answer["residual_bands"][:6])
        yield f"Unexplained bands: {bands} cm⁻¹."
    if found.get("alignment"):
        yield f"The whole reading is shifted by {found['alignment']['shift']:+.1f} cm⁻¹ against the library."

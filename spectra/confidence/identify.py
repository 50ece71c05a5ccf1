"""Identification from one mass spectrum: a set of compounds, a level, and reasons in plain sentences.

Why: a match factor is not an identification. This module never says "identified": an external library cannot.
Imports numpy and `spectra` only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spectra.confidence.grouping import default_margin, group_by_compound
from spectra.confidence.limits import decision
from spectra.types import Candidate, Identification, IdentificationLevel, MassSpectrum

if TYPE_CHECKING:
    from spectra.index.mass import MassLibrary


def identify(library: MassLibrary, query: MassSpectrum) -> Identification:
    """Set of compounds for one spectrum.

    Scores (composite for unit mass, entropy for accurate mass) become probabilities by a softmax over
    compounds with a fixed temperature — a default curve, `calibrated` is False. The set is the smallest that
    carries 95 % of it, plus every compound that this method cannot tell from the best: references with
    weighted cos² ≥ 0.95, or a score within the stated margin. `p_not_in_library` is None: not estimated.
    Raises SpectrumError on an empty query.
    """
    score = "entropy" if library.accurate else "composite"
    found = library.search(query, int(decision("mass", "shortlist")), score)
    rows = group_by_compound(found)
    if not rows:
        reason = "No library entry shares a peak with this spectrum."
        return Identification(IdentificationLevel.NOTHING_ABOVE_LIMIT, (), (), None, (reason,))
    best = rows[0]
    alike = library.look_alikes(best.entry)
    shares = _softmax(np.array([r.score for r in rows]), _scaled("softmax", score))
    level = _level(best, score)
    members = _members(rows, shares, alike, default_margin(score)) if level is not _NOTHING else ()
    compounds = tuple((r.compound, float(p)) for r, p in zip(rows, shares, strict=True) if p >= 1e-4)
    reasons = _reasons(library, rows, members, alike, level, score)
    return Identification(level, compounds if level is not _NOTHING else (), members, None, reasons)


_NOTHING = IdentificationLevel.NOTHING_ABOVE_LIMIT


def _scaled(name: str, score: str) -> float:
    return decision("mass", f"{name}_{'composite' if score == 'composite' else 'fraction'}")


def _softmax(scores: np.ndarray[tuple[int], np.dtype[np.float64]], temperature: float) -> list[float]:
    weights = np.exp((scores - scores.max()) / temperature)
    return [float(p) for p in weights / weights.sum()]


def _level(best: Candidate, score: str) -> IdentificationLevel:
    enough = (best.matched_peaks or 0) >= decision("mass", "least_matched")
    if best.score >= _scaled("consistent", score) and enough:
        return IdentificationLevel.CONSISTENT_WITH
    return IdentificationLevel.RELATED if best.score >= _scaled("related", score) else _NOTHING


def _members(rows: list[Candidate], shares: list[float], alike: tuple[str, ...], margin: float) -> tuple[str, ...]:
    """Compounds of the set in rank order; look-alikes without a row come last."""
    carried, members = 0.0, []
    for row, share in zip(rows, shares, strict=True):
        close = rows[0].score - row.score < margin
        if carried < decision("mass", "set_mass") or close or row.compound in alike:
            members.append(row.compound)
        carried += share
    return (*members, *(c for c in alike if c not in members))


def _reasons(
    library: MassLibrary,
    rows: list[Candidate],
    members: tuple[str, ...],
    alike: tuple[str, ...],
    level: IdentificationLevel,
    score: str,
) -> tuple[str, ...]:
    best = rows[0]
    names = {r.compound: r.name for r in rows}
    shown = f"{best.score:.0f} of 1000" if score == "composite" else f"{best.score:.2f} of 1"
    out = [f"Best match: {best.name}, {score} score {shown}, {best.matched_peaks} peaks matched."]
    if level is _NOTHING:
        out.append("No score is high enough to name a compound. This is not evidence that nothing is there.")
    elif level is IdentificationLevel.RELATED:
        out.append("The match is too poor for more than a likeness: unknown, perhaps related to these compounds.")
    others = [names.get(c, c) for c in members if c != best.compound]
    if others:
        listed = ", ".join(others[:6]) + (f" and {len(others) - 6} more" if len(others) > 6 else "")
        out.append(f"This method does not tell {best.name} from: {listed}.")
    if alike:
        out.append("Some reference spectra are too alike to tell these compounds apart by this method at all.")
    out.append('The library was measured elsewhere, so the answer is never more than "consistent with".')
    out.append("The probabilities come from a default curve, not from this laboratory's data.")
    if library.info.get("notice"):
        out.append(f"Library notice: {library.info['notice']}.")
    return tuple(out)

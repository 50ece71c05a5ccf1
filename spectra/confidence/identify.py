"""Identification from one mass spectrum: a set of compounds, a level, and reasons in plain sentences.

Why: a match factor is not an identification. This module never says "identified": a library measured elsewhere cannot.
Imports numpy and `spectra` only.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import numpy as np

from spectra.confidence import ranking_ei, ranking_msms
from spectra.confidence.calibration import Calibration, shipped
from spectra.confidence.limits import decision
from spectra.confidence.ranking import Ranked
from spectra.confidence.reasons import reasons_for
from spectra.index.mass_index import MassIndex
from spectra.types import Candidate, Identification, IdentificationLevel, MassSpectrum, SpectrumError

_NOTHING = IdentificationLevel.NOTHING_ABOVE_LIMIT
_SHOWN = 10
_KNOWN: WeakKeyDictionary[MassIndex, bool] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Rule:
    """The calibration in use and whether it was made for this kind of library."""

    calibration: Calibration
    fits: bool


def identify(
    library: MassIndex, query: MassSpectrum, calibration: Calibration | None = None, ranked: Ranked | None = None
) -> Identification:
    """Set of compounds for one spectrum.

    Compounds are ranked by a combined score (`ranking_ei`, `ranking_msms`); the calibration turns scores into
    probabilities, p = softmax(score/T), and the set is the smallest that carries its `set_mass`. `not_distinguished` are
    compounds whose references are too alike to the best one's (weighted cos² ≥ 0.95), in or outside the set. Given no
    `calibration` (a laboratory's own), the shipped one is used; `calibrated` is True only where it was made for this
    kind of library. `p_not_in_library` is None where it was not. `ranked`: what `rank_compounds` gave for this query and
    calibration, where the caller has it already.
    Raises SpectrumError on an empty query and on a calibration of another kind or library.
    """
    rule = rule_for(library, calibration)
    if ranked is None:
        ranked = rank_compounds(library, query, rule.calibration)
    if not len(ranked):
        reason = "No library entry shares a peak with this spectrum."
        return Identification(_NOTHING, (), (), None, (reason,), score_name=ranked.name)
    shares = rule.calibration.probabilities(ranked.scores, ranked.quality, ranked.peaks)
    outside = rule.calibration.p_not_in_library(ranked.figures) if rule.fits else None
    size = rule.calibration.set_size(shares, ranked.peaks)
    level = level_of(ranked, size, outside)
    alike = look_alikes(library, ranked)
    said = reasons_for(library, query, ranked, rule.calibration, rule.fits, level, size, alike, outside)
    shown = max(_SHOWN, int((shares >= 1e-4).sum()))
    compounds = tuple((c, float(p)) for c, p in zip(ranked.compounds[:shown], shares[:shown], strict=True))
    named = level is not _NOTHING
    return Identification(
        level,
        compounds,
        ranked.compounds[:size] if named else (),
        outside,
        said,
        rule.fits,
        rule.calibration.described if rule.fits else "",
        alike if named else (),
        ranked.name,
    )


def rule_for(library: MassIndex, calibration: Calibration | None = None) -> Rule:
    """The calibration for this library: the one given, else the shipped one, careful where it does not fit."""
    kind = "msms" if library.accurate else "ei"
    if calibration is not None:
        if calibration.kind != kind:
            raise SpectrumError(f"this calibration is for {calibration.kind} spectra, the library holds {kind}")
        if calibration.library_checksum and calibration.library_checksum != checksum(library):
            raise SpectrumError(
                "this calibration was made for another library, or the library has changed: make it again"
            )
        return Rule(calibration, True)
    default = shipped(kind)
    if _fits(library, default):
        return Rule(default, True)
    wider = default.temperature * decision("mass", "uncalibrated_spread")
    return Rule(replace(default, temperature=wider, single_mass=0.0, single_peaks=0), False)


def _fits(library: MassIndex, default: Calibration) -> bool:
    """Whether a library is large enough, and its entries full enough, for the shipped calibration; asked once."""
    if library not in _KNOWN:
        counts = np.diff(library.table.offsets)
        enough = len(library) >= default.least_compounds and float(np.median(counts)) >= default.least_peaks
        _KNOWN[library] = enough and len(set(library.compounds)) >= default.least_compounds
    return _KNOWN[library]


def checksum(library: MassIndex) -> str:
    """SHA-256 over the compounds and numbers of peaks of a library: changes when entries do."""
    digest = hashlib.sha256("\n".join(library.compounds).encode())
    digest.update(np.diff(library.table.offsets).astype("<i8").tobytes())
    return digest.hexdigest()


def rank_compounds(
    library: MassIndex,
    query: MassSpectrum,
    calibration: Calibration | None = None,
    without: ranking_ei.IntArray | None = None,
) -> Ranked:
    """Compounds in the order of the answer, with the figures behind it. `without`: entries to leave out."""
    weights = (calibration or shipped("msms" if library.accurate else "ei")).weights
    if library.accurate:
        return ranking_msms.rank(library, query, weights, without)
    return ranking_ei.rank(library, query, weights, without)


def candidates_of(library: MassIndex, ranked: Ranked, top: int = 10) -> list[Candidate]:
    """The first `top` compounds as candidates, `score` the combined one of 1000 at most in the scale of its weights."""
    name = str(library.info.get("name", ""))
    rows = zip(ranked.entries[:top].tolist(), ranked.compounds, ranked.scores.tolist(), strict=False)
    return [
        Candidate(
            entry=e,
            name=library.names[e],
            compound=c,
            score=s,
            score_name=ranked.name,
            matched_peaks=int(ranked.matched[k]),
            explained_fraction=float(ranked.explained[k]),
            rank=k + 1,
            library=name,
            entry_id=library.ids[e],
            margin=s - float(ranked.scores[k + 1]) if k + 1 < len(ranked) else None,
        )
        for k, (e, c, s) in enumerate(rows)
    ]


def level_of(ranked: Ranked, size: int, outside: float | None) -> IdentificationLevel:
    """How far the answer goes. A likely stranger, or a set too large to be one answer, is never "consistent with".

    A reading whose precursor fits is at least related to what has that precursor, however poor the fragments are.
    """
    scale = "composite" if ranked.match_name == "composite" else "fraction"
    match, matched = float(ranked.match[0]), int(ranked.matched[0])
    if match < decision("mass", f"related_{scale}") and ranked.figures.get("near") != 1.0:
        return _NOTHING
    stranger = outside is not None and outside >= decision("mass", "stranger")
    far = ranked.figures.get("near") == 0.0
    if (
        match < decision("mass", f"consistent_{scale}")
        or matched < decision("mass", "least_matched")
        or stranger
        or far
    ):
        return IdentificationLevel.RELATED
    if size > decision("mass", "largest_set"):
        return IdentificationLevel.CLASS_ONLY
    return IdentificationLevel.CONSISTENT_WITH


def look_alikes(library: MassIndex, ranked: Ranked) -> tuple[str, ...]:
    """Compounds of the ranking whose reference cannot be told from the best one's, most alike first."""
    part = library.table.take(ranked.entries)
    cosines = library.rule("weighted_cosine", None).row(part.peaks(0), part)
    close = np.flatnonzero(cosines**2 >= decision("mass", "look_alike_cos2"))
    return tuple(ranked.compounds[k] for k in close[np.lexsort((close, -cosines[close]))] if k)

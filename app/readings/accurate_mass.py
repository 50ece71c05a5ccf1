"""Accurate masses against the shelf: by spectra where a library has them, else by formula with its isotope pattern.

Answers at the level of a formula list every compound of the register that has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from app.library.shelf import Opened
from app.readings.domain import MethodInfo
from app.readings.ranking import (
    Matched,
    Names,
    answer_of,
    libraries_of,
    limits_of,
    listed,
    merged,
    named_rows,
    not_compared,
    rows_as_json,
    tagged,
)
from spectra import (
    Candidate,
    IdentificationLevel,
    MassSpectrum,
    group_by_compound,
    mass_quality,
)
from spectra.exactmass import FormulaCandidate, pattern_cosine

EXACT_MASS_PPM = 10.0
PRECURSOR_DA = 0.01
LEAST_ACCURATE_SCORE = 0.5


def match_accurate_mass(
    query: MassSpectrum, spectra: Sequence[Opened], formulas: Sequence[Opened], info: MethodInfo, how: Names
) -> Matched:
    """Spectral search where an accurate library and a precursor fit, else a screen of the masses by formula."""
    searched = [*spectra, *formulas]
    if not searched:
        return not_compared("There is no library of accurate masses here to compare with.", info.all_limits)
    by_spectrum = _accurate_rows(query, spectra, how)
    hits = _screen(query, formulas)
    if by_spectrum and by_spectrum[0].score >= LEAST_ACCURATE_SCORE:
        rows, level, score_name = by_spectrum, IdentificationLevel.CONSISTENT_WITH, "entropy"
        if rows[0].score < 0.7:
            level = IdentificationLevel.RELATED
        named = named_rows(rows, level)
        sentences = [f"Best match: {rows[0].name}, entropy score {rows[0].score:.2f} of 1, "
                     f"{rows[0].matched_peaks} peaks matched."]  # fmt: skip
        if len(named) > 1:
            sentences.append(f"This method does not tell {rows[0].name} from: {listed([c.name for c in named[1:]])}.")
        candidates = rows_as_json(rows, spectra, how.index)
    else:
        candidates, level, sentences = _formula_rows(query, hits, formulas, how)
        rows, named, score_name = [], [], "exact_mass"
    answer = answer_of(level, rows, named, sentences, mass_quality(query), searched)
    if score_name == "exact_mass" and candidates:
        top = [c for c in candidates if c["rank"] == candidates[0]["rank"]]
        answer["set"] = [c["compound"] for c in top]
    answer["formulas"] = [_formula_json(hit) for hit in hits[: how.top]]
    return Matched(score_name, candidates, answer, limits_of(info, searched), libraries_of(searched))


def _accurate_rows(query: MassSpectrum, shelf: Sequence[Opened], how: Names) -> list[Candidate]:
    found: list[Candidate] = []
    for one in shelf:
        if query.precursor_mz is None:
            rows = one.mass.search_compounds(query, how.top, "entropy")
        else:
            hits = one.mass.search(query, 4 * how.top, "entropy", precursor_tolerance=PRECURSOR_DA)
            rows = group_by_compound(hits, one.mass)[: how.top]
        found += tagged(one, rows)
    return merged(found, how) if found else []


def _screen(query: MassSpectrum, formulas: Sequence[Opened]) -> list[FormulaCandidate]:
    """Formulae of the precursor, or of the peaks of at least 5 % (at most 20), strongest first; isotopes left out."""
    height = query.intensity / query.intensity.max() if query.intensity.max() > 0 else query.intensity
    if query.precursor_mz is not None:
        wanted = [query.precursor_mz]
    else:
        strong = [k for k in np.argsort(-height)[:20] if height[k] >= 0.05 and not _isotope(query, int(k))]
        wanted = [float(query.mz[k]) for k in strong]
    found = [hit for one in formulas for hit in one.formulas.screen(wanted, EXACT_MASS_PPM)]
    order = {mz: place for place, mz in enumerate(wanted)}
    return sorted(found, key=lambda hit: (order[hit.mz], abs(hit.error_ppm)))


def _isotope(query: MassSpectrum, k: int) -> bool:
    """Whether a stronger peak lies one ¹³C below."""
    near = np.abs(query.mz - (query.mz[k] - 1.00335)) <= 0.005
    return bool((query.intensity[near] > query.intensity[k]).any())


def _formula_rows(
    query: MassSpectrum, hits: Sequence[FormulaCandidate], formulas: Sequence[Opened], how: Names
) -> tuple[list[dict[str, Any]], IdentificationLevel, list[str]]:
    if not hits:
        nothing = f"No mass of this spectrum fits a listed substance within {EXACT_MASS_PPM:g} ppm."
        return [], IdentificationLevel.NOTHING_ABOVE_LIMIT, [nothing, "This is not evidence that nothing is there."]
    rows: list[dict[str, Any]] = []
    for rank, hit in enumerate(hits[: how.top], start=1):
        near = np.abs(query.mz - hit.mz) <= 0.005
        share = float(query.intensity[near].sum() / max(query.intensity.sum(), 1e-300))
        for isomer in hit.isomers:
            known = how.index.find(isomer.compound, isomer.name)
            others = [i.name for i in hit.isomers if i is not isomer]
            rows.append({
                "rank": rank, "substance": isomer.name, "compound": isomer.compound, "substance_id": known.id,
                "substance_class": known.drug_class, "entry": isomer.id, "library": formulas[0].name,
                "library_key": formulas[0].key, "entry_index": None, "starter": formulas[0].starter,
                "score": round(max(0.0, 1 - abs(hit.error_ppm) / EXACT_MASS_PPM), 4), "score_name": "exact_mass",
                "reverse_score": None, "matched_peaks": 1, "explained_fraction": round(share, 4),
                "ambiguous_with": others, "ambiguity_group": rank, "shift": None, "margin": None,
                **_formula_json(hit),
                "isotope_cosine": round(pattern_cosine(hit.formula, query.mz, query.intensity), 3),
            })  # fmt: skip
    best = hits[0]
    names = listed([i.name for i in best.isomers])
    said = [
        f"m/z {best.mz:.4f} fits {best.formula} as {best.adduct}, {best.error_ppm:+.1f} ppm off: {names}.",
        "An accurate mass gives a formula, not one substance: every isomer fits equally well.",
        "Recalibrate on a lock mass before trusting errors of a few ppm.",
    ]
    return rows, IdentificationLevel.CLASS_ONLY, said


def _formula_json(hit: FormulaCandidate) -> dict[str, Any]:
    return {
        "mz": round(hit.mz, 5), "formula": hit.formula, "adduct": hit.adduct, "error_ppm": round(hit.error_ppm, 2),
        "isomers": [i.name for i in hit.isomers],
    }  # fmt: skip

"""One spectrum against the shelf: ranked candidates, one row per compound, and an answer in honest sentences.

Three ways: infrared by the first derivative, unit-mass (EI) spectra by the composite score, accurate masses by
formula. Every answer says what was searched, what the method cannot tell apart, and never more than "consistent with".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from app.library.shelf import Opened
from app.readings.domain import NEVER_ABSENT, MethodInfo
from app.readings.substances import SubstanceIndex
from spectra import (
    STARTER_NOTICE,
    Candidate,
    Component,
    Identification,
    IdentificationLevel,
    InfraredSpectrum,
    MassSpectrum,
    MixtureExplanation,
    Remark,
    SpectrumError,
    group_by_compound,
    infrared_quality,
    mass_quality,
)
from spectra.exactmass import FormulaCandidate, pattern_cosine

ENGINE_VERSION = "1"
# First-derivative correlations against the starter library. Measured 2026-11-25 on shared/data/ir: the largest part of
# 20 street recipes scored .69 to .97, caffeine of another instrument .94, files of 25 substances that are not in the
# library .48 at most. Defaults, to be replaced by each laboratory's own replicates.
IR_CONSISTENT, IR_RELATED = 0.70, 0.50
MIXTURE_SHARE = 0.20  # parts below are said in a sentence, not in the headline: the simple method has ghosts there
EXACT_MASS_PPM = 10.0
PRECURSOR_DA = 0.01
LEAST_ACCURATE_SCORE = 0.5


@dataclass(frozen=True, slots=True)
class Names:
    """How to look for candidates: how many, in which libraries, and how they are called in the register."""

    top: int = 10
    index: SubstanceIndex = field(default_factory=SubstanceIndex)


@dataclass(frozen=True, slots=True)
class Matched:
    """What one spectrum was found to resemble, ready to be stored."""

    score_name: str
    candidates: list[dict[str, Any]]
    answer: dict[str, Any]
    limits: list[str]
    libraries: list[dict[str, Any]]


def not_compared(reason: str, limits: Sequence[str] = ()) -> Matched:
    """The answer for a reading that is kept and shown, but cannot be compared."""
    answer = {
        "level": "not_compared", "headline": reason, "sentences": [reason], "quality": [], "set": [],
        "components": [], "unexplained_fraction": None, "incomplete": None, "searched": "", "peaks": [],
    }  # fmt: skip
    return Matched("", [], answer, list(limits) or [NEVER_ABSENT], [])


# -- infrared --------------------------------------------------------------------------------------


def match_infrared(query: InfraredSpectrum, shelf: Sequence[Opened], info: MethodInfo, how: Names) -> Matched:
    """First-derivative search over all infrared libraries, grouped by compound, with the parts of a mixture."""
    if not shelf:
        return not_compared(f"There is no {info.title} library here to compare with.", info.all_limits)
    rows, score_name = _infrared_rows(query, shelf, how)
    explained = _explained(query, shelf, rows)
    quality = infrared_quality(query)
    level = _infrared_level(rows)
    named = _named(rows, level)
    sentences = [*_infrared_sentences(rows, level, named), *_mixture_sentences(explained)]
    answer = _answer(level, rows, named, sentences, quality, shelf)
    answer.update(_components(explained, how.index))
    if main := _mixture(explained):
        answer["headline"] = f"Consistent with a mixture of {_listed([c.name for c in main])}."
        answer["level"] = IdentificationLevel.CONSISTENT_WITH.value
        answer["set"] = list(dict.fromkeys([*answer["set"], *(c.compound for c in main)]))
    return Matched(score_name, _json(rows, shelf, how.index), answer, _limits(info, shelf), _libraries(shelf))


def _infrared_rows(query: InfraredSpectrum, shelf: Sequence[Opened], how: Names) -> tuple[list[Candidate], str]:
    found = [c for one in shelf for c in _tagged(one, one.infrared.search_compounds(query, how.top))]
    return _merged(found, how), "first_derivative"


def _infrared_level(rows: Sequence[Candidate]) -> IdentificationLevel:
    best = rows[0].score if rows else 0.0
    if best >= IR_CONSISTENT:
        return IdentificationLevel.CONSISTENT_WITH
    return IdentificationLevel.RELATED if best >= IR_RELATED else IdentificationLevel.NOTHING_ABOVE_LIMIT


def _explained(
    query: InfraredSpectrum, shelf: Sequence[Opened], rows: Sequence[Candidate]
) -> MixtureExplanation | None:
    """The mixture as the library of the best candidate explains it."""
    if not rows:
        return None
    one = next((o for o in shelf if o.key == rows[0].library), shelf[0])
    try:
        return one.infrared.explain(query)
    except SpectrumError:
        return None


def _infrared_sentences(
    rows: Sequence[Candidate], level: IdentificationLevel, named: Sequence[Candidate]
) -> list[str]:
    if not rows:
        return ["No library entry resembles this spectrum."]
    best = rows[0]
    out = [f"Best match: {best.name}, first-derivative correlation {best.score:.2f} of 1, {_shift(best)}."]
    if level is IdentificationLevel.NOTHING_ABOVE_LIMIT:
        out.append("No score is high enough to name a compound. This is not evidence that nothing is there.")
    elif level is IdentificationLevel.RELATED:
        out.append("The match is too poor to name one compound: a mixture, or something not in the library.")
    if len(named) > 1:
        out.append(f"This method does not tell {best.name} from: {_listed([c.name for c in named[1:]])}.")
    elif best.margin is not None:
        out.append(f"The next different compound scores {best.margin:.2f} lower.")
    return out


def _shift(best: Candidate) -> str:
    return f"shifted by {best.shift:+.0f} cm⁻¹" if best.shift else "not shifted"


def _mixture_sentences(explained: MixtureExplanation | None) -> list[str]:
    if explained is None or not explained.components:
        return []
    parts = ", ".join(f"{c.name} {c.share:.0%} of the signal" for c in explained.components)
    out = [f"As a mixture it is explained by: {parts}; {explained.unexplained_fraction:.0%} stays unexplained."]
    if explained.incomplete:
        out.append("Too much is unexplained: something here is not in the library, and small parts may be wrong.")
    return out


def _mixture(explained: MixtureExplanation | None) -> list[Component]:
    """The main parts, where two and more explain nearly all of it; else the single compound stands."""
    if explained is None or explained.incomplete:
        return []
    main = [c for c in explained.components if c.share >= MIXTURE_SHARE]
    return main if len(main) > 1 else []


# -- unit mass -------------------------------------------------------------------------------------


def match_unit_mass(query: MassSpectrum, shelf: Sequence[Opened], info: MethodInfo, how: Names) -> Matched:
    """Composite score over all unit-mass libraries; level and set from the library with the best candidate."""
    if not shelf:
        return not_compared("There is no library of EI mass spectra here to compare with.", info.all_limits)
    found = [c for one in shelf for c in _tagged(one, one.mass.search_compounds(query, how.top))]
    rows = _merged(found, how)
    quality = mass_quality(query)
    if not rows:
        level = IdentificationLevel.NOTHING_ABOVE_LIMIT
        reason = "No library entry shares a peak with this spectrum."
        answer = _answer(level, rows, [], [reason], quality, shelf)
        return Matched("composite", [], answer, _limits(info, shelf), _libraries(shelf))
    home = next(one for one in shelf if one.key == rows[0].library)
    said = home.mass.identify(query)
    named = _in_set(rows, said, how)
    answer = _answer(said.level, rows, named, list(said.reasons), quality, shelf)
    if said.level is IdentificationLevel.RELATED:
        answer["set"] = []  # a likeness names nothing
    answer["calibrated"] = said.calibrated
    answer["probabilities"] = [[c, round(p, 4)] for c, p in said.compounds[: how.top]]
    return Matched("composite", _json(rows, shelf, how.index), answer, _limits(info, shelf), _libraries(shelf))


def _in_set(rows: Sequence[Candidate], said: Identification, how: Names) -> list[Candidate]:
    """Rows of the identification's set, and those of other libraries that score as close."""
    members = set(said.set)
    members |= {how.index.unified(c).compound for c in rows if c.compound in members}
    if said.level is IdentificationLevel.NOTHING_ABOVE_LIMIT:
        return []
    best = rows[0]
    return [c for c in rows if c.compound in members or c.ambiguity_group == best.ambiguity_group]


# -- accurate mass ---------------------------------------------------------------------------------


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
        named = _named(rows, level)
        sentences = [f"Best match: {rows[0].name}, entropy score {rows[0].score:.2f} of 1, "
                     f"{rows[0].matched_peaks} peaks matched."]  # fmt: skip
        if len(named) > 1:
            sentences.append(f"This method does not tell {rows[0].name} from: {_listed([c.name for c in named[1:]])}.")
        candidates = _json(rows, spectra, how.index)
    else:
        candidates, level, sentences = _formula_rows(query, hits, formulas, how)
        rows, named, score_name = [], [], "exact_mass"
    answer = _answer(level, rows, named, sentences, mass_quality(query), searched)
    if score_name == "exact_mass" and candidates:
        top = [c for c in candidates if c["rank"] == candidates[0]["rank"]]
        answer["set"] = [c["compound"] for c in top]
    answer["formulas"] = [_formula_json(hit) for hit in hits[: how.top]]
    return Matched(score_name, candidates, answer, _limits(info, searched), _libraries(searched))


def _accurate_rows(query: MassSpectrum, shelf: Sequence[Opened], how: Names) -> list[Candidate]:
    found: list[Candidate] = []
    for one in shelf:
        if query.precursor_mz is None:
            rows = one.mass.search_compounds(query, how.top, "entropy")
        else:
            hits = one.mass.search(query, 4 * how.top, "entropy", precursor_tolerance=PRECURSOR_DA)
            rows = group_by_compound(hits, one.mass)[: how.top]
        found += _tagged(one, rows)
    return _merged(found, how) if found else []


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
    names = _listed([i.name for i in best.isomers])
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


# -- shared ----------------------------------------------------------------------------------------


def _tagged(one: Opened, rows: Sequence[Candidate]) -> list[Candidate]:
    """`library` becomes the shelf's key, so that an entry can be opened again whatever the library calls itself."""
    return [replace(row, library=one.key) for row in rows]


def _merged(found: Sequence[Candidate], how: Names) -> list[Candidate]:
    """Candidates of several libraries as one ranking; what a library cannot tell apart stays said."""
    unified = [how.index.unified(c) for c in found]
    alike: dict[str, set[str]] = {}
    for row in unified:
        alike.setdefault(row.compound, set()).update(row.ambiguous_with)
    rows = group_by_compound(unified)[: how.top]
    out = []
    for row in rows:
        others = [*row.ambiguous_with, *sorted(alike[row.compound] - set(row.ambiguous_with) - {row.name})]
        out.append(replace(row, ambiguous_with=tuple(others)))
    return _regrouped(out)


def _regrouped(rows: list[Candidate]) -> list[Candidate]:
    """Ambiguity groups again, now that look-alikes of each library are in; margin to the next other group."""
    groups: list[int] = []
    leaders: list[Candidate] = []
    for row in rows:
        for number, leader in enumerate(leaders, start=1):
            if row.name in leader.ambiguous_with or leader.name in row.ambiguous_with:
                groups.append(number)
                break
        else:
            leaders.append(row)
            groups.append(len(leaders))
    out = []
    for row, group in zip(rows, groups, strict=True):
        other = next((r.score for r, g in zip(rows, groups, strict=True) if g != group), None)
        out.append(replace(row, ambiguity_group=group, margin=None if other is None else row.score - other))
    return out


def _named(rows: Sequence[Candidate], level: IdentificationLevel) -> list[Candidate]:
    """The best row and everything this method cannot tell from it; nothing where the level names nothing."""
    if not rows or level in (IdentificationLevel.NOTHING_ABOVE_LIMIT, IdentificationLevel.RELATED):
        return []
    return [c for c in rows if c.ambiguity_group == rows[0].ambiguity_group]


HEADLINES = {
    IdentificationLevel.CONSISTENT_WITH: "Consistent with {names}.",
    IdentificationLevel.CLASS_ONLY: "A formula, not one substance: {names}.",
    IdentificationLevel.RELATED: "Unknown, perhaps related to {names}.",
    IdentificationLevel.NOTHING_ABOVE_LIMIT: "Nothing can be named from this spectrum.",
}


def _answer(
    level: IdentificationLevel,
    rows: Sequence[Candidate],
    named: Sequence[Candidate],
    sentences: Sequence[str],
    quality: Sequence[Remark],
    shelf: Sequence[Opened],
) -> dict[str, Any]:
    shown = [c.name for c in (named or rows[:1])]
    headline = HEADLINES[level].format(names=_listed(shown, "or")) if shown else ""
    if not headline:
        headline = sentences[0] if sentences else HEADLINES[IdentificationLevel.NOTHING_ABOVE_LIMIT]
    return {
        "level": level.value,
        "headline": headline,
        "sentences": list(sentences),
        "quality": [{"level": r.level.value, "code": r.code, "text": r.text} for r in quality],
        "set": [c.compound for c in named],
        "components": [],
        "unexplained_fraction": None,
        "incomplete": None,
        "searched": "Searched: " + ", ".join(f"{one.name} ({len(one):,})" for one in shelf) + ".",
        "peaks": [],
    }


def _components(explained: MixtureExplanation | None, index: SubstanceIndex) -> dict[str, Any]:
    if explained is None:
        return {}
    parts = []
    for part in explained.components:
        known = index.find(part.compound, part.name)
        parts.append({
            "substance": part.name or part.compound, "compound": part.compound, "substance_id": known.id,
            "substance_class": known.drug_class, "share": round(part.share, 4), "low": round(part.low, 4),
            "high": round(part.high, 4), "grade": part.grade,
        })  # fmt: skip
    return {
        "components": parts,
        "unexplained_fraction": round(explained.unexplained_fraction, 4),
        "incomplete": explained.incomplete,
        "component_notes": list(explained.reasons),
        "detection_limits": {k: round(v, 4) for k, v in explained.detection_limits.items()},
        "residual_bands": [round(b, 1) for b in explained.residual_bands],
    }


def _json(rows: Sequence[Candidate], shelf: Sequence[Opened], index: SubstanceIndex) -> list[dict[str, Any]]:
    homes = {one.key: one for one in shelf}
    out = []
    for row in rows:
        home, known = homes[row.library], index.find(row.compound, row.name)
        out.append({
            "rank": row.rank, "substance": row.name, "compound": row.compound, "substance_id": known.id,
            "substance_class": known.drug_class, "entry": row.entry_id, "library": home.name, "library_key": home.key,
            "entry_index": row.entry, "starter": home.starter, "score": round(row.score, 4),
            "score_name": row.score_name, "reverse_score": _rounded(row.reverse_score),
            "matched_peaks": row.matched_peaks, "explained_fraction": _rounded(row.explained_fraction),
            "ambiguous_with": list(row.ambiguous_with), "ambiguity_group": row.ambiguity_group, "shift": row.shift,
            "margin": _rounded(row.margin),
        })  # fmt: skip
    return out


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _limits(info: MethodInfo, shelf: Sequence[Opened]) -> list[str]:
    """The method's sentences, and the notice of the starters when nothing else was searched."""
    out = list(info.all_limits)
    if shelf and all(one.starter for one in shelf):
        out.append(f"Only starter libraries were searched ({STARTER_NOTICE}).")
    return out


def _libraries(shelf: Sequence[Opened]) -> list[dict[str, Any]]:
    return [
        {"key": one.key, "name": one.name, "n_entries": len(one), "starter": one.starter, "source": one.source}
        for one in shelf
    ]


def _listed(names: Sequence[str], word: str = "and") -> str:
    shown = list(dict.fromkeys(names))
    if len(shown) > 6:
        return ", ".join(shown[:6]) + f" {word} {len(shown) - 6} more"
    return f"{', '.join(shown[:-1])} {word} {shown[-1]}" if len(shown) > 1 else "".join(shown)

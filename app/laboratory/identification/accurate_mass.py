"""Accurate masses against the registry: by spectra where a library has them, and by formula with its isotope pattern.

Answers at the level of a formula list every compound of the register that has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.laboratory.identification.answer import Answer
from app.laboratory.identification.domain import MethodInfo
from app.laboratory.identification.formula_screen import Screened, formula_rows, screen
from app.laboratory.identification.identified import identified
from app.laboratory.identification.mass_scale import MassScale, put_right, scale_used
from app.laboratory.identification.parts import Candidate, FormulaScreen
from app.laboratory.identification.ranking import (
    SearchConditions,
    answer_of,
    as_candidates,
    limits_of,
    merged,
    not_compared,
    tagged,
)
from app.laboratory.library.opened import Opened
from spectra import Candidate as Hit
from spectra import Identification, IdentificationLevel, MassSpectrum, group_by_compound, mass_quality
from spectra.confidence.identify import candidates_of, identify, rank_compounds
from spectra.confidence.ranking import Ranked
from spectra.preprocess import within_range

_NOTHING = IdentificationLevel.NOTHING_ABOVE_LIMIT


def match_accurate_mass(
    query: MassSpectrum,
    spectra: Sequence[Opened],
    formulas: Sequence[Opened],
    info: MethodInfo,
    conditions: SearchConditions,
) -> Answer:
    """The identification of an accurate library where one resembles the reading, else the screen by formula.

    The screen is part of every answer. Masses are put right on the method's lock masses first; without one the
    screen estimates their error, and the search, whose window is wider than any such error, takes them as measured.
    """
    searched = [*spectra, *formulas]
    if not searched:
        return not_compared("There is no library of accurate masses here to compare with.", info.all_limits)
    query = within_range([query])[0]
    scale = put_right(query, info.lock_masses)
    screened = screen(scale, formulas, info.lock_masses, conditions)
    rows, rankings = _spectral_rows(scale.spectrum, spectra, conditions)
    said, library = None, None
    if rows:
        library = next(one for one in spectra if one.key == rows[0].library)
        said = identify(library.mass, scale.spectrum, library.mass.calibration, rankings[library.key])
    if said is not None and library is not None and (said.level is not _NOTHING or not (screened and screened.found)):
        ordered, answer = identified(said, library, rows, mass_quality(query), searched, conditions)
        answer = _with_screen_beside(
            answer, as_candidates(ordered, spectra, conditions.index), said, scale, screened, conditions
        )
    else:
        answer = _by_formula(query, scale, screened, library, searched, conditions)
    used = scale.locked or (screened.calibration if screened is not None else None)
    hits, aside = (screened.hits(conditions.top), screened.set_aside) if screened is not None else ((), ())
    return replace(
        answer, formula_screen=FormulaScreen(hits, aside, scale_used(used)), limits=limits_of(info, searched)
    )


def _with_screen_beside(
    answer: Answer,
    candidates: tuple[Candidate, ...],
    said: Identification,
    scale: MassScale,
    screened: Screened | None,
    conditions: SearchConditions,
) -> Answer:
    """The answer by spectrum with what the screen says; a likeness names nothing, so what fits by formula follows it."""
    headline = answer.headline
    if said.level is IdentificationLevel.RELATED and screened and screened.found:
        candidates = _with_formulas(candidates, screened, conditions)
        headline += f" An accurate mass fits {screened.first_words()}."
    sentences = (*answer.sentences, *_beside(scale, screened))
    return replace(answer, headline=headline, sentences=sentences, candidates=candidates, score_name="entropy")


def _by_formula(
    query: MassSpectrum,
    scale: MassScale,
    screened: Screened | None,
    library: Opened | None,
    searched: Sequence[Opened],
    conditions: SearchConditions,
) -> Answer:
    level = IdentificationLevel.CLASS_ONLY if screened and screened.found else _NOTHING
    candidates = formula_rows(screened, conditions) if screened else ()
    answer = answer_of(level, [], [], _formula_words(scale, screened, library), mass_quality(query), searched)
    first = tuple(row.compound for row in candidates if row.rank == 1)
    return replace(answer, set=first, candidates=candidates, score_name="exact_mass")


def _spectral_rows(
    query: MassSpectrum, registry: Sequence[Opened], conditions: SearchConditions
) -> tuple[list[Hit], dict[str, Ranked]]:
    """Compounds as the identification of each library ranks them, with the entropy score a chemist knows; and the rankings.

    Libraries that have the precursor go alone; only where none has it are fragments compared without it.
    """
    near: list[Hit] = []
    far: list[Hit] = []
    rankings: dict[str, Ranked] = {}
    for one in registry:
        ranked = rankings[one.key] = rank_compounds(one.mass, query, one.mass.calibration)
        plain = [
            replace(row, score=float(score), score_name=ranked.match_name)
            for row, score in zip(candidates_of(one.mass, ranked, conditions.top), ranked.match, strict=False)
        ]
        rows = near if ranked.figures.get("near") == 1.0 else far
        rows += tagged(one, group_by_compound(plain, one.mass))
    found = near or far
    return (merged(found, conditions) if found else []), rankings


def _with_formulas(
    candidates: tuple[Candidate, ...], screened: Screened, conditions: SearchConditions
) -> tuple[Candidate, ...]:
    known, last = {row.compound for row in candidates}, len(candidates)
    groups = max((row.ambiguity_group or 0 for row in candidates), default=0)
    more = (row for row in formula_rows(screened, conditions) if row.compound not in known)
    return (
        *candidates,
        *(replace(row, rank=row.rank + last, ambiguity_group=(row.ambiguity_group or 0) + groups) for row in more),
    )


def _beside(scale: MassScale, screened: Screened | None) -> list[str]:
    """What the screen says beside an identification by spectrum, whose compound need not be on a list of formulae."""
    if screened is None:
        return list(scale.sentences)
    if screened.found:
        return list(screened.sentences)
    return ["No mass of this spectrum fits the formula of a listed substance.", *screened.sentences[1:]]


def _formula_words(scale: MassScale, screened: Screened | None, library: Opened | None) -> list[str]:
    """The first formula leads; then that no spectrum of a library resembles the reading, and the rest of the screen."""
    if screened is None:
        return ["No library entry shares a peak with this spectrum. This is not evidence that nothing is there.",
                *scale.sentences]  # fmt: skip
    first, *rest = screened.sentences
    spectra = [f"No spectrum of {library.name} resembles this one enough to name a compound."] if library else []
    return [first, *spectra, *rest]

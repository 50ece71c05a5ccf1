"""Accurate masses against the shelf: by spectra where a library has them, and by formula with its isotope pattern.

Answers at the level of a formula list every compound of the register that has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from app.laboratory.library.shelf import Opened
from app.laboratory.readings.domain import MethodInfo
from app.laboratory.readings.formula_screen import Screened, formula_rows, screen
from app.laboratory.readings.identified import identified
from app.laboratory.readings.mass_scale import MassScale, put_right, scale_json
from app.laboratory.readings.ranking import (
    Matched,
    Names,
    answer_of,
    libraries_of,
    limits_of,
    merged,
    not_compared,
    rows_as_json,
    tagged,
)
from spectra import Candidate, IdentificationLevel, MassSpectrum, group_by_compound, mass_quality
from spectra.confidence.identify import candidates_of, identify, rank_compounds
from spectra.confidence.ranking import Ranked
from spectra.preprocess import within_range

_NOTHING = IdentificationLevel.NOTHING_ABOVE_LIMIT


def match_accurate_mass(
    query: MassSpectrum, spectra: Sequence[Opened], formulas: Sequence[Opened], info: MethodInfo, how: Names
) -> Matched:
    """The identification of an accurate library where one resembles the reading, else the screen by formula.

    The screen is part of every answer. Masses are put right on the method's lock masses first; without one the
    screen estimates their error, and the search, whose window is wider than any such error, takes them as measured.
    """
    searched = [*spectra, *formulas]
    if not searched:
        return not_compared("There is no library of accurate masses here to compare with.", info.all_limits)
    query = within_range([query])[0]
    scale = put_right(query, info.lock_masses)
    screened = screen(scale, formulas, info.lock_masses, how)
    found = screened.found if screened else ()
    rows, rankings = _spectral_rows(scale.spectrum, spectra, how)
    said, home = None, None
    if rows:
        home = next(one for one in spectra if one.key == rows[0].library)
        said = identify(home.mass, scale.spectrum, home.mass.calibration, rankings[home.key])
    if said is not None and home is not None and (said.level is not _NOTHING or not found):
        rows, answer = identified(said, home, rows, mass_quality(query), searched, how)
        candidates, score_name = rows_as_json(rows, spectra, how.index), "entropy"
        answer["sentences"] += _beside(scale, screened)
        if said.level is IdentificationLevel.RELATED and screened and found:
            candidates = _with_formulas(candidates, screened, how)
            answer["headline"] += f" An accurate mass fits {screened.first_words()}."
    else:
        level = IdentificationLevel.CLASS_ONLY if found else _NOTHING
        candidates, score_name = formula_rows(screened, how) if screened else [], "exact_mass"
        answer = answer_of(level, [], [], _formula_words(scale, screened, home), mass_quality(query), searched)
        answer["set"] = [c["compound"] for c in candidates if c["rank"] == 1]
    answer |= _screen_json(scale, screened, how)
    return Matched(score_name, candidates, answer, limits_of(info, searched), libraries_of(searched))


def _spectral_rows(
    query: MassSpectrum, shelf: Sequence[Opened], how: Names
) -> tuple[list[Candidate], dict[str, Ranked]]:
    """Compounds as the identification of each library ranks them, with the entropy score a chemist knows; and the rankings.

    Libraries that have the precursor go alone; only where none has it are fragments compared without it.
    """
    near: list[Candidate] = []
    far: list[Candidate] = []
    rankings: dict[str, Ranked] = {}
    for one in shelf:
        ranked = rankings[one.key] = rank_compounds(one.mass, query, one.mass.calibration)
        plain = [
            replace(row, score=float(score), score_name=ranked.match_name)
            for row, score in zip(candidates_of(one.mass, ranked, how.top), ranked.match, strict=False)
        ]
        rows = near if ranked.figures.get("near") == 1.0 else far
        rows += tagged(one, group_by_compound(plain, one.mass))
    found = near or far
    return (merged(found, how) if found else []), rankings


def _with_formulas(candidates: list[dict[str, Any]], screened: Screened, how: Names) -> list[dict[str, Any]]:
    """A likeness names nothing, so what fits by formula follows it."""
    known, last = {row["compound"] for row in candidates}, len(candidates)
    groups = max((row["ambiguity_group"] for row in candidates), default=0)
    more = [row for row in formula_rows(screened, how) if row["compound"] not in known]
    for row in more:
        row["rank"] += last
        row["ambiguity_group"] += groups
    return [*candidates, *more]


def _beside(scale: MassScale, screened: Screened | None) -> list[str]:
    """What the screen says beside an identification by spectrum, whose compound need not be on a list of formulae."""
    if screened is None:
        return list(scale.sentences)
    if screened.found:
        return list(screened.sentences)
    return ["No mass of this spectrum fits the formula of a listed substance.", *screened.sentences[1:]]


def _formula_words(scale: MassScale, screened: Screened | None, home: Opened | None) -> list[str]:
    """The first formula leads; then that no spectrum of a library resembles the reading, and the rest of the screen."""
    if screened is None:
        return ["No library entry shares a peak with this spectrum. This is not evidence that nothing is there.",
                *scale.sentences]  # fmt: skip
    first, *rest = screened.sentences
    spectra = [f"No spectrum of {home.name} resembles this one enough to name a compound."] if home else []
    return [first, *spectra, *rest]


def _screen_json(scale: MassScale, screened: Screened | None, how: Names) -> dict[str, Any]:
    """Formulae, what was set aside and why, and how the mass scale was treated."""
    if screened is None:
        return {"formulas": [], "set_aside": [], "mass_scale": scale_json(scale.locked)}
    return {
        "formulas": screened.formulas_json(how.top),
        "set_aside": list(screened.set_aside),
        "mass_scale": scale_json(scale.locked or screened.calibration),
    }

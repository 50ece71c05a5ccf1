"""One spectrum against the shelf: ranked candidates, one row per compound, and an answer in honest sentences.

Two ways: infrared by the first derivative, unit-mass (EI) spectra by the composite score; accurate masses stand in
accurate_mass. Every answer says what was searched, what the method cannot tell apart, and never more than "consistent with".
"""

from __future__ import annotations

from collections.abc import Sequence

from app.library.shelf import Opened
from app.readings.domain import MethodInfo
from app.readings.ranking import (
    Matched,
    Names,
    answer_of,
    components_of,
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
    Component,
    Identification,
    IdentificationLevel,
    InfraredSpectrum,
    MassSpectrum,
    MixtureExplanation,
    SpectrumError,
    infrared_quality,
    mass_quality,
)

# First-derivative correlations against the starter library. Measured 2026-11-25 on shared/data/ir: the largest part of
# 20 street recipes scored .69 to .97, caffeine of another instrument .94, files of 25 substances that are not in the
# library .48 at most. Defaults, to be replaced by each laboratory's own replicates.
IR_CONSISTENT, IR_RELATED = 0.70, 0.50
MIXTURE_SHARE = 0.20  # parts below are said in a sentence, not in the headline: the simple method has ghosts there


def match_infrared(query: InfraredSpectrum, shelf: Sequence[Opened], info: MethodInfo, how: Names) -> Matched:
    """First-derivative search over all infrared libraries, grouped by compound, with the parts of a mixture."""
    if not shelf:
        return not_compared(f"There is no {info.title} library here to compare with.", info.all_limits)
    rows, score_name = _infrared_rows(query, shelf, how)
    explained = _explained(query, shelf, rows)
    quality = infrared_quality(query)
    level = _infrared_level(rows)
    named = named_rows(rows, level)
    sentences = [*_infrared_sentences(rows, level, named), *_mixture_sentences(explained)]
    answer = answer_of(level, rows, named, sentences, quality, shelf)
    answer.update(components_of(explained, how.index))
    if main := _mixture(explained):
        answer["headline"] = f"Consistent with a mixture of {listed([c.name for c in main])}."
        answer["level"] = IdentificationLevel.CONSISTENT_WITH.value
        answer["set"] = list(dict.fromkeys([*answer["set"], *(c.compound for c in main)]))
    return Matched(
        score_name, rows_as_json(rows, shelf, how.index), answer, limits_of(info, shelf), libraries_of(shelf)
    )


def _infrared_rows(query: InfraredSpectrum, shelf: Sequence[Opened], how: Names) -> tuple[list[Candidate], str]:
    found = [c for one in shelf for c in tagged(one, one.infrared.search_compounds(query, how.top))]
    return merged(found, how), "first_derivative"


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


def _infrared_sentences(rows: Sequence[Candidate], level: IdentificationLevel, named: Sequence[Candidate]) -> list[str]:
    if not rows:
        return ["No library entry resembles this spectrum."]
    best = rows[0]
    out = [f"Best match: {best.name}, first-derivative correlation {best.score:.2f} of 1, {_shift(best)}."]
    if level is IdentificationLevel.NOTHING_ABOVE_LIMIT:
        out.append("No score is high enough to name a compound. This is not evidence that nothing is there.")
    elif level is IdentificationLevel.RELATED:
        out.append("The match is too poor to name one compound: a mixture, or something not in the library.")
    if len(named) > 1:
        out.append(f"This method does not tell {best.name} from: {listed([c.name for c in named[1:]])}.")
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


def match_unit_mass(query: MassSpectrum, shelf: Sequence[Opened], info: MethodInfo, how: Names) -> Matched:
    """Composite score over all unit-mass libraries; level and set from the library with the best candidate."""
    if not shelf:
        return not_compared("There is no library of EI mass spectra here to compare with.", info.all_limits)
    found = [c for one in shelf for c in tagged(one, one.mass.search_compounds(query, how.top))]
    rows = merged(found, how)
    quality = mass_quality(query)
    if not rows:
        level = IdentificationLevel.NOTHING_ABOVE_LIMIT
        reason = "No library entry shares a peak with this spectrum."
        answer = answer_of(level, rows, [], [reason], quality, shelf)
        return Matched("composite", [], answer, limits_of(info, shelf), libraries_of(shelf))
    home = next(one for one in shelf if one.key == rows[0].library)
    said = home.mass.identify(query)
    named = _in_set(rows, said, how)
    answer = answer_of(said.level, rows, named, list(said.reasons), quality, shelf)
    if said.level is IdentificationLevel.RELATED:
        answer["set"] = []  # a likeness names nothing
    answer["calibrated"] = said.calibrated
    answer["probabilities"] = [[c, round(p, 4)] for c, p in said.compounds[: how.top]]
    return Matched(
        "composite", rows_as_json(rows, shelf, how.index), answer, limits_of(info, shelf), libraries_of(shelf)
    )


def _in_set(rows: Sequence[Candidate], said: Identification, how: Names) -> list[Candidate]:
    """Rows of the identification's set, and those of other libraries that score as close."""
    members = set(said.set)
    members |= {how.index.unified(c).compound for c in rows if c.compound in members}
    if said.level is IdentificationLevel.NOTHING_ABOVE_LIMIT:
        return []
    best = rows[0]
    return [c for c in rows if c.compound in members or c.ambiguity_group == best.ambiguity_group]

"""One spectrum against the shelf: ranked candidates, one row per compound, and an answer in honest sentences.

Two ways: infrared by alignment (infrared_rows), unit-mass (EI) spectra by the composite score; accurate masses stand in
accurate_mass. Every answer says what was searched, what the method cannot tell apart, and never more than "consistent with".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.laboratory.library.shelf import Opened
from app.laboratory.readings.domain import MethodInfo
from app.laboratory.readings.identified import identified
from app.laboratory.readings.infrared_answer import MOSTLY, fit_sentences, infrared_json, mostly_unexplained
from app.laboratory.readings.infrared_rows import RANKED_BY, SCORE, infrared_rows, order_sentences, with_aligned
from app.laboratory.readings.instrument_state import silenced, widened
from app.laboratory.readings.mixtures import add_mixture, main_parts, mixture_headline, mixture_of
from app.laboratory.readings.own_infrared import for_mixtures, marked
from app.laboratory.readings.ranking import (
    HEADLINES,
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
    Identification,
    IdentificationLevel,
    InfraredSpectrum,
    MassSpectrum,
    MixtureExplanation,
    SpectrumError,
    infrared_quality,
    mass_quality,
)
from spectra.confidence.identify import candidates_of, identify, rank_compounds
from spectra.infrared.identify import level_of
from spectra.preprocess import within_range

NOTHING_MEASURED = frozenset({"ir_no_bands", "ir_single_beam", "ir_flat", "ir_axis_unit", "ir_not_usable"})
"""Remarks after which a reading cannot say of any compound that it would have been seen."""
WATCH_ALL = 1_000
"""Entries of a library up to which a limit is printed for every compound, not for those of the register only."""


def match_infrared(query: InfraredSpectrum, shelf: Sequence[Opened], info: MethodInfo, how: Names) -> Matched:
    """Candidates of all infrared libraries, grouped by compound, with the parts of a mixture and limits."""
    if not shelf:
        return not_compared(f"There is no {info.title} library here to compare with.", info.all_limits)
    rows, aligned = infrared_rows(query, shelf, how)
    quality = infrared_quality(query)
    explained = widened(_explained(query, shelf, rows, how), how.widening)
    if mostly_unexplained(explained) or {remark.code for remark in quality} & NOTHING_MEASURED:
        explained = silenced(explained)
    level = _infrared_level(rows)
    named = named_rows(rows, level)
    found = order_sentences(rows, aligned) if rows else ["No library entry resembles this spectrum."]
    if unknown := mostly_unexplained(explained):
        level, named = IdentificationLevel.NOTHING_ABOVE_LIMIT, []
    sentences = [*found, *_infrared_sentences(rows, level, named), *fit_sentences(explained)]
    answer = answer_of(level, rows, named, sentences, quality, shelf) | {"ranked_by": RANKED_BY}
    answer.update(components_of(explained, how.index))
    if explained is not None and (only := infrared_json(explained, how.index)):
        answer["infrared"] = only
        answer["sentences"] += explained.withheld
    if unknown:
        answer["headline"] = f"{HEADLINES[level]} {MOSTLY}"
    elif explained is not None and (main := main_parts(explained)):
        answer["headline"] = mixture_headline(explained, main)
        answer["level"] = IdentificationLevel.CONSISTENT_WITH.value
        answer["set"] = list(dict.fromkeys([*answer["set"], *(c.compound for c in main)]))
    if explained is not None and explained.incomplete and not unknown and explained.unexplained_fraction >= 0.05:
        answer["headline"] = f"{answer['headline'].rstrip('.')}; {explained.unexplained_fraction:.0%} is unexplained."
    shown = with_aligned(rows, aligned, shelf, how)
    return marked(Matched(SCORE, shown, answer, limits_of(info, shelf), libraries_of(shelf)), shelf)


def _infrared_level(rows: Sequence[Candidate]) -> IdentificationLevel:
    return level_of(rows[0].score if rows else 0.0, size=1)


def _explained(
    query: InfraredSpectrum, shelf: Sequence[Opened], rows: Sequence[Candidate], how: Names
) -> MixtureExplanation | None:
    """The mixture as the library of the best candidate explains it, with limits for the substances of the register."""
    if not rows:
        return None
    one = for_mixtures(next((o for o in shelf if o.key == rows[0].library), shelf[0]), shelf, how.instrument)
    try:
        return one.infrared.explain(query, watch=_watched(one, how))
    except SpectrumError:
        return None


def _watched(one: Opened, how: Names) -> list[str] | None:
    """Of a large library the compounds of the register; of a small one everything (None)."""
    if len(one) <= WATCH_ALL:
        return None
    library = one.infrared
    return sorted({c for c, n in zip(library.compounds, library.names, strict=True) if how.index.find(c, n).id})


def _infrared_sentences(rows: Sequence[Candidate], level: IdentificationLevel, named: Sequence[Candidate]) -> list[str]:
    out: list[str] = []
    if not rows:
        return out
    if level is IdentificationLevel.NOTHING_ABOVE_LIMIT:
        out.append("No score is high enough to name a compound. This is not evidence that nothing is there.")
    elif level is IdentificationLevel.RELATED:
        out.append("The match is too poor to name one compound: a mixture, or something not in the library.")
    if len(named) > 1:
        out.append(f"This method does not tell {rows[0].name} from: {listed([c.name for c in named[1:]])}.")
    elif rows[0].margin is not None:
        out.append(f"The next different compound scores {rows[0].margin:.2f} lower once aligned.")
    return out


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
    said, members = _identified_by(home, query)
    if more := [row for row in members if row.compound not in {c.compound for c in found}]:
        rows = merged([*found, *more], replace(how, top=how.top + len(more)))
    rows, answer = identified(said, home, rows, quality, shelf, how)
    if how.mixtures:
        add_mixture(answer, mixture_of([query], home), home, how)
    shown = rows_as_json(rows[: how.top], shelf, how.index)
    return Matched("composite", shown, answer, limits_of(info, shelf), libraries_of(shelf))


def _identified_by(home: Opened, query: MassSpectrum) -> tuple[Identification, list[Candidate]]:
    """What a library says, and the members of its set as rows with the match factor a chemist knows.

    A member may stand far down by match factor alone (3 of 154 development readings have one below the tenth place).
    """
    query = within_range([query])[0]
    ranked = rank_compounds(home.mass, query, home.mass.calibration)
    said = identify(home.mass, query, home.mass.calibration, ranked)
    rows = zip(candidates_of(home.mass, ranked, len(said.set)), ranked.match.tolist(), strict=False)
    return said, tagged(home, [replace(row, score=score, score_name=ranked.match_name) for row, score in rows])

"""One spectrum against the registry: ranked candidates, one row per compound, and an answer in honest sentences.

Two ways: infrared, unit-mass (EI) spectra by the composite score; accurate masses stand in
accurate_mass. Every answer says what was searched, what the method cannot tell apart, and never more than "consistent with".
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from app.laboratory.identification import ranking
from app.laboratory.identification.answer import Answer, Level
from app.laboratory.identification.domain import MethodInfo
from app.laboratory.identification.in_house import for_mixtures, marked, own_first
from app.laboratory.identification.infrared_answer import MOSTLY, fit_sentences, infrared_of, mostly_unexplained
from app.laboratory.identification.instrument_state import silenced, widened
from app.laboratory.identification.mixtures import main_parts, mixture_headline, mixture_of, names_of, with_mixture
from app.laboratory.identification.parts import Alignment, Candidate, Probabilities
from app.laboratory.identification.ranking import SearchConditions, answer_of, listed, regrouped, rounded
from app.laboratory.library.domain import Opened
from spectra import Candidate as Hit
from spectra import Identification, IdentificationLevel, InfraredSpectrum, MassSpectrum, MixtureExplanation, Remark
from spectra.confidence.identify import candidates_of, identify, rank_compounds
from spectra.confidence.quality import infrared_quality, mass_quality
from spectra.infrared.identify import level_of
from spectra.preprocess import within_range
from spectra.types import SpectrumError

SCORE = "first_derivative"
RANKED_BY = "aligned"
LOOKED_AT = 60
"""Compounds of each library that are put in order; as many as alignment looks at (`hits_by_alignment`)."""
NOTHING_MEASURED = frozenset({"ir_no_bands", "ir_single_beam", "ir_flat", "ir_axis_unit", "ir_not_usable"})
"""Remarks after which a reading cannot say of any compound that it would have been seen."""
WATCH_ALL = 1_000
"""Entries of a library up to which a limit is printed for every compound, not for those of the register only."""


def match_infrared(
    query: InfraredSpectrum, registry: Sequence[Opened], info: MethodInfo, conditions: ranking.SearchConditions
) -> Answer:
    """Candidates of all infrared libraries, grouped by compound, with the parts of a mixture and limits."""
    if not registry:
        return ranking.not_compared(f"There is no {info.title} library here to compare with.", info.limits)
    rows, aligned = infrared_rows(query, registry, conditions)
    quality = infrared_quality(query)
    explained = widened(_explained(query, registry, rows, conditions), conditions.widening)
    if mostly_unexplained(explained) or {remark.code for remark in quality} & NOTHING_MEASURED:
        explained = silenced(explained)
    level = level_of(rows[0].score if rows else 0.0, size=1)
    named = ranking.named_rows(rows, level)
    found = order_sentences(rows, aligned) if rows else ["No library entry resembles this spectrum."]
    if mostly_unexplained(explained):
        level, named = IdentificationLevel.NOTHING_ABOVE_LIMIT, []
    sentences = [*found, *_infrared_sentences(rows, level, named), *fit_sentences(explained)]
    answer = ranking.with_components(
        ranking.answer_of(level, rows, named, sentences, quality, registry), explained, conditions.index
    )
    if explained is not None and (infrared := infrared_of(explained, conditions.index)) is not None:
        answer = replace(answer, infrared=infrared, sentences=(*answer.sentences, *explained.withheld))
    answer = _led_by_parts(answer, explained, level)
    shown = with_aligned(rows, aligned, registry, conditions)
    answer = replace(
        answer, score_name=SCORE, ranked_by=RANKED_BY, candidates=shown, limits=ranking.limits_of(info, registry)
    )
    return marked(answer, registry)


def _led_by_parts(answer: Answer, explained: MixtureExplanation | None, level: IdentificationLevel) -> Answer:
    """The headline of a mixture, or that most is unexplained; without a fit that of the best candidate stands."""
    if explained is None:
        return answer
    if mostly_unexplained(explained):
        return replace(answer, headline=f"{ranking.HEADLINES[level]} {MOSTLY}")
    if main := main_parts(explained):
        named = tuple(dict.fromkeys([*answer.set, *(part.compound for part in main)]))
        headline = mixture_headline(explained, main)
        answer = replace(answer, headline=headline, level=Level.CONSISTENT_WITH, set=named)
    if explained.incomplete and explained.unexplained_fraction >= 0.05:
        left = f"{100 * explained.unexplained_fraction:.0f}\u00a0% is unexplained."
        answer = replace(answer, headline=f"{answer.headline.rstrip('.')}. {left}")
    return answer


def _explained(
    query: InfraredSpectrum, registry: Sequence[Opened], rows: Sequence[Hit], conditions: ranking.SearchConditions
) -> MixtureExplanation | None:
    """The mixture as the library of the best candidate explains it, with limits for the substances of the register."""
    if not rows:
        return None
    one = for_mixtures(
        next((o for o in registry if o.key == rows[0].library), registry[0]), registry, conditions.instrument
    )
    library, watched = one.infrared, None
    if len(one) > WATCH_ALL:
        named = zip(library.compounds, library.names, strict=True)
        watched = sorted({compound for compound, name in named if conditions.index.find(compound, name).id})
    try:
        return library.explain(query, watch=watched)
    except SpectrumError:
        return None


def _infrared_sentences(rows: Sequence[Hit], level: IdentificationLevel, named: Sequence[Hit]) -> list[str]:
    out: list[str] = []
    if not rows:
        return out
    if level is IdentificationLevel.NOTHING_ABOVE_LIMIT:
        out.append("No score is high enough to name a compound. This is not evidence that nothing is there.")
    elif level is IdentificationLevel.RELATED:
        out.append("The match is too poor to name one compound: a mixture, or something not in the library.")
    if len(named) > 1:
        out.append(f"This method does not tell {rows[0].name} from: {ranking.listed([c.name for c in named[1:]])}.")
    elif rows[0].margin is not None:
        out.append(f"The next different compound scores {rows[0].margin:.2f} lower once aligned.")
    return out


# -- candidates of an infrared reading: the exact first-derivative search, in the order of the aligned fit. The first
# derivative is what chemists know and can compare with other software; alignment (shift, width, tilt, baseline) is right
# more often about which compound it is, and is what the parts of a mixture rest on.


class AlignedScores:
    """How well the compounds of a registry fit once aligned, 0 to 1: by library and compound as the library calls it."""

    def __init__(
        self, query: InfraredSpectrum, registry: Sequence[Opened], conditions: ranking.SearchConditions
    ) -> None:
        self._scores: dict[tuple[str, str], float] = {}
        for one in registry:
            with contextlib.suppress(SpectrumError):  # too few points in common to fit anything to
                for row in one.infrared.search_compounds(query, LOOKED_AT, score=RANKED_BY):
                    self._scores[one.key, conditions.index.unified(row).compound] = row.score

    def of(self, row: Hit) -> float | None:
        """The aligned score of a row of the registry; None for one that was not aligned."""
        return self._scores.get((row.library, row.compound))

    def ordered(self, rows: Sequence[Hit]) -> list[Hit]:
        """Best aligned first; what was not aligned behind, as it came. Groups and margins are those of this order."""
        best = sorted(rows, key=lambda row: -(self.of(row) or 0.0))
        out = ranking.regrouped([replace(row, rank=place) for place, row in enumerate(best, start=1)])
        return [replace(row, margin=self._margin(row, out)) for row in out]

    def _margin(self, row: Hit, rows: Sequence[Hit]) -> float | None:
        here = self.of(row)
        other = next((r for r in rows[row.rank :] if r.ambiguity_group != row.ambiguity_group), None)
        there = self.of(other) if other is not None else None
        return None if here is None or there is None else here - there


def infrared_rows(
    query: InfraredSpectrum, registry: Sequence[Opened], conditions: ranking.SearchConditions
) -> tuple[list[Hit], AlignedScores]:
    """One ranking over all libraries, one row per compound, the laboratory's own references first where they fit.

    `score` of a row is its exact first-derivative correlation; `margin` is of the aligned scores.
    """
    found = [
        c
        for one in registry
        for c in ranking.tagged(one, one.infrared.search_compounds(query, LOOKED_AT, "first_derivative"))
    ]
    aligned, wide = AlignedScores(query, registry, conditions), replace(conditions, top=LOOKED_AT)
    return own_first(
        found, registry, conditions, lambda some: aligned.ordered(ranking.merged(some, wide))[: conditions.top]
    ), aligned


def with_aligned(
    rows: Sequence[Hit], aligned: AlignedScores, registry: Sequence[Opened], conditions: ranking.SearchConditions
) -> tuple[Candidate, ...]:
    """Rows as candidates, each with its aligned score beside the exact one."""
    candidates = ranking.as_candidates(rows, registry, conditions.index)
    scores = (Alignment(ranking.rounded(aligned.of(row))) for row in rows)
    return tuple(replace(row, alignment=score) for row, score in zip(candidates, scores, strict=True))


def order_sentences(rows: Sequence[Hit], aligned: AlignedScores) -> list[str]:
    """The best row with both scores, and the compound the first derivative alone would have put first."""
    best = rows[0]
    fit = aligned.of(best)
    after = f"{fit:.2f} of 1 once aligned, " if fit is not None else ""
    shift = f"shifted by {best.shift:+.0f} cm⁻¹" if best.shift else "not shifted"
    out = [f"Best match: {best.name}, {after}first-derivative correlation {best.score:.2f} of 1, {shift}."]
    alone = max(rows, key=lambda row: row.score)
    if alone.compound != best.compound and alone.ambiguity_group != best.ambiguity_group:
        out.append(f"By the first derivative alone {alone.name} would stand first, at {alone.score:.2f}.")
    return out


# -- unit-mass spectra ---------------------------------------------------------------------------------------------


def match_unit_mass(
    query: MassSpectrum, registry: Sequence[Opened], info: MethodInfo, conditions: ranking.SearchConditions
) -> Answer:
    """Composite score over all unit-mass libraries; level and set from the library with the best candidate."""
    if not registry:
        return ranking.not_compared("There is no library of EI mass spectra here to compare with.", info.limits)
    found = [
        row
        for library in registry
        for row in ranking.tagged(library, library.mass.search_compounds(query, conditions.top))
    ]
    rows = ranking.merged(found, conditions)
    quality = mass_quality(query)
    if not rows:
        reason = "No library entry shares a peak with this spectrum."
        answer = ranking.answer_of(IdentificationLevel.NOTHING_ABOVE_LIMIT, rows, [], [reason], quality, registry)
        return replace(answer, score_name="composite", limits=ranking.limits_of(info, registry))
    library = next(opened for opened in registry if opened.key == rows[0].library)
    said, members = _identified_by(library, query)
    if more := [row for row in members if row.compound not in {row.compound for row in found}]:
        rows = ranking.merged([*found, *more], replace(conditions, top=conditions.top + len(more)))
    rows, answer = identified(said, library, rows, quality, registry, conditions)
    if conditions.mixtures:
        answer = with_mixture(answer, mixture_of([query], library), library, conditions)
    shown = ranking.as_candidates(rows[: conditions.top], registry, conditions.index)
    return replace(answer, score_name="composite", candidates=shown, limits=ranking.limits_of(info, registry))


def _identified_by(library: Opened, query: MassSpectrum) -> tuple[Identification, list[Hit]]:
    """What a library says, and the members of its set as rows with the match factor a chemist knows.

    A member may stand far down by match factor alone (3 of 154 development readings have one below the tenth place).
    """
    query = within_range([query])[0]
    ranked = rank_compounds(library.mass, query, library.mass.calibration)
    said = identify(library.mass, query, library.mass.calibration, ranked)
    rows = zip(candidates_of(library.mass, ranked, len(said.set)), ranked.match.tolist(), strict=False)
    return said, ranking.tagged(
        library, [replace(row, score=score, score_name=ranked.match_name) for row, score in rows]
    )


# -- what a mass library's identification says, as rows and answer: the same for unit and for accurate masses --


def identified(
    said: Identification,
    library: Opened,
    rows: Sequence[Hit],
    quality: Sequence[Remark],
    registry: Sequence[Opened],
    conditions: SearchConditions,
) -> tuple[list[Hit], Answer]:
    """Rows in the order of the identification, and its answer. `library` said it; `registry` is what was searched."""
    said, called = _in_register(said, library, conditions)
    # the identification ranks by more than the plain score that is shown: its order first, then the rest
    places = {c: place for place, (c, _) in enumerate(said.compounds)}
    ordered = sorted(rows, key=lambda row: places.get(row.compound, len(places)))
    ordered = regrouped([replace(row, rank=rank) for rank, row in enumerate(ordered, start=1)])
    named = _in_set(ordered, said)
    answer = answer_of(said.level, ordered, named, list(said.reasons), quality, registry)
    if said.level is IdentificationLevel.CLASS_ONLY:
        answer = replace(answer, headline=f"Not one substance: {listed([c.name for c in named], 'or')} look alike.")
    if said.level is IdentificationLevel.RELATED:
        answer = replace(answer, set=())  # a likeness names nothing
    return ordered, replace(answer, probability=_probabilities(said, library, ordered, called, conditions))


def _in_register(
    said: Identification, library: Opened, conditions: SearchConditions
) -> tuple[Identification, dict[str, str]]:
    """An identification under the keys the rows have: a library that knows names only is put under the register's keys.

    Two names of one compound become one, with the sum of their probabilities. Also: key → name of those changed.
    """
    keys = {*(c for c, _ in said.compounds), *said.set, *said.not_distinguished}
    called = names_of(library, sorted(key for key in keys if key.startswith("name:")), ())
    if not called:
        return said, {}
    under = {key: conditions.index.unified(Hit(0, name, key, 0.0, "")).compound for key, name in called.items()}
    shares: dict[str, float] = {}
    for key, share in said.compounds:
        shares[under.get(key, key)] = shares.get(under.get(key, key), 0.0) + share
    best = under.get(said.compounds[0][0], said.compounds[0][0]) if said.compounds else ""
    changed = replace(
        said,
        compounds=tuple(sorted(shares.items(), key=lambda row: -row[1])),
        set=tuple(dict.fromkeys(under.get(key, key) for key in said.set)),
        not_distinguished=tuple(
            key for key in dict.fromkeys(under.get(k, k) for k in said.not_distinguished) if key != best
        ),
    )
    return changed, {under[key]: name for key, name in reversed(called.items())}


def _probabilities(
    said: Identification, library: Opened, rows: Sequence[Hit], called: Mapping[str, str], conditions: SearchConditions
) -> Probabilities:
    """Probability per compound with its name, that it is none of them, and what this method does not tell apart."""
    names = names_of(library, [*(c for c, _ in said.compounds), *said.not_distinguished], rows)
    names |= {key: called[key] for key in names if names[key] == key and key in called}
    shown = said.compounds[: conditions.top]
    return Probabilities(
        calibrated=said.calibrated,
        calibration=said.calibration,
        probabilities=tuple((compound, round(p, 4)) for compound, p in shown),
        probability_names={compound: names[compound] for compound, _ in shown},
        p_not_in_library=rounded(said.p_not_in_library),
        not_distinguished=tuple(names[compound] for compound in said.not_distinguished[:12]),
        probabilities_of=library.name,
    )


def _in_set(rows: Sequence[Hit], said: Identification) -> list[Hit]:
    """Rows of the identification's set, and those of other libraries that score as close."""
    members = set(said.set)
    if said.level is IdentificationLevel.NOTHING_ABOVE_LIMIT:
        return []
    best = rows[0]
    return [c for c in rows if c.compound in members or c.ambiguity_group == best.ambiguity_group]

"""Accurate masses against the registry: by spectra where a library has them, and by formula with its isotope pattern.

Answers at the level of a formula list every compound of the register that has it. Before anything is compared the mass
scale is put right on the lock masses of the method; the reading that is stored keeps the masses the instrument gave. The
chemistry of the screen stands in spectra.exactmass_screening; here is what of it is shown, what was set aside, and why.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.laboratory.identification import parts, ranking
from app.laboratory.identification.answer import Answer
from app.laboratory.identification.domain import MethodInfo
from app.laboratory.identification.matching import identified
from app.laboratory.library.domain import Opened
from spectra import Candidate as Hit
from spectra import FormulaLibrary, Identification, IdentificationLevel, MassSpectrum, SpectrumError
from spectra.confidence.grouping import group_by_compound
from spectra.confidence.identify import candidates_of, identify, rank_compounds
from spectra.confidence.quality import mass_quality
from spectra.confidence.ranking import Ranked
from spectra.exactmass import FormulaEntry
from spectra.exactmass_screening import ScreenedFormula, Screening, screen_spectrum
from spectra.preprocess import within_range
from spectra.recalibration import Recalibration, recalibrate

_NOTHING = IdentificationLevel.NOTHING_ABOVE_LIMIT
PRECURSOR_PPM = 10.0
"""A precursor m/z is what the instrument was told or chose: no lock mass and no estimate moves it."""
MOST_FORMULAS_SAID = 5
MOST_ASIDE_SAID = 3


@dataclass(frozen=True, slots=True)
class MassScale:
    """The spectrum to compare, how its masses were moved (None: as measured), and sentences to say so."""

    spectrum: MassSpectrum
    locked: Recalibration | None = None
    sentences: tuple[str, ...] = ()


def put_right(query: MassSpectrum, lock_masses: Sequence[float]) -> MassScale:
    """`query` on the lock masses (m/z, Da); as measured, and said so, where none of them is in the reading."""
    if not lock_masses:
        return MassScale(query)
    try:
        found = recalibrate(query, lock_masses)
    except SpectrumError:
        shown = ", ".join(f"{mz:.4f}" for mz in lock_masses)
        said = f"No lock mass of this method (m/z {shown}) was found: the mass error can only be estimated."
        return MassScale(query, None, (said,))
    return MassScale(found.spectrum, found, found.reasons)


def scale_used(used: Recalibration | None) -> parts.MassScaleUsed | None:
    """How the masses were moved, for the answer: errors in ppm; None for what is not known."""
    if used is None:
        return None
    return parts.MassScaleUsed(
        used.estimated, _ppm(used.before_ppm), _ppm(used.after_ppm), round(used.window_ppm, 2), tuple(used.missing),
        tuple(
            parts.LockMass(round(k.expected, 5), round(k.measured, 5), _ppm(k.before_ppm), _ppm(k.after_ppm))
            for k in used.locks
        ),
    )  # fmt: skip


def _ppm(error: float) -> float | None:
    return ranking.rounded(error, 2) if math.isfinite(error) else None


# -- the screen ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Screened:
    """What a screen found, strongest first; sentences, the most telling first, and those on what was set aside."""

    found: tuple[ScreenedFormula, ...]
    calibration: Recalibration
    sentences: tuple[str, ...]
    set_aside: tuple[str, ...]
    homes: Mapping[FormulaEntry, Opened]

    def first_words(self) -> str:
        """The strongest formula with its isomers."""
        return f"{self.found[0].formula}: {ranking.listed([i.name for i in self.found[0].isomers], 'or')}"

    def hits(self, top: int) -> tuple[parts.FormulaHit, ...]:
        """The first `top` formulae with all their ions."""
        return tuple(
            parts.FormulaHit(
                round(one.ions[0].mz, 5), one.formula, one.ions[0].adduct, round(one.ions[0].error_ppm, 2),
                tuple(i.name for i in one.isomers),
                tuple(parts.Ion(i.adduct, round(i.mz, 5), round(i.error_ppm, 2), round(i.height, 4)) for i in one.ions),
            )
            for one in self.found[:top]
        )  # fmt: skip


def screen(
    scale: MassScale, books: Sequence[Opened], lock_masses: Sequence[float], conditions: ranking.SearchConditions
) -> Screened | None:
    """Formulae of all lists in one reading; of a reading with a precursor, those of its precursor. None: no list."""
    if not books:
        return None
    homes: dict[FormulaEntry, Opened] = {}
    for one in books:
        for entry in one.formulas.entries:
            homes.setdefault(entry, one)
    library = books[0].formulas if len(books) == 1 else FormulaLibrary(tuple(homes))
    moved = scale.locked if scale.spectrum.precursor_mz is None else _precursor(scale.spectrum)
    said = screen_spectrum(library, scale.spectrum, moved, negative=conditions.negative)
    single = {one.formula for one in said.set_aside}
    aside = [text for text in said.reasons if text.partition(" ")[0] in single]
    words = [*scale.sentences, *(text for text in said.reasons if text not in (*aside, *scale.sentences))]
    more = len(aside) - MOST_ASIDE_SAID
    shortly = [*aside[:MOST_ASIDE_SAID], *([f"{more} more were set aside for such reasons."] if more > 0 else [])]
    sentences = (*_lead(said, words), *_locks(said, lock_masses), *shortly)
    return Screened(said.found, said.calibration, sentences, tuple(aside), homes)


def _precursor(query: MassSpectrum) -> Recalibration:
    """The precursor as the only peak to screen: fragments of a selected ion are no substances of their own."""
    point = MassSpectrum([query.precursor_mz or 0.0], [1.0], query.precursor_mz, query.ionisation)
    text = "The precursor m/z is compared as the file states it."
    return Recalibration(point, (), (), float("nan"), float("nan"), PRECURSOR_PPM, True, (text,))


def _lead(said: Screening, words: Sequence[str]) -> list[str]:
    """The formulae in words before everything else; without one, that no mass fits."""
    out = []
    for one in said.found[:MOST_FORMULAS_SAID]:
        ion, names = one.ions[0], ranking.listed([i.name for i in one.isomers])
        out.append(f"m/z {ion.mz:.4f} fits {one.formula} as {ion.adduct}, {ion.error_ppm:+.1f} ppm off: {names}.")
    if (more := len(said.found) - MOST_FORMULAS_SAID) > 0:
        out.append(f"{more} more formulae fit weaker peaks.")
    if not said.found:  # the last of the screen's sentences says so: it leads
        return [words[-1], *words[:-1]]
    advice = ["Recalibrate on a lock mass before trusting errors of a few ppm."] if said.calibration.estimated else []
    return [*out, *words, *advice]


def _locks(said: Screening, lock_masses: Sequence[float]) -> list[str]:
    """A lock mass that is also a finding may be the laboratory's own."""
    window, out = said.calibration.window_ppm * 1e-6, []
    for one in said.found:
        lock = next((k for ion in one.ions for k in lock_masses if abs(ion.mz - k) <= window * k), None)
        if lock is not None:
            out.append(f"m/z {lock:.4f} is a lock mass of this method: {one.formula} may come from the laboratory.")
    return out


def formula_rows(screened: Screened, conditions: ranking.SearchConditions) -> tuple[parts.Candidate, ...]:
    """One candidate per isomer of the first formulae, all of a formula with one rank."""
    return tuple(
        _candidate(screened, rank, found, isomer, conditions)
        for rank, found in enumerate(screened.found[: conditions.top], start=1)
        for isomer in found.isomers
    )


def _candidate(
    screened: Screened, rank: int, found: ScreenedFormula, isomer: FormulaEntry, conditions: ranking.SearchConditions
) -> parts.Candidate:
    known, library = conditions.index.find(isomer.compound, isomer.name), screened.homes[isomer]
    ion, cosine = found.ions[0], found.isotope_cosine
    return parts.Candidate(
        rank=rank, substance=isomer.name, compound=isomer.compound, substance_id=known.id,
        substance_class=known.drug_class, entry=isomer.id, library=library.name, library_key=library.key,
        starter=library.starter, score=round(max(0.0, 1 - abs(ion.error_ppm) / screened.calibration.window_ppm), 4),
        score_name="exact_mass", matched_peaks=len(found.ions),
        explained_fraction=round(_share(found, screened.calibration.spectrum), 4),
        ambiguous_with=tuple(i.name for i in found.isomers if i is not isomer), ambiguity_group=rank,
        formula_fit=parts.FormulaFit(
            round(ion.mz, 5), found.formula, ion.adduct, round(ion.error_ppm, 2),
            tuple(i.name for i in found.isomers), None if cosine is None else round(cosine, 3),
        ),
    )  # fmt: skip


def _share(one: ScreenedFormula, spectrum: MassSpectrum) -> float:
    """Share of the signal at the ions of a formula, each with what stands within 5 mDa of it."""
    ions = np.array([ion.mz for ion in one.ions])
    near = (np.abs(spectrum.mz[:, None] - ions) <= 0.005).any(axis=1)
    return float(spectrum.intensity[near].sum() / max(float(spectrum.intensity.sum()), 1e-300))


# -- the answer ----------------------------------------------------------------------------------------------------


def match_accurate_mass(
    query: MassSpectrum,
    spectra: Sequence[Opened],
    formulas: Sequence[Opened],
    info: MethodInfo,
    conditions: ranking.SearchConditions,
) -> Answer:
    """The identification of an accurate library where one resembles the reading, else the screen by formula.

    The screen is part of every answer. Masses are put right on the method's lock masses first; without one the
    screen estimates their error, and the search, whose window is wider than any such error, takes them as measured.
    """
    searched = [*spectra, *formulas]
    if not searched:
        return ranking.not_compared("There is no library of accurate masses here to compare with.", info.limits)
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
            answer, ranking.as_candidates(ordered, spectra, conditions.index), said, scale, screened, conditions
        )
    else:
        answer = _by_formula(query, scale, screened, library, searched, conditions)
    used = scale.locked or (screened.calibration if screened is not None else None)
    hits, aside = (screened.hits(conditions.top), screened.set_aside) if screened is not None else ((), ())
    return replace(
        answer,
        formula_screen=parts.FormulaScreen(hits, aside, scale_used(used)),
        limits=ranking.limits_of(info, searched),
    )


def _with_screen_beside(
    answer: Answer,
    candidates: tuple[parts.Candidate, ...],
    said: Identification,
    scale: MassScale,
    screened: Screened | None,
    conditions: ranking.SearchConditions,
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
    conditions: ranking.SearchConditions,
) -> Answer:
    level = IdentificationLevel.CLASS_ONLY if screened and screened.found else _NOTHING
    candidates = formula_rows(screened, conditions) if screened else ()
    answer = ranking.answer_of(level, [], [], _formula_words(scale, screened, library), mass_quality(query), searched)
    first = tuple(row.compound for row in candidates if row.rank == 1)
    return replace(answer, set=first, candidates=candidates, score_name="exact_mass")


def _spectral_rows(
    query: MassSpectrum, registry: Sequence[Opened], conditions: ranking.SearchConditions
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
        rows += ranking.tagged(one, group_by_compound(plain, one.mass))
    found = near or far
    return (ranking.merged(found, conditions) if found else []), rankings


def _with_formulas(
    candidates: tuple[parts.Candidate, ...], screened: Screened, conditions: ranking.SearchConditions
) -> tuple[parts.Candidate, ...]:
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

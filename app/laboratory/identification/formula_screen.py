"""The screen of accurate masses by formula, in rows and sentences: what fits, what was set aside, and why.

The chemistry stands in spectra.exactmass_screening; here is what of it is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.laboratory.identification.mass_scale import MassScale, near_lock
from app.laboratory.identification.parts import Candidate, FormulaFit, FormulaHit, Ion
from app.laboratory.identification.ranking import SearchConditions, listed
from app.laboratory.library.opened import Opened
from spectra import FormulaLibrary, MassSpectrum, Recalibration, Screening, screen_spectrum
from spectra.exactmass import FormulaEntry
from spectra.exactmass_screening import ScreenedFormula

PRECURSOR_PPM = 10.0
"""A precursor m/z is what the instrument was told or chose: no lock mass and no estimate moves it."""
MOST_FORMULAS_SAID = 5
MOST_ASIDE_SAID = 3


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
        return f"{self.found[0].formula}: {listed([i.name for i in self.found[0].isomers], 'or')}"

    def hits(self, top: int) -> tuple[FormulaHit, ...]:
        """The first `top` formulae with all their ions."""
        return tuple(_hit(found) for found in self.found[:top])


def _hit(found: ScreenedFormula) -> FormulaHit:
    ion = found.ions[0]
    return FormulaHit(
        round(ion.mz, 5), found.formula, ion.adduct, round(ion.error_ppm, 2), tuple(i.name for i in found.isomers),
        tuple(Ion(i.adduct, round(i.mz, 5), round(i.error_ppm, 2), round(i.height, 4)) for i in found.ions),
    )  # fmt: skip


def screen(
    scale: MassScale, books: Sequence[Opened], lock_masses: Sequence[float], conditions: SearchConditions
) -> Screened | None:
    """Formulae of all lists in one reading; of a reading with a precursor, those of its precursor. None: no list."""
    if not books:
        return None
    homes: dict[FormulaEntry, Opened] = {}
    for one in books:
        for entry in one.formulas.entries:
            homes.setdefault(entry, one)
    library = books[0].formulas if len(books) == 1 else FormulaLibrary(tuple(homes))
    if scale.spectrum.precursor_mz is None:
        said = screen_spectrum(library, scale.spectrum, scale.locked, negative=conditions.negative)
    else:
        said = screen_spectrum(library, scale.spectrum, _precursor(scale.spectrum), negative=conditions.negative)
    words, aside = _split(said)
    words = [*scale.sentences, *(text for text in words if text not in scale.sentences)]
    sentences = (*_lead(said, words), *_locks(said, lock_masses), *_aside_shortly(aside))
    return Screened(said.found, said.calibration, sentences, tuple(aside), homes)


def _precursor(query: MassSpectrum) -> Recalibration:
    """The precursor as the only peak to screen: fragments of a selected ion are no substances of their own."""
    point = MassSpectrum([query.precursor_mz or 0.0], [1.0], query.precursor_mz, query.ionisation)
    text = "The precursor m/z is compared as the file states it."
    return Recalibration(point, (), (), float("nan"), float("nan"), PRECURSOR_PPM, True, (text,))


def _split(said: Screening) -> tuple[list[str], list[str]]:
    """Sentences on the whole screen, and those on single formulae that were set aside."""
    aside = {one.formula for one in said.set_aside}
    single = [text for text in said.reasons if text.partition(" ")[0] in aside]
    return [text for text in said.reasons if text not in single], single


def _lead(said: Screening, words: Sequence[str]) -> list[str]:
    """The formulae in words before everything else; without one, that no mass fits."""
    out = []
    for one in said.found[:MOST_FORMULAS_SAID]:
        ion, names = one.ions[0], listed([i.name for i in one.isomers])
        out.append(f"m/z {ion.mz:.4f} fits {one.formula} as {ion.adduct}, {ion.error_ppm:+.1f} ppm off: {names}.")
    if (more := len(said.found) - MOST_FORMULAS_SAID) > 0:
        out.append(f"{more} more formulae fit weaker peaks.")
    if not said.found:  # the last of the screen's sentences says so: it leads
        return [words[-1], *words[:-1]]
    advice = ["Recalibrate on a lock mass before trusting errors of a few ppm."] if said.calibration.estimated else []
    return [*out, *words, *advice]


def _locks(said: Screening, lock_masses: Sequence[float]) -> list[str]:
    """A lock mass that is also a finding may be the laboratory's own."""
    out = []
    for one in said.found:
        lock = next((k for ion in one.ions if (k := near_lock(ion.mz, lock_masses, said.calibration.window_ppm))), None)
        if lock is not None:
            out.append(f"m/z {lock:.4f} is a lock mass of this method: {one.formula} may come from the laboratory.")
    return out


def _aside_shortly(aside: Sequence[str]) -> list[str]:
    more = len(aside) - MOST_ASIDE_SAID
    shown = list(aside[:MOST_ASIDE_SAID])
    return [*shown, f"{more} more were set aside for such reasons."] if more > 0 else shown


def formula_rows(screened: Screened, conditions: SearchConditions) -> tuple[Candidate, ...]:
    """One candidate per isomer of the first formulae, all of a formula with one rank."""
    return tuple(
        _candidate(screened, rank, found, isomer, conditions)
        for rank, found in enumerate(screened.found[: conditions.top], start=1)
        for isomer in found.isomers
    )


def _candidate(
    screened: Screened, rank: int, found: ScreenedFormula, isomer: FormulaEntry, conditions: SearchConditions
) -> Candidate:
    known, library = conditions.index.find(isomer.compound, isomer.name), screened.homes[isomer]
    ion, cosine = found.ions[0], found.isotope_cosine
    return Candidate(
        rank=rank, substance=isomer.name, compound=isomer.compound, substance_id=known.id,
        substance_class=known.drug_class, entry=isomer.id, library=library.name, library_key=library.key,
        starter=library.starter, score=round(max(0.0, 1 - abs(ion.error_ppm) / screened.calibration.window_ppm), 4),
        score_name="exact_mass", matched_peaks=len(found.ions),
        explained_fraction=round(_share(found, screened.calibration.spectrum), 4),
        ambiguous_with=tuple(i.name for i in found.isomers if i is not isomer), ambiguity_group=rank,
        formula_fit=FormulaFit(
            round(ion.mz, 5), found.formula, ion.adduct, round(ion.error_ppm, 2),
            tuple(i.name for i in found.isomers), None if cosine is None else round(cosine, 3),
        ),
    )  # fmt: skip


def _share(one: ScreenedFormula, spectrum: MassSpectrum) -> float:
    """Share of the signal at the ions of a formula, each with what stands within 5 mDa of it."""
    ions = np.array([ion.mz for ion in one.ions])
    near = (np.abs(spectrum.mz[:, None] - ions) <= 0.005).any(axis=1)
    return float(spectrum.intensity[near].sum() / max(float(spectrum.intensity.sum()), 1e-300))

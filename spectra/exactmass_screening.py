"""One accurate-mass spectrum against the formulae of known substances. Imports numpy and `spectra` only.

Why: one molecule gives many ions (adducts, isotopes, fragments made in the source); only what no heavier hit
explains is a finding of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from spectra.confidence.limits import load
from spectra.exactmass import (
    ADDUCTS,
    FormulaCandidate,
    FormulaEntry,
    FormulaLibrary,
    adduct_mz,
    isotope_pattern,
    parse_formula,
    pattern_cosine,
)
from spectra.recalibration import Recalibration, common_ions, correct_estimated
from spectra.types import FloatArray, MassSpectrum

POSITIVE = ("[M+H]+", "[M+NH4]+", "[M+Na]+", "[M+K]+", "[2M+H]+")
NEGATIVE = ("[M-H]-",)
INTACT = frozenset({"[M+H]+", "M+.", "[M-H]-"})
"""Ions of the bare molecule: only these make fragments worth the name, and only these (and ammonium) stand alone."""
_LATE = {"M+.": 1, "[M+NH4]+": 2, "[M+Na]+": 3, "[M+K]+": 3, "[2M+H]+": 3}
RADICAL_SOURCES = frozenset({"DART", "APCI", "APPI"})
"""Ion sources that also make radical cations of molecules which take no proton."""


@dataclass(frozen=True, slots=True)
class AdductHit:
    """One ion of a formula: adduct, measured m/z (Da), error (ppm) and share of the base peak (0–1)."""

    adduct: str
    mz: float
    error_ppm: float
    height: float


@dataclass(frozen=True, slots=True)
class ScreenedFormula:
    """One formula found, with all `isomers` the library knows of it, and its ions, the strongest first.

    `isotope_cosine` is None where the pattern is too weak to be seen. `isotopes_fit` is False when the pattern speaks
    against the formula. `fragment_of` names a heavier formula found that could make this ion by losing a small
    molecule: then it is no finding of its own.
    """

    formula: str
    isomers: tuple[FormulaEntry, ...]
    ions: tuple[AdductHit, ...]
    isotope_cosine: float | None
    isotopes_fit: bool
    fragment_of: str = ""

    @property
    def reported(self) -> bool:
        """Whether it is a finding: isotopes do not speak against it and no heavier hit explains it."""
        return self.isotopes_fit and not self.fragment_of


@dataclass(frozen=True, eq=False)
class Screening:
    """What a screen found: `found` strongest first, then what was set aside (`fragment_of`, isotopes); how the mass
    scale was treated; and what to know about the answer."""

    found: tuple[ScreenedFormula, ...]
    set_aside: tuple[ScreenedFormula, ...]
    calibration: Recalibration
    reasons: tuple[str, ...]


def adducts_for(ionisation: str, negative: bool = False) -> tuple[str, ...]:
    """Adducts to expect from an ion source.

    >>> adducts_for("DART")[-1], adducts_for("ESI", negative=True)
    ('M+.', ('[M-H]-',))
    """
    if negative:
        return NEGATIVE
    return (*POSITIVE, "M+.") if ionisation.upper() in RADICAL_SOURCES else POSITIVE


def screen_spectrum(
    library: FormulaLibrary,
    spectrum: MassSpectrum,
    calibration: Recalibration | None = None,
    tolerance: float | None = None,
    negative: bool = False,
) -> Screening:
    """Formulae of the library whose ions stand in one spectrum, at least 1 % of the base peak.

    `calibration`: the result of `recalibrate`, which holds the spectrum to use; without it the shift is estimated
    from the sample's own ions. `tolerance` (ppm): else that of the calibration (7 with lock masses, 8 estimated, 15
    when nothing is known). An adduct other than the protonated molecule, the radical cation or [M−H]⁻ counts only
    beside one of these, ammonium excepted. Isotope peaks are not screened; where the pattern should be visible it must
    fit (cosine ≥ 0.9). Misleads: the answer is a formula, every isomer fits equally well; a fragment by an unusual
    loss stays as a false finding.
    """
    used = correct_estimated(spectrum, _expected(library, negative)) if calibration is None else calibration
    width = used.window_ppm if tolerance is None else tolerance
    peaks = _peaks(used.spectrum)
    adducts = adducts_for(spectrum.ionisation, negative)
    hits = library.screen(peaks.tolist(), width, adducts) if peaks.size else []
    judged = [_judged(formula, group, used.spectrum) for formula, group in _by_formula(hits).items()]
    judged = _fragments(judged)
    judged = [one for one in judged if _stands(one)]
    judged.sort(key=lambda one: (-one.ions[0].height, abs(one.ions[0].error_ppm), one.formula))
    found = tuple(one for one in judged if one.reported)
    aside = tuple(one for one in judged if not one.reported)
    return Screening(found, aside, used, _reasons(found, aside, used, width))


def _expected(library: FormulaLibrary, negative: bool) -> tuple[float, ...]:
    """Masses that may help to estimate the error of the mass scale: the known molecules, and common fragments."""
    intact = {adduct_mz(entry.formula, "[M-H]-" if negative else "[M+H]+") for entry in library.entries}
    return tuple(sorted(intact if negative else intact.union(common_ions())))


def _peaks(spectrum: MassSpectrum) -> FloatArray:
    """m/z of the peaks worth screening, strongest first; not the isotope peaks of a stronger one."""
    rule = load("recalibration")["screening"]
    top = float(spectrum.intensity.max(initial=0.0))
    order = np.argsort(-spectrum.intensity, kind="stable")[: int(rule["most_peaks"])]
    keep = [k for k in order if top > 0 and spectrum.intensity[k] >= rule["least_share"] * top]
    mz = spectrum.mz
    steps = (1.00335, 1.99705, 2.0067)
    isotope = [
        any(
            (spectrum.intensity[np.abs(mz - (mz[k] - step)) <= rule["isotope_da"]] > spectrum.intensity[k]).any()
            for step in steps
        )
        for k in keep
    ]
    return np.array([mz[k] for k, heavy in zip(keep, isotope, strict=True) if not heavy])


def _by_formula(hits: list[FormulaCandidate]) -> dict[str, list[FormulaCandidate]]:
    """Hits per formula with their best error per adduct; what cannot stand alone is left out.

    One peak is one ion: a bare molecule goes before an adduct of another, and of two formulae the nearer mass goes.
    """
    rank = {hit: (_LATE.get(hit.adduct, 0), abs(hit.error_ppm)) for hit in hits}
    first: dict[float, FormulaCandidate] = {}
    for hit in sorted(hits, key=lambda h: (rank[h], h.formula)):
        first.setdefault(hit.mz, hit)
    groups: dict[str, dict[str, FormulaCandidate]] = {}
    for hit in first.values():
        best = groups.setdefault(hit.formula, {})
        if hit.adduct not in best or abs(hit.error_ppm) < abs(best[hit.adduct].error_ppm):
            best[hit.adduct] = hit
    alone = INTACT | {"[M+NH4]+"}
    return {f: list(best.values()) for f, best in groups.items() if alone & best.keys()}


def _stands(one: ScreenedFormula) -> bool:
    """Whether more than a small radical cation or ammonium adduct speaks for it."""
    least = load("recalibration")["screening"]["unusual_share"]
    return any(ion.adduct in ("[M+H]+", "[M-H]-") or ion.height >= least for ion in one.ions)


def _judged(formula: str, hits: list[FormulaCandidate], spectrum: MassSpectrum) -> ScreenedFormula:
    top = float(spectrum.intensity.max())
    ions = [
        AdductHit(h.adduct, h.mz, h.error_ppm, float(spectrum.intensity[spectrum.mz == h.mz].max(initial=0.0)) / top)
        for h in hits
    ]
    ions.sort(key=lambda ion: (-ion.height, ion.adduct))
    cosine, fits = _isotopes(formula, ions[0], spectrum)
    return ScreenedFormula(formula, hits[0].isomers, tuple(ions), cosine, fits)


def _isotopes(formula: str, ion: AdductHit, spectrum: MassSpectrum) -> tuple[float | None, bool]:
    """Cosine of the pattern where it can be seen, and whether it does not speak against the formula."""
    rule = load("recalibration")["screening"]
    molecules, added = ADDUCTS[ion.adduct]
    masses, expected = isotope_pattern(".".join([formula] * molecules))
    here = spectrum.mz[spectrum.mz > 0]
    floor = float(spectrum.intensity[spectrum.intensity > 0].min()) / float(spectrum.intensity.max())
    visible = (expected * ion.height >= rule["isotope_noise"] * floor) & (expected >= rule["isotope_share"])
    inside = masses + added <= here.max() + rule["isotope_da"]
    if (visible & inside).sum() < 2:
        return None, True
    shift = 1.0 + ion.error_ppm * 1e-6
    cosine = pattern_cosine(formula, spectrum.mz / shift, spectrum.intensity, rule["isotope_da"], ion.adduct)
    halogen = any(element in parse_formula(formula) for element in ("Cl", "Br"))
    return cosine, cosine >= rule["isotope_cosine"] or not halogen


def _fragments(judged: list[ScreenedFormula]) -> list[ScreenedFormula]:
    """Mark every formula whose ion a heavier one found explains by one or two neutral losses."""
    parents = [one for one in judged if one.isotopes_fit and INTACT & {ion.adduct for ion in one.ions}]
    out = []
    for one in judged:
        heavier = [p for p in parents if one.ions[0].adduct in INTACT and _explains(p.formula, one.formula)]
        best = max(heavier, key=lambda p: p.ions[0].height, default=None)
        out.append(one if best is None else replace(one, fragment_of=best.formula))
    return out


def _explains(heavy: str, light: str) -> bool:
    """Whether `heavy` less one or two usual neutral losses is `light`, atom by atom."""
    larger, smaller = parse_formula(heavy), parse_formula(light)
    rest = {e: larger.get(e, 0) - smaller.get(e, 0) for e in larger.keys() | smaller.keys()}
    return tuple(sorted((e, n) for e, n in rest.items() if n)) in _losses()


@lru_cache(maxsize=1)
def _losses() -> frozenset[tuple[tuple[str, int], ...]]:
    """Atoms of every neutral loss and of every two together."""
    single = [parse_formula(f) for f in load("recalibration")["losses"]["formulae"]]
    double = [{e: a.get(e, 0) + b.get(e, 0) for e in a.keys() | b.keys()} for a in single for b in single]
    return frozenset(tuple(sorted(atoms.items())) for atoms in single + double)


def _reasons(
    found: tuple[ScreenedFormula, ...], aside: tuple[ScreenedFormula, ...], used: Recalibration, width: float
) -> tuple[str, ...]:
    said = [*used.reasons, f"Masses were compared within {width:.1f} ppm."]
    if not found:
        said.append("No mass fits a listed substance. This is not evidence that nothing is there.")
    else:
        said.append("An accurate mass gives a formula, not one substance: every isomer fits equally well.")
    said += [
        f"{one.formula} could be a fragment of {one.fragment_of} and is not counted."
        for one in aside
        if one.fragment_of
    ]
    said += [f"{one.formula} fits by mass, but not by its isotope pattern." for one in aside if not one.isotopes_fit]
    return tuple(said)

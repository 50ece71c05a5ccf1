"""Entries against their formula: a formula that cannot be, ions no molecule of it gives, a precursor that is none of it.

Imports numpy and `spectra` only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from spectra.exactmass import FormulaError, check_formula, exact_mass, isotope_pattern
from spectra.library_check.faults import Fault, Severity, atoms_of, fault, nominal_mass, thresholds, unit_peaks
from spectra.mass_library import MassLibrary

Tell = Callable[[str, int, int], None]
_STEP = 500


def masses(library: MassLibrary, tell: Tell) -> Iterator[Fault]:
    """Faults of entries that have a formula, and fragments above their precursor."""
    for entry in range(len(library)):
        if entry % _STEP == 0:
            tell("Comparing with formulae", entry, len(library))
        formula = library.formulas[entry]
        try:
            if formula:
                check_formula(formula)
        except FormulaError as error:
            why = f"{str(error)[:1].upper()}{str(error)[1:]}."
            yield fault(
                library, entry, "impossible_formula", Severity.ERROR, "impossible formula", why, formula=formula
            )
            continue
        if library.accurate:
            yield from _of_precursor(library, entry, formula)
        elif formula:
            yield from _of_molecule(library, entry, formula)
    tell("Comparing with formulae", len(library), len(library))


def _of_molecule(library: MassLibrary, entry: int, formula: str) -> Iterator[Fault]:
    """EI, unit mass: nothing above the isotopes of M, and the highest ion a loss a molecule can have."""
    limits, atoms = thresholds()["mass"], atoms_of(formula)
    molecule, last = nominal_mass(atoms), _last_isotope(formula, limits["isotopes"])
    mz, share = unit_peaks(library, entry)
    beyond = (mz > last + limits["room"]) & (share >= limits["above"])
    if beyond.any():
        yield _above(library, entry, formula, molecule, mz[beyond], share[beyond])
        return
    seen = (np.abs(mz - molecule) <= 1) & (share >= limits["molecular"])
    large = mz[share >= limits["significant"]]
    if seen.any() or not large.size:
        return
    top = int(mz[share >= limits["seen"]].max())
    if molecule - top > limits["far"]:
        why = f"Its highest ion, m/z {top}, lies {molecule - top} below the mass of {formula} ({molecule})."
        yield fault(
            library, entry, "far_below_molecule", Severity.NOTE, "nothing near the molecule", why,
            formula=formula, mass=molecule, highest=top,
        )  # fmt: skip
    halogens = 2 * (atoms.get("Cl", 0) + atoms.get("Br", 0))
    near = (mz <= large.max()) & (mz >= large.max() - halogens - 1)
    highest = int(mz[near][np.argmax(share[near])])  # of a cluster of isotopes its strongest ion
    if molecule - highest in limits["illogical"]:
        why = (
            f"Its highest ion, m/z {highest}, lies {molecule - highest} below the mass of {formula} ({molecule}); no "
            "molecule loses that. Formula, name or background?"
        )
        yield fault(
            library, entry, "illogical_loss", Severity.WARNING, "loss no molecule has", why,
            formula=formula, mass=molecule, highest=highest,
        )  # fmt: skip


def _above(library: MassLibrary, entry: int, formula: str, molecule: int, mz: np.ndarray, share: np.ndarray) -> Fault:
    top = int(mz[np.argmax(share)])
    figures = {"formula": formula, "mass": molecule, "ion": top, "share": round(float(share.max()), 3)}
    if set(mz.tolist()) <= set(thresholds()["mass"]["bleed"]):
        why = f"Above the molecule ({molecule}) it shows ions of the column ({', '.join(map(str, mz))}): background."
        return fault(library, entry, "background", Severity.NOTE, "ions of the column", why, **figures)
    severity = Severity.ERROR if float(share.max()) >= thresholds()["mass"]["large"] else Severity.WARNING
    why = (
        f"m/z {top} with {100 * float(share.max()):.2g} % of the base peak lies above the molecule {formula} "
        f"({molecule}) and its isotopes{_as_derivative(int(mz.max()), molecule)}."
    )
    return fault(library, entry, "above_molecule", severity, "ions above the molecule", why, **figures)


def _as_derivative(highest: int, molecule: int) -> str:
    """Whether derivative groups explain the highest ion, up to isotopes and the loss of a methyl group."""
    for kind in thresholds()["derivative"]:
        for groups in (1, 2, 3, 4, 5):
            for loss in (0, 15):
                if 0 <= highest - (molecule + groups * kind["shift"] - loss) <= 2 and kind["shift"] > 40:
                    return f"; {groups} {kind['title']} group{'s' if groups > 1 else ''} would explain it"
    return ""


def _last_isotope(formula: str, threshold: float) -> int:
    """Nominal mass of the heaviest isotope step that is worth waiting for; two steps at least."""
    atoms = atoms_of(formula)
    plain = "".join(f"{element}{count}" for element, count in atoms.items())
    steps, _ = isotope_pattern(plain, threshold)
    return max(round(float(steps[-1]) - float(steps[0])) + _lightest(atoms, float(steps[0])), nominal_mass(atoms) + 2)


def _lightest(atoms: Mapping[str, int], first: float) -> int:
    """Mass number of the first step of the pattern: whole masses drift from mass numbers by 0.1 % at most."""
    nominal = nominal_mass(atoms)
    return nominal + round(first - exact_mass("".join(f"{e}{n}" for e, n in atoms.items())))


def _of_precursor(library: MassLibrary, entry: int, formula: str) -> Iterator[Fault]:
    limits, precursor = thresholds()["precursor"], float(library.table.precursor[entry])
    if not np.isfinite(precursor):
        return
    peaks = library.table.peaks(entry)
    share = np.asarray(peaks.intensity, dtype=np.float64) / float(np.max(peaks.intensity))
    beyond = (np.asarray(peaks.mz) > precursor + limits["room"]) & (share >= limits["above"])
    if formula:
        errors = _adduct_errors(formula, precursor)
        best = min(errors, key=lambda name: abs(errors[name]))
        if abs(errors[best]) > max(limits["da"], limits["ppm"] * 1e-6 * precursor):
            why = (
                f"Its precursor, m/z {precursor:.4f}, is no usual ion of {formula}; the nearest is {best}, "
                f"{abs(errors[best]):.3f} Da away."
            )
            yield fault(
                library, entry, "precursor", Severity.WARNING, "precursor does not fit the formula", why,
                formula=formula, precursor=precursor, nearest=best, error_da=round(errors[best], 4),
            )  # fmt: skip
        elif thresholds()["precursor"]["adducts"][best][2] > 1:
            return  # fragments of a doubly charged ion may lie above it
    if beyond.any():
        top = float(np.asarray(peaks.mz)[beyond].max())
        why = f"It has a fragment at m/z {top:.3f}, above its precursor of m/z {precursor:.3f}."
        yield fault(
            library, entry, "above_precursor", Severity.WARNING, "fragments above the precursor", why,
            precursor=precursor, ion=top,
        )  # fmt: skip


def _adduct_errors(formula: str, precursor: float) -> dict[str, float]:
    plain = "".join(f"{element}{count}" for element, count in atoms_of(formula).items())
    mass = exact_mass(plain)
    return {
        name: precursor - (molecules * mass + added) / charge
        for name, (molecules, added, charge) in thresholds()["precursor"]["adducts"].items()
    }

"""Exact masses, adducts and isotope patterns, and screening of accurate masses against formulae.

Why: an accurate mass alone gives a formula, never one isomer; so every answer lists all isomers the library
knows. Imports pyteomics.mass (on first use) and `spectra.types` only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from spectra.types import FloatArray, SpectrumError

PROTON = 1.007276467
ELECTRON = 0.000548579909
ADDUCTS: Mapping[str, tuple[int, float]] = {
    "[M+H]+": (1, PROTON),
    "[M+NH4]+": (1, 18.033826),
    "[M+Na]+": (1, 22.989218),
    "[M+K]+": (1, 38.963158),
    "[2M+H]+": (2, PROTON),
    "M+.": (1, -ELECTRON),
    "[M-H]-": (1, -PROTON),
}
"""Adduct → (number of molecules, mass added in Da), one charge; CODATA/NIST atomic masses less one electron.
"M+." is the radical cation (molecules that lose an electron more easily than they take a proton)."""

_TOKEN = re.compile(r"([A-Z][a-z]?)(\d*)")
_DOT = re.compile(r"[.·*]")


class FormulaError(SpectrumError):
    """A text that is not the formula of a possible molecule."""


@dataclass(frozen=True, slots=True)
class FormulaEntry:
    """One known substance: name, compound key, formula, and the register's id."""

    name: str
    compound: str
    formula: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class FormulaCandidate:
    """One formula that fits one measured m/z. `isomers` are all substances of this formula in the library.

    `error_ppm` = (measured − calculated) / calculated · 10⁶.
    """

    mz: float
    formula: str
    adduct: str
    calculated_mz: float
    error_ppm: float
    isomers: tuple[FormulaEntry, ...]


def parse_formula(formula: str) -> dict[str, int]:
    """Atoms of a formula; parts after a dot are added (salts, hydrates), a leading number multiplies its part.

    D is hydrogen-2, kept apart. Raises FormulaError on what is not a formula or names no element.

    >>> parse_formula("C17H21NO4.HCl")
    {'C': 17, 'H': 22, 'N': 1, 'O': 4, 'Cl': 1}
    """
    atoms: dict[str, int] = {}
    for part in _DOT.split(formula.replace(" ", "")):
        head = re.match(r"\d*", part)
        times, rest = (head.group(0) if head else ""), part.lstrip("0123456789")
        if not rest or "".join(m.group(0) for m in _TOKEN.finditer(rest)) != rest:
            raise FormulaError(f"{formula!r} is not a molecular formula; an example of one is C11H15NO2")
        for symbol, count in _TOKEN.findall(rest):
            if symbol not in _elements():
                raise FormulaError(f"{formula!r} names {symbol!r}, which is no element")
            atoms[symbol] = atoms.get(symbol, 0) + int(count or 1) * int(times or 1)
    return atoms


def check_formula(formula: str) -> None:
    """Raise FormulaError unless the formula can be a molecule: known elements, enough valences for the hydrogens.

    Rings plus double bonds, 1 + Σ n (valence − 2) / 2, must not be negative; every acid or water written into
    the formula of a salt lowers it by one, so up to three of O, Cl, Br, I are forgiven.
    """
    atoms = parse_formula(formula)
    rings = 1.0 + sum(n * (_VALENCE.get(element, 2) - 2) / 2 for element, n in atoms.items())
    forgiven = min(3, sum(atoms.get(element, 0) for element in ("O", "Cl", "Br", "I")))
    if rings < -forgiven:
        raise FormulaError(f"{formula!r} cannot be a molecule: it has more hydrogens than its atoms can bind")


_VALENCE = {
    "H": 1,
    "D": 1,
    "F": 1,
    "Cl": 1,
    "Br": 1,
    "I": 1,
    "Na": 1,
    "K": 1,
    "Li": 1,
    "B": 3,
    "C": 4,
    "Si": 4,
    "N": 3,
    "P": 5,
    "S": 6,
}
"""Highest usual valence; elements not listed count as 2 and change nothing."""


def exact_mass(formula: str) -> float:
    """Monoisotopic mass in Da. Raises FormulaError.

    >>> round(exact_mass("C11H15NO2"), 4)
    193.1103
    """
    return float(_mass_of(formula))


def adduct_mz(formula: str, adduct: str = "[M+H]+") -> float:
    """m/z of a formula as an adduct of `ADDUCTS`. Raises ValueError on an unknown adduct.

    >>> round(adduct_mz("C11H15NO2"), 4)
    194.1176
    """
    if adduct not in ADDUCTS:
        raise ValueError(f"there is no adduct {adduct!r} here; use one of {', '.join(ADDUCTS)}")
    molecules, added = ADDUCTS[adduct]
    return molecules * exact_mass(formula) + added


def isotope_pattern(formula: str, threshold: float = 1e-3) -> tuple[FloatArray, FloatArray]:
    """Isotope masses (Da, abundance-weighted per nominal step) and abundances with base 1, (I,) each.

    Steps below `threshold` of the whole are left out. Isotope masses and abundances are those of pyteomics
    (doi:10.1021/acs.jproteome.8b00717), convolved atom by atom: its own enumeration takes seconds for Br and Cl.

    >>> mass, abundance = isotope_pattern("C13H16ClNO")
    >>> [round(float(a), 2) for a in abundance[:3]]
    [1.0, 0.15, 0.33]
    """
    abundance, moment = np.ones(1), np.zeros(1)
    for element, count in parse_formula(formula).items():
        for _ in range(count):
            abundance, moment = _add_atom(abundance, moment, *_isotopes(element))
    masses = moment / np.where(abundance > 0, abundance, 1.0)
    keep = abundance >= threshold * abundance.sum()
    return masses[keep], abundance[keep] / abundance.max()


def _add_atom(
    abundance: FloatArray, moment: FloatArray, atom: FloatArray, atom_moment: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Convolve abundances and their first mass moments with those of one more atom; the faint tail is cut."""
    total = np.convolve(abundance, atom)
    heavy = np.convolve(moment, atom) + np.convolve(abundance, atom_moment)
    size = int(np.flatnonzero(total > 1e-9)[-1]) + 1
    return total[:size], heavy[:size]


@lru_cache(maxsize=128)
def _isotopes(element: str) -> tuple[FloatArray, FloatArray]:
    """Abundance and abundance · mass of an element's isotopes by nominal step from the lightest."""
    from pyteomics import mass

    if element == "D":
        return np.ones(1), np.array([float(mass.nist_mass["H"][2][0])])
    natural = {n: m_a for n, m_a in mass.nist_mass[element].items() if n and m_a[1] > 0}
    if not natural:
        return np.ones(1), np.array([float(mass.nist_mass[element][0][0])])
    first = min(natural)
    abundance, moment = np.zeros(max(natural) - first + 1), np.zeros(max(natural) - first + 1)
    for number, (weight, share) in natural.items():
        abundance[number - first] = share
        moment[number - first] = share * weight
    return abundance, moment


def pattern_cosine(
    formula: str, mz: FloatArray, intensity: FloatArray, tolerance: float = 0.01, adduct: str = "[M+H]+"
) -> float:
    """Cosine (0–1) of the calculated isotope pattern of an adduct with the peaks measured there; `mz`, `intensity` (P,).

    The pattern of the adduct's own atoms is left out: hydrogen and sodium add nothing, potassium 7 % of ⁴¹K.
    """
    molecules, added = ADDUCTS[adduct]
    masses, expected = isotope_pattern(".".join([formula] * molecules))
    seen = np.array([float(intensity[np.abs(mz - m - added) <= tolerance].sum()) for m in masses])
    size = float(np.sqrt((expected**2).sum() * (seen**2).sum()))
    return float((expected * seen).sum() / size) if size > 0 else 0.0


@dataclass(frozen=True, eq=False)
class FormulaLibrary:
    """Known substances by formula, for exact-mass screening. `info` says name, notice and source.

    >>> lib = FormulaLibrary((FormulaEntry("MDMA", "M", "C11H15NO2"), FormulaEntry("MBDB", "B", "C11H15NO2")))
    >>> hit = lib.screen([194.1180], tolerance=5.0)[0]
    >>> hit.formula, hit.adduct, [e.name for e in hit.isomers], round(hit.error_ppm, 1)
    ('C11H15NO2', '[M+H]+', ['MDMA', 'MBDB'], 2.3)
    """

    entries: tuple[FormulaEntry, ...]
    info: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.entries)

    def screen(
        self, query_mz: Iterable[float], tolerance: float = 10.0, adducts: Sequence[str] = ("[M+H]+",)
    ) -> list[FormulaCandidate]:
        """Formulae within `tolerance` (ppm) of each m/z (Da), sorted by |error| within each m/z, in given order.

        A result is at formula level: nothing here tells the isomers apart. Recalibrate on a lock mass first;
        real DART data lie 7–9 ppm off. Raises SpectrumError on an m/z that is not above zero.
        """
        unknown = [a for a in adducts if a not in ADDUCTS]
        if unknown:
            raise ValueError(f"there is no adduct {unknown[0]!r} here; use one of {', '.join(ADDUCTS)}")
        isomers = self._isomers
        targets = [(f, a, adduct_mz(f, a)) for f in isomers for a in adducts]
        calculated = np.array([mz for _, _, mz in targets])
        found: list[FormulaCandidate] = []
        for mz in query_mz:
            if not (np.isfinite(mz) and mz > 0):
                raise SpectrumError(f"an m/z must be a number above zero, got {mz}")
            error = (float(mz) - calculated) / calculated * 1e6
            near = np.flatnonzero(np.abs(error) <= tolerance)
            for k in sorted(near, key=lambda i: (abs(error[i]), targets[i][:2])):
                formula, adduct, at = targets[k]
                found.append(FormulaCandidate(float(mz), formula, adduct, at, float(error[k]), isomers[formula]))
        return found

    @property
    def _isomers(self) -> dict[str, tuple[FormulaEntry, ...]]:
        groups: dict[str, list[FormulaEntry]] = {}
        for entry in self.entries:
            groups.setdefault(entry.formula, []).append(entry)
        return {formula: tuple(group) for formula, group in groups.items()}


@lru_cache(maxsize=1)
def _elements() -> frozenset[str]:
    from pyteomics import mass

    return frozenset(e for e in mass.nist_mass if e.isalpha()) - {"e"} | {"D"}


def _pyteomics_atoms(formula: str) -> dict[str, int]:
    return {"H[2]" if e == "D" else e: n for e, n in parse_formula(formula).items()}


@lru_cache(maxsize=65536)
def _mass_of(formula: str) -> float:
    from pyteomics import mass

    return float(mass.calculate_mass(composition=mass.Composition(_pyteomics_atoms(formula))))

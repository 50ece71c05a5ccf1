"""Salt and base: one amount counted in another form of the substance, from formulae. Data: data/salts.toml.

Why: MDMA hydrochloride with nothing else in it reads 84.1 % as base; an amount without its basis misleads by a fifth.
Imports numpy, pyteomics (on first use) and `spectra` only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from spectra.confidence.limits import load
from spectra.exactmass import parse_formula
from spectra.types import SpectrumError


@dataclass(frozen=True, slots=True)
class SaltForm:
    """One form: `bases` molecules of the substance with `adds` and without `removes`. `basis`: how a finding counts it."""

    key: str
    title: str
    bases: int
    adds: str
    removes: str
    basis: str


@dataclass(frozen=True, slots=True)
class Converted:
    """An amount counted in another form: value = given · factor, and the conversion in words."""

    value: float
    factor: float
    words: str


def forms() -> tuple[SaltForm, ...]:
    """Every form of data/salts.toml, the base first."""
    return tuple(dict.fromkeys(_forms().values()))


def form(name: str) -> SaltForm:
    """A form by its key, title or another spelling. Raises SpectrumError.

    >>> form("HCl").title, form("hemifumarate").bases
    ('hydrochloride', 2)
    """
    known = _forms()
    key = name.strip().casefold().replace("_", " ")
    if key not in known:
        raise SpectrumError(f"there is no form {name!r} here; use one of {', '.join(f.key for f in forms())}")
    return known[key]


def molar_mass(formula: str, salt: str = "base") -> float:
    """Average molar mass in g/mol of one formula of the substance in a form, from IUPAC isotope abundances.

    Raises FormulaError (a SpectrumError) on what is not a formula, SpectrumError on an unknown form or a form the
    substance cannot have.

    >>> round(molar_mass("C11H15NO2"), 2), round(molar_mass("C11H15NO2", "hydrochloride"), 2)
    (193.24, 229.7)
    """
    atoms = parse_formula(formula)
    kind = form(salt)
    base = _average(atoms)
    if any(
        count * kind.bases > kind.bases * atoms.get(e, 0) for e, count in parse_formula(kind.removes or "H0").items()
    ):
        raise SpectrumError(f"{formula} has no {kind.removes} to give up, so it has no {kind.title}")
    added = _average(parse_formula(kind.adds)) if kind.adds else 0.0
    removed = _average(parse_formula(kind.removes)) if kind.removes else 0.0
    return kind.bases * base + added - removed


def base_fraction(formula: str, salt: str) -> float:
    """Mass of the substance itself in one unit mass of a form.

    >>> round(100 * base_fraction("C11H15NO2", "hydrochloride"), 1)
    84.1
    """
    return form(salt).bases * molar_mass(formula) / molar_mass(formula, salt)


def convert(value: float, formula: str, given: str, wanted: str, name: str = "") -> Converted:
    """An amount (per mass or volume) of `given` form counted as `wanted` form of the same substance.

    factor = base fraction of `given` / base fraction of `wanted`. Raises SpectrumError on an amount that is no number or
    below zero. It misleads when the form in the sample is not known: a chromatogram never shows it.

    >>> convert(100, "C11H15NO2", "hydrochloride", "base", "MDMA").words
    '100 as MDMA hydrochloride (229.70 g/mol) is 84.1 as MDMA base (193.24 g/mol): × 0.8413.'
    """
    if not (math.isfinite(value) and value >= 0):
        raise SpectrumError(f"an amount must be a number not below zero, got {value}")
    before, after = form(given), form(wanted)
    factor = base_fraction(formula, given) / base_fraction(formula, wanted)
    words = (
        f"{value:.3g} as {_called(name, before)} ({molar_mass(formula, given):.2f} g/mol) is {value * factor:.3g} as "
        f"{_called(name, after)} ({molar_mass(formula, wanted):.2f} g/mol): × {factor:.4f}."
    )
    return Converted(value * factor, factor, words)


def _called(name: str, kind: SaltForm) -> str:
    return f"{name} {kind.title}".strip()


def _average(atoms: Mapping[str, int]) -> float:
    return sum(count * _weight(element) for element, count in atoms.items())


@lru_cache(maxsize=128)
def _weight(element: str) -> float:
    """Average atomic mass: isotope masses by their natural abundance."""
    from pyteomics import mass

    if element == "D":
        return float(mass.nist_mass["H"][2][0])
    natural = [m_a for number, m_a in mass.nist_mass[element].items() if number and m_a[1] > 0]
    if not natural:
        return float(mass.nist_mass[element][0][0])
    return float(sum(weight * share for weight, share in natural) / sum(share for _, share in natural))


@lru_cache(maxsize=1)
def _forms() -> dict[str, SaltForm]:
    out: dict[str, SaltForm] = {}
    for key, row in load("salts").items():
        if isinstance(row, dict):
            kind = SaltForm(key, row["title"], row["bases"], row["adds"], row.get("removes", ""), row["basis"])
            for spelling in (key.replace("_", " "), row["title"], *row.get("also", ())):
                out[spelling.casefold()] = kind
    return out

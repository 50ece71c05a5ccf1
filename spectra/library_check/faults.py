"""One fault of one entry, and how an entry is taken apart for checking. Imports numpy and `spectra` only."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from spectra.confidence.limits import load
from spectra.exactmass import parse_formula
from spectra.mass_library import MassLibrary


class Named(Protocol):
    """What a library of any technique says of its entries."""

    @property
    def names(self) -> Sequence[str]:
        """Names, (N,)."""

    @property
    def ids(self) -> Sequence[str]:
        """Accessions, (N,)."""

    @property
    def compounds(self) -> Sequence[str]:
        """Compound keys, (N,)."""


class Severity(StrEnum):
    """How likely the entry answers wrongly: it cannot be right; it is probably wrong; look when there is time."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with entry number `entry`. `what` in a few words, `why` as a sentence, `figures` behind it."""

    entry: int
    id: str
    name: str
    kind: str
    severity: Severity
    what: str
    why: str
    figures: Mapping[str, Any] = field(default_factory=dict)


def fault(library: Named, entry: int, kind: str, severity: Severity, what: str, why: str, **figures: Any) -> Fault:
    """A fault with the entry's id and name."""
    return Fault(entry, library.ids[entry], library.names[entry], kind, severity, what, why, figures)


def compound_of(library: Named, entry: int) -> str:
    """The compound key; an entry without one stands for its name, not for every other without."""
    return library.compounds[entry] or f"name:{library.names[entry].casefold()}"


def labelled(library: MassLibrary, entry: int) -> bool:
    """Whether an entry is of an isotope-labelled compound, by formula or name: its ions lie elsewhere for a good reason."""
    formula = library.formulas[entry]
    return bool(re.search(r"D(?![a-z])", formula) or _label().search(library.names[entry]))


@lru_cache(maxsize=1)
def _label() -> re.Pattern[str]:
    return re.compile("|".join(thresholds()["labelled"]["names"]))


def unit_peaks(library: MassLibrary, entry: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Nominal masses and intensities as shares of the base peak, (P,) each."""
    peaks = library.table.peaks(entry)
    intensity = np.asarray(peaks.intensity, dtype=np.float64)
    top = float(intensity.max()) if intensity.size else 1.0
    return np.rint(np.asarray(peaks.mz)).astype(np.int64), intensity / (top or 1.0)


def thresholds() -> dict[str, Any]:
    """data/library_check.toml."""
    return load("library_check")


@lru_cache(maxsize=65536)
def atoms_of(formula: str) -> Mapping[str, int]:
    """Atoms of the molecule a spectrum shows: of a salt or hydrate, the largest part. Raises FormulaError."""
    parts = [parse_formula(part) for part in formula.replace("·", ".").replace("*", ".").split(".")]
    return max(parts, key=lambda atoms: sum(atoms.values()))


def nominal_mass(atoms: Mapping[str, int]) -> int:
    """Sum of the mass numbers of the most abundant isotopes, in Da."""
    return sum(count * _mass_number(element) for element, count in atoms.items())


@lru_cache(maxsize=128)
def _mass_number(element: str) -> int:
    from pyteomics import mass

    return 2 if element == "D" else round(float(mass.nist_mass[element][0][0]))

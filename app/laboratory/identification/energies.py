"""Accurate-mass readings of one file at several energies are one sample: explained together, because each energy
excludes parts that another allows. Which energy a reading has is what its file says of it; nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from app.laboratory.identification.answer import Answer
from app.laboratory.identification.mixtures import mixture_of, with_mixture
from app.laboratory.identification.ranking import SearchConditions
from app.laboratory.library.opened import Libraries, Opened
from instruments import InstrumentError, to_mass_spectrum
from spectra import MassSpectrum, Reading, ReadingKind, SpectrumError

_KEY = re.compile(r"(?:^|[_ ])(?:collision[_ ]?energy|cone[_ ]?voltage|cone|energy|ce)$", re.IGNORECASE)
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?")
MOST_ENERGIES = 6
MOST_VOLTS = 10_000.0


@dataclass(frozen=True, slots=True)
class AtEnergies:
    """Readings of one file at rising energies: `places` in the file, energies as the file says them (eV or V)."""

    places: tuple[int, ...]
    energies: tuple[float, ...]
    spectra: tuple[MassSpectrum, ...]


def energy_of(reading: Reading) -> float | None:
    """Collision energy or cone voltage as the file says it; None where it does not, or not as a number."""
    for key, value in _flat(reading.meta):
        if _KEY.search(key.strip()):
            found = _NUMBER.search(str(value))
            energy = abs(float(found.group().replace(",", "."))) if found else MOST_VOLTS
            if energy < MOST_VOLTS:  # a file may write anything
                return energy
    return None


def _flat(meta: Mapping[str, object]) -> list[tuple[str, object]]:
    out: list[tuple[str, object]] = []
    for key, value in meta.items():
        out += _flat(value) if isinstance(value, Mapping) else [(str(key), value)]
    return out


def at_energies(readings: Sequence[Reading], accurate: Collection[int]) -> AtEnergies | None:
    """The accurate-mass spectra of a file (their places in `accurate`) where two and more differ in energy."""
    found: dict[float, tuple[int, MassSpectrum]] = {}
    for place in sorted(accurate):
        reading = readings[place]
        energy = energy_of(reading) if reading.kind is ReadingKind.MASS_SPECTRUM else None
        if energy is None or energy in found:
            continue
        try:
            found[energy] = place, to_mass_spectrum(reading)
        except (InstrumentError, SpectrumError):
            continue
    if not 2 <= len(found) <= MOST_ENERGIES:
        return None
    rising = sorted(found)
    return AtEnergies(
        tuple(found[e][0] for e in rising), tuple(rising), tuple(found[e][1] for e in rising)
    )  # fmt: skip


def with_joint_mixture(
    answers: Sequence[Answer], together: AtEnergies, libraries: Libraries, conditions: SearchConditions
) -> list[Answer]:
    """The answers of a file, those of the energies with the mixture all of them give together."""
    library = _largest(libraries)
    explained = None if library is None else mixture_of(together.spectra, library)
    if library is None or explained is None or not explained.components:
        return list(answers)
    shown = ", ".join(f"{energy:g}" for energy in together.energies)
    words = f"The mixture is that of the readings at {shown} (energy as the file says) together."
    out = list(answers)
    for place in together.places:
        answer = with_mixture(out[place], explained, library, conditions)
        out[place] = replace(answer, energies=together.energies, sentences=(*answer.sentences, words))
    return out


def _largest(libraries: Libraries) -> Opened | None:
    books = [one for one in libraries.mass(accurate=True) if not one.own]
    return max(books, key=len, default=None)

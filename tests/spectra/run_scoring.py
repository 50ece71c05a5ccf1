"""How many of the substances of a simulated run were found as components, and how many components are of none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spectra import MassSpectrum, RunComponent
from spectra.preprocess import nominal_mass
from tests.spectra.run_simulator import Eluting, Simulated, apex_of

LEAST_COSINE = 0.8
"""Of √(m/z · intensity) between the spectrum that eluted and the one extracted: below, a search finds another substance."""


@dataclass(frozen=True)
class Scored:
    """Pairs (substance, component) that belong together, one to one, and what is left of both."""

    pairs: tuple[tuple[Eluting, RunComponent], ...]
    missed: tuple[Eluting, ...]
    ghosts: tuple[RunComponent, ...]

    @property
    def recall(self) -> float:
        """Share of the substances that were found."""
        return len(self.pairs) / max(1, len(self.pairs) + len(self.missed))

    @property
    def precision(self) -> float:
        """Share of the components that are a substance."""
        return len(self.pairs) / max(1, len(self.pairs) + len(self.ghosts))


def likeness(one: MassSpectrum, two: MassSpectrum) -> float:
    """Cosine of √(m/z · intensity) by unit mass."""
    length = int(max(nominal_mass(one.mz).max(), nominal_mass(two.mz).max())) + 1
    a, b = (_weighted(s, length) for s in (one, two))
    norm = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / norm if norm > 0 else 0.0


def _weighted(spectrum: MassSpectrum, length: int) -> NDArray[np.float64]:
    mass = nominal_mass(spectrum.mz)
    return np.sqrt(np.bincount(mass, weights=spectrum.intensity, minlength=length) * np.arange(length))


def scored(made: Simulated, found: Sequence[RunComponent]) -> Scored:
    """Substances and components matched one to one, the most alike first, within half a base width in time."""
    low, high = made.column.masses
    times = [apex_of(made.column, part) for part in made.parts]
    alike = []
    for i, part in enumerate(made.parts):
        seen = (part.spectrum.mz >= low - 0.3) & (part.spectrum.mz <= high + 0.3)
        eluted = MassSpectrum(part.spectrum.mz[seen], part.spectrum.intensity[seen])
        for j, one in enumerate(found):
            if abs(one.retention_time_s - times[i]) <= 1.2 * made.column.width:
                value = likeness(eluted, one.spectrum)
                if value >= LEAST_COSINE:
                    alike.append((-value, i, j))
    pairs: dict[int, int] = {}
    for _, i, j in sorted(alike):
        if i not in pairs and j not in pairs.values():
            pairs[i] = j
    return Scored(
        tuple((made.parts[i], found[j]) for i, j in pairs.items()),
        tuple(part for i, part in enumerate(made.parts) if i not in pairs),
        tuple(one for j, one in enumerate(found) if j not in pairs.values()),
    )

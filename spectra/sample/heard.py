"""What each reading of a sample says by itself, in the keys of one register, before anything is weighed.

Imports the standard library and `spectra` only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from spectra.infrared.answer import DetectionLimit, InfraredExplanation
from spectra.types import Component, Identification, MixtureExplanation

Left = Callable[[Sequence[str], Sequence[str]], Mapping[str, tuple[float, str]]]
"""Names of a mass spectrum and compounds given beside them → of each name the share it still explains, 0 to 1, and the given compound that
takes most from it."""
LEAST_VISIBLE = 0.01
"""Share of infrared's signal that is always left for what a mass spectrometer can see."""


def nothing_taken(_named: Sequence[str], _given: Sequence[str]) -> Mapping[str, tuple[float, str]]:
    """Nothing is known of what a spectrum's names explain beside others."""
    return {}


class Kind(StrEnum):
    """What a reading measures, which decides how it is weighed."""

    MASS = "mass"
    ACCURATE = "accurate"
    INFRARED = "infrared"


@dataclass(frozen=True, slots=True)
class Rival:
    """One compound of a place: probability by the method alone, and the share of signal it would have."""

    compound: str
    probability: float
    share: float | None = None


@dataclass(frozen=True, eq=False)
class Place:
    """Compounds that compete for one part of the sample, likeliest first; `named`: the method's own answer names the first.

    `reading` is the key of the reading or peak, `retention_index` and `area` (share of the run) that of a peak. `peak`: it came off a
    column by itself.
    """

    reading: str
    rivals: tuple[Rival, ...]
    total: float
    named: bool
    retention_index: float | None = None
    area: float | None = None
    peak: bool = False


@dataclass(frozen=True, eq=False)
class MassWord:
    """One mass spectrum, or all peaks of one run, in the words of its library.

    `listed` compounds with probability as if the reading were one compound, `outside` P(not in the library), None where no
    calibration speaks of it. `references`: what the library could have named. `left`: what its names explain beside others.
    """

    key: str
    method: str
    kind: Kind
    whole: bool
    listed: Mapping[str, float]
    outside: float | None
    places: tuple[Place, ...]
    several: float
    references: frozenset[str]
    calibrated: bool
    identifications: Mapping[str, Identification]
    explanations: Mapping[str, MixtureExplanation]
    limits: Mapping[str, float] = field(default_factory=dict)
    formulas: Mapping[str, str] = field(default_factory=dict)
    run: bool = False
    parts: Mapping[str, Component] = field(default_factory=dict)
    left: Left = nothing_taken


@dataclass(frozen=True, eq=False)
class InfraredWord:
    """One infrared reading: residual of every reference as if it were all, parts of the mixture answer, limits of the others, and the
    parts that no mass spectrometer of this sample can see."""

    key: str
    method: str
    identification: Identification
    explanation: InfraredExplanation
    residuals: Mapping[str, float]
    parts: Mapping[str, Component]
    limits: Mapping[str, DetectionLimit]
    alike: Mapping[str, tuple[str, ...]]
    unseen: frozenset[str] = frozenset()

    @property
    def visible(self) -> float:
        """Share of its signal that is left for what a mass spectrometer can see: above 0."""
        hidden = sum((part.probability or 0.0) * part.share for c, part in self.parts.items() if c in self.unseen)
        return max(1.0 - hidden, LEAST_VISIBLE)

    @property
    def alarm(self) -> bool:
        """Whether something is unexplained."""
        return self.explanation.incomplete


@dataclass(frozen=True, eq=False)
class Heard:
    """Everything that was measured: words of readings in an order that does not depend on the caller's, and what was refused."""

    mass: tuple[MassWord, ...]
    accurate: tuple[MassWord, ...]
    infrared: tuple[InfraredWord, ...]
    silent: Mapping[str, str]
    """Method → why none of its readings supports an answer."""
    reasons: tuple[str, ...]

    @property
    def answers(self) -> int:
        """Readings that support an answer."""
        return len(self.mass) + len(self.accurate) + len(self.infrared)

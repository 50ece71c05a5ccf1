"""What a chemist asks for when a reference is taken out, and what came of it. No database, no web."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spectra.infrared.subtraction import Lobe
from spectra.types import FloatArray

MOST_STEPS = 12
"""Standing steps of one reading; what needs more has stopped being a spectrum."""
LEAST_HIT = 0.2
"""A difference resembles everything a little; hits below this correlation are not listed."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A reference by library and entry. `factor` and `shift` None: those that leave the least wiggle."""

    library: str
    entry: str
    factor: float | None = None
    shift: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """A reference found and measured against what is left: nothing is stored of it yet. Curves (1801,) on the grid."""

    library_key: str
    library_name: str
    entry_id: str
    name: str
    compound: str
    factor: float
    optimum: float
    shift: float
    wiggle_left: float
    lobes: tuple[Lobe, ...]
    before: FloatArray
    reference: FloatArray
    after: FloatArray
    raman: bool = False

    @property
    def lobe_depth(self) -> float:
        """Depth of the deepest negative lobe, as part of the band taken out there; 0 without one."""
        return max((lobe.depth for lobe in self.lobes), default=0.0)


@dataclass(frozen=True, slots=True)
class Hit:
    """What the difference resembles: first-derivative correlation of one compound. `substance_id` as in the register."""

    name: str
    compound: str
    substance_id: str
    library: str
    library_name: str
    entry: str
    score: float
    shift: float


def lobe_words(lobes: Sequence[Lobe], name: str) -> str:
    """The warning about negative lobes, or "".

    >>> lobe_words([Lobe(1010.0, 1030.0, 0.4)], "Lactose")
    'Too much Lactose is taken out: the difference dips below zero at 1010–1030 cm⁻¹. Lower the factor.'
    """
    if not lobes:
        return ""
    where = ", ".join(f"{lobe.low:.0f}–{lobe.high:.0f}" for lobe in lobes[:4])
    more = f" and {len(lobes) - 4} more" if len(lobes) > 4 else ""
    return f"Too much {name} is taken out: the difference dips below zero at {where}{more} cm⁻¹. Lower the factor."

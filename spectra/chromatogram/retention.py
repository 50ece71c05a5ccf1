"""Retention as evidence: linear and isothermal retention indices against n-alkanes, relative retention.

Why: an EI spectrum often cannot tell isomers apart, the time on a column can. Imports numpy and `spectra` only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spectra.chromatogram.background import number
from spectra.chromatogram.components import RunComponent, find_components
from spectra.types import FloatArray, MassRun, MassSpectrum, SpectrumError

SERIES = (43, 57, 71, 85, 99)
"""Ions of a saturated chain."""
LEAST_LADDER = 3


@dataclass(frozen=True, slots=True)
class RetentionIndex:
    """A retention index, or why there is none: `value` in index units (100 per carbon) or None, `reason` one sentence."""

    value: float | None
    reason: str = ""


@dataclass(frozen=True, eq=False)
class RetentionLadder:
    """n-Alkanes of one run: `time` (L,) in seconds rising, `carbons` (L,) rising. Made by `from_table` or `from_run`.

    >>> ladder = RetentionLadder.from_table([(100, 10), (200, 11), (320, 12)])
    >>> ladder.index(150).value, ladder.index(320).value
    (1050.0, 1200.0)
    >>> ladder.index(700).reason
    'after the last n-alkane (C12 at 5.33 min)'
    """

    time: FloatArray
    carbons: FloatArray

    @classmethod
    def from_table(cls, rows: Sequence[tuple[float, float]]) -> RetentionLadder:
        """Ladder of (time in seconds, carbons). Raises SpectrumError on fewer than three, and when not both rise."""
        table = np.array(sorted(rows), dtype=np.float64).reshape(-1, 2)
        if table.shape[0] < LEAST_LADDER:
            raise SpectrumError(f"a retention index needs at least {LEAST_LADDER} n-alkanes, got {table.shape[0]}")
        if not np.isfinite(table).all() or (table <= 0).any():
            raise SpectrumError("times and carbon numbers of n-alkanes must be finite and above zero")
        if (np.diff(table, axis=0) <= 0).any():
            raise SpectrumError("times and carbon numbers of n-alkanes must rise together: check the table")
        return cls(table[:, 0].copy(), table[:, 1].copy())

    @classmethod
    def from_run(
        cls, run: MassRun, carbons: Sequence[int] | None = None, *, first_carbon: int | None = None
    ) -> RetentionLadder:
        """Ladder of a run of n-alkanes: the components with an alkane's spectrum, in order of time.

        `carbons`: their carbon numbers, one for each alkane found; or `first_carbon`, and one more for each alkane
        after it. Without both the molecular ions (14 n + 2) decide,
        read as one series of consecutive carbon numbers; a gap in the series then shifts what comes after it, so a
        standard with gaps needs `carbons`. Raises SpectrumError when there are fewer than three alkanes, when the
        numbers do not fit, or when no molecular ion is seen.
        """
        found = [c for c in find_components(run).components if is_alkane(c.spectrum)]
        if len(found) < LEAST_LADDER:
            raise SpectrumError(f"only {len(found)} components of this run look like n-alkanes: is it the alkane run?")
        if carbons is None:
            first = _first_carbon(found) if first_carbon is None else first_carbon
            carbons = range(first, first + len(found))
        if len(carbons) != len(found):
            places = ", ".join(f"{c.retention_time_s / 60:.2f}" for c in found)
            raise SpectrumError(f"{len(carbons)} carbon numbers for {len(found)} n-alkanes, found at {places} min")
        return cls.from_table([(c.retention_time_s, n) for c, n in zip(found, carbons, strict=True)])

    def index(self, seconds: float) -> RetentionIndex:
        """Linear retention index of a time in a temperature-programmed run.

        I = 100 [n + (N − n)(t − t_n)/(t_N − t_n)] between the alkanes n and N on both sides (van den Dool & Kratz
        1963, doi:10.1016/S0021-9673(01)80947-X). Up to one carbon outside the ladder the last step is prolonged and
        the reason says so; further out there is no value. Not for isothermal runs: `kovats`.
        """
        return self._index(float(seconds), self.time)

    def kovats(self, seconds: float, dead_s: float) -> RetentionIndex:
        """Isothermal retention index: as `index` with the logarithm of adjusted times t − `dead_s` (Kováts 1958,
        doi:10.1002/hlca.19580410703). Raises SpectrumError when the dead time is not before all alkanes and the peak.
        """
        if not (0 <= dead_s < min(float(seconds), float(self.time[0]))):
            raise SpectrumError("the dead time must lie before the first n-alkane and before the peak")
        return self._index(float(np.log(seconds - dead_s)), np.log(self.time - dead_s))

    def _index(self, at: float, scale: FloatArray) -> RetentionIndex:
        if not np.isfinite(at):
            return RetentionIndex(None, "the retention time is not a number")
        k = int(np.clip(np.searchsorted(scale, at, side="right") - 1, 0, scale.size - 2))
        share = (at - scale[k]) / (scale[k + 1] - scale[k])
        carbons = float(self.carbons[k] + share * (self.carbons[k + 1] - self.carbons[k]))
        low, high = float(self.carbons[0]), float(self.carbons[-1])
        if low <= carbons <= high:
            return RetentionIndex(round(100 * carbons, 1))
        end, word = (0, "before the first") if carbons < low else (-1, "after the last")
        reason = f"{word} n-alkane (C{self.carbons[end]:.0f} at {self.time[end] / 60:.2f} min)"
        near = min(abs(carbons - low), abs(carbons - high)) <= number("retention", "beyond")
        return RetentionIndex(round(100 * carbons, 1), f"prolonged {reason}") if near else RetentionIndex(None, reason)


def is_alkane(spectrum: MassSpectrum) -> bool:
    """Whether an EI spectrum is that of a saturated chain: 43, 57 or 71 as base peak, 57 > 71 > 85 > 99, and two
    thirds of the signal above m/z 42 at ions C_nH_(2n+1) and their neighbours C_nH_(2n−1), C_nH_2n.

    Branched alkanes and long alkyl chains of other compounds can pass.
    """
    mass, height = np.floor(spectrum.mz + 0.351).astype(int), spectrum.intensity
    top = dict.fromkeys(SERIES, 0.0)
    for m, h in zip(mass.tolist(), height.tolist(), strict=True):
        if m in top:
            top[m] += h
    if int(mass[int(np.argmax(height))]) not in SERIES[:3]:
        return False
    falling = top[57] > top[71] > top[85] > top[99] > 0
    above = mass >= 43
    series = above & np.isin(mass % 14, (0, 1, 13))
    return falling and bool(height[series].sum() >= 2 / 3 * height[above].sum()) and top[85] >= 0.1 * top[57]


def _first_carbon(found: Sequence[RunComponent]) -> int:
    """The carbon number of the first alkane for which the most signal stands at molecular ions."""
    best, choice = 0.0, 0
    for first in range(5, 61 - len(found)):
        total = sum(_at(c.spectrum, 14 * (first + k) + 2) for k, c in enumerate(found))
        if total > best:
            best, choice = total, first
    if best <= 0:
        raise SpectrumError("no molecular ion of an n-alkane is seen: give the carbon numbers of the standard")
    return choice


def _at(spectrum: MassSpectrum, mass: int) -> float:
    """Share of one unit mass and nothing above its isotopes: a molecular ion has no heavier ions behind it."""
    masses = np.floor(spectrum.mz + 0.351).astype(int)
    heavier = float(spectrum.intensity[masses > mass + 2].sum())
    own = float(spectrum.intensity[masses == mass].sum())
    return max(0.0, own - heavier) / float(spectrum.intensity.sum())


def relative_retention(seconds: float, standard_s: float, dead_s: float = 0.0) -> float:
    """Retention relative to an internal standard, (t − t₀)/(t_standard − t₀); the dead time t₀ is often left out.

    Raises SpectrumError when the standard does not elute after the dead time.

    >>> round(relative_retention(330, 300), 3)
    1.1
    """
    if not (np.isfinite(seconds) and np.isfinite(standard_s) and standard_s > dead_s >= 0):
        raise SpectrumError("relative retention needs an internal standard that elutes after the dead time")
    return (seconds - dead_s) / (standard_s - dead_s)


def index_agrees(measured: float, expected: float) -> bool:
    """Whether two indices on the same kind of column agree: within ± 10 units (data/chromatogram.toml)."""
    return abs(measured - expected) <= number("retention", "index_window")


def relative_agrees(measured: float, expected: float) -> bool:
    """Whether two relative retentions agree: within ± 2 % of the expected one (data/chromatogram.toml).

    >>> relative_agrees(1.10, 1.09), relative_agrees(1.10, 1.20)
    (True, False)
    """
    return abs(measured - expected) <= number("retention", "relative_window") * abs(expected)

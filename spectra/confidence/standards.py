"""In-house standards: what replicates of a standard look like, and whether they exclude an isomer. Pure.

Why: an isomer is excluded only by its own standard, measured here: by retention, or by replicates that differ at some m/z.
A score excludes nothing. Imports numpy, scipy and `spectra` only; no database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr  # scipy.stats takes half a second to import

from spectra.confidence.limits import decision
from spectra.confidence.reasons import listed
from spectra.preprocess import prepare
from spectra.types import FloatArray, MassSpectrum, SpectrumError

LEAST_REPLICATES = 3
_KNOWN = 1e6  # degrees of freedom of a scatter that is not estimated


@dataclass(frozen=True, eq=False)
class ReplicateStatistics:
    """n replicates at every unit mass (M,) that any of them has: `mean`, `sd` (n − 1), `low`, `high` in % of base."""

    mz: NDArray[np.int64]
    mean: FloatArray
    sd: FloatArray
    low: FloatArray
    high: FloatArray
    n: int

    @classmethod
    def of(cls, spectra: Sequence[MassSpectrum]) -> ReplicateStatistics:
        """Statistics of replicate EI spectra; a mass that a replicate lacks counts as 0 there.

        Raises SpectrumError on fewer than two spectra.

        >>> a, b = MassSpectrum([58, 91], [100, 10]), MassSpectrum([58, 91], [100, 14])
        >>> s = ReplicateStatistics.of([a, b])
        >>> s.mz.tolist(), s.mean.round(1).tolist(), s.sd.round(2).tolist()
        ([58, 91], [100.0, 12.0], [0.0, 2.83])
        """
        if len(spectra) < 2:
            raise SpectrumError("statistics need at least two replicates of a standard: measure it again")
        mz, heights = _together([spectra])
        values = heights[0]
        return cls(mz, values.mean(0), values.std(0, ddof=1), values.min(0), values.max(0), len(spectra))


@dataclass(frozen=True, slots=True)
class Retention:
    """Where something elutes on one method: retention `index`, or time `relative` to a standard in the same run."""

    index: float | None = None
    relative: float | None = None
    method: str = ""


@dataclass(frozen=True, eq=False)
class Standard:
    """A reference material of this laboratory with its replicate spectra. `expires_on` is the last day it counts."""

    compound: str
    name: str
    spectra: tuple[MassSpectrum, ...]
    retention: Retention | None = None
    expires_on: date | None = None

    def expired(self, today: date) -> bool:
        """Whether it no longer counts as evidence."""
        return self.expires_on is not None and today > self.expires_on


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Whether one isomer is excluded. `by` "retention", "replicates" or ""; `reasons` in plain sentences."""

    compound: str
    name: str
    excluded: bool
    by: str
    reasons: tuple[str, ...]


def exclude_isomers(
    readings: Sequence[MassSpectrum],
    own: Standard,
    isomers: Sequence[Standard],
    retention: Retention | None = None,
    today: date | None = None,
) -> list[Exclusion]:
    """For every isomer whether the readings of one sample exclude it, given that they fit the standard `own`.

    By retention: the readings lie within the window of `own`, and the isomer's standard, measured on the same method, lies
    outside it. By replicates: unequal-variance t-test at every m/z ≥ 1 % of base (Bodnar Willard, McGuffin & Smith 2017,
    doi:10.1016/j.forsciint.2016.11.013; positional isomers: doi:10.1016/j.forc.2020.100261), 99.9 % confidence shared by all
    tested m/z (Bonferroni): the readings differ from the isomer at two m/z or more, and nowhere from `own`. A single
    reading is tested against the standard's prediction interval instead. Expired standards exclude nothing.

    Misleads: replicates of one day scatter less than those of a year; the test then excludes too easily. Standard
    deviations have a floor for that, but enrolled replicates of several days are what helps. Raises SpectrumError when
    there is no reading.
    """
    if not readings:
        raise SpectrumError("no reading was given to compare with the standards")
    day = today or date.today()
    return [_exclude(readings, own, isomer, retention, day) for isomer in isomers]


def differing(readings: Sequence[MassSpectrum], standard: Sequence[MassSpectrum]) -> tuple[list[int], int]:
    """m/z at which the readings differ from the replicates of a standard, and how many were tested.

    Needs three replicates of the standard; raises SpectrumError otherwise.
    """
    if len(standard) < LEAST_REPLICATES:
        raise SpectrumError(
            f"a standard needs {LEAST_REPLICATES} replicates to compare with, this one has {len(standard)}"
        )
    mz, (mine, theirs) = _together([readings, standard])
    tested = np.maximum(mine.mean(0), theirs.mean(0)) >= 100.0 * decision("standards", "least_share")
    # The base peak of both is 100 by definition and says nothing.
    tested &= ~((mine.min(0) >= 100.0) & (theirs.min(0) >= 100.0))
    mine, theirs = mine[:, tested], theirs[:, tested]
    if not mine.shape[1]:
        return [], 0
    p = _welch(mine, theirs)
    limit = decision("standards", "alpha") / mine.shape[1]
    return [int(m) for m in mz[tested][p < limit]], int(mine.shape[1])


def _welch(mine: FloatArray, theirs: FloatArray) -> FloatArray:
    """Two-sided p per column, degrees of freedom after Welch–Satterthwaite; one reading has the standard's scatter."""
    n, m = mine.shape[0], theirs.shape[0]
    b, vb, fb = _spread(theirs)
    a, va, fa = _spread(mine) if n > 1 else (mine[0], vb, fb)
    error = va / n + vb / m
    freedom = error**2 / ((va / n) ** 2 / fa + (vb / m) ** 2 / fb)
    return np.asarray(2 * stdtr(freedom, -np.abs(a - b) / np.sqrt(error)))


def _spread(values: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean, variance and degrees of freedom per column; a scatter below the floor is the floor, which counts as known."""
    mean, sd = values.mean(0), values.std(0, ddof=1)
    floor = decision("standards", "sd_floor_relative") * mean + 100.0 * decision("standards", "sd_floor_share")
    freedom = np.where(sd > floor, values.shape[0] - 1.0, _KNOWN)
    return mean, np.maximum(sd, floor) ** 2, freedom


def _together(groups: Sequence[Sequence[MassSpectrum]]) -> tuple[NDArray[np.int64], list[FloatArray]]:
    """All unit masses (M,) and each group's heights (n, M) in % of base."""
    peaks = [[prepare(s, accurate=False) for s in group] for group in groups]
    mz = np.unique(np.concatenate([p.mz for group in peaks for p in group])).astype(np.int64)
    out = []
    for group in peaks:
        rows = np.zeros((len(group), mz.size))
        for row, p in zip(rows, group, strict=True):
            row[np.searchsorted(mz, p.mz.astype(np.int64))] = 100.0 * p.intensity / p.intensity.max()
        out.append(rows)
    return mz, out


def _exclude(
    readings: Sequence[MassSpectrum], own: Standard, isomer: Standard, retention: Retention | None, today: date
) -> Exclusion:
    for standard in (own, isomer):
        if standard.expired(today):
            reason = f"The standard of {standard.name} expired on {standard.expires_on}: it excludes nothing."
            return Exclusion(isomer.compound, isomer.name, False, "", (reason,))
    by_time, why_time = _by_retention(retention, own, isomer)
    if by_time:
        return Exclusion(isomer.compound, isomer.name, True, "retention", (why_time,))
    by_ions, why_ions = _by_replicates(readings, own, isomer)
    return Exclusion(isomer.compound, isomer.name, by_ions, "replicates" if by_ions else "", (why_time, why_ions))


def _by_retention(retention: Retention | None, own: Standard, isomer: Standard) -> tuple[bool, str]:
    if retention is None or own.retention is None or isomer.retention is None:
        return False, f"Retention does not exclude {isomer.name}: it is not known for the reading and both standards."
    if len({retention.method, own.retention.method, isomer.retention.method}) > 1:
        return False, f"Retention does not exclude {isomer.name}: the standards ran on another method."
    for word, key in (("retention index", "index"), ("relative retention", "relative")):
        here, mine, theirs = (getattr(r, key) for r in (retention, own.retention, isomer.retention))
        if here is None or mine is None or theirs is None:
            continue
        window = decision("standards", f"{key}_window") * (1.0 if key == "index" else mine)
        said = f"{word} {here:.5g}, {own.name} {mine:.5g}, {isomer.name} {theirs:.5g}, window ± {window:.3g}"
        if abs(here - mine) > window:
            return False, f"The reading does not elute with the standard of {own.name} ({said}): nothing is excluded."
        # Both windows must be apart: a standard just outside could drift inside.
        if abs(here - theirs) > window and abs(mine - theirs) > window:
            return True, f"{isomer.name} is excluded by retention: {said}."
        return False, f"Retention does not tell {isomer.name} apart: {said}."
    return False, f"Retention does not exclude {isomer.name}: no common measure of it was recorded."


def _by_replicates(readings: Sequence[MassSpectrum], own: Standard, isomer: Standard) -> tuple[bool, str]:
    few = [s for s in (own, isomer) if len(s.spectra) < LEAST_REPLICATES]
    if few:
        names = listed([s.name for s in few])
        return False, f"Replicates exclude nothing: {LEAST_REPLICATES} runs are needed of {names}."
    strange, _ = differing(readings, own.spectra)
    if strange:
        at = listed([str(m) for m in strange])
        return (
            False,
            f"The reading differs from the standard of {own.name} itself at m/z {at}: replicates exclude nothing.",
        )
    apart, tested = differing(readings, isomer.spectra)
    at = listed([str(m) for m in apart])
    if len(apart) >= decision("standards", "least_ions"):
        return (
            True,
            f"{isomer.name} is excluded by its replicates: {len(apart)} of {tested} m/z differ ({at}), those of {own.name} nowhere.",
        )
    found = f"only m/z {at} differs" if apart else "no m/z differs"
    return False, f"Replicates do not exclude {isomer.name}: {found} of {tested} tested."

"""GC-MS runs made in code: exponentially modified Gaussian peaks of given spectra, column bleed, air, ion statistics.

Intensities are counts of an electron multiplier: `PER_ION` counts per ion (Poisson), electronic noise, a threshold
below which the instrument writes nothing. Resolution is time difference / (4 σ), σ² = σ_gauss² + τ².
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx

from spectra import MassRun, MassSpectrum
from spectra.preprocess import nominal_mass
from tests.instruments.andi_files import andi_ms
from tests.instruments.instrument_files import mzml, spectrum

FULL_SCALE = 4e6  # total ion current of a peak of abundance 100 % at its apex, counts
PER_ION = 40.0
ELECTRONIC = 25.0
THRESHOLD = 60.0
BLEED = {73: 40, 96: 8, 133: 12, 147: 10, 191: 14, 207: 100, 208: 20, 209: 14, 253: 8, 281: 45, 282: 12, 283: 7, 327: 6,
         355: 8}  # fmt: skip
AIR = {28: 60, 32: 15, 40: 6, 44: 10}


@dataclass(frozen=True)
class Eluting:
    """One substance that leaves the column: `abundance` in percent of full scale, `time` of the Gaussian's centre, s."""

    key: str
    spectrum: MassSpectrum
    time: float
    abundance: float = 100.0
    resolution: float | None = None  # from its neighbour; None where it stands alone


@dataclass(frozen=True)
class Column:
    """How the instrument behaves: seconds between scans, σ and τ of a peak in seconds, bleed as TIC at the end.

    `growth`: peaks at the end are this much broader; `wobble`: σ and τ differ so much from substance to substance;
    `skew`: share of the time between scans that a sweep from the highest to the lowest mass takes (a quadrupole).
    """

    scans: int = 3000
    step: float = 0.4
    start: float = 180.0
    sigma: float = 1.2
    tau: float = 0.5
    bleed: float = 2e5
    air: float = 1e4
    masses: tuple[int, int] = (40, 550)
    growth: float = 0.3
    wobble: float = 0.1
    skew: float = 0.9
    noise: bool = True

    @property
    def width(self) -> float:
        """Standard deviation of a peak in seconds."""
        return float(np.hypot(self.sigma, self.tau))

    @property
    def time(self) -> NDArray[np.float64]:
        """Time of each scan."""
        return self.start + self.step * np.arange(self.scans)


@dataclass(frozen=True)
class Simulated:
    """A run with its truth."""

    run: MassRun
    parts: tuple[Eluting, ...]
    column: Column
    scans: tuple[tuple[NDArray[np.float64], NDArray[np.float64]], ...] = field(repr=False, default=())

    def mzml(self) -> bytes:
        """The run as an mzML file, 32-bit and uncompressed."""
        rows = zip(self.scans, self.column.time, strict=True)
        return mzml(*(spectrum(k, m, i, seconds=float(t), dtype="<f4") for k, ((m, i), t) in enumerate(rows)))  # type: ignore[arg-type]

    def andi(self) -> bytes:
        """The run as an ANDI/MS file."""
        return andi_ms(self.scans, unlimited=False, scan_acquisition_time=self.run.retention_time)  # type: ignore[arg-type]


def emg(time: NDArray[np.float64], centre: float, sigma: float, tau: float) -> NDArray[np.float64]:
    """Exponentially modified Gaussian with its highest value 1."""
    if tau <= 0:
        return np.exp(-0.5 * ((time - centre) / sigma) ** 2)
    z = (sigma / tau - (time - centre) / sigma) / np.sqrt(2)
    gauss = np.exp(-0.5 * ((time - centre) / sigma) ** 2)
    with np.errstate(over="ignore", invalid="ignore"):
        curve = np.where(z > -5, gauss * erfcx(np.maximum(z, -5)), 2 * np.exp(np.minimum(
            0.5 * (sigma / tau) ** 2 - (time - centre) / tau, 50)))  # fmt: skip
    return np.asarray(curve / curve.max()) if curve.max() > 0 else curve


def apex_of(column: Column, part: Eluting) -> float:
    """The time a report should give: the highest point, half a sweep before the end of the scan."""
    wide = 1 + column.growth * (part.time - column.start) / (column.scans * column.step)
    fine = np.arange(part.time - 6, part.time + 6, 0.01)
    top = fine[int(np.argmax(emg(fine, part.time, column.sigma * wide, column.tau * wide)))]
    return float(top - 0.5 * column.skew * column.step)


def simulate(parts: Sequence[Eluting], column: Column = Column(), seed: int = 0) -> Simulated:
    """Scans of a run in which `parts` elute."""
    rng = np.random.default_rng(seed)
    low, high = column.masses
    clean = _background(column)
    for part in parts:
        mass = nominal_mass(part.spectrum.mz)
        inside = (mass >= low) & (mass <= high)
        pattern = np.bincount(mass[inside] - low, weights=part.spectrum.intensity[inside], minlength=high - low + 1)
        wide = 1 + column.growth * (part.time - column.start) / (column.scans * column.step)
        sigma, tau = (width * wide * np.exp(rng.normal(0, column.wobble)) for width in (column.sigma, column.tau))
        sweep = column.skew * column.step * (high - np.arange(low, high + 1)) / (high - low)
        lit = np.flatnonzero(pattern)
        at = column.time[:, None] + sweep[lit]
        shape = emg(at.ravel(), part.time, sigma, tau).reshape(at.shape) * part.abundance / 100 * FULL_SCALE
        clean[:, lit] += shape * (pattern[lit] / pattern.sum())
    counts = clean
    if column.noise:
        counts = rng.poisson(clean / PER_ION) * PER_ION + rng.normal(0, ELECTRONIC, clean.shape)
    counts = np.rint(counts)
    lit = counts >= THRESHOLD
    mz = np.arange(low, high + 1) + 0.1
    scans = tuple((mz[row], values[row]) for row, values in zip(lit, counts, strict=True))
    run = MassRun([MassSpectrum(m, i, None, "EI", float(t), 1) if m.size else MassSpectrum([mz[0]], [0.0], None, "EI", float(t), 1)
                   for (m, i), t in zip(scans, column.time, strict=True)], column.time)  # fmt: skip
    return Simulated(run, tuple(parts), column, scans)


def _background(column: Column) -> NDArray[np.float64]:
    low, high = column.masses
    out = np.zeros((column.scans, high - low + 1))
    rise = 1 / (1 + np.exp(-8 * (np.linspace(0, 1, column.scans) - 0.7)))
    for ions, level, curve in ((BLEED, column.bleed, rise), (AIR, column.air, np.ones(column.scans))):
        for mass, share in ions.items():
            if low <= mass <= high:
                out[:, mass - low] += level * share / sum(ions.values()) * curve
    return out


def crowded(
    spectra: Sequence[tuple[str, MassSpectrum]], seed: int, column: Column = Column(),
    resolutions: Sequence[float] = (0.3, 0.5, 0.7, 1.0), abundances: Sequence[float] = (100, 30, 10, 3, 1),
    gap: float = 24.0,
) -> list[Eluting]:  # fmt: skip
    """Pairs of every resolution and pair of abundances, and substances alone, until the run is full; no key twice."""
    rng = np.random.default_rng(seed)
    keys = list(dict.fromkeys(key for key, _ in spectra))
    rng.shuffle(keys)
    pools = {key: [s for k, s in spectra if k == key] for key in keys}
    time, out = float(column.time[0]) + 40, []
    while time < column.time[-1] - 30 and len(keys) > 1:
        distance = rng.choice([0.0, *resolutions])
        for k in range(2 if distance else 1):
            key = keys.pop()
            at = time + k * distance * 4 * column.width
            out.append(Eluting(key, pools[key][rng.integers(len(pools[key]))], at, float(rng.choice(abundances)),
                               float(distance) or None))  # fmt: skip
        time += gap + rng.uniform(0, 4)
    return out

"""A small world for tests of the joint answer: look-alike EI spectra, infrared curves of their own, one register.

3-CEC and 4-CEC have almost one EI spectrum and two infrared curves.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from spectra import (
    InfraredLibrary,
    InfraredSpectrum,
    MassLibrary,
    MassSpectrum,
    SampleLibraries,
    SampleReading,
    SampleRegister,
)
from spectra.confidence.calibration import shipped
from spectra.infrared_grid import GRID

THREE, FOUR, CAFFEINE, COCAINE, SUGAR = (
    "AAAAAAAAAAAAAA",
    "BBBBBBBBBBBBBB",
    "CCCCCCCCCCCCCC",
    "DDDDDDDDDDDDDD",
    "SSSSSSSSSSSSSS",
)
NAMES = {THREE: "3-CEC", FOUR: "4-CEC", CAFFEINE: "Caffeine", COCAINE: "Cocaine", SUGAR: "Mannitol"}
REGISTER = SampleRegister(
    names=NAMES,
    same={"D-SALT": COCAINE, "cocaine hydrochloride": COCAINE},
    classes={THREE: frozenset({"cathinone"}), FOUR: frozenset({"cathinone"})},
    blind={"gc_ms": frozenset({SUGAR})},
)
_CEC = {72: 999, 44: 250, 111: 120, 75: 90, 139: 85, 113: 40, 70: 60, 42: 80, 141: 28, 77: 25, 50: 22, 51: 20, 56: 15, 73: 50,
        103: 12, 115: 14, 138: 8, 140: 9, 147: 5, 149: 3, 211: 2}  # fmt: skip
_SPECTRA: dict[str, dict[int, float]] = {
    THREE: dict(_CEC) | {111: 126, 75: 96},
    FOUR: dict(_CEC) | {111: 117, 75: 88, 139: 89},
    CAFFEINE: {194: 999, 109: 600, 67: 430, 55: 410, 82: 300, 193: 110, 195: 95, 165: 40, 136: 30, 137: 60, 42: 180, 40: 40, 81: 40,
               94: 20, 110: 65, 120: 12, 122: 10, 150: 8, 108: 35, 66: 30, 41: 45},
    COCAINE: {182: 999, 82: 920, 83: 400, 105: 350, 303: 200, 77: 330, 94: 380, 96: 240, 198: 110, 272: 85, 42: 310, 55: 130, 122: 100,
              152: 55, 81: 170, 97: 150, 108: 90, 150: 40, 155: 50, 166: 45, 304: 40},
}  # fmt: skip


def ei(*parts: str, ratio: tuple[float, ...] = (1.0, 1.0, 1.0)) -> MassSpectrum:
    """The EI spectrum of these compounds added up."""
    total: dict[int, float] = {}
    for compound, weight in zip(parts, ratio, strict=False):
        for mass, height in _SPECTRA[compound].items():
            total[mass] = total.get(mass, 0.0) + weight * height
    return MassSpectrum(list(map(float, total)), list(total.values()))


@cache
def mass_library(*without: str) -> MassLibrary:
    """All four EI spectra, with MAST's calibration taken as this library's own so that probabilities are printed."""
    kept = [c for c in _SPECTRA if c not in without]
    rows = [_SPECTRA[c] for c in kept]
    library = MassLibrary.from_arrays(
        [float(m) for row in rows for m in row],
        [float(i) for row in rows for i in row.values()],
        np.r_[0, np.cumsum([len(row) for row in rows])],
        names=[NAMES[c] for c in kept],
        compounds=kept,
    )
    library.calibration = shipped("ei")
    return library


@cache
def curve(compound: str) -> np.ndarray:
    """The infrared curve of a compound: a dozen bands drawn by its key."""
    rng = np.random.default_rng(sum(map(ord, compound)))
    out = np.zeros(GRID.size)
    for at, width, height in zip(
        rng.uniform(750, 1750, 14), rng.uniform(6, 16, 14), rng.uniform(0.15, 1.0, 14), strict=True
    ):
        out += height / (1.0 + ((GRID - at) / width) ** 2)
    return out / out.max()


OTHERS = tuple(letter * 14 for letter in "EFGHIJ")
"""Infrared references of substances nobody asks about."""


@cache
def infrared_library(*without: str) -> InfraredLibrary:
    """References of all compounds, named ones and others."""
    kept = [c for c in (*NAMES, *OTHERS) if c not in without]
    named = [NAMES.get(c, f"Other {c[0]}") for c in kept]
    return InfraredLibrary.from_arrays(GRID, np.array([curve(c) for c in kept]), names=named, compounds=kept)


def infrared(*parts: str, ratio: tuple[float, ...] = (1.0, 1.0, 1.0), seed: int = 1) -> InfraredSpectrum:
    """An infrared reading of these compounds, with noise and a slope."""
    rng = np.random.default_rng(seed)
    total = sum((w * curve(c) for c, w in zip(parts, ratio, strict=False)), np.zeros(GRID.size))
    total = total / total.max() + 0.03 * (GRID - GRID[0]) / np.ptp(GRID)
    return InfraredSpectrum(GRID, total + rng.normal(0.0, 0.003, GRID.size))


def libraries(no_ei: tuple[str, ...] = (), no_infrared: tuple[str, ...] = ()) -> SampleLibraries:
    """Both libraries, each without some compounds."""
    return SampleLibraries(mass_library(*no_ei), infrared_library(*no_infrared))


def gc(*parts: str, key: str = "gc") -> SampleReading:
    """An EI reading of the whole sample."""
    return SampleReading(key, "gc_ms", ei(*parts))


def ir(*parts: str, key: str = "ir") -> SampleReading:
    """An infrared reading of the sample."""
    return SampleReading(key, "ftir", infrared(*parts))

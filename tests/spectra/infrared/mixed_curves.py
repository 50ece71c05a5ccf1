"""A small made-up infrared library and readings of it whose composition is known."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from spectra import InfraredLibrary, InfraredSpectrum
from spectra.infrared.explain import fit_components
from spectra.infrared.mixture import Final
from spectra.infrared_grid import curve

AXIS = np.arange(802.0, 3792.0, 2.0)
COUNT = 12


@cache
def curves() -> NDArray[np.float64]:
    """Twelve curves of fourteen bands each, largest absorbance 1, (12, 1495)."""
    rng = np.random.default_rng(11)
    out = []
    for _ in range(COUNT):
        position = np.concatenate([rng.uniform(830, 1780, 11), rng.uniform(2820, 3500, 3)])
        width, height = rng.uniform(5, 14, 14), rng.uniform(0.15, 1.0, 14)
        bands = height / (1 + ((AXIS[:, None] - position) / width) ** 2)
        out.append(bands.sum(axis=1))
    made = np.array(out)
    return np.asarray(made / made.max(axis=1, keepdims=True))


def library(without: tuple[int, ...] = (), **info: object) -> InfraredLibrary:
    """All curves but some, named and keyed S0 … S11."""
    kept = [k for k in range(COUNT) if k not in without]
    names = [f"S{k}" for k in kept]
    return InfraredLibrary.from_arrays(AXIS, curves()[kept], names=names, compounds=names, info=info)


def reading(shares: dict[int, float], snr: float = 300.0, seed: int = 0, size: float = 0.6) -> InfraredSpectrum:
    """A reading of these shares on a sloping baseline, moved by 1 cm⁻¹, with noise."""
    rng = np.random.default_rng(seed)
    total = sum((part * curves()[k] for k, part in shares.items()), np.zeros(AXIS.size))
    moved = np.interp(AXIS - 1.0, AXIS, total)
    y = moved + 0.02 + 0.03 * (AXIS - 802.0) / 3000.0 + rng.normal(0, moved.max() / snr, AXIS.size)
    return InfraredSpectrum(AXIS, size * y)


def settled(shares: dict[int, float], held: InfraredLibrary, snr: float = 300.0, seed: int = 0) -> Final:
    """The settled set of such a reading."""
    return fit_components(held, curve(reading(shares, snr, seed)), 5)

"""Instrument files for a newcomer to upload: written from the figures of the starter libraries, with some noise.

They are made up and say so in their titles; real files from your own instruments work the same way.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.operations.demo_mass import msp
from spectra import (
    InfraredLibrary,
    InfraredSpectrum,
    MassLibrary,
    MassSpectrum,
    starter_infrared_library,
    starter_mass_library,
)
from spectra.types import FloatArray

SEED = 7


def write(folder: Path) -> None:
    """Write the files once."""
    folder.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(SEED)
    infrared = _spectra(starter_infrared_library())
    mass = _spectra(starter_mass_library())
    for name in ("mdma", "cocaine", "ketamine"):
        curve, peaks = infrared.get(name), mass.get(name)
        if isinstance(curve, InfraredSpectrum):
            (folder / f"{name}-infrared.jdx").write_text(_drug(name, curve, noise))
        if isinstance(peaks, MassSpectrum):
            (folder / f"{name}-gcms.msp").write_text(_msp(name, peaks, noise))


def _spectra(library: InfraredLibrary | MassLibrary) -> dict[str, InfraredSpectrum | MassSpectrum]:
    return {name.casefold(): library.entry(number).spectrum for number, name in enumerate(library.names)}


def _drug(name: str, curve: InfraredSpectrum, noise: np.random.Generator) -> str:
    seen = np.isfinite(curve.absorbance)
    x, y = curve.wavenumber[seen], curve.absorbance[seen]
    grid = np.arange(np.ceil(x[0] / 2) * 2, x[-1], 2.0)
    return jcamp(name, grid, 0.6 * np.interp(grid, x, y) / y.max() + noise.normal(0, 0.002, grid.size))


def jcamp(title: str, grid: FloatArray, absorbance: FloatArray) -> str:
    """An infrared spectrum on a grid of 2 cm⁻¹, rising, as JCAMP-DX."""
    ordinates = np.round(absorbance * 1e6).astype(int)
    lines = [
        f"##TITLE=Example, made up: {title}", "##JCAMP-DX=4.24", "##DATA TYPE=INFRARED SPECTRUM", "##ORIGIN=MAST example",
        "##OWNER=public domain", "##XUNITS=1/CM", "##YUNITS=ABSORBANCE", "##XFACTOR=1", "##YFACTOR=0.000001",
        f"##FIRSTX={grid[0]:g}", f"##LASTX={grid[-1]:g}", f"##FIRSTY={ordinates[0] * 1e-6:.6f}", "##DELTAX=2",
        f"##NPOINTS={grid.size}", "##XYDATA=(X++(Y..Y))",
    ]  # fmt: skip
    lines += [f"{grid[i]:g} " + " ".join(str(v) for v in ordinates[i : i + 8]) for i in range(0, grid.size, 8)]
    return "\r\n".join([*lines, "##END=", ""])


def _msp(name: str, peaks: MassSpectrum, noise: np.random.Generator) -> str:
    intensity = np.maximum(1, peaks.intensity * noise.normal(1, 0.1, peaks.intensity.size))
    return msp(f"GC peak 1 ({name})", MassSpectrum(peaks.mz, np.round(999 * intensity / intensity.max())))

"""Infrared of the example: two instruments with daily checks, one of which has drifted today, and mixtures to look at. And files of
single drugs for a newcomer to upload, infrared and mass spectra; real files from your own instruments work the same way.

All is made up from the figures of the starter libraries and of polystyrene, with noise, and says so in its names and titles.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import numpy as np

import spectra
from app.laboratory.identification.domain import Method
from app.laboratory.instrument_checks import service as checks
from app.laboratory.instrument_checks.domain import NewCheck
from app.laboratory.readings import machines as reading_machines
from app.laboratory.readings import references
from app.operations.demo_mass import msp
from app.platform.db import UnitOfWork
from app.platform.storage import BlobStore
from instruments import read
from spectra.infrared.check import material
from spectra.infrared_grid import GRID
from spectra.types import FloatArray

SEED, SEED_OF_DRUGS = 23, 7
GOOD, DRIFTED = "FTIR 1 (example)", "FTIR 2 (example)"
CHECKS: Mapping[str, tuple[str, tuple[float, ...]]] = {
    GOOD: ("polystyrene_film", (-0.1, 0.1, 0.2, 0.1, 0.2)),
    DRIFTED: ("paracetamol_atr", (0.2, 0.5, 0.9, 1.5, 2.6)),
}
"""Instrument → what it is checked with, and by how much its scale was off (cm⁻¹) on each of these days, today last."""
MIXTURE = "cocaine-cut-infrared.jdx"
MIXTURES: Mapping[str, tuple[Mapping[str, float], tuple[float, ...]]] = {
    MIXTURE: ({"cocaine": 0.6, "phenacetin": 0.3, "caffeine": 0.15}, ()),
    "mdma-and-something-else-infrared.jdx": ({"mdma": 0.7}, (2226.0, 1594.0, 1132.0, 949.0, 611.0)),
}
"""File → its parts, and bands (cm⁻¹) of something that the starter library does not hold."""
SLOPE, SHIFT, NOISE, UNLIKE = 0.04, 1.2, 0.003, 0.04
"""As another instrument sees it: slope of the baseline, shift in cm⁻¹, noise, and by how much bands differ in height."""


def keep_instruments(uow: UnitOfWork, blobs: BlobStore) -> uuid.UUID:
    """Two instruments, checked on each of the last days; today one of them has drifted. Returns the key of the good one."""
    today, machines = uow.now, {}
    for name, (what, shifts) in CHECKS.items():
        machines[name] = reading_machines.add_instrument(
            uow, reading_machines.NewInstrument(name, Method.FTIR, serial="made up")
        ).id
        for ago, shift in zip(range(len(shifts) - 1, -1, -1), shifts, strict=True):
            uow.now = today - timedelta(days=ago)
            file_name = f"{what}-{uow.now:%Y-%m-%d}.jdx"
            held = blobs.hold_now([jcamp(material(what).title, *_known_material(what, shift)).encode()])
            source = checks.CheckSource(references.infrared_in(read(held.path, file_name)), None, held, file_name)
            checks.record(uow, NewCheck(machines[name], what), source)
    uow.now = today
    return machines[GOOD]


def write(folder: Path) -> None:
    """Write the files once."""
    for number, (name, (parts, foreign)) in enumerate(MIXTURES.items()):
        title = " and ".join([", ".join(parts), *(["something else"] if foreign else [])])
        (folder / name).write_text(jcamp(title, *mixture(parts, foreign, number)))


def mixture(parts: Mapping[str, float], foreign: tuple[float, ...], seed: int) -> tuple[FloatArray, FloatArray]:
    """Wavenumbers (cm⁻¹) and absorbance of starter entries by name, each times its factor, as an instrument sees them."""
    library = spectra.starter_infrared_library()
    places = {name.casefold(): number for number, name in enumerate(library.names)}
    curves = [factor * np.asarray(library.curves[places[name]], dtype=np.float64) for name, factor in parts.items()]
    seen = np.isfinite(np.sum(curves, axis=0))
    x = GRID[seen]
    y = np.interp(x - SHIFT, x, np.sum(curves, axis=0)[seen]) * (1 + UNLIKE * np.sin(x / 70.0 + seed))
    y += SLOPE * (x - x[0]) / (x[-1] - x[0])
    return x, y + _lines(x, foreign, 0.35, 9.0) + _noise(seed, x.size, NOISE)


def _known_material(what: str, shift: float) -> tuple[FloatArray, FloatArray]:
    x = np.arange(600.0, 3801.0, 2.0)
    places = tuple(place + shift for place in material(what).bands)
    return x, _lines(x, places, 0.6, 4.0) + _noise(round(100 * shift), x.size, 2e-4)


def _lines(x: FloatArray, places: tuple[float, ...], height: float, width: float) -> FloatArray:
    """Lorentzian bands of half width `width`, not all equally high."""
    out = np.zeros(x.size)
    for number, place in enumerate(places):
        out += height * (1.0 - 0.15 * (number % 4)) / (1.0 + ((x - place) / width) ** 2)
    return out


def _noise(seed: int, size: int, level: float) -> FloatArray:
    return np.random.default_rng([SEED, seed + 1000]).normal(0.0, level, size)


def write_drugs(folder: Path) -> None:
    """Write the files of single drugs once."""
    folder.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(SEED_OF_DRUGS)
    infrared = _spectra(spectra.starter_infrared_library())
    mass = _spectra(spectra.starter_mass_library())
    for name in ("mdma", "cocaine", "ketamine"):
        curve, peaks = infrared.get(name), mass.get(name)
        if isinstance(curve, spectra.InfraredSpectrum):
            (folder / f"{name}-infrared.jdx").write_text(_drug(name, curve, noise))
        if isinstance(peaks, spectra.MassSpectrum):
            (folder / f"{name}-gcms.msp").write_text(_msp(name, peaks, noise))


def _spectra(
    library: spectra.InfraredLibrary | spectra.MassLibrary,
) -> dict[str, spectra.InfraredSpectrum | spectra.MassSpectrum]:
    return {name.casefold(): library.entry(number).spectrum for number, name in enumerate(library.names)}


def _drug(name: str, curve: spectra.InfraredSpectrum, noise: np.random.Generator) -> str:
    seen = np.isfinite(curve.absorbance)
    x, y = curve.wavenumber[seen], curve.absorbance[seen]
    grid = np.arange(np.ceil(x[0] / 2) * 2, x[-1], 2.0)
    return jcamp(name, grid, 0.6 * np.interp(grid, x, y) / np.max(y) + noise.normal(0, 0.002, grid.size))


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


def _msp(name: str, peaks: spectra.MassSpectrum, noise: np.random.Generator) -> str:
    intensity = np.maximum(1, peaks.intensity * noise.normal(1, 0.1, peaks.intensity.size))
    return msp(f"GC peak 1 ({name})", spectra.MassSpectrum(peaks.mz, np.round(999 * intensity / intensity.max())))

"""Accurate-mass samples: the development mixtures, their library, and more mixtures made by the same recipe.

Our own mixtures use only the source spectra of the 54 development compounds (never the library's own): each energy of
each part is brought to sum 1, mixed by ratio, given 2.5 ppm of mass jitter and 10 % of intensity scatter, 5 to 11 noise
peaks at random m/z, and cut below 0.4 % of the base peak: what the development mixtures show. Imports the readers'
output and `spectra` only.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectra import FormulaLibrary, MassLibrary, MassSpectrum
from spectra.exactmass import FormulaEntry, adduct_mz, isotope_pattern

Peaks = tuple[NDArray[np.float64], NDArray[np.float64]]
JITTER_PPM, SCATTER, FLOOR = 2.5, 0.10, 0.004
TWO, THREE, FOUR = ([1, 1], [3, 1], [10, 1]), ([1, 1, 1], [6, 3, 1], [20, 5, 1]), ([1] * 4, [4, 3, 2, 1], [10, 5, 2, 1])


@dataclass(frozen=True, eq=False)
class Sample:
    """Spectra at rising energies, the compounds in them and their ratio (same order)."""

    id: str
    truth: tuple[str, ...]
    ratio: tuple[float, ...]
    spectra: tuple[MassSpectrum, ...]


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@cache
def _rows(data: Path) -> list[dict[str, Any]]:
    return _lines(data / "ms" / "lib" / "massbank_3energy.jsonl")


def library(data: Path, without: frozenset[str] = frozenset(), precursors: bool = True) -> MassLibrary:
    """The three-energy library as it is (it holds no source spectrum of the mixtures), less some compounds."""
    rows = [
        (r, e, np.array(p)) for r in _rows(data) for e, p in enumerate(r["energies"]) if r["inchikey14"] not in without
    ]
    return MassLibrary.from_arrays(
        np.concatenate([p[:, 0] for _, _, p in rows]),
        np.concatenate([p[:, 1] for _, _, p in rows]),
        np.r_[0, np.cumsum([len(p) for _, _, p in rows])],
        names=[r["name"] for r, _, _ in rows],
        compounds=[r["inchikey14"] for r, _, _ in rows],
        precursor_mz=[r["precursor_mz"] for r, _, _ in rows] if precursors else None,
        energy=[e for _, e, _ in rows],
        accurate=True,
    )


def development(data: Path) -> list[Sample]:
    """The development mixtures."""
    return [
        Sample(
            q["id"],
            tuple(q["truth"]),
            tuple(q["ratio"]),
            tuple(MassSpectrum(*np.array(peaks).T, ionisation="ESI") for peaks in q["energies"]),
        )
        for q in _lines(data / "ms" / "dev" / "am_mixtures.jsonl")
    ]


def sources(data: Path) -> dict[str, list[list[Peaks]]]:
    """Development compound → its source series, each three energies of peaks."""
    with np.load(data / "ms" / "lib" / "massbank_ms2.npz") as arrays:
        held = {name: arrays[name] for name in ("mz", "intensity", "offsets", "accession")}
    at = {str(a): k for k, a in enumerate(held["accession"])}
    out: dict[str, dict[tuple[str, ...], list[Peaks]]] = {}
    for q in _lines(data / "ms" / "dev" / "am_mixtures.jsonl"):
        for compound, accessions in zip(q["truth"], q["src"], strict=True):
            parts = [slice(*held["offsets"][at[a] : at[a] + 2]) for a in accessions]
            series = [(held["mz"][p], held["intensity"][p].astype(np.float64)) for p in parts]
            out.setdefault(compound, {})[tuple(accessions)] = series
    return {c: [found[key] for key in sorted(found)] for c, found in sorted(out.items())}


def mixed(
    parts: Sequence[Sequence[Peaks]], ratio: Sequence[float], rng: np.random.Generator
) -> tuple[MassSpectrum, ...]:
    """One sample by the recipe above; `parts` are series of equally many energies."""
    share = np.array(ratio, dtype=np.float64) / sum(ratio)
    out = []
    for energy in range(len(parts[0])):
        mz = np.concatenate([p[energy][0] for p in parts])
        height = np.concatenate([p[energy][1] / p[energy][1].sum() * s for p, s in zip(parts, share, strict=True)])
        mz = mz * (1 + rng.normal(0, JITTER_PPM * 1e-6, mz.size))
        height = height * np.exp(rng.normal(0, SCATTER, height.size))
        noise = int(rng.integers(5, 12))
        mz = np.r_[mz, rng.uniform(50, 400, noise)]
        height = np.r_[height / height.max(), FLOOR + rng.exponential(0.012, noise)]
        keep = height >= FLOOR
        out.append(MassSpectrum(mz[keep], height[keep], ionisation="ESI"))
    return tuple(out)


def simulated(
    data: Path, singles: int = 2, twos: int = 0, threes: int = 0, fours: int = 60, seed: int = 1
) -> list[Sample]:
    """Single components (`singles` of every compound) and mixtures of two, three and four, ratios by turn."""
    rng = np.random.default_rng(seed)
    known = sources(data)
    names = sorted(known)
    out: list[Sample] = []

    def add(compounds: Sequence[str], ratio: Sequence[float]) -> None:
        parts = [known[c][int(rng.integers(len(known[c])))] for c in compounds]
        out.append(Sample(f"own-{len(out)}", tuple(compounds), tuple(ratio), mixed(parts, ratio, rng)))

    for name in names:
        for _ in range(singles):
            add([name], [1])
    for size, count, ratios in ((2, twos, TWO), (3, threes, THREE), (4, fours, FOUR)):
        for k in range(count):
            add([names[i] for i in rng.choice(len(names), size, replace=False)], ratios[k % 3])
    return out


def formulas(data: Path) -> FormulaLibrary:
    """The register as formulae."""
    with (data / "register" / "substances.tsv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["formula"]]
    return FormulaLibrary(tuple(FormulaEntry(r["name"], r["inchikey"][:14], r["formula"], r["id"]) for r in rows))


def screens(data: Path, count: int, offset_ppm: float, seed: int = 2) -> list[tuple[MassSpectrum, set[str]]]:
    """DART-like screens of 1 to 4 register substances (low energy, isotopes added, caffeine as lock mass, mass scale off
    by `offset_ppm`) with the formulae in them; intact
    masses are those of the formula (some library spectra are tens of ppm off themselves); ratios fall from 1 to 0.1."""
    rng = np.random.default_rng(seed)
    formula_of = {e.compound: e.formula for e in formulas(data).entries}
    known = {r["inchikey14"]: r for r in _rows(data) if r["inchikey14"] in formula_of}
    names = sorted(known)
    out = []
    for _ in range(count):
        chosen = [names[i] for i in rng.choice(len(names), int(rng.integers(1, 5)), replace=False)]
        mz, height = [np.array([adduct_mz("C8H10N4O2")])], [np.array([0.5])]
        for compound, share in zip(chosen, np.geomspace(1.0, 0.1, 4), strict=False):
            peaks = np.array(known[compound]["energies"][0])
            part = peaks[:, 1] / peaks[:, 1].sum() * share
            pattern, abundance = isotope_pattern(formula_of[compound])
            intact = np.abs(peaks[:, 0] - known[compound]["precursor_mz"]) < 0.02
            peaks[intact, 0] = adduct_mz(formula_of[compound])
            mz += [peaks[:, 0], pattern[1:4] - pattern[0] + adduct_mz(formula_of[compound])]
            height += [part, abundance[1:4] * float(part[intact].sum())]
        m, h = np.concatenate(mz), np.concatenate(height)
        m = m * (1 + (offset_ppm + rng.normal(0, JITTER_PPM, m.size)) * 1e-6)
        noise = rng.uniform(50, 400, 15)
        m, h = np.r_[m, noise], np.r_[h / h.max(), FLOOR + rng.exponential(0.012, noise.size)]
        keep = h >= FLOOR
        out.append((MassSpectrum(m[keep], h[keep], ionisation="DART"), {formula_of[c] for c in chosen} | {"C8H10N4O2"}))
    return out

"""Samples with an EI and an infrared reading behind the figures of one answer for a sample: stand-ins, and who is on which side.

Real pairs of readings hardly exist, so every EI compound borrows the real infrared curve of another material, and the rivals
of EI get the curves nearest to it. Three of five compounds are given an infrared reference. Compounds and curves are on the
development or the test side by a hash, so that nothing fitted has seen what is scored. What takes minutes is kept in the
folder `MAST_SAMPLE_CACHE` (or the temporary one), never in the repository.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.accuracy.development import Case, ei_cases, ei_library
from benchmarks.accuracy.infrared_sets import References, likeness, references
from benchmarks.accuracy.infrared_simulation import HARD, TYPICAL, FloatArray, Nuisance, reading, stressed
from spectra import InfraredLibrary, InfraredSpectrum
from spectra.confidence.identify import identify, rank_compounds
from spectra.infrared.explain import noise_share
from spectra.sample.hearing import beyond_noise
from spectra.types import Identification

SEED = "joint-2026-11"
"""Another text deals sides, curves and references anew."""
REFERENCED = 0.6
"""Share of compounds that are given an infrared reference."""
LEVELS: dict[str, tuple[Nuisance, float]] = {"typical": (TYPICAL, 0.0), "hard": (HARD, 0.0), "foreign": (TYPICAL, 0.5)}
TWIN = 0.92
"""Curves more alike than this are one material measured again (a polymer of one series); MDMA and MDE have .77."""
SIDES = ("development", "test")


def draw(*words: object) -> float:
    """A number of 0 to 1 that follows from the words and the seed alone."""
    digest = hashlib.sha256("|".join([SEED, *map(str, words)]).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def side(compound: str) -> str:
    """The side a compound is on."""
    return SIDES[draw("side", compound) >= 0.5]


def kept(name: str, make: Callable[[], Any]) -> Any:
    """What `make` gives, from the cache where it was made before."""
    folder = Path(os.environ.get("MAST_SAMPLE_CACHE", Path(tempfile.gettempdir()) / "mast-sample-benchmark"))
    path = folder / f"{SEED}-{name}.pickle"
    if path.exists():
        return pickle.loads(path.read_bytes())
    folder.mkdir(parents=True, exist_ok=True)
    made = make()
    path.with_suffix(".new").write_bytes(pickle.dumps(made))
    path.with_suffix(".new").rename(path)
    return made


@dataclass(frozen=True)
class EiReading:
    """One EI reading with the method's answers: with its compound in the library, and with every entry of it taken out."""

    way: str
    number: int
    compound: str
    known: Identification
    entrapped: Identification


def ei_readings(data: Path) -> list[EiReading]:
    """NIST readings, and MassBank readings against SWGDRUG and MassBank less every entry of their compound ("cross")."""
    return kept("ei", lambda: [_answered(data, way, k, c) for way, k, c in _cases(data)])  # type: ignore[no-any-return]


def _cases(data: Path) -> list[tuple[str, int, Case]]:
    cases = ei_cases(data)
    return [(name, k, c) for name, way in (("nist", "nist"), ("cross", "foreign")) for k, c in enumerate(cases[way])]


def _answered(data: Path, way: str, number: int, case: Case) -> EiReading:
    library = ei_library(data).library
    own = np.union1d(case.without, np.flatnonzero(ei_library(data).compound == case.compound))
    answers = [
        identify(library, case.spectrum, ranked=rank_compounds(library, case.spectrum, without=without))
        for without in (case.without, own)
    ]
    return EiReading(way, number, case.compound, *answers)


@dataclass(frozen=True, eq=False)
class Aligned:
    """What every curve (332,) leaves of one reading of the curve `truth`, after alignment, and what `noise` alone would leave."""

    truth: int
    level: str
    residual: FloatArray
    noise: float


@cache
def materials(data: Path) -> tuple[int, ...]:
    """Curves of different materials: none more alike than a twin."""
    alike, out = likeness(data), list[int]()
    for k in range(len(alike)):
        if all(alike[k, j] < TWIN for j in out):
            out.append(k)
    return tuple(out)


@cache
def truths(data: Path, on: str) -> tuple[int, ...]:
    """Curves that are lent to compounds of one side."""
    return tuple(k for k in materials(data) if side(f"curve {k}") == on)


def curve_of(data: Path, compound: str) -> int:
    """The curve a compound borrows."""
    lent = truths(data, side(compound))
    return lent[int(draw("curve", compound) * len(lent))]


def infrared_curve(
    refs: References, parts: Sequence[int], weights: Sequence[float], level: str, *seed: object
) -> FloatArray:
    """A reading of these curves at one level of disturbance."""
    nuisance, stress = LEVELS[level]
    rng = np.random.default_rng(int(draw("noise", level, *seed) * 2**53))
    made = np.array([stressed(refs.x, refs.curves[k], stress, rng) for k in parts])
    return reading(refs.x, made, np.asarray(weights, dtype=np.float64), nuisance, rng)


def aligned(data: Path) -> dict[tuple[int, str], Aligned]:
    """Every curve that is lent, read at every level and aligned with all."""
    return kept("infrared and noise", lambda: _aligned(data))  # type: ignore[no-any-return]


def _aligned(data: Path) -> dict[tuple[int, str], Aligned]:
    refs = references(data)
    library = refs.library()
    lent = sorted({curve_of(data, r.compound) for r in ei_readings(data)})
    return {(k, level): align_one(library, refs, k, level) for k in lent for level in LEVELS}


def align_one(library: InfraredLibrary, refs: References, truth: int, level: str) -> Aligned:
    """One reading of one curve, aligned with every entry."""
    curve = infrared_curve(refs, [truth], [1.0], level, truth)
    query = InfraredSpectrum(refs.x, curve)
    rows = library.search(query, len(library))
    residual = np.full(len(library), np.nan)
    for row in rows:
        residual[row.entry] = 1.0 - row.score**2
    residual[np.isnan(residual)] = np.nanmax(residual)
    return Aligned(truth, level, residual, noise_share(library, query))


@dataclass(frozen=True, eq=False)
class Joint:
    """One sample of one compound: what EI says of it, and what references of infrared leave beyond `noise`, by compound or curve.

    `entrapped`: its compound is not in the EI library. `referenced`: infrared has a reference for it.
    """

    way: str
    level: str
    compound: str
    entrapped: bool
    referenced: bool
    ei: Identification
    residuals: dict[str, float]
    noise: float
    number: int = 0


def joints(data: Path, on: str, nearest: bool = True) -> list[Joint]:
    """Every reading of one side at every level, as it is and entrapped; rivals get the `nearest` curves, else any."""
    found = aligned(data)
    out = []
    for r in ei_readings(data):
        if side(r.compound) == on:
            for level in LEVELS:
                seen = found[curve_of(data, r.compound), level]
                for entrapped, answer in ((False, r.known), (True, r.entrapped)):
                    out.append(_dealt(data, r, level, seen, entrapped, answer, nearest))
    return out


def _dealt(
    data: Path, r: EiReading, level: str, seen: Aligned, entrapped: bool, answer: Identification, nearest: bool
) -> Joint:
    """Curves and references dealt to the compounds that compete for one reading."""
    keys = deal(data, {r.compound: seen.truth}, [c for c, p in answer.compounds if p >= 1e-4], nearest)
    residuals = {key: beyond_noise(float(seen.residual[k]), seen.noise) for key, k in keys.items() if referenced(key)}
    return Joint(r.way, level, r.compound, entrapped, r.compound in residuals, answer, residuals, seen.noise, r.number)


def referenced(key: str) -> bool:
    """Whether a compound, or a curve nobody borrows, is given a reference."""
    return draw("reference", key) < REFERENCED


def deal(data: Path, lent: dict[str, int], rivals: Sequence[str], nearest: bool = True) -> dict[str, int]:
    """Key → curve: compounds with theirs, their rivals in order with the nearest ones left, the rest as `ir:number`."""
    left = [k for k in materials(data) if k not in lent.values()]
    close = likeness(data)[list(lent.values())].max(axis=0)
    left.sort(key=(lambda k: -close[k]) if nearest else (lambda k: draw("any", k, *lent)))
    others = [c for c in dict.fromkeys(rivals) if c not in lent]
    given = dict(lent) | dict(zip(others, left, strict=False))
    return given | {f"ir:{k}": k for k in left[len(others) :]}


def reseeded(text: str) -> None:
    """Deal everything anew: acceptance takes seeds nobody has looked at."""
    global SEED
    SEED = text
    for known in (materials, truths):
        known.cache_clear()


__all__ = [
    "Aligned", "EiReading", "Joint", "aligned", "deal", "draw", "ei_readings", "joints", "kept", "referenced", "replace", "side",
]  # fmt: skip

"""Infrared sets behind the figures: the development sets with their truth, and own ones by the same recipe.

Own sets have other seeds, other mixtures and other entries than the development sets, and stand in folds by library entry:
what is fitted on one fold's entries is tested on the other's. References are real spectra (332 entries, 802–3790 cm⁻¹).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.infrared_simulation import (
    HARD,
    TYPICAL,
    FloatArray,
    Nuisance,
    distractors,
    reading,
    stressed,
)
from instruments import read, to_absorbance
from spectra import InfraredLibrary, InfraredSpectrum

FOLDS = 2
LEAST_WEIGHT = 0.05
CUT_AT = 1800.0
REPEAT = 0.985
"""First-derivative correlation from which two entries count as two samples of one material."""
TWIN = 0.85
"""First-derivative correlation from which another entry can stand in for a component that was taken out."""
STREET = {
    "cocaine": 0, "mdma": 1, "ketamine": 2, "fentanyl": 3, "caffeine": 4, "paracetamol": 5, "phenacetin": 6,
    "levamisole": 7, "lidocaine": 8, "mda": 9, "mde": 10, "codeine": 11,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class References:
    """The real curves: `x` (M,) cm⁻¹, `curves` (N, M) of largest absorbance 1, names, compound keys, whether a powder."""

    x: FloatArray
    curves: FloatArray
    names: tuple[str, ...]
    compounds: tuple[str, ...]
    powder: NDArray[np.bool_]
    sources: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    def library(
        self, without: tuple[int, ...] = (), more: FloatArray | None = None, cut: tuple[int, ...] = ()
    ) -> InfraredLibrary:
        """A library of all entries except `without`, followed by the distractors `more`; entries `cut` end at 1800 cm⁻¹."""
        kept = [k for k in range(len(self)) if k not in without]
        curves = self.curves.copy()
        curves[np.ix_(np.array(cut, dtype=int), np.flatnonzero(self.x > CUT_AT))] = np.nan
        extra = np.zeros((0, self.x.size)) if more is None else more
        made = [f"Spliced {k}" for k in range(len(extra))]
        return InfraredLibrary.from_arrays(
            self.x,
            np.vstack([curves[kept], extra]).astype(np.float32),
            names=[*(self.names[k] for k in kept), *made],
            compounds=[*(self.compounds[k] for k in kept), *made],
        )


@dataclass(frozen=True, eq=False)
class Sample:
    """One reading: `truth` compound keys with their `weights` of scaled references; `removed` are not in the library.

    `twin` is the highest first-derivative correlation of a removed component with an entry that is left.
    """

    kind: str
    curve: FloatArray
    truth: tuple[str, ...]
    weights: tuple[float, ...]
    entries: tuple[int, ...] = ()
    removed: tuple[int, ...] = ()
    twin: float = 0.0


def spectrum(references: References, sample: Sample) -> InfraredSpectrum:
    """The reading as the engine takes it."""
    return InfraredSpectrum(references.x, sample.curve)


@cache
def references(data: Path) -> References:
    """The real library. One key per compound: two runs of one substance by one laboratory share it."""
    held = np.load(data / "ir" / "library_real.npz")
    names = tuple(str(n) for n in held["names"])
    keys = tuple("hydroquinone" if "hydroquinone" in n.casefold() else n for n in names)
    curves = np.asarray(held["Y"], dtype=np.float64)
    sources = tuple(str(s) for s in held["src"])
    return References(np.asarray(held["grid"], dtype=np.float64), curves, names, keys, held["powder"], sources)


@cache
def with_distractors(data: Path, count: int = 5000) -> InfraredLibrary:
    """The real library followed by own spliced curves, always the same ones."""
    refs = references(data)
    return refs.library(more=distractors(refs.x, refs.curves, count, np.random.default_rng(5000)))


def dev_replicates(data: Path, level: str) -> list[Sample]:
    """The development replicates: one reference each, "clean", "typical" or "hard"."""
    refs = references(data)
    names = json.loads((data / "ir" / "dev" / "replicates_truth.json").read_text())
    curves = np.load(data / "ir" / "dev" / "replicates.npz")[level].astype(np.float64)
    out = []
    for name, curve in zip(names, curves, strict=True):
        entry = refs.names.index(name)
        out.append(Sample(level, curve, (refs.compounds[entry],), (1.0,), (entry,)))
    return out


def dev_mixtures(data: Path, level: str) -> list[Sample]:
    """The development mixtures of two to four."""
    refs = references(data)
    truth = json.loads((data / "ir" / "dev" / "mixtures_truth.json").read_text())
    curves = np.load(data / "ir" / "dev" / "mixtures.npz")[level].astype(np.float64)
    return [
        Sample(level, curve, tuple(refs.compounds[e] for e in t["comp"]), tuple(t["frac"]), tuple(t["comp"]))
        for t, curve in zip(truth, curves, strict=True)
    ]


@dataclass(frozen=True, eq=False)
class Street:
    """One file of a street sample with its recipe: compound key → part."""

    name: str
    spectrum: InfraredSpectrum
    recipe: dict[str, float]


def street(data: Path) -> list[Street]:
    """The 20 JCAMP files with known recipes."""
    folder, refs = data / "ir" / "dev", references(data)
    out = []
    for row in json.loads((folder / "street_truth.json").read_text()):
        recipe = {refs.compounds[STREET[n]]: float(part) for n, part in row["recipe"].items()}
        out.append(Street(row["file"], spectrum_of(folder / "street_jdx" / row["file"]), recipe))
    return out


def spectrum_of(path: Path) -> InfraredSpectrum:
    """First infrared reading of a file, in absorbance on wavenumbers."""
    return to_absorbance(read(path)[0])


def fold_of(entry: int) -> int:
    """Fold of a library entry, 0 or 1; neighbours (runs of one series) often fall apart, so folds are by tens."""
    return (entry * 7919 // 13) % FOLDS


def mixtures(
    data: Path, nuisance: Nuisance, count: int, seed: int, k: float = 0.0, fold: int | None = None, single: bool = False
) -> list[Sample]:
    """Own mixtures of two to four powders (`single`: of one), weights ≥ .05, under a nuisance and, with `k`, out-of-family stress."""
    refs, rng = references(data), np.random.default_rng(seed)
    usable = [int(e) for e in np.flatnonzero(refs.powder) if fold is None or fold_of(int(e)) == fold]
    out = []
    for _ in range(count):
        size = 1 if single else int(rng.integers(2, 5))
        chosen = _different(refs, usable, size, rng)
        weights = LEAST_WEIGHT + (1.0 - size * LEAST_WEIGHT) * rng.dirichlet(np.ones(size))
        out.append(_sample(refs, "own", chosen, weights, nuisance, rng, k))
    return out


def _different(refs: References, usable: list[int], size: int, rng: np.random.Generator) -> tuple[int, ...]:
    while True:
        chosen = tuple(int(e) for e in rng.choice(usable, size, replace=False))
        if len({refs.compounds[e] for e in chosen}) == size:
            return chosen


def _sample(
    refs: References,
    kind: str,
    chosen: tuple[int, ...],
    weights: FloatArray,
    nuisance: Nuisance,
    rng: np.random.Generator,
    k: float,
) -> Sample:
    parts = np.array([stressed(refs.x, refs.curves[e], k, rng) for e in chosen])
    curve = reading(refs.x, parts, weights, nuisance, rng)
    return Sample(kind, curve, tuple(refs.compounds[e] for e in chosen), tuple(float(w) for w in weights), chosen)


def replicates(data: Path, nuisance: Nuisance, seed: int, k: float = 0.0) -> list[Sample]:
    """Every library entry once, as a reading of its own."""
    refs, rng = references(data), np.random.default_rng(seed)
    return [_sample(refs, "own", (e,), np.ones(1), nuisance, rng, k) for e in range(len(refs))]


def incomplete(data: Path, samples: list[Sample], seed: int) -> list[Sample]:
    """Each sample with one component (and every entry of its compound) out of the library, and how good a twin is left.

    Any component may go, the smallest ones included; the reading stays the same.
    """
    refs, rng = references(data), np.random.default_rng(seed)
    out = []
    for sample in samples:
        gone = sample.entries[int(rng.integers(len(sample.entries)))]
        removed = tuple(e for e, c in enumerate(refs.compounds) if c == refs.compounds[gone])
        left = [e for e in range(len(refs)) if e not in removed]
        twin = float(likeness(data)[gone, left].max())
        out.append(replace(sample, kind="incomplete", removed=removed, twin=twin))
    return out


def repeats(data: Path, count: int, seed: int) -> list[Sample]:
    """Own mixtures of one real reference with powders, for a library that holds another sample of its material instead.

    What a second sample of one material leaves is what no simulation shows. `removed` is the reference's own entry.
    """
    refs, rng = references(data), np.random.default_rng(seed)
    close = likeness(data) - np.eye(len(refs))
    usable, out = np.flatnonzero(close.max(axis=1) > REPEAT), []
    while len(out) < count:
        first = int(rng.choice(usable))
        powders = [e for e in range(len(refs)) if refs.powder[e] and close[first, e] < TWIN]
        chosen = (first, *_different(refs, powders, int(rng.integers(1, 3)), rng))
        if close[np.ix_(chosen, chosen)].max() < TWIN:
            weights = LEAST_WEIGHT + (1.0 - len(chosen) * LEAST_WEIGHT) * rng.dirichlet(np.ones(len(chosen)))
            made = _sample(refs, "repeat", chosen, weights, TYPICAL, rng, 0.0)
            out.append(replace(made, removed=(first,)))
    return out


@cache
def likeness(data: Path) -> FloatArray:
    """First-derivative correlation of all pairs of entries (N, N)."""
    from spectra.similarity.infrared import InfraredScore

    library = references(data).library()
    curves = np.asarray(library.curves, dtype=np.float64)
    return InfraredScore("first_derivative", 0.0).matrix(curves, curves)


@dataclass(frozen=True, eq=False)
class Pair:
    """A known background and a target of which readings with any share can be made."""

    background: int
    target: int
    nuisance: Nuisance

    def readings(self, data: Path, share: float, count: int, seed: int) -> list[Sample]:
        """`count` readings with the target at this weight (0: blanks)."""
        refs, rng = (
            references(data),
            np.random.default_rng(
                [seed, self.background, self.target, round(self.nuisance.snr), round(self.nuisance.shift)]
            ),
        )
        chosen, weights = (self.background, self.target), np.array([1.0 - share, share])
        return [_sample(refs, "pair", chosen, weights, self.nuisance, rng, 0.0) for _ in range(count)]


PAIRS = ((0, 3), (0, 7), (4, 3), (4, 0), (1, 10), (5, 3), (6, 8), (2, 9), (75, 11))
"""Entries: a drug or cutting agent that fills the sample, and one to be found in it."""
SETTINGS = (
    replace(TYPICAL, snr=60.0),
    replace(TYPICAL, snr=100.0),
    TYPICAL,
    replace(TYPICAL, snr=1000.0),
    HARD,
)
"""Readings the limits are tested under."""


def pairs() -> list[Pair]:
    """All pairs under all settings."""
    return [Pair(a, b, nuisance) for nuisance in SETTINGS for a, b in PAIRS]

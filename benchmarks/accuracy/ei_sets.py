"""Samples behind the EI mixture figures: dev mixtures, single-component readings, own mixtures of two to four.

Own mixtures are sums of dev readings scaled to one base peak, all compounds of one fold, ions below 0.3 % left out.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from instruments import read
from spectra import MassLibrary, MassSpectrum, Provenance, entries_from_readings
from spectra.mixture.ei_likelihood import IntArray

FOLDS = 5
PLAN: tuple[tuple[int, tuple[tuple[int, ...], ...], int], ...] = (
    (2, ((1, 1), (3, 1), (10, 1)), 180),
    (3, ((1, 1, 1), (6, 3, 1), (20, 5, 1)), 180),
    (4, ((1, 1, 1, 1), (8, 4, 2, 1), (10, 3, 1, 1)), 120),
)


@dataclass(frozen=True, eq=False)
class Sample:
    """One reading of known composition: `truth` compounds in falling ratio; `removed` are not in the library."""

    kind: str
    spectrum: MassSpectrum
    truth: tuple[str, ...]
    ratio: tuple[float, ...]
    removed: tuple[str, ...] = ()


def fold(compound: str) -> int:
    """Fold of a compound: own mixtures hold compounds of one fold."""
    return int(hashlib.sha1(compound.encode()).hexdigest(), 16) % FOLDS


def _read(data: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (data / "ms" / "dev" / f"{name}.jsonl").read_text().splitlines()]


def _sample(kind: str, query: dict[str, Any]) -> Sample:
    peaks = np.array(query["peaks"], dtype=float)
    spectrum = MassSpectrum(peaks[:, 0], peaks[:, 1])
    return Sample(kind, spectrum, tuple(query["truth"]), tuple(query.get("ratio", [1])))


@cache
def dev_samples(data: Path) -> tuple[Sample, ...]:
    """Dev mixtures ("mixtures"), NIST readings ("nist"), MassBank readings ("massbank"), own mixtures by size."""
    mixtures = [_sample("mixtures", q) for q in _read(data, "ei_mixtures")]
    nist = [_sample("nist", q) for q in _read(data, "ei_nist_replicates")]
    bank = [_sample("massbank", q) for q in _read(data, "ei_massbank_vs_swgdrug")]
    return (*mixtures, *nist[::2], *bank, *_own(nist + bank), *nist[1::2])


def _own(single: list[Sample]) -> list[Sample]:
    """Own mixtures, drawn with a fixed seed."""
    rng, by_compound = np.random.default_rng(1), dict[str, list[Sample]]()
    for sample in single:
        by_compound.setdefault(sample.truth[0], []).append(sample)
    out = []
    for size, ratios, count in PLAN:
        for i in range(count):
            inside = [c for c in by_compound if fold(c) == i % FOLDS]
            chosen = [inside[int(k)] for k in rng.choice(len(inside), size, replace=False)]
            ratio = ratios[(i // FOLDS) % len(ratios)]
            sources = [by_compound[c][int(rng.integers(len(by_compound[c])))] for c in chosen]
            kind = {2: "two", 3: "three", 4: "four"}[size]
            out.append(Sample(kind, _mixed(sources, ratio), tuple(chosen), tuple(float(r) for r in ratio)))
    return out


def _mixed(sources: list[Sample], ratio: tuple[int, ...]) -> MassSpectrum:
    y = np.zeros(1200)
    for sample, part in zip(sources, ratio, strict=True):
        place = np.round(sample.spectrum.mz).astype(int)
        np.add.at(y, place, part * sample.spectrum.intensity / sample.spectrum.intensity.max())
    kept = np.flatnonzero(y >= 0.003 * y.max())
    return MassSpectrum(kept.astype(float), y[kept])


@cache
def library_of(data: Path, which: str) -> MassLibrary:
    """ "swgdrug": SWGDRUG 3.4 alone; "both": with MassBank EI, less every source spectrum of a dev reading; "declared": the same with
    MassBank declared to hold general chemicals."""
    if which == "declared":
        drugs, both = library_of(data, "swgdrug"), library_of(data, "both")
        return drugs.beside(part_of(both, np.arange(len(drugs), len(both))))
    readings = read(data / "ms" / "lib" / "SWGDRUG_3.4.msp")
    entries, _ = entries_from_readings(readings, Provenance("SWGDRUG 3.4", "free of charge"))
    drugs = MassLibrary.build(entries, name="swgdrug")
    if which == "swgdrug":
        return drugs
    bank = np.load(data / "ms" / "lib" / "massbank_ei.npz")
    sources = {s for q in _read(data, "ei_mixtures") for s in q["src"]}
    sources |= {q["id"] for q in _read(data, "ei_massbank_vs_swgdrug")}
    kept = np.array([accession not in sources for accession in bank["accession"]])
    counts = np.diff(bank["offsets"])
    peak = np.repeat(kept, counts)
    table = drugs.table
    return MassLibrary.from_arrays(
        np.r_[np.asarray(table.mz, dtype=float), bank["mz"][peak]],
        np.r_[np.asarray(table.intensity, dtype=float), bank["intensity"][peak]],
        np.r_[table.offsets, table.offsets[-1] + np.cumsum(counts[kept])],
        names=[*drugs.names, *bank["name"][kept]],
        compounds=[*drugs.compounds, *(str(key)[:14] for key in bank["inchikey"][kept])],
        ids=[*drugs.ids, *(str(accession) for accession in bank["accession"][kept])],
    )


def library_without(library: MassLibrary, compound: str) -> MassLibrary:
    """A copy of `library` without any entry of one compound."""
    return part_of(library, np.array([i for i, key in enumerate(library.compounds) if key != compound], dtype=np.int64))


def part_of(library: MassLibrary, rows: IntArray) -> MassLibrary:
    """A library of some entries of another."""
    part = library.table.take(rows)
    return MassLibrary.from_arrays(
        np.asarray(part.mz, dtype=float),
        part.intensity,
        part.offsets,
        names=[library.names[int(i)] for i in rows],
        compounds=[library.compounds[int(i)] for i in rows],
        ids=[library.ids[int(i)] for i in rows],
    )

"""MS/MS rows of `benchmarks.mass`: the exact entropy search against Flash entropy search, on the same queries.

Libraries are the MassBank MS/MS spectra, and the same replicated to a million with jitter: m/z ± 2 mDa, intensity
± 15 %, precursor ± 1 mDa (normal). Replication flatters pruning; the hard queries (two spectra of other compounds
mixed 1 : 1, distorted by 40 %) are the guard.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spectra import MassLibrary, MassSpectrum
from spectra.acceleration import numba_present
from spectra.index.ms2_index import Ms2Index
from spectra.peaktable import PeakTable
from spectra.preprocess import Peaks, prepare
from spectra.similarity import Entropy

TOLERANCE = 0.01
PPM = 10e-6
TOP = 10


@dataclass
class Row:
    """One line of the table; times in ms over the queries, each query the best of the rounds."""

    search: str
    n: int
    engine: str
    times: list[float]
    index_mb: float = float("nan")
    build_s: float = float("nan")
    open_ms: float = float("nan")

    @property
    def median(self) -> float:
        """Median over the queries, ms."""
        return float(np.median(self.times))

    @property
    def p95(self) -> float:
        """95th percentile over the queries, ms."""
        return float(np.percentile(self.times, 95))


def raw(data: Path, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """m/z, intensity, offsets and precursors of `n` MS/MS spectra; the first are the measured ones as they are."""
    z = np.load(data / "ms" / "lib" / "massbank_ms2.npz")
    mz, height, offsets, precursor = z["mz"], z["intensity"].astype(float), z["offsets"], z["precursor_mz"]
    rng = np.random.default_rng(1)
    parts: list[tuple[np.ndarray, ...]] = []
    done = 0
    while done < n:
        take = min(precursor.size, n - done)
        end = int(offsets[take])
        m, h, p = mz[:end].copy(), height[:end].copy(), precursor[:take].copy()
        if done:
            m = np.maximum(m + rng.normal(0, 0.002, end), 1.0)
            h *= np.exp(rng.normal(0, 0.15, end))
            p += rng.normal(0, 0.001, take)
        parts.append((m, h, np.diff(offsets[: take + 1]), p))
        done += take
    m, h, counts, p = (np.concatenate(column) for column in zip(*parts, strict=True))
    return m, h, np.r_[0, np.cumsum(counts)], p


def queries(table: PeakTable, n: int) -> dict[str, list[Peaks]]:
    """Queries of two kinds from the measured spectra: as they are, and mixed and distorted."""
    rng = np.random.default_rng(2)
    measured = min(table.n, 98_072)
    plain = [table.peaks(int(r)) for r in rng.choice(measured, n, replace=False)]
    hard = []
    for one, other in zip(plain, plain[1:] + plain[:1], strict=True):
        mz = np.r_[one.mz, other.mz] + rng.normal(0, 0.002, one.mz.size + other.mz.size)
        height = np.r_[one.intensity, other.intensity] * np.exp(rng.normal(0, 0.4, mz.size))
        hard.append(prepare(MassSpectrum(np.maximum(mz, 1), height, one.precursor_mz, "ESI"), accurate=True))
    return {"self": plain, "hard": hard}


def best_times(ask: Callable[[Peaks], Any], asked: list[Peaks], rounds: int) -> list[float]:
    """ms per query, the best of `rounds`."""
    times = np.full(len(asked), np.inf)
    ask(asked[0])
    for _ in range(rounds):
        for k, query in enumerate(asked):
            start = time.perf_counter()
            ask(query)
            times[k] = min(times[k], 1000 * (time.perf_counter() - start))
    return [float(t) for t in times]


def in_turn(asks: dict[str, Callable[[Peaks], Any]], asked: list[Peaks], rounds: int) -> dict[str, list[float]]:
    """ms per query and engine, the best of `rounds`; engines take turns in every round, so that all meet one weather."""
    times = {name: np.full(len(asked), np.inf) for name in asks}
    for ask in asks.values():
        ask(asked[0])
    for _ in range(rounds):
        for name, ask in asks.items():
            for k, query in enumerate(asked):
                start = time.perf_counter()
                ask(query)
                times[name][k] = min(times[name][k], 1000 * (time.perf_counter() - start))
    return {name: t.tolist() for name, t in times.items()}


def flash(table: PeakTable) -> tuple[Any, float]:
    """Flash entropy search over the same prepared spectra, and the seconds it took to build."""
    from ms_entropy import FlashEntropySearch

    rule = Entropy(TOLERANCE)
    kept = rule.table_weights(table) > 0
    spectra = []
    for r in range(table.n):
        part = slice(int(table.offsets[r]), int(table.offsets[r + 1]))
        k = kept[part]
        height = table.intensity[part][k]
        peaks = np.c_[table.mz[part][k], height / height.sum()].astype(np.float32)
        spectra.append({"precursor_mz": float(table.precursor[r]), "peaks": peaks})
    search = FlashEntropySearch()
    start = time.perf_counter()
    search.build_index(spectra, max_indexed_mz=2500, clean_spectra=False)
    return search, time.perf_counter() - start


def _flash_peaks(query: Peaks) -> np.ndarray:
    keep = Entropy(TOLERANCE).query_weights(query) > 0
    return np.c_[query.mz[keep], query.intensity[keep] / query.intensity[keep].sum()].astype(np.float32)


def rows(data: Path, n: int, asked: int, rounds: int) -> list[Row]:
    """All MS/MS rows for a library of `n` spectra."""
    table = PeakTable.from_raw(*raw(data, n), accurate=True)
    start = time.perf_counter()
    index = Ms2Index.build(table)
    build = time.perf_counter() - start
    size, opened = index.stored.n_bytes / 1e6, _open_ms(table)
    rival, rival_build = _rival(table)
    out = []
    for kind, chosen in queries(table, asked).items():
        for search, width in [(f"open, {kind}", None), (f"identity, {kind}", PPM)]:
            for engine, times in in_turn(_asks(index, rival, chosen, width), chosen, rounds).items():
                ours = engine != "Flash entropy"
                facts = (size, build, opened) if ours else (float("nan"), rival_build, float("nan"))
                out.append(Row(search, n, engine, times, *(facts if width is None else ())))
    return out


def _asks(index: Ms2Index, rival: Any, chosen: list[Peaks], ppm: float | None) -> dict[str, Callable[[Peaks], Any]]:
    """What is timed: prepared peaks in, the ten best entries out (Flash: all scores out, its weighting included)."""

    def ours(engine: str) -> Callable[[Peaks], Any]:
        return lambda q: index.search(q, TOLERANCE, TOP, None if ppm is None else q.precursor_mz * ppm, engine)

    asks = {engine: ours(engine) for engine in (["numba"] if numba_present() else []) + ["numpy"]}
    if rival is not None:
        ready = {id(q): _flash_peaks(q) for q in chosen}
        if ppm is None:
            asks["Flash entropy"] = lambda q: rival.open_search(ready[id(q)], TOLERANCE)
        else:
            asks["Flash entropy"] = lambda q: rival.identity_search(
                q.precursor_mz, ready[id(q)], q.precursor_mz * ppm, TOLERANCE
            )
    return asks


def _rival(table: PeakTable) -> tuple[Any, float]:
    try:
        return flash(table)
    except ImportError:
        return None, float("nan")


def _open_ms(table: PeakTable) -> float:
    """Time (ms, warm) to open the stored library; names are left empty."""
    from spectra.index.catalogue import Catalogue

    nothing = Catalogue.of([""] * table.n, [""] * table.n)
    library = MassLibrary(table, nothing, np.zeros(table.n, dtype=np.int32))
    with tempfile.TemporaryDirectory() as folder:
        library.save(Path(folder) / "lib")
        times = []
        for _ in range(3):
            start = time.perf_counter()
            MassLibrary.open(Path(folder) / "lib")
            times.append(1000 * (time.perf_counter() - start))
    return min(times)

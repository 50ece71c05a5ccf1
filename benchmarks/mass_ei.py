"""EI rows of `benchmarks.mass`: exact weighted-cosine search against scipy CSR and Flash entropy search, same queries.

Libraries are SWGDRUG 3.4 and MassBank EI (16,271 spectra), replicated to 100,000 or a million with jitter: intensities
× lognormal(0.15), peaks below 2.7 of 999 left out (58–59 a spectrum remain). Replication flatters pruning; the hard
queries (two spectra mixed, every peak × lognormal(0.4), a tenth of the peaks lost) are the guard. Flash entropy search
ranks by another score; its million-spectra index needs more memory than this machine has for it and is left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from benchmarks.mass_ms2 import TOP, Row, _open_ms, best_times, flash
from spectra import Provenance, entries_from_readings
from spectra.acceleration import numba_present
from spectra.index.ei_codes import quantised
from spectra.index.ei_index import EiIndex
from spectra.index.ei_search import Plan, Query
from spectra.peaktable import PeakTable
from spectra.preprocess import Peaks
from spectra.similarity import Composite

FLOOR = 2.7
FLASH_UP_TO = 100_000
SCANS = 3_000


def measured(data: Path) -> tuple[PeakTable, int]:
    """SWGDRUG and MassBank EI, and how many of them are SWGDRUG's."""
    from instruments import read

    entries, _ = entries_from_readings(read(data / "ms" / "lib" / "SWGDRUG_3.4.msp"), Provenance("SWGDRUG 3.4", ""))
    drugs = PeakTable.of([e.spectrum for e in entries], accurate=False)
    bank = np.load(data / "ms" / "lib" / "massbank_ei.npz")
    nothing = np.full(bank["offsets"].size - 1, np.nan)
    other = PeakTable.from_raw(bank["mz"], bank["intensity"].astype(float), bank["offsets"], nothing, accurate=False)
    return drugs.joined(other), drugs.n


def replicated(table: PeakTable, n: int) -> PeakTable:
    """`n` spectra: the measured ones, then jittered copies."""
    rng = np.random.default_rng(1)
    mz, height, counts, done = [], [], [], 0
    while done < n:
        take = min(table.n, n - done)
        end = int(table.offsets[take])
        h = table.intensity[:end].astype(float)
        if done:
            h *= rng.lognormal(0, 0.15, end)
        h *= (999.0 / np.maximum.reduceat(h, table.offsets[:take]))[table.row[:end]]
        keep = h >= FLOOR
        mz.append(table.mz[:end][keep])
        height.append(h[keep].astype(np.float32))
        counts.append(np.bincount(table.row[:end][keep], minlength=take))
        done += take
    offsets = np.r_[0, np.cumsum(np.concatenate(counts))].astype(np.int64)
    return PeakTable(
        np.concatenate(mz), quantised(np.concatenate(height), offsets), offsets, np.full(n, np.nan), accurate=False
    )


def queries(table: PeakTable, n: int) -> dict[str, list[Peaks]]:
    """Queries of two kinds: spectra of the library as they are, and mixed and distorted."""
    rng = np.random.default_rng(2)
    plain = [table.peaks(int(r)) for r in rng.choice(table.n, n, replace=False)]
    return {
        "self": plain,
        "hard": [_mixed(one, two, rng) for one, two in zip(plain, plain[1:] + plain[:1], strict=True)],
    }


def _mixed(one: Peaks, other: Peaks, rng: np.random.Generator) -> Peaks:
    height = np.zeros(1 + int(max(one.mz[-1], other.mz[-1])))
    height[one.mz.astype(int)] += one.intensity
    height[other.mz.astype(int)] += other.intensity
    height *= rng.lognormal(0, 0.4, height.size) * (rng.random(height.size) > 0.1)
    height *= 999.0 / height.max()
    mz = np.flatnonzero(height >= FLOOR)
    return Peaks(mz.astype(float), height[mz])


def rows(data: Path, n: int, asked: int, rounds: int) -> list[Row]:
    """All EI rows for a library of `n` spectra; with the smaller one also a whole run and the composite score."""
    real, drugs = measured(data)
    table = replicated(real, n)
    indices = {engine: _built(table, engine) for engine in (["numba"] if numba_present() else []) + ["numpy"]}
    opened = _open_ms(table)
    rivals = _rivals(table)
    speed = bandwidth()
    out = []
    for kind, chosen in queries(table, asked).items():
        for engine, (index, build) in indices.items():
            size = sum(array.nbytes for array in index.arrays().values()) / 1e6
            times = best_times(_asking(index, engine), chosen, rounds)
            out.append(Row(f"open EI, {kind}", n, engine, times, size, build, opened))
        for name, (ask, build) in rivals.items():
            out.append(Row(f"open EI, {kind}", n, name, best_times(ask, chosen, rounds), build_s=build))
        index = next(iter(indices.values()))[0]
        out.append(Row(f"open EI, {kind}", n, "memory limit", [_limit_ms(index, q, speed) for q in chosen]))
    return out + (_run_rows(real.part(0, drugs), rounds) + _composite_rows(real, asked, rounds) if n <= 100_000 else [])


def _built(table: PeakTable, engine: str) -> tuple[EiIndex, float]:
    # Machine code is loaded before the clock starts, as it is in a running server.
    EiIndex.build(table.part(0, 64), accelerator=engine).search(np.array([58]), np.array([1.0]))
    start = time.perf_counter()
    return EiIndex.build(table, accelerator=engine), time.perf_counter() - start


def _asking(index: EiIndex, engine: str) -> Callable[[Peaks], Any]:
    return lambda q: index.search(q.mz.astype(np.int64), q.intensity, TOP, engine)


def _rivals(table: PeakTable) -> dict[str, tuple[Callable[[Peaks], Any], float]]:
    """What answers each rival, and the seconds its index took."""
    start = time.perf_counter()
    weight = table.weights(1.0, 0.5)
    unit = (weight / np.sqrt(table.energies(1.0, 0.5))[table.row]).astype(np.float32)
    matrix = csr_array((unit, table.mz.astype(np.int32), table.offsets), shape=(table.n, int(table.mz.max()) + 1))
    build = time.perf_counter() - start

    def csr(q: Peaks) -> Any:
        vector = np.zeros(matrix.shape[1], dtype=np.float32)
        vector[q.mz.astype(np.int64)] = q.mz * np.sqrt(q.intensity)
        scores = matrix @ vector
        best = np.argpartition(scores, table.n - TOP)[table.n - TOP :]
        return best[np.argsort(-scores[best])]

    out: dict[str, tuple[Callable[[Peaks], Any], float]] = {"scipy CSR": (csr, build)}
    if table.n <= FLASH_UP_TO:
        try:
            # Flash entropy search wants a precursor for every spectrum; the open search does not look at it.
            known = PeakTable(table.mz, table.intensity, table.offsets, np.full(table.n, 1000.0), accurate=False)
            search, build = flash(known)
        except ImportError:
            return out

        def ask(q: Peaks) -> Any:
            return search.open_search(np.c_[q.mz, q.intensity / q.intensity.sum()].astype(np.float32), 0.01)

        out["Flash entropy"] = ask, build
    return out


def bandwidth() -> float:
    """GB/s at which one core reads memory."""
    block, best = np.ones(64 * 2**20, dtype=np.float32), np.inf
    for _ in range(3):
        start = time.perf_counter()
        block.max()
        best = min(best, time.perf_counter() - start)
    return float(block.nbytes / best / 1e9)


def _limit_ms(index: EiIndex, q: Peaks, speed: float) -> float:
    """Time one core needs only to read the postings of the first stage and the sums, ms."""
    query = Query.of(q.mz.astype(np.int64), q.intensity, index.a, index.b, index.forward.masses)
    plan = Plan.of(query, index.heavy)
    postings = index.heavy.postings[plan.bins[: plan.stages[1]]].sum()
    return float((3 * postings + 4 * index.n) / speed / 1e6)


def _run_rows(drugs: PeakTable, rounds: int) -> list[Row]:
    """A GC-MS run of 3,000 scans, two co-eluting compounds and noise each, against SWGDRUG."""
    rng = np.random.default_rng(3)
    mz, height, counts = [], [], []
    for _ in range(SCANS):
        scan = np.zeros(650)
        for r in rng.choice(drugs.n, 2):
            peaks = drugs.peaks(int(r))
            inside = peaks.mz < scan.size
            scan[peaks.mz[inside].astype(int)] += peaks.intensity[inside] * rng.random()
        scan[40:550] += rng.exponential(2, 510) * (rng.random(510) < 0.4)
        mz.append(np.flatnonzero(scan > 1))
        height.append(scan[mz[-1]])
        counts.append(mz[-1].size)
    flat = np.concatenate(mz), np.concatenate(height), np.r_[0, np.cumsum(counts)]
    index = EiIndex.build(drugs)
    out = []
    for engine in (["numba"] if numba_present() else []) + ["numpy"]:
        index.search_run(*flat, TOP, engine)
        times = []
        for _ in range(3 * rounds):
            start = time.perf_counter()
            index.search_run(*flat, TOP, engine)
            times.append(1000 * (time.perf_counter() - start))
        out.append(Row("run of 3,000 scans", drugs.n, engine, times))
    return out


def _composite_rows(real: PeakTable, asked: int, rounds: int) -> list[Row]:
    """The default score over every entry of the measured library."""
    chosen, out = queries(real, asked)["hard"], []
    for engine in (["numba"] if numba_present() else []) + ["numpy"]:
        rule = Composite()
        rule.accelerator = engine
        out.append(Row("composite, hard", real.n, engine, best_times(lambda q: rule.row(q, real), chosen, rounds)))  # noqa: B023
    return out

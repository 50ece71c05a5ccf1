"""Exact search of a heavy index with numpy and scipy, and the query as every form of the search wants it.

Over-estimated partial sums first, of all spectra; then only those whose sum reaches what `ei_reach` says a spectrum
as good as the k-th best exact score must have are scored. Imports numpy, scipy and `spectra` only.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spectra.acceleration import HELPER
from spectra.index.ei_reach import LEVEL_OF_REST, least_sums
from spectra.index.ei_scatter import SCALE, Scatter
from spectra.index.ei_tables import Forward, Heavy, Weighing
from spectra.index.topk import best
from spectra.peaktable import peak_weights
from spectra.types import FloatArray

IntArray = NDArray[np.int64]
Scores = NDArray[np.float32]
Found = tuple[IntArray, Scores]
CHUNK = 32
"""Spectra whose sums share one maximum."""
_SEEDS = 14
_POSTINGS_PER_SCORE = 500
_TWO_WORKERS_FROM = 300_000
STAGES = ((300_000, (0.3, 0.1)), (50_000, (0.05,)))
"""From how many spectra on, which shares of the query's energy are left to the second and later stages."""
_ROWS = 1 << 13
_BATCH = 256
_GROW = 2
_LARGEST_BATCH = 512
_SPENT = -(1 << 30)
"""Sum of a spectrum that has been scored: later stages cannot raise it to anything that counts."""


@dataclass(frozen=True, eq=False)
class Query:
    """One query: `bins` (K,) int64 rising inside the library's masses, `unit` (K,) their weights over the norm.

    `wanted` (masses,) weights by mass, 0 elsewhere; `energy` Σw² of the whole query.
    """

    bins: IntArray
    unit: FloatArray
    wanted: FloatArray
    energy: float

    @classmethod
    def of(cls, mz: IntArray, intensity: FloatArray, a: float, b: float, masses: int) -> Query:
        """From unit masses (Q,) rising without repeats and intensities (Q,) ≥ 0; see `EiIndex.search`."""
        if mz.size and (mz.ndim != 1 or mz.shape != intensity.shape or (np.diff(mz) <= 0).any() or mz[0] < 0):
            raise ValueError("a query needs unit masses that rise without repeats, and one intensity for each")
        weight = peak_weights(mz.astype(np.float64), intensity, a, b)
        energy = float((weight**2).sum())
        used = (mz < masses) & (weight > 0)
        bins, kept = mz[used].astype(np.int64), weight[used]
        wanted = np.zeros(masses)
        wanted[bins] = kept
        unit = kept / np.sqrt(energy) if kept.size else kept
        return cls(bins, unit, wanted, energy)


def exact(forward: Forward, heavy: Heavy, weighing: Weighing, query: Query, rows: IntArray) -> Scores:
    """Scores (R,) of some spectra: float64 sums in rising mass, rounded to float32 once."""
    starts = forward.offsets[rows]
    counts = forward.offsets[rows + 1] - starts
    ends = np.cumsum(counts)
    at = np.arange(int(ends[-1]) if ends.size else 0) + np.repeat(starts - ends + counts, counts)
    mz = forward.mz.take(at)
    product = query.wanted.take(mz) * weighing(mz, forward.code.take(at))
    dot = np.bincount(np.repeat(np.arange(rows.size), counts), weights=product, minlength=rows.size)
    scale = np.sqrt(query.energy * heavy.energy[rows])
    return np.divide(dot, scale, out=np.zeros(rows.size), where=scale > 0).astype(np.float32)


def search_all(forward: Forward, heavy: Heavy, weighing: Weighing, query: Query, top: int) -> Found:
    """The best by scoring every spectrum."""
    found: Found = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
    for low in range(0, forward.n, _ROWS):
        rows = np.arange(low, min(forward.n, low + _ROWS), dtype=np.int64)
        found = merged(found, (rows, exact(forward, heavy, weighing, query, rows)), top)
    return found


def merged(one: Found, other: Found, top: int) -> Found:
    """The best of two lists that share no spectrum: score falling, then entry rising; score 0 is no candidate."""
    entries, scores = np.concatenate([one[0], other[0]]), np.concatenate([one[1], other[1]])
    by_entry = np.argsort(entries, kind="stable")
    entries, scores = entries[by_entry], scores[by_entry]
    chosen = best(scores, top)
    return entries[chosen], scores[chosen]


@dataclass(frozen=True, eq=False)
class Plan:
    """The masses of a query in the order they are summed: stage g sums `bins[stages[g]:stages[g+1]]`.

    `unit` (K,) their unit weights, `met` (K+1,) the query energy in the first of them. Later stages hold the masses
    with most postings for their share of the energy, summed only if too many spectra could be among the best without.
    """

    bins: IntArray
    unit: FloatArray
    stages: IntArray
    met: FloatArray

    @classmethod
    def of(cls, query: Query, heavy: Heavy) -> Plan:
        """Stages for this query; one only in small libraries."""
        squares, n = query.unit**2, heavy.energy.size
        order = np.argsort(squares / (-1.0 - heavy.postings[query.bins]), kind="stable")
        met = np.zeros(order.size + 1)
        squares[order].cumsum(out=met[1:])
        shares = next((share for least, share in STAGES if n >= least), ())
        ends = met.searchsorted([met[-1] - share for share in shares]).tolist()
        return cls(query.bins[order], query.unit[order], np.array([0, *ends, order.size]), met)

    def part(self, stage: int) -> tuple[IntArray, FloatArray]:
        """The masses of one stage, rising, and their unit weights."""
        some = slice(int(self.stages[stage]), int(self.stages[stage + 1]))
        order = np.argsort(self.bins[some])
        return self.bins[some][order], self.unit[some][order]

    def energies(self, stage: int) -> tuple[float, float]:
        """Energy of the query in the masses summed after `stage`, and in those left."""
        inside, whole = float(self.met[self.stages[stage + 1]]), float(self.met[-1])
        return min(1.0, inside), max(0.0, whole - inside)


@dataclass(eq=False)
class Sums:
    """Working memory of one search: the sums of all spectra by block, (blocks, CHUNK, W), and each chunk's maximum.

    Chunk c of a block holds its entries c, c + W, c + 2W …, so that maxima are taken line by line.
    """

    by_chunk: NDArray[np.int32]
    peaks: NDArray[np.int32]
    workers: tuple[Scatter, Scatter] = field(default_factory=lambda: (Scatter(), Scatter()))

    @classmethod
    def of(cls, heavy: Heavy) -> Sums:
        """For searches of this index, one at a time."""
        blocks, width = -(-heavy.energy.size // heavy.block), heavy.block // CHUNK
        return cls(np.zeros((blocks, CHUNK, width), dtype=np.int32), np.zeros((blocks, width), dtype=np.int32))


def search(forward: Forward, heavy: Heavy, weighing: Weighing, query: Query, top: int, sums: Sums) -> Found:
    """The best of one query through the heavy index, numpy and scipy only; `sums` is working memory."""
    library = forward, heavy, weighing, query
    plan = Plan.of(query, heavy)
    found: Found = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
    last = plan.stages.size - 2
    for stage in range(last + 1):
        _add(heavy, forward.masses, plan, stage, sums)
        seeds = _seeds(sums, _SEEDS + top, forward.n)
        found = merged(found, (seeds, exact(*library, seeds)), top)
        if found[0].size < top:
            continue
        energies = plan.energies(stage)
        worth = _worth_scoring(heavy, plan, stage + 1) if stage < last else forward.n
        limits = _limits(found, energies)
        chunks = np.flatnonzero(sums.peaks.ravel() >= limits.min())
        if chunks.size > worth:
            continue
        rows, reached = _survivors(sums, chunks, heavy, limits)
        if rows.size > worth:
            continue
        return _score_survivors(library, found, rows, reached, energies, top)
    return search_all(*library, top)


def _limits(found: Found, energies: tuple[float, float]) -> NDArray[np.int64]:
    """Smallest sums, in 2^-20, with which spectra of each rest (256,) may reach the last of the best."""
    least = least_sums(float(found[1][-1]), *energies)
    return np.asarray(np.floor(np.minimum(least, 2.0) * SCALE).astype(np.int64)[LEVEL_OF_REST])


def _add(heavy: Heavy, masses: int, plan: Plan, stage: int, sums: Sums) -> None:
    """Add a stage to the over-estimated partial scores of all spectra, in 2^-20."""
    bins, unit = plan.part(stage)
    blocks = sums.peaks.shape[0]
    lists = np.arange(blocks)[:, None] * masses + bins[None, :]
    starts, ends = heavy.starts[lists].astype(np.int64), heavy.starts[lists + 1].astype(np.int64)

    def work(me: int, some: slice) -> None:
        sums.workers[me].add(
            heavy, bins, unit, starts[some], ends[some], sums.by_chunk[some], sums.peaks[some], afresh=stage == 0
        )

    half = blocks // 2
    if heavy.energy.size < _TWO_WORKERS_FROM or half == 0:
        work(0, slice(0, blocks))
    else:
        HELPER.both(lambda: work(1, slice(0, half)), lambda: work(0, slice(half, blocks)))


def _worth_scoring(heavy: Heavy, plan: Plan, stage: int) -> int:
    """How many spectra may be scored for the time it takes to sum this stage."""
    postings = heavy.postings[plan.part(stage)[0]].sum()
    return 200 + int(postings) // _POSTINGS_PER_SCORE


def _seeds(sums: Sums, wanted: int, n: int) -> IntArray:
    """The best spectrum of each of the chunks with the largest sums; their sums are spent, so that none comes twice."""
    peaks, width = sums.peaks.ravel(), sums.peaks.shape[1]
    count = min(wanted, peaks.size)
    chunks = np.argpartition(peaks, peaks.size - count)[peaks.size - count :]
    k, c = np.divmod(chunks, width)
    r = sums.by_chunk[k, :, c].argmax(axis=1)
    rows = k * (CHUNK * width) + r * width + c
    fresh = (rows < n) & (sums.by_chunk[k, r, c] >= 0)
    sums.by_chunk[k, r, c] = _SPENT
    rows = rows[fresh]
    rows.sort()
    return np.asarray(rows, dtype=np.int64)


def _survivors(
    sums: Sums, chunks: IntArray, heavy: Heavy, limits: NDArray[np.int64]
) -> tuple[IntArray, NDArray[np.int64]]:
    """Spectra of these chunks whose sums reach the limit of what they leave out (256,), and their sums."""
    width = sums.peaks.shape[1]
    k, c = np.divmod(chunks, width)
    some = sums.by_chunk[k, :, c]
    which, r = np.nonzero(some >= limits.min())
    rows, reached = k[which] * (CHUNK * width) + r * width + c[which], some[which, r]
    inside = rows < heavy.energy.size
    rows, reached = rows[inside], reached[inside]
    kept = reached >= limits[heavy.rest[rows]]
    return rows[kept].astype(np.int64), reached[kept].astype(np.int64)


def _score_survivors(
    library: tuple[Forward, Heavy, Weighing, Query], found: Found, rows: IntArray, reached: NDArray[np.int64],
    energies: tuple[float, float], top: int,
) -> Found:  # fmt: skip
    """Score survivors from the largest sum down, in growing batches; what no longer reaches the best is left out."""
    rest = library[1].rest
    order = np.argsort(-reached)
    rows, reached = rows[order], reached[order]
    size = _BATCH
    while rows.size:
        batch = np.sort(rows[:size])
        theta = found[1][-1]
        found = merged(found, (batch, exact(*library, batch)), top)
        rows, reached, size = rows[size:], reached[size:], min(_GROW * size, _LARGEST_BATCH)
        if rows.size and found[1][-1] > theta:
            kept = reached >= _limits(found, energies)[rest[rows]]
            rows, reached = rows[kept], reached[kept]
    return found

"""Exact search of a heavy index with numpy and scipy, and the query as every form of the search wants it.

Why the bound holds: with unit weights q and l, the sum s of ⌈255 l⌉-rounded postings is at least the part of the
score that the kept peaks give; what was not kept adds at most |l not kept| · |q not hit| (Cauchy-Schwarz), and
|q not hit|² ≤ |q|² − s² because |l| ≤ 1. Only spectra whose bound reaches the k-th best exact score are scored.
Imports numpy, scipy and `spectra` only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from spectra.acceleration import HELPER
from spectra.index.ei_heavy import CHUNK
from spectra.index.ei_tables import Forward, Heavy, Weighing
from spectra.index.topk import best
from spectra.peaktable import peak_weights
from spectra.types import FloatArray

IntArray = NDArray[np.int64]
Scores = NDArray[np.float32]
Found = tuple[IntArray, Scores]
SLACK = 1e-5
"""Added to every bound: covers float32 rounding of the scores and float64 rounding of the bounds."""
_SCALE = 1 << 20
_SEEDS = 38
_POSTINGS_PER_SCORE = 2000
_TWO_WORKERS_FROM = 300_000
STAGES = ((300_000, (0.1, 0.03)), (50_000, (0.03,)))
"""From how many spectra on, which shares of the query's energy are left to the second and third stage."""
_ROWS = 1 << 13
_BATCH = 64
_GROW = 4
_LARGEST_BATCH = 1 << 13


@dataclass(frozen=True, eq=False)
class Query:
    """One query: `bins` (K,) int64 rising inside the library's masses, `unit` (K,) their weights over the norm.

    `wanted` (masses,) weights by mass, 0 elsewhere; `energy` Σw² of the whole query; `inside` its share in `bins`.
    """

    bins: IntArray
    unit: FloatArray
    wanted: FloatArray
    energy: float
    inside: float

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
        return cls(bins, unit, wanted, energy, min(1.0, float((unit**2).sum())))


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

    `unit` (K,) their unit weights. Later stages hold the masses with most postings for their share of the energy;
    they are summed only if too many spectra could still be among the best without.
    """

    bins: IntArray
    unit: FloatArray
    stages: IntArray

    @classmethod
    def of(cls, query: Query, heavy: Heavy) -> Plan:
        """Stages for this query; one only in small libraries."""
        order = np.argsort(query.unit**2 / (heavy.postings[query.bins] + 1.0), kind="stable")
        left = np.cumsum(query.unit[order] ** 2)
        n = heavy.energy.size
        shares = next((share for least, share in STAGES if n >= least), ())
        ends = [order.size - int(np.searchsorted(left, share, side="right")) for share in shares]
        order = order[::-1]
        stages = np.array([0, *ends, order.size], dtype=np.int64)
        return cls(np.ascontiguousarray(query.bins[order]), query.unit[order], stages)

    def energies(self, stage: int) -> tuple[float, float]:
        """Energy of the query in the masses summed after `stage`, and in those left."""
        end = int(self.stages[stage + 1])
        return float((self.unit[:end] ** 2).sum()), float((self.unit[end:] ** 2).sum())


def search(
    forward: Forward, heavy: Heavy, weighing: Weighing, query: Query, top: int, sums: NDArray[np.int32]
) -> Found:
    """The best of one query through the heavy index, numpy and scipy only; `sums` is working memory, N rounded up."""
    library = forward, heavy, weighing, query
    by_chunk = sums.reshape(-1, CHUNK, heavy.block // CHUNK)
    plan, most_rest = Plan.of(query, heavy), float(heavy.rest.max()) / 255.0
    found, seen = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)), np.zeros(0, dtype=np.int64)
    last = plan.stages.size - 2
    for stage in range(last + 1):
        over = _add(heavy, forward.masses, plan, stage, sums)
        peaks = by_chunk.max(axis=1).reshape(-1)
        seeds = np.setdiff1d(_seeds(by_chunk, peaks, _SEEDS + top, forward.n), seen, assume_unique=True)
        found, seen = merged(found, (seeds, exact(*library, seeds)), top), np.r_[seen, seeds]
        if found[0].size < top:
            continue
        inside, left = plan.energies(stage)
        bound = _Bound(inside, float(np.sqrt(left)), over)
        limit = bound.least_sum(float(found[1][-1]), most_rest)
        chunks = np.flatnonzero(peaks >= limit)
        if stage < last and chunks.size > _worth_scoring(heavy, plan, stage + 1):
            continue
        rows, bounds = _survivors(by_chunk, chunks, limit, heavy, bound)
        fresh = ~np.isin(rows, seen)
        return _score_survivors(library, found, rows[fresh], bounds[fresh], top)
    return search_all(*library, top)


@dataclass(frozen=True, eq=False)
class _Bound:
    """Upper bound of a score: the energy summed `inside`, root of the energy `dropped`, over-estimate `over`."""

    inside: float
    dropped: float
    over: float

    def __call__(self, s: FloatArray, rest: FloatArray | float, least_rest: FloatArray | float = 0.0) -> FloatArray:
        """For sums `s` (K,) of spectra that leave out at most `rest` and at least `least_rest` (roots of energy)."""
        low = np.maximum(0.0, s - self.over)
        hit = np.minimum(1.0, low**2 / max(self.inside, 1e-12))
        # What is kept of l has energy 1 − rest², so the query energy it meets is at least s² / (1 − rest²).
        kept = rest * np.sqrt(np.maximum(0.0, self.inside - low**2 / (1.0 - np.square(least_rest))))
        return np.asarray(s + self.dropped * np.sqrt(1.0 - hit) + kept + SLACK)

    def least_sum(self, theta: float, rest: float) -> int:
        """Smallest sum, in 2^-20, whose bound may reach `theta`: the first cell of a grid of 1/512 that can."""
        cells = np.arange(2 * 512 + 1) / 512.0
        return int(np.argmax(self(cells, rest) + 1.0 / 512.0 >= theta)) * (_SCALE // 512)


def _add(heavy: Heavy, masses: int, plan: Plan, stage: int, sums: NDArray[np.int32]) -> float:
    """Add a stage to the over-estimated partial scores of all spectra, in 2^-20; by how much they may be too large."""
    first, end = int(plan.stages[stage]), int(plan.stages[stage + 1])
    bins, blocks = plan.bins[first:end], sums.size // heavy.block
    factor = np.ceil(plan.unit[first:end] * (_SCALE / 255.0)).astype(np.int32)
    lists = np.arange(blocks)[:, None] * masses + bins[None, :]
    starts, ends = heavy.starts[lists].astype(np.int64), heavy.starts[lists + 1].astype(np.int64)
    if stage == 0:
        sums[:] = 0
    half = blocks // 2
    if sums.size < _TWO_WORKERS_FROM or half == 0:
        _add_lists(heavy, starts, ends, factor, sums)
    else:
        HELPER.both(
            lambda: _add_lists(heavy, starts[:half], ends[:half], factor, sums[: half * heavy.block]),
            lambda: _add_lists(heavy, starts[half:], ends[half:], factor, sums[half * heavy.block :]),
        )
    return float(plan.unit[:end].sum()) / 255.0 + 255.0 * end / _SCALE


def _add_lists(
    heavy: Heavy, starts: IntArray, ends: IntArray, factor: NDArray[np.int32], sums: NDArray[np.int32]
) -> None:
    """Add the lists `starts` to `ends` (blocks, K), each times its `factor` (K,), to the sums of those blocks."""
    edges = np.zeros((starts.shape[0], factor.size + 1), dtype=np.int32)
    np.cumsum(ends - starts, axis=1, out=edges[:, 1:])
    # One allocation for all blocks, and one matrix: its constructor would check and copy what is right already.
    most = int(edges[:, -1].max())
    rows, heights = np.empty(most, dtype=np.int32), np.empty(most, dtype=np.int32)
    matrix = csc_array((heavy.block, factor.size), dtype=np.int32)
    for k, edge in enumerate(edges):
        slices = [slice(p, q) for p, q in zip(starts[k].tolist(), ends[k].tolist(), strict=True)]
        count = int(edge[-1])
        if count:
            np.concatenate([heavy.ids[one] for one in slices], out=rows[:count])
            np.concatenate([heavy.heights[one] for one in slices], out=heights[:count])
            matrix.data, matrix.indices, matrix.indptr = heights[:count], rows[:count], edge
            sums[k * heavy.block : (k + 1) * heavy.block] += matrix @ factor


def _worth_scoring(heavy: Heavy, plan: Plan, stage: int) -> int:
    """How many spectra may be scored for the time it takes to sum this stage."""
    postings = heavy.postings[plan.bins[plan.stages[stage] : plan.stages[stage + 1]]].sum()
    return 200 + int(postings) // _POSTINGS_PER_SCORE


def _seeds(by_chunk: NDArray[np.int32], peaks: NDArray[np.int32], wanted: int, n: int) -> IntArray:
    """The best spectrum of each of the chunks with the largest sums."""
    width = by_chunk.shape[2]
    count = min(wanted, peaks.size)
    chunks = np.argpartition(peaks, peaks.size - count)[peaks.size - count :]
    k, c = np.divmod(chunks, width)
    r = by_chunk[k, :, c].argmax(axis=1)
    rows = k * (CHUNK * width) + r * width + c
    return np.asarray(np.sort(rows[rows < n]), dtype=np.int64)


def _survivors(
    by_chunk: NDArray[np.int32], chunks: IntArray, limit: int, heavy: Heavy, bound: _Bound
) -> tuple[IntArray, FloatArray]:
    """Spectra of these chunks whose sums reach `limit`, and the bounds of their scores."""
    width = by_chunk.shape[2]
    k, c = np.divmod(chunks, width)
    sums = by_chunk[k, :, c]
    which, r = np.nonzero(sums >= limit)
    rows = k[which] * (CHUNK * width) + r * width + c[which]
    inside_library = rows < heavy.energy.size
    rows, s = rows[inside_library], sums[which, r][inside_library] / _SCALE
    rest = heavy.rest[rows] / 255.0
    return rows.astype(np.int64), bound(s, rest, np.maximum(0.0, rest - 1.0 / 255.0))


def _score_survivors(
    library: tuple[Forward, Heavy, Weighing, Query], found: Found, rows: IntArray, bounds: FloatArray, top: int
) -> Found:
    """Score survivors from the highest bound down, in growing batches, until no bound reaches the last of the best."""
    reach = bounds >= found[1][-1]
    rows, bounds = rows[reach], bounds[reach]
    order = np.argsort(-bounds, kind="stable")
    rows, bounds = rows[order], bounds[order]
    done, size = 0, _BATCH
    while done < rows.size and bounds[done] >= found[1][-1]:
        batch = np.sort(rows[done : done + size])
        found = merged(found, (batch, exact(*library, batch)), top)
        done, size = done + size, min(_GROW * size, _LARGEST_BATCH)
    return found

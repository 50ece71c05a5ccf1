"""The search of a heavy index, compiled. Loaded only where numba is installed and pays; releases the GIL.

Same answers as `ei_search`, to the bit: sums run in rising mass, in strict IEEE
arithmetic. Imports numba, numpy and `spectra` only.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from spectra.index.ei_reach import CELLS, LEVEL, LEVELS, SLACK
from spectra.numba_cache import compiled, read_only

COMPILED_CHUNK = _CHUNK = 16
_FOUND = 4096
_AHEAD = 16
_POSTINGS_PER_SCORE = 500
_S = 131072.0
_Y = 16383.0
_CELL = 16384 // CELLS


_U8, _U16, _U32, _I64, _F64 = (read_only(t) for t in (nb.uint8, nb.uint16, nb.uint32, nb.int64, nb.float64))
_TABLE = read_only(nb.uint32, 2)
_FORWARD = (_U16, _U16, _I64)
_WEIGHING = (_F64, _F64)


@compiled()
def _score(library, wanted, query_energy, r):  # type: ignore[no-untyped-def]
    """Exact score of one spectrum, float64 sum in rising mass, rounded to float32 once."""
    mz, code, offsets, energy, w_code, w_mass = library
    dot = 0.0
    # A mass the query lacks adds 0.0, which changes nothing and needs no branch.
    for p in range(offsets[r], offsets[r + 1]):
        dot += wanted[mz[p]] * (w_code[code[p]] * w_mass[mz[p]])
    return np.float32(dot / np.sqrt(query_energy * energy[r])) if energy[r] > 0.0 else np.float32(0.0)


@compiled()
def _insert(entries, scores, count, entry, score):  # type: ignore[no-untyped-def]
    """Insert into the best list (score falling, entry rising); returns its new length. Knows what is in already."""
    top = entries.size
    if score <= 0.0 or (count == top and (score < scores[top - 1])):
        return count
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        if scores[middle] > score or (scores[middle] == score and entries[middle] < entry):
            low = middle + 1
        else:
            high = middle
    if low == top or (low < count and entries[low] == entry):
        return count
    last = count if count < top else top - 1
    for k in range(last, low, -1):
        entries[k], scores[k] = entries[k - 1], scores[k - 1]
    entries[low], scores[low] = entry, score
    return last + 1


@compiled(nb.int64(*_FORWARD, _F64, *_WEIGHING, _F64, nb.float64, nb.int64, nb.int64, nb.int64[::1], nb.float32[::1]))
def score_all(mz, code, offsets, energy, w_code, w_mass, wanted, query_energy, low, high, entries, scores):  # type: ignore[no-untyped-def]
    """Every spectrum from `low` to `high`, exactly; fills the best list and returns its length."""
    library, count = (mz, code, offsets, energy, w_code, w_mass), 0
    for r in range(low, high):
        count = _insert(entries, scores, count, r, _score(library, wanted, query_energy, r))
    return count


@compiled()
def _add(index, bins, table, k, mine):  # type: ignore[no-untyped-def]
    """Add the postings of some masses to the packed sums of block k."""
    ids, heights, starts, masses = index
    for j in range(bins.size):
        line = table[j]
        at = k * masses + bins[j]
        for p in range(starts[at], starts[at + 1]):
            mine[ids[p]] += line[heights[p]]


@compiled()
def _maxima(mine, peaks):  # type: ignore[no-untyped-def]
    """Largest sum of every chunk of a block: chunk c holds its entries c, c + W, c + 2W … (read line by line)."""
    width = peaks.size
    peaks[:] = mine[:width]
    for r in range(1, _CHUNK):
        line = mine[r * width : (r + 1) * width]
        for c in range(width):
            peaks[c] = max(peaks[c], line[c])


@compiled()
def _best_chunks(first, last, peaks, chosen):  # type: ignore[no-untyped-def]
    """Chunks `first` to `last` with the largest maxima, at most `chosen.size`; returns how many."""
    count = 0
    for c in range(first, last):
        value = peaks[c]
        if count == chosen.size and value <= peaks[chosen[count - 1]]:
            continue
        k = count if count < chosen.size else count - 1
        while k > 0 and peaks[chosen[k - 1]] < value:
            chosen[k] = chosen[k - 1]
            k -= 1
        chosen[k] = c
        count = min(count + 1, chosen.size)
    return count


@compiled()
def _limits(theta, inside, dropped, slack, limits):  # type: ignore[no-untyped-def]
    """Smallest sums, in 2^-17, that may reach `theta`, by what is left out and by the query energy met; their least.

    `limits` (LEVELS, CELLS): see `ei_reach` for the proof; here the energy y met is known to within `slack`.
    """
    root, unmet, reach = np.empty(CELLS), np.empty(CELLS), np.empty(CELLS)
    for c in range(CELLS):
        met = min(inside, (c + 1) * _CELL / _Y + slack)
        root[c], unmet[c] = np.sqrt(met), np.sqrt(max(0.0, inside - c * _CELL / _Y))
        reach[c] = max(np.sqrt(met + dropped), 1e-150)
    least = np.uint32(1 << 18)
    for j in range(LEVELS):
        left, sure = j * LEVEL / 255.0, max(0.0, (j - 1) * LEVEL / 255.0)
        ball = np.sqrt(1.0 - sure * sure)
        for c in range(CELLS):
            cosine = (theta - SLACK - left * unmet[c]) / (ball * reach[c])
            miss = np.sqrt(dropped * max(0.0, 1.0 - cosine * cosine))
            s = max(0.0, root[c] / reach[c] * ball * (root[c] * cosine - miss))
            limit = np.uint32(min(s, 1.9) * _S) if cosine <= 1.0 else np.uint32(1 << 18)
            limits[j, c] = min(limit, limits[j - 1, c]) if j > 0 else limit
            least = min(least, limits[j, c])
    return least


@compiled()
def _sum(index, bins, table, first, last, block, afresh, sums, peaks):  # type: ignore[no-untyped-def]
    """Add some masses to the sums of blocks `first` to `last`, one block at a time while it is in the cache."""
    width = block // _CHUNK
    for k in range(first, last):
        mine = sums[k * block : (k + 1) * block]
        if afresh:
            mine[:] = 0
        _add(index, bins, table, k, mine)
        _maxima(mine, peaks[k * width : (k + 1) * width])


@compiled()
def _seed(library, wanted, query_energy, block, chunks, sums, entries, scores, count):  # type: ignore[no-untyped-def]
    """Score the best spectrum of each of these chunks; returns the new length of the best list."""
    width, n = block // _CHUNK, library[3].size
    for c in chunks:
        at = (c // width) * block + c % width
        best = at
        for r in range(1, _CHUNK):
            if sums[at + r * width] > sums[best]:
                best = at + r * width
        if best < n:
            count = _insert(entries, scores, count, best, _score(library, wanted, query_energy, best))
    return count


@compiled()
def _collect(chunk, end, block, theta, figures, rest, sums, peaks, limits, found):  # type: ignore[no-untyped-def]
    """Spectra from `chunk` on whose sums may reach `theta`, until `found` is full: their number, the next chunk."""
    inside, dropped, slack = figures
    width, n, count = block // _CHUNK, rest.size, 0
    least = np.uint32(min(_limits(theta, inside, dropped, slack, limits), (1 << 18) - 1) << 14)
    while chunk < end and count + _CHUNK <= found.size:
        if peaks[chunk] >= least:
            at = (chunk // width) * block + chunk % width
            for doc in range(at, at + block, width):
                packed = sums[doc]
                if packed >= least and doc < n:
                    level = min((np.int64(rest[doc]) + LEVEL - 1) // LEVEL, LEVELS - 1)
                    found[count] = doc
                    count += (packed >> np.uint32(14)) >= limits[level, (packed & np.uint32(16383)) // _CELL]
        chunk += 1
    return count, chunk


@compiled()
def _worth_scoring(index, bins, first, last):  # type: ignore[no-untyped-def]
    """How many spectra may be scored for the time it takes to sum these masses."""
    _, _, starts, masses = index
    postings = np.int64(0)
    for k in range(first, last):
        for m in bins:
            postings += starts[k * masses + m + 1] - starts[k * masses + m]
    return 200 + postings // _POSTINGS_PER_SCORE


@compiled()
def _score_found(library, wanted, query_energy, found, entries, scores, count):  # type: ignore[no-untyped-def]
    """Score these spectra exactly; returns the new length of the best list."""
    mz, code, offsets = library[0], library[1], library[2]
    touched = 0
    for first in range(0, found.size, _AHEAD):
        batch = found[first : first + _AHEAD]
        # Independent reads first: the waits for memory then overlap instead of following one another.
        for doc in batch:
            p, q = offsets[doc], offsets[doc + 1] - 1
            if q >= p:
                touched += mz[p] + mz[(p + q) >> 1] + mz[q] + code[p] + code[(p + q) >> 1] + code[q]
        for doc in batch:
            count = _insert(entries, scores, count, doc, _score(library, wanted, query_energy, doc))
    # The sum is used, or the compiler would leave the reads out.
    return count if touched >= 0 else -1


@compiled(nb.void(_F64, nb.uint32[:, ::1]))
def fill_table(unit, table):  # type: ignore[no-untyped-def]
    """Packed contribution of every mass and height, (K, 256): 18 bits rounded up, 14 bits of energy rounded down."""
    for k in range(unit.size):
        energy = np.uint32(np.floor(_Y * unit[k] * unit[k]))
        for h in range(256):
            table[k, h] = (np.uint32(np.ceil(unit[k] * (h * (_S / 255.0)))) << np.uint32(14)) | energy


@compiled(
    nb.int64(
        *_FORWARD, _F64, *_WEIGHING, _U8,  # the library and what its heavy index leaves out
        _U16, _U8, _U32, nb.int64, nb.int64,  # the heavy index: ids, heights, starts, masses, block
        _F64, nb.float64, _I64, _TABLE, _I64, _F64,  # the query: weights, energy, bins, tables, stages, figures
        nb.int64, nb.int64, nb.int64, nb.int64, nb.float32[::1], nb.uint32[::1], nb.uint32[::1],  # this worker
        nb.int64[::1], nb.float32[::1],
    )
)  # fmt: skip
def search_blocks(  # type: ignore[no-untyped-def]
    mz, code, offsets, energy, w_code, w_mass, rest,
    ids, heights, starts, masses, block,
    wanted, query_energy, bins, table, stages, figures,
    first, last, me, seeds, theta, sums, peaks,
    entries, scores,
):  # fmt: skip
    """The best spectra of blocks `first` to `last`: fills `entries`, `scores`; returns their number.

    Masses `bins[stages[g]:stages[g+1]]` are summed in stage g, the rest is bounded; three `figures` a stage: energy
    of the query in the masses summed so far, the energy left, and by how much the energy met is under-estimated. A stage that leaves too many spectra to score is followed by the next. `theta` (workers,): the
    lowest score of each worker's full list, read by all; an old value only prunes less.
    """
    library, index, width = (mz, code, offsets, energy, w_code, w_mass), (ids, heights, starts, masses), block // _CHUNK
    chosen, found = np.empty(seeds, dtype=np.int64), np.empty(_FOUND, dtype=np.int64)
    limits = np.empty((LEVELS, CELLS), dtype=np.uint32)
    begin, end, count, last_stage = first * width, last * width, 0, stages.size - 2
    for g in range(last_stage + 1):
        some, lines = bins[stages[g] : stages[g + 1]], table[stages[g] : stages[g + 1]]
        _sum(index, some, lines, first, last, block, g == 0, sums, peaks)
        chunks = chosen[: _best_chunks(begin, end, peaks, chosen)]
        count = _seed(library, wanted, query_energy, block, chunks, sums, entries, scores, count)
        mine_now = (figures[3 * g], figures[3 * g + 1], figures[3 * g + 2])
        room, chunk = _FOUND, begin
        if g < last_stage:
            room = min(_FOUND, _worth_scoring(index, bins[stages[g + 1] : stages[g + 2]], first, last))
        while True:
            if count == entries.size:
                theta[me] = max(theta[me], scores[count - 1])
            reach = np.float64(theta.max())
            number, chunk = _collect(chunk, end, block, reach, mine_now, rest, sums, peaks, limits, found[:room])
            if chunk < end and g < last_stage:
                break
            count = _score_found(library, wanted, query_energy, found[:number], entries, scores, count)
            if chunk >= end:
                return count
    return count

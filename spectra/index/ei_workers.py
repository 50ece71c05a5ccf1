"""The compiled search shared between the caller and one helping thread. Loaded only where numba pays.

Imports numpy and `spectra` only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectra.acceleration import HELPER
from spectra.index.ei_numba import COMPILED_CHUNK, fill_table, score_all, search_blocks
from spectra.index.ei_search import Found, Plan, Query, merged
from spectra.index.ei_tables import Forward, Heavy, Weighing

Workspace = tuple[NDArray[np.uint32], NDArray[np.uint32]]
_EXTRA_SEEDS = 14
_MOST_BINS = 4096
"""Up to this many masses the rounded sums fit the 18 bits kept for them; beyond, every spectrum is scored."""
_TWO_WORKERS_FROM = 300_000


def compiled_search_all(forward: Forward, heavy: Heavy, weighing: Weighing, query: Query, top: int) -> Found:
    """The best by scoring every spectrum."""
    entries, scores = np.zeros(top, dtype=np.int64), np.zeros(top, dtype=np.float32)
    columns = forward.mz, forward.code, forward.offsets, heavy.energy, weighing.height, weighing.mass
    count = score_all(*columns, query.wanted, query.energy, 0, forward.n, entries, scores)
    return entries[:count], scores[:count]


def compiled_search(
    forward: Forward, heavy: Heavy, weighing: Weighing, query: Query, top: int, spare: list[Workspace]
) -> Found:
    """The best of one query through the heavy index; `spare` holds working memory between queries."""
    if query.bins.size > _MOST_BINS:
        return compiled_search_all(forward, heavy, weighing, query, top)
    blocks, width = -(-forward.n // heavy.block), heavy.block // COMPILED_CHUNK
    try:
        workspace = spare.pop()
    except IndexError:
        workspace = np.zeros(blocks * heavy.block, dtype=np.uint32), np.zeros(blocks * width, dtype=np.uint32)
    plan = _packed(Plan.of(query, heavy))
    theta = np.zeros(2, dtype=np.float32)
    library = forward.mz, forward.code, forward.offsets, heavy.energy, weighing.height, weighing.mass, heavy.rest
    index = heavy.ids, heavy.heights, heavy.starts, forward.masses, heavy.block

    def work(first: int, last: int, me: int) -> Found:
        entries, scores = np.zeros(top, dtype=np.int64), np.zeros(top, dtype=np.float32)
        worker = first, last, me, top + _EXTRA_SEEDS, theta, *workspace, entries, scores
        count = search_blocks(*library, *index, query.wanted, query.energy, *plan, *worker)
        return entries[:count], scores[:count]

    try:
        if blocks < 2 or forward.n < _TWO_WORKERS_FROM:
            return work(0, blocks, 0)
        half = blocks // 2
        return merged(*HELPER.both(lambda: work(0, half, 1), lambda: work(half, blocks, 0)), top)
    finally:
        spare.append(workspace)


def _packed(plan: Plan) -> tuple[NDArray[Any], ...]:
    """Masses in the order they are summed, their packed contributions, stages, figures of the bound per stage."""
    stages = range(plan.stages.size - 1)
    figures = np.array([(*plan.energies(stage), plan.stages[stage + 1] / 16383.0) for stage in stages])
    table = np.empty((plan.unit.size, 256), dtype=np.uint32)
    fill_table(plan.unit, table)
    return plan.bins, table, plan.stages, figures.ravel()

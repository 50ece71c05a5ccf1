"""Which search answers which score: the exact indices where there is one, every entry scored where there is none.

Why: answers are the same either way; only the time differs. A library may have segments (entries added since the
index was built), each with its own index, merged by the same rule. Imports numpy and `spectra` only.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectra.acceleration import CHOICES
from spectra.index.ei_index import EiIndex
from spectra.index.ms2_index import Ms2Index
from spectra.index.precursor_error import COST_PER_PPM, FORGIVEN_PPM, cost, error_ppm
from spectra.index.queries import Queries
from spectra.index.topk import best
from spectra.peaktable import IntArray, PeakTable
from spectra.preprocess import MAX_TOLERANCE_DA, Peaks, micro
from spectra.similarity import Composite, Cosine, Entropy, Score, WeightedCosine
from spectra.types import SpectrumError

Answer = tuple[IntArray, NDArray[np.float32]]
_WIDER = 4
"""Times as many are asked for as are wanted: of 200 searches of a million 68 had to ask again at 2, 8 at 4."""
INDEX_FROM = 2_000
"""Accurate libraries below this many entries answer as fast without an index (measured)."""
REBUILD_SHARE = 4
"""Added entries beyond a quarter of the first segment: one index over all is built instead of two."""


def accelerator_chosen(asked: str | None = None) -> str:
    """`asked`, or what the environment variable MAST_ACCELERATOR says, or auto. Raises ValueError on another word.

    >>> accelerator_chosen("numpy")
    'numpy'
    """
    choice = os.environ.get("MAST_ACCELERATOR") or "auto" if asked in {None, "auto"} else asked
    if choice not in CHOICES:
        raise ValueError(f"there is no accelerator called {choice!r}; use one of {', '.join(CHOICES)}")
    return choice


class MassSearch:
    """Exact top-k over the N references of a table; `edges` (S+1,) are where its segments start and end."""

    def __init__(self, table: PeakTable, edges: tuple[int, ...] = ()) -> None:
        self.table = table
        self.edges = edges or (0, table.n)
        self._made: dict[tuple[Any, ...], list[Any]] = {}

    def top(
        self, rule: Score, query: Peaks, top: int, precursor_tolerance: float | None, accelerator: str, accurate: bool
    ) -> Answer:
        """Entries and float32 scores of the `top` best: score falling, then entry rising; score 0 is no answer.

        With `precursor_tolerance` (Da) only entries of that precursor; in accurate mass their order is that of the score
        less `COST_PER_PPM` of a full one per ppm by which the precursor's error exceeds what is forgiven.
        """
        if top < 1:
            raise ValueError("top must be at least 1")
        if self.table.n == 0:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        if precursor_tolerance is not None and not np.isfinite(query.precursor_mz):
            raise SpectrumError("an identity search needs the precursor m/z of the query; this spectrum has none")
        if accurate and precursor_tolerance is not None:
            return self._identity(rule, query, top, precursor_tolerance, accelerator)
        if accurate and type(rule) is Entropy and self._pays(rule):
            return self._by_entropy(rule, query, top, None, accelerator)
        if not accurate and precursor_tolerance is None and _is_cosine(rule):
            own = query.mz.astype(np.int64)
            found = [i.search(own, query.intensity, top, accelerator) for i in self.cosine(rule.a, rule.b, accelerator)]  # type: ignore[attr-defined]
            return self._merged(found, top)
        return self._every(rule, query, top, precursor_tolerance, accelerator)

    def _by_entropy(self, rule: Entropy, query: Peaks, top: int, width: float | None, accelerator: str) -> Answer:
        """The best by the entropy index, the precursor's error not counted."""
        return self._merged([i.search(query, rule.window, top, width, accelerator) for i in self.entropy()], top)

    def _identity(self, rule: Score, query: Peaks, top: int, width: float, accelerator: str) -> Answer:
        """The best of the same precursor in the order that counts its error, exactly.

        By the index more than `top` are asked for, until nothing left out can take a place: an entry left out has at most
        the lowest score that was found. Where many cannot be told apart that way, all of the precursor are scored.
        """
        if type(rule) is Entropy and self._pays(rule):
            for asked in (_WIDER * top, _WIDER**2 * top):
                entries, scores = self._by_entropy(rule, query, asked, width, accelerator)
                chosen, least = self._less_error(rule, query, entries, scores, top)
                if entries.size < asked or float(scores[-1]) / rule.full < least:
                    return entries[chosen], scores[chosen]
                # An entry this far off could not take a place with a full score.
                most = FORGIVEN_PPM + (1.0 - min(least, 1.0)) / COST_PER_PPM
                width = min(width, 1.001 * most * query.precursor_mz / 1e6)
        entries, scores = self._same_precursor(rule, query, width, accelerator)
        chosen, _ = self._less_error(rule, query, entries, scores, top)
        return entries[chosen], scores[chosen]

    def _less_error(
        self, rule: Score, query: Peaks, entries: IntArray, scores: NDArray[np.float32], top: int
    ) -> tuple[IntArray, float]:
        """Positions of the `top` best of these entries, and the share of a full score the last of them is ordered by."""
        error = error_ppm(self.table.precursor[entries], query.precursor_mz)
        share = scores.astype(np.float64) / rule.full - cost(error)
        order = np.lexsort((entries, -share))
        chosen = order[scores[order] > 0][:top]
        return chosen, float(share[chosen[-1]]) if chosen.size else 0.0

    def run(
        self, rule: Score, queries: Queries, top: int, precursor_tolerance: float | None, accelerator: str
    ) -> Answer | None:
        """Entries and scores (Q, top) of every query where they are found together: by a cosine of unit mass.

        Entry −1 and score 0 where there is none left. None: this must be searched one by one, by `top`.
        """
        if self.table.accurate or precursor_tolerance is not None or not _is_cosine(rule) or top < 1:
            return None
        flat = queries.mz.astype(np.int64), queries.intensity, queries.offsets
        indices = self.cosine(rule.a, rule.b, accelerator) if self.table.n else []  # type: ignore[attr-defined]
        found = [index.search_run(*flat, min(top, index.n), accelerator) for index in indices]
        if len(found) == 1:
            return found[0]
        entries = [np.where(e < 0, -1, e + first) for (e, _), first in zip(found, self.edges[:-1], strict=False)]
        nothing = np.full((len(queries), 1), -1, dtype=np.int64), np.zeros((len(queries), 1), dtype=np.float32)
        entry = np.concatenate([*entries, nothing[0]], axis=1)
        scores = np.concatenate([*(s for _, s in found), nothing[1]], axis=1)
        order = np.lexsort((entry, -scores))[:, :top]
        return np.take_along_axis(entry, order, axis=1), np.take_along_axis(scores, order, axis=1)

    def _every(
        self, rule: Score, query: Peaks, top: int, precursor_tolerance: float | None, accelerator: str
    ) -> Answer:
        if isinstance(rule, Composite):
            rule.accelerator = accelerator
        if precursor_tolerance is None:
            scores = rule.row(query, self.table).astype(np.float32)
            chosen = best(scores, top)
            return chosen, scores[chosen]
        rows, scores = self._same_precursor(rule, query, precursor_tolerance, accelerator)
        chosen = best(scores, top)
        return rows[chosen], scores[chosen]

    def _same_precursor(self, rule: Score, query: Peaks, width: float, accelerator: str) -> Answer:
        """All entries of that precursor with their scores, in no order that counts."""
        if isinstance(rule, Composite):
            rule.accelerator = accelerator
        rows = self._near(query, width)
        return rows, rule.row(query, self.table.take(rows)).astype(np.float32)

    def _near(self, query: Peaks, width: float) -> IntArray:
        known = np.flatnonzero(np.isfinite(self.table.precursor))
        apart = np.abs(micro(self.table.precursor[known]) - micro(query.precursor_mz))
        return np.asarray(known[apart <= micro(width)])

    def _pays(self, rule: Score) -> bool:
        return self.table.n >= INDEX_FROM and 0 < rule.window <= MAX_TOLERANCE_DA

    def _merged(self, found: list[Answer], top: int) -> Answer:
        if len(found) == 1:
            return found[0]
        entries = np.concatenate([e + first for (e, _), first in zip(found, self.edges[:-1], strict=True)])
        scores = np.concatenate([s for _, s in found])
        order = np.lexsort((entries, -scores))[:top]
        return entries[order], scores[order]

    def entropy(self) -> list[Ms2Index]:
        """The entropy index of every segment; built on first use."""
        return self._indices(("entropy",), Ms2Index.build)

    def cosine(self, a: float, b: float, accelerator: str = "auto") -> list[EiIndex]:
        """The index of the weighted cosine m^a·I^b of every segment; built on first use."""
        known = self._made.get(("cosine", 1.0, 0.5))

        def build(part: PeakTable) -> EiIndex:
            return EiIndex.build(part, a, b, accelerator)

        if known is not None and (a, b) != (1.0, 0.5) and ("cosine", a, b) not in self._made:
            # The spectra themselves are the same for all exponents and shared.
            self._made["cosine", a, b] = [EiIndex.build(i.forward, a, b, accelerator) for i in known]
        return self._indices(("cosine", a, b), build)

    def _indices(self, key: tuple[Any, ...], build: Any) -> list[Any]:
        made = self._made.get(key)
        if made is None:
            parts = [self.table.part(a, b) for a, b in zip(self.edges[:-1], self.edges[1:], strict=True)]
            made = self._made[key] = [build(part) for part in parts]
        return made

    def extended(self, table: PeakTable) -> MassSearch:
        """Search over `table`, which begins with this table's references; the first segment keeps its indices."""
        first = self.edges[1]
        if (table.n - first) * REBUILD_SHARE > first or not self._made:
            return MassSearch(table)
        grown = MassSearch(table, (0, first, table.n))
        tail = table.part(first, table.n)
        for key, indices in self._made.items():
            new = Ms2Index.build(tail) if key[0] == "entropy" else EiIndex.build(tail, key[1], key[2])
            grown._made[key] = [indices[0], new]
        return grown

    def arrays(self, accelerator: str = "auto") -> dict[str, NDArray[Any]]:
        """The index to store with the library, over all segments."""
        whole = self if len(self.edges) == 2 else MassSearch(self.table)
        if self.table.accurate:
            return whole.entropy()[0].arrays() if self.table.n >= INDEX_FROM else {}
        return {f"ei_{name}": a for name, a in whole.cosine(1.0, 0.5, accelerator)[0].arrays().items()}

    @classmethod
    def stored(cls, table: PeakTable, arrays: dict[str, NDArray[Any]]) -> MassSearch:
        """Search over `table` with what `arrays` stored."""
        search = cls(table)
        own = {name[3:]: array for name, array in arrays.items() if name.startswith("ei_")}
        if own:
            search._made["cosine", 1.0, 0.5] = [EiIndex.from_arrays(own)]
        if "ms2_mz" in arrays:
            search._made["entropy",] = [Ms2Index.from_arrays(arrays)]
        return search


def _is_cosine(rule: Score) -> bool:
    return type(rule) in {Cosine, WeightedCosine} and not rule.accurate

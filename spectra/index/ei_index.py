"""EiIndex: exact search of unit-mass spectra by weighted cosine, stored and in memory, with numpy or numba.

Why: a million spectra are answered in milliseconds, and the answer is that of scoring every one. Imports numpy and
`spectra` only; numba when it is installed and pays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spectra.acceleration import Patience
from spectra.index.ei_heavy import CHUNK, build_heavy
from spectra.index.ei_run import search_run
from spectra.index.ei_search import Found, Query, Sums, search, search_all
from spectra.index.ei_tables import Forward, Heavy, UnitMassPeaks, Weighing
from spectra.types import SpectrumError

_FORWARD = ("mz", "code", "offsets")
_HEAVY = ("energy", "rest", "ids", "heights", "starts", "layout")
_FEW_SCANS = 16
_MOST_FOR_PRODUCT = 20_000
_SCANS_AT_ONCE = 4096
_DENSE_SHARE = 4
"""More answers wanted than a quarter of the chunks: scoring every spectrum is no slower."""


class EiIndex:
    """N unit-mass spectra, searched by cos = Σ w_q w_l / √(Σw_q² Σw_l²) with w = m^a · I^b.

    `forward` holds the spectra and may be shared by indices of several (a, b); `heavy` is the index of one. Scores
    are exact for the stored intensities (16-bit codes, relative error ≤ 1.05e-4), that is within 2·b·1.05e-4 of
    the unrounded cosine. Safe to share between threads.

    >>> table = Forward(np.array([58, 91, 44, 91], np.uint16), np.array([65535, 60000, 65535, 62000], np.uint16),
    ...                 np.array([0, 2, 4]))
    >>> entries, scores = EiIndex(table).search([44, 91], [9, 2], top=5)
    >>> entries.tolist()
    [1, 0]
    """

    def __init__(
        self, forward: Forward, heavy: Heavy | None = None, a: float = 1.0, b: float = 0.5, accelerator: str = "auto"
    ) -> None:
        self.forward, self.a, self.b = forward, float(a), float(b)
        self.weighing = Weighing.of(self.a, self.b, forward.masses)
        self.heavy = build_heavy(forward, self.weighing, None, accelerator) if heavy is None else heavy
        self.accelerator = accelerator
        self._patience = Patience()
        # Working memory between queries, one for every search that ever ran at the same time.
        self._spare: list[tuple[NDArray[np.uint32], NDArray[np.uint32]]] = []
        self._sums: list[Sums] = []

    @classmethod
    def build(
        cls,
        table: UnitMassPeaks | Forward,
        a: float = 1.0,
        b: float = 0.5,
        accelerator: str = "auto",
        block: int | None = None,
    ) -> EiIndex:
        """Index of prepared spectra (`mz` uint16, `intensity`, `offsets`) or of another index's `forward`.

        `accelerator`: auto, numpy or numba. `block`: spectra per block, a multiple of 64 up to 65536.
        """
        if not b > 0:
            raise ValueError(f"the exponent of the intensity must be above 0, not {b}")
        forward = table if isinstance(table, Forward) else Forward.of(table)
        heavy = build_heavy(forward, Weighing.of(a, b, forward.masses), block, accelerator)
        return cls(forward, heavy, a, b, accelerator)

    @property
    def n(self) -> int:
        """Number of spectra."""
        return self.forward.n

    def arrays(self, forward: bool = True) -> dict[str, NDArray[Any]]:
        """Everything to store, by name; without the spectra themselves when `forward` is false."""
        layout = np.array([self.heavy.block, self.forward.masses, self.a, self.b])
        heavy = {name: getattr(self.heavy, name) for name in _HEAVY[:-1]} | {"layout": layout}
        return {**({name: getattr(self.forward, name) for name in _FORWARD} if forward else {}), **heavy}

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, NDArray[Any]], forward: Forward | None = None, accelerator: str = "auto"
    ) -> EiIndex:
        """Index from what `arrays` gave, which may be memory-mapped. Raises SpectrumError on what does not fit."""
        missing = [name for name in _HEAVY + (() if forward else _FORWARD) if name not in arrays]
        if missing:
            raise SpectrumError(f"this search index lacks {', '.join(missing)}; import the library again")
        # asarray: numba looks up a memmap object slowly, its plain view quickly.
        plain = {name: np.asarray(arrays[name]) for name in arrays}
        block, masses, a, b = plain["layout"].tolist()
        if forward is None:
            forward = Forward(plain["mz"], plain["code"], plain["offsets"].astype(np.int64, copy=False))
        # Reading the largest mass back would read the whole file.
        forward.__dict__["masses"] = int(masses)
        energy, rest, ids, heights, starts = (plain[name] for name in _HEAVY[:-1])
        heavy = Heavy(energy, rest, ids, heights, starts, int(block))
        blocks = -(-forward.n // heavy.block)
        if heavy.energy.size != forward.n or heavy.starts.size != blocks * forward.masses + 1:
            raise SpectrumError("this search index belongs to other spectra; import the library again")
        return cls(forward, heavy, a, b, accelerator)

    def search(self, mz: ArrayLike, intensity: ArrayLike, top: int = 10, accelerator: str | None = None) -> Found:
        """Entries (K,) int64 and scores (K,) float32 of the `top` best: score falling, then entry rising.

        `mz` (Q,) unit masses rising without repeats, `intensity` (Q,) ≥ 0. Masses beyond the library's count as
        not matched. Spectra with score 0 are no candidates. Equals scoring every spectrum, to the bit.
        Raises ValueError when `top` is below 1 or the masses do not rise.
        """
        if top < 1:
            raise ValueError("top must be at least 1")
        query = Query.of(
            np.asarray(mz, dtype=np.int64), np.asarray(intensity, dtype=np.float64), self.a, self.b, self.forward.masses
        )
        if query.bins.size == 0 or self.n == 0:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        top = min(top, self.n)
        library = self.forward, self.heavy, self.weighing, query
        every = top * _DENSE_SHARE > -(-self.n // CHUNK)
        if self._patience.wants_numba(accelerator or self.accelerator):
            from spectra.index.ei_workers import compiled_search, compiled_search_all

            return compiled_search_all(*library, top) if every else compiled_search(*library, top, self._spare)
        with self._patience.counting():
            if every:
                return search_all(*library, top)
            try:
                sums = self._sums.pop()
            except IndexError:
                sums = Sums.of(self.heavy)
            try:
                return search(*library, top, sums)
            finally:
                self._sums.append(sums)

    def search_run(
        self, mz: ArrayLike, intensity: ArrayLike, offsets: ArrayLike, top: int = 10, accelerator: str | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """`search` for Q scans given flat, `offsets` (Q+1,): entries and scores (Q, top), −1 and 0 where none is left.

        Many scans against up to 20,000 spectra are one matrix product; the answers are those of `search`.
        """
        if top < 1:
            raise ValueError("top must be at least 1")
        m, i = np.asarray(mz, dtype=np.int64), np.asarray(intensity, dtype=np.float64)
        o = np.asarray(offsets, dtype=np.int64)
        scans = o.size - 1
        entries, scores = np.full((scans, top), -1, dtype=np.int64), np.zeros((scans, top), dtype=np.float32)
        alone = np.arange(scans)
        if scans >= _FEW_SCANS and 0 < self.n <= _MOST_FOR_PRODUCT:
            left, by_numba = [], self._patience.wants_numba(accelerator or self.accelerator)
            for low in range(0, scans, _SCANS_AT_ONCE):
                part = slice(low, min(scans, low + _SCANS_AT_ONCE))
                peaks = slice(int(o[low]), int(o[part.stop]))
                flat = m[peaks], i[peaks], o[low : part.stop + 1] - o[low]
                library = self.forward, self.heavy, self.weighing
                entries[part], scores[part], open_ = search_run(library, *flat, (self.a, self.b), top, by_numba)
                left.append(open_ + low)
            alone = np.concatenate(left)
        for q in alone.tolist():
            found = self.search(m[o[q] : o[q + 1]], i[o[q] : o[q + 1]], top, accelerator)
            entries[q, : found[0].size], scores[q, : found[0].size] = found
        return entries, scores

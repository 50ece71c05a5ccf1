"""What the exact entropy search of accurate libraries keeps: forward rows by precursor, and postings by m/z.

Why: bounds from 8-bit weights rule out nearly every entry, the forward rows give the rest its exact score. Imports
numpy and `spectra` only.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectra.peaktable import PeakTable, positions
from spectra.preprocess import DEFAULT_TOLERANCE_DA, MAX_ACCURATE_MZ, MAX_TOLERANCE_DA, micro
from spectra.similarity.entropy import Entropy
from spectra.similarity.log2 import gain
from spectra.types import FloatArray

BLOCK = 1 << 16
"""Entries per block: local numbers fit 16 bits and a block's sums (128 kB) stay in the second cache."""
CHUNKS = 64
"""A block is seen as CHUNKS rows of BLOCK/CHUNKS columns; the maximum of a column says whether to look into it."""
CELL = 20_000
"""Width (micro-Da) of the cells that point into the postings of a block."""
UNKNOWN = np.int64(2**62)
"""Precursor (micro-Da) of an entry without one: sorted last, near no query."""
SCALE = 30_000.0
"""Bounds are whole multiples of 1/SCALE; a full match is 30,000 and fits 16 bits with room for rounding up."""
BEYOND = MAX_ACCURATE_MZ + MAX_TOLERANCE_DA
"""No query peak above this m/z (Da) meets a stored one."""
MOST_PEAKS = 1_000
"""Queries with more peaks than this could overflow the 16-bit bounds; they are scored exactly throughout."""
_MANY = 1_000
_LEAST = 2.0**-12
_STEP = np.log(2.0**11) / 255.0


def _upper() -> FloatArray:
    values = _LEAST * np.exp(np.arange(256) * _STEP)
    return np.asarray(values * (1.0 + 1e-12))


UPPER = _upper()
"""Largest weight behind each of the 256 codes: 2^-12 … ½, steps of 3 %."""
BOUNDS: NDArray[np.uint16] = np.ceil(SCALE * gain(UPPER[:, None] + np.zeros(256), UPPER[None, :])).astype(np.uint16)
"""(256, 256): what a matched pair of codes can add at most, times SCALE."""


def codes(weight: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The smallest code whose UPPER is not below each weight (any shape), for weights 0 < w ≤ ½."""
    exact = weight.astype(np.float64)
    if exact.size < _MANY:
        return np.asarray(np.searchsorted(UPPER, exact, side="left"), dtype=np.uint8)
    code = np.clip(np.ceil(np.log(exact / _LEAST) / _STEP), 0, 255).astype(np.int64)
    # The logarithm may err by one step at a boundary.
    code += UPPER[code] < exact
    code -= (code > 0) & (UPPER[np.maximum(code - 1, 0)] >= exact)
    return np.asarray(code, dtype=np.uint8)


@dataclass(frozen=True, eq=False)
class Ms2Arrays:
    """N entries sorted by precursor, P peaks, B blocks of `block` entries, C cells.

    Forward: `offsets` (N+1,), `mz` (P,) micro-Da rising in each row, `weight` (P,) sums to ½ per row, `code` (P,);
    `order` (N,) entry behind each row, `precursor` (N,) micro-Da. Postings, by block and then m/z: `p_mz`, `p_id`
    (row within the block), `p_code` (P,); `cells` (B·(C+1),) where each cell of a block starts.
    """

    offsets: NDArray[np.int64]
    mz: NDArray[np.uint32]
    weight: NDArray[np.float32]
    code: NDArray[np.uint8]
    order: NDArray[np.int32]
    precursor: NDArray[np.int64]
    p_mz: NDArray[np.uint32]
    p_id: NDArray[np.uint16]
    p_code: NDArray[np.uint8]
    cells: NDArray[np.uint32]
    block: NDArray[np.int64]

    @classmethod
    def build(cls, table: PeakTable, block: int = BLOCK) -> Ms2Arrays:
        """Arrays of an accurate table; `block` a power of two from CHUNKS to 65,536."""
        if block & (block - 1) or not CHUNKS <= block <= BLOCK:
            raise ValueError(f"a block must be a power of two from {CHUNKS} to {BLOCK}, not {block}")
        known = np.isfinite(table.precursor)
        precursor = np.full(table.n, UNKNOWN)
        precursor[known] = micro(np.asarray(table.precursor)[known])
        order = np.argsort(precursor, kind="stable")
        weights = Entropy(DEFAULT_TOLERANCE_DA).table_weights(table)
        largest = int(micro(table.mz.max())) if table.mz.size else 0
        edges = np.arange(0, (largest // CELL + 2) * CELL, CELL, dtype=np.int64)
        parts = [_block(table, weights, order[at : at + block], edges) for at in range(0, table.n, block)]
        joined = [np.concatenate(column) for column in zip(*parts, strict=True)] if parts else _nothing()
        counts, mz, weight, p_mz, p_id, p_weight, cells = joined
        sizes = [p[1].size for p in parts]
        starts = np.repeat(np.cumsum(sizes) - sizes, edges.size) if parts else np.zeros(0)
        return cls(
            np.r_[0, np.cumsum(counts)].astype(np.int64), mz, weight, codes(weight), order.astype(np.int32),
            precursor[order], p_mz, p_id, codes(p_weight), (cells + starts).astype(np.uint32),
            np.array([block], dtype=np.int64),
        )  # fmt: skip

    @property
    def n(self) -> int:
        """Number of entries."""
        return int(self.order.size)

    @property
    def n_blocks(self) -> int:
        """Number of blocks."""
        return -(-self.n // int(self.block[0]))

    @property
    def n_bytes(self) -> int:
        """Bytes of all arrays."""
        return sum(int(a.nbytes) for a in self.arrays().values())

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything to store, by name."""
        return {f"ms2_{f.name}": getattr(self, f.name) for f in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Ms2Arrays:
        """What `arrays` gave, memory-mapped or not."""
        return cls(**{f.name: np.asarray(arrays[f"ms2_{f.name}"]).view(np.ndarray) for f in fields(cls)})


def _block(
    table: PeakTable, weights: NDArray[np.float32], rows: NDArray[np.int64], edges: NDArray[np.int64]
) -> tuple[NDArray[Any], ...]:
    """Counts, m/z and weights of these rows, then the same peaks by m/z: m/z, local row, weight; and the cells."""
    counts = np.diff(table.offsets)[rows]
    at = positions(np.asarray(table.offsets)[:-1][rows], counts)
    own = np.repeat(np.arange(rows.size), counts)
    weight = weights[at]
    kept = weight > 0
    mz, weight, own = micro(np.asarray(table.mz, dtype=np.float64)[at[kept]]).astype(np.uint32), weight[kept], own[kept]
    by_mz = np.argsort(mz, kind="stable")
    p_mz = mz[by_mz]
    cells = np.searchsorted(p_mz, edges, side="left").astype(np.int64)
    return (
        np.bincount(own, minlength=rows.size), mz, weight, p_mz, own[by_mz].astype(np.uint16), weight[by_mz], cells,
    )  # fmt: skip


def _nothing() -> list[NDArray[Any]]:
    types = (np.int64, np.uint32, np.float32, np.uint32, np.uint16, np.float32, np.int64)
    return [np.zeros(0, dtype=t) for t in types]

"""Sets of samples as counts in buckets: enough to know that two sets differ widely, nothing to find a sample by. Pure.

Every sample has a bucket, one of 1024, taken from the SHA-256 of its key (trend_sample.bucket). The *sketch* of a set A is
the vector s(A) with s(A)[b] = |A ∩ b|, the number of its samples in bucket b. The *distance* of two sketches is
Σ_b |s(A)[b] − s(B)[b]| (L1).

The distance never exceeds the size of the symmetric difference. Proof: in one bucket, |A ∩ b| = |A ∩ B ∩ b| + |(A∖B) ∩ b| and
|B ∩ b| = |A ∩ B ∩ b| + |(B∖A) ∩ b|, so | |A ∩ b| − |B ∩ b| | = | |(A∖B) ∩ b| − |(B∖A) ∩ b| | ≤ |(A △ B) ∩ b|. Summed over the
buckets, which part the samples: L1 ≤ |A △ B|. ∎ So a distance of 10 or more *proves* that the sets differ by 10 samples or more.
Of nested sets the distance *is* the difference, for one of the two terms is nothing in every bucket.

What it gets wrong, it gets wrong on the safe side: sets that differ widely may look near when samples of A∖B and of B∖A share
buckets. With k samples on either side a distance under 10 needs at least k − 4 of them to cancel, which has a chance of at most
C(k, k−4)² (k−4)! / 1024^(k−4) (union bound over which ones meet): 5 on either side 2.5 %, 6 at most 5·10⁻⁴, 7 at most 7·10⁻⁶, 10 under
10⁻¹⁰; the two sides unequal, less. Disjoint sets of 1,000 and more each are no nearer: their distance has the mean
1024·√(4n / 1024π), over 1,000 samples.

And where the distance is 0 though the sets differ (an exchange of samples inside one bucket, 1 in 1024 per exchange), no figure
tells: counts are sums of the sketch, so both sets publish the same counts and their difference is 0 as it would be of equal sets.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.trends.domain import BUCKETS

FOLDS = 32
"""Buckets left for the first, quick comparison: merging buckets only makes distances smaller, so nothing near is lost."""

Counts = NDArray[np.int32]
"""One sketch (BUCKETS) or several as rows of a matrix (rows, BUCKETS); counts of samples."""


def sketch_of(counted: Iterable[tuple[int, int]]) -> Counts:
    """The sketch of a set given as (bucket, samples); a bucket may come several times. Buckets are 0–1023."""
    sketch = np.zeros(BUCKETS, dtype=np.int32)
    for bucket, samples in counted:
        sketch[bucket] += samples
    return sketch


def distance(one: Counts, other: Counts) -> int:
    """L1 distance, in samples: no more than the sets differ by."""
    return int(np.abs(one - other).sum())


def packed(sketches: Counts) -> bytes:
    """Sketches of one row for the database: a byte of width, then counts of 1, 2 or 4 bytes, deflated."""
    highest = int(sketches.max(initial=0))
    width = 1 if highest < 1 << 8 else 2 if highest < 1 << 16 else 4
    return bytes([width]) + zlib.compress(sketches.astype(f"<u{width}").tobytes(), 1)


def unpacked(data: bytes) -> Counts:
    """What `packed` made, as a matrix with one row per sketch."""
    raw = np.frombuffer(zlib.decompress(data[1:]), dtype=f"<u{data[0]}")
    return raw.reshape(-1, BUCKETS).astype(np.int32)


@dataclass(frozen=True, slots=True)
class Pile:
    """Many sketches ready to be compared: the matrix, the same folded, and how many samples each holds. `order`: from the
    fewest samples to the most; nothing in a pile that grows."""

    sketches: Counts
    folded: Counts
    samples: NDArray[np.int64]
    order: NDArray[np.int64] | None = None

    @classmethod
    def of(cls, sketches: Counts) -> Pile:
        """From a matrix with one row per sketch; none is fine."""
        matrix = sketches.reshape(-1, BUCKETS)
        folded = matrix.reshape(len(matrix), FOLDS, BUCKETS // FOLDS).sum(axis=2, dtype=np.int32)
        samples = folded.sum(axis=1, dtype=np.int64)
        return cls(matrix, folded, samples, np.argsort(samples, kind="stable"))

    def near(self, sketch: Counts, within: int) -> NDArray[np.int64]:
        """Distances under `within` samples, of every sketch here that is so near."""
        return self.near_with(sketch, within)[1]

    def near_with(self, sketch: Counts, within: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Which sketches are nearer than `within` samples, and their distances.

        First by how many samples there are, then folded, then in full: each step's distance is at most the next one's.
        """
        folded = sketch.reshape(FOLDS, BUCKETS // FOLDS).sum(axis=1, dtype=np.int32)
        which = self._of_size(int(folded.sum()), within)
        if len(which):
            which = which[np.abs(self.folded[which] - folded).sum(axis=1) < within]
        exact = np.abs(self.sketches[which] - sketch).sum(axis=1, dtype=np.int64)
        return which[exact < within], exact[exact < within]

    def _of_size(self, samples: int, within: int) -> NDArray[np.int64]:
        if self.order is None:
            return np.flatnonzero(np.abs(self.samples - samples) < within)
        start, end = np.searchsorted(self.samples, (samples - within + 1, samples + within), sorter=self.order)
        return np.sort(self.order[start:end])

"""What every mass-spectral score shares: preparing spectra, and the matrix built from one vectorised row.

Why: a score class then holds only its formula, twice — `pair` as the textbook writes it and `over` for many
references at once; tests compare the two. Imports numpy and `spectra` only.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from spectra.peaktable import Matches, PeakTable
from spectra.preprocess import DEFAULT_TOLERANCE_DA, Peaks, micro, prepare
from spectra.types import FloatArray, MassSpectrum, SpectrumError

Matched = list[tuple[int, int]]


class Score(ABC):
    """A similarity of two mass spectra. `tolerance` in Da for accurate masses; None compares unit masses."""

    name: ClassVar[str]
    needs_precursor: ClassVar[bool] = False
    full: ClassVar[float] = 1.0
    """The score of a spectrum against itself."""

    def __init__(self, tolerance: float | None = None) -> None:
        self.tolerance = tolerance

    @property
    def accurate(self) -> bool:
        """Whether peaks are compared within a tolerance instead of by unit mass."""
        return self.tolerance is not None

    @property
    def window(self) -> float:
        """Peak tolerance in Da as `PeakTable.match` wants it."""
        return DEFAULT_TOLERANCE_DA if self.tolerance is None else self.tolerance

    def pair(self, query: MassSpectrum, reference: MassSpectrum) -> float:
        """Score of two raw spectra, straight from the formula. Raises SpectrumError on an empty spectrum."""
        q, r = prepare(query, self.accurate), prepare(reference, self.accurate)
        self.check(q)
        return self._pair(q, r)

    def matrix(self, queries: Sequence[MassSpectrum], references: Sequence[MassSpectrum]) -> FloatArray:
        """Scores of raw spectra, (queries, references)."""
        table = PeakTable.of(references, self.accurate)
        return np.array([self.row(prepare(q, self.accurate), table) for q in queries]).reshape(len(queries), table.n)

    def row(self, query: Peaks, table: PeakTable) -> FloatArray:
        """Scores of one prepared query against every reference, (N,)."""
        self.check(query)
        return self.over(query, table, table.match(query, self.window))

    def check(self, query: Peaks) -> None:
        """Refuse a query this score cannot use."""
        if self.needs_precursor and not np.isfinite(query.precursor_mz):
            raise SpectrumError(f"the {self.name} score needs the precursor m/z of the query; this spectrum has none")

    @abstractmethod
    def _pair(self, query: Peaks, reference: Peaks) -> float: ...

    @abstractmethod
    def over(self, query: Peaks, table: PeakTable, matches: Matches) -> FloatArray:
        """Scores against every reference of `table` from the matched peaks, (N,) float64."""

    def reverse(self, query: Peaks, table: PeakTable, matches: Matches) -> FloatArray:
        """The score with query peaks the reference lacks left out, (N,)."""
        out = np.zeros(table.n)
        for r in range(table.n):
            met = np.zeros(query.mz.size, dtype=bool)
            met[matches.query[matches.row == r]] = True
            if met.any():
                out[r] = self.row(query.without(met), table.take(np.array([r])))[0]
        return out

    def matched(self, query: Peaks, reference: Peaks) -> Matched:
        """Index pairs of matched peaks, one to one, rising."""
        width = int(micro(self.window)) if self.accurate else 0
        a, b = micro(query.mz).tolist(), micro(reference.mz).tolist()
        return [(i, j) for i, m in enumerate(a) for j, n in enumerate(b) if abs(m - n) <= width]


def safe_ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """`numerator / denominator`, 0 where the denominator is 0; same shapes."""
    out = np.zeros_like(np.asarray(numerator, dtype=np.float64))
    np.divide(numerator, denominator, out=out, where=np.asarray(denominator) > 0)
    return out

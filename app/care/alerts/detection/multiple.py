"""Many series are looked at in one run: which of their probabilities count. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FDR = 0.10
"""Share of drafts of one run that may be false, on average."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the run says of one series. `threshold`: the largest probability that counted in this run."""

    rejected: bool
    rank: int
    threshold: float


def benjamini_hochberg(p: Sequence[float], q: float = FDR, *, cap: float = 1.0) -> list[Verdict]:
    """The step-up procedure of Benjamini and Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x.

    Sorted, p(k) ≤ min(k·q/m, cap) for the largest such k: it and all smaller ones are rejected. The cap keeps a run
    over few series from drafting on a probability nobody would act on; thresholds no larger than those of the
    procedure keep its bound on the false discovery rate. Raises ValueError for what is no probability.
    """
    values = np.asarray(p, dtype=np.float64)
    m = len(values)
    if m == 0:
        return []
    if not np.all((values >= 0) & (values <= 1)):
        raise ValueError("a probability lies between 0 and 1")
    order = np.argsort(values, kind="stable")
    limits = np.minimum(q * np.arange(1, m + 1) / m, cap)
    passed = np.flatnonzero(values[order] <= limits)
    last = int(passed[-1]) if len(passed) else -1
    threshold = float(limits[last]) if last >= 0 else float(limits[0])
    ranks = np.empty(m, dtype=np.intp)
    ranks[order] = np.arange(m)
    return [Verdict(bool(rank <= last), int(rank) + 1, threshold) for rank in ranks]

"""Speed of mass-spectral search: ours by numpy and by numba, Flash entropy search, scipy CSR; same queries, one run.

    PYTHONPATH=. PEERS/bin/python -m benchmarks.mass [--small] [--data ../shared/data] [--only ms2|ei]

PEERS is a virtual environment with `benchmarks/peers.txt` in it; what is missing there leaves its rows out. Times
are wall-clock ms on one thread where not said otherwise, per query the best of several rounds; the table shows median
and 95th percentile over the queries. Ours returns the ten best entries, the rivals an array of all scores.
"""

from __future__ import annotations

import argparse
import os
import time
from importlib.util import find_spec
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from benchmarks import mass_ms2
from benchmarks.mass_ms2 import Row

RIVALS = ("Flash entropy", "scipy CSR")
BARS = {
    ("identity, self", 1_000_000, "numba"): ("S1", 0.03, None, 25),
    ("identity, self", 1_000_000, "numpy"): ("S1", 0.10, None, 8),
    ("open, self", 1_000_000, "numba"): ("S2", 0.33, 1.5, 5),
    ("open, self", 1_000_000, "numpy"): ("S2", 1.5, 12, 5),
    ("open EI, self", 1_000_000, "numba"): ("S3", 2.5, 6, 15),
    ("open EI, self", 1_000_000, "numpy"): ("S3", 6, 25, 15),
    ("open EI, hard", 1_000_000, "numba"): ("S3", 5, 11, None),
    ("open EI, self", 100_000, "numba"): ("S4", 0.6, None, None),
    ("open EI, self", 100_000, "numpy"): ("S4", 1.5, None, None),
    ("run of 3,000 scans", 2_986, "numpy"): ("S5", 150, None, None),
}


def bandwidth() -> float:
    """GB/s at which one core reads memory: the maximum of 512 MB of float32."""
    block = np.ones(128 * 2**20, dtype=np.float32)
    best = np.inf
    for _ in range(3):
        start = time.perf_counter()
        block.max()
        best = min(best, time.perf_counter() - start)
    return float(block.nbytes / best / 1e9)


def show(table: list[Row], speed: float) -> None:
    """The table with ratios, and what reading the whole index once would take."""
    print(
        f"{'search':<20}{'N':>10}  {'engine':<15}{'median':>9}{'p95':>9}{'ratio':>8}{'p95':>6}{'MB':>7}{'build s':>9}{'open ms':>9}  bar"
    )
    for row in table:
        rival = next((r for r in table if r.engine in RIVALS and (r.search, r.n) == (row.search, row.n)), None)
        ratio = (
            f"{rival.median / row.median:7.1f}×{rival.p95 / row.p95:5.1f}×" if rival and rival is not row else " " * 14
        )
        print(
            f"{row.search:<20}{row.n:>10,}  {row.engine:<15}{row.median:>9.3f}{row.p95:>9.3f}{ratio}"
            f"{_figure(row.index_mb, 0):>7}{_figure(row.build_s, 1):>9}{_figure(row.open_ms, 1):>9}  {_verdict(row, rival)}"
        )
    for n, size in sorted({(r.n, r.index_mb) for r in table if np.isfinite(r.index_mb)}):
        print(f"reading {size:,.0f} MB of index ({n:,} spectra) once at {speed:.1f} GB/s takes {size / speed:.1f} ms")


def _figure(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if np.isfinite(value) else ""


def _verdict(row: Row, rival: Row | None) -> str:
    bar = BARS.get((row.search, row.n, row.engine))
    if bar is None:
        return ""
    name, median, p95, least = bar
    holds = row.median <= median and (p95 is None or row.p95 <= p95)
    words = f"{name} {'holds' if holds else 'missed'} (≤ {median}{'' if p95 is None else f' / {p95}'} ms)"
    if least is None or rival is None:
        return words
    ratio = rival.median / row.median
    return f"{words}, {'holds' if ratio >= least else 'missed'} (≥ {least}×)"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared/data")
    parser.add_argument("--small", action="store_true", help="only the 98k and 100k libraries, few queries")
    parser.add_argument("--only", choices=["ms2", "ei"])
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    queries = 40 if asked.small else asked.queries
    speed = bandwidth()
    table: list[Row] = []
    if asked.only != "ei":
        for n in [98_072] if asked.small else [98_072, 1_000_000]:
            table += mass_ms2.rows(asked.data, n, queries, asked.rounds)
    if asked.only != "ms2" and find_spec("benchmarks.mass_ei"):
        from benchmarks import mass_ei

        for n in [100_000] if asked.small else [100_000, 1_000_000]:
            table += mass_ei.rows(asked.data, n, queries, asked.rounds)
    show(table, speed)
    print(
        "Libraries beyond the measured spectra are replicated with jitter, which flatters pruning: see the hard rows."
    )


if __name__ == "__main__":
    main()

"""Speed of infrared search against the plain matrix product on the same curves, of mixtures, and from file to report.

    PYTHONPATH=. .venv/bin/python -m benchmarks.infrared [--small] [--data ../shared/data]

Libraries beyond the 332 real curves are made of them: two spliced where they meet, their axes stretched, bands scaled
by a smooth factor, a little noise. Queries: entries as they are, with noise and a shift; and hard ones, two or three
entries mixed, stretched, broadened, on a sloping baseline, at a signal-to-noise ratio of 60. Times are ms per query, the
best of several rounds: the clock's median and 95th percentile over the queries, and the median of processor time (all
threads), which other work on the machine disturbs less. Every answer is compared with the exhaustive one. The rivals, in
the same run: one BLAS product of all first derivatives with the seven shifted ones of the query and the ten best of it, and
the same with the unshifted one alone (matvec). Ratios are of processor time: how many times MAST's a rival takes.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

# Two threads of OpenBLAS help the large product a little and stall small ones; OPENBLAS_NUM_THREADS=2 shows it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from instruments import read, to_absorbance
from spectra import InfraredLibrary, InfraredSpectrum
from spectra.index.infrared_search import Ranking, Search
from spectra.infrared_grid import GRID, curve
from spectra.similarity.infrared import InfraredScore
from spectra.similarity.infrared_features import Features

TOP = 10
BARS = {
    ("first derivative, self", 20_000): ("S6", 1.0),
    ("first derivative, self", 200_000): ("S6", 4.0),
    ("file to report", 332): ("S7", 300.0),
}
Curves = np.ndarray[tuple[int, int], np.dtype[np.float32]]


@dataclass
class Row:
    """One line of the table; times in ms, one per query."""

    what: str
    n: int
    engine: str
    times: list[float]
    note: str = ""
    computing: tuple[float, ...] = ()

    @property
    def median(self) -> float:
        """Median over the queries, ms."""
        return float(np.median(self.times))

    @property
    def p95(self) -> float:
        """95th percentile over the queries, ms."""
        return float(np.percentile(self.times, 95))

    @property
    def computed(self) -> float:
        """Median processor time over the queries, ms; that of the clock where it was not taken."""
        return float(np.median(self.computing or self.times))


def real_curves(data: Path) -> tuple[np.ndarray, Curves, list[str]]:
    """Axis (M,), the 332 real curves (332, M) and their names."""
    held = np.load(data / "ir" / "library_real.npz", allow_pickle=False)
    return held["grid"], held["Y"], [str(n) for n in held["names"]]


def spliced(real: Curves, n: int) -> Curves:
    """`n` curves on all 1,801 points: the real ones stretched over the grid, then spliced and stretched pairs."""
    rng = np.random.default_rng(1)
    source = np.linspace(GRID[0], GRID[-1], real.shape[1])
    out = np.empty((n, GRID.size), dtype=np.float32)
    for k in range(n):
        if k < len(real):
            out[k] = np.interp(GRID, source, real[k])
            continue
        one, two = rng.choice(len(real), 2, replace=False)
        axis = 2200 + (GRID - 2200) * rng.uniform(0.97, 1.03) + rng.uniform(-15, 15)
        left = 1 / (1 + np.exp((GRID - rng.uniform(700, 3300)) / 30))
        bumps = np.interp(GRID, np.linspace(400, 4000, 12), rng.lognormal(0, 0.35, 12))
        row = np.interp(axis, source, real[one]) * left + np.interp(axis, source, real[two]) * (1 - left)
        row *= bumps
        out[k] = row / max(float(row.max()), 1e-6) + rng.normal(0, 5e-4, GRID.size)
    return out


def queries(library: InfraredLibrary, n: int) -> dict[str, list[InfraredSpectrum]]:
    """Two kinds of queries: entries with noise and a shift, and mixed, distorted ones."""
    rng = np.random.default_rng(2)
    own, hard = [], []
    for e in rng.choice(len(library), n, replace=False):
        own.append(_moved(np.asarray(library.curves[e], dtype=float), rng, snr=300.0, stretch=0.0, slope=0.0))
        shares = rng.dirichlet(np.ones(int(rng.integers(2, 4))))
        others = rng.choice(len(library), shares.size - 1, replace=False)
        mixed = np.asarray(library.curves[np.r_[e, others]], dtype=float).T @ shares
        broad = np.convolve(np.pad(mixed, 2, mode="edge"), [0.1, 0.2, 0.4, 0.2, 0.1], mode="valid")
        hard.append(_moved(broad, rng, snr=60.0, stretch=0.003, slope=0.2))
    return {"self": own, "hard": hard}


def _moved(y: np.ndarray, rng: np.random.Generator, snr: float, stretch: float, slope: float) -> InfraredSpectrum:
    axis = 2200 + (GRID - 2200) * (1 + rng.uniform(-stretch, stretch)) + rng.uniform(-5, 5)
    curved = np.interp(axis, GRID, y) + slope * rng.uniform(-1, 1) * ((GRID - 400) / 3600) ** 2
    return InfraredSpectrum(GRID, curved + rng.normal(0, y.max() / snr, GRID.size))


Asked = TypeVar("Asked")


def timed(
    what: str, n: int, engine: str, ask: Callable[[Asked], object], asked: Sequence[Asked], rounds: int, note: str = ""
) -> Row:
    """The best of the rounds for each query, by the clock and in processor time of all threads."""
    out = np.full((2, len(asked)), np.inf)
    for _ in range(rounds):
        for k, query in enumerate(asked):
            start = np.array([time.perf_counter(), time.process_time()])
            ask(query)
            out[:, k] = np.minimum(out[:, k], 1000 * (np.array([time.perf_counter(), time.process_time()]) - start))
    return Row(what, n, engine, out[0].tolist(), note, tuple(out[1].tolist()))


def product_of(features: Features, matvec: bool = False) -> Callable[[InfraredSpectrum], np.ndarray]:
    """The rival: one product with the seven shifted queries (`matvec`: the unshifted one), the ten best of it."""
    rule = InfraredScore("first_derivative", 0.0 if matvec else 6.0)
    grow = (1 / np.sqrt(np.maximum(features.energy, 1e-12))).astype(np.float32)
    values = np.asarray(features.values)

    def ask(query: InfraredSpectrum) -> np.ndarray:
        moved = rule.moved(rule.feature(curve(query)), features.masks[0])
        shifted = np.ascontiguousarray(moved.values.T / np.sqrt(moved.energy), dtype=np.float32)
        scores = (values @ shifted).max(axis=1) * grow
        top = np.argpartition(scores, scores.size - TOP)[scores.size - TOP :]
        return top[np.argsort(-scores[top])]

    return ask


def exhaustive(library: InfraredLibrary, query: InfraredSpectrum) -> list[tuple[int, float]]:
    """The ten best entries by scoring all of them."""
    rule = InfraredScore("first_derivative", 6.0)
    features = library.features("first_derivative")
    search = Search(rule, {4: rule.feature(curve(query))}, library.resolution, features, Ranking(TOP))
    found = search.run()
    return list(zip(found.entries.tolist(), found.scores.tolist(), strict=True))


def search_rows(data: Path, n: int, asked: int, rounds: int) -> list[Row]:
    """Rows for a library of `n` entries, memory-mapped as a laboratory uses it."""
    real = real_curves(data)[1]
    made = spliced(real, n)
    names = [f"Curve {k}" for k in range(n)]
    library = InfraredLibrary.from_arrays(GRID, made, names=names, compounds=names)
    del made
    start = time.perf_counter()
    library.features("first_derivative")
    features_s = time.perf_counter() - start
    start = time.perf_counter()
    bounds = library.engine.bounds()
    built = f"features {features_s:.1f} s, bounds {time.perf_counter() - start:.1f} s"
    size = 0.0 if bounds is None else sum(a.nbytes for a in bounds.arrays().values()) / 1e6
    with tempfile.TemporaryDirectory() as folder:
        library.save(Path(folder) / "ir")
        del library
        opened = []
        for _ in range(7):
            start = time.perf_counter()
            library = InfraredLibrary.open(Path(folder) / "ir")
            opened.append(1000 * (time.perf_counter() - start))
        out = [Row("open, memory-mapped", n, "MAST", opened, f"bounds {size:.0f} MB; {built}")]
        features = library.features("first_derivative")
        features.values[:].max()
        for kind, chosen in queries(library, asked).items():
            name = f"first derivative, {kind}"
            same = sum(
                exhaustive(library, q) == [(c.entry, c.score) for c in library.search(q, TOP, "first_derivative")]
                for q in chosen
            )
            note = f"same hits and scores as the exhaustive search: {same} of {len(chosen)}"
            out.append(
                timed(name, n, "MAST", lambda q: library.search(q, TOP, "first_derivative"), chosen, rounds, note)
            )
            few = chosen[: max(5, min(asked, 1_000_000 // n))]
            out.append(timed(name, n, "GEMM, 7 shifts", product_of(features), few, min(rounds, 3)))
            if kind == "self":
                out.append(timed(name, n, "matvec, no shift", product_of(features, matvec=True), few, min(rounds, 3)))
        out.append(
            timed(
                "compounds, hard",
                n,
                "MAST",
                lambda q: library.search_compounds(q, TOP, "first_derivative"),
                chosen,
                rounds,
            )
        )
        part = [_part(q) for q in chosen]
        out.append(
            timed("650 cm⁻¹ up, hard", n, "MAST", lambda q: library.search(q, TOP, "first_derivative"), part, rounds)
        )
    return out


def _part(query: InfraredSpectrum) -> InfraredSpectrum:
    seen = query.wavenumber >= 650
    return InfraredSpectrum(query.wavenumber[seen], query.absorbance[seen])


def mixture_rows(data: Path, rounds: int) -> list[Row]:
    """Mixture resolution and the whole road from a file to search and explanation, 332 real references."""
    x, real, names = real_curves(data)
    library = InfraredLibrary.from_arrays(x, real, names=names, compounds=names)
    held = np.load(data / "ir" / "dev" / "mixtures.npz")
    out = []
    for kind in ("typical", "hard"):
        asked = [InfraredSpectrum(x, y) for y in held[kind][:20]]
        library.explain(asked[0])
        out.append(timed(f"mixture, {kind}", len(library), "MAST", library.explain, asked, rounds))
    product = product_of(library.features("first_derivative"))

    def ask(file: Path) -> None:
        spectrum = to_absorbance(read(file)[0])
        library.search_compounds(spectrum, TOP, "first_derivative")
        library.explain(spectrum)

    files, what = sorted((data / "ir" / "dev" / "street_jdx").glob("*.dx")), "file to report"
    out.append(timed(what, len(library), "MAST", ask, files, rounds, "read, search, mixture and limits; street_jdx"))
    read_in = [to_absorbance(read(file)[0]) for file in files]
    out.append(timed(what, len(library), "GEMM, 7 shifts", product, read_in, rounds, "the search alone"))
    return out


def show(table: list[Row]) -> None:
    """The table with ratios against the product and the bars."""
    print(
        f"{'what':<26}{'N':>9}  {'engine':<18}{'median':>9}{'p95':>9}{'computing':>11}{'product':>9}{'matvec':>9}  notes"
    )
    for row in table:
        ratio = "".join(_ratio(table, row, rival) for rival in ("GEMM", "matvec"))
        bar = BARS.get((row.what, row.n)) if row.engine == "MAST" else None
        words = "" if bar is None else f"{bar[0]} {'holds' if row.median <= bar[1] else 'missed'} (≤ {bar[1]:g} ms)  "
        print(
            f"{row.what:<26}{row.n:>9,}  {row.engine:<18}{row.median:>9.3f}{row.p95:>9.3f}{row.computed:>11.3f}{ratio}  {words}{row.note}"
        )


def _ratio(table: list[Row], row: Row, rival: str) -> str:
    """How many times the row's processor time the rival takes for the same, as a cell."""
    there = next((r for r in table if r.engine.startswith(rival) and (r.what, r.n) == (row.what, row.n)), None)
    if there is None or row.engine != "MAST":
        return " " * 9
    return f"{there.computed / row.computed:8.3g}×"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared/data")
    parser.add_argument("--small", action="store_true", help="no library of 200,000, few queries")
    parser.add_argument("--queries", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=["search", "mixtures"])
    asked = parser.parse_args()
    if asked.only != "mixtures":
        for n in (1_000, 20_000) if asked.small else (1_000, 20_000, 200_000):
            print(f"{n:,} entries …", file=sys.stderr, flush=True)
            show(search_rows(asked.data, n, 20 if asked.small else asked.queries, asked.rounds))
    if asked.only != "search":
        show(mixture_rows(asked.data, min(asked.rounds, 3)))
    print(
        f"OpenBLAS threads: {os.environ['OPENBLAS_NUM_THREADS']}. Spliced curves are more alike than life: see the hard rows."
    )


if __name__ == "__main__":
    main()

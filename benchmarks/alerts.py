"""Alarms where nothing changed, and power where something did, by simulation: `python -m benchmarks.alerts [--quick]`.

Every series is looked at once per session, as the nightly run does (app/care/alerts/detection), against EARS C1–C3 (Hutwagner
et al. 2003, doi:10.1007/BF02715816, with the 3σ of C1 and C2) on the very same counts. Batches: the samples of a session
come in batches of geometric size; all samples of a batch hold the same. Prints; asserts nothing.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.care.alerts.detection import run
from app.care.alerts.detection.run import Counted

HISTORY = 12
SHARES = (0.005, 0.02, 0.05, 0.10, 0.20)
SIZES = (10, 40, 100)
RISES = ((0.005, 0.05), (0.02, 0.10), (0.02, 0.20), (0.10, 0.30))
NAMES = ("C1", "C2", "C3", "tail .01", "tail .01 by batch", "BH .10 by batch")
Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class World:
    """How sessions are. `rho`: between sessions beyond chance; `batch`: mean size of a batch."""

    n: int
    rho: float
    batch: float


def session(chance: Rng, world: World, share: float) -> tuple[Counted, Counted]:
    """(samples counted one by one, batches counted once) of one session."""
    if world.rho > 0:
        size = 1 / world.rho - 1
        share = chance.beta(share * size, (1 - share) * size)
    if world.batch <= 1:
        found = Counted(int(chance.binomial(world.n, share)), world.n)
        return found, found
    sizes: list[int] = []
    while sum(sizes) < world.n:
        sizes.append(int(min(chance.geometric(1 / world.batch), world.n - sum(sizes))))
    holds = chance.random(len(sizes)) < share
    return Counted(int(np.dot(holds, sizes)), world.n), Counted(int(holds.sum()), len(sizes))


def ears(x: list[int]) -> tuple[bool, bool, bool]:
    """C1, C2 and C3 of the newest count. A history of zeros has the deviation 0: any count exceeds it."""

    def score(t: int, gap: int) -> float:
        base = x[t - 7 - gap : t - gap]
        deviation = statistics.stdev(base)
        excess = x[t] - statistics.mean(base)
        return excess / deviation if deviation else (np.inf if excess > 0 else 0.0)

    t = len(x) - 1
    c2 = [score(t - back, 2) for back in range(3)]
    return score(t, 0) > 3, c2[0] > 3, sum(max(0.0, c - 1) for c in c2) > 2


def alarms(chance: Rng, world: World, before: float, now: float, times: int) -> tuple[list[bool], ...]:
    """What each detector says, so many times over."""
    out: tuple[list[bool], ...] = tuple([] for _ in NAMES[:5])
    for _ in range(times):
        past = [session(chance, world, before) for _ in range(HISTORY)]
        current = session(chance, world, now)
        single, batches = [p[0] for p in past], [p[1] for p in past]
        said = (
            *ears([p.x for p in single] + [current[0].x]),
            run.may_alarm(current[0]) and run.predictive(single).tail(current[0]) <= run.LEVEL,
            run.may_alarm(current[1]) and run.predictive(batches).tail(current[1]) <= run.LEVEL,
        )
        for kept, one in zip(out, said, strict=True):
            kept.append(bool(one))
    return out


def runs(chance: Rng, world: World, times: int, raised: int) -> tuple[float, float, float]:
    """(alarms per series where nothing changed, realised false discovery rate, power) of whole runs of 60 series."""
    shares = np.tile(SHARES, 12)
    false, proportion, hits = [], [], []
    for _ in range(times):
        p, truth = [], []
        for place, share in enumerate(shares):
            is_raised = place < raised
            past = [session(chance, world, share)[1] for _ in range(HISTORY)]
            now = session(chance, world, run.raised(share, 8.0) if is_raised else share)[1]
            p.append(run.predictive(past).tail(now) if run.may_alarm(now) else 1.0)
            truth.append(is_raised)
        said = np.array([v.rejected for v in run.benjamini_hochberg(p, cap=run.LEVEL)])
        true = np.array(truth)
        false.append(said[~true].mean())
        proportion.append((said & ~true).sum() / max(1, said.sum()))
        hits.append(said[true].mean() if raised else 0.0)
    return float(np.mean(false)), float(np.mean(proportion)), float(np.mean(hits))


def false_alarms(chance: Rng, times: int) -> Iterator[str]:
    """False alarms per series and session, in percent."""
    yield "False alarms per series and session, % (mean of shares .005 to .2; largest of them)"
    yield f"{'n':>4} {'rho':>5} {'batch':>6}  " + "  ".join(f"{name:>17}" for name in NAMES)
    for n in SIZES:
        for rho, batch in ((0.0, 1.0), (0.03, 1.0), (0.0, 2.5), (0.03, 2.5)):
            world = World(n, rho, batch)
            by_share = [[np.mean(a) for a in alarms(chance, world, s, s, times)] for s in SHARES]
            cells = [f"{100 * np.mean(c):6.2f} ({100 * max(c):5.2f})" for c in zip(*by_share, strict=True)]
            whole = runs(chance, world, max(2, times // 40), 0)[0]
            yield f"{n:>4} {rho:>5} {batch:>6}  " + "  ".join(f"{c:>17}" for c in (*cells, f"{100 * whole:6.2f}"))


def power(chance: Rng, times: int) -> Iterator[str]:
    """Power, in percent."""
    yield "\nPower in the first session of a rise, %"
    yield f"{'n':>4} {'batch':>6} {'share':>14}  " + "  ".join(f"{name:>17}" for name in NAMES[:5])
    for n in SIZES:
        for batch in (1.0, 2.5):
            for before, now in RISES:
                said = alarms(chance, World(n, 0.0, batch), before, now, times)
                cells = "  ".join(f"{100 * np.mean(a):>17.1f}" for a in said)
                yield f"{n:>4} {batch:>6} {before:>6} → {now:<5}  {cells}"


def discoveries(chance: Rng, times: int) -> Iterator[str]:
    """Benjamini–Hochberg over whole runs."""
    yield f"\nRuns of 60 series, 6 with eight times the odds: realised false discovery rate (bound {run.FDR:.2f})"
    for n in SIZES:
        for batch in (1.0, 2.5):
            _, fdr, hits = runs(chance, World(n, 0.0, batch), times, 6)
            yield f"{n:>4} batch {batch}: FDR {fdr:.3f}, power {100 * hits:.0f} %"


def _until(chance: Rng, n: int, base: float, true: float, limit: float, longest: int, paths: int) -> tuple[float, int]:
    x = chance.binomial(n, true, size=(paths, longest))
    up, down = run.steps([Counted(n, n)], base)[0] / n, run.steps([Counted(0, n)], base)[0] / n
    highest: Any = run._running_maxima(x * up + (n - x) * down)
    over = highest > limit
    first = np.where(over[:, -1], over.argmax(axis=1) + 1, longest)
    signalled = over[:, -1]
    return float(first.sum() / max(1, signalled.sum())), int(np.median(first))


def run_lengths(chance: Rng, paths: int) -> Iterator[str]:
    """CUSUM run lengths, in periods."""
    yield f"\nCUSUM: periods until a signal (wanted where nothing changed: {run.RUN_LENGTH})"
    yield f"{'n':>4} {'share':>6} {'h':>6}  {'none':>7} {'p0 learnt':>10}  {'odds x2':>8} {'odds x3':>8}"
    for n in SIZES:
        for base in (0.02, 0.05, 0.10):
            h = run.limit_for(base, (n,))
            none, _ = _until(chance, n, base, base, h, 2 * run.RUN_LENGTH, paths)
            learnt = []
            for _ in range(20):  # p0 from 20 sessions, as in use
                seen = (chance.binomial(20 * n, base) + 0.5) / (20 * n + 1)
                learnt.append(
                    _until(chance, n, seen, base, run.limit_for(float(f"{seen:.2g}"), (n,)), 400, paths // 20)[0]
                )
            later = [_until(chance, n, base, run.raised(base, odds), h, 400, paths)[1] for odds in (2.0, 3.0)]
            yield (f"{n:>4} {base:>6} {h:>6.2f}  {none:>7.0f} {np.median(learnt):>10.0f}  {later[0]:>8} {later[1]:>8}")


def main(argv: list[str] | None = None) -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the repetitions")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args(argv)
    chance, scale = np.random.default_rng(given.seed), 0.05 if given.quick else 1.0
    began = time.process_time()
    for part in (
        false_alarms(chance, round(400 * scale)),
        power(chance, round(400 * scale)),
        discoveries(chance, max(2, round(30 * scale))),
        run_lengths(chance, round(2000 * scale)),
    ):
        for line in part:
            print(line, flush=True)
    print(f"\n{time.process_time() - began:.0f} s of CPU")


if __name__ == "__main__":
    main()

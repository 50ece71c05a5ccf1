"""One answer for a sample: how fast, and how right: `python -m benchmarks.sample [speed single mixtures isomers]`.

speed: `explain_sample` of one EI and one infrared reading against SWGDRUG and 332 curves, and of a run of ten peaks beside an infrared
reading. single, mixtures: stand-ins, real EI readings with real infrared curves lent from other materials. isomers: real curves of
positional isomers. Test side only, which nothing was fitted on; `--seed` deals sides, curves and references anew, and mixtures of
several seeds are counted together. Prints a table with 95 % intervals. Exit 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from importlib import import_module
from pathlib import Path

from benchmarks.accuracy import Row, sample_sets, table
from benchmarks.accuracy.ei_sets import dev_samples, library_of
from benchmarks.accuracy.infrared_sets import references
from spectra import InfraredSpectrum, SampleLibraries, SampleReading, explain_sample
from tests.spectra.run_simulator import Column, Eluting, simulate

DATA = Path(__file__).parents[2] / "shared" / "data"
PARTS = ("speed", "single", "mixtures", "isomers")
READINGS, ROUNDS = 20, 3
ONE, RUN = 0.25, 1.5


def speed(data: Path) -> list[Row]:
    """Median seconds of whole answers on one core; the libraries were used before."""
    refs, mass = references(data), library_of(data, "swgdrug")
    libraries = SampleLibraries(mass, refs.library())
    pairs = [_pair(data, k) for k in range(READINGS)]
    explain_sample(pairs[0], [], libraries)
    one = [_seconds(lambda pair=pair: explain_sample(pair, [], libraries)) for pair in pairs]  # type: ignore[misc]
    run = _run(data)
    whole = [_seconds(lambda: explain_sample([run, pairs[0][1]], [], libraries)) for _ in range(ROUNDS)]
    return [
        Row(
            "speed",
            "one EI and one infrared reading, median s of processor time",
            statistics.median(one),
            len(one),
            ONE,
            True,
            share=False,
        ),
        Row(
            "speed",
            "a run of ten peaks and an infrared reading, median s of processor time",
            statistics.median(whole),
            ROUNDS,
            RUN,
            True,
            share=False,
        ),
    ]


def _pair(data: Path, number: int) -> list[SampleReading]:
    refs = references(data)
    spectrum = dev_samples(data)[3 * number].spectrum
    curve = sample_sets.infrared_curve(refs, [number], [1.0], "typical", "speed", number)
    return [SampleReading("ei", "gc_ms", spectrum), SampleReading("ir", "ftir", InfraredSpectrum(refs.x, curve))]


def _run(data: Path) -> SampleReading:
    """A simulated run of ten substances that stand alone."""
    spectra = [(x.truth[0], x.spectrum) for x in dev_samples(data)[1::23] if x.kind in ("nist", "massbank")]
    plan = [
        Eluting(key, spectrum, 240.0 + 90.0 * k, 100.0 / (1 + k % 4)) for k, (key, spectrum) in enumerate(spectra[:10])
    ]
    return SampleReading("run", "gc_ms", simulate(plan, Column(), 7).run)


def _seconds(ask: Callable[[], object]) -> float:
    """Processor time: the same on a machine that does other work besides."""
    start = time.process_time()
    ask()
    return time.process_time() - start


def _measured(part: str, data: Path, seeds: Sequence[str], asked: bool) -> list[Row]:
    if part == "speed":
        return speed(data)
    figures = import_module(f"benchmarks.accuracy.sample_{part}").rows
    if part == "mixtures":
        return list(figures(data, seeds, asked))
    out: list[Row] = []
    for seed in seeds:
        sample_sets.reseeded(seed)
        out += (replace(row, what=f"{seed}: {row.what}") if len(seeds) > 1 else row for row in figures(data))
    return out


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="all when none is given")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--seed", nargs="+", default=[sample_sets.SEED], help="another text deals everything anew")
    parser.add_argument("--asked", action="store_true", help="of mixtures only the deal that the bars are asked of")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if not args.data.is_dir():
        print(f"There is no folder {args.data}: give --data", file=sys.stderr)
        return 2
    found = [row for part in args.parts or PARTS for row in _measured(part, args.data, args.seed, args.asked)]
    print(json.dumps([asdict(row) for row in found], indent=1) if args.json else table(found))
    return 1 if any(row.met is False for row in found) else 0


if __name__ == "__main__":
    sys.exit(main())

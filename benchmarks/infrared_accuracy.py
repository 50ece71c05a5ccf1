"""Accuracy of the infrared answers: `python -m benchmarks.infrared_accuracy [I1 I2 I3 I4 I5 real] [--quick]`.

I1 single search, I2 mixtures, I3 detection limits, I4 something not in the library, I5 street files, real: real readings of
other laboratories and techniques. Development sets and own sets by the same recipe (own seeds). Without a name, all of
them. Prints a table with 95 % intervals; `--json` prints the rows. Exit 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from benchmarks.accuracy import Row, table

DATA = Path(__file__).parents[2] / "shared" / "data"
MODULES = {
    "I1": "infrared_single",
    "I2": "infrared_mixtures",
    "I3": "infrared_limits",
    "I4": "infrared_missing",
    "I5": "infrared_street",
    "real": "infrared_real",
}


def measured(data: Path, bars: list[str], quick: bool) -> list[Row]:
    """Rows of the wanted bars, module by module."""
    out: list[Row] = []
    for bar in bars:
        start = time.perf_counter()
        rows: Callable[[Path, bool], list[Row]] = import_module(f"benchmarks.accuracy.{MODULES[bar]}").rows
        out += rows(data, quick)
        print(f"{bar}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    return out


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bars", nargs="*", choices=[[], *MODULES], help="all when none is given")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--quick", action="store_true", help="a quarter of the own sets")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if not args.data.is_dir():
        print(f"There is no folder {args.data}: give --data", file=sys.stderr)
        return 2
    found = measured(args.data, args.bars or list(MODULES), args.quick)
    print(json.dumps([asdict(row) for row in found], indent=1) if args.json else table(found))
    return 1 if any(row.met is False for row in found) else 0


if __name__ == "__main__":
    sys.exit(main())

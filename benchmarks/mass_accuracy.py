"""Accuracy of the answers on the development sets: `python -m benchmarks.mass_accuracy [A1 A2 …]`.

A1 ranks, A2 sets, A3 enrolled replicates, A4 strangers, A5 EI mixtures, A6 accurate-mass mixtures, A7 MS/MS, A8 a
library of general chemicals beside. Without a name, all of them. Prints a table; `--json` prints the rows. Exit 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from benchmarks.accuracy import Row, table

DATA = Path(__file__).parents[2] / "shared" / "data"
MODULES = {
    "single": ("A1", "A2", "A4"),
    "replicates": ("A3",),
    "ei_mixtures": ("A5",),
    "accurate_mixtures": ("A6",),
    "msms": ("A7",),
    "ei_general": ("A8",),
}


def measured(data: Path, bars: set[str]) -> list[Row]:
    """Rows of the wanted bars, module by module."""
    out: list[Row] = []
    for name, covers in MODULES.items():
        if bars & set(covers):
            start = time.perf_counter()
            found = import_module(f"benchmarks.accuracy.{name}").rows(data)
            out += [row for row in found if row.bar in bars]
            print(f"{name}: {time.perf_counter() - start:.0f} s", file=sys.stderr)
    return sorted(out, key=lambda row: row.bar)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bars", nargs="*", help="A1 to A8; all when none is given")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if not args.data.is_dir():
        print(f"There is no folder {args.data}: give --data", file=sys.stderr)
        return 2
    found = measured(args.data, set(args.bars) or {bar for covers in MODULES.values() for bar in covers})
    print(json.dumps([asdict(row) for row in found], indent=1) if args.json else table(found))
    return 1 if any(row.met is False for row in found) else 0


if __name__ == "__main__":
    sys.exit(main())

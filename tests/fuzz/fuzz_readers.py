"""Spoiled files against the readers: `python -m tests.fuzz.fuzz_readers --family jcamp --count 100000`.

A case is decided by (family, seed, index) alone, so a finding can be repeated:
`python -m tests.fuzz.fuzz_readers --family jcamp --seed 1 --only 4711`. What was found is printed and its input is kept
in a directory of its own. The process is confined and limited as a child of the sandbox is; one that dies or hangs
says on which input, and is started again behind it with `--first`. Linux only (resource limits).
"""

from __future__ import annotations

import argparse
import dataclasses
import faulthandler
import importlib
import os
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path
from random import Random

from instruments import DEFAULT_LIMITS, confine, formats
from tests.fuzz.fuzz_judge import Case, Judge
from tests.fuzz.fuzz_mutate import spoiled, wrapped
from tests.fuzz.fuzz_seeds import RECIPES, VENDORS, family
from tests.instruments.instrument_files import SMALL

MEMORY = 3 * 2**29
HANG_SECONDS = 20.0


def make_case(name: str, seed: int, index: int, *, real: bool = True) -> Case:
    """The input of that index: always the same bytes, name and hints."""
    chosen = family(name, real=real)
    random = Random(f"{name}:{seed}:{index}")
    origin = random.choice(chosen.seeds)
    # Large seeds are slow; take them less often. Of the vendors' formats they are most that reads at all.
    if len(origin.content) > 4096 and random.random() < (0.5 if name in VENDORS else 0.95):
        origin = random.choice(chosen.seeds)
    others = [s.content for s in random.sample(chosen.seeds, min(3, len(chosen.seeds)))]
    content, steps = spoiled(origin.content, random, others, chosen.mutators)
    hints = dict(random.choice(chosen.hints)) if chosen.hints and random.random() < 0.2 else {}
    if origin.format and random.random() < 0.5:
        hints["format"] = origin.format  # past the sniffer, straight into the reader
    if content and random.random() < 0.04:
        content, steps = wrapped(content, random), [*steps, "wrapped"]
    limits = SMALL if random.random() < 0.25 else DEFAULT_LIMITS
    return Case(content, origin.name, hints, limits, f"{origin.name}: {', '.join(steps)}; {hints or 'no hints'}")


def run(options: argparse.Namespace, name: str, judge: Judge, directory: Path) -> int:
    """All cases of a family, and what came of them; the number of kinds of findings."""
    outcomes, seen, slowest = Counter[str](), Counter[str](), 0.0
    begun = time.monotonic()
    for index in range(options.first, options.first + options.count):
        if time.monotonic() - begun > options.seconds:
            break
        case = make_case(name, options.seed, index, real=options.real)
        stem = directory / f"{name}-{options.seed}-{index}"
        stem.with_suffix(".input").write_bytes(case.content)  # stays where the process dies
        faulthandler.dump_traceback_later(HANG_SECONDS, exit=True)
        verdict = judge(case)
        faulthandler.cancel_dump_traceback_later()
        outcomes[verdict.outcome] += 1
        slowest = max(slowest, verdict.seconds)
        finding = verdict.finding
        if finding is not None:
            seen[finding.signature] += 1
        if finding is None or seen[finding.signature] > 1:
            stem.with_suffix(".input").unlink()
            continue
        stem.with_suffix(".txt").write_text(
            f"{finding.signature}\n{case.origin}\n{case.hints}\n\n{finding.text}", encoding="utf-8"
        )
        print(f"  FOUND {finding.signature}\n    {case.origin}\n    {stem}.*  {case.content[:160]!r}", file=sys.stderr)
    count, rate = outcomes.total(), outcomes.total() / max(time.monotonic() - begun, 1e-9)
    print(f"{name:10} {count:8,} inputs {rate:7.0f}/s  slowest {slowest:5.2f} s  read {outcomes['read']:,}"
          f"  kinds of findings {len(seen)}", file=sys.stderr)  # fmt: skip
    print("           " + ", ".join(f"{code} {n:,}" for code, n in outcomes.most_common(40)), file=sys.stderr)
    return len(seen)


def show(options: argparse.Namespace, name: str, judge: Judge) -> None:
    """One case with everything it says."""
    case = make_case(name, options.seed, options.only, real=options.real)
    print(case.origin, case.hints, len(case.content), "bytes\n", case.content[:400], file=sys.stderr)
    verdict = judge(case)
    print(verdict.outcome, f"{verdict.seconds:.3f} s", file=sys.stderr)
    if verdict.finding:
        print(verdict.finding.signature, verdict.finding.text, sep="\n", file=sys.stderr)


def main() -> int:
    """The number of kinds of findings, as an exit code of 0 or 1."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--family", action="append", choices=sorted(RECIPES), help="may be repeated; default: all")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0, help="index to begin with")
    parser.add_argument("--only", type=int, help="show one case of the first family")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="per family")
    parser.add_argument("--no-real", dest="real", action="store_false", help="seeds written in code only")
    options = parser.parse_args()
    families = options.family or sorted(RECIPES)
    for name in families:
        family(name, real=options.real)  # the real files are read before the process is confined
    directory = Path(tempfile.mkdtemp(prefix="mast-fuzz-found-"))
    tempfile.tempdir = str(directory)
    warnings.simplefilter("error")
    formats()
    importlib.import_module("lxml.etree")
    output = os.open(directory / "output", os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o600)
    os.dup2(output, 1)  # what a reader prints is a finding
    faulthandler.enable(sys.stderr)
    # Confined as in the sandbox: only so are the vendors' readers run.
    confine.confine(dataclasses.replace(DEFAULT_LIMITS, memory_bytes=MEMORY), directory)
    judge = Judge(directory, output)
    if options.only is not None:
        show(options, families[0], judge)
        return 0
    kinds = sum(run(options, name, judge, directory) for name in families)
    print(f"{kinds} kinds of findings; inputs kept in {directory}" if kinds else "nothing found", file=sys.stderr)
    return 1 if kinds else 0


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = "1"
    sys.exit(main())

"""Spoiled files against the readers: `python -m tests.fuzz.fuzz_readers --family jcamp --count 100000`.

A case is decided by (family, seed, index) alone, so a finding can be repeated:
`python -m tests.fuzz.fuzz_readers --family jcamp --seed 1 --only 4711`. What was found is printed and kept,
made smaller, in a directory of its own. Each worker is a process with 1.5 GiB of memory; one that dies or
hangs is a finding as well, and its input is kept. Linux only (resource limits).
"""

from __future__ import annotations

import argparse
import dataclasses
import faulthandler
import importlib
import json
import multiprocessing
import os
import re
import signal
import sys
import tempfile
import time
import warnings
import zlib
from collections import Counter
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from random import Random
from typing import Any

from instruments import DEFAULT_LIMITS, confine, formats
from tests.fuzz.fuzz_judge import Case, Judge
from tests.fuzz.fuzz_mutate import spoiled, wrapped
from tests.fuzz.fuzz_seeds import RECIPES, VENDORS, family
from tests.instruments.instrument_files import SMALL

MEMORY = 3 * 2**29
HANG_SECONDS = 20.0
PER_SIGNATURE = 3


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


# --- one worker -----------------------------------------------------------------------------------------------


def _work(options: argparse.Namespace, name: str, first: int, at: Synchronized[int], directory: str) -> None:
    """Cases first, first + workers … ; findings and totals go to files, `at` tells the parent where we are."""
    warnings.simplefilter("error")
    tempfile.tempdir = directory
    formats()
    importlib.import_module("lxml.etree")
    # Confined as in the sandbox: only so are the vendors' readers run.
    confine.confine(dataclasses.replace(DEFAULT_LIMITS, memory_bytes=MEMORY), Path(directory))
    output = os.open(Path(directory) / f"output-{first}", os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    traces = (Path(directory) / f"trace-{first}").open("w")
    faulthandler.register(signal.SIGUSR1, traces)  # asked for by the parent when we seem to hang
    faulthandler.enable(traces)
    judge = Judge(Path(directory), output)
    end, begun, seen = time.monotonic() + options.seconds, time.monotonic(), Counter[str]()
    outcomes, slowest, count = Counter[str](), 0.0, 0
    with (Path(directory) / f"found-{first}.jsonl").open("a", encoding="utf-8") as report:
        for index in range(first, options.first + options.count, options.workers):
            if time.monotonic() > end:
                break
            at.value = index
            case = make_case(name, options.seed, index, real=options.real)
            verdict = judge(case)
            outcomes[verdict.outcome] += 1
            slowest, count = max(slowest, verdict.seconds), count + 1
            if verdict.finding is not None:
                seen[verdict.finding.signature] += 1
                if seen[verdict.finding.signature] <= PER_SIGNATURE:
                    report.write(json.dumps({"index": index, **dataclasses.asdict(verdict.finding)}) + "\n")
                    report.flush()
        totals = {
            "count": count,
            "seconds": time.monotonic() - begun,
            "slowest": slowest,
            "outcomes": outcomes,
            "seen": seen,
        }
        report.write(json.dumps({"totals": totals}) + "\n")
    at.value = -1


@dataclasses.dataclass
class Totals:
    """Of one family, over all its workers."""

    count: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    outcomes: Counter[str] = dataclasses.field(default_factory=Counter)
    seen: Counter[str] = dataclasses.field(default_factory=Counter)
    found: list[dict[str, Any]] = dataclasses.field(default_factory=list)


def run(options: argparse.Namespace, name: str) -> Totals:
    """All cases of a family in `options.workers` processes; a dead or hanging process is replaced after its case."""
    totals, begun = Totals(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mast-fuzz-") as directory:
        context = multiprocessing.get_context("spawn")
        workers = []
        for first in range(options.first, options.first + options.workers):
            at = context.Value("q", first)
            workers.append((_start(context, options, name, first, at, directory), at, first))
        while workers:
            process, at, began = workers.pop(0)
            died = _wait(process, at)
            if died is not None:
                index = at.value
                totals.count += (index - began) // options.workers + 1
                trace = "".join(p.read_text() for p in Path(directory).glob("trace-*"))
                signature = f"{died} at {_innermost(trace)}"
                totals.seen[signature] += 1
                totals.found.append({"index": index, "signature": signature, "text": trace})
                for path in Path(directory).glob("trace-*"):
                    path.unlink()
                first = index + options.workers
                workers.append((_start(context, options, name, first, at, directory), at, first))
        for path in sorted(Path(directory).glob("found-*.jsonl")):
            for line in path.read_text(encoding="utf-8").splitlines():
                _add(totals, json.loads(line))
    totals.seconds = time.monotonic() - begun
    return totals


def _start(context: Any, options: argparse.Namespace, name: str, first: int, at: Any, directory: str) -> Any:
    at.value = first
    process = context.Process(target=_work, args=(options, name, first, at, directory), daemon=True)
    process.start()
    return process


def _wait(process: Any, at: Any) -> str | None:
    """None when the worker finished; else how it ended."""
    index, since = at.value, time.monotonic()
    while True:
        process.join(0.2)
        if process.exitcode is not None:
            return None if process.exitcode == 0 and at.value == -1 else f"process died ({process.exitcode})"
        if at.value != index:
            index, since = at.value, time.monotonic()
        elif time.monotonic() - since > HANG_SECONDS:
            os.kill(process.pid, signal.SIGUSR1)
            time.sleep(0.5)
            process.kill()
            process.join()
            return "hangs"


def _innermost(trace: str) -> str:
    """The first line of a trace that is in our own code."""
    found = re.search(r'/((?:instruments|spectra)/[^"]+)", line (\d+) in (\w+)', trace)
    return " ".join(found.groups()) if found else "?"


def _add(totals: Totals, line: dict[str, Any]) -> None:
    part = line.get("totals")
    if part is None:
        totals.found.append(line)
        return
    totals.count += part["count"]
    totals.slowest = max(totals.slowest, part["slowest"])
    totals.outcomes.update(part["outcomes"])
    totals.seen.update(part["seen"])


# --- what was found -------------------------------------------------------------------------------------------


def smaller(case: Case, signature: str, judge: Judge, tries: int = 400) -> Case:
    """The case with as much cut away as still gives the same finding."""
    size = len(case.content) // 2
    while size and tries > 0:
        place = 0
        while place < len(case.content) and tries > 0:
            tries -= 1
            less = dataclasses.replace(case, content=case.content[:place] + case.content[place + size :])
            found = judge(less).finding if less.content else None
            if found is not None and found.signature == signature:
                case = less
            else:
                place += size
        size //= 2
    return case


def keep(options: argparse.Namespace, name: str, found: list[dict[str, Any]], directory: Path) -> None:
    """Write each kind of finding once: the whole input, the small one and what was said."""
    done = Counter[str]()
    judge = Judge(directory)
    for one in sorted(found, key=lambda f: f["index"]):
        signature = one["signature"]
        done[signature] += 1
        if done[signature] > 1:
            continue
        case = make_case(name, options.seed, one["index"], real=options.real)
        stem = directory / f"{name}-{options.seed}-{one['index']}-{zlib.crc32(signature.encode()):08x}"
        stem.with_suffix(".input").write_bytes(case.content)
        if name not in VENDORS and signature.startswith(
            ("raises", "reading", "reader_failed", "unexplained", "no readings", "message")
        ):
            case = smaller(case, signature, judge)
            stem.with_suffix(".small").write_bytes(case.content)
        stem.with_suffix(".txt").write_text(
            f"{signature}\n{case.origin}\n{case.hints}\n\n{one['text']}", encoding="utf-8"
        )
        print(f"  FOUND {signature}\n    {case.origin}\n    {stem}.*  {case.content[:160]!r}", flush=True)


def show(options: argparse.Namespace, name: str) -> None:
    """One case with everything it says, in this process, which is confined from here on."""
    case = make_case(name, options.seed, options.only, real=options.real)
    tempfile.tempdir = tempfile.mkdtemp(prefix="mast-fuzz-")
    formats()
    confine.confine(DEFAULT_LIMITS, Path(tempfile.tempdir))
    print(case.origin, case.hints, len(case.content), "bytes\n", case.content[:400])
    with tempfile.TemporaryDirectory() as directory:
        verdict = Judge(Path(directory))(case)
    print(verdict.outcome, f"{verdict.seconds:.3f} s")
    if verdict.finding:
        print(verdict.finding.signature, verdict.finding.text, sep="\n")


def main() -> int:
    """The number of kinds of findings, as an exit code of 0 or 1."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--family", action="append", choices=sorted(RECIPES), help="may be repeated; default: all")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0, help="index to begin with")
    parser.add_argument("--only", type=int, help="show one case of the first family")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="per family")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--no-real", dest="real", action="store_false", help="seeds written in code only")
    parser.add_argument(
        "--keep", type=Path, help="directory for findings; default: a new one under the temporary directory"
    )
    options = parser.parse_args()
    families = options.family or sorted(RECIPES)
    if options.only is not None:
        show(options, families[0])
        return 0
    directory = options.keep or Path(tempfile.mkdtemp(prefix="mast-fuzz-found-"))
    directory.mkdir(parents=True, exist_ok=True)
    kinds = 0
    for name in families:
        totals = run(options, name)
        kinds += len(totals.seen)
        rate = totals.count / max(totals.seconds, 1e-9)
        print(f"{name:10} {totals.count:8,} inputs {totals.seconds:7.1f} s {rate:7.0f}/s  slowest {totals.slowest:5.2f} s"
              f"  read {totals.outcomes['read']:,}  kinds of findings {len(totals.seen)}", flush=True)  # fmt: skip
        print("           " + ", ".join(f"{code} {n:,}" for code, n in totals.outcomes.most_common(40)))
        for signature, n in totals.seen.most_common():
            print(f"  {n:6} × {signature}")
        keep(options, name, totals.found, directory)
    print(f"{kinds} kinds of findings; inputs kept in {directory}" if kinds else "nothing found")
    return 1 if kinds else 0


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = "1"
    sys.exit(main())

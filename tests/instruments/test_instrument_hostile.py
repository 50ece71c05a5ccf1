"""181 damaged and malicious files, and worse of our own: each is met as expected, inside its seconds and MiB.

They are read through the sandbox, where the child's computing time and the most memory it ever held are measured for
each file alone. The process that asks stays as it was. `make test` reads every eighth of them, `make test-all` all.
"""

from __future__ import annotations

import csv
import gc
import os
import threading
import time
from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from instruments import InstrumentError, ParserSandbox, read
from tests.instruments.hostile_files import HOSTILE, Hostile
from tests.instruments.instrument_files import every

DATA = Path(os.environ.get("MAST_SHARED_DATA") or Path(__file__).resolve().parents[2] / "../shared/data") / "hostile"
# Kinds that only the extra mast-lims[vendor] reads; without it each is refused by name.
VENDOR = ("chemstation", "perkinelmer", "renishaw")
# An error that hides an exception nobody foresaw, or a bound that only the sandbox has kept.
UNFORESEEN = frozenset({"reader_failed", "reader_crashed", "memory_limit", "cpu_limit", "time_limit"})
HANG_SECONDS = 80.0  # by the clock, on a machine that does other things as well; computing time has bounds of its own
OUR_MEBIBYTES = 512.0
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the shared test data are not on this machine")


class Expected(NamedTuple):
    """A row of EXPECT.tsv: "ok", "warn", "error", "error|warn" or "any", and the bounds."""

    outcome: str
    seconds: float
    mebibytes: float


class Cost(NamedTuple):
    """What one file took: computing time in s, and the largest resident memory of the child in MiB."""

    seconds: float
    mebibytes: float


@lru_cache(maxsize=1)
def expectations() -> dict[str, Expected]:
    path = DATA / "EXPECT.tsv"
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as stream:
        return {
            r["file"]: Expected(r["expected"].partition(" ")[0], float(r["max_seconds"]), float(r["max_MiB"]))
            for r in csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
        }


def outcome(source: Path | bytes, name: str, reader: ParserSandbox | None = None) -> tuple[str, str]:
    """("ok" | "warn" | "error", code); anything but readings and an explained InstrumentError fails the test."""
    begun, refusal, readings = time.monotonic(), None, []
    try:
        readings = read(source, name) if reader is None else reader.read(source, name)
    except InstrumentError as error:
        refusal = error
    assert time.monotonic() - begun < HANG_SECONDS
    if refusal is not None:
        assert refusal.code not in UNFORESEEN, f"{refusal} ({refusal.code}) from {refusal.__cause__!r}"
        assert refusal.hint
        assert str(refusal).strip()
        return "error", refusal.code
    assert readings
    return ("warn" if any(r.warnings for r in readings) else "ok"), ""


def allowed(expected: str, file: str) -> tuple[str, ...]:
    """What may come out. A control may carry a remark; a vendor format is refused where the extra is absent."""
    if any(v in file for v in VENDOR) and find_spec("openreadout") is None:
        return ("error",)
    return {"ok": ("ok", "warn"), "any": ("ok", "warn", "error")}.get(expected) or tuple(expected.split("|"))


def child_of(sandbox: ParserSandbox) -> psutil.Process:
    """The one child of a sandbox, once it waits for a file."""
    sandbox.held()
    worker = sandbox._idle.queue[0]
    assert worker is not None
    return psutil.Process(worker._process.pid)


def forget_peak(child: psutil.Process) -> None:
    """Have the kernel begin anew with the most memory a process ever held (proc(5), clear_refs)."""
    if Path(f"/proc/{child.pid}").is_dir():
        Path(f"/proc/{child.pid}/clear_refs").write_text("5")


def peak_mib(child: psutil.Process) -> float:
    """The largest memory a process had resident since then, in MiB; where Linux is absent, what it has now."""
    status = Path(f"/proc/{child.pid}/status")
    if not status.is_file():
        return child.memory_info().rss / 2**20
    return next(int(line.split()[1]) / 1024 for line in status.read_text().splitlines() if line.startswith("VmHWM"))


def measured(sandbox: ParserSandbox, source: Path | bytes, name: str) -> tuple[tuple[str, str], Cost]:
    """The outcome in the sandbox and what it cost. The child lives on: whatever kills it is no explained error."""
    child = child_of(sandbox)
    forget_peak(child)
    before = child.cpu_times()
    found = outcome(source, name, sandbox)
    after = child.cpu_times()
    return found, Cost(after.user + after.system - before.user - before.system, peak_mib(child))


def within(
    sandbox: ParserSandbox, source: Path | bytes, name: str, seconds: float, mebibytes: float
) -> tuple[str, str]:
    """The outcome in the sandbox, once it is shown to keep the bounds.

    A child keeps memory that other files needed, so one that seems to take too much is judged in a fresh child.
    """
    found, cost = measured(sandbox, source, name)
    if cost.mebibytes >= mebibytes:
        with ParserSandbox() as fresh:
            found, cost = measured(fresh, source, name)
    assert cost.mebibytes < mebibytes
    assert cost.seconds < seconds
    return found


@pytest.fixture(scope="module")
def sandbox() -> Iterator[ParserSandbox]:
    with ParserSandbox() as made:
        yield made


@needs_data
@pytest.mark.parametrize("file", every(8, expectations()))
def test_hostile_file_in_the_jail_keeps_its_seconds_and_memory(sandbox: ParserSandbox, file: str) -> None:
    row = expectations()[file]
    assert within(sandbox, DATA / file, file, row.seconds, row.mebibytes)[0] in allowed(row.outcome, file)


@pytest.mark.parametrize("hostile", every(8, (h for h in HOSTILE if h.small)), ids=lambda h: h.name)
def test_worse_files_of_our_own_are_met_as_expected(sandbox: ParserSandbox, hostile: Hostile) -> None:
    content = hostile.build()
    found = within(sandbox, content, hostile.name, hostile.seconds, OUR_MEBIBYTES)
    assert outcome(content, hostile.name) == found
    assert found[0] in hostile.outcomes, found
    assert not hostile.codes or found[1] in hostile.codes or found[0] != "error", found


@pytest.mark.long
@pytest.mark.parametrize("hostile", [h for h in HOSTILE if not h.small], ids=lambda h: h.name)
def test_large_files_of_our_own_are_met_as_expected(sandbox: ParserSandbox, hostile: Hostile) -> None:
    found = within(sandbox, hostile.build(), hostile.name, hostile.seconds, OUR_MEBIBYTES)
    assert found[0] in hostile.outcomes, found
    assert not hostile.codes or found[1] in hostile.codes or found[0] != "error", found


@pytest.mark.parametrize("files", [20, pytest.param(200, marks=pytest.mark.long)])
def test_what_many_hostile_files_do_to_the_process_that_asks(files: int) -> None:
    process = psutil.Process()
    contents = [(h.name, h.build()) for h in HOSTILE if h.small][:files]
    with ParserSandbox() as sandbox:
        for name, content in contents:  # the first round pays for imports and buffers
            outcome(content, name, sandbox)
        gc.collect()
        before = process.memory_info().rss, open_files(process), threading.active_count(), len(process.children())
        for number in range(files):
            name, content = contents[number % len(contents)]
            outcome(content, name, sandbox)
        gc.collect()
        after = process.memory_info().rss, open_files(process), threading.active_count(), len(process.children())
    assert after[0] - before[0] < 32 * 2**20
    # fewer is no leak: what earlier tests of the process began may end meanwhile
    assert all(now <= then for now, then in zip(after[1:], before[1:], strict=True))


def open_files(process: psutil.Process) -> int:
    return process.num_fds() if hasattr(process, "num_fds") else process.num_handles()

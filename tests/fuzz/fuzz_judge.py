"""What one input must do: become readings that hold together, or one of the reader's own errors. Else a finding.

Everything a server does with an answer is done here as well: describe it, store it, send it across the sandbox.
"""

from __future__ import annotations

import json
import os
import re
import resource
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from instruments import DEFAULT_LIMITS, InstrumentError, Limits, describe, read, wire
from instruments.errors import error_from_dict
from spectra.types import Level, Reading

SLOW_SECONDS = 2.0
MEMORY_STEP_KIB = 300 * 1024
LONGEST_MESSAGE = 1_000
# Codes behind which an exception hides that nobody foresaw, or a size that the file alone decided.
UNFORESEEN = frozenset({"reader_failed", "memory_limit", "reader_crashed"})


@dataclass(frozen=True)
class Case:
    """One input and how it is handed over. `origin` tells the seed and the mutations, for people."""

    content: bytes
    name: str
    hints: dict[str, str] = field(default_factory=dict)
    limits: Limits = DEFAULT_LIMITS
    origin: str = ""


@dataclass(frozen=True)
class Finding:
    """Something no reader may do. `signature` is equal for the same fault found again."""

    signature: str
    text: str


@dataclass(frozen=True)
class Verdict:
    """`outcome` is "read" or the code of the error; `finding` None when all is well."""

    outcome: str
    finding: Finding | None
    seconds: float


def read_here(case: Case) -> list[Reading]:
    """The readings of a case, in this process."""
    return read(case.content, case.name, limits=case.limits, **case.hints)  # type: ignore[arg-type]


class Judge:
    """Reads cases with `reader`. `output` is a file that standard output and error go to, if they are watched."""

    def __init__(
        self, directory: Path, output: int | None = None, reader: Callable[[Case], list[Reading]] = read_here
    ) -> None:
        self._read_case = reader
        self._out = directory / f"answer-{os.getpid()}.bin"  # several processes share the directory
        self._output = output
        self._printed = 0
        self._peak = 0

    def __call__(self, case: Case) -> Verdict:
        """The verdict on one case; never raises."""
        self._peak = self._peak or _peak_kib()
        begun = time.process_time()
        outcome, finding = self._read(case)
        seconds = time.process_time() - begun
        return Verdict(outcome, finding or self._side_effects(case, seconds), seconds)

    def _read(self, case: Case) -> tuple[str, Finding | None]:
        outcome = "read"
        try:
            readings = self._read_case(case)
            if not readings:
                return outcome, Finding("no readings and no error", "")
            self._check(readings, case)
        except InstrumentError as error:
            return error.code, _refusal(error)
        except AssertionError as error:
            return outcome, Finding(f"reading: {error}", traceback.format_exc())
        except (Exception, RecursionError) as error:
            return outcome, Finding(f"raises {_signature(error)}", traceback.format_exc())
        return outcome, None

    def _check(self, readings: list[Reading], case: Case) -> None:
        digest = sha256(case.content).hexdigest()
        for reading in readings:
            assert reading.n_points > 0, "without points"
            assert np.isfinite(reading.x).all(), "x is not finite"
            assert np.isfinite(reading.y).all(), "y is not finite"
            assert reading.source_sha256 == digest, "another file's digest"
            assert all(r.level is not Level.ERROR for r in reading.remarks), "carries an error"
            for scan in reading.scans:
                for value in (scan.precursor_mz, scan.retention_time_s):
                    assert value is None or np.isfinite(value), "a scan's precursor or time is not finite"
            json.dumps(describe(reading), allow_nan=False)
            json.dumps(dict(reading.meta), allow_nan=False, default=str)
        with self._out.open("wb") as stream:
            wire.write(stream, readings)
        for sent, back in zip(readings, wire.read(self._out, DEFAULT_LIMITS), strict=True):
            assert plain(sent) == plain(back), "changed on its way through the sandbox"

    def _side_effects(self, case: Case, seconds: float) -> Finding | None:
        if seconds > SLOW_SECONDS:
            return Finding("slow", f"{seconds:.1f} s of CPU for {len(case.content):,} bytes")
        before, self._peak = self._peak, max(self._peak, _peak_kib())
        if self._peak - before > MEMORY_STEP_KIB:
            return Finding("memory", f"{(self._peak - before) // 1024} MiB more for {len(case.content):,} bytes")
        if self._output is not None:
            sys.stdout.flush()
            before, self._printed = self._printed, os.fstat(self._output).st_size
            if self._printed != before:
                said = os.pread(self._output, min(2000, self._printed - before), before).decode(errors="replace")
                return Finding(f"prints {re.sub('[0-9]+', 'N', said)[:80]!r}", said)
        return None


def _peak_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _refusal(error: InstrumentError) -> Finding | None:
    """None for an error a chemist can act on and a server can store."""
    cause = error.__cause__ or error
    told = "".join(traceback.format_exception(error))
    if error.code in UNFORESEEN:
        return Finding(f"{error.code}: {_signature(cause)}", told)
    if not (error.code and error.hint and str(error).strip()):
        return Finding(f"unexplained {type(error).__name__}", told)
    if len(error.message) > LONGEST_MESSAGE:
        return Finding(f"message of {error.code} too long: {_signature(error)}", told[:3000])
    fields = error.to_dict()
    if error_from_dict(json.loads(json.dumps(fields, allow_nan=False))).to_dict() != fields:
        return Finding(f"{error.code} does not cross the sandbox", told)
    return None


def _signature(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "/instruments/" in f.filename or "/spectra/" in f.filename] or frames
    at = f"{ours[-1].filename.rpartition('/')[2]}:{ours[-1].lineno} {ours[-1].name}" if ours else "?"
    return f"{type(error).__name__} at {at}"


def plain(reading: Reading) -> tuple[Any, ...]:
    """Everything about a reading that can be compared; texts as they survive UTF-8, meta as JSON."""
    texts = [
        str(getattr(reading, n)).encode("utf-8", "replace")
        for n in ("title", "instrument", "x_unit", "y_unit", "source_sha256", "format", "reader", "reader_version")
    ]
    scans = [
        (s.mz.tobytes(), s.intensity.tobytes(), s.precursor_mz, s.retention_time_s, s.ms_level, s.ionisation)
        for s in reading.scans
    ]
    meta = json.dumps(dict(reading.meta), default=str, sort_keys=True)
    remarks = [(r.level, r.code, r.text.encode("utf-8", "replace")) for r in reading.remarks]
    return (
        reading.kind,
        reading.x.tobytes(),
        reading.y.tobytes(),
        texts,
        scans,
        json.loads(meta),
        remarks,
        reading.ms_level,
    )

"""A pack is read and checked in a child process with limits of memory, computing time and time.

Why apart: anyone who edits a draft writes patterns and tables that are tried out here, and one of them may take for ever.
The worker has it done, and the process that serves people loads a pack only after a child has read it, made its example
pages and come back. The child keeps the limits of a reader of instrument files (instruments.confine) and answers with plain JSON.
"""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO, Literal

import structlog

from harm_messages import Problem
from instruments import Limits

_log = structlog.get_logger(__name__)

LIMITS = Limits(memory_bytes=2**29, cpu_seconds=60, wall_seconds=180.0, result_bytes=2**20)
"""The pack that comes with MAST takes four seconds and a third of the memory."""
READING_SECONDS = 15
"""Of computing, for reading alone: the server reads it again afterwards. The shipped pack takes half a second."""
ANSWER_BYTES = 2**24
_ROOT = Path(__file__).resolve().parents[3]
_KEPT_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "VIRTUAL_ENV", "SYSTEMROOT")


@dataclass(frozen=True, slots=True)
class Step:
    """`read`: whether it can be read is known, and `problems` says why not; `checked`: so is the rest; `stopped`: no more
    will come, and `problems` says why. `lasting`: the same files would end in the same way again. `under_way`: the check
    has looked at `done` of `of` rules, classes and substances."""

    stage: Literal["read", "under_way", "checked", "stopped"]
    problems: tuple[Problem, ...] = ()
    lasting: bool = True
    done: int = 0
    of: int = 0

    @property
    def ends(self) -> bool:
        """Whether no other step follows."""
        return self.stage in ("checked", "stopped") or bool(self.problems)


def found_in(files: Mapping[str, str], today: date, limits: Limits = LIMITS) -> Iterator[Step]:
    """What a child finds in these files, step by step, until one `ends` it: `checked`, `stopped`, or `read` with problems."""
    request = json.dumps({"files": dict(files), "today": today.isoformat()}).encode()
    with tempfile.TemporaryDirectory(prefix="mast-check-", ignore_cleanup_errors=True) as place:
        said = Path(place) / "stderr"
        with said.open("wb") as errors:
            try:
                child = _start(limits, place, errors)
            except OSError as error:  # no memory or no process to be had
                _log.warning("pack_check_not_started", error=str(error))
                yield broken_off()
                return
        late = threading.Timer(limits.wall_seconds, child.kill)
        late.daemon = True
        late.start()
        last = None
        try:
            assert child.stdin is not None
            assert child.stdout is not None
            with suppress(BrokenPipeError):
                child.stdin.write(request)
                child.stdin.close()
            while line := child.stdout.readline(ANSWER_BYTES):
                last = _step(line)
                yield last
            if last is None or not last.ends:
                yield _ended(child.wait(), last, limits, said, expired=late.finished.is_set())
        finally:
            late.cancel()
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    with suppress(OSError):
                        pipe.close()


def broken_off() -> Step:
    """A check that could not be made at all, for no reason of the files."""
    return Step("stopped", (_stopped("broke", 0),), lasting=False)


def _start(limits: Limits, place: str, errors: IO[bytes]) -> subprocess.Popen[bytes]:
    environment = {k: v for k, v in os.environ.items() if k in _KEPT_ENVIRONMENT}
    environment |= {"PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    environment |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), place)
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "app.care.message_packs.confined_child", json.dumps(dataclasses.asdict(limits))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        env=environment,
        start_new_session=True,
    )


def _step(line: bytes) -> Step:
    try:
        answer = json.loads(line)
        problems = tuple(Problem(**one) for one in answer["problems"])
        return Step(answer["stage"], problems, done=int(answer["done"]), of=int(answer["of"]))
    except (ValueError, TypeError, KeyError):
        return Step("stopped", (_stopped("broke", 0),))


def _ended(code: int, last: Step | None, limits: Limits, said: Path, *, expired: bool) -> Step:
    """What the way it died says: out of computing time, out of memory, or a fault of the check itself."""
    reading = last is None
    _log.warning("pack_check_ended", code=code, reading=reading, said=said.read_text(errors="replace")[-400:])
    if code == -getattr(signal, "SIGXCPU", 0) and code:
        seconds = READING_SECONDS if reading else limits.cpu_seconds
        return Step("stopped", (_stopped("read" if reading else "check", seconds),))
    if expired:
        return Step("stopped", (_stopped("late", int(limits.wall_seconds)),), lasting=False)
    killed = code == -getattr(signal, "SIGKILL", 9)  # by a machine without memory, or by a server that stops
    if killed or code in (MEMORY, -signal.SIGABRT):  # compiled code that gets no memory aborts
        return Step("stopped", (_stopped("memory", limits.memory_bytes // 2**20),), lasting=not killed)
    return Step("stopped", (_stopped("broke", 0),))


MEMORY = 77
"""The exit code of a child that was refused memory."""
_UNHARMED = "Result pages have not changed and every text is kept. This version cannot be signed until it is fixed."
_WORDS = {
    "read": (
        "Reading this version was stopped after {0} seconds of computing: a file is far larger, or far more tangled, than a "
        "table of messages needs to be. " + _UNHARMED + " Compare shows what was changed: undo the last of it."
    ),
    "check": (
        "The check of this version was stopped after {0} seconds of computing. "
        + _UNHARMED
        + " Look first at the patterns "
        "under “never” here: one that repeats what repeats already, such as (a+)+, can take for ever. Otherwise undo what "
        "was changed last."
    ),
    "memory": (
        "The check of this version was stopped because it needs more than {0} MB of memory. "
        + _UNHARMED
        + " Compare shows what was changed. Make it smaller, or undo it."
    ),
    "late": (
        "The check of this version was not done after {0} seconds and was stopped. The server may have been busy. "
        + _UNHARMED
        + " Open this page again to try again. If that does not help, undo what was changed last."
    ),
    "broke": (
        "The check of this version broke off by a fault of its own. "
        + _UNHARMED
        + " Undo what was changed last, and tell the operator. The server log says more."
    ),
}


def _stopped(how: str, number: int) -> Problem:
    file = "pack.yaml" if how == "check" else ""
    return Problem("stopped", "", _WORDS[how].format(number), file=file)

"""Reads uploads in a child process with bounds on memory, CPU and time, and replaces it when it breaks.

Imports the standard library and sibling modules only. The child is started by exec, not fork (threads and
database handles of the parent stay out of it), knows no secrets of the parent's environment, and answers
with plain numbers, never with pickle.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import queue
import selectors
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from spectra.types import Reading

from . import wire
from .errors import CorruptFile, InstrumentError, TooLarge, error_from_dict
from .limits import DEFAULT_LIMITS, Limits
from .source import base_name

START_SECONDS = 60.0
ANSWER_BYTES = 1024 * 1024
KEPT_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "SYSTEMROOT")


class ReaderJail:
    """A small pool of pre-warmed reader processes. Thread-safe; `close()` it, or use it in a with statement.

    `workers` files are read at once; a worker is replaced after `recycle` files, and at once after a crash.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS, *, workers: int = 1, recycle: int = 500) -> None:
        self._limits, self._recycle = limits, recycle
        self._directory = tempfile.TemporaryDirectory(prefix="mast-jail-", ignore_cleanup_errors=True)
        # None stands for a child that could not be started; the next read tries again.
        self._idle: queue.LifoQueue[_Worker | None] = queue.LifoQueue()
        self._children: set[_Worker] = set()
        self._workers = workers
        self._closed = False
        for _ in range(workers):
            self._idle.put(self._start())

    def read(
        self, source: str | os.PathLike[str] | bytes, name: str | None = None, hints: Mapping[str, str] | None = None
    ) -> list[Reading]:
        """As `instruments.read`, in the jail. `hints` are its keyword hints.

        Raises InstrumentError (TooLarge on memory, CPU or time; CorruptFile with code "reader_crashed" when
        the reader died) and OSError when the path cannot be opened. Waits while all workers are busy.
        """
        if self._closed:
            raise RuntimeError("the jail is closed")
        if isinstance(source, bytes):
            path = Path(self._directory.name) / f"{uuid.uuid4().hex}.in"
            path.write_bytes(source)
            try:
                return self._read(path, name or "", hints or {})
            finally:
                path.unlink(missing_ok=True)
        return self._read(Path(source), Path(source).name if name is None else name, hints or {})

    def _read(self, path: Path, name: str, hints: Mapping[str, str]) -> list[Reading]:
        out = Path(self._directory.name) / f"{uuid.uuid4().hex}.out"
        request = {"path": str(path.absolute()), "name": base_name(name), "hints": dict(hints), "out": str(out)}
        worker: _Worker | None = self._idle.get()
        try:
            worker = worker or self._start()
            answer = worker.ask(request, self._limits.wall_seconds)
            if answer.get("ok") is True:
                return wire.read(out, self._limits.result_bytes)
            raise _refusal(answer)
        finally:
            out.unlink(missing_ok=True)
            self._give_back(worker)

    def _start(self) -> _Worker:
        worker = _Worker(self._limits)
        self._children.add(worker)
        return worker

    def _give_back(self, worker: _Worker | None) -> None:
        """Whatever happened, one place is put back: a jail that loses its places would wait for ever."""
        if worker is not None and (self._closed or not worker.alive or worker.served >= self._recycle):
            worker.kill()
            self._children.discard(worker)
            worker = None
        if worker is None and not self._closed:
            with contextlib.suppress(OSError):  # no memory or no process to be had: tried again at the next read
                worker = self._start()
        self._idle.put(worker)

    def close(self) -> None:
        """Stop the children and remove the exchange directory. A read in progress ends with its child."""
        if self._closed:
            return
        self._closed = True
        for worker in tuple(self._children):
            worker.kill()
        self._directory.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _refusal(answer: Mapping[str, Any]) -> Exception:
    if "os_error" in answer:
        return OSError(str(answer["os_error"]))
    try:
        return error_from_dict(answer["error"])
    except (KeyError, TypeError, AttributeError, ValueError):
        return _crashed()


def _crashed() -> InstrumentError:
    return CorruptFile(
        "The reader broke down on this file.",
        code="reader_crashed",
        hint="The file is probably damaged; export it again, or report it to the developers.",
    )


class _Worker:
    """One child process and the pipe to it. Used by one thread at a time."""

    def __init__(self, limits: Limits) -> None:
        environment = {k: v for k, v in os.environ.items() if k in KEPT_ENVIRONMENT}
        environment["PYTHONPATH"] = str(Path(__file__).resolve().parent.parent)
        environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "instruments.child", json.dumps(dataclasses.asdict(limits))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
            bufsize=0,
        )
        self._ready = False
        self.served = 0

    @property
    def alive(self) -> bool:
        """Whether the child can take another request."""
        return self._process.poll() is None

    def ask(self, request: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """One request, one answer. Kills the child and raises when it does not answer in time or dies."""
        if not self._ready:
            self._answer(START_SECONDS)
            self._ready = True
        self.served += 1
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
        except BrokenPipeError:
            raise self._death() from None
        return self._answer(seconds)

    def _answer(self, seconds: float) -> dict[str, Any]:
        assert self._process.stdout is not None
        deadline, received = time.monotonic() + seconds, b""
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while not received.endswith(b"\n"):
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    self.kill()
                    raise TooLarge(f"Reading this file took longer than {seconds:g} s.", code="time_limit")
                piece = os.read(self._process.stdout.fileno(), 65_536)
                if not piece or len(received) > ANSWER_BYTES:
                    raise self._death()
                received += piece
        try:
            answer = json.loads(received)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise self._death()
        return answer

    def _death(self) -> InstrumentError:
        """What the way it died says: out of CPU time, killed for memory by the system, or a crash."""
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            code = 0
        self.kill()
        if code == -getattr(signal, "SIGXCPU", 0) and code:
            return TooLarge("Reading this file took more computing time than is allowed.", code="cpu_limit")
        if code == -getattr(signal, "SIGKILL", 9):
            return TooLarge("Reading this file needs more memory than this machine has.", code="memory_limit")
        return _crashed()

    def kill(self) -> None:
        """End the child and everything in its session, and reap it."""
        if self._process.poll() is None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except (AttributeError, ProcessLookupError, PermissionError):
                self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

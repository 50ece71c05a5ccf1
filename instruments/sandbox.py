"""Reads uploads in a child process with bounds on memory, CPU and time, and replaces it when it breaks.

Imports the standard library and sibling modules only. The child is started by exec, not fork (threads and
database handles of the parent stay out of it), knows no secrets of the parent's environment, writes in one
directory that this side removes, and answers with plain numbers, never with pickle.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import queue
import selectors
import shutil
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
from .errors import UNCHANGED, CorruptFile, InstrumentError, TooLarge, error_from_dict
from .limits import DEFAULT_LIMITS, Limits
from .source import base_name

if sys.platform != "win32":
    import fcntl

START_SECONDS = 60.0
ANSWER_BYTES = 1024 * 1024
FOLDER = "mast-readers-"
SETTLED_SECONDS = 60.0
KEPT_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "VIRTUAL_ENV", "SYSTEMROOT")


class ParserSandbox:
    """A small pool of pre-warmed reader processes. Thread-safe; `close()` it, or use it in a with statement.

    `workers` files are read at once; a worker is replaced after `recycle` files, and at once after a crash.
    Without `preload` a child starts faster and its first mzML file takes longer: for one file only.
    """

    def __init__(
        self, limits: Limits = DEFAULT_LIMITS, *, workers: int = 1, recycle: int = 500, preload: bool = True
    ) -> None:
        self._limits, self._recycle, self._preload = limits, recycle, preload
        sweep_left_behind()
        self._directory = tempfile.TemporaryDirectory(prefix=FOLDER, ignore_cleanup_errors=True)
        self._lock: int | None = None
        with contextlib.suppress(OSError):  # a file system without locks: there nobody can sweep either
            self._lock = _locked(Path(self._directory.name))
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
        """As `instruments.read`, in the sandbox, of a path (also of a vendor folder) or bytes. `hints` are its hints.

        Raises InstrumentError (TooLarge on memory, CPU or time; CorruptFile with code "reader_crashed" when
        the reader died) and OSError when the path cannot be opened. Waits while all workers are busy.
        """
        if self._closed:
            raise RuntimeError("the sandbox is closed")
        if isinstance(source, bytes):
            path = Path(self._directory.name) / f"{uuid.uuid4().hex}.in"
            path.write_bytes(source)
            try:
                return self._read(path, name or "", hints or {})
            finally:
                path.unlink(missing_ok=True)
        return self._read(Path(source), Path(source).name if name is None else name, hints or {})

    def _read(self, path: Path, name: str, hints: Mapping[str, str]) -> list[Reading]:
        request = {"path": str(path.absolute()), "name": base_name(name), "hints": dict(hints)}
        worker: _Worker | None = self._idle.get()
        try:
            worker = self._living(worker)
            out = worker.directory / f"{uuid.uuid4().hex}.out"
            answer = worker.ask({**request, "out": str(out)}, self._limits.wall_seconds)
            if answer.get("ok") is True:
                return wire.read(out, self._limits)
            raise _refusal(answer)
        except InstrumentError as error:
            if self._closed:  # the child was ended, not by the file: no verdict on it
                raise RuntimeError("the sandbox is closed") from error
            raise
        finally:
            if worker is not None:
                worker.sweep()
            self._give_back(worker)

    def _living(self, worker: _Worker | None) -> _Worker:
        """This child, or a new one where it was ended while it waited: no file is to blame for that."""
        if worker is not None and worker.alive:
            return worker
        if worker is not None:
            worker.kill()
            self._children.discard(worker)
        return self._start()

    def _start(self) -> _Worker:
        worker = _Worker(self._limits, Path(self._directory.name), self._preload)
        self._children.add(worker)
        return worker

    def _give_back(self, worker: _Worker | None) -> None:
        """Whatever happened, one place is put back: a sandbox that loses its places would wait for ever."""
        if worker is not None and (self._closed or not worker.alive or worker.served >= self._recycle):
            worker.kill()
            self._children.discard(worker)
            worker = None
        try:
            if worker is None and not self._closed:
                with contextlib.suppress(OSError):  # no memory or no process to be had: tried again at the next read
                    worker = self._start()
        finally:
            self._idle.put(worker)

    def held(self) -> tuple[str, ...]:
        """What confines the children on this machine, as `confine` names it; waits until one has started."""
        worker: _Worker | None = self._idle.get()
        try:
            worker = self._living(worker)
            worker.wait_ready()
            return worker.held
        finally:
            self._give_back(worker)

    def close(self) -> None:
        """Stop the children and remove the exchange directory. A read in progress ends with its child."""
        if self._closed:
            return
        self._closed = True
        for worker in tuple(self._children):
            worker.kill()
        self._directory.cleanup()
        if self._lock is not None:
            os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def sweep_left_behind() -> None:
    """Remove the folders of processes that were killed: nobody holds their lock. A young one may not be locked yet."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER}*"):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime < SETTLED_SECONDS:
                continue
            lock = _locked(folder)
            if lock is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(lock)


def _locked(folder: Path) -> int | None:
    """A lock on a folder, which ends with this process however it ends; None where there are no such locks.

    Raises OSError where another process has it.
    """
    if sys.platform == "win32":
        return None
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


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
        hint=f"The file is probably damaged. {UNCHANGED} Export it again, or report it to the developers.",
    )


class _Worker:
    """One child process, the pipe to it, and the one directory it may write in. Used by one thread at a time."""

    def __init__(self, limits: Limits, exchange: Path, preload: bool) -> None:
        self.directory = exchange / uuid.uuid4().hex
        self.directory.mkdir(mode=0o700)
        environment = {k: v for k, v in os.environ.items() if k in KEPT_ENVIRONMENT}
        # a laboratory's own reader may be found by the operator's PYTHONPATH: what this process reads, the child reads
        own = [place for place in os.environ.get("PYTHONPATH", "").split(os.pathsep) if place]
        environment["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).resolve().parent.parent), *own])
        environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        environment |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(self.directory))
        lean = [] if preload else ["--lean"]
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "instruments.child", *lean, json.dumps(dataclasses.asdict(limits))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
            bufsize=0,
        )
        self._ready = False
        self.served = 0
        self.held: tuple[str, ...] = ()

    @property
    def alive(self) -> bool:
        """Whether the child can take another request."""
        return self._process.poll() is None

    def wait_ready(self) -> None:
        """Wait for the child to have loaded its readers and confined itself."""
        if not self._ready:
            try:
                self.held = tuple(str(h) for h in self._answer(START_SECONDS).get("held", ()))
            except InstrumentError as error:  # no file was seen yet, so none is to blame
                raise OSError("the process that reads files did not start") from error
            self._ready = True

    def ask(self, request: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """One request, one answer. Kills the child and raises when it does not answer in time or dies."""
        self.wait_ready()
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
                if not piece:
                    raise self._death()
                if len(received) > ANSWER_BYTES:
                    raise self._no_answer()
                received += piece
        try:
            answer = json.loads(received)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise self._no_answer()
        return answer

    def _no_answer(self) -> InstrumentError:
        """Ends a child that runs on and whose output is no answer, instead of waiting for it to exit."""
        self.kill()
        return _crashed()

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

    def sweep(self) -> None:
        """Remove what the child wrote: its answer, and what it unpacked and could not remove itself."""
        with contextlib.suppress(OSError):
            for entry in list(self.directory.iterdir()):
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry, ignore_errors=True)
                else:
                    entry.unlink(missing_ok=True)

    def kill(self) -> None:
        """End the child and everything in its session, reap it, and remove its directory."""
        if self._process.poll() is None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except (AttributeError, ProcessLookupError, PermissionError):
                self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        shutil.rmtree(self.directory, ignore_errors=True)

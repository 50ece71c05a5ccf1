"""Worker processes that a server starts and watches, so that reading and comparing files keeps no screen waiting.

Server and worker hold the two ends of a pair of pipes: a byte means "look now" (a job for the worker, an event for the
screens), and its end means that the other is gone. A worker without its server ends by itself.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import IO

import structlog

from app.platform.db import Database
from app.platform.jobs import queue
from app.platform.kernel.ids import new_id
from app.platform.live.publish import WAKE as EVENTS

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 60.0
LASTING_S = 60.0
"""A worker that lived so long is started again after the first, short pause when it ends."""
STOPPING_S = 4.0
NICE = 3
"""How much a worker lowers its own priority for the processor: people at the screens come first."""

_log = structlog.get_logger(__name__)


class Waker:
    """Wakes the process at the other end of a pipe. Anyone who calls it never waits, however full the pipe is."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._called = threading.Event()
        self._over = False
        threading.Thread(target=self._work, name="waker", daemon=True).start()

    def wake(self) -> None:
        """Let the other process look for work or events; many calls may arrive as one."""
        self._called.set()

    def close(self) -> None:
        """Let go of the pipe."""
        self._over = True
        self._called.set()

    def _work(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # the other end is gone
            while self._called.wait() and not self._over:
                self._called.clear()
                self._pipe.write(b".")
                self._pipe.flush()
        with contextlib.suppress(OSError):
            self._pipe.close()


def follow(pipe: IO[bytes], woken: Callable[[], None]) -> None:
    """Call `woken` each time the process at the other end of a pipe wakes this one, until that process is gone."""
    with contextlib.suppress(OSError, ValueError):
        while os.read(pipe.fileno(), 4096):
            woken()


class Workers:
    """`count` processes of `command`: started, watched, and started again with back-off. `start()` and `stop()` around a
    server's life. Each is given a name of its own, under which it takes jobs."""

    def __init__(self, count: int, command: Sequence[str], environment: Mapping[str, str], database: Database) -> None:
        self.count = count
        self._command = list(command)
        self._environment = dict(environment)
        self._database = database
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._running: dict[int, tuple[subprocess.Popen[bytes], Waker]] = {}
        self._ended: dict[int, str] = {}
        self._threads: list[threading.Thread] = []
        self._stop_listening: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Start them all."""
        self._stopping.clear()
        self._stop_listening = self._database.listen(queue.WAKE, self.wake)
        self._threads = [
            threading.Thread(target=self._watch, args=(number,), name=f"worker-{number}", daemon=True)
            for number in range(self.count)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let each end what it is doing; what it does not end in time is handed to the next one."""
        self._stopping.set()
        self._stop_listening()
        with self._lock:
            running = [process for process, _ in self._running.values()]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + STOPPING_S
        for process in running:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
        for thread in self._threads:
            thread.join(1.0)

    def wake(self) -> None:
        """Let them look for a job now."""
        with self._lock:
            wakers = [waker for _, waker in self._running.values()]
        for waker in wakers:
            waker.wake()

    def alarms(self) -> list[str]:
        """Which of them do not run now, as sentences."""
        with self._lock:
            return [f"{how} It is being restarted. Files wait until then." for how in self._ended.values()]

    def _watch(self, number: int) -> None:
        wait = FIRST_WAIT_S / 2
        while not self._stopping.is_set():
            began, name = time.monotonic(), f"worker {number} {new_id()}"
            how = self._run(number, name)
            if self._stopping.is_set():
                return
            wait = FIRST_WAIT_S if time.monotonic() - began > LASTING_S else min(wait * 2, LONGEST_WAIT_S)
            with self._lock:
                self._ended[number] = how
            _log.error("worker_ended", worker=name, how=how, again_in_s=wait)
            self._hand_on(name)
            self._stopping.wait(wait)

    def _run(self, number: int, name: str) -> str:
        """Start one and stay with it until it ends; says how it did."""
        command = [*self._command, name]
        try:
            process = subprocess.Popen(command, env=self._environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        except OSError as error:
            return f"A worker process could not be started ({error.strerror})."
        assert process.stdin is not None
        assert process.stdout is not None
        waker = Waker(process.stdin)
        with self._lock:
            self._running[number] = process, waker
        if self._stopping.is_set():  # stop() came before this one could be seen
            process.terminate()
        follow(process.stdout, lambda: self._woken_by(number))
        code = process.wait()
        with self._lock:
            del self._running[number]
        waker.close()
        process.stdout.close()
        return f"A worker process ended ({f'signal {-code}' if code < 0 else f'exit code {code}'})."

    def _woken_by(self, number: int) -> None:
        """A worker wakes its server when it is ready, and whenever it has told the screens something."""
        with self._lock:
            self._ended.pop(number, None)
        self._database.wake(EVENTS)

    def _hand_on(self, name: str) -> None:
        """What a dead worker had taken is free at once, the try counted: nobody waits for its lease to end."""
        try:
            with self._database.begin(request_id=name) as uow:
                queue.abandon(uow, name)
        except Exception as error:  # the database is away: the lease ends by itself
            _log.warning("jobs_not_handed_on", worker=name, error=type(error).__name__)
        self.wake()

"""Threads that take jobs and run their handlers, what a handler gets, and the ways it may end.

Several processes may share one table. Imports no feature.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from uuid import UUID

import structlog

from app.platform.db import Database, UnitOfWork
from app.platform.jobs import queue
from app.platform.jobs.queue import WAKE, Claim
from app.platform.kernel.place import Clock
from app.platform.live.publish import publish

_log = structlog.get_logger(__name__)


class JobRefused(Exception):
    """Raised by a handler when no retry can help: the job is dead at once, with this sentence."""


class LeaseLost(Exception):
    """Someone else has the job now; what this handler was about to write is rolled back."""


@dataclass(frozen=True, slots=True)
class DeadJob(Claim):
    """A job that was given up, and why."""

    error: str


@dataclass(frozen=True, slots=True)
class JobContext(Claim):
    """One claim of one job. The handler opens its own unit of work and finishes the job inside it:

    with ctx.begin() as uow:
        save_reading(uow, …)
        ctx.complete(uow)   # reading and "done" become durable together, or neither: never twice
    """

    database: Database
    stopping: Callable[[], bool]
    completed: threading.Event = field(default_factory=threading.Event, init=False)

    def begin(self) -> UnitOfWork:
        """A unit of work of the system, traced to this job."""
        return self.database.begin(request_id=f"job {self.job_id}")

    def complete(self, uow: UnitOfWork) -> None:
        """Mark the job done in `uow`; raises LeaseLost (so nothing is written) when it is no longer ours."""
        if not queue.finish(uow, self):
            raise LeaseLost(f"job {self.job_id}, try {self.attempt}, is no longer ours")
        uow.after_commit(self.completed.set)


Handler = Callable[[JobContext], None]
Obituary = Callable[[UnitOfWork, DeadJob], None]


def backoff(attempt: int) -> timedelta:
    """Wait before the try after `attempt`: 2 s, 8 s, 32 s … at most five minutes."""
    return timedelta(seconds=min(2 * 4 ** (attempt - 1), 300))


class JobRunner:
    """`start()` and `stop()` around a process's life; or `run_until_idle()` in the calling thread.

    `on_dead` may, per kind, note in the feature's own tables that the work was given up; same transaction.
    Jobs of kinds that are `giving_way` are taken when no other is due.
    """

    def __init__(
        self,
        database: Database,
        handlers: Mapping[str, Handler],
        clock: Clock | None = None,
        *,
        on_dead: Mapping[str, Obituary] | None = None,
        giving_way: Collection[str] = (),
        threads: int = 2,
        poll_seconds: float = 1.0,
        lease_seconds: float = 30.0,
        backoff: Callable[[int], timedelta] = backoff,
    ) -> None:
        self._database = database
        self._handlers = dict(handlers)
        self._on_dead = dict(on_dead or {})
        self._giving_way = frozenset(giving_way)
        self._clock = clock or database.clock
        self._poll = poll_seconds
        self._lease = timedelta(seconds=lease_seconds)
        self._backoff = backoff
        self.name = f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"
        self._count = threads
        self._threads: list[threading.Thread] = []
        self._running: dict[UUID, Claim] = {}
        self._stopping = threading.Event()
        self._woken = threading.Condition()
        self._wakes = 0
        self._stop_listening: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Start the threads."""
        self._stopping.clear()
        self._stop_listening = self._database.listen(WAKE, self.wake)
        bodies = [self._work] * self._count + [self._renew_leases]
        self._threads = [
            threading.Thread(target=body, name=f"jobs-{number}", daemon=True) for number, body in enumerate(bodies)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float = 3.0) -> None:
        """Take no more jobs, let the running ones end; one that does not is handed to the next one."""
        self._stopping.set()
        self._stop_listening()
        self.wake()
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._threads = []
        for claim in list(self._running.values()):
            try:
                with self._database.begin() as uow:
                    queue.release(uow, claim)
            except Exception as error:  # the database is away too: the lease ends by itself
                _log.warning("job_not_handed_on", job_id=str(claim.job_id), error=type(error).__name__)

    def wake(self) -> None:
        """Look for work now."""
        with self._woken:
            self._wakes += 1
            self._woken.notify_all()

    def run_until_idle(self) -> int:
        """Run here, one after another, all jobs due now; says how many. Later retries stay queued."""
        done = 0
        while self.run_one():
            done += 1
        return done

    def run_one(self) -> bool:
        """Claim one job and run it; False when none is due."""
        now = self._clock()
        with self._database.read() as session:
            if not queue.anything(session, self._handlers, now):
                return False
        with self._database.begin() as uow:
            claim = queue.claim(uow, self._handlers, self.name, now, now + self._lease, giving_way=self._giving_way)
        if claim is None:
            return False
        self._running[claim.job_id] = claim
        try:
            with structlog.contextvars.bound_contextvars(job_id=str(claim.job_id), job_kind=claim.kind):
                self._run(claim)
        finally:
            self._running.pop(claim.job_id, None)
        return True

    def _run(self, claim: Claim) -> None:
        log = _log.bind(job_id=str(claim.job_id), job_kind=claim.kind, attempt=claim.attempt)
        if claim.exhausted:
            self._bury(claim, "Every worker that tried it went silent.")
            return
        context = JobContext(**asdict(claim), database=self._database, stopping=self._stopping.is_set)
        try:
            self._handlers[claim.kind](context)
            if not context.completed.is_set():
                with context.begin() as uow:
                    context.complete(uow)
        except LeaseLost:
            log.warning("job_lease_lost")
        except JobRefused as refusal:
            self._bury(claim, str(refusal))
        except Exception as error:
            if context.completed.is_set():
                log.exception("job_failed_after_completion")
                return
            log.warning("job_failed", exc_info=True)
            why = f"{type(error).__name__}: {error}"[:500]
            if claim.last:
                self._bury(claim, why)
            else:
                with self._database.begin() as uow:
                    queue.retry(uow, claim, self._clock() + self._backoff(claim.attempt), why)

    def _bury(self, claim: Claim, error: str) -> None:
        """Out loud: a log line, an event for the screens, and the feature's own record."""
        dead = DeadJob(**asdict(claim), error=error[:500])
        try:
            buried = self._record_death(claim, dead, self._on_dead.get(claim.kind))
        except Exception:
            _log.exception("job_obituary_failed", job_id=str(claim.job_id), job_kind=claim.kind)
            buried = self._record_death(claim, dead, None)
        if buried:
            _log.error("job_dead", job_id=str(claim.job_id), job_kind=claim.kind, error=error[:500])

    def _record_death(self, claim: Claim, dead: DeadJob, obituary: Obituary | None) -> bool:
        with self._database.begin(request_id=f"job {claim.job_id}") as uow:
            if not queue.give_up(uow, claim, dead.error):
                return False
            if obituary is not None:
                obituary(uow, dead)
            details = {"job_id": claim.job_id, "job_kind": claim.kind}
            publish(uow, "jobs", "dead", agency_id=claim.agency_id, payload=details)
        return True

    def _work(self) -> None:
        while not self._stopping.is_set():
            seen = self._wakes
            try:
                found = self.run_one()
            except Exception as error:  # the database is away; a claimed job comes back when its lease ends
                _log.warning("jobs_waiting_for_database", error=type(error).__name__)
                found = False
                self._stopping.wait(self._poll)
            if not found:
                with self._woken:
                    self._woken.wait_for(lambda seen=seen: self._wakes != seen, self._poll)  # type: ignore[misc]

    def _renew_leases(self) -> None:
        while not self._stopping.wait(self._lease.total_seconds() / 3):
            held = list(self._running)
            if not held:
                continue
            try:
                with self._database.begin() as uow:
                    queue.renew(uow, held, self.name, self._clock() + self._lease)
            except Exception as error:
                _log.warning("job_lease_renewal_failed", error=type(error).__name__)

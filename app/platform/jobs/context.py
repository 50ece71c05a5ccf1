"""What a handler of a job gets, and the ways it may end. Imports no feature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.platform.db import Database, UnitOfWork
from app.platform.jobs import claims


class JobRefused(Exception):
    """Raised by a handler when no retry can help: the job is dead at once, with this sentence."""


class LeaseLost(Exception):
    """Somebody else has the job now; what this handler was about to write is rolled back."""


@dataclass(frozen=True, slots=True)
class DeadJob:
    """What is known of a job that was given up."""

    job_id: UUID
    kind: str
    payload: dict[str, Any]
    agency_id: UUID | None
    attempts: int
    error: str


@dataclass(slots=True)
class JobContext:
    """One claim of one job. The handler opens its own unit of work and finishes the job inside it:

    with ctx.begin() as uow:
        save_reading(uow, …)
        ctx.complete(uow)   # reading and "done" become durable together, or neither: never twice
    """

    database: Database
    claim: claims.Claim
    stopping: Callable[[], bool]
    completed: bool = field(default=False, init=False)

    @property
    def job_id(self) -> UUID:
        """The job's key; the same on every try."""
        return self.claim.job_id

    @property
    def kind(self) -> str:
        """What is to be done."""
        return self.claim.kind

    @property
    def payload(self) -> dict[str, Any]:
        """With what."""
        return self.claim.payload

    @property
    def agency_id(self) -> UUID | None:
        """Whose job it is."""
        return self.claim.agency_id

    @property
    def attempt(self) -> int:
        """1 on the first try."""
        return self.claim.attempt

    def begin(self) -> UnitOfWork:
        """A unit of work of the system, traced to this job."""
        return self.database.begin(request_id=f"job {self.job_id}")

    def complete(self, uow: UnitOfWork) -> None:
        """Mark the job done in `uow`; raises LeaseLost (so nothing is written) when it is no longer ours."""
        if not claims.finish(uow, self.claim):
            raise LeaseLost(f"job {self.job_id}, try {self.attempt}, is no longer ours")
        uow.after_commit(self._mark_completed)

    def _mark_completed(self) -> None:
        self.completed = True

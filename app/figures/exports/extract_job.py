"""The job that draws an extract. Reads in one moment, computes while nothing is locked, keeps in the transaction that ends it.

A worker that dies leaves nothing, and the next one begins anew; one that lost its job meanwhile keeps nothing either.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from app.figures.exports import asking, extracting
from app.figures.exports.domain import DrawingState, Tell
from app.platform.db import Database, UnitOfWork
from app.platform.jobs import DeadJob, JobContext
from app.platform.jobs.long_task import Paced, ended_where_refused
from app.platform.kernel.actor import Actor, Role
from harm_messages import Register

TRIES = 3
"""How often an extract is drawn again because samples in it were withdrawn meanwhile."""


@dataclass(frozen=True, slots=True)
class JobParts:
    """What the job needs of the process."""

    db: Database
    register: Register
    clock: Callable[[], float] = time.monotonic


def handlers(parts: JobParts) -> dict[str, Callable[[JobContext], None]]:
    """For JobRunner(handlers=…)."""
    return {asking.JOB: lambda ctx: carry_out(parts, ctx)}


def on_failed() -> dict[str, Callable[[UnitOfWork, DeadJob], None]]:
    """For JobRunner(on_dead=…)."""
    return {asking.JOB: _give_up}


@dataclass(frozen=True, slots=True)
class _Task:
    id: uuid.UUID
    project_id: uuid.UUID
    actor: Actor


def carry_out(parts: JobParts, ctx: JobContext) -> None:
    """Draw one; what a person can do something about ends it, anything else is tried again."""
    task = _begin(ctx)
    if task is None:
        return
    with ended_where_refused(lambda problem: _refuse(ctx, task, problem)):
        _draw(parts, ctx, task)


def _begin(ctx: JobContext) -> _Task | None:
    """The task in the name of whoever asked, or None where it has ended."""
    with ctx.begin() as uow:
        row = asking.drawing_for_system(uow.session, uuid.UUID(ctx.payload["drawing_id"]), lock=True)
        if row.state.ended:
            return None
        row.state, row.step, row.done, row.total = DrawingState.DRAWING, "It begins", 0, 0
        actor = Actor(row.asked_by, "", frozenset({Role.RESEARCHER}), ctx.agency_id, via="job")
        return _Task(row.id, row.project_id, actor)


def _draw(parts: JobParts, ctx: JobContext, task: _Task) -> None:
    tell = _progress(parts, task)
    for left in reversed(range(TRIES)):
        with parts.db.read() as session:
            gathered = extracting.gather(session, task.actor, task.project_id, parts.db.clock(), tell)
        prepared = extracting.prepare(gathered, parts.register, tell)
        tell("Writing it down", 0, 0)
        try:
            with parts.db.begin(task.actor, request_id=f"job {ctx.job_id}") as uow:
                extract = extracting.keep(uow, prepared)
                _end(uow, task, DrawingState.MADE, number=extract.number)
                ctx.complete(uow)
        except extracting.Overtaken:
            if not left:
                raise
        else:
            return


def _refuse(ctx: JobContext, task: _Task, problem: dict[str, str]) -> None:
    with ctx.begin() as uow:
        _end(uow, task, DrawingState.REFUSED, problem=problem)
        ctx.complete(uow)


def _end(
    uow: UnitOfWork,
    task: _Task,
    state: DrawingState,
    *,
    number: int | None = None,
    problem: dict[str, str] | None = None,
) -> None:
    row = asking.drawing_for_system(uow.session, task.id, lock=True)
    row.state, row.number, row.problem, row.step, row.ended_at = state, number, problem, "", uow.now


def _give_up(uow: UnitOfWork, dead: DeadJob) -> None:
    """Every try failed for a reason of ours: said so, and it may be asked for again."""
    row = asking.drawing_for_system(uow.session, uuid.UUID(dead.payload["drawing_id"]), lock=True)
    if row.state.ended:
        return
    row.state, row.step, row.ended_at = DrawingState.FAILED, "", uow.now
    row.problem = {
        "detail": "The server failed to draw this extract several times. None was made; earlier ones are as they were.",
        "hint": "Ask the operator to look at the log, then ask for it again.",
    }


def _progress(parts: JobParts, task: _Task) -> Tell:
    def write(what: str, done: int, of: int) -> None:
        with parts.db.begin() as uow:
            row = asking.drawing_for_system(uow.session, task.id, lock=True)
            row.step, row.done, row.total = what, done, of

    return Paced(write, parts.clock)

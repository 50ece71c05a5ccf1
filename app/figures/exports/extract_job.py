"""Extracts: ask for the next one of a running project, the job that draws and keeps it, hand it out to its researcher.

One is drawn at a time for a project; who asked looks how far it is.

The job reads in one moment, computes while nothing is locked, and keeps in the transaction that ends it. A worker that
dies leaves nothing, and the next one begins again; one that lost its job in the meantime keeps nothing either.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from pydantic import JsonValue, TypeAdapter
from sqlmodel import Session, col, select

from app.figures.exports import domain, service
from app.figures.exports.anonymity import Words
from app.figures.exports.domain import Column, DrawingState, Drawn, Known, Record, RecordedFinding, Tell, tell_nobody
from app.figures.exports.drawing import NextExtract, Placed, draw, table
from app.figures.exports.tables import ResearchDrawing, ResearchExtract, ResearchPlacement, ResearchProject
from app.figures.trends import service as trends
from app.figures.trends.csv import csv_of, from_csv, parquet_of
from app.figures.trends.sample_level import keys_in, methods_of, month_of, samples_in
from app.intake.samples.lookup import appearances
from app.platform import audit
from app.platform.db import Database, UnitOfWork
from app.platform.jobs import DeadJob, JobContext, enqueue
from app.platform.jobs.long_task import Paced, ended_where_refused
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Conflict, NotFound
from harm_messages import Register

JOB = "research_extract"
TRIES = 3
"""How often an extract is drawn again because samples in it were withdrawn in the meantime."""


@dataclass(frozen=True, slots=True)
class JobParts:
    """What the job needs of the process."""

    db: Database
    register: Register
    clock: Callable[[], float] = time.monotonic


def handlers(parts: JobParts) -> dict[str, Callable[[JobContext], None]]:
    """For JobRunner(handlers=…)."""
    return {JOB: lambda ctx: carry_out(parts, ctx)}


def on_failed() -> dict[str, Callable[[UnitOfWork, DeadJob], None]]:
    """For JobRunner(on_dead=…)."""
    return {JOB: _give_up}


def ask(uow: UnitOfWork, project_id: uuid.UUID) -> ResearchDrawing:
    """Have the next extract drawn; while one is being drawn, that one. Raises NotFound, Forbidden, Conflict."""
    project = service.running(uow.session, uow.actor, project_id, uow.now, lock=True)
    there = latest(uow.session, uow.actor, project_id)
    if there is not None and not there.state.ended:
        return there
    row = ResearchDrawing(project_id=project.id, step="Waiting", asked_by=project.researcher_id, asked_at=uow.now)
    uow.session.add(row)
    uow.session.flush()
    audit.record(uow, "ask", "research_drawing", row.id, after={"project": str(project.id)})
    enqueue(uow, JOB, {"drawing_id": row.id}, agency_id=uow.actor.agency_id)
    return row


def get_drawing(session: Session, actor: Actor, project_id: uuid.UUID, drawing_id: uuid.UUID) -> ResearchDrawing:
    """One that was asked for, for anyone who sees its project. Raises NotFound."""
    project = service.get_project(session, actor, project_id)
    row = session.get(ResearchDrawing, drawing_id)
    if row is None or row.project_id != project.id:
        raise NotFound("drawing")
    return row


def latest(session: Session, actor: Actor, project_id: uuid.UUID) -> ResearchDrawing | None:
    """The one that was asked for last, or None. Raises NotFound for a project someone may not see."""
    project = service.get_project(session, actor, project_id)
    query = select(ResearchDrawing).where(ResearchDrawing.project_id == project.id)
    return session.exec(query.order_by(col(ResearchDrawing.id).desc()).limit(1)).first()


def _locked(session: Session, drawing_id: uuid.UUID) -> ResearchDrawing:
    """As it is now, held until the transaction ends. Raises NotFound."""
    row = session.get(ResearchDrawing, drawing_id, populate_existing=True, with_for_update=True)
    if row is None:
        raise NotFound("drawing")
    return row


def carry_out(parts: JobParts, ctx: JobContext) -> None:
    """Draw one; what a person can do something about ends it, anything else is tried again."""
    task = _begin(ctx)
    if task is None:
        return
    with ended_where_refused(lambda problem: _refuse(ctx, task, problem)):
        _draw(parts, ctx, task)


def _begin(ctx: JobContext) -> ResearchDrawing | None:
    """What was asked for, or None where it has ended."""
    with ctx.begin() as uow:
        row = _locked(uow.session, uuid.UUID(ctx.payload["drawing_id"]))
        if row.state.ended:
            return None
        row.state, row.step, row.done, row.total = DrawingState.DRAWING, "It begins", 0, 0
    return row


def _draw(parts: JobParts, ctx: JobContext, task: ResearchDrawing) -> None:
    """In the name of the person who asked."""
    actor = Actor(task.asked_by, "", frozenset({Role.RESEARCHER}), ctx.agency_id, via="job")

    def write(what: str, done: int, of: int) -> None:
        with parts.db.begin() as uow:
            row = _locked(uow.session, task.id)
            row.step, row.done, row.total = what, done, of

    tell = Paced(write, parts.clock)
    for left in reversed(range(TRIES)):
        with parts.db.read() as session:
            gathered = gather(session, actor, task.project_id, parts.db.clock(), tell)
        prepared = prepare(gathered, parts.register, tell)
        tell("Writing it down", 0, 0)
        try:
            with parts.db.begin(actor, request_id=f"job {ctx.job_id}") as uow:
                extract = keep(uow, prepared)
                _end(uow, ctx, task, DrawingState.MADE, number=extract.number)
        except Overtaken:
            if not left:
                raise
        else:
            return


def _refuse(ctx: JobContext, task: ResearchDrawing, problem: dict[str, str]) -> None:
    with ctx.begin() as uow:
        _end(uow, ctx, task, DrawingState.REFUSED, problem=problem)


def _end(
    uow: UnitOfWork, ctx: JobContext, task: ResearchDrawing, state: DrawingState, *,
    number: int | None = None, problem: dict[str, str] | None = None,
) -> None:  # fmt: skip
    row = _locked(uow.session, task.id)
    row.state, row.number, row.problem, row.step, row.ended_at = state, number, problem, "", uow.now
    ctx.complete(uow)


def _give_up(uow: UnitOfWork, dead: DeadJob) -> None:
    """Every try failed for a reason of ours: said so, and it may be asked for again."""
    row = _locked(uow.session, uuid.UUID(dead.payload["drawing_id"]))
    if row.state.ended:
        return
    row.state, row.step, row.ended_at = DrawingState.FAILED, "", uow.now
    row.problem = {
        "detail": "The server failed to draw this extract several times. No new extract was made. Earlier ones have not changed.",
        "hint": "Ask the operator to look at the log, then ask for it again.",
    }


FORMATS = ("csv", "parquet")
AT_ONCE = 500
"""Keys in one statement: SQLite of old takes 999 values."""
_DRAWN = TypeAdapter(Drawn)


class Overtaken(Conflict):
    """What an extract was drawn from is no longer so: it is drawn again."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """What the next extract is drawn from, read in one moment. `previous`: number of the one before, or 0."""

    project_id: uuid.UUID
    previous: int
    columns: list[Column]
    months: tuple[str, str]
    placed: dict[str, Placed]
    records: list[Record]


@dataclass(frozen=True, slots=True)
class Prepared:
    """An extract drawn but not kept: computed while nothing is locked."""

    gathered: Gathered
    made: NextExtract
    content: bytes
    parameters: dict[str, JsonValue]


def gather(session: Session, actor: Actor, project_id: uuid.UUID, now: datetime, tell: Tell = tell_nobody) -> Gathered:
    """Read everything the next extract depends on, as the first thing of a transaction. Raises like `service.running`."""
    trends.one_moment(session)
    row = service.running(session, actor, project_id, now)
    columns = [Column(name) for name in row.columns]
    tell("Reading the samples", 0, 0)
    placements = session.exec(select(ResearchPlacement).where(ResearchPlacement.project_id == row.id))
    placed = {str(p.sample_id): _placed(p) for p in placements}
    records = list(_records(session, row, columns))
    latest = _latest(session, row.id)
    return Gathered(row.id, latest.number if latest else 0, columns, (row.first_month, row.last_month), placed, records)


def prepare(gathered: Gathered, register: Register, tell: Tell = tell_nobody) -> Prepared:
    """Draw the next extract. Reads nothing and locks nothing."""
    columns, (first, last) = gathered.columns, gathered.months
    made = draw(gathered.records, gathered.placed, columns, Words(register), tell=tell)
    seed = hashlib.sha256(f"{gathered.project_id}\n{gathered.previous + 1}".encode()).hexdigest()
    parameters: dict[str, JsonValue] = {
        "method_version": domain.METHOD_VERSION, "k": domain.K, "columns": [c.value for c in columns], "seed": seed,
        "first_month": first, "last_month": last,
    }  # fmt: skip
    content = csv_of(table(made.rows, columns, seed))
    return Prepared(gathered, made, content, parameters)


def keep(uow: UnitOfWork, prepared: Prepared) -> ResearchExtract:
    """Write an extract down. Where nothing changed since the last one, that one is given again.

    Raises like `service.running`, and Overtaken where someone made one in between, or a sample in it was withdrawn in the meantime.
    """
    previous = prepared.gathered.previous
    row = service.running(uow.session, uow.actor, prepared.gathered.project_id, uow.now, lock=True)
    latest = _latest(uow.session, row.id)
    if (latest.number if latest else 0) != previous:
        raise Overtaken("Another extract was made at the same moment, so this one was not kept.", hint="Ask again.")
    there = keys_in(uow.session, row.agency_id, row.first_month, row.last_month)
    if any(uuid.UUID(drawn.key) not in there for drawn in prepared.made.rows):
        raise Overtaken(
            "Samples were taken out of the figures while the extract was being drawn, so it was not kept.",
            hint="Ask again. It will leave them out.",
        )
    if latest is not None and not prepared.made.changed:
        return latest
    _move(uow.session, row.id, previous + 1, prepared.made)
    extract = ResearchExtract(
        project_id=row.id, number=previous + 1, sha256=hashlib.sha256(prepared.content).hexdigest(),
        rows=len(prepared.made.rows), parameters=prepared.parameters, report=prepared.made.report,
        content=prepared.content.decode(), made_at=uow.now, made_by=row.researcher_id,
    )  # fmt: skip
    uow.session.add(extract)
    uow.session.flush()
    after = {"project": str(row.id), "number": extract.number, "rows": extract.rows, "sha256": extract.sha256}
    audit.record(uow, "make", "research_extract", extract.id, after=after)
    return extract


def fetch(uow: UnitOfWork, project_id: uuid.UUID, number: int, format_: str) -> tuple[str, bytes]:
    """File name and bytes of an extract, for its researcher while the project runs; who fetched it is in the audit log.

    Raises NotFound, Forbidden, Conflict, Invalid where Parquet cannot be written here.
    """
    row = service.running(uow.session, uow.actor, project_id, uow.now)
    there = select(ResearchExtract).where(ResearchExtract.project_id == row.id, ResearchExtract.number == number)
    extract = uow.session.exec(there).first()
    if extract is None or format_ not in FORMATS:
        raise NotFound("extract")
    content = extract.content.encode()
    if format_ == "parquet":
        header, *rows = from_csv(content)
        about = {"project": str(row.id), "title": row.title, "number": str(number), "sha256_of_csv": extract.sha256}
        content = parquet_of(header, rows, about=about)
    after = {"project": str(row.id), "number": number, "format": format_, "sha256": extract.sha256}
    audit.record(uow, "download", "research_extract", extract.id, after=after)
    return f"extract-{row.id}-{number}.{format_}", content


def _records(session: Session, row: ResearchProject, columns: Collection[Column]) -> Iterator[Record]:
    """Samples of the agency in the project's months, with nothing the project did not ask for."""
    facts = samples_in(session, row.agency_id, row.first_month, row.last_month)
    looks = appearances(session, [fact.sample_id for fact in facts if fact.import_id is None])
    for fact in facts:
        colours = looks[fact.sample_id].colours if fact.sample_id in looks else ()
        amounts = [(f.amount, f.unit, f.basis) if Column.AMOUNTS in columns else () for f in fact.found]
        yield Record(
            str(fact.sample_id),
            Known(fact.region, month_of(fact), fact.form, fact.expected, domain.colour_group(colours)),
            fact.expected_class,
            tuple(RecordedFinding(f.found, f.found_class, *of) for f, of in zip(fact.found, amounts, strict=True)),
            fact.verdict if Column.VERDICT in columns else "",
            methods_of(fact) if Column.METHODS in columns else (),
        )


def _latest(session: Session, project_id: uuid.UUID) -> ResearchExtract | None:
    query = select(ResearchExtract).where(ResearchExtract.project_id == project_id)
    return session.exec(query.order_by(col(ResearchExtract.number).desc()).limit(1)).first()


def _move(session: Session, project_id: uuid.UUID, batch: int, made: NextExtract) -> None:
    """Write down where samples stand now: those that left for good are marked and their rows emptied."""
    session.flush()
    _each(session, sa.delete(ResearchPlacement), project_id, made.forgotten)
    emptied = sa.update(ResearchPlacement).values(stays_out=True, row={}, digest="")
    _each(session, emptied, project_id, made.stay_out)
    rows = [
        {
            "project_id": project_id, "sample_id": uuid.UUID(record.key), "batch": batch, "digest": record.digest,
            "stays_out": False,
            "row": {
                "known": drawn.known._asdict(), "found": sorted(drawn.found), "amounts": dict(drawn.amounts),
                "verdict": drawn.verdict, "methods": drawn.methods,
            },
        }
        for record, drawn in made.added
    ]  # fmt: skip
    if rows:
        session.connection().execute(sa.insert(ResearchPlacement), rows)


def _each(session: Session, change: sa.Update | sa.Delete, project_id: uuid.UUID, keys: Collection[str]) -> None:
    sample_ids = sorted(map(uuid.UUID, keys))
    for start in range(0, len(sample_ids), AT_ONCE):
        part = col(ResearchPlacement.sample_id).in_(sample_ids[start : start + AT_ONCE])
        session.connection().execute(change.where(col(ResearchPlacement.project_id) == project_id, part))


def _placed(p: ResearchPlacement) -> Placed:
    if p.stays_out:
        return Placed(p.batch, "", None)
    return Placed(p.batch, p.digest, _DRAWN.validate_python({"key": str(p.sample_id), **p.row}))

"""Use cases of extracts: draw the next one of a running project, keep it, hand it out to its researcher."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from app.figures.exports import repository, service
from app.figures.exports.csv import from_csv, to_csv, to_parquet
from app.figures.exports.domain import METHOD_VERSION, Column, K, Tell, runs, tell_nobody
from app.figures.exports.drawing import Made, Placed, draw, table
from app.figures.exports.ladders import Words
from app.figures.exports.records import Drawn, Known, Record, RecordedFinding, colour_group
from app.figures.exports.tables import ResearchExtract, ResearchPlacement, ResearchProject
from app.figures.trends import service as trends
from app.figures.trends.sample_level import SampleFacts, keys_in, samples_in
from app.intake.samples.appearance import appearances
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Conflict, Forbidden, NotFound
from app.platform.kernel.place import day_of
from harm_messages import Register

FORMATS = ("csv", "parquet")


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

    project_id: uuid.UUID
    previous: int
    made: Made
    content: bytes
    parameters: dict[str, Any]


def running(
    session: Session, actor: Actor, project_id: uuid.UUID, now: datetime, *, lock: bool = False
) -> ResearchProject:
    """A project whose extracts this person may have today. Raises NotFound, Forbidden (not its researcher), Conflict."""
    row = service.get_project(session, actor, project_id, lock=lock)
    if actor.person_id != row.researcher_id or not actor.has(Role.RESEARCHER):
        raise Forbidden("Extracts of a project are made and fetched by its named researcher only.")
    if not runs(row.state, row.starts_on, row.ends_on, day_of(now)):
        raise Conflict(
            "This project does not run today, so there is no extract.",
            hint="It has to be approved, and today has to lie between its first and last day.",
        )
    return row


def gather(session: Session, actor: Actor, project_id: uuid.UUID, now: datetime, tell: Tell = tell_nobody) -> Gathered:
    """Read everything the next extract depends on, as the first thing of a transaction. Raises like `running`."""
    trends.one_moment(session)
    row = running(session, actor, project_id, now)
    columns = [Column(name) for name in row.columns]
    tell("Reading the samples", 0, 0)
    placed = {str(p.sample_id): _placed(p) for p in repository.placements(session, row.id)}
    records = list(records_of(session, row, columns))
    latest = repository.latest(session, row.id)
    return Gathered(row.id, latest.number if latest else 0, columns, (row.first_month, row.last_month), placed, records)


def prepare(gathered: Gathered, register: Register, tell: Tell = tell_nobody) -> Prepared:
    """Draw the next extract. Reads nothing and locks nothing."""
    columns, (first, last) = gathered.columns, gathered.months
    made = draw(gathered.records, gathered.placed, columns, Words(register), tell=tell)
    seed = hashlib.sha256(f"{gathered.project_id}\n{gathered.previous + 1}".encode()).hexdigest()
    parameters = {
        "method_version": METHOD_VERSION, "k": K, "columns": [c.value for c in columns], "seed": seed,
        "first_month": first, "last_month": last,
    }  # fmt: skip
    content = to_csv(table(made.rows, columns, seed))
    return Prepared(gathered.project_id, gathered.previous, made, content, parameters)


def keep(uow: UnitOfWork, prepared: Prepared) -> ResearchExtract:
    """Write an extract down. Where nothing changed since the last one, that one is given again.

    Raises like `running`, and Overtaken where somebody made one in between, or a sample in it was withdrawn meanwhile.
    """
    row = running(uow.session, uow.actor, prepared.project_id, uow.now, lock=True)
    latest = repository.latest(uow.session, row.id)
    if (latest.number if latest else 0) != prepared.previous:
        raise Overtaken("Another extract was made at the same moment, so this one was not kept.", hint="Ask again.")
    there = keys_in(uow.session, row.agency_id, row.first_month, row.last_month)
    if any(uuid.UUID(drawn.key) not in there for drawn in prepared.made.rows):
        raise Overtaken(
            "Samples were taken out of the figures while the extract was being drawn, so it was not kept.",
            hint="Ask again: it will be without them.",
        )
    if latest is not None and not prepared.made.changed:
        return latest
    _move(uow, row.id, prepared)
    extract = ResearchExtract(
        project_id=row.id, number=prepared.previous + 1, sha256=hashlib.sha256(prepared.content).hexdigest(),
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
    row = running(uow.session, uow.actor, project_id, uow.now)
    extract = repository.extract(uow.session, row.id, number)
    if extract is None or format_ not in FORMATS:
        raise NotFound("extract")
    content = extract.content.encode()
    if format_ == "parquet":
        header, *rows = from_csv(content)
        content = to_parquet(header, rows, about={"sha256_of_csv": extract.sha256, **_about(row, extract)})
    after = {"project": str(row.id), "number": number, "format": format_, "sha256": extract.sha256}
    audit.record(uow, "download", "research_extract", extract.id, after=after)
    return f"extract-{row.id}-{number}.{format_}", content


def records_of(session: Session, row: ResearchProject, columns: Collection[Column]) -> Iterator[Record]:
    """Samples of the agency in the project's months, with nothing the project did not ask for."""
    facts = samples_in(session, row.agency_id, row.first_month, row.last_month)
    looks = appearances(session, [fact.sample_id for fact in facts if fact.own])
    for fact in facts:
        seen = looks.get(fact.sample_id)
        yield _record(fact, seen.colours if seen else (), columns)


def _record(fact: SampleFacts, colours: tuple[str, ...], columns: Collection[Column]) -> Record:
    amounts = Column.AMOUNTS in columns
    return Record(
        str(fact.sample_id),
        Known(fact.region, fact.month, fact.form, fact.expected, colour_group(colours)),
        fact.expected_class,
        tuple(
            RecordedFinding(f.found, f.found_class, *((f.amount, f.unit, f.basis) if amounts else ()))
            for f in fact.found
        ),
        fact.verdict if Column.VERDICT in columns else "",
        fact.methods if Column.METHODS in columns else (),
    )


def _move(uow: UnitOfWork, project_id: uuid.UUID, prepared: Prepared) -> None:
    made, batch = prepared.made, prepared.previous + 1
    repository.forget(uow.session, project_id, {uuid.UUID(key) for key in made.forgotten})
    repository.stay_out(uow.session, project_id, {uuid.UUID(key) for key in made.stay_out})
    rows: list[dict[str, object]] = [
        {
            "project_id": project_id, "sample_id": uuid.UUID(record.key), "batch": batch, "digest": record.digest,
            "row": _row_out(drawn), "stays_out": False,
        }
        for record, drawn in made.added
    ]  # fmt: skip
    repository.keep_placements(uow.session, rows)


def _row_out(drawn: Drawn) -> dict[str, object]:
    return {
        "known": drawn.known._asdict(), "found": sorted(drawn.found), "amounts": dict(drawn.amounts),
        "verdict": drawn.verdict, "methods": drawn.methods,
    }  # fmt: skip


def _placed(p: ResearchPlacement) -> Placed:
    if p.stays_out:
        return Placed(p.batch, "", None)
    row = p.row
    drawn = Drawn(
        str(p.sample_id), Known(**row["known"]), frozenset(row["found"]), row["amounts"], row["verdict"], row["methods"]
    )
    return Placed(p.batch, p.digest, drawn)


def _about(row: ResearchProject, extract: ResearchExtract) -> dict[str, str]:
    return {"project": str(row.id), "title": row.title, "number": str(extract.number)}

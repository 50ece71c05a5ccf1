"""The check of a version as a job of the worker: asked for where someone opens the version, and looked up by every page.

The check reads every rule and substance (seconds), so it runs beside the server, in a child with limits. What it found is
kept for a set of files and a day: also that it was stopped.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import date, datetime, timedelta
from functools import partial

import sqlalchemy as sa
from sqlmodel import Session, col

from app.care.message_packs.checking import Checked, refused_at_sight
from app.care.message_packs.confined import Step, broken_off, found_in
from app.care.message_packs.provider import Packs
from app.care.message_packs.repository import digest_of, insert_new
from app.care.message_packs.signing import as_signed
from app.care.message_packs.tables import CheckStage, PackCheck, PackVersion
from app.platform.db import Database, UnitOfWork
from app.platform.jobs import DeadJob, JobContext, enqueue
from harm_messages import Problem

JOB = "pack_check"
AGAIN_AFTER = timedelta(minutes=1)
"""A check that a busy machine stopped is asked for again where someone opens the version so long afterwards."""


def found(session: Session, packs: Packs, files: Mapping[str, str], now: datetime) -> Checked | None:
    """What is known of these files, as they would be signed, today; None where their check must be asked for."""
    if refused := refused_at_sight(files):
        return Checked(None, refused)
    row = session.get(PackCheck, (digest_of(files), now.date()))
    if row is None or (row.ended_at and not row.lasting and row.ended_at + AGAIN_AFTER <= now):
        return None
    if row.ended_at is None:
        percent = 100 * row.done // row.total if row.total else None
        return Checked(None, (), row.makes_pack, running=True, percent=percent)
    # who signed stands in the tables, not in the files
    problems = tuple(one for one in map(_problem, row.problems) if one.kind != "signatures")
    pack = packs.of_draft(files) if row.stage is CheckStage.CHECKED else None
    return Checked(pack, problems, row.makes_pack)


def ask(uow: UnitOfWork, version_id: uuid.UUID, files: Mapping[str, str]) -> None:
    """Have these files checked, once. What was found on other days, or did not last, goes."""
    digest, today = digest_of(files), uow.now.date()
    passed = sa.and_(col(PackCheck.digest) == digest, ~col(PackCheck.lasting), col(PackCheck.ended_at).is_not(None))
    uow.session.connection().execute(sa.delete(PackCheck).where(sa.or_(col(PackCheck.day) != today, passed)))
    if insert_new(uow.session, [PackCheck(digest=digest, day=today)]):
        payload = {"digest": digest, "day": today, "version_id": version_id}
        enqueue(uow, JOB, payload, agency_id=uow.actor.agency_id)


def handlers(database: Database, packs: Packs) -> dict[str, Callable[[JobContext], None]]:
    """For JobRunner(handlers=…)."""
    return {JOB: partial(_carry_out, database, packs)}


def on_failed() -> dict[str, Callable[[UnitOfWork, DeadJob], None]]:
    """For JobRunner(on_dead=…)."""
    return {JOB: lambda uow, dead: _write(uow, dead.payload, broken_off())}


def _carry_out(database: Database, packs: Packs, ctx: JobContext) -> None:
    files = _files(database, packs, uuid.UUID(ctx.payload["version_id"]))
    if digest_of(files) != ctx.payload["digest"]:  # it was changed since; the next page that opens it asks anew
        with ctx.begin() as uow:
            uow.session.connection().execute(sa.delete(PackCheck).where(*_key(ctx.payload)))
            ctx.complete(uow)
        return
    for step in found_in(files, date.fromisoformat(ctx.payload["day"])):
        with ctx.begin() as uow:
            _write(uow, ctx.payload, step)
            if step.ends:
                ctx.complete(uow)


def _files(database: Database, packs: Packs, version_id: uuid.UUID) -> dict[str, str]:
    """The files of a version as they would be signed now; none where it is gone."""
    with database.read() as session:
        shipped = packs.shipped_row() if version_id == packs.shipped_id else None
        row = shipped or session.get(PackVersion, version_id)
        return as_signed(row, packs.texts_of(session, row)) if row is not None else {}


def _write(uow: UnitOfWork, payload: Mapping[str, str], step: Step) -> None:
    values = {
        "stage": CheckStage(step.stage), "problems": [asdict(one) for one in step.problems], "done": step.done,
        "total": step.of, "lasting": step.lasting, "ended_at": uow.now if step.ends else None,
    }  # fmt: skip
    if step.stage == "read":
        values["makes_pack"] = not step.problems
    uow.session.connection().execute(sa.update(PackCheck).where(*_key(payload)).values(**values))


def _key(payload: Mapping[str, str]) -> tuple[sa.ColumnElement[bool], ...]:
    return col(PackCheck.digest) == payload["digest"], col(PackCheck.day) == date.fromisoformat(payload["day"])


def _problem(kept: Mapping[str, object]) -> Problem:
    return Problem(**kept)  # type: ignore[arg-type]

"""Use cases of instrument checks: keep one, withdraw one, what an instrument is worth on a day, and the tasks they open."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any

import structlog
from pydantic import TypeAdapter
from sqlmodel import Session, col, select

from app.intake.samples import lookup
from app.laboratory.identification.instrument_state import InstrumentState
from app.laboratory.instrument_checks.domain import DAILY, Level, NewCheck, level_of, same_day
from app.laboratory.instrument_checks.responding import factors_on, most_unexplained, weights_by
from app.laboratory.instrument_checks.tables import InstrumentCheck, InstrumentTask
from app.laboratory.instrument_checks.transferring import TransferredLibraries, in_use, transfers_to
from app.laboratory.readings import analyses, machines, references, uploads
from app.laboratory.readings.machines import get_instrument
from app.laboratory.standards import controlling
from app.platform import audit
from app.platform.db import Database, UnitOfWork
from app.platform.db.rows import newest, row_of
from app.platform.jobs import JobContext, enqueue
from app.platform.kernel.actor import Actor, agency_of
from app.platform.kernel.errors import Conflict, Invalid
from app.platform.kernel.place import local, zone
from app.platform.kernel.versions import check_may_end, check_version
from app.platform.live.publish import publish
from app.platform.storage import BlobStore, Held
from spectra import InfraredSpectrum, SpectrumError
from spectra.infrared.check import CheckFigures, CheckState, judge, material, measure, widening

_log = structlog.get_logger(__name__)
RECOMPARE = "recompare_instrument_day"
HISTORY = 40
_FIGURES = TypeAdapter(CheckFigures)


@dataclass(frozen=True, slots=True)
class CheckSource:
    """The spectrum of a check, and where it came from: a reading of a sample, or a file handed in for it."""

    spectrum: InfraredSpectrum
    reading_id: uuid.UUID | None = None
    received: Held | None = None
    file_name: str = ""
    instrument_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class InstrumentView:
    """An instrument with how it stands now. `check` is its newest one that counts, `task` what is open about it."""

    row: Any
    level: Level
    check: InstrumentCheck | None
    task: InstrumentTask | None

    @property
    def in_date(self) -> bool:
        """Whether nothing is to be done about it today."""
        return self.level is Level.IN_DATE


def source_of_reading(
    session: Session, actor: Actor, store: BlobStore, reading_id: uuid.UUID
) -> tuple[CheckSource, uuid.UUID | None, datetime]:
    """A reading as the spectrum of a check, with its instrument and time.

    Raises NotFound, Invalid, Unavailable, Conflict (a withdrawn sample).
    """
    row = uploads.get_reading(session, actor, reading_id)
    analysis = analyses.get_analysis(session, actor, row.analysis_id)
    if lookup.get_sample(session, actor, analysis.sample_id).withdrawn_at is not None:
        raise Conflict("This sample was withdrawn. No instrument was checked.")
    name = uploads.get_upload(session, actor, row.upload_id).file_name
    found = references.infrared_of(row, store)
    source = CheckSource(found, row.id, None, name, analysis.instrument_id)
    return source, analysis.instrument_id, analysis.started_at


def record(uow: UnitOfWork, new: NewCheck, source: CheckSource) -> InstrumentCheck:
    """Measure, judge and keep a check; readings of that instrument on that day are compared again when limits change.

    Raises NotFound (instrument), Invalid (not the material, not enough of it; nothing is kept then).
    """
    machine = get_instrument(uow.session, uow.actor, new.instrument_id)
    if machine.method.value not in DAILY:
        raise Invalid("The check was not saved.", fields={"instrument_id": "Only infrared instruments can be checked."})
    if source.instrument_id not in (None, machine.id):
        raise Invalid("The check was not saved.", fields={"instrument_id": "It was measured on another instrument."})
    at = new.measured_at or uow.now
    if at > uow.now + timedelta(minutes=5):
        raise Invalid("The check was not saved.", fields={"measured_on": "Enter a date that is not in the future."})
    machines.lock_instrument(uow, machine.id)  # two checks at once open one task
    before = latest_check(uow.session, machine.id, at)
    earlier = reversed(_counting_checks(uow.session, machine.id, at, HISTORY))  # the oldest first
    try:
        figures = measure(source.spectrum, new.material)
        judged = judge(figures, [figures_of(row) for row in earlier if row.state is CheckState.IN_RANGE])
    except SpectrumError as error:
        words = str(error)
        sentence = f"{words[:1].upper()}{words[1:].rstrip('.')}."
        raise Invalid(f"The check was not saved. {sentence}", fields={"file": sentence}) from error
    rounded = replace(figures, shift=round(figures.shift, 2), spread=round(figures.spread, 2))
    row = InstrumentCheck(
        agency_id=agency_of(uow.actor), instrument_id=machine.id, material=new.material, state=judged.state,
        widening=widening(judged.state), figures=_FIGURES.dump_python(rounded, mode="json"), reasons=list(judged.reasons),
        reading_id=source.reading_id, file_name=uploads.clean_file_name(source.file_name) if source.file_name else "",
        blob_sha256=controlling.keep_bytes(uow, source.received) if source.received is not None else None, measured_at=at,
        made_by=uow.actor.person_id, made_at=uow.now,
    )  # fmt: skip
    uow.session.add(row)
    uow.session.flush()
    after = {"material": row.material, "state": row.state.value, "widening": row.widening, "shift": figures.shift}
    audit.record(uow, "check", "instrument_check", row.id, version=row.version, after=after)
    _settle_tasks(uow, row, machine.name)
    if before is None or before.widening != row.widening:
        enqueue(uow, RECOMPARE, {"check_id": row.id}, agency_id=row.agency_id)
    _tell(uow, row, "instrument.checked")
    return row


def withdraw(uow: UnitOfWork, check_id: uuid.UUID, version: int, reason: str) -> InstrumentCheck:
    """Take a check back: the wrong material, the wrong instrument. It stays on record. Raises NotFound, Stale, …"""
    machines.lock_instrument(uow, get_check(uow.session, uow.actor, check_id).instrument_id)
    row = get_check(uow.session, uow.actor, check_id, lock=True)
    check_may_end("check", "withdrawn", version, row.version, row.withdrawn_at, reason)
    row.withdrawn_by, row.withdrawn_at, row.withdrawn_reason = uow.actor.person_id, uow.now, reason
    row.version += 1
    audit.record(uow, "withdraw", "instrument_check", row.id, version=row.version, reason=reason)
    for task in _open_tasks(uow, row):
        if task.check_id == row.id:
            _close(uow, task, "The check that opened it was withdrawn.")
    enqueue(uow, RECOMPARE, {"check_id": row.id}, agency_id=row.agency_id)
    _tell(uow, row, "instrument.check_withdrawn")
    return row


def close_task(uow: UnitOfWork, task_id: uuid.UUID, version: int, words: str) -> InstrumentTask:
    """Say what was done about an instrument. Its state stays until a check is in range again. Raises NotFound, …"""
    row = row_of(uow.session, InstrumentTask, agency_of(uow.actor), task_id, "task", lock=True)
    check_version("task", version, row.version)
    if row.closed_at is not None:
        raise Conflict("This task is already closed. Nothing was changed.")
    if not words:
        raise Invalid("The task was not closed.", fields={"words": "Enter what was done, for example sent for repair."})
    _close(uow, row, words)
    publish(uow, "instrument", "instrument.task_closed", agency_id=row.agency_id, payload={"task_id": row.id})
    return row


def get_check(session: Session, actor: Actor, check_id: uuid.UUID, *, lock: bool = False) -> InstrumentCheck:
    """A check of the actor's agency. Raises NotFound, also for a foreign one."""
    return row_of(session, InstrumentCheck, agency_of(actor), check_id, "check", lock=lock)


def latest_check(session: Session, instrument_id: uuid.UUID, at: datetime) -> InstrumentCheck | None:
    """The newest check that counts of an instrument on the day of `at`, also one later on that day; None without one."""
    found = newest_check(session, instrument_id, end_of_day(at))
    return found if found is not None and same_day(found.measured_at, at) else None


def newest_check(session: Session, instrument_id: uuid.UUID, until: datetime) -> InstrumentCheck | None:
    """The newest check that counts, of whatever day up to `until`."""
    return next(iter(_counting_checks(session, instrument_id, until, 1)), None)


def _counting_checks(session: Session, instrument_id: uuid.UUID, until: datetime, limit: int) -> list[InstrumentCheck]:
    """Checks of an instrument measured up to a moment that were not withdrawn, the one measured last first."""
    query = select(InstrumentCheck).where(
        InstrumentCheck.instrument_id == instrument_id, col(InstrumentCheck.measured_at) <= until,
        col(InstrumentCheck.withdrawn_at).is_(None),
    )  # fmt: skip
    order = (col(InstrumentCheck.measured_at).desc(), col(InstrumentCheck.id).desc())
    return list(session.exec(query.order_by(*order).limit(limit)))


def end_of_day(at: datetime) -> datetime:
    """The last moment of the service's day that holds `at`."""
    return datetime.combine(local(at).date(), time(23, 59, 59, 999999), zone())


def instrument_views(session: Session, actor: Actor, now: datetime) -> list[InstrumentView]:
    """Every instrument of the actor's agency and how it stands, by name."""
    tasks = {task.instrument_id: task for task in open_tasks(session, actor)}
    out = []
    for row in analyses.instruments(session, actor):
        check = newest_check(session, row.id, end_of_day(now))
        level = level_of(
            check.state.value if check else None, check.measured_at if check else None, row.certificate_due, now,
            daily=row.method.value in DAILY,
        )  # fmt: skip
        out.append(InstrumentView(row, level, check, tasks.get(row.id)))
    return out


def open_tasks(session: Session, actor: Actor) -> list[InstrumentTask]:
    """What the bench has to do about instruments, oldest first."""
    query = select(InstrumentTask).where(
        InstrumentTask.agency_id == actor.agency_id, col(InstrumentTask.closed_at).is_(None)
    )  # fmt: skip
    return list(session.exec(query.order_by(col(InstrumentTask.id))))


def _open_tasks(uow: UnitOfWork, row: InstrumentCheck) -> list[InstrumentTask]:
    """Open tasks of the instrument of a check, held until the transaction ends."""
    query = select(InstrumentTask).where(
        InstrumentTask.instrument_id == row.instrument_id, col(InstrumentTask.closed_at).is_(None)
    )  # fmt: skip
    held = query.with_for_update().execution_options(populate_existing=True)
    return list(uow.session.exec(held.order_by(col(InstrumentTask.id))))


def checks_page(
    session: Session,
    actor: Actor,
    *,
    instrument_id: uuid.UUID | None = None,
    before: uuid.UUID | None = None,
    limit: int = 50,
) -> list[InstrumentCheck]:
    """Checks of the actor's agency, newest first, of one instrument where it is named; withdrawn ones too."""
    where = [col(InstrumentCheck.agency_id) == agency_of(actor)]
    if instrument_id is not None:
        where.append(col(InstrumentCheck.instrument_id) == instrument_id)
    return newest(session, InstrumentCheck, *where, before=before, limit=limit)


def figures_of(check: InstrumentCheck) -> CheckFigures:
    """The figures of a check, from what is stored of them."""
    return _FIGURES.validate_python(check.figures)


def _settle_tasks(uow: UnitOfWork, row: InstrumentCheck, name: str) -> None:
    """Out of range opens a task, once; in range closes it. A check of an earlier day does neither."""
    last = newest_check(uow.session, row.instrument_id, uow.now + timedelta(days=1))
    if last is None or last.id != row.id:
        return
    there = _open_tasks(uow, row)
    if row.state is CheckState.OUT_OF_RANGE and not there:
        words = f"{name} is out of range. {' '.join(row.reasons)} Fix it, then check it again."
        task = InstrumentTask(
            agency_id=row.agency_id, instrument_id=row.instrument_id, check_id=row.id, words=words[:400],
            opened_at=uow.now,
        )  # fmt: skip
        uow.session.add(task)
        uow.session.flush()
        audit.record(uow, "open", "instrument_task", task.id, version=task.version, after={"words": task.words})
        publish(uow, "instrument", "instrument.task_opened", agency_id=row.agency_id, payload={"check_id": row.id})
    elif row.state is CheckState.IN_RANGE:
        for task in there:
            _close(uow, task, f"In range again: {material(row.material).title}.")


def _close(uow: UnitOfWork, task: InstrumentTask, words: str) -> None:
    task.closed_at, task.closed_by, task.closed_words = uow.now, uow.actor.person_id, words[:200]
    task.version += 1
    audit.record(uow, "close", "instrument_task", task.id, version=task.version, reason=task.closed_words)


def _tell(uow: UnitOfWork, row: InstrumentCheck, kind: str) -> None:
    publish(
        uow, "instrument", kind, agency_id=row.agency_id,
        payload={"check_id": row.id, "instrument_id": row.instrument_id, "state": row.state.value},
    )  # fmt: skip


# -- what a reading is told of its instrument


class InstrumentStates:
    """Gives the state of the instrument of an analysis, by its key, on the day it ran: its check, limits widened, transferred
    libraries, own factors. Wired to the reading job in app.main; readings know nothing of checks.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._libraries = TransferredLibraries()

    def __call__(self, analysis_id: uuid.UUID) -> InstrumentState:
        """Nothing is said where nobody named the instrument."""
        with self._database.read() as session:
            on = machines.fact_of(session, analysis_id)
            if on is None or on.instrument_id is None:
                return InstrumentState()
            widening, sentences = _said_of(session, on.instrument_id, on.instrument, on.started_at)
            transfers = in_use(transfers_to(session, on.instrument_id))
            pairs = factors_on(session, on.instrument_id).pairs
        return InstrumentState(
            on.instrument,
            widening,
            sentences,
            (lambda books: self._libraries.of(books, transfers, on.instrument)) if transfers else None,
            (lambda parts: weights_by(pairs, parts)) if pairs else None,
            most_unexplained(),
        )


def _said_of(session: Session, instrument_id: uuid.UUID, name: str, at: datetime) -> tuple[float, tuple[str, ...]]:
    """Factor on the limits of detection, and the sentences, for a reading of that instrument at that time."""
    check = latest_check(session, instrument_id, at)
    if check is not None:
        if check.state is CheckState.IN_RANGE:
            return check.widening, ()
        how = "had drifted" if check.state is CheckState.DRIFTED else "was out of range"
        return check.widening, (f"{name} {how} that day: {_widened(check.widening)}. {' '.join(check.reasons)}",)
    last = newest_check(session, instrument_id, at)
    missing = f"{name} was not checked on {_day(at)}: how far its scale and noise had drifted is not known."
    if last is None:
        return 1.0, (missing,)
    if last.state is not CheckState.OUT_OF_RANGE:
        return 1.0, (f"{missing} Its last check was on {_day(last.measured_at)}.",)
    words = f"At its last check, on {_day(last.measured_at)}, it was out of range: {_widened(last.widening)}."
    return last.widening, (missing, words)


def _widened(factor: float) -> str:
    return f"limits of detection are widened by a factor of {factor:g}"


def _day(at: datetime) -> str:
    return f"{local(at):%-d %B %Y}"


# -- the job after a check that changes limits


def handlers(database: Database) -> dict[str, Callable[[JobContext], None]]:
    """For JobRunner(handlers=…)."""
    return {RECOMPARE: lambda ctx: recompare(database, ctx)}


def recompare(database: Database, ctx: JobContext) -> None:
    """Ask for every analysis on that instrument on that day to be read and compared again.

    Never under a result that was submitted (ADR 0009), never so that a reading would be lost (ADR 0010).
    """
    with database.read() as session:
        check = session.get(InstrumentCheck, uuid.UUID(ctx.payload["check_id"]))
        if check is None:
            return
        begins = datetime.combine(local(check.measured_at).date(), time(), zone())
        members = machines.analyses_on(session, check.instrument_id, begins, end_of_day(check.measured_at))
    asked, left = uploads.reprocess_each(database, ctx.job_id, check.agency_id, members)
    with ctx.begin() as uow:
        ctx.complete(uow)
    _log.info("day_compared_again", analyses=asked, left_as_they_are=left)

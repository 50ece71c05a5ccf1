"""Use cases of instrument checks: keep one, withdraw one, what an instrument is worth on a day, and the tasks they open."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlmodel import Session

from app.intake.samples import service as samples
from app.laboratory.instrument_checks import repository
from app.laboratory.instrument_checks.domain import DAILY, Level, NewCheck, level_of, same_day
from app.laboratory.instrument_checks.tables import InstrumentCheck, InstrumentTask
from app.laboratory.readings import service as readings
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.jobs import enqueue
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import Conflict, Invalid, NotFound
from app.platform.kernel.place import local, zone
from app.platform.kernel.versions import check_version
from app.platform.live.publish import publish
from app.platform.storage import BlobStore, Held
from spectra import InfraredSpectrum, SpectrumError
from spectra.infrared.check import CheckFigures, CheckState, judge, material, measure, widening
from spectra.infrared.check_bands import CheckBand

RECOMPARE = "recompare_instrument_day"
HISTORY = 40


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


def agency_of(actor: Actor) -> uuid.UUID:
    """Checks belong to an agency. Raises NotFound for somebody without one."""
    if actor.agency_id is None:
        raise NotFound("agency")
    return actor.agency_id


def get_instrument(session: Session, actor: Actor, instrument_id: uuid.UUID) -> Any:
    """An instrument of the actor's agency. Raises NotFound."""
    found = next((row for row in readings.instruments(session, actor) if row.id == instrument_id), None)
    if found is None:
        raise NotFound("instrument")
    return found


def source_of_reading(
    session: Session, actor: Actor, store: BlobStore, reading_id: uuid.UUID
) -> tuple[CheckSource, uuid.UUID | None, datetime]:
    """A reading as the spectrum of a check, with its instrument and time.

    Raises NotFound, Invalid, Unavailable, Conflict (a withdrawn sample).
    """
    row = readings.get_reading(session, actor, reading_id)
    analysis = readings.get_analysis(session, actor, row.analysis_id)
    if samples.get_sample(session, actor, analysis.sample_id).withdrawn_at is not None:
        raise Conflict("This sample was withdrawn, so no instrument was checked with it.")
    name = readings.get_upload(session, actor, row.upload_id).file_name
    found = readings.infrared_of(row, store)
    source = CheckSource(found, row.id, None, name, analysis.instrument_id)
    return source, analysis.instrument_id, analysis.started_at


def record(uow: UnitOfWork, new: NewCheck, source: CheckSource) -> InstrumentCheck:
    """Measure, judge and keep a check; readings of that instrument on that day are compared again when limits change.

    Raises NotFound (instrument), Invalid (not the material, not enough of it; nothing is kept then).
    """
    machine = get_instrument(uow.session, uow.actor, new.instrument_id)
    if machine.method.value not in DAILY:
        raise Invalid("The check was not kept.", fields={"instrument_id": "Only infrared instruments are checked so."})
    if source.instrument_id not in (None, machine.id):
        raise Invalid("The check was not kept.", fields={"instrument_id": "It was measured on another instrument."})
    at = new.measured_at or uow.now
    if at > uow.now + timedelta(minutes=5):
        raise Invalid("The check was not kept.", fields={"measured_on": "It cannot have been measured in the future."})
    readings.lock_instrument(uow, machine.id)  # two checks at once open one task
    before = latest_check(uow.session, machine.id, at)
    try:
        figures = measure(source.spectrum, new.material)
        judged = judge(figures, _usual(uow.session, machine.id, at))
    except SpectrumError as error:
        words = str(error)
        sentence = f"{words[:1].upper()}{words[1:].rstrip('.')}."
        raise Invalid(f"The check was not kept. {sentence}", fields={"file": sentence}) from error
    row = InstrumentCheck(
        agency_id=agency_of(uow.actor), instrument_id=machine.id, material=new.material, state=judged.state,
        widening=widening(judged.state), figures=figures_json(figures), reasons=list(judged.reasons),
        reading_id=source.reading_id, blob_sha256=_kept(uow, source), made_by=uow.actor.person_id, made_at=uow.now,
        file_name=readings.clean_file_name(source.file_name) if source.file_name else "", measured_at=at,
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
    readings.lock_instrument(uow, get_check(uow.session, uow.actor, check_id).instrument_id)
    row = get_check(uow.session, uow.actor, check_id, lock=True)
    check_version("check", version, row.version)
    if row.withdrawn_at is not None:
        raise Conflict("This check was withdrawn already. Nothing was changed.")
    if not reason:
        raise Invalid("The check was not withdrawn.", fields={"reason": "Say why it is withdrawn."})
    row.withdrawn_by, row.withdrawn_at, row.withdrawn_reason = uow.actor.person_id, uow.now, reason
    row.version += 1
    audit.record(uow, "withdraw", "instrument_check", row.id, version=row.version, reason=reason)
    for task in repository.open_tasks(uow.session, row.agency_id, row.instrument_id, lock=True):
        if task.check_id == row.id:
            _close(uow, task, "The check that opened it was withdrawn.")
    enqueue(uow, RECOMPARE, {"check_id": row.id}, agency_id=row.agency_id)
    _tell(uow, row, "instrument.check_withdrawn")
    return row


def close_task(uow: UnitOfWork, task_id: uuid.UUID, version: int, words: str) -> InstrumentTask:
    """Say what was done about an instrument. Its state stays until a check is in range again. Raises NotFound, …"""
    row = repository.of_agency(uow.session, InstrumentTask, agency_of(uow.actor), task_id, lock=True)
    if row is None:
        raise NotFound("task")
    check_version("task", version, row.version)
    if row.closed_at is not None:
        raise Conflict("This task was closed already. Nothing was changed.")
    if not words:
        raise Invalid("The task was not closed.", fields={"words": "Say what was done."})
    _close(uow, row, words)
    publish(uow, "instrument", "instrument.task_closed", agency_id=row.agency_id, payload={"task_id": row.id})
    return row


def get_check(session: Session, actor: Actor, check_id: uuid.UUID, *, lock: bool = False) -> InstrumentCheck:
    """A check of the actor's agency. Raises NotFound, also for a foreign one."""
    row = repository.of_agency(session, InstrumentCheck, agency_of(actor), check_id, lock=lock)
    if row is None:
        raise NotFound("check")
    return row


def latest_check(session: Session, instrument_id: uuid.UUID, at: datetime) -> InstrumentCheck | None:
    """The newest check that counts of an instrument on the day of `at`, also one later on that day; None without one."""
    found = newest_check(session, instrument_id, end_of_day(at))
    return found if found is not None and same_day(found.measured_at, at) else None


def newest_check(session: Session, instrument_id: uuid.UUID, until: datetime) -> InstrumentCheck | None:
    """The newest check that counts, of whatever day up to `until`."""
    return next(iter(repository.counting_checks(session, instrument_id, until, 1)), None)


def end_of_day(at: datetime) -> datetime:
    """The last moment of the service's day that holds `at`."""
    return datetime.combine(local(at).date(), time(23, 59, 59, 999999), zone())


def instrument_views(session: Session, actor: Actor, now: datetime) -> list[InstrumentView]:
    """Every instrument of the actor's agency and how it stands, by name."""
    rows = readings.instruments(session, actor)
    tasks = {task.instrument_id: task for task in open_tasks(session, actor)}
    out = []
    for row in rows:
        check = newest_check(session, row.id, end_of_day(now))
        level = level_of(
            check.state.value if check else None, check.measured_at if check else None, row.certificate_due, now,
            daily=row.method.value in DAILY,
        )  # fmt: skip
        out.append(InstrumentView(row, level, check, tasks.get(row.id)))
    return out


def open_tasks(session: Session, actor: Actor) -> list[InstrumentTask]:
    """What the bench has to do about instruments, oldest first."""
    return [] if actor.agency_id is None else repository.open_tasks(session, actor.agency_id)


def checks_page(
    session: Session,
    actor: Actor,
    *,
    instrument_id: uuid.UUID | None = None,
    before: uuid.UUID | None = None,
    limit: int = 50,
) -> list[InstrumentCheck]:
    """Checks of the actor's agency, newest first; withdrawn ones too."""
    return repository.checks_page(session, agency_of(actor), instrument_id, before, limit)


def figures_json(figures: CheckFigures) -> dict[str, Any]:
    """For the column."""
    return {
        "material": figures.material, "shift": round(figures.shift, 2), "spread": round(figures.spread, 2),
        "resolution": figures.resolution, "signal_to_noise": figures.signal_to_noise,
        "bands": [asdict(band) for band in figures.bands],
    }  # fmt: skip


def figures_of(stored: dict[str, Any]) -> CheckFigures:
    """The figures of a check, from what is stored of them."""
    return CheckFigures(**{**stored, "bands": tuple(CheckBand(**band) for band in stored["bands"])})


def _usual(session: Session, instrument_id: uuid.UUID, at: datetime) -> Sequence[CheckFigures]:
    """Earlier checks in range, the oldest first."""
    rows = repository.counting_checks(session, instrument_id, at, HISTORY)
    return [figures_of(row.figures) for row in reversed(rows) if row.state is CheckState.IN_RANGE]


def _kept(uow: UnitOfWork, source: CheckSource) -> str | None:
    if source.received is None:
        return None
    received = source.received.keep()
    readings.keep_file(uow, received)
    return received.sha256


def _settle_tasks(uow: UnitOfWork, row: InstrumentCheck, name: str) -> None:
    """Out of range opens a task, once; in range closes it. A check of an earlier day does neither."""
    newest = newest_check(uow.session, row.instrument_id, uow.now + timedelta(days=1))
    if newest is None or newest.id != row.id:
        return
    there = repository.open_tasks(uow.session, row.agency_id, row.instrument_id, lock=True)
    if row.state is CheckState.OUT_OF_RANGE and not there:
        words = f"{name} is out of range. {' '.join(row.reasons)} Put it right, then check it again."
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

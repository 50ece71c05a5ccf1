"""Instruments of a laboratory and their batches: add one, which analyses ran on it, and what was injected before one of them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.intake.samples import lookup
from app.laboratory.identification.domain import Method
from app.laboratory.readings import repository
from app.laboratory.readings.domain import UploadState
from app.laboratory.readings.tables import Analysis, Instrument, Reading, Upload
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.db.rows import row_of
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import Conflict, Invalid, NotFound
from app.platform.live.publish import publish
from spectra import ReadingKind

NO_MACHINES = frozenset({Method.STRIP, Method.REAGENT, Method.TLC, Method.VISUAL})


@dataclass(frozen=True, slots=True)
class NewInstrument:
    """A machine as it is entered. `certificate_due`: the last moment its certificate counts, None where it has none."""

    name: str
    method: Method
    serial: str = ""
    certificate_due: datetime | None = None


@dataclass(frozen=True, slots=True)
class AnalysisFact:
    """One analysis: its sample, method, instrument, batch, and whether the batch's controls failed.

    `instrument` is the name of the instrument, "" where nobody said which it was.
    """

    sample_id: uuid.UUID
    method: Method
    started_at: datetime
    instrument_id: uuid.UUID | None
    instrument: str
    batch: str
    qc_failed: bool


@dataclass(frozen=True, slots=True)
class RunBefore:
    """The run of the same batch that was measured before another one."""

    arrays_sha256: str
    x_unit: str
    file_name: str


def add_instrument(uow: UnitOfWork, new: NewInstrument) -> Instrument:
    """Add a machine to the agency. Raises Invalid, Conflict when one is called so already, NotFound without an agency."""
    if uow.actor.agency_id is None:
        raise NotFound("agency")
    wrong: dict[str, str] = {}
    if not new.name:
        wrong["name"] = "Say what it is called, such as Alpha II."
    if new.method in NO_MACHINES:
        wrong["method"] = "This method has no instrument."
    if wrong:
        raise Invalid("The instrument was not added. What you typed is still here.", fields=wrong)
    there = repository.instruments_of(uow.session, uow.actor.agency_id)
    if any(row.name.casefold() == new.name.casefold() for row in there):
        raise Conflict(f"An instrument called {new.name} is there already. Nothing was added.")
    row = Instrument(
        agency_id=uow.actor.agency_id, name=new.name, method=new.method, serial=new.serial,
        certificate_due=new.certificate_due,
    )  # fmt: skip
    uow.session.add(row)
    uow.session.flush()
    due = row.certificate_due.isoformat() if row.certificate_due else None
    after = {"name": row.name, "method": row.method.value, "serial": row.serial, "certificate_due": due}
    audit.record(uow, "add", "instrument", row.id, version=1, after=after)
    publish(uow, "instrument", "instrument.added", agency_id=row.agency_id, payload={"instrument_id": row.id})
    return row


def get_instrument(session: Session, actor: Actor, instrument_id: uuid.UUID) -> Instrument:
    """An instrument of the actor's agency. Raises NotFound, also for a foreign one."""
    return row_of(session, Instrument, actor.agency_id, instrument_id, "instrument")


def lock_instrument(uow: UnitOfWork, instrument_id: uuid.UUID) -> None:
    """Hold an instrument until the transaction ends, so that of two who judge it at once the second sees the first."""
    uow.session.exec(select(Instrument.id).where(Instrument.id == instrument_id).with_for_update()).first()


def fact_of(session: Session, analysis_id: uuid.UUID) -> AnalysisFact | None:
    """What one analysis ran on and with, for the reading job, which acts for no agency. None when it is gone."""
    return next(iter(_facts(session, col(Analysis.id) == analysis_id)), None)


def facts_of_samples(session: Session, sample_ids: Iterable[uuid.UUID]) -> list[AnalysisFact]:
    """Every analysis of these samples, oldest first."""
    return _facts(session, col(Analysis.sample_id).in_(list(sample_ids)))


def begun(session: Session, sample_ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Which of these samples have any analysis."""
    return set(session.exec(select(Analysis.sample_id).where(col(Analysis.sample_id).in_(list(sample_ids))).distinct()))


def _facts(session: Session, which: sa.ColumnElement[bool]) -> list[AnalysisFact]:
    query = select(Analysis, Instrument.name).outerjoin(Instrument, col(Instrument.id) == col(Analysis.instrument_id))
    return [
        AnalysisFact(row.sample_id, row.method, row.started_at, row.instrument_id, name or "", row.batch, row.qc_failed)
        for row, name in session.exec(query.where(which).order_by(col(Analysis.id)))
    ]


def analyses_on(session: Session, instrument_id: uuid.UUID, since: datetime, until: datetime) -> list[uuid.UUID]:
    """Analyses of samples that were not withdrawn on one instrument, started between two moments, oldest first."""
    query = select(Analysis.id, Analysis.sample_id).where(
        Analysis.instrument_id == instrument_id, col(Analysis.started_at) >= since, col(Analysis.started_at) <= until
    )
    return [key for key, sample_id in session.exec(query.order_by(col(Analysis.id))) if _stands(session, sample_id)]


def runs_of_batch(session: Session, agency_id: uuid.UUID, batch: str) -> list[uuid.UUID]:
    """Analyses of an agency's batch with a run that was read, oldest first; withdrawn samples left out."""
    has_run = (
        sa.exists()
        .where(col(Reading.analysis_id) == col(Analysis.id), col(Reading.kind) == ReadingKind.MASS_RUN.value)
        .correlate(Analysis)
    )
    query = select(Analysis.id, Analysis.sample_id).where(Analysis.batch == batch, has_run).order_by(col(Analysis.id))
    return [key for key, sample_id in session.exec(query) if _stands(session, sample_id, agency_id)]


def run_before(session: Session, agency_id: uuid.UUID, analysis_id: uuid.UUID) -> RunBefore | None:
    """The run of the same batch and instrument measured last before this one, or None."""
    own = session.get(Analysis, analysis_id)
    if own is None or not own.batch:
        return None
    query = (
        select(Reading.arrays_sha256, Reading.x_unit, Upload.file_name, Analysis.sample_id)
        .join(Upload, col(Upload.id) == col(Reading.upload_id))
        .join(Analysis, col(Analysis.id) == col(Reading.analysis_id))
        .where(
            Analysis.batch == own.batch, col(Analysis.started_at) < own.started_at, Upload.state == UploadState.READ,
            Reading.kind == ReadingKind.MASS_RUN.value, col(Analysis.instrument_id) == own.instrument_id
            if own.instrument_id else col(Analysis.instrument_id).is_(None),
        )
        .order_by(col(Analysis.started_at).desc(), col(Reading.ordinal))
    )  # fmt: skip
    for arrays_sha256, x_unit, file_name, sample_id in session.exec(query):  # other agencies have batches "1" too
        if _stands(session, sample_id, agency_id):
            return RunBefore(arrays_sha256, x_unit, file_name)
    return None


def _stands(session: Session, sample_id: uuid.UUID, agency_id: uuid.UUID | None = None) -> bool:
    """Whether the sample is there, was not withdrawn, and is one of this agency, where one is named."""
    sample = lookup.sample_for_system(session, sample_id)
    return sample is not None and sample.withdrawn_at is None and agency_id in (None, sample.agency_id)

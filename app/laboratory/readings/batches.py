"""Which analyses belong together in a batch, and what was injected before one of them. Queries for controls only."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.intake.samples import service as samples
from app.laboratory.readings.domain import UploadState
from app.laboratory.readings.tables import Analysis, Instrument, Reading, Upload
from spectra import ReadingKind


@dataclass(frozen=True, slots=True)
class BatchMember:
    """An analysis with its batch and the name of its instrument, "" where nobody said."""

    analysis_id: uuid.UUID
    sample_id: uuid.UUID
    batch: str
    instrument: str


@dataclass(frozen=True, slots=True)
class RunBefore:
    """The run of the same batch that was measured before another one."""

    arrays_sha256: str
    x_unit: str
    file_name: str


def batch_of(session: Session, analysis_id: uuid.UUID) -> BatchMember | None:
    """The batch of one analysis, for the reading job, which acts for no agency. None when it is gone."""
    row = session.get(Analysis, analysis_id)
    return None if row is None else _member(session, row)


def runs_of_batch(session: Session, agency_id: uuid.UUID, batch: str) -> list[BatchMember]:
    """Analyses of an agency's batch with a run that was read, oldest first; withdrawn samples left out."""
    has_run = (
        sa.exists()
        .where(col(Reading.analysis_id) == col(Analysis.id), col(Reading.kind) == ReadingKind.MASS_RUN.value)
        .correlate(Analysis)
    )
    rows = session.exec(select(Analysis).where(Analysis.batch == batch, has_run).order_by(col(Analysis.id)))
    return [_member(session, row) for row in rows if _is_of(session, agency_id, row.sample_id)]


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
        if _is_of(session, agency_id, sample_id):
            return RunBefore(arrays_sha256, x_unit, file_name)
    return None


def _is_of(session: Session, agency_id: uuid.UUID, sample_id: uuid.UUID) -> bool:
    sample = samples.sample_for_system(session, sample_id)
    return sample is not None and sample.agency_id == agency_id and sample.withdrawn_at is None


def _member(session: Session, row: Analysis) -> BatchMember:
    machine = session.get(Instrument, row.instrument_id) if row.instrument_id else None
    return BatchMember(row.id, row.sample_id, row.batch, machine.name if machine else "")

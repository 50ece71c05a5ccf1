"""Queries about analyses, uploads, readings and matches. Whether a person may see them is asked of the sample."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from app.laboratory.readings.tables import Analysis, Blob, Instrument, Match, Reading, Upload

Row = TypeVar("Row", Analysis, Upload)


def analysis(session: Session, analysis_id: uuid.UUID, *, lock: bool = False) -> Analysis | None:
    """One analysis by its key; `lock` reads it as it is now and holds it until the transaction ends."""
    return _held(session, Analysis, analysis_id) if lock else session.get(Analysis, analysis_id)


def analyses_of(session: Session, sample_id: uuid.UUID) -> list[Analysis]:
    """Analyses of a sample, oldest first."""
    rows = select(Analysis).where(Analysis.sample_id == sample_id).order_by(col(Analysis.id))
    return list(session.exec(rows))


def upload(session: Session, upload_id: uuid.UUID, *, lock: bool = False) -> Upload | None:
    """One upload by its key; `lock` reads it as it is now and holds it until the transaction ends."""
    return _held(session, Upload, upload_id) if lock else session.get(Upload, upload_id)


def _held(session: Session, table: type[Row], key: uuid.UUID) -> Row | None:
    # key_share: rows that refer to this one (readings, uploads) may still be written meanwhile
    return session.get(table, key, populate_existing=True, with_for_update={"key_share": True})


def uploads_of(session: Session, analysis_ids: Sequence[uuid.UUID]) -> list[Upload]:
    """Uploads of these analyses, oldest first."""
    if not analysis_ids:
        return []
    rows = select(Upload).where(col(Upload.analysis_id).in_(analysis_ids)).order_by(col(Upload.id))
    return list(session.exec(rows))


def reading(session: Session, reading_id: uuid.UUID) -> Reading | None:
    """One reading by its key."""
    return session.get(Reading, reading_id)


def files_of_readings(session: Session, reading_ids: Iterable[uuid.UUID]) -> set[str]:
    """Names (sha-256) of the raw files these readings were read from. Scope the readings to their agency before."""
    rows = select(Upload.blob_sha256).join(Reading, col(Reading.upload_id) == col(Upload.id))
    return set(session.exec(rows.where(col(Reading.id).in_(list(reading_ids)))))


def readings_of_upload(session: Session, upload_id: uuid.UUID) -> list[Reading]:
    """Readings of one file in the order of the file."""
    rows = select(Reading).where(Reading.upload_id == upload_id).order_by(col(Reading.ordinal))
    return list(session.exec(rows))


def readings_of(session: Session, analysis_ids: Sequence[uuid.UUID]) -> list[Reading]:
    """Readings of these analyses, in the order of upload and file."""
    if not analysis_ids:
        return []
    rows = (
        select(Reading)
        .where(col(Reading.analysis_id).in_(analysis_ids))
        .order_by(col(Reading.upload_id), col(Reading.ordinal))
    )
    return list(session.exec(rows))


def latest_matches(session: Session, reading_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Match]:
    """The newest match of each of these readings."""
    if not reading_ids:
        return {}
    rows = select(Match).where(col(Match.reading_id).in_(reading_ids)).order_by(col(Match.id))
    return {row.reading_id: row for row in session.exec(rows)}


def delete_readings(session: Session, upload_id: uuid.UUID, but: Collection[uuid.UUID] = ()) -> int:
    """Take away what was read from a file before it is read again; the raw bytes stay, and of readings in `but` all but
    what they were compared with.
    """
    ids = select(Reading.id).where(Reading.upload_id == upload_id)
    connection = session.connection()
    connection.execute(sa.delete(Match).where(col(Match.reading_id).in_(ids)))
    rows = sa.delete(Reading).where(col(Reading.upload_id) == upload_id, col(Reading.id).not_in(but))
    return connection.execute(rows).rowcount


def keep_blob(session: Session, sha256: str, size: int, now: datetime) -> None:
    """Remember a raw file; the same bytes arriving twice at once are one row."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = insert(Blob).values(sha256=sha256, size=size, created_at=now).on_conflict_do_nothing()
    session.connection().execute(row)


def instrument(session: Session, instrument_id: uuid.UUID) -> Instrument | None:
    """One instrument by its key."""
    return session.get(Instrument, instrument_id)


def instruments_of(session: Session, agency_id: uuid.UUID) -> list[Instrument]:
    """Instruments of an agency by name."""
    rows = select(Instrument).where(Instrument.agency_id == agency_id).order_by(col(Instrument.name))
    return list(session.exec(rows))


def instruments_by_id(session: Session, ids: Iterable[uuid.UUID | None]) -> dict[uuid.UUID, Instrument]:
    """Instruments by key."""
    wanted = {i for i in ids if i is not None}
    if not wanted:
        return {}
    return {row.id: row for row in session.exec(select(Instrument).where(col(Instrument.id).in_(wanted)))}

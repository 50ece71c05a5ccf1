"""Queries about analyses, uploads, readings and matches; rows of the last two, with a file's words made fit to store. Whether a
person may see them is asked of the sample."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from pydantic import JsonValue
from sqlmodel import Session, col, select

import spectra
from app.laboratory.identification.answer import Answer
from app.laboratory.identification.codec import encode
from app.laboratory.identification.domain import Method
from app.laboratory.readings.domain import UploadState
from app.laboratory.readings.tables import Analysis, Instrument, Match, Reading, Upload
from instruments import describe, printable

Row = TypeVar("Row", Analysis, Upload)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which files are processed again. Empty fields choose all; `older`: only those another version of a reader read."""

    format: str = ""
    reader: str = ""
    sample_id: uuid.UUID | None = None
    upload_id: uuid.UUID | None = None
    older: bool = False


def one(session: Session, table: type[Row], key: uuid.UUID, *, lock: bool = False) -> Row | None:
    """A row by its key; `lock` reads it as it is now and holds it until the transaction ends."""
    # key_share: rows that refer to this one (readings, uploads) may still be written in the meantime
    return session.get(table, key, populate_existing=lock, with_for_update={"key_share": True} if lock else None)


def analyses_of(session: Session, sample_id: uuid.UUID) -> list[Analysis]:
    """Analyses of a sample, oldest first."""
    rows = select(Analysis).where(Analysis.sample_id == sample_id).order_by(col(Analysis.id))
    return list(session.exec(rows))


def strips_read_by(session: Session, person_id: uuid.UUID, most: int) -> list[Analysis]:
    """The strips someone recorded last, the newest first."""
    rows = select(Analysis).where(Analysis.operator_id == person_id, Analysis.method == Method.STRIP)
    return list(session.exec(rows.order_by(col(Analysis.id).desc()).limit(most)))


def uploads_of(session: Session, analysis_ids: Sequence[uuid.UUID]) -> list[Upload]:
    """Uploads of these analyses, oldest first."""
    if not analysis_ids:
        return []
    rows = select(Upload).where(col(Upload.analysis_id).in_(analysis_ids)).order_by(col(Upload.id))
    return list(session.exec(rows))


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


def instruments_of(session: Session, agency_id: uuid.UUID) -> list[Instrument]:
    """Instruments of an agency by name."""
    rows = select(Instrument).where(Instrument.agency_id == agency_id).order_by(col(Instrument.name))
    return list(session.exec(rows))


def count_selected(session: Session, chosen: Selection) -> int:
    """How many uploads may be meant; files that were never read are counted whatever their format."""
    query = select(sa.func.count()).select_from(Upload).join(Analysis, col(Analysis.id) == col(Upload.analysis_id))
    return session.exec(query.where(*_conditions(chosen))).one()


def selected_page(
    session: Session, chosen: Selection, after: uuid.UUID | None, limit: int
) -> Sequence[tuple[Upload, uuid.UUID]]:
    """The next uploads after this key, oldest first, each with its sample; in pages, so that memory stays small."""
    query = select(Upload, Analysis.sample_id).join(Analysis, col(Analysis.id) == col(Upload.analysis_id))
    if after is not None:
        query = query.where(col(Upload.id) > after)
    return session.exec(query.where(*_conditions(chosen)).order_by(col(Upload.id)).limit(limit)).all()


def _conditions(chosen: Selection) -> Iterator[sa.ColumnElement[bool]]:
    never_read = col(Upload.state).in_([UploadState.REFUSED, UploadState.ASKS])
    if chosen.format:
        yield sa.or_(col(Upload.format) == chosen.format, never_read)
    if chosen.reader:
        same_reader = col(Reading.reader).in_([chosen.reader, f"instruments.{chosen.reader}"])
        yield sa.or_(sa.exists().where(col(Reading.upload_id) == col(Upload.id), same_reader), never_read)
    if chosen.sample_id is not None:
        yield col(Analysis.sample_id) == chosen.sample_id
    if chosen.upload_id is not None:
        yield col(Upload.id) == chosen.upload_id


JsonObject = dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class ComparedReading:
    """One reading ready to be stored."""

    reading: spectra.Reading
    arrays_sha256: str
    answer: Answer
    quality: JsonObject = field(default_factory=dict)


def reading_row(
    reading: spectra.Reading,
    arrays_sha256: str,
    quality: JsonObject,
    upload_id: uuid.UUID,
    analysis_id: uuid.UUID,
    ordinal: int,
    now: datetime,
) -> Reading:
    """The reading without its arrays."""
    return Reading(
        upload_id=upload_id,
        analysis_id=analysis_id,
        ordinal=ordinal,
        kind=reading.kind.value,
        title=printable(reading.title, 200),
        instrument=printable(reading.instrument, 120),
        format=reading.format[:40],
        reader=reading.reader[:60],
        reader_version=reading.reader_version[:20],
        x_unit=printable(reading.x_unit, 30),
        y_unit=printable(reading.y_unit, 40),
        n_points=reading.n_points,
        n_scans=len(reading.scans),
        ms_level=reading.ms_level,
        description=fit(describe(reading)),
        remarks=remarks_of(reading),
        quality=fit(quality),
        arrays_sha256=arrays_sha256,
        created_at=now,
    )


def match_row(reading_id: uuid.UUID, answer: Answer, now: datetime) -> Match:
    """The row that keeps an answer for a reading."""
    columns = asdict(encode(answer))
    return Match(reading_id=reading_id, created_at=now, **(columns | {"answer": fit(columns["answer"])}))


def remarks_of(reading: spectra.Reading) -> list[dict[str, str]]:
    """What the reader noticed."""
    return [{"level": r.level.value, "code": r.code, "text": printable(r.text, 400)} for r in reading.remarks]


def fit(value: Any) -> Any:
    """A JSON value with every text in it cut to 2,000 printable characters."""
    if isinstance(value, str):
        return printable(value, 2000)
    if isinstance(value, dict):
        return {str(key): fit(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [fit(item) for item in value]
    return value

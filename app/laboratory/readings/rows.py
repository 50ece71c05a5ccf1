"""Rows of readings and comparisons, with a file's words made fit to store. Used by the job only."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from pydantic import JsonValue

from app.laboratory.identification.answer import Answer
from app.laboratory.identification.codec import encode
from app.laboratory.readings.tables import Match, Upload
from app.laboratory.readings.tables import Reading as ReadingRow
from instruments import describe, printable
from spectra import Reading


@dataclass(frozen=True, slots=True)
class ComparedReading:
    """One reading ready to be stored."""

    reading: Reading
    arrays_sha256: str
    answer: Answer
    quality: dict[str, JsonValue] = field(default_factory=dict)


def reading_row(upload: Upload, ordinal: int, one: ComparedReading, now: datetime) -> ReadingRow:
    """The reading without its arrays."""
    reading = one.reading
    return ReadingRow(
        upload_id=upload.id,
        analysis_id=upload.analysis_id,
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
        quality=fit(one.quality),
        arrays_sha256=one.arrays_sha256,
        created_at=now,
    )


def same_curve(row: ReadingRow, one: ComparedReading) -> bool:
    """Whether a row is of these very points, taken as the same: then it stays, with all that others hang on it."""
    reading = one.reading
    return (row.arrays_sha256, row.kind, row.x_unit, row.y_unit) == (
        one.arrays_sha256, reading.kind.value, printable(reading.x_unit, 30), printable(reading.y_unit, 40),
    )  # fmt: skip


def match_row(reading_id: uuid.UUID, answer: Answer, now: datetime) -> Match:
    """What it resembles."""
    columns = asdict(encode(answer))
    return Match(reading_id=reading_id, created_at=now, **(columns | {"answer": fit(columns["answer"])}))


def remarks_of(reading: Reading) -> list[dict[str, str]]:
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

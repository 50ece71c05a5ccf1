"""Rows of readings and comparisons, with a file's words made fit to store."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from pydantic import JsonValue

from app.laboratory.identification.answer import Answer
from app.laboratory.identification.codec import encode
from app.laboratory.readings.tables import Match
from app.laboratory.readings.tables import Reading as ReadingRow
from instruments import describe, printable
from spectra import Reading

JsonObject = dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class ComparedReading:
    """One reading ready to be stored."""

    reading: Reading
    arrays_sha256: str
    answer: Answer
    quality: JsonObject = field(default_factory=dict)


def reading_row(
    reading: Reading,
    arrays_sha256: str,
    quality: JsonObject,
    upload_id: uuid.UUID,
    analysis_id: uuid.UUID,
    ordinal: int,
    now: datetime,
) -> ReadingRow:
    """The reading without its arrays."""
    return ReadingRow(
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

"""Queries for reading stored files again: uploads in pages, by key, so that memory stays small."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.laboratory.readings.domain import UploadState
from app.laboratory.readings.tables import Analysis, Reading, Upload


@dataclass(frozen=True, slots=True)
class Selection:
    """Which files are read again. Empty fields choose all; `older`: only those another version of a reader read."""

    format: str = ""
    reader: str = ""
    sample_id: uuid.UUID | None = None
    upload_id: uuid.UUID | None = None
    older: bool = False


def count(session: Session, chosen: Selection) -> int:
    """How many uploads may be meant; files that were never read are counted whatever their format."""
    query = sa.select(sa.func.count()).select_from(Upload).join(Analysis, col(Analysis.id) == col(Upload.analysis_id))
    return int(session.connection().scalar(query.where(*_conditions(chosen))) or 0)


def page(session: Session, chosen: Selection, after: uuid.UUID | None, limit: int) -> list[tuple[Upload, uuid.UUID]]:
    """The next uploads after this key, oldest first, each with its sample."""
    query = (
        select(Upload, Analysis.sample_id)
        .join(Analysis, col(Analysis.id) == col(Upload.analysis_id))
        .where(*_conditions(chosen))
    )
    if after is not None:
        query = query.where(col(Upload.id) > after)
    return [(row[0], row[1]) for row in session.exec(query.order_by(col(Upload.id)).limit(limit))]


def _conditions(chosen: Selection) -> list[sa.ColumnElement[bool]]:
    found: list[Any] = []
    never_read = col(Upload.state).in_([UploadState.REFUSED, UploadState.ASKS])
    if chosen.format:
        found.append(sa.or_(col(Upload.format) == chosen.format, never_read))
    if chosen.reader:
        same_reader = col(Reading.reader).in_([chosen.reader, f"instruments.{chosen.reader}"])
        read_by_it = sa.exists().where(col(Reading.upload_id) == col(Upload.id), same_reader)
        found.append(sa.or_(read_by_it, never_read))
    if chosen.sample_id is not None:
        found.append(col(Analysis.sample_id) == chosen.sample_id)
    if chosen.upload_id is not None:
        found.append(col(Upload.id) == chosen.upload_id)
    return found

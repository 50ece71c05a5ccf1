"""Queries about imports and what they said of samples."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.figures.history.tables import HistoryImport, HistoryRecord

AT_ONCE = 500


def imports(session: Session) -> list[HistoryImport]:
    """All of them, newest first, those undone too."""
    return list(session.exec(select(HistoryImport).order_by(col(HistoryImport.imported_at).desc())))


def by_digest(session: Session, digest: str) -> HistoryImport | None:
    """The import of exactly these files by exactly this map that still stands."""
    same = select(HistoryImport).where(HistoryImport.digest == digest, col(HistoryImport.undone_at).is_(None))
    return session.exec(same).first()


def standing(session: Session, source: str, keys: Sequence[str] | None = None) -> dict[str, HistoryRecord]:
    """What is known of the samples of a source: of each the record of the newest import that was not undone."""
    known: dict[str, HistoryRecord] = {}
    for part in _parts(keys) if keys is not None else [None]:
        query = (
            select(HistoryRecord)
            .join(HistoryImport, col(HistoryImport.id) == HistoryRecord.import_id)
            .where(HistoryRecord.source == source, col(HistoryImport.undone_at).is_(None))
            .order_by(col(HistoryImport.imported_at), col(HistoryImport.id))
        )
        if part is not None:
            query = query.where(col(HistoryRecord.key).in_(part))
        known |= {record.key: record for record in session.exec(query)}
    return known


def digests(session: Session, source: str) -> dict[str, str]:
    """Of every sample of a source the digest of what is known of it."""
    query = (
        sa.select(HistoryRecord.key, HistoryRecord.digest)  # type: ignore[call-overload]
        .join(HistoryImport, col(HistoryImport.id) == HistoryRecord.import_id)
        .where(HistoryRecord.source == source, col(HistoryImport.undone_at).is_(None))
        .order_by(col(HistoryImport.imported_at), col(HistoryImport.id))
    )
    return {str(key): str(digest) for key, digest in session.connection().execute(query)}


def keys_of(session: Session, import_id: uuid.UUID) -> list[str]:
    """The samples an import said something new about."""
    return list(session.exec(select(HistoryRecord.key).where(HistoryRecord.import_id == import_id)))


def sources(session: Session) -> list[str]:
    """Names of all sources, those of undone imports too."""
    return sorted(session.exec(select(HistoryImport.source).distinct()))


def keys_of_source(session: Session, source: str) -> list[str]:
    """Every sample any import ever said something of."""
    return sorted(session.exec(select(HistoryRecord.key).where(HistoryRecord.source == source).distinct()))


def add_records(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write many at once."""
    if rows:
        session.connection().execute(sa.insert(HistoryRecord), list(rows))


def _parts(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), AT_ONCE):
        yield keys[start : start + AT_ONCE]

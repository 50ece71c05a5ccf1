"""In which samples a substance was found, for who looks for it. The caller has looked the samples up in its agency first."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable

from sqlmodel import Session, col, select

from app.results.tables import Finding, ResultVersion
from harm_messages.vocabulary import Abundance


def samples_where_found(
    session: Session, sample_ids: Iterable[uuid.UUID], substance_ids: Collection[str]
) -> set[uuid.UUID]:
    """Of these samples, those whose newest version names one of these substances as found."""
    query = select(ResultVersion.sample_id, ResultVersion.id).where(col(ResultVersion.sample_id).in_(list(sample_ids)))
    newest = dict(session.exec(query.order_by(col(ResultVersion.number))).all())
    by_version = {result_id: sample_id for sample_id, result_id in newest.items()}
    named = select(Finding.result_id).where(
        col(Finding.result_id).in_(list(by_version)),
        col(Finding.substance_id).in_(list(substance_ids)),
        Finding.abundance != Abundance.NOT_DETECTED,
    )
    return {by_version[result_id] for result_id in session.exec(named)}

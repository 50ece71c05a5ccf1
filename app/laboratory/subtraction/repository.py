"""Queries for steps of taking references out of a reading."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from sqlmodel import Session, col, func, select

from app.laboratory.subtraction.tables import SubtractionStep


def standing_steps(session: Session, reading_ids: Iterable[uuid.UUID]) -> int:
    """How many references stand taken out of these readings; they go with a reading whose curve becomes another one.
    The caller has looked the readings up for its actor.
    """
    wanted = list(reading_ids)
    if not wanted:
        return 0
    query = select(func.count()).where(
        col(SubtractionStep.reading_id).in_(wanted), col(SubtractionStep.undone_at).is_(None)
    )  # fmt: skip
    return int(session.exec(query).one())


def steps_of(session: Session, reading_id: uuid.UUID) -> list[SubtractionStep]:
    """Every step of a reading in its order, undone ones too."""
    query = select(SubtractionStep).where(SubtractionStep.reading_id == reading_id)
    return list(session.exec(query.order_by(col(SubtractionStep.number))))

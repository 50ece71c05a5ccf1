"""Queries for steps of taking references out of a reading."""

from __future__ import annotations

import uuid

from sqlmodel import Session, col, select

from app.subtraction.tables import SubtractionStep


def steps_of(session: Session, reading_id: uuid.UUID) -> list[SubtractionStep]:
    """Every step of a reading in its order, undone ones too."""
    query = select(SubtractionStep).where(SubtractionStep.reading_id == reading_id)
    return list(session.exec(query.order_by(col(SubtractionStep.number))))

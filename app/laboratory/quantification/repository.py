"""Queries about curves and quantifications. Every look-up of a person starts from the agency."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from sqlmodel import Session, col, select

from app.laboratory.quantification.tables import CalibrationCurve, Quantification


def curve_of_agency(session: Session, agency_id: uuid.UUID, curve_id: uuid.UUID) -> CalibrationCurve | None:
    """One curve of this agency."""
    query = select(CalibrationCurve).where(CalibrationCurve.id == curve_id, CalibrationCurve.agency_id == agency_id)
    return session.exec(query).first()


def curves_page(
    session: Session, agency_id: uuid.UUID, substance_id: str, before: uuid.UUID | None, limit: int
) -> list[CalibrationCurve]:
    """Curves of an agency, newest first; of one substance where named."""
    query = select(CalibrationCurve).where(CalibrationCurve.agency_id == agency_id)
    if substance_id:
        query = query.where(CalibrationCurve.substance_id == substance_id)
    if before is not None:
        query = query.where(col(CalibrationCurve.id) < before)
    return list(session.exec(query.order_by(col(CalibrationCurve.id).desc()).limit(limit)))


def curves_by_id(session: Session, curve_ids: set[uuid.UUID]) -> dict[uuid.UUID, CalibrationCurve]:
    """Curves by key. Scope what refers to them to its agency before."""
    if not curve_ids:
        return {}
    return {
        row.id: row for row in session.exec(select(CalibrationCurve).where(col(CalibrationCurve.id).in_(curve_ids)))
    }


def newest_numbers(session: Session, series: set[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Series → number of its newest curve."""
    if not series:
        return {}
    query = (
        select(col(CalibrationCurve.series_id), sa.func.max(CalibrationCurve.number))
        .where(col(CalibrationCurve.series_id).in_(series))
        .group_by(col(CalibrationCurve.series_id))
    )
    return {key: int(number) for key, number in session.exec(query)}


def quantifications_of(session: Session, sample_id: uuid.UUID) -> list[Quantification]:
    """What was read off curves for a sample, newest first. Scope the sample to its agency before."""
    query = select(Quantification).where(Quantification.sample_id == sample_id)
    return list(session.exec(query.order_by(col(Quantification.id).desc())))

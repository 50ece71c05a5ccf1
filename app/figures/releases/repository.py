"""Queries about releases."""

from __future__ import annotations

import uuid

from sqlmodel import Session, col, select

from app.figures.releases.tables import Release, ReleaseCube


def all_of_them(session: Session) -> list[Release]:
    """The newest first."""
    return list(session.exec(select(Release).order_by(col(Release.made_at).desc(), col(Release.id).desc())))


def newest(session: Session) -> Release | None:
    """The newest, or None."""
    return session.exec(select(Release).order_by(col(Release.made_at).desc(), col(Release.id).desc()).limit(1)).first()


def by_number(session: Session, number: str) -> Release | None:
    """2026.2."""
    return session.exec(select(Release).where(Release.number == number)).first()


def numbers(session: Session, year: int) -> list[str]:
    """Numbers given in a year."""
    return list(session.exec(select(Release.number).where(col(Release.number).startswith(f"{year}."))))


def cube(session: Session, release_id: uuid.UUID, audience: str) -> ReleaseCube | None:
    """The cube of one audience."""
    return session.get(ReleaseCube, (release_id, audience))

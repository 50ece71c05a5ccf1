"""Queries about imported libraries. Libraries belong to the installation, not to one agency."""

from __future__ import annotations

import uuid

from sqlmodel import Session, col, select

from app.library.tables import Library


def libraries(session: Session) -> list[Library]:
    """Every imported library in the order of import."""
    return list(session.exec(select(Library).order_by(col(Library.id))))


def library(session: Session, library_id: uuid.UUID) -> Library | None:
    """One imported library by its key."""
    return session.get(Library, library_id)


def library_named(session: Session, name: str) -> Library | None:
    """One imported library by its exact name."""
    return session.exec(select(Library).where(Library.name == name)).first()

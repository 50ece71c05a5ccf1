"""Queries about imported libraries. Libraries belong to the installation, not to one agency."""

from __future__ import annotations

import uuid
from typing import Any, cast

from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from app.laboratory.library.tables import Library


def libraries(session: Session) -> list[Library]:
    """Every imported library in the order of import."""
    return list(session.exec(select(Library).order_by(col(Library.id))))


def shelved(session: Session) -> list[Library]:
    """Libraries without their long lists of files and refusals, which a search has no use for."""
    light = select(Library).options(defer(cast(Any, Library.files)), defer(cast(Any, Library.refusals)))
    return list(session.exec(light.order_by(col(Library.id))))


def library(session: Session, library_id: uuid.UUID, *, lock: bool = False) -> Library | None:
    """One imported library by its key; `lock` reads it as it is now and holds it until the transaction ends."""
    return session.get(Library, library_id, populate_existing=lock, with_for_update=lock or None)


def library_named(session: Session, name: str) -> Library | None:
    """One imported library by its exact name."""
    return session.exec(select(Library).where(Library.name == name)).first()


def names_with_checksum(session: Session, checksum: str) -> list[str]:
    """Names of libraries made from the very same files."""
    return list(session.exec(select(Library.name).where(Library.checksum == checksum)))

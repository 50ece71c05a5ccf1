"""Queries about message packs. Every look-up of a person starts from the agency; the shipped pack is everybody's."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel, col, or_, select

from app.care.message_packs.domain import IN_FORCE, PackState, Withdrawn
from app.care.message_packs.tables import PackEdition, PackSignature, PackText, PackVersion, PackWithdrawal

_AT_ONCE = 500  # SQLite binds a limited number of values


def sha256(text: str) -> str:
    """What a text is kept under."""
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of(files: Mapping[str, str]) -> str:
    """One name for a set of files: also for files that make no pack."""
    lines = "\n".join(f"{path} {sha256(text)}" for path, text in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def version_of_agency(
    session: Session, agency_id: uuid.UUID, version_id: uuid.UUID, *, lock: bool = False
) -> PackVersion | None:
    """A version of this agency, or a shipped one; `lock` reads it as it is now and holds it."""
    mine = or_(PackVersion.agency_id == agency_id, col(PackVersion.agency_id).is_(None))
    query = select(PackVersion).where(PackVersion.id == version_id, mine)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.exec(query).first()


def in_force(session: Session, agency_id: uuid.UUID, now: datetime) -> tuple[uuid.UUID, str] | None:
    """Key and digest of the version in force: of those whose dates cover now, the one that began last."""
    query = (
        select(PackVersion.id, PackVersion.digest)
        .where(
            PackVersion.agency_id == agency_id,
            col(PackVersion.state).in_(IN_FORCE),
            col(PackVersion.effective_from) <= now,
            or_(col(PackVersion.effective_to).is_(None), col(PackVersion.effective_to) > now),
        )
        .order_by(col(PackVersion.effective_from).desc(), col(PackVersion.number).desc())
        .limit(1)
    )
    return session.exec(query).first()


def withdrawals(session: Session, agency_id: uuid.UUID, version_id: uuid.UUID | None) -> list[PackWithdrawal]:
    """What an agency withdrew from a version, oldest first; None: from any pack that came with the software."""
    query = select(PackWithdrawal).where(PackWithdrawal.agency_id == agency_id)
    if version_id is None:
        shipped = select(PackVersion.id).where(PackVersion.state == PackState.SHIPPED)
        query = query.where(col(PackWithdrawal.version_id).in_(shipped))
    else:
        query = query.where(PackWithdrawal.version_id == version_id)
    return list(session.exec(query.order_by(col(PackWithdrawal.id))))


def signatures(session: Session, versions: Sequence[PackVersion]) -> list[PackSignature]:
    """The signatures that hold under these versions, oldest first: those under the digest as it is."""
    digests = {row.id: row.digest for row in versions if row.digest}
    query = select(PackSignature).where(col(PackSignature.version_id).in_(digests)).order_by(col(PackSignature.id))
    return [mark for mark in session.exec(query) if mark.digest == digests[mark.version_id]]


def texts(session: Session, files: Mapping[str, str]) -> dict[str, str]:
    """The text of each file, from path → sha-256."""
    wanted = sorted(set(files.values()))
    found: dict[str, str] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        rows = session.exec(select(PackText.sha256, PackText.text).where(col(PackText.sha256).in_(some)))
        found.update(rows.all())
    return {path: found[key] for path, key in files.items()}


def text_of(session: Session, sha256: str) -> str:
    """One text that is kept; nothing where none is."""
    return session.exec(select(PackText.text).where(PackText.sha256 == sha256)).first() or ""


def keep_texts(session: Session, contents: Iterable[str]) -> None:
    """Keep these texts; those that are kept already stay as they are."""
    insert_new(session, [PackText(sha256=sha256(text), text=text) for text in contents])


def keep_edition(session: Session, digest: str, version_id: uuid.UUID, gone: Withdrawn, now: datetime) -> None:
    """Remember what a digest stands for, once: a version and what was withdrawn from it, in order."""
    withdrawn = sorted([kind.value, target] for kind, target in gone)
    insert_new(session, [PackEdition(digest=digest, version_id=version_id, withdrawn=withdrawn, kept_at=now)])


def insert_new(session: Session, rows: Sequence[SQLModel]) -> int:
    """Insert those of these rows of one table that are not there, and how many; two at the same moment make one row."""
    if not rows:
        return 0
    postgres = session.get_bind().dialect.name == "postgresql"
    insert = postgresql.insert if postgres else sqlite.insert
    values = [row.model_dump() for row in rows]
    return session.connection().execute(insert(type(rows[0])).on_conflict_do_nothing(), values).rowcount

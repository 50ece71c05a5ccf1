"""Data at rest: the secret that belongs to it, how far its audit log goes, whether it can be read, and by whom."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, select

from app.intake.people.tables import Person
from app.platform import audit
from app.platform.audit import AuditEntry
from app.platform.db import Database, metadata
from app.platform.kernel.errors import Conflict
from app.settings import Settings

_BACK = "Put back the one this service was started with, from where you keep it. If it is lost for good: mast db replace-secret"
_GONE = (
    "Someone who can write the database took it away, so do not trust its audit log before you have looked: mast audit verify. "
    "Then restore the last good backup elsewhere, or go on with the secret that is there: mast db replace-secret."
)


def _log() -> Any:
    """Imported with its first line: with rich it is a tenth of a second, and most verbs log nothing."""
    import structlog

    return structlog.get_logger(__name__)


def unlock(settings: Settings, database: Database, *, instead: bool = False) -> bool:
    """Give a migrated database the key that follows from the secret; every process does so before it writes.

    The first process makes the secret, and notes in the new database what only this secret can make. A database in use takes
    a key only where this secret shall be used `instead`.
    Raises Conflict where the note is gone or of another secret. Says whether the secret is new to this database.
    """
    if not sa.inspect(database.reader).has_table("audit_key"):
        return False
    with database.read() as session:
        if not settings.has_secret() and not instead and _holds_people(session):
            raise _locked(f"There is no secret in {settings.secret_at}, and this database was made with one.")
        new = audit.anchor(session).entries == 0 and not _holds_people(session)  # first: a faster process adds to it
        key = audit.key_of(settings.pepper())
        fits = audit.fits(session, key)
    if fits is None and not (new or instead):
        raise _locked(
            "The note of the secret this database was made with is gone: its table audit_key is empty.", _GONE
        )
    if not fits and (fits is None or instead):
        _adopt(settings, database, key, instead=instead, new=new)
    elif instead and not settings.audit_start.exists():
        with database.read() as session:
            note_starts(settings, [audit.anchor(session)])
    with database.read() as session:
        if not audit.fits(session, key):
            raise _another_secret(settings, audit.row_of_another_secret(session, key))
    database.audit_key = key
    return not fits


def _adopt(settings: Settings, database: Database, key: bytes, *, instead: bool, new: bool) -> None:
    with database.begin(request_id="secret") as uow:
        if audit.adopt(uow, key, instead=instead):
            before = [] if new else starts_noted(settings)  # of another database, which was thrown away
            note_starts(settings, [*before, audit.anchor(uow.session)])
            audit.record(uow, "replace_secret" if instead else "take_secret", "server", "secret")


def note_starts(settings: Settings, anchors: Iterable[audit.Anchor]) -> None:
    """Write down outside the database how far the log went each time it took a key."""
    path = settings.audit_start
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text("".join(f"{anchor}\n" for anchor in anchors))
    fresh.replace(path)


def _locked(what: str, hint: str = _BACK) -> Conflict:
    return Conflict(f"{what} No ticket, sign-in or token would work. Nothing was changed.", hint=hint)


def _another_secret(settings: Settings, row: int | None) -> Conflict:
    what = f"The secret in {settings.secret_at} is not the one this database was made with."
    if row is None:
        return _locked(what)
    return _locked(
        f"{what} It would be, without the row of table audit_key whose from_seq is {row}.",
        "If the secret was replaced at that entry, put the later one there. If it never was, someone else wrote the row: stop "
        f"every server, take row {row} out of the table audit_key, then run mast audit verify.",
    )


def _holds_people(session: Session) -> bool:
    return session.exec(select(Person.id).limit(1)).first() is not None


def verify(session: Session, key: bytes | None, anchors: Iterable[audit.Anchor] = ()) -> audit.Verification:
    """Walk the audit log. A key is noted with its first entries, and adding a person is written down: a log without the one
    or the other was emptied or written again."""
    if audit.starts_of(session) == () and audit.anchor(session).entries:
        return audit.Verification(0, 1, "The note of its key is gone: table audit_key is empty.")
    found = audit.verify(session, key, anchors)
    if found.broken_at is not None:
        return found
    if not found.entries and _holds_people(session):
        return replace(found, broken_at=1, detail="It is empty, though there are people in this database.")
    if unknown := _people_never_added(session):
        say = f"Entries from its beginning are missing: of {unknown} people in this database it does not say who added them."
        return replace(found, broken_at=1, detail=say)
    return found


def _people_never_added(session: Session) -> int:
    of_people = select(AuditEntry.object_id).where(AuditEntry.object_type == "person", AuditEntry.verb == "add")
    added = session.exec(of_people).all()
    return len({str(key) for key in session.exec(select(Person.id))}.difference(added))


def verify_here(settings: Settings, database: Database, anchors: Iterable[audit.Anchor]) -> audit.Verification:
    """Walk the log of this service, as its secret and the file beside it prove it. Changes nothing.

    Raises Conflict where the secret is not the one of this database, and where entries could be changed.
    """
    noted = [*anchors, *starts_noted(settings)]
    with database.read() as session:
        starts = audit.starts_of(session)
        if not settings.has_secret():
            raise _locked(f"There is no secret in {settings.secret_at}, and it alone proves the audit log.")
        key = None if starts is None else audit.key_of(settings.pepper())
        if key is not None and audit.fits(session, key) is False:
            raise _another_secret(settings, audit.row_of_another_secret(session, key))
        found = verify(session, key, noted)
        missing = audit.missing_triggers(session)
    if found.broken_at is None and starts and starts[0] > 1 and not any(one.starts for one in noted):
        return replace(found, broken_at=1, detail=_unproven(settings, starts[0]))
    if found.broken_at is None and missing:
        raise Conflict(
            f"{found.detail} But the database would let entries be changed: {' and '.join(missing)} is missing or turned off.",
            hint="Find out who did that; docs/operator.md says how to put it back.",
        )
    return found


def _unproven(settings: Settings, start: int) -> str:
    return (
        f"Entries 1 to {start - 1} are without a key, and there is no {settings.audit_start} to say that it began so. Put that "
        "file back from where you keep it. Only where there never was one: mast db replace-secret writes it."
    )


def starts_noted(settings: Settings) -> list[audit.Anchor]:
    """What the file beside the secret says: how far the log went each time it took a key."""
    return audit.anchors_in(settings.audit_start.read_text()) if settings.audit_start.exists() else []


def note_anchor(settings: Settings, database: Database) -> None:
    """Tell the server's log, and the file of anchors, how far the audit log goes: at start, every day, at the end."""
    try:
        with database.read() as session:
            anchor = str(audit.anchor(session))
        _log().info("audit_anchor", anchor=anchor)
        if settings.audit_anchor is not None:
            with settings.audit_anchor.open("a") as file:
                file.write(f"{database.clock().isoformat(timespec='seconds')} {anchor}\n")
    except (OSError, sa.exc.SQLAlchemyError) as error:  # the service goes on
        _log().error("audit_anchor_failed", error=type(error).__name__)


def begin(settings: Settings, database: Database) -> None:
    """What a server says of its data when it starts."""
    if open_to_others(settings.data_dir):
        _log().warning("data_folder_open_to_others", folder=str(settings.data_dir), hint="chmod -R go= on it")
    note_anchor(settings, database)


def touch_every_table(database: Database) -> None:
    """Read a row of every table of an SQLite database. Raises DatabaseError where one is damaged; `database` notes it."""
    if database.is_sqlite:
        rows = ", ".join(f"(SELECT rowid FROM {table} NOT INDEXED LIMIT 1)" for table in metadata.tables)  # noqa: S608
        with database.reader.connect() as connection:
            connection.exec_driver_sql(f"SELECT {rows}")


def look_for_damage(database: Database) -> None:
    """Read the whole of an SQLite database; what is wrong with it is then an alarm of this process."""
    if database.is_sqlite:
        with database.reader.connect() as connection:
            damage = damage_in(connection)
        if damage:
            database.damage = damage
            _log().error("database_damaged", said=damage)


def damage_in(connection: sa.Connection) -> str:
    """What is wrong with an SQLite database, and in which tables, as part of a sentence; empty where nothing is."""
    try:
        said = " ".join(connection.exec_driver_sql("PRAGMA integrity_check(1)").scalars().all())
        astray = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    except sa.exc.DatabaseError as error:
        said, astray = str(error.orig), None
    if said != "ok":
        return f"{' '.join(said.split())} (in {_broken_tables(connection)})"
    return f"row {astray[1]} of table {astray[0]} points to a row of {astray[2]} that is gone" if astray else ""


def _broken_tables(connection: sa.Connection) -> str:
    broken = []
    try:
        for table in sa.inspect(connection).get_table_names():
            try:
                said = connection.exec_driver_sql(f"PRAGMA quick_check('{table}')").scalars().all()
            except sa.exc.DatabaseError:
                said = []
            if said != ["ok"]:
                broken.append(table)
    except sa.exc.DatabaseError:
        return "the list of its tables"
    return f"table {', '.join(broken)}" if broken else "no table alone"


def open_to_others(folder: Path) -> bool:
    """Whether other accounts of this machine may look into the data folder."""
    return os.name != "nt" and folder.exists() and bool(folder.stat().st_mode & 0o077)

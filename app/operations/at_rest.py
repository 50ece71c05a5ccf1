"""Data at rest: the secret that belongs to it, how far its audit log goes, whether it can be read, and by whom."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import sqlalchemy as sa
import structlog
from sqlmodel import Session, select

from app.intake.people.tables import Person
from app.platform import audit
from app.platform.db import Database, metadata
from app.platform.kernel.errors import Conflict
from app.settings import Settings

_log = structlog.get_logger(__name__)
_BACK = "Put back the one this service was started with, from where you keep it. If it is lost for good: mast db replace-secret"


def unlock(settings: Settings, database: Database, *, instead: bool = False) -> bool:
    """Give a migrated database the key that follows from the secret; every process does so before it writes.

    The first one makes the secret, and notes in the database what only this secret can make. Raises Conflict where another
    secret belongs to it, unless it shall be used `instead`. Says whether the secret is new to this database.
    """
    if not sa.inspect(database.reader).has_table("audit_key"):
        return False
    with database.read() as session:
        if not settings.has_secret() and not instead and _holds_people(session):
            raise _locked(f"There is no secret in {settings.secret_at}, and this database was made with one.")
        key = audit.key_of(settings.pepper())
        fits = audit.fits(session, key)
    if not fits and (fits is None or instead):
        with database.begin(request_id="secret") as uow:
            if audit.adopt(uow, key, instead=instead):
                audit.record(uow, "replace_secret" if instead else "take_secret", "server", "secret")
    with database.read() as session:
        if not audit.fits(session, key):
            raise _locked(f"The secret in {settings.secret_at} is not the one this database was made with.")
    database.audit_key = key
    return not fits


def _locked(what: str) -> Conflict:
    return Conflict(f"{what} No ticket, sign-in or token would work. Nothing was changed.", hint=_BACK)


def _holds_people(session: Session) -> bool:
    return session.exec(select(Person.id).limit(1)).first() is not None


def verify(session: Session, key: bytes | None, anchors: Iterable[audit.Anchor] = ()) -> audit.Verification:
    """Walk the audit log. Adding an account is written down, so where there are people an empty log was emptied."""
    found = audit.verify(session, key, anchors)
    if not found.entries and found.broken_at is None and _holds_people(session):
        return audit.Verification(0, 1, "It is empty, though there are people in this database.")
    return found


def note_anchor(settings: Settings, database: Database) -> None:
    """Tell the server's log, and the file of anchors, how far the audit log goes: at start, every day, at the end."""
    try:
        with database.read() as session:
            anchor = str(audit.anchor(session))
        _log.info("audit_anchor", anchor=anchor)
        if settings.audit_anchor is not None:
            with settings.audit_anchor.open("a") as file:
                file.write(f"{database.clock().isoformat(timespec='seconds')} {anchor}\n")
    except (OSError, sa.exc.SQLAlchemyError) as error:  # the service goes on
        _log.error("audit_anchor_failed", error=type(error).__name__)


def begin(settings: Settings, database: Database) -> None:
    """What a server says of its data when it starts."""
    if open_to_others(settings.data_dir):
        _log.warning("data_folder_open_to_others", folder=str(settings.data_dir), hint="chmod -R go= on it")
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
            _log.error("database_damaged", said=damage)


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

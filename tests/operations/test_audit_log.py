"""The audit log is append-only on both databases, and whoever gets around that is found out."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
import sqlalchemy.exc

from app.platform import audit
from app.platform.audit import AuditEntry, verify
from app.platform.db import Database
from tests.support.staged import either_database

database = either_database  # both kinds matter here


def filled(database: Database, entries: int = 20) -> Database:
    for number in range(entries):
        with database.begin() as uow:
            audit.record(
                uow, "note", "thing", f"{number}", after={"number": number, "share": 0.1 + number, "words": "ä"}
            )
    return database


def unlocked(database: Database, *statements: str) -> None:
    """As somebody with the database file and no respect would do it."""
    drop = (
        ("DROP TRIGGER audit_entry_no_update", "DROP TRIGGER audit_entry_no_delete")
        if database.is_sqlite
        else ("ALTER TABLE audit_entry DISABLE TRIGGER ALL",)
    )
    with database.writer.begin() as connection:
        for statement in (*drop, *statements):
            connection.exec_driver_sql(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET verb = 'other' WHERE seq = 3",
        "UPDATE audit_entry SET seq = 100 WHERE seq = 3",
        "DELETE FROM audit_entry WHERE seq = 3",
        "DELETE FROM audit_entry",
    ],
)
def test_the_database_refuses_to_change_the_log(database: Database, statement: str) -> None:
    filled(database)
    with pytest.raises(sqlalchemy.exc.DBAPIError, match="append-only"), database.writer.begin() as connection:
        connection.exec_driver_sql(statement)
    with database.read() as session:
        assert verify(session).entries == 20


def test_sqlite_refuses_to_replace_an_entry(sqlite_url: str) -> None:
    database = filled(Database(sqlite_url))
    copied = "INSERT OR REPLACE INTO audit_entry SELECT * FROM audit_entry WHERE seq = 3"
    with pytest.raises(sqlalchemy.exc.DBAPIError, match="append-only"), database.writer.begin() as connection:
        connection.exec_driver_sql(copied)
    database.close()


@pytest.mark.postgres
def test_postgresql_refuses_to_empty_the_log(postgres_url: str) -> None:
    database = filled(Database(postgres_url))
    with pytest.raises(sqlalchemy.exc.DBAPIError, match="append-only"), database.writer.begin() as connection:
        connection.exec_driver_sql("TRUNCATE audit_entry")
    database.close()


@pytest.mark.parametrize(
    ("tampering", "broken_at"),
    [
        ("UPDATE audit_entry SET verb = 'other' WHERE seq = 7", 7),
        ("UPDATE audit_entry SET reason = 'a reason' WHERE seq = 1", 1),
        ("UPDATE audit_entry SET after = '{\"number\": 8}' WHERE seq = 8", 8),
        ("UPDATE audit_entry SET actor_id = 'somebody' WHERE seq = 20", 20),
        ("DELETE FROM audit_entry WHERE seq = 5", 5),
        ("DELETE FROM audit_entry WHERE seq = 1", 1),
        ("UPDATE audit_entry SET seq = 21 WHERE seq = 4", 4),
    ],
)
def test_tampering_is_found_and_named(database: Database, tampering: str, broken_at: int) -> None:
    unlocked(filled(database), tampering)
    with database.read() as session:
        found = verify(session)
    assert found.broken_at == broken_at
    assert str(broken_at) in found.detail


def test_entries_of_one_unit_of_work_stand_together_or_not_at_all(database: Database) -> None:
    filled(database, 2)

    def half_done() -> None:
        with database.begin() as uow:
            audit.record(uow, "note", "thing", "lost")
            uow.session.flush()
            raise RuntimeError("half done")

    with pytest.raises(RuntimeError):
        half_done()
    with database.begin() as uow:
        for number in range(3):
            audit.record(uow, "note", "thing", f"kept {number}")
    with database.read() as session:
        ids = list(session.execute(sa.select(AuditEntry.object_id).order_by(AuditEntry.seq)).scalars())
        assert verify(session).entries == 5
    assert ids == ["0", "1", "kept 0", "kept 1", "kept 2"]

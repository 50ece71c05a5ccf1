"""The audit log is append-only on both databases, and whoever gets around that is found out."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

import pytest
import sqlalchemy as sa
import sqlalchemy.exc
from sqlmodel import Session, col, select

from app.intake.people import service as people
from app.intake.people.tables import AgencyKind
from app.operations import at_rest
from app.platform import audit
from app.platform.audit import Anchor, AuditEntry, verify
from app.platform.audit.log import digest
from app.platform.db import Database
from app.platform.kernel.actor import Role
from app.platform.live import EventRow, publish
from tests.support.staged import either_database

database = either_database  # both kinds matter here
KEY = audit.key_of(b"the secret of the server under test")


def keyed(database: Database) -> Database:
    """As a server has it that has started with its secret."""
    with database.begin() as uow:
        audit.adopt(uow, KEY)
    database.audit_key = KEY
    return database


def filled(database: Database, entries: int = 20) -> Database:
    for number in range(entries):
        with database.begin() as uow:
            audit.record(
                uow, "note", "thing", f"{number}", after={"number": number, "share": 0.1 + number, "words": "ä"}
            )
    return database


def unlocked(database: Database, *statements: str) -> None:
    """As someone with the database file and no respect would do it."""
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
        assert verify(session, None).entries == 20


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
        ("UPDATE audit_entry SET actor_id = 'someone' WHERE seq = 20", 20),
        ("DELETE FROM audit_entry WHERE seq = 5", 5),
        ("DELETE FROM audit_entry WHERE seq = 1", 1),
        ("UPDATE audit_entry SET seq = 21 WHERE seq = 4", 4),
    ],
)
def test_tampering_is_found_and_named(database: Database, tampering: str, broken_at: int) -> None:
    unlocked(filled(keyed(database)), tampering)
    with database.read() as session:
        found = verify(session, KEY)
    assert found.broken_at == broken_at
    assert str(broken_at) in found.detail


def checked(database: Database, anchors: Iterable[Anchor] = (), key: bytes | None = KEY) -> audit.Verification:
    with database.read() as session:
        return at_rest.verify(session, key, anchors)


def written_anew(database: Database, first: int, key: bytes | None = None) -> None:
    """Entry `first` says something else, and every hash from there on is computed as if it had always done so."""
    unlocked(database)
    with Session(database.writer) as session:
        previous = ""
        for entry in session.exec(select(AuditEntry).where(col(AuditEntry.seq) >= first).order_by(col(AuditEntry.seq))):
            entry.verb = "other" if entry.seq == first else entry.verb
            entry.previous_hash = previous or entry.previous_hash
            entry.hash = previous = digest(entry, key)
        session.commit()


def test_attack_the_last_fifty_entries_deleted(database: Database) -> None:
    filled(keyed(database), 120)
    with database.read() as session:
        noted = audit.anchor(session)
    unlocked(database, "DELETE FROM audit_entry WHERE seq > 70")
    found = checked(database, audit.anchors_in(f"2026-07-01T12:00:00+00:00 {noted}\n"))
    assert found.broken_at == 71
    assert "120" in found.detail


def test_attack_every_entry_deleted_where_there_are_people(database: Database) -> None:
    keyed(database)
    with database.begin() as uow:
        agency = people.add_agency(uow, "Durham", AgencyKind.SERVICE)
        people.add_person(uow, agency.id, "anna", "Anna", "correct horse battery", [Role.ADMIN])
    assert checked(database).broken_at is None
    unlocked(database, "DELETE FROM audit_entry")
    assert checked(database).broken_at == 1
    filled(database, 1)
    assert checked(database).broken_at == 1, "an entry that came later does not make up for the others"
    with database.writer.begin() as connection:
        connection.exec_driver_sql("DELETE FROM audit_key")
    assert checked(database).broken_at == 1


def test_attack_entry_100_changed_and_every_hash_computed_anew(database: Database) -> None:
    filled(keyed(database), 120)
    written_anew(database, 100)
    assert checked(database).broken_at == 100


def test_attack_the_record_of_the_key_deleted_and_every_hash_computed_without_one(database: Database) -> None:
    filled(keyed(database), 20)
    written_anew(database, 1)
    with database.writer.begin() as connection:
        connection.exec_driver_sql("DELETE FROM audit_key")
    assert checked(database).broken_at == 1


def test_attack_what_came_before_the_key_rewritten_is_found_by_the_first_entry_with_it(database: Database) -> None:
    filled(keyed(filled(database, 10)), 10)
    assert checked(database).detail == (
        "20 entries, chain unbroken. Entries 1 to 10 are from before hashes were made with a key."
    )
    written_anew(database, 5)
    assert checked(database).broken_at == 11


def test_attack_a_key_made_up_so_that_old_entries_are_not_looked_at(database: Database) -> None:
    filled(keyed(filled(database, 10)), 10)
    unlocked(database, "UPDATE audit_entry SET verb = 'other' WHERE seq = 5")
    with database.writer.begin() as connection:
        connection.exec_driver_sql(f"INSERT INTO audit_key (from_seq, mac) VALUES (1, '{'a' * 64}')")
    assert checked(database).broken_at == 1


def test_an_entry_that_an_anchor_names_differently_is_found_whoever_holds_the_key(database: Database) -> None:
    filled(keyed(database), 20)
    with database.read() as session:
        noted = audit.anchor(session)
    filled(database, 5)
    assert checked(database, [noted]).broken_at is None
    written_anew(database, 12, KEY)
    assert (checked(database).broken_at, checked(database, [noted]).broken_at) == (None, 20)
    with database.read() as session:
        later = [entry.hash for entry in session.exec(select(AuditEntry).where(AuditEntry.seq == 20))]
    assert checked(database, [noted, Anchor(20, later[0])]).broken_at == 20, (
        "an earlier anchor is not outdone by a later"
    )


def test_after_another_secret_what_the_old_one_wrote_is_held_to_its_order_only(database: Database) -> None:
    filled(keyed(database), 5)
    other = audit.key_of(b"another secret of this server, later on")
    assert checked(database, key=other).broken_at == 1
    with database.begin() as uow:
        audit.adopt(uow, other, instead=True)
        audit.record(uow, "replace_secret", "server", "secret")
    found = checked(database, key=other)
    assert (found.entries, found.broken_at) == (6, None)
    assert "entries 1 to 5 only the order" in found.detail
    assert checked(database).broken_at == 1, "the old secret proves nothing any more"
    unlocked(database, "DELETE FROM audit_entry WHERE seq = 3")
    assert checked(database, key=other).broken_at == 3


def test_attack_a_later_key_than_the_one_that_was_noted_elsewhere(database: Database) -> None:
    filled(keyed(filled(database, 5)), 5)
    with database.read() as session:
        noted = audit.anchor(session)
    assert audit.anchors_in(f"{noted}; {noted}\n") == [noted, noted]
    assert checked(database, [noted]).broken_at is None
    found = checked(database, [Anchor(0, "0" * 64, (1,))])
    assert (found.broken_at, "from entry 1 on; the database says from entry 6" in found.detail) == (1, True)


def test_triggers_that_are_missing_or_off_are_named(database: Database) -> None:
    with database.read() as session:
        assert audit.missing_triggers(session) == []
    unlocked(database)
    with database.read() as session:
        missing = audit.missing_triggers(session)
    wanted = ["no_update", "no_delete"] if database.is_sqlite else ["no_change", "no_truncate"]
    assert missing == [f"audit_entry_{one}" for one in wanted]


def test_two_processes_that_start_together_take_one_key_once(database: Database) -> None:
    keyed(keyed(database))
    with database.begin() as uow:
        audit.adopt(uow, audit.key_of(b"a secret that came a moment too late"))
    with database.read() as session:
        assert audit.fits(session, KEY)


def asked_while_nobody_else_may(database: Database) -> list[str]:
    """The statements of a transaction from the one that takes its turn on."""
    asked: list[str] = []

    def heard(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    sa.event.listen(database.writer, "before_cursor_execute", heard)
    with database.begin() as uow:
        for number in range(2):
            audit.record(uow, "note", "thing", f"{number}", after={"number": number})
            publish(uow, "thing", "noted", payload={"number": number})
    sa.event.remove(database.writer, "before_cursor_execute", heard)
    return [one for one in asked if one != "BEGIN IMMEDIATE"]


def test_a_transaction_holds_others_up_for_two_statements(database: Database) -> None:
    """On SQLite it is three, because a statement writes one table there; nobody waits for them alone."""
    filled(keyed(database), 1)
    asked = asked_while_nobody_else_may(database)
    assert len(asked) == (3 if database.is_sqlite else 2), "\n".join(asked)
    with database.read() as session:
        assert [row.payload["number"] for row in session.exec(select(EventRow).order_by(col(EventRow.id)))] == [0, 1]
        assert verify(session, KEY).entries == 3


def test_entries_and_events_of_many_writers_stand_in_one_order(database: Database) -> None:
    keyed(database)

    def write(writer: int) -> None:
        for number in range(12):
            with database.begin() as uow:
                audit.record(uow, "note", "thing", f"{writer}.{number}")
                publish(uow, "thing", "noted", payload={"key": f"{writer}.{number}"})

    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(6)]
    for one in writers:
        one.start()
    for one in writers:
        one.join()
    with database.read() as session:
        noted = session.exec(select(AuditEntry.object_id).order_by(col(AuditEntry.seq))).all()
        told = session.exec(select(EventRow.payload).order_by(col(EventRow.id))).all()
        assert verify(session, KEY).entries == 72
    assert noted == [one["key"] for one in told]

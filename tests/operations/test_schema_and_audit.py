"""Migrations forth and back without losing a row, and an audit log nobody can change in silence (R7)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

import app.tables  # noqa: F401
from app.platform import audit
from app.platform.db import Database, metadata, migrate
from app.platform.kernel.actor import Actor, Role
from app.samples.tables import Sample
from tests.app.results.conftest import Lab

SAMPLES = 2_000
PER_SAMPLE = 4  # the sample, a consent, an expectation and a custody line: about 10^4 rows with the audit log


@pytest.fixture(params=["sqlite_url", pytest.param("postgres_url", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """Here both kinds matter."""
    found = Database(request.getfixturevalue(request.param))
    yield found
    found.close()


def counts(database: Database) -> dict[str, int]:
    with database.reader.connect() as connection:
        return {
            name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for name, table in metadata.tables.items()
        }


def fill(lab: Lab) -> None:
    """Many rows, quickly: one sample through the use case, copies of its rows beside it."""
    sample_id = lab.sample()
    with lab.runtime.db.begin(lab.actor(Role.RECEPTION)) as uow:
        row = uow.session.get(Sample, sample_id)
        assert row is not None
        values = row.model_dump(exclude={"id", "number", "ticket_hmac"})
        connection = uow.session.connection()
        copies = [Sample(**values, number=2 + n).model_dump() for n in range(SAMPLES)]
        connection.execute(sa.insert(Sample), copies)
        for n in range(SAMPLES // 10):
            audit.record(uow, "fill", "sample", copies[n]["id"])


@pytest.fixture
def lab(world: object) -> Lab:
    return Lab(world, world.session())  # type: ignore[attr-defined]


def test_the_tables_in_code_are_those_the_migrations_make(database: Database) -> None:
    migrate.check(database)
    has, needs = migrate.revisions(database)
    assert has == needs


def test_a_database_goes_back_to_nothing_and_forth_again(database: Database) -> None:
    migrate.downgrade(database, "base")
    with database.reader.connect() as connection:
        left = set(sa.inspect(connection).get_table_names()) - {"alembic_version"}
    assert not left
    migrate.upgrade(database)
    migrate.check(database)


def test_migrating_again_changes_no_row_and_keeps_foreign_keys(lab: Lab) -> None:
    fill(lab)
    database = lab.runtime.db
    before = counts(database)
    assert before["sample"] == SAMPLES + 1
    migrate.upgrade(database)
    assert counts(database) == before
    if database.is_sqlite:
        with database.writer.connect() as connection:
            assert not connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1


@pytest.mark.parametrize("statement", ["UPDATE audit_entry SET reason = 'x'", "DELETE FROM audit_entry"])
def test_the_database_itself_refuses_to_change_the_audit_log(database: Database, statement: str) -> None:
    with database.begin() as uow:
        audit.record(uow, "try", "thing", "1")
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), database.begin() as uow:
        uow.session.execute(sa.text(statement))


def test_tampering_behind_the_triggers_is_found_by_its_number(database: Database) -> None:
    for n in range(5):
        with database.begin(Actor(None, "somebody", frozenset(), None)) as uow:
            audit.record(uow, "do", "thing", str(n), after={"share": 0.1 + n, "words": "ä"}, reason="because")
    with database.read() as session:
        assert audit.verify(session).broken_at is None
    _behind_the_triggers(database, "UPDATE audit_entry SET reason = 'another' WHERE seq = 3")
    with database.read() as session:
        assert audit.verify(session).broken_at == 3
    _behind_the_triggers(database, "DELETE FROM audit_entry WHERE seq = 2")
    with database.read() as session:
        assert audit.verify(session).broken_at == 2


def _behind_the_triggers(database: Database, statement: str) -> None:
    with database.writer.begin() as connection:
        if database.is_sqlite:
            for name in ("audit_entry_no_update", "audit_entry_no_delete"):
                connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
        else:
            connection.exec_driver_sql("ALTER TABLE audit_entry DISABLE TRIGGER ALL")
        connection.exec_driver_sql(statement)


def _fail_half_way(database: Database) -> None:
    with database.begin() as uow:
        audit.record(uow, "lost", "thing", "2")
        raise RuntimeError


def test_audit_numbers_have_no_gap_when_a_change_fails(database: Database) -> None:
    with database.begin() as uow:
        audit.record(uow, "first", "thing", "1")
    with pytest.raises(RuntimeError):
        _fail_half_way(database)
    with database.begin() as uow:
        audit.record(uow, "second", "thing", "3")
    with database.read() as session:
        assert audit.verify(session) == audit.log.Verification(2, None, "2 entries, chain unbroken.")

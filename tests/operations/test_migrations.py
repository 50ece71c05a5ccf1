"""R7: migrating up, down and up again loses no row, leaves foreign keys whole and the code agreed.

With a hundred rows in an ordinary run, ten thousand by `make nightly`.
"""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel.sql.sqltypes import AutoString

from app.platform.db import Database, metadata, migrate
from app.platform.kernel.errors import Conflict
from tests.support.budget import size
from tests.support.next_migration import with_a_next_migration
from tests.support.staged import either_database
from tests.support.writes import Stage

database = either_database  # both kinds matter here

SAMPLES = size(25, 2500)


def clone(database: Database, table: str, count: int, **changes: Any) -> list[dict[str, Any]]:
    """Copies of one row of a table, each with what `changes` says about its number."""
    shape = metadata.tables[table]
    with database.writer.begin() as connection:
        row = dict(connection.execute(sa.select(shape).limit(1)).mappings().one())
        rows = [{**row, **{name: value(n) for name, value in changes.items()}} for n in range(count)]
        connection.execute(sa.insert(shape), rows)
    return rows


def fill(stage: Stage) -> None:
    database = stage.world.runtime.db
    stage.road.released()
    samples = clone(
        database, "sample", SAMPLES,
        id=lambda n: uuid.uuid4(), number=lambda n: 10_000 + n, ticket_hmac=lambda n: f"{n:064d}",
    )  # fmt: skip
    clone(database, "sample_expected", SAMPLES, sample_id=lambda n: samples[n]["id"])
    clone(database, "consent", SAMPLES, id=lambda n: uuid.uuid4(), sample_id=lambda n: samples[n]["id"])
    clone(database, "analysis", SAMPLES, id=lambda n: uuid.uuid4(), sample_id=lambda n: samples[n]["id"])


def contents(database: Database) -> dict[str, tuple[int, int]]:
    """Rows per table and a hash over all their keys and texts."""
    out = {}
    with database.reader.connect() as connection:
        for name, table in metadata.tables.items():
            columns = [c for c in table.columns if isinstance(c.type, sa.String | AutoString | sa.Uuid | sa.Integer)]
            rows = connection.execute(sa.select(*columns)).all()
            out[name] = len(rows), hash(frozenset(tuple(map(str, row)) for row in rows))
    return out


def broken_keys(database: Database) -> list[Any]:
    """Rows that point at nothing."""
    found: list[Any] = []
    with database.reader.connect() as connection:
        if database.is_sqlite:
            return list(connection.exec_driver_sql("PRAGMA foreign_key_check"))
        for table in metadata.tables.values():
            for key in table.foreign_keys:
                parent = key.column.table.alias()
                missing = sa.select(key.parent).outerjoin(parent, key.parent == parent.c[key.column.name])
                query = missing.where(key.parent.is_not(None), parent.c[key.column.name].is_(None)).limit(1)
                found += connection.execute(query).all()
    return found


def test_the_code_and_the_migrations_agree(database: Database) -> None:
    migrate.check(database)
    assert migrate.revisions(database) == (migrate.revisions(database)[1],) * 2


def test_a_migration_that_rebuilds_parents_keeps_every_child_up_and_down(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_a_next_migration(tmp_path, monkeypatch)
    database = stage.world.runtime.db
    fill(stage)
    before = contents(database)
    assert sum(count for count, _ in before.values()) > 4 * SAMPLES
    for step, target in ((migrate.upgrade, "head"), (migrate.downgrade, "-1"), (migrate.upgrade, "head")):
        step(database, target)
        assert contents(database) == before
        assert broken_keys(database) == []
        if database.is_sqlite:
            with database.writer.connect() as connection:
                assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    assert migrate.revisions(database)[0] == "0099"
    stage.road.register()


def checks(engine: sa.Engine | sa.Connection, schema: str | None = None) -> dict[str, dict[str, str]]:
    """What each table refuses by CHECK: name to condition, as the database tells it; words of a list in any order."""
    asked = sa.inspect(engine)

    def ordered(condition: str) -> str:
        words = iter(sorted(re.findall(r"'[^']*'", condition)))
        return " ".join(re.sub(r"'[^']*'", lambda _: next(words), condition).split())

    return {
        table: {str(one["name"]): ordered(one["sqltext"]) for one in asked.get_check_constraints(table, schema)}
        for table in sorted(metadata.tables)
        if asked.has_table(table, schema)
    }


def checks_of_the_code(database: Database) -> dict[str, dict[str, str]]:
    """The same for tables made without any migration, beside those of the test."""
    if database.is_sqlite:
        beside = sa.create_engine("sqlite://")
        metadata.create_all(beside)
        found = checks(beside)
        beside.dispose()
        return found
    with database.writer.connect() as connection:
        connection.execute(sa.schema.CreateSchema("beside"))
        metadata.create_all(connection.execution_options(schema_translate_map={None: "beside"}))
        found = checks(connection, "beside")
        connection.rollback()
        return found


def test_a_migrated_database_refuses_what_one_made_from_the_code_refuses(database: Database) -> None:
    """On SQLite a rebuilt table keeps only the CHECKs the rebuild knows of, and `alembic check` does not compare them."""
    expected = checks_of_the_code(database)
    assert sum(len(of_table) for of_table in expected.values()) > 30
    assert "instrument" in expected["person_role"]["ck_person_role_role"]
    assert checks(database.reader) == expected


def test_an_empty_database_goes_up_down_to_nothing_and_up_again(database: Database) -> None:
    migrate.downgrade(database, "base")
    assert set(sa.inspect(database.reader).get_table_names()) <= {"alembic_version"}
    migrate.upgrade(database)
    migrate.check(database)
    assert contents(database).keys() == metadata.tables.keys()


@pytest.mark.parametrize("revision", ["0001", "0038"])
def test_a_database_from_before_the_first_schema_is_refused_and_left_alone(database: Database, revision: str) -> None:
    with database.writer.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :to"), {"to": revision})
    before = contents(database)
    with pytest.raises(Conflict, match=f"at schema {revision}, .* Nothing was changed") as refused:
        migrate.upgrade(database)
    assert "commit d592a7bd" in refused.value.hint
    assert (contents(database), migrate.revisions(database)[0]) == (before, revision)

"""R7: migrating up, down and up again with ten thousand rows loses none, leaves foreign keys whole and the code agreed."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.platform.db import Database, metadata, migrate
from tests.support.staged import either_database
from tests.support.writes import Stage

database = either_database  # both kinds matter here

SAMPLES = 2500
FIRST = "0001"
# What a next migration may do to a parent table: on SQLite this rebuilds it under its children.
NEXT = '''
"""a column for the test"""
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = "test_next", "{head}", None, None
TABLES = ("agency", "person", "session", "sample", "analysis")


def upgrade() -> None:
    for table in TABLES:
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("for_the_test", sa.String(20), nullable=True))
            batch.create_check_constraint("test", sa.text("for_the_test <> 'never'"))


def downgrade() -> None:
    for table in TABLES:
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint(op.f(f"ck_{{table}}_test"), type_="check")
            batch.drop_column("for_the_test")
'''


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
            columns = [c for c in table.columns if isinstance(c.type, sa.String | sa.Uuid | sa.Integer)]
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


@pytest.fixture
def with_a_next_migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "alembic"
    shutil.copytree(migrate.script_folder(), folder, ignore=shutil.ignore_patterns("__pycache__"))
    head = migrate.ScriptDirectory(str(folder)).get_current_head()
    (folder / "versions" / "test_next.py").write_text(NEXT.format(head=head))
    monkeypatch.setattr(migrate, "script_folder", lambda: folder)


def test_the_code_and_the_migrations_agree(database: Database) -> None:
    migrate.check(database)
    assert migrate.revisions(database) == (migrate.revisions(database)[1],) * 2


def test_a_migration_that_rebuilds_parents_keeps_every_child_up_and_down(
    stage: Stage, with_a_next_migration: None
) -> None:
    database = stage.world.runtime.db
    fill(stage)
    before = contents(database)
    assert sum(count for count, _ in before.values()) > 10_000
    for step in (migrate.upgrade, migrate.downgrade, migrate.upgrade):
        target = FIRST if step is migrate.downgrade else "head"
        step(database, "-1" if target == FIRST else target)
        assert contents(database) == before
        assert broken_keys(database) == []
        if database.is_sqlite:
            with database.writer.connect() as connection:
                assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    assert migrate.revisions(database)[0] == "test_next"
    stage.road.register()


def test_every_migration_after_the_first_goes_one_step_back_and_up_again_without_loss(stage: Stage) -> None:
    database = stage.world.runtime.db
    script = migrate.ScriptDirectory(str(migrate.script_folder()))
    steps = [s for s in script.walk_revisions() if s.down_revision is not None]
    if not steps:
        assert migrate.revisions(database)[0] == FIRST
        return
    fill(stage)
    before = contents(database)
    for _ in steps:
        migrate.downgrade(database, "-1")
    migrate.upgrade(database)
    assert {t: c for t, (c, _) in contents(database).items()} == {t: c for t, (c, _) in before.items()}
    assert broken_keys(database) == []


def test_an_empty_database_goes_up_down_to_nothing_and_up_again(database: Database) -> None:
    migrate.downgrade(database, "base")
    assert set(sa.inspect(database.reader).get_table_names()) <= {"alembic_version"}
    migrate.upgrade(database)
    migrate.check(database)
    assert contents(database).keys() == metadata.tables.keys()

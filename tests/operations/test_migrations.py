"""R7: migrating up, down and up again with ten thousand rows loses none, leaves foreign keys whole and the code agreed."""

from __future__ import annotations

import re
import shutil
import uuid
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel.sql.sqltypes import AutoString

from app.intake.people import service as people
from app.platform.db import Database, metadata, migrate
from app.platform.kernel.actor import Role
from tests.app.conftest import World
from tests.support.road import ok
from tests.support.small_files import small_film
from tests.support.staged import either_database
from tests.support.writes import Stage

database = either_database  # both kinds matter here

SAMPLES = 2500
FIRST = "0001"
AGENCIES = ("own", "other")  # of the world, with a person of every role in each
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
    counts = {t: c for t, (c, _) in before.items()}
    counts["person_role"] -= 2 * len(AGENCIES)  # older servers know no clinicians and no computers of instruments
    counts["trend_test"] = 0  # nor what each method looked for
    counts["trend_change"] = 0  # nor which facts changed
    assert {t: c for t, (c, _) in contents(database).items()} == counts
    assert broken_keys(database) == []


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
    migrate.downgrade(database, FIRST)
    old = checks(database.reader)
    for table, widened in (("person_role", "ck_person_role_role"), ("result_version", "ck_result_version_outcome")):
        assert len(old[table][widened]) < len(expected[table][widened]), "an older server knows fewer words"
    same = [t for t in old if t not in ("person_role", "result_version")]
    assert {t: old[t] for t in same} == {t: expected[t] for t in same}
    assert old["result_version"].keys() == expected["result_version"].keys()
    assert "instrument" not in old["person_role"]["ck_person_role_role"]
    migrate.upgrade(database)
    assert checks(database.reader) == expected


def test_the_role_and_tokens_of_instruments_and_clinicians_go_where_a_server_does_not_know_them(world: World) -> None:
    database = world.runtime.db
    with database.begin(world.actors[Role.ADMIN]) as uow:
        for role in (Role.INSTRUMENT, Role.CLINICIAN, Role.CHEMIST):
            owner = world.actors[role].person_id
            people.issue_token(uow, role.value, [], 30, world.runtime.pepper, person_id=owner)
    migrate.downgrade(database, FIRST)
    with database.writer.connect() as connection:
        labels = connection.execute(sa.text("SELECT label FROM api_token")).scalars().all()
        roles = connection.execute(sa.text("SELECT DISTINCT role FROM person_role")).scalars().all()
        assert (labels, set(roles)) == (["chemist"], set(Role) - {Role.INSTRUMENT, Role.CLINICIAN})
        person = connection.execute(sa.text("SELECT person_id FROM person_role LIMIT 1")).scalar_one()
        with pytest.raises(sa.exc.IntegrityError, match="ck_person_role_role"):
            connection.execute(
                sa.text("INSERT INTO person_role (person_id, role) VALUES (:person, 'instrument')"), {"person": person}
            )
    migrate.upgrade(database)
    with database.begin(world.actors[Role.ADMIN]) as uow:
        uow.session.add(people.PersonRole(person_id=world.actors[Role.INSTRUMENT].person_id, role=Role.INSTRUMENT))


LATER_ROLES = {"person_role": len(AGENCIES)}  # clinicians, whom 0008 brings
NEW_IN_0003_AND_0004 = ("standard", "standard_replicate", "control", "calibration_curve", "quantification")


def test_standards_controls_and_curves_go_where_a_server_does_not_know_them(stage: Stage) -> None:
    database = stage.world.runtime.db
    stage.road.released()
    made = stage.standard(), stage.control(), stage.curve()
    analysis = stage.road.analysis(stage.road.register(), method="gc_ms")
    asked = {
        "analysis_id": analysis, "responses": [{"response": 420, "internal_standard": 500}],
        "preparation": {"mass_mg": 5, "volume_ml": 10},
    }  # fmt: skip
    ok(stage.client("chemist").post(f"/api/v1/quantification/curves/{made[2]}/quantify", json=asked))
    before = contents(database)
    assert all(before[table][0] for table in NEW_IN_0003_AND_0004)
    migrate.downgrade(database, "0002")
    migrate.upgrade(database)
    after = contents(database)
    assert [after[table][0] for table in NEW_IN_0003_AND_0004] == [0] * 5
    gone = (*NEW_IN_0003_AND_0004, "trend_test", "trend_change")
    assert {t: c for t, (c, _) in after.items() if t not in gone} == {
        t: c - LATER_ROLES.get(t, 0) for t, (c, _) in before.items() if t not in gone
    }
    assert broken_keys(database) == []
    stage.standard()


def test_infrared_standards_go_where_a_server_would_take_them_for_mass_spectra(stage: Stage) -> None:
    database, chemist = stage.world.runtime.db, stage.client("chemist")
    mass = stage.standard()
    url = "/api/v1/standards/uploads?filename=a.jdx&name=Testamine%20base&form=base"
    ok(chemist.post(url, content=small_film(), headers={"Content-Type": "application/octet-stream"}))
    migrate.downgrade(database, "0004")
    migrate.upgrade(database)
    assert [row["id"] for row in ok(chemist.get("/api/v1/standards"))["rows"]] == [mass]
    assert (contents(database)["standard_replicate"][0], broken_keys(database)) == (1, [])


def test_an_empty_database_goes_up_down_to_nothing_and_up_again(database: Database) -> None:
    migrate.downgrade(database, "base")
    assert set(sa.inspect(database.reader).get_table_names()) <= {"alembic_version"}
    migrate.upgrade(database)
    migrate.check(database)
    assert contents(database).keys() == metadata.tables.keys()

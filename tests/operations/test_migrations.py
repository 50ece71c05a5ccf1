"""R7: migrating up, down and up again loses no row, leaves foreign keys whole and the code agreed.

With a hundred rows in an ordinary run, ten thousand by `make nightly`.
"""

from __future__ import annotations

import re
import shutil
import uuid
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import select
from sqlmodel.sql.sqltypes import AutoString

from app.figures.history import service as history
from app.figures.history.service import sample_id_of
from app.figures.history.tables import HistoryImport, HistoryUpload
from app.intake.people import service as people
from app.platform.db import Database, metadata, migrate
from app.platform.kernel.actor import Role
from tests.app.conftest import World
from tests.support.budget import size
from tests.support.road import ok
from tests.support.small_files import small_film
from tests.support.staged import either_database
from tests.support.writes import WRITES, Stage, history_upload

database = either_database  # both kinds matter here

SAMPLES = size(25, 2500)
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
    assert sum(count for count, _ in before.values()) > 4 * SAMPLES
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


def everything(database: Database) -> dict[str, list[dict[str, str]]]:
    """Every row as the database holds it, whatever the code says of its table."""
    with database.reader.connect() as connection:
        return {
            table: [{k: str(v) for k, v in row.items()} for row in connection.execute(query).mappings()]
            for table in sa.inspect(connection).get_table_names()
            for query in [sa.text(f'SELECT * FROM "{table}"')]
        }


def moved(database: Database, step: str) -> set[str]:
    """Go one migration up or back; the tables that have other rows then, or say other things in the columns that stay."""
    before = everything(database)
    (migrate.upgrade if step.startswith("+") else migrate.downgrade)(database, step)
    after = everything(database)
    return {t for t in before.keys() & after.keys() - {"alembic_version"} if not same(before[t], after[t])}


def same(before: list[dict[str, str]], after: list[dict[str, str]]) -> bool:
    stay = sorted(before[0].keys() & after[0].keys()) if before and after else []
    was, now = (Counter(tuple(row[name] for name in stay) for row in rows) for rows in (before, after))
    return was == now


BACK = {"0008": {"person_role"}, "0002": {"person_role"}}  # older servers know no clinicians, no instruments' computers
UP: dict[str, set[str]] = {}


def test_every_migration_after_the_first_goes_one_step_back_and_up_again_without_loss(stage: Stage) -> None:
    database = stage.world.runtime.db
    script = migrate.ScriptDirectory(str(migrate.script_folder()))
    steps = [s.revision for s in script.walk_revisions() if s.down_revision is not None]
    fill(stage)
    before = contents(database)
    back = {revision: moved(database, "-1") for revision in steps}
    assert migrate.revisions(database)[0] == FIRST
    up = {revision: moved(database, "+1") for revision in reversed(steps)}
    assert {revision: tables for revision, tables in back.items() if tables} == BACK
    assert {revision: tables for revision, tables in up.items() if tables} == UP
    counts = {t: c for t, (c, _) in before.items()}
    counts["person_role"] -= 2 * len(AGENCIES)  # older servers know no clinicians and no computers of instruments
    counts["trend_test"] = 0  # nor what each method looked for
    counts["trend_change"] = 0  # nor which facts changed
    counts["sample_answer"] = 0  # nor what all readings of a sample say together
    counts["audit_key"] = 0  # nor a key of the audit log: `mast db upgrade` takes it again
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
    same = [t for t in old if t not in ("person_role", "result_version", "staff_session", "library", "library_import")]
    assert old["staff_session"] == {}
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
    gone = (*NEW_IN_0003_AND_0004, "trend_test", "trend_change", "audit_key", "sample_answer")
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


NEW_SINCE_0027 = (
    "sample_photo", "tablet", "leased_code", "offline_registration", "draft_edit", "editor_seen", "worksheet",
)  # fmt: skip
FILLS_THEM = (
    "/samples/{sample_id}/photo", "/sessions/{session_id}/offline-samples", "/bench/samples/{sample_id}/findings/choose",
    "/bench/samples/{sample_id}/here", "/bench/worksheet", "/sessions/{session_id}/wall-link",
)  # fmt: skip


def test_photos_tablets_edits_and_worksheets_go_and_leave_the_samples_they_were_of(stage: Stage) -> None:
    database = stage.world.runtime.db
    for url in FILLS_THEM:
        call = WRITES["POST", url](stage)
        answer = stage.client(call.role).request("POST", call.at(), **call.more)
        assert answer.status_code < 400, f"{url}: {answer.text}"
    before = contents(database)
    assert [table for table in NEW_SINCE_0027 if not before[table][0]] == []
    migrate.downgrade(database, "0027")
    migrate.upgrade(database)
    after = contents(database)
    assert [after[table][0] for table in NEW_SINCE_0027] == [0] * len(NEW_SINCE_0027)
    stay = before.keys() - {*NEW_SINCE_0027, "session", "sample_answer"}  # a wall that was open ends
    assert {table: after[table] for table in stay} == {table: before[table] for table in stay}
    assert (after["session"][0], broken_keys(database)) == (before["session"][0], [])
    stage.road.register()


def test_history_from_before_goes_to_the_agency_of_who_imported_a_source_first(stage: Stage) -> None:
    """What an administrator of any agency could take back until then (attack.md 2)."""
    world, database = stage.world, stage.world.runtime.db
    history_upload(stage, imported=True)
    migrate.downgrade(database, "0022")
    columns = [c for c in metadata.tables["history_import"].columns if c.name not in ("agency_id", "keyed_by")]
    imports, samples = sa.table("history_import", *(sa.column(c.name, c.type) for c in columns)), "trend_sample"
    admin, other = world.actors[Role.ADMIN].person_id, world.other_actors[Role.ADMIN].person_id
    later = {"Two towns": other, "Theirs": other, "Counted as theirs": None, "Of nobody": None}
    with database.writer.begin() as connection:
        first = dict(connection.execute(sa.select(imports)).mappings().one())
        assert first["imported_by"] == admin
        keys = {source: uuid.uuid4() for source in later}
        at = first["imported_at"] + timedelta(minutes=1)
        rows = [{**first, "id": keys[s], "source": s, "imported_by": by, "imported_at": at} for s, by in later.items()]
        connection.execute(sa.insert(imports), rows)
        connection.execute(sa.text("UPDATE history_upload SET agency_id = NULL"))
    counted = {"import_id": keys["Counted as theirs"], "agency_id": world.other_agency_id}
    clone(database, samples, 1, sample_id=lambda n: uuid.uuid4(), **{k: lambda n, v=v: v for k, v in counted.items()})
    migrate.upgrade(database)
    with database.read() as session:
        whose = {(row.source, row.agency_id) for row in session.exec(select(HistoryImport))}
        (upload,) = session.exec(select(HistoryUpload))
        keyed_by = session.exec(select(HistoryImport.keyed_by).distinct()).one()
    own, theirs = world.agency_id, world.other_agency_id
    assert whose == {("Two towns", own), ("Theirs", theirs), ("Counted as theirs", theirs), ("Of nobody", own)}
    assert upload.agency_id == own
    as_before = uuid.UUID("19a939b2-8de0-580a-959b-f46bb8af24ed")
    assert sample_id_of(keyed_by, "Two towns", "0001") == as_before, "or what was counted could not be taken back"
    assert broken_keys(database) == []


def test_history_imported_before_there_was_an_agency_is_kept(database: Database) -> None:
    migrate.downgrade(database, "0022")
    with database.writer.begin() as connection:
        names = (
            "id, source, licence, source_version, citation, map_text, files, digest, samples, changed, notes, additions"
        )
        values = ":id, 'Two towns', 'CC0', '', '', '', '[]', '', 0, 0, '[]', '[]', '2026-01-01 00:00:00', ''"
        insert = f"INSERT INTO history_import ({names}, imported_at, undone_reason) VALUES ({values})"
        connection.execute(sa.text(insert).bindparams(sa.bindparam("id", type_=sa.Uuid())), {"id": uuid.uuid4()})
    migrate.upgrade(database)
    with database.read() as session:
        owner = people.operator_for(session)
        assert [row.source for row in history.imports(session, owner)] == ["Two towns"]


def test_an_empty_database_goes_up_down_to_nothing_and_up_again(database: Database) -> None:
    migrate.downgrade(database, "base")
    assert set(sa.inspect(database.reader).get_table_names()) <= {"alembic_version"}
    migrate.upgrade(database)
    migrate.check(database)
    assert contents(database).keys() == metadata.tables.keys()

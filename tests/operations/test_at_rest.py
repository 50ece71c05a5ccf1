"""A damaged database raises an alarm, others of the machine look into nothing, and each start says how far the log goes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from app.main import attach, daily
from app.operations import at_rest
from app.platform.audit import anchor, anchors_in
from app.platform.kernel.actor import Role
from tests.app.conftest import World
from tests.operations.test_backup import damaged, sqlite_file
from tests.support import logs


def alarms(world: World, role: Role | None = None) -> str:
    client = world.as_(role) if role else world.anonymous()
    return " ".join(client.get("/ready").json()["alarms"])


@pytest.mark.parametrize("table", ["consent", "job"])
def test_attack_a_server_with_a_damaged_table_is_not_ready(world: World, table: str) -> None:
    damaged(sqlite_file(world.runtime.db), table)
    world.runtime.db.close()  # what is in memory hides it
    got = world.anonymous().get("/ready")
    assert (got.status_code, got.json()["ready"]) == (503, False)
    assert "damaged" in got.json()["reasons"][0]


def test_damage_that_a_request_met_is_an_alarm(world: World) -> None:
    database = world.runtime.db
    damaged(sqlite_file(database), "ix_audit_entry_object_id")
    database.close()
    assert alarms(world) == ""
    with pytest.raises(sa.exc.DatabaseError), database.reader.connect() as connection:
        connection.exec_driver_sql("SELECT * FROM audit_entry WHERE object_id = 'x'")
    assert "damaged" in alarms(world)
    assert world.anonymous().get("/ready").status_code == 200


def test_damage_that_no_request_meets_is_found_once_a_day(world: World) -> None:
    damaged(sqlite_file(world.runtime.db), "ix_audit_entry_object_id")
    world.runtime.db.close()
    for job in daily(world.runtime.settings):
        job(world.runtime.db)
    assert "table audit_entry" in world.runtime.db.damage
    assert "damaged" in alarms(world)


def test_a_data_folder_that_others_can_read_is_an_alarm_for_staff(world: World) -> None:
    folder = world.runtime.settings.data_dir
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    with logs.captured() as logged:
        at_rest.begin(world.runtime.settings, world.runtime.db)
    assert "data_folder_open_to_others" in logged()
    assert str(folder) in alarms(world, Role.RECEPTION)
    assert alarms(world) == ""
    folder.chmod(0o700)
    assert alarms(world, Role.RECEPTION) == ""


def test_how_far_the_log_goes_is_told_at_the_start_every_day_and_at_the_end(world: World, tmp_path: Path) -> None:
    noted = tmp_path / "anchors"
    settings = world.runtime.settings.model_copy(update={"audit_anchor": noted})
    attach(world.app, replace(world.runtime, settings=settings))
    with logs.captured() as logged:
        with TestClient(world.app, base_url="https://testserver"):
            assert len(noted.read_text().splitlines()) == 1
            for job in daily(settings):
                job(world.runtime.db)
        with world.runtime.read() as session:
            now = anchor(session)
    assert anchors_in(noted.read_text()) == [now] * 3
    assert anchors_in(logged()) == [now] * 3
    assert noted.read_text().startswith("2026-")


def test_a_file_of_anchors_that_cannot_be_written_stops_nothing(world: World, tmp_path: Path) -> None:
    settings = world.runtime.settings.model_copy(update={"audit_anchor": tmp_path / "not there" / "anchors"})
    with logs.captured() as logged:
        at_rest.note_anchor(settings, world.runtime.db)
    assert "audit_anchor_failed" in logged()

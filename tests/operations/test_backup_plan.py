"""Backups that make themselves: what stays and what goes, sealed for a key, and a trial of the restore that says what would be lost."""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyrage
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from app.operations import backup as backups
from app.operations import backup_plan as plan
from app.platform.db import Database, metadata
from app.platform.kernel.errors import Conflict, Invalid
from app.settings import Settings
from tests.app.conftest import PEPPER
from tests.support import postgres
from tests.support.clock import NOON
from tests.support.requirements import absent
from tests.support.staged import either_database, keyed_database, logged_stage
from tests.support.writes import Stage

either = either_database
database = keyed_database
stage = logged_stage
ALL = plan.Keep()


def test_lengths_of_time_as_people_write_them_and_what_is_none_is_refused_with_an_example() -> None:
    assert plan.duration("90s") == timedelta(seconds=90)
    assert plan.keep_of("24h,30d") == plan.Keep(timedelta(hours=24), timedelta(days=30))
    assert plan.keep_of("4w") == plan.Keep(timedelta(weeks=4))
    assert plan.keep_of("") == ALL
    for text in ("", "15", "m", "0m", "-5m", "15 m", "1.5h", "15x", "9999999m"):
        with pytest.raises(Invalid, match="15m or 30d"):
            plan.duration(text)


def test_all_of_a_day_and_then_the_last_of_each_day_stay() -> None:
    made = [NOON - timedelta(hours=6 * k) for k in range(20)]
    there = {f"b{k}": at for k, at in enumerate(made)}
    gone = plan.expired(there, plan.Keep(timedelta(hours=12), timedelta(days=3)), NOON)
    kept = {there[name] for name in there if name not in gone}
    assert {at for at in made if NOON - at <= timedelta(hours=12)} <= kept
    for day in {at.date() for at in made if timedelta(hours=12) < NOON - at <= timedelta(days=3)}:
        assert max(at for at in made if at.date() == day) in kept
    assert not [at for at in kept if NOON - at > timedelta(days=3)]


@given(st.lists(st.integers(0, 10**7), min_size=1, unique=True), st.integers(1, 10**6), st.integers(0, 10**6))
def test_the_newest_always_stays_and_a_second_look_takes_nothing_more(ages: list[int], all_of: int, daily: int) -> None:
    there = {f"b{age}": NOON - timedelta(seconds=age) for age in ages}
    keep = plan.Keep(timedelta(seconds=all_of), timedelta(seconds=daily))
    gone = plan.expired(there, keep, NOON)
    assert f"b{min(ages)}" not in gone
    left = {name: at for name, at in there.items() if name not in gone}
    assert plan.expired(left, keep, NOON) == []
    assert plan.expired(there, ALL, NOON) == []


@pytest.fixture
def running(stage: Stage) -> Settings:
    """Of the running service."""
    found = stage.world.runtime.settings
    return Settings(data_dir=found.data_dir, database_url=stage.world.runtime.db.url, secret=SecretStr(PEPPER))


@pytest.fixture
def scratch(request: pytest.FixtureRequest, stage: Stage) -> Iterator[str]:
    """An empty database for a trial, "" where none is needed."""
    if stage.world.runtime.db.is_sqlite:
        yield ""
        return
    if shutil.which("pg_dump") is None:
        absent("postgres", "pg_dump is not installed")
    with postgres.fresh_database(request.getfixturevalue("postgres_server_url"), "template0") as url:
        yield url


@pytest.fixture
def key(tmp_path: Path) -> tuple[str, Path]:
    """A public key, and the file with the one that opens what was sealed for it."""
    identity = pyrage.x25519.Identity.generate()
    file = tmp_path / "key.txt"
    file.write_text(f"# of the service\n{identity}\n")
    return str(identity.to_public()), file


def test_what_is_not_installed_is_named_by_a_command_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyrage", None)
    with pytest.raises(Invalid, match="one more package") as refused:
        plan.check_key("age1abc")
    assert refused.value.hint == f"Install it where MAST is: {sys.executable} -m pip install pyrage"


def some_work(stage: Stage, samples: int = 2) -> None:
    for number in range(samples):
        sample = stage.road.register(staff_note=f"note {number}")
        stage.road.upload(stage.road.analysis(sample), b"bytes of file %d" % number, "a.csv")


def test_a_sealed_backup_made_under_load_holds_all_that_was_acknowledged_before_it_began(
    stage: Stage, running: Settings, scratch: str, key: tuple[str, Path], tmp_path: Path
) -> None:
    recipient, identity = key
    stop, acknowledged = threading.Event(), list[str]()

    def work() -> None:
        while not stop.is_set():
            acknowledged.append(stage.road.register())

    worker = threading.Thread(target=work)
    worker.start()
    while len(acknowledged) < 3:
        stop.wait(0.01)
    before = list(acknowledged)
    path, _, _ = plan.make(running, stage.world.runtime.db, tmp_path / "to", NOON, ALL, recipient)
    stop.set()
    worker.join()
    some_work(stage, 1)
    assert path.name == f"mast-{NOON.astimezone(UTC):%Y%m%dT%H%M%SZ}.tar.age"
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    assert b"audit_entry" not in path.read_bytes()
    assert not list(running.data_dir.glob("backup-*")), "nothing is left in the clear"

    found = plan.drill(running, tmp_path / "to", NOON, identity=identity, scratch=scratch)
    assert found["restored"]
    assert found["since"] is not None
    assert found["since"]["sample"] >= 1
    said = plan.drill_words(found)
    assert "restores" in said
    assert f"{found['since']['sample']:,} samples" in said

    with plan.opened(running, path, identity) as folder:
        place = Settings(data_dir=tmp_path / "again", database_url=_fresh(scratch), secret=SecretStr(PEPPER))
        backups.restore(place, folder)
    restored = Database(place.database_url)
    with restored.read() as session:
        there = {str(one) for one in session.scalars(sa.select(metadata.tables["sample"].c.id))}
    restored.close()
    assert set(before) <= there


def _fresh(scratch: str) -> str:
    """The scratch database, emptied after the trial."""
    if scratch:
        engine = sa.create_engine(scratch)
        with engine.begin() as connection:
            connection.execute(sa.text("DROP SCHEMA public CASCADE"))
            connection.execute(sa.text("CREATE SCHEMA public"))
        engine.dispose()
    return scratch


def test_a_wrong_key_a_missing_one_damage_and_age_are_each_refused_with_a_sentence(
    stage: Stage, running: Settings, key: tuple[str, Path], tmp_path: Path
) -> None:
    recipient, identity = key
    some_work(stage)
    path, _, _ = plan.make(running, stage.world.runtime.db, tmp_path / "to", NOON, ALL, recipient)
    other = tmp_path / "other.txt"
    other.write_text(str(pyrage.x25519.Identity.generate()))
    with pytest.raises(Invalid, match="sealed for another key"):
        plan.drill(running, path, NOON, identity=other)
    other.write_text("hello")
    with pytest.raises(Invalid, match="holds no key of age"):
        plan.drill(running, path, NOON, identity=other)
    with pytest.raises(Conflict, match="is sealed"):
        plan.drill(running, path, NOON)
    with pytest.raises(Invalid, match="longer ago than it may be"):
        plan.drill(running, path, NOON + timedelta(hours=2), identity=identity, oldest=timedelta(hours=1))
    sealed = path.read_bytes()
    for damaged in (sealed[:-3] + bytes([sealed[-3] ^ 1]) + sealed[-2:], sealed[: len(sealed) // 2], b"", b"hello"):
        path.write_bytes(damaged)
        with pytest.raises(Invalid, match="is damaged"):
            plan.drill(running, path, NOON, identity=identity)
    assert not list(running.data_dir.glob("backup-*"))


def test_a_trial_of_postgresql_without_a_scratch_database_reads_the_dump_to_its_end(
    stage: Stage, running: Settings, tmp_path: Path
) -> None:
    some_work(stage)
    plan.make(running, stage.world.runtime.db, tmp_path / "to", NOON, ALL)
    found = plan.drill(running, tmp_path / "to", NOON)
    assert found["restored"] is stage.world.runtime.db.is_sqlite
    assert found["since"] == {}
    assert "Nothing was written since." in plan.drill_words(found)


def test_old_ones_go_only_after_the_new_one_is_there_and_nothing_else_is_touched(
    stage: Stage, running: Settings, tmp_path: Path
) -> None:
    to, keep = tmp_path / "to", plan.Keep(timedelta(hours=1))
    for hours in (0, 3):
        path, _, gone = plan.make(running, stage.world.runtime.db, to, NOON + timedelta(hours=hours), keep)
        (to / "mast-notes.txt").touch()
        (to / "20200101").mkdir(exist_ok=True)
    assert gone == [f"mast-{NOON.astimezone(UTC):%Y%m%dT%H%M%SZ}"]
    assert sorted(one.name for one in to.iterdir()) == sorted(["20200101", "mast-notes.txt", path.name])


def test_what_is_no_public_key_is_refused_before_anything_is_written(sqlite_database: Database, tmp_path: Path) -> None:
    for recipient in ("age1abc", "AGE-SECRET-KEY-1N", "ssh-ed25519 AAAA"):
        with pytest.raises(Invalid, match="no public key of age"):
            plan.make(Settings(data_dir=tmp_path), sqlite_database, tmp_path / "to", NOON, ALL, recipient)
    assert not list((tmp_path / "to").iterdir())


def test_a_folder_without_a_backup_and_one_that_is_not_there_are_said(running: Settings, tmp_path: Path) -> None:
    for where in (tmp_path / "nothing", tmp_path):
        with pytest.raises(Invalid, match="Nothing was restored"):
            plan.newest_in(where)
    (tmp_path / "mast-20260101T000000Z").mkdir()
    (tmp_path / "mast-20260102T000000Z.tar.age").touch()
    (tmp_path / "mast-20260103T000000Z.tar.age.part").touch()
    assert plan.newest_in(tmp_path).name == "mast-20260102T000000Z.tar.age"
    assert next(iter(plan.backups_in(tmp_path).values())) == datetime(2026, 1, 1, tzinfo=UTC)

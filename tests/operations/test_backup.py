"""R8: a backup made while people work, restored elsewhere, agrees with itself; a damaged one is refused."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.operations import backup as backups
from app.platform.audit import adopt, anchors_in, key_of, record, verify
from app.platform.db import Database, metadata
from app.platform.db.migrate import upgrade
from app.platform.kernel.errors import Conflict, Invalid, Unavailable
from app.platform.storage import BlobStore
from app.settings import Settings
from tests.app.conftest import PEPPER
from tests.support import postgres
from tests.support.clock import NOON
from tests.support.requirements import absent
from tests.support.staged import either_database, keyed_database, logged_stage
from tests.support.writes import Stage

either = either_database  # both kinds matter here
database = keyed_database
stage = logged_stage


@pytest.fixture
def elsewhere(request: pytest.FixtureRequest, stage: Stage, tmp_path: Path) -> Iterator[Settings]:
    """Another machine: an empty data directory, and an empty database of the same kind."""
    if stage.world.runtime.db.is_sqlite:
        yield Settings(data_dir=tmp_path / "elsewhere", secret=PEPPER)
        return
    if shutil.which("pg_dump") is None:
        absent("postgres", "pg_dump is not installed")
    with postgres.fresh_database(request.getfixturevalue("postgres_server_url"), "template0") as url:
        yield Settings(data_dir=tmp_path / "elsewhere", database_url=url, secret=PEPPER)


def make(stage: Stage, target: Path) -> backups.Manifest:
    return backups.backup(stage.world.runtime.settings, stage.world.runtime.db, target, NOON)


def some_work(stage: Stage) -> None:
    for number in range(3):
        sample = stage.road.register(staff_note=f"note {number}")
        stage.road.upload(stage.road.analysis(sample), b"bytes of file %d" % number, "a.csv")
    stage.road.released()


def test_a_backup_made_while_four_people_write_restores_to_the_state_it_counted(
    stage: Stage, elsewhere: Settings, tmp_path: Path
) -> None:
    some_work(stage)
    stop, failures, written = threading.Event(), list[Exception](), [0] * 4

    def work_on(who: int) -> None:
        try:
            while not stop.is_set():
                sample = stage.road.register()
                stage.road.upload(stage.road.analysis(sample), b"file %d of %d" % (written[who], who), "b.csv")
                written[who] += 1
        except Exception as error:  # reported by the test
            failures.append(error)

    def until_each_wrote_after(before: list[int]) -> None:
        while not failures and any(now <= then for now, then in zip(written, before, strict=True)):
            stop.wait(0.01)

    workers = [threading.Thread(target=work_on, args=(who,)) for who in range(4)]
    for worker in workers:
        worker.start()
    until_each_wrote_after([0] * 4)
    manifest = make(stage, tmp_path / "backup")
    during = list(written)
    until_each_wrote_after(during)
    stop.set()
    for worker in workers:
        worker.join()
    assert failures == []

    answer = backups.restore(elsewhere, tmp_path / "backup")
    assert answer["rows"] == manifest["rows"]
    assert 4 + 4 <= answer["rows"]["sample"] <= 4 + sum(during) + 4
    restored = Database(elsewhere.database_url)
    with restored.read() as session:
        chain = verify(session, stage.world.runtime.db.audit_key, anchors_in(manifest["audit"]))
        files = list(session.execute(sa.select(metadata.tables["upload"].c.blob_sha256)).scalars())
    restored.close()
    assert (chain.broken_at, chain.entries) == (None, answer["rows"]["audit_entry"])
    assert manifest["audit"].startswith(f"{chain.entries}:")
    store = BlobStore(elsewhere.blob_dir, max_bytes=1)
    assert files, "there must be files to look for"
    for sha256 in files:
        assert hashlib.sha256(store.path(sha256).read_bytes()).hexdigest() == sha256


def test_the_backup_does_not_hold_the_secret(stage: Stage, tmp_path: Path) -> None:
    some_work(stage)
    settings = stage.world.runtime.settings
    (settings.data_dir / "secret").write_text("the secret of this server")
    make(stage, tmp_path / "backup")
    found = [p for p in (tmp_path / "backup").rglob("*") if p.is_file() and b"the secret of this" in p.read_bytes()]
    assert found == []


def test_a_backup_never_overwrites(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "backup").mkdir()
    with pytest.raises(Conflict, match="already exists"):
        make(stage, tmp_path / "backup")


@pytest.mark.parametrize("damage", ["database", "file", "missing file", "library", "missing library", "manifest"])
def test_a_damaged_backup_is_refused_and_nothing_is_restored(
    stage: Stage, elsewhere: Settings, tmp_path: Path, damage: str
) -> None:
    some_work(stage)
    library = stage.world.runtime.settings.data_dir / "libraries" / "one" / "first.npy"
    library.parent.mkdir(parents=True)
    library.write_bytes(b"spectra")
    manifest = make(stage, tmp_path / "backup")
    kept = tmp_path / "backup" / "libraries" / "one" / "first.npy"
    raw = next(p for p in (tmp_path / "backup" / "blobs").rglob("*") if p.is_file())
    raw.chmod(0o644)
    if damage == "database":
        file = tmp_path / "backup" / str(manifest["database"])
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    elif damage == "file":
        raw.write_bytes(raw.read_bytes() + b"x")
    elif damage == "missing file":
        raw.unlink()
    elif damage == "library":
        kept.write_bytes(b"spectre")
    elif damage == "missing library":
        kept.unlink()
    else:
        (tmp_path / "backup" / "backup.json").unlink()
    with pytest.raises(Invalid):
        backups.restore(elsewhere, tmp_path / "backup")
    assert not elsewhere.blob_dir.exists()
    database = Database(elsewhere.database_url)
    assert sa.inspect(database.reader).get_table_names() == []
    database.close()


def test_attack_raw_files_that_were_damaged_or_lost_before_the_backup_are_named_and_the_rest_is_kept(
    stage: Stage, elsewhere: Settings, tmp_path: Path
) -> None:
    some_work(stage)
    blobs = stage.world.runtime.settings.blob_dir
    damaged, lost, *_ = sorted(p for p in blobs.rglob("*") if p.is_file() and len(p.name) == 64)
    damaged.chmod(0o644)
    damaged.write_bytes(b"something else")
    lost.unlink()
    assert make(stage, tmp_path / "backup").get("not_whole") == sorted([damaged.name, lost.name])
    assert backups.restore(elsewhere, tmp_path / "backup")["rows"]


def test_a_restore_never_goes_over_something(stage: Stage, elsewhere: Settings, tmp_path: Path) -> None:
    some_work(stage)
    make(stage, tmp_path / "backup")
    database = Database(elsewhere.database_url)
    upgrade(database)
    database.close()
    with pytest.raises(Conflict, match="nothing was changed"):
        backups.restore(elsewhere, tmp_path / "backup")
    assert not elsewhere.blob_dir.exists()
    with pytest.raises(Conflict, match="nothing was changed"):
        backups.restore(stage.world.runtime.settings, tmp_path / "backup")


def damaged(path: Path, table: str) -> Path:
    """The first page of a table is noise, as after a bad sector: the file still opens and most of it reads."""
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = file.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        (size,) = file.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as raw:
        raw.seek((page - 1) * size)
        raw.write(b"\xa5" * size)
    return path


def sqlite_file(database: Database) -> Path:
    return Path(sa.engine.make_url(database.url).database or "")


def test_attack_a_damaged_file_is_not_backed_up_as_good(sqlite_database: Database, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", database_url=sqlite_database.url)
    damaged(sqlite_file(sqlite_database), "consent")
    before = sqlite_file(sqlite_database).read_bytes()
    with pytest.raises(Invalid, match="table consent") as refused:
        backups.backup(settings, sqlite_database, tmp_path / "backup", NOON)
    assert "running data is as it was" in str(refused.value)
    assert refused.value.hint
    assert sqlite_file(sqlite_database).read_bytes() == before
    assert list(tmp_path.glob("backup*")) == []


def test_a_row_that_points_to_nothing_is_not_backed_up_as_good(sqlite_database: Database, tmp_path: Path) -> None:
    with sqlite_database.writer.connect() as connection:
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[union-attr]
        connection.exec_driver_sql("INSERT INTO person_role (person_id, role) VALUES ('gone', 'chemist')")
        connection.commit()
    settings = Settings(data_dir=tmp_path / "data", database_url=sqlite_database.url)
    with pytest.raises(Invalid, match="of table person_role points to a row of person that is gone"):
        backups.backup(settings, sqlite_database, tmp_path / "backup", NOON)


def resealed(backup: Path) -> None:
    """The manifest names the hash of the file as it is now: damage from before the backup was finished."""
    manifest = json.loads((backup / "backup.json").read_text())
    manifest["database_sha256"] = hashlib.sha256((backup / manifest["database"]).read_bytes()).hexdigest()
    (backup / "backup.json").write_text(json.dumps(manifest))


def test_attack_a_damaged_file_in_a_backup_is_not_restored_as_good(sqlite_database: Database, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", database_url=sqlite_database.url)
    backups.backup(settings, sqlite_database, tmp_path / "backup", NOON)
    damaged(tmp_path / "backup" / "database.sqlite3", "consent")
    resealed(tmp_path / "backup")
    with pytest.raises(Invalid, match=r"table consent.*Nothing was restored"):
        backups.restore(Settings(data_dir=tmp_path / "elsewhere"), tmp_path / "backup")
    assert not (tmp_path / "elsewhere").exists()


def test_a_backup_without_the_last_entries_of_its_audit_log_is_refused(
    stage: Stage, elsewhere: Settings, tmp_path: Path
) -> None:
    """Its manifest says how far the log went; whoever cut it counted the rows anew."""
    some_work(stage)
    manifest = make(stage, tmp_path / "backup")
    file = tmp_path / "backup" / "backup.json"
    entries, _, hash_ = manifest["audit"].partition(":")
    file.write_text(json.dumps({**manifest, "audit": f"{int(entries) + 3}:{hash_}"}))
    with pytest.raises(Invalid, match=f"ends at entry {entries}"):
        backups.restore(elsewhere, tmp_path / "backup")


@pytest.mark.postgres
def test_a_dump_with_a_row_that_points_to_nothing_is_not_restored(
    postgres_url: str, postgres_server_url: str, tmp_path: Path
) -> None:
    if shutil.which("pg_dump") is None:
        absent("postgres", "pg_dump is not installed")
    with closing(Database(postgres_url)) as database:
        with database.writer.begin() as connection:
            connection.exec_driver_sql("SET session_replication_role = replica")
            key = "00000000-0000-0000-0000-000000000001"
            connection.exec_driver_sql(f"INSERT INTO person_role (person_id, role) VALUES ('{key}', 'chemist')")
        backups.backup(
            Settings(data_dir=tmp_path / "a", database_url=postgres_url), database, tmp_path / "backup", NOON
        )
    with postgres.fresh_database(postgres_server_url, "template0") as url:
        with pytest.raises(Unavailable, match=r"fk_person_role_person_id_person.*Nothing was changed"):
            backups.restore(Settings(data_dir=tmp_path / "elsewhere", database_url=url), tmp_path / "backup")
        with closing(Database(url)) as database:
            assert sa.inspect(database.reader).get_table_names() == []


def test_what_is_restored_is_for_this_account_alone_whatever_the_modes_of_the_backup(
    stage: Stage, elsewhere: Settings, tmp_path: Path
) -> None:
    """As after a stick or an archive."""
    some_work(stage)
    make(stage, tmp_path / "backup")
    for path in (tmp_path / "backup").rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    backups.restore(elsewhere, tmp_path / "backup")
    restored = list(elsewhere.blob_dir.rglob("*"))
    assert restored
    assert [path for path in (elsewhere.blob_dir, *restored) if path.stat().st_mode & 0o077] == []


def test_a_restore_says_when_the_secret_is_missing_or_of_another_service(
    sqlite_database: Database, tmp_path: Path
) -> None:
    right, wrong = "right" * 8, "wrong" * 8
    with sqlite_database.begin() as uow:
        adopt(uow, key_of(right.encode()))
        record(uow, "note", "thing", "1")
    backups.backup(Settings(data_dir=tmp_path / "a"), sqlite_database, tmp_path / "backup", NOON)
    said = {
        secret: backups.restore(Settings(data_dir=tmp_path / f"to {secret}", secret=secret), tmp_path / "backup")
        for secret in (right, wrong, "")
    }
    assert said[right]["secret"] == ""
    assert "is not the one of this backup" in said[wrong]["secret"]
    assert "put the one of this backup into" in said[""]["secret"]
    assert "only the order was checked" in said[""]["audit"]
    assert not (tmp_path / "to " / "secret").exists(), "none is made in its place"


def test_a_database_of_an_older_version_is_backed_up_and_restored(sqlite_database: Database, tmp_path: Path) -> None:
    """With the new program, before `mast db upgrade`, as the operator is told to."""
    with sqlite_database.begin() as uow:
        record(uow, "note", "thing", "1")
    with sqlite_database.writer.begin() as connection:  # as it was before there was a key of the audit log
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0022'"))
        connection.execute(sa.text("DROP TABLE audit_key"))
    backups.backup(Settings(data_dir=tmp_path / "a"), sqlite_database, tmp_path / "backup", NOON)
    answer = backups.restore(Settings(data_dir=tmp_path / "b", secret="s" * 32), tmp_path / "backup")
    assert "audit_key" not in answer["rows"]
    assert answer["audit"] == "1 entries, chain unbroken."

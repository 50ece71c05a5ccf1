"""R8: a backup made while people work, restored elsewhere, agrees with itself; a damaged one is refused."""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.operations import backup as backups
from app.platform.audit import verify
from app.platform.db import Database, metadata
from app.platform.db.migrate import upgrade
from app.platform.kernel.errors import Conflict, Invalid
from app.platform.storage import BlobStore
from app.settings import Settings
from tests.support import postgres
from tests.support.clock import NOON
from tests.support.requirements import absent
from tests.support.staged import either_database
from tests.support.writes import Stage

database = either_database  # both kinds matter here


@pytest.fixture
def elsewhere(request: pytest.FixtureRequest, stage: Stage, tmp_path: Path) -> Iterator[Settings]:
    """Another machine: an empty data directory, and an empty database of the same kind."""
    if stage.world.runtime.db.is_sqlite:
        yield Settings(data_dir=tmp_path / "elsewhere")
        return
    if shutil.which("pg_dump") is None:
        absent("postgres", "pg_dump is not installed")
    with postgres.fresh_database(request.getfixturevalue("postgres_server_url"), "template0") as url:
        yield Settings(data_dir=tmp_path / "elsewhere", database_url=url)


def make(stage: Stage, target: Path) -> dict[str, dict[str, int]]:
    return backups.backup(stage.world.runtime.settings, stage.world.runtime.db, target, NOON)


def some_work(stage: Stage) -> None:
    for number in range(3):
        sample = stage.road.register(staff_note=f"note {number}")
        stage.road.upload(stage.road.analysis(sample), b"bytes of file %d" % number, "a.csv")
    stage.road.released()


def test_a_backup_made_during_writes_restores_to_the_state_it_counted(
    stage: Stage, elsewhere: Settings, tmp_path: Path
) -> None:
    some_work(stage)
    stop, written, failures = threading.Event(), [0], []

    def work_on() -> None:
        try:
            while not stop.is_set():
                sample = stage.road.register()
                stage.road.upload(stage.road.analysis(sample), b"file %d" % written[0], "b.csv")
                written[0] += 1
        except Exception as error:  # reported by the test
            failures.append(error)

    worker = threading.Thread(target=work_on)
    worker.start()
    while written[0] < 2 and not failures:
        worker.join(0.01)
    manifest = make(stage, tmp_path / "backup")
    during = written[0]
    while written[0] < during + 1 and not failures:
        worker.join(0.01)
    stop.set()
    worker.join()
    assert failures == []

    answer = backups.restore(elsewhere, tmp_path / "backup")
    assert answer["rows"] == manifest["rows"]
    assert 5 <= answer["rows"]["sample"] <= 4 + during + 1
    restored = Database(elsewhere.database_url)
    with restored.read() as session:
        chain = verify(session)
        files = list(session.execute(sa.select(metadata.tables["upload"].c.blob_sha256)).scalars())
    restored.close()
    assert (chain.broken_at, chain.entries) == (None, answer["rows"]["audit_entry"])
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


@pytest.mark.parametrize("damage", ["database", "file", "missing file", "manifest"])
def test_a_damaged_backup_is_refused_and_nothing_is_restored(
    stage: Stage, elsewhere: Settings, tmp_path: Path, damage: str
) -> None:
    some_work(stage)
    manifest = make(stage, tmp_path / "backup")
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
    else:
        (tmp_path / "backup" / "backup.json").unlink()
    with pytest.raises(Invalid):
        backups.restore(elsewhere, tmp_path / "backup")
    assert not elsewhere.blob_dir.exists()
    database = Database(elsewhere.database_url)
    assert sa.inspect(database.reader).get_table_names() == []
    database.close()


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

"""A full disk refuses new things with a sentence; reading and live screens go on; afterwards it works again (R3)."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from app.platform.kernel.actor import Role
from app.platform.storage import Reserve, blobs, is_full
from tests.app.conftest import PASSWORD
from tests.support.road import SAMPLE, Road, infrared_file, ok
from tests.support.serving import Service


@pytest.fixture(autouse=True)
def reserve_of_a_mebibyte(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first page that is shown keeps its message pack as well."""
    monkeypatch.setenv("MAST_RESERVE_BYTES", str(1024**2))


@pytest.fixture
def road(world: Any) -> Road:
    return Road(lambda role: world.as_(Role(role)), str(world.session()))


@contextmanager
def full_database(world: Any) -> Iterator[None]:
    """SQLite is told that not one more page exists, as when the disk has none."""
    writer = world.runtime.db.writer
    with writer.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        connection.rollback()
    try:
        yield
    finally:
        with writer.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1073741823")
            connection.rollback()


def problem(response: Any) -> dict[str, Any]:
    assert response.status_code == 507, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    return body


def register(world: Any, road: Road) -> Any:
    return world.as_(Role.RECEPTION).post(
        f"/api/v1/sessions/{road.session_id}/samples", json={**SAMPLE, "words_spoken": "x" * 100}
    )


def test_a_full_database_refuses_a_sample_says_why_and_works_again_afterwards(world: Any, road: Road) -> None:
    road.register()
    with full_database(world):
        answers = [register(world, road) for _ in range(40)]
        refused = [a for a in answers if a.status_code != 201]
        assert refused, "the database never filled"
        body = problem(refused[-1])
        assert "unharmed" in body["detail"]
        assert "operator" in body["hint"]
        kept = [a for a in answers if a.status_code == 201]
        queue = world.as_(Role.RECEPTION).get(f"/api/v1/sessions/{road.session_id}/queue")
        assert queue.status_code == 200
        assert len(queue.json()) == 1 + len(kept)
    assert register(world, road).status_code == 201


def test_a_full_disk_refuses_a_file_keeps_no_half_of_it_and_takes_it_afterwards(
    world: Any, road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    analysis_id = road.analysis(road.register())

    def no_space(self: Any, chunk: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    url = f"/api/v1/analyses/{analysis_id}/uploads?filename=a.jdx"
    with monkeypatch.context() as patched:
        patched.setattr(blobs.Held, "write", no_space)
        body = problem(world.as_(Role.CHEMIST).post(url, content=infrared_file(), headers={"Idempotency-Key": "k"}))
        assert "full" in body["detail"]
    incoming = world.runtime.settings.blob_dir / "incoming"
    assert not list(incoming.glob("*"))
    assert world.as_(Role.CHEMIST).get(f"/api/v1/analyses/{analysis_id}").status_code == 200
    again = world.as_(Role.CHEMIST).post(url, content=infrared_file(), headers={"Idempotency-Key": "k"})
    assert again.status_code == 202


@pytest.mark.parametrize(
    "said", [sqlite3.OperationalError("database or disk is full"), psycopg.errors.DiskFull("could not extend file")]
)
def test_either_database_saying_that_its_disk_is_full_is_understood(said: Exception) -> None:
    assert is_full(OperationalError("INSERT", {}, said))
    assert not is_full(OperationalError("INSERT", {}, type(said).__mro__[1]("the server closed the connection")))


PAGE = 4096


@contextmanager
def full_but_for_the_reserve(world: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """SQLite has not one more page until the reserve is given up, and then only those; the disk says the same."""
    size, give_up = world.runtime.settings.reserve_bytes, Reserve.give_up

    def giving_up(self: Reserve) -> None:
        give_up(self)
        with world.runtime.db.writer.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + size // PAGE}")
            connection.rollback()

    with monkeypatch.context() as patched, full_database(world):
        patched.setattr(Reserve, "_free", lambda self: 0 if self._path.exists() else size)
        patched.setattr(Reserve, "give_up", giving_up)
        yield


def test_on_a_full_disk_a_client_reads_their_result_and_a_health_worker_signs_in(
    world: Any, road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attack: with a full disk a client with a right code got 507, and nobody could sign in."""
    sample, _, _ = road.released()
    analysis = road.analysis(road.register())
    reserve = world.runtime.settings.data_dir / "reserve"
    assert reserve.stat().st_size == world.runtime.settings.reserve_bytes > 0
    with full_but_for_the_reserve(world, monkeypatch):
        phone = world.anonymous()
        assert phone.post("/t", data={"code": road.codes[sample]}).status_code == 303
        assert "MDMA" in phone.get("/t").text
        assert not reserve.exists()
        tablet = world.anonymous()
        signed_in = tablet.post("/sign-in", data={"username": "health_worker.own", "password": PASSWORD})
        assert signed_in.status_code == 303, signed_in.text
        assert "MDMA" in tablet.get(f"/consultations/samples/{sample}").text
        assert "nothing else is saved" in str(tablet.get("/ready").json()["alarms"])
        for _ in range(2):  # what was freed is not for these
            assert "full" in problem(register(world, road))["detail"]
            url = f"/api/v1/analyses/{analysis}/uploads?filename=a.jdx"
            problem(world.as_(Role.CHEMIST).post(url, content=infrared_file()))
        assert tablet.post("/sign-out").status_code == 303
    assert register(world, road).status_code == 201, "there is room: no restart is needed"
    assert reserve.exists()
    assert not [alarm for alarm in world.anonymous().get("/ready").json()["alarms"] if "is full" in alarm]


def small_disk(folder: Path) -> list[str]:
    """What to put before a command so that it sees a disk of 24 MiB at `folder`, which nobody else sees."""
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-rm", "true"], check=False).returncode:
        pytest.skip("mounting is not allowed here")
    script = 'mount -t tmpfs -o size=24m disk "$0" && cp -a "$0.made/." "$0" && exec "$@"'
    return ["unshare", "-rm", "sh", "-c", script, str(folder)]


@pytest.mark.long
def test_a_server_on_a_disk_that_is_really_full_goes_on_serving_clients(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    service = Service.prepare(disk, MAST_RESERVE_BYTES=str(4 * 1024**2), MAST_WORKERS="0")
    disk.rename(tmp_path / "disk.made")
    disk.mkdir()
    server = service.server()
    server.before, server.log = small_disk(disk), tmp_path / "server.log"
    server.start()
    try:
        assert server.process is not None
        seen = Path(f"/proc/{server.process.pid}/root{disk}")  # the disk as the server sees it
        road = server.road()
        sample, _, _ = road.released()
        with (seen / "filler").open("wb", buffering=0) as filler, suppress(OSError):
            while filler.write(b"x" * PAGE):
                pass
        with server.client("reception") as client:
            register = f"/api/v1/sessions/{road.session_id}/samples"
            answers = [client.post(register, json=SAMPLE).status_code for _ in range(100)]
            assert set(answers) <= {201, 507}
            assert answers[-1] == 507
        for _ in range(20):
            with server.client("reception", follow_redirects=False) as phone:
                assert "MDMA" in str(ok(phone.post("/api/v1/tickets/view", json={"code": road.codes[sample]})))
                said = {"username": "health_worker", "password": "a password for tests"}
                assert phone.post("/sign-in", data=said).status_code == 303
        with server.client("reception") as client:
            assert client.post(register, json=SAMPLE).status_code == 507
            os.truncate(seen / "filler", 0)
            assert client.post(register, json=SAMPLE).status_code == 201
        assert (seen / "reserve").exists()
    finally:
        server.stop()
        server.hang_up()

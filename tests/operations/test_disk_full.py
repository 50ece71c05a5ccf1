"""A full disk refuses new things with a sentence; reading and live screens go on; afterwards it works again (R3)."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from app.platform.kernel.actor import Role
from app.platform.storage import blobs
from tests.support.live import running_hub, screen
from tests.support.road import Road, infrared_file


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
    from tests.support.road import SAMPLE

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


def test_a_live_screen_stays_open_and_hears_of_what_is_saved_afterwards(world: Any, road: Road) -> None:
    async def watch() -> None:
        async with running_hub(world.runtime.db, poll=0.1) as hub, screen(hub) as take:
            with full_database(world):
                answers = [await asyncio.to_thread(register, world, road) for _ in range(40)]
            kept = [a.json()["sample"]["id"] for a in answers if a.status_code == 201]
            assert len(kept) < len(answers), "the database never filled"
            later = await asyncio.to_thread(road.register)
            heard = [message.data["sample_id"] for message in await take(len(kept) + 1)]
            assert heard == [*kept, later]

    asyncio.run(watch())

"""Two server processes on one PostgreSQL: what is posted to one is seen live at the other."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import pytest

from app.platform.kernel.actor import Role
from app.settings import Settings
from benchmarks.road import Screen, prepare
from tests.support.road import Road
from tests.support.site import free_port

MAST = (sys.executable, "-c", "from app.cli import main; main()")


@contextmanager
def process(settings: Settings, port: int) -> Iterator[str]:
    """One `mast serve` of several over the same data."""
    environment = {
        **os.environ,
        "MAST_DATA_DIR": str(settings.data_dir),
        "MAST_DATABASE_URL": settings.database_url,
        "MAST_COOKIE_SECURE": "false",
        "MAST_LOG_LEVEL": "ERROR",
    }
    server = subprocess.Popen([*MAST, "serve", "--port", str(port)], env=environment)
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if httpx2.get(f"{url}/ready", timeout=2).status_code == 200:
                    break
            except httpx2.HTTPError:
                assert server.poll() is None
                time.sleep(0.05)
        yield url
    finally:
        server.terminate()
        assert server.wait(15) in (0, -15)


@pytest.mark.postgres
def test_a_sample_registered_at_one_process_appears_at_the_other(postgres_url: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url=postgres_url)
    tokens, session_id = prepare(settings)
    bearer = {"Authorization": f"Bearer {tokens[Role.RECEPTION]}"}
    watcher = httpx2.Client(timeout=20, headers=bearer)
    with ExitStack() as stack:
        here = stack.enter_context(process(settings, free_port()))
        there = stack.enter_context(process(settings, free_port()))
        poster = stack.enter_context(httpx2.Client(base_url=here, headers=bearer, timeout=20))
        screen = Screen(watcher, f"{there}/api/v1/events")
        road = Road(lambda role: poster, session_id)
        waits = []
        for _ in range(5):
            begun = time.monotonic()
            sample_id = road.register()
            screen.wait_for(topic="queue", sample_id=sample_id)
            waits.append(time.monotonic() - begun)
        print(f"posted to one, seen at the other: {[round(1000 * w) for w in waits]} ms")
        # Notified, not polled: the catch-up period alone would be five seconds.
        assert min(waits) < 1
    screen.close()

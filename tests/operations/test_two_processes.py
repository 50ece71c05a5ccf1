"""Two server processes on one PostgreSQL: what is posted to one is seen live at the other."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.serving import Screen, Server, Service


@pytest.mark.postgres
def test_a_sample_registered_at_one_process_appears_at_the_other(postgres_url: str, tmp_path: Path) -> None:
    service = Service.prepare(tmp_path, postgres_url, MAST_LOG_LEVEL="ERROR")
    with ExitStack() as stack:

        def process() -> Server:
            server = service.forked()
            stack.callback(server.hang_up)
            stack.callback(_end, server)
            server.start()
            return server

        here, there = process(), process()
        screen, road, waits = Screen(there.client("reception")), here.road(), []
        for _ in range(5):
            begun = time.monotonic()
            screen.wait("queue", road.register())
            waits.append(time.monotonic() - begun)
        print(f"posted to one, seen at the other: {[round(1000 * w) for w in waits]} ms")
        # Notified, not polled: the catch-up period alone would be five seconds.
        assert min(waits) < 1


def _end(server: Server) -> None:
    server.stop()
    assert server.process is not None
    assert server.process.poll() in (0, -15)

"""`mast serve` with a worker of its own: a file is read there, a killed worker is replaced, and none outlives its server."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import psutil
import pytest

from benchmarks.road import files
from tests.support.road import ok
from tests.support.serving import Screen, Server, Service, running


def worker_of(server: Server, killed: int = 0) -> psutil.Process:
    """The worker that runs now; waits until one does. A killed one is still there for a moment."""
    assert server.process is not None
    parent, deadline = psutil.Process(server.process.pid), time.monotonic() + 30  # type: ignore[attr-defined]
    while True:
        for one in parent.children():
            with contextlib.suppress(psutil.Error):  # it ends as we look
                if one.pid != killed and "worker" in one.cmdline():
                    return one
        assert time.monotonic() < deadline
        time.sleep(0.02)


def read_a_file(server: Server, name: str) -> str:
    """Sends a file for a fresh sample and waits for the event that its candidates are there."""
    road, chemist = server.road(), server.client("chemist")
    screen = Screen(server.client("chemist"))
    analysis = road.analysis(road.register())
    sent = chemist.post(f"/api/v1/analyses/{analysis}/uploads?filename={name}", content=files()[0])
    ok(sent)
    screen.wait("sample", kind="upload.read", timeout=60)
    return str(sent.json()["id"])


@pytest.mark.long
def test_files_are_read_by_a_worker_that_is_replaced_when_it_dies_and_ends_with_its_server(tmp_path: Path) -> None:
    with running(Service.prepare(tmp_path, MAST_LOG_LEVEL="ERROR")) as server:
        first = worker_of(server)
        read_a_file(server, "a.dx")
        first.kill()
        second = worker_of(server, first.pid)
        read_a_file(server, "b.dx")
        server.kill()
        second.wait(20)

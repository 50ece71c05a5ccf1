"""The notebook page about figures: its blocks run in order against a server and print what stands below them."""

from __future__ import annotations

import contextlib
import io
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import uvicorn

from app.intake.people import service as people
from app.platform.kernel.actor import Role
from app.settings import Settings
from tests.app.trends.conftest import Figures
from tests.spectra.test_notebook_page import blocks

PAGE = "trends_notebook.md"


@pytest.fixture
def server(world: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The application on a port of this machine, and a researcher's token, both in the environment."""
    running = uvicorn.Server(uvicorn.Config(world.app, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not running.started:
        assert time.monotonic() < deadline, "no server"
        time.sleep(0.01)
    port = running.servers[0].sockets[0].getsockname()[1]
    with world.runtime.db.begin(world.actors[Role.RESEARCHER]) as uow:
        _, token = people.issue_token(uow, "notebook", [Role.RESEARCHER], 1, world.runtime.pepper)
    monkeypatch.setenv("MAST_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("MAST_TOKEN", token)
    yield
    running.should_exit = True
    thread.join(10)


@pytest.mark.usefixtures("server")
def test_the_blocks_of_the_page_print_what_it_says(
    figures: Figures, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.set(datetime(2026, 6, 13, tzinfo=UTC))
    monkeypatch.setattr(Settings, "pepper", lambda _: b"written down for the notebook")
    for month, found, other in (
        ("01", 75, 25),
        ("02", 60, 40),
        ("03", 4, 0),
        ("04", 45, 45),
        ("05", 35, 65),
        ("06", 5, 0),
    ):
        figures.add(found, month=f"2026-{month}")
        figures.add(other, month=f"2026-{month}", verdict="not_as_expected")
    figures.strike()
    found_blocks = blocks(PAGE)
    assert [language for language, _ in found_blocks] == ["python", "text"] * (len(found_blocks) // 2)
    names: dict[str, object] = {"__name__": "notebook"}
    for (_, code), (_, shown) in zip(found_blocks[::2], found_blocks[1::2], strict=True):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, PAGE, "exec"), names)
        assert printed.getvalue().strip() == shown.strip(), code

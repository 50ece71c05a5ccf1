"""One real server for the tests of `mast watch`, and a folder to be watched for each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.watch.watch_rig import Desk, Site, serving


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Takes files up to 4 MiB."""
    with serving(tmp_path_factory.mktemp("watched-server"), MAST_UPLOAD_MAX_BYTES=str(4 << 20)) as made:
        yield made


@pytest.fixture
def wire(site: Site) -> Iterator[Site]:
    """The same, with a whole wire and a running server again after the test."""
    yield site
    site.relay.cut_after, site.relay.swallow, site.relay.on_bytes = None, False, lambda total: None
    if not site.process.up.is_set():
        site.restart()


@pytest.fixture
def make_desk(wire: Site, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., Desk]]:
    """Desks over one folder each."""
    made: list[Desk] = []

    def make(origin: str = "", **more: Any) -> Desk:
        own = tmp_path / f"own{len(made)}"
        own.mkdir()
        desk = Desk(wire, more.pop("folder", tmp_path / "watched"), own, origin or request.node.name[:80], **more)
        made.append(desk)
        return desk

    yield make
    for desk in made:
        desk.close()


@pytest.fixture
def desk(make_desk: Callable[..., Desk]) -> Desk:
    """One desk."""
    return make_desk()

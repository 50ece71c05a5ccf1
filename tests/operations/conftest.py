"""The world of tests/app, on both databases: what an operator relies on must hold on either."""

from __future__ import annotations

import pytest

from tests.app.conftest import World, settings, world  # noqa: F401  fixtures
from tests.support import logs
from tests.support.writes import Stage


@pytest.fixture(autouse=True)
def _plain_logs() -> None:
    logs.plain()


@pytest.fixture
def stage(world: World) -> Stage:  # noqa: F811
    """The service's own agency, with an open session."""
    return Stage(world)

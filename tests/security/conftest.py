"""The world of tests/app, for these tests too."""

from __future__ import annotations

from tests.app.conftest import World, settings, world  # noqa: F401  fixtures

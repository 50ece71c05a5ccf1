"""The world of tests/app, for these tests too."""

from tests.support.staged import database, settings, stage, world  # noqa: F401

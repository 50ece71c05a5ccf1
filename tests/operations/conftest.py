"""The world of tests/app, for these tests too."""

from tests.support.staged import database, plain_logs, settings, stage, world  # noqa: F401

"""The world of tests/app, for these tests too."""

from tests.support.staged import (  # noqa: F401
    database,
    packs_are_read_but_not_checked,
    settings,
    stage,
    world,
)

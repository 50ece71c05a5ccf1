"""The world of tests/app, for these tests too."""

import pytest

from app.care.message_packs.checking import Checks
from tests.support.packs import found_here
from tests.support.staged import database, plain_logs, settings, stage, world  # noqa: F401


@pytest.fixture(autouse=True)
def packs_are_read_but_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the check of a pack finds is tried elsewhere; here it would take seconds for every text that is typed."""
    monkeypatch.setattr("app.care.message_packs.checking.found_in", found_here(lambda pack, today: []))
    monkeypatch.setattr("tests.app.conftest._CHECKS", Checks())

"""What the tests of packs work out once."""

import pytest

from tests.support import packs, read_once

read_once.install()


@pytest.fixture
def without_coverage(monkeypatch: pytest.MonkeyPatch) -> None:
    """The quick part of the check of a pack."""
    packs.uncovered(monkeypatch)

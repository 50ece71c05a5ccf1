"""What a machine lacks skips a test with a plain reason, unless MAST_TEST_REQUIRE says it must be there."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def required() -> set[str]:
    """What MAST_TEST_REQUIRE names."""
    return {word.strip() for word in os.environ.get("MAST_TEST_REQUIRE", "").split(",")}


def absent(what: str, reason: str) -> NoReturn:
    """Skip; fail when `what` is named in MAST_TEST_REQUIRE (comma-separated, e.g. "postgres,browser")."""
    if what in required():
        pytest.fail(f"MAST_TEST_REQUIRE names {what}: {reason}", pytrace=False)
    pytest.skip(reason)

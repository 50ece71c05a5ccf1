"""Which tests `make test` runs, and which it leaves to `make test-all`.

A test that is given each kind of database runs on SQLite in the quick tier and on PostgreSQL in the rest. A test that is marked
`long` runs once, in the rest: on PostgreSQL what is sent to the API, because it refuses more (NUL, ranges of numbers), on SQLite
everything else. A test of what only one kind can show asks for that kind by name and belongs to the quick tier.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

NAMES = ("quick", "rest", "full")
DATABASES = ("database_url", "database")


def chosen(items: Sequence[pytest.Item], tier: str | None) -> set[pytest.Item]:
    """The tests of a tier. Without one, as in `pytest tests/app/results`, each test once."""
    if tier == "full":
        return set(items)
    there = {item.nodeid for item in items}
    return {item for item in items if _belongs(item, there, tier)}


def _belongs(item: pytest.Item, there: set[str], tier: str | None) -> bool:
    kind, twin = _database(item)
    has_twin = twin in there
    if item.get_closest_marker("long"):
        preferred = "postgresql" if tier and item.nodeid.startswith("tests/api/") else "sqlite"
        return tier != "quick" and (not has_twin or kind == preferred)
    second = has_twin and kind == "postgresql"
    return second == (tier == "rest")


def _database(item: pytest.Item) -> tuple[str, str]:
    """The kind of database that the test was given, and the name of the same test with the other kind."""
    callspec = getattr(item, "callspec", None)
    params = callspec.params if callspec is not None else {}
    kind = next((str(params[name]) for name in DATABASES if name in params), "")
    test, _, case = item.nodeid.partition("[")
    return kind, f"{test}[{case.replace(kind, 'postgresql' if kind == 'sqlite' else 'sqlite')}" if kind else ""

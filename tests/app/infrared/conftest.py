"""Nothing here depends on the kind of database, so SQLite does."""

from tests.support.staged import database, stage

__all__ = ["database", "stage"]

"""Engine, column types and the unit of work. Knows no feature."""

from app.platform.db.columns import (
    Base,
    UtcDateTime,
    enum_column,
    json_column,
    key_column,
    metadata,
    utc_column,
)
from app.platform.db.engine import Database, UnitOfWork

__all__ = [
    "Base",
    "Database",
    "UnitOfWork",
    "UtcDateTime",
    "enum_column",
    "json_column",
    "key_column",
    "metadata",
    "utc_column",
]

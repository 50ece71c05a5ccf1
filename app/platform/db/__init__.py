"""Engine and the unit of work; and the column types all tables share: aware UTC times, enums as checked strings, JSON, UUIDv7
keys. Knows no feature.

SQLModel tables validate nothing and SQLite gives naive times back, so the type refuses naive values.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from pydantic.config import JsonDict
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

from app.platform.db.engine import Database, UnitOfWork
from app.platform.kernel.ids import new_id

__all__ = ["Database", "UnitOfWork"]  # all else is defined here

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = SQLModel.metadata


def _every_key(schema: JsonDict) -> None:
    """An answer has every key of its shape, also those with a default."""
    properties = schema.get("properties")
    schema["required"] = [*properties] if isinstance(properties, dict) else []


class Base(SQLModel):
    """Parent of every table class, and of the shapes a table shares with HTTP."""

    model_config = {"json_schema_extra": _every_key}


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time in UTC. Refuses naive values on the way in; restores UTC on the way out."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Convert to UTC; SQLite stores it without the zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored: use UTC")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Give every time back aware."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def key_column() -> Any:
    """Primary key: UUIDv7 minted by the application."""
    return Field(default_factory=new_id, primary_key=True)


def utc_column(*, nullable: bool = False, index: bool = False) -> Any:
    """A time column."""
    return Field(default=None if nullable else ..., sa_type=UtcDateTime, nullable=nullable, index=index)


def enum_column(
    kind: type[StrEnum],
    *,
    name: str,
    default: Any = ...,
    nullable: bool = False,
    index: bool = False,
    primary_key: bool = False,
) -> Any:
    """An enum as String with a named CHECK, portable and migratable. `name` names the constraint."""
    column_type = sa.Enum(
        kind,
        native_enum=False,
        create_constraint=True,
        validate_strings=True,
        length=40,
        name=name,
        values_callable=lambda members: [m.value for m in members],
    )
    return Field(
        default=None if nullable and default is ... else default,
        sa_type=column_type,
        nullable=nullable,
        index=index,
        primary_key=primary_key,
    )


def json_column(default_factory: Any = dict, *, nullable: bool = False) -> Any:
    """JSON; JSONB on PostgreSQL."""
    return Field(
        default_factory=lambda: default_factory(),  # noqa: PLW0108 - pydantic reads the signature of `list` at every row
        sa_type=sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
        nullable=nullable,
    )

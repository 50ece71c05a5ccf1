"""Keyset pages: an opaque cursor over UUIDv7 keys, so pages stay right while rows arrive."""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel

from app.platform.kernel.errors import Invalid

Limit = Annotated[int, Query(ge=1, le=200, description="Rows per page")]
Cursor = Annotated[str, Query(max_length=60, description="`next` of the page before")]


Row = TypeVar("Row")
Item = TypeVar("Item")


class Page(BaseModel, Generic[Row]):
    """One page of rows and the cursor of the next."""

    rows: Sequence[Row]
    next: str | None = None


def cut(rows: Sequence[Item], limit: int, out: Callable[[Item], Row], key: Callable[[Item], uuid.UUID]) -> Page[Row]:
    """A page of at most `limit` of these rows, which were asked for with one more, to know whether others follow."""
    shown = rows[:limit]
    return Page(rows=[out(row) for row in shown], next=encode_cursor(key(shown[-1])) if len(rows) > limit else None)


def encode_cursor(key: uuid.UUID) -> str:
    """Opaque form of the last key of a page."""
    return base64.urlsafe_b64encode(key.bytes).decode().rstrip("=")


def decode_cursor(cursor: str) -> uuid.UUID | None:
    """The key to go on after; None at the start. Raises Invalid on anything else."""
    if not cursor:
        return None
    try:
        return uuid.UUID(bytes=base64.urlsafe_b64decode(cursor + "=="))
    except (ValueError, binascii.Error) as error:
        raise Invalid("This is not a page cursor.", fields={"cursor": "not a cursor"}) from error

"""Optimistic locking over HTTP: version → ETag, If-Match → version. 428 when missing, 412 when stale."""

from __future__ import annotations

from typing import Annotated, Protocol, TypeVar

from fastapi import Depends, Header, Response

from app.platform.kernel.errors import Invalid, VersionRequired


class Versioned(Protocol):
    """A row, or what is shown of one, with the version it has."""

    version: int


Row = TypeVar("Row", bound=Versioned)


def etag(version: int) -> str:
    """The strong ETag of a row version."""
    return f'"{version}"'


def tagged(response: Response, row: Row) -> Row:
    """What is answered, after its version was put on the response."""
    response.headers["ETag"] = etag(row.version)
    return row


def if_match(
    if_match: Annotated[str | None, Header(description="ETag of the version your change starts from")] = None,
) -> int:
    """Dependency: the version the caller starts from."""
    if not if_match:
        raise VersionRequired(
            "This change does not say which version it starts from, so it was not saved.",
            hint="Read the record first and send its ETag back in If-Match.",
        )
    value = if_match.strip().removeprefix("W/").strip('"')
    if not (value.isascii() and value.isdigit()) or len(value) > 9:
        raise Invalid('If-Match must be the ETag of a version, such as "3".', fields={"If-Match": "not an ETag"})
    return int(value)


IfMatch = Annotated[int, Depends(if_match)]

"""Types of text and times for schemas: bounded, trimmed, and without what a database or a screen chokes on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints


def _printable(value: str) -> str:
    if any(ord(c) < 32 and c not in "\n\t" for c in value) or "\x7f" in value:
        raise ValueError("holds a control character")
    if any(0xD800 <= ord(c) <= 0xDFFF for c in value):
        raise ValueError("is not valid text")
    return value


Text20 = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20), AfterValidator(_printable)]
Text40 = Annotated[str, StringConstraints(strip_whitespace=True, max_length=40), AfterValidator(_printable)]
Text60 = Annotated[str, StringConstraints(strip_whitespace=True, max_length=60), AfterValidator(_printable)]
Text80 = Annotated[str, StringConstraints(strip_whitespace=True, max_length=80), AfterValidator(_printable)]
Text120 = Annotated[str, StringConstraints(strip_whitespace=True, max_length=120), AfterValidator(_printable)]
Text140 = Annotated[str, StringConstraints(strip_whitespace=True, max_length=140), AfterValidator(_printable)]
Text200 = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), AfterValidator(_printable)]
Text300 = Annotated[str, StringConstraints(strip_whitespace=True, max_length=300), AfterValidator(_printable)]
Text600 = Annotated[str, StringConstraints(strip_whitespace=True, max_length=600), AfterValidator(_printable)]
Text1000 = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000), AfterValidator(_printable)]

# Far years overflow when a time zone is applied to them.
Moment = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2100, 1, 1, tzinfo=UTC))]

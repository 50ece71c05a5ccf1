"""Shapes of people over HTTP."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.intake.people.tables import Person
from app.platform.kernel.actor import Role
from app.platform.web.fields import FreeText, Note80, Text140


class NewPerson(BaseModel):
    """An account to create."""

    username: str = Field(min_length=2, max_length=60, pattern=r"^[A-Za-z0-9._-]+$")
    display_name: Annotated[Text140, StringConstraints(min_length=1, max_length=120)]
    password: str = Field(min_length=1, max_length=200)
    roles: list[Role] = Field(min_length=1, max_length=20)


class PersonOut(BaseModel):
    """An account."""

    id: uuid.UUID
    username: str
    display_name: str
    roles: list[Role]
    disabled: bool
    version: int

    @classmethod
    def of(cls, person: Person, roles: frozenset[Role]) -> PersonOut:
        """From a row."""
        return cls(**person.model_dump(), roles=sorted(roles), disabled=person.disabled_at is not None)


class Me(BaseModel):
    """Who is calling."""

    display_name: str
    roles: list[Role]
    agency: str


class NewToken(FreeText):
    """A token to issue; no roles means all of the owner's."""

    label: Annotated[Note80, StringConstraints(min_length=1)]
    roles: list[Role] = Field(default=[], max_length=20)
    days: int = Field(30, ge=1, le=366)


class TokenOut(BaseModel):
    """A token without its secret."""

    model_config = ConfigDict(from_attributes=True)

    id: uuid.UUID
    label: str
    roles: list[str]
    expires_at: datetime


class TokenIssued(TokenOut):
    """A token with its secret, this once."""

    token: str

"""Tables of people. A person works for one agency and holds roles in it."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field

from app.platform.db import Base, enum_column, json_column, key_column, utc_column
from app.platform.kernel.actor import Role


def live_key(secret_hash: str) -> str:
    """The part of a session's or token's hash that names it."""
    return secret_hash[:16]


class AgencyKind(StrEnum):
    """What an agency is here for; partners see aggregates only."""

    SERVICE = "service"
    UNIVERSITY = "university"
    PUBLIC_HEALTH = "public_health"
    POLICE = "police"


class Agency(Base, table=True):
    """An organisation that works on this server."""

    __tablename__ = "agency"
    id: uuid.UUID = key_column()
    name: str = Field(max_length=120, unique=True)
    kind: AgencyKind = enum_column(AgencyKind, name="kind")
    created_at: datetime = utc_column()


class Person(Base, table=True):
    """Someone who signs in. No more about them than the work needs."""

    __tablename__ = "person"
    id: uuid.UUID = key_column()
    agency_id: uuid.UUID = Field(foreign_key="agency.id", index=True)
    username: str = Field(max_length=60, unique=True)
    display_name: str = Field(max_length=120)
    password_hash: str = Field(max_length=255)
    """Empty until the person has set a password by a link: then no password fits."""
    link_hash: str | None = Field(default=None, max_length=64, index=True, unique=True)
    """Of the link by which the person may set a new password, once."""
    link_expires_at: datetime | None = utc_column(nullable=True)
    disabled_at: datetime | None = utc_column(nullable=True)
    created_at: datetime = utc_column()
    hints_hidden: list[str] = json_column(list)
    """The areas whose hints this person has hidden, by the word of the header."""
    version: int = 1


class PersonRole(Base, table=True):
    """A role a person holds."""

    __tablename__ = "person_role"
    person_id: uuid.UUID = Field(foreign_key="person.id", primary_key=True, ondelete="CASCADE")
    role: Role = enum_column(Role, name="role", primary_key=True)


class Proof(StrEnum):
    """How someone showed who they are."""

    PASSWORD = "password"  # noqa: S105
    PASSKEY = "passkey"
    IDENTITY = "identity"


class StaffSession(Base, table=True):
    """A signed-in browser. Only a hash of its random id is kept."""

    __tablename__ = "staff_session"
    id_hash: str = Field(max_length=64, primary_key=True)
    person_id: uuid.UUID = Field(foreign_key="person.id", index=True, ondelete="CASCADE")
    created_at: datetime = utc_column()
    last_seen_at: datetime = utc_column()
    expires_at: datetime = utc_column()
    revoked_at: datetime | None = utc_column(nullable=True)
    proof: Proof = enum_column(Proof, name="proof")
    """How it began."""
    by_two: bool
    """Whether two factors were shown in it."""
    proven_at: datetime = utc_column()
    """When the person last showed who they are."""
    session_there: str | None = Field(default=None, max_length=64, index=True)
    """Keyed hash of the provider's name for the session there, where an identity began it and the provider says one."""

    @property
    def live_key(self) -> str:
        """What names it in events and forms: too little of its hash to be of use to anybody."""
        return live_key(self.id_hash)


class TokenOut(Base):
    """A token without its secret."""

    id: uuid.UUID = key_column()
    label: str = Field(max_length=80)
    roles: list[str] = json_column(list)
    expires_at: datetime = utc_column()


class ApiToken(TokenOut, table=True):
    """A bearer token: hashed, shown once, expiring, with no more roles than its owner has."""

    __tablename__ = "api_token"
    person_id: uuid.UUID = Field(foreign_key="person.id", index=True, ondelete="CASCADE")
    token_hash: str = Field(max_length=64, unique=True)
    created_at: datetime = utc_column()
    revoked_at: datetime | None = utc_column(nullable=True)

    @property
    def live_key(self) -> str:
        """What names it in events and forms."""
        return live_key(self.token_hash)


class Passkey(Base, table=True):
    """A key pair whose private half never leaves a person's device (WebAuthn). Only the public half is kept."""

    __tablename__ = "passkey"
    id: uuid.UUID = key_column()
    person_id: uuid.UUID = Field(foreign_key="person.id", index=True, ondelete="CASCADE")
    credential_hash: str = Field(max_length=64, unique=True)
    """SHA-256 of the credential's id, which may be a kilobyte long."""
    credential_id: str = Field(max_length=1400)
    """Base64url, as browsers write it."""
    public_key: str = Field(max_length=3000)
    """COSE, base64url."""
    sign_count: int = Field(default=0, sa_type=sa.BigInteger)
    label: str = Field(max_length=60)
    created_at: datetime = utc_column()
    last_used_at: datetime | None = utc_column(nullable=True)

    @property
    def live_key(self) -> str:
        """What names it in forms."""
        return live_key(self.credential_hash)


class Identity(Base, table=True):
    """Whom an identity provider vouches for, and whose account that is. No more of what it says than its name for the person."""

    __tablename__ = "identity"
    id: uuid.UUID = key_column()
    person_id: uuid.UUID = Field(foreign_key="person.id", unique=True, ondelete="CASCADE")
    issuer: str = Field(max_length=255)
    subject: str | None = Field(default=None, max_length=255)
    """The provider's own name for the person, never given to anyone else; from the first sign-in on."""
    invited: str | None = Field(default=None, max_length=255)
    """Until then: the value of the claim by which the person is found."""
    created_at: datetime = utc_column()
    last_used_at: datetime | None = utc_column(nullable=True)

    __table_args__ = (sa.UniqueConstraint("issuer", "subject"), sa.UniqueConstraint("issuer", "invited"))

    @property
    def live_key(self) -> str:
        """What names it in forms."""
        return self.id.hex[-16:]

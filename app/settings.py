"""Typed settings from the environment (prefix MAST_), built once where the process starts."""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfoNotFoundError

from pydantic import Field, IPvAnyNetwork, SecretStr, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

from app.platform.kernel import place
from app.platform.kernel.errors import Invalid

MIB = 1024 * 1024
SECRET_BYTES = 32
ELSEWHERE = {"MAST_SECRETS_DIR", "MAST_ACCELERATOR", "MAST_DOMAIN", "MAST_UPSTREAM", "MAST_BACKUPS", "MAST_BACKUP_KEY"}
"""Read by others, or before settings are, and no field of Settings."""

SHARED = (
    "administrators_second_factor", "cookie_secure", "demo", "oidc_claim", "oidc_issuer", "prove_again_minutes", "public_url", "release_licence", "release_publisher", "releases_monthly", "session_hours",
    "session_idle_minutes", "ticket_days", "time_zone",
)  # fmt: skip


class Settings(BaseSettings):
    """Everything an operator may set; each name is MAST_ plus the field in capitals. See docs/operator.md.

    What the environment should not hold may stand in a folder, named by MAST_SECRETS_DIR, in files called `mast_secret`,
    `mast_database_url` and so on, as containers and systemd hand out secrets.
    """

    model_config = SettingsConfigDict(env_prefix="MAST_", extra="ignore")

    data_dir: Path = Field(Path("./data"), description="Files, local database, secrets")
    database_url: str = Field("", description="SQLAlchemy URL; empty means SQLite inside the data directory")
    secret: SecretStr = Field(SecretStr(""), description="Pepper of ticket codes and sessions; made on first start")
    metrics_token: SecretStr = Field(SecretStr(""), description="Opens /metrics to a monitor; empty: there is none")
    audit_anchor: Path | None = Field(None, description="File that is told each day how far the audit log goes")
    name: str = Field("MAST", description="Name shown in the page header")
    time_zone: str = Field("Europe/London", description="IANA zone of days, nights and times on pages")
    public_url: str = Field("http://127.0.0.1:8000", description="Address printed into QR labels")
    host: str = Field("127.0.0.1", description="Address to listen on")
    port: int = Field(8000, description="Port to listen on")
    allowed_hosts: list[str] = Field(
        default=[], description="Host headers to accept; empty: of public_url and loopback"
    )
    trusted_proxies: list[IPvAnyNetwork] = Field(
        default=[], description="Whose X-Forwarded-For and -Proto are believed"
    )
    cookie_secure: bool = Field(True, description="__Host- cookies over HTTPS only; off only on loopback")
    demo: bool = Field(False, description="Says on every page that the people and samples are examples")
    strict_pages: bool = Field(False, description="A page that lacks a value fails, instead of showing a gap")
    upload_max_bytes: int = Field(512 * MIB, description="Largest instrument file")
    reserve_bytes: int = Field(16 * MIB, ge=0, description="Set aside for a full disk: signing in and results go on")
    body_max_bytes: int = Field(1 * MIB, description="Largest body of any other request")
    session_idle_minutes: int = Field(45, ge=1, le=1440, description="Staff are signed out after this much silence")
    session_hours: int = Field(12, ge=1, le=168, description="Staff are signed out after this long in any case")
    oidc_issuer: str = Field("", max_length=255, description="Identity provider people may sign in by; empty: none")
    oidc_client_id: str = Field("", max_length=255, description="This service's name at that provider")
    oidc_client_secret: SecretStr = Field(SecretStr(""), description="Its secret there, best in the folder of secrets")
    oidc_label: str = Field("the university", max_length=60, description="What people call the provider")
    oidc_claim: Literal["sub", "email", "preferred_username"] = Field(
        "email", description="What an administrator names someone by, until they first sign in by the provider"
    )
    administrators_second_factor: bool = Field(
        False, description="Administrators sign in with a passkey, or by a provider that says it asked for two factors"
    )
    prove_again_minutes: int = Field(
        0,
        ge=0,
        le=720,
        description="Verifying, releasing and signing ask who you are when the last proof is older; 0: never",
    )
    ticket_days: int = Field(14, description="A ticket dies this many days after its session closes")
    workers: int = Field(1, ge=0, le=64, description="Processes `mast serve` starts for files and other jobs")
    parser_processes: int = Field(1, description="Pre-warmed children that read instrument files")
    parse_wall_seconds: float = Field(90.0, description="Longest time one file may take to be read")
    releases_monthly: bool = Field(False, description="Make a release of the figures when a month is over")
    release_licence: str = Field("CC-BY-4.0", max_length=60, description="SPDX name of the licence of a release")
    release_publisher: str = Field("", max_length=200, description="Who publishes releases; empty: the services here")
    log_level: str = Field("INFO", description="Least severe log line written")
    live_poll_seconds: float = Field(5.0, description="Catch-up period of live events besides notifications")
    sse_queue: int = Field(100, description="Events kept for a slow screen before it is told to reload")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given, then the environment, then the folder of secrets."""
        folder = os.environ.get("MAST_SECRETS_DIR")
        if not folder:
            return init_settings, env_settings
        if not Path(folder).is_dir():
            raise Invalid(
                f"MAST_SECRETS_DIR names {folder}, which is no folder here. Nothing was changed.",
                hint="Name the folder that holds files such as mast_database_url, or leave it out.",
            )
        return init_settings, env_settings, SecretsSettingsSource(settings_cls, secrets_dir=folder)

    @model_validator(mode="after")
    def _fill(self) -> Self:
        if not self.database_url:
            self.database_url = f"sqlite:///{(self.data_dir / 'mast.sqlite3').as_posix()}"
        elif self.database_url.startswith(("postgres://", "postgresql://")):
            self.database_url = "postgresql+psycopg://" + self.database_url.split("://", 1)[1]
        elif not self.database_url.startswith(("postgresql+psycopg://", "sqlite:")):
            # what it is instead is not said: it may hold a password
            raise ValueError("database_url: it is no address of PostgreSQL, such as postgresql://mast@db/mast")
        address = urlsplit(self.public_url)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise ValueError(f"public_url: “{self.public_url}” is no web address, such as https://mast.example.org")
        if not self.allowed_hosts:
            self.allowed_hosts = [urlsplit(self.public_url).hostname or "", "localhost", "127.0.0.1", "::1"]
        if 0 < len(self.metrics_token.get_secret_value()) < SECRET_BYTES:
            raise ValueError(f"metrics_token: it needs {SECRET_BYTES} characters, such as openssl rand -hex 32 makes")
        if wrong := self._oidc_problem():
            raise ValueError(wrong)
        try:
            place.use(self.time_zone)  # here, so that a process that reads its settings has their clock on its wall
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(
                f"time_zone: “{self.time_zone}” is no zone this machine knows, such as Europe/London"
            ) from error
        return self

    def _oidc_problem(self) -> str:
        there = urlsplit(self.oidc_issuer)
        plain = there.scheme == "http" and there.hostname in ("127.0.0.1", "::1", "localhost")
        if self.oidc_issuer and not plain and (there.scheme != "https" or not there.hostname):
            return f"oidc_issuer: “{self.oidc_issuer}” is no https address, such as https://login.example.ac.uk"
        if self.oidc_issuer and not self.oidc_client_id:
            return "oidc_client_id: it is missing, and the provider gives it when the service is registered there"
        return ""

    def shared(self) -> dict[str, str]:
        """Those in which servers of one database may not differ, as text."""
        return {name: str(getattr(self, name)) for name in SHARED}

    def environment(self) -> dict[str, str]:
        """What was set, as variables: for a process that is to run with the same."""
        given = {
            **self.model_dump(mode="json", include=self.model_fields_set - {"metrics_token", "oidc_client_secret"}),
            "secret": self.secret.get_secret_value(),
        }
        return {
            f"MAST_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
            for name, value in given.items()
        }

    @property
    def blob_dir(self) -> Path:
        """Content-addressed raw files."""
        return self.data_dir / "blobs"

    @property
    def library_dir(self) -> Path:
        """Reference libraries as memory-mapped files."""
        return self.data_dir / "libraries"

    @property
    def secret_at(self) -> str:
        """Where the secret is, in words."""
        return "MAST_SECRET" if self.secret.get_secret_value() else str(self.data_dir / "secret")

    @property
    def audit_start(self) -> Path:
        """File that says, outside the database, from which entry on the audit log has a key."""
        return self.data_dir / "audit_start"

    def has_secret(self) -> bool:
        """Whether there is one already; `pepper` would make it."""
        return bool(self.secret.get_secret_value()) or (self.data_dir / "secret").exists()

    def pepper(self) -> bytes:
        """The secret that keys ticket codes, sessions, tokens and the audit log; created with mode 600 on first use.

        Keep it apart from the database: with both, a ticket code could be searched for. Raises Invalid where it is too short.
        """
        path = self.data_dir / "secret"
        if not self.has_secret():
            self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh = path.with_suffix(".new")
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_hex(32))
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(fresh)  # atomic: two processes starting together agree on one secret
            fresh.unlink(missing_ok=True)
        value = (self.secret.get_secret_value() or path.read_text().strip()).encode()
        if len(value) < SECRET_BYTES:
            raise Invalid(
                f"The secret in {self.secret_at} has {len(value)} bytes; it needs {SECRET_BYTES}. Nothing was changed.",
                hint="Put back the one this service was started with. Only for a new service, make another: openssl rand -hex 32",
            )
        return value


def misspelt(names: Iterable[str]) -> list[str]:
    """What to tell an operator of variables that look like a setting and are none: nobody else would notice them."""
    known = {f"MAST_{name.upper()}" for name in Settings.model_fields} | ELSEWHERE
    told = []
    for name in sorted(names):
        if name.startswith("MAST_") and name not in known and (near := difflib.get_close_matches(name, known, 1, 0.8)):
            told.append(f"{name} is no setting and changes nothing. {near[0]} is one.")
    return told

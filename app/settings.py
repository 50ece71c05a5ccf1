"""Typed settings from the environment (prefix MAST_), built once by whoever starts the process."""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfoNotFoundError

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.platform.kernel import place

MIB = 1024 * 1024


class Settings(BaseSettings):
    """Everything an operator may set; each name is MAST_ plus the field in capitals. See docs/operator.md."""

    model_config = SettingsConfigDict(env_prefix="MAST_", extra="ignore")

    data_dir: Path = Field(Path("./data"), description="Files, local database, secrets")
    database_url: str = Field("", description="SQLAlchemy URL; empty means SQLite inside the data directory")
    secret: SecretStr = Field(SecretStr(""), description="Pepper of ticket codes and sessions; made on first start")
    name: str = Field("MAST", description="Name shown in the page header")
    time_zone: str = Field("Europe/London", description="IANA zone of days, nights and times on pages")
    public_url: str = Field("http://127.0.0.1:8000", description="Address printed into QR labels")
    host: str = Field("127.0.0.1", description="Address to listen on")
    port: int = Field(8000, description="Port to listen on")
    allowed_hosts: list[str] = Field(default=["*"], description="Host headers to accept")
    cookie_secure: bool = Field(True, description="__Host- cookies over HTTPS only; off only on loopback")
    demo: bool = Field(False, description="Says on every page that the people and samples are examples")
    strict_pages: bool = Field(False, description="A page that lacks a value fails, instead of showing a gap")
    upload_max_bytes: int = Field(512 * MIB, description="Largest instrument file")
    body_max_bytes: int = Field(1 * MIB, description="Largest body of any other request")
    session_idle_minutes: int = Field(45, description="Staff are signed out after this much silence")
    session_hours: int = Field(12, description="Staff are signed out after this long in any case")
    ticket_days: int = Field(14, description="A ticket dies this many days after its session closes")
    jobs_in_server: bool = Field(True, description="Run jobs inside `mast serve`; off when `mast worker` runs")
    parser_processes: int = Field(1, description="Pre-warmed children that read instrument files")
    parse_wall_seconds: float = Field(90.0, description="Longest time one file may take to be read")
    releases_monthly: bool = Field(False, description="Make a release of the figures when a month is over")
    release_licence: str = Field("CC-BY-4.0", max_length=60, description="SPDX name of the licence of a release")
    release_publisher: str = Field("", max_length=200, description="Who publishes releases; empty: the services here")
    log_level: str = Field("INFO", description="Least severe log line written")
    live_poll_seconds: float = Field(5.0, description="Catch-up period of live events besides notifications")
    sse_queue: int = Field(100, description="Events kept for a slow screen before it is told to reload")

    @model_validator(mode="after")
    def _fill(self) -> Self:
        if not self.database_url:
            self.database_url = f"sqlite:///{(self.data_dir / 'mast.sqlite3').as_posix()}"
        elif self.database_url.startswith(("postgres://", "postgresql://")):
            self.database_url = "postgresql+psycopg://" + self.database_url.split("://", 1)[1]
        try:
            place.use(self.time_zone)  # here, so that a process that reads its settings has their clock on its wall
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(
                f"time_zone: “{self.time_zone}” is no zone this machine knows, such as Europe/London"
            ) from error
        return self

    @property
    def blob_dir(self) -> Path:
        """Content-addressed raw files."""
        return self.data_dir / "blobs"

    @property
    def library_dir(self) -> Path:
        """Reference libraries as memory-mapped files."""
        return self.data_dir / "libraries"

    def pepper(self) -> bytes:
        """The secret that keys ticket codes, sessions and tokens; created with mode 600 on first use.

        Keep it apart from the database: with both, a ticket code could be searched for.
        """
        if value := self.secret.get_secret_value():
            return value.encode()
        path = self.data_dir / "secret"
        if not path.exists():
            self.data_dir.mkdir(parents=True, exist_ok=True)
            fresh = path.with_suffix(".new")
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_hex(32))
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(fresh)  # atomic: two processes starting together agree on one secret
            fresh.unlink(missing_ok=True)
        return path.read_text().strip().encode()

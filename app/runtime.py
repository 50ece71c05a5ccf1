"""What a running MAST is made of, in one place: built once by app.main, reached by routes through `RuntimeDep`.

Services never import this; they are handed what they need.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, cast
from uuid import UUID

import structlog
from fastapi import Depends, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from app.care.message_packs.provider import Packs
from app.intake.people.oidc import IdentityProvider, Registered
from app.intake.people.service import SessionPolicy
from app.laboratory.library.registry import LibraryRegistry
from app.laboratory.readings.reading_job import LazySandbox
from app.platform.db import Database, UnitOfWork
from app.platform.jobs import JobRunner, Workers
from app.platform.kernel.actor import Actor
from app.platform.kernel.place import Clock
from app.platform.live.hub import EventHub
from app.platform.security.throttle import Throttle
from app.platform.storage import BlobStore, is_full, is_read_only
from app.platform.web.etags import IfMatch, Row, tagged
from app.platform.web.idempotency import OnceDep
from app.platform.web.templates import Templates
from app.settings import Settings
from harm_messages import Pack


@dataclass(frozen=True, slots=True)
class Runtime:
    """The parts of one process."""

    settings: Settings
    db: Database
    hub: EventHub
    clock: Clock
    pepper: bytes
    blobs: BlobStore
    templates: Templates
    packs: Packs
    sandbox: LazySandbox
    registry: LibraryRegistry
    jobs: JobRunner
    workers: Workers
    session_policy: SessionPolicy
    throttle: Throttle
    identity_provider: IdentityProvider | None = None

    @property
    def pack(self) -> Pack:
        """The pack that came with the software: its register names substances everywhere. Pages are made from `packs`."""
        return self.packs.shipped

    def pack_of(self, agency_id: UUID | None) -> Pack:
        """The pack in force now for an agency, where no session is open. Inside one: `packs.current(session, …)`."""
        with self.read() as session:
            return self.packs.current(session, agency_id, self.now())

    def begin(self, actor: Actor, request: Request | None = None, *, vital: bool = False) -> UnitOfWork:
        """A unit of work for `actor`; commits when its `with` block ends. A `vital` one also while the disk is full."""
        request_id = getattr(request.state, "request_id", "") if request is not None else ""
        return self.db.begin(actor, request_id=request_id, vital=vital)

    def noted(self, what: str, actor: Actor, request: Request, note: Callable[[UnitOfWork], None]) -> bool:
        """Write down something on the way to showing what is asked for; say whether it could be written.

        Where the disk is full or read-only it is logged that it was not, and reading goes on.
        """
        try:
            with self.begin(actor, request, vital=True) as uow:
                note(uow)
        except (SQLAlchemyError, OSError) as error:
            if not (is_full(error) or is_read_only(error)):
                raise
            structlog.get_logger(__name__).warning("not_noted", what=what, error=type(error).__name__)
            return False
        return True

    def read(self) -> Session:
        """A session that cannot write."""
        return self.db.read()

    def now(self) -> datetime:
        """Now, in UTC."""
        return self.clock()

    def close(self) -> None:
        """Let go of child processes and connections."""
        self.sandbox.close()
        self.db.close()


def registered_of(settings: Settings) -> Registered | None:
    """How this service is known to its identity provider; None where it has none."""
    if not settings.oidc_issuer:
        return None
    return Registered(
        settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret.get_secret_value(),
        settings.oidc_label, settings.oidc_claim, settings.public_url,
    )  # fmt: skip


def runtime(request: Request) -> Runtime:
    """Dependency: the parts of this process."""
    return cast(Runtime, request.app.state.runtime)


RuntimeDep = Annotated[Runtime, Depends(runtime)]


@dataclass(frozen=True, slots=True)
class Change:
    """A request that changes one row, from the version it names in If-Match; it is answered with the ETag of the next."""

    rt: RuntimeDep
    request: Request
    response: Response
    version: IfMatch

    def made(self, who: Actor, change: Callable[[UnitOfWork], Row]) -> Row:
        """What `change` returns, done in one unit of work of `who`."""
        with self.rt.begin(who, self.request) as uow:
            row = change(uow)
        return tagged(self.response, row)


ChangeDep = Annotated[Change, Depends()]


@dataclass(frozen=True, slots=True)
class Creation:
    """A request that creates something: done at most once for its Idempotency-Key, and answered again with the same."""

    rt: RuntimeDep
    request: Request
    once: OnceDep

    def made(
        self, who: Actor, create: Callable[[UnitOfWork], object], *, sha256: str = "", status: int = 201
    ) -> JSONResponse:
        """What `create` returns, done in one unit of work of `who`. `sha256` is that of a body that is a file."""
        once = self.once.of_bytes(sha256) if sha256 else self.once
        with self.rt.begin(who, self.request) as uow:
            return once.run(uow, lambda: create(uow), status=status)


CreationDep = Annotated[Creation, Depends()]

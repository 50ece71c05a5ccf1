"""What the pages and the API of message packs share: who may do what, a version with its files and its check."""

from __future__ import annotations

import uuid
from typing import Annotated

from app.care.message_packs import schemas, service, signing
from app.care.message_packs.tables import PackVersion
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.versions import check_version
from app.platform.security.policy import allow
from app.runtime import Runtime
from harm_messages import Pack

READERS = (Role.CLINICIAN, Role.SESSION_LEAD, Role.HEALTH_WORKER, Role.CHEMIST, Role.VERIFIER)
Reader = Annotated[Actor, allow(*READERS)]
Editor = Annotated[Actor, allow(Role.CLINICIAN)]
Signer = Annotated[Actor, allow(Role.CLINICIAN, Role.SESSION_LEAD)]


def view(rt: Runtime, who: Actor, version_id: uuid.UUID) -> service.VersionView:
    """One version. Raises NotFound."""
    with rt.read() as session:
        return service.view_of(session, rt.packs, who, version_id, rt.now())


def files(rt: Runtime, who: Actor, version_id: uuid.UUID) -> dict[str, str]:
    """The files of a version. Raises NotFound."""
    with rt.read() as session:
        return rt.packs.texts_of(session, service.get_version(session, rt.packs, who, version_id))


def prepared(rt: Runtime, who: Actor, version_id: uuid.UUID, patience: float | None = None) -> signing.Ready:
    """A version as it would be signed, checked; no session is held in the meantime. Raises NotFound."""
    with rt.read() as session:
        found = signing.gathered(session, rt.packs, who, version_id, rt.now())
    return signing.prepared(found, rt.checks, rt.now().date(), patience)


def row(rt: Runtime, who: Actor, version_id: uuid.UUID) -> PackVersion:
    """The row of a version. Raises NotFound."""
    with rt.read() as session:
        return service.get_version(session, rt.packs, who, version_id)


def pack_of(rt: Runtime, row: PackVersion, texts: dict[str, str], patience: float | None = None) -> Pack | None:
    """The pack that the files of a version make; None while they make none, or while that is not known."""
    if row.id == rt.packs.shipped_id:
        return rt.packs.shipped
    return rt.checks.pack(texts, rt.now().date(), patience, tried=signing.as_signed(row, texts))


def check_if_match(uow: UnitOfWork, rt: Runtime, version_id: uuid.UUID, version: int) -> None:
    """Refuse a change to a version the caller has not seen. Raises Stale."""
    row = service.get_version(uow.session, rt.packs, uow.actor, version_id)
    check_version("version", version, row.version)


def out(uow: UnitOfWork, rt: Runtime, row: PackVersion) -> schemas.VersionOut:
    """For an answer, inside the transaction that changed it."""
    uow.session.flush()
    return schemas.VersionOut.of(service.view_of(uow.session, rt.packs, uow.actor, row.id, uow.now))

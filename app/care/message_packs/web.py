"""What the pages and the API of message packs share: who may do what, a version with its files and its check."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated

from app.care.message_packs import check_job, schemas, service, signing
from app.care.message_packs.checking import Checked
from app.care.message_packs.tables import PackVersion
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import MastError, Unavailable
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


def prepared(rt: Runtime, who: Actor, version_id: uuid.UUID) -> signing.Ready:
    """A version as it would be signed, with what the check found so far. Raises NotFound."""
    with rt.read() as session:
        ready = signing.gathered(session, rt.packs, who, version_id, rt.now())
    return signing.prepared(ready, checked(rt, who, version_id, ready.files))


def checked(rt: Runtime, who: Actor, version_id: uuid.UUID, files: Mapping[str, str]) -> Checked:
    """What the check found in these files of a version, as far as it has come; where nobody did yet, it is asked for."""
    with rt.read() as session:
        found = check_job.found(session, rt.packs, files, rt.now())
    if found is None:
        with suppress(MastError):  # nothing can be written at the moment: the next look asks again
            ask(rt, who, version_id, files)
        with rt.read() as session:
            found = check_job.found(session, rt.packs, files, rt.now())
    return found or Checked(None, (), running=True)


def ask(rt: Runtime, who: Actor, version_id: uuid.UUID, files: Mapping[str, str]) -> None:
    """Have the worker check these files of a version."""
    with rt.begin(who) as uow:
        check_job.ask(uow, version_id, files)


def row(rt: Runtime, who: Actor, version_id: uuid.UUID) -> PackVersion:
    """The row of a version. Raises NotFound."""
    with rt.read() as session:
        return service.get_version(session, rt.packs, who, version_id)


def pack_of(rt: Runtime, who: Actor, row: PackVersion, texts: dict[str, str]) -> Pack | None:
    """The pack that the files of a version make; None while they make none, or while that is not known."""
    if row.id == rt.packs.shipped_id:
        return rt.packs.shipped
    found = checked(rt, who, row.id, signing.as_signed(row, texts))
    return rt.packs.of_draft(texts) if found.makes_pack else None


def pack_to_type_against(rt: Runtime, who: Actor, row: PackVersion, texts: dict[str, str]) -> Pack | None:
    """What a message is held against while someone types: the pack of the version, or the shipped one while the worker has yet
    to read the version, so that a forbidden word is never passed over in silence."""
    running = checked(rt, who, row.id, signing.as_signed(row, texts)).running
    return rt.packs.shipped if running else pack_of(rt, who, row, texts)


def pack_once_read(rt: Runtime, who: Actor, row: PackVersion, texts: dict[str, str]) -> Pack | None:
    """As `pack_of`. Raises Unavailable while the worker has yet to read the files."""
    pack = pack_of(rt, who, row, texts)
    if pack is None and checked(rt, who, row.id, signing.as_signed(row, texts)).running:
        raise Unavailable("This version has not been read yet, so what it shows is not known.")
    return pack


def check_if_match(uow: UnitOfWork, rt: Runtime, version_id: uuid.UUID, version: int) -> None:
    """Refuse a change to a version the caller has not seen. Raises Stale."""
    row = service.get_version(uow.session, rt.packs, uow.actor, version_id)
    check_version("version", version, row.version)


def out(uow: UnitOfWork, rt: Runtime, row: PackVersion) -> schemas.VersionOut:
    """For an answer, inside the transaction that changed it."""
    uow.session.flush()
    return schemas.VersionOut.of(service.view_of(uow.session, rt.packs, uow.actor, row.id, uow.now))

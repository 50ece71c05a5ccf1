"""JSON routes of incoming files. An arrival is acknowledged once its bytes and its row are durable, and once for ever."""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Header, Query, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from sqlmodel import Session

from app.intake.sessions import service as sessions
from app.laboratory.identification.domain import Method
from app.laboratory.incoming import service
from app.laboratory.incoming.domain import SetAsideReason
from app.laboratory.incoming.service import IncomingView
from app.laboratory.incoming.tables import IncomingFile, IncomingShown
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Forbidden, Invalid
from app.platform.security.policy import allow
from app.platform.storage import Received
from app.platform.web.bodies import BINARY
from app.platform.web.etags import etag, tagged
from app.platform.web.fields import Text80
from app.platform.web.paging import Cursor, Limit, Page, decode_cursor, encode_cursor
from app.runtime import Change, ChangeDep, Runtime, RuntimeDep

router = APIRouter(prefix="/api/v1/incoming", tags=["incoming"])

BENCH = (Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD)
Chemist = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER)]
Bench = Annotated[Actor, allow(*BENCH)]
Sender = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER, Role.INSTRUMENT)]
Asker = Annotated[Actor, allow(*BENCH, Role.INSTRUMENT)]
Path = Annotated[str, Query(max_length=1000, description="The file's own name or its path in the watched folder")]
Arrival = Annotated[
    str,
    Query(
        max_length=64, pattern=r"^[A-Za-z0-9_-]*$",
        description="The sender's key of this arrival: the same key again is the same file, for ever",
    ),
]  # fmt: skip
Digest = Annotated[
    str, Header(max_length=500, description="RFC 9530; the file is kept only if its SHA-256 is this one")
]

_MEMBER = re.compile(r"^\s*([A-Za-z0-9*_.-]+)\s*=\s*:([A-Za-z0-9+/=]*):\s*$")


class SuggestionOut(BaseModel):
    """The open sample a file's name speaks of."""

    sample_id: uuid.UUID
    number: int
    session_id: uuid.UUID
    session_name: str
    reason: str
    certain: bool


class IncomingOut(IncomingShown):
    """A file from an instrument. `message` is for the screen, `href` where to look.

    `kept` is false once the bytes of a file that was set aside have been deleted.
    """

    kept: bool
    suggestion: SuggestionOut | None
    message: str
    href: str

    @classmethod
    def of(cls, view: IncomingView) -> IncomingOut:
        """From a row with what is known around it."""
        row, found = view.row, view.suggestion
        meant = {**asdict(found.sample), "reason": found.reason, "certain": found.certain} if found else None
        href = f"/bench/samples/{row.sample_id}" if row.sample_id else ""
        around = {"kept": row.blob_sha256 is not None, "suggestion": meant, "message": view.message, "href": href}
        return cls.model_validate({**row.model_dump(), **around})

    @classmethod
    def receipt(cls, row: IncomingFile) -> IncomingOut:
        """What an instrument's computer learns: what became of the file, nothing about any sample."""
        nothing = {"sample_id": None, "upload_id": None, "suggestion": None, "href": ""}
        return cls.of(IncomingView(row)).model_copy(update=nothing)


class AttachIn(BaseModel, extra="forbid"):
    """The sample a file belongs to. Without a method the analysis takes it from what the file is."""

    sample_id: uuid.UUID
    method: Method | None = None


class SetAsideIn(BaseModel, extra="forbid"):
    """Why a file belongs to no sample."""

    reason: SetAsideReason


@router.post(
    "",
    status_code=201,
    response_model=IncomingOut,
    responses={200: {"model": IncomingOut, "description": "The same arrival again: nothing was added"}},
    openapi_extra=BINARY,
)
async def take_in(
    who: Sender,
    rt: RuntimeDep,
    request: Request,
    filename: Path = "",
    origin: Annotated[Text80, Query(description="The instrument's computer or folder, as it calls itself")] = "",
    arrival: Arrival = "",
    session: Annotated[uuid.UUID | None, Query(description="Only samples of this session are meant")] = None,
    attach: Annotated[bool, Query(description="Attach to the one open sample of `session` the name speaks of")] = False,
    repr_digest: Digest = "",
    content_digest: Digest = "",
    idempotency_key: Annotated[str, Header(max_length=120, description="Stands in for `arrival`")] = "",
) -> Response:
    """Take a file in as the raw body; it waits until it is attached to a sample."""
    if attach and session is None:
        raise Invalid(
            "Attaching from the name needs the session the samples belong to, so the file was not taken.",
            fields={"session": "missing"},
        )
    announced = _announced_sha256(repr_digest, content_digest)
    key = service.arrival_key(arrival, who.person_id, idempotency_key)
    await to_thread.run_sync(_check_session, rt, who, session)
    received = await rt.blobs.receive(request.stream(), announced=announced)
    coming = service.Arrival(key, filename, origin, session, attach)
    return await to_thread.run_sync(_commit, rt, who, request, received, coming)


def _check_session(rt: Runtime, who: Actor, session_id: uuid.UUID | None) -> None:
    if session_id is not None:
        with rt.read() as session:
            sessions.get_session(session, who, session_id)


def _commit(rt: Runtime, who: Actor, request: Request, received: Received, coming: service.Arrival) -> Response:
    with rt.begin(who, request) as uow:
        row, is_new = service.arrive(uow, received, coming)
        body = jsonable_encoder(_out(uow, row))
        headers = {"ETag": etag(row.version)}
    return JSONResponse(body, 201 if is_new else 200, headers=headers)


def _out(uow: UnitOfWork, row: IncomingFile) -> IncomingOut:
    return _shown(uow.session, uow.actor, [row], uow.now)[0]


def _shown(session: Session, who: Actor, rows: Sequence[IncomingFile], now: datetime) -> list[IncomingOut]:
    """Files as the bench sees them; to an instrument's computer nothing of the samples around them."""
    if not who.has(*BENCH):
        return [IncomingOut.receipt(row) for row in rows]
    candidates = service.open_samples(session, who, now)
    return [IncomingOut.of(view) for view in service.views(session, who, rows, candidates)]


@router.get("")
def list_incoming(
    who: Asker,
    rt: RuntimeDep,
    state: service.IncomingState | None = None,
    arrival: Arrival = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Page[IncomingOut]:
    """Files from the instruments, newest first. With `arrival`: that one, if it came.

    An instrument's computer must name the arrival, and learns what became of it, never which sample it was given to.
    """
    if not arrival and not who.has(*BENCH):
        raise Forbidden(
            "An instrument's computer may ask about one arrival, not list files.", hint="Give its key as `arrival`."
        )
    before = decode_cursor(cursor)
    with rt.read() as session:
        rows = service.incoming_page(session, who, state=state, arrival=arrival, before=before, limit=limit + 1)
        shown = _shown(session, who, rows[:limit], rt.now())
    return Page(rows=shown, next=encode_cursor(rows[limit - 1].id) if len(rows) > limit else None)


@router.get("/{incoming_id}")
def show_incoming(incoming_id: uuid.UUID, who: Bench, rt: RuntimeDep, response: Response) -> IncomingOut:
    """One file: what it is, or why it could not be read, and where it stands."""
    with rt.read() as session:
        row = service.get_incoming(session, who, incoming_id)
        return tagged(response, _shown(session, who, [row], rt.now())[0])


@router.post("/{incoming_id}/attach")
def attach(incoming_id: uuid.UUID, body: AttachIn, who: Chemist, change: ChangeDep) -> IncomingOut:
    """Give a waiting file to a sample; it becomes an upload of that sample and is read as any other."""
    return _decide(
        who, change, lambda uow: service.attach(uow, incoming_id, change.version, body.sample_id, body.method)
    )


@router.post("/{incoming_id}/set-aside")
def set_aside(incoming_id: uuid.UUID, body: SetAsideIn, who: Chemist, change: ChangeDep) -> IncomingOut:
    """Say that a file belongs to no sample. It can be restored until its bytes are deleted."""
    return _decide(who, change, lambda uow: service.set_aside(uow, incoming_id, change.version, body.reason))


@router.post("/{incoming_id}/restore")
def restore(incoming_id: uuid.UUID, who: Chemist, change: ChangeDep) -> IncomingOut:
    """Let a file that was set aside wait again."""
    return _decide(who, change, lambda uow: service.restore(uow, incoming_id, change.version))


@router.post("/{incoming_id}/take-back")
def take_back(incoming_id: uuid.UUID, who: Chemist, change: ChangeDep) -> IncomingOut:
    """Undo an attachment: the analysis it made is marked to be repeated, and the file waits again.

    A result that stands on the file is not changed by it; `message` says so.
    """

    def taken_back(uow: UnitOfWork) -> IncomingOut:
        row, stands = service.take_back(uow, incoming_id, change.version)
        out = _out(uow, row)
        if stands:
            out.message = f"{out.message} {service.STILL_STANDS}"
        return out

    return change.made(who, taken_back)


def _decide(who: Actor, change: Change, decide: Callable[[UnitOfWork], IncomingFile]) -> IncomingOut:
    return change.made(who, lambda uow: _out(uow, decide(uow)))


def _announced_sha256(*headers: str) -> str:
    """The digest a sender announces in Content-Digest or Repr-Digest (RFC 9530), so that a cut transfer is not kept.

    In hex, or "" where none is announced; other algorithms are passed over. Raises Invalid.
    """
    found = {_sha256(member) for header in headers for member in header.split(",") if member.strip()} - {""}
    if len(found) > 1:
        raise _not_a_digest()
    return found.pop() if found else ""


def _sha256(member: str) -> str:
    match = _MEMBER.match(member)
    if match is None:
        raise _not_a_digest()
    if match[1].lower() != "sha-256":
        return ""
    try:
        raw = base64.b64decode(match[2], validate=True)
    except binascii.Error:
        raise _not_a_digest() from None
    if len(raw) != 32:
        raise _not_a_digest()
    return raw.hex()


def _not_a_digest() -> Invalid:
    return Invalid(
        "The digest header cannot be understood, so the file was not taken.",
        fields={"Repr-Digest": "not a digest"},
        hint="Send one SHA-256 as Repr-Digest: sha-256=:base64:, or leave it out.",
    )

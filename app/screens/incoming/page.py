"""The page "Files from the instruments": what waits for its sample, what was attached, what was set aside."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Annotated, BinaryIO

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlmodel import Session

from app.laboratory.incoming import service
from app.laboratory.incoming.tables import IncomingFile
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Invalid, MastError, NotFound
from app.platform.security.policy import allow
from app.platform.web.forms import fields_of, shown_again
from app.platform.web.paging import Cursor, decode_cursor, encode_cursor
from app.platform.web.problems import status_of
from app.runtime import Runtime, RuntimeDep
from app.screens.incoming.view import LIMIT, tabs, what_it_is

router = APIRouter(include_in_schema=False)

Chemist = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER)]
Bench = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD)]
State = Annotated[str, Query(max_length=20)]
Done = Annotated[str, Query(max_length=20)]
Version = Annotated[int, Form(ge=0, lt=2**31)]

DONE = {
    "attached": "The file is attached. It is being read with its sample.",
    "set-aside": "The file is set aside. It can be restored for 30 days.",
    "restored": "The file waits again.",
    "taken-back": "The file waits again. What it gave with the wrong sample is marked to be repeated and supports no answer.",
    "taken-back-stands": f"The file waits again. {service.STILL_STANDS}",
    "received": "Received and safe. The files wait below to be attached.",
}


@router.get("/bench/incoming")
def incoming_files(
    request: Request, who: Bench, rt: RuntimeDep, state: State = "", cursor: Cursor = "", done: Done = ""
) -> HTMLResponse:
    """What came from the instruments, newest first."""
    return _page(request, rt, who, "incoming/files.html", state, cursor, done=DONE.get(done, ""))


@router.get("/bench/incoming/part")
def incoming_part(request: Request, who: Bench, rt: RuntimeDep, state: State = "", cursor: Cursor = "") -> HTMLResponse:
    """The live part of the same."""
    return _page(request, rt, who, "incoming/_list.html", state, cursor)


@router.post("/bench/incoming")
def receive_files(
    request: Request, who: Chemist, rt: RuntimeDep, file: Annotated[list[UploadFile], File()]
) -> Response:
    """Take files in without a script, each by itself: one that is refused does not spoil those before it."""
    for one in file:
        with shown_again(lambda error: _page(request, rt, who, "incoming/files.html", "", "", error=error)):
            received = rt.blobs.put(_chunks(one.file))
            coming = service.Arrival(service.arrival_key("", who.person_id, ""), one.filename or "", "browser")
            with rt.begin(who, request) as uow:
                service.arrive(uow, received, coming)
    return _back("received")


@router.post("/bench/incoming/{incoming_id}/attach")
def attach(
    request: Request,
    incoming_id: uuid.UUID,
    who: Chemist,
    rt: RuntimeDep,
    version: Version = 0,
    sample_id: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Give a file to a sample."""
    return _decide(
        request, rt, who, "attached",
        lambda uow: service.attach(uow, incoming_id, version, _chosen(uow.session, who, incoming_id, sample_id)),
    )  # fmt: skip


@router.post("/bench/incoming/{incoming_id}/set-aside")
def set_aside(
    request: Request,
    incoming_id: uuid.UUID,
    who: Chemist,
    rt: RuntimeDep,
    version: Version = 0,
    reason: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Say that a file belongs to no sample."""

    def decide(uow: UnitOfWork) -> IncomingFile:
        service.get_incoming(uow.session, who, incoming_id)
        if reason not in set(service.SetAsideReason):
            raise _missing(incoming_id, "reason", "Choose why the file belongs to no sample.")
        return service.set_aside(uow, incoming_id, version, service.SetAsideReason(reason))

    return _decide(request, rt, who, "set-aside", decide)


@router.post("/bench/incoming/{incoming_id}/restore")
def restore(request: Request, incoming_id: uuid.UUID, who: Chemist, rt: RuntimeDep, version: Version = 0) -> Response:
    """Let a file that was set aside wait again."""
    return _decide(request, rt, who, "restored", lambda uow: service.restore(uow, incoming_id, version))


@router.post("/bench/incoming/{incoming_id}/take-back")
def take_back(request: Request, incoming_id: uuid.UUID, who: Chemist, rt: RuntimeDep, version: Version = 0) -> Response:
    """Undo an attachment. A result that stands on the file is not changed by it, and that is said."""
    stands = False

    def decide(uow: UnitOfWork) -> IncomingFile:
        nonlocal stands
        row, stands = service.take_back(uow, incoming_id, version)
        return row

    return _decide(request, rt, who, lambda: "taken-back-stands" if stands else "taken-back", decide)


def _chosen(session: Session, who: Actor, incoming_id: uuid.UUID, sample_id: str) -> uuid.UUID:
    service.get_incoming(session, who, incoming_id)
    try:
        return uuid.UUID(sample_id)
    except ValueError:
        raise _missing(incoming_id, "sample", "Choose the sample this file belongs to.") from None


def _missing(incoming_id: uuid.UUID, field: str, sentence: str) -> Invalid:
    return Invalid("Nothing was changed.", fields={f"{field}-{incoming_id}": sentence})


def _decide(
    request: Request,
    rt: Runtime,
    who: Actor,
    done: str | Callable[[], str],
    decide: Callable[[UnitOfWork], IncomingFile],
) -> Response:
    with (
        shown_again(lambda error: _page(request, rt, who, "incoming/files.html", "", "", error=error), but=NotFound),
        rt.begin(who, request) as uow,
    ):
        decide(uow)
    return _back(done if isinstance(done, str) else done())


def _back(done: str) -> RedirectResponse:
    return RedirectResponse(f"/bench/incoming?done={done}", 303)


def _page(
    request: Request,
    rt: Runtime,
    who: Actor,
    template: str,
    state: str,
    cursor: str,
    *,
    done: str = "",
    error: MastError | None = None,
) -> HTMLResponse:
    shown = service.IncomingState(state) if state in set(service.IncomingState) else service.IncomingState.WAITING
    before = decode_cursor(cursor)
    with rt.read() as session:
        rows = service.incoming_page(session, who, state=shown, before=before, limit=LIMIT + 1)
        candidates = service.open_samples(session, who, rt.now(), register=rt.pack.substances)
        files = service.views(session, who, rows[:LIMIT], candidates)
        counted = service.counts(session, who)
    return rt.templates.page(
        request,
        template,
        status=status_of(error),
        files=files,
        candidates=candidates,
        several_sessions=len({c.session_id for c in candidates}) > 1,
        shown=shown,
        cursor=cursor,
        tabs=tabs(shown, counted),
        older=f"/bench/incoming?state={shown}&cursor={encode_cursor(rows[LIMIT - 1].id)}"
        if len(rows) > LIMIT
        else None,
        newest=f"/bench/incoming?state={shown}" if cursor else None,
        may_decide=who.has(Role.CHEMIST, Role.VERIFIER),
        reasons=[(r.value, w) for r, w in service.REASON_WORDS.items()],
        reason_words=service.REASON_WORDS,
        what_it_is=what_it_is,
        now=rt.now(),
        done=done,
        error=error,
        fields=fields_of(error),
    )


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(1 << 20):
        yield piece

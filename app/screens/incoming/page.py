"""The page "Files from the instruments": what waits for its sample, what was attached, what was set aside."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Annotated

from fastapi import APIRouter, File, Form, Query, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, TypeAdapter
from sqlmodel import Session

from app.laboratory.incoming import service
from app.laboratory.incoming.domain import IncomingState, OpenSample
from app.laboratory.incoming.matching import Match, assign_matched, sort_waiting
from app.laboratory.incoming.tables import IncomingFile
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Role
from app.platform.kernel.errors import Invalid, MastError, NotFound
from app.platform.web import bodies
from app.platform.web.forms import fields_of, shown_again
from app.platform.web.paging import Cursor, decode_cursor, encode_cursor
from app.platform.web.typed import key_of
from app.screens.navigation import Link
from app.screens.visits import Bench, Chemist, Done, Version, Visit

router = APIRouter(include_in_schema=False)

State = Annotated[str, Query(max_length=20)]
Apart = Annotated[str, Query(max_length=40)]
Counted = Annotated[int | None, Query(ge=0, le=10_000)]

LIMIT = 25
_KINDS = {
    "ir": "infrared spectrum",
    "raman": "Raman spectrum",
    "uv": "UV spectrum",
    "mass_spectrum": "mass spectrum",
    "mass_run": "run with mass spectra",
    "chromatogram": "chromatogram",
}
_UNITS = {"cm-1": "cm⁻¹"}
_TABS = {
    IncomingState.WAITING: "To assign",
    IncomingState.ATTACHED: "Assigned",
    IncomingState.SET_ASIDE: "Set aside",
}
DONE = {
    "attached": "File assigned. It is being read.",
    "set-aside": "File set aside. You can restore it for 30 days.",
    "restored": "File restored.",
    "again": "The file is being read again.",
    "taken-back": "File removed from the wrong sample. Its analysis there is marked as repeat and no longer counts.",
    "taken-back-stands": f"File removed from the wrong sample. {service.STILL_STANDS}",
    "received": "Files received. Assign them below.",
}


@router.get("/bench/incoming")
def incoming_files(
    visit: Bench,
    state: State = "",
    cursor: Cursor = "",
    apart: Apart = "",
    done: Done = "",
    assigned: Counted = None,
    left: Counted = None,
) -> HTMLResponse:
    """What came from the instruments: what names match a sample, and the rest. `apart`: a match to be looked at by itself."""
    said = assigned_words(assigned, left or 0) if assigned is not None else DONE.get(done, "")
    return _page(visit, "incoming/files.html", state, cursor, apart, done=said)


@router.get("/bench/incoming/part")
def incoming_part(visit: Bench, state: State = "", cursor: Cursor = "", apart: Apart = "") -> HTMLResponse:
    """The live part of the same."""
    return _page(visit, "incoming/part.html", state, cursor, apart)


@router.post("/bench/incoming/assign-matched")
def assign_all_matched(visit: Chemist, file: Annotated[list[str] | None, Form(max_length=1000)] = None) -> Response:
    """Assign every file that was shown with a match and still has it. Each counts by itself; the same again does nothing."""
    wanted = frozenset(file or ())
    with visit.rt.read() as session:
        candidates = service.open_samples(session, visit.who, visit.rt.now())
        matched = sort_waiting(session, visit.who, candidates).matched
    made = assign_matched(visit.begin, matched, wanted)
    return RedirectResponse(f"/bench/incoming?assigned={made.done}&left={made.left}", 303)


def assigned_words(done: int, left: int) -> str:
    """What became of the files of one press."""
    words = f"{done} {'file' if done == 1 else 'files'} assigned. " + ("They are being read." if done else "")
    if not left:
        return words.strip()
    were = "1 file was" if left == 1 else f"{left} files were"
    return f"{words.strip()} {were} assigned or changed before."


@router.post("/bench/incoming")
def receive_files(visit: Chemist, file: Annotated[list[UploadFile], File()]) -> Response:
    """Take files in without a script, each by itself: one that is refused does not spoil those before it."""
    for one in file:
        with shown_again(lambda error: _page(visit, error=error)):
            received = visit.rt.blobs.put(bodies.pieces(one.file))
            key = service.arrival_key("", visit.who.person_id, "")
            with visit.begin() as uow:
                service.arrive(uow, received, service.Arrival(key, one.filename or "", "browser"))
    return _back("received")


@router.post("/bench/incoming/{incoming_id}/attach")
def attach(
    visit: Chemist, incoming_id: uuid.UUID, version: Version = 0, sample_id: Annotated[str, Form(max_length=40)] = ""
) -> Response:
    """Give a file to a sample."""
    with _deciding(visit) as uow:
        service.get_incoming(uow.session, visit.who, incoming_id)
        if (sample := key_of(sample_id)) is None:
            raise _missing(incoming_id, "sample", "Choose a sample.")
        service.attach(uow, incoming_id, version, sample)
    return _back("attached")


@router.post("/bench/incoming/{incoming_id}/set-aside")
def set_aside(
    visit: Chemist, incoming_id: uuid.UUID, version: Version = 0, reason: Annotated[str, Form(max_length=20)] = ""
) -> Response:
    """Say that a file belongs to no sample."""
    with _deciding(visit) as uow:
        service.get_incoming(uow.session, visit.who, incoming_id)
        if reason not in set(service.SetAsideReason):
            raise _missing(incoming_id, "reason", "Choose a reason.")
        service.set_aside(uow, incoming_id, version, service.SetAsideReason(reason))
    return _back("set-aside")


@router.post("/bench/incoming/{incoming_id}/restore")
def restore(visit: Chemist, incoming_id: uuid.UUID, version: Version = 0) -> Response:
    """Let a file that was set aside wait again."""
    with _deciding(visit) as uow:
        service.restore(uow, incoming_id, version)
    return _back("restored")


@router.post("/bench/incoming/{incoming_id}/read-again")
def read_again(visit: Chemist, incoming_id: uuid.UUID, version: Version = 0) -> Response:
    """Read a file again that the server failed to read."""
    with _deciding(visit) as uow:
        service.read_again(uow, incoming_id, version)
    return _back("again")


@router.post("/bench/incoming/{incoming_id}/take-back")
def take_back(visit: Chemist, incoming_id: uuid.UUID, version: Version = 0) -> Response:
    """Undo an attachment. A result that stands on the file is not changed by it, and that is said."""
    with _deciding(visit) as uow:
        _, stands = service.take_back(uow, incoming_id, version)
    return _back("taken-back-stands" if stands else "taken-back")


def _deciding(visit: Visit) -> AbstractContextManager[UnitOfWork]:
    return visit.work(lambda error: _page(visit, error=error), but=NotFound)


def _missing(incoming_id: uuid.UUID, field: str, sentence: str) -> Invalid:
    return Invalid("Nothing was changed.", fields={f"{field}-{incoming_id}": sentence})


def _back(done: str) -> RedirectResponse:
    return RedirectResponse(f"/bench/incoming?done={done}", 303)


def _page(
    visit: Visit,
    template: str = "incoming/files.html",
    state: str = "",
    cursor: str = "",
    apart: str = "",
    *,
    done: str = "",
    error: MastError | None = None,
) -> HTMLResponse:
    shown = IncomingState(state) if state in set(IncomingState) else IncomingState.WAITING
    who, now = visit.who, visit.rt.now()
    with visit.rt.read() as session:
        candidates = service.open_samples(session, who, now, register=visit.rt.pack.substances)
        matched, rows = _sorted(session, visit, shown, cursor, apart, candidates)
        files = service.views(session, who, rows[:LIMIT], candidates)
        counted = service.counts(session, who)
    here = f"/bench/incoming?state={shown}"
    return visit.page(
        template,
        files=files,
        matched=matched,
        apart=apart,
        candidates=candidates,
        several_sessions=len({c.session_id for c in candidates}) > 1,
        shown=shown,
        cursor=cursor,
        tabs=tabs(shown, counted),
        by_hand=counted[IncomingState.WAITING] - len(matched),
        older=f"{here}&cursor={encode_cursor(rows[LIMIT - 1].id)}" if len(rows) > LIMIT else None,
        newest=here if cursor else None,
        may_decide=who.has(Role.CHEMIST, Role.VERIFIER),
        reasons=[(one.value, one.words) for one in service.SetAsideReason],
        what_it_is=what_it_is,
        now=now,
        done=done,
        error=error,
        fields=fields_of(error),
    )


def _sorted(
    session: Session, visit: Visit, shown: IncomingState, cursor: str, apart: str, candidates: Sequence[OpenSample]
) -> tuple[tuple[Match, ...], Sequence[IncomingFile]]:
    """Files whose names match a sample, and a page of the others; the one that is looked at apart comes first."""
    before, who = decode_cursor(cursor), visit.who
    if shown is not IncomingState.WAITING:
        return (), service.incoming_page(session, who, state=shown, before=before, limit=LIMIT + 1)
    alone = key_of(apart)
    found = sort_waiting(session, who, candidates, apart={alone} if alone else ())
    rows = [row for row in found.rest if before is None or row.id < before]
    return found.matched, sorted(rows, key=lambda row: row.id != alone)


class Tab(Link):
    """A tab with how many files are under it."""

    count: int | None


def tabs(shown: IncomingState, counted: dict[IncomingState, int]) -> list[Tab]:
    """For ui.tabs; only what waits is counted."""
    return [
        {
            "label": label,
            "href": f"/bench/incoming?state={state.value}",
            "current": state is shown,
            "count": counted[state] if state is IncomingState.WAITING else None,
        }
        for state, label in _TABS.items()
    ]


class Described(BaseModel):
    """What is shown of one reading in a file."""

    kind: str = ""
    n_scans: int = 0
    n_points: int = 0
    x_first: float | None = None
    x_last: float | None = None
    x_unit: str = ""
    instrument: str = ""


_READINGS = TypeAdapter(list[Described])


def what_it_is(row: IncomingFile) -> list[str]:
    """A line per reading; several of one file are counted after the first three."""
    found = _READINGS.validate_python(row.summary.get("readings", []))
    lines = [reading_words(one) for one in found[:3]]
    more = int(str(row.summary.get("count", len(found)))) - len(lines)
    return [*lines, f"and {more:,} more"] if more > 0 else lines


def reading_words(one: Described) -> str:
    """ "infrared spectrum, 3,601 points, 4000 to 400 cm⁻¹, Nicolet iS5"."""
    parts = [_KINDS.get(one.kind, "measurement")]
    if one.n_scans:
        parts.append(f"{one.n_scans:,} scans")
    parts.append(f"{one.n_points:,} points")
    if one.x_first is not None and one.x_last is not None:
        parts.append(f"{one.x_first:.6g} to {one.x_last:.6g} {_UNITS.get(one.x_unit, one.x_unit)}".strip())
    if one.instrument:
        parts.append(one.instrument)
    return ", ".join(parts)

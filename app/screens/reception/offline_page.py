"""Reception without the server: what a tablet keeps for it, the numbers and tickets it is lent, and the samples it sends later.

The tablet keeps the form with nothing of any sample in it. What it sends is taken once for its key, no matter who is signed in then.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Annotated

import segno
from fastapi import APIRouter, Header, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, Field, ValidationError

from app.intake.samples import leases, service, substances
from app.intake.samples.schemas import TicketOut
from app.intake.sessions import service as sessions
from app.platform.kernel.errors import Invalid
from app.platform.kernel.sample_numbers import sample_number
from app.platform.security.policy import public
from app.platform.web.fields import Moment, Text20
from app.screens import joined
from app.screens.reception import forms, page
from app.screens.reception.photo_page import attach, received
from app.screens.visits import Keeper, Lead, Next, Registrar, Sent, Visit, local_path

router = APIRouter(include_in_schema=False)

SCREENS = Path(__file__).parents[1]
STATIC = SCREENS.parent / "static"
JOINED = (
    "staff.css", "intake.css",
    "staff.js", "typed.js", "combobox.js", "nudge.js", "intake.js", "told.js", "leaving.js",
)  # fmt: skip
LONE = ("common/theme.js", "reception/labels.css", "reception/offline.css", "reception/reception.css")
FILES = ("mast.svg", "vendor/htmx.min.js", "vendor/atkinson-latin.woff2", "vendor/atkinson-latin-ext.woff2")
"""What the form needs."""
Counts = Annotated[list[Annotated[int, Field(ge=1, lt=2**31)]], Field(max_length=2000)]


@cache
def worker_script(*, sync: bool = False) -> str:
    """The service worker, told which files it keeps and a hash of all of them: another build is another script. `sync`: as a
    module that sends what waits when the browser tells it to."""
    files = dict(sorted(_kept_files()))
    own = [Path(__file__).with_name(name).read_text("utf-8") for name in ("sw.js", "sw_sync.js")]
    digest = hashlib.sha256(b"".join((*files.values(), *(script.encode() for script in own))))
    told = json.dumps({"build": digest.hexdigest()[:16], "files": list(files)})
    return "\n".join([f"const KEPT = {told};", *own[: 1 + sync]])


def _kept_files() -> Iterator[tuple[str, bytes]]:
    """Styles, scripts and fonts of the form, by the address they are served under."""
    for name in JOINED:
        yield joined.AT + name, joined.joined(name).encode()
    for base, names in ((STATIC, FILES), (SCREENS, LONE)):
        for name in names:
            yield f"/static/{name}", (base / name).read_bytes()


@router.get("/reception/sw.js", dependencies=[public("a browser fetches it by itself, also after someone signed out")])
def service_worker(sync: Annotated[bool, Query()] = False) -> Response:
    """The service worker. It may be asked to look after the reception page of any session, and of nothing else. `sync`: for
    browsers with Background Sync."""
    allowed = {"Service-Worker-Allowed": "/", "Cache-Control": "no-cache"}
    return Response(worker_script(sync=sync), media_type="text/javascript", headers=allowed)


@router.get("/sessions/{session_id}/reception/kept")
def kept_form(session_id: uuid.UUID, visit: Registrar) -> HTMLResponse:
    """The form as a tablet keeps it: nobody's name, no queue, no group, no ticket."""
    visit.request.state.kept = True
    return page.shown(visit, session_id, forms.Filled(), kept=True)


@router.get("/reception/words")
def words(visit: Registrar) -> list[substances.Word]:
    """The register and the names people use, for suggestions without the server."""
    return substances.all_words(visit.rt.pack.register)


class LeaseIn(BaseModel, extra="forbid"):
    """A tablet asks for codes: its key, the numbers it has not used, and those of samples it has yet to send."""

    device: uuid.UUID
    unused: Counts = []
    waiting: Counts = []


class Code(BaseModel):
    """A number and its ticket, told this once. `qr`: the modules of its code row by row as one hexadecimal number."""

    number: int
    label: str
    code: str
    url: str | None
    size: int
    qr: str


class LeaseOut(BaseModel):
    """What a tablet gets. `kept`: numbers it has and may go on using. `wording`: version of the consent questions."""

    letter: str
    kept: list[int]
    codes: list[Code]
    expires_at: datetime
    now: datetime
    wording: str
    session_name: str
    individual: bool


@router.post("/sessions/{session_id}/tablets")
def lend(session_id: uuid.UUID, visit: Registrar, asked: LeaseIn) -> LeaseOut:
    """Fill the tablet up to 60 codes; an answer that gets lost is made good by asking again."""
    days, rt = visit.rt.settings.ticket_days, visit.rt
    with visit.begin() as uow:
        lent = leases.lease(
            uow, session_id, asked.device, unused=asked.unused, waiting=asked.waiting, pepper=rt.pepper, ticket_days=days
        )  # fmt: skip
        checking = sessions.get_session(uow.session, visit.who, session_id)
        tickets = [(one, _ticket(visit, one.code, lent, checking)) for one in lent.codes]
        name, now, individual = checking.name, uow.now, checking.licence_mode.individual_results
    return LeaseOut(
        letter=lent.letter, kept=lent.kept, codes=[_code(one, ticket) for one, ticket in tickets],
        expires_at=lent.expires_at, now=now, wording=service.wording().version, session_name=name,
        individual=individual,
    )  # fmt: skip


def _ticket(visit: Visit, code: str, lent: leases.Lease, checking: sessions.CheckingSession) -> TicketOut:
    individual = checking.licence_mode.individual_results
    return TicketOut.of(code, lent.expires_at, visit.rt.settings.public_url, individual)


def _code(lent: leases.Lent, ticket: TicketOut) -> Code:
    size, bits = _bits(ticket.url) if ticket.url else (0, "")
    label = sample_number(lent.number)
    return Code(number=lent.number, label=label, code=lent.code, url=ticket.url, size=size, qr=bits)


def _bits(content: str) -> tuple[int, str]:
    matrix = segno.make(content, error="m", micro=False).matrix
    bits = "".join(str(module & 1) for row in matrix for module in row)
    bits += "0" * (-len(bits) % 4)
    return len(matrix), f"{int(bits, 2):0{len(bits) // 4}x}"


class OfflineFields(BaseModel):
    """What a tablet says of a sample beside the fields of the form; see `leases.Offline`."""

    device: uuid.UUID
    number: Annotated[int, Field(ge=1, lt=2**31)]
    code: Text20
    time: Moment
    offset_s: Annotated[float, Field(ge=-4e9, le=4e9, allow_inf_nan=False)]
    wording: Text20
    without_ticket: bool = False


class OfflineSampleOut(BaseModel):
    """The answer to a sample that a tablet sent; the same however often it is sent."""

    id: uuid.UUID
    label: str
    late: bool
    clock_off: bool


PREFIX = "offline_"


@router.post("/sessions/{session_id}/offline-samples", status_code=201)
def send(
    session_id: uuid.UUID,
    visit: Registrar,
    form: forms.FilledForm,
    idempotency_key: Annotated[uuid.UUID, Header(description="UUIDv7 made with the form; the sample's own key")],
    photo: Sent = None,
) -> OfflineSampleOut:
    """Take a sample a tablet registered. Words that mean several things are kept as they were typed: nobody is there to ask."""
    said = _said(visit, form)
    form.one["meant"] = form.one["meant"] or "keep"
    new = page.sample_read(visit, session_id, form).model_copy(update={"id": idempotency_key})
    if idempotency_key.version != 7:
        raise Invalid("The key must be a UUID of version 7. Nothing was saved.")
    with received(visit.rt.blobs, photo) as kept, visit.begin() as uow:
        came = leases.register_offline(uow, session_id, new, said, visit.rt.pepper, substances=visit.rt.pack.register)
        if not came.again:
            attach(uow, came.sample_id, kept)
    return OfflineSampleOut(
        id=came.sample_id, label=sample_number(came.number), late=came.after_close, clock_off=came.clock_off
    )


def _said(visit: Visit, form: forms.Filled) -> leases.Offline:
    fields = {name.removeprefix(PREFIX): text for name, text in form.one.items() if name.startswith(PREFIX)}
    try:
        sent = OfflineFields.model_validate(fields)
    except ValidationError:
        raise Invalid("The tablet did not say when and with which number. Nothing was saved.") from None
    everything = repr((sorted(form.one.items()), sorted(form.many.items()))).encode()
    digest = hmac.new(visit.rt.pepper, b"offline|" + everything, "sha256").hexdigest()
    return leases.Offline(
        sent.device, sent.number, sent.code, sent.time, sent.offset_s, sent.wording, digest, sent.without_ticket
    )


@router.get("/sessions/{session_id}/tablets")
def tablets(session_id: uuid.UUID, visit: Lead) -> HTMLResponse:
    """The tablets that can register without the server, and what they hold."""
    with visit.rt.read() as session:
        checking = sessions.get_session(session, visit.who, session_id)
        rows = leases.tablets_of(session, visit.who, session_id)
    return visit.page("reception/tablets.html", checking=checking, rows=rows)


@router.post("/sessions/{session_id}/tablets/{tablet_id}/void")
def void(session_id: uuid.UUID, tablet_id: uuid.UUID, visit: Keeper, onwards: Next = "") -> Response:
    """Cancel the unused tickets of a lost tablet."""
    with visit.begin() as uow:
        leases.void(uow, session_id, tablet_id)
    return RedirectResponse(local_path(onwards) if onwards else f"/sessions/{session_id}/tablets", 303)

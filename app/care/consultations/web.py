"""The web side of a client's ticket: throttles, cookies, the language, live events, and the part that changes."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import URL

from app.care.consultations import service
from app.care.consultations.client_view import ClientView, client_view, own_view
from app.care.consultations.domain import ShownTo
from app.care.consultations.words import ENGLISH, Words, offered, preferred, words_of
from app.intake.samples import lookup
from app.intake.samples import service as samples
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import CLIENT, Actor
from app.platform.kernel.errors import MastError, TooMany
from app.platform.live.hub import LiveEvent
from app.platform.security.policy import ticket_holder
from app.platform.security.throttle import TICKET_OF_ADDRESS, TICKET_OF_SITE, address_of
from app.platform.security.tokens import keyed_hash
from app.platform.web.problems import STATUS
from app.runtime import Runtime

ASKED = "lang"  # in an address: a language and nothing else
LANGUAGE_KEPT_S = 365 * 24 * 3600


class TicketUnknown(MastError):
    """One answer for a code that is wrong, expired, replaced, withdrawn, back of house or was never issued."""

    code = "ticket_unknown"

    def __init__(self, words: Words = ENGLISH) -> None:
        super().__init__(words.unknown, hint=words.unknown_hint)


class TicketEnded(MastError):
    """The browser's own session for its ticket has ended."""

    code = "ticket_ended"

    def __init__(self, words: Words = ENGLISH, what: str = "") -> None:
        super().__init__(what or words.ended, hint=words.ended_hint)


STATUS[TicketUnknown] = 404
STATUS[TicketEnded] = 401


def cookie_name(runtime: Runtime, of: str = "ticket") -> str:
    """`__Host-` wherever cookies are Secure."""
    return f"__Host-mast-{of}" if runtime.settings.cookie_secure else f"mast-{of}"


def remember(response: Response, runtime: Runtime, request: Request, sample: samples.Sample) -> bool:
    """Give this browser a secret of its own for the sample, so that the code is not needed again. Says whether it could be
    written.

    Raises TicketUnknown where the ticket was replaced at the same moment.
    """

    def open_it(uow: UnitOfWork) -> None:
        opened = lookup.open_ticket_session(uow, sample, runtime.pepper)
        if opened is None:
            raise TicketUnknown
        secret, until = opened
        lasts = int((until - runtime.now()).total_seconds())  # not a date: clocks of phones are wrong
        uow.after_commit(lambda: _set_cookie(response, runtime, cookie_name(runtime), secret, lasts))

    return runtime.noted("ticket opened", CLIENT, request, open_it)


def _set_cookie(response: Response, runtime: Runtime, name: str, value: str, lasts: int) -> None:
    secure = runtime.settings.cookie_secure
    response.set_cookie(name, value, max_age=lasts, httponly=True, samesite="lax", secure=secure, path="/")


def forget(response: Response, runtime: Runtime) -> None:
    """Take the cookie back."""
    response.delete_cookie(cookie_name(runtime), path="/", secure=runtime.settings.cookie_secure, httponly=True)


def look_up(runtime: Runtime, request: Request, code: str) -> samples.Sample:
    """The sample of a code. A right code is always served; wrong ones are counted per address and for the site.

    Raises TicketUnknown, the same for every way to be wrong, or TooMany.
    """
    with runtime.read() as session:
        found = lookup.sample_by_ticket(session, code, runtime.pepper, runtime.now())
        sample = service.if_it_opens(session, found)
    if sample is not None:
        return sample
    words = words_of(language_of(request, runtime))
    try:
        runtime.throttle.take((TICKET_OF_ADDRESS, address_of(request)), (TICKET_OF_SITE, ""))
    except TooMany as error:
        error.detail, error.hint = words.too_many, words.too_many_hint.format(seconds=error.retry_after_s)
        raise
    raise TicketUnknown(words)


def mark_of(runtime: Runtime, sample: samples.Sample) -> str:
    """Stands for the sample in the addresses its page asks: opens nothing, and tells nobody which sample it is."""
    return keyed_hash(runtime.pepper, "ticket page", str(sample.id))[:16]


def held_sample(request: Request) -> samples.Sample:
    """Dependency: the sample of the browser's ticket cookie. Raises TicketEnded.

    The tabs of a browser share the cookie, and the last ticket opened has it. A tab says by `?of=` whose page it
    shows, so that it never follows, or is given, the sample of another.
    """
    runtime: Runtime = request.app.state.runtime
    words = words_of(language_of(request, runtime))
    secret = request.cookies.get(cookie_name(runtime), "")
    if secret:
        with runtime.read() as session:
            found = lookup.sample_by_ticket_session(session, secret, runtime.pepper, runtime.now())
            sample = service.if_it_opens(session, found)
        if sample is not None:
            if request.query_params.get("of") not in (None, mark_of(runtime, sample)):
                raise TicketEnded(words, words.other_ticket)
            return sample
    raise TicketEnded(words)


Held = ticket_holder(held_sample)


def holds(request: Request, sample: samples.Sample) -> bool:
    """Whether this browser showed the ticket of this sample before."""
    try:
        return held_sample(request).id == sample.id
    except TicketEnded:
        return False


def concerns(sample: samples.Sample) -> Callable[[LiveEvent], bool]:
    """Which events change the page of this sample: its own, alerts of its place, what shortens the queue before it, and a
    change to a told result at its session, which may be that of a sample that looks the same."""
    sample_id, session_id, number, agency_id = sample.id, sample.session_id, sample.number, sample.agency_id

    def accepts(event: LiveEvent) -> bool:
        if event.sample_id == sample_id:
            return event.topic in ("client", "sample")
        if event.topic == "alert":  # what a place is warned of may change every page there
            return event.agency_id == agency_id and event.session_id in (None, session_id)
        if event.kind in ("pack.signed", "pack.withdrawn"):  # what it says may change at once
            return event.agency_id == agency_id
        if event.kind in ("result.amended", "result.retracted"):
            return event.session_id == session_id and event.topic == "result"
        before = event.payload.get("number")
        leaves = event.session_id == session_id and event.kind in ("sample.released", "sample.withdrawn")
        return leaves and isinstance(before, int) and before < number

    return accepts


def view_for_client(runtime: Runtime, request: Request, sample: samples.Sample) -> ClientView:
    """What this client sees now; noted in the display log the first time. The page learns the sample's mark."""
    request.state.ticket_mark = mark_of(runtime, sample)
    with runtime.read() as session:
        pack = runtime.packs.current(session, sample.agency_id, runtime.now())
        view = own_view(session, pack, sample, runtime.now(), locale=language_of(request, runtime))
        noting = service.needs_noting(session, sample, view, ShownTo.CLIENT)

    def note(uow: UnitOfWork) -> None:
        row = lookup.sample_for_system(uow.session, sample.id)
        if row is not None:
            service.note_shown(uow, row, view, ShownTo.CLIENT)
            _keep_pack(runtime, uow, view)

    if noting:
        runtime.noted("page shown to the client", CLIENT, request, note)
    return view


def view_for_staff(
    runtime: Runtime, request: Request, who: Actor, sample_id: uuid.UUID, also: tuple[str, ...] = ()
) -> tuple[samples.Sample, ClientView]:
    """What the person who tells the client sees, noted like the client's own look. Nothing of `also` is noted anywhere.

    In the language asked for in the address, else in English: it is on a worker's screen.
    """
    locale = asked_for(request, runtime) or "en"
    with runtime.read() as session:
        sample = lookup.get_sample(session, who, sample_id)
        pack = runtime.packs.current(session, sample.agency_id, runtime.now())
        view = client_view(session, pack, sample, runtime.now(), also_taking=also, locale=locale)
        noting = service.needs_noting(session, sample, view, ShownTo.STAFF, who.person_id)

    def note(uow: UnitOfWork) -> None:
        service.note_shown(uow, lookup.get_sample(uow.session, who, sample_id), view, ShownTo.STAFF)
        _keep_pack(runtime, uow, view)

    if noting:
        runtime.noted("page shown to staff", who, request, note)
    return sample, view


def _keep_pack(runtime: Runtime, uow: UnitOfWork, view: ClientView) -> None:
    """The pack of a page that was shown stays readable: the display log replays from it."""
    if view.page is not None:
        runtime.packs.keep(uow, view.page.pack_digest)


def client_page(
    runtime: Runtime, request: Request, name: str, *, view: ClientView | None = None, status: int = 200, **values: Any
) -> HTMLResponse:
    """A page or part of one in the language of the view; where there is none, of this browser."""
    locale = view.locale if view else language_of(request, runtime)
    mark = getattr(request.state, "ticket_mark", "")  # switching in this tab never brings the ticket of another
    return runtime.templates.page(
        request,
        name,
        status=status,
        view=view,
        lang=locale,
        w=words_of(locale),
        languages=choices(runtime, "/t", locale, **({"of": mark} if mark else {})),
        now=runtime.now(),
        **values,
    )


# -- the language -----------------------------------------------------------------------------------------------


def language_of(request: Request, runtime: Runtime) -> str:
    """What this browser reads: asked for in the address, else chosen before, else preferred, else the pack's first.

    The choice is kept by the browser alone, and says nothing of a ticket.
    """
    known = offered(runtime.pack)
    said = asked_for(request, runtime) or request.cookies.get(cookie_name(runtime, "language"))
    return said if said in known else preferred(request.headers.get("accept-language", ""), known)


def asked_for(request: Request, runtime: Runtime) -> str:
    """The language in the address; nothing where there is none that is offered."""
    said = request.query_params.get(ASKED, "")
    return said if said in offered(runtime.pack) else ""


def keep_language(response: Response, request: Request, runtime: Runtime) -> None:
    """What the address asks for is what this browser reads from now on."""
    if said := asked_for(request, runtime):
        _set_cookie(response, runtime, cookie_name(runtime, "language"), said, LANGUAGE_KEPT_S)


def choices(runtime: Runtime, path: str, current: str, **more: str) -> list[dict[str, str | bool]]:
    """The languages to switch between, each with its address; [] where there is one only.

    A ticket's code is in no address: it is in the fragment, which the page's script takes along.
    """
    known = offered(runtime.pack)
    return [
        {
            "href": str(URL(path).include_query_params(**{ASKED: code, **more})),
            "label": words_of(code).name,
            "lang": code,
            "current": code == current,
        }
        for code in (known if len(known) > 1 else ())
    ]

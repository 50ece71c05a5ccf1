"""The page of a ticket: the browser is sent on to it with the code sealed in a cookie, so that Back and reload send no form again.

Each ticket has a cookie of its own, so that two tabs do not take each other's. Only who was given the code can open it, for half an
hour, and the form that goes on from it takes it back. The server keeps nothing.
"""

from __future__ import annotations

import base64
import contextlib
import hmac
import json
import uuid

from cryptography.fernet import Fernet, InvalidToken
from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from app.screens.reception.labels_page import ticket_page
from app.screens.visits import Staff, Visit

router = APIRouter(include_in_schema=False)

COOKIE = "mast-ticket-"
"""And the sample."""
PATH = "/samples"
SHOWN_S = 30 * 60
MOST = 4
"""Tickets that a browser holds at once."""


def to_ticket(visit: Visit, sample_id: uuid.UUID, code: str, *, again: bool) -> RedirectResponse:
    """On to the page of the ticket. `again`: it replaces one that was lost."""
    sealed = _sealer(visit).encrypt_at_time(json.dumps([str(sample_id), code, again]).encode(), _now(visit))
    answer = RedirectResponse(f"/samples/{sample_id}/ticket", 303)
    secure, name = visit.rt.settings.cookie_secure, _name(sample_id)
    answer.set_cookie(name, sealed.decode(), max_age=SHOWN_S, httponly=True, samesite="lax", secure=secure, path=PATH)
    return answer


def take_back(answer: Response, visit: Visit, sample_id: uuid.UUID) -> None:
    """Who had this ticket goes on to the next sample: it is shown no more."""
    _delete(answer, visit, _name(sample_id))


@router.get("/samples/{sample_id}/ticket")
def shown_ticket(sample_id: uuid.UUID, visit: Staff) -> Response:
    """The ticket, for who was just given it; for anybody else, and later, the sample."""
    asked, kept = _name(sample_id), _kept(visit)
    of, code, again = kept.get(asked, ("", "", False))
    if of == str(sample_id):
        answer: Response = ticket_page(visit, sample_id, code, again=again)
    else:
        answer = RedirectResponse(f"/samples/{sample_id}", 303)
    for name in sorted(kept, key=lambda one: one != asked)[MOST:]:  # the newest, and before them the one that is shown
        _delete(answer, visit, name)
    return answer


def _kept(visit: Visit) -> dict[str, tuple[str, str, bool]]:
    """What each ticket's cookie that this person can open now says of sample and code, by its name; the newest first."""
    sealer, opened = _sealer(visit), []
    for name, sealed in visit.request.cookies.items():
        if not name.startswith(COOKIE):
            continue
        with contextlib.suppress(InvalidToken):
            words = sealer.decrypt_at_time(sealed.encode(), SHOWN_S, _now(visit))
            opened.append((sealer.extract_timestamp(sealed.encode()), name, json.loads(words)))
    return {name: said for _, name, said in sorted(opened, reverse=True)}


def _delete(answer: Response, visit: Visit, name: str) -> None:
    answer.delete_cookie(name, path=PATH, secure=visit.rt.settings.cookie_secure, httponly=True)


def _name(sample_id: uuid.UUID) -> str:
    return f"{COOKIE}{sample_id}"


def _sealer(visit: Visit) -> Fernet:
    words = f"ticket shown|{visit.who.person_id}"
    return Fernet(base64.urlsafe_b64encode(hmac.digest(visit.rt.pepper, words.encode(), "sha256")))


def _now(visit: Visit) -> int:
    return int(visit.rt.now().timestamp())

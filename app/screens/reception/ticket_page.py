"""The page of a ticket: the browser is sent on to it with the code sealed in a cookie, so that Back and reload send no form again.

Only who was given the code can open the cookie, for half an hour, and the form of the next sample takes it back. The server keeps nothing.
"""

from __future__ import annotations

import base64
import hmac
import json
import uuid

from cryptography.fernet import Fernet, InvalidToken
from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from app.screens.reception.labels_page import ticket_page
from app.screens.visits import Staff, Visit

router = APIRouter(include_in_schema=False)

COOKIE = "mast-ticket"
PATH = "/samples"
SHOWN_S = 30 * 60


def to_ticket(visit: Visit, sample_id: uuid.UUID, code: str, *, again: bool) -> RedirectResponse:
    """On to the page of the ticket. `again`: it replaces one that was lost."""
    sealed = _sealer(visit).encrypt_at_time(json.dumps([str(sample_id), code, again]).encode(), _now(visit))
    answer = RedirectResponse(f"/samples/{sample_id}/ticket", 303)
    secure = visit.rt.settings.cookie_secure
    answer.set_cookie(COOKIE, sealed.decode(), max_age=SHOWN_S, httponly=True, samesite="lax", secure=secure, path=PATH)
    return answer


def take_back(answer: Response, visit: Visit) -> None:
    """The next sample begins: the last ticket is shown no more."""
    if "mast-by-itself" not in visit.request.headers:
        answer.delete_cookie(COOKIE, path=PATH, secure=visit.rt.settings.cookie_secure, httponly=True)


@router.get("/samples/{sample_id}/ticket")
def shown_ticket(sample_id: uuid.UUID, visit: Staff) -> Response:
    """The ticket, for who was just given it; for anybody else, and later, the sample."""
    kept = visit.request.cookies.get(COOKIE, "")
    try:
        of, code, again = json.loads(_sealer(visit).decrypt_at_time(kept.encode(), SHOWN_S, _now(visit)))
    except InvalidToken:
        of, code, again = "", "", False
    if of != str(sample_id):
        return RedirectResponse(f"/samples/{sample_id}", 303)
    return ticket_page(visit, sample_id, code, again=again)


def _sealer(visit: Visit) -> Fernet:
    words = f"ticket shown|{visit.who.person_id}"
    return Fernet(base64.urlsafe_b64encode(hmac.digest(visit.rt.pepper, words.encode(), "sha256")))


def _now(visit: Visit) -> int:
    return int(visit.rt.now().timestamp())

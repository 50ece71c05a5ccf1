"""The log of refused attempts to change clients' pages: who, when, on which result, at which rule, what, and why not.

A refusal rolls its unit of work back, so its entry is written in one of its own once that is over. Why on the route and
not in the use cases: a role that may not, a form that makes no sense and a refusal of the rules are then logged alike.
Nothing typed is kept: a rule or snippet stands in the entry only where the message pack holds it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import sqlalchemy.exc
import structlog
from anyio import to_thread
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from sqlmodel import Session

from app.care.consultations.domain import AdjustmentKind, Tried, WhyRefused
from app.care.consultations.tables import UrgentMessage
from app.intake.samples import lookup
from app.platform import audit
from app.platform.db.rows import row_of
from app.platform.kernel import errors
from app.platform.kernel.actor import Actor
from app.platform.security.policy import current_actor
from app.platform.web.fields import sent
from app.platform.web.forms import ShownAgain
from app.platform.web.middleware import SAFE_METHODS
from app.results import service as results
from app.runtime import Runtime
from harm_messages import Pack

TRIED = {
    "adjust": Tried.ADJUST,
    "undo": Tried.UNDO,
    "undo_adjustment": Tried.UNDO,
    "request_urgent": Tried.ASK_URGENT,
    "approve_urgent": Tried.APPROVE_URGENT,
    "stop_urgent": Tried.STOP_URGENT,
}
"""By the name of the route. One that changes a page and is not here keeps the server from starting."""
BY_KIND: dict[type[Exception], WhyRefused] = {
    errors.Forbidden: WhyRefused.NOT_ALLOWED,
    errors.NotFound: WhyRefused.NOT_FOUND,
    errors.Stale: WhyRefused.STALE,
    errors.Conflict: WhyRefused.CONFLICT,
    errors.Refused: WhyRefused.NOT_ALLOWED,
    errors.Invalid: WhyRefused.NOT_UNDERSTOOD,
    errors.VersionRequired: WhyRefused.NOT_UNDERSTOOD,
    RequestValidationError: WhyRefused.NOT_UNDERSTOOD,
}

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class LoggedRoute(APIRoute):
    """A route whose refusals are logged, where it changes something."""

    def get_route_handler(self) -> Handler:
        """Run it, and log what it refused."""
        handle = super().get_route_handler()
        if not set(self.methods or ()) - SAFE_METHODS:
            return handle
        tried = TRIED[self.endpoint.__name__]

        async def logged(request: Request) -> Response:
            try:
                return await handle(request)
            except errors.ProofNeeded:
                raise
            except ShownAgain as shown:
                await _log(request, tried, shown.why)
                raise
            except (errors.MastError, RequestValidationError) as error:
                await _log(request, tried, error)
                raise

        return logged


async def _log(request: Request, tried: Tried, error: Exception) -> None:
    why = _code(error)
    if why is None:
        return
    try:
        await to_thread.run_sync(_keep, request, tried, why, await sent(request))
    except (sqlalchemy.exc.SQLAlchemyError, OSError) as trouble:  # the refusal stands all the same
        structlog.get_logger(__name__).error("refusal_not_logged", error=type(trouble).__name__)


def _code(error: Exception) -> WhyRefused | None:
    """None for what is no refusal: a question about what was typed, and trouble of the machine."""
    if isinstance(error, errors.PersonalData):
        return None
    if isinstance(error, errors.MastError) and "reason_code" in error.extra:
        return WhyRefused(str(error.extra["reason_code"]))
    return next((BY_KIND[kind] for kind in type(error).__mro__ if kind in BY_KIND), None)


@dataclass(frozen=True, slots=True)
class _About:
    """What an attempt was about, as far as it is the actor's own."""

    object_type: str
    object_id: str = ""
    session_id: uuid.UUID | None = None
    rule: str = ""
    more: Mapping[str, str | int] = field(default_factory=dict)


def _keep(request: Request, tried: Tried, why: WhyRefused, body: Mapping[str, object]) -> None:
    actor = current_actor(request)
    if actor is None:
        return
    runtime = cast(Runtime, request.app.state.runtime)
    with runtime.begin(actor, request, vital=True) as uow:
        pack = runtime.packs.current(uow.session, actor.agency_id, uow.now)
        of_a_place = tried in (Tried.ASK_URGENT, Tried.APPROVE_URGENT, Tried.STOP_URGENT)
        about = (_urgent if of_a_place else _page)(uow.session, actor, request)
        rule = about.rule or _known(pack, body.get("target") or body.get("snippet"))
        if tried is Tried.ADJUST and str(body.get("kind")) in set(AdjustmentKind):
            tried = Tried(str(body["kind"]))
        audit.record(
            uow, "refuse", about.object_type, about.object_id, session_id=about.session_id,
            after={"tried": tried.value, "rule": rule, "why": why.value, **about.more},
        )  # fmt: skip


def _urgent(session: Session, actor: Actor, request: Request) -> _About:
    try:
        row = row_of(session, UrgentMessage, actor.agency_id, _key(request, "urgent_id"), "urgent message")
    except errors.NotFound:
        return _About("urgent_message")
    return _About("urgent_message", str(row.id), row.session_id, row.snippet)


def _page(session: Session, actor: Actor, request: Request) -> _About:
    try:
        sample = lookup.get_sample(session, actor, _key(request, "sample_id"))
    except errors.NotFound:
        return _About("page")
    shown = results.released(session, sample.id)
    if shown is None:
        return _About("page", str(sample.id), sample.session_id)
    more: dict[str, str | int] = {"sample": str(sample.id), "version": shown.result.number}
    return _About("page", str(shown.result.id), sample.session_id, more=more)


def _key(request: Request, name: str) -> uuid.UUID:
    try:
        return uuid.UUID(str(request.path_params.get(name, "")))
    except ValueError as error:
        raise errors.NotFound(name) from error


def _known(pack: Pack, typed: object) -> str:
    """The rule, snippet or message of that name; "" for whatever else was sent."""
    names = {*(rule.id for rule in pack.rules), *(row.id for row in pack.snippets), *(key for key, _ in pack.messages)}
    return typed if isinstance(typed, str) and typed in names else ""

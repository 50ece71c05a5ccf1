"""The nudge: before a free text is kept, what in it seems to point to a person is asked about, and logged by kind.

One dependency for every route, so that no use case can forget it. Text that staff read may be kept by a second press;
text that others read may not. What was typed is in no entry and no log.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from anyio import to_thread
from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute
from starlette.datastructures import FormData

from app.platform import audit
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import PersonalData
from app.platform.kernel.personal_data import PersonalKind, found_in, left_out, sentence
from app.platform.security.policy import api_routes, current_actor, roles_of
from app.platform.web.fields import CHECKED, FOR_STAFF, Body, Free, FreeField, free_fields, sent, written
from app.runtime import Runtime

LEFT_OUT = "personal_data_left_out"
"""What a browser sends when someone left something out before it was sent: kinds, with commas."""
NOTHING = "Nothing was saved. What you typed is still here."
HINT = "Leave it out and send it again."
HINT_STAFF = f"Leave it out and send it again; or send it as it is, with “{CHECKED}”: true."


@dataclass(frozen=True, slots=True)
class Fired:
    """A field in which something was found: what was typed stays in this request."""

    name: str
    text: str
    outside: bool
    kinds: tuple[PersonalKind, ...]
    without: str

    @property
    def label(self) -> str:
        """The field in words."""
        return self.name.replace("_", " ").capitalize()

    @property
    def sentence(self) -> str:
        """What is said beside it."""
        return sentence(self.kinds, outside=self.outside)


async def nudge(request: Request) -> None:
    """Dependency of the whole application. Raises PersonalData; nobody who may not use the route gets so far."""
    route = request.scope.get("route")
    fields = free_fields(route) if isinstance(route, APIRoute) and request.method != "GET" else ()
    if fields:
        body = await sent(request)
        await to_thread.run_sync(_check, request, cast(APIRoute, route), fields, body)


def _check(request: Request, route: APIRoute, fields: tuple[FreeField, ...], body: Body) -> None:
    fired = list(_fired(written(fields, body)))
    left_out_there = str(body.get(LEFT_OUT, ""))[:200].split(",")
    heeded = tuple(kind for kind in PersonalKind if kind.value in left_out_there)  # by someone, in the browser
    if not fired and not heeded:
        return
    actor = current_actor(request)
    if actor is None or not actor.roles & roles_of(route):
        return  # the policy of the route says it
    outside = any(one.outside for one in fired)
    said = body.get(CHECKED)
    checked = (said is True or said == "true") and not outside
    answer = "left_out" if not fired else "kept" if checked else "refused" if outside else "asked"
    _log(request, actor, route, fired or [Fired("", "", False, heeded, "")], answer)
    if not fired or checked:
        return
    request.state.nudged = (fired, body)
    beside = {one.name: one.sentence for one in fired}
    raise PersonalData(
        f"{NOTHING} {' '.join(dict.fromkeys(beside.values()))}", fields=beside,
        kinds=sorted({kind.value for one in fired for kind in one.kinds}), hint=HINT if outside else HINT_STAFF,
    )  # fmt: skip


def _fired(texts: Iterable[tuple[FreeField, str]]) -> Iterator[Fired]:
    for one, text in texts:
        if kinds := tuple(dict.fromkeys(found.kind for found in found_in(text, one.free.but))):
            yield Fired(one.name, text, one.free.outside, kinds, left_out(text, one.free.but))


def _log(request: Request, actor: Actor, route: APIRoute, fired: Iterable[Fired], answer: str) -> None:
    """In a unit of work of its own: where the text is not kept, nothing else is written."""
    runtime = cast(Runtime, request.app.state.runtime)
    kinds: dict[str, list[str]] = {}
    for one in fired:
        had = kinds.setdefault(one.name, [])
        had += [kind.value for kind in one.kinds if kind.value not in had]
    with runtime.begin(actor, request) as uow:
        audit.record(uow, "nudge", "free_text", route.path[:80], after={"answer": answer, "kinds": kinds})


def form_again(request: Request, status: int) -> Response | None:
    """For a browser without scripts: a page with what it sent, and each text that was asked about with what it is without it.

    None where it was no form.
    """
    fired, body = cast("tuple[list[Fired], Body]", request.state.nudged)
    if not isinstance(body, FormData):
        return None
    asked = {(one.name, one.text) for one in fired}
    texts = [(name, value) for name, value in body.multi_items() if isinstance(value, str)]
    return cast(Runtime, request.app.state.runtime).templates.page(
        request,
        "system/personal_data.html",
        status=status,
        action=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        others=[one for one in texts if one[0] not in (CHECKED, LEFT_OUT) and one not in asked],
        asked=fired,
        kinds=",".join(sorted({kind.value for one in fired for kind in one.kinds})),
        may_keep=not any(one.outside for one in fired),
    )


def names_of_forms(app: FastAPI) -> dict[str, Free]:
    """Name of a form's field → who reads it, for the macros of the pages.

    Where forms differ, the name is for staff here, and the page of the other form says who reads it there.
    """
    found: dict[str, Free] = {}
    for context in api_routes(app):
        route = context.original_route
        if isinstance(route, APIRoute) and not route.include_in_schema:
            for one in free_fields(route):
                if found.setdefault(one.name, one.free) != one.free:
                    found[one.name] = FOR_STAFF
    return found

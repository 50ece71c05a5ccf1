"""One table from domain errors to RFC 9457 problem+json (or the same sentences as a page for browsers)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import sqlalchemy.exc
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from app.platform.kernel import errors as e
from app.platform.storage import is_full, is_read_only

STATUS: dict[type[e.MastError], int] = {
    e.NotFound: 404,
    e.Unauthenticated: 401,
    e.Forbidden: 403,
    e.Invalid: 422,
    e.NotAcceptable: 406,
    e.Conflict: 409,
    e.Refused: 409,
    e.Stale: 412,
    e.VersionRequired: 428,
    e.TooLarge: 413,
    e.Unreadable: 422,
    e.TooMany: 429,
    e.StorageFull: 507,
    e.Unavailable: 503,
}

MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel, extra="allow"):
    """RFC 9457. `fields` says what is wrong with which value, `reasons` why a step was refused.

    `kinds`: what in a free text seems to point to a person. `reason_code`: why a page was not changed, as it is logged.
    """

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    hint: str = ""
    fields: dict[str, str] = {}
    reasons: list[str] = []
    kinds: list[str] = []
    reason_code: str = ""


Renderer = Callable[[Request, Problem], Response]


def wants_html(request: Request) -> bool:
    """A browser asking for a page, not the API."""
    return not request.url.path.startswith("/api/") and "text/html" in request.headers.get("accept", "")


def status_of(error: e.MastError | None) -> int:
    """HTTP status of a page or a problem: 200 without an error, else that of its nearest kind in STATUS."""
    return 200 if error is None else next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 400)


def problem(error: e.MastError, request: Request) -> Problem:
    """The problem as it is answered: what happened, a hint where there is one, and what the error carries."""
    status = status_of(error)
    said = {"hint": error.hint, **error.extra}
    members = {
        "type": f"urn:mast:problem:{error.code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": error.detail,
        "instance": request.url.path,
        "request_id": getattr(request.state, "request_id", ""),
    }
    return Problem.model_validate({**members, **{name: value for name, value in said.items() if value}})


def translate(error: Exception) -> e.MastError:
    """Errors of the framework and the machine in the domain's words; anything unknown stays an internal error."""
    if isinstance(error, e.MastError):
        return error
    if isinstance(error, RequestValidationError):
        return from_validation(error.errors())
    if isinstance(error, HTTPException):
        return _from_http(error)
    if is_full(error):
        return e.StorageFull()
    if is_read_only(error):
        return e.ReadOnly()
    if isinstance(error, sqlalchemy.exc.OperationalError | sqlalchemy.exc.InterfaceError | sqlalchemy.exc.TimeoutError):
        return e.Unavailable()
    if isinstance(error, sqlalchemy.exc.IntegrityError):  # two at the same moment: the checks before saw neither
        return e.Conflict(
            "This clashes with what someone recorded at the same moment, so it was not saved.",
            hint="Load it again, look, and repeat it if it is still needed.",
        )
    return _Internal()


class _Internal(e.MastError):
    code = "internal"

    def __init__(self) -> None:
        super().__init__(
            "Something went wrong on the server. Nothing you saved before is lost. This one step was not done.",
            hint="Try once more. If it happens again, tell the operator the request number below.",
        )


STATUS[_Internal] = 500


def headers_of(error: e.MastError | None) -> dict[str, str]:
    """What an answer with this error says besides: when to come back, how to sign in."""
    if isinstance(error, e.TooMany | e.Unavailable):
        return {"Retry-After": str(error.retry_after_s)}
    return {"WWW-Authenticate": "Bearer"} if isinstance(error, e.Unauthenticated) else {}


def install(app: FastAPI, render_page: Renderer) -> None:
    """Register handlers: every error leaves in one shape."""
    log = structlog.get_logger("mast.web")

    def answer(request: Request, error: e.MastError) -> Response:
        body, headers = problem(error, request), headers_of(error)
        # a part of a page is told in a sentence: led to the form, it would show the form in its place
        part = isinstance(error, e.Unauthenticated) and "hx-request" in request.headers
        if wants_html(request) and not part:
            if isinstance(error, e.Unauthenticated):
                return _to_sign_in(request)
            if isinstance(error, e.SecondFactorNeeded):
                return RedirectResponse("/account/second", 303)
            response = render_page(request, body)
            response.headers.update(headers)
            return response
        said = body.model_dump(exclude_unset=True)
        return JSONResponse(said, body.status, headers=headers, media_type=MEDIA_TYPE)

    async def on_known(request: Request, error: Exception) -> Response:
        followed = request.method in ("GET", "HEAD") and wants_html(request)
        known = _broken_link(error) if followed and isinstance(error, RequestValidationError) else translate(error)
        response = answer(request, known)
        response.headers.update(getattr(error, "headers", None) or {})  # of an HTTPException
        return response

    async def on_gone(request: Request, error: Exception) -> Response:
        return Response(status_code=400)  # nobody is there to read it; of a file that was on its way nothing was kept

    async def on_machine(request: Request, error: Exception) -> Response:
        known = translate(error)
        if isinstance(known, e.Unavailable | e.StorageFull):  # known, and said again by every request in the meantime
            log.error("request_failed", path=request.url.path, problem=known.code, error=type(error).__name__)
        else:
            log.error("request_failed", path=request.url.path, problem=known.code, exc_info=error)
        return answer(request, known)

    handlers: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
        e.MastError: on_known,
        RequestValidationError: on_known,
        HTTPException: on_known,
        ClientDisconnect: on_gone,
        OSError: on_machine,
        sqlalchemy.exc.SQLAlchemyError: on_machine,
        Exception: on_machine,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


# What any route may answer: the API description names it once instead of on every route.
DOCUMENTED = (400, 401, 403, 404, 405, 409, 412, 413, 422, 428, 429, 500, 503, 507)


def document(app: FastAPI) -> None:
    """Add the problem answers to every operation of the OpenAPI description."""
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        described = describe()
        parts = described.setdefault("components", {})
        if "Problem" in parts.get("responses", {}):
            return described
        parts.setdefault("schemas", {})["Problem"] = Problem.model_json_schema()
        content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        parts["responses"] = {"Problem": {"description": "What happened and what to do", "content": content}}
        for path in described.get("paths", {}).values():
            for operation in path.values():
                for status in DOCUMENTED:
                    _add_problem(operation["responses"], str(status), content)
        for unused in ("HTTPValidationError", "ValidationError"):
            parts["schemas"].pop(unused, None)
        return described

    app.openapi = openapi  # type: ignore[method-assign]


def _add_problem(responses: dict[str, Any], status: str, content: dict[str, Any]) -> None:
    """A status a route describes itself keeps its words; its answer may be a problem as well."""
    known = responses.get(status)
    if known is None or "HTTPValidationError" in str(known):
        responses[status] = {"$ref": "#/components/responses/Problem"}
    else:
        known["content"] = {**known.get("content", {}), **content}


def from_validation(found: Any) -> e.Invalid:
    """Pydantic's list of errors as field → sentence."""
    fields = {}
    for item in found:
        where = ".".join(str(part) for part in item["loc"] if part not in ("body", "query", "path", "header"))
        fields[where or "body"] = str(item["msg"])
    listed = "; ".join(f"{name}: {text}" for name, text in fields.items())
    return e.Invalid(f"Some values cannot be accepted: {listed}.", fields=fields, hint="Correct them and send again.")


def _broken_link(error: RequestValidationError) -> e.MastError:
    """Someone followed a link, and its address cannot be read: a page for a person does not tell of types and fields."""
    found = error.errors()
    if any(item["loc"][0] == "path" for item in found):
        return e.NotFound("page")
    names = ", ".join(sorted({str(item["loc"][-1]) for item in found}))
    return e.Invalid(
        f"Part of this link is missing or mistyped ({names}).",
        hint="Go back and follow the link again, or start from the menu.",
    )


class _Http(e.MastError):
    code = "http"


_SENTENCES = {
    400: "This request cannot be understood, so nothing was done.",
    405: "This address exists, but not for this kind of request. Nothing was done.",
}


def _from_http(error: HTTPException) -> e.MastError:
    if error.status_code == 404:
        return e.NotFound("page")
    if error.status_code == 413:
        return e.TooLarge(str(error.detail))
    known = _Http(_SENTENCES.get(error.status_code, str(error.detail)))
    known.extra = {"status": error.status_code, "title": HTTPStatus(error.status_code).phrase}
    return known


def _to_sign_in(request: Request) -> Response:
    if request.method != "GET":
        return RedirectResponse("/sign-in?ended=1", 303)
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/sign-in?next={quote(target, safe='/')}", 303)

"""Which fields of a route are free text, and what was sent in them. Reads the marks of app.platform.web.fields."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import NoneType
from typing import Annotated, Any, TypeVar, get_args, get_origin

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.datastructures import FormData

from app.platform.web.fields import Free

FieldPath = tuple[str, ...]
Call = TypeVar("Call", bound=Callable[..., Any])
EACH = "*"
"""In a path: every item of a list, every value of an object."""


@dataclass(frozen=True, slots=True)
class FreeField:
    """A field of free text: where it stands in the body, and who reads it."""

    path: FieldPath
    free: Free

    @property
    def name(self) -> str:
        """The name by which the form and a problem call the field: without its place in a list."""
        return ".".join(part for part in self.path if part != EACH)


@dataclass(frozen=True, slots=True)
class Written:
    """Something that was sent in a field of free text."""

    name: str
    text: str
    free: Free


def reads_free_text(names: Mapping[str, Free]) -> Callable[[Call], Call]:
    """Marks a dependency that reads a form as it comes: these of its fields are free text."""

    def mark(call: Call) -> Call:
        call.mast_free_text = dict(names)  # type: ignore[attr-defined]
        return call

    return mark


def keeps_nothing(call: Call) -> Call:
    """Marks a route that only shows what was sent: nothing of it is asked about."""
    call.mast_keeps_nothing = True  # type: ignore[attr-defined]
    return call


def free_fields(route: APIRoute) -> tuple[FreeField, ...]:
    """The fields of free text in the body of a route; worked out once."""
    found: tuple[FreeField, ...] | None = getattr(route, "mast_free_fields", None)
    if found is None:
        silent = getattr(route.endpoint, "mast_keeps_nothing", False)
        found = () if silent else tuple(dict.fromkeys(_of_dependant(route.dependant)))
        route.mast_free_fields = found  # type: ignore[attr-defined]
    return found


def _of_dependant(dependant: Dependant) -> Iterator[FreeField]:
    flat = dependant.body_params
    for param in flat:
        info = param.field_info
        kind = info.annotation
        is_body = len(flat) == 1 and isinstance(kind, type) and issubclass(kind, BaseModel)
        yield from _walk(kind, info.metadata, () if is_body else (param.alias,))
    for name, free in getattr(dependant.call, "mast_free_text", {}).items():
        yield FreeField((name,), free)
    for inner in dependant.dependencies:
        yield from _of_dependant(inner)


def fields_of(model: type[BaseModel]) -> tuple[FreeField, ...]:
    """The fields of free text of a body or a form."""
    return tuple(_walk(model, (), ()))


def _walk(kind: Any, metadata: Iterable[Any], path: FieldPath) -> Iterator[FreeField]:
    for mark in metadata:
        if isinstance(mark, Free):
            yield FreeField(path, mark)
            return
    if get_origin(kind) is Annotated:
        inner, *more = get_args(kind)
        yield from _walk(inner, more, path)
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, info in kind.model_fields.items():
            yield from _walk(info.annotation, info.metadata, (*path, info.alias or name))
    elif arguments := get_args(kind):
        origin = get_origin(kind)
        many = (EACH,) if isinstance(origin, type) and issubclass(origin, (list, tuple, set, dict)) else ()
        for one in arguments[-1:] if origin is dict else arguments:
            if one not in (NoneType, Ellipsis):
                yield from _walk(one, (), (*path, *many))


async def sent(request: Request) -> Mapping[str, Any] | FormData:
    """The body as it came; {} where it is no object or cannot be read, which its route says itself."""
    kind = request.headers.get("content-type", "")
    if kind.startswith(("application/x-www-form-urlencoded", "multipart/form-data")):
        return await request.form()
    try:
        body = json.loads(await request.body() or b"{}")
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def written(fields: Iterable[FreeField], body: Mapping[str, Any] | FormData) -> Iterator[Written]:
    """What stands in these fields of a body."""
    for one in fields:
        if isinstance(body, FormData):
            for value in body.getlist(one.name):
                if isinstance(value, str):
                    yield Written(one.name, value, one.free)
        else:
            for text in _at(body, one.path):
                yield Written(one.name, text, one.free)


def _at(value: Any, path: FieldPath) -> Iterator[str]:
    if not path:
        if isinstance(value, str):
            yield value
        return
    here, *rest = path
    if here == EACH:
        items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        for item in items:
            yield from _at(item, tuple(rest))
    elif isinstance(value, dict) and here in value:
        yield from _at(value[here], tuple(rest))

"""Types of text and times for schemas: bounded, trimmed, and without what a database or a screen chokes on.

Text that people word themselves is marked with who reads it: what in it seems to point to a person is asked about
before it is kept (app.nudge). A test walks every field there is, so that a new one cannot be forgotten.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import NoneType
from typing import Annotated, Any, TypeVar, get_args, get_origin

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, JsonValue, StringConstraints, model_validator
from pydantic.config import JsonDict
from starlette.datastructures import FormData

from app.platform.kernel.personal_data import PersonalKind
from app.platform.kernel.plain_text import plain_text

CHECKED = "personal_data_checked"


@dataclass(frozen=True, slots=True)
class Free:
    """Marks a field of free text. `outside`: people outside the service read it, so nobody may go on regardless.

    `but`: kinds the field is there for.
    """

    outside: bool = False
    but: frozenset[PersonalKind] = frozenset()


FOR_STAFF = Free()
FOR_OTHERS = Free(outside=True)
OF_A_PLACE = Free(outside=True, but=frozenset({PersonalKind.TENT, PersonalKind.STAGE, PersonalKind.POST_CODE}))
"""Names of sites and sessions are places by what they are."""
OF_A_PACK = Free(outside=True, but=frozenset({PersonalKind.NAME, PersonalKind.EMAIL, PersonalKind.PHONE}))
"""A whole file of messages names its authors and whom to ask; its texts are asked about where they are typed."""


Text20 = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20), AfterValidator(plain_text)]
Text40 = Annotated[str, StringConstraints(strip_whitespace=True, max_length=40), AfterValidator(plain_text)]
Text60 = Annotated[str, StringConstraints(strip_whitespace=True, max_length=60), AfterValidator(plain_text)]
Text80 = Annotated[str, StringConstraints(strip_whitespace=True, max_length=80), AfterValidator(plain_text)]
Text120 = Annotated[str, StringConstraints(strip_whitespace=True, max_length=120), AfterValidator(plain_text)]
Text140 = Annotated[str, StringConstraints(strip_whitespace=True, max_length=140), AfterValidator(plain_text)]
Text200 = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), AfterValidator(plain_text)]
Text300 = Annotated[str, StringConstraints(strip_whitespace=True, max_length=300), AfterValidator(plain_text)]
Text600 = Annotated[str, StringConstraints(strip_whitespace=True, max_length=600), AfterValidator(plain_text)]
Text1000 = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000), AfterValidator(plain_text)]

# Free text that staff read.
Note20 = Annotated[Text20, FOR_STAFF]
Note40 = Annotated[Text40, FOR_STAFF]
Note60 = Annotated[Text60, FOR_STAFF]
Note80 = Annotated[Text80, FOR_STAFF]
Note140 = Annotated[Text140, FOR_STAFF]
Note200 = Annotated[Text200, FOR_STAFF]
Note300 = Annotated[Text300, FOR_STAFF]
Note1000 = Annotated[Text1000, FOR_STAFF]

# Free text that others read: clients, partners, the public.
Told40 = Annotated[Text40, FOR_OTHERS]
Told120 = Annotated[Text120, FOR_OTHERS]
Told200 = Annotated[Text200, FOR_OTHERS]
Told600 = Annotated[Text600, FOR_OTHERS]


def _may_be_checked(schema: JsonDict) -> None:
    known = schema.setdefault("properties", {})
    assert isinstance(known, dict)
    known[CHECKED] = {
        "type": "boolean",
        "default": False,
        "description": "Send true to go on with a text that was answered with `personal_data`. It counts for text that staff "
        "read, and never for text that others read.",
    }


class FreeText(BaseModel):
    """A body with free text that staff read. Anyone who sends it again may say that it was looked at (app.nudge).

    What is said so is read by the nudge alone: it is no part of what the use cases get.
    """

    model_config = {"json_schema_extra": _may_be_checked}

    @model_validator(mode="before")
    @classmethod
    def _without_answer(cls, data: Any) -> Any:
        if not isinstance(data, dict) or CHECKED not in data:
            return data
        if not isinstance(data[CHECKED], bool):
            raise ValueError(f"{CHECKED} must be true or false")
        return {name: value for name, value in data.items() if name != CHECKED}


# Far years overflow when a time zone is applied to them.
Moment = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2100, 1, 1, tzinfo=UTC))]


FieldPath = tuple[str, ...]
Body = Mapping[str, JsonValue] | FormData
"""What was sent: an object of JSON, or a form."""
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


async def sent(request: Request) -> Body:
    """The body as it came; {} where it is no object or cannot be read, which its route says itself."""
    kind = request.headers.get("content-type", "").lower()
    if kind.startswith(("application/x-www-form-urlencoded", "multipart/form-data")):
        return await request.form()
    try:
        body = json.loads(await request.body() or b"{}")
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def written(fields: Iterable[FreeField], body: Body) -> Iterator[tuple[FreeField, str]]:
    """What stands in these fields of a body."""
    for one in fields:
        values = body.getlist(one.name) if isinstance(body, FormData) else _at(body, one.path)
        for text in values:
            if isinstance(text, str):
                yield one, text


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

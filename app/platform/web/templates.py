"""Jinja2 for server-rendered pages: autoescaped, strict about missing names, with the few filters pages need."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date
from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, Undefined, select_autoescape
from jinja2.utils import missing

LONDON = ZoneInfo("Europe/London")

ContextMaker = Callable[[Request], dict[str, Any]]


class _Missing(Undefined):
    """A missing name is falsy and a missing key prints nothing (forms start empty); printing a missing name raises."""

    __slots__ = ()

    def __str__(self) -> str:
        if self._undefined_obj is missing:
            self._fail_with_undefined_error()
        return ""


class Templates:
    """`templates.page(request, "samples/queue.html", rows=…)`."""

    def __init__(self, folder: Path, context: ContextMaker) -> None:
        self.environment = Environment(
            loader=FileSystemLoader(folder),
            autoescape=select_autoescape(default=True, default_for_string=True),
            undefined=_Missing,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.environment.filters.update(
            clock=clock_time, day=day, minutes=minutes, words=words, ticket=ticket_groups, number=number
        )
        self.environment.globals["free_text"] = {}  # name of a field → who reads it; filled once the routes are there
        self._context = context

    def page(self, request: Request, name: str, /, *, status: int = 200, **values: Any) -> HTMLResponse:
        """A page or a part of one, with the common context (actor, nav, settings_name)."""
        context = {"request": request, **self._context(request), **values}
        return HTMLResponse(self.environment.get_template(name).render(context), status)


def clock_time(value: datetime | None, seconds: bool = False) -> str:
    """14:02, in the service's own time zone."""
    return value.astimezone(LONDON).strftime("%H:%M:%S" if seconds else "%H:%M") if value else ""


def day(value: date | None, locale: str = "en") -> str:
    """Sat 21 Nov 2026, in the words of the locale."""
    said = "en_GB" if locale == "en" else locale
    here = value.astimezone(LONDON).date() if isinstance(value, datetime) else value
    return format_date(here, "EEE d MMM y", locale=said) if here else ""


def minutes(seconds: float | None) -> str:
    """12 min; 2 h 5 min beyond an hour and a half."""
    if seconds is None:
        return ""
    whole = max(0, round(seconds / 60))
    return f"{whole} min" if whole < 90 else f"{whole // 60} h {whole % 60} min"


def words(value: object) -> str:
    """`not_as_expected` → `not as expected`."""
    return str(value).replace("_", " ")


def ticket_groups(code: str) -> str:
    """A ticket code as it is printed: 4-4-4."""
    return " ".join(code[i : i + 4] for i in range(0, len(code), 4))


def number(value: float | None, digits: int = 3) -> str:
    """A number with so many significant digits and no exponent for everyday sizes."""
    if value is None:
        return ""
    return f"{value:.{digits}g}" if 1e-4 <= abs(value) < 10**digits or value == 0 else f"{value:,.0f}"

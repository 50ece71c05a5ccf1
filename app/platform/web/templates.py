"""Jinja2 for server-rendered pages: autoescaped, with the few filters pages need, and strict: a page that asks for a name or a
key it was not given fails where `settings.strict_pages` is on, as in all tests. In use it shows a gap, and the log says which."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from babel.dates import format_date
from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Undefined, nodes, select_autoescape
from markupsafe import Markup

from app.platform.kernel.place import local
from app.platform.kernel.sample_numbers import sample_number
from app.platform.web.forms import Entered

_log = logging.getLogger(__name__)

ContextMaker = Callable[[Request], Mapping[str, object]]


def _gap(missing: Undefined) -> str:
    _log.error("a page asked for what it was not given: %s", missing._undefined_message)
    return ""


class _Gap(Undefined):
    """What a page in use makes of a missing name or key: a gap on the page, and a line in the log."""

    __slots__ = ()
    __str__ = _gap

    def __bool__(self) -> bool:
        _gap(self)
        return False


class Templates:
    """`templates.page(request, "samples/queue.html", rows=…)`."""

    def __init__(self, folder: Path, context: ContextMaker, *, strict: bool) -> None:
        self.environment = Environment(
            loader=FileSystemLoader(folder),
            autoescape=select_autoescape(default=True, default_for_string=True),
            undefined=StrictUndefined if strict else _Gap,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.environment.filters.update(
            clock=clock_time,
            day=day,
            minutes=minutes,
            words=words,
            ticket=ticket_groups,
            number=number,
            nobreak=nobreak,
            sample_number=sample_number,
        )
        self.environment.globals["blank"] = Entered()  # a form nobody has begun to fill in
        self.environment.globals["free_text"] = {}  # name of a field → who reads it; filled once the routes are there
        self._context = context
        self._layouts: dict[str, frozenset[str]] = {}

    def page(self, request: Request, name: str, /, *, status: int = 200, **values: Any) -> HTMLResponse:
        """A page or a part of one, with the common context (actor, nav, settings_name).

        Raises RuntimeError for a value whose name the common context or a layout of the page has too: one would hide the other,
        and nobody would see it.
        """
        common = self._context(request)
        if twice := values.keys() & (common.keys() | self._of_layouts(name)):
            raise RuntimeError(f"{name}: the layout has its own {', '.join(sorted(twice))}")
        return HTMLResponse(
            self.environment.get_template(name).render({"request": request, **common, **values}), status
        )

    def _of_layouts(self, name: str) -> frozenset[str]:
        """Names that the layouts of a page set for all it holds; but not those that fall back on what the page says."""
        if name not in self._layouts:
            _, parent = self._names_set(name)
            self._layouts[name] = self._of_layouts(parent) | self._names_set(parent)[0] if parent else frozenset()
        return self._layouts[name]

    def _names_set(self, name: str) -> tuple[frozenset[str], str]:
        """Names a template sets at its top, also under a condition there, and the layout it extends."""
        source, _, _ = self.environment.loader.get_source(self.environment, name)  # type: ignore[union-attr]
        tree = self.environment.parse(source)
        found, parent = set[str](), ""
        pending = list(tree.body)
        while pending:
            node = pending.pop()
            if isinstance(node, nodes.Extends) and isinstance(node.template, nodes.Const):
                parent = str(node.template.value)
            if isinstance(node, nodes.If):
                pending += [*node.body, *node.elif_, *node.else_]
            if isinstance(node, nodes.Assign):
                read = {one.name for one in node.node.find_all(nodes.Name)}
                found |= {
                    one.name for one in (node.target, *node.target.find_all(nodes.Name)) if isinstance(one, nodes.Name)
                } - read
        return frozenset(found), parent


def clock_time(value: datetime | None, seconds: bool = False) -> str:
    """14:02, in the service's own time zone."""
    return local(value).strftime("%H:%M:%S" if seconds else "%H:%M") if value else ""


def day(value: date | None, locale: str = "en") -> str:
    """Sat 21 Nov 2026, in the words of the locale."""
    said = "en_GB" if locale == "en" else locale
    here = local(value).date() if isinstance(value, datetime) else value
    return format_date(here, "EEE d MMM y", locale=said) if here else ""


def minutes(seconds: float | None) -> str:
    """12 min; 2 h 5 min beyond an hour and a half."""
    if seconds is None:
        return ""
    whole = max(0, round(seconds / 60))
    return f"{whole} min" if whole < 90 else f"{whole // 60} h {whole % 60} min"


_UNIT = re.compile(r"(?<=[\d)]) (?=(?:%|cm⁻¹|min|mg|ppm|µg|ng/mL)(?!\w))|(?<=m/z) (?=\d)")


def nobreak(text: str) -> str:
    """A sentence in which no line ends between a figure and its unit; markup stays markup."""
    joined = _UNIT.sub("\u00a0", text)
    return Markup(joined) if isinstance(text, Markup) else joined  # noqa: S704 - it was markup, and spaces are none


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

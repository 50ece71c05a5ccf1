"""A form that could not be carried out is shown again, with the reason and what was typed: said once for all pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response

from app.platform.kernel.errors import MastError


class ShownAgain(Exception):
    """The page to answer with, and why. Leaves a route by way of the exception handler below."""

    def __init__(self, page: Response, why: MastError) -> None:
        super().__init__("the form is shown again")
        self.page, self.why = page, why


@contextmanager
def shown_again(
    page: Callable[[MastError], Response], *, but: type[MastError] | tuple[type[MastError], ...] = ()
) -> Iterator[None]:
    """Where what is inside is refused, answer with this page, made from the error. Errors of the kind `but` are no matter of
    the form: they go on to the common page of errors.

    Outermost in a route, so that the unit of work inside has been rolled back before the page is made.
    """
    try:
        yield
    except but:
        raise
    except MastError as error:
        raise ShownAgain(page(error), error) from error


class Entered(dict[str, Any]):
    """What was typed into a form, or what is wrong with it, by field. A field nobody filled in, or nothing is wrong with, is the
    empty text, so that a template may ask for every field of its form; any other missing key of a page is a mistake."""

    def __missing__(self, field: str) -> str:
        return ""


def fields_of(error: MastError | None, of: object = "") -> Entered:
    """What is wrong, as field → sentence. Where a page holds several forms, the names of the fields end with the id `of` one."""
    fields = error.fields if error is not None else {}
    return Entered({f"{name}-{of}" if of else name: text for name, text in fields.items()})


def install(app: FastAPI) -> None:
    """Let `shown_again` answer."""

    def answer(request: Request, shown: Exception) -> Response:
        assert isinstance(shown, ShownAgain)
        return shown.page

    app.add_exception_handler(ShownAgain, answer)

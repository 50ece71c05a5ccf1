"""Reads a trend question from query parameters; the API, the page and the CSV ask in the same words."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from app.platform.kernel.errors import Invalid
from app.platform.web.fields import Text80
from app.trends.domain import Dimension, Question

DEFAULT_SPLIT = (Dimension.MONTH, Dimension.REGION)
_NAMES = frozenset(d.value for d in Dimension)


def question(
    measure: Annotated[Text80, Query(description="expected_found, not_as_expected, other_active or found")] = (
        "expected_found"
    ),
    by: Annotated[list[Dimension] | None, Query(description="Split by; repeat for several", max_length=4)] = None,
    where: Annotated[
        list[Text80] | None, Query(description="dimension=value; repeat for several", max_length=8)
    ] = None,
    found: Annotated[Text80, Query(description="Register id or class, for the figure “found”")] = "",
    from_month: Annotated[str, Query(alias="from", max_length=7, pattern=r"^(\d{4}-\d{2})?$")] = "",
    to_month: Annotated[str, Query(alias="to", max_length=7, pattern=r"^(\d{4}-\d{2})?$")] = "",
) -> Question:
    """Dependency."""
    filters: dict[Dimension, str] = {}
    for clause in where or ():
        name, sign, value = clause.partition("=")
        if not clause:
            continue
        if not sign or name not in _NAMES:
            raise Invalid(f"“{clause}” is not a filter like region=North East.", fields={"where": "not a filter"})
        if value and filters.setdefault(Dimension(name), value) != value:
            raise Invalid(f"There are two filters for {name}: one is enough.", fields={"where": "given twice"})
    return Question(measure, tuple(by or DEFAULT_SPLIT), filters, found, (from_month, to_month))

"""Reads a trend question from query parameters; the API, the page and the CSV ask in the same words."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

from fastapi import Query

from app.figures.trends.domain import Dimension, Question
from app.figures.trends.measures import MEASURES, form_of
from app.figures.trends.targets import Amongst
from app.platform.kernel.errors import Invalid
from app.platform.web.fields import Text80

DEFAULT_SPLIT = (Dimension.MONTH, Dimension.REGION)
ALL = "all"
Split = StrEnum("Split", {d.name: d.value for d in Dimension} | {"ALL": ALL})  # type: ignore[misc]
"""A way to split, or `all`: no split."""
_WORDS = "The figure: " + ", ".join(form_of(m) for m in MEASURES.values())


def question(
    measure: Annotated[Text80, Query(description=_WORDS)] = "expected_found",
    by: Annotated[
        list[Split] | None, Query(description="Split by; repeat for several; “all” for no split", max_length=5)
    ] = None,
    where: Annotated[
        list[Text80] | None, Query(description="dimension=value; repeat for several", max_length=8)
    ] = None,
    found: Annotated[
        Text80,
        Query(description="For the figure “found”: register id or class, or analogues:ID for its class without it"),
    ] = "",
    role: Annotated[
        Amongst, Query(description="Count only findings that are the main part of a sample, or a trace of it")
    ] = Amongst.ANY,
    from_month: Annotated[str, Query(alias="from", max_length=7, pattern=r"^(\d{4}-\d{2})?$")] = "",
    to_month: Annotated[str, Query(alias="to", max_length=7, pattern=r"^(\d{4}-\d{2})?$")] = "",
    baseline: Annotated[
        str,
        Query(
            description="Months to compare with, 2024-01..2024-12",
            max_length=16,
            pattern=r"^(\d{4}-\d{2}\.\.\d{4}-\d{2})?$",
        ),
    ] = "",
) -> Question:
    """Dependency."""
    try:
        which = Amongst(role)  # the page hands it over as it was written
    except ValueError:
        raise Invalid("A role is primary or trace.", fields={"role": "unknown"}) from None
    splits = DEFAULT_SPLIT if not by else tuple(Dimension(d.value) for d in by if d.value != ALL)
    return Question(
        measure, splits, filters(where or ()), found, (from_month, to_month), which.value, baseline_months(baseline)
    )


def filters(clauses: Iterable[str], *, empty: bool = False) -> dict[Dimension, str]:
    """Filters like region=North East. `empty`: one without a value is a filter too. Raises Invalid."""
    found: dict[Dimension, str] = {}
    for clause in clauses:
        name, sign, value = clause.partition("=")
        if not clause:
            continue
        if not sign or name not in set(Dimension):
            raise Invalid(f"“{clause}” is not a filter like region=North East.", fields={"where": "not a filter"})
        if (value or empty) and found.setdefault(Dimension(name), value) != value:
            raise Invalid(f"There are two filters for {name}: one is enough.", fields={"where": "given twice"})
    return found


def baseline_months(text: str) -> tuple[str, str]:
    """First and last month of 2024-01..2024-12. Raises Invalid."""
    if not text:
        return "", ""
    first, dots, last = text.partition("..")
    if not (first and dots and last):
        raise Invalid("A baseline is written like 2024-01..2024-12.", fields={"baseline": "not two months"})
    return first, last

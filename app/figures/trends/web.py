"""What the API and the pages of trends share: who may read, the words a question is asked in, the table, its download."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query
from fastapi.responses import Response

from app.figures.trends import service
from app.figures.trends.csv import to_csv
from app.figures.trends.domain import Amongst, Dimension, Question, TrendTable
from app.figures.trends.measures import MEASURES, form_of
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Invalid
from app.platform.security.policy import allow
from app.platform.web.fields import Text80
from app.runtime import Runtime

READERS = (Role.RESEARCHER, Role.SESSION_LEAD)
"""Partner agencies and the public read the same tables in a release, moved once more."""
Reader = Annotated[Actor, allow(*READERS)]


def answered(rt: Runtime, who: Actor, ask: Question) -> TrendTable:
    """The table for this person. Raises Invalid and Forbidden."""
    with rt.read() as session:
        return service.protected_table(session, service.audience_of(who), rt.now(), ask, rt.pack.substances)


def csv_response(table: TrendTable, stamp: Mapping[str, str] | None = None) -> Response:
    """The download. `stamp`: its citation and licence, and the release it is of."""
    return download(to_csv(table, stamp), "text/csv; charset=utf-8", "csv")


def download(content: str | bytes, media_type: str, ending: str) -> Response:
    """A table as a file to keep."""
    headers = {"Content-Disposition": f'attachment; filename="mast-trends.{ending}"'}
    return Response(content, media_type=media_type, headers=headers)


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


def splits(parts: Iterable[str]) -> list[Split]:
    """Ways to split, each once; what is empty is left out. Raises Invalid."""
    try:
        return [Split(part) for part in dict.fromkeys(parts) if part]
    except ValueError:
        raise Invalid("That is not a way to split the figures.", fields={"by": "unknown"}) from None


def words_of(ask: Question, **more: str) -> str:
    """The question as the query of an address, in the words of the API; what is empty is left out."""
    pairs = [("measure", ask.measure), *(("by", d.value) for d in ask.by)]
    pairs += [] if ask.by else [("by", ALL)]
    pairs += [("where", f"{d.value}={v}") for d, v in ask.where.items()]
    pairs += [("found", ask.found), ("from", ask.months[0]), ("to", ask.months[1])]
    pairs += [("role", ask.role), ("baseline", baseline_of(ask))]
    pairs += list(more.items())
    return urlencode([(k, v) for k, v in pairs if v])


def baseline_of(ask: Question) -> str:
    """The months someone compares with, as 2024-01..2024-12, or nothing."""
    return "..".join(ask.baseline) if all(ask.baseline) else ""


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

"""What the API and the pages of trends share: who may read, the table somebody gets, its download."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi.responses import Response

from app.figures.trends import service
from app.figures.trends.csv import to_csv
from app.figures.trends.domain import Question, TrendTable
from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import allow
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

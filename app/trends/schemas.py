"""Shapes of aggregates over HTTP and on the command line: definition and denominator beside each figure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from app.trends.domain import Audience, Measure, Row, TrendTable
from app.trends.measures import form_of


class MeasureOut(BaseModel):
    """What the figure is: in a sentence, and in symbols (x numerator, n denominator)."""

    name: str
    title: str
    definition: str
    formula: str
    version: str

    @classmethod
    def of(cls, m: Measure) -> MeasureOut:
        """From the domain."""
        return cls(name=m.name, title=m.title, definition=m.definition, formula=m.formula, version=m.version)


class MeasureOffered(MeasureOut):
    """A figure that may be asked for. `ask`: how; parts in capitals are to be filled in."""

    ask: str
    kind: str

    @classmethod
    def offered(cls, m: Measure) -> MeasureOffered:
        """With the parts it is about in words."""
        about = [what.upper() for what in form_of(m).split(":")[1:]]
        told = {part: getattr(m, part).format(*about) for part in ("title", "definition", "formula")}
        return cls(name=m.name, version=m.version, ask=form_of(m), kind=m.kind.value, **told)


class TrendOut(BaseModel):
    """A protected table. Each row has one key per dimension, then the figures."""

    measure: MeasureOut
    dimensions: list[str]
    protection: str
    filters: dict[str, str]
    found: str
    made_at: datetime
    questions_left: int | None = None
    rows: list[dict[str, Any]]

    @classmethod
    def of(cls, table: TrendTable) -> TrendOut:
        """From the domain."""
        return cls(
            measure=MeasureOut.of(table.measure),
            dimensions=[d.value for d in table.dimensions],
            protection=protection_words(table),
            filters=table.filters,
            found=table.found,
            made_at=table.made_at,
            questions_left=table.questions_left,
            rows=[row_data(row) for row in table.rows],
        )


def row_data(row: Row) -> dict[str, Any]:
    """A row as flat data: its keys, its figures, what more it has."""
    return {
        **row.key,
        "n": row.n,
        "numerator": row.numerator,
        "denominator": row.denominator,
        "value": row.value,
        "low": row.low,
        "high": row.high,
        "suppressed": row.suppressed,
        "incomplete": row.incomplete,
        "testing_changed": row.testing_changed,
        **row.more,
    }


def protection_words(table: TrendTable) -> str:
    """How small numbers were protected, in one sentence."""
    if table.audience is Audience.OPERATOR:
        return "True counts of samples, not protected: for the operator only, never to be passed on."
    least = table.audience.threshold
    return (
        f"Counts are samples. Counts under {least}, or with fewer than {least} on the other side, are suppressed, and "
        f"so are rows that differ by fewer than {least} from a wider table; all others are rounded to 5; a share needs "
        "20 samples; intervals are 95 % Wilson intervals of the rounded counts. A median needs 20 samples, another quantile "
        f"{least} on either side, and both have two significant figures; no smallest or largest amount is given. What has no "
        f"row has fewer than {least} samples, or none."
    )

"""Shapes of aggregates over HTTP and on the command line: definition and denominator beside each figure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from app.trends.domain import Audience, TrendTable


class MeasureOut(BaseModel):
    """What the figure is."""

    name: str
    title: str
    definition: str
    version: str


class TrendOut(BaseModel):
    """A protected table. Each row has one key per dimension, then the figures."""

    measure: MeasureOut
    dimensions: list[str]
    protection: str
    filters: dict[str, str]
    found: str
    made_at: datetime
    rows: list[dict[str, Any]]

    @classmethod
    def of(cls, table: TrendTable) -> TrendOut:
        """From the domain."""
        m = table.measure
        return cls(
            measure=MeasureOut(name=m.name, title=m.title, definition=m.definition, version=m.version),
            dimensions=[d.value for d in table.dimensions],
            protection=protection_words(table),
            filters=table.filters,
            found=table.found,
            made_at=table.made_at,
            rows=[
                {
                    **row.key,
                    "n": row.n,
                    "numerator": row.numerator,
                    "denominator": row.denominator,
                    "value": row.value,
                    "low": row.low,
                    "high": row.high,
                    "suppressed": row.suppressed,
                    "incomplete": row.incomplete,
                    **row.more,
                }
                for row in table.rows
            ],
        )


def protection_words(table: TrendTable) -> str:
    """How small numbers were protected, in one sentence."""
    if table.audience is Audience.OPERATOR:
        return "True counts of samples, not protected: for the operator only, never to be passed on."
    least = table.audience.threshold
    return (
        f"Counts are samples. Counts under {least}, or with fewer than {least} on the other side, are suppressed, and "
        f"so are rows that differ by fewer than {least} from a wider table; all others are rounded to 5; a share needs "
        "20 samples; intervals are 95 % Wilson intervals of the rounded counts."
    )

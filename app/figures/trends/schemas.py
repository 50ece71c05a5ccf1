"""Shapes of aggregates over HTTP and on the command line: definition and denominator beside each figure."""

from __future__ import annotations

from datetime import datetime
from math import ceil, sqrt

from pydantic import BaseModel

from app.figures.trends.domain import Audience, Measure, Row, TrendTable, Value
from app.figures.trends.measures import form_of
from app.figures.trends.protection.noise import LEAST, Stream, Strength, variance_of

FIGURES = ("n", "denominator", "numerator", "value", "low", "high", "few", "why", "incomplete", "testing_changed")
"""What every row has beside its keys."""


class MeasureOut(BaseModel, from_attributes=True):
    """What the figure is: in a sentence, and in symbols (x numerator, n denominator)."""

    name: str
    title: str
    definition: str
    formula: str
    version: str


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
    as_of: str = ""
    later: str = ""
    rows: list[dict[str, Value]]

    @classmethod
    def of(cls, table: TrendTable) -> TrendOut:
        """The JSON shape of a value of the domain."""
        return cls(
            measure=MeasureOut.model_validate(table.measure),
            dimensions=[d.value for d in table.dimensions],
            protection=protection_words(table),
            filters=table.filters,
            found=table.found,
            made_at=table.made_at,
            as_of=table.as_of,
            later=table.later,
            rows=[row_data(row) for row in table.rows],
        )


def row_data(row: Row) -> dict[str, Value]:
    """A row as flat data: its keys, its figures, what more it has."""
    return {
        **row.key,
        **{name: getattr(row, name) for name in FIGURES},
        "suppressed": False,
        **row.more,
    }


def protection_words(table: TrendTable) -> str:
    """How figures were moved, in the words that stand beside each of them."""
    if table.audience is Audience.OPERATOR:
        return "True counts of samples, not protected. For the operator only, never to be passed on."
    twice = table.audience is not Audience.RESEARCHER
    samples, findings = (
        2 * sqrt(variance_of(s, Strength.PUBLIC if twice else Strength.RESEARCHER))
        for s in (Stream.SAMPLES, Stream.FINDINGS)
    )
    return (
        "Each figure has been moved by a small random amount. A count of samples usually moves by less than "
        f"{ceil(samples)}, a count of findings by less than {ceil(findings)}, a sum of several counts by more. The 95\u00a0% "
        "intervals include that. Parts need not add up to their total, and the total is the better figure. “Few or none” "
        f"means a count no larger than its noise. A share or a median needs {LEAST} samples."
    )

"""Tables written down by hand, for tests of what is drawn and printed of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from app.figures.trends.domain import Audience, Dimension, Kind, Measure, Row, TrendTable
from app.platform.kernel.shares import wilson

AT = datetime(2026, 11, 26, 11, 40, tzinfo=UTC)


def measure(
    kind: Kind = Kind.SHARE, *, name: str = "expected_found", title: str = "It was found", **more: Any
) -> Measure:
    return Measure(name, title, "What it is.", kind=kind, **more)


def share(key: dict[str, str], numerator: int, denominator: int, *, incomplete: bool = False, **more: Any) -> Row:
    low, high = wilson(numerator, denominator)
    value = numerator / denominator
    return Row(key, denominator, numerator, denominator, value, low, high, "", incomplete, more=more)


def hidden(key: dict[str, str], why: str = "no share under 20 samples", **more: Any) -> Row:
    return Row(key, None, None, None, None, None, None, why, False, more=more)


def amount(key: dict[str, str], value: float, *, n: int = 40, unit: str = "mg_per_unit", **more: Any) -> Row:
    told = {"unit": unit, "basis": "base", **more}
    return Row(key, n, None, None, value, value * 0.9, value * 1.1, "", False, more=told)


def count(key: dict[str, str], n: int | None) -> Row:
    return Row(key, n, None, None, None, None, None, "" if n is not None else "no share under 20 samples", False)


def table(rows: list[Row], *by: str, of: Measure | None = None, filters: dict[str, str] | None = None) -> TrendTable:
    dimensions = tuple(Dimension(d) for d in by)
    return TrendTable(of or measure(), dimensions, Audience.PUBLIC, filters or {}, "", AT, tuple(rows))

"""What a question and a row are about, in one spelling, so that the same asked another way is known again. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from app.trends.domain import Dimension, Measure, Question, Row

NAMING = ("figure", "unit", "basis", "with", "outcome", "band_from", "band_to")
"""Of what only some rows have, the parts that say which row it is; the others are figures."""

_WITHIN = frozenset({Dimension.EXPECTED_CLASS, Dimension.FOUND_CLASS})
"""A filter by a class takes in what lies under it; a row of a table split by class does not."""


def digest_of(data: Mapping[str, Any]) -> str:
    """SHA-256 of canonical JSON, in hexadecimal."""
    return hashlib.sha256(json.dumps(data, sort_keys=True, separators=(",", ":"), default=str).encode()).hexdigest()


def question_data(asked: Question) -> dict[str, Any]:
    """A question as data: whatever it is made of, splits and filters in a fixed order, nothing that is empty."""
    data: dict[str, Any] = {part.name: getattr(asked, part.name) for part in fields(asked)}
    data["by"] = sorted(d.value for d in asked.by)
    data["where"] = {d.value: asked.where[d] for d in sorted(asked.where)}
    return {name: value for name, value in data.items() if value and value != ("", "")}


def predicate_of(asked: Question, measure: Measure, row: Row, *, scope: str) -> dict[str, Any]:
    """What one row is about: the same whether an attribute was split or filtered by, and whatever other rows there are.

    `scope`: whose samples are seen at all. Months only choose rows of a table that is split by month; elsewhere they are
    part of what a row is about.
    """
    fixed = dict(row.key)
    for dimension, value in asked.where.items():
        if dimension in _WITHIN:
            fixed[f"within {dimension.value}"] = value
        else:
            fixed[dimension.value] = value
    own = {f.name: getattr(asked, f.name) for f in fields(asked)}
    for name in ("measure", "by", "where"):
        del own[name]
    if Dimension.MONTH in asked.by:
        del own["months"]
    return {
        "measure": asked.measure,
        "version": measure.version,
        "fixed": dict(sorted(fixed.items())),
        "asked": {name: value for name, value in own.items() if value and value != ("", "")},
        "of": {name: row.more[name] for name in NAMING if name in row.more},
        "scope": scope,
    }

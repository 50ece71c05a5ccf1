"""A protected table as Parquet: the columns of the CSV with their types. Needs pyarrow, an extra of its own."""

from __future__ import annotations

import io
from importlib.util import find_spec

from app.figures.trends.csv import FIGURES, TAIL, columns, lines, more_of
from app.figures.trends.domain import TrendTable

MEDIA_TYPE = "application/vnd.apache.parquet"
_COUNTS = frozenset({"n", "denominator", "numerator", "with_both"})
_FLAGS = frozenset({"few", "incomplete", "testing_changed"})
_TEXTS = frozenset({"why", "figure", "unit", "basis", "with", "outcome", *TAIL})


def available() -> bool:
    """Whether this server can write Parquet."""
    return find_spec("pyarrow") is not None


def to_parquet(table: TrendTable) -> bytes:
    """One row group, compressed with zstd; the definition also stands in the metadata of the file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names, rows = columns(table), list(lines(table))
    keys = {d.value for d in table.dimensions}

    def kind(name: str) -> pa.DataType:
        if name in keys or name in _TEXTS:
            return pa.string()
        if name in _FLAGS:
            return pa.bool_()
        return pa.int64() if name.removeprefix("baseline_") in _COUNTS else pa.float64()

    assert set(names) >= {*FIGURES, *more_of(table)}
    measure = table.measure
    schema = pa.schema(
        [pa.field(name, kind(name)) for name in names],
        metadata={"measure": measure.name, "version": measure.version, "definition": measure.definition},
    )
    arrays = [pa.array([row[at] for row in rows], kind(name)) for at, name in enumerate(names)]
    out = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), out, compression="zstd")
    return out.getvalue()

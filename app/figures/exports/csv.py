"""Rows as files: CSV always, Parquet where pyarrow is installed. Of the web it uses one function of text only."""

from __future__ import annotations

import csv
import importlib.util
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.platform.kernel.errors import Invalid
from app.platform.web.csv_text import csv_text, neutral

NO_PARQUET = "Parquet files need pyarrow, which is not installed on this server. CSV holds the same rows."


def to_csv(lines: Iterable[Iterable[object]]) -> bytes:
    """UTF-8 without a mark, ends of lines as RFC 4180 has them, no cell that a spreadsheet takes for a formula."""
    return csv_text(lines).encode()


def from_csv(content: bytes) -> list[list[str]]:
    """The lines of a file of ours, with the apostrophes before formulae taken off again."""
    lines = csv.reader(io.StringIO(content.decode(), newline=""))
    return [[cell[1:] if cell[:1] == "'" and neutral(cell[1:]) == cell else cell for cell in line] for line in lines]


def has_parquet() -> bool:
    """Whether this installation can write Parquet."""
    return importlib.util.find_spec("pyarrow") is not None


def to_parquet(
    header: Sequence[str],
    rows: Sequence[Sequence[Any]],
    types: Mapping[str, str] | None = None,
    about: Mapping[str, str] | None = None,
) -> bytes:
    """A Parquet file, the same bytes for the same rows and version of pyarrow.

    `types`: column → integer, number, boolean; everything else is text. None is null. Raises Invalid without pyarrow.
    """
    if not has_parquet():
        raise Invalid(NO_PARQUET, fields={"format": "not available here"}, hint="Take the CSV.")
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_()}
    fields = [pa.field(name, kinds.get((types or {}).get(name, ""), pa.string())) for name in header]
    schema = pa.schema(fields, metadata=dict(about or {}))
    columns = [[row[i] for row in rows] for i in range(len(header))]
    arrays = [pa.array(values, type=field.type) for values, field in zip(columns, fields, strict=True)]
    out = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), out, compression="zstd")
    return out.getvalue()

"""A table as CSV that a spreadsheet cannot be tricked by, with its definition in every row; the same as Parquet.

Other rows are made files of here too: CSV always, Parquet where pyarrow is installed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from itertools import chain
from typing import Any

from app.figures.trends.domain import Kind, Row, TrendTable
from app.figures.trends.schemas import FIGURES, protection_words
from app.platform.kernel.errors import Invalid
from app.platform.web.csv_text import csv_text, neutral

NO_PARQUET = "Parquet files need pyarrow, which is not installed on this server. CSV holds the same rows."
SHARES = frozenset({Kind.SHARE, Kind.DISTRIBUTION, Kind.AGREEMENT, Kind.TOGETHER, Kind.OUTCOMES})
TAIL = ("measure", "found", "filters", "definition", "formula", "version", "protection", "as_of", "made_at")
Cell = str | int | float | None
PARQUET = "application/vnd.apache.parquet"
_COUNTS = frozenset({"n", "denominator", "numerator", "with_both"})
_FLAGS = frozenset({"few", "incomplete", "testing_changed"})
_TEXTS = frozenset({"why", "figure", "unit", "basis", "with", "outcome", *TAIL})


def to_csv(table: TrendTable, stamp: Mapping[str, str] | None = None) -> str:
    """UTF-8 CSV, one row per combination; shares as fractions of 1. `stamp`: more columns, alike in every row."""
    flags, stamp = {True: "yes", False: "no"}, stamp or {}
    names, rows = [*columns(table), *stamp], ([*row, *stamp.values()] for row in lines(table))
    return csv_text(chain([names], ([flags.get(v, v) if isinstance(v, bool) else v for v in row] for row in rows)))


MEANINGS: Mapping[str, str] = {
    "month": "When the samples were handed in, 2026-05.",
    "quarter": "When the samples were handed in, 2026-Q2.",
    "year": "When the samples were handed in.",
    "region": "Where; all_others: regions without a row of their own; not_known: nobody wrote it down.",
    "expected": "What the sample was expected to be, an id of the register; unknown, mixture, all_others, not_known.",
    "expected_class": "The class of what was expected.",
    "n": "Samples, moved by a small random amount; a whole number that may be negative, for only so do parts add up.",
    "denominator": "Samples the share is of, moved likewise.",
    "numerator": "Samples with what is asked about, moved likewise.",
    "value": "numerator / denominator, not limited to 0–1; of an amount its median, with two significant figures.",
    "low": "Lower end of the 95 % interval, which includes the noise; of a count, of the range it lies in.",
    "high": "Upper end of it.",
    "few": "yes: the count is no larger than its noise and reads “few or none”.",
    "why": "Why there is no value.",
    "incomplete": "yes: the data begin within this period, it is not over, or its last results may still come in.",
    "testing_changed": "yes: a method came or went since the period before. True counts only.",
    "with": "The other class that was found in the same samples; another:opioid are opioids of no narrower class.",
    "unit": "Of an amount.",
    "basis": "What the amount counts: the base or a salt.",
    "measure": "The figure.",
    "found": "What was looked for.",
    "filters": "What narrows the table.",
    "definition": "The figure in words.",
    "formula": "The figure in symbols: x numerator, n denominator.",
    "version": "Of the definition. It goes up when the same question would be answered differently.",
    "protection": "How the figures were moved.",
    "as_of": "The day the newest period was drawn; later results are not in it.",
    "made_at": "When the table was made.",
    "release": "The release the table is from.",
    "citation": "How to cite it.",
    "licence": "Under which licence it may be used, an SPDX name.",
}
"""Every column of a downloaded table."""


def dictionary() -> str:
    """The columns and what they mean, as CSV."""
    return csv_text(chain([["column", "meaning"]], ([name, words] for name, words in MEANINGS.items())))


def columns(table: TrendTable) -> list[str]:
    """Names of the columns: keys, figures, what more this figure has, what it means."""
    return [*(d.value for d in table.dimensions), *FIGURES, *more_of(table), *TAIL]


def more_of(table: TrendTable) -> list[str]:
    """What only some figures have, as far as any row has it: unit and basis, bands, quantiles, the baseline."""
    return list(dict.fromkeys(name for row in table.rows for name in row.more))


def lines(table: TrendTable) -> Iterator[list[Cell]]:
    """The rows under these columns. Shares have three decimals, amounts six figures."""
    keys, more = [d.value for d in table.dimensions], more_of(table)
    tail: list[Cell] = [
        table.measure.name, table.found, "; ".join(f"{name}: {value}" for name, value in table.filters.items()),
        table.measure.definition, table.measure.formula, table.measure.version, protection_words(table),
        table.as_of, table.made_at.isoformat(timespec="seconds"),
    ]  # fmt: skip
    share = table.measure.kind in SHARES
    for row in table.rows:
        yield [*(row.key[k] for k in keys), *_figures(row, share=share), *(_cell(row.more.get(m)) for m in more), *tail]


def _figures(row: Row, *, share: bool) -> list[Cell]:
    values = (row.value, row.low, row.high)
    shown = [None if v is None else round(v, 3) if share else _cell(v) for v in values]
    return [row.n, row.denominator, row.numerator, *shown, row.few, row.why, row.incomplete, row.testing_changed]


def _cell(value: object) -> Cell:
    if isinstance(value, float):
        return float(f"{value:.6g}")
    return value if value is None or isinstance(value, int | str) else str(value)


def has_parquet() -> bool:
    """Whether this server can write Parquet."""
    return find_spec("pyarrow") is not None


def csv_of(lines: Iterable[Iterable[object]]) -> bytes:
    """UTF-8 without a mark, ends of lines as RFC 4180 has them, no cell that a spreadsheet takes for a formula."""
    return csv_text(lines).encode()


def from_csv(content: bytes) -> list[list[str]]:
    """The lines of a file of ours, with the apostrophes before formulae taken off again."""
    lines = csv.reader(io.StringIO(content.decode(), newline=""))
    return [[cell[1:] if cell[:1] == "'" and neutral(cell[1:]) == cell else cell for cell in line] for line in lines]


def to_parquet(table: TrendTable) -> bytes:
    """The columns of the CSV with their types; the definition also stands in the metadata of the file."""
    keys = {d.value for d in table.dimensions}

    def kind(name: str) -> str:
        if name in keys or name in _TEXTS:
            return ""
        if name in _FLAGS:
            return "boolean"
        return "integer" if name.removeprefix("baseline_") in _COUNTS else "number"

    names, measure = columns(table), table.measure
    about = {"measure": measure.name, "version": measure.version, "definition": measure.definition}
    return parquet_of(names, list(lines(table)), {name: kind(name) for name in names}, about)


def parquet_of(
    header: Sequence[str],
    rows: Sequence[Sequence[Any]],
    types: Mapping[str, str] | None = None,
    about: Mapping[str, str] | None = None,
) -> bytes:
    """A Parquet file, one row group, the same bytes for the same rows and version of pyarrow, an extra of its own.

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

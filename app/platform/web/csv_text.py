"""Tables as CSV that a spreadsheet cannot be tricked by. Knows no feature."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable


def neutral(value: object) -> object:
    """Text that begins like a formula gets an apostrophe (OWASP: CSV injection); numbers stay numbers."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r", "\n"):
        return "'" + value
    return value


def csv_text(lines: Iterable[Iterable[object]]) -> str:
    """The lines as one text, every cell neutral, ends of lines as RFC 4180 has them."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows([[neutral(cell) for cell in line] for line in lines])
    return out.getvalue()

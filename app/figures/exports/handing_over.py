"""Use case of the operator: an agency's own samples as a file, with who made it, for which months, in the audit log."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from app.figures.exports.csv import to_csv, to_parquet
from app.figures.exports.domain import MONTH, Tell, tell_nobody
from app.figures.exports.own import TYPES, long_table, own_samples
from app.figures.exports.tedi import SHIPPED, read_columns, wide_table
from app.intake.people import service as people
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.errors import Invalid
from harm_messages import Register

FORMATS = ("csv", "parquet", "tedi")
STEPS = 3


@dataclass(frozen=True, slots=True)
class Handover:
    """The file, and what is in it."""

    content: bytes
    samples: int
    lines: int
    without_day: int
    columns: str
    note: str

    @property
    def sha256(self) -> str:
        """Of the bytes."""
        return hashlib.sha256(self.content).hexdigest()


def hand_over(
    uow: UnitOfWork,
    agency: str,
    format_: str,
    months: tuple[str, str],
    register: Register,
    *,
    country: str = "",
    columns: Path | None = None,
    tell: Tell = tell_nobody,
) -> Handover:
    """Make the file and note it. Raises Invalid for an unknown agency, months that are none, a list that is wrong."""
    found = people.agency_named(uow.session, agency)
    if found is None:
        there = ", ".join(people.agency_names(uow.session)) or "none yet"
        raise Invalid(f"There is no agency “{agency}” here. Nothing was written.", hint=f"Agencies: {there}.")
    if any(month and not MONTH.fullmatch(month) for month in months) or (all(months) and months[0] > months[1]):
        raise Invalid("Months are written like 2026-01, the first one first. Nothing was written.")
    tell("Reading the samples", 0, STEPS)
    rows = list(own_samples(uow.session, found.id, months, register, country=country))
    wanted = read_columns(columns or SHIPPED) if format_ == "tedi" else None
    tell(f"Setting out {len(rows):,} samples", 1, STEPS)
    lines = wide_table(rows, wanted) if wanted else long_table(rows)
    header = [str(name) for name in lines[0]]
    tell(f"Writing {len(lines) - 1:,} lines", 2, STEPS)
    content = to_parquet(header, lines[1:], TYPES) if format_ == "parquet" else to_csv(lines)
    title = f"{wanted.title} {wanted.version} ({wanted.status})" if wanted else "own fields"
    days = Counter(bool(row.day) for row in rows)
    made = Handover(content, len(rows), len(lines) - 1, days[False], title, wanted.note if wanted else "")
    after = {
        "format": format_, "columns": title, "from": months[0], "to": months[1], "samples": made.samples,
        "sha256": made.sha256,
    }  # fmt: skip
    audit.record(uow, "export_unprotected", "samples", found.id, agency_id=found.id, after=after)
    return made

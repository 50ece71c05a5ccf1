"""What an import of history is made of. Pure: no database, no web.

A historical sample is what another service wrote down, in our words. It has no ticket, no consent record and no
instrument file, so it never joins the working tables: it is counted, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.care.counted.domain import TestFact


class Level(StrEnum):
    """An error stops the whole import; a note does not."""

    ERROR = "error"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing someone should know about a row: where it stands, what it says, why that is wrong, what to do.

    `line` counts from 1 with the header as line 1, as an editor shows it; 0 where the whole file is meant.
    """

    level: Level
    file: str
    line: int
    column: str
    value: str
    why: str
    how: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        said = f", column {self.column}" if self.column else ""
        value = f" “{self.value}”" if self.value else ""
        return f"{place}{said}:{value} {self.why}{f' {self.how}' if self.how else ''}".strip()


@dataclass(frozen=True, slots=True)
class HistoricalFinding:
    """A substance that was reported. `amount` in `unit`; `basis` says what the figure counts (base, hydrochloride…)."""

    substance: str
    drug_class: str
    abundance: str
    method: str = ""
    amount: float | None = None
    unit: str = ""
    basis: str = "unknown"


@dataclass(frozen=True, slots=True)
class HistoricalSample:
    """One sample of another service. `key` is its own id there, kept as text."""

    key: str
    file: str
    line: int
    agency: str
    site: str
    region: str
    received: date | None
    completed: date | None = None
    service_type: str = ""
    submitter_type: str = "public"
    form: str = "other"
    expected: tuple[str, ...] = ()
    findings: tuple[HistoricalFinding, ...] = ()
    tests: tuple[TestFact, ...] = ()
    nothing_found: bool = False


@dataclass(frozen=True, slots=True)
class Reconciled:
    """A count the source states, against what the files hold. `differing` are sample keys."""

    column: str
    agreeing: int
    differing: tuple[str, ...]


class UploadState(StrEnum):
    """What files sent on the screen go through; a worker moves the words in brackets.

    waiting → (reading) → checked → (writing) → imported
                 │           └ dropped
                 └ refused → dropped          failed: the server could not, several times
    """

    WAITING = "waiting"
    READING = "reading"
    CHECKED = "checked"
    REFUSED = "refused"
    WRITING = "writing"
    IMPORTED = "imported"
    FAILED = "failed"
    DROPPED = "dropped"

    @property
    def at_work(self) -> bool:
        """Whether a worker has it, or will in a moment."""
        return self in (UploadState.WAITING, UploadState.READING, UploadState.WRITING)

    @property
    def ended(self) -> bool:
        """Whether its files are needed no more."""
        return self in (UploadState.IMPORTED, UploadState.FAILED, UploadState.DROPPED, UploadState.REFUSED)

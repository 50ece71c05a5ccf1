"""The cells of one row, read by the map. Whatever cannot be read is written into the notebook with its place."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date

from app.history.domain import Level, Problem
from app.history.mapping import FindingMap, HistoryMap, SourceFile, Take, TakeDate, TestMap
from app.history.names import IGNORED, NameBook
from app.history.places import Placed
from app.history.source_files import SourceRow
from app.history.values import Dates, Unreadable, fault_of_cas, fault_of_formula
from app.trends.domain import Seen


@dataclass(frozen=True, slots=True)
class Notebook:
    """What all rows share: the map, the names it knows, and what was found wrong so far."""

    map: HistoryMap
    substances: NameBook
    expected: NameBook
    today: date
    problems: list[Problem] = field(default_factory=list)
    unknown: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))


@dataclass(frozen=True, slots=True)
class Cells:
    """One row, with what is needed to read it and to complain about it."""

    by: Notebook
    file: str
    row: SourceRow

    def error(self, column: str, value: str, why: str, how: str = "") -> None:
        """Something that stops the import."""
        self.by.problems.append(Problem(Level.ERROR, self.file, self.row.line, column, value.strip()[:80], why, how))

    def note(self, column: str, value: str, why: str) -> None:
        """Something to know."""
        self.by.problems.append(Problem(Level.NOTE, self.file, self.row.line, column, value.strip()[:80], why))

    def key(self, kind: SourceFile) -> str | None:
        """The sample's own id, its parts joined; None, and told, where one is empty."""
        parts = [self.row.cells[column].strip() for column in kind.id]
        if all(parts):
            return "|".join(parts)
        self.error(kind.id[0], "", "a row without its sample's id.", "Mend the row.")
        return None

    def one(self, take: Take | None) -> str:
        """The text of a cell, or the constant."""
        if take is None:
            return ""
        return take.constant or self.row.cells[take.column].strip()

    def unplaced(self, take: Take | None, placed: Placed) -> None:
        """A site nobody knows is told once, with how often it comes; any other fault in each row."""
        said, column = self.one(take), take.column if take else ""
        if placed.unknown:
            self._unknown("site", said, column, placed.how)
        else:
            self.error(column, said, placed.why, placed.how)

    def many(self, take: Take | None) -> list[str]:
        """The values of a cell that holds several."""
        text = self.one(take)
        parts = text.split(take.separator) if take and take.separator else [text]
        return [part.strip() for part in parts if not self.by.map.is_missing(part)]

    def day(self, take: TakeDate | None) -> date | None:
        """The date; None where there is none, or, told, none that can be."""
        said = self.one(take)
        if take is None or self.by.map.is_missing(said):
            return None
        try:
            return Dates(take.formats, take.spreadsheet_days, self.by.today).read(said)
        except Unreadable as error:
            self.error(take.column, said, error.why, error.how)
            return None

    def word(self, vocabulary: str, take: Take | None) -> str:
        """Our word for theirs; of several the first. Unknown ones are collected."""
        for said in self.many(take):
            ours = self.by.map.ours(vocabulary, said)
            if ours is None:
                self._unknown(vocabulary, said, take.column if take else "", f"Add it to [vocabulary.{vocabulary}].")
                return ""
            return ours
        return ""

    def names(self, what: str, book: NameBook, take: Take | None) -> list[str]:
        """Our ids for the names in a cell."""
        return [ours for said in self.many(take) if (ours := self.name(what, book, said, take.column if take else ""))]

    def name(self, what: str, book: NameBook, said: str, column: str) -> str:
        """Our id for a name; empty where it is to be ignored, or, told, unknown."""
        ours = book.ours(said)
        if ours is None and book is self.by.expected:
            ours = self.by.substances.ours(said)
        if ours is None:
            section = "expected" if what == "expected" else "substances"
            self._unknown(what, said, column, f"Map it under [{section}.names], or add it under [[{section}.add]].")
            return IGNORED
        return ours

    def _unknown(self, what: str, said: str, column: str, how: str) -> None:
        if not self.by.unknown[what][said]:
            kind = "substance" if what == "expected" else what
            self.error(column, said, f"is no {kind} that is known here.", how)
        self.by.unknown[what][said] += 1

    def check_facts(self, block: FindingMap) -> None:
        """A broken CAS number or formula is told and left out: the name decides, and the name was understood."""
        for take, fault_of in ((block.cas, fault_of_cas), (block.formula, fault_of_formula)):
            said = self.one(take)
            if take is not None and not self.by.map.is_missing(said) and (fault := fault_of(said)):
                self.note(take.column, said, f"{fault} The name beside it was used.")

    def outcome(self, test: TestMap) -> Seen | None:
        """What a test column says; None where nothing was tested, or, told, the word is unknown."""
        said = self.row.cells[test.column].strip()
        if self.by.map.is_missing(said):
            return None
        for words, seen in (
            (test.detected, Seen.DETECTED),
            (test.not_detected, Seen.NOT_DETECTED),
            (test.invalid, Seen.INVALID),
        ):
            if said.casefold() in {w.casefold() for w in words}:
                return seen
        self._unknown("outcome", said, test.column, "Put it into detected, not_detected or invalid of this [[test]].")
        return None

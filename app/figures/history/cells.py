"""The cells of one row, read by the map. Whatever cannot be read is written into the notebook with its place."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from app.care.counted.domain import Seen
from app.figures.history.domain import Level, Problem
from app.figures.history.mapping import (
    AmountWord,
    FindingMap,
    HistoryMap,
    SourceFile,
    Take,
    TakeAmount,
    TakeDate,
    TestMap,
    folded,
    one_line,
)
from app.figures.history.names import IGNORED, NameBook, Placed
from app.figures.history.source_files import SourceRow
from app.figures.history.values import Unreadable, day_in, fault_of_cas, fault_of_formula, figure
from app.intake.sessions.domain import ServiceType
from harm_messages.types import Unit

LONGEST_ID, LONGEST_AGENCY = 190, 120
"""Characters there is room for; behind an id that stands several times its number is written."""


@dataclass(frozen=True, slots=True)
class Notebook:
    """What all rows share: the map, the names it knows, and what was found wrong so far.

    `sites` are the unknown ones by agency and word; `guided` words that a pattern of the map read.
    """

    map: HistoryMap
    substances: NameBook
    expected: NameBook
    today: date
    problems: list[Problem] = field(default_factory=list)
    unknown: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    sites: Counter[tuple[str, str]] = field(default_factory=Counter)
    guided: set[tuple[str, str]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Cells:
    """One row, with what is needed to read it and to complain about it."""

    by: Notebook
    kind: SourceFile
    file: str
    row: SourceRow

    def error(self, where: str | Take | None, value: str, why: str, how: str = "", level: Level = Level.ERROR) -> None:
        """Something that stops the import. `where`: a column, or what is taken from one."""
        column = where if isinstance(where, str) else where.column if where else ""
        self.by.problems.append(Problem(level, self.file, self.row.line, column, value.strip()[:80], why, how))

    def note(self, where: str | Take | None, value: str, why: str) -> None:
        """Something to know."""
        self.error(where, value, why, level=Level.NOTE)

    def key(self) -> str | None:
        """The sample's own id, its parts joined; None, and told, where one is empty."""
        kind, parts = self.kind, self._id()
        if not any(self.by.map.is_missing(part) for part in parts):
            key = "|".join(parts)
            if len(key) <= LONGEST_ID:
                return key
            self.error(kind.id[0], key, f"an id of more than {LONGEST_ID} characters.", "Name other columns under id.")
            return None
        if kind.rows == "samples" and kind.without_id == "own_sample":
            self.note(
                kind.id[0], "", "no id: known by all its cells. A corrected row would be counted beside this one."
            )
            return f"row {hashlib.sha256(repr(sorted(self.row.cells.items())).encode()).hexdigest()[:16]}"
        or_say = ', or say without_id = "own_sample" for the file' if kind.rows == "samples" else ""
        self.error(kind.id[0], "", "a row without its sample's id.", f"Mend the row{or_say}.")
        return None

    def _id(self) -> list[str]:
        """A spreadsheet writes the id 1234 as 1234.0 once its column holds a blank: that is the same sample."""
        return [re.sub(r"^(\d+)\.0+$", r"\1", self.row.cells[column].strip()) for column in self.kind.id]

    def left_out(self) -> str | None:
        """The id of a row that the map says is no sample; told."""
        for rule in self.by.map.leave_out:
            if rule.fits(cell := self.row.cells[rule.column]):
                self.note(rule.column, cell, f"left out: {rule.why}")
                return "|".join(self._id())
        return None

    def one(self, take: Take | None) -> str:
        """The text of a cell, or the constant; empty for a word that is missing in this column."""
        if take is None:
            return ""
        if take.constant:
            return take.constant
        said = self.row.cells[take.column].strip()
        return "" if take.missing and folded(said) in take.missing else said

    def unplaced(self, take: Take | None, placed: Placed) -> None:
        """A site nobody knows is told once per agency, with how often it comes; any other fault in each row."""
        said = one_line(self.one(take))
        if not (placed.unknown and self.by.sites[placed.agency, said]):
            self.error(take, said, placed.why, placed.how)
        if placed.unknown:
            self.by.unknown["site"][said] += 1
            self.by.sites[placed.agency, said] += 1

    def many(self, take: Take | None, is_one: Callable[[str], bool]) -> list[str]:
        """The values of a cell that holds several. A cell that `is_one` word is not taken apart: “1,4-butanediol”."""
        text = self.one(take)
        separators = take.separator if take is not None and not is_one(text) else ()
        parts = re.split("|".join(map(re.escape, separators)), text) if separators else [text]
        return [part.strip() for part in parts if not self.by.map.is_missing(part)]

    def day(self, take: TakeDate | None) -> date | None:
        """The date; None where there is none, or, told, none that can be."""
        said = self.one(take)
        if take is None or self.by.map.is_missing(said):
            return None
        try:
            return day_in(said, take.formats, self.by.today, spreadsheet_days=take.spreadsheet_days)
        except Unreadable as error:
            self.error(take, said, error.why, error.how)
            return None

    def word(self, vocabulary: str, take: Take | None) -> str:
        """Our word for theirs; of several the first. Unknown ones are collected."""
        for said in self.many(take, lambda text: self.by.map.ours(vocabulary, text) is not None):
            ours = self.by.map.ours(vocabulary, said)
            if ours is None:
                self._unknown(vocabulary, said, take, f"Add it to [vocabulary.{vocabulary}].")
                return ""
            return ours
        return ""

    def service_type(self, take: ServiceType | Take) -> str:
        """The kind of service: the same for every sample, or what the row says; a blank is what the map calls one."""
        if not isinstance(take, Take):
            return take.value
        said = self.one(take)
        said = "" if self.by.map.is_missing(said) else said
        ours = self.by.map.ours("service_type", said)
        if ours is not None:
            return ours
        if said:
            self._unknown("service_type", said, take, "Add it to [vocabulary.service_type].")
        else:
            how = 'Say what a blank is: [vocabulary.service_type] values = { "" = "fixed_site" }'
            self.error(take, "", "no kind of service.", how)
        return ""

    def names(self, what: str, book: NameBook, take: Take | None) -> list[str]:
        """Our ids for the names in a cell."""
        if take is not None and take.constant and book.knows(take.constant):
            return [take.constant]
        parts = self.many(take, lambda text: self._known(book, text) is not None)
        return [ours for said in parts for ours in self.name(what, book, said, take)]

    def name(self, what: str, book: NameBook, said: str, take: Take | None) -> tuple[str, ...]:
        """Our ids for a name; none where it is to be ignored, or, told, unknown."""
        ours = self._known(book, said)
        if ours is not None:
            return ours
        by_pattern = book.by_pattern(said)
        if by_pattern is not None:
            if (what, folded(said)) not in self.by.guided:
                self.by.guided.add((what, folded(said)))
                self.note(take, said, f"is read as {by_pattern} by a pattern of the map, here and wherever it stands.")
            return (by_pattern,)
        section = "expected" if what == "expected" else "substances"
        self._unknown(what, said, take, f"Map it under [{section}.names], or add it under [[{section}.add]].")
        return IGNORED

    def _known(self, book: NameBook, said: str) -> tuple[str, ...] | None:
        ours = book.ours(said)
        return self.by.substances.ours(said) if ours is None and book is self.by.expected else ours

    def _unknown(self, what: str, said: str, where: str | Take | None, how: str) -> None:
        if not self.by.unknown[what][said]:
            kind = {"expected": "substance", "service_type": "kind of service"}.get(what, what)
            self.error(where, said, f"is no {kind} that is known here.", how)
        self.by.unknown[what][said] += 1

    def amount(self, take: TakeAmount) -> float | AmountWord | None:
        """The figure in the unit of the map, or what a word in its place means; None, told, where nobody can say."""
        said = self.row.cells[take.column]
        meant = take.words.get(folded(said))
        if meant is not None:
            return meant * take.scale if isinstance(meant, float) else meant
        if self.by.map.is_missing(said):
            return "missing"
        in_percent = take.unit is Unit.PERCENT
        try:
            amount = figure(said, self.kind.decimal, percent=in_percent) * take.scale
        except Unreadable as error:
            self.error(take.column, said, error.why, error.how)
            return None
        if in_percent and amount > 100:
            how = f'Mend the row, or the unit, or say what it means: words = {{ "{said.strip()}" = "missing" }}.'
            self.error(take.column, said, "is more than 100 %.", how)
            return None
        return amount

    def check_facts(self, block: FindingMap) -> None:
        """A broken CAS number or formula is told and left out: the name decides, and the name was understood."""
        for take, fault_of in ((block.cas, fault_of_cas), (block.formula, fault_of_formula)):
            said = self.one(take)
            if take is not None and not self.by.map.is_missing(said) and (fault := fault_of(said)):
                self.note(take, said, f"{fault} The name beside it was used.")

    def outcome(self, test: TestMap) -> Seen | None:
        """What a test column says; None where nothing was tested, or, told, the word is unknown."""
        said = self.row.cells[test.column].strip()
        if self.by.map.is_missing(said):
            return None
        meant = {Seen.DETECTED: test.detected, Seen.NOT_DETECTED: test.not_detected, Seen.INVALID: test.invalid}
        seen = next((seen for seen, words in meant.items() if folded(said) in words), None)
        if seen is None:
            how = "Put it into detected, not_detected or invalid of this [[test]]."
            self._unknown("outcome", said, test.column, how)
        return seen

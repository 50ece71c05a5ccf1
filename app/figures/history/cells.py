"""The cells of one row, read by the map. Whatever cannot be read is written into the notebook with its place.

Names of substances and sites become ours: a name nobody knows is never read as “not found”, and a name alone is not a site: it
is whose as well.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from app.care.counted.domain import Detection
from app.figures.history import mapping
from app.figures.history.domain import Level, Problem
from app.figures.history.mapping import HistoryMap, SourceFile, Take, folded, one_line
from app.figures.history.source_files import SourceRow, Unreadable, day_in, fault_of_cas, fault_of_formula, figure
from app.intake.sessions.domain import ServiceType
from app.platform.kernel.errors import Invalid
from harm_messages import MatchKind, Register
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
        self.error(kind.id[0], "", "a row without its sample's id.", f"Correct the row{or_say}.")
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

    def day(self, take: mapping.TakeDate | None) -> date | None:
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
            self.error(where, said, f"is not a known {kind}.", how)
        self.by.unknown[what][said] += 1

    def amount(self, take: mapping.TakeAmount) -> float | mapping.AmountWord | None:
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
            how = f'Correct the row, or the unit, or say what it means: words = {{ "{said.strip()}" = "missing" }}.'
            self.error(take.column, said, "is more than 100 %.", how)
            return None
        return amount

    def check_facts(self, block: mapping.FindingMap) -> None:
        """A broken CAS number or formula is told and left out: the name decides, and the name was understood."""
        for take, fault_of in ((block.cas, fault_of_cas), (block.formula, fault_of_formula)):
            said = self.one(take)
            if take is not None and not self.by.map.is_missing(said) and (fault := fault_of(said)):
                self.note(take, said, f"{fault} The name beside it was used.")

    def outcome(self, test: mapping.TestMap) -> Detection | None:
        """What a test column says; None where nothing was tested, or, told, the word is unknown."""
        said = self.row.cells[test.column].strip()
        if self.by.map.is_missing(said):
            return None
        meant = {
            Detection.DETECTED: test.detected,
            Detection.NOT_DETECTED: test.not_detected,
            Detection.INVALID: test.invalid,
        }
        seen = next((seen for seen, words in meant.items() if folded(said) in words), None)
        if seen is None:
            how = "Put it into detected, not_detected or invalid of this [[test]]."
            self._unknown("outcome", said, test.column, how)
        return seen


IGNORED: tuple[str, ...] = ()


def unknown_here(what: str) -> Invalid:
    """What the map says with a name that nobody knows."""
    hint = "mast samples words lists what there is. Nothing was imported."
    return Invalid(f"The map {what}, which is neither in the register nor added.", hint=hint)


class NameBook:
    """Looks names up: what the map says first, its additions, the register (names and aliases), the map's patterns.

    An alias that may mean several things resolves to their class, as at reception; where it means things of several
    classes it is unknown until the map says which.
    """

    def __init__(self, register: Register, names: mapping.Names, additions: Mapping[str, mapping.NewSubstance]) -> None:
        self.register, self.names, self.additions = register, names, additions
        said = {folded(word): targets for word, targets in names.names.items()}
        for new in names.add:
            for word in (new.id, new.name, *new.says):
                said.setdefault(folded(word), (new.id,))
        said |= dict.fromkeys(names.ignore, IGNORED)
        self._known: dict[str, tuple[str, ...] | None] = {**said}
        told = [(word, target) for word, targets in said.items() for target in targets]
        for word, target in [*told, *((pattern.pattern, target) for pattern, target in names.patterns)]:
            if not self.knows(target):
                raise unknown_here(f"says “{word}” is {target}")

    def knows(self, ours: str) -> bool:
        """A register id, an addition, a class or its beginning, or an intent."""
        register = self.register
        return ours in register or ours in self.additions or ours in register.intents or register.is_class(ours)

    def says_nothing_found(self, word: str) -> bool:
        """Whether the words mean that a method saw nothing."""
        return folded(word) in self.names.nothing_found

    def ours(self, word: str) -> tuple[str, ...] | None:
        """Our ids, several where the map says that the word means several; none for words to ignore; None where
        neither the map nor the register knows it."""
        key = folded(word)
        if key not in self._known:
            sure = [match for match in self.register.resolve(word) if match.kind is not MatchKind.CLASH]
            self._known[key] = (sure[0].id,) if len(sure) == 1 else None
        return self._known[key]

    def by_pattern(self, word: str) -> str | None:
        """Our id by the first pattern of the map that fits. For words nobody knows otherwise."""
        return next((target for pattern, target in self.names.patterns if pattern.search(word)), None)

    def class_of(self, ours: str) -> str:
        """The class of an id, or the class itself."""
        row = self.additions.get(ours) or self.register.get(ours)
        return row.drug_class if row else ours if self.register.is_class(ours) else ""


def additions_of(names: Iterable[mapping.Names], register: Register) -> dict[str, mapping.NewSubstance]:
    """Substances the map adds. Raises Invalid for one the register has, a class nobody knows, a wrong CAS or formula."""
    found: dict[str, mapping.NewSubstance] = {}
    for new in (n for part in names for n in part.add):
        if new.id in register:
            raise Invalid(f"The map adds {new.id}, which the register already has. Map the name to it instead.")
        if new.drug_class not in register.classes:
            raise Invalid(f"The map files {new.name} under {new.drug_class}, which is no class of the register.")
        if new.cas and (fault := fault_of_cas(new.cas)):
            raise Invalid(f"The map gives {new.name} the CAS number {new.cas}, which {fault}")
        if new.formula and (fault := fault_of_formula(new.formula)):
            raise Invalid(f"The map gives {new.name} the formula {new.formula}, which {fault}")
        found[new.id] = new
    return found


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a sample was handed in, or `why` that cannot be said."""

    agency: str = ""
    site: str = ""
    region: str = ""
    service_type: str = ""
    why: str = ""
    how: str = ""
    unknown: bool = False


class Places:
    """The sites of a map by agency and word."""

    def __init__(self, by_map: HistoryMap) -> None:
        self.map = by_map
        self._by_word: dict[str, list[mapping.SiteMap]] = defaultdict(list)
        for site in by_map.site:
            for word in dict.fromkeys(map(folded, (site.name, *site.says))):
                self._by_word[word].append(site)
        self._agencies = {folded(site.agency): site.agency for site in by_map.site}

    def find(self, agency: str, said: str, region: str) -> Placed:
        """The site of a row. `agency` and `region` are what the row says, or empty.

        A blank is no site, and the sample counts under its agency alone. A blank agency is told by the site, else by
        the map's word for a blank.
        """
        named = "" if self.map.is_missing(agency) else self.map.called("agency", agency)
        region = self.map.called("region", "" if self.map.is_missing(region) else region)
        said = "" if self.map.is_missing(said) else one_line(said)
        fits = self._by_word.get(folded(said), []) if said else []
        if named:
            fits = [site for site in fits if folded(site.agency) == folded(named)]
        owners = sorted({site.agency for site in fits})
        if len(owners) == 1:
            site = fits[0]
            return Placed(site.agency, site.name, site.region or region, site.service_type or "")
        owner = self._agencies.get(folded(named), named) or self.map.called("agency", "")
        if owners and not owner:
            return self._of_several(owners)
        if not said or self.map.unknown_sites == "as_written" or owners:
            return (
                Placed(owner, said, region)
                if owner
                else Placed(why="is of no agency.", how=f"Correct the row{_OR_SAY}.")
            )
        return Placed(
            agency=owner,
            why=f"is no site{f' of {owner}' if owner else ''} that the map knows.",
            how='Add a [[site]], or say unknown_sites = "as_written" if every word is a site of its own.',
            unknown=True,
        )

    def _of_several(self, owners: list[str]) -> Placed:
        no_column = self.map.sample.agency is None
        return Placed(
            why=f"is the name of a site of {' and of '.join(owners)}.",
            how="Say in [sample] agency which column names the agency."
            if no_column
            else f"The row names no agency. Correct it{_OR_SAY}.",
        )


_OR_SAY = ', or say whose such samples are: [vocabulary.agency] values = { "" = "…" }'

"""Files + map → samples in our words, with everything that is wrong with them. Pure but for reading the files.

All problems of all rows are collected, so that someone corrects a map once and not fifty times. Whatever an unknown word
may mean is left open: an import with an unknown word in it never happens.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from app.care.counted.domain import Detection, TestFact
from app.figures.history.cells import LONGEST_AGENCY, Cells, NameBook, Notebook, Places, additions_of, unknown_here
from app.figures.history.domain import HistoricalFinding, HistoricalSample, Level, Problem, Reconciled
from app.figures.history.mapping import FindingMap, HistoryMap, MapPart, NewSubstance, SourceFile, Take, TakeAmount
from app.figures.history.source_files import CountWatch, rows_of, sorted_out
from app.platform.kernel.errors import Invalid
from harm_messages import Register
from harm_messages.types import Abundance

Progress = Callable[[str, int], None]
EVERY_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything read from the files of one import. Usable only where `errors` is empty.

    `unknown` counts words by what they should name; `unknown_sites` counts sites by the row's agency and the word.
    """

    samples: Sequence[HistoricalSample] = ()
    problems: Sequence[Problem] = ()
    additions: Sequence[NewSubstance] = ()
    unknown: dict[str, dict[str, int]] = field(default_factory=dict)
    unknown_sites: dict[tuple[str, str], int] = field(default_factory=dict)
    reconciled: Sequence[Reconciled] = ()
    rows: dict[str, int] = field(default_factory=dict)

    @property
    def errors(self) -> list[Problem]:
        """What stops the import."""
        return [p for p in self.problems if p.level is Level.ERROR]

    @property
    def to_mend(self) -> str:
        """How much that is, in a sentence; empty where nothing does."""
        n = len(self.errors)
        return f"{n:,} {'problem' if n == 1 else 'problems'} to fix in the files or the map." if n else ""


def read_history(
    paths: Sequence[Path], by_map: HistoryMap, register: Register, today: date, progress: Progress | None = None
) -> Reading:
    """Read the files. Raises Invalid where a file is not what the map says; problems of rows come with the answer."""
    return _Interpreter(by_map, register, today, progress or (lambda _name, _rows: None)).read(paths)


@dataclass
class _Sample:
    """A sample as it grows: first its own row, then its detections."""

    made: HistoricalSample
    findings: list[HistoricalFinding] = field(default_factory=list)
    tests: list[TestFact] = field(default_factory=list)
    nothing: bool = False
    detections: int = 0
    traces: int = 0
    stated: dict[str, str] = field(default_factory=dict)


class _Interpreter:
    def __init__(self, by_map: HistoryMap, register: Register, today: date, progress: Progress) -> None:
        self.map, self.progress = by_map, progress
        self.additions = additions_of((by_map.substances, by_map.expected), register)
        self.substances, self.expected = (
            NameBook(register, names, self.additions) for names in (by_map.substances, by_map.expected)
        )
        for test in by_map.test:
            if not self.substances.knows(test.target):
                raise unknown_here(f"tests for {test.target}")
        constant = by_map.sample.expected.constant if by_map.sample.expected else ""
        if constant and self.expected.ours(constant) is None and not self.expected.knows(constant):
            raise unknown_here(f"says that everybody expected {constant}")
        self.notebook = Notebook(by_map, self.substances, self.expected, today)
        self.places = Places(by_map)
        self.samples: dict[str, _Sample] = {}
        self.rows: Counter[str] = Counter()
        self.repeated: Counter[str] = Counter()
        self.left_out: set[str] = set()

    def read(self, paths: Sequence[Path]) -> Reading:
        given = sorted_out(paths, self.map)
        own, detail = self.map.samples_file, self.map.detections_file
        counts = CountWatch(given[own.name].name, (*own.id, *(r.column for r in self.map.reconcile)))
        for at in self._rows(given[own.name], own, self._columns_of_samples()):
            counts.look(at.row)
            self._sample(at)
        self.notebook.problems[:0] = counts.told()
        if detail is not None and self.map.detection is not None:
            wanted = [*detail.id, *_columns(self.map.detection)]
            for at in self._rows(given[detail.name], detail, wanted):
                self._detection(at, self.map.detection)
        reconciled = [self._reconciled(r.column, primary_only=r.counts == "primary") for r in self.map.reconcile]
        return Reading(
            samples=[_finished(s) for s in self.samples.values()],
            problems=self.notebook.problems,
            additions=list(self.additions.values()),
            unknown={what: dict(words.most_common()) for what, words in self.notebook.unknown.items()},
            unknown_sites=dict(self.notebook.sites),
            reconciled=reconciled,
            rows=dict(self.rows),
        )

    def _columns_of_samples(self) -> list[str]:
        columns = [column for part in (self.map.sample, *self.map.finding) for column in _columns(part)]
        columns += [test.column for test in self.map.test] + [one.column for one in self.map.reconcile]
        return [*self.map.samples_file.id, *columns, *(rule.column for rule in self.map.leave_out)]

    def _rows(self, path: Path, kind: SourceFile, wanted: Sequence[str]) -> Iterator[Cells]:
        for row in rows_of(path, kind, wanted):
            self.rows[path.name] += 1
            if self.rows[path.name] % EVERY_ROWS == 0:
                self.progress(path.name, self.rows[path.name])
            yield Cells(self.notebook, kind, path.name, row)
        self.progress(path.name, self.rows[path.name])
        if not self.rows[path.name] and kind.rows == "samples":
            raise Invalid(f"{path.name} has a header and no row below it.", hint="Nothing was imported.")

    # -- one row of samples ------------------------------------------------------------------------

    def _sample(self, at: Cells) -> None:
        left_out = at.left_out()
        if left_out is not None:
            self.left_out.add(left_out)
            return
        key = at.key()
        if key is None or (key in self.samples and self._refused(at, key)):
            return
        self.repeated[key] += 1
        if self.repeated[key] > 1:
            key = f"{key} ({self.repeated[key]})"
        sample = self.map.sample
        placed = self.places.find(at.one(sample.agency), at.one(sample.site), at.one(sample.region))
        if placed.why:
            at.unplaced(sample.site, placed)
        elif len(placed.agency) > LONGEST_AGENCY:
            why = f"is an agency of more than {LONGEST_AGENCY} characters."
            at.error(sample.agency, placed.agency, why, "Name it more briefly under [vocabulary.agency].")
        received = at.day(sample.received)
        if sample.received is not None and self.map.is_missing(at.one(sample.received)):
            at.note(sample.received, "", "no date: counted in totals, in no month.")
        self.samples[key] = _Sample(
            HistoricalSample(
                key=key,
                file=at.file,
                line=at.row.line,
                agency=placed.agency,
                site=placed.site,
                region=placed.region,
                received=received,
                completed=at.day(sample.completed),
                service_type=placed.service_type or at.service_type(sample.service_type),
                submitter_type=sample.submitter_type.value,
                form=at.word("form", sample.form) or "other",
                expected=tuple(dict.fromkeys(at.names("expected", self.expected, sample.expected))),
            ),
            stated={r.column: at.row.cells[r.column] for r in self.map.reconcile},
        )
        for block in self.map.finding:
            self._finding(self.samples[key], at, block)
        for test in self.map.test:
            outcome = at.outcome(test)
            if outcome is not None:
                self.samples[key].tests.append(TestFact(test.method.value, test.target, outcome))

    def _refused(self, at: Cells, key: str) -> bool:
        """Whether a second row with an id is no sample of its own; told."""
        kind = at.kind
        first = f"stands already in line {self.samples[key].made.line}"
        if kind.repeats == "first":
            at.note(kind.id[0], key, f"{first}, which counts. This row does not.")
        elif kind.repeats == "refuse":
            how = 'If both are samples: repeats = "own_sample"; if only the first counts: repeats = "first".'
            at.error(kind.id[0], key, f"{first}.", f"{how} Or name more columns under id.")
        return kind.repeats != "own_sample"

    # -- detections --------------------------------------------------------------------------------

    def _detection(self, at: Cells, block: FindingMap) -> None:
        key = at.key()
        if key is None or (key in self.left_out and key not in self.samples):
            return
        sample = self.samples.get(key)
        if sample is None:
            at.error(at.kind.id[0], key, "is no sample of the other file.", "Give both files of the same extract.")
            return
        sample.detections += 1
        sample.traces += self.map.ours("abundance", at.one(block.abundance)) == Abundance.TRACE.value
        self._finding(sample, at, block)

    def _finding(self, sample: _Sample, at: Cells, block: FindingMap) -> None:
        said = at.one(block.substance)
        if self.map.is_missing(said):
            return
        method = at.word("method", block.method)
        if self.substances.says_nothing_found(said):
            sample.nothing = True
            if method:
                sample.tests.append(TestFact(method, "*", Detection.LOOKED))
            return
        named = at.name("substance", self.substances, said, block.substance)
        at.check_facts(block)
        if not named:
            return
        (ours,) = named  # the map names one substance per row of [substances], or is refused
        finding = HistoricalFinding(
            substance=ours,
            drug_class=self.substances.class_of(ours),
            abundance=at.word("abundance", block.abundance) or block.abundance_blank.value,
            method=method,
        )
        if block.amount is None:
            sample.findings.append(finding)
            return
        amount = at.amount(block.amount)
        if amount is None or amount == "missing":
            return  # a blank is not a test: it says neither that it was there nor that it was not
        if amount == "not_detected" or (amount == 0 and block.amount.zero == "not_detected"):
            sample.tests.append(TestFact(method, ours, Detection.NOT_DETECTED))
            return
        sample.tests.append(TestFact(method, ours, Detection.DETECTED if amount else Detection.NOT_DETECTED))
        if isinstance(amount, float):
            finding = replace(finding, amount=amount, unit=block.amount.unit.value, basis=block.amount.basis.value)
        sample.findings.append(finding)

    def _reconciled(self, column: str, *, primary_only: bool) -> Reconciled:
        """The source's own count of detections against the rows it gives: where they differ, someone should look."""
        differing: list[str] = []
        for key, sample in self.samples.items():
            counted = sample.detections - (sample.traces if primary_only else 0)
            stated = sample.stated[column].strip()
            if stated != str(counted):
                differing.append(key)
                what = "detections that are more than traces" if primary_only else "detections"
                told = " They say that nothing was found." if sample.nothing and not sample.findings else ""
                self.notebook.problems.append(
                    Problem(
                        Level.NOTE, sample.made.file, sample.made.line, column, stated,
                        f"sample {key}: the source counts {stated or 'nothing'}, its rows hold {counted} {what}.{told}",
                    )
                )  # fmt: skip
        return Reconciled(column, len(self.samples) - len(differing), tuple(differing))


def _columns(part: MapPart) -> list[str]:
    """The columns that values are taken from."""
    return [take.column for _, take in part if isinstance(take, (Take, TakeAmount)) and take.column]


def _finished(sample: _Sample) -> HistoricalSample:
    """A substance reported twice, by two methods, is one finding: the graver abundance and any amount stay."""
    kept: dict[str, HistoricalFinding] = {}
    for finding in sample.findings:
        before = kept.get(finding.substance)
        kept[finding.substance] = _merged(before, finding) if before else finding
    return replace(
        sample.made,
        findings=tuple(kept.values()),
        tests=tuple(dict.fromkeys(sample.tests)),
        nothing_found=sample.nothing and not kept,
    )


def _merged(a: HistoricalFinding, b: HistoricalFinding) -> HistoricalFinding:
    first, second = sorted((a, b), key=lambda f: -Abundance(f.abundance).rank)
    methods = "; ".join(dict.fromkeys(m for m in (a.method, b.method) if m))
    with_amount = first if first.amount is not None else second
    return replace(first, method=methods, amount=with_amount.amount, unit=with_amount.unit, basis=with_amount.basis)

"""MAP.toml: how the columns of another service's files become samples, findings and tests.

A map is data that someone can read, keep and sign. Every name in it is checked when it is loaded, so that a
misspelt column or unit stops the import before the first row. Format: docs/users/history.md.
"""

from __future__ import annotations

import re
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from app.intake.samples.domain import SubmitterType
from app.intake.sessions.domain import ServiceType
from app.laboratory.identification.domain import Method
from app.platform.kernel.errors import Invalid
from harm_messages.types import Abundance, Basis, Unit
from harm_messages.vocabulary import Form

Meaning = TypeVar("Meaning")
FAULTS_SHOWN = 5
_IN_WORDS = {
    "missing": "is missing",
    "string_type": "must be one text in quotation marks",
    "pattern_type": "must be one text in quotation marks",
    "string_too_short": "is too short",
    "tuple_type": "must be a list in [ ]",
    "model_type": "must be a section or { key = value }",
    "dict_type": "must be a section or { key = value }",
}


def _one_or_many(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def one_line(text: str) -> str:
    """Text without the line breaks and runs of blanks that spreadsheets leave in headers and names."""
    return " ".join(text.split())


def folded(text: str) -> str:
    """A word as it is compared: neither case nor runs of blanks matter."""
    return one_line(text).casefold()


def _filled_in(word: str) -> str:
    if not word.strip():
        raise ValueError("nothing stands behind its “=”")
    return word


def _a_pattern(text: object) -> object:
    try:
        return re.compile(text, re.IGNORECASE) if isinstance(text, str) else text
    except re.error as error:
        raise ValueError(f"“{text}” is no regular expression: {error}") from error


def _by_folded(words: dict[str, Meaning]) -> dict[str, Meaning]:
    return {folded(word): meaning for word, meaning in words.items()}


Words = Annotated[tuple[str, ...], BeforeValidator(_one_or_many)]
FoldedWords = Annotated[Words, AfterValidator(lambda words: tuple(map(folded, words)))]
Filled = Annotated[str, AfterValidator(_filled_in)]
FilledWords = Annotated[tuple[Filled, ...], BeforeValidator(_one_or_many), Field(min_length=1)]
Pattern = Annotated[re.Pattern[str], BeforeValidator(_a_pattern)]
Column = Annotated[str, AfterValidator(one_line)]
Columns = Annotated[tuple[Column, ...], BeforeValidator(_one_or_many)]


class MapPart(BaseModel):
    """Base of every part: unknown keys are refused, because a misspelt key would silently change the counts."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(MapPart):
    """Where the files come from; stands beside every figure made from them."""

    name: str = Field(min_length=2, max_length=120)
    licence: str = Field(min_length=2, max_length=120)
    version: str = Field(default="", max_length=40)
    citation: str = Field(default="", max_length=300)


class SourceFile(MapPart):
    """One kind of file. `rows` says what a row is: a sample, or one detection of a sample."""

    name: str
    match: str = Field(description="which files on the command line, such as *cards*.csv")
    rows: Literal["samples", "detections"] = "samples"
    header: int = Field(default=1, ge=1, le=1_000, description="the line with the names of the columns")
    id: Columns = Field(min_length=1, description="column, or columns together, that name the sample")
    repeats: Literal["refuse", "own_sample", "first"] = Field(
        default="refuse",
        description="several rows of samples with one id: a mistake, samples of their own, or only the first counts",
    )
    without_id: Literal["refuse", "own_sample"] = Field(
        default="refuse", description="a row of samples without an id: a mistake, or a sample known by all its cells"
    )
    encoding: str = "utf-8"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    decimal: Literal[".", ","] = "."


class Vocabulary(MapPart):
    """Their words → ours: exact words first (case does not matter), then patterns in order."""

    values: Annotated[dict[str, Filled], AfterValidator(_by_folded)] = Field(default_factory=dict)
    patterns: tuple[tuple[Pattern, Filled], ...] = ()

    def ours(self, word: str) -> str | None:
        """Our word, or None where nothing fits."""
        found = self.values.get(folded(word))
        return found or next((ours for pattern, ours in self.patterns if pattern.search(word)), None)


class Take(MapPart):
    """Where one value comes from: a column, or the same for every row."""

    column: Column = ""
    constant: str = ""
    separator: Words = Field(default=(), description="several values in one cell, such as “heroin; fentanyl”")
    missing: FoldedWords = Field(default=(), description="words that mean an empty cell in this column")

    @model_validator(mode="after")
    def _one_of_both(self) -> Take:
        if bool(self.column) == bool(self.constant):
            raise ValueError("give either column or constant")
        return self


class TakeDate(Take):
    """A date. `formats` as for strptime; day numbers of a spreadsheet are read only if the map says so."""

    formats: Words = ("%Y-%m-%d",)
    spreadsheet_days: bool = False


Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
AmountWord = Literal["not_detected", "detected", "missing"]
"""Not there as far as the method sees; there, nobody says how much; no measurement."""


class TakeAmount(MapPart):
    """An amount with its unit and what it counts. A bare figure means nothing, so both must be said."""

    column: Column
    unit: Unit
    basis: Basis
    zero: Literal["not_detected", "value"] = Field(description="what a 0 means in this file")
    scale: float = Field(default=1.0, gt=0, description="their figure times this is the unit above")
    words: Annotated[dict[str, Amount | AmountWord], AfterValidator(_by_folded)] = Field(
        default_factory=dict, description="cells that are no figure, such as “<0.1”: what each means"
    )


class SampleMap(MapPart):
    """Fields of a sample."""

    received: TakeDate | None = None
    completed: TakeDate | None = None
    agency: Take | None = None
    site: Take | None = None
    region: Take | None = None
    form: Take | None = None
    service_type: ServiceType | Take
    submitter_type: SubmitterType = SubmitterType.PUBLIC
    complete: bool = Field(
        description="whether the findings are everything a broad method saw; if not, nothing is said of what was expected"
    )
    expected: Take | None = None


class FindingMap(MapPart):
    """A detection: one per row of a long file, or one per block of a wide one.

    `abundance` is taken through the vocabulary of that name; a blank is `abundance_blank`.
    """

    substance: Take
    cas: Take | None = None
    formula: Take | None = None
    abundance: Take | None = None
    abundance_blank: Abundance = Abundance.PRESENT_UNQUANTIFIED
    method: Take | None = None
    amount: TakeAmount | None = None


class TestMap(MapPart):
    """A method's answer about one target, by column. Words in none of the lists are refused, blanks are not tests."""

    __test__ = False

    method: Method
    target: str
    column: Column
    detected: FoldedWords
    not_detected: FoldedWords
    invalid: FoldedWords = ()


class SiteMap(MapPart):
    """A site with the agency that owns it and what else it is called."""

    name: Filled = Field(max_length=120)
    agency: Filled = Field(max_length=120)
    region: str = Field(default="", max_length=60)
    service_type: ServiceType | None = Field(default=None, description="where it is not that of the other samples")
    says: Words = ()


class LeaveOut(MapPart):
    """Rows that are no samples of this history, such as a line of totals: by what a column says."""

    column: Column
    says: FoldedWords = ()
    patterns: tuple[Pattern, ...] = ()
    why: Filled = Field(max_length=120, description="stands in the report beside every such row")

    @model_validator(mode="after")
    def _of_something(self) -> LeaveOut:
        if not (self.says or self.patterns):
            raise ValueError("give says or patterns: which rows")
        return self

    def fits(self, cell: str) -> bool:
        """Whether a row with this cell is left out."""
        return folded(cell) in self.says or any(pattern.search(cell) for pattern in self.patterns)


class NewSubstance(MapPart):
    """A name of theirs that the register does not have."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_,.+-]*$", max_length=60)
    name: str = Field(max_length=120)
    drug_class: str = Field(alias="class", max_length=60)
    says: Words = ()
    cas: str = ""
    formula: str = ""


class Names(MapPart):
    """Their names of substances → register ids, classes or intents. `ignore` are words that name no substance.

    `patterns` are asked last, of words that neither the map nor the register knows.
    """

    names: dict[str, FilledWords] = Field(default_factory=dict)
    patterns: tuple[tuple[Pattern, Filled], ...] = ()
    add: tuple[NewSubstance, ...] = ()
    nothing_found: FoldedWords = ()
    ignore: FoldedWords = ()


class Reconcile(MapPart):
    """A column in which the source counts the detections of a sample itself."""

    column: Column
    counts: Literal["all", "primary"] = "all"


OUR_WORDS: dict[str, frozenset[str]] = {
    "form": frozenset(w.value for w in Form),
    "abundance": frozenset(w.value for w in Abundance),
    "method": frozenset(w.value for w in Method),
    "service_type": frozenset(w.value for w in ServiceType),
}


class HistoryMap(MapPart):
    """The whole map. Raises Invalid when it is loaded, never later."""

    format: Literal[1]
    source: Source
    file: tuple[SourceFile, ...] = Field(min_length=1)
    sample: SampleMap
    detection: FindingMap | None = None
    finding: tuple[FindingMap, ...] = ()
    test: tuple[TestMap, ...] = ()
    vocabulary: dict[Literal["form", "abundance", "method", "agency", "region", "service_type"], Vocabulary] = Field(
        default_factory=dict
    )
    substances: Names = Names()
    expected: Names = Names()
    site: tuple[SiteMap, ...] = ()
    unknown_sites: Literal["refuse", "as_written"] = "refuse"
    missing: FoldedWords = ("",)
    leave_out: tuple[LeaveOut, ...] = ()
    reconcile: tuple[Reconcile, ...] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> HistoryMap:
        kinds = [f.rows for f in self.file]
        if kinds.count("samples") != 1 or kinds.count("detections") > 1:
            raise ValueError('one [[file]] has rows = "samples", and at most one rows = "detections"')
        if ("detections" in kinds) != (self.detection is not None):
            raise ValueError("a file of detections and [detection] come together")
        for name, words in self.vocabulary.items():
            ours = {*words.values.values(), *(to for _, to in words.patterns)}
            if strange := sorted(ours - OUR_WORDS.get(name, ours)):
                told = f"{', '.join(strange)} is none of our words, which are {', '.join(sorted(OUR_WORDS[name]))}"
                raise ValueError(f"vocabulary.{name}: {told}")
        for word, several in self.substances.names.items():
            if len(several) > 1:
                raise ValueError(f"substances.names: “{word}” is several; only under [expected.names] may one be")
        said: dict[tuple[str, str], str] = {}
        for site in self.site:
            for word in (site.name, *site.says):
                if said.setdefault((folded(site.agency), folded(word)), site.name) != site.name:
                    raise ValueError(f"“{word}” of {site.agency} is written down for two sites")
        if self.site and self.sample.site is None:
            raise ValueError("[[site]] needs [sample] site: the column that names it")
        if not self.site and self.sample.agency is None:
            raise ValueError("say whose samples these are: [sample] agency, or a [[site]] with its agency")
        return self

    @property
    def samples_file(self) -> SourceFile:
        """The file with one row per sample."""
        return next(f for f in self.file if f.rows == "samples")

    @property
    def detections_file(self) -> SourceFile | None:
        """The file with one row per detection."""
        return next((f for f in self.file if f.rows == "detections"), None)

    def ours(self, vocabulary: str, word: str) -> str | None:
        """Our word for theirs by a vocabulary, or the word itself if it is one of ours; None where nothing fits."""
        plain = folded(word)
        return self._said(vocabulary, word) or (plain if plain in OUR_WORDS[vocabulary] else None)

    def called(self, vocabulary: str, word: str) -> str:
        """What the map calls an agency or a region; one it does not name stays as it is written."""
        return self._said(vocabulary, word) or one_line(word)

    def _said(self, vocabulary: str, word: str) -> str | None:
        words = self.vocabulary.get(vocabulary)  # type: ignore[call-overload]
        return words.ours(word) if words else None

    def is_missing(self, value: str) -> bool:
        """Whether a cell holds nothing."""
        plain = folded(value)
        return not plain or plain in self.missing


def read_map(path: Path) -> HistoryMap:
    """Load a map from a file. Raises Invalid with the keys that are wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Invalid(f"{path.name} is not UTF-8.", hint="Save it as UTF-8. Nothing was imported.") from error
    return parse_map(text, path.name)


def parse_map(text: str, name: str) -> HistoryMap:
    """Load a map from its text. Raises Invalid with the keys that are wrong."""
    try:
        return HistoryMap.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        once = " Each [section] may stand once: move its lines together." if "declare" in str(error) else ""
        raise Invalid(f"{name} is not TOML: {error}.{once}", hint="Nothing was imported.") from error
    except ValidationError as error:
        hint = "docs/users/history.md tells what each part is. Nothing was imported."
        raise Invalid(f"{name}: {_faults_of(error)}.", hint=hint) from error


def complete_of(text: str) -> bool:
    """Whether a map's findings are everything a broad method saw, of a map an earlier version of MAST accepted too."""
    return bool(tomllib.loads(text)["sample"]["complete"])


def _faults_of(error: ValidationError) -> str:
    """The first few faults as one sentence: which key, and what to write instead."""
    faults = [
        f"{'.'.join(map(str, e['loc'])) or 'the map'}: {_in_words(e['type'], e['msg'], e['loc'])}"
        for e in error.errors()[:FAULTS_SHOWN]
    ]
    more = error.error_count() - len(faults)
    return "; ".join([*faults, *([f"and {more} more"] if more else [])])


def _in_words(fault: str, message: str, where: tuple[int | str, ...]) -> str:
    if fault == "extra_forbidden":
        parts: tuple[type[MapPart], ...] = (*MapPart.__subclasses__(), TakeDate)
        keys = {f.alias or name for part in parts for name, f in part.model_fields.items()}
        near = get_close_matches(str(where[-1]), sorted(keys), n=1)
        return f"no such key here{f'; is {near[0]} meant?' if near else ''}"
    return _IN_WORDS.get(fault) or message.removeprefix("Value error, ")

"""The sentence on the researcher's page: what it offers for a question, and the question its choices make. Pure.

Every choice is a plain field of a form sent by GET, so the page needs no script; fields a figure does not need are
ignored. The words of the API (`measure`, `by`, `where` …) are the same question: a link made of them opens it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from app.figures.trends.charts.groups import Names
from app.figures.trends.charts.words import DIMENSIONS
from app.figures.trends.domain import Dimension, Kind, Measure, Question
from app.figures.trends.measures import MEASURED, MEASURES, VERDICTS
from app.figures.trends.protection.lattice import labels
from app.figures.trends.protection.striking import StruckFigures
from app.figures.trends.web import ALL, baseline_of, words_of

SPLITS_IN_FORM = 3

LABELS = {"substance": "Substance or class", "verdict": "Compared with what was expected"}
PHRASES = {
    "samples": "number of samples",
    "found": "share in which it was found",
    "verdict": "share by what the result was against the expectation",
    "found_with": "what else was found with it",
    "median_amount": "median amount",
    "turnaround": "time from receipt to release",
}
"""How a figure reads after “Show the”, where its own phrase is made for something else."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a field."""

    value: str
    label: str
    chosen: bool = False
    group: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """A choice that belongs to some figures only; `needed` by the one that is asked for now."""

    name: str
    label: str
    choices: tuple[Choice, ...]
    figures: tuple[str, ...]
    needed: bool


@dataclass(frozen=True, slots=True)
class Sentence:
    """Everything the form shows."""

    figures: tuple[Choice, ...]
    fields: tuple[Field, ...]
    expected: tuple[Choice, ...]
    regions: tuple[Choice, ...]
    splits: tuple[tuple[Choice, ...], ...]
    months: tuple[tuple[Choice, ...], tuple[Choice, ...]]
    baselines: tuple[Choice, ...]


SPLITS = (
    Dimension.MONTH, Dimension.QUARTER, Dimension.YEAR, Dimension.REGION, Dimension.EXPECTED, Dimension.EXPECTED_CLASS,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Offers:
    """By dimension the values there are. `found`: classes, then substances; `narrow`: classes of which is counted what else
    was found; `measured`: what has a median."""

    values: Mapping[Dimension, list[str]] = field(default_factory=dict)
    months: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    narrow: tuple[str, ...] = ()
    measured: tuple[str, ...] = ()


def offers(there: StruckFigures) -> Offers:
    """What these tables can be asked."""
    periods = there.periods.values()
    classes = {name for one in periods for name in one.lists.classes}
    substances = {name for one in periods for name in one.lists.substances} - classes
    measured = {name for one in periods for name, unit, _ in one.lists.amounts if unit != "min"}
    values = {Dimension.EXPECTED: labels(periods, "expected"), Dimension.REGION: labels(periods, "regions")}
    found = (*sorted(classes), *sorted(substances))
    narrow = {name for one in periods for name in one.lists.classes if one.lists.widened(name) == name}
    return Offers(values, tuple(there.months), found, tuple(sorted(narrow)), tuple(sorted(measured)))


def fields_of(measure: Measure) -> tuple[str, ...]:
    """The fields of the form a figure needs, in the order it asks for them."""
    if measure.name == "found":
        return ("substance",)
    return tuple("verdict" if asked == "verdict" else "substance" for asked in measure.asks)


def composed(figure: str, given: Mapping[str, str]) -> tuple[str, str]:
    """The measure and what is to be found, in the words of the API, from the fields of the form.

    A field left empty stays empty: the question then says what is missing.
    """
    name, _, about = figure.partition(":")
    measure = MEASURES.get(name)
    if measure is None or (about and name != "found"):
        return figure, ""
    if name == "found":
        return name, about or given.get("substance", "")
    return ":".join([name, *(given.get(f, "") for f in fields_of(measure))]).rstrip(":"), ""


def address(ask: Question, path: str = "/trends", **more: str) -> str:
    """The question as a link, in the words of the API."""
    return f"{path}?{words_of(ask, **more)}"


def baseline_name(baseline: str) -> str:
    """“2024” for a whole year, else “2024-03 to 2024-09”."""
    first, _, last = baseline.partition("..")
    if first[5:] == "01" and last[5:] == "12" and first[:4] == last[:4]:
        return first[:4]
    return f"{first} to {last}" if last else first


def sentence(ask: Question, there: Offers, names: Names) -> Sentence:
    """The form for a question, with what is asked now chosen, also where nothing offers it."""
    name, *about = ask.measure.split(":")
    measure = MEASURES.get(name)
    given = dict(zip(fields_of(measure), about, strict=False)) if measure else {}
    if name == "found":
        given = {"substance": ask.found}
    years = dict.fromkeys(month[:4] for month in there.months)
    return Sentence(
        tuple(Choice(m, phrase(MEASURES[m]), m == name) for m in MEASURED),
        _fields(given, measure, there, names),
        _values(ask, there, names, Dimension.EXPECTED),
        _values(ask, there, names, Dimension.REGION),
        _splits(ask),
        (_months(there.months, ask.months[0]), _months(there.months, ask.months[1])),
        _choices((f"{year}-01..{year}-12" for year in years), baseline_of(ask), baseline_name),
    )


def phrase(measure: Measure) -> str:
    """How a figure reads after “Show”."""
    if measure.name in PHRASES:
        return PHRASES[measure.name]
    words = measure.phrase or measure.title
    for index, _ in enumerate(measure.asks):
        words = words.replace(f" of {{{index}}}", "").replace(f"{{{index}}}", "…")
    words = words[:1].lower() + words[1:]
    return f"share in which {words}" if measure.kind is Kind.SHARE and measure.phrase else words


def _fields(given: Mapping[str, str], measure: Measure | None, there: Offers, names: Names) -> tuple[Field, ...]:
    of_kind = {Kind.MEDIAN: there.measured, Kind.TOGETHER: there.narrow}
    offered = there.found if measure is None else of_kind.get(measure.kind, there.found)
    options = {"substance": ("found", offered), "verdict": ("verdict", VERDICTS)}
    needs = {name: fields_of(MEASURES[name]) for name in MEASURED}
    needed = fields_of(measure) if measure else ()
    made = []
    for of, label in LABELS.items():
        figures = tuple(name for name, fields in needs.items() if of in fields)
        kind, values = options[of]
        choices = _choices(values, given.get(of, ""), partial(names, kind))
        made.append(Field(of, label, choices, figures, of in needed))
    return tuple(made)


def _choices(values: Iterable[str], now: str, words: Callable[[str], str], head: str = "") -> tuple[Choice, ...]:
    """Values with what is chosen now among them, also where nothing offers it."""
    known = list(values)
    return tuple(
        Choice(f"{head}{v}", words(v), v == now) for v in [*([now] if now and now not in known else ()), *known]
    )


def _values(ask: Question, there: Offers, names: Names, dimension: Dimension) -> tuple[Choice, ...]:
    name, now = dimension.value, ask.where.get(dimension, "")
    return _choices(there.values.get(dimension, ()), now, partial(names, name), f"{name}=")


def _splits(ask: Question) -> tuple[tuple[Choice, ...], ...]:
    chosen = [*(d for d in ask.by if d in SPLITS), *[None] * SPLITS_IN_FORM][: max(SPLITS_IN_FORM, len(ask.by))]
    whole = (Choice(ALL, "nothing: one figure for all", not ask.by),)
    return tuple(
        (*(whole if place == 0 else ()), *(Choice(d.value, DIMENSIONS[d.value], d is now) for d in SPLITS))
        for place, now in enumerate(chosen)
    )


def _months(months: Sequence[str], now: str) -> tuple[Choice, ...]:
    return _choices(sorted({*months, *([now] if now else ())}), now, str)

"""The sentence on the researcher's page: what it offers for a question, and the question its choices make. Pure.

Every choice is a plain field of a form sent by GET, so the page needs no script; fields a figure does not need are
ignored. The words of the API (`measure`, `by`, `where` …) are the same question: a link made of them opens it again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from app.figures.trends.charts.words import DIMENSIONS
from app.figures.trends.domain import Dimension, Kind, Measure, Question
from app.figures.trends.measures import MEASURES, VERDICTS
from app.figures.trends.offers import Offers
from app.figures.trends.protection.features import MEASURED

Names = Callable[[str, str], str]
SPLITS_IN_FORM = 3
ALL = "all"
"""No split, in the words of the API."""

FIELDS: tuple[tuple[str, tuple[str, ...]], ...] = (("verdict", ("verdict",)), ("substance", ("substance", "class")))
"""Which field of the form answers what a measure asks (`Measure.asks`), by words in it; the first that fits."""

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


def fields_of(measure: Measure) -> tuple[str, ...]:
    """The fields of the form a figure needs, in the order it asks for them."""
    if measure.name == "found":
        return ("substance",)
    return tuple(_field(asked) for asked in measure.asks)


def _field(asked: str) -> str:
    return next((name for name, words in FIELDS if any(word in asked for word in words)), "substance")


def composed(figure: str, given: Mapping[str, str]) -> tuple[str, str]:
    """The measure and what is to be found, in the words of the API, from the fields of the form.

    A field left empty stays empty: the question then says what is missing.
    """
    name, _, about = figure.partition(":")
    measure = MEASURES.get(name)
    if measure is None or (about and name != "found"):
        return figure, ""
    if name == "found":
        substance = about or given.get("substance", "")
        return name, substance
    return ":".join([name, *(given.get(f, "") for f in fields_of(measure))]).rstrip(":"), ""


def address(ask: Question, path: str = "/trends", **more: str) -> str:
    """The question as a link, in the words of the API; what is empty is left out."""
    pairs = [("measure", ask.measure), *(("by", d.value) for d in ask.by)]
    pairs += [] if ask.by else [("by", ALL)]
    pairs += [("where", f"{d.value}={v}") for d, v in ask.where.items()]
    pairs += [("found", ask.found), ("from", ask.months[0]), ("to", ask.months[1])]
    pairs += [("role", ask.role), ("baseline", baseline_of(ask))]
    pairs += list(more.items())
    return f"{path}?{urlencode([(k, v) for k, v in pairs if v])}"


def baseline_of(ask: Question) -> str:
    """The months somebody compares with, as 2024-01..2024-12, or nothing."""
    return "..".join(ask.baseline) if all(ask.baseline) else ""


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
    return Sentence(
        tuple(Choice(m, phrase(MEASURES[m]), m == name) for m in MEASURED),
        _fields(given, measure, there, names),
        _values(ask, there, names, Dimension.EXPECTED),
        _values(ask, there, names, Dimension.REGION),
        _splits(ask, there),
        (_months(there.months, ask.months[0]), _months(there.months, ask.months[1])),
        _baselines(there.months, baseline_of(ask)),
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
    found = [(key, names("found", key)) for key in offered]
    options = {"substance": found, "verdict": [(v, names("verdict", v)) for v in VERDICTS]}
    needs = {name: fields_of(MEASURES[name]) for name in MEASURED}
    needed = fields_of(measure) if measure else ()
    made = []
    for field, label in LABELS.items():
        figures = tuple(name for name, fields in needs.items() if field in fields)
        choices = _chosen(options[field], given.get(field, ""), field, names)
        made.append(Field(field, label, choices, figures, field in needed))
    return tuple(made)


def _chosen(options: Sequence[tuple[str, str]], now: str, field: str, names: Names) -> tuple[Choice, ...]:
    kind = "found" if field == "substance" else field
    more = [(now, names(kind, now))] if now and now not in {v for v, _ in options} else []
    return tuple(Choice(v, words, v == now) for v, words in (*more, *options))


def _values(ask: Question, there: Offers, names: Names, dimension: Dimension) -> tuple[Choice, ...]:
    now = ask.where.get(dimension, "")
    values = list(there.values.get(dimension, ()))
    if now and now not in values:
        values.insert(0, now)
    return tuple(Choice(f"{dimension.value}={v}", names(dimension.value, v), v == now) for v in values)


def _splits(ask: Question, there: Offers) -> tuple[tuple[Choice, ...], ...]:
    offered = there.splits
    chosen = [*(d for d in ask.by if d in offered), *[None] * SPLITS_IN_FORM][: max(SPLITS_IN_FORM, len(ask.by))]
    whole = (Choice(ALL, "nothing: one figure for all", not ask.by),)
    return tuple(
        (*(whole if place == 0 else ()), *(Choice(d.value, DIMENSIONS[d.value], d is now) for d in offered))
        for place, now in enumerate(chosen)
    )


def _months(months: Sequence[str], now: str) -> tuple[Choice, ...]:
    values = [*months] if not now or now in months else sorted([*months, now])
    return tuple(Choice(m, m, m == now) for m in values)


def _baselines(months: Sequence[str], now: str) -> tuple[Choice, ...]:
    values = [f"{year}-01..{year}-12" for year in dict.fromkeys(m[:4] for m in months)]
    if now and now not in values:
        values.insert(0, now)
    return tuple(Choice(v, baseline_name(v), v == now) for v in values)

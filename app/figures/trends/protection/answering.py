"""Answers a question from what was struck: which drawn cells add up to each row, and what the sum is worth. Pure.

The same for a researcher, for partners and for the public; only the strength of the held differs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

import numpy as np

from app.figures.trends.domain import Dimension, Kind, Measure, Question, Row
from app.figures.trends.measures import MEASURED, ClassOf, Counting, figure_of
from app.figures.trends.protection import lattice, noise
from app.figures.trends.protection.lattice import ALL, REGION, SAMPLES, Geography, Lists, labels, months_of, quarter_of
from app.figures.trends.protection.noise import Stream, variance_of
from app.figures.trends.protection.striking import StruckFigures
from app.figures.trends.true_figures import compared
from app.platform.kernel.errors import Forbidden, Invalid

TIMES = (Dimension.MONTH, Dimension.QUARTER, Dimension.YEAR)
PLACES = (Dimension.REGION, Dimension.EXPECTED, Dimension.EXPECTED_CLASS)
NOT_LISTED = "it has no row of its own in the tables of that year"
TOO_FINE = "the table is hidden for that period, with fewer than 5 samples a cell on average"
UNDER = f"no share under {noise.LEAST} samples"
NO_MEDIAN = f"no median under {noise.LEAST} samples"


@dataclass
class Sum:
    """A sum of drawn cells, and how many draws of each stream are in it."""

    total: int = 0
    draws: dict[Stream, int] = field(default_factory=lambda: dict.fromkeys(Stream, 0))

    def variance(self, held: StruckFigures) -> float:
        """Of its noise."""
        return sum(variance_of(stream, held.strength, n) for stream, n in self.draws.items())


def rows_of(held: StruckFigures, measure: Measure, asked: Question, class_of: ClassOf) -> list[Row]:
    """The rows of a question. Raises Invalid, or Forbidden for what no table holds, with those there are."""
    check(held, measure, asked)
    if not held.periods:
        return []
    if _by_quarter(held, measure, asked):
        held = replace(held, periods={k: one for k, one in held.periods.items() if one.kind != "month"})
    if measure.kind in (Kind.MEDIAN, Kind.TURNAROUND):
        return list(_medians(held, measure, asked))
    if measure.kind is Kind.TOGETHER:
        return list(_together(held, measure.about[0], asked, class_of))
    rows = [_row(held, measure, asked, key, months, class_of) for key, months in _keys(held, asked, class_of)]
    if rows and all(row.why == TOO_FINE for row in rows):
        raise Forbidden(
            "Too few samples for a table this fine. Its cells would hold fewer than 5 on average.",
            hint="Choose longer periods, or fewer splits.",
        )
    if any(asked.baseline):
        plain = replace(
            asked, by=tuple(d for d in asked.by if d not in TIMES), months=asked.baseline, baseline=("", "")
        )
        rows = compared(rows, rows_of(held, measure, plain, class_of))
    return rows


def check(held: StruckFigures, measure: Measure, asked: Question) -> None:
    """Refuse a question that is no choice of tables, classes and periods. Raises Forbidden, or Invalid for two widths of time."""
    other = [d for d in (*asked.by, *asked.where) if d not in (*TIMES, *PLACES)]
    if other:
        raise Forbidden(
            f"There is no table by {', '.join(sorted({d.value.replace('_', ' ') for d in other}))}.",
            hint="There are month, quarter, year, region, what was expected and its class. A finer table of your own "
            "samples is in your own export.",
        )
    if len([d for d in asked.by if d in TIMES]) > 1:
        raise Invalid("Choose one of month, quarter and year.", fields={"by": "more than one width of time"})
    if measure.name not in MEASURED or asked.role or asked.found.startswith("analogues:"):
        raise Forbidden(
            f"“{measure.title}” is in no table that is given." if not asked.role and not asked.found
            else "What was found as the main part, as a trace, or as an analogue is in no table that is given.",
            hint=f"There are {', '.join(MEASURED)}.",
        )  # fmt: skip
    if not held.periods:
        return  # no month is in the figures yet: an empty table
    if measure.kind in (Kind.MEDIAN, Kind.TURNAROUND) and {*asked.by, *asked.where} - {*TIMES[:2], Dimension.REGION}:
        raise Forbidden(
            "A median is given by month or quarter, for all regions or by region.", hint="Choose one of them."
        )
    if measure.kind is Kind.TOGETHER:
        _check_together(held, measure, asked)
    names = sorted({n for one in held.periods.values() for n in (*one.lists.classes, *one.lists.substances)})
    if measure.name == "found" and asked.found not in names:
        raise Invalid(
            f"“{asked.found}” has no row of its own in these figures.",
            fields={"found": "not in the figures"},
            hint=f"There are {', '.join(names)}. A name enters with the year after it was common.",
        )
    if _by_quarter(held, measure, asked) and Dimension.MONTH in (*asked.by, *asked.where):
        raise Forbidden("Substances are counted by quarter and year. Classes also by month.", hint="Split by quarter.")
    for d, value in asked.where.items():
        known = _values(held, d)
        if known is not None and value not in known:
            raise Invalid(
                f"“{value}” is no {d.value.replace('_', ' ')} of these figures.",
                fields={"where": "not in the figures"}, hint=f"There are {', '.join(known)}.",
            )  # fmt: skip


def _check_together(held: StruckFigures, measure: Measure, asked: Question) -> None:
    if (*asked.by, *asked.where) not in ((Dimension.YEAR,), (Dimension.YEAR, Dimension.YEAR)) or any(asked.baseline):
        raise Forbidden("What was found together is counted by year.", hint="Split by year, without anything else.")
    lists = [one.lists for one in held.periods.values()]
    classes = sorted({name for one in lists for name in one.classes if one.widened(name) == name})
    if measure.about[0] not in classes:
        raise Invalid(
            f"What else was found is counted for the narrowest classes only, and “{measure.about[0]}” is not one of them.",
            fields={"measure": "not in the figures"}, hint=f"There are {', '.join(classes)}.",
        )  # fmt: skip


def _by_quarter(held: StruckFigures, measure: Measure, asked: Question) -> bool:
    """Whether the figure is of a substance: its class is counted by month too."""
    return measure.name == "found" and not any(asked.found in one.lists.classes for one in held.periods.values())


def _values(held: StruckFigures, dimension: Dimension) -> list[str] | None:
    if dimension is Dimension.EXPECTED_CLASS:
        return None
    if dimension in TIMES:
        return sorted({lattice.holding(m, dimension) for m in _months(held)})
    return labels(held.periods.values(), "regions" if dimension is Dimension.REGION else "expected")


def _chosen(held: StruckFigures, asked: Question) -> list[str]:
    """The months someone looks at."""
    first, last = asked.months
    months = [m for m in _months(held) if (not first or m >= first) and (not last or m <= last)]
    for d, value in asked.where.items():
        months = [m for m in months if d not in TIMES or lattice.holding(m, d) == value]
    return months


def _spans(held: StruckFigures, asked: Question) -> list[tuple[str, list[str]]]:
    """Each period of the table with its months; a quarter or a year only where all its months are chosen and struck."""
    months, width = _chosen(held, asked), next((d for d in asked.by if d in TIMES), None)
    if width is None:
        both = {Dimension.REGION} < {*asked.by, *asked.where} - {*TIMES}
        whole = [m for m in months if quarter_of(m) in held.periods or m[:4] in held.periods] if both else months
        return [("", whole)] if whole else []
    spans: dict[str, list[str]] = {}
    for month in months:
        spans.setdefault(lattice.holding(month, width), []).append(month)
    known = _months(held)
    whole_ones = {label: [m for m in months_of(label) if m in known] for label in spans if label in held.periods}
    return [(label, inside) for label, inside in whole_ones.items() if inside == spans[label]]


def _months(held: StruckFigures) -> list[str]:
    """The months there are figures of: of a substance, those of the quarters."""
    quarters = [label for label, one in held.periods.items() if one.kind == "quarter"]
    return held.months or sorted(m for label in quarters for m in months_of(label))


def _keys(held: StruckFigures, asked: Question, class_of: ClassOf) -> Iterator[tuple[dict[str, str], list[str]]]:
    """Every combination of labels has a row, whether anybody came or not."""
    spans = _spans(held, asked)
    of = [
        one for one in held.periods.values() if set(months_of(one.label)) & {m for _, inside in spans for m in inside}
    ]
    expected, times = labels(of, "expected"), [label for label, _ in spans]
    places = {Dimension.REGION: labels(of, "regions"), Dimension.EXPECTED: expected}
    places[Dimension.EXPECTED_CLASS] = sorted(set(map(class_of, expected)))
    choices = [[v for v in places.get(d, times) if asked.where.get(d, v) == v] for d in asked.by]
    by_label = dict(spans)
    for values in product(*choices):
        key = {d.value: value for d, value in zip(asked.by, values, strict=True)}
        time = next((key[d.value] for d in asked.by if d in TIMES), "")
        if time in by_label:
            yield key, by_label[time]


def _row(
    held: StruckFigures,
    measure: Measure,
    asked: Question,
    key: dict[str, str],
    months: Sequence[str],
    class_of: ClassOf,
) -> Row:
    chosen = {**{d.value: v for d, v in asked.where.items()}, **key}
    figure = figure_of(measure.name, measure.about, asked.found, class_of)
    whole, row = _sum(held, months, chosen, figure.whole, class_of), Row(key, incomplete=_cut(held, key))
    if isinstance(whole, str):
        return replace(row, why=whole)
    if figure.part is None:
        between, variance = noise.count(whole.total, whole.variance(held)), whole.variance(held)
        low, high = between or (None, None)
        return replace(row, n=whole.total, low=low, high=high, few=between is None, sigma=variance**0.5)
    part = _sum(held, months, chosen, figure.part, class_of)
    if isinstance(part, str):
        return replace(row, n=whole.total, denominator=whole.total, why=part)
    return _share(row, part.total, whole.total, part.variance(held), whole.variance(held), rest=figure.rest)


def _share(row: Row, part: int, whole: int, part_variance: float, whole_variance: float, *, rest: bool = False) -> Row:
    """A row with a share, or why there is none. `rest`: the part counts what is not asked for."""
    counted = whole - part if rest else part
    few, sigma = counted < noise.few(part_variance), part_variance**0.5
    row = replace(row, n=whole, numerator=counted, denominator=whole, few=few, sigma=sigma)
    if whole < noise.LEAST:
        return replace(row, why=UNDER)
    share = noise.share(part, whole, part_variance, whole_variance)
    share = share.rest() if rest else share
    return replace(row, value=share.value, low=share.low, high=share.high)


def _together(held: StruckFigures, name: str, asked: Question, class_of: ClassOf) -> Iterator[Row]:
    """By year, of the samples in which a class was found, the share in which each other one was found too: the commonest first."""
    holding = figure_of("found", (), name, class_of).part
    for year, months in _spans(held, asked):
        one, rows = held.periods[year], []
        whole = _sum(held, months, {}, holding, class_of) if holding else NOT_LISTED
        if isinstance(whole, str):
            continue  # that year has no row for it
        variance = variance_of(Stream.FINDINGS, held.strength)
        for (a, b), both in zip(one.lists.pairs, one.pairs.tolist(), strict=True):
            if name in (a, b):
                row = Row({"year": year}, incomplete=one.partial, more={"with": a if b == name else b})
                rows.append(_share(row, both, whole.total, variance, whole.variance(held)))
        yield from sorted(rows, key=lambda row: -(row.numerator or 0))


def _cut(held: StruckFigures, key: Mapping[str, str]) -> bool:
    """Whether data begin within the period of a row."""
    time = next((key[d.value] for d in TIMES if d.value in key), "")
    return bool(time) and held.periods[time].partial


def _sum(
    held: StruckFigures, months: Sequence[str], chosen: Mapping[str, str], counting: Counting, class_of: ClassOf
) -> Sum | str:
    """The sum of drawn cells, or why there is none."""
    wanted: Geography = (
        Dimension.REGION.value in chosen,
        Dimension.EXPECTED.value in chosen or Dimension.EXPECTED_CLASS.value in chosen,
    )
    parts = held.covered(tuple(months), wanted)
    if parts is None:
        return TOO_FINE
    made, listed = Sum(), False
    for part in parts:
        one, table = part.period, part.period.tables[part.geography]
        coefficients = counting(one.lists)
        if coefficients is None or not coefficients.keys() <= one.places.keys():
            continue
        listed = True
        rows = _places(one.lists.regions, chosen.get("region"), part.geography[0])
        columns = _columns(one.lists, chosen, part.geography[1], class_of)
        for name, coefficient in coefficients.items():
            cells = table[one.places[name]][np.ix_(rows, columns)]
            made.total += coefficient * int(cells.sum())
            stream = Stream.SAMPLES if name == SAMPLES else Stream.FINDINGS
            made.draws[stream] += coefficient**2 * cells.size
    return made if listed else NOT_LISTED


def _places(all_of: Sequence[str], label: str | None, split: bool) -> list[int]:
    if not split:
        return [0]
    return list(range(len(all_of))) if label is None else [k for k, one in enumerate(all_of) if one == label]


def _columns(lists: Lists, chosen: Mapping[str, str], split: bool, class_of: ClassOf) -> list[int]:
    if not split:
        return [0]
    columns = _places(lists.expected, chosen.get("expected"), split)
    wanted = chosen.get("expected_class")
    if wanted is None:
        return columns
    return [k for k in columns if (name := class_of(lists.expected[k])) == wanted or name.startswith(f"{wanted}.")]


def _medians(held: StruckFigures, measure: Measure, asked: Question) -> Iterator[Row]:
    """By period and region the medians that were struck, a row per unit and basis."""
    substance = measure.about[0] if measure.about else "turnaround"
    names = sorted({a for one in held.periods.values() for a in one.lists.amounts if a[0] == substance})
    if not names:
        raise Invalid(
            f"No median of “{substance}” is in these figures.", fields={"measure": "not in the figures"},
            hint="There is one for what was measured in 20 samples or more.",
        )  # fmt: skip
    if not any(d in TIMES for d in asked.by):
        raise Forbidden("A median is given by month or by quarter.", hint="Split by month or quarter.")
    by_region = Dimension.REGION in asked.by or Dimension.REGION in asked.where
    sigma = variance_of(Stream.FINDINGS, held.strength) ** 0.5
    for label, _ in _spans(held, asked):
        one = held.periods[label]
        for place, region in enumerate(one.lists.regions if by_region else ("",)):
            if by_region and asked.where.get(Dimension.REGION, region) != region:
                continue
            for name in names:
                key = {d.value: label if d in TIMES else region for d in asked.by}
                row = Row(key, incomplete=_cut(held, key), more={"unit": name[1], "basis": name[2]})
                found = one.medians.get((REGION if by_region else ALL, "/".join(name), place))
                if found is None:
                    yield replace(row, why=NOT_LISTED)
                else:
                    why = "" if found.value is not None else NO_MEDIAN
                    yield replace(
                        row, n=found.n, value=found.value, low=found.low, high=found.high, why=why, sigma=sigma
                    )

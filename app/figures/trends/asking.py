"""What somebody asks, understood: the measure and what is selected. Refuses what makes no sense."""

from __future__ import annotations

import re
from dataclasses import replace
from difflib import get_close_matches

from app.figures.trends.columnar import Facts
from app.figures.trends.domain import SPREADING, Dimension, Kind, Measure, Question
from app.figures.trends.measures import measure_of
from app.figures.trends.targets import ANALOGUES, Amongst, classes_of
from app.platform.kernel.errors import Invalid
from harm_messages import Register

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_ABOUT_A_NAME = frozenset({Kind.MEDIAN, Kind.QUANTILES, Kind.DISTRIBUTION, Kind.AGREEMENT, Kind.TOGETHER})
"""Kinds whose first word is a substance or a class."""
MOST = 3


def understood(facts: Facts | None, asked: Question, register: Register) -> tuple[Measure, Question]:
    """The measure and the question with each split once, or Invalid with what is wrong. Without facts names are not looked
    for: what was struck knows its own labels."""
    measure = measure_of(asked.measure)
    _check_found(measure, asked, register)
    names = (asked.found.removeprefix(ANALOGUES), *(measure.about[:1] if measure.kind in _ABOUT_A_NAME else ()))
    if facts is not None:
        for name in filter(None, names):
            _check_name(facts, name, register)
        _check_methods(facts.methods(), measure.about[1:] if measure.kind is Kind.AGREEMENT else ())
    _check_months("from", asked.months)
    _check_baseline(measure, asked)
    twice = SPREADING.intersection(asked.by, asked.where)
    if twice:
        name = min(twice).value
        raise Invalid(
            f"Split or filter by {name.replace('_', ' ')}, not both: a sample holds several.",
            fields={"where": "split by as well"},
            hint="What else is in samples that hold a substance is the figure found_with:SUBSTANCE.",
        )
    return measure, replace(asked, by=tuple(dict.fromkeys(asked.by)))


def _check_found(measure: Measure, asked: Question, register: Register) -> None:
    if measure.name == "found" and not asked.found:
        raise Invalid("Say which substance or class to look for.", fields={"found": "missing"})
    if measure.name != "found" and asked.found:
        raise Invalid("A substance to look for goes with the figure “found” only.", fields={"found": "not used"})
    if asked.found.startswith(ANALOGUES) and register.get(asked.found.removeprefix(ANALOGUES)) is None:
        raise Invalid(
            "Analogues are those of one substance of the register, such as analogues:fentanyl.",
            fields={"found": "no substance"},
        )
    if asked.role not in [one.value for one in Amongst]:
        raise Invalid("A role is primary or trace.", fields={"role": "unknown"})
    if asked.role and measure.name not in ("found", "found_with"):
        raise Invalid("A role goes with the figures “found” and “found_with” only.", fields={"role": "not used"})


def _check_name(facts: Facts, name: str, register: Register) -> None:
    """A name nobody knows must not read as “found in none”. One the register lacks is known once an import brought it."""
    found = facts.holding({Dimension.FOUND: name}) & facts.clients
    if name in register or register.is_class(name) or found.any():
        return
    near = _nearest(name, register)
    raise Invalid(
        f"“{name}” is neither a substance nor a class of the register.",
        fields={"found": "unknown"},
        hint=f"Did you mean {' or '.join(near)}?"
        if near
        else "Use an id such as mdma, or a class such as opioid.nitazene.",
    )


def _nearest(words: str, register: Register) -> list[str]:
    """Ids and classes the words may mean: first what people call so, then what is spelt alike. At most three."""
    called = [match.id for match in register.resolve(words)]
    known = {s.id for s in register} | {wider for s in register for wider in classes_of(s.drug_class)}
    alike = get_close_matches(words.casefold(), sorted(known), n=MOST, cutoff=0.7)
    return list(dict.fromkeys([*called, *alike]))[:MOST]


def _check_methods(known: list[str], methods: tuple[str, ...]) -> None:
    """A method nobody used must not read as “never agreed”."""
    for method in methods:
        if known and method not in known:
            raise Invalid(
                f"No sample was tested by a method “{method}”.",
                fields={"measure": "unknown method"},
                hint=f"There are {', '.join(known)}.",
            )


def _check_months(name: str, months: tuple[str, str]) -> None:
    first, last = months
    if any(value and not _MONTH.fullmatch(value) for value in months):
        raise Invalid("A month is written like 2026-11.", fields={name: "not a month"})
    if first and last and first > last:
        raise Invalid("The first month is after the last one.", fields={name: "after the last month"})


def _check_baseline(measure: Measure, asked: Question) -> None:
    if not any(asked.baseline):
        return
    _check_months("baseline", asked.baseline)
    if not all(asked.baseline):
        raise Invalid("A baseline is written like 2024-01..2024-12.", fields={"baseline": "not two months"})
    if measure.kind is Kind.COUNT:
        raise Invalid("Numbers of samples are compared with no baseline: periods are of different length.",
                      fields={"baseline": "not for counts"}, hint="Choose a share or an amount.")  # fmt: skip


def filters_of(asked: Question) -> dict[str, str]:
    """Everything that narrows the table, to be printed with it."""
    baseline = "..".join(asked.baseline) if any(asked.baseline) else ""
    others = {"role": asked.role, "from": asked.months[0], "to": asked.months[1], "baseline": baseline}
    return {d.value: v for d, v in asked.where.items()} | {name: value for name, value in others.items() if value}

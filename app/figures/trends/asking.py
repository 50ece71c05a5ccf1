"""What somebody asks, understood: the measure and what is selected. Refuses what makes no sense."""

from __future__ import annotations

import re

from sqlmodel import Session

from app.figures.trends import repository
from app.figures.trends.domain import SPREADING, Kind, Measure, Question
from app.figures.trends.figures.agreement import check_methods
from app.figures.trends.figures.question import ANALOGUES
from app.figures.trends.measures import measure_of
from app.figures.trends.names import check_name
from app.figures.trends.selection import Selection
from app.figures.trends.targets import Amongst
from app.platform.kernel.errors import Invalid
from harm_messages import Register

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_ABOUT_A_NAME = frozenset({Kind.MEDIAN, Kind.QUANTILES, Kind.DISTRIBUTION, Kind.AGREEMENT, Kind.TOGETHER})
"""Kinds whose first word is a substance or a class."""


def understood(session: Session | None, asked: Question, register: Register) -> tuple[Measure, Selection]:
    """The measure and what is selected, or Invalid with what is wrong. Without a session names are not looked for among
    the facts: what was struck knows which it has."""
    measure = measure_of(asked.measure)
    _check_found(measure, asked, register)
    names = (asked.found.removeprefix(ANALOGUES), *(measure.about[:1] if measure.kind in _ABOUT_A_NAME else ()))
    for name in filter(None, names if session is not None else ()):
        check_name(session, name, register)  # type: ignore[arg-type]
    if measure.kind is Kind.AGREEMENT and session is not None:
        check_methods(repository.methods_asked(session), measure.about[1:])
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
    return measure, Selection(tuple(dict.fromkeys(asked.by)), dict(asked.where), asked.months)


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

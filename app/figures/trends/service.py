"""Use cases of aggregates: understand a question, refuse what makes no sense in it, answer it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from difflib import get_close_matches

import sqlalchemy as sa
from pydantic import JsonValue
from sqlmodel import Session

from app.figures.trends import domain, true_figures
from app.figures.trends.columnar import Facts
from app.figures.trends.domain import ANALOGUES, Audience, Dimension, Kind, Measure, Question, TrendTable
from app.figures.trends.measures import measure_of
from app.figures.trends.protection import answering
from app.figures.trends.protection.noise import Strength
from app.figures.trends.protection.striking import late_days, struck_figures, told_as_of
from app.figures.trends.repository_snapshot import columns
from app.figures.trends.schemas import TrendOut
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Invalid
from app.platform.kernel.place import local
from harm_messages import Register

__all__ = ["Question"]


def one_moment(session: Session) -> None:
    """See one state of the data in every query to come.

    SQLite does so by itself. Must come before the first query.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def audience_of(actor: Actor) -> Audience:
    """Researchers see figures at their strength; everybody else who may ask sees what partners see."""
    return Audience.RESEARCHER if actor.has(Role.RESEARCHER) else Audience.PARTNER


def strength_of(audience: Audience) -> Strength:
    """How much the figures of a reader are moved."""
    return Strength.RESEARCHER if audience is Audience.RESEARCHER else Strength.PUBLIC


def protected_table(
    session: Session, audience: Audience, now: datetime, asked: Question, register: Register, until: str = ""
) -> TrendTable:
    """A table of what was struck; `until`: the last month that is in it. Raises Invalid and Forbidden."""
    measure, asked = understood(None, asked, register)
    there = struck_figures(session, strength_of(audience)).until(until)
    rows = answering.rows_of(there, measure, asked, lambda name: class_of(register, name))
    as_of, later = told_as_of(session, there)
    filters = filters_of(asked)
    return TrendTable(measure, asked.by, audience, filters, asked.found, now, tuple(rows), as_of, later)


def imported_sources(session: Session) -> list[str]:
    """The sources whose imported samples count in the figures, with their licences."""
    standing = sa.text("SELECT DISTINCT source, licence FROM history_import WHERE undone_at IS NULL ORDER BY source")
    return [
        f"{source} ({licence})" if licence else str(source)
        for source, licence in session.connection().execute(standing)
    ]


def class_of(register: Register, name: str) -> str:
    """The class of a substance of the register; any other name is its own."""
    row = register.get(name)
    return row.drug_class if row is not None else name


def unprotected_table(uow: UnitOfWork, asked: Question, register: Register) -> TrendTable:
    """True counts for the operator on this machine. That someone looked is in the audit log."""
    facts = columns(uow.session)
    measure, asked = understood(facts, asked, register)
    filters = filters_of(asked)
    audit.record(
        uow,
        "read_unprotected",
        "trends",
        asked.measure,
        after={"by": [d.value for d in asked.by], "where": filters, "found": asked.found},
    )
    today, late = local(uow.now).date(), late_days(uow.session, uow.now)
    rows = true_figures.rows_of(true_figures.Asking(facts, measure, asked, register, today, late))
    return TrendTable(measure, asked.by, Audience.OPERATOR, filters, asked.found, uow.now, rows)


def as_data(table: TrendTable) -> dict[str, JsonValue]:
    """The table in the form the API and `mast trends --json` share."""
    return TrendOut.of(table).model_dump(mode="json")


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
    twice = domain.SPREADING.intersection(asked.by, asked.where)
    if twice:
        name = min(twice).value
        raise Invalid(
            f"Split or filter by {name.replace('_', ' ')}, not both. A sample holds several.",
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
    if asked.role not in [one.value for one in domain.Amongst]:
        raise Invalid("A role is primary or trace.", fields={"role": "unknown"})
    if asked.role and measure.name not in ("found", "found_with"):
        raise Invalid("A role goes with the figures “found” and “found_with” only.", fields={"role": "not used"})


def _check_name(facts: Facts, name: str, register: Register) -> None:
    """A name nobody knows must not read as “found in none”. One the register lacks is known once an import brought it."""
    found = facts.holding({Dimension.FOUND: name}) & facts.clients
    if name in register or register.is_class(name) or found.any():
        return
    called = [match.id for match in register.resolve(name)]  # first what people call so, then what is spelt alike
    known = {s.id for s in register} | {wider for s in register for wider in domain.classes_of(s.drug_class)}
    alike = get_close_matches(name.casefold(), sorted(known), n=MOST, cutoff=0.7)
    near = list(dict.fromkeys([*called, *alike]))[:MOST]
    raise Invalid(
        f"“{name}” is neither a substance nor a class of the register.",
        fields={"found": "unknown"},
        hint=f"Did you mean {' or '.join(near)}?"
        if near
        else "Use an id such as mdma, or a class such as opioid.nitazene.",
    )


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
        raise Invalid("Numbers of samples have no baseline because periods differ in length.",
                      fields={"baseline": "not for counts"}, hint="Choose a share or an amount.")  # fmt: skip


def filters_of(asked: Question) -> dict[str, str]:
    """Everything that narrows the table, to be printed with it."""
    baseline = "..".join(asked.baseline) if any(asked.baseline) else ""
    others = {"role": asked.role, "from": asked.months[0], "to": asked.months[1], "baseline": baseline}
    return {d.value: v for d, v in asked.where.items()} | {name: value for name, value in others.items() if value}

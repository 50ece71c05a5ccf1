"""What somebody asks, understood: the measure, what is selected, for which audience. Refuses what makes no sense or
would be too fine for whoever asks."""

from __future__ import annotations

import re
import uuid

from sqlmodel import Session

from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Forbidden, Invalid
from app.trends import domain, figures, repository
from app.trends.domain import SPREADING, Audience, Dimension, Kind, Measure, Question
from app.trends.figures.agreement import check_methods
from app.trends.figures.question import ANALOGUES
from app.trends.measures import measure_of
from app.trends.names import check_name
from app.trends.selection import Selection, fits
from app.trends.targets import Amongst
from harm_messages import Register

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_ABOUT_A_NAME = frozenset({Kind.MEDIAN, Kind.QUANTILES, Kind.DISTRIBUTION, Kind.AGREEMENT, Kind.TOGETHER})
"""Kinds whose first word is a substance or a class."""


def understood(session: Session, asked: Question, register: Register, audience: Audience) -> tuple[Measure, Selection]:
    """The measure and what is selected, or Invalid with what is wrong."""
    measure = measure_of(asked.measure)
    _check_found(measure, asked, register)
    names = (asked.found.removeprefix(ANALOGUES), *(measure.about[:1] if measure.kind in _ABOUT_A_NAME else ()))
    for name in filter(None, names):
        check_name(session, name, register, audience.threshold)
    if measure.kind is Kind.AGREEMENT:
        check_methods(repository.methods_asked(session), measure.about[1:])
    _check_months("from", asked.months)
    _check_baseline(measure, asked, audience)
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


def _check_baseline(measure: Measure, asked: Question, audience: Audience) -> None:
    if not any(asked.baseline):
        return
    _check_months("baseline", asked.baseline)
    if not all(asked.baseline):
        raise Invalid("A baseline is written like 2024-01..2024-12.", fields={"baseline": "not two months"})
    if measure.kind is Kind.COUNT:
        raise Invalid("Numbers of samples are compared with no baseline: periods are of different length.",
                      fields={"baseline": "not for counts"}, hint="Choose a share or an amount.")  # fmt: skip
    whole = Selection((), {}, asked.baseline).one_year
    if audience is not Audience.OPERATOR and not whole:
        raise Invalid(
            "A baseline is one whole calendar year, such as 2024-01..2024-12: sums over other months could be subtracted "
            "from each other.",
            fields={"baseline": "no whole year"},
        )


def audience_of(actor: Actor) -> tuple[Audience, uuid.UUID | None]:
    """Which protection applies, and the one agency that is seen (None: all of them)."""
    if actor.has(Role.RESEARCHER):
        return Audience.PUBLIC, None
    if actor.agency_id is None:
        raise Forbidden("Figures of an agency are for the people of that agency.")
    return Audience.PARTNER, actor.agency_id


def check_fineness(audience: Audience, asked: Question) -> None:
    """Raises Forbidden for what would tell small groups apart."""
    chosen = {*asked.by, *asked.where}
    too_fine = set() if audience is Audience.PUBLIC else chosen - domain.PARTNER_DIMENSIONS
    if too_fine:
        names = ", ".join(sorted(d.value.replace("_", " ") for d in too_fine))
        raise Forbidden(
            f"Figures are not split by {names} for you: small groups could be recognised.",
            hint="Use month, region and what was expected.",
        )
    if Dimension.SITE in chosen and Dimension.AGENCY not in chosen:
        raise Invalid(
            "Name the agency with the site: two agencies may have sites of one name.",
            fields={"by": "site without agency"},
            hint="Split by site and agency.",
        )
    if len(chosen) > domain.MOST_DIMENSIONS:
        raise Invalid(
            f"Split and filter by {domain.MOST_DIMENSIONS} things at most: finer tables hold small groups only.",
            fields={"by": "too many"},
        )


def check_months(selection: Selection) -> None:
    """Sums over freely chosen months could be subtracted from each other, which gives every single month away."""
    if any(selection.months) and Dimension.MONTH not in (*selection.by, *selection.where) and not selection.one_year:
        raise Invalid(
            "Without a split by month, choose no months or one whole calendar year: sums over other months could be "
            "subtracted from each other.",
            fields={"from": "needs a split by month"},
            hint="Split by month as well, and add the months up yourself.",
        )


def check_filters(asking: figures.Asking) -> None:
    """A value few samples have is refused like one that no sample has. A question about nothing at all is answered."""
    least = asking.audience.threshold
    for dimension, value in asking.selection.where.items():
        if _samples_with(asking, dimension, value) < least:
            raise Invalid(
                f"There are fewer than {least} samples with {dimension.value.replace('_', ' ')} "
                f"“{value}”, or none, so no figures are given for it.",
                fields={"where": "too few samples"},
                hint="Choose something wider.",
            )


def _samples_with(asking: figures.Asking, dimension: Dimension, value: str) -> int:
    """How many samples of the figure have this one value, whatever else they are."""
    if dimension in SPREADING:
        return sum(cell.denominator for cell in figures.cells_of(asking, (), {dimension: value}))
    cells = figures.cells_of(asking, (dimension,), {})
    return sum(cell.denominator for cell in cells if fits(dimension, cell.key[0], value))


def filters_of(asked: Question) -> dict[str, str]:
    """Everything that narrows the table, to be printed with it."""
    baseline = "..".join(asked.baseline) if any(asked.baseline) else ""
    others = {"role": asked.role, "from": asked.months[0], "to": asked.months[1], "baseline": baseline}
    return {d.value: v for d, v in asked.where.items()} | {name: value for name, value in others.items() if value}

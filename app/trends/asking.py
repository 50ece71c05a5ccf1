"""What somebody asks, understood: the measure, what is selected, for which audience. Refuses what makes no sense or
would be too fine for whoever asks."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence

from sqlmodel import Session

from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Forbidden, Invalid
from app.trends import differencing, domain, repository
from app.trends.differencing import Selection
from app.trends.domain import Audience, Count, Dimension, Kind, Measure, Question
from app.trends.measures import measure_of
from harm_messages import Register

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


def understood(session: Session, asked: Question, register: Register, audience: Audience) -> tuple[Measure, Selection]:
    """The measure and what is selected, or Invalid with what is wrong.

    A name the register lacks counts as known once an import brought it, in as many samples as the audience may see:
    that it is known must not tell of a single one.
    """
    measure = measure_of(asked.measure)
    if measure.name == "found" and not asked.found:
        raise Invalid("Say which substance or class to look for.", fields={"found": "missing"})
    if measure.name != "found" and asked.found:
        raise Invalid("A substance to look for goes with the figure “found” only.", fields={"found": "not used"})
    for name in (asked.found, *_names(measure)):
        registered = not name or name in register or register.is_class(name)
        if not registered and not repository.was_found(session, name, least=max(1, audience.threshold)):
            raise Invalid(  # a name nobody knows must not read as “found in none”
                f"“{name}” is neither a substance nor a class of the register.",
                fields={"found": "unknown"},
                hint="Use an id such as mdma, or a class such as opioid.nitazene.",
            )
    first, last = asked.months
    if any(value and not _MONTH.fullmatch(value) for value in asked.months):
        raise Invalid("A month is written like 2026-11.", fields={"from": "not a month"})
    if first and last and first > last:
        raise Invalid("The first month is after the last one.", fields={"from": "after the last month"})
    if not asked.by and measure.kind is Kind.SHARE:
        raise Invalid("Choose at least one way to split the figures.", fields={"by": "missing"})
    return measure, Selection(tuple(dict.fromkeys(asked.by)), dict(asked.where), asked.months)


def _names(measure: Measure) -> tuple[str, ...]:
    """Of what a measure is about, the part that is a substance or a class."""
    return measure.about[:1] if measure.kind in (Kind.MEDIAN, Kind.AGREEMENT) else ()


def audience_of(actor: Actor) -> tuple[Audience, uuid.UUID | None]:
    """Which protection applies, and the one agency that is seen (None: all of them)."""
    if actor.has(Role.RESEARCHER):
        return Audience.PUBLIC, None
    if actor.has(Role.PUBLIC_HEALTH, Role.POLICE):
        return Audience.PARTNER, None
    if actor.agency_id is None:
        raise Forbidden("Figures of an agency are for the people of that agency.")
    return Audience.PARTNER, actor.agency_id


def check_fineness(audience: Audience, asked: Question) -> None:
    """Raises Forbidden for what would tell small groups apart."""
    chosen = {*asked.by, *asked.where}
    if audience is Audience.PUBLIC:
        too_fine = {Dimension.SITE, Dimension.AGENCY} & chosen
    else:
        too_fine = chosen - domain.PARTNER_DIMENSIONS
    if too_fine:
        names = ", ".join(sorted(d.value.replace("_", " ") for d in too_fine))
        raise Forbidden(
            f"Figures are not split by {names} for you: small groups could be recognised.",
            hint="Use month, region and what was expected.",
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


def check_filters(cells: Sequence[Count], selection: Selection, audience: Audience) -> None:
    """A value few samples have is refused like one that no sample has."""
    for dimension, value in selection.where.items():
        if differencing.total_of(cells, selection, dimension, value) < audience.threshold:
            raise Invalid(
                f"There are fewer than {audience.threshold} samples with {dimension.value.replace('_', ' ')} "
                f"“{value}”, or none, so no figures are given for it.",
                fields={"where": "too few samples"},
                hint="Choose something wider.",
            )


def filters_of(asked: Question) -> dict[str, str]:
    """Everything that narrows the table, to be printed with it."""
    months = zip(("from", "to"), asked.months, strict=True)
    return {d.value: v for d, v in asked.where.items()} | {name: month for name, month in months if month}

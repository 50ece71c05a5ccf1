"""The words every page of alerts needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TypedDict

from app.care.alerts.domain import NO_GREEN_LIGHT, Reach
from app.care.alerts.tables import Alert
from app.intake.samples import substances
from app.laboratory.identification.methods import methods
from app.runtime import Runtime

METHOD_TITLES = {method.value: info.title for method, info in methods().items()}


class AlertWords(TypedDict):
    """Words every page of alerts needs."""

    reaches: list[tuple[str, str]]
    no_green_light: str
    names_of: Callable[[Alert], list[str]]
    length_of: Callable[[Alert], str]
    label: Callable[[str], str]
    seen_by: Callable[[Iterable[str]], str]


def words_of(rt: Runtime) -> AlertWords:
    """Words every page of alerts needs."""
    register = rt.pack.register
    return {
        "reaches": [(reach.value, reach.words) for reach in Reach],
        "no_green_light": NO_GREEN_LIGHT,
        "names_of": lambda row: [substances.label_of(register, i) for i in (*row.substances, *row.classes)],
        "length_of": lambda row: length(row.until - row.from_at),
        "label": lambda name: substances.label_of(register, name),
        "seen_by": lambda names: ", ".join(METHOD_TITLES.get(name, name.replace("_", " ")) for name in names),
    }


def length(span: timedelta) -> str:
    """A span in words: hours up to four days, then days.

    >>> length(timedelta(days=30))
    '30 days'
    """
    hours = round(span / timedelta(hours=1))
    return f"{round(hours / 24)} days" if hours > 96 else f"{hours} hours"

"""The words every page of alerts needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TypedDict

from app.care.alerts.domain import (
    CHANNEL_WORDS,
    NO_GREEN_LIGHT,
    REACH_WORDS,
    STATE_WORDS,
    TIER_WORDS,
    AlertState,
    Channel,
    Reach,
    Tier,
)
from app.care.alerts.tables import Alert
from app.intake.samples import service as samples
from app.laboratory.identification.methods import methods
from app.runtime import Runtime

METHOD_TITLES = {method.value: info.title for method, info in methods().items()}


class AlertWords(TypedDict):
    """Words every page of alerts needs."""

    tier_words: dict[Tier, str]
    state_words: dict[AlertState, str]
    reach_words: dict[Reach, str]
    channel_words: dict[Channel, str]
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
        "tier_words": TIER_WORDS,
        "state_words": STATE_WORDS,
        "reach_words": REACH_WORDS,
        "channel_words": CHANNEL_WORDS,
        "reaches": [(reach.value, words) for reach, words in REACH_WORDS.items()],
        "no_green_light": NO_GREEN_LIGHT,
        "names_of": lambda row: [samples.label_of(register, i) for i in (*row.substances, *row.classes)],
        "length_of": lambda row: length(row.until - row.from_at),
        "label": lambda name: samples.label_of(register, name),
        "seen_by": lambda names: ", ".join(METHOD_TITLES.get(name, name.replace("_", " ")) for name in names),
    }


def length(span: timedelta) -> str:
    """A span in words: hours up to four days, then days.

    >>> length(timedelta(days=30))
    '30 days'
    """
    hours = round(span / timedelta(hours=1))
    return f"{round(hours / 24)} days" if hours > 96 else f"{hours} hours"

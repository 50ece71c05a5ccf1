"""A sample as an extract starts from it, and a row as it is drawn. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import NamedTuple

NOT_RECORDED = "not_recorded"
WITHHELD = "withheld"
OTHER = "other"
NOTHING = "nothing_seen"
NOT_SHOWN = "not_shown"

COLOUR_GROUPS: dict[str, str] = {
    "white": "pale", "off_white": "pale", "clear": "pale",
    "yellow": "yellow_brown", "orange": "yellow_brown", "brown": "yellow_brown",
    "pink": "pink_red", "red": "pink_red",
    "purple": "blue_green_purple", "blue": "blue_green_purple", "green": "blue_green_purple",
    "grey": "dark", "black": "dark",
    "multi": "several",
}  # fmt: skip
"""Fourteen colours to tick are six groups: what two people call one tablet differs by less than a group."""
SEVERAL = "several"


def colour_group(colours: Sequence[str]) -> str:
    """The one group of the ticked colours; `several` where they lie in more than one."""
    groups = {COLOUR_GROUPS.get(colour, OTHER) for colour in colours}
    if not groups:
        return NOT_RECORDED
    return groups.pop() if len(groups) == 1 else SEVERAL


class Known(NamedTuple):
    """What somebody who handed a sample in knows of it: the columns that k samples must share.

    In a record `period` is its month and `intent` what was expected; in a row either may be wider.
    """

    region: str
    period: str
    form: str
    intent: str
    colour_group: str


@dataclass(frozen=True, slots=True, order=True)
class RecordedFinding:
    """One substance or class found. `amount` in `unit`, of `basis`; None where nobody measured."""

    name: str
    drug_class: str
    amount: float | None = None
    unit: str = ""
    basis: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """One sample before anything is generalised. Never leaves the server."""

    key: str
    known: Known
    intent_class: str
    found: tuple[RecordedFinding, ...] = ()
    verdict: str = ""
    methods: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Changes when anything does that an extract could show."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    @property
    def names(self) -> frozenset[str]:
        """What was found, by name; one word for nothing, so that it can be rare as well."""
        return frozenset(f.name for f in self.found) or frozenset({NOTHING})


@dataclass(frozen=True, slots=True)
class Drawn:
    """One row as it may be published: labels only. `amounts`: label → band."""

    key: str
    known: Known
    found: frozenset[str]
    amounts: Mapping[str, str] = field(default_factory=dict)
    verdict: str = ""
    methods: str = ""

    @property
    def withheld(self) -> bool:
        """Every row of its group had the same, so none says what."""
        return self.found == {WITHHELD}

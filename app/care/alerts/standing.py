"""How sure what an alert is about is, and which words that allows: nothing below confirmed is “found” or “confirmed”. Pure.

What a faint, an invalid or a missing strip says is nothing: it gives rise to no alert and to no word outside.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from app.laboratory.identification.domain import only_quick


class Standing(StrEnum):
    """State of the evidence for one thing, the firmest first."""

    CONFIRMED = "confirmed"
    INDICATED = "indicated"
    STRIP = "strip"
    DISPUTED = "disputed"
    COLOUR_TEST = "colour_test"


STANDING_WORDS: dict[Standing, str] = {
    Standing.CONFIRMED: "Confirmed.",
    Standing.INDICATED: "It looks like it; not confirmed.",
    Standing.STRIP: "A strip reacted; not confirmed.",
    Standing.DISPUTED: "A strip reacted and another test did not see it; not decided.",
    Standing.COLOUR_TEST: "A colour test points to it; not confirmed.",
}
LACKING: dict[Standing, str] = {
    Standing.CONFIRMED: "",
    Standing.INDICATED: "A second, independent method.",
    Standing.STRIP: "A second strip at the leaflet's dilution, and a method that names it.",
    Standing.DISPUTED: "A chemist who decides which of the two tests is right.",
    Standing.COLOUR_TEST: "A method that names it.",
}
_OUTSIDE: dict[Standing, str] = {
    Standing.CONFIRMED: "{name} was found",
    Standing.INDICATED: "It looks like {name}, not confirmed",
    Standing.STRIP: "A strip reacted to {name}; not confirmed",
    Standing.COLOUR_TEST: "A colour test points to {name}; not confirmed",
}
_CLAIMS = re.compile(r"(?<!not )(?<!not yet )\b(?:found|confirmed|identified|detected)\b", re.IGNORECASE)


def standing_of(finding: Any) -> Standing | None:
    """How firmly a finding stands that says something is there; None where no test that counts is behind it."""
    level, methods = finding.confidence.value, frozenset(finding.methods)
    if level == "confirmed":
        return Standing.CONFIRMED
    if level == "indicated" or (level == "class_only" and methods and not only_quick(methods)):
        return Standing.INDICATED
    if level == "class_only":
        return Standing.STRIP if "strip" in methods else Standing.COLOUR_TEST
    return Standing.COLOUR_TEST if "reagent" in methods else None


def firmest(each: Iterable[Standing]) -> Standing | None:
    """The firmest of them; None of none."""
    order = list(Standing)
    return min(each, key=order.index, default=None)


def outside(standing: Standing, name: str, *, fooled: bool = False) -> str:
    """The beginning of a sentence for partners; nothing until two tests that disagree are decided.

    >>> outside(Standing.STRIP, "a nitazene", fooled=True)
    'A strip reacted to a nitazene; not confirmed; interferent present'
    """
    said = _OUTSIDE.get(standing, "").format(name=name)
    return f"{said}; interferent present" if said and fooled and standing is Standing.STRIP else said


def claims_more(text: str, standing: Standing | None) -> str:
    """The word that says more than the evidence does; "" where none does.

    >>> claims_more("Metonitazene was found.", Standing.INDICATED)
    'found'
    """
    match = None if standing in (None, Standing.CONFIRMED) else _CLAIMS.search(text)
    return match.group(0).lower() if match else ""

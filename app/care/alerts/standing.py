"""How sure what an alert is about is, and which words that allows: nothing below confirmed is “found” or “confirmed”. Pure.

What a faint, an invalid or a missing strip says is nothing: it gives rise to no alert and to no word outside.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import JsonValue

from app.laboratory.identification.domain import only_quick
from harm_messages.vocabulary import Confidence

if TYPE_CHECKING:
    from app.results.tables import Finding


class Standing(StrEnum):
    """State of the evidence for one thing, the firmest first."""

    CONFIRMED = "confirmed"
    INDICATED = "indicated"
    STRIP = "strip"
    DISPUTED = "disputed"
    COLOUR_TEST = "colour_test"

    @property
    def words(self) -> str:
        """How sure it is, in words."""
        return _WORDS[self]

    @property
    def lacking(self) -> str:
        """What would make it firm; nothing where it is confirmed."""
        return _LACKING[self]

    @property
    def said(self) -> dict[str, JsonValue]:
        """Both as the evidence of a draft keeps them."""
        return {"standing": self.words, "lacking": self.lacking}


_WORDS: dict[Standing, str] = {
    Standing.CONFIRMED: "Confirmed.",
    Standing.INDICATED: "It looks like it; not confirmed.",
    Standing.STRIP: "A strip reacted; not confirmed.",
    Standing.DISPUTED: "A strip reacted and another test did not see it; not decided.",
    Standing.COLOUR_TEST: "A colour test points to it; not confirmed.",
}
_LACKING: dict[Standing, str] = {
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


def standing_of(finding: Finding) -> Standing | None:
    """How firmly a finding stands that says something is there; None where no test that counts is behind it."""
    level, methods = finding.confidence, frozenset(finding.methods)
    if level is Confidence.CONFIRMED:
        return Standing.CONFIRMED
    if level is Confidence.INDICATED or (level is Confidence.CLASS_ONLY and methods and not only_quick(methods)):
        return Standing.INDICATED
    if level is Confidence.CLASS_ONLY:
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


def claims_more(text: str, standing: Standing) -> str:
    """The word that says more than the evidence does; "" where none does.

    >>> claims_more("Metonitazene was found.", Standing.INDICATED)
    'found'
    """
    match = None if standing is Standing.CONFIRMED else _CLAIMS.search(text)
    return match.group(0).lower() if match else ""

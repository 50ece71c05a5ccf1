"""How sure what an alert is about is, and which words may leave the service. Pure.

Nothing below confirmed is “found” or “confirmed”. What a faint, an invalid or a missing strip says is nothing: it gives rise to no
alert and to no word outside.

Words that leave the service say a substance, a region, a month, a form: nothing that points to one sample, one session or one
person, and no count under the threshold of who reads it (design of trust: partners 5, public 10). A text cannot be proved
harmless by rules: two people read it after these.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pydantic import JsonValue

from app.laboratory.identification.domain import only_quick
from app.platform.kernel.worded import Worded
from harm_messages.vocabulary import Confidence

if TYPE_CHECKING:
    from app.results.tables import Finding
from collections.abc import Iterator

from app.care.alerts.domain import CHANNELS, Channel, Tier
from app.platform.kernel.personal_data import found_in


class Certainty(Worded):
    """State of the evidence for one thing, the firmest first. `words`: how sure it is."""

    CONFIRMED = "confirmed", "Confirmed."
    INDICATED = "indicated", "It looks like it. Not confirmed."
    STRIP = "strip", "A strip reacted. Not confirmed."
    DISPUTED = "disputed", "A strip reacted and another test did not see it. Not decided."
    COLOUR_TEST = "colour_test", "A colour test points to it. Not confirmed."

    @property
    def lacking(self) -> str:
        """What would make it firm; nothing where it is confirmed."""
        return _LACKING[self]

    @property
    def said(self) -> dict[str, JsonValue]:
        """Both as the evidence of a draft keeps them."""
        return {"standing": self.words, "lacking": self.lacking}


_LACKING: dict[Certainty, str] = {
    Certainty.CONFIRMED: "",
    Certainty.INDICATED: "A second, independent method.",
    Certainty.STRIP: "A second strip at the leaflet's dilution, and a method that names it.",
    Certainty.DISPUTED: "A chemist who decides which of the two tests is right.",
    Certainty.COLOUR_TEST: "A method that names it.",
}
_OUTSIDE: dict[Certainty, str] = {
    Certainty.CONFIRMED: "{name} was found",
    Certainty.INDICATED: "It looks like {name}, not confirmed",
    Certainty.STRIP: "A strip reacted to {name}, not confirmed",
    Certainty.COLOUR_TEST: "A colour test points to {name}, not confirmed",
}
_CLAIMS = re.compile(r"(?<!not )(?<!not yet )\b(?:found|confirmed|identified|detected)\b", re.IGNORECASE)


def certainty_of(finding: Finding) -> Certainty | None:
    """How firmly a finding stands that says something is there; None where no test that counts is behind it."""
    level, methods = finding.confidence, frozenset(finding.methods)
    if level is Confidence.CONFIRMED:
        return Certainty.CONFIRMED
    if level is Confidence.INDICATED or (level is Confidence.CLASS_ONLY and methods and not only_quick(methods)):
        return Certainty.INDICATED
    if level is Confidence.CLASS_ONLY:
        return Certainty.STRIP if "strip" in methods else Certainty.COLOUR_TEST
    return Certainty.COLOUR_TEST if "reagent" in methods else None


def firmest(each: Iterable[Certainty]) -> Certainty | None:
    """The firmest of them; None of none."""
    order = list(Certainty)
    return min(each, key=order.index, default=None)


def outside(certainty: Certainty, name: str, *, fooled: bool = False) -> str:
    """The beginning of a sentence for partners; nothing until two tests that disagree are decided.

    >>> outside(Certainty.STRIP, "a nitazene", fooled=True)
    'A strip reacted to a nitazene, not confirmed, interferent present'
    """
    said = _OUTSIDE.get(certainty, "").format(name=name)
    return f"{said}, interferent present" if said and fooled and certainty is Certainty.STRIP else said


def claims_more(text: str, certainty: Certainty) -> str:
    """The word that says more than the evidence does; "" where none does.

    >>> claims_more("Metonitazene was found.", Certainty.INDICATED)
    'found'
    """
    match = None if certainty is Certainty.CONFIRMED else _CLAIMS.search(text)
    return match.group(0).lower() if match else ""


LEAST = {Channel.PARTNERS: 5, Channel.PUBLIC: 10}
_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_THINGS = (
    r"samples?|tablets?|pills?|powders?|bags?|capsules?|blotters?|crystals?|liquids?|people|persons?|patients?|clients?|"
    r"visitors?|friends?|deaths?|overdoses?|cases?|users?|men|women|man|woman|admissions?"
)
_OUT_OF = re.compile(
    rf"\b(\d+|{'|'.join(_WORDS)})\s+(?:out\s+)?of\s+(\d+|{'|'.join(_WORDS)})\b|\b[nx]\s*=\s*(\d+)\b", re.IGNORECASE
)
"""Counts that name no thing: “3 of 8”, “n = 3”."""
_COUNT = re.compile(rf"\b(\d+|single|{'|'.join(_WORDS)})\s+(?:[a-z-]+\s+){{0,3}}?(?:{_THINGS})\b", re.IGNORECASE)
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_POINTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"#\s*\d+|\bsample\s+(?:no\.?|number)?\s*\d+", re.I), "It names the number of a sample."),
    (re.compile(r"\b\d{1,2}[:.]\d{2}\s*(?:am|pm)?\b|\b\d{1,2}\s*(?:am|pm|o'clock)\b", re.I), "It names a time of day."),
    (re.compile(r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\btonight\b|\btoday\b|\byesterday\b", re.I), "It names a day."),
    (re.compile(rf"\b\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?(?:{_MONTHS})[a-z]*\b|\b\d{{4}}-\d{{2}}-\d{{2}}\b|\b\d{{1,2}}/\d{{1,2}}/\d{{2,4}}\b", re.I), "It names a day."),
    (re.compile(r"https?://|www\.", re.I), "It holds an address."),
)  # fmt: skip
_REASSURES = re.compile(r"\b(?:safe|safer|pure|clean|harmless|all clear)\b", re.I)


def least_count(tier: Tier) -> int:
    """The smallest number of samples or people its readers may be told; 0 where nobody outside reads it.

    >>> least_count(Tier.T3)
    10
    """
    return max((LEAST.get(channel, 0) for channel in CHANNELS[tier]), default=0)


def wrong_in(text: str, tier: Tier, names: Iterable[str] = ()) -> list[str]:
    """Why these words may not leave the service, as sentences; [] when no rule says so.

    `names`: of the session and the site, which must not stand in it.
    """
    return list(dict.fromkeys(_found(text, least_count(tier), names)))


def _found(text: str, least: int, names: Iterable[str]) -> Iterator[str]:
    for pattern, said in _POINTS:
        if pattern.search(text):
            yield said
    for one in found_in(text):
        yield f"It holds {one.kind.words}."
    for name in names:
        if len(name.strip()) > 2 and re.search(rf"\b{re.escape(name.strip())}\b", text, re.I):
            yield f"It names “{name.strip()}”. Name the region instead."
    for match in _COUNT.finditer(text):
        if 0 < _number(match.group(1)) < least:
            yield f"“{match.group(0)}” is a count under {least}. Remove the number."
    for match in _OUT_OF.finditer(text):
        if any(0 < _number(word) < least for word in match.groups() if word):
            yield f"“{match.group(0)}” is a count under {least}. Remove the number."
    if _REASSURES.search(text):
        yield "Do not write safe, pure or clean. Nobody can know that."


def _number(word: str) -> int:
    word = word.lower()
    if word.isdecimal():
        return int(word)
    return _WORDS.index(word) + 1 if word in _WORDS else 1

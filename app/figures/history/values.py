"""Single values: dates, figures, CAS numbers. Each says in words what is wrong with what it was given."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from datetime import date, datetime, timedelta
from functools import lru_cache

from spectra.exactmass import FormulaError, check_formula

_CAS = re.compile(r"(\d{2,7})-(\d{2})-(\d)")
_FIGURE = re.compile(r"[+-]?\d*\.?\d+(?:[eE][+-]?\d+)?")
SPREADSHEET_DAY_0 = date(1899, 12, 30)
FIRST_YEAR = 1990
"""Drug checking services have no older records; an older year is a typing error."""


class Unreadable(ValueError):
    """`why` the value cannot be taken, and `how` to go on."""

    def __init__(self, why: str, how: str = "") -> None:
        super().__init__(why)
        self.why, self.how = why, how


def day_in(text: str, formats: tuple[str, ...], today: date, *, spreadsheet_days: bool = False) -> date:
    """The day. Raises Unreadable for one that does not exist, lies ahead, or is a bare spreadsheet number."""
    said = " ".join(text.split())
    days = _by_formats(said, formats)
    if len(days) > 1:
        either = " or ".join(day.isoformat() for day in sorted(days))
        raise Unreadable(f"is {either}: two formats read it differently.", "Leave the wrong format out of the map.")
    day = next(iter(days), None)
    if day is None and re.fullmatch(r"\d{5}(\.\d+)?", said):
        if not spreadsheet_days:
            raise Unreadable(
                "is a number, perhaps a spreadsheet's count of days.",
                "If it is, say spreadsheet_days = true for this column.",
            )
        day = SPREADSHEET_DAY_0 + timedelta(days=int(float(said)))
    if day is None:
        raise Unreadable(f"is no date written as {' or '.join(formats)}.", f"Mend the row or the formats{_OR}.")
    if day > today:
        raise Unreadable("lies in the future.", f"Mend the row{_OR}.")
    if day.year < FIRST_YEAR:
        raise Unreadable(f"lies before {FIRST_YEAR}.", f"Mend the row, or give years four figures{_OR}.")
    return day


_OR = ", or put the word into missing of this column: then there is no date"


@lru_cache(maxsize=20_000)
def _by_formats(said: str, formats: tuple[str, ...]) -> frozenset[date]:
    """The days the formats read in it: none, one, or several that contradict each other."""
    days = set()
    for form in formats:
        with suppress(ValueError):
            days.add(datetime.strptime(said, form).date())
    return frozenset(days)


def figure(text: str, decimal: str, *, percent: bool = True) -> float:
    """A finite figure of 0 or more. `percent`: a sign for it may stand behind. Raises Unreadable."""
    said = text.strip()
    if percent:
        said = said.removesuffix("%").strip()
    elif said.endswith("%"):
        raise Unreadable(
            "is a percentage, and the unit in the map is another.", "Mend the row, or the unit in the map."
        )
    if decimal == "," and re.fullmatch(r"\d{1,3}\.\d{3}", said):
        raise Unreadable("may be thousands or a decimal point.", _MEANT)
    plain = said.replace(",", ".") if decimal == "," else said
    if not _FIGURE.fullmatch(plain):
        comma = re.fullmatch(r"\d+,\d+", said)
        raise Unreadable("is not a figure.", 'A decimal comma needs decimal = "," for the file.' if comma else _MEANT)
    value = float(plain)
    if not math.isfinite(value) or value < 0:
        raise Unreadable("is not a figure of 0 or more.", _MEANT)
    return value


_MEANT = "Mend the row, or say under words of this amount what it means."


def fault_of_cas(text: str) -> str:
    """What is wrong with a CAS number, or an empty text.

    The last figure is a check digit: the sum of the others, each times its place from the right, modulo 10
    (CAS Registry, “Check Digit Verification”).
    """
    found = _CAS.fullmatch(text.strip())
    if found is None:
        looks_like_a_date = re.fullmatch(r"\d{1,4}[/.]\d{1,2}[/.]\d{1,4}", text.strip())
        return (
            "is a date where a CAS number should be: a spreadsheet turned it into one."
            if looks_like_a_date
            else "is not written as a CAS number."
        )
    digits = found.group(1) + found.group(2)
    right = sum(place * int(digit) for place, digit in enumerate(reversed(digits), start=1)) % 10
    return "" if right == int(found.group(3)) else f"has a wrong check digit: {right} would fit."


def fault_of_formula(text: str) -> str:
    """What is wrong with a molecular formula, or an empty text."""
    try:
        check_formula(text.strip())
    except FormulaError as error:
        return f"cannot be a formula: {error}."
    return ""

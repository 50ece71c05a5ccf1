"""Which open sample a file's name speaks of, and the words of an incoming file. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from pydantic import JsonValue

from app.platform.kernel.sample_numbers import number_written, sample_number
from app.platform.kernel.worded import Worded
from instruments import printable

STILL_STANDS = (
    "The sample it was taken from has a result based on this file. Return or withdraw that result, or amend it "
    "where it is released."
)


class IncomingState(StrEnum):
    """Where a file from an instrument stands."""

    WAITING = "waiting"
    ATTACHED = "attached"
    SET_ASIDE = "set_aside"


class SetAsideReason(Worded):
    """Why a file belongs to no sample. Chosen and never typed: nothing about a person gets in."""

    BLANK = "blank", "blank or background"
    CHECK = "check", "calibration or check"
    PRACTICE = "practice", "practice or test"
    TWICE = "twice", "the same measurement twice"
    UNREADABLE = "unreadable", "cannot be read"
    ELSEWHERE = "elsewhere", "does not belong to this service"


@dataclass(frozen=True, slots=True)
class OpenSample:
    """A sample a file may belong to, as far as its number goes."""

    sample_id: UUID
    number: int
    session_id: UUID
    session_name: str
    words: str = ""

    @property
    def label(self) -> str:
        """The label as it is spoken in the room."""
        return sample_number(self.number)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The one open sample a name speaks of. `certain`: written as a sample number is, not just any figure."""

    sample: OpenSample
    token: str
    certain: bool

    @property
    def reason(self) -> str:
        """For the screen and the log."""
        return f"“{self.token}” in the file name matches only this open sample."


# What a figure in a file name means more often than a sample: dates, times, amounts, runs.
_DATE = re.compile(
    r"(?<!\d)(?:(?:19|20)\d\d([-_. ]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])"
    r"|(?:0?[1-9]|[12]\d|3[01])([-_. /])(?:0?[1-9]|1[0-2])\2(?:19|20)?\d\d)"
    r"(?:[T_ -]?(?:[01]\d|2[0-3])[-:._]?[0-5]\d(?:[-:._]?[0-5]\d)?(?!\d))?(?!\d)",
    re.I,
)
_NOT_OF_A_SAMPLE = re.compile(
    r"(?<![a-z])(?:blank|blk|background|bkg|bkgd|leer|calibration|cal|kal|qc|standard|std|reference|ref|wash|tune|"
    r"test|check|polystyrene)(?![a-z])",
    re.I,
)
_COUNTER = re.compile(
    r"(?:scan|run|file|page|rep|replicate|inj|injection|spectrum|spec|vial|pos|position|seq|try|v|version)[ _.-]*$",
    re.I,
)
_UNIT = re.compile(r"^[ _-]?(?:mg|g|ug|µg|ml|ul|µl|nm|min|s|sec|scans|x|%|cm|ppm|ev|v|k|c)(?![a-z])", re.I)
_NUMBER = re.compile(
    r"(?<![a-z0-9])(?<!\d[.,])(?P<mark>#[ ]?|s|sample[ _.#-]*|probe[ _.#-]*)?(?P<digits>\d{1,6})(?![a-z0-9])", re.I
)
_LETTERED = re.compile(r"(?<![a-z0-9])(?:#[ ]?)?(?P<written>[a-z]{1,2}\d{2,4})(?![a-z0-9])", re.I)
_PACKED = re.compile(r"\.(?:gz|zip)$", re.I)


@dataclass(frozen=True, slots=True)
class _Figure:
    token: str
    number: int
    certain: bool
    marked: bool


def suggest(file_name: str, open_samples: Iterable[OpenSample]) -> Suggestion | None:
    """The open sample this name speaks of, if it is exactly one.

    A number written as MAST writes it (`041`) or marked (`S41`, `#41`, `sample 41`) counts anywhere; a short bare
    figure (`41_ketamine`) at the beginning only. A mark leaves no doubt which figure is meant; without one, two
    numbers are one too many to be certain, also where the sample of one of them is no longer open (`041_128` may be
    sample 41 with 128 scans). A tablet's number (`B07`) counts as `041` does, where there is such an open sample: else it is
    a method or an instrument (`MS01`). Where the name speaks of a blank or a check, nothing is suggested.
    """
    by_number: dict[int, list[OpenSample]] = {}
    for sample in open_samples:
        by_number.setdefault(sample.number, []).append(sample)
    stem = _stem(file_name)
    figures = [*_figures(stem), *(f for f in _lettered(stem) if f.number in by_number)]
    figures = [f for f in figures if f.marked] or figures
    one_number = len({f.number for f in figures if f.certain}) == 1
    for certain in (True, False):
        found = {s.sample_id: (s, f) for f in figures if f.certain is certain for s in by_number.get(f.number, ())}
        if len(found) == 1:
            sample, figure = next(iter(found.values()))
            return Suggestion(sample, figure.token, certain and one_number)
        if found:
            return None
    return None


def _stem(file_name: str) -> str:
    """Without its endings: a numeric one (`ketamine.0`) is the instrument's own counter."""
    name = _PACKED.sub("", file_name)
    head, dot, ending = name.rpartition(".")
    return head if dot and head and len(ending) <= 8 and " " not in ending else name


def _figures(stem: str) -> list[_Figure]:
    if _NOT_OF_A_SAMPLE.search(stem):
        return []
    text = _DATE.sub(lambda m: " " * (len(m[0]) - 1) + "~", stem)
    out = []
    for found in _NUMBER.finditer(text):
        digits, mark = found["digits"], found["mark"] or ""
        if _COUNTER.search(text[: found.start()]) or (not mark and _UNIT.match(text[found.end() :])):
            continue
        certain = bool(mark) or len(digits) >= 3
        if certain or found.start() == 0:
            out.append(_Figure(found[0].strip(), int(digits), certain, bool(mark)))
    return out


def _lettered(stem: str) -> list[_Figure]:
    """What is written as a tablet writes its numbers."""
    if _NOT_OF_A_SAMPLE.search(stem):
        return []
    read = ((found[0].strip(), number_written(found["written"])) for found in _LETTERED.finditer(stem))
    return [_Figure(token, number, certain=True, marked=False) for token, number in read if number is not None]


def clean(value: object) -> JsonValue:
    """Everything a description of a reading may hold, as printable text: long texts and lists are cut."""
    if isinstance(value, str):
        return printable(value, 300)
    if isinstance(value, dict):
        return {printable(str(key), 60): clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean(item) for item in value[:20]]
    if isinstance(value, float):
        return value if abs(value) <= 1e300 else None  # JSON knows no infinity; NaN compares false
    return value if value is None or isinstance(value, bool | int) else printable(str(value), 300)

"""Closed lists whose members carry the words that people read."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Worded(StrEnum):
    """A member is written as its value and its words: `SECOND = "second", "The second one"`.

    Looked up by the value alone, as any enum: `Place("second").words`.
    """

    words: str

    def __new__(cls, value: str, words: str = "") -> Self:
        """The member is its value; the words stand beside it."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.words = words
        return member

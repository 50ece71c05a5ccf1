"""What can go wrong with an instrument file, in words for a chemist. Imports nothing but the standard library.

    InstrumentError            base of everything that `read` raises because of the bytes it was given
     ├─ UnknownFormat          the bytes are no instrument format we know (a photo, a PDF, plain prose)
     ├─ UnsupportedVariant     we know what it is, and cannot read it; the hint says how to export it
     ├─ CorruptFile            a format we read, but damaged, cut short or contradicting itself
     ├─ TooLarge               more bytes, points, memory or seconds than the limits allow
     ├─ AmbiguousText          several readings are possible; `choices` are the hints to answer with
     └─ UnsafeArchive          a gzip or zip we refuse to unpack

A file that cannot be opened at all stays an OSError: that is the caller's path, not the file's content.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

MOST_CHARS = 1000
UNCHANGED = "The file itself was not changed."
COPY = f"{UNCHANGED} Copy it again from the instrument computer."


def printable(text: str, most: int = MOST_CHARS) -> str:
    """Words that may come from a file, without what a terminal or a log would obey and PostgreSQL refuses, and bounded."""
    return "".join(c if c.isprintable() else " " for c in text[:most]).strip()


class InstrumentError(Exception):
    """Base class. `str(error)` is one sentence saying what happened; `hint` says what to do next.

    `code` is stable and may be compared; `byte` and `line` (counted from 0 and 1) say where, if known.
    """

    default_code: ClassVar[str] = "instrument_error"
    default_hint: ClassVar[str] = f"{UNCHANGED} Export it again from the instrument software."

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        hint: str = "",
        byte: int | None = None,
        line: int | None = None,
    ) -> None:
        self.message = printable(message)
        super().__init__(self.message)
        self.code = code or self.default_code
        self.hint = printable(hint) or self.default_hint
        self.byte = byte
        self.line = line

    def to_dict(self) -> dict[str, Any]:
        """The error as plain values: what crosses a process border or becomes a problem+json body."""
        return {
            "error": type(self).__name__,
            "message": self.message,
            "code": self.code,
            "hint": self.hint,
            "byte": self.byte,
            "line": self.line,
        }


class UnknownFormat(InstrumentError):
    """The content is not an instrument format known here."""

    default_code = "unknown_format"
    default_hint = "Export the reading as mzML, JCAMP-DX, MSP or CSV from the instrument software."


class UnsupportedVariant(InstrumentError):
    """The format is recognised, but this kind of it cannot be read."""

    default_code = "unsupported_variant"
    default_hint = "Export the reading as mzML, JCAMP-DX or CSV from the instrument software."


class CorruptFile(InstrumentError):
    """The file is damaged, cut short or says things about itself that are not true."""

    default_code = "corrupt_file"


class TooLarge(InstrumentError):
    """The file needs more than the limits of this service allow."""

    default_code = "too_large"
    default_hint = "Export only the part you need, or ask the operator to raise the limit."


class UnsafeArchive(InstrumentError):
    """A compressed file that is built to do harm, or cannot be told from one."""

    default_code = "unsafe_archive"
    default_hint = "Unpack it on the instrument computer and upload the single file."


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to read an ambiguous file: `label` for the screen, `hints` to pass to `read` again."""

    label: str
    hints: Mapping[str, str]


class AmbiguousText(InstrumentError):
    """Several readings fit equally well. Ask a person, then call `read(..., **choice.hints)`."""

    default_code = "ambiguous_text"
    default_hint = "Choose how the file is meant to be read."

    def __init__(
        self,
        message: str,
        *,
        choices: tuple[Choice, ...],
        code: str = "",
        hint: str = "",
        byte: int | None = None,
        line: int | None = None,
    ) -> None:
        super().__init__(message, code=code, hint=hint, byte=byte, line=line)
        self.choices = tuple(Choice(printable(c.label), c.hints) for c in choices)

    def to_dict(self) -> dict[str, Any]:
        """As the base class, with the choices."""
        choices = [{"label": c.label, "hints": dict(c.hints)} for c in self.choices]
        return super().to_dict() | {"choices": choices}


KINDS: tuple[type[InstrumentError], ...] = (
    UnknownFormat,
    UnsupportedVariant,
    CorruptFile,
    TooLarge,
    UnsafeArchive,
)


def error_from_dict(fields: Mapping[str, Any]) -> InstrumentError:
    """The inverse of `to_dict`. An unknown class name becomes the base class, never an exception."""
    byte, line = (v if isinstance(v := fields.get(k), int) else None for k in ("byte", "line"))
    code, hint = (str(fields.get(k) or "") for k in ("code", "hint"))
    message = str(fields.get("message") or "The file could not be read.")
    name = str(fields.get("error"))
    if name == "AmbiguousText":
        choices = tuple(
            Choice(str(c["label"]), {str(k): str(v) for k, v in dict(c["hints"]).items()})
            for c in fields.get("choices", ())
        )
        return AmbiguousText(message, choices=choices, code=code, hint=hint, byte=byte, line=line)
    kind = {k.__name__: k for k in KINDS}.get(name, InstrumentError)
    return kind(message, code=code, hint=hint, byte=byte, line=line)

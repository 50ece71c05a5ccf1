"""Bytes to lines of text: encodings, line ends, bounded lengths. Imports nothing above source, errors, limits."""

from __future__ import annotations

import codecs
import io
import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache

from .errors import CorruptFile, TooLarge
from .limits import Limits
from .source import Source

PIECE = 256 * 1024  # characters
SECTOR = 128  # bytes, of CP/M
_DEEP = re.compile(r"[eEdD]-0*(?:[3-9]\d\d|\d{4,9})(?!\d)")  # hardly in any file
_TINY = re.compile(r"(?<![\w.])((?:\d{1,20}\.?\d{0,20}|\.\d{1,20})[eEdD]-\d{3,9})(?![\w.-])")
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
# Control characters that no text export writes; tab, line ends, form feed and Ctrl-Z (DOS end of file) may occur.
_BINARY = bytes(b for b in range(32) if b not in b"\t\n\x0c\r\x1a")

_STRAY = _BINARY + b"\x7f"
"""Of 2,900 text files as programs write them none holds one; texts that were damaged on their way often do."""

# A name that a program wrote with what fills its place up to a fixed length, at the end of a line (AvaSoft). Not behind digits.
_FILL = re.compile(r"\0\0(?<=[^\r\n\0]\0\0)\0{0,61}+(?=[\r\n])")  # tried once for all NULs in a row
_BARE_FILL = re.compile(_FILL.pattern.encode())
_NAME = re.compile(r"[A-DF-Za-df-z][^\r\n\0]{0,15}\Z")
_BARE_NAME = re.compile(_NAME.pattern.encode())
NAME_WITHIN = 16  # characters before what fills its place
_NO_TEXT = frozenset({"Cc", "Cn", "Co", "Cs"})


def _without_fill(text: str) -> str:
    """The text without the NULs that fill a name up to a fixed length."""
    if "\0\0" not in text:
        return text
    return _FILL.sub(lambda m: "" if _NAME.search(text, max(0, m.start() - NAME_WITHIN), m.start()) else m[0], text)


def _bare_without_fill(text: bytes) -> bytes:
    if b"\0\0" not in text:
        return text
    return _BARE_FILL.sub(
        lambda m: b"" if _BARE_NAME.search(text, max(0, m.start() - NAME_WITHIN), m.start()) else m[0], text
    )


def looks_like_text(head: bytes) -> bool:
    """Whether the first bytes are text in some encoding: hardly any control characters."""
    if _announced(head) not in ("", "utf-8-sig"):
        return True
    head = _bare_without_fill(head)
    return (len(head) - len(head.translate(None, _BINARY))) * 200 <= len(head)


def _utf16_without_bom(head: bytes) -> str:
    """'utf-16-le' or '-be' when at least every fourth byte of the beginning is zero and all of it is text, else ''."""
    sample = head[: min(len(head), 2_000) // 2 * 2]
    if len(sample) < 8:
        return ""
    for name, low, high in (("utf-16-le", sample[::2], sample[1::2]), ("utf-16-be", sample[1::2], sample[::2])):
        if high.count(0) * 2 >= len(high) and low.count(0) * 10 <= len(low):
            words = sample.decode(name, errors="ignore")  # half a pair may stand at the end
            if words and all(c in "\t\n\r\f\x1a" or unicodedata.category(c) not in _NO_TEXT for c in words):
                return name
    return ""


def decode_head(head: bytes) -> str:
    """The first bytes as text for sniffing; undecodable bytes become replacement characters."""
    return head.decode(_announced(head) or "utf-8", errors="replace").lstrip("\ufeff")


@lru_cache(maxsize=2)
def head_lines(head: bytes) -> str:
    """As `decode_head`, with every line end as LF; '' if the head is no text. Kept, as every sniffer asks for it."""
    return decode_head(head).replace("\r\n", "\n").replace("\r", "\n") if looks_like_text(head) else ""


def _announced(head: bytes) -> str:
    return next((name for bom, name in BOMS if head.startswith(bom)), "") or _utf16_without_bom(head)


def encoding_of(source: Source) -> str:
    """The encoding by byte order mark, else UTF-8 if the whole file is valid UTF-8, else Windows-1252.

    Windows-1252 leaves five bytes undefined; a file that uses one is read as Latin-1.
    """
    announced = _announced(source.head)
    if announced:
        return announced
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for chunk in source.chunks():
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
        return "utf-8"
    except UnicodeDecodeError:
        undefined = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
        return "latin-1" if any(undefined.search(c) for c in source.chunks()) else "cp1252"


def stray_controls(source: Source) -> tuple[int, int]:
    """How many control characters stand in a text that no program writes there, and the line of the first; (0, 0) for none.

    What follows Ctrl-Z is no part of the text, and neither are zeros that fill the end of a file. XML forbids all but one of them (XML 1.0, section 2.2).
    """
    if not looks_like_text(source.head) or decode_head(source.head[:400]).lstrip().startswith("<"):
        return 0, 0
    newline = b"\n" if b"\n" in source.head else b"\r"
    count, line, ends = 0, 0, 0
    for piece in _bytes_of(source):
        text, ended, _ = piece.partition(b"\x1a")
        text = _bare_without_fill(text)
        found = len(text) - len(text.translate(None, _STRAY))
        if found and not count:
            line = 1 + ends + text.count(newline, 0, next(at for at, byte in enumerate(text) if byte in _STRAY))
        count, ends = count + found, ends + text.count(newline)
        if ended:
            return count, line
    filled = len(source.tail) - len(source.tail.rstrip(b"\0")) if _announced(source.head) in ("", "utf-8-sig") else 0
    return (count - filled, line) if count > filled else (0, 0)


def _bytes_of(source: Source) -> Iterator[bytes]:
    """The text with one byte for each character of ASCII, whatever its encoding."""
    encoding = _announced(source.head)
    if encoding in ("", "utf-8-sig"):
        yield from source.chunks()
        return
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for chunk in source.chunks():
        yield decoder.decode(chunk).encode(errors="replace")


def lines(source: Source, limits: Limits) -> Iterator[tuple[int, str]]:
    """Numbered lines from 1 without their ends; CR, LF and CRLF all end a line, Ctrl-Z ends the text.
    NULs that fill a name up to a fixed length are left out.

    Raises TooLarge on a line or file beyond the limits, CorruptFile where the bytes are no text.
    """
    if source.size > limits.text_bytes:
        raise TooLarge(
            f"A text file may have {limits.text_bytes // 2**20} MiB; this one is larger.", code="too_many_bytes"
        )
    encoding = encoding_of(source)
    stream = io.TextIOWrapper(source.open(), encoding=encoding, newline=None)
    number, rest = 1, ""
    try:
        while piece := stream.read(PIECE):
            joined, mark, rest_of_piece = (rest + piece).partition("\x1a")
            joined = _without_fill(joined)
            *whole, rest = joined.split("\n")
            longest = max(map(len, whole), default=0)
            if max(longest, len(rest)) > limits.line_chars:
                number += next((i for i, line in enumerate(whole) if len(line) > limits.line_chars), len(whole))
                raise TooLarge(
                    f"Line {number} is longer than {limits.line_chars:,} characters.", code="line_too_long", line=number
                )
            if _DEEP.search(joined):
                _refuse_vanishing(whole, number)
            yield from enumerate(whole, start=number)
            number += len(whole)
            if mark:
                _refuse_text_behind(stream, rest_of_piece, number, 0 if rest.strip() else SECTOR)
                break
        if rest:
            _refuse_vanishing([rest], number)
            yield number, rest
    except UnicodeDecodeError as error:
        number = _lines_before_damage(source, encoding)
        raise CorruptFile(
            f"The text breaks off or is damaged after line {number}.", code="bad_encoding", line=number + 1
        ) from error
    finally:
        _let_go(stream)


def _refuse_vanishing(whole: list[str], number: int) -> None:
    """Raise CorruptFile at a number so small that it would be taken as 0, though it is written otherwise (1e-999)."""
    for at, line in enumerate(whole, start=number):
        for written in _TINY.findall(line):
            value = re.sub("[dDE]", "e", written)
            if float(value) == 0 and float(value.partition("e")[0]) != 0:
                raise CorruptFile(
                    f"Line {at} holds {written[:40]}, which is smaller than any number that can be kept; it is damaged there.",
                    code="not_finite",
                    line=at,
                )


def _refuse_text_behind(stream: io.TextIOWrapper, piece: str, number: int, allowed: int) -> None:
    """Raise CorruptFile where more follows the Ctrl-Z than `allowed`: the rest of a sector, which old disks filled with
    anything, and nothing where the mark stands within a line.
    """
    behind = len((piece + stream.read(PIECE)).strip("\x1a\0 \t\r\n"))
    if behind > allowed:
        raise CorruptFile(
            f"Line {number} holds the mark that ends a text (Ctrl-Z), but more text follows it; "
            "the file is damaged there, or several were joined.",
            code="text_behind_end",
            line=number,
        )


def _lines_before_damage(source: Source, encoding: str) -> int:
    """How many lines can be decoded: asked only when one cannot, as line by line is the slower way."""
    stream, number = io.TextIOWrapper(source.open(), encoding=encoding, newline=None), 0
    with suppress(UnicodeDecodeError):
        while stream.readline():
            number += 1
    _let_go(stream)
    return number


def _let_go(stream: io.TextIOWrapper) -> None:
    """Leave the bytes below open; they may be closed already, before a generator was dropped."""
    with suppress(ValueError):
        stream.detach()


def ends_with_line_end(source: Source) -> bool:
    """Whether the last row was finished; a copy that stopped early usually lacks this, or has half of it."""
    tail = source.tail.rstrip(b"\x1a\x00 \t")
    return tail.endswith(b"\n") or (tail.endswith(b"\r") and b"\r\n" not in tail)

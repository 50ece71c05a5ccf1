"""The number forms of JCAMP-DX ordinates: AFFN, PAC, SQZ, DIF, DUP, after McDonald and Wilks (1988).

Appl. Spectrosc. 42, 151 (doi:10.1366/0003702884428734), section 5.9. Pure; imports numpy and errors only.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from spectra.types import FloatArray

from ..errors import CorruptFile, TooLarge, UnsupportedVariant

_DIGITS = [f"{n:+d}" for n in (*range(10), *range(-1, -10, -1))]  # +0 … +9, −1 … −9
_SQZ = dict(zip("@ABCDEFGHIabcdefghi", _DIGITS, strict=True))
_DIF = dict(zip("%JKLMNOPQRjklmnopqr", _DIGITS, strict=True))
_DUP = dict(zip("STUVWXYZs", "123456789", strict=True))
_FIRST_DIGIT = _SQZ | _DIF
# E and e are digits +5 and −5 in SQZ but an exponent in AFFN. It is an exponent with a sign after it, or with one
# or two digits after a number that has a decimal point; ASDF ordinates are whole numbers. A fourth digit is one where
# the first is 0 and nothing follows: columns of one width touch (1.234E-0015.678E-001).
_AFFN_LINE = re.compile(r"[\s\d+\-.,;eE?]*")
_POWER = r"(?:0\d{3}(?![\d.])|\d{1,3})"
_EXPONENT = re.compile(rf"(?<=[\d.])[eE][+-]{_POWER}|(?<=\.)(\d*)[eE]\d{{1,2}}(?!\d)")
_TOKEN = re.compile(
    r"(?P<skip>[\s,;]+)|(?P<missing>\?)"
    rf"|(?P<head>[@A-Ia-i%J-Rj-rS-Zs+\-]?)(?P<body>\d*\.?\d*(?:[eE][+-]{_POWER})?)"
)
_TWO_POINTS = re.compile(r"\.\d*\.")
_AFFN = re.compile(rf"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?{_POWER})?|\?")
MISSING = float("nan")
_SEPARATORS = str.maketrans(",;", "  ")
# Repeat counts make any number of points from a few characters; so many are allowed, and beyond them in proportion.
FREE_POINTS, POINTS_PER_CHARACTER = 1_000_000, 10


@dataclass(slots=True)
class Ordinates:
    """Decoded lines: `y` all values in order; per line its leading abscissa, where its values start, its number."""

    y: array[float] = field(default_factory=lambda: array("d"))
    abscissa: array[float] = field(default_factory=lambda: array("d"))
    start: array[int] = field(default_factory=lambda: array("q"))
    line: array[int] = field(default_factory=lambda: array("q"))
    failed_checks: list[tuple[int, float]] = field(default_factory=list)
    asdf: bool = False

    def values(self) -> FloatArray:
        """The ordinates before YFACTOR, (N,); NaN where the file has '?'."""
        return np.frombuffer(self.y, dtype=np.float64).copy() if self.y else np.empty(0)


def decode(lines: Sequence[tuple[int, str]], limit: int) -> Ordinates:
    """Decode (X++(Y..Y)) lines. Raises CorruptFile at the line that is no number form, TooLarge above `limit`.

    In DIF form the first ordinate of a line repeats the last of the line before as a check; it is compared
    and dropped. `failed_checks` lists lines whose check fails, with the difference in file units.
    """
    limit = min(limit, max(FREE_POINTS, POINTS_PER_CHARACTER * sum(len(line) for _, line in lines)))
    out = Ordinates()
    in_dif = False
    for number, line in lines:
        if not line.strip():
            continue
        if _TWO_POINTS.search(line):  # 1.2.3 is no number, and not 1.2 and .3
            raise _bad(line, number)
        affn = _AFFN_LINE.fullmatch(line) is not None and not _looks_squeezed(line)
        values, last_was_dif = _affn(line, number) if affn else _asdf(line, number, limit - len(out.y))
        if not values:
            continue
        out.asdf = out.asdf or not affn
        x, ordinates = values[0], values[1:]
        if in_dif and ordinates:
            if ordinates[0] != out.y[-1] and not np.isnan(ordinates[0]):
                out.failed_checks.append((number, abs(ordinates[0] - out.y[-1])))
            ordinates = ordinates[1:]
        if not ordinates and not in_dif:
            raise CorruptFile(f"Line {number} has an x value but no y values.", code="bad_row", line=number)
        in_dif = last_was_dif
        if ordinates:
            out.abscissa.append(x)
            out.start.append(len(out.y))
            out.line.append(number)
            out.y.extend(ordinates)
        if len(out.y) > limit:
            raise TooLarge(f"More than {limit:,} points by line {number}.", code="too_many_points", line=number)
    return out


def _looks_squeezed(line: str) -> bool:
    """Whether an e or E in a line of digits is the pseudo-digit ±5 rather than an exponent."""
    return ("e" in line or "E" in line) and bool(re.search(r"[eE]", _EXPONENT.sub("", line)))


def _affn(line: str, number: int) -> tuple[Sequence[float], bool]:
    if _AFFN_LINE.fullmatch(line):  # Python takes nan, inf and 1_0 for numbers as well
        with suppress(ValueError):  # signs without blanks before them, and missing values
            return list(map(float, line.translate(_SEPARATORS).split())), False
    matches = _AFFN.findall(line)
    if re.sub(r"[\s,;]", "", _AFFN.sub("", line)):
        raise _bad(line, number)
    return [MISSING if m == "?" else float(m) for m in matches], False


def _asdf(line: str, number: int, room: int) -> tuple[Sequence[float], bool]:
    """One line of pseudo-digits: its abscissa and ordinates, and whether the last ordinate came from a DIF."""
    values = array("d")
    step, dif, position, stripped = 0.0, False, 0, line.strip()
    end, token = len(stripped), _TOKEN.match
    while position < end:
        match = token(stripped, position)
        if match is None or match.end() == position:
            raise _bad(line, number)
        position = match.end()
        skip, missing, head, body = match.groups()
        if skip:
            continue
        if missing:
            values.append(MISSING)
            step, dif = 0.0, False
            continue
        if head in _DUP:
            values.frombytes(_repeat(values, step if dif else 0.0, _DUP[head] + body, number, room).tobytes())
            continue
        value = _float(_FIRST_DIGIT.get(head, head) + body, line, number)
        dif = head in _DIF
        if dif:
            if len(values) < 2:
                raise _bad(line, number)
            step = value
            values.append(values[-1] + step)
        else:
            values.append(value)
        if len(values) > room + 2:
            raise TooLarge(f"Line {number} holds more points than allowed.", code="too_many_points", line=number)
    return values, dif


def _repeat(values: Sequence[float], step: float, digits: str, number: int, room: int) -> FloatArray:
    """DUP: the count includes the value already written. Bounded before anything is allocated."""
    if len(values) < 2 or not digits.isdecimal():
        raise CorruptFile(f"A repeat count on line {number} has nothing to repeat.", code="bad_row", line=number)
    count = int(digits) if len(digits) < 12 else room + 3
    if count - 1 > room - len(values) + 2:
        raise TooLarge(
            f"Line {number} asks to repeat a value {digits[:15]} times.", code="too_many_points", line=number
        )
    last = values[-1]
    repeated: FloatArray = last + step * np.arange(1.0, count)
    return repeated


def _float(text: str, line: str, number: int) -> float:
    try:
        return float(text)
    except ValueError:
        raise _bad(line, number) from None


def _bad(line: str, number: int) -> CorruptFile:
    shown = "".join(c if c.isprintable() else "?" for c in line.strip()[:40])
    return CorruptFile(f"Line {number} ({shown!r}) is no row of JCAMP-DX numbers.", code="bad_row", line=number)


_GROUP = re.compile(r"\(([A-Z])([A-Z]+?)(?:\.\.\1\2)?\)")


def columns_of(form: str, line: int) -> int:
    """How many numbers one point has in a form such as (XY..XY), (XYW..XYW) or (XYA). Raises UnsupportedVariant."""
    match = _GROUP.match(form or "(XY..XY)")
    letters = match[1] + match[2] if match else ""
    in_words = letters.endswith("A") and ".." not in form  # of peak assignments; the A of (RA..RA) is an amplitude
    numbers = len(letters) - in_words
    if numbers < 2:
        raise UnsupportedVariant(
            f"The table at line {line} has the form {form[:40]}, which is not read here.",
            code="unsupported_form",
            line=line,
        )
    return numbers


def decode_pairs(lines: Sequence[tuple[int, str]], limit: int, columns: int = 2) -> tuple[FloatArray, FloatArray]:
    """(XY..XY) data: points separated by blanks, commas or semicolons; (x, y) in the file's numbers.

    A point may have further `columns` (its width, say), which are left out. Numbers of a line that make no whole
    points are an error with the line; text in <…> (assignments) is skipped.
    """
    flat = _bare_points(lines, columns)
    if flat is None:
        flat = array("d")
        for number, line in lines:
            flat.extend(_points(line, number, columns))
    if len(flat) > columns * limit:
        raise TooLarge(f"More than {limit:,} points in one table.", code="too_many_points")
    points = np.frombuffer(flat, dtype=np.float64).reshape(-1, columns) if flat else np.empty((0, 2))
    return points[:, 0].copy(), points[:, 1].copy()


def _points(line: str, number: int, columns: int) -> Sequence[float]:
    bare = re.sub(r"<[^<>]*>", " ", line).replace("(", " ").replace(")", " ")
    if _TWO_POINTS.search(bare):
        raise _bad(line, number)
    values, _ = _affn(bare, number)
    if len(values) % columns:
        what = "pairs" if columns == 2 else f"groups of {columns}"
        raise CorruptFile(f"Line {number} does not hold {what} of numbers.", code="bad_row", line=number)
    return values


def _bare_points(lines: Sequence[tuple[int, str]], columns: int) -> array[float] | None:
    """The numbers of rows that hold nothing but whole points, which most do; None where a closer look is needed."""
    joined = "\n".join(line for _, line in lines)
    if _AFFN_LINE.fullmatch(joined) is None:
        return None
    cells = [row.split() for row in joined.translate(_SEPARATORS).split("\n")]
    if any(len(row) % columns for row in cells):
        return None
    try:
        return array("d", map(float, chain.from_iterable(cells)))
    except ValueError:
        return None

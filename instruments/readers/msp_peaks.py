"""The peak lists of MSP and MSL records, in all the shapes that programs write them. Imports numpy and errors only.

41 10; 55 999;        41 10 "annotation"       70:12 71:5
41<tab>10             ( 41   28) [ 55  999]    41,5 10,25; 55,0 999,5
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np

from spectra.types import FloatArray

from ..errors import UNCHANGED, CorruptFile

Row = tuple[int, str]
# Possessive (++), or a line of ten thousand digits would be tried from every digit.
_NUMBER = r"[+-]?(?:\d++\.?+\d*+|\.\d++)(?:[eE][+-]?\d{1,3}+)?+|[+-]?(?:nan|inf(?:inity)?)"
_POINT = re.compile(rf"(?<![^\s;,])({_NUMBER})[\s:,]++({_NUMBER})(?![\w.])", re.I)
_COMMA = re.compile(r"(?<![^\s;])([+-]?\d++(?:,\d++)?+)[\s:]++([+-]?\d++(?:,\d++)?+)(?![\w,])")
# NIST takes blanks, tabs, commas, semicolons, colons and brackets of every kind. The comma may be a decimal mark.
_BARE = re.compile(r"[\s\d.;:()\[\]{}+\-]*")
_HALVES = re.compile(r"\s*+\d++(?:,\d++)?+\s*+;\s*+\d++(?:,\d++)?+\s*+;?\s*+")
_UNLIKE = re.compile(r"\d+,\d+ \d+\.\d+")  # 41,5 1.200
_THOUSANDS = re.compile(r"[+]?[1-9]\d{0,2}(?:,\d{3})+")
_PLAIN = re.compile(r"[\d.]+")
_DIGITS_COMMA = re.compile(r"\d,[\d.]")
_LONE = re.compile(rf"(?<![^\s;,:])(?:{_NUMBER})(?![^\s;,:])", re.I)  # a number that is no part of a pair
_SEPARATORS = str.maketrans(";:()[]{}", "        ")
_BRACKETS = str.maketrans({"(": " ", "[": " ", "{": " ", ")": "; ", "]": "; ", "}": "; "})
_ANNOTATION = re.compile(r'"[^"]*"?|\{[^{}]*[^\W\d][^{}]*\}|\[[^\[\]]*[^\W\d][^\[\]]*\]|\([^()]*[^\W\deE_][^()]*\)')


def peaks_of(rows: Sequence[Row], declared: int) -> tuple[FloatArray, FloatArray]:
    """m/z and intensity (P,) of the numbered rows of a record. Raises CorruptFile at a row that is not made of peaks.

    A comma may be a decimal mark or stand between m/z and intensity: the reading that gives as many peaks as the
    record announces wins, and where neither does, the record is refused. One pair per line may be followed by columns.
    """
    single = len(rows) == declared
    if single and all(_HALVES.fullmatch(line) for _, line in rows):  # 41,5;10,25
        rows = [(n, line.replace(";", " ")) for n, line in rows]
    body = "\n".join(line for _, line in rows)
    if _BARE.fullmatch(body):
        _refuse_open_brackets(rows)
        flat = _numbers(body.translate(_SEPARATORS).split())
        if flat is not None and flat.size == 2 * declared:
            return flat[0::2], flat[1::2]
        if flat is not None and flat.size % 2 and not single:
            raise _half_a_peak(rows)
    stripped = [(n, _ANNOTATION.sub(" ", line).translate(_BRACKETS)) for n, line in rows]
    if single:
        _refuse_mixed(stripped)
    patterns = _patterns(stripped)
    found = [[pattern.findall(line)[: 1 if single else None] for _, line in stripped] for pattern in patterns]
    chosen = next((pairs for pairs in found if sum(map(len, pairs)) == declared), None)
    if chosen is None and len(found) > 1 and all(any(pairs) for pairs in found):
        raise CorruptFile(
            f"The commas from line {rows[0][0]} on may be decimal marks or delimiters, and neither gives {declared:,} peaks.",
            code="point_count",
            line=rows[0][0],
        )
    chosen = chosen or next((pairs for pairs in found if all(pairs)), found[-1])
    _refuse_rows_without_peaks(stripped, chosen)
    _refuse_lone_numbers(stripped, patterns[found.index(chosen)], single)
    _refuse_thousands(chosen, rows[0][0])
    flat = np.array([float(v.replace(",", ".")) for pairs in chosen for pair in pairs for v in pair], dtype=np.float64)
    return flat[0::2], flat[1::2]


def _refuse_open_brackets(rows: Sequence[Row]) -> None:
    """Raise CorruptFile at a line of numbers with more brackets of one side than of the other: a peak may be lost there."""
    for number, line in rows:
        if any(line.count(opened) != line.count(closed) for opened, closed in ("()", "[]", "{}")):
            raise CorruptFile(f"A bracket on line {number} is not closed.", code="bad_row", line=number)


def _refuse_mixed(rows: Sequence[Row]) -> None:
    """Raise CorruptFile where one pair per line is unlike others: with a third number, or with a comma within digits
    where others have a point: 82.2 1,5 is no pair.
    """
    cells = [(n, line.split(None, 3)) for n, line in rows]
    grown = [n for n, c in cells if len(c) > 2 and _PLAIN.fullmatch(c[2])]
    if grown and any(len(c) == 2 for _, c in cells) and all(len(c) == 2 for n, c in cells if n not in set(grown)):
        raise CorruptFile(
            f"Line {grown[0]} holds more numbers than other peaks of its record.", code="row_length", line=grown[0]
        )
    pairs = [(n, " ".join(c[:2])) for n, c in cells]
    commas = [n for n, pair in pairs if _DIGITS_COMMA.search(pair)]
    unlike = [n for n, pair in pairs if _UNLIKE.fullmatch(pair)]
    if unlike or (0 < len(commas) < len(pairs) and any("." in pair for _, pair in pairs)):
        raise CorruptFile(
            f"The comma on line {commas[0]} may be a decimal mark or a delimiter, and points stand beside it.",
            code="ambiguous_comma",
            line=commas[0],
        )


def _refuse_lone_numbers(rows: Iterable[Row], pattern: re.Pattern[str], single: bool) -> None:
    """Raise CorruptFile at a line with a number that belongs to no pair. One pair per line may be followed by columns."""
    for number, line in rows:
        rest = line[: match.start()] if single and (match := pattern.search(line)) else pattern.sub(" ", line)
        if _LONE.search(rest):
            raise CorruptFile(f"A number on line {number} belongs to no peak.", code="bad_row", line=number)


def _refuse_thousands(found: Iterable[Sequence[tuple[str, str]]], line: int) -> None:
    """Raise CorruptFile where only intensities have commas, each before three digits: 12,345 may be 12.345 or 12345."""
    pairs = [pair for line_pairs in found for pair in line_pairs]
    commas = [i for _, i in pairs if "," in i]
    if commas and not any("," in m for m, _ in pairs) and all(_THOUSANDS.fullmatch(i) for i in commas):
        raise CorruptFile(
            f"The commas of intensities from line {line} on may be decimal marks or thousands ({commas[0]}).",
            code="ambiguous_comma",
            line=line,
            hint=f"{UNCHANGED} Export it again without marks for thousands.",
        )


def _half_a_peak(rows: Sequence[Row]) -> CorruptFile:
    number = next(n for n, line in rows if len(line.translate(_SEPARATORS).split()) % 2)
    return CorruptFile(f"Line {number} holds an m/z without its intensity.", code="bad_row", line=number)


def _numbers(cells: list[str]) -> FloatArray | None:
    try:
        return np.array(list(map(float, cells)), dtype=np.float64)
    except ValueError:
        return None


def _patterns(rows: Iterable[Row]) -> list[re.Pattern[str]]:
    """How to read commas, likelier first: as decimal marks where commas are in numbers and points are not."""
    body = "\n".join(line for _, line in rows)
    decimal = re.search(r"\d,\d", body) and not re.search(r"\d\.\d", body)
    return [_COMMA, _POINT] if decimal else [_POINT]


def _refuse_rows_without_peaks(rows: Iterable[Row], found: Iterable[Sequence[object]]) -> None:
    for (number, line), pairs in zip(rows, found, strict=True):
        if not pairs and line.strip(" ;,\t"):
            shown = "".join(c if c.isprintable() else "?" for c in line.strip()[:40])
            raise CorruptFile(f"Line {number} ({shown!r}) holds no peak.", code="bad_row", line=number)


def last_row_may_be_cut(rows: Sequence[Row]) -> bool:
    """Whether the last row, known to lack its line end, may be incomplete: not if it is closed by a mark, or has as
    many decimals as all rows before it.
    """
    last = rows[-1][1].rstrip()
    if last.endswith((";", ")", '"', "?")):
        return False
    decimals = {len(line.rstrip().rpartition(".")[2]) for _, line in rows[-20:] if "." in line.split()[-1]}
    return "." not in last.split()[-1] or len(decimals) != 1 or len(rows) < 3

"""The peak lists of MSP and MSL records, in all the shapes that programs write them. Imports numpy and errors only.

41 10; 55 999;        41 10 "annotation"       70:12 71:5
41<tab>10             ( 41   28) ( 55  999)    41,5 10,25; 55,0 999,5
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np

from spectra.types import FloatArray

from ..errors import CorruptFile

Row = tuple[int, str]
# Possessive (++), or a line of ten thousand digits would be tried from every digit.
_NUMBER = r"[+-]?(?:\d++\.?+\d*+|\.\d++)(?:[eE][+-]?\d{1,3}+)?+|[+-]?(?:nan|inf(?:inity)?)"
_POINT = re.compile(rf"(?<![\w.])({_NUMBER})[\s:,]++({_NUMBER})(?![\w.])", re.I)
_COMMA = re.compile(r"(?<![\w,])([+-]?\d++(?:,\d++)?+)[\s:]++([+-]?\d++(?:,\d++)?+)(?![\w,])")
_BARE = re.compile(r"[\s\d.;()+\-]*")
_SEPARATORS = str.maketrans(";()", "   ")
_ANNOTATION = re.compile(r'"[^"]*"?|\{[^{}]*\}|\[[^\[\]]*\]')


def peaks_of(rows: Sequence[Row], declared: int) -> tuple[FloatArray, FloatArray]:
    """m/z and intensity (P,) of the numbered rows of a record. Raises CorruptFile at a row without a peak.

    A comma may be a decimal mark or stand between m/z and intensity: the reading that gives as many peaks as the
    record announces wins. One pair per line may be followed by further columns.
    """
    body = "\n".join(line for _, line in rows)
    if _BARE.fullmatch(body):
        flat = _numbers(body.translate(_SEPARATORS).split())
        if flat is not None and flat.size == 2 * declared:
            return flat[0::2], flat[1::2]
    single = len(rows) == declared
    stripped = [(n, _ANNOTATION.sub(" ", line).replace("(", " ").replace(")", "; ")) for n, line in rows]
    found = None
    for pattern in _patterns(stripped):
        pairs = [pattern.findall(line)[: 1 if single else None] for _, line in stripped]
        if found is None or sum(map(len, pairs)) == declared:
            found = pairs
        if sum(map(len, found)) == declared:
            break
    assert found is not None
    _refuse_rows_without_peaks(stripped, found)
    flat = np.array([float(v.replace(",", ".")) for pairs in found for pair in pairs for v in pair], dtype=np.float64)
    return flat[0::2], flat[1::2]


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

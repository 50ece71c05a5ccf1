"""The x axis of (X++(Y..Y)) data and the checks that go with it: NPOINTS, FIRSTX, LASTX, row by row, DIF checks.

Imports numpy and the JCAMP number decoder only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from spectra.types import FloatArray, Remark

from ..errors import CorruptFile
from ..validate import count_remark, info, warning
from .jcamp_asdf import Ordinates

FRACTION = 2.0  # y above this is no transmittance from 0 to 1, so the header's extremes are not in per cent of it
WHOLE_MASS = 0.5  # m/z, by which a rounded one may differ
_APART = 0.001  # of the span of x or the largest y
_WHOLE_WITHOUT_END = info("no_end", "The table is not closed by ##END, but holds all its points.")


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numeric records of a table; None where the file has none. Factors default to 1 (with a remark)."""

    first_x: float | None
    last_x: float | None
    delta_x: float | None
    first_y: float | None
    x_factor: float
    y_factor: float
    points: float | None
    min_y: float | None = None
    max_y: float | None = None
    min_x: float | None = None
    max_x: float | None = None
    factor_missing: str = ""


def number(text: str, label: str, line: int) -> float | None:
    """A numeric record, None if empty; words may follow. Raises CorruptFile if it is no finite number (4,000 is none)."""
    match = re.match(r"\s*([+-]?(?:\d++\.?+\d*+|\.\d++)(?:[eEdD][+-]?\d{1,4})?)(?![\d.,eEdD])", text)
    if match:
        value = float(re.sub("[dD]", "e", match[1]))
        if np.isfinite(value):
            return value
    if not text.strip():
        return None
    comma = re.fullmatch(r"\s*[+-]?\d+,\d+\s*", text)
    raise CorruptFile(
        f"##{label}={text.strip()[:30]} is no number (block at line {line}).",
        code="bad_header",
        line=line,
        hint="JCAMP-DX has decimal points. Export it again with them, or as CSV." if comma else "",
    )


def stated_number(text: str) -> float | None:
    """A number that is only held against the data: nonsense there is no reason to refuse a file."""
    try:
        return float(text)
    except ValueError:
        return None


def factor_remark(found: Numbers) -> Iterator[Remark]:
    """A table has both factors or none; where one is lost the numbers may be wrong by as much."""
    if found.factor_missing:
        yield warning(
            "factor_missing", f"The file gives no {found.factor_missing} beside the other factor; 1 was assumed."
        )


def check_numbers(found: Numbers, line: int, limit: int) -> None:
    """Raise CorruptFile for factors of zero and for counts that are impossible."""
    if found.x_factor == 0 or found.y_factor == 0:
        raise CorruptFile("XFACTOR or YFACTOR is zero.", code="bad_header", line=line)
    if found.points is not None and (found.points < 0 or found.points != int(found.points)):
        raise CorruptFile(f"NPOINTS is {found.points:g}.", code="bad_header", line=line)
    if found.points is not None and found.points > limit:
        raise CorruptFile(f"NPOINTS is {found.points:,.0f}, which is impossible.", code="bad_header", line=line)


def axis(ordinates: Ordinates, found: Numbers, line: int) -> FloatArray:
    """x (N,) in file units: FIRSTX … LASTX evenly where both are given, else FIRSTX + i·DELTAX.

    Raises CorruptFile when the number of points is not NPOINTS, when LASTX = FIRSTX, and when a row does not
    start where the count of points says it should.
    """
    n = len(ordinates.y)
    if found.points is not None and n != int(found.points):
        raise CorruptFile(
            f"The header promises {found.points:,.0f} points, the data hold {n:,}, so the file is cut short or a line is lost.",
            code="point_count",
            line=ordinates.line[-1] if n else line,
        )
    first = found.first_x if found.first_x is not None else ordinates.abscissa[0] * found.x_factor
    step = _step(ordinates, found, first, n, line)
    x: FloatArray = first + step * np.arange(n, dtype=np.float64)
    if found.last_x is not None and n > 1 and found.points is not None:
        x = np.linspace(first, found.last_x, n)
    _check_rows(ordinates, found, first, step)
    return x


def _step(ordinates: Ordinates, found: Numbers, first: float, n: int, line: int) -> float:
    if n == 1:
        return 1.0
    if found.last_x is not None and found.points is not None:
        step = (found.last_x - first) / (n - 1)
    elif found.delta_x is not None:
        step = found.delta_x
    elif found.last_x is not None:
        step = (found.last_x - first) / (n - 1)
    elif len(ordinates.abscissa) > 1:
        span = (ordinates.abscissa[-1] - ordinates.abscissa[0]) * found.x_factor
        step = span / ordinates.start[-1]
    else:
        raise CorruptFile("The file gives neither LASTX nor DELTAX.", code="no_axis", line=line)
    if step == 0:
        raise CorruptFile("FIRSTX and LASTX are equal, but there are several points.", code="no_axis", line=line)
    return step


def _check_rows(ordinates: Ordinates, found: Numbers, first: float, step: float) -> None:
    """Rows tell their own x: the first that of FIRSTX, and the jump between two of them the points of the first one.

    Allowed are one point (NIST gas-phase files are off by one in the first row) and the rounding of a whole
    number abscissa.
    """
    x = np.array(ordinates.abscissa) * found.x_factor
    counted = np.array(ordinates.start)
    allowed = 1.05 + _rounding(x, found.x_factor) / abs(step)
    wrong = np.abs((x - first) / step - counted) > allowed
    wrong[1:] = np.abs(np.diff(x) / step - np.diff(counted)) > allowed
    if x.size and wrong.any():
        row = int(np.argmax(wrong))
        expected = "what the header gives as the first x" if row == 0 else "the points before it"
        raise CorruptFile(
            f"Line {ordinates.line[row]} starts at x = {x[row]:g}, which does not fit {expected}, so a line is lost or damaged.",
            code="x_check",
            line=ordinates.line[row],
        )


def _rounding(rows: FloatArray, x_factor: float) -> float:
    """How far an abscissa (N,) may be from the x it stands for: it is often a whole number, or has so many digits in all."""
    if x_factor != 1 or np.array_equal(rows, np.round(rows)):
        return abs(x_factor)
    written = [f"{abs(row):.12g}" for row in rows]
    digits = max(len(row.replace(".", "").lstrip("0")) for row in written)
    return 1.0 if digits <= max(len(row.partition(".")[0]) for row in written) else 0.1


def remarks(ordinates: Ordinates, found: Numbers, x: FloatArray, y: FloatArray) -> Iterator[Remark]:
    """DIF checks (an error beyond one count), FIRSTY, DELTAX, MAXX, MINX, MAXY, MINY, and missing values."""
    for line, difference in ordinates.failed_checks:
        if difference > 1 and line > ordinates.line[-1]:  # where nothing but the check stands
            text = f"The check value on line {line}, the last one, does not fit the line before it, so the last values may be damaged."
            yield warning("y_check", text)
        elif difference > 1:
            raise CorruptFile(
                f"The check value of line {line} does not fit the line before it, so a value is damaged.",
                code="y_check",
                line=line,
            )
    rounded = sum(difference <= 1 for _, difference in ordinates.failed_checks)
    if rounded:
        lines = "line misses its" if rounded == 1 else "lines miss their"
        yield warning("y_check_rounding", f"{rounded} {lines} check value by one count.")
    if found.first_y is not None and np.isfinite(y[0]):
        slack = abs(found.y_factor) + 0.02 * max(abs(found.first_y), float(np.nanmax(np.abs(y))) * 0.05)
        if abs(y[0] - found.first_y) > slack and _is_lowest(found, y, slack):
            yield info(
                "first_y_is_lowest",
                f"The header gives {found.first_y:g}, the lowest value cut to a whole number, as the first y; the values fit.",
            )
        elif abs(y[0] - found.first_y) > slack:
            yield warning("first_y", f"The header says the first y is {found.first_y:g}, the data say {y[0]:g}.")
    if found.delta_x is not None and x.size > 1:
        step, span = abs(x[1] - x[0]), abs(x[-1] - x[0])
        apart = abs(abs(found.delta_x) - step)
        if apart * (x.size - 1) > max(1.05 * step, 0.002 * span) and apart > _last_digit(found.delta_x, step):
            text = f"The header says the points lie {abs(found.delta_x):g} apart; from its first to its last x it is {step:g}."
            yield warning("delta_x", text)
        elif found.delta_x * (x[-1] - x[0]) < 0:
            order = "larger" if found.delta_x > 0 else "smaller"
            text = f"The header gives DELTAX as {found.delta_x:g}, but its first x, {x[0]:g}, is {order} than its last, {x[-1]:g}."
            yield warning("delta_x", text)
    yield from _range(
        found, x, max(_APART * float(np.ptp(x)), abs(found.x_factor), abs(float(x[-1] - x[0])) / max(x.size - 1, 1))
    )
    yield from _extremes(found, y)
    yield from _drift(ordinates, found, x)
    yield from _gaps(y)


def _drift(ordinates: Ordinates, found: Numbers, x: FloatArray) -> Iterator[Remark]:
    """The x of every row against the axis of the header, which may fit from row to row and yet be too long or too short."""
    rows = np.array(ordinates.abscissa) * found.x_factor
    if x.size < 2 or rows.size < 2:
        return
    apart = rows - x[np.array(ordinates.start)]
    step = abs(float(x[-1] - x[0])) / (x.size - 1)
    worst = int(np.argmax(np.abs(apart)))
    grown = float(
        np.ptp(apart[1:])
    )  # whole numbers are rounded, and the first row may be off by one point: no more than that
    if abs(apart[worst]) > 2.05 * step + max(abs(found.x_factor), 1e-3 * float(np.ptp(x))) or (
        grown > 0.1 * step + _rounding(rows, found.x_factor)
        and apart.size > 2
        and not _ends_are_rounded(ordinates, rows, x)
    ):
        text = f"Line {ordinates.line[worst]} starts at x = {rows[worst]:g}; by the first and last x of the header it is {x[ordinates.start[worst]]:g}."
        yield warning("x_drift", text)


def _last_digit(delta_x: float, step: float) -> float:
    """By how much a DELTAX of few digits may be rounded (NIST), but no more than a twentieth of a step."""
    return min(0.5 * 10.0 ** -len(f"{abs(delta_x):.12g}".partition(".")[2]), step / 20)


def _ends_are_rounded(ordinates: Ordinates, rows: FloatArray, x: FloatArray) -> bool:
    """Whether the axis is given in whole numbers that are those of its rows (R,): the line through them ends there."""
    if not np.array_equal(np.round(rows), rows) or not np.array_equal(np.round(x[[0, -1]]), x[[0, -1]]):
        return False
    steps, first = np.polyfit(np.array(ordinates.start), rows, 1)
    return bool(max(abs(first - x[0]), abs(first + steps * (x.size - 1) - x[-1])) <= 1)


def not_ended(found: Numbers, x: FloatArray) -> Iterator[Remark]:
    """Whether rows without END may be cut short: not where NPOINTS fits, or LASTX fits with DELTAX."""
    if found.points is not None:  # `axis` has counted them
        yield _WHOLE_WITHOUT_END
    elif found.last_x is None or found.delta_x is None:
        yield warning(
            "no_end", "The table is not closed by ##END and the file does not say how long it is; it may be cut short."
        )
    elif abs(x[-1] - found.last_x) > abs(x[-1] - x[0]) / x.size:
        text = f"The header says the last x is {found.last_x:g}, the data end at {x[-1]:g} without ##END; they may be cut short."
        yield warning("no_end", text)


def _gaps(y: FloatArray) -> Iterator[Remark]:
    gaps = int(np.isnan(y).sum())
    if gaps:
        yield warning("missing_points", f"{gaps} points are marked as missing and were left out.")


def _range(found: Numbers, x: FloatArray, slack: float) -> Iterator[Remark]:
    """MAXX and MINX against the axis; 0 stands for an end that is not known."""
    ends = (("highest", found.max_x, float(np.nanmax(x))), ("lowest", found.min_x, float(np.nanmin(x))))
    for word, stated, value in ends:
        if stated and np.isfinite(stated) and abs(stated - value) > slack:
            yield warning("extreme_x", f"The header says the {word} x is {stated:g}, the data say {value:g}.")


def _extremes(found: Numbers, y: FloatArray) -> Iterator[Remark]:
    """MAXY and MINY against the values. Some programs give them in per cent, some write 0 for a minimum they do not know."""
    if not np.isfinite(y).any():
        return
    lowest, highest = float(np.nanmin(y)), float(np.nanmax(y))
    slack = abs(found.y_factor) + 0.02 * (highest - lowest)
    extremes = (("highest", found.max_y, highest), ("lowest", found.min_y, lowest))
    stated = [(word, end, value) for word, end, value in extremes if end and np.isfinite(end)]
    scales = (1, 100) if highest <= FRACTION else (1,)  # the same for both
    wrong = min(([e for e in stated if abs(e[1] / scale - e[2]) > slack] for scale in scales), key=len)
    for word, end, value in wrong:
        yield warning("extreme_y", f"The header says the {word} y is {end:g}, the data say {value:g}.")


def _is_lowest(found: Numbers, y: FloatArray, slack: float) -> bool:
    """Some programs (Shimadzu's) write MINY without its decimals as FIRSTY: MINY is held against the values instead."""
    if found.min_y is None or found.first_y != float(np.trunc(found.min_y)):
        return False
    return abs(float(np.nanmin(y)) - found.min_y) <= slack


def pair_remarks(found: Numbers, x: FloatArray, y: FloatArray, line: int, *, ended: bool) -> Iterator[Remark]:
    """What the header of an (XY..XY) table says of its points. Fewer than NPOINTS and no END is a file cut short: CorruptFile."""
    if x.size:
        yield from _ends(found, x, y)
        yield from _range(found, x, WHOLE_MASS)
    yield from _extremes(found, y)
    yield from _gaps(y)
    if found.points is None:
        if not ended:
            yield warning("no_end", "The table is not closed by ##END; it may be cut short.")
        return
    if x.size < found.points and not ended:
        raise CorruptFile(
            f"The header promises {found.points:,.0f} points, the data hold {x.size:,} and no end, so the file is cut short.",
            code="point_count",
            line=line,
        )
    mismatch = count_remark(found.points, x.size, "points")
    if mismatch:
        yield mismatch
    elif not ended:
        yield _WHOLE_WITHOUT_END


def _ends(found: Numbers, x: FloatArray, y: FloatArray) -> Iterator[Remark]:
    """FIRSTX, LASTX and FIRSTY; 0 stands for the end of a range in mass spectra (NIST)."""
    span = max(float(np.nanmax(x) - np.nanmin(x)), abs(found.x_factor))
    tall = max(float(np.nanmax(np.abs(y))), abs(found.y_factor)) if np.isfinite(y).any() else np.inf
    for code, word, stated, value, scale in (
        ("first_x", "first x", found.first_x, x[0], span),
        ("last_x", "last x", found.last_x, x[-1], span),
        ("first_y", "first y", found.first_y, y[0], tall),
    ):
        if stated and abs(stated - value) > _APART * scale:
            yield warning(code, f"The header says the {word} is {stated:g}, the data say {value:g}.")

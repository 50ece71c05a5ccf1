"""How a text table is written: which delimiter, which decimal mark; decided by trial, asked when two fit.

`csv.Sniffer` is not used: it guesses from character counts and knows no decimal comma. Imports nothing
above `instruments.errors` and numpy.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from math import isnan
from operator import methodcaller

import numpy as np

from ..errors import AmbiguousText, Choice, CorruptFile, TooLarge
from ..validate import direction

SPACE = "space"
MOST_CELLS = 1_000  # of one line; the limit for columns is stricter and applies later
_PLAIN = re.compile(r"[\d.eE+\-,;|\t \n]*")
MISSING = frozenset({"", "-", "--", "---", "n.a.", "n.a", "na", "n/a", "none", "null", "#n/a"})
NOT_FINITE = r"[+-]?(?:nan|inf|infinity|1\.#inf|1\.#qnan)|#(?:num!|div/0!|value!|zahl!)"
_BLANK_GROUPS = "[ \u00a0\u202f\u2007\u2009'\u2019]"  # what separates thousands besides the point and the comma
_NARROW_GROUP = re.compile("(?<=\\d)[\u00a0\u202f\u2007\u2009](?=\\d{3}(?!\\d))")
# Thousands marked by the comma that separates the columns.
_GROUPED = re.compile(r'"\s*[+-]?[1-9]\d{0,2}(?:,\d{3})+\.\d*\s*"')
_GROUPED_WHOLE = re.compile(r'(?<![\d"])\d+\.\d*,"[+-]?[1-9]\d{0,2}(?:,\d{3})+"|"[+-]?[1-9]\d{0,2}(?:,\d{3})+",\d+\.\d')
_UNGROUPED, _QUOTED_POINT = re.compile(r'"[+-]?\d{4,}(?:\.\d*)?"'), re.compile(r'"[+-]?\d{1,3}\.\d')
# A minus of typography in front of a number, and a power of ten as people write it.
_MINUS = re.compile(r"(?<![^\s,;|\"(^*eE])[\u2212\u2010\u2011\u2012\u2013\ufe63\uff0d](?=[\d.,])")
_POWER = re.compile(
    r"(?<=[\d.,])\s?[\u00d7xX*\u00b7\u22c5\u2219]\s?10(?:(?:\^|\*\*)\(?([+-]?\d{1,3})\)?|([\u207a\u207b]?[\u00b9\u00b2\u00b3\u2070\u2074-\u2079]{1,3}))"
)
_SUPERSCRIPTS = str.maketrans(
    "\u207a\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079", "+-0123456789"
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """`delimiter` is one character or "space" (any run of blanks); `thousands` is '' , '.' or ','.

    `paired` marks the comma–comma form in which two fields make one number: 3700,5,0,12 is (3700.5, 0.12).
    """

    delimiter: str
    decimal: str
    thousands: str = ""
    paired: bool = False

    def cells(self, line: str, number: int = 0) -> list[str]:
        """The fields of a line, unquoted and stripped. Raises CorruptFile when a quoted number never ends."""
        if self.delimiter == SPACE:
            return _NARROW_GROUP.sub("", line.replace('"', "")).split()
        parts = line.split(self.delimiter) if '"' not in line else _quoted(line, self.delimiter, number)
        parts = [p.strip() for p in parts]
        return _join_pairs(parts) if self.paired else parts

    def number(self, cell: str) -> float | None:
        """The value of a field: NaN if it is marked as missing, ±inf if it says it is not finite, else None."""
        if self.decimal == "." and not self.thousands and "0" <= cell[:1] <= "9" and "_" not in cell:
            with suppress(ValueError):  # most cells of most files
                return float(cell)
        if _pattern(self.decimal, self.thousands).fullmatch(cell):
            bare = re.sub(_BLANK_GROUPS, "", cell)
            if self.thousands:
                bare = bare.replace(self.thousands, "")
            bare = bare.replace(self.decimal, ".").replace("d", "e").replace("D", "e")
            return float(bare)
        lowered = cell.lower()
        if lowered in MISSING:
            return float("nan")
        return float("inf") if re.fullmatch(NOT_FINITE, lowered) else None

    def row(self, line: str, number: int = 0) -> list[float] | None:
        """The numbers of a line, or None if it is not a row of at least two numbers.

        Raises TooLarge on a row of more columns than any table has, before they are looked at one by one.
        """
        plain = self._plain(line)
        if plain is not None:
            parts = plain.split() if self.delimiter == SPACE else plain.split(self.delimiter)
            if len(parts) <= MOST_CELLS:
                try:
                    return list(map(float, parts)) if len(parts) >= 2 else None
                except ValueError:  # an empty cell, a mark for missing values, two signs …
                    pass
        cells = self.cells(line, number)
        if len(cells) > MOST_CELLS and all(self.number(c) is not None for c in cells[:3]):
            raise TooLarge(
                f"Line {number} has {len(cells):,} columns, more than are allowed.",
                code="too_many_columns",
                line=number,
            )
        values = []
        for cell in cells:
            value = self.number(cell)
            if value is None:
                return None
            values.append(value)
        return values if sum(not isnan(v) for v in values) >= 2 else None

    def rows(self, lines: Sequence[str], width: int) -> array[float] | None:
        """All numbers of consecutive rows, one after the other; None unless each is `width` bare numbers, as `row` reads."""
        joined = self._plain("\n".join(lines))
        if joined is None:
            return None
        if self.delimiter == SPACE:
            counts = set(map(len, map(str.split, lines)))
        else:
            counts = {1 + n for n in map(methodcaller("count", self.delimiter), lines)}
            joined = joined.replace("\n", self.delimiter)
        if counts != {width} or width < 2:
            return None
        try:
            return array("d", map(float, joined.split(None if self.delimiter == SPACE else self.delimiter)))
        except ValueError:
            return None

    def _plain(self, text: str) -> str | None:
        """Text of bare numbers, ready for `float`; None where only `number` knows what they mean."""
        if self.thousands or self.paired or _PLAIN.fullmatch(text) is None:
            return None
        if self.decimal == ",":
            return None if "." in text else text.replace(",", ".")
        return text

    def __str__(self) -> str:
        names = {"\t": "tab", SPACE: "blanks", ",": "comma", ";": "semicolon", "|": "bar"}
        mark = "comma" if self.decimal == "," else "point"
        return f"columns separated by {names[self.delimiter]}, decimal {mark}"


def plain_numbers(line: str) -> str:
    """A line in which a number has an ASCII minus and an E before its power of ten: −1.5 × 10⁻³ becomes -1.5e-3."""
    if line.isascii() and "^" not in line and "**" not in line:
        return line
    return _POWER.sub(_power, _MINUS.sub("-", line))


def _power(match: re.Match[str]) -> str:
    return "e" + (match[1] or match[2].translate(_SUPERSCRIPTS))


@lru_cache(maxsize=16)
def _pattern(decimal: str, thousands: str) -> re.Pattern[str]:
    mark = re.escape(decimal)
    group = rf"(?:{re.escape(thousands)}|{_BLANK_GROUPS})" if thousands else _BLANK_GROUPS
    grouped = rf"[1-9]\d{{0,2}}(?:{group}\d{{3}})+(?:{mark}\d*)?"
    return re.compile(rf"[+-]?(?:{grouped}|\d+(?:{mark}\d*)?|{mark}\d+)(?:[eEdD][+-]?\d{{1,4}})?")


def _quoted(line: str, delimiter: str, number: int) -> list[str]:
    """Split a line with quoted fields; a quote inside a field is doubled (RFC 4180, one line per record)."""
    cells: list[str] = []
    rest = line
    while True:
        stripped = rest.lstrip(" ")
        if stripped.startswith('"'):
            match = re.match(r'"((?:[^"]|"")*)" *', stripped)
            if match is None:
                if re.match(r'"\s*[-+\d]', stripped):
                    raise CorruptFile(
                        f"A quotation mark opens on line {number} and never closes.",
                        code="unclosed_quote",
                        line=number or None,
                    )
                return [*cells, stripped.strip('"')]
            cells.append(match.group(1).replace('""', '"'))
            rest = stripped[match.end() :]
            if not rest.startswith(delimiter):
                return cells
            rest = rest[1:]
        else:
            cell, found, rest = rest.partition(delimiter)
            cells.append(cell)
            if not found:
                return cells


def _join_pairs(parts: list[str]) -> list[str]:
    if len(parts) % 2 or not all(re.fullmatch(r"[+-]?\d+", p) for p in parts):
        return parts
    return [f"{a},{b}" for a, b in zip(parts[::2], parts[1::2], strict=True)]


def _quotes_thousands(lines: Sequence[tuple[int, str]], sample: Sequence[tuple[int, str]]) -> bool:
    """Whether a table of commas has "1,234.5" in quotes, as spreadsheets write it, or "1,234" beside a number with a point.

    Not where another number in quotes lacks the mark, nor where "1,234" may be a damaged "1.234".
    """
    if not any('"' in line for _, line in sample):
        return False
    quoted = "\n".join(line for _, line in lines if '"' in line)
    if _UNGROUPED.search(quoted):
        return False
    return bool(_GROUPED.search(quoted) or (_GROUPED_WHOLE.search(quoted) and not _QUOTED_POINT.search(quoted)))


def _hypotheses(
    sample: Sequence[tuple[int, str]], decimal: str | None, delimiter: str | None, *, quotes_thousands: bool
) -> list[Dialect]:
    text = "\n".join(line for _, line in sample)
    found = []
    for separator in ("\t", ";", ",", "|", SPACE):
        if (separator != SPACE and separator not in text) or (delimiter and separator != delimiter):
            continue
        for mark, group in ((".", ""), (",", ""), (".", ","), (",", ".")):
            if decimal and mark != decimal:
                continue
            if separator == "," and mark == "." and (group == ",") != quotes_thousands:
                continue
            if mark == separator and '"' not in text:
                if decimal == ",":  # a person said so: two fields make one number
                    found.append(Dialect(separator, mark, paired=True))
                continue
            found.append(Dialect(separator, mark, group))
    return found


@dataclass(frozen=True, slots=True)
class _Trial:
    dialect: Dialect
    rows: int
    values: tuple[tuple[float, ...], ...]

    @property
    def ordered(self) -> bool:
        """Whether a first or second column rises or falls throughout, as an axis does."""
        table = np.array(self.values)
        return any(direction(table[:, i]) != 0 for i in range(min(2, table.shape[1])))


def _try(dialect: Dialect, sample: Sequence[tuple[int, str]]) -> _Trial | None:
    rows = [tuple(r) for n, line in sample if (r := dialect.row(line, n)) is not None]
    if not rows:
        return None
    width = Counter(len(r) for r in rows).most_common(1)[0][0]
    kept = tuple(r for r in rows if len(r) == width)
    return _Trial(dialect, len(kept), kept)


def sample_of(lines: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    """All lines of a short file; of a long one the beginning, three stretches and the end."""
    if len(lines) <= 800:
        return list(lines)
    quarters = [len(lines) * i // 4 for i in (1, 2, 3)]
    picked = list(lines[:300])
    for start in quarters:
        picked += lines[max(300, start) : start + 100]
    return picked + list(lines[-100:])


def find_dialect(
    lines: Sequence[tuple[int, str]], decimal: str | None, delimiter: str | None, columns: int
) -> Dialect | None:
    """The one dialect that makes most lines rows of numbers; None if none does.

    Raises AmbiguousText when two dialects read the same rows as different numbers and nothing decides, unless all have more
    than `columns`.
    """
    sample = sample_of(lines)
    tried = _hypotheses(sample, decimal, delimiter, quotes_thousands=_quotes_thousands(lines, sample))
    trials = [t for d in tried if (t := _try(d, sample)) is not None]
    if not trials:
        return None
    most = max(t.rows for t in trials)
    best = [t for t in trials if t.rows >= 0.98 * most]
    distinct: dict[tuple[tuple[float, ...], ...], _Trial] = {}
    for trial in best:  # the order of _hypotheses is the preference among dialects that read the same numbers
        distinct.setdefault(_numbers(trial), trial)
    left = list(distinct.values())
    if len(left) > 1:
        left = [t for t in left if t.ordered] or left
    if len(left) > 1:
        left = _without_needless_thousands(left)
    if len(left) > 1:
        if all(len(t.values[0]) > columns for t in left):  # no answer would help
            return left[0].dialect
        raise _ask([t.dialect for t in left], sample)
    return _comma_comma(left[0], sample, lines, decimal)


def _numbers(trial: _Trial) -> tuple[tuple[float, ...], ...]:
    """What a trial reads, without columns that are empty throughout: two tabs for one are the same as one."""
    empty = {i for i in range(len(trial.values[0])) if all(isnan(row[i]) for row in trial.values)}
    return tuple(tuple(-9e99 if isnan(v) else v for i, v in enumerate(r) if i not in empty) for r in trial.values)


def _without_needless_thousands(trials: list[_Trial]) -> list[_Trial]:
    """Prefer 3,005 as a decimal (a GC run after its solvent delay) to 3005 when both read every row in order.

    A thousands mark that is needed (1.234,5, or an axis that only then is in order) has won before this.
    """
    return [t for t in trials if not t.dialect.thousands] or trials


def _ask(dialects: Sequence[Dialect], sample: Sequence[tuple[int, str]]) -> AmbiguousText:
    number, line = next((n, text) for n, text in sample if dialects[0].row(text) is not None)
    choices = tuple(Choice(f"{d}: {d.row(line)}", {"decimal": d.decimal, "delimiter": d.delimiter}) for d in dialects)
    return AmbiguousText(
        f"Line {number} ({line.strip()[:60]!r}) can be read in {len(choices)} ways.",
        choices=choices,
        code="ambiguous_decimal",
        line=number,
    )


def _comma_comma(
    trial: _Trial, sample: Sequence[tuple[int, str]], lines: Sequence[tuple[int, str]], decimal: str | None
) -> Dialect:
    """The tie in which a comma may be the separator or the decimal mark: whole numbers with commas only."""
    dialect = trial.dialect
    rows = [line for n, line in sample if dialect.row(line, n) is not None]
    if dialect.delimiter != "," or dialect.decimal == "," or any("." in r or '"' in r for r in rows):
        return dialect
    width = len(trial.values[0])
    header = _header_width(lines, dialect)
    pairs = Dialect(",", ",", paired=True)
    if header == width or decimal == ".":
        return dialect
    if width % 2 == 0 and width >= 4 and header == width // 2:
        return pairs
    fractions = [part for row in rows for part in row.split(",")[1:]]
    fixed = len({len(f.strip()) for f in fractions}) == 1 and len(fractions[0].strip()) > 1
    zero = any(re.match(r"\s*0\d", f) for f in fractions)
    if zero or fixed or width >= 4:
        raise _ask_comma(dialect, width, rows[0], next(n for n, line in sample if line == rows[0]))
    return dialect


def _ask_comma(dialect: Dialect, width: int, line: str, number: int) -> AmbiguousText:
    choices = [Choice(f"{width} columns separated by commas", {"decimal": ".", "delimiter": ","})]
    if width % 2 == 0 and width >= 4:
        choices.append(Choice(f"{width // 2} columns with a decimal comma", {"decimal": ",", "delimiter": ","}))
    return AmbiguousText(
        f"Line {number} ({line.strip()[:40]!r}): the comma may separate columns or be a decimal comma.",
        choices=tuple(choices),
        code="ambiguous_decimal",
        line=number,
        hint="If it is a decimal comma, export again with tab or semicolon between the columns.",
    )


def _header_width(lines: Sequence[tuple[int, str]], dialect: Dialect) -> int:
    """How many named columns the last line of words before the numbers has; 0 if there is none."""
    words = ""
    for number, line in lines[:1000]:
        if dialect.row(line, number) is not None:
            break
        words = line if line.strip() else words
    cells = [c for c in dialect.cells(words) if c]
    return len(cells) if any(re.search(r"[^\W\d]", c) for c in cells) else 0

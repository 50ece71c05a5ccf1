"""Accuracy of the answers on the development sets: one `Row` per figure, with how many readings stand behind it.

Figures are printed, never written here. Every module beside this one has `rows(data) -> list[Row]`; `data` is the shared
data folder. Imports the standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass

Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Row:
    """One measured figure. `bar` is the row of the design's table ("A1"), `what` the figure in words.

    `value` as measured over `n` readings (or compounds). `target` is what the bar asks, None where it asks nothing;
    `at_most` turns it round. `cross_validated` says that nothing fitted saw the compound of the reading; `share` that
    `value` is a share of `n`, so that an interval can be printed. `note` is one short remark.
    """

    bar: str
    what: str
    value: float
    n: int
    target: float | None = None
    at_most: bool = False
    cross_validated: bool = False
    share: bool = True
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the bar is reached; None where there is none."""
        if self.target is None:
            return None
        return self.value <= self.target if self.at_most else self.value >= self.target

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % Wilson interval of a share (doi:10.1080/01621459.1927.10502953); None for other figures."""
        return wilson(self.value * self.n, self.n) if self.share and self.n else None


def wilson(hits: float, n: int, z: float = Z95) -> tuple[float, float]:
    """Score interval of `hits` out of `n`.

    >>> [round(x, 3) for x in wilson(9, 10)]
    [0.596, 0.982]
    """
    p = hits / n
    middle, spread = p + z * z / (2 * n), z * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
    scale = 1 + z * z / n
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def table(rows: list[Row]) -> str:
    """The rows as a table in plain text.

    >>> print(table([Row("A1", "top-1", 0.9, 10, 0.8)]))
    bar  figure  value  n   95 %          asked   reached  note
    A1   top-1   0.900  10  0.596-0.982   >= 0.8  yes
    """
    head = ["bar", "figure", "value", "n", "95 %", "asked", "reached", "note"]
    lines = [head, *([*_cells(row)] for row in rows)]
    widths = [max(len(line[k]) for line in lines) + 2 for k in range(len(head))]
    widths[4] = max(widths[4], 14)
    return "\n".join("".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines)


def _cells(row: Row) -> list[str]:
    bounds = row.interval
    asked = "" if row.target is None else f"{'<=' if row.at_most else '>='} {row.target:g}"
    reached = "" if row.met is None else "yes" if row.met else "NO"
    what = row.what + (" (cross-validated)" if row.cross_validated else "")
    shown = "" if bounds is None else f"{bounds[0]:.3f}-{bounds[1]:.3f}"
    return [row.bar, what, f"{row.value:.3f}", str(row.n), shown, asked, reached, row.note]

"""Which rows may stand: cells are widened until k samples share every described column, the rest is left out. Pure.

Local recoding, cheapest step first: cells that are large enough stay as they are, the rest is widened together, and
again, until it is large enough or nothing is left to widen. All samples with the same description are treated alike,
so whoever knows one of them finds k or more rows it may be, or none. Sweeney 2002 (doi:10.1142/S021848850200165X).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.figures.exports.domain import K, Tell, tell_nobody
from app.figures.exports.ladders import LEFT_OUT, STEPS, Step, Words, cost, widened
from app.figures.exports.records import Known, Record

Cell = tuple[Known, str]


@dataclass(frozen=True, slots=True)
class Placement:
    """Where every sample went. `groups`: description → its samples; `steps`: sample → how far it was widened."""

    groups: dict[Known, list[Record]]
    steps: dict[str, Step]
    left_out: int

    @property
    def loss(self) -> float:
        """Mean cost over all samples, 0 to 1; one that was left out costs 1."""
        n = len(self.steps) + self.left_out
        return (sum(map(cost, self.steps.values())) + LEFT_OUT * self.left_out) / n if n else 0.0


def place(records: Iterable[Record], words: Words, k: int = K, tell: Tell = tell_nobody) -> Placement:
    """Put samples into groups of k or more whose rows do not all hold the same.

    A group whose rows are all alike is widened like one that is too small: being found in it would tell what was in
    the sample. Only where nothing is left to widen it stands, and its findings are withheld (see `protecting`).
    """
    waiting = _cells(records)
    groups: dict[Known, list[Record]] = {}
    steps: dict[str, Step] = {}
    ways = [*((step, True) for step in STEPS), (STEPS[-1], False)]
    for number, (step, need_two) in enumerate(ways):
        tell("Putting samples into groups", number, len(ways))
        _place_step(waiting, groups, steps, step, words, k, need_two=need_two)
    return Placement(groups, steps, sum(map(len, waiting.values())))


def _cells(records: Iterable[Record]) -> dict[Cell, list[Record]]:
    cells: dict[Cell, list[Record]] = defaultdict(list)
    for record in sorted(records, key=lambda r: (r.known, r.intent_class, r.key)):
        cells[record.known, record.intent_class].append(record)
    return dict(cells)


def _place_step(
    waiting: dict[Cell, list[Record]],
    groups: dict[Known, list[Record]],
    steps: dict[str, Step],
    step: Step,
    words: Words,
    k: int,
    *,
    need_two: bool,
) -> None:
    wider: dict[Known, list[Cell]] = defaultdict(list)
    for cell in waiting:
        wider[widened(*cell, step, words)].append(cell)
    for known, cells in wider.items():
        enough = known in groups or sum(len(waiting[cell]) for cell in cells) >= k
        if not enough or not (known in groups or not need_two or _differ(waiting[cell] for cell in cells)):
            continue
        for cell in cells:
            members = waiting.pop(cell)
            groups.setdefault(known, []).extend(members)
            steps.update((record.key, step) for record in members)


def _differ(parts: Iterable[Sequence[Record]]) -> bool:
    """Whether two of these samples held different things."""
    names = (record.names for part in parts for record in part)
    first = next(names)
    return any(other != first for other in names)

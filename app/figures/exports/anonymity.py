"""Which rows may stand: cells are widened until k samples share every described column, the rest is left out. Pure.

Local recoding, cheapest step first: cells that are large enough stay as they are, the rest is widened together, and
again, until it is large enough or nothing is left to widen. All samples with the same description are treated alike,
so whoever knows one of them finds k or more rows it may be, or none. Sweeney 2002 (doi:10.1142/S021848850200165X).

The cost of a step is a share of what a row describes: 0 as it was handed in, 1 left out. The weights are a decision, not a
measurement: what was expected and when carry most questions, the colour fewest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import NamedTuple

from app.figures.exports.domain import NOT_RECORDED, NOTHING, OTHER, WITHHELD, K, Known, Record, Tell, tell_nobody
from harm_messages import Register

KEPT = frozenset({"unknown", "mixture", OTHER, NOT_RECORDED, NOTHING, WITHHELD, ""})
"""Answers that have no class."""
LEFT_OUT = 1.0


class Step(NamedTuple):
    """How far each column is widened."""

    period: int
    form: int
    intent: int
    colour_group: int


LEVELS: dict[str, tuple[str, ...]] = {
    "period": ("month", "quarter", "year"),
    "form": ("form", "other"),
    "intent": ("substance", "class", "broader class", "other"),
    "colour_group": ("group", "other"),
}
COSTS: dict[str, tuple[float, ...]] = {
    "period": (0.0, 0.1, 0.25),
    "form": (0.0, 0.2),
    "intent": (0.0, 0.15, 0.22, 0.35),
    "colour_group": (0.0, 0.1),
}


@cache
def cost(step: Step) -> float:
    """What a row at this step has lost, 0 to 0.9."""
    return round(sum(COSTS[name][level] for name, level in step._asdict().items()), 4)


STEPS: tuple[Step, ...] = tuple(
    sorted((Step(*levels) for levels in product(*(range(len(v)) for v in LEVELS.values()))), key=lambda s: (cost(s), s))
)
"""Every way to widen, the cheapest first; ties in the order of the levels, so that the same data give the same rows."""


class Words:
    """The words an extract may use for substances: those of the register, its classes and their beginnings."""

    def __init__(self, register: Register) -> None:
        self._register = register
        parts = [name.split(".") for name in register.classes]
        self.classes = {".".join(p[:n]) for p in parts for n in range(1, len(p) + 1)}
        self._ladders: dict[tuple[str, str], tuple[str, str, str, str]] = {}

    def knows(self, word: str) -> bool:
        """Whether it may stand in a file. A name the register lacks came with a source, and may be rare for that."""
        return word in self._register or word in self._register.intents or word in self.classes or word in KEPT

    def ladder(self, word: str, drug_class: str = "") -> tuple[str, str, str, str]:
        """A substance, its class, the class above, other. A step that is no word is the next one.

        `drug_class`: of a name the register lacks.
        """
        if (word, drug_class) not in self._ladders:
            self._ladders[word, drug_class] = self._steps(word, drug_class)
        return self._ladders[word, drug_class]

    def _steps(self, word: str, drug_class: str) -> tuple[str, str, str, str]:
        if word in KEPT:
            return (word, word, word, OTHER)
        row = self._register.get(word)
        of = row.drug_class if row else word.rpartition(".")[0] or word if word in self.classes else drug_class
        broad = of.partition(".")[0]
        third = broad if broad in self.classes else OTHER
        second = of if of in self.classes else third
        return (word if self.knows(word) else second, second, third, OTHER)


@cache
def period_at(month: str, level: int) -> str:
    """2026-05 → 2026-Q2 → 2026. A sample without a day stays “not recorded”."""
    if not month or month == NOT_RECORDED:
        return NOT_RECORDED
    year, _, number = month.partition("-")
    return (month, f"{year}-Q{(int(number) + 2) // 3}", year)[level]


def widened(known: Known, intent_class: str, step: Step, words: Words) -> Known:
    """The described columns of a sample at a step."""
    return Known(
        known.region or NOT_RECORDED,
        period_at(known.period, step.period),
        OTHER if step.form else known.form or NOT_RECORDED,
        words.ladder(known.intent or NOT_RECORDED, intent_class)[step.intent],
        OTHER if step.colour_group else known.colour_group or NOT_RECORDED,
    )


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
    waiting: dict[tuple[Known, str], list[Record]] = defaultdict(list)
    for record in sorted(records, key=lambda r: (r.known, r.intent_class, r.key)):
        waiting[record.known, record.intent_class].append(record)
    groups: dict[Known, list[Record]] = {}
    steps: dict[str, Step] = {}
    ways = [*((step, True) for step in STEPS), (STEPS[-1], False)]
    for number, (step, need_two) in enumerate(ways):
        tell("Putting samples into groups", number, len(ways))
        wider: dict[Known, list[tuple[Known, str]]] = defaultdict(list)
        for cell in waiting:
            wider[widened(*cell, step, words)].append(cell)
        for known, cells in wider.items():
            large = sum(len(waiting[cell]) for cell in cells) >= k
            if known in groups or (large and (not need_two or _differ(waiting[cell] for cell in cells))):
                members = [record for cell in cells for record in waiting.pop(cell)]
                groups.setdefault(known, []).extend(members)
                steps.update((record.key, step) for record in members)
    return Placement(groups, steps, sum(map(len, waiting.values())))


def _differ(parts: Iterable[Sequence[Record]]) -> bool:
    """Whether two of these samples held different things."""
    names = (record.names for part in parts for record in part)
    first = next(names)
    return any(other != first for other in names)

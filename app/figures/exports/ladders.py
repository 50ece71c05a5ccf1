"""How each described column is widened, step by step, and what a step costs. Pure.

The cost is a share of what a row describes: 0 as it was handed in, 1 left out. The weights are a decision, not a
measurement: what was expected and when carry most questions, the colour fewest.
"""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import NamedTuple

from app.figures.exports.records import NOT_RECORDED, NOTHING, OTHER, WITHHELD, Known
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

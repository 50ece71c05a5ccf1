"""Which rows may stand, and what they may say. Pure.

Cells are widened until k samples share every described column, the rest is left out.

Local recoding, cheapest step first: cells that are large enough stay as they are, the rest is widened together, and
again, until it is large enough or nothing is left to widen. All samples with the same description are treated alike,
so anyone who knows one of them finds k or more rows it may be, or none. Sweeney 2002 (doi:10.1142/S021848850200165X).

The cost of a step is a share of what a row describes: 0 as it was handed in, 1 left out. The weights are a decision, not a
measurement: what was expected and when carry most questions, the colour fewest.

In the rows of a batch rare words are widened, amounts are bands, and a group all of one kind says nothing. Counts are rows of
the batch. Every word that is left stands in k rows or in none, so that a rare finding is no name tag; l-diversity
(Machanavajjhala 2007, doi:10.1145/1217299.1217302) with l = 2 on what was found.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import NamedTuple

from app.figures.exports import domain
from app.figures.exports.domain import Column, Drawn, K, Known, Record, Tell, tell_nobody
from app.figures.trends.domain import classes_of
from harm_messages import Register

KEPT = frozenset({"unknown", "mixture", domain.OTHER, domain.NOT_RECORDED, domain.NOTHING, domain.WITHHELD, ""})
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
        self.classes = {wider for name in register.classes for wider in classes_of(name)}
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
            return (word, word, word, domain.OTHER)
        row = self._register.get(word)
        of = row.drug_class if row else word.rpartition(".")[0] or word if word in self.classes else drug_class
        broad = of.partition(".")[0]
        third = broad if broad in self.classes else domain.OTHER
        second = of if of in self.classes else third
        return (word if self.knows(word) else second, second, third, domain.OTHER)


@cache
def period_at(month: str, level: int) -> str:
    """2026-05 → 2026-Q2 → 2026. A sample without a day stays “not recorded”."""
    if not month or month == domain.NOT_RECORDED:
        return domain.NOT_RECORDED
    year, _, number = month.partition("-")
    return (month, f"{year}-Q{(int(number) + 2) // 3}", year)[level]


def widened(known: Known, intent_class: str, step: Step, words: Words) -> Known:
    """The described columns of a sample at a step."""
    return Known(
        known.region or domain.NOT_RECORDED,
        period_at(known.period, step.period),
        domain.OTHER if step.form else known.form or domain.NOT_RECORDED,
        words.ladder(known.intent or domain.NOT_RECORDED, intent_class)[step.intent],
        domain.OTHER if step.colour_group else known.colour_group or domain.NOT_RECORDED,
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
    the sample. Only where nothing is left to widen it stands, and its findings are withheld (see `settled`).
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


Ladders = Mapping[str, tuple[str, ...]]
Cells = list[frozenset[str]]
HIDDEN = frozenset({domain.WITHHELD})

EDGES: dict[str, tuple[float, ...]] = {
    "percent_ww": (0, 10, 20, 30, 40, 50, 60, 70, 80, 90),
    "mg_per_unit": (0, 25, 50, 75, 100, 125, 150, 175, 200, 250, 300),
    "mg_per_ml": (0, 1, 5, 10, 25, 50, 100, 250),
    "ug_per_blotter": (0, 25, 50, 75, 100, 125, 150, 200, 250, 300),
}
"""Lower edges of bands; the last one is open. A unit that is not here is not shown (a ratio has no scale)."""
UNIT_WORDS = {
    "percent_ww": "% w/w", "mg_per_unit": "mg/unit", "mg_per_ml": "mg/mL", "ug_per_blotter": "µg/blotter",
}  # fmt: skip


def words_shown(rows: Iterable[Collection[str]], ladders: Ladders, k: int) -> dict[str, str]:
    """Each word → the word it is shown as, such that every word shown stands in k rows. There are k rows or none.

    `ladders`: word → itself, wider words, `other`. Words in fewer than k rows climb; where `other` itself is rare, the
    rarest word that is left joins it.
    """
    rows = list(rows)
    at = dict.fromkeys(ladders, 0)

    def shown(word: str) -> str:
        return ladders[word][min(at[word], len(ladders[word]) - 1)]

    while True:
        count = Counter(label for row in rows for label in {shown(word) for word in row})
        rare = {label for label, n in count.items() if n < k}
        if climbing := rare - {domain.OTHER}:
            at.update((word, at[word] + 1) for word in ladders if shown(word) in climbing)
        elif rare and len(count) > 1:
            joining = min((n, label) for label, n in count.items() if label != domain.OTHER)[1]
            at.update((word, len(ladders[word])) for word in ladders if shown(word) == joining)
        else:
            return {word: shown(word) for word in ladders}


def protected(
    groups: Mapping[Known, Sequence[Record]], columns: Collection[Column], words: Words, k: int = K
) -> list[Drawn]:
    """Rows of a fresh batch, in no order that means anything."""
    records = {record.key: record for members in groups.values() for record in members}
    classes = {f.name: f.drug_class for record in records.values() for f in record.found}
    drawn = [
        Drawn(
            record.key,
            known,
            frozenset(words.ladder(name, classes.get(name, ""))[0] for name in record.names),
            {},
            (record.verdict or domain.NOT_RECORDED) if Column.VERDICT in columns else "",
            ("; ".join(sorted(record.methods)) or domain.NOT_RECORDED) if Column.METHODS in columns else "",
        )
        for known, members in groups.items()
        for record in members
    ]
    rows = settled(drawn, words, k)
    return _with_bands(rows, records, k) if Column.AMOUNTS in columns else rows


def settled(drawn: Sequence[Drawn], words: Words, k: int = K) -> list[Drawn]:
    """Widen what is rare and withhold what is all alike in a group, until neither is left. It only ever says less."""
    groups = [row.known for row in drawn]
    found = _settled([row.found for row in drawn], groups, set(), words, k)
    silent = {known for known, cell in zip(groups, found, strict=True) if cell == HIDDEN}
    verdicts = _settled([frozenset({row.verdict}) for row in drawn], groups, silent, None, k)
    ways = words_shown(({row.methods} for row in drawn), {row.methods: (row.methods, domain.OTHER) for row in drawn}, k)
    rows = [
        replace(
            row,
            found=cell,
            amounts={name: band for name, band in row.amounts.items() if name in cell},
            verdict=row.verdict and next(iter(verdict)),
            methods=ways[row.methods],
        )
        for row, cell, verdict in zip(drawn, found, verdicts, strict=True)
    ]
    count = Counter(pair for row in rows for pair in row.amounts.items())
    return [replace(row, amounts={n: band for n, band in row.amounts.items() if count[n, band] >= k}) for row in rows]


def _settled(cells: Cells, groups: Sequence[Known], silent: set[Known], words: Words | None, k: int) -> Cells:
    """One column: a set of words per row. Without `words` a rare word is other at once; `silent` groups say nothing."""
    while True:
        cells = [HIDDEN if known in silent else cell for known, cell in zip(groups, cells, strict=True)]
        telling = [cell for cell in cells if cell != HIDDEN]
        every = sorted({word for cell in telling for word in cell})
        ladders = {word: words.ladder(word) if words else (word, domain.OTHER) for word in every}
        shown = words_shown(telling, ladders, k)
        cells = [cell if cell == HIDDEN else frozenset(shown[word] for word in cell) for cell in cells]
        kinds: dict[Known, set[frozenset[str]]] = defaultdict(set)
        for known, cell in zip(groups, cells, strict=True):
            kinds[known].add(cell)
        alike = {known for known, there in kinds.items() if len(there) == 1} - silent
        if not alike:
            return cells
        silent = silent | alike


def _with_bands(rows: Sequence[Drawn], records: Mapping[str, Record], k: int) -> list[Drawn]:
    """Bands of the amounts of what a row names: one unit and basis each, and k rows in every band."""
    measured: dict[tuple[str, str, str], list[tuple[str, float]]] = defaultdict(list)
    for row in rows:
        for item in records[row.key].found:
            if item.amount is not None and item.name in row.found:
                measured[item.name, item.unit, item.basis].append((row.key, item.amount))
    amounts: dict[str, dict[str, str]] = defaultdict(dict)
    for (name, unit, basis), pairs in measured.items():
        for (key, _), band in zip(pairs, bands_of([amount for _, amount in pairs], unit, k), strict=True):
            if band:
                amounts[key][name] = f"{band}, {basis or domain.NOT_RECORDED}"
    return [replace(row, amounts=amounts.get(row.key, {})) for row in rows]


def bands_of(amounts: Sequence[float], unit: str, k: int) -> list[str]:
    """The band of each amount, neighbours joined until each holds k samples.

    "" for all where fewer than k were measured or the unit has no bands.
    """
    edges = EDGES.get(unit)
    if edges is None or len(amounts) < k:
        return [""] * len(amounts)
    which = [max(0, bisect_right(edges, amount) - 1) for amount in amounts]
    starts = _joined(Counter(which), len(edges), k)
    return [_words(edges, starts, bisect_right(starts, index) - 1, unit) for index in which]


def _joined(counts: Counter[int], n: int, k: int) -> list[int]:
    """First edges of bands that hold k amounts each, from below; what is left above joins the last one."""
    starts, held = [0], 0
    for index in range(n):
        held += counts[index]
        if held >= k and sum(counts[above] for above in range(index + 1, n)) >= k:
            starts.append(index + 1)
            held = 0
    return starts


def _words(edges: Sequence[float], starts: Sequence[int], position: int, unit: str) -> str:
    low = edges[starts[position]]
    if position + 1 == len(starts):
        return f"{low:g} or more {UNIT_WORDS[unit]}" if low else f"any amount {UNIT_WORDS[unit]}"
    return f"{low:g} to under {edges[starts[position + 1]]:g} {UNIT_WORDS[unit]}"

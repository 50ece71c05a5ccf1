"""What the rows of a batch may say: rare words are widened, amounts are bands, a group all of one kind says nothing.

Pure. Counts are rows of the batch. Every word that is left stands in k rows or in none, so that a rare finding is
no name tag; l-diversity (Machanavajjhala 2007, doi:10.1145/1217299.1217302) with l = 2 on what was found.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from app.figures.exports.anonymity import Words
from app.figures.exports.domain import NOT_RECORDED, OTHER, WITHHELD, Column, Drawn, K, Known, Record

Ladders = Mapping[str, tuple[str, ...]]
Cells = list[frozenset[str]]
HIDDEN = frozenset({WITHHELD})

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
        if climbing := rare - {OTHER}:
            at.update((word, at[word] + 1) for word in ladders if shown(word) in climbing)
        elif rare and len(count) > 1:
            joining = min((n, label) for label, n in count.items() if label != OTHER)[1]
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
            (record.verdict or NOT_RECORDED) if Column.VERDICT in columns else "",
            ("; ".join(sorted(record.methods)) or NOT_RECORDED) if Column.METHODS in columns else "",
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
    ways = words_shown(({row.methods} for row in drawn), {row.methods: (row.methods, OTHER) for row in drawn}, k)
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
        ladders = {word: words.ladder(word) if words else (word, OTHER) for word in every}
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
                amounts[key][name] = f"{band}, {basis or NOT_RECORDED}"
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

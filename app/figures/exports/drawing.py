"""The next extract of a project from the samples there are now and from where they stood before. Pure.

Every extract adds one batch: the samples that were in no earlier one, made k-anonymous by themselves. Rows of earlier
batches stay as they were published. So of two extracts subtracted from each other the difference is a batch, or rows
that left k at a time. (Byun et al. 2006, doi:10.1007/11844662_4, on data sets that grow.)
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from app.figures.exports.anonymity import LEVELS, Placement, Words, place, protected, settled
from app.figures.exports.domain import METHOD_VERSION, Column, Drawn, K, Known, Record, Tell, tell_nobody


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a sample stands since the extract `batch`. `digest`: what it was drawn from. `row` is None: it stays out."""

    batch: int
    digest: str
    row: Drawn | None


@dataclass(frozen=True, slots=True)
class NextExtract:
    """The next extract. `added`: rows of the new batch; `stay_out`, `forgotten`: keys of samples whose rows left."""

    rows: list[Drawn]
    added: list[tuple[Record, Drawn]]
    stay_out: set[str]
    forgotten: set[str]
    report: dict[str, JsonValue]

    @property
    def changed(self) -> bool:
        """Whether it differs from the one before."""
        return bool(self.added or self.stay_out or self.forgotten)


def draw(
    records: Iterable[Record],
    placed: Mapping[str, Placed],
    columns: Collection[Column],
    words: Words,
    k: int = K,
    tell: Tell = tell_nobody,
) -> NextExtract:
    """Rows of earlier batches that stay, and a batch of the samples that stand in none."""
    now = {record.key: record for record in records}
    batches: dict[int, list[Drawn]] = defaultdict(list)
    gone, forgotten = set(), set()
    for key, where in placed.items():
        if where.row is None:
            if key not in now:
                forgotten.add(key)
            continue
        batches[where.batch].append(where.row)
        if key not in now or now[key].digest != where.digest:
            gone.add(key)
    rows: list[Drawn] = []
    left: set[str] = set()
    for number, (_, batch) in enumerate(sorted(batches.items())):
        tell("Going over earlier rows", number, len(batches))
        leave = leaving(batch, gone, k)
        left |= leave
        rows += settled([row for row in batch if row.key not in leave], words, k)
    waiting = [record for key, record in now.items() if key not in placed or key in gone]
    placement = place(waiting, words, k, tell)
    tell("Widening rare words", 0, 0)
    fresh = protected(placement.groups, columns, words, k)
    return NextExtract(
        [*rows, *fresh],
        [(now[row.key], row) for row in fresh],
        left - gone,
        gone | forgotten,
        _report([*rows, *fresh], placement, waiting=len(waiting), left=len(left)),
    )


def leaving(rows: Iterable[Drawn], gone: Collection[str], k: int = K) -> set[str]:
    """Keys of the rows of one batch that leave with `gone`: k or more of a group, or the whole group.

    Samples are withdrawn and results amended one at a time. A row that is missing from the next extract would be that
    sample's. So it goes together with others of its group, and those stay out of the project for good: two extracts
    subtracted show k rows and never one.
    """
    groups: dict[Known, list[Drawn]] = defaultdict(list)
    for row in rows:
        groups[row.known].append(row)
    out: set[str] = set()
    for members in groups.values():
        lost = [row for row in members if row.key in gone]
        if not lost:
            continue
        stay = [row for row in members if row.key not in gone]
        peers = max(k - len(lost), int(_alike(lost)))
        leave = members if len(stay) - peers < k else (*lost, *_company(lost, stay, peers))
        out.update(row.key for row in leave)
    return out


def _company(lost: Sequence[Drawn], stay: Sequence[Drawn], peers: int) -> list[Drawn]:
    """Those that go along, by a hash of their secret keys; one that differs first, or the set would tell."""
    ranked = sorted(stay, key=lambda row: hashlib.sha256(row.key.encode()).digest())
    if peers and _alike(lost):
        first = next((row for row in ranked if row.found != lost[0].found), ranked[0])
        ranked.sort(key=lambda row: row is not first)  # stable: the others stay in the order of their hashes
    return ranked[:peers]


def _alike(rows: Sequence[Drawn]) -> bool:
    return all(row.found == rows[0].found for row in rows)


def table(rows: Iterable[Drawn], columns: Collection[Column], seed: str) -> list[list[str]]:
    """Header and rows as they leave. The order says nothing: sorted by what they show, then shuffled by a seed.

    The shuffle ranks places by a hash, so that it is the same on every machine and with every version of Python.
    """
    shown = [column for column in Column if column in columns]
    plain = sorted([*row.known, "; ".join(sorted(row.found)), *(_cell(row, c) for c in shown)] for row in rows)
    order = sorted(range(len(plain)), key=lambda i: hashlib.sha256(f"{seed}\n{i}".encode()).digest())
    return [[*Known._fields, "found", *(c.value for c in shown)], *(plain[i] for i in order)]


def _cell(row: Drawn, column: Column) -> str:
    if column is Column.AMOUNTS:
        return "; ".join(f"{name}: {band}" for name, band in sorted(row.amounts.items()))
    return row.verdict if column is Column.VERDICT else row.methods


def _report(rows: Sequence[Drawn], placement: Placement, *, waiting: int, left: int) -> dict[str, JsonValue]:
    """What the file lost, in figures rounded to ten: exact ones would count single samples that are not in it."""
    levels: dict[str, JsonValue] = {
        column: {
            LEVELS[column][level]: _tens(n)
            for level, n in sorted(Counter(getattr(step, column) for step in placement.steps.values()).items())
        }
        for column in LEVELS
    }
    groups = {row.known: row for row in rows}
    sure = {row.known: set(row.found) for row in rows if not row.withheld}
    for row in rows:
        if not row.withheld:
            sure[row.known] &= row.found
    return {
        "method_version": METHOD_VERSION,
        "rows": len(rows),
        "groups": len(groups),
        "withheld_rows": sum(row.withheld for row in rows),
        "groups_that_share_a_finding": sum(1 for shared in sure.values() if shared),
        "new_samples": _tens(waiting),
        "new_rows_by_step": levels,
        "new_samples_left_out": _tens(placement.left_out),
        "rows_that_left": left,
        "loss_of_new_rows": round(placement.loss, 2),
    }


def _tens(n: int) -> str:
    return "none" if n == 0 else "fewer than 10" if n < 10 else f"about {10 * round(n / 10)}"

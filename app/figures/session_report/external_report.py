"""The report of a session for people outside the service: small numbers protected by the partner rule. Pure.

Each number goes through the rule of reports that are passed on (under 5 hidden, also where the rest is that small; rounded to
5; a zero only out of 10 or more). Besides that, each stands on 5 samples or more, and any two printed numbers of one kind
(samples, talks, people) stand on the same samples or on sets that differ by 5 and more, so that subtracting them tells of no
small group; nor does subtracting sums of parts from a number. What is less useful gives way: something found, then the parts
of a row, all or none of them, then the row, and last how far samples came.

The parts of the rows that are printed, and what no row holds, are pieces that together are all samples. A number is too near
them if it differs by 1 to 4 samples from any sum of pieces; a part, a row and all samples are such sums too.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set

from app.care.consultations.domain import Moment, Referral
from app.figures.session_report import contributors
from app.figures.session_report.contributors import LEAST, Contributors, few
from app.figures.session_report.counting import PARTS, ExpectedRow, Report, Talks
from app.figures.session_report.sheets import ROLE_OF, Cell, Label, Sheet, Withheld, expectation
from app.figures.trends.domain import MIN_DENOMINATOR

FEW = Withheld("hidden: too few")
PARTS_ARE_SMALL = Withheld("hidden: it would reveal too few")
"""One reason for both: one of its own would say which."""


MIN_FOR_ZERO = 10
"""None or all are told out of so many."""
Rows = Mapping[str, bool]
"""Expectations that are listed, fewest samples first, and whether their parts are printed."""


def rounded(count: int) -> int:
    """To the nearest multiple of 5, halves up."""
    return 5 * ((2 * count + 5) // 10)


def shown(part: int, whole: int) -> Cell:
    """One number out of a larger one, by that rule."""
    rest = whole - part
    if whole < LEAST or 0 < part < LEAST or 0 < rest < LEAST or (0 in (part, rest) and whole < MIN_FOR_ZERO):
        return FEW
    return min(rounded(part), rounded(whole))


def nested(counts: Sequence[tuple[str, int]]) -> list[tuple[str, Cell]]:
    """Numbers each of which is part of the one before, none told apart from another by fewer than 5.

    >>> [cell for _, cell in nested([("received", 60), ("analysed", 58), ("released", 40)])][0]
    60
    """
    out: list[tuple[str, Cell]] = []
    printed: list[int] = []
    for name, count in counts:
        first = printed[0] if printed else count
        cell = shown(count, first)
        if isinstance(cell, Withheld) or any(0 < abs(count - other) < LEAST for other in printed):
            out.append((name, FEW))
        else:
            out.append((name, cell))
            printed.append(count)
    return out


def listed(rows: Sequence[ExpectedRow]) -> list[ExpectedRow]:
    """Rows that may be printed beside their total: those left out hold 5 samples or more together, or there is none."""
    kept = sorted((r for r in rows if r.samples >= LEAST), key=lambda r: (-r.samples, r.expected))
    left_out = sum(r.samples for r in rows if r.samples < LEAST)
    while kept and 0 < left_out < LEAST:
        left_out += kept.pop().samples
    return kept


def parts(row: ExpectedRow) -> list[int] | None:
    """The row's parts, or None where one of them is too small to be printed."""
    counts = [sum(row.columns[c] for c in columns) for columns in PARTS.values()]
    small = any(0 < n < LEAST for n in counts) or (row.samples < MIN_FOR_ZERO and 0 in counts)
    return None if small else counts


def protected_sheets(report: Report, there: Contributors, label: Label) -> list[Sheet]:
    """The tables that may leave the service. Nothing of staff, custody, alerts, pages and instruments is among them.

    `there`: what stands behind each figure of the report.
    """
    flow = _flow(report)
    printed = [mark for row, (mark,) in zip(flow.rows, flow.marks, strict=True) if not isinstance(row[1], Withheld)]
    steps = steps_of(printed, there)
    smallest_first = reversed(listed(report.expected))
    rows = rows_beside({r.expected: parts(r) is not None for r in smallest_first}, steps, there)
    return [
        flow, _waits(report), _expected(report, rows, label), _unexpected(report, rows, steps, there, label),
        _intentions(report, there), _help(report, there),
    ]  # fmt: skip


def _flow(report: Report) -> Sheet:
    f = report.flow
    chain = nested([("Samples", f.received), ("Analysed", f.analysed), ("Released", f.released), ("Told", f.told)])
    return Sheet(
        "Samples", ("Stage", "Samples"), tuple(chain),
        note="Samples of clients who agreed to aggregate figures, without withdrawn ones. Rounded to 5.",
        marks=tuple((name,) for name in contributors.FLOW),
    )  # fmt: skip


def _waits(report: Report) -> Sheet:
    f = report.flow
    enough = f.released >= MIN_DENOMINATOR and f.wait_p50_s is not None and f.wait_p90_s is not None
    waits = (("Median turnaround", f.wait_p50_s), ("90 % within", f.wait_p90_s))
    return Sheet(
        "Turnaround", ("Turnaround", "Minutes"),
        tuple((name, rounded(round((s or 0) / 60))) for name, s in waits) if enough else (),
        note="Rounded to 5 minutes.", empty=f"Not given for fewer than {MIN_DENOMINATOR} samples.",
        marks=tuple((name,) for name in contributors.WAITS) if enough else (),
    )  # fmt: skip


def _expected(report: Report, rows: Rows, label: Label) -> Sheet:
    def cells(row: ExpectedRow) -> Iterable[Cell]:
        split = parts(row) if rows[row.expected] else None
        yield rounded(row.samples)
        yield from ((rounded(n) for n in split) if split is not None else (PARTS_ARE_SMALL for _ in PARTS))

    # by what is printed: an order by true counts would tell when one sample more comes
    kept = sorted((r for r in report.expected if r.expected in rows), key=lambda r: (-rounded(r.samples), r.expected))
    return Sheet(
        "What was expected, and how the result compares", ("Expected", "Samples", *PARTS),
        tuple((expectation(label, r.expected), *cells(r)) for r in kept),
        note=f"Expectations with fewer than {LEAST} samples are not listed. Rounded to 5, so parts need not add up. "
        "“As expected” does not mean no risk. Each method has its limits.",
        empty=f"No expectation has {LEAST} samples that may be told apart.",
        marks=tuple((contributors.whole(r.expected), *(contributors.part(r.expected, p) for p in PARTS)) for r in kept),
    )  # fmt: skip


def _unexpected(report: Report, kept: Rows, steps: Sequence[Set[str]], there: Contributors, label: Label) -> Sheet:
    by_name = {r.expected: r for r in report.expected if r.expected in kept}
    pieces = pieces_of(kept, there)
    may: dict[str, tuple[Cell, ...]] = {}
    for r in report.unexpected:
        of = by_name.get(r.expected)
        cell = FEW if of is None else shown(r.samples, of.samples)
        name = contributors.found(r.found, r.role, r.expected)
        samples = there.get(name, {}).keys()
        if of is None or isinstance(cell, Withheld) or near(samples, pieces):
            continue
        if not any(0 < len(samples ^ step) < LEAST for step in steps):
            may[name] = (label(r.found), ROLE_OF[r.role], expectation(label, r.expected), cell, rounded(of.samples))
    rows = [(may[name], name) for name in side_by_side(may, there)]
    rows.sort(key=lambda row: (-int(str(row[0][3])), row[1]))
    return Sheet(
        "Found though not expected", ("Found", "How", "Expected to be", "Samples", "Out of"),
        tuple(cells for cells, _ in rows),
        note="Rarer ones are not listed, but may be there. Rounded to 5.",
        empty=f"Nothing was found in {LEAST} samples or more that may be told apart.",
        marks=tuple(("", "", name, "") for _, name in rows),
    )  # fmt: skip


def referred(talks: Talks) -> dict[Referral, Cell]:
    """Where people were sent on to. A talk leads to one place at most: those not given hold 5 talks together, or none."""
    cells = {where: shown(n, talks.talks) for where, n in talks.referrals}
    left_out = talks.talks - sum(n for where, n in talks.referrals if not isinstance(cells[where], Withheld))
    for where, n in sorted(talks.referrals, key=lambda to: to[1]):
        if 0 < left_out < LEAST and not isinstance(cells[where], Withheld):
            cells[where], left_out = FEW, left_out + n
    return cells


def beside(cells: Mapping[str, Cell], there: Contributors) -> dict[str, Cell]:
    """These cells by the names of their figures, the most useful first, without those too near one before them."""
    kept = side_by_side((name for name, cell in cells.items() if not isinstance(cell, Withheld)), there)
    return {name: cell if name in kept else FEW for name, cell in cells.items()}


def _intentions(report: Report, there: Contributors) -> Sheet:
    t = report.talks
    people = dict(zip(Moment, (t.people_before, t.people_after), strict=True))
    cells = {contributors.asked(moment): shown(n, n) for moment, n in people.items()}
    for intention, *numbers in sorted(t.intentions, key=lambda said: -said[1] - said[2]):
        for moment, n in zip(Moment, numbers, strict=True):
            cells[contributors.intends(intention, moment)] = shown(n, people[moment])
    cells = beside(cells, there)
    rows: list[tuple[Cell, ...]] = []
    marks: list[tuple[str, ...]] = []
    for intention, *_ in t.intentions:
        names = tuple(contributors.intends(intention, moment) for moment in Moment)
        if not all(isinstance(cells[name], Withheld) for name in names):
            rows.append((intention.words, *(cells[name] for name in names)))
            marks.append(names)
    if rows:
        names = tuple(map(contributors.asked, Moment))
        rows.append(("People asked", *(cells[name] for name in names)))
        marks.append(names)
    return Sheet(
        "What people plan to do", ("Plan", "Before the result", "After the result"), tuple(rows),
        note="Each person counts once for each plan. One person may have several. Before and after are different people.",
        empty=f"Nothing was ticked by {LEAST} people or more.",
        marks=tuple(marks),
    )  # fmt: skip


def _help(report: Report, there: Contributors) -> Sheet:
    t = report.talks
    cells = {
        contributors.TALKS: shown(t.talks, t.talks),
        **{contributors.referred(where): cell for where, cell in referred(t).items()},
        contributors.NALOXONE: shown(t.naloxone_given, t.naloxone_said),
    }
    cells = beside(cells, there)
    words = {contributors.TALKS: "Consultations", contributors.NALOXONE: "Naloxone given"}
    words |= {contributors.referred(where): f"Referred to: {where.words}" for where, _ in t.referrals}
    names = [n for n in words if n in (contributors.TALKS, contributors.NALOXONE) or not isinstance(cells[n], Withheld)]
    return Sheet(
        "Consultations, naloxone, referrals", ("Count of", "Number"), tuple((words[name], cells[name]) for name in names),
        note="Rounded to 5.", marks=tuple((name,) for name in names),
    )  # fmt: skip


def off(number: Set[str], pieces: Iterable[Set[str]]) -> int:
    """By how many samples a number differs from the nearest sum of pieces.

    >>> off({"a", "b", "c"}, [{"a", "b"}, {"c", "d", "e"}])
    1
    """
    return sum(min(len(piece & number), len(piece - number)) for piece in pieces)


def near(number: Set[str], pieces: Iterable[Set[str]]) -> bool:
    """Whether a sum of pieces subtracted from it, or it from a sum, tells of fewer samples than may be told apart."""
    return 0 < off(number, pieces) < LEAST


def pieces_of(rows: Rows, there: Contributors) -> list[Set[str]]:
    """What the rows print of the samples, and the rest of them, which is known by subtraction."""
    names = [
        name
        for row, split in rows.items()
        for name in ([contributors.part(row, p) for p in PARTS] if split else [contributors.whole(row)])
    ]
    printed = [_of(there, name) for name in names]
    return [*printed, _of(there, contributors.FLOW[0]).difference(*printed)]


def steps_of(flow: Collection[str], there: Contributors) -> list[Set[str]]:
    """The printed numbers of how far samples came, and what lies between any two of them."""
    numbers = [set[str](), *(_of(there, name) for name in flow)]
    return [one ^ other for one, other in itertools.combinations(numbers, 2)]


def rows_beside(rows: Rows, numbers: Sequence[Set[str]], there: Contributors) -> Rows:
    """The rows without what is too near these numbers: parts go first, a row at a time, and then rows.

    One whose leaving is enough goes before others; else the smallest.
    """
    while any(near(number, pieces_of(rows, there)) for number in numbers):
        ways = list(_less(rows))
        if not ways:
            break
        enough = (way for way in ways if not any(near(number, pieces_of(way, there)) for number in numbers))
        rows = next(enough, ways[0])
    return rows


def _less(rows: Rows) -> Iterator[Rows]:
    if any(rows.values()):
        yield from ({**rows, row: False} for row, split in rows.items() if split)
    else:
        yield from ({other: False for other in rows if other != row} for row in rows)


def side_by_side(names: Iterable[str], there: Contributors) -> list[str]:
    """Of these figures, in this order, each that stands on no few samples and is told apart from none before it by a few."""
    kept: list[str] = []
    for name in names:
        if not any(few(there.get(name, {}), other) for other in ({}, *(there.get(one, {}) for one in kept))):
            kept.append(name)
    return kept


def _of(there: Contributors, name: str) -> set[str]:
    return set(there.get(name, {}))

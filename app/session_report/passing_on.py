"""The version of a report that may be passed on: small numbers protected by the partner rule. Pure.

Each number goes through the partner rule of the figures (under 5 hidden, also where the rest is that small; rounded to
5; a zero only out of 10 or more). Besides that, of any two printed numbers of which one is part of the other the true
difference is 0 or 5 and more, so that subtracting them tells of no small group: a row's parts are printed all or none,
and expectations are left out until what is left out holds 5 samples or nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from app.consultations.domain import INTENTION_WORDS, REFERRAL_WORDS
from app.session_report.domain import Column, ExpectedRow, Report
from app.session_report.sheets import ROLE_OF, Cell, Label, Sheet, Withheld, expectation
from app.trends.domain import MIN_DENOMINATOR, MIN_FOR_ZERO, Audience, Count, protect, rounded

LEAST = Audience.PARTNER.threshold
PARTS: dict[str, tuple[Column, ...]] = {
    "As expected": (Column.AS_EXPECTED,),
    "Expected plus something": (Column.PLUS_INERT, Column.PLUS_ACTIVE),
    "Partly or not as expected": (Column.NOT_AS_EXPECTED, Column.NOTHING_SEEN),
    "Inconclusive, or not compared": (Column.INCONCLUSIVE, Column.NOT_COMPARED),
}
FEW = Withheld("not given: too few")
PART_IS_SMALL = Withheld("not given: a part is too small")


def apart(one: int, other: int) -> bool:
    """Whether two numbers may stand side by side: the same, or 5 and more apart.

    >>> apart(20, 20), apart(20, 15), apart(20, 17)
    (True, True, False)
    """
    return one == other or abs(one - other) >= LEAST


def shown(part: int, whole: int) -> Cell:
    """One number out of a larger one, by the partner rule."""
    row = protect(Count((), part, whole), (), Audience.PARTNER, incomplete=False)
    return FEW if row.numerator is None else row.numerator


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
        if isinstance(cell, Withheld) or not all(apart(count, other) for other in printed):
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


def protected_sheets(report: Report, label: Label) -> list[Sheet]:
    """The tables that may leave the service. Nothing of staff, custody, alerts, pages and instruments is among them."""
    kept = listed(report.expected)
    return [
        _flow(report), _waits(report), _expected(kept, label), _unexpected(report, kept, label), _intentions(report),
        _help(report),
    ]  # fmt: skip


def _flow(report: Report) -> Sheet:
    f = report.flow
    chain = nested([("Samples", f.received), ("Analysed", f.analysed), ("Released", f.released), ("Told", f.told)])
    return Sheet(
        "Samples", ("How far they came", "Samples"), tuple(chain),
        note="Samples of clients who agreed to aggregate figures; withdrawn ones left out. Rounded to 5.",
    )  # fmt: skip


def _waits(report: Report) -> Sheet:
    f = report.flow
    enough = f.released >= MIN_DENOMINATOR and f.wait_p50_s is not None and f.wait_p90_s is not None
    waits = (("Half within", f.wait_p50_s), ("Nine of ten within", f.wait_p90_s))
    return Sheet(
        "From handed in to released", ("Of the samples", "Minutes"),
        tuple((name, rounded(round((s or 0) / 60))) for name, s in waits) if enough else (),
        note="Rounded to 5 minutes.", empty=f"Not given for fewer than {MIN_DENOMINATOR} samples.",
    )  # fmt: skip


def _expected(kept: Sequence[ExpectedRow], label: Label) -> Sheet:
    def cells(row: ExpectedRow) -> Iterable[Cell]:
        split = parts(row)
        yield rounded(row.samples)
        yield from ((rounded(n) for n in split) if split is not None else (PART_IS_SMALL for _ in PARTS))

    return Sheet(
        "What was expected, and how the result compares", ("Expected", "Samples", *PARTS),
        tuple((expectation(label, r.expected), *cells(r)) for r in kept),
        note=f"Expectations with fewer than {LEAST} samples are not listed. Rounded to 5, so parts need not add up. "
        "As expected is not a word of reassurance: each method has its limits.",
        empty=f"No expectation has {LEAST} samples that may be told apart.",
    )  # fmt: skip


def _unexpected(report: Report, kept: Sequence[ExpectedRow], label: Label) -> Sheet:
    by_name: Mapping[str, ExpectedRow] = {r.expected: r for r in kept}
    rows = []
    for r in report.unexpected:
        of = by_name.get(r.expected)
        if of is None:
            continue
        cell, whole = shown(r.samples, of.samples), parts(of) or []
        if not isinstance(cell, Withheld) and all(apart(r.samples, n) for n in whole):
            rows.append((label(r.found), ROLE_OF[r.role], expectation(label, r.expected), cell, rounded(of.samples)))
    return Sheet(
        "Found though not expected", ("Found", "How", "Expected to be", "Samples", "Out of"), tuple(rows),
        note="Rarer ones are not listed, which is not to say that there were none. Rounded to 5.",
        empty=f"Nothing was found in {LEAST} samples or more that may be told apart.",
    )  # fmt: skip


def _intentions(report: Report) -> Sheet:
    t = report.talks
    rows: list[tuple[Cell, ...]] = []
    for intention, before, after in t.intentions:
        cells = shown(before, t.people_before), shown(after, t.people_after)
        if not all(isinstance(cell, Withheld) for cell in cells):
            rows.append((INTENTION_WORDS[intention], *cells))
    if rows:
        asked = (shown(n, n) for n in (t.people_before, t.people_after))
        rows.append(("People asked", *asked))
    return Sheet(
        "What people intend", ("Intention", "Before the result", "After the result"), tuple(rows),
        note="People, each once per talk; several things may be ticked. Before and after are not the same people.",
        empty=f"Nothing was ticked by {LEAST} people or more.",
    )  # fmt: skip


def _help(report: Report) -> Sheet:
    t = report.talks
    rows: list[tuple[Cell, ...]] = [
        ("Consultations", shown(t.talks, t.talks)),
        ("Naloxone given", shown(t.naloxone_given, t.naloxone_said)),
    ]
    referred = [(f"Sent on to: {REFERRAL_WORDS[where]}", shown(n, t.talks)) for where, n in t.referrals]
    rows += [(name, cell) for name, cell in referred if not isinstance(cell, Withheld)]
    return Sheet("Consultations, naloxone, referrals", ("Count of", "Number"), tuple(rows), note="Rounded to 5.")

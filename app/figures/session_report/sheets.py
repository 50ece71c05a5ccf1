"""A report as tables of words and numbers: one place, so that the page, the paper and the CSV say the same. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from app.care.alerts.domain import AlertState
from app.care.alerts.service import Alert
from app.care.consultations.domain import AdjustmentKind, Intention, WhyNotRelevant
from app.figures.session_report.counting import COLUMN_WORDS, Column, Custody, OwnAffairs, Pages, Report
from app.intake.custody.domain import CustodyKind
from app.platform.kernel.actor import ROLE_WORDS
from app.platform.kernel.sample_numbers import sample_number
from harm_messages.vocabulary import FindingRole

Label = Callable[[str], str]
"""From an id of the register to its name."""
ROLE_OF = {
    FindingRole.SUBSTITUTE: "instead of it",
    FindingRole.ADULTERANT: "besides it",
    FindingRole.BYPRODUCT: "by-product",
    FindingRole.CUTTING: "cutting agent",
}
SPOKEN = {"unknown": "not known", "mixture": "a mixture, or several things"}


@dataclass(frozen=True, slots=True)
class Withheld:
    """A number that is not shown, and why."""

    why: Annotated[str, Field(validation_alias="withheld", serialization_alias="withheld")]


Cell = str | int | float | Withheld


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table. The first cell of a row is its head; all others are numbers where `numbers` says so.

    `marks`: for each row the names (contributors.py) of the figures in its cells, the head left out, "" for words; only in a
    report to pass on.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    empty: str = ""
    numbers: bool = True
    marks: tuple[tuple[str, ...], ...] = ()


def minutes(seconds: float | None) -> Cell:
    """Whole minutes; a dash where there is none."""
    return "–" if seconds is None else round(seconds / 60)


def hours_open(opens_at: datetime, closed_at: datetime | None, now: datetime) -> timedelta:
    """From opening to closing, or to now; nothing before it opened."""
    return max(timedelta(0), (closed_at or now) - opens_at)


def expectation(label: Label, name: str) -> str:
    """What was expected, in words."""
    return SPOKEN.get(name) or label(name)


def sheets(report: Report, own: OwnAffairs, label: Label) -> list[Sheet]:
    """All tables of the session's own report, in the order in which they are read."""
    return [
        _flow(report), _waits(report), _expected(report, label), _unexpected(report, label), _alerts(own.alerts),
        _pages(own.pages), _intentions(report), _help(report), _custody(own.custody), _gaps(own.custody), *_quality(own),
        _staff(own),
    ]  # fmt: skip


def _flow(report: Report) -> Sheet:
    f = report.flow
    rows = (
        ("Received", f.received), ("Withdrawn (counted under custody only)", f.withdrawn), ("Analysed", f.analysed),
        ("Released", f.released), ("Result given", f.told), ("Retracted", f.retracted),
    )  # fmt: skip
    return Sheet("Samples", ("Stage", "Samples"), rows)


def _waits(report: Report) -> Sheet:
    f = report.flow
    rows = (("Median turnaround", minutes(f.wait_p50_s)), ("90 % within", minutes(f.wait_p90_s)))
    return Sheet(
        "Turnaround",
        ("Turnaround", "Minutes"),
        rows,
        note="Nearest rank, withdrawn samples left out.",
    )


def _expected(report: Report, label: Label) -> Sheet:
    rows: list[tuple[Cell, ...]] = [
        (expectation(label, r.expected), r.samples, *r.columns.values()) for r in report.expected
    ]
    if len(rows) > 1:
        whole = [sum(r.columns[column] for r in report.expected) for column in Column]
        rows.append(("All", sum(whole), *whole))
    return Sheet(
        "What was expected, and how the result compares", ("Expected", "Samples", *COLUMN_WORDS.values()), tuple(rows),
        note="By the current version. “As expected” does not mean no risk. Each method has its limits.",
        empty="No sample was registered.",
    )  # fmt: skip


def _unexpected(report: Report, label: Label) -> Sheet:
    rows = ((label(r.found), ROLE_OF[r.role], expectation(label, r.expected), r.samples) for r in report.unexpected)
    return Sheet(
        "Found though not expected", ("Found", "How", "Expected to be", "Samples"), tuple(rows),
        note="Tentative findings are left out, as in published figures. A sample counts once for each substance.",
        empty="Nothing unexpected was found. Methods see only what they look for.",
    )  # fmt: skip


def _alerts(alerts: Sequence[Alert]) -> Sheet:
    """Raised means in force once, also where it was retracted since."""
    states = Counter(alert.state for alert in alerts)
    raised = [a for a in alerts if a.state in (AlertState.ACTIVE, AlertState.RETRACTED)]
    rows = tuple(
        (
            a.tier.value,
            a.words,
            f"Retracted: {a.reason}" if a.state is AlertState.RETRACTED else "Not retracted",
        )
        for a in raised
    )
    drafts = states.total() - len(raised) - states[AlertState.DISCARDED]
    return Sheet(
        f"Alerts: {len(raised)} raised, {states[AlertState.RETRACTED]} retracted, {drafts} not yet in force",
        ("Tier", "Words for staff", "Outcome"), rows,
        empty="No alert was raised here. No alert does not mean no risk.", numbers=False,
    )  # fmt: skip


def _pages(p: Pages) -> Sheet:
    rows = [(f"Messages {kind.words} on pages", p.changed.get(kind, 0)) for kind in AdjustmentKind]
    rows += [(f"Not relevant because: {why.words}", n) for why in WhyNotRelevant if (n := p.reasons.get(why, 0))]
    rows.append(("Urgent messages on all pages of this session", p.urgent))
    return Sheet(
        "Messages that staff changed",
        ("What was done", "Times"),
        tuple(rows),
        note="What was undone is left out.",
    )


def _intentions(report: Report) -> Sheet:
    t = report.talks
    rows: list[tuple[Cell, ...]] = [(i.words, before, after) for i, before, after in t.intentions]
    if rows:
        rows.append(("People asked", t.people_before, t.people_after))
    return Sheet(
        "What people plan to do", ("Plan", "Before the result", "After the result"), tuple(rows),
        note="Each person counts once for each plan. One person may have several. Before and after are different people, "
        "so no difference between the columns is an effect.",
        empty="Nothing was ticked in a consultation.",
    )  # fmt: skip


def _help(report: Report) -> Sheet:
    t = report.talks
    handed_in = sum(after for i, _, after in t.intentions if i is Intention.DISPOSED_HERE_VERIFIED)
    rows: list[tuple[Cell, ...]] = [
        ("Consultations", t.talks),
        ("People in them", t.people),
        ("Median length, minutes", "–" if t.minutes_p50 is None else t.minutes_p50),
        ("Naloxone given", t.naloxone_given),
        ("Consultations with an answer about naloxone", t.naloxone_said),
        *((f"Referred to: {where.words}", n) for where, n in t.referrals),
        ("People who handed the rest in to be destroyed", handed_in),
    ]
    if t.disposal_mg:
        rows.append(("Weighed in those consultations, mg", round(t.disposal_mg, 3)))
    return Sheet("Consultations, naloxone, referrals, disposals", ("Count of", "Number"), tuple(rows))


def _custody(c: Custody) -> Sheet:
    b = c.balance
    weights = (
        (CustodyKind.RECEIVED, b.received), (CustodyKind.CONSUMED, b.consumed), (CustodyKind.DESTROYED, b.destroyed),
        (CustodyKind.RETAINED_FOR_LAB, b.retained), (CustodyKind.TO_POLICE, b.to_police), (CustodyKind.VARIANCE, b.variance),
    )  # fmt: skip
    rows = [(kind.words, round(mg, 3)) for kind, mg in weights] + [("Still here, by the ledger", b.remaining)]
    return Sheet(
        "Custody balance", ("Where it went", "mg"), tuple(rows),
        note="Received = used up + destroyed + kept + handed over + differences + still here. "
        f"{c.weighed_in} samples were weighed in and {c.not_weighed_in} were not. Destructions: {c.destructions}.",
    )  # fmt: skip


def _gaps(c: Custody) -> Sheet:
    rows = tuple((sample_number(number), words) for number, words in c.gaps)
    return Sheet(
        "Gaps in the ledgers", ("Sample", "What is open"), rows,
        empty="Every milligram that was weighed in is accounted for, and every destruction had a witness."
        if c.weighed_in else "Nothing was weighed in, so there is nothing to account for.", numbers=False,
    )  # fmt: skip


def _quality(own: OwnAffairs) -> Iterable[Sheet]:
    yield Sheet(
        "Instruments used while not in tolerance", ("Instrument", "State", "Analyses"),
        own.machines,
        note="As they were when the session closed, or as they are now if it is still open.",
        empty="Every instrument named in an analysis was in tolerance. Analyses without a named instrument are not counted.",
    )  # fmt: skip
    yield Sheet(
        "Batches on hold", ("Batch", "Method", "Samples held back"),
        tuple((batch or "no batch named", method, n) for batch, method, n in own.held), empty="No batches on hold.",
    )  # fmt: skip


def _staff(own: OwnAffairs) -> Sheet:
    rows: list[tuple[Cell, ...]] = [(ROLE_WORDS[role], n) for role, n in own.staff.items()]
    rows.append(("All", own.staff_people))
    return Sheet(
        "Staff on duty", ("Role", "People"), tuple(rows),
        note="Everyone whose work is recorded in this session, also on later days. Someone with two roles counts in both.",
    )  # fmt: skip

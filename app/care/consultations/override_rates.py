"""How often staff take a message off a page or pin it up, by rule, and how often they tried to and were refused.

Numerator: result versions on whose page the rule's message was marked not relevant. Denominator: result versions on
whose page it stood, at least once, on anybody's screen. What was undone again does not count. Refusals are attempts:
each counts, whatever it was about.
"""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from app.care.consultations import repository
from app.care.consultations.domain import AdjustmentKind, WhyNotRelevant, WhyRefused
from app.care.consultations.tables import DisplayLog
from app.platform.kernel.actor import Actor
from app.platform.kernel.shares import wilson
from harm_messages import Pack, Severity
from harm_messages.types import BODY_SLOTS

DEFINITION = (
    "Of the results on whose page the rule’s message stood, those where a worker marked it not relevant. A result "
    "version counts once, however often its page was opened. What was undone again does not count. Refused: every "
    "attempt to add, pin up, take out, approve or stop it that was not granted, with the reason why not."
)
FEWEST = 20
"""Below so many a share says nothing yet, and none is printed."""
NAMELESS = "No message of the pack"


@dataclass(frozen=True, slots=True)
class RuleRate:
    """One rule or snippet: on how many pages it stood, on how many it was taken out or pinned, and what was refused.

    `rule` is empty for attempts at nothing that the pack holds.
    """

    rule: str
    title: str
    severity: str
    shown: int
    taken_out: int
    pinned: int
    reasons: Mapping[WhyNotRelevant, int]
    refused_why: Mapping[WhyRefused, int] = field(default_factory=dict)
    may_go: bool = True

    @property
    def share(self) -> float | None:
        """The share of `shown` that staff took out; None below FEWEST, and for messages that nobody can take out."""
        return self.taken_out / self.shown if self.may_go and self.shown >= FEWEST else None

    @property
    def refused(self) -> int:
        """How many attempts at it were refused."""
        return sum(self.refused_why.values())

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        """The ends of the interval; nothing where there is none."""
        return self.interval or (None, None)

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson interval of the share, 95 %."""
        return wilson(self.taken_out, self.shown) if self.share is not None else None


def override_rates(session: Session, actor: Actor, pack: Pack, now: datetime, *, days: int) -> list[RuleRate]:
    """Rules whose card may be pinned or taken out and stood on a page of the agency, and what staff were refused at.

    The most often taken out first, then the most often refused.
    """
    if actor.agency_id is None:
        return []
    since = now - timedelta(days=days)
    shown = select(DisplayLog.result_id, DisplayLog.rules).where(
        DisplayLog.agency_id == actor.agency_id, col(DisplayLog.at) >= since
    )
    pages = {(result, rule) for result, rules in session.exec(shown) for rule in rules}
    stood = Counter(rule for _, rule in pages)
    done: defaultdict[tuple[AdjustmentKind, str], dict[uuid.UUID, WhyNotRelevant | None]] = defaultdict(dict)
    for row in repository.adjustments_since(session, actor.agency_id, since):
        if (row.result_id, row.target) in pages:
            done[row.kind, row.target][row.result_id] = row.reason
    refused: defaultdict[str, Counter[WhyRefused]] = defaultdict(Counter)
    for rule, why in repository.refused_since(session, actor.agency_id, since):
        refused[rule][WhyRefused(why)] += 1
    rates = []
    for rule in {one for one in stood if _may_go(pack, one)} | refused.keys():
        out, pinned = done[AdjustmentKind.NOT_RELEVANT, rule], done[AdjustmentKind.PIN, rule]
        why_out = Counter(reason for reason in out.values() if reason is not None)
        may_go = stood[rule] > 0 and _may_go(pack, rule)
        rates.append(
            RuleRate(rule, *_named(pack, rule), stood[rule], len(out), len(pinned), why_out, refused[rule], may_go)
        )
    return sorted(rates, key=lambda r: (-r.taken_out, -r.refused, -r.shown, r.rule))


def _may_go(pack: Pack, rule_id: str) -> bool:
    """Of what can never be taken out a rate says nothing; a rule that is in the pack no more is listed."""
    rule = next((r for r in pack.rules if r.id == rule_id), None)
    return rule is None or (rule.slot in BODY_SLOTS and rule.severity.rank > Severity.S1.rank)


def _named(pack: Pack, rule_id: str) -> tuple[str, str]:
    """(title, severity) of a rule or a snippet."""
    rule = next((r for r in pack.rules if r.id == rule_id), None)
    snippet = next((s for s in pack.snippets if s.id == rule_id), None)
    message = rule.emit.message if rule else snippet.message if snippet else ""
    if not message:
        return ("not in the pack any more" if rule_id else NAMELESS), ""
    text = pack.message(message, pack.manifest.default_locale)
    return text.title or text.id, (rule.severity if rule else snippet.severity if snippet else "")

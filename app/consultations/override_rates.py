"""How often staff take a message off a page or pin it up, by rule: a figure for whoever reviews the pack.

Numerator: result versions on whose page the rule's message was marked not relevant. Denominator: result versions on
whose page it stood, at least once, on anybody's screen. What was undone again does not count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from app.consultations import repository
from app.consultations.adjusting_domain import AdjustmentKind, WhyNotRelevant
from app.platform.kernel.actor import Actor
from app.trends.domain import wilson
from harm_messages import Pack, Severity
from harm_messages.types import BODY_SLOTS

DEFINITION = (
    "Of the results on whose page the rule’s message stood, those where a worker marked it not relevant. A result "
    "version counts once, however often its page was opened. What was undone again does not count."
)
FEWEST = 20
"""Below so many a share says nothing yet, and none is printed."""


@dataclass(frozen=True, slots=True)
class RuleRate:
    """One rule: on how many pages it stood, on how many it was taken out or pinned, and why."""

    rule: str
    title: str
    severity: str
    shown: int
    taken_out: int
    pinned: int
    reasons: Mapping[WhyNotRelevant, int]

    @property
    def share(self) -> float | None:
        """Of `shown`, taken out; None below FEWEST."""
        return self.taken_out / self.shown if self.shown >= FEWEST else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson interval of the share, 95 %."""
        return wilson(self.taken_out, self.shown) if self.shown >= FEWEST else None


def override_rates(session: Session, actor: Actor, pack: Pack, now: datetime, *, days: int) -> list[RuleRate]:
    """Rules whose card may be pinned or taken out and stood on a page of the agency; the most often taken out first."""
    if actor.agency_id is None:
        return []
    since = now - timedelta(days=days)
    pages = {
        (result, rule) for result, rules in repository.shown_since(session, actor.agency_id, since) for rule in rules
    }
    stood = Counter(rule for _, rule in pages)
    done: dict[tuple[AdjustmentKind, str], dict[object, WhyNotRelevant | None]] = {}
    for row in repository.adjustments_since(session, actor.agency_id, since):
        if (row.result_id, row.target) in pages:
            done.setdefault((row.kind, row.target), {})[row.result_id] = row.reason
    rates = [_rate(pack, rule, count, done) for rule, count in stood.items() if _may_go(pack, rule)]
    return sorted(rates, key=lambda r: (-r.taken_out, -r.shown, r.rule))


def _may_go(pack: Pack, rule_id: str) -> bool:
    """Of what can never be taken out a rate says nothing; a rule that is in the pack no more is listed."""
    rule = next((r for r in pack.rules if r.id == rule_id), None)
    return rule is None or (rule.slot in BODY_SLOTS and rule.severity.rank > Severity.S1.rank)


def _rate(
    pack: Pack,
    rule_id: str,
    shown: int,
    done: Mapping[tuple[AdjustmentKind, str], Mapping[object, WhyNotRelevant | None]],
) -> RuleRate:
    rule = next((r for r in pack.rules if r.id == rule_id), None)
    text = pack.message(rule.emit.message, pack.manifest.default_locale) if rule else None
    out = done.get((AdjustmentKind.NOT_RELEVANT, rule_id), {})
    return RuleRate(
        rule_id,
        (text.title or text.id) if text else "not in the pack any more",
        rule.severity.value if rule else "",
        shown,
        len(out),
        len(done.get((AdjustmentKind.PIN, rule_id), {})),
        Counter(reason for reason in out.values() if reason is not None),
    )

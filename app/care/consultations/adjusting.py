"""Use cases of what staff do to a page: add a snippet, pin a card, take one out with a reason, and undo it.

What may be done is decided by the message package; here it is only asked, kept, audited and told to the screens.
How often it happens is counted by rule. Numerator: result versions on whose page the rule's message was marked not relevant.
Denominator: result versions on whose page it stood, at least once, on anybody's screen. Refusals are attempts: each counts.
"""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from app.care.consultations import repository
from app.care.consultations.client_view import client_view
from app.care.consultations.domain import AdjustmentKind, WhyNotRelevant, WhyRefused, person_of
from app.care.consultations.tables import DisplayLog, PageAdjustment
from app.intake.people import service as people
from app.intake.samples import lookup
from app.intake.samples import service as samples
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import Conflict, Invalid, NotFound
from app.platform.kernel.shares import wilson
from app.platform.live.publish import publish
from harm_messages import Pack, Page, Severity, snippets_of
from harm_messages.adjusting import why_not_pinned, why_not_taken_out
from harm_messages.types import BODY_SLOTS

KEPT = "The page stays as it is."


@dataclass(frozen=True, slots=True)
class AdjustmentView:
    """Something done to a page, and by whom."""

    row: PageAdjustment
    by: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What may be done to a page now: snippets to add, cards to pin or to take out, each (id, title)."""

    snippets: Sequence[tuple[str, str]]
    pin: Sequence[tuple[str, str]]
    take_out: Sequence[tuple[str, str]]


class PageClash(Conflict):
    """Someone else did something to the same message since the page was opened: a choice is asked for, and nothing was changed."""

    def __init__(self, theirs: AdjustmentView) -> None:
        said = "Someone else changed the same message first. Your change was not made yet."
        super().__init__(said, hint="Choose what is right.", reason_code=WhyRefused.STALE)
        self.theirs = theirs


def offer(pack: Pack, page: Page, done: Sequence[AdjustmentView]) -> Offer:
    """What is left to do. Cards that a self-report caused are never among them."""
    had = {(view.row.kind, view.row.target) for view in done}
    body = page.loggable().body
    return Offer(
        [
            (row.id, _title(text.title, text.short))
            for row in snippets_of(pack, "snippet")
            for text in (pack.message(row.message, "en"),)
            if (AdjustmentKind.SNIPPET, row.id) not in had
        ],
        [
            (m.rule_id, _title(m.title, m.text))
            for m in body
            if not why_not_pinned(page, m.rule_id) and (AdjustmentKind.PIN, m.rule_id) not in had
        ],
        [(m.rule_id, _title(m.title, m.text)) for m in body if not why_not_taken_out(page, m.rule_id)],
    )


def adjust(
    uow: UnitOfWork,
    sample_id: uuid.UUID,
    kind: AdjustmentKind,
    target: str,
    *,
    pack: Pack,
    reason: WhyNotRelevant | None = None,
    seen: Collection[uuid.UUID] | None = None,
) -> PageAdjustment:
    """Do something to the page of the result that is shown now; the same twice is done once.

    `seen`: what stood on the page when it was opened; without it nobody asks. Raises NotFound (a foreign sample), Conflict (no page
    to adjust), PageClash, Invalid with the reason why this may not be done.
    """
    sample = lookup.lock_sample(uow, sample_id)
    view = client_view(uow.session, pack, sample, uow.now)
    page, result_id = view.page, view.result_id
    if page is None or result_id is None:
        said = "No result of this sample is on a page now, so there is nothing to adjust."
        raise Conflict(said, reason_code=WhyRefused.NO_PAGE)
    there = repository.adjustments(uow.session, result_id)
    _check_seen(uow.session, there, seen, (kind, target, reason))
    if (same := next((row for row in there if (row.kind, row.target) == (kind, target)), None)) is not None:
        return same
    message_id, title = _checked(pack, page, kind, target, reason)
    row = PageAdjustment(
        agency_id=sample.agency_id, sample_id=sample.id, result_id=result_id, kind=kind, target=target, message_id=message_id,
        title=title[:200], reason=reason if kind is AdjustmentKind.NOT_RELEVANT else None, by_id=person_of(uow.actor),
        at=uow.now,
    )  # fmt: skip
    uow.session.add(row)
    uow.session.flush()
    after = {"kind": kind.value, "target": target, "message": message_id, "reason": row.reason}
    audit.record(uow, "adjust", "page", row.id, version=row.version, after=after, session_id=sample.session_id)
    _tell(uow, sample)
    return row


def adjust_instead(
    uow: UnitOfWork,
    sample_id: uuid.UUID,
    theirs: uuid.UUID,
    kind: AdjustmentKind,
    target: str,
    *,
    pack: Pack,
    reason: WhyNotRelevant | None = None,
) -> PageAdjustment:
    """Take back what someone else did, where it still stands, and do this. Raises what `adjust` raises."""
    sample = lookup.lock_sample(uow, sample_id)
    row = uow.session.get(PageAdjustment, theirs)
    if row is not None and row.sample_id == sample.id and row.undone_at is None:
        undo(uow, sample_id, theirs)
        uow.session.flush()
    return adjust(uow, sample_id, kind, target, pack=pack, reason=reason)


def undo(uow: UnitOfWork, sample_id: uuid.UUID, adjustment_id: uuid.UUID) -> PageAdjustment:
    """Take it back. Raises NotFound, Conflict (undone already)."""
    sample = lookup.lock_sample(uow, sample_id)
    row = uow.session.get(PageAdjustment, adjustment_id)
    if row is None or row.sample_id != sample_id:
        raise NotFound("adjustment")
    if row.undone_at is not None:
        raise Conflict(f"This was undone already. {KEPT}", reason_code=WhyRefused.UNDONE_ALREADY)
    row.undone_at, row.undone_by = uow.now, uow.actor.person_id
    row.version += 1
    audit.record(
        uow, "undo", "page", row.id, version=row.version, session_id=sample.session_id,
        before={"kind": row.kind.value, "target": row.target},
    )  # fmt: skip
    _tell(uow, sample)
    return row


def _check_seen(
    session: Session,
    there: Sequence[PageAdjustment],
    seen: Collection[uuid.UUID] | None,
    wanted: tuple[AdjustmentKind, str, WhyNotRelevant | None],
) -> None:
    """Refuse to change a message that someone else changed unseen. Raises PageClash."""
    kind, target, reason = wanted
    for row in there if seen is not None else ():
        same = row.kind is kind and (kind is not AdjustmentKind.NOT_RELEVANT or row.reason == reason)
        if row.target == target and row.id not in (seen or ()) and not same:
            names = people.display_names(session, [row.by_id])
            raise PageClash(AdjustmentView(row, names.get(row.by_id, "someone")))


def adjustments_of(session: Session, actor: Actor, sample_id: uuid.UUID, result_id: uuid.UUID) -> list[AdjustmentView]:
    """What stands on the page of a version, the oldest first."""
    lookup.get_sample(session, actor, sample_id)
    rows = repository.adjustments(session, result_id)
    names = people.display_names(session, [row.by_id for row in rows])
    return [AdjustmentView(row, names.get(row.by_id, "")) for row in rows if row.sample_id == sample_id]


def _checked(
    pack: Pack, page: Page, kind: AdjustmentKind, target: str, reason: WhyNotRelevant | None
) -> tuple[str, str]:
    """(message, title) of what is asked for. Raises Invalid with the one sentence why not."""
    if kind is AdjustmentKind.SNIPPET:
        row = next((r for r in snippets_of(pack, "snippet") if r.id == target), None)
        if row is None:
            said = "There is no such message to add. Only messages of the pack can be added."
            raise _refused(said, WhyRefused.UNKNOWN_SNIPPET)
        text = pack.message(row.message, pack.manifest.default_locale)
        return text.id, _title(text.title, text.short)
    why = why_not_taken_out(page, target) if kind is AdjustmentKind.NOT_RELEVANT else why_not_pinned(page, target)
    if why:
        raise _refused(why, _code(pack, page, kind, target))
    if kind is AdjustmentKind.NOT_RELEVANT and reason is None:
        raise Invalid(
            f"{KEPT} Say why it is not relevant.", fields={"reason": "Choose why."}, reason_code=WhyRefused.NO_REASON
        )
    card = next(m for m in page.loggable().body if m.rule_id == target)
    return card.id, _title(card.title, card.text)


def _code(pack: Pack, page: Page, kind: AdjustmentKind, rule_id: str) -> WhyRefused:
    """The code of what the message package refused in a sentence."""
    own = page.loggable()
    if any(m.rule_id == rule_id for m in own.body):
        return WhyRefused.TOO_GRAVE if kind is AdjustmentKind.NOT_RELEVANT else WhyRefused.AT_THE_TOP
    if any((m.rule_id or m.id) == rule_id for m in own.messages()):  # lines of the emergency block have no rule
        return WhyRefused.ALWAYS_STAYS
    known = any(rule.id == rule_id for rule in pack.rules)
    return WhyRefused.NOT_ON_PAGE if known else WhyRefused.UNKNOWN_RULE


def _refused(why: str, code: WhyRefused) -> Invalid:
    return Invalid(f"{KEPT} {why}", fields={"target": why}, reason_code=code)


def _title(title: str, text: str) -> str:
    """The title of a message; its first words where it has no title."""
    if title:
        return title
    plain = text.replace("*", "").replace("- ", "").strip()
    first = plain.split(". ")[0].splitlines()[0].rstrip(".")
    return first if len(first) <= 80 else f"{first[:79]}…"


def _tell(uow: UnitOfWork, sample: samples.Sample) -> None:
    publish(uow, "client", "adjusted", agency_id=sample.agency_id, session_id=sample.session_id, sample_id=sample.id)


DEFINITION = (
    "The share of results with the rule’s message where a worker marked it not relevant. A result "
    "version counts once, however often its page was opened. What was undone does not count. “Refused” counts "
    "every attempt to add, pin, remove, approve or stop a message that was not allowed, and why."
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

"""From signals to one draft: its words, how far it may describe a sample, its evidence, and the task for the bench.

The same signal does not draft twice while a draft or an alert for it stands: what comes later is added to that draft's
evidence. The same occasion never drafts again, whatever became of its draft.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pydantic import JsonValue
from sqlmodel import col, select

from app.care.alerts import repository
from app.care.alerts.certainty import Certainty, outside
from app.care.alerts.domain import BY_ONE, LONGEST, SIGNED, AlertState, Reach, Tier, Trigger
from app.care.alerts.new_alert import ends
from app.care.alerts.signing import tell
from app.care.alerts.tables import Alert, AlertEvidence
from app.intake.samples import lookup, substances
from app.intake.samples import service as samples
from app.intake.sessions import service as sessions
from app.intake.tasks import service as tasks
from app.intake.tasks.service import TaskKind
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.errors import MastError
from app.platform.kernel.place import local
from harm_messages.register import Register

NOTICE_AFTER = timedelta(hours=12)
"""How long after its closing time a session may still be warned."""
FORM_CLASSES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("tablets or capsules", ("tablet", "capsule")),
    ("powders or crystals", ("powder", "crystal", "rock")),
    ("blotters", ("blotter",)),
    ("liquids or vapes", ("liquid", "gel", "vape")),
    ("plants or edibles", ("plant", "edible")),
)
"""How finely a form may be told where a client did not agree to a description."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing that was found. `name`: what must not be drafted twice while it stands; `occasion`: the sample or the
    session that set it off; `certainty`: how sure it is, `fooled`: something that fools the strip is in it; `detail`: what
    the evidence table shows besides, as plain data."""

    trigger: Trigger
    about: str
    name: str
    occasion: str
    tier: Tier
    words: str
    intent: str = ""
    x: int | None = None
    n: int | None = None
    probability: float | None = None
    threshold: float | None = None
    samples: tuple[uuid.UUID, ...] = ()
    detail: Mapping[str, JsonValue] = field(default_factory=dict)
    certainty: Certainty = Certainty.CONFIRMED
    fooled: bool = False

    @property
    def reach(self) -> Reach:
        """At its session up to T1, in its region above."""
        return Reach.SESSION if self.tier in BY_ONE else Reach.REGION


@dataclass(frozen=True, slots=True)
class Setting:
    """Where signals were found. `sample`: the one they rest on, where there is one; `described`: how it looks may be
    said, because its client agreed."""

    agency_id: uuid.UUID
    checking: sessions.CheckingSession
    region: str
    sample: samples.Sample | None = None
    described: bool = False

    @property
    def forms(self) -> tuple[str, tuple[str, ...]]:
        """The class of its form in words, and its members; empty without a sample."""
        form = self.sample.form.value if self.sample else ""
        return next((one for one in FORM_CLASSES if form in one[1]), ("", ()))


def write(uow: UnitOfWork, at: Setting, signals: Sequence[Signal], register: Register) -> list[Alert]:
    """Write the drafts for signals about one thing; none where one stands already, which gets the new evidence.

    Anyone who stands beside the person has to hear of it first: with everything that goes to partners a notice of the session is
    drafted too, while that session runs.
    """
    wider = [one for one in signals if one.tier in SIGNED]
    runs = at.checking.closed_at is None and at.checking.closes_at + NOTICE_AFTER > uow.now
    notices = [replace(one, name=f"notice:{one.name}", tier=Tier.T1) for one in wider] if runs else []
    drafts = [_write(uow, at, each, register) for each in (notices, signals) if each]
    return [one for one in drafts if one is not None]


def _write(uow: UnitOfWork, at: Setting, signals: Sequence[Signal], register: Register) -> Alert | None:
    query = select(AlertEvidence.signal, AlertEvidence.occasion).where(
        AlertEvidence.agency_id == at.agency_id, col(AlertEvidence.occasion).in_({s.occasion for s in signals})
    )
    known = set(uow.session.exec(query).all())  # drafted for already, whatever became of the draft
    fresh = [s for s in signals if (s.name, s.occasion) not in known]
    if not fresh:
        return None
    open_draft = repository.open_alert_for(uow.session, at.agency_id, {s.name for s in signals}, uow.now)
    row = open_draft or _draft(uow, at, fresh, register)
    for signal in fresh:
        uow.session.add(
            AlertEvidence(
                alert_id=row.id, agency_id=at.agency_id, trigger=signal.trigger, signal=signal.name[:200],
                occasion=signal.occasion[:80], about=signal.about, intent=signal.intent, x=signal.x, n=signal.n,
                probability=signal.probability, threshold=signal.threshold, detail=dict(signal.detail),
                samples=[str(key) for key in signal.samples], found_at=uow.now,
            )
        )  # fmt: skip
    uow.session.flush()
    if open_draft is not None:
        after = {"signals": [s.name for s in fresh]}
        audit.record(uow, "add_evidence", "alert", row.id, after=after, agency_id=at.agency_id)
        tell(uow, row, "alert.evidence")
        return None
    _ask_bench(uow, row, fresh, at)
    return row


def _draft(uow: UnitOfWork, at: Setting, fresh: Sequence[Signal], register: Register) -> Alert:
    first = max(fresh, key=lambda s: s.tier.value)
    tier, reach, about = first.tier, first.reach, first.about
    until = ends(tier, reach, at.checking, uow.now)
    sample = at.sample if at.described else None
    row = Alert(
        agency_id=at.agency_id, tier=tier, state=AlertState.DRAFT, reach=reach,
        session_id=at.checking.id if reach is Reach.SESSION else None,
        region=at.region if reach is Reach.REGION else "",
        words=" ".join(dict.fromkeys([*(f"{s.words[:1].upper()}{s.words[1:]}" for s in fresh), first.certainty.words]))[:300],
        told_words=told_words(at, fresh, register, uow.now),
        substances=[about] if about in register else [],
        classes=[about] if about not in register and register.is_class(about) else [],
        forms=[sample.form.value] if sample else list(at.forms[1]),
        colours=list(sample.colours) if sample else [],
        logos=[sample.logo[:40]] if sample and sample.logo else [],
        from_at=uow.now, until=max(until, uow.now + LONGEST[Tier.T1]) if reach is Reach.SESSION else until,
        sample_id=at.sample.id if at.sample else None, drafted_by=None, drafted_at=uow.now, authors=[],
    )  # fmt: skip
    uow.session.add(row)
    uow.session.flush()
    after = {
        "tier": tier.value, "reach": reach.value, "about": about, "signals": [s.name for s in fresh],
        "triggers": sorted({s.trigger.value for s in fresh}),
    }  # fmt: skip
    audit.record(
        uow, "draft", "alert", row.id, version=row.version, after=after, session_id=row.session_id,
        agency_id=at.agency_id,
    )  # fmt: skip
    tell(uow, row, "alert.drafted")
    return row


def told_words(at: Setting, signals: Sequence[Signal], register: Register, now: datetime) -> str:
    """What may be said outside: substance, region, month and class of form; what was expected where a share rose.

    No count, and nothing of what happened to anybody: one person's harm is one person's. Only what is confirmed was
    found; of two tests that disagree nothing is said until that is decided.
    """
    first = max(signals, key=lambda s: s.tier.value)
    name = substances.label_of(register, first.about)
    place, month = at.region or "this service", f"{local(now):%B %Y}"
    sure = first.certainty is Certainty.CONFIRMED
    if first.trigger in (Trigger.RISING_SHARE, Trigger.SLOW_DRIFT):
        intent = substances.label_of(register, first.intent)
        if not sure:
            return f"What looks like {name} turns up more often than before in samples expected to be {intent}, {place}, {month}. Some of it is not confirmed."
        return f"{name} is found more often than before in samples expected to be {intent}, {place}, {month}."
    return told_of(first, name, place, month, at.forms[0])


def told_of(signal: Signal, name: str, place: str, month: str, form: str = "") -> str:
    """One sentence for partners about one thing, in the words its evidence allows; "" where nothing may be said yet."""
    strong = signal.trigger is Trigger.UNUSUAL_STRENGTH
    opens = outside(signal.certainty, f"unusually strong {name}" if strong else name, fooled=signal.fooled)
    kind = f" {'Found in' if signal.certainty is Certainty.CONFIRMED else 'Form'}: {form}." if form else ""
    return f"{opens[:1].upper()}{opens[1:]}, {place}, {month}.{kind}" if opens else ""


def _ask_bench(uow: UnitOfWork, row: Alert, signals: Sequence[Signal], at: Setting) -> None:
    """A task about the newest sample behind it: the one that is open about an alert anyway, else a new one."""
    keys = [key for signal in signals for key in signal.samples]
    sample = at.sample or (lookup.sample_for_system(uow.session, keys[-1]) if keys else None)
    if sample is None or sample.agency_id != at.agency_id:
        return
    for task in tasks.rows_of_sample(uow.session, sample.id):
        free = task.kind is TaskKind.PROPOSE_ALERT and task.closed_at is None and "alert" not in task.detail
        if free and task.detail.get("tier") == row.tier.value:
            task.detail = {**task.detail, "alert": str(row.id)}
            return
    words = f"An automatic check drafted an alert ({row.tier}). {row.words}"
    firm = max(signals, key=lambda s: s.tier.value)
    detail: dict[str, JsonValue] = {
        "causes": [s.name for s in signals], "tier": row.tier.value, "alert": str(row.id),
        "evidence": firm.certainty.words, "lacking": firm.certainty.lacking,
    }  # fmt: skip
    try:
        tasks.open_once(uow, sample, TaskKind.PROPOSE_ALERT, f"alert {row.id}", words, detail=detail)
    except MastError:  # the draft stands in the list all the same
        return

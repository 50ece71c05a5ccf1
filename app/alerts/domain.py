"""Tiers of alerts, who sees which, and the states one goes through. Pure.

    draft ─raise→ active ─retract→ retracted        T0 and T1: one person of the bench or a session lead
      │                └ (its end passes: nobody does anything)
      ├ discard → discarded
      └ submit → in_review ─approve→ active          T2 and above: the steps of sign-off are not here yet

Sign-off adds its rows to TRANSITIONS; nothing else has to change for a T2 to become active.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.platform.kernel.actor import Role

NO_GREEN_LIGHT = "No alert is not a green light: what nobody has handed in, nobody has tested."


class Tier(StrEnum):
    """How far an alert reaches."""

    T0 = "T0"
    T1 = "T1"
    T2 = "T2"
    T3 = "T3"
    T4 = "T4"


TIER_WORDS: dict[Tier, str] = {
    Tier.T0: "Note of the laboratory",
    Tier.T1: "Session notice",
    Tier.T2: "Local professional alert",
    Tier.T3: "Public regional alert",
    Tier.T4: "Proposal of a national alert",
}


class AlertState(StrEnum):
    """States of an alert. That one has run out is not a state: its end says so."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    ACTIVE = "active"
    RETRACTED = "retracted"
    DISCARDED = "discarded"


STATE_WORDS: dict[AlertState, str] = {
    AlertState.DRAFT: "draft: nobody is warned yet",
    AlertState.IN_REVIEW: "waits for its approval",
    AlertState.ACTIVE: "in force",
    AlertState.RETRACTED: "retracted",
    AlertState.DISCARDED: "discarded",
}


class Act(StrEnum):
    """What a person may do to an alert."""

    RAISE = "raise"
    SUBMIT = "submit"
    APPROVE = "approve"
    RETRACT = "retract"
    DISCARD = "discard"


class Reach(StrEnum):
    """Where it holds."""

    SESSION = "session"
    REGION = "region"
    EVERYWHERE = "everywhere"


REACH_WORDS: dict[Reach, str] = {
    Reach.SESSION: "At one session",
    Reach.REGION: "In one region",
    Reach.EVERYWHERE: "Wherever this service works",
}

WRITERS = frozenset({Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD})
BY_ONE = frozenset({Tier.T0, Tier.T1})
"""Tiers one person raises alone."""
SIGNED = frozenset({Tier.T2, Tier.T3, Tier.T4})
"""Tiers that wait for their sign-off."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One allowed step for alerts of these tiers by people of these roles."""

    source: AlertState
    act: Act
    target: AlertState
    tiers: frozenset[Tier]
    roles: frozenset[Role]


TRANSITIONS: tuple[Transition, ...] = (
    Transition(AlertState.DRAFT, Act.RAISE, AlertState.ACTIVE, BY_ONE, WRITERS),
    Transition(AlertState.DRAFT, Act.DISCARD, AlertState.DISCARDED, BY_ONE | SIGNED, WRITERS),
    Transition(AlertState.ACTIVE, Act.RETRACT, AlertState.RETRACTED, BY_ONE | SIGNED, WRITERS),
)
_PAST = {
    Act.RAISE: "raised", Act.SUBMIT: "submitted", Act.APPROVE: "approved", Act.RETRACT: "retracted",
    Act.DISCARD: "discarded",
}  # fmt: skip


def decide(state: AlertState, act: Act, tier: Tier, roles: frozenset[Role]) -> tuple[AlertState | None, str]:
    """Where the step leads, or None and why not.

    >>> decide(AlertState.DRAFT, Act.RAISE, Tier.T2, frozenset({Role.SESSION_LEAD}))[0] is None
    True
    """
    steps = [t for t in TRANSITIONS if t.source is state and t.act is act]
    if not steps:
        return None, f"An alert that is {STATE_WORDS[state].partition(':')[0]} cannot be {_PAST[act]}."
    for step in steps:
        if tier in step.tiers:
            return (step.target, "") if roles & step.roles else (None, "Your role does not include this.")
    return None, f"{tier} needs its sign-off, which this service does not do yet: it stays a draft."


SEES: dict[Role, frozenset[Tier]] = {
    Role.RECEPTION: frozenset({Tier.T1}),
    Role.CHEMIST: frozenset({Tier.T0, Tier.T1, Tier.T2}),
    Role.VERIFIER: frozenset({Tier.T0, Tier.T1, Tier.T2}),
    Role.HEALTH_WORKER: frozenset({Tier.T0, Tier.T1, Tier.T2}),
    Role.SESSION_LEAD: frozenset({Tier.T0, Tier.T1, Tier.T2}),
    Role.PUBLIC_HEALTH: frozenset({Tier.T2, Tier.T3, Tier.T4}),
    Role.POLICE: frozenset({Tier.T2, Tier.T3, Tier.T4}),
}
"""What a role may read. Partner agencies never read T0 and T1: those are about a session."""
CLIENT_TIERS = frozenset({Tier.T1, Tier.T3})
"""Tiers that may put a warning on a client's page."""


def visible(roles: Iterable[Role]) -> frozenset[Tier]:
    """Tiers somebody with these roles may read."""
    return frozenset().union(*(SEES.get(role, frozenset()) for role in roles))


LONGEST: dict[Tier, timedelta] = {
    Tier.T0: timedelta(days=7),
    Tier.T1: timedelta(hours=72),
    Tier.T2: timedelta(days=30),
    Tier.T3: timedelta(days=30),
    Tier.T4: timedelta(days=30),
}
RETRACTION_SHOWN = timedelta(hours=24)


def in_force(state: AlertState, from_at: datetime, until: datetime, now: datetime) -> bool:
    """Whether it warns at this moment: from its beginning (included) to its end (excluded)."""
    return state is AlertState.ACTIVE and from_at <= now < until


def retraction_shows(state: AlertState, retracted_at: datetime | None, until: datetime, now: datetime) -> bool:
    """A retraction is told where the alert stood: as long as that would have run, at most a day."""
    if state is not AlertState.RETRACTED or retracted_at is None:
        return False
    return now < min(until, retracted_at + RETRACTION_SHOWN)

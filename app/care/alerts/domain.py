"""Tiers of alerts, who sees which, where they are told, and the states one goes through. Pure.

    draft ─raise→ active                                                        T0 and T1: one person
      │  ─submit→ in_review ─agree→ agreed ─approve→ active                      T2 and T3
      │  ─submit→ in_review ─agree→ agreed ─approve→ approved_once ─approve→ active   T4
      ├ edit → draft        any of the middle ones ─send_back→ draft
      └ discard → discarded                  active ─retract→ retracted (or its end passes: nobody does anything)

Who may take which step stands in TRANSITIONS; that nobody takes two steps that are to check each other stands in its
`checks`. Where nothing stands, nothing is allowed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Annotated, Literal, NamedTuple
from uuid import UUID

from pydantic import BeforeValidator

from app.platform.kernel.actor import ROLE_WORDS, Role
from app.platform.kernel.worded import Worded

NO_GREEN_LIGHT = "No alert does not mean no risk. We can only test what people bring."


class Tier(Worded):
    """How far an alert reaches."""

    T0 = "T0", "Note of the laboratory"
    T1 = "T1", "Session notice"
    T2 = "T2", "Local professional alert"
    T3 = "T3", "Public regional alert"
    T4 = "T4", "Proposal of a national alert"


class AlertState(Worded):
    """States of an alert. That one has run out is not a state: its end says so."""

    DRAFT = "draft", "draft. Nobody has been told yet."
    IN_REVIEW = "in_review", "awaiting a health worker or clinician"
    AGREED = "agreed", "awaiting approval"
    APPROVED_ONCE = "approved_once", "approved once, awaiting a second approval"
    ACTIVE = "active", "in force"
    RETRACTED = "retracted", "retracted"
    DISCARDED = "discarded", "discarded"


IN_SIGN_OFF = (AlertState.IN_REVIEW, AlertState.AGREED, AlertState.APPROVED_ONCE)
WAITING = (AlertState.DRAFT, *IN_SIGN_OFF)
"""States in which nobody is warned yet."""


class Act(Worded):
    """What a person may do to an alert."""

    RAISE = "raise", "raised"  # the words say what was done to it
    EDIT = "edit", "changed"
    SUBMIT = "submit", "submitted"
    AGREE = "agree", "agreed to"
    APPROVE = "approve", "approved"
    SEND_BACK = "send_back", "sent back"
    RETRACT = "retract", "retracted"
    DISCARD = "discard", "discarded"


Step = Annotated[
    Literal[Act.RAISE, Act.SUBMIT, Act.AGREE, Act.APPROVE, Act.SEND_BACK, Act.DISCARD],
    BeforeValidator(lambda word: word.replace("-", "_")),
]
"""A step as an address names it. Editing brings new words and a retraction is told outside: each has its own route."""


class Reach(Worded):
    """The area it covers."""

    SESSION = "session", "At one session"
    REGION = "region", "In one region"
    EVERYWHERE = "everywhere", "Wherever this service works"


class Trigger(Worded):
    """Why a draft was written."""

    FIRST_DETECTION = "first_detection", "First detection"
    HARM_LINKED = "harm_linked", "Linked to harm"
    UNUSUAL_STRENGTH = "unusual_strength", "Unusual strength"
    RISING_SHARE = "rising_share", "Rising share"
    SLOW_DRIFT = "slow_drift", "Slow drift"


BENCH = frozenset({Role.CHEMIST, Role.VERIFIER})
WRITERS = BENCH | {Role.SESSION_LEAD}
HEALTH = frozenset({Role.HEALTH_WORKER, Role.CLINICIAN})
CLINICIANS = frozenset({Role.CLINICIAN})
LEADS = frozenset({Role.SESSION_LEAD})
PARTNERS = frozenset({Role.PUBLIC_HEALTH, Role.POLICE})
SIGNATURES = (Act.AGREE, Act.APPROVE)
"""Steps that are someone's signature."""
ALL_STEPS = WRITERS | HEALTH
"""Roles that write or sign alerts: they also see what waits."""

BY_ONE = frozenset({Tier.T0, Tier.T1})
"""Tiers one person raises alone."""
SIGNED = frozenset({Tier.T2, Tier.T3, Tier.T4})
"""Tiers that wait for their sign-off."""


# -- sign-off -----------------------------------------------------------------------------------------------------


Signatures = Mapping[Act, Collection[UUID]]
"""Who did what to an alert as it stands, since it was last sent back. Its authors stand under EDIT."""
_YOU = {
    Act.EDIT: "wrote this alert", Act.SUBMIT: "submitted this alert", Act.AGREE: "agreed to this alert",
    Act.APPROVE: "approved this alert already",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Transition:
    """One allowed step for alerts of these tiers by people of these roles, who did nothing of `checks` themselves."""

    source: AlertState
    act: Act
    target: AlertState
    tiers: frozenset[Tier]
    roles: frozenset[Role]
    checks: tuple[Act, ...] = ()


_S, _A, _ANY = AlertState, Act, BY_ONE | SIGNED
_T2, _T3, _T4 = (frozenset({t}) for t in (Tier.T2, Tier.T3, Tier.T4))
_TWO, _THREE = (_A.EDIT, _A.SUBMIT), (_A.EDIT, _A.SUBMIT, _A.AGREE)
TRANSITIONS: tuple[Transition, ...] = (
    Transition(_S.DRAFT, _A.RAISE, _S.ACTIVE, BY_ONE, WRITERS),
    Transition(_S.DRAFT, _A.EDIT, _S.DRAFT, _ANY, WRITERS),
    Transition(_S.DRAFT, _A.DISCARD, _S.DISCARDED, _ANY, WRITERS),
    Transition(_S.DRAFT, _A.SUBMIT, _S.IN_REVIEW, SIGNED, BENCH),
    Transition(_S.IN_REVIEW, _A.AGREE, _S.AGREED, _T2, HEALTH, _TWO),
    Transition(_S.IN_REVIEW, _A.AGREE, _S.AGREED, _T3 | _T4, CLINICIANS, _TWO),
    Transition(_S.AGREED, _A.APPROVE, _S.ACTIVE, _T2, LEADS, (_A.SUBMIT, _A.AGREE)),
    Transition(_S.AGREED, _A.APPROVE, _S.ACTIVE, _T3, LEADS, _THREE),
    Transition(_S.AGREED, _A.APPROVE, _S.APPROVED_ONCE, _T4, LEADS, _THREE),
    Transition(_S.APPROVED_ONCE, _A.APPROVE, _S.ACTIVE, _T4, LEADS | CLINICIANS, (*_THREE, _A.APPROVE)),
    *(Transition(state, _A.SEND_BACK, _S.DRAFT, SIGNED, HEALTH | LEADS) for state in IN_SIGN_OFF),
    Transition(_S.ACTIVE, _A.RETRACT, _S.RETRACTED, _ANY, WRITERS),
    Transition(_S.ACTIVE, _A.RETRACT, _S.RETRACTED, SIGNED, CLINICIANS),
)  # fmt: skip


class Decision(NamedTuple):
    """Where a step leads, or None and every reason why not."""

    target: AlertState | None
    reasons: tuple[str, ...] = ()


def decide(
    state: AlertState,
    act: Act,
    tier: Tier,
    roles: frozenset[Role],
    person: UUID | None = None,
    signed: Signatures = MappingProxyType({}),
) -> Decision:
    """Whether this person may take this step, and where it leads.

    >>> decide(AlertState.DRAFT, Act.RAISE, Tier.T2, frozenset({Role.SESSION_LEAD})).target is None
    True
    """
    steps = [t for t in TRANSITIONS if t.source is state and t.act is act]
    if not steps:
        return Decision(None, (f"An alert that is {state.words.partition('.')[0]} cannot be {act.words}.",))
    steps = [t for t in steps if tier in t.tiers]
    if not steps:
        return Decision(None, (f"{tier} is {'not signed off' if tier in BY_ONE else 'signed off in steps'}.",))
    mine = [t for t in steps if roles & t.roles]
    if not mine:
        *others, last = sorted({ROLE_WORDS[role].lower() for t in steps for role in t.roles})
        who = f"{', '.join(others)} or {last}" if others else last
        return Decision(None, (f"Only a {who} can do this.",))
    reasons = tuple(
        f"You {_YOU[one]}. Someone else must do this." for one in mine[0].checks if person in signed.get(one, ())
    )
    return Decision(None, reasons) if reasons else Decision(mine[0].target)


def steps_from(state: AlertState, tier: Tier) -> list[Act]:
    """What can be done to an alert of this tier at all, by anyone who may."""
    return list(dict.fromkeys(t.act for t in TRANSITIONS if t.source is state and tier in t.tiers))


# -- who reads it, and where it is told -----------------------------------------------------------------------------


class Channel(Worded):
    """Where an alert is told. Nothing is sent: no e-mail, no text message."""

    STAFF = "staff", "screens of staff"
    CLIENTS = "clients", "result pages of samples that fit"
    PARTNERS = "partners", "public health and police"
    PUBLIC = "public", "public page and feed"


CHANNELS: dict[Tier, tuple[Channel, ...]] = {
    Tier.T0: (Channel.STAFF,),
    Tier.T1: (Channel.STAFF, Channel.CLIENTS),
    Tier.T2: (Channel.STAFF, Channel.PARTNERS),
    Tier.T3: (Channel.STAFF, Channel.CLIENTS, Channel.PARTNERS, Channel.PUBLIC),
    Tier.T4: (Channel.STAFF, Channel.PARTNERS),
}
CLIENT_TIERS = frozenset(tier for tier, channels in CHANNELS.items() if Channel.CLIENTS in channels)
"""Tiers that may put a warning on a client's page."""

_EVERY = frozenset(Tier)
SEES: dict[Role, frozenset[Tier]] = {
    Role.RECEPTION: frozenset({Tier.T1, Tier.T3}),
    **dict.fromkeys(ALL_STEPS, _EVERY),
    **dict.fromkeys(PARTNERS, SIGNED),
}
"""What a role may read. Partner agencies never read T0 and T1: those are about a session. Of the others they read what
was told to them, never what waits (service: `told`)."""


def visible(roles: Iterable[Role]) -> frozenset[Tier]:
    """Tiers someone with these roles may read."""
    return frozenset().union(*(SEES.get(role, frozenset()) for role in roles))


def readable(roles: Iterable[Role]) -> tuple[AlertState, ...]:
    """States someone with these roles may read: what waits is for those who write and sign."""
    if ALL_STEPS & set(roles):
        return tuple(AlertState)
    return (AlertState.ACTIVE, AlertState.RETRACTED)


LONGEST = {Tier.T0: timedelta(days=7), Tier.T1: timedelta(hours=72), **dict.fromkeys(SIGNED, timedelta(days=30))}
RETRACTION_SHOWN = timedelta(hours=24)
RETRACTION_TOLD = timedelta(days=7)


def in_force(state: AlertState, from_at: datetime, until: datetime, now: datetime) -> bool:
    """Whether it warns at this moment: from its beginning (included) to its end (excluded)."""
    return state is AlertState.ACTIVE and from_at <= now < until


def retraction_shows(
    state: AlertState, retracted_at: datetime | None, until: datetime, now: datetime, tier: Tier = Tier.T1
) -> bool:
    """A retraction is told where the alert stood: as long as that would have run, at most a day; from T2 on a week."""
    if state is not AlertState.RETRACTED or retracted_at is None:
        return False
    return now < min(until, retracted_at + (RETRACTION_SHOWN if tier in BY_ONE else RETRACTION_TOLD))


def told_until(state: AlertState, ended_at: datetime | None, until: datetime) -> datetime:
    """Until when partners and the public read it: to its end; a retraction for a week at least, because who read the
    alert may come back once a week only."""
    return max(until, ended_at + RETRACTION_TOLD) if state is AlertState.RETRACTED and ended_at else until

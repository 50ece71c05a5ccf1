"""What a signal is before it is a draft: its trigger, what it is about, and the tier and reach it proposes. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from app.care.alerts.domain import Reach, Tier
from app.care.alerts.standing import Standing


class Trigger(StrEnum):
    """Why a draft was written."""

    FIRST_DETECTION = "first_detection"
    HARM_LINKED = "harm_linked"
    UNUSUAL_STRENGTH = "unusual_strength"
    RISING_SHARE = "rising_share"
    SLOW_DRIFT = "slow_drift"


TRIGGER_WORDS: dict[Trigger, str] = {
    Trigger.FIRST_DETECTION: "First detection",
    Trigger.HARM_LINKED: "Linked to harm",
    Trigger.UNUSUAL_STRENGTH: "Unusual strength",
    Trigger.RISING_SHARE: "Rising share",
    Trigger.SLOW_DRIFT: "Slow drift",
}


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing that was found. `name`: what must not be drafted twice while it stands; `occasion`: the sample or the
    session that set it off; `standing`: how sure it is, `fooled`: something that fools the strip is in it; `detail`: what
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
    detail: Mapping[str, Any] = field(default_factory=dict)
    standing: Standing = Standing.CONFIRMED
    fooled: bool = False

    @property
    def reach(self) -> Reach:
        """At its session up to T1, in its region above."""
        return Reach.SESSION if self.tier in (Tier.T0, Tier.T1) else Reach.REGION

"""How many new questions one person may ask, and when the next one is free. Pure; the figures are settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.platform.kernel.errors import TooMany
from app.trends.domain import LONDON

DAY = timedelta(days=1)
SEASON = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Budget:
    """New questions per 24 hours and per 90 days, both sliding and 1 or more. A question asked again costs nothing."""

    per_day: int = 200
    per_90_days: int = 2000

    def left(self, asked: Sequence[datetime], now: datetime) -> int:
        """How many new questions are left now. `asked`: when the counted ones were asked, in any order."""
        return max(0, min(limit - len(_since(asked, now - span)) for limit, span in self._windows))

    def check(self, asked: Sequence[datetime], now: datetime) -> None:
        """Raises BudgetSpent when no new question is left."""
        free = [at for limit, span in self._windows if (at := _free_at(_since(asked, now - span), limit, span))]
        if free:
            raise BudgetSpent(self, now, max(free))

    @property
    def _windows(self) -> tuple[tuple[int, timedelta], ...]:
        return (self.per_day, DAY), (self.per_90_days, SEASON)


def _since(asked: Sequence[datetime], start: datetime) -> list[datetime]:
    return sorted(at for at in asked if at > start)


def _free_at(inside: Sequence[datetime], limit: int, span: timedelta) -> datetime | None:
    """When enough of these have left the window for one more; None where there is room now."""
    if len(inside) < limit:
        return None
    return inside[len(inside) - limit] + span


class BudgetSpent(TooMany):
    """No new question is left for now; `free_at` says until when."""

    code = "questions_spent"

    def __init__(self, budget: Budget, now: datetime, free_at: datetime) -> None:
        super().__init__(
            f"You have asked as many new questions as one person may: {budget.per_day:,} in 24 hours, "
            f"{budget.per_90_days:,} in 90 days. Nothing is lost: questions you asked before are still answered.",
            retry_after_s=max(1, int((free_at - now).total_seconds()) + 1),
        )
        self.free_at = free_at
        self.extra = {"free_at": free_at.isoformat(timespec="seconds")}
        self.hint = f"The next new question is free at {free_at.astimezone(LONDON):%H:%M on %d %B %Y}."

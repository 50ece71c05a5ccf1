"""What a page was made of, as it is kept in the display log: enough to make the same page again. Pure.

Facts, context and what staff did are the arguments of `evaluate`; the frame is what stands around the messages. What a
person said they also take is no part of it: the context leaves it out of every dump.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from harm_messages import Adjustments, Context, Facts, Pack, Page, evaluate


@dataclass(frozen=True, slots=True)
class MadeOf:
    """The arguments of one evaluation, without the pack: that is named by its digest."""

    facts: Facts
    context: Context
    adjustments: Adjustments
    locale: str
    now: datetime

    def page(self, pack: Pack) -> Page:
        """The page again. Raises HarmMessageError where this pack cannot say it."""
        return evaluate(pack, self.facts, self.context, self.locale, self.now, self.adjustments)

    def as_json(self) -> dict[str, Any]:
        """For the column."""
        return {
            "facts": self.facts.model_dump(mode="json", exclude_defaults=True),
            "context": self.context.model_dump(mode="json"),
            "adjustments": self.adjustments.model_dump(mode="json"),
            "locale": self.locale,
            "now": self.now.isoformat(),
        }

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> MadeOf:
        """And back."""
        return cls(
            Facts.model_validate(kept["facts"]),
            Context.model_validate(kept["context"]),
            Adjustments.model_validate(kept["adjustments"]),
            kept["locale"],
            datetime.fromisoformat(kept["now"]),
        )


def page_digest(page: Page) -> str:
    """sha-256 of the page without anything self-reported: two pages with the same one read the same."""
    return hashlib.sha256(page.loggable().model_dump_json().encode()).hexdigest()


def rules_on(page: Page) -> list[str]:
    """Ids of the rules whose messages stand on the page, each once; what staff added is no rule's."""
    spoken = (m.rule_id for m in page.loggable().messages() if m.rule_id.startswith("R-"))
    return list(dict.fromkeys(spoken))

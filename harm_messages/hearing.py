"""Where a message stands on a page, and what that page has said already.

Imports this package only.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from harm_messages.tables_of_use import Where
from harm_messages.tagged import normalised
from harm_messages.types import Severity, Slot
from harm_messages.veto import Veto


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message goes and how grave it is."""

    severity: Severity
    slot: Slot
    topic: str = ""
    rule_id: str = ""
    self_reported: bool = False


@dataclass(slots=True)
class Hearing:
    """What one page may say about taking it, and what it has said already: `said` and `behind` (More) grow as the page is
    written. `stands`: what is known to stand on it without a tap, where it is written a second time. `counted`: nobody reads or
    hears it, its words are only counted. `room`: how many words the first card may have where help stands behind it. `brief`: each text
    says its first sentence alone. `lengths`: what was too long, as the default language decided."""

    veto: Veto | None = None
    said: set[str] = field(default_factory=set)
    behind: set[str] = field(default_factory=set)
    stands: frozenset[str] = frozenset()
    counted: bool = False
    room: int | None = None
    brief: bool = False
    lengths: dict[str, bool] = field(default_factory=dict)

    def fresh(self, sentence: str, where: Where = "page") -> bool:
        """Whether this sentence has not stood on the page yet. One of one or two words is no instruction. What stands on
        the page is never given up for what waits behind More."""
        key = normalised(sentence)
        if key.count(" ") < 2:
            return True
        heard = self.behind if where == "more" else self.said
        if key in heard or (where == "more" and key in self.stands):
            return False
        heard.add(key)
        return True

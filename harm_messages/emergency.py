"""The emergency block: the union of the lines the fired rules ask for, in the fixed order, once.

999 → airway and breathing → recovery position → naloxone → stay → show them this result.
Imports this package only.
"""

from __future__ import annotations

from collections.abc import Iterable

from harm_messages.page import EmergencyLine
from harm_messages.types import Severity, Slot
from harm_messages.wording import Place, Writer

ORDER = ("call", "airway", "recovery", "naloxone", "stay", "show")
BASE = frozenset({"call", "airway", "recovery", "stay", "show"})
PLACE = Place(Severity.S0, Slot.EMERGENCY)


def compose_emergency(w: Writer, wanted: Iterable[str]) -> tuple[EmergencyLine, ...]:
    """Numbered steps; each holds the approved sentences asked for, in the pack's order."""
    asked = BASE | set(wanted)
    lines: list[EmergencyLine] = []
    for step in sorted(w.d.pack.emergency, key=lambda s: ORDER.index(s.step)):
        parts = tuple(w.write(m, PLACE) for name, m in step.fragments.items() if name in asked)
        if parts:
            lines.append(EmergencyLine(number=len(lines) + 1, step=step.step, parts=parts))
    return tuple(lines)

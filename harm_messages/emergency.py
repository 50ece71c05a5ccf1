"""The emergency block: signs, then the union of the lines that the fired rules ask for, in the fixed order, once.

signs → 999 → airway and breathing → recovery position → naloxone → stay → show them this result. On a page without an
S0 or S1 it stands in its short form. Imports this package only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from harm_messages.content import EMERGENCY_BASE, EMERGENCY_ORDER, Labels
from harm_messages.derived import derive
from harm_messages.hearing import Place
from harm_messages.pack import Pack
from harm_messages.page import EmergencyLine
from harm_messages.types import Context, Facts, Frozen, LicenceMode, Severity, Slot
from harm_messages.vocabulary import Family
from harm_messages.wording import Writer

PLACE = Place(Severity.S0, Slot.EMERGENCY)
TOLD = replace(PLACE, self_reported=True)


def compose_emergency(
    w: Writer, wanted: Iterable[str], told: Iterable[str] = (), *, short: bool = False
) -> tuple[EmergencyLine, ...]:
    """Numbered steps; each holds the approved sentences asked for, in the pack's order. `told`: asked for only because
    of what the person also takes, and marked so. `short`: only what the pack keeps for pages that are not grave."""
    known = EMERGENCY_BASE | set(wanted)
    asked = known | set(told)
    lines: list[EmergencyLine] = []
    for step in sorted(w.d.pack.emergency, key=lambda s: EMERGENCY_ORDER.index(s.step)):
        parts = tuple(
            w.write(m, PLACE if name in known else TOLD, whole=True)
            for name, m in step.fragments.items()
            if name in asked and (not short or name in step.short)
        )
        if parts:
            lines.append(EmergencyLine(number=len(lines) + 1, step=step.step, parts=parts))
    return tuple(lines)


class Help(Frozen):
    """The emergency block by itself, for a page that tells no result. Its parts are named like those of a Page."""

    emergency: tuple[EmergencyLine, ...]
    labels: Labels
    labels_locale: str
    locale: str


def help_for_anyone(pack: Pack, locale: str) -> Help:
    """What to do for someone who took a drug that nobody knows: the whole block of the family *unknown*, but for the line
    that asks to show a result."""
    unknown = derive(pack, Facts(), Context(licence_mode=LicenceMode.FOH_GENERAL, released=False))
    w = Writer(unknown, pack.nearest(locale))
    wanted = (*pack.families.fallbacks[Family.UNKNOWN].emergency, *pack.families.signs[Family.UNKNOWN])
    lines = tuple(line for line in compose_emergency(w, wanted) if line.step != "show")
    return Help(emergency=lines, labels=w.labels, labels_locale=w.labels_locale, locale=w.locale)

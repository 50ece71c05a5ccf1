"""Whether a language holds everything it promises. Danger text fails closed: a gap stops the pack.

What a language leaves out is shown in the default language, marked as such. Imports Babel and this package.
"""

from __future__ import annotations

from collections.abc import Iterator

from babel import Locale, UnknownLocaleError

from harm_messages.content import LocaleRow
from harm_messages.errors import Problem
from harm_messages.markdown import placeholders
from harm_messages.pack import Pack
from harm_messages.places import table_problem
from harm_messages.types import Slot

FILE = "locales.yaml"
_SLOTS = {Slot.LIMITS: "limits", Slot.SAFER_USE: "safer_use", Slot.NEXT: "next"}


def locale_problems(pack: Pack) -> Iterator[Problem]:
    """The default language is there and whole; every other one holds what it declares."""
    default = pack.locales.get(pack.manifest.default_locale)
    if default is None:
        said = f"The default language {pack.manifest.default_locale!r} of pack.yaml is not in this file."
        yield table_problem(pack, FILE, "locale", said)
    yield from _short_words(pack)
    for locale, row in pack.locales.items():
        if not _known(locale):
            said = f"{locale!r} is no language code that is known, such as en, cy or pl."
            yield table_problem(pack, FILE, "locale", said, [locale])
        if locale == pack.manifest.default_locale and row.complete_for != "all":
            said = "Every other language falls back to this one, so it must say complete_for: all."
            yield table_problem(pack, FILE, "locale", said, [locale, "complete_for"])
        for message_id, why in sorted(promised(pack, row).items()):
            if f"messages/{pack.manifest.default_locale}/{message_id}.md" in pack.borrowed:
                continue
            if (message_id, locale) not in pack.messages:
                # the whole pack lacks it: said where the message is named
                if (message_id, pack.manifest.default_locale) not in pack.messages:
                    continue
                said = (
                    f"{message_id} has no text in {row.name} (messages/{locale}/{message_id}.md), "
                    f"but this language promises {why}. Write it, or promise less."
                )
                yield table_problem(pack, FILE, "locale", said, [locale, "complete_for"], where=message_id)


def _short_words(pack: Pack) -> Iterator[Problem]:
    """Words that a page cannot do without are there in every language, with the places they are filled at. What staff
    read is in the default language alone."""
    default = pack.labels[pack.manifest.default_locale]
    for locale, labels in pack.labels.items():
        file = f"labels/{locale}.yaml"
        for key, theirs, ours in (
            ("because", default.because, labels.because),
            ("portions", default.portions, labels.portions),
        ):
            missing = sorted(set(theirs) - set(ours))
            if missing:
                said = f"“{key}” has no words for {', '.join(missing)}, which the default language has."
                yield table_problem(pack, file, "labels", said, [key])
            for one in sorted(set(theirs) & set(ours)):
                if placeholders(ours[one]) != placeholders(theirs[one]):
                    wanted = ", ".join(f"{{{p}}}" for p in sorted(placeholders(theirs[one]))) or "no place to fill"
                    said = f"“{one}” must hold {wanted}, as in the default language."
                    yield table_problem(pack, file, "placeholder", said, [key, one])


def _known(locale: str) -> bool:
    """Whether numbers and lists can be written in it."""
    try:
        Locale.parse(locale, sep="-")
    except (UnknownLocaleError, ValueError):
        return False
    return True


def promised(pack: Pack, row: LocaleRow) -> dict[str, str]:
    """Every message that a language declaring this must hold, and what it belongs to."""
    wanted: dict[str, str] = {}
    for rule in pack.rules:
        for part in (rule.severity.value, _SLOTS.get(rule.slot, "")):
            if row.promises(part):
                wanted.setdefault(rule.emit.message, part)
    if row.promises("emergency"):
        wanted.update({m: "emergency" for step in pack.emergency for m in step.fragments.values()})
    if row.promises("limits"):
        wanted.update({strip.no_reaction: "limits" for strip in pack.strips if strip.no_reaction})
    if row.promises("fixed"):
        wanted.update(dict.fromkeys(_said_by_the_page(pack), "fixed"))
    return wanted


def _said_by_the_page(pack: Pack) -> Iterator[str]:
    """What no rule says: the sentences of pack.yaml, what dosing rows say, the joint sentences and the fallbacks."""
    yield from pack.manifest.fixed.values()
    yield from (row.say for row in pack.dosing.rows if row.say)
    yield from pack.families.together.values()
    yield from (fallback.message for fallback in pack.families.fallbacks.values())

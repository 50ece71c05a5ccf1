"""Can a text harm by what it says about taking it? Tags, fallbacks, word budgets, versions.

Imports this package only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from harm_messages.check_pages import Pages
from harm_messages.errors import HarmMessageError, Level, Problem
from harm_messages.pack import Pack
from harm_messages.places import message_problem, rule_problem, table_problem
from harm_messages.register import within
from harm_messages.rules import Rule
from harm_messages.structure import selectors
from harm_messages.tagged import plain, words_of
from harm_messages.texts import MessageText
from harm_messages.types import BODY_SLOTS, Slot
from harm_messages.vocabulary import Family
from harm_messages.witness import witness

KILLS = re.compile(r"\b(kill\w*|die[sd]?|dying|dead\w*|death\w*)\b", re.IGNORECASE)


def dosing_problems(pack: Pack, pages: Pages) -> Iterator[Problem]:
    """Everything about taking it that a pack must hold before anybody signs it."""
    yield from text_problems(pack)
    yield from _pages(pack, pages)


def text_problems(pack: Pack) -> Iterator[Problem]:
    """What single texts and tables show by themselves, without making a page."""
    yield from _older(pack)
    for (_, locale), text in pack.messages.items():
        yield from _untagged(pack, text, locale)
    yield from _fallbacks(pack)
    yield from _lengths(pack)


def _level(pack: Pack) -> Level:
    """A pack from before the tags opens; its clinicians are told."""
    return "warning" if pack.borrowed else "error"


def _older(pack: Pack) -> Iterator[Problem]:
    if pack.borrowed:
        said = (
            "This pack was written before dosing rows, families and fallbacks. They come from the shipped pack, and every "
            "sentence that reads like a dose counts as tagged. Look at each, then add the tables to sign them."
        )
        yield table_problem(pack, "pack.yaml", "older_pack", said, ["version"], "warning")


def _untagged(pack: Pack, text: MessageText, locale: str) -> Iterator[Problem]:
    """Every sentence that gives a start, a clock or a fraction carries its tags."""
    if text.id in pack.first_aid:
        return
    for part in (text.short, text.more, text.spoken):
        for _, sentence, lacking in pack.tagger(locale).untagged(part):
            tags = ", ".join(sorted(lacking))
            said = f"“{sentence}” reads like advice on how to take it. Write [{tags}: {sentence}], or say it otherwise."
            yield message_problem(pack, text.id, locale, "untagged", said, sentence[:40], level=_level(pack))


# -- fallbacks -------------------------------------------------------------------------------------


def _fallbacks(pack: Pack) -> Iterator[Problem]:
    """Each class has a family, each family a fallback that is never weaker than what it stands in for."""
    families = pack.families
    for class_id in pack.substances.classes:
        if class_id not in families.classes:
            said = f"The class {class_id!r} has no family, so nothing could stand in for its message. Add it here."
            yield table_problem(pack, "families.yaml", "fallback", said, ["classes"], _level(pack), class_id)
    for family in Family:
        for name, there in (("fallbacks", families.fallbacks), ("signs", families.signs)):
            if family not in there:
                said = f"The family {family!r} has none under “{name}”. Write it before anybody signs."
                yield table_problem(pack, "families.yaml", "fallback", said, [name])
    default = pack.manifest.default_locale
    deadly = {f for rule in pack.rules if _says_it_kills(pack, rule) for f in _families_of(pack, rule)}
    for family in sorted(deadly & set(families.fallbacks)):
        text = pack.messages.get((families.fallbacks[family].message, default))
        if text is not None and not KILLS.search(text.source):
            said = f"Messages of the family {family!r} say that it can kill; the text that stands in for them must say so too."
            yield message_problem(pack, text.id, default, "fallback", said)


def _says_it_kills(pack: Pack, rule: Rule) -> bool:
    text = pack.messages.get((rule.emit.message, pack.manifest.default_locale))
    return rule.slot in BODY_SLOTS and text is not None and bool(KILLS.search(text.source))


def _families_of(pack: Pack, rule: Rule) -> Iterator[Family]:
    """The families a rule's condition can bind."""
    for spec in selectors(rule):
        yield from (
            pack.family(one, pack.substances[one].drug_class) for one in spec.substance if one in pack.substances
        )
        for row, family in pack.families.classes.items():
            if any(within(row, c) for c in spec.drug_class) and not any(within(row, c) for c in spec.not_class):
                yield family


# -- words -----------------------------------------------------------------------------------------


def _lengths(pack: Pack) -> Iterator[Problem]:
    """Single texts: a card, what waits behind its More."""
    budgets, default = pack.budgets, pack.manifest.default_locale
    for rule in pack.rules:
        text = pack.messages.get((rule.emit.message, default))
        if text is None:
            continue
        limits = [(text.more, budgets.more, "text behind “More”")]
        if rule.slot in BODY_SLOTS:
            limits.append((text.short, budgets.card, "card"))
        for words, limit, called in limits:
            count = words_of([plain(words)])
            if count > limit:
                said = (
                    f"The {called} has {count} words; pack.yaml allows {limit}. Say less, or move some behind “More”."
                )
                yield message_problem(pack, text.id, default, "budget", said, words[:30], level=_level(pack))


def _pages(pack: Pack, pages: Pages) -> Iterator[Problem]:
    """Whole pages, one made for each rule: nobody reads more in the minutes they give it."""
    budgets = pack.budgets
    for rule in pages.each(pack.rules):
        if rule.slot is Slot.LIMITS or rule.status == "withdrawn":
            continue
        try:
            facts, context = witness(rule, pack)
            page = pages.of(facts, context)
        except (ValueError, StopIteration, IndexError, HarmMessageError):
            continue  # said elsewhere
        limit = budgets.grave_page if page.help_first else budgets.other_page
        if page.visible_words() > limit:
            said = f"Its page shows {page.visible_words()} words without a tap; pack.yaml allows {limit}. Shorten its texts."
            yield rule_problem(pack, rule.id, "budget", said, "emit", level=_level(pack))

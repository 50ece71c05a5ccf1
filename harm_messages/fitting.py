"""A finished page in the words that people give it: what can wait goes behind More, alike in every language.

Imports this package only.
"""

from __future__ import annotations

from harm_messages.pack import Pack
from harm_messages.page import Message, Page, behind_more
from harm_messages.types import Severity


def within_budget(page: Page, pack: Pack) -> Page:
    """Cards of S3–S4 go behind More, the mildest first, then the lines on safer use that the dosing table does not ask for,
    until the page can be read in the time people give it."""
    limit = pack.budgets.grave_page if page.help_first else pack.budgets.other_page
    while page.visible_words() > limit:
        at = next((i for i in range(len(page.cards) - 1, 0, -1) if _may_wait(page.cards[i])), None)
        if at is None:
            break
        cards, more = (*page.cards[:at], *page.cards[at + 1 :]), (page.cards[at], *page.more)
        page = page.model_copy(update={"cards": cards, "more": more})
    asked = {row.say for row in pack.dosing.rows}
    for at in range(len(page.safer_use) - 1, -1, -1):
        if page.visible_words() > limit and page.safer_use[at].id not in asked:
            use = list(page.safer_use)
            use[at] = behind_more(use[at])
            page = page.model_copy(update={"safer_use": tuple(use)})
    return page


def ordered_like(model: Page, page: Page) -> Page:
    """Put the cards and lines of a translated page where those of the default language stand, whose words are counted."""
    own = {(m.id, m.rule_id): m for m in page.body}
    first, later = ([own.pop(k) for m in part if (k := (m.id, m.rule_id)) in own] for part in (model.cards, model.more))
    waiting = {m.id for m in model.safer_use if not m.text}
    use = tuple(behind_more(m) if m.id in waiting and m.text else m for m in page.safer_use)
    return page.model_copy(update={"cards": tuple(first), "more": (*later, *own.values()), "safer_use": use})


def _may_wait(card: Message) -> bool:
    return card.severity.rank >= Severity.S3.rank and card.origin == "result"

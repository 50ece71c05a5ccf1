"""Turns what the laboratory recorded into the facts the message rules read, and keeps what a page was made of. Pure.

What the display log keeps is enough to make the same page again: facts, context and what staff did are the arguments of
`evaluate`. What a person said they also take is no part of it: the context leaves it out of every dump.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import JsonValue, TypeAdapter

from app.results.derivation import scope_fact, strip_facts
from app.results.finding import look_alikes
from app.results.grounds import frozen
from harm_messages import Adjustments, AmountFact, Context, Facts, FindingFact, Pack, Page, evaluate
from harm_messages.register import Register
from harm_messages.types import Abundance

if TYPE_CHECKING:
    from app.results.tables import Finding
    from app.results.view import ResultView


def facts_of(view: ResultView, pack: Pack) -> Facts:
    """Facts of one result version that was submitted, from what it stood on then, never what was written down since."""
    snapshot = frozen(view.result)
    assert snapshot is not None, "only what was submitted is told"
    return Facts(
        expected=expected_of(snapshot.expected, snapshot.intent, pack.substances.intents),
        expected_words=said_words(snapshot.words or "", pack.substances),
        form=snapshot.form,
        unit_mass_mg=snapshot.unit_mass_mg,
        logo=snapshot.logo,
        colours=snapshot.colours,
        findings=tuple(_finding(f, pack) for f in view.findings),
        scope=tuple(scope_fact(one) for one in snapshot.scope),
        strips=tuple(strip_facts(snapshot.scope)),
    )


def _finding(row: Finding, pack: Pack) -> FindingFact:
    seen = row.abundance.value != Abundance.NOT_DETECTED.value
    return FindingFact(
        substance=row.substance_id,
        drug_class=(row.substance_class or None) if row.substance_id is None else None,
        abundance=row.abundance,
        confidence=row.confidence,
        amount=_amount(row),
        methods=tuple(row.methods),
        look_alikes=look_alikes(row.cannot_tell_from, row.substance_id, pack.substances) if seen else (),
    )


def _amount(row: Finding) -> AmountFact | None:
    if row.amount_value is None or row.amount_unit is None:
        return None
    return AmountFact(
        value=row.amount_value,
        low=row.amount_low,
        high=row.amount_high,
        k=row.coverage_k or 2.0,
        unit=row.amount_unit,
        basis=row.basis,
    )


def expected_of(named: Sequence[str], intent: str, known_intents: Container[str]) -> tuple[str, ...]:
    """What the client expected in the pack's words; a bare “unknown” or “mixture” is an intent of its own."""
    if named:
        return tuple(named)
    return (intent,) if intent in known_intents else ()


def said_words(spoken: str, register: Register) -> str:
    """Words nobody found in the register, as they were said; a word that says nothing ("dunno") is none.

    They always lead to a page, as of a drug that nobody knows."""
    meant = register.resolve(spoken) if spoken.strip() else []
    says_nothing = bool(meant) and all(one.id in register.intents and register.intents[one.id].vague for one in meant)
    return "" if says_nothing else " ".join(spoken.split())


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

    def as_json(self) -> dict[str, JsonValue]:
        """For the column; what was not said of it is left out."""
        kept: dict[str, JsonValue] = KEPT.dump_python(self, mode="json", exclude_defaults=True)
        return kept


KEPT = TypeAdapter(MadeOf)
"""Reads what a page was made of from the data it was kept as."""


def page_digest(page: Page) -> str:
    """sha-256 of the page without anything self-reported: two pages with the same one read the same."""
    return hashlib.sha256(page.loggable().model_dump_json().encode()).hexdigest()


def rules_on(page: Page) -> list[str]:
    """Ids of the rules whose messages stand on the page, each once; what staff added is no rule's."""
    spoken = (m.rule_id for m in page.loggable().messages() if m.rule_id.startswith("R-"))
    return list(dict.fromkeys(spoken))

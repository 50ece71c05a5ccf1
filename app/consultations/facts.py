"""Turns what the laboratory recorded into the facts the message rules read. Pure given its inputs."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import TYPE_CHECKING

from app.results.derivation import look_alikes, scope_fact, strip_facts
from harm_messages import AmountFact, Facts, FindingFact
from harm_messages.register import Register
from harm_messages.types import Abundance, Basis, Confidence, Form, Unit

if TYPE_CHECKING:
    from app.results.grounds import Grounds
    from app.results.tables import Finding
    from harm_messages import Pack


def facts_of(stood_on: Grounds, findings: Iterable[Finding], pack: Pack) -> Facts:
    """Facts of one result version, from what it stood on when it was submitted."""
    return Facts(
        expected=expected_of(stood_on.expected, stood_on.intent, pack.substances.intents),
        expected_words=said_words(stood_on.words or "", pack.substances),
        form=Form(stood_on.form),
        unit_mass_mg=stood_on.unit_mass_mg,
        logo=stood_on.logo,
        colours=stood_on.colours,
        findings=tuple(_finding(f, pack) for f in findings),
        scope=tuple(scope_fact(one) for one in stood_on.scope),
        strips=tuple(strip_facts(stood_on.scope)),
    )


def _finding(row: Finding, pack: Pack) -> FindingFact:
    seen = row.abundance.value != Abundance.NOT_DETECTED.value
    return FindingFact(
        substance=row.substance_id,
        drug_class=(row.substance_class or None) if row.substance_id is None else None,
        abundance=Abundance(row.abundance.value),
        confidence=Confidence(row.confidence.value),
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
        unit=Unit(row.amount_unit.value),
        basis=Basis(row.basis.value),
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

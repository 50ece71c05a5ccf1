"""Turns what the laboratory recorded into the facts the message rules read. Pure given its inputs."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import TYPE_CHECKING

from app.readings.domain import AnalysisStatus
from app.readings.domain import ScopeFact as Scope
from app.results.derivation import look_alikes
from harm_messages import AmountFact, Facts, FindingFact, ScopeFact, StripFact
from harm_messages.types import Abundance, Basis, Confidence, Form, StripReading, Unit

if TYPE_CHECKING:
    from app.results.grounds import Grounds
    from app.results.tables import Finding
    from harm_messages import Pack


def facts_of(stood_on: Grounds, findings: Iterable[Finding], scope: Iterable[ScopeFact], pack: Pack) -> Facts:
    """Facts of one result version, from what it stood on when it was submitted."""
    return Facts(
        expected=expected_of(stood_on.expected, stood_on.intent, pack.substances.intents),
        form=Form(stood_on.form),
        logo=stood_on.logo,
        colours=stood_on.colours,
        findings=tuple(_finding(f, pack) for f in findings),
        scope=tuple(scope),
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


def strip_facts(rows: Iterable[Scope]) -> list[StripFact]:
    """Strips that were read and whose control held."""
    return [
        StripFact(
            target=row.strip_target,
            reading=StripReading(row.strip_reading.value),
            brand=row.strip_brand,
            lot=row.strip_lot,
            cut_off_ng_ml=row.strip_cut_off_ng_ml,
            dilution=row.strip_dilution,
        )
        for row in rows
        if row.strip_reading is not None and row.status is AnalysisStatus.OK and row.qc_passed
    ]

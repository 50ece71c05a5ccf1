"""What a finding must hold before it may be saved. Pure: imports the words of results only."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from harm_messages.register import MatchKind, Register
from harm_messages.vocabulary import Abundance, Basis, Confidence, Unit


@dataclass(frozen=True, slots=True)
class Amount:
    """How much: value with its interval at coverage factor k. The basis is always said."""

    value: float
    unit: Unit
    basis: Basis
    low: float | None = None
    high: float | None = None
    k: float = 2.0


@dataclass(frozen=True, slots=True)
class NewFinding:
    """One finding as a chemist enters it: a substance, or a class, or something seen that has no name yet."""

    substance_id: str | None = None
    substance_class: str = ""
    unknown_label: str = ""
    abundance: Abundance = Abundance.PRESENT_UNQUANTIFIED
    amount: Amount | None = None
    below: str = ""
    analysis_ids: tuple[UUID, ...] = ()
    cannot_tell_from: tuple[str, ...] = ()
    confidence: Confidence | None = None
    confidence_reason: str = ""
    retention_ids: tuple[UUID, ...] = ()  # of `analysis_ids`: its retention time agreed with a standard run beside it

    @property
    def seen(self) -> bool:
        """Whether it says that something is there."""
        return self.abundance is not Abundance.NOT_DETECTED

    @property
    def key(self) -> str:
        """What may stand only once among the findings."""
        return self.substance_id or self.substance_class or self.unknown_label.casefold()


def problems(findings: Sequence[NewFinding], *, nothing_found: bool) -> dict[str, str]:
    """Field → sentence, empty when all may be saved. Fields are named `findings.0.amount_low`."""
    found: dict[str, str] = {}
    keys: set[str] = set()
    for index, finding in enumerate(findings):
        for field, sentence in _of_one(finding):
            found.setdefault(f"findings.{index}.{field}", sentence)
        if finding.key and finding.key in keys:
            found.setdefault(
                f"findings.{index}.substance", "This is entered twice. Keep one and add both methods to it."
            )
        keys.add(finding.key)
    if nothing_found and any(f.seen for f in findings):
        found["nothing_found"] = "You cannot record “nothing detected” beside a finding. Remove one of them."
    return found


def _of_one(f: NewFinding) -> Iterator[tuple[str, str]]:
    if not (f.substance_id or f.substance_class or f.unknown_label.strip()):
        yield "substance", "Enter a substance or class, or what was seen but not named."
    if f.unknown_label.strip() and (f.substance_id or f.substance_class):
        yield "substance", "Either name the substance or leave it unnamed."
    if not f.seen:
        yield from _of_not_detected(f)
    if not set(f.retention_ids) <= set(f.analysis_ids):
        yield "retention_compared", "Choose only analyses this finding is based on."
    if f.amount is not None:
        yield from _of_amount(f.amount)
    if f.confidence is not None and not f.confidence_reason.strip():
        yield "confidence_reason", "Enter why you set the confidence."


def _of_not_detected(f: NewFinding) -> Iterator[tuple[str, str]]:
    if not f.analysis_ids:
        yield "analyses", "Choose the method that did not detect it."
    if not f.below.strip():
        yield "below", "Enter the limit of detection, for example “5 % w/w”."
    if f.amount is not None:
        yield "amount_value", "Remove the amount, or change “not detected”."


def _of_amount(a: Amount) -> Iterator[tuple[str, str]]:
    numbers = {"amount_value": a.value, "amount_low": a.low, "amount_high": a.high, "coverage_k": a.k}
    for field, number in numbers.items():
        if number is not None and not math.isfinite(number):
            yield field, "Enter a number, for example 71."
            return
    if a.value <= 0:
        yield "amount_value", "Enter an amount above zero, or choose “not detected”."
    if (a.low is None) != (a.high is None):
        yield "amount_low" if a.low is None else "amount_high", "Enter both ends of the interval, or neither."
    if a.low is not None and a.low < 0:
        yield "amount_low", "The lower end cannot be below zero."
    if a.low is not None and a.low > a.value:
        yield "amount_low", "The lower end is above the amount."
    if a.high is not None and a.high < a.value:
        yield "amount_high", "The upper end is below the amount."
    if a.k <= 0:
        yield "coverage_k", "Enter a coverage factor above zero, usually 2."
    if a.unit is Unit.PERCENT and a.value > 100:
        yield "amount_value", "Enter at most 100 %."


def look_alikes(names: Iterable[str], own: str | None, register: Register) -> tuple[str, ...]:
    """Register ids of what a finding cannot be told apart from.

    Words the register does not know are left out: no page claims their absence, and the bench shows them as they are.
    """
    meant = (_one_substance(name, register) for name in names)
    return tuple(dict.fromkeys(key for key in meant if key and key != own))


def _one_substance(name: str, register: Register) -> str:
    if name in register:
        return name
    found = [m.id for m in register.resolve(name) if m.kind in (MatchKind.NAME, MatchKind.ALIAS)]
    return found[0] if len(found) == 1 else ""

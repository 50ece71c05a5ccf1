"""From the fields of the bench's forms to findings: numbers as people write them, names as the register knows them."""

from __future__ import annotations

import uuid
from typing import Annotated

from pydantic import BaseModel, Field

from app.intake.samples import substances
from app.platform.kernel.errors import Invalid
from app.platform.web.fields import Note60, Note80, Note200, Text40
from app.platform.web.forms import Entered
from app.platform.web.typed import number
from app.results import words
from app.results.bench import Line
from app.results.schemas import AmountIn, FindingIn
from harm_messages.register import MatchKind, Register
from harm_messages.vocabulary import Abundance, Basis, Confidence, Unit

Words = Annotated[list[Note80], Field(max_length=20)]


class FindingForm(BaseModel):
    """The fields of one finding. `position` empty: a new one."""

    version: int | None = None
    position: int | None = Field(None, ge=0, le=60)
    substance: Words = []
    substance_words: Words = []
    keep_words: Text40 = ""
    abundance: Abundance = Abundance.PRESENT_UNQUANTIFIED
    amount_value: Text40 = ""
    amount_low: Text40 = ""
    amount_high: Text40 = ""
    coverage_k: Text40 = ""
    amount_unit: Unit = Unit.PERCENT
    basis: Basis = Basis.UNKNOWN
    below: Note60 = ""
    analyses: Annotated[list[uuid.UUID], Field(max_length=40)] = []
    cannot_tell_from: Words = []
    confidence: Confidence | None = None
    confidence_reason: Note200 = ""
    retention_compared: Annotated[list[uuid.UUID], Field(max_length=40)] = []


def finding_of(form: FindingForm, register: Register) -> FindingIn:
    """What the form says. Raises Invalid with a sentence per field."""
    wrong: dict[str, str] = {}
    named = _name(form, register, wrong)
    amount = _amount(form, wrong)
    if wrong:
        raise Invalid("The finding was not saved. What you typed is still here.", fields=wrong)
    return FindingIn(
        substance=named.get("substance"),
        substance_class=named.get("substance_class") or "",
        unknown_label=named.get("unknown_label") or "",
        abundance=form.abundance,
        amount=amount,
        below=form.below,
        analyses=form.analyses,
        cannot_tell_from=form.cannot_tell_from,
        confidence=form.confidence,
        confidence_reason=form.confidence_reason,
        retention_compared=[key for key in form.retention_compared if key in form.analyses],
    )


def _name(form: FindingForm, register: Register, wrong: dict[str, str]) -> dict[str, str]:
    chosen = next((word for word in form.substance if word), "")
    words = next((word for word in form.substance_words if word), "")
    if chosen:
        return _by_id(chosen, register, wrong)
    if not words:
        wrong["substance"] = "Enter a substance or class."
        return {}
    if form.keep_words:
        return {"unknown_label": words}
    meant = register.resolve(words)
    if len(meant) == 1 and meant[0].kind is not MatchKind.INTENT:
        return _by_id(meant[0].id, register, wrong)
    near = meant or register.search(words, 3)
    offer = f" Did you mean {' or '.join(m.label for m in near)}?" if near else ""
    wrong["substance"] = (
        f"“{words}” is not in the substance list.{offer} Choose from the list, or tick “Keep as typed”."
    )
    return {}


def _by_id(chosen: str, register: Register, wrong: dict[str, str]) -> dict[str, str]:
    if chosen in register:
        return {"substance": chosen}
    if register.is_class(chosen):
        return {"substance_class": chosen}
    wrong["substance"] = f"“{chosen}” is not in the substance list. Choose from the list."
    return {}


def _amount(form: FindingForm, wrong: dict[str, str]) -> AmountIn | None:
    value = number(form.amount_value, "amount_value", wrong)
    low = number(form.amount_low, "amount_low", wrong)
    high = number(form.amount_high, "amount_high", wrong)
    k = number(form.coverage_k, "coverage_k", wrong)
    if value is None:
        if (low is not None or high is not None) and "amount_value" not in wrong:
            wrong["amount_value"] = "Enter the amount too, for example 71."
        return None
    return AmountIn(value=value, low=low, high=high, k=2.0 if k is None else k, unit=form.amount_unit, basis=form.basis)


def typed_form(typed: Entered, register: Register) -> Entered:
    """Values of the finding form as they were typed."""
    form = FindingForm.model_validate(typed)
    chosen = [{"id": i, "label": substances.label_of(register, i)} for i in form.substance if i]
    free = [w for w in form.substance_words if w and not chosen]
    return Entered({**typed, "chosen": chosen, "free": free, "has_amount": bool(typed.get("amount_value"))})


def entered_form(line: Line | None = None) -> Entered:
    """Values of the finding form as they are stored, else those of a fresh one."""
    if line is None:
        fresh = {"chosen": (), "free": (), "analyses": (), "abundance": Abundance.PRESENT_UNQUANTIFIED.value}
        return Entered(fresh)
    entered, amount = line.entered, line.entered.amount
    key = entered.substance_id or entered.substance_class
    values = {
        "chosen": [{"id": key, "label": line.name}] if key else [],
        "free": [] if key else [entered.unknown_label],
        "keep_words": not key,
        "abundance": entered.abundance.value,
        "analyses": entered.analysis_ids,
        "has_amount": amount is not None,
        "amount_value": words.figure(amount.value) if amount else "",
        "amount_low": words.figure(amount.low) if amount and amount.low is not None else "",
        "amount_high": words.figure(amount.high) if amount and amount.high is not None else "",
        "coverage_k": words.figure(amount.k) if amount else "",
        "amount_unit": amount.unit.value if amount else "",
        "basis": amount.basis.value if amount else "",
        "below": entered.below,
        "confidence": entered.confidence.value if entered.confidence else "",
        "confidence_reason": entered.confidence_reason,
        "cannot_tell_from": entered.cannot_tell_from,
        "retention_compared": entered.retention_ids,
    }
    return Entered(values)

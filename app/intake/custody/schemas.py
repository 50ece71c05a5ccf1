"""Shapes of the custody ledger over HTTP; its routes hang under a sample and stand in app.intake.samples.api."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.intake.custody.domain import LARGEST_MG, CustodyKind
from app.intake.custody.service import CustodyLine, Ledger
from app.platform.web.fields import FreeText, Note60

Milligrams = Annotated[float, Field(ge=-LARGEST_MG, le=LARGEST_MG, allow_inf_nan=False)]


class NewCustodyEvent(FreeText):
    """A line to write. `witness_id` is needed for a destruction and is never the person who writes it."""

    model_config = ConfigDict(extra="forbid")

    kind: CustodyKind
    mg: Milligrams | None = None
    witness_id: uuid.UUID | None = None
    place: Note60 = ""


class LedgerOut(BaseModel):
    """The ledger of one sample; received = consumed + destroyed + retained + to_police + variance + remaining."""

    lines: list[CustodyLine]
    received: float
    consumed: float
    destroyed: float
    retained: float
    to_police: float
    variance: float
    remaining: float

    @classmethod
    def of(cls, ledger: Ledger) -> LedgerOut:
        """The JSON shape of what the service shows."""
        return cls(lines=list(ledger.lines), remaining=ledger.balance.remaining, **asdict(ledger.balance))

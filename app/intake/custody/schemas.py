"""Shapes of the custody ledger over HTTP; its routes hang under a sample and stand in app.intake.samples.api."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.intake.custody.domain import LARGEST_MG, CustodyKind
from app.intake.custody.service import Ledger, Line
from app.platform.web.fields import FreeText, Note60

Milligrams = Annotated[float, Field(ge=-LARGEST_MG, le=LARGEST_MG, allow_inf_nan=False)]


class NewCustodyEvent(FreeText):
    """A line to write. `witness_id` is needed for a destruction and is never the person who writes it."""

    model_config = ConfigDict(extra="forbid")

    kind: CustodyKind
    mg: Milligrams | None = None
    witness_id: uuid.UUID | None = None
    place: Note60 = ""


class CustodyLineOut(BaseModel):
    """A line of the ledger."""

    id: uuid.UUID
    kind: CustodyKind
    mg: float | None
    at: datetime
    by: str
    witness: str
    place: str

    @classmethod
    def of(cls, line: Line) -> CustodyLineOut:
        """The JSON shape of what the service shows."""
        return cls(
            id=line.id, kind=line.kind, mg=line.mg, at=line.at, by=line.by, witness=line.witness, place=line.place
        )


class LedgerOut(BaseModel):
    """The ledger of one sample; received = consumed + destroyed + retained + to_police + variance + remaining."""

    lines: list[CustodyLineOut]
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
        b = ledger.balance
        return cls(
            lines=[CustodyLineOut.of(line) for line in ledger.lines],
            received=b.received,
            consumed=b.consumed,
            destroyed=b.destroyed,
            retained=b.retained,
            to_police=b.to_police,
            variance=b.variance,
            remaining=b.remaining,
        )

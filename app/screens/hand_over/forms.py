"""What the form of a hand-over sends, and what it means."""

from __future__ import annotations

import hashlib
import math
import uuid
from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, Field

from app.intake.custody.domain import TAKERS, CustodyKind
from app.platform.web.fields import Note60, Text20, Text40, Text140, Text200
from app.screens.reception.forms import plain_number

MOST = 2_000
"""As many samples a session may have in one hand-over."""
TAKEN_BY = {
    CustodyKind.TO_POLICE: "Police",
    CustodyKind.RETAINED_FOR_LAB: "Laboratory",
    CustodyKind.DESTROYED: "Destruction",
    CustodyKind.MOVED: "Another place",
}
FOR_GOOD = (CustodyKind.TO_POLICE, CustodyKind.DESTROYED)
"""Takers from whom no sample comes back to be analysed."""
NO_WEIGHT = "Enter the weight in mg, for example 12.5."

Keys = Annotated[list[Text40], Field(max_length=MOST)]


class HandOverForm(BaseModel):
    """`bag`: samples that were ticked. `row` and `mg`: every sample of the list, and what the scale showed of it.
    `unanalysed`: whether samples that still await analysis may go for good."""

    bag: Keys = []
    row: Keys = []
    mg: Annotated[list[Text20], Field(max_length=MOST)] = []
    to: Text40 = ""
    place: Note60 = ""
    witness_id: Text40 = ""
    what: Text200 = ""
    unanalysed: Text20 = ""
    idempotency_key: Text140 = ""

    @property
    def kind(self) -> CustodyKind | None:
        """Who takes the samples, as the ledger says it."""
        return CustodyKind(self.to) if self.to in TAKERS else None

    @property
    def witness(self) -> uuid.UUID | None:
        """Who watched."""
        return key_in(self.witness_id)

    @property
    def chosen(self) -> set[uuid.UUID]:
        """Samples that were ticked."""
        return set(keys_in(self.bag))

    @property
    def typed(self) -> dict[uuid.UUID, str]:
        """Weights as they were typed."""
        pairs = ((key_in(key), mg) for key, mg in zip(self.row, self.mg, strict=False))
        return {key: mg for key, mg in pairs if key is not None and mg}

    @property
    def sent_once(self) -> str:
        """A key that equals that of an earlier sending only if nothing in the form was changed; empty for a form without one."""
        digest = hashlib.sha256(self.model_dump_json().encode()).hexdigest()
        return f"{self.idempotency_key}-{digest}" if self.idempotency_key else ""


def keys_in(texts: Iterable[str]) -> list[uuid.UUID]:
    """Those of these texts that are keys."""
    return [key for key in map(key_in, texts) if key is not None]


def key_in(text: str) -> uuid.UUID | None:
    """A key, if it is one."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def weight_in(text: str) -> float | None:
    """A weight in mg; None for what is no number."""
    try:
        mg = float(plain_number(text))
    except ValueError:
        return None
    return mg if math.isfinite(mg) else None

"""What is written down about a sample when it is handed in, and how it may be corrected: validated shapes.

Used by the use cases and by HTTP alike. Unknown fields are refused: there is no place for a name, a date of
birth, a phone number or an address. Imports no database and no web.
"""

from __future__ import annotations

import uuid
from typing import Annotated, Self, TypeVar

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, field_validator, model_validator

from app.intake.samples import domain as d
from app.platform.web.fields import FreeText, Note20, Note40, Note60, Note80, Note140, Text60
from harm_messages.vocabulary import Form

Words = Annotated[Note140, StringConstraints(max_length=120)]
SubstanceId = Annotated[Text60, StringConstraints(min_length=1)]
Millimetres = Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]
Milligrams = Annotated[float, Field(gt=0, le=10_000_000, allow_inf_nan=False)]
Price = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
Item = TypeVar("Item")
GroupSize = Annotated[int, Field(ge=1, le=50)]


def _each_once(value: list[Item]) -> list[Item]:
    return list(dict.fromkeys(value))


EACH_ONCE = AfterValidator(_each_once)


class Details(FreeText):
    """Everything that can be skipped with one tap."""

    model_config = ConfigDict(extra="forbid")

    sold_as: Note80 = ""
    client_believes: Note80 = ""
    collection: d.Collection | None = None
    colours: Annotated[list[d.Colour], EACH_ONCE] = Field(default=[], max_length=14)
    texture: Annotated[list[d.Texture], EACH_ONCE] = Field(default=[], max_length=8)
    logo: Note60 = ""
    shape: Note40 = ""
    score_line: bool | None = None
    width_mm: Millimetres | None = None
    height_mm: Millimetres | None = None
    thickness_mm: Millimetres | None = None
    weight_mg: Milligrams | None = None
    price: Price | None = None
    price_unit: d.PriceUnit | None = None
    provider_relation: d.Provider | None = None
    acquired_where: d.AcquiredWhere | None = None
    used_before_test: d.UsedBefore | None = None
    effects_reported: Annotated[list[d.Effect], EACH_ONCE] = Field(default=[], max_length=14)
    harm_event: d.HarmEvent | None = None
    batch_linked_to_incident: bool | None = None
    planned_route: d.PlannedRoute | None = None
    age_band: d.AgeBand | None = None
    gender: d.Gender | None = None
    first_visit: bool | None = None
    ever_spoken_to_health_service: bool | None = None
    group_ref: Note20 = ""
    group_size: GroupSize | None = None
    staff_note: Note140 = ""


class NewSample(Details):
    """A sample as it is handed in. `id` may be a UUIDv7 a tablet minted while it was offline.

    `expected` holds ids of the register: substances, classes ("cannabinoid.synthetic") or mixtures ("tusi").
    `words_spoken` is what was said, verbatim. Without `intent`, it follows from what is expected.
    """

    id: uuid.UUID | None = None
    submitter_type: d.SubmitterType = d.SubmitterType.PUBLIC
    intent: d.Intent | None = None
    expected: Annotated[list[SubstanceId], EACH_ONCE] = Field(default=[], max_length=12)
    words_spoken: Words = ""
    form: Form
    received_mg: Milligrams | None = None
    consents: dict[d.ConsentKind, d.ConsentAnswer] = Field(default={})

    @field_validator("id")
    @classmethod
    def _time_ordered(cls, value: uuid.UUID | None) -> uuid.UUID | None:
        if value is not None and value.version != 7:
            raise ValueError("must be a UUID of version 7")
        return value

    @model_validator(mode="after")
    def _known_means_something(self) -> Self:
        if self.intent is d.Intent.UNKNOWN and self.expected:
            raise ValueError("nothing can be expected where nobody knows what it is")
        return self


class SampleChange(Details):
    """A correction: only the fields that are sent change."""

    submitter_type: d.SubmitterType | None = None
    intent: d.Intent | None = None
    expected: Annotated[list[SubstanceId], EACH_ONCE] | None = Field(default=None, max_length=12)
    words_spoken: Words | None = None
    form: Form | None = None
    consents: dict[d.ConsentKind, d.ConsentAnswer] = Field(default={})

    @model_validator(mode="after")
    def _required_stays(self) -> Self:
        for name in ("submitter_type", "intent", "expected", "words_spoken", "form"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name} cannot be emptied; leave it out to keep it")
        return self

"""Types of text and times for schemas: bounded, trimmed, and without what a database or a screen chokes on.

Text that people word themselves is marked with who reads it: what in it seems to point to a person is asked about
before it is kept (app.nudge). A test walks every field there is, so that a new one cannot be forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from app.platform.kernel.personal_data import PersonalKind

CHECKED = "personal_data_checked"


@dataclass(frozen=True, slots=True)
class Free:
    """Marks a field of free text. `outside`: people outside the service read it, so nobody may go on regardless.

    `but`: kinds the field is there for.
    """

    outside: bool = False
    but: frozenset[PersonalKind] = frozenset()


FOR_STAFF = Free()
FOR_OTHERS = Free(outside=True)
OF_A_PLACE = Free(outside=True, but=frozenset({PersonalKind.TENT, PersonalKind.STAGE, PersonalKind.POST_CODE}))
"""Names of sites and sessions are places by what they are."""
OF_A_PACK = Free(outside=True, but=frozenset({PersonalKind.NAME, PersonalKind.EMAIL, PersonalKind.PHONE}))
"""A whole file of messages names its authors and whom to ask; its texts are asked about where they are typed."""


def _printable(value: str) -> str:
    if any(ord(c) < 32 and c not in "\n\t" for c in value) or "\x7f" in value:
        raise ValueError("holds a control character")
    if any(0xD800 <= ord(c) <= 0xDFFF for c in value):
        raise ValueError("is not valid text")
    return value


Text20 = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20), AfterValidator(_printable)]
Text40 = Annotated[str, StringConstraints(strip_whitespace=True, max_length=40), AfterValidator(_printable)]
Text60 = Annotated[str, StringConstraints(strip_whitespace=True, max_length=60), AfterValidator(_printable)]
Text80 = Annotated[str, StringConstraints(strip_whitespace=True, max_length=80), AfterValidator(_printable)]
Text120 = Annotated[str, StringConstraints(strip_whitespace=True, max_length=120), AfterValidator(_printable)]
Text140 = Annotated[str, StringConstraints(strip_whitespace=True, max_length=140), AfterValidator(_printable)]
Text200 = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), AfterValidator(_printable)]
Text300 = Annotated[str, StringConstraints(strip_whitespace=True, max_length=300), AfterValidator(_printable)]
Text600 = Annotated[str, StringConstraints(strip_whitespace=True, max_length=600), AfterValidator(_printable)]
Text1000 = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000), AfterValidator(_printable)]

# Free text that staff read.
Note20 = Annotated[Text20, FOR_STAFF]
Note40 = Annotated[Text40, FOR_STAFF]
Note60 = Annotated[Text60, FOR_STAFF]
Note80 = Annotated[Text80, FOR_STAFF]
Note140 = Annotated[Text140, FOR_STAFF]
Note200 = Annotated[Text200, FOR_STAFF]
Note300 = Annotated[Text300, FOR_STAFF]
Note1000 = Annotated[Text1000, FOR_STAFF]

# Free text that others read: clients, partners, the public.
Told40 = Annotated[Text40, FOR_OTHERS]
Told60 = Annotated[Text60, FOR_OTHERS]
Told80 = Annotated[Text80, FOR_OTHERS]
Told120 = Annotated[Text120, FOR_OTHERS]
Told200 = Annotated[Text200, FOR_OTHERS]
Told600 = Annotated[Text600, FOR_OTHERS]


class FreeText(BaseModel):
    """A body with free text that staff read. Whoever sends it again may say that it was looked at (app.nudge).

    What is said so is read by the nudge alone: it is no part of what the use cases get.
    """

    model_config = ConfigDict(
        json_schema_extra=lambda schema: schema.setdefault("properties", {}).update(
            {
                CHECKED: {
                    "type": "boolean",
                    "default": False,
                    "description": "Send true to go on with a text that was answered with `personal_data`. It counts "
                    "for text that staff read, and never for text that others read.",
                }
            }
        )
    )

    @model_validator(mode="before")
    @classmethod
    def _without_answer(cls, data: Any) -> Any:
        if not isinstance(data, dict) or CHECKED not in data:
            return data
        if not isinstance(data[CHECKED], bool):
            raise ValueError(f"{CHECKED} must be true or false")
        return {name: value for name, value in data.items() if name != CHECKED}


# Far years overflow when a time zone is applied to them.
Moment = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2100, 1, 1, tzinfo=UTC))]

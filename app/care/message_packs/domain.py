"""What a version of a message pack may become, and whose signatures count. Pure: no database, no web."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class PackState(StrEnum):
    """Where a version stands. `shipped` came with the software and is signed by nobody."""

    SHIPPED = "shipped"
    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"
    SET_ASIDE = "set_aside"


STATE_WORDS: dict[PackState, str] = {
    PackState.SHIPPED: "unsigned",
    PackState.DRAFT: "draft",
    PackState.IN_REVIEW: "waiting for signatures",
    PackState.APPROVED: "signed",
    PackState.WITHDRAWN: "withdrawn",
    PackState.SET_ASIDE: "set aside",
}
IN_FORCE = (PackState.APPROVED, PackState.WITHDRAWN)
"""States that can be in force. A withdrawn version stays until a newer one is signed: its pages say so."""


class Target(StrEnum):
    """What is withdrawn."""

    MESSAGE = "message"
    RULE = "rule"
    PACK = "pack"


Withdrawn = frozenset[tuple[Target, str]]
"""What was withdrawn from a version: kind and id (the pack itself has the id "")."""

RULE_OF_SIGNING = (
    "Two people sign the same files. At least one of them is a clinician who changed nothing in this version."
)


@dataclass(frozen=True, slots=True)
class Signed:
    """One signature under the files as they are."""

    person_id: uuid.UUID
    name: str
    clinician: bool
    role: str
    at: datetime


def missing_signatures(signed: Sequence[Signed], authors: Collection[uuid.UUID]) -> str:
    """What is still missing, as a sentence; "" when the version is approved by the rule of signing.

    >>> missing_signatures([], ())
    'Two signatures are missing, one of them of a clinician who changed nothing in this version.'
    """
    people = {one.person_id for one in signed}
    independent = any(one.clinician and one.person_id not in authors for one in signed)
    if len(people) >= 2 and independent:
        return ""
    if not people:
        return "Two signatures are missing, one of them of a clinician who changed nothing in this version."
    if independent:
        return "One more signature is missing, of a clinician or a session lead."
    return "The signature of a clinician who changed nothing in this version is missing."
